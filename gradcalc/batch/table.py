"""A block of rows: what the readers yield, and what is computed as arrays of one row an element."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from gradcalc.graph import Value

ROWS = 65_536
"""Rows of a block, at most."""

Choice = Callable[[str], bool]
"""The name of a column -> whether it is meant."""


class Block(NamedTuple):
    """Rows that stand next to each other in a table.

    columns  name, as graphs spell it -> array of doubles of the shape (rows, *shape)
    lines    the line of each row in its file, from 1; of an archive the number of the row
    texts    each row as it is written, without its newline; empty for an archive
    """

    columns: dict[str, Any]
    lines: Sequence[int]
    texts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.lines)


class Reader(Protocol):
    """A table of one format that is open for reading.

    names   of its columns, as graphs spell them
    header  the line of names as it is written; empty where there is none
    """

    names: list[str]
    header: str

    def blocks(self, wanted: Choice) -> Iterator[Block]:
        """Yield the rows, with the columns that are wanted; the others may hold anything."""


def element(x: Any) -> Value:
    """Return what a column has in a row: a number as a float."""
    return x if x.shape else float(x)
