"""The central difference in high precision: a voice that shares nothing with any derivative rule.

The step is relative to what is moved, and so small that neither its square nor the rounding matters
in a double. The two sides are kept apart, since at a kink they differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import isnan
from random import Random
from typing import Any, NamedTuple

from mpmath import mp, mpf

from gradcalc.check.precise import DIGITS, apply, digits_for, evaluate, exact, nearest_float, working
from gradcalc.graph import Graph, consumers
from gradcalc.kinks import ancestors

STEPS = (20, 90, 400)
"""Decimal exponents of the relative steps tried, the first that settles counts."""

WIDEST = 330
"""Most decimal exponents that the steps begin below 1e-20: no double is smaller than 1e-324."""

FAINTEST = mpf(10) ** -30
"""Share of the largest contribution below which one among many names is not heard."""

AGREE = 10
"""Digits in which a difference and a derivative, or its two sides, must agree."""

SEPARATE = 20
"""Most names that are moved one by one; more are moved together, in random directions."""

MOVED = 100_000
"""Nodes that may move, in all, while the names that move a kink are moved one by one."""

DIRECTIONS = 3


class Sides(NamedTuple):
    """One-sided derivatives of the output along a direction.

    None where there is none: the edge of a domain, an infinite slope (`steep`, a side each), or (`jump`)
    a jump.
    """

    left: Any
    right: Any
    jump: bool = False
    steep: tuple[bool, bool] = (False, False)

    @property
    def agree(self) -> bool:
        """Whether both sides exist and are the same."""
        return self.left is not None and self.right is not None and same(self.left, self.right)

    def slowed(self, speed: Any) -> Sides:
        """Return the derivatives by a name that moved with that speed along the direction."""
        left, right = (None if d is None else d / speed for d in (self.left, self.right))
        return self._replace(left=left, right=right)


def same(x: Any, y: Any, digits: int = AGREE) -> bool:
    """Whether two numbers agree to that many digits of the larger."""
    if not (mp.isfinite(x) and mp.isfinite(y)):
        return False
    return bool(abs(x - y) <= mpf(10) ** -digits * max(abs(x), abs(y)))


def alike(x: Any, y: Any) -> bool:
    """Whether two numbers agree, or are the same double: 1e-600 is 0 there."""
    return same(x, y) or nearest_float(x) == nearest_float(y)


class Near:
    """The output of a graph near a point: a definition is computed anew only where an input has moved."""

    def __init__(self, graph: Graph, floats: Sequence[float], digits: int = 0) -> None:
        self.graph, self.floats = graph, floats
        self.digits = digits or digits_for(graph, floats)
        self._feeds = ancestors(graph, [graph.output])
        self._here: dict[int, list[Any]] = {}

    def sides(self, direction: Mapping[int, Any], expected: Any = None) -> Sides:
        """Return the one-sided derivatives of the output along a direction, node -> how fast it moves.

        Steps get smaller until both sides agree with `expected`, or have each found their limit. They
        begin below the smallest number of the program, for which `digits` are enough.
        """
        moving = self.moving(direction)
        steps = [min(self.digits - DIGITS, WIDEST) + step for step in STEPS]
        before = self.quotients(direction, moving, steps[0])
        if _both(before, expected):
            return Sides(expected, expected)
        for last, exponent in pairwise(steps):
            after = self.quotients(direction, moving, exponent)
            if _both(after, expected):
                return Sides(expected, expected)
            limits = [limit(a, b, exponent - last) for a, b in zip(before, after, strict=True)]
            if None not in limits and (expected is None or all(alike(limit, expected) for limit in limits)):
                break
            before = after if exponent != steps[-1] else before
        jump = any(limit is not None and mp.isinf(limit) for limit in limits)
        left, right = (limit if limit is not None and mp.isfinite(limit) else None for limit in limits)
        steep = [limit is None and _grows(a, b) for limit, a, b in zip(limits, before, after, strict=True)]
        return Sides(left, right, jump, (steep[0], steep[1]))

    def moving(self, direction: Collection[int]) -> list[int]:
        """Return the nodes between a direction and the output, which move along with it."""
        found: set[int] = set()
        waiting = [*direction]
        while waiting:
            for node, _ in self._wires[waiting.pop()]:
                if node not in found and self._feeds[node]:
                    found.add(node)
                    waiting.append(node)
        return sorted(found.difference(direction))

    @cached_property
    def _wires(self) -> list[list[tuple[int, int]]]:
        return consumers(self.graph)

    def quotients(
        self, direction: Mapping[int, Any], moving: Sequence[int], exponent: int
    ) -> tuple[Any, Any]:
        """Return the difference quotients to the left and right, None on a side outside the domain."""
        with working(self.digits + 3 * exponent):
            step, values = mpf(10) ** -exponent, self._at(exponent)
            here = values[self.graph.output]
            left, right = (self._moved(values, direction, moving, s) for s in (-step, step))
            noise = abs(here) * mpf(10) ** (10 - mp.dps) / step
            return cleaned((here - left) / step, noise), cleaned((right - here) / step, noise)

    def _at(self, exponent: int) -> list[Any]:
        """Return the values at the point itself, in the digits that a step needs."""
        if exponent not in self._here:
            self._here[exponent] = evaluate(self.graph, self.floats, exact(self.floats, self.graph))
        return self._here[exponent]

    def _moved(
        self, values: list[Any], direction: Mapping[int, Any], moving: Sequence[int], step: Any
    ) -> Any:
        """Return the output a step along a direction; the values are what they were afterwards."""
        before = {node: values[node] for node in (*direction, *moving)}
        for node, speed in direction.items():
            values[node] += speed * step
        for node in moving:
            if not isnan(self.floats[node]):
                values[node] = apply(self.graph.gates[node], [values[i] for i in self.graph.inputs[node]])
        output = values[self.graph.output]
        for node, value in before.items():
            values[node] = value
        return output


def cleaned(quotient: Any, noise: Any) -> Any:
    """Return the quotient: None where the step left the domain, 0 where it is rounding alone."""
    if not mp.isfinite(quotient):
        return None
    return mpf(0) if abs(quotient) <= noise else quotient


def _both(found: tuple[Any, Any], expected: Any) -> bool:
    return expected is not None and all(q is not None and alike(q, expected) for q in found)


def limit(before: Any, after: Any, shrunk: int) -> Any:
    """Return the limit of the quotients at a step and at one smaller by `shrunk` digits, None if unknown.

    A quotient that shrinks with the step is zero (x**2 at 0); one that grows as fast as the step
    shrinks is a jump, here an infinity; one that grows slower has an infinite slope (sqrt at 0).
    """
    if before is None or after is None:
        return None
    if same(before, after):
        return after
    if abs(after) <= abs(before) * mpf(10) ** (-shrunk // 2):
        return mpf(0)
    return mp.inf if abs(after) >= abs(before) * mpf(10) ** shrunk / 2 else None


def _grows(before: Any, after: Any) -> bool:
    """Whether quotients grow as the step shrinks, though slower than at a jump."""
    return before is not None and after is not None and abs(after) > 2 * abs(before)


def one(node: int, floats: Sequence[float]) -> dict[int, Any]:
    """Return the direction that moves one node, relative to its own size."""
    return {node: mpf(abs(floats[node]) or 1.0)}


def random_directions(
    nodes: Sequence[int], floats: Sequence[float], gradients: Sequence[Any]
) -> list[dict[int, Any]]:
    """Return a few directions that move all the nodes at once, each by its own size or up to twice that.

    A node whose gradient is large moves less, so that none drowns the others.
    """
    random = Random(0)  # noqa: S311 - the same directions every time, so that a verdict can be repeated
    sizes = {node: mpf(abs(floats[node]) or 1.0) for node in nodes}
    heard = {node: abs(gradients[node]) * size for node, size in sizes.items()}
    quietest = max(min(filter(None, heard.values()), default=mpf(1)), max(heard.values()) * FAINTEST)
    speeds = {node: size * quietest / max(quietest, heard[node]) for node, size in sizes.items()}
    return [
        {node: speed * random.uniform(1, 2) * random.choice((-1, 1)) for node, speed in speeds.items()}
        for _ in range(DIRECTIONS)
    ]
