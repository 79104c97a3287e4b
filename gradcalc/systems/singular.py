"""Whether a matrix of doubles is singular: decided exactly, which rounding alone cannot.

Elimination in doubles leaves pivots of 1e-16 in ((1, 2, 3), (4, 5, 6), (7, 8, 9)), and an inverse of
noise. Doubles are fractions, so elimination modulo a large prime finds that the determinant is 0; it
errs where the prime divides a determinant that is not 0, with a chance of about n in 2**61.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PRIME = 2**61 - 1

SUSPECT = 1e-12
"""Smallest to largest singular value, rows and columns scaled, below which rounding may have its part."""

LARGEST = 100
"""Rows from which on the pivots in doubles have to do: exact elimination takes a second."""


def singular(x: Any) -> Any:
    """Return whether a matrix, or each of a stack, has no inverse; one that is not finite is not told so."""
    finite = np.isfinite(x).all((-2, -1))
    out = np.array(finite & (np.linalg.slogdet(x)[0] == 0))
    if 0 < x.shape[-1] < LARGEST:
        for index in map(tuple, np.argwhere(~out & finite & _suspect(x, finite))):
            out[index] = _determinant_is_zero(x[index])
    return out


def _suspect(x: Any, finite: Any) -> Any:
    """Return which matrices are singular but for a small error relative to each row and column."""
    x = np.where(finite[..., None, None], x, 0.0)
    for axis in (-1, -2):
        largest = np.max(np.abs(x), axis, keepdims=True)
        x = x / np.where(largest == 0, 1.0, largest)
    values = np.linalg.svd(x, compute_uv=False)
    return values[..., -1] <= SUSPECT * values[..., 0]


def _determinant_is_zero(x: Any) -> bool:
    """Eliminate modulo the prime."""
    rows = [[_residue(entry) for entry in row] for row in x.tolist()]
    while rows:
        pivot = next((row for row in rows if row[0]), None)
        if pivot is None:
            return True
        rows.remove(pivot)
        inverse = pow(pivot[0], -1, PRIME)
        rows = [_reduced(row, pivot, row[0] * inverse) for row in rows]
    return False


def _reduced(row: list[int], pivot: list[int], factor: int) -> list[int]:
    """Return a row without its first entry, which so many pivot rows take to 0."""
    return [(a - factor * b) % PRIME for a, b in zip(row[1:], pivot[1:], strict=True)]


def _residue(x: float) -> int:
    numerator, denominator = x.as_integer_ratio()
    return numerator * pow(denominator, -1, PRIME) % PRIME
