"""Values: numbers, nested lists and arrays, as a float or an array of floats."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from math import isfinite, prod
from typing import Any

from gradcalc.errors import UsageError
from gradcalc.gates.shape import MAX_AXES
from gradcalc.graph import Value

LARGEST = f"the largest double is {sys.float_info.max:.4g}"

NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "+inf": float("inf"), "-inf": float("-inf")}
"""How numbers that JSON lacks, and that no formula is, are written."""

LISTS = (list, tuple, range)

KINDS = {
    bool: "a truth value", int: "a number", float: "a number", complex: "a complex number", str: "a text",
    list: "a list", tuple: "a list", dict: "an object", type(None): "null",
}  # fmt: skip


def as_value(name: str, x: Any) -> Value:
    """Return a variable's value: a float for a number, else a new array of floats.

    `x` is a number, nested lists of numbers, or what NumPy reads as an array of whole or floating
    numbers or truth values; nan and infinities stay. Raises UsageError for anything else, for
    ragged lists, and for whole numbers that no double is equal to.
    """
    return x if type(x) is float else convert(f"'{name}'", x)


def convert(what: str, x: Any, truths: bool = True) -> Value:
    """Return `x`, which errors call `what`, as a value; `truths` says whether truth values are 1 and 0."""
    if isinstance(x, LISTS):
        return _array(what, x, truths)
    if hasattr(x, "__array__") and not isinstance(x, float):
        from gradcalc.point.arrays import from_array

        return from_array(what, x)
    return _number(what, x, truths)


def _number(what: str, x: Any, truths: bool, at: str = "") -> float:
    if isinstance(x, bool) and not truths:
        raise UsageError(f"{what} is {describe(x)}, not a number{at}", hint="write 1 or 0")
    try:
        number = float(x) if hasattr(x, "__float__") else None  # float() reads texts too
    except OverflowError:
        raise UsageError(f"{what} is too large{at}", hint=LARGEST) from None
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise UsageError(f"{what} is {describe(x)}, not a number{at}")
    if isinstance(x, int) and number != x:
        raise inexact(what, x, at)
    return number


def inexact(what: str, x: int, at: str = "") -> UsageError:
    """Return the error for a whole number that no double is equal to."""
    message = f"{what} is {x}{at}, which has more digits than a double"
    return UsageError(message, hint=f"the nearest double is {int(float(x))}")


def describe(x: Any) -> str:
    """Return what something is, in words."""
    return KINDS.get(type(x), f"a {type(x).__name__}")


# Lists.


def _array(what: str, x: Sequence[Any], truths: bool) -> Value:
    shape, leaves = flattened(what, x)
    if not {float}.issuperset(map(type, leaves)):
        leaves = [
            leaf if type(leaf) is float else _number(what, leaf, truths, at_element(k, shape))
            for k, leaf in enumerate(leaves)
        ]
    import numpy as np

    return np.array(leaves, dtype=np.float64).reshape(shape)


def flattened(what: str, x: Sequence[Any]) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape of nested lists, and what the innermost hold, in order."""
    shape: tuple[int, ...] = ()
    level: list[Any] = [x]
    while has_lists(level):
        refuse_ragged(what, level, shape)
        shape += (len(level[0]),)
        if len(shape) > MAX_AXES:
            raise UsageError(f"{what} has lists nested more than {MAX_AXES} deep")
        level = [_opened(item) for row in level for item in row]
    return shape, level


def has_lists(level: Iterable[Any]) -> bool:
    """Whether any item is a list."""
    return any(issubclass(kind, LISTS) for kind in set(map(type, level)))


def _opened(item: Any) -> Any:
    """Return an array that stands in a list as lists."""
    return item.tolist() if hasattr(item, "tolist") else item


def refuse_ragged(what: str, level: list[Any], shape: tuple[int, ...]) -> None:
    """Raise UsageError where items of one level are not all lists, or not of one length."""
    lengths = [len(item) if isinstance(item, LISTS) else -1 for item in level]
    for k, length in enumerate(lengths):
        if length != lengths[0]:
            first, other = (f"{element(i, shape)} {_held(level[i])}" for i in (0, k))
            hint = "all rows of an array have one length"
            raise UsageError(f"{what} is ragged: {first}, {other}", hint=hint)


def _held(item: Any) -> str:
    if not isinstance(item, LISTS):
        return f"is {describe(item)}"
    return f"has {len(item)} {'entry' if len(item) == 1 else 'entries'}"


# Elements.


def element(k: int, shape: Sequence[int]) -> list[int]:
    """Return the index of the k-th element of an array, counted along its rows."""
    index = []
    for axis in range(len(shape)):
        below = prod(shape[axis + 1 :])
        index.append(k // below)
        k %= below
    return index


def at_element(k: int, shape: Sequence[int]) -> str:
    """Return where the k-th element stands, as errors say it; nothing for a number."""
    return f" at element {element(k, shape)}" if shape else ""


def require_finite(what: str, x: Value) -> None:
    """Raise UsageError for a number that is not finite, or an array's first element that is not."""
    if isinstance(x, float):
        if not isfinite(x):
            raise UsageError(f"{what} is not finite", hint=LARGEST)
        return
    import numpy as np

    for k in np.flatnonzero(~np.isfinite(x))[:1].tolist():
        raise UsageError(f"{what} is {x.flat[k]}{at_element(k, x.shape)}, which is not a finite number")
