"""Subgradients: at a kink several numbers are right, and those of one kink must fit together.

At max(x, y, z) with all three equal, each of the gradients may be anything from 0 to 1, and all of
them must add up to 1: moved together, the three change the output at the rate 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from random import Random
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from gradcalc.check.difference import MOVED, Near, Sides, alike
from gradcalc.check.precise import nearest_float
from gradcalc.check.ties import SEVERAL, Written, moved_ties, written
from gradcalc.check.unroll import element_names
from gradcalc.graph import Value
from gradcalc.result import Result

FEW = 4
"""Most gradients of which every pattern of signs is tried."""

PAIRS = 20
"""Most pairs of neighbours among more gradients than that."""

RANDOM = 3
"""Directions at random."""

LISTED = 4
"""Names of a direction that are told; the others are counted."""


class Member(NamedTuple):
    """An entry of a claim at a kink.

    claim    the name that is differentiated by
    text     what the entry is called: `x`, `x[0]`
    node     its node in the program as it was written out
    number   what was claimed
    allowed  by how much it may be off
    bend     by how much its two one-sided derivatives differ
    """

    claim: str
    text: str
    node: int
    number: float
    allowed: float
    bend: float


class Sided(NamedTuple):
    """A claim with entries between their one-sided derivatives, arrays of its shape.

    inside   where an entry is at a kink, between its one-sided derivatives
    numbers  what was claimed
    allowed  by how much each entry may be off
    bend     by how much the one-sided derivatives of each entry differ
    """

    inside: Any
    numbers: Any
    allowed: Any
    bend: Any


def misfits(result: Result, claims: Mapping[str, Sided], upstream: Value = None) -> dict[str, str]:
    """Return why claims are no subgradient together, name -> sentence; nothing for those that fit.

    result    the program at its point
    claims    name that is differentiated by -> its claim
    upstream  the output's own gradient, None for 1
    """
    if sum(int(np.sum(claim.inside)) for claim in claims.values()) < 2:
        return {}
    program = written(result.graph, result.values, list(result.gradients), upstream)
    if program is None:
        return {}
    near, left = Near(program.graph, program.floats), MOVED
    found: dict[str, str] = {}
    for members in _tied(program, claims):
        for direction in _directions(members):
            left -= len(near.moving([member.node for member in direction]))
            if left < 0:
                return found
            said = _objection(near, direction)
            if said:
                found |= {member.claim: said for member in direction if member.claim not in found}
                break
    return found


def _tied(program: Written, claims: Mapping[str, Sided]) -> Iterator[list[Member]]:
    """Yield the entries that move one kink, and no other, where there are several of them."""
    ties = moved_ties(program)
    found: dict[int, list[Member]] = {}
    for name, claim in claims.items():
        nodes = program.elements[name]
        texts = [*element_names(name, nodes.shape)]
        for place in np.flatnonzero(claim.inside):
            node = int(nodes.flat[place])
            tie = ties[node]
            # What a statement computes is not moved along with what it is computed from.
            if tie is not None and tie != SEVERAL and not program.graph.inputs[node]:
                numbers = [float(np.asarray(column).flat[place]) for column in claim[1:]]
                found.setdefault(tie, []).append(Member(name, texts[place], node, *numbers))
    yield from (members for members in found.values() if len(members) > 1)


Direction = dict[Member, float]
"""How fast each entry moves."""


def _directions(members: Sequence[Member]) -> Iterator[Direction]:
    """Yield directions: all at the same speed, in all patterns of signs, and so that a kink stays unmoved."""
    yield dict.fromkeys(members, 1.0)
    random = Random(0)  # noqa: S311 - the same directions every time, so that a verdict can be repeated
    if len(members) <= FEW:
        signs = [(1, *rest) for rest in product((1, -1), repeat=len(members) - 1)][1:]
        yield from (dict(zip(members, map(float, pattern), strict=True)) for pattern in signs)
    bent = [member for member in members if member.bend]
    pairs = [*pairwise(bent)]
    for one, other in random.sample(pairs, min(PAIRS, len(pairs))):
        yield from ({one: 1.0, other: sign * one.bend / other.bend} for sign in (-1, 1))
    for _ in range(RANDOM):
        yield {member: random.choice((-1, 1)) * random.uniform(1, 2) for member in members}


def _objection(near: Near, direction: Direction) -> str:
    """Return what the output's rate along a direction has against the claims, nothing where they fit."""
    sides = near.sides({member.node: mpf(speed) for member, speed in direction.items()})
    if sides.left is None or sides.right is None:
        return ""
    total = sum(mpf(member.number) * mpf(speed) for member, speed in direction.items())
    allowed = sum(member.allowed * abs(speed) for member, speed in direction.items())
    low, high = sorted((sides.left, sides.right))
    if low - allowed <= total <= high + allowed:
        return ""
    moved = f"moved together, {_moved(direction)} change the output at {_rate(sides)}"
    return f"no subgradient: {moved}, but the claims add up to {nearest_float(total):.6g}"


def _moved(direction: Direction) -> str:
    """Return who moves, and how fast where not all do it alike."""
    alike_ = set(direction.values()) == {1.0}
    words = [m.text if alike_ else f"{m.text} by {speed:.6g}" for m, speed in direction.items()]
    if len(words) > LISTED:
        words = [*words[: LISTED - 1], f"{len(words) - LISTED + 1:,} more"]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _rate(sides: Sides) -> str:
    if alike(sides.left, sides.right):
        return f"the rate {nearest_float(sides.left):.6g}"
    low, high = sorted(map(nearest_float, (sides.left, sides.right)))
    return f"a rate between {low:.6g} and {high:.6g}"
