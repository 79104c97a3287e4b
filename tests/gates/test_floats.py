"""Floats: as accurate as stated, right at the pinned edges, and total."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.gates import GATES
from gradcalc.systems import real

from .truth import CASES, ELEMENTWISE, WIRES, local_error, name, points, value_error

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]
EDGES = [(gate, edge) for gate in ELEMENTWISE for edge in gate.edges]


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_forward_is_as_accurate_as_stated(gate, count):
    assert max(value_error(gate, point) for point in points(gate, count, 300)) <= gate.ulps[0]


@pytest.mark.parametrize(("gate", "count", "k"), WIRES, ids=name)
def test_rule_is_as_accurate_as_stated(gate, count, k):
    assert max(local_error(gate, k, point) for point in points(gate, count, 300)) <= gate.ulps[1]


@pytest.mark.parametrize("gate", ELEMENTWISE, ids=name)
def test_stated_bounds_are_small(gate):
    assert max(gate.ulps) <= 4


@pytest.mark.parametrize(("gate", "edge"), EDGES, ids=lambda v: name(v) if hasattr(v, "name") else v.why)
def test_edges(gate, edge):
    out = gate.value(real, *edge.inputs)
    assert out == pytest.approx(edge.value, rel=3e-16, abs=0)
    for k, expected in enumerate(edge.local):
        if expected is not None:
            got = gate.local(k, real, edge.inputs, out)
            assert got == pytest.approx(expected, rel=1e-15, abs=5e-324)


@pytest.mark.parametrize(
    ("gate", "x", "value", "slope"),
    [
        ("sigmoid", -800.0, 0.0, 0.0),
        ("softplus", 800.0, 800.0, 1.0),
        ("softplus", -700.0, math.exp(-700), math.exp(-700)),
        ("gelu", -30.0, -1.4720141781444561e-196, -4.4160316907084944e-195),
        ("silu", -40.0, -40 * math.exp(-40), -39 * math.exp(-40)),
        ("tanh", 400.0, 1.0, 0.0),
        ("atanh", 1 - 2**-53, 18.714973875118524, 4503599627370496.25),
        ("acosh", 1 + 2**-52, 2.1073424255447017e-08, 47453132.81212578),
        ("asin", 1 - 2**-53, 1.5707963118937354, 67108864.0),
        ("atan", 1e308, math.pi / 2, 0.0),
        ("softsign", -1e308, -1.0, 0.0),
        ("cbrt", 1e-300, 1e-100, 1e200 / 3),
    ],
)
def test_where_naive_formulas_break(gate, x, value, slope):
    out = GATES[gate].value(real, x)
    assert out == pytest.approx(value, rel=3e-13, abs=0)
    assert GATES[gate].local(0, real, (x,), out) == pytest.approx(slope, rel=3e-13, abs=0)


def check_total(gate, inputs):
    out = gate.value(real, *inputs)
    assert type(out) is float
    for k in range(len(inputs)):
        assert type(gate.local(k, real, inputs, out)) is float
    assert gate.kink_at(inputs) in (None, *gate.kinks)
    assert all(domain.holds(*inputs) in (True, False) for domain in gate.domain)


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_total_at_special_numbers(gate, count):
    for inputs in itertools.product(SPECIAL, repeat=count):
        check_total(gate, inputs)


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_total_anywhere(gate, count):
    @settings(max_examples=60, deadline=None, database=None)
    @given(st.tuples(*[st.floats()] * count))
    def run(inputs):
        check_total(gate, inputs)

    run()


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_outside_its_domain_a_gate_has_no_finite_value_or_slope(gate, count):
    """So that the engine meets a number that is not finite, and asks the record for the reason."""
    for inputs in itertools.product([x for x in SPECIAL if math.isfinite(x)], repeat=count):
        if not all(domain.holds(*inputs) for domain in gate.domain):
            assert not math.isfinite(gate.value(real, *inputs)), inputs


@pytest.mark.parametrize("gate", [gate for gate, count in CASES if count == 1], ids=name)
def test_nan_stays_nan(gate):
    assert math.isnan(gate.value(real, math.nan))


@pytest.mark.parametrize("gate", ["lt", "le", "gt", "ge", "eq", "ne", "and", "or"])
def test_nan_is_neither_true_nor_false(gate):
    undecided = 0.0 if gate == "or" else 1.0
    assert math.isnan(GATES[gate].value(real, math.nan, undecided))
    assert math.isnan(GATES[gate].value(real, undecided, math.nan))


@pytest.mark.parametrize(("gate", "decides"), [("and", 0.0), ("or", 1.0)])
def test_logic_decided_by_one_input(gate, decides):
    assert GATES[gate].value(real, math.nan, decides) == decides
    assert GATES[gate].value(real, decides, math.nan) == decides


def test_where_with_nan_as_its_condition():
    assert math.isnan(GATES["where"].value(real, math.nan, 1.0, 2.0))


@pytest.mark.parametrize("x", [-2.0, -0.0, 0.0, 3.0])
@pytest.mark.parametrize("y", [-2.0, 0.0, 3.0])
def test_truth_tables(x, y):
    names = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or")
    assert {name: GATES[name].value(real, x, y) for name in names} == {
        "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y, "eq": x == y, "ne": x != y,
        "and": bool(x) and bool(y), "or": bool(x) or bool(y),
    }  # fmt: skip
    assert GATES["not"].value(real, x) == (not x)
