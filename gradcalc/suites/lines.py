"""Where the keys of a TOML file stand: tomllib reads the values, but says nothing of their lines.

The scanner is no second reader. It is given texts that tomllib has read already, so it need not know
what is wrong with a text, nor what a value is: only where strings, brackets and keys begin and end.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gradcalc.errors import Span, UsageError

Path = tuple[str | int, ...]
"""The keys and the places in arrays that lead to a value: `("case", 0, "point", "x")`."""

TOKEN = re.compile(
    r'''
      (?P<string> """ (?: \\. | [^\\] )*? """ "{0,2}    # up to two quotes may end what is quoted
                | \'\'\' .*? \'\'\' '{0,2}
                | "   (?: \\. | [^"\\] )* "
                | '   [^']* ' )
    | (?P<word> [^\s\[\]{}=,."'\#]+ )
    | (?P<sign> [\[\]{}=,.\n] )
    | \# [^\n]*
    | [^\S\n]+
    ''',
    re.DOTALL | re.VERBOSE,
)


@dataclass
class _Frame:
    """Something open: the file itself, an inline table or an array."""

    path: Path
    opening: str = ""
    key: list[str] = field(default_factory=list)
    span: Span = field(default_factory=lambda: Span(0, 0))  # of the key
    valued: bool = False  # whether `=` has been met
    index: int = 0  # of an array's element

    @property
    def target(self) -> Path:
        """The path of the value that comes next."""
        return (*self.path, self.index) if self.opening == "[" else (*self.path, *self.key)

    def next(self) -> None:
        """Make ready for the next key or element."""
        self.key, self.valued = [], False
        self.index += 1


class _Scanner:
    """Finds keys in a stream of tokens."""

    def __init__(self) -> None:
        self.found: dict[Path, Span] = {}
        self.counts: dict[Path, int] = {}  # of the tables in each array of tables
        self.frames = [_Frame(())]
        self.header = ""  # the brackets of a header that is being read

    def take(self, kind: str | None, text: str, span: Span) -> None:
        frame = self.frames[-1]
        if frame.valued or frame.opening == "[":
            self._value(frame, kind, text, span)
        elif kind == "sign":
            self._between_keys(frame, text)
        elif kind:
            name: str = tomllib.loads(f"name = {text}")["name"] if kind == "string" else text
            frame.span = Span(frame.span.start, span.end) if frame.key else span
            frame.key.append(name)

    def _value(self, frame: _Frame, kind: str | None, text: str, span: Span) -> None:
        if kind != "sign":
            return
        if text in "[{":
            if text == "{":
                self.found.setdefault(frame.target, span)
            self.frames.append(_Frame(frame.target, text))
        elif text in "]}":
            self.frames.pop()
        elif text == "," or (text == "\n" and not frame.opening):
            frame.next()

    def _between_keys(self, frame: _Frame, sign: str) -> None:
        if sign == "=":
            self._record(frame.path, frame)
            frame.valued = True
        elif sign == "[":
            self.header += sign
        elif sign == "]" and self.header:
            self._open(frame)
        elif sign == "}":
            self.frames.pop()

    def _open(self, frame: _Frame) -> None:
        """Open the table that a header names; where it leads through arrays, their last table is meant."""
        path: Path = ()
        for depth, name in enumerate(frame.key, 1):
            path = (*path, name)
            self.found.setdefault(path, frame.span)
            if depth == len(frame.key) and self.header == "[[":
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
                self.found.setdefault(path, frame.span)
        self.header = ""
        frame.path = path
        frame.next()

    def _record(self, path: Path, frame: _Frame) -> None:
        for name in frame.key:
            path = (*path, name)
            self.found.setdefault(path, frame.span)


def spans(text: str) -> dict[Path, Span]:
    """Return where each key of a TOML text stands, and each table in an array; the text must be valid."""
    scanner = _Scanner()
    for token in TOKEN.finditer(text):
        scanner.take(token.lastgroup, token.group(), Span(*token.span()))
    return scanner.found


@dataclass(frozen=True)
class Place:
    """A place in a file: the value that a path leads to."""

    file: str
    text: str
    found: Mapping[Path, Span]
    path: Path = ()

    def at(self, *keys: str | int) -> Place:
        """Return the place of a value inside this one."""
        return Place(self.file, self.text, self.found, (*self.path, *keys))

    @property
    def span(self) -> Span | None:
        """Where the key stands, or the nearest one that it is inside of; None for the file itself."""
        paths = (self.path[:end] for end in range(len(self.path), 0, -1))
        return next((self.found[path] for path in paths if path in self.found), None)

    @property
    def position(self) -> tuple[int, int]:
        """The line and the column, from 1."""
        start = self.span.start if self.span else 0
        return line(self.text, start), start - self.text.rfind("\n", 0, start)

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.position[0]

    def error(self, message: str, hint: str = "") -> UsageError:
        """Return an error with its caret here."""
        return UsageError(message, source=self.text, span=self.span, hint=hint)


def line(text: str, offset: int) -> int:
    """Return the line, from 1, that an offset is in."""
    return bisect_left(_ends(text), offset) + 1


@lru_cache(maxsize=8)
def _ends(text: str) -> list[int]:
    """Return where the lines of a text end; places are asked for by the thousand."""
    return [found.start() for found in re.finditer("\n", text)]
