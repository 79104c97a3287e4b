"""The central difference in high precision: a voice that shares nothing with any derivative rule.

The step is relative to what is moved, and so small that neither its square nor the rounding matters
in a double. The two sides are kept apart, since at a kink they differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from mpmath import mp, mpf

from gradcalc.check.precise import DIGITS, digits_for, evaluate, exact, nearest_float, working
from gradcalc.graph import Graph

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

DIRECTIONS = 3


class Sides(NamedTuple):
    """One-sided derivatives of the output along a direction.

    None where there is none: the edge of a domain, an infinite slope, or (`jump`) a jump.
    """

    left: Any
    right: Any
    jump: bool = False

    @property
    def agree(self) -> bool:
        """Whether both sides exist and are the same."""
        return self.left is not None and self.right is not None and same(self.left, self.right)

    def slowed(self, speed: Any) -> Sides:
        """Return the derivatives by a name that moved with that speed along the direction."""
        left, right = (None if d is None else d / speed for d in (self.left, self.right))
        return Sides(left, right, self.jump)


def same(x: Any, y: Any, digits: int = AGREE) -> bool:
    """Whether two numbers agree to that many digits of the larger."""
    if not (mp.isfinite(x) and mp.isfinite(y)):
        return False
    return bool(abs(x - y) <= mpf(10) ** -digits * max(abs(x), abs(y)))


def alike(x: Any, y: Any) -> bool:
    """Whether two numbers agree, or are the same double: 1e-600 is 0 there."""
    return same(x, y) or nearest_float(x) == nearest_float(y)


def sides(
    graph: Graph, floats: Sequence[float], direction: Mapping[int, Any], expected: Any = None, digits: int = 0
) -> Sides:
    """Return the one-sided derivatives of the output along a direction, node -> how fast it moves.

    Steps get smaller until both sides agree with `expected`, or have each found their limit. They
    begin below the smallest number of the program, for which `digits` are enough.
    """
    digits = digits or digits_for(graph, floats)
    steps = [min(digits - DIGITS, WIDEST) + step for step in STEPS]
    before = quotients(graph, floats, direction, steps[0], digits)
    if _both(before, expected):
        return Sides(expected, expected)
    for last, exponent in pairwise(steps):
        after = quotients(graph, floats, direction, exponent, digits)
        if _both(after, expected):
            return Sides(expected, expected)
        limits = [limit(a, b, exponent - last) for a, b in zip(before, after, strict=True)]
        if None not in limits and (expected is None or all(alike(limit, expected) for limit in limits)):
            break
        before = after
    jump = any(limit is not None and mp.isinf(limit) for limit in limits)
    left, right = (limit if limit is not None and mp.isfinite(limit) else None for limit in limits)
    return Sides(left, right, jump)


def quotients(
    graph: Graph, floats: Sequence[float], direction: Mapping[int, Any], exponent: int, digits: int
) -> tuple[Any, Any]:
    """Return the difference quotients to the left and right, None on a side outside the domain."""
    with working(digits + 3 * exponent):
        step = mpf(10) ** -exponent
        values = evaluate(graph, floats, exact(floats, graph))
        here = values[graph.output]
        left, right = (_moved(graph, floats, values, direction, s) for s in (-step, step))
        noise = abs(here) * mpf(10) ** (10 - mp.dps) / step
        return cleaned((here - left) / step, noise), cleaned((right - here) / step, noise)


def _moved(
    graph: Graph, floats: Sequence[float], values: Sequence[Any], direction: Mapping[int, Any], step: Any
) -> Any:
    given = exact(floats, graph) | {node: values[node] + speed * step for node, speed in direction.items()}
    return evaluate(graph, floats, given)[graph.output]


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
