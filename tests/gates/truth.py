"""The truth about a gate at a point, from its definition alone, and how far floats are from it.

Truth is the definition and SymPy's derivatives of it, evaluated by mpmath in as many digits as it
takes. An error is counted in units of the last digit that the answer can have:

    unit = ulp(truth) + sum over the inputs of |d truth / d input| ulp(input)
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from functools import cache
from math import ulp
from typing import Any

import sympy
from mpmath import mp, mpf

from gradcalc.gates import GATES, Gate
from gradcalc.systems import precise, real, symbol

Point = tuple[float, ...]
MODULES = [
    {"Floor": precise.floor, "Round": precise.round, "circle_constant": precise.pi},
    "mpmath",
]
MOST_DIGITS = 1600

ELEMENTWISE = [gate for gate in GATES.values() if gate.elementwise]

CASES = [
    (gate, count)
    for gate in ELEMENTWISE
    for count in ([2, 3] if gate.variadic else range(gate.arity[0], len(gate.parameters) + 1))
]
"""Every elementwise gate with every number of inputs that it is tested with."""

WIRES = [(gate, count, k) for gate, count in CASES for k in range(count) if gate.rule(k) is not None]
"""Every wire that carries a gradient."""


def name(value: Any) -> str:
    """How a case is called in pytest's list."""
    return value.name if isinstance(value, Gate) else str(value)


def points(gate: Gate, count: int, n: int, seed: int = 0) -> list[Point]:
    """Return n points of the gate's probe, where it is smooth."""
    rng = random.Random(f"{gate.name} {seed}")
    return list(itertools.islice(_smooth(gate, count, rng), n))


def _smooth(gate: Gate, count: int, rng: random.Random) -> Iterator[Point]:
    while True:
        point = tuple(_number(*probe, rng) for probe in gate.probe[:count])
        if not gate.kink_at(point) and all(domain.holds(*point) for domain in gate.domain):
            yield point


def _number(low: float, high: float, rng: random.Random) -> float:
    """Return a number between low and high: anywhere, near an end or of any magnitude, or whole."""
    spread = rng.uniform(low, high)
    small = 10.0 ** -rng.uniform(0, 15)
    near = rng.choice([low + (high - low) * small, high - (high - low) * small, low * small, high * small])
    x = rng.choice([spread, near, float(round(spread))])
    return x if low < x < high else spread


def symbols(gate: Gate, count: int) -> list[Any]:
    names = [f"x{k}" for k in range(count)] if gate.variadic else gate.parameters[:count]
    return [sympy.Symbol(text, real=True) for text in names]


@cache
def derivative(gate: Gate, count: int, *wires: int) -> Any:
    """Return SymPy's derivative of the definition by the inputs numbered, one after the other."""
    x = symbols(gate, count)
    definition = sympy.sympify(gate.definition(symbol, *x)).subs(symbol.pi, sympy.pi)
    return sympy.diff(definition, *[x[k] for k in wires]) if wires else None


@cache
def function(gate: Gate, count: int, *wires: int) -> Callable[..., Any]:
    """Return the definition, or its derivative by the inputs numbered, as a function of mpmath's numbers."""
    if not wires:
        return lambda *x: gate.definition(precise, *x)
    return sympy.lambdify(symbols(gate, count), derivative(gate, count, *wires), MODULES)


def settled(f: Callable[..., Any], point: Point) -> Any:
    """Return f at a point, in so many digits that twice as many give the same 19.

    A zero is asked for again up to the end: 1 - tanh(200)^2 is 0 in 40 digits, and in 80.
    """
    digits, last = 40, None
    while digits <= MOST_DIGITS:
        with mp.workdps(digits):
            value = mp.mpmathify(f(*map(mpf, point)))
            if value and last is not None and abs(value - last) <= abs(value) * mpf(10) ** -19:
                return value
        digits, last = 2 * digits, value
    assert value == last == 0, f"{point} does not settle in {MOST_DIGITS} digits"
    return value


def units(got: float, gate: Gate, point: Point, *wires: int) -> float:
    """Return the error of `got` as the gate's value, or as its derivative by the inputs numbered."""
    count = len(point)
    truth = settled(function(gate, count, *wires), point)
    unit = mpf(ulp(float(truth)))
    for k, x in enumerate(point):
        with mp.workdps(400):  # its size alone matters
            slope = mp.mpmathify(function(gate, count, *wires, k)(*map(mpf, point)))
        unit += abs(slope) * ulp(x)
    return float(abs(mpf(got) - truth) / unit)


def value_error(gate: Gate, point: Point) -> float:
    """Return the error of the float forward at a point, in units."""
    return units(gate.value(real, *point), gate, point)


def local_error(gate: Gate, k: int, point: Point) -> float:
    """Return the error of the float rule of input k at a point, in units."""
    out = gate.value(real, *point)
    return units(gate.local(k, real, point, out), gate, point, k)
