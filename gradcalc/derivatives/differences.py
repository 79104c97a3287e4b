"""Differences in high precision: what derivatives are held against, from the gates' definitions alone.

The first derivative along a direction is the limit of two difference quotients, one a side; a second
derivative along two directions that of four, one for each pair of sides. Where the sides agree, their
mean errs by the square of the step, 1e-40 and less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from math import sqrt
from random import Random
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

from gradcalc.check.difference import STEPS, WIDEST, alike, cleaned, limit
from gradcalc.check.precise import DIGITS, apply, enough_digits, nearest_float, working
from gradcalc.check.slopes import NO_VALUE
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.kinks import ancestors
from gradcalc.systems import precise
from gradcalc.systems.lifted import Lifted, asarray

Direction = Mapping[int, Any]
"""Node -> how fast each of its elements moves, as mpmath's numbers."""

SIDES = (-1, 1)

LIFTED = Lifted(precise)
"""Arrays of mpmath's numbers."""


class Limit(NamedTuple):
    """A derivative in high precision; None, with the reason, where there is no single one.

    At a kink `sides` are the limits from all sides.
    """

    value: Any
    reason: str = ""
    sides: tuple[Any, ...] = ()

    def divided(self, factor: Any) -> Limit:
        """Return the derivative along a direction that is longer by that factor."""
        with working(DIGITS):
            sides = tuple(side / factor for side in self.sides)
            return Limit(None if self.value is None else self.value / factor, self.reason, sides)

    @property
    def told(self) -> str:
        """The reason as people are told it."""
        shown = dict.fromkeys(sorted(nearest_float(side) for side in self.sides))
        texts = dict.fromkeys(f"{side + 0.0:.6g}" for side in shown)
        return f"{self.reason}: {' or '.join(texts)}, which depends on the side" if texts else self.reason


class Definitions:
    """A program at a point as its gates' definitions compute it, and moved a little from there."""

    def __init__(self, graph: Graph, values: Sequence[Value]) -> None:
        self.graph, self.values = graph, values
        self.feeds = ancestors(graph, [graph.output])
        sizes = list(_extremes(values))
        self.digits = enough_digits(sizes)
        self.largest = max(sizes, default=1.0)
        self._here: dict[int, list[Any]] = {}
        self._pairs: dict[Any, Any] = {}

    def work(self, nodes: Sequence[int]) -> float:
        """Return about how many multiplications an evaluation takes where these nodes are moved."""
        moved = depends(self.graph, nodes)
        return sum((self._cost(n) for n in range(len(self.graph)) if moved[n] and self.feeds[n]), 1.0)

    def _cost(self, node: int) -> float:
        sizes = [float(np.size(self.values[i])) for i in (node, *self.graph.inputs[node])]
        gate = self.graph.gates[node]
        if not gate.elementwise and gate.flow == "switcher" and len(sizes) > 2:
            return sqrt(sizes[0] * sizes[1] * sizes[2])  # of (n, k) @ (k, m) that is n k m
        return sum(sizes)

    # Values.

    def here(self) -> list[Any]:
        """Return the value of each node at the working precision, None where the output needs none."""
        if mp.dps not in self._here:
            self._here = {mp.dps: self._evaluated([None] * len(self.graph), [True] * len(self.graph), {})}
        return self._here[mp.dps]

    def output(self, moves: Direction) -> Any:
        """Return the output where some nodes are moved, beside what moves them already."""
        moved = depends(self.graph, moves)
        return (
            self._evaluated(self.here(), moved, moves)[self.graph.output]
            if moves
            else self.here()[self.graph.output]
        )

    def _evaluated(self, known: Sequence[Any], moved: Sequence[bool], moves: Direction) -> list[Any]:
        values = list(known)
        for node, inputs in enumerate(self.graph.inputs):
            if moved[node] and self.feeds[node]:
                if inputs:
                    values[node] = self._defined(node, [values[i] for i in inputs])
                elif known[node] is None:
                    values[node] = exact(self.values[node])
                if node in moves:
                    values[node] = values[node] + moves[node]
        return values

    def _defined(self, node: int, given: Sequence[Any]) -> Any:
        """Return a gate's definition, nan where it has no real value."""
        gate, shape = self.graph.gates[node], shape_of(self.values[node])
        if gate.elementwise:
            rows = zip(*(np.broadcast_to(x, shape).flat for x in given), strict=True)
            out = np.empty(shape, dtype=object)
            for index, row in zip(np.ndindex(shape), rows, strict=True):
                out[index] = apply(gate, row)
            return asarray(out)
        try:
            return asarray(gate.definition(LIFTED, *given, **self.graph.static.get(node, {})))
        except NO_VALUE:
            return asarray(np.full(shape, precise.nan, dtype=object))

    # First derivatives.

    def slopes(self, direction: Direction, doubted: Sequence[bool]) -> list[Limit]:
        """Return the derivative of each element of the output along a direction.

        `doubted` says for which of them a zero is not believed before the smallest step: with fewer
        digits the slope of tanh(100) beside its value looks like one.
        """
        return limits(lambda exponent: self._quotients(direction, exponent), self._steps(), doubted)

    def _steps(self) -> list[int]:
        return [min(self.digits - DIGITS, WIDEST) + step for step in STEPS]

    def _quotients(self, direction: Direction, exponent: int) -> list[tuple[Any, ...]]:
        with working(self.digits + 3 * exponent):
            step = mpf(10) ** -exponent
            here = _flat(self.output({}))
            left, right = (_flat(self.output(_scaled(direction, side * step))) for side in SIDES)
            noise = self._noise() / step
            return [
                (cleaned((y - a) / step, noise), cleaned((b - y) / step, noise))
                for a, y, b in zip(left, here, right, strict=True)
            ]

    def _noise(self) -> Any:
        """Return the rounding of an output at the working precision: it may be 0 and its terms are not."""
        return mpf(self.largest) * mpf(10) ** (10 - mp.dps)

    # Second derivatives, of an output that is one number.

    def curvature(self, first: tuple[Any, Direction], second: tuple[Any, Direction], doubted: bool) -> Limit:
        """Return the second derivative along two directions, each with a key of its own."""
        quotients = lambda exponent: [self._second(first, second, exponent)]
        (found,) = limits(quotients, self._steps(), [doubted])
        return found

    def _second(
        self, first: tuple[Any, Direction], second: tuple[Any, Direction], exponent: int
    ) -> tuple[Any, ...]:
        with working(self.digits + 4 * exponent):
            step = mpf(10) ** -exponent
            here = self.output({}).item()
            noise = self._noise() / step**2
            quotients = []
            for s, t in product(SIDES, SIDES):
                a, b, both = (self._at(first, x, second, y, exponent) for x, y in ((s, 0), (0, t), (s, t)))
                quotients.append(cleaned((both - a - b + here) / (s * t * step**2), noise))
            return tuple(quotients)

    def _at(
        self, first: tuple[Any, Direction], s: int, second: tuple[Any, Direction], t: int, exponent: int
    ) -> Any:
        """Return the output where it is moved along two directions, s and t steps."""
        ways = {first[0]: (s, first[1])}
        ways[second[0]] = (t + ways[second[0]][0], second[1]) if second[0] in ways else (t, second[1])
        key = exponent, frozenset((name, n) for name, (n, _) in ways.items() if n)
        if key not in self._pairs:
            step = mpf(10) ** -exponent
            moves: dict[int, Any] = {}
            for n, direction in ways.values():
                for node, speed in _scaled(direction, n * step).items() if n else ():
                    moves[node] = moves[node] + speed if node in moves else speed
            self._pairs[key] = self.output(moves).item()
        return self._pairs[key]


