"""CSV and TSV: a header with the names of the columns, and a row of numbers a line.

A column is a number a row, or one element of an array: `x[0]`, `W[0, 1]`. Lines that hold numbers and
nothing else are read by NumPy; a block with quotes, blank lines or anything wrong is read with care.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import nan, prod
from typing import Any, NamedTuple

import numpy as np

from gradcalc.batch.lines import Lines
from gradcalc.batch.table import ROWS, Block, Choice
from gradcalc.claims.names import is_claim
from gradcalc.errors import UsageError
from gradcalc.point.arguments import canonical
from gradcalc.point.reading import lower, short
from gradcalc.point.tables import is_number, separators
from gradcalc.point.values import element

ELEMENT = re.compile(r"(.+?)\s*\[\s*([0-9]{1,9}(?:\s*,\s*[0-9]{1,9})*)\s*\]")
"""The name of a column that is one element of an array."""

BETWEEN_NAMES = re.compile(r",(?![^\[\]]*\])")
"""A comma that is not inside of an index."""

KINDS = {",": "CSV", "\t": "TSV"}

HEADER = "write the names of the columns into the first line, and a row of numbers into each other"

Index = tuple[int, ...]


class Column(NamedTuple):
    """The shape of what a column has in each row, and the cells that hold its elements, in order."""

    shape: Index
    cells: Sequence[int]


class _Record(NamedTuple):
    """A row: the line where it begins, the row as it is written, and its cells."""

    line: int
    text: str
    cells: list[str]


class Delimited:
    """A table whose cells are separated by commas or tabs."""

    def __init__(self, lines: Lines, delimiter: str, label: str) -> None:
        self._lines, self._delimiter, self._label = lines, delimiter, label
        header = self._first()
        self.header = header.text
        self._written = self._names(header)
        self._columns = columns(self._written, label)
        self.names = list(self._columns)

    def _first(self) -> _Record:
        while lines := self._lines.take(1):
            for record in self._rows(lines):
                return record
        raise UsageError(f"{self._label} is empty", hint=HEADER)

    def _names(self, header: _Record) -> list[str]:
        cells = header.cells
        if self._delimiter == "," and '"' not in header.text:
            cells = [cell.strip() for cell in BETWEEN_NAMES.split(header.text)]
        numbers = [cell for cell in cells if is_number(cell) and any(map(str.isdigit, cell))]
        if len(numbers) == len(cells) or not any(cells):
            raise UsageError(f"{self._label} has no names in line {header.line}", hint=HEADER)
        if numbers:
            raise UsageError(
                f"{self._label}, line {header.line}: '{short(numbers[0])}' is no name", hint=HEADER
            )
        if len(cells) == 1 and (hint := separators(cells)):
            raise UsageError(f"{self._label} has one column, '{short(cells[0])}'", hint=hint)
        return cells

    def blocks(self, wanted: Choice) -> Iterator[Block]:
        """Yield the rows, with the columns that are wanted."""
        some = {name: column for name, column in self._columns.items() if wanted(name)}
        cells = [k for column in some.values() for k in column.cells]
        while lines := self._lines.take(ROWS):
            first = self._lines.number - len(lines) + 1
            numbers = self._fast(lines, cells)
            if numbers is not None:
                yield Block(_shaped(numbers, some), range(first, first + len(lines)), lines)
            elif records := list(self._rows(lines)):
                numbers = self._careful(records, cells)
                texts = [record.text for record in records]
                yield Block(_shaped(numbers, some), [record.line for record in records], texts)

    def _fast(self, lines: list[str], cells: list[int]) -> Any:
        """Return the numbers in these cells of each line; None unless each line is a plain row."""
        delimiter = self._delimiter
        if {line.count(delimiter) for line in lines} != {len(self._written) - 1}:
            return None
        if not all(map(str.strip, lines)) or any('"' in line for line in lines):
            return None
        if not cells:
            return np.empty((len(lines), 0))
        try:
            return np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2, usecols=cells)
        except ValueError:
            return None

    def _careful(self, records: Sequence[_Record], cells: list[int]) -> Any:
        """Return the numbers in these cells of each row; UsageError for the first row that is wrong."""
        numbers = [[self._number(record, k) for k in cells] for record in map(self._whole, records)]
        return np.array(numbers, dtype=np.float64).reshape(len(records), len(cells))

    def _whole(self, record: _Record) -> _Record:
        count, names = len(record.cells), len(self._written)
        if count == names:
            return record
        message = f"{self._label}: line {record.line} has {count} cell{'s' * (count != 1)} for {names} names"
        raise UsageError(message, hint=separators(record.cells) or "all rows have one length")

    def _number(self, record: _Record, k: int) -> float:
        cell = record.cells[k]
        try:
            return float(cell)
        except ValueError:
            what = f"{self._label}, line {record.line}: '{short(self._written[k])}'"
            if not cell and is_claim(self._written[k]):
                return nan  # what --each writes where there is no value
            if not cell:
                raise UsageError(f"{what} has no value: the cell is empty") from None
            raise UsageError(f"{what} is '{short(cell)}', not a number", hint=separators([cell])) from None

    def _rows(self, lines: list[str]) -> Iterator[_Record]:
        """Yield the rows that begin in these lines, which were taken last; a blank line is none."""
        line = self._lines.number - len(lines) + 1
        after, taken = line + len(lines), list[str]()
        source = _noted(chain(lines, self._lines), taken)
        try:
            for cells in csv.reader(source, delimiter=self._delimiter, strict=True):
                if cells:
                    yield _Record(line, "\n".join(taken), [cell.strip() for cell in cells])
                line += len(taken)
                taken.clear()
                if line >= after:
                    return
        except csv.Error as error:
            kind, reason = KINDS[self._delimiter], lower(str(error)).partition(" - ")[0]
            raise UsageError(f"{self._label} is not {kind}: {reason} in line {line}") from None


def _noted(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    """Yield lines, each of which is noted as taken."""
    for line in lines:
        taken.append(line)
        yield line


def _shaped(numbers: Any, columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return the cells of the rows as arrays, one a column, which stand next to each other in `numbers`."""
    found, at = {}, 0
    for name, (shape, cells) in columns.items():
        part = np.ascontiguousarray(numbers[:, at : at + len(cells)])
        found[name] = part.reshape(len(numbers), *shape)
        at += len(cells)
    return found


