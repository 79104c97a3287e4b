"""A float against its reference: do they agree, and to how many digits."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import Any

from mpmath import mpf

from gradcalc.check.precise import nearest_float

EXACT_DIGITS = 17
"""Digits of a float that is the rounded reference itself."""

SUBNORMAL_STEP = 5e-324


def agrees(got: float, truth: Any, rtol: float, atol: float) -> bool:
    """Whether |got - truth| <= max(rtol |truth|, atol), the truth rounded to a double first."""
    rounded = nearest_float(truth)
    if got == rounded:
        return True
    if not (isfinite(got) and isfinite(rounded)):
        return False
    return bool(abs(mpf(got) - mpf(rounded)) <= max(rtol * abs(mpf(rounded)), atol, SUBNORMAL_STEP))


def relative_error(got: float, truth: Any) -> float:
    """Return |got - truth| / |truth|: 0 for the rounded truth or none, an infinity where the truth is 0."""
    if got == nearest_float(truth) or truth != truth:
        return 0.0
    if not truth or not isfinite(got):
        return float("inf")
    return nearest_float(abs(mpf(got) - truth) / abs(truth))


def digits(got: float, truth: Any) -> int:
    """Return the significant digits that are right: 17 for the rounded truth, else floor(-log10(error))."""
    error = relative_error(got, truth)
    if error == 0:
        return EXACT_DIGITS
    if not isfinite(error) or error >= 1:
        return 0
    return min(EXACT_DIGITS - 1, floor(-log10(error)))
