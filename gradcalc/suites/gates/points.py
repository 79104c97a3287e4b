"""Where an elementwise gate is tried: in its probe, at its edges and kinks, where its definition switches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import inf, isfinite, nan
from random import Random

from gradcalc.gates import Gate

Point = tuple[float, ...]

RIGHT = 25
"""Digits in which a rule that runs in high precision agrees with the truth."""

POINTS = 60
"""Points in the probe."""

SHORT = 10
"""Points, of those drawn first, whose numbers are short."""

NEAR = 10.0
"""Size of short numbers, where the probe has any so small."""

TRIES = 2000
"""Points that are drawn at most to find them."""

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e308, -1e308, 5e-324, inf, -inf, nan)
"""Numbers at which a gate must have some answer."""

WHOLE = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
"""Numbers at which kinks are likely."""

MOST_INPUTS = 3
"""Inputs up to which all special numbers are tried with each other."""


def counts(gate: Gate) -> range:
    """Return the numbers of inputs with which a gate is tried."""
    fewest, most = gate.arity
    return range(2, 4) if most is None else range(fewest, most + 1)


def ranges(gate: Gate, count: int) -> list[tuple[float, float]]:
    """Return the range of each of so many inputs."""
    return [gate.probe[k % len(gate.probe)] for k in range(count)]


def inside(gate: Gate, point: Sequence[float]) -> bool:
    """Whether a point is in the gate's domain."""
    return all(domain.holds(*point) for domain in gate.domain)


def drawn(gate: Gate, count: int) -> list[Point]:
    """Return `POINTS` points of the probe, or less, where the gate is defined and smooth; always the same.

    The first have numbers that are short to read.
    """
    rng = Random(f"{gate.name} {count}")  # noqa: S311 - so that a verdict can be repeated
    draws = (_short if t < SHORT else _number for t in range(TRIES))
    tried = (tuple(draw(*pair, rng) for pair in ranges(gate, count)) for draw in draws)
    return list(islice((p for p in tried if inside(gate, p) and gate.kink_at(p) is None), POINTS))


def _short(low: float, high: float, rng: Random) -> float:
    """Return a number near 0, as far as the range allows, with one or two digits."""
    low, high = (low, high) if low > NEAR or high < -NEAR else (max(low, -NEAR), min(high, NEAR))
    x = float(f"{rng.uniform(low, high):.2g}")
    return x if low < x < high else rng.uniform(low, high)


def _number(low: float, high: float, rng: Random) -> float:
    """Return a number between low and high: anywhere, near an end or of any magnitude, or whole."""
    spread = rng.uniform(low, high)
    small = 10.0 ** -rng.uniform(0, 15)
    near = rng.choice([low + (high - low) * small, high - (high - low) * small, low * small, high * small])
    x = rng.choice([spread, near, float(round(spread))])
    return x if low < x < high else spread


def pinned(gate: Gate, count: int) -> list[Point]:
    """Return the finite points that the record tells of, in the gate's domain."""
    told = [edge.inputs for edge in gate.edges] + [kink.example for kink in gate.kinks]
    points = [tuple(map(float, point)) for point in told if len(point) == count]
    return [point for point in points if all(map(isfinite, point)) and inside(gate, point)]


def special(count: int) -> Iterator[Point]:
    """Yield the points whose numbers are special."""
    return product(SPECIAL if count <= MOST_INPUTS else SPECIAL[:4], repeat=count)


def likely_kinks(gate: Gate, base: Sequence[Point]) -> Iterator[Point]:
    """Yield points of the probe with an input at a special number, or equal to another input."""
    for point in base:
        for k, (low, high) in enumerate(ranges(gate, len(point))):
            for x in dict.fromkeys((*WHOLE, *point)):
                if low <= x <= high and x != point[k]:
                    yield (*point[:k], x, *point[k + 1 :])
