"""Which rows' claims are right, as far as doubles can tell: the verdicts of `claims.judge`, over arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcalc.batch.workings import Found
from gradcalc.check.compare import SUBNORMAL_STEP
from gradcalc.claims import printed
from gradcalc.claims.judge import Terms
from gradcalc.claims.names import GRADIENT, VALUE
from gradcalc.claims.rounding import DOUBLE

SLACK = 2.0
"""How far doubles may go beyond their running error, which is right to the first order."""

SAME = 0.1
"""By how much of itself a format's noise may differ from that of the row alone, which is written down for
its numbers: where classes are known, fewer sums are made.
"""


class Known(NamedTuple):
    """What doubles know of what is claimed: arrays of the shape (rows, *shape).

    number  the output, or a gradient
    error   by how much it may be off
    noise   by how much a correct computation in the claim's format may be off
    """

    number: Any
    error: Any
    noise: Any


class Told(NamedTuple):
    """What doubles tell of rows, arrays of truths. A row that is neither is for high precision.

    passed   every claim is right
    failed   some claim is wrong
    excused  of those that passed, the ones that owe it to the absolute tolerance alone
    """

    passed: Any
    failed: Any
    excused: Any


def known(found: Found, name: str) -> Known:
    """Return what is known of what a claim is about; doubles as the reference has them, rounded."""
    gradient = name.removeprefix(GRADIENT)
    number, noise, error = (
        (found.value, found.value_noise, found.error.value)
        if name == VALUE
        else (found.gradients[gradient], found.gradient_noises[gradient], found.error.gradients[gradient])
    )
    return Known(number, SLACK * error + DOUBLE.roundoff * np.abs(number), noise)


def tell(found: Found, claims: Mapping[str, Any], terms: Terms) -> Told:
    """Return what doubles tell of claims, `value` or `grad_NAME` -> array of the shape (rows, *shape)."""
    decided = found.decided
    passed, failed, excused = decided.copy(), np.zeros_like(decided), np.zeros_like(decided)
    for name, claimed in claims.items():
        truth = known(found, name)
        if claimed.shape != truth.number.shape:
            passed[:], failed = False, decided
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            near, far, by_atol = _compared(claimed, truth, terms)
        passed &= _of_rows(near, np.all)
        failed = failed | (decided & _of_rows(far, np.any))
        excused |= _of_rows(by_atol, np.any)
    return Told(passed, failed, passed & excused)


def _compared(claimed: Any, truth: Known, terms: Terms) -> tuple[Any, Any, Any]:
    """Return which entries are certainly right, which wrong, and which the absolute tolerance excuses."""
    off, size = np.abs(claimed - truth.number), np.abs(truth.number)
    noise, atol, finite = truth.noise, max(terms.atol, SUBNORMAL_STEP), np.isfinite(claimed)
    least = np.maximum(terms.rtol * (size - truth.error), noise * (1 - SAME))
    most = np.maximum(terms.rtol * (size + truth.error), np.maximum(noise * (1 + SAME), atol))
    near = finite & (off + truth.error <= np.maximum(least, atol)) & (noise < np.inf)
    far = np.where(finite, off - truth.error > most, np.isfinite(size + truth.error))
    return near, far, near & (off > np.maximum(terms.rtol * size, noise)) & (terms.atol > 0)


def _of_rows(entries: Any, every: Any) -> Any:
    """Return what holds of all entries of each row, or of any."""
    return every(entries, axis=tuple(range(1, entries.ndim)))


def as_printed(found: Found, claims: Mapping[str, Any], terms: Terms) -> Any:
    """Return the relative tolerance that would accept each of some rows that fail.

    It is infinite for rows of which some claim is wrong in the digits that it is printed with.
    """
    most = np.zeros(len(found.decided))
    for name, claimed in claims.items():
        truth = known(found, name)
        if claimed.shape != truth.number.shape:
            return np.full(len(most), np.inf)
        with np.errstate(invalid="ignore", over="ignore"):
            near, _, _ = _compared(claimed, truth, terms)
        needed = np.zeros(claimed.shape)
        needed[~near] = printed.needed(claimed[~near], truth.number[~near])
        most = np.maximum(most, needed.max(axis=tuple(range(1, needed.ndim)), initial=0.0))
    return most
