"""The formats that a claim may have been computed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Format(NamedTuple):
    """A binary floating-point format.

    roundoff  half the distance from 1 to the next number: the relative error of rounding, at most
    smallest  the smallest normal number
    """

    roundoff: float
    smallest: float


FORMATS: Mapping[str, Format] = {
    "float16": Format(2.0**-11, 2.0**-14),
    "bfloat16": Format(2.0**-8, 2.0**-126),
    "float32": Format(2.0**-24, 2.0**-126),
    "float64": Format(2.0**-53, 2.0**-1022),
}
"""Name -> format. Source: IEEE 754-2019, and Intel's bfloat16 (2018): a float32 with 8 bits of precision."""

DEFAULT = "float64"
