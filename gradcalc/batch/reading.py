"""Reading tables: CSV, TSV, JSON lines and npz, from a file or standard input, in blocks of rows.

    with opened("points.csv") as table:
        for block in table.blocks(): ...

A table is never in memory whole, but for the arrays of a .npz.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, NamedTuple

from gradcalc.batch.lines import CHUNK, Lines
from gradcalc.batch.table import Block, Choice, Reader
from gradcalc.claims.names import is_claim
from gradcalc.errors import UsageError
from gradcalc.point.reading import cannot_read, label, short

SUFFIXES = {"csv": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "npz": "npz"}
"""The letters behind the last dot of a file's name -> its format."""

FORMATS = ("csv", "tsv", "jsonl", "npz")

ARCHIVE = b"PK\x03\x04"
"""How a zip file begins."""


def every(name: str) -> bool:  # noqa: ARG001 - it is the same for all
    """Whether a column is wanted: each is."""
    return True


class Table(NamedTuple):
    """A table that is open for reading.

    label   what errors call it
    format  csv, tsv, jsonl or npz
    reader  that of its format
    """

    label: str
    format: str
    reader: Reader

    def blocks(self, wanted: Choice = every, infinite: Choice = is_claim) -> Iterator[Block]:
        """Yield the rows in blocks.

        wanted    the columns that are read; the others may hold anything
        infinite  the columns that may have nan and infinities: claims, as kernels print them

        Raises UsageError for what is no row of numbers, with its line and the name of the column.
        """
        for block in self.reader.blocks(wanted):
            for name in block.columns:
                if not infinite(name):
                    self._require_finite(name, block)
            yield block

    def _require_finite(self, name: str, block: Block) -> None:
        from numpy import flatnonzero, isfinite

        column = block.columns[name]
        finite = isfinite(column)
        if not finite.all():
            row = flatnonzero(~finite.reshape(len(block), -1).all(axis=1))[0]
            number = column[row][~finite[row]].flat[0]
            where = f"{self.label}, {self.unit} {block.lines[row]}"
            raise UsageError(f"{where}: '{short(name)}' is {number}, not a finite number")

    @property
    def unit(self) -> str:
        """What `lines` of a block count."""
        return "row" if self.format == "npz" else "line"


@contextmanager
def opened(path: str, format: str | None = None) -> Iterator[Table]:  # noqa: A002 - what users call it
    """Open a table, `-` on standard input; its name says what it is, or its beginning where that does not.

    Raises UsageError for a file that cannot be read, or whose names are wrong.
    """
    with _file(path) as file:
        start = _begin(path, file)
        found = format or named(path) or detected(start)
        yield Table(label(path), found, READERS[found](path, file, start))


def blocks(
    path: str,
    format: str | None = None,  # noqa: A002 - what users call it
    wanted: Choice = every,
    infinite: Choice = is_claim,
) -> Iterator[Block]:
    """Yield the rows of a table in blocks: what `Table.blocks` yields of the table that `opened` opens."""
    with opened(path, format) as table:
        yield from table.blocks(wanted, infinite)


@contextmanager
def _file(path: str) -> Iterator[IO[bytes]]:
    from pathlib import Path

    if not path:
        raise UsageError("the name of the file with the rows is empty")
    if path == "-":
        if sys.stdin is None:
            raise UsageError("cannot read standard input: it is closed")
        yield sys.stdin.buffer
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below; what is done with it has its own errors
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None
    with file:
        yield file


def _begin(path: str, file: IO[bytes]) -> bytes:
    try:
        return file.read(CHUNK)
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None


def named(path: str) -> str | None:
    """Return the format that a file's name tells; None where it tells none."""
    return SUFFIXES.get(path.rpartition(".")[2].lower()) if "." in path else None


def detected(start: bytes) -> str:
    """Return the format of a table that begins so: an archive, an object or list, names with tabs, or CSV."""
    if start.startswith(ARCHIVE):
        return "npz"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):  # a list is none, and is told what to write
        return "jsonl"
    return "tsv" if b"\t" in text.partition(b"\n")[0] else "csv"


def _delimited(delimiter: str) -> Callable[[str, IO[bytes], bytes], Reader]:
    def reader(path: str, file: IO[bytes], start: bytes) -> Reader:
        from gradcalc.batch.delimited import Delimited

        return Delimited(Lines(path, file, start), delimiter, label(path))

    return reader


def _objects(path: str, file: IO[bytes], start: bytes) -> Reader:
    from gradcalc.batch.objects import Objects

    return Objects(Lines(path, file, start), label(path))


def _archive(path: str, file: IO[bytes], start: bytes) -> Reader:
    from gradcalc.batch.archives import Archive

    return Archive(BytesIO(start + file.read()), label(path))


READERS: dict[str, Callable[[str, IO[bytes], bytes], Reader]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "jsonl": _objects,
    "npz": _archive,
}
"""Format -> how an open file of it is read, of which the beginning was read already."""