def limits(
    quotients: Callable[[int], list[tuple[Any, ...]]], steps: Sequence[int], doubted: Sequence[bool]
) -> list[Limit]:
    """Return the limits of quotients, each with all its sides, as the step 10^-n gets smaller.

    A zero that is doubted must hold at the smallest step.
    """
    before = quotients(steps[0])
    found = [_agreed(sides) for sides in before]
    for last, exponent in pairwise(steps):
        known = [_settled(limit, doubt) for limit, doubt in zip(found, doubted, strict=True)]
        if all(known):
            break
        after = quotients(exponent)
        found = [
            limit if settled else _agreed(b) or _followed(a, b, exponent - last)
            for limit, settled, a, b in zip(found, known, before, after, strict=True)
        ]
        before = after
    return [limit or Limit(None, "precision was not enough") for limit in found]


def _settled(found: Limit | None, doubted: bool) -> bool:
    return found is not None and not (doubted and found.value == 0)


def _agreed(sides: Sequence[Any]) -> Limit | None:
    """Return the mean of sides that agree."""
    if any(side is None for side in sides) or not all(alike(sides[0], side) for side in sides):
        return None
    with working(DIGITS):
        return Limit(sum(sides) / len(sides))


def _followed(before: Sequence[Any], after: Sequence[Any], shrunk: int) -> Limit | None:
    """Return what the sides tend to each, None where that is not known yet."""
    if any(side is None for side in after):
        return Limit(None, "the edge of a domain")
    ends = [limit(a, b, shrunk) for a, b in zip(before, after, strict=True)]
    if any(end is None for end in ends):
        return None
    if any(mp.isinf(end) for end in ends):
        return Limit(None, "a jump, or a kink: differences have no limit")
    return _agreed(ends) or Limit(None, "a kink", tuple(ends))


# Directions.


def along(values: Sequence[Value], seeds: Mapping[int, Value]) -> tuple[Direction, Any]:
    """Return the direction of a vector, shortened so that no element moves by more than its size.

    With it comes the factor that shortens it.
    """
    pairs = [
        (abs(x) or 1.0, abs(v))
        for node, vector in seeds.items()
        for x, v in zip(np.ravel(values[node]), np.ravel(vector), strict=True)
        if v
    ]
    with working(DIGITS):
        factor = min((mpf(x) / mpf(v) for x, v in pairs), default=mpf(1))
        return {node: exact(vector) * factor for node, vector in seeds.items()}, factor


def random_vector(x: Value, random: Random) -> Value:
    """Return an array of the shape of x with numbers of its elements' sizes."""
    sizes = np.where(np.equal(x, 0), 1.0, np.abs(x))
    signs = np.reshape(
        [random.uniform(1, 2) * random.choice((-1, 1)) for _ in range(np.size(x))], np.shape(x)
    )
    return sizes * signs


def exact(x: Value) -> Any:
    """Return doubles as mpmath's numbers, which are the same."""
    return asarray(np.frompyfunc(mpf, 1, 1)(np.asarray(x, dtype=float)))


def _scaled(direction: Direction, step: Any) -> dict[int, Any]:
    return {node: speeds * step for node, speeds in direction.items()}


def _flat(x: Any) -> list[Any]:
    return list(np.asarray(x).flat)


def _extremes(values: Sequence[Value]) -> Iterator[float]:
    """Yield the least and the largest size of each node's numbers, but zero and what is not finite."""
    for x in values:
        sizes = np.abs(np.asarray(x, dtype=float).ravel())
        sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
        if sizes.size:
            yield from (float(np.min(sizes)), float(np.max(sizes)))
