"""Claims that are right as far as they are printed: 0.39 for 0.3932."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from math import floor, log10
from typing import Any

import numpy as np

from gradcalc.claims.said import Said
from gradcalc.result import Claim

MOST_DIGITS = 12
"""Digits from which a number is no longer one that was shortened to be printed."""

FEWEST_DIGITS = 2
"""Digits below which a number says too little: 2 is near many numbers."""

COARSEST = 0.06
"""Half a unit in the last place of a number with the fewest digits, relative to the number, at most."""

RTOL = "--rtol"

LIST = re.compile(r"\[[][\d\s,._eE+-]*\]")
"""A list of numbers, or a list of such lists."""


def half_unit(claimed: Any) -> Any:
    """Return half a unit in the last place that each number is printed with; 0 for all digits of a double."""
    numbers = np.asarray(claimed, dtype=float)
    found, short = np.zeros(numbers.shape), _may_be_short(numbers)
    exact = np.vectorize(lambda x: _half_unit(Decimal(repr(x)).normalize()), otypes=[float])
    found[short] = exact(numbers[short])
    return found


def _may_be_short(x: Any) -> Any:
    """Return which numbers may have few digits, so that not all of a million are written out to see it.

    Times a power of ten they are whole, but for roundings of a number with 13 or 14 digits.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        scaled = np.abs(x) * 10.0 ** (MOST_DIGITS - np.floor(np.log10(np.abs(x))))
        return ~(np.abs(scaled - np.rint(scaled)) > 0.05)


def _half_unit(x: Decimal) -> float:
    _, digits, exponent = x.as_tuple()
    is_short = isinstance(exponent, int) and FEWEST_DIGITS <= len(digits) <= MOST_DIGITS
    return 0.5 * 10.0 ** int(exponent) if is_short else 0.0


def excused(claim: Claim, said: Said, wrong: Any) -> Claim:
    """Return a failing claim, with a hint where it is right to as many digits as it is printed with."""
    is_number = isinstance(said, str) and _is_number(said)
    if not is_numeric(said):
        return claim
    claimed, reference = np.asarray(claim.claimed)[wrong], np.asarray(claim.reference)[wrong]
    unit = _half_unit(Decimal(str(said).strip())) if is_number else None
    rtol = np.max(needed(claimed, reference, unit), initial=0.0)
    if rtol == np.inf:
        return claim
    reason = f"{claim.reason}: equal to as many digits as it is printed with"
    return replace(claim, reason=reason, hint=f"{option(rtol)} would accept it")


def is_numeric(said: Said) -> bool:
    """Whether numbers are said, not a formula."""
    return not isinstance(said, str) or _is_number(said) or bool(LIST.fullmatch(said.strip()))


def is_excused(claim: Claim) -> bool:
    """Whether the digits that are printed excuse a claim."""
    return claim.hint.startswith(RTOL)


def needed(claimed: Any, reference: Any, unit: float | None = None) -> Any:
    """Return the relative tolerance that would accept each number; infinite where digits are no excuse.

    `unit` is half a unit in the last place that is printed, None for what the numbers themselves tell.
    """
    off, found = np.abs(claimed - reference), np.full(np.shape(claimed), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        rtol = off / np.abs(reference)
    near = (rtol <= COARSEST) & (reference != 0)
    allowed = half_unit(claimed[near]) if unit is None else unit
    found[near] = np.where(off[near] <= allowed * (1 + 1e-9), rtol[near], np.inf)
    return found


def option(rtol: float) -> str:
    """Return the option for a relative tolerance, rounded up."""
    return f"{RTOL} {_rounded_up(rtol)}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rounded_up(x: float) -> str:
    """Return the next larger number with one digit."""
    exponent = floor(log10(x))
    return f"{(floor(x / 10.0**exponent) + 1) * 10.0**exponent:.1g}"
