"""Memory between arrays: what one frees is kept for the next.

The C library of Linux gives the memory of freed arrays back to the machine, and asks for it anew,
page by page, for the next ones: a quarter of the time that a small network takes from one call to
the next. Other systems decide for themselves.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt's parameters (glibc, malloc.h)."""

KEPT = 128 * 2**20
"""Bytes of free memory that are kept."""

LARGEST = 32 * 2**20
"""Bytes from which on an array has memory of its own in any case: the most that glibc allows."""


@cache
def keep() -> bool:
    """Keep freed memory from now on; return whether this system can be told so."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(M_MMAP_THRESHOLD, LARGEST) and mallopt(M_TRIM_THRESHOLD, KEPT))
