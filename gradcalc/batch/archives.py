"""Archives: a .npz file, whose arrays have a row in each element of their first axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from gradcalc.batch.table import ROWS, Block, Choice
from gradcalc.errors import UsageError
from gradcalc.gates.record import shape_of
from gradcalc.point.arguments import canonical
from gradcalc.point.arrays import npz_columns, npz_names
from gradcalc.point.reading import short


class Archive:
    """A table that is a .npz file: an array a column.

    file  holds all of it
    """

    header = ""

    def __init__(self, file: IO[bytes], label: str) -> None:
        self.file, self._label = file, label
        self._written: dict[str, str] = {}
        for name in npz_names(file, label):
            if canonical(name) in self._written:
                raise UsageError(f"{label}: '{short(name)}' is given twice")
            self._written[canonical(name)] = name
        self.names = list(self._written)
        if not self.names:
            raise UsageError(f"{label} has no arrays", hint="np.savez(file, x=x, y=y) writes one")

    def blocks(self, wanted: Choice) -> Iterator[Block]:
        """Yield the rows, with the arrays that are wanted; the first one where none is, to count rows."""
        names = list(filter(wanted, self.names))
        asked = [self._written[name] for name in names or self.names[:1]]
        found = npz_columns(self.file, self._label, asked)
        columns = {name: found[self._written[name]] for name in names}
        rows = self._rows(asked, [shape_of(found[name]) for name in asked])
        for start in range(0, rows, ROWS):
            stop = min(start + ROWS, rows)
            some = {name: column[start:stop] for name, column in columns.items()}
            yield Block(some, range(start + 1, stop + 1))

    def _rows(self, names: list[str], shapes: list[tuple[int, ...]]) -> int:
        for name, shape in zip(names, shapes, strict=True):
            what = f"{self._label}: '{short(name)}'"
            if not shape:
                hint = "the first axis of each array counts the rows"
                raise UsageError(f"{what} is one number, not one a row", hint=hint)
            if shape[0] != shapes[0][0]:
                message = f"{what} has {shape[0]:,} rows, '{short(names[0])}' has {shapes[0][0]:,}"
                raise UsageError(message, hint="the first axis of each array counts the rows")
        return shapes[0][0]
