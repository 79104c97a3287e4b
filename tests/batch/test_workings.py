"""Workings: what every row comes to, how far doubles may be off, and which rows they cannot decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcalc.batch import workings as module
from gradcalc.batch.workings import Workings
from gradcalc.claims import program as programs
from gradcalc.gates import GATES, VARIABLE, Gate
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.pipeline import evaluate
from tests.check.samples import SAMPLES, drawn, name
from tests.claims.formats import FORMATS
from tests.gates.truth import CASES as ELEMENTWISE
from tests.gates.truth import points

DOUBLE = FORMATS["float64"]
EPS = 2.0**-52
RULE_ERROR = 32 * EPS
"""How far our own gradients, which are compared with, may be off themselves."""

PIVOTS = ("inv", "solve")


def applied(gate, inputs, static=None):
    """Return the graph of one gate on variables."""
    graph = Graph(gate.name)
    nodes = [graph.add(VARIABLE) for _ in inputs]
    graph.variables = {f"x{k}": node for k, node in enumerate(nodes)}
    graph.output = graph.add(gate, tuple(nodes), static=dict(static or {}))
    return graph


def rows_of(graph, rows, wrt, upstream=None, unit=DOUBLE):
    """Return what rows, a point each, come to."""
    workings = Workings.of(graph, rows[0], wrt, upstream)
    assert workings is not None
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return workings.run(columns, upstream, unit)


def agree(graph, rows, wrt, upstream=None):
    """Assert that the rows which are decided have our own values and gradients; return which are."""
    found = rows_of(graph, rows, wrt, upstream)
    for k, row in enumerate(rows):
        if found.decided[k]:
            result = evaluate(graph, row, wrt=wrt, check=False, upstream=upstream)
            pairs = [(found.value[k], result.output.value, found.error.value[k])]
            pairs += [(found.gradients[x][k], result.gradients[x], found.error.gradients[x][k]) for x in wrt]
            for got, ours, off in pairs:
                assert np.shape(got) == np.shape(ours)
                assert (
                    np.abs(got - ours)
                    <= off + RULE_ERROR * np.abs(ours) + RULE_ERROR * np.max(np.abs(ours), initial=0)
                ).all()
    return found.decided


@pytest.mark.parametrize(("gate", "count"), ELEMENTWISE, ids=str)
def test_every_elementwise_gate(gate, count):
    rows = [{f"x{k}": x for k, x in enumerate(point)} for point in points(gate, count, 10)]
    assert agree(applied(gate, rows[0]), rows, list(rows[0])).all()


@pytest.mark.parametrize(("gate", "number"), SAMPLES, ids=name)
def test_every_gate_with_a_shape(gate, number):
    sample = gate.samples[number]
    rows = [{f"x{k}": x for k, x in enumerate(drawn(gate, number, seed))} for seed in range(3)]
    graph = applied(gate, rows[0], sample.static)
    wrt = [f"x{k}" for k in range(len(rows[0])) if k not in sample.fixed]
    out = graph.forward(rows[0])[graph.output]
    upstream = np.random.default_rng(0).uniform(1, 2, np.shape(out)) if np.shape(out) else None
    if gate.name in PIVOTS or (
        gate.name == "norm" and sample.static.get("ord") == 2 and np.ndim(rows[0]["x0"]) > 1
    ):
        assert Workings.of(graph, rows[0], wrt, upstream) is None
    else:
        assert agree(graph, rows, wrt, upstream).all()


PROGRAMS = [
    "(x + y)*z",
    "exp(x)*sin(y*z) - log(1 + z^2)/x",
    "tanh(x*y)^2 + sigmoid(-30*z^2) + gelu(x)*silu(y)",
    "x^3 - 3*x*y^2 + (y + 2)^z",
    "((x + y)^2 - x^2 - 2*x*y - y^2 + 1e-3)*z",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_error_of_doubles_is_a_bound(program):
    """The references are those of the check, in high precision."""
    graph, rng = parse(program), np.random.default_rng(5)
    rows = [{x: float(rng.uniform(0.1, 2)) for x in "xyz"} for _ in range(6)]
    found = rows_of(graph, rows, list("xyz"))
    assert found.decided.all()
    for k, row in enumerate(rows):
        checked = evaluate(graph, row).check.gradients
        for x in "xyz":
            off, reference = found.error.gradients[x][k], checked[x].reference
            assert abs(found.gradients[x][k] - reference) <= off + EPS / 2 * abs(reference)
            assert off <= 1e-10 * max(1, abs(reference))


def test_no_rule_is_read(monkeypatch):
    def read(*_):
        raise AssertionError("a rule was read")

    for method in ("local", "pull", "rule"):
        monkeypatch.setattr(Gate, method, read)
    for program in (*PROGRAMS, "relu(x) + max(x, y, z) + where(x > y, z, x)"):
        found = rows_of(parse(program), [{"x": 0.3, "y": 0.7, "z": 1.1}], list("xyz"))
        assert found.decided.all()


def test_a_gate_of_ones_own_goes_by_its_definition():
    own = replace(
        GATES["sigmoid"], definition=lambda m, x: m.exp(x) / (2 + m.exp(x)), expansion="x", partials=()
    )
    found = rows_of(applied(own, [0]), [{"x0": 0.5}], ["x0"])
    e = np.exp(0.5)
    assert found.value[0] == pytest.approx(e / (2 + e), rel=1e-15)
    assert found.gradients["x0"][0] == pytest.approx(2 * e / (2 + e) ** 2, rel=1e-15)


def test_a_definition_that_branches_in_python_has_none():
    own = replace(GATES["relu"], definition=lambda m, x: x if x > 0 else 0 * x, partials=())
    assert Workings.of(applied(own, [0]), {"x0": 1.0}, ["x0"]) is None


# What doubles decide.


@pytest.mark.parametrize(
    ("program", "row"),
    [
        ("relu(x)", {"x": 0.0}),
        ("abs(x - y)", {"x": 2.0, "y": 2.0}),
        ("max(x, y)", {"x": 0.1 + 0.2, "y": 0.3}),
        ("min(x, y, 5)", {"x": 1.0, "y": 1.0}),
        ("where(x > y, x, 2*y)", {"x": 1.0, "y": 1.0}),
        ("where(x*y > 0.3, x, 2*y)", {"x": 0.1, "y": 3.0}),
        ("floor(x)*y", {"x": 3.0, "y": 1.0}),
        ("ceil(10*x)*y", {"x": 0.3, "y": 1.0}),
        ("round(x)*y", {"x": 2.5, "y": 1.0}),
        ("sign(x)*y", {"x": 0.0, "y": 1.0}),
        ("mod(x, y)", {"x": 6.0, "y": 2.0}),
        ("leaky_relu(x)", {"x": 0.0}),
        ("log(x)", {"x": -1.0}),
        ("sqrt(x)", {"x": 0.0}),
        ("x/y", {"x": 1.0, "y": 0.0}),
        ("exp(x)", {"x": 800.0}),
        ("tanh(y/x)", {"x": 0.0, "y": 1.0}),
        ("x*y", {"x": np.nan, "y": 1.0}),
    ],
)
def test_kinks_and_what_is_not_finite_are_not_decided(program, row):
    elsewhere = dict.fromkeys(row, 1.7) | {"x": 0.437}
    found = rows_of(parse(program), [row, elsewhere], list(row))
    assert found.decided.tolist() == [False, True]


@pytest.mark.parametrize(
    ("program", "row", "wrt", "gradient"),
    [
        ("where(t == 1, x^2, 3*x)", {"t": 1.0, "x": 2.0}, "x", 4.0),
        ("where(t > 1, x^2, 3*x)", {"t": 1.0, "x": 2.0}, "x", 3.0),
        ("where(t > 0 and t < 3, x, 0)", {"t": 3.0, "x": 2.0}, "x", 0.0),
        ("floor(t)*x", {"t": 3.0, "x": 2.0}, "x", 3.0),
        ("relu(t)*x", {"t": 0.0, "x": 2.0}, "x", 0.0),
    ],
)
def test_a_kink_that_nothing_moves_is_decided(program, row, wrt, gradient):
    found = rows_of(parse(program), [row], [wrt])
    assert found.decided[0]
    assert found.gradients[wrt][0] == gradient


def test_the_branch_not_taken_spoils_nothing():
    program = "where(x > 0, log(x)*sqrt(x - 1), x^2)"
    found = rows_of(parse(program), [{"x": -2.0}, {"x": 3.0}, {"x": 0.5}], ["x"])
    assert found.decided.tolist() == [True, True, False]
    assert found.gradients["x"][0] == -4
    assert found.error.gradients["x"][0] < 1e-14


def test_a_negative_base_with_a_whole_exponent_in_a_column():
    found = rows_of(
        parse("x^n"), [{"x": -2.0, "n": 3.0}, {"x": 2.0, "n": 2.5}], ["x"], unit=FORMATS["float32"]
    )
    assert found.decided.all()
    assert found.gradients["x"][0] == 12
    assert (found.gradient_noises["x"] < 1e-4).all()


def test_values_alone_have_no_kinks():
    found = rows_of(parse("relu(x) + abs(x)"), [{"x": 0.0}], [])
    assert found.decided[0]
    assert found.value[0] == 0
    assert not found.gradients


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("where(x > 0 and log(x) > 1, x, 3*x)", -6.0),
        ("where(x < 0 or log(x) > 1, x, 3*x)", -2.0),
        ("where(not (x > 0), x, relu(log(x)))", -2.0),
    ],
)
def test_what_has_no_value_is_not_asked(program, value):
    found = rows_of(parse(program), [{"x": -2.0}], ["x"])
    assert found.decided[0]
    assert found.value[0] == value


@pytest.mark.parametrize(
    "program",
    ["where(log(x) > 1, x, 2*x)", "where(not (log(x) > 1), x, 2*x)", "where(1/(x + 2) > 5, x, 2*x)",
     "where(log(x) > 1 or x > 0, x, 2*x)", "floor(exp(-400*x))*0 + x"],
)  # fmt: skip
def test_what_rests_on_no_value_is_not_decided(program):
    assert not rows_of(parse(program), [{"x": -2.0}], ["x"]).decided[0]


# Labels.


def test_classes_in_a_column():
    graph = parse("cross_entropy(s, t)", {"s": np.zeros(3), "t": 0.0})
    rows = [{"s": np.array([1.0, 2.0, 0.5]), "t": float(t)} for t in range(3)]
    assert agree(graph, rows, ["s"]).all()
    bad = rows_of(graph, [rows[0] | {"t": t} for t in (3.0, -1.0, 0.5, np.nan)], ["s"])
    assert not bad.decided.any()


def test_signs_in_a_column():
    graph = parse("hinge(s, t)", {"s": np.zeros(2), "t": np.ones(2)})
    rows = [{"s": np.array([0.3, -2.0]), "t": np.array(t)} for t in ([1.0, -1.0], [-1.0, 1.0])]
    assert agree(graph, rows, ["s"]).all()
    assert not rows_of(graph, [rows[0] | {"t": np.array([1.0, 0.0])}], ["s"]).decided[0]


# Programs that have none.


@pytest.mark.parametrize(
    ("program", "sample"),
    [
        ("sum(inv(W))", {"W": np.eye(2)}),
        ("sum(solve(W, W))", {"W": np.eye(2)}),
        ("det(W)", {"W": np.eye(9)}),
        ("norm(W, 2)", {"W": np.eye(2)}),
        ("sum(W @ W)", {"W": np.eye(30)}),
        ("2*W", {"W": np.eye(2)}),
    ],
)
def test_there_is_none_for(program, sample):
    assert Workings.of(parse(program, sample), sample, ["W"]) is None


def test_none_has_more_steps_than_the_most(monkeypatch):
    graph = parse("sum(x^2)", {"x": np.zeros(10)})
    size = len(Workings.of(graph, {"x": np.zeros(10)}, ["x"]).program)
    monkeypatch.setattr(programs, "MOST_STEPS", size)
    assert Workings.of(graph, {"x": np.zeros(10)}, ["x"]) is not None
    monkeypatch.setattr(programs, "MOST_STEPS", size - 1)
    assert Workings.of(graph, {"x": np.zeros(10)}, ["x"]) is None


# Rows.


def test_rows_are_computed_in_parts(monkeypatch):
    graph, rng = parse("sum(softmax(x)*y)", {"x": np.zeros(3), "y": np.zeros(3)}), np.random.default_rng(0)
    columns = {x: rng.standard_normal((50, 3)) for x in "xy"}
    workings = Workings.of(graph, {x: columns[x][0] for x in "xy"}, ["x", "y"])
    whole = workings.run(columns, None, FORMATS["float32"])
    monkeypatch.setattr(module, "MOST_ROWS", 7)
    parts = workings.run(columns, None, FORMATS["float32"])
    assert np.array_equal(parts.decided, whole.decided)
    for x in "xy":
        assert parts.gradients[x].shape == (50, 3)
        assert np.array_equal(parts.gradients[x], whole.gradients[x])
        assert np.array_equal(parts.gradient_noises[x], whole.gradient_noises[x])
        assert np.array_equal(parts.error.gradients[x], whole.error.gradients[x])


def test_no_rows_are_no_rows():
    found = Workings.of(parse("x^2"), {"x": 1.0}, ["x"]).run({"x": np.zeros(0)}, None, DOUBLE)
    assert found.value.shape == found.gradients["x"].shape == found.decided.shape == (0,)


def test_a_variable_without_a_column_is_that_of_the_sample():
    graph, weights = (
        parse("sum(W @ x)", {"W": np.eye(2), "x": np.zeros(2)}),
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )
    found = Workings.of(graph, {"W": weights, "x": np.zeros(2)}, ["x"]).run(
        {"x": np.ones((4, 2))}, None, DOUBLE
    )
    assert found.value.tolist() == [10.0] * 4
    assert found.gradients["x"].tolist() == [[4.0, 6.0]] * 4


def test_constants_are_the_same_in_each_row():
    found = Workings.of(parse("1/3"), {}, []).run({"note": np.zeros(3)}, None, DOUBLE)
    assert found.value.tolist() == [1 / 3] * 3


def test_each_row_has_its_upstream():
    graph, sample = parse("x^2", {"x": np.zeros(2)}), {"x": np.zeros(2)}
    upstream = np.array([[1.0, -1.0], [0.0, 2.0]])
    workings = Workings.of(graph, sample, ["x"], np.zeros(2))
    columns = {"x": np.array([[3.0, 4.0], [5.0, 6.0]])}
    assert workings.run(columns, upstream, DOUBLE).gradients["x"].tolist() == [[6.0, -8.0], [0.0, 24.0]]
    assert workings.run(columns, upstream[0], DOUBLE).gradients["x"].tolist() == [[6.0, -8.0], [10.0, -12.0]]


def test_what_is_computed_alike_elsewhere_is_no_path_through_a_statement():
    found = rows_of(parse("q = x + y; q*(x + y)"), [{"x": 1.0, "y": 2.0}], ["q", "x"])
    assert found.gradients["q"][0] == 3
    assert found.gradients["x"][0] == 6


def test_an_output_that_is_moved_twice_sums_its_upstream():
    sample = {"x": np.array([2.0, 5.0])}
    found = rows_of(parse("x[[0, 0, 1]]", sample), [sample], ["x"], np.array([1.0, 10.0, 100.0]))
    assert found.gradients["x"].tolist() == [[11.0, 100.0]]


def test_a_variable_that_the_output_does_not_need_has_a_gradient_of_zero():
    found = rows_of(parse("q = y^2; x"), [{"x": 1.0, "y": 2.0}], ["x", "y"])
    assert found.gradients["y"].tolist() == [0.0]
    assert found.gradient_noises["y"].tolist() == [0.0]
