"""Writing tables: rows as they were read with columns appended, as CSV, TSV, JSON lines or npz.

Numbers are written so that they are read back as themselves. Where a row has none, its cells are empty.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from itertools import repeat
from math import isfinite, nan, prod
from typing import IO, Any, Protocol

import numpy as np
from numpy.lib import format as npy

from gradcalc.batch.delimited import element_name
from gradcalc.batch.table import Block
from gradcalc.gates.record import Shape

Columns = Mapping[str, Any]
"""Name -> array of the shape (rows, *shape)."""

Row = list[float]
"""The numbers of a row, those of arrays in their order; none where the row has empty cells."""


class Writer(Protocol):
    """A table that is being written."""

    def add(self, block: Block, found: Columns, finite: Any) -> None:
        """Write rows: their texts where the block has some, else its columns, and then what was found.

        Of rows that are not finite the cells of what was found are empty.
        """

    def close(self, shapes: Mapping[str, Shape]) -> None:
        """Write what comes last; the shapes are those of the columns found where there were no rows."""


class Syntax(Protocol):
    """How a format writes a row into a line."""

    def names(self, shapes: Mapping[str, Shape]) -> str:
        """Return the names of columns as the header has them; nothing where each row has its own."""

    def numbers(self, shapes: Mapping[str, Shape], rows: Sequence[Row]) -> list[str]:
        """Return the numbers of each row as text."""

    def joined(self, before: str, after: str) -> str:
        """Return the line that has both."""


class Delimited:
    """Cells between commas or tabs, one for each element of an array."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter

    def names(self, shapes: Mapping[str, Shape]) -> str:
        """Return the names between delimiters, in quotes where they have commas."""
        text = StringIO()
        cells = [element_name(name, index) for name, shape in shapes.items() for index in np.ndindex(shape)]
        csv.writer(text, delimiter=self._delimiter, lineterminator="").writerow(cells)
        return text.getvalue()

    def numbers(self, shapes: Mapping[str, Shape], rows: Sequence[Row]) -> list[str]:
        """Return cells between delimiters."""
        empty = self._delimiter * (sum(map(prod, shapes.values())) - 1)
        return [self._delimiter.join(map(repr, row)) if row else empty for row in rows]

    def joined(self, before: str, after: str) -> str:
        """Return all cells; one that is empty and alone is in quotes, for a blank line is no row."""
        return f"{before}{self._delimiter}{after}" if before else after or '""'


class Objects:
    """An object a line; arrays are nested lists."""

    def names(self, shapes: Mapping[str, Shape]) -> str:  # noqa: ARG002 - each row has its own
        """Return nothing."""
        return ""

    def numbers(self, shapes: Mapping[str, Shape], rows: Sequence[Row]) -> list[str]:
        """Return objects; empty cells are null, and the numbers that JSON lacks are texts."""
        pairs = [(json.dumps(name), shape) for name, shape in shapes.items()]
        pattern = ", ".join(f"{name.replace('%', '%%')}: {_nested(shape)}" for name, shape in pairs)
        empty = ", ".join(f"{name}: null" for name, _ in pairs)
        return [f"{{{pattern % tuple(map(_number, row)) if row else empty}}}" for row in rows]

    def joined(self, before: str, after: str) -> str:
        """Return the object that has the pairs of both."""
        inner = before.strip()[1:-1].strip()
        return f"{{{inner}, {after[1:]}" if inner else after


def _nested(shape: Shape) -> str:
    """Return the pattern of nested lists of a shape."""
    pattern = "%s"
    for size in reversed(shape):
        pattern = f"[{', '.join([pattern] * size)}]"
    return pattern


def _number(x: float) -> str:
    return repr(x) if isfinite(x) else f'"{x}"'


SYNTAX: dict[str, Syntax] = {"csv": Delimited(","), "tsv": Delimited("\t"), "jsonl": Objects()}


class Text:
    """A table of lines in UTF-8: where they go, their syntax, and the header that texts of blocks have."""

    def __init__(self, out: IO[bytes], syntax: Syntax, header: str = "") -> None:
        self._out, self._syntax, self._header = out, syntax, header
        self._begun = False

    def add(self, block: Block, found: Columns, finite: Any) -> None:
        """Write rows; the first ones with a header."""
        given, new = _shapes(block.columns), _shapes(found)
        self._begin(given, new)
        before: Iterable[str] = block.texts or repeat("", len(block))
        if given:
            before = self._syntax.numbers(given, _rows(block.columns))
        after = self._syntax.numbers(new, _rows(found, finite))
        joined = self._syntax.joined
        self._out.write("".join([f"{joined(a, b)}\n" for a, b in zip(before, after, strict=True)]).encode())

    def close(self, shapes: Mapping[str, Shape]) -> None:
        """Write the header where there were no rows."""
        self._begin({}, shapes)

    def _begin(self, given: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
        names = self._syntax.names(found)
        if names and not self._begun:
            before = self._syntax.names(given) if given else self._header
            self._out.write(f"{self._syntax.joined(before, names)}\n".encode())
        self._begun = True


def _shapes(columns: Columns) -> dict[str, Shape]:
    return {name: x.shape[1:] for name, x in columns.items()}


def _rows(columns: Columns, finite: Any = True) -> list[Row]:
    """Return the numbers of each row; none of rows that are not finite."""
    flat = np.concatenate([x.reshape(len(x), prod(x.shape[1:])) for x in columns.values()], axis=1)
    rows: list[Row] = flat.tolist()
    for row in np.flatnonzero(np.logical_not(finite)).tolist():
        rows[row] = []
    return rows


class Archive:
    """A .npz file: the arrays of another one as they are, or columns, and what was found (nan for none)."""

    def __init__(self, out: IO[bytes], source: IO[bytes] | None = None) -> None:
        self._out, self._source = out, source
        self._parts: dict[str, list[Any]] = {}

    def add(self, block: Block, found: Columns, finite: Any) -> None:
        """Keep rows until all are there."""
        for name, x in block.columns.items():
            self._parts.setdefault(name, []).append(x)
        for name, x in found.items():
            self._parts.setdefault(name, []).append(np.where(finite.reshape(-1, *(x.ndim - 1) * [1]), x, nan))

    def close(self, shapes: Mapping[str, Shape]) -> None:
        """Write all of it; the same arrays are the same bytes."""
        none = {name: [np.empty((0, *shape))] for name, shape in shapes.items()}
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            self._copy(archive)
            for name, parts in (none | self._parts).items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                    npy.write_array(file, np.concatenate(parts), allow_pickle=False)
        self._out.write(packed.getvalue())

    def _copy(self, archive: zipfile.ZipFile) -> None:
        if self._source is not None:
            with zipfile.ZipFile(self._source) as source:
                for member in source.infolist():
                    archive.writestr(member, source.read(member))
