"""Every rule is SymPy's derivative of its definition: by algebra, and in 60 digits at random points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sympy
from mpmath import mp, mpf

from gradcalc.gates import GATES, Gate
from gradcalc.systems import precise, real, symbol

from .truth import CASES, MOST_DIGITS, WIRES, Point, derivative, function, name, points, symbols

every_wire = pytest.mark.parametrize(("gate", "count", "k"), WIRES, ids=name)
AGREE = mpf(10) ** -30

NOT_BY_ALGEBRA = {
    "abs": "the rule answers 0 at the kink, SymPy's derivative one of the sides",
    "clip": "SymPy compares the conditions of its pieces for too long",
    "hypot": "the rule answers 0 at the kink",
    "max": "the rule compares numbers",
    "maxout": "the rule compares numbers",
    "min": "the rule compares numbers",
    "mod": "the rule rounds what is a whole number but for rounding",
    "pow": "the rule answers 0 at the jump",
    "silu": "below -700 the rule leaves out 1 + exp(x), which is 1 to 300 digits",
    "sqrt": "the rule takes |root|, for -0.0",
}

Local = Callable[[int, Any, tuple[Any, ...], Any], Any]


def disagreement(gate: Gate, k: int, point: Point, local: Local | None = None) -> Any:
    """Return the relative distance of the rule from SymPy's derivative, in so many digits that it is small.

    SymPy's derivative may cancel where the rule does not (1 - tanh(300)^2), so that a distance
    counts only when more digits do not mend it.
    """
    digits = 60
    while True:
        with mp.workdps(digits):
            x = tuple(map(mpf, point))
            rule = (local or gate.local)(k, precise, x, gate.value(precise, *x))
            truth = mp.mpmathify(function(gate, len(x), k)(*x))
            distance = abs(rule - truth) / abs(truth) if truth else abs(rule)
        if distance < AGREE or digits > MOST_DIGITS:
            return distance
        digits *= 4


def is_proved(gate: Gate, count: int, k: int, n: int = 60, local: Local | None = None) -> bool:
    """Whether the rule of input k agrees with SymPy's derivative at n points of the probe."""
    return all(disagreement(gate, k, point, local) < AGREE for point in points(gate, count, n))


@every_wire
def test_rule_is_the_derivative_at_random_points(gate, count, k):
    assert is_proved(gate, count, k)


def known_to_sympy(expression: Any) -> Any:
    """Return an expression in the functions that SymPy's simplify has rules for."""
    pieces = lambda condition, then, otherwise: sympy.Piecewise((then, condition), (otherwise, True))
    return expression.replace(symbol.Where, pieces).rewrite(sympy.erf)


@every_wire
def test_rule_is_the_derivative_by_algebra(gate, count, k):
    if gate.name in NOT_BY_ALGEBRA:
        return
    x = symbols(gate, count)
    rule = sympy.sympify(gate.local(k, symbol, tuple(x), gate.definition(symbol, *x)))
    rule = rule.subs(symbol.pi, sympy.pi)
    assert sympy.simplify(known_to_sympy(rule - derivative(gate, count, k))) == 0


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_wire_without_a_rule_carries_no_gradient(gate, count):
    for k in range(count):
        if gate.rule(k) is None:
            assert gate.local(k, real, (1.5,) * count, 0.0) == 0.0
            slope = function(gate, count, k)
            assert all(slope(*map(mpf, point)) == 0 for point in points(gate, count, 20))


# The proof itself is put to the test: it must catch a rule that is wrong.


@every_wire
def test_proof_catches_a_rule_that_is_off_in_the_thirteenth_digit(gate, count, k):
    def off(k: int, m: Any, inputs: tuple[Any, ...], out: Any) -> Any:
        return gate.local(k, m, inputs, out) * (1 + mpf(10) ** -13)

    assert not is_proved(gate, count, k, local=off)


SLIPS = {
    "the inputs of mul swapped": ("mul", (lambda x: x, lambda y: y)),
    "the sign of sub": ("sub", (lambda: 1, lambda: 1)),
    "the sign of cos": ("cos", (lambda m, x: m.sin(x),)),
    "a factor of square": ("square", (lambda x: x,)),
    "sigmoid of the wrong argument": ("sigmoid", (lambda x: x * (1 - x),)),
    "tanh without its square": ("tanh", (lambda out: 1 - out,)),
    "the inputs of atan2 swapped": ("atan2", GATES["atan2"].partials[::-1]),
    "the routes of where swapped": ("where", (None, GATES["where"].partials[2], GATES["where"].partials[1])),
    "max to the first input": ("max", (lambda m, k: 1 if k == 0 else 0,)),
    "a base forgotten": ("log", (lambda m, x: m.divide(1, x), None)),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_proof_catches_classic_slips(slip):
    name, partials = SLIPS[slip]
    wrong = replace(GATES[name], partials=partials)
    count = len(wrong.probe)
    wires = [k for k in range(count) if wrong.rule(k)]
    assert not all(is_proved(wrong, count, k) for k in wires)
