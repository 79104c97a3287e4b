"""The formats as NumPy knows them; a bfloat16 is a float32 with the exponent's range and 8 bits."""

from __future__ import annotations

import numpy as np

from gradcalc.claims.rounding import Unit

FORMATS = {
    name: Unit(float(np.finfo(name).eps) / 2, float(np.finfo(name).tiny))
    for name in ("float16", "float32", "float64")
} | {"bfloat16": Unit(2.0**-8, 2.0**-126)}


def rounded(x, name):
    """Return doubles rounded to a format."""
    if name != "bfloat16":
        return np.asarray(x).astype(name).astype(float)
    bits = np.asarray(x, np.float32).view(np.uint32)
    even = (bits >> 16) & 1
    return ((bits + even + np.uint32(0x7FFF)) & np.uint32(0xFFFF0000)).view(np.float32).astype(float)
