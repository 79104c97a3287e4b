"""Square brackets: lists and indices that are being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any

BLANK = object()
"""What stands for an operand where a bracket may hold none: `x[:]`, the end of `[1, 2,]`."""

Entry = int | slice | EllipsisType | tuple[Any, ...] | None
"""One entry of an index; a tuple is a list of places, or lists of them."""


@dataclass(slots=True)
class Listing:
    """A list that is being read, from token `first` on; its nodes begin with `mark`.

    `depth` counts the lists around it that it is an element of.
    """

    first: int
    mark: int
    depth: int = 1
    closer: str = "]"
    elements: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Key:
    """An index that is being read: that of `node`, whose text begins with token `start`.

    `due` is the token where the entry that is being read begins, `mark` the node that it begins with;
    `bounds` are those of a slice that were read, None where there was no colon.
    """

    node: int
    start: int
    due: int
    mark: int
    entries: list[Entry] = field(default_factory=list)
    bounds: list[Any] | None = None


def ragged(shapes: Sequence[Any]) -> int:
    """Return the number of the first element that has not the shape of the first one, or -1."""
    return next((k for k, shape in enumerate(shapes) if shape != shapes[0]), -1)


def whole(value: Any) -> int | None:
    """Return a float that is a whole number as one, None for anything else."""
    is_whole = type(value) is float and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else None


def step(value: Any) -> int | None:
    """Return the step of a slice, None for what is none."""
    return whole(value) or None


def places(value: Any) -> int | tuple[Any, ...] | None:
    """Return a whole number, or an array of them as nested tuples; None for anything else."""
    if type(value) is float:
        return whole(value)
    if not getattr(value, "ndim", 0) or None in map(whole, value.ravel().tolist()):
        return None
    found: tuple[Any, ...] = plain(value)
    return found


def plain(value: Any) -> Any:
    """Return the value of an option as Python has it: whole numbers are ints, arrays are tuples."""
    if hasattr(value, "tolist"):
        return _nested(value.tolist())
    number = whole(value)
    return value if number is None else number


def _nested(value: Any) -> Any:
    """Return nested lists as nested tuples; an array has few axes, so this may recur."""
    return tuple(map(_nested, value)) if isinstance(value, list) else plain(value)
