"""JSON lines: an object a line, whose values are numbers and nested lists of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from gradcalc.batch.lines import Lines
from gradcalc.batch.table import ROWS, Block, Choice
from gradcalc.claims.names import is_claim
from gradcalc.errors import UsageError
from gradcalc.graph import Value
from gradcalc.point.arguments import canonical
from gradcalc.point.objects import decoded
from gradcalc.point.reading import short
from gradcalc.point.values import NOT_FINITE, convert, describe, flattened

EXACT = 2**53
"""All whole numbers up to it are doubles."""

OBJECT = 'write an object a line: {"x": 1, "y": [2, 3]}'

Record = Mapping[str, Any]


class Objects:
    """A table that has an object a line, all of the same names."""

    header = ""

    def __init__(self, lines: Lines, label: str) -> None:
        self._lines, self._label = lines, label
        first = lines.first()
        if not first:
            raise UsageError(f"{label} is empty", hint=OBJECT)
        self._first = self._record(first, lines.number + 1).keys()
        self._shapes: dict[str, tuple[int, ...]] = {}
        self.names = [canonical(name) for name in self._first]
        for k, name in enumerate(self.names):
            if name in self.names[:k]:
                raise UsageError(
                    f"{label}: '{short(name)}' is given twice", hint="two spellings are one name"
                )

    def blocks(self, wanted: Choice) -> Iterator[Block]:
        """Yield the rows, with the values that are wanted."""
        names = {name: self.names[k] for k, name in enumerate(self._first) if wanted(self.names[k])}
        while lines := self._lines.take(ROWS):
            start = self._lines.number - len(lines) + 1
            numbers = [number for number, line in enumerate(lines, start) if line.strip()]
            texts = [lines[number - start] for number in numbers]
            records = [self._record(*both) for both in zip(texts, numbers, strict=True)]
            for number, record in zip(numbers, records, strict=True):
                if record.keys() != self._first:
                    self._refuse_others(record, number, names, wanted)
            if records:
                columns = {
                    name: self._column(name, [record[key] for record in records], numbers)
                    for key, name in names.items()
                }
                yield Block(columns, numbers, texts)

    def _where(self, number: int) -> str:
        return f"{self._label}, line {number}"

    def _record(self, text: str, number: int) -> Record:
        found = decoded(text, self._label, number - 1)
        if not isinstance(found, dict):
            message = f"{self._where(number)} holds {describe(found)}, not an object"
            raise UsageError(message, hint=OBJECT)
        return found

    def _refuse_others(self, record: Record, number: int, names: Mapping[str, str], wanted: Choice) -> None:
        """Raise UsageError for a wanted name that a row lacks, or that the first row lacks."""
        for name in names:
            if name not in record:
                raise UsageError(f"{self._where(number)} has no '{short(name)}'")
        for name in record:
            if name not in self._first and wanted(canonical(name)):
                raise UsageError(f"{self._where(number)} has '{short(name)}', which the first row lacks")

    def _column(self, name: str, values: list[Any], numbers: Sequence[int]) -> Any:
        """Return the values of a name, one a row, as an array."""
        column = stacked(values)
        if column is None:
            converted = [self._value(name, *both) for both in zip(values, numbers, strict=True)]
            for value, number in zip(converted, numbers, strict=True):
                self._refuse_shape(name, np.shape(value), number)
            return np.array(converted)
        self._refuse_shape(name, column.shape[1:], numbers[0])
        return column

    def _value(self, name: str, x: Any, number: int) -> Value:
        what = f"{self._where(number)}: '{short(name)}'"
        if x is None and is_claim(name):
            return np.full(self._shapes.get(name, ()), np.nan)[()]  # what --each writes for no value
        if x is None:
            raise UsageError(f"{what} has no value: it is null")
        if isinstance(x, str):
            return convert(what, NOT_FINITE.get(x, x), truths=False)
        if isinstance(x, list) and (flat := flattened(what, x)):
            shape, leaves = flat
            leaves = [NOT_FINITE.get(leaf, leaf) if isinstance(leaf, str) else leaf for leaf in leaves]
            return np.reshape(convert(what, leaves, truths=False), shape)
        return convert(what, x, truths=False)

    def _refuse_shape(self, name: str, shape: tuple[int, ...], number: int) -> None:
        first = self._shapes.setdefault(name, shape)
        if shape != first:
            what = f"{self._where(number)}: '{short(name)}'"
            raise UsageError(f"{what} has the shape {shape}, in the first row {first}")


def stacked(values: list[Any]) -> Any:
    """Return numbers, or nested lists of one shape, as one array; None where anything else is among them."""
    shape = [len(values)]
    while set(map(type, values)) == {list}:
        lengths = set(map(len, values))
        if len(lengths) > 1:
            return None
        shape += lengths
        values = list(chain.from_iterable(values))
    kinds = set(map(type, values))
    if not kinds <= {float, int} or (int in kinds and any(abs(x) > EXACT for x in values if type(x) is int)):
        return None
    return np.array(values, dtype=np.float64).reshape(shape)
