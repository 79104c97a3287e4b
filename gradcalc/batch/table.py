"""A block of rows: what the readers yield, and what is computed as arrays of one row an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

ROWS = 65_536
"""Rows of a block, at most."""


class Block(NamedTuple):
    """Rows that stand next to each other in a table.

    columns  name, as it is written in the table -> array of doubles of the shape (rows, *shape)
    lines    the line of each row in its file, from 1; of an archive the number of the row
    texts    each row as it is written, without its newline; empty for an archive
    """

    columns: dict[str, Any]
    lines: Sequence[int]
    texts: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.lines)
