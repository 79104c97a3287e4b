"""The lines of a file, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import IO

from gradcalc.errors import UsageError
from gradcalc.point.reading import cannot_read, decode, label

CHUNK = 1 << 22
"""Bytes that are read at once."""

LONGEST = 1 << 26
"""Bytes of a line, at most: what has no line so long is no table."""


class Lines:
    """The lines of an open file without their ends: taken many at once, or one by one.

    number  of the line that was taken last, from 1
    """

    def __init__(self, path: str, file: IO[bytes], start: bytes = b"") -> None:
        self.number = 0
        self._path, self._file, self._start = path, file, start
        self._chunks = self._decoded()
        self._waiting: list[str] = []
        self._at = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        lines = self.take(1)
        if not lines:
            raise StopIteration
        return lines[0]

    def take(self, most: int) -> list[str]:
        """Return the next lines, at most so many; none at the end."""
        if self._at == len(self._waiting):
            self._waiting, self._at = next(self._chunks, []), 0
        lines = self._waiting[self._at : self._at + most]
        self._at += len(lines)
        self.number += len(lines)
        return lines

    def first(self) -> str:
        """Return the next line that is not blank without taking it; nothing at the end."""
        for line in self:
            if line.strip():
                self._at -= 1
                self.number -= 1
                return line
        return ""

    def _decoded(self) -> Iterator[list[str]]:
        before = 0
        for data in self._whole_lines():
            lines = decode(data, label(self._path), before).removesuffix("\n").split("\n")
            before += len(lines)
            yield lines

    def _whole_lines(self) -> Iterator[bytes]:
        """Yield the file in pieces that end where a line does."""
        rest = b""
        for data in chain([self._start], iter(self._read, b"")):
            cut = data.rfind(b"\n") + 1
            if cut:
                yield rest + data[:cut]
                rest = data[cut:]
            else:
                rest += data
            if len(rest) > LONGEST:
                raise UsageError(f"{label(self._path)} has a line of more than {LONGEST >> 20} megabytes")
        if rest:
            yield rest

    def _read(self) -> bytes:
        try:
            return self._file.read(CHUNK)
        except (OSError, ValueError) as error:
            raise cannot_read(self._path, error) from None
