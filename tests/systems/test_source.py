"""Gates written down as Python source compute what they compute when called."""

from __future__ import annotations

import itertools
import math

import pytest

from gradcalc.gates.record import argument_names
from gradcalc.systems import real, source
from gradcalc.systems.source import Code, trace
from tests.programs import ELEMENTWISE

STRAIGHT = [gate for gate in ELEMENTWISE if not gate.variadic]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]


def compiled(text, names):
    """Return the traced source as a function, in a scope that holds the number system's functions alone."""
    scope = dict(vars(real))
    exec(f"def f({', '.join(names)}): return {text}", scope)
    return scope["f"]


def same(a, b):
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("gate", STRAIGHT, ids=lambda gate: gate.name)
def test_every_gate_can_be_traced(gate):
    text = trace(gate.value, source, *map(Code, gate.parameters))
    assert text is not None
    traced = compiled(text, gate.parameters)
    for inputs in itertools.product(SPECIAL, repeat=len(gate.parameters)):
        assert same(traced(*inputs), gate.value(real, *inputs)), inputs


@pytest.mark.parametrize("gate", STRAIGHT, ids=lambda gate: gate.name)
def test_every_rule_can_be_traced(gate):
    names = (*gate.parameters, "out")
    known = {"m": source} | {name: Code(name) for name in names}
    for k in range(len(gate.parameters)):
        rule = gate.rule(k)
        if rule is None:
            continue
        text = trace(rule, *[known[name] for name in argument_names(rule)])
        assert text is not None
        traced = compiled(text, names)
        for inputs in itertools.product(SPECIAL, repeat=len(gate.parameters)):
            out = gate.value(real, *inputs)
            assert same(traced(*inputs, out), gate.local(k, real, inputs, out)), inputs


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda m, x: m.exp(-x), "exp((-x))"),
        (lambda m, x: 1 - x * 2, "(1.0 - (x * 2.0))"),
        (lambda m, x: m.where(x > 0, lambda: 1, lambda: m.nan), "(1.0 if (x > 0.0) else nan)"),
        (lambda m, x: m.number(2), "2.0"),
        (lambda m, x: m.number(x), "x"),
        (lambda m, x: m.equal(x, 1), "(x == 1.0)"),
    ],
)
def test_what_is_written(function, text):
    assert trace(function, source, Code("x")) == text


@pytest.mark.parametrize("function", [lambda m, x: 1 if x > 0 else 2, lambda m, x: x**2, lambda m, x: {x: 1}])
def test_what_branches_or_is_unknown_is_not_traced(function):
    assert trace(function, source, Code("x")) is None


def test_private_names_are_no_functions():
    with pytest.raises(AttributeError):
        source.__wrapped__  # noqa: B018 - the access is the test
