"""Tables: CSV and TSV, with a header or without, and numbers between blanks."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from gradcalc.errors import GradcalcError, UsageError
from gradcalc.graph import Value
from gradcalc.point.arguments import is_empty
from gradcalc.point.constants import constant, plain
from gradcalc.point.reading import choose, label, lower, read_text, short
from gradcalc.point.values import as_value


class Row(NamedTuple):
    """The cells of a line of a file."""

    line: int
    cells: list[str]


def rows(path: str, delimiter: str) -> list[Row]:
    """Return the rows of a file that are not empty."""
    reader = csv.reader(read_text(path).splitlines(), delimiter=delimiter, strict=True)
    try:
        return [Row(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        what = {",": "CSV", "\t": "TSV"}[delimiter]
        message = f"{label(path)} is not {what}: {lower(str(error))} in line {reader.line_num}"
        raise UsageError(message) from None


# A table as a point: names, and one row of values.


def point(path: str, delimiter: str) -> dict[str, Value]:
    """Return the point that a header and one row are."""
    found, name = rows(path, delimiter), label(path)
    if len(found) != 2:
        hint = "write a header with the names and one row of numbers"
        raise UsageError(f"{name} has {_height(found)}", hint=hint)
    header, row = found
    if len(header.cells) != len(row.cells):
        message = f"{name}: line {row.line} has {_count(row)} for {len(header.cells)} names"
        raise UsageError(message)
    return _cells(header.cells, row.cells, f"{name}, line {row.line}")


def _count(row: Row) -> str:
    return f"{len(row.cells)} {'cell' if len(row.cells) == 1 else 'cells'}"


def _height(found: Sequence[Row]) -> str:
    known = {0: "no rows", 1: "a header, but no row below it"}
    return known.get(len(found), f"{len(found) - 1} rows below its header")


def _cells(names: list[str], cells: list[str], where: str) -> dict[str, Value]:
    point: dict[str, Value] = {}
    for name, cell in zip(names, cells, strict=True):
        if name in point:
            raise UsageError(f"{where}: '{name}' is given twice")
        if not name:
            continue  # the numbers of the rows, as spreadsheets and pandas write them
        if is_empty(cell):
            raise UsageError(f"{where}: '{name}' is '{short(cell)}': it has no value")
        try:
            point[name] = constant(cell)
        except GradcalcError as error:
            message = f"{where}: '{name}' is '{short(cell)}': {error.message}"
            raise UsageError(message, hint=separators([cell]) or error.hint) from None
    return point


# A table as one value: a matrix, a column or row of it as a vector, a single cell as a number.


def value(path: str, delimiter: str, key: str | None) -> Value:
    """Return the numbers of a table, or those below the name `key` of its header."""
    found, name = rows(path, delimiter), label(path)
    if not found:
        raise UsageError(f"{name} has no rows", hint="write one row of numbers a line")
    if key is None and not has_header(found[0], name):
        return _squeezed(_numbers(found, name))
    header, body = found[0].cells, found[1:]
    if not body:
        raise UsageError(f"{name} has {_height(found)}")
    if key is None:
        named = [k for k, text in enumerate(header) if text]  # the others number rows, as pandas does
    else:
        chosen = choose(name, "column", key, [text for text in header if text])
        if header.count(chosen) > 1:
            raise UsageError(f"{name} has {header.count(chosen)} columns '{chosen}'")
        named = [header.index(chosen)]
    return _squeezed(_numbers(body, name, len(header), named))


def has_header(first: Row, label: str) -> bool:
    """Whether the first row of a table holds names rather than numbers; UsageError where it holds both."""
    texts = [k for k, cell in enumerate(first.cells) if cell and not is_number(cell)]
    if not texts:
        return False
    hint = separators(first.cells)
    if hint or any(map(is_number, first.cells)):
        raise _no_number(first, texts[0], label, hint or "a header holds names alone")
    return True


def is_number(cell: str) -> bool:
    """Whether a cell is a number, be it nan or infinite."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(
    found: Sequence[Row], label: str, width: int | None = None, columns: Sequence[int] | None = None
) -> list[list[float]]:
    """Return the numbers in these columns, in all of them by default, of rows that are `width` cells wide."""
    width = len(found[0].cells) if width is None else width
    columns = range(width) if columns is None else columns
    table = []
    for row in found:
        if len(row.cells) != width:
            hint = separators(row.cells) or "all rows have one length"
            message = f"{label}: line {row.line} has {_count(row)}, the first row has {width}"
            raise UsageError(message, hint=hint)
        numbers = [plain(row.cells[k]) for k in columns]
        for k, number in zip(columns, numbers, strict=True):
            if number is None or not isfinite(number):
                raise _no_number(row, k, label, separators(row.cells))
        table.append([number for number in numbers if number is not None])
    return table


def _no_number(row: Row, k: int, label: str, hint: str = "") -> UsageError:
    """Return the error for a cell that is no finite number."""
    cell, place = row.cells[k], f"{label}, line {row.line}, column {k + 1}"
    if not cell:
        return UsageError(f"{place}: the cell is empty", hint=hint)
    what = "a finite number" if is_number(cell) else "a number"
    return UsageError(f"{place}: '{short(cell)}' is not {what}", hint=hint)


def separators(cells: Sequence[str]) -> str:
    """Return what to write where cells or digits are separated by other signs than expected."""
    text = "".join(cells)
    if ";" in text:
        return "separate cells by commas, not by semicolons, and write 1.5, not 1,5"
    if "\t" in text:
        return "cells are separated by tabs: name the file .tsv"
    comma = next((cell for cell in cells if "," in cell and is_number(cell.replace(",", "."))), None)
    return f"write {comma.replace(',', '.')}" if comma else ""


def _squeezed(table: list[list[float]]) -> Value:
    """Return a table as an array; a row or a column is a vector, and a single cell a number."""
    if len(table) == 1 or len(table[0]) == 1:
        vector = [number for row in table for number in row]
        return vector[0] if len(vector) == 1 else as_value("", vector)
    return as_value("", table)


# Numbers between blanks, as np.savetxt writes them.


def is_matrix(text: str) -> bool:
    """Whether a text is rows of numbers, rather than an expression."""
    found = _lines(text)
    return bool(found) and all(map(is_number, found[0].cells)) and len(found) * len(found[0].cells) > 1


def matrix(text: str, label: str) -> Value:
    """Return the numbers of a text; UsageError for one row that is a difference or sum as well."""
    found = _lines(text)
    first = found[0].cells
    if len(found) == 1 and all(cell[0] in "+-" for cell in first[1:]):
        hint = f"write [{', '.join(first)}] or ({''.join(first)})"
        raise UsageError(f"{label}: '{short(' '.join(first))}' is {len(first)} numbers or one", hint=hint)
    return _squeezed(_numbers(found, label))


def _lines(text: str) -> list[Row]:
    parts = (Row(line, text.partition("#")[0].split()) for line, text in enumerate(text.split("\n"), 1))
    return [row for row in parts if row.cells]
