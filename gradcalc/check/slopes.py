"""SymPy's derivative of each gate's definition, made a function of mpmath's numbers once a gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import zip_longest
from math import isfinite
from typing import Any

import sympy
from mpmath import mp, mpf

from gradcalc.check.precise import apply, enough_digits
from gradcalc.gates import Gate
from gradcalc.systems import precise, source, symbol

Slope = Callable[..., Any]

MODULES: list[Any] = [
    {name: getattr(precise, name) for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
    | {"Floor": precise.floor, "Round": precise.round, "circle_constant": precise.pi},
    "mpmath",
]
"""Where lambdify finds the functions of an expression: those that could run out of memory are ours."""

NO_VALUE = (ZeroDivisionError, ValueError, OverflowError, TypeError, AttributeError)
"""How mpmath says that a formula has no real value; the last two where a part of it turned complex."""

LARGEST_PIECEWISE = 8
"""Inputs of a variadic gate up to which it is differentiated piece by piece: n inputs have n^2 conditions."""


KINK_DIGITS = 150
"""Digits for the slopes beside a kink: their step, 1e-50, is below any float's last bit."""


@lru_cache(maxsize=1024)
def derivatives(gate: Gate, count: int) -> tuple[Any, ...]:
    """Return SymPy's derivative of the gate's definition by each of its inputs, named as in its signature."""
    inputs = symbols(gate, count)
    output = sympy.sympify(gate.definition(symbol, *inputs))
    return tuple(sympy.diff(output, x) for x in inputs)


def symbols(gate: Gate, count: int) -> list[Any]:
    """Return a real symbol for each of a gate's inputs."""
    names = [f"x{k}" for k in range(count)] if gate.variadic else gate.parameters[:count]
    return [sympy.Symbol(name, real=True) for name in names]


@lru_cache(maxsize=1024)
def has_formula(gate: Gate, count: int) -> bool:
    """Whether SymPy can write the derivatives down: not of a singular value, nor of the largest of many.

    Nor of a loop whose expression doubles in each turn.
    """
    if gate.variadic and count > LARGEST_PIECEWISE:
        return False
    if source.is_long(gate.definition, source, *[source.Code(f"x{k}") for k in range(count)]):
        return False
    try:
        return bool(derivatives(gate, count))
    except TypeError:
        return False


@lru_cache(maxsize=1024)
def slopes(gate: Gate, count: int) -> tuple[Slope | int | None, ...]:
    """Return for each input a function of all the inputs; a whole number where the slope is constant.

    None where the derivative would be too large to write down.
    """
    if not has_formula(gate, count):
        return (None,) * count
    inputs = symbols(gate, count)
    return tuple(_callable(expression, inputs) for expression in derivatives(gate, count))


def _callable(expression: Any, inputs: list[Any]) -> Slope | int:
    if expression.is_Integer:
        return int(expression)
    if expression in inputs:
        k = inputs.index(expression)
        return lambda *given: given[k]
    function: Slope = sympy.lambdify(inputs, expression, MODULES)
    return function


def local(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return d output / d input k in high precision; nan where the definition has no slope.

    Where SymPy's formula has no value (x**y*y/x at 0) the slope is the definition's own limit.
    """
    slope = slopes(gate, len(given))[k]
    if isinstance(slope, int):
        return mpf(slope)
    if slope is None:
        return limit(gate, k, given)
    try:
        value = precise.on_reals(mp.mpmathify(slope(*given)))
    except NO_VALUE:
        value = precise.nan
    return value if mp.isfinite(value) else limit(gate, k, given)


def limit(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return the slope of a definition as the limit of difference quotients.

    At the edge of a domain it is that of the side inside; nan where the sides differ.
    """
    with mp.workdps(3 * mp.dps):
        left, right = (quotient(gate, k, given, side * _step(given[k])) for side in (-1, 1))
        inside = [q for q in (left, right) if mp.isfinite(q)]
        if inside and max(map(abs, inside)) <= mpf(10) ** (-mp.dps // 4):
            return mpf(0)
        if inside and abs(inside[0] - inside[-1]) <= abs(inside[0]) * mpf(10) ** (-mp.dps // 4):
            return inside[0]
        return precise.nan


def quotient(gate: Gate, k: int, given: Sequence[Any], step: Any) -> Any:
    """Return the difference quotient of a definition in its input k."""
    moved = [*given[:k], given[k] + step, *given[k + 1 :]]
    return (apply(gate, moved) - apply(gate, given)) / step


def _step(x: Any) -> Any:
    return (abs(x) or 1) * mpf(10) ** (-mp.dps // 3)


def outside_sides(gate: Gate, given: Sequence[float], direction: Sequence[int], slope: float) -> float | None:
    """Return the nearest one-sided slope of a definition at a kink where `slope` is not between both.

    None where it is.
    """
    moved = lambda step: [apply(gate, [mpf(x) + step * d for x, d in zip(given, direction, strict=True)])]
    # A router may pass on what it takes, whatever the others do when they move along.
    alone = gate.flow == "router" and sum(direction) == 1
    return outside(moved, given, slope, [(0, 1)] if alone else ())


def outside(
    moved: Callable[[Any], list[Any]],
    near: Sequence[float],
    slope: float,
    fair: Sequence[Sequence[float]] = (),
) -> float | None:
    """Return the nearest one-sided slope of a sum's terms, functions of a step, where `slope` is not between.

    `near` are the numbers in play, `fair` slopes of each term that are right beside those of its sides. At
    a jump, or at the edge of a domain, one side has no slope: the other, or the convention 0, is right.
    """
    with mp.workdps(KINK_DIGITS + enough_digits(near)):
        step = mpf(10) ** (-KINK_DIGITS // 3) * min([1, *(abs(mpf(x)) for x in near if x and isfinite(x))])
        pairs = zip(_sides(moved, -step), _sides(moved, step), strict=True)
        terms = [_with_conventions(pair, more) for pair, more in zip_longest(pairs, fair, fillvalue=())]
        low, high = (sum((best(sides) for sides in terms), start=mpf(0)) for best in (min, max))
        slack = mpf(10) ** -9 * max(1, abs(low), abs(high))
        return None if low - slack <= slope <= high + slack else float(low if slope < low else high)


def _with_conventions(sides: Sequence[Any], fair: Sequence[float]) -> list[Any]:
    return [mpf(0) if side is None else side for side in sides] + list(map(mpf, fair))


def _sides(moved: Callable[[Any], list[Any]], step: Any) -> list[Any]:
    """Return the one-sided slope of each function of a step; None where it has none."""
    base, far, near = (moved(s) for s in (mpf(0), step, step / 4))
    return [_side((b - a) / step, (c - a) / (step / 4)) for a, b, c in zip(base, far, near, strict=True)]


def _side(far: Any, near: Any) -> Any:
    """Return the nearer of two difference quotients; None where it grows as the step shrinks.

    So it does beside a jump, or where the slope is infinite.
    """
    return near if mp.isfinite(near) and abs(near) <= mpf(1.5) * abs(far) else None
