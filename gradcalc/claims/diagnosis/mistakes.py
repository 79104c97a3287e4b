"""The table of the usual mistakes, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gradcalc.claims.diagnosis import places, whole
from gradcalc.claims.diagnosis.altered import FAR_FETCHED, Slip
from gradcalc.claims.diagnosis.case import Case, Guess


def _never(_: Case) -> Iterable[Slip]:
    return ()


class Mistake(NamedTuple):
    """One usual mistake: with the finished gradients, and somewhere on the way back."""

    name: str
    guesses: Callable[[Case], Iterable[Guess]] | None
    slips: Callable[[Case], Iterable[Slip]] = _never


MISTAKES = (
    Mistake("sign", whole.wrong_sign, places.lost_minus),
    Mistake("factor", whole.factors, places.lost_factor),
    Mistake("transposed", whole.transposed, places.not_transposed),
    Mistake("fork", None, places.forks),
    Mistake("operand", None, places.own_operand),
    Mistake("broadcast", None, places.not_summed),
    Mistake("left out", None, places.left_out),
    Mistake("upstream", None, places.upstream_forgotten),
    Mistake("swapped", whole.swapped),
    Mistake("degrees", whole.angle_factors, places.degrees),
    Mistake("base", whole.base_factors, places.bases),
    Mistake("slope", None, places.wrong_slope),
)


def made_everywhere(slips: Iterable[Slip]) -> list[Slip]:
    """Return for each slip that can be made at several nodes the one that makes it at all of them."""
    groups: dict[str, list[Slip]] = {}
    for slip in slips:
        if slip.everywhere:
            groups.setdefault(slip.everywhere, []).append(slip)
    return [_united(text, alike) for text, alike in groups.items() if len(alike) > 1]


def _united(text: str, slips: Sequence[Slip]) -> Slip:
    parts = {wire: rule for slip in slips for wire, rule in slip.parts.items()}
    values = {node: function for slip in slips for node, function in slip.values.items()}
    return Slip(text, parts, values, rank=FAR_FETCHED)
