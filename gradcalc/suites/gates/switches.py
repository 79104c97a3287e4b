"""Where a definition switches from one formula to another: there a kink may be that no record tells of.

SymPy has the conditions of a definition (`x > 0`, or x >= y in max(x, y)). Between two points at
which the sides of one compare differently, the float is searched for at which they change.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy
from mpmath import mp, mpf

from gradcalc.check.precise import working
from gradcalc.check.slopes import MODULES, NO_VALUE, symbols
from gradcalc.gates import Gate
from gradcalc.suites.gates.points import Point, ranges
from gradcalc.systems import source, symbol

DIGITS = 60

Difference = Callable[..., Any]


def conditions(gate: Gate, count: int) -> list[Difference]:
    """Return for each comparison in the definition the difference of its sides, as a function."""
    if source.is_long(gate.definition, source, *[source.Code(f"x{k}") for k in range(count)]):
        return []
    inputs = symbols(gate, count)
    formula = sympy.sympify(gate.definition(symbol, *inputs))
    compared = sorted(formula.atoms(sympy.core.relational.Relational), key=str)
    return [sympy.lambdify(inputs, c.lhs - c.rhs, MODULES) for c in compared]


def switches(gate: Gate, base: Sequence[Point]) -> Iterator[Point]:
    """Yield the points beside the places where a condition changes as one input moves from point to point."""
    if not base:
        return
    for difference in conditions(gate, len(base[0])):
        for point, other in zip(base, (*base[1:], base[0]), strict=True):
            for k, (low, high) in enumerate(ranges(gate, len(point))):
                for end in (other[k], low, high):
                    yield from _between(difference, point, k, end)


def _between(difference: Difference, point: Point, k: int, end: float) -> Iterator[Point]:
    """Yield the two neighbouring floats between which the sign of a difference changes, and the zero."""

    def moved(x: float) -> Point:
        return (*point[:k], x, *point[k + 1 :])

    def sign(x: float) -> int:
        return _sign(difference, moved(x))

    if sign(point[k]) * sign(end) != -1:
        yield from (moved(x) for x in (point[k], end) if sign(x) == 0)
        return
    first, last = sorted((_ordinal(point[k]), _ordinal(end)))
    start = sign(_float(first))
    while last - first > 1:
        middle = (first + last) // 2
        here = sign(_float(middle))
        first, last = (middle if here in (0, start) else first), (last if here == start else middle)
    yield from (moved(_float(n)) for n in dict.fromkeys((first, last)))


def _sign(difference: Difference, point: Point) -> int:
    """Return the sign of a difference; 2 where it has no value."""
    with working(DIGITS):
        try:
            value = difference(*map(mpf, point))
            return 2 if not mp.isfinite(value) or isinstance(value, mp.mpc) else int(mp.sign(value))
        except NO_VALUE:
            return 2


def _ordinal(x: float) -> int:
    """Return the number of a float in the order of all floats; both zeros are number 0."""
    bits: int = struct.unpack("<q", struct.pack("<d", x + 0.0))[0]
    return bits if bits >= 0 else -(bits & (2**63 - 1))


def _float(n: int) -> float:
    number: float = struct.unpack("<d", struct.pack("<q", abs(n)))[0]
    return -number if n < 0 else number
