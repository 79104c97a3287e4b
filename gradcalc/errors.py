"""What can go wrong, where, and how to mend it.

    GradcalcError                      exit
    ├── UsageError                     2     options, files, points
    ├── ProgramSyntaxError             2     the text is not a program
    ├── NamingError                    2     unknown, missing, duplicate or recursive names
    ├── TooLargeError                  2     more nodes than --max-nodes
    ├── ShapeError                     2     shapes that do not fit
    ├── NumberError                    3
    │   ├── DomainError                3     log(-2), asin(2), atan2(0, 0)
    │   └── NotFiniteError             3     overflow, an infinite slope
    └── InternalError                  3     a bug, or a machine that is too small

Every error is a lower-case sentence, an optional place in a source text, and an optional hint
that holds the mended text. `render` draws all three.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

CONTEXT = 72
"""Columns of the source line that an error shows around its caret."""

LONGEST = 100
"""Letters of a name beyond which no near one is looked for, which would take the square of its length."""


class Span(NamedTuple):
    """Half-open range of character offsets, `text[start:end]`."""

    start: int
    end: int


class GradcalcError(Exception):
    """The root of every error a user can cause.

    `message` says what is wrong, `source` and `span` where, `hint` how to mend it.
    `kind` and `exit` are what scripts read (JSON errors, the exit status).
    """

    kind: ClassVar[str] = "error"
    exit: ClassVar[int] = 2

    def __init__(self, message: str, *, source: str = "", span: Span | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.span = span
        self.hint = hint


class UsageError(GradcalcError):
    """An option, an argument, a file or a point that cannot be used."""

    kind = "usage"


class ProgramSyntaxError(GradcalcError):
    """The text is not in the language."""

    kind = "syntax"


class NamingError(GradcalcError):
    """A name that is unknown, missing a value, assigned twice or defined by itself."""

    kind = "name"


class TooLargeError(GradcalcError):
    """The graph would have more nodes than allowed."""

    kind = "size"


class ShapeError(GradcalcError):
    """Two shapes do not fit together."""

    kind = "shape"


class NumberError(GradcalcError):
    """A number that is not finite reaches the output, or a gradient that was asked for."""

    kind = "number"
    exit = 3


class DomainError(NumberError):
    """A gate was asked for a value outside its domain."""

    kind = "domain"


class NotFiniteError(NumberError):
    """A value or a gradient overflowed or has no finite number."""

    kind = "not finite"


class InternalError(GradcalcError):
    """A bug in gradcalc, or a machine that is too small."""

    kind = "internal"
    exit = 3


def bug(error: BaseException) -> InternalError:
    """Return an error that nobody foresaw as one of ours."""
    if isinstance(error, MemoryError):
        return InternalError("not enough memory", hint="a smaller --max-nodes refuses large programs early")
    line = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "this is a bug in gradcalc, please report it; GRADCALC_DEBUG=1 shows where"
    return InternalError(f"internal error: {line}", hint=hint)


def render(error: GradcalcError) -> str:
    """Draw the error as people read it: sentence, source line with caret, hint."""
    lines = [f"error: {error.message}"]
    if error.span is not None:
        lines += draw_caret(error.source, error.span)
    if error.hint:
        lines.append(f"hint: {error.hint}")
    return "\n".join(lines)


def draw_caret(source: str, span: Span, context: int = CONTEXT) -> list[str]:
    """Return the source line around `span` and a line of carets below it, both indented by two."""
    start = min(span.start, len(source))
    line_start = max(source.rfind("\n", 0, start), source.rfind("\r", 0, start)) + 1
    line_end = min(source.find(end, start) % (len(source) + 1) for end in "\r\n")  # -1 is the text's end
    left = max(line_start, start - context // 2)
    right = min(line_end, max(start + 1, left + context))
    end = max(start + 1, min(span.end, right))
    before, cut_left = source[left:start], "…" if left > line_start else ""
    cut_right = "…" if right < line_end else ""
    shown = printable(source[left:right])
    indent = " " * width(cut_left + printable(before))
    carets = "^" * max(1, width(printable(source[start:end])))
    return [f"  {cut_left}{shown}{cut_right}", f"  {indent}{carets}"]


def printable(text: str) -> str:
    """Show blanks as spaces and control characters as `�`, so that columns can be counted."""
    return "".join(c if c.isprintable() else _blank(c) for c in text)


def _blank(c: str) -> str:
    """Return what an unprintable character is shown as: as many columns as `width` counts for it."""
    return " " * width(c) if c == "\t" or unicodedata.category(c) == "Zs" else "�"


def width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def suggest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, or None where nothing is near enough.

    Names differing in case alone come first; under three letters only one edit of a name of the
    same first letter counts. Ties go to a name that goes on where the other ends (`sinn` is `sin`
    rather than `sign`), then to the alphabetically first.
    """
    if not name or len(name) > LONGEST:
        return None
    candidates = sorted(set(known) - {name})
    for candidate in candidates:
        if candidate.lower() == name.lower():
            return candidate
    limit = 1 if len(name) < 6 else 2
    near = ((edit_distance(name, c, limit), c) for c in candidates if abs(len(c) - len(name)) <= limit)
    ranked = (
        (edits, not _goes_on(name, c), c) for edits, c in near if edits <= limit and _plausible(name, c)
    )
    return min(ranked, default=(0, False, None))[2]


def _goes_on(name: str, other: str) -> bool:
    """Tell whether one of two names is the beginning of the other."""
    return name.startswith(other) or other.startswith(name)


def _plausible(name: str, other: str) -> bool:
    """Tell whether an edit that turns one short name into another leaves anything of it."""
    return name[0] == other[0] if len(name) < 3 else bool(set(name) & set(other))


def edit_distance(a: str, b: str, limit: int) -> int:
    """Return the edits (insert, delete, replace, swap neighbours) from `a` to `b`, or more than `limit`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