# Names.


def columns(cells: Sequence[str], label: str) -> dict[str, Column]:
    """Return the columns that the cells of a header name; a cell without a name numbers the rows."""
    arrays: dict[str, dict[Index, int]] = {}
    for k, cell in enumerate(cells):
        if cell:
            found = ELEMENT.fullmatch(cell)
            name, index = (found[1], tuple(map(int, found[2].split(",")))) if found else (cell, ())
            elements = arrays.setdefault(canonical(name), {})
            if index in elements:
                raise UsageError(f"{label}: '{short(cell)}' is given twice")
            elements[index] = k
    return {name: _column(name, elements, label) for name, elements in arrays.items()}


def _column(name: str, elements: Mapping[Index, int], label: str) -> Column:
    """Return the column of which these are the elements; UsageError unless they fill its shape."""
    ranks = {len(index) for index in elements}
    if len(ranks) > 1:
        axes = " and ".join(map(str, sorted(ranks)))
        raise UsageError(f"{label}: the columns of '{short(name)}' have indices of {axes} axes")
    shape = tuple(max(places) + 1 for places in zip(*elements, strict=True))
    if prod(shape) != len(elements):
        missing = next(index for k in range(prod(shape)) if (index := _index(k, shape)) not in elements)
        raise UsageError(f"{label}: '{short(name)}' lacks its column '{element_name(name, missing)}'")
    return Column(shape, [elements[_index(k, shape)] for k in range(len(elements))])


def _index(k: int, shape: Index) -> Index:
    return tuple(element(k, shape))


def element_name(name: str, index: Index) -> str:
    """Return the name of the column of one element: `W[0,1]`; the name itself for a number."""
    return f"{name}[{','.join(map(str, index))}]" if index else name
