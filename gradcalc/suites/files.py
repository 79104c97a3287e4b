"""Suite files: TOML -> cases.

What is wrong with a suite is no reason to leave the rest unchecked: it becomes a case that holds its error.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gradcalc.errors import GradcalcError, Span, UsageError
from gradcalc.point.objects import parsed_toml
from gradcalc.point.reading import label, lower, read_text
from gradcalc.suites import schema
from gradcalc.suites.cases import Case, Settings
from gradcalc.suites.lines import Place, line, spans
from gradcalc.suites.written import Written

AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
"""Where tomllib says that a mistake is."""

ONE_LINE = "{…} stands in one line, without a comma at its end; or write [case.point] and a value a line"
HINTS = {
    "Invalid initial character for a key part": ONE_LINE,
    "Unclosed inline table": ONE_LINE,
    "Invalid value": 'a text stands in quotes: program = "x^2*y"',
    "Cannot overwrite a value": "a table has each key once; another case begins with [[case]]",
}
"""How tomllib's sentence begins -> what may be meant."""


def read(paths: Sequence[str], settings: Settings) -> Iterator[Case]:
    """Yield the cases of files and of all suites in folders, in their order; `-` is standard input.

    Raises UsageError for a file that there is not, before anything else is done.
    """
    for path in paths:
        if path != "-" and not os.path.exists(path):  # noqa: PTH110 - Path's raises for names that are too long
            raise UsageError(f"there is no file or folder {label(path)}")
    return (case for path in paths for case in _below(path, settings))


def _below(path: str, settings: Settings) -> Iterator[Case]:
    if path == "-" or not Path(path).is_dir():
        yield from _in_file(path, settings)
        return
    for file in sorted(Path(path).rglob("*.toml")):
        if not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield from _in_file(str(file), settings, listed=False)


def _in_file(path: str, settings: Settings, listed: bool = True) -> Iterator[Case]:
    """Yield the cases of a file; of one that was not listed by its name, none where it is no suite."""
    text = ""
    try:
        text = read_text(path)
        place = Place(path, text, {})
        data = _parsed(text, place)
        if not listed and not schema.is_suite(data):
            return
        place = Place(path, text, spans(text))
        schema.suite(data, place)
    except GradcalcError as error:
        yield Case(path, "", file=path, line=_line(error, text, 1), error=error)
        return
    for k, table in enumerate(data["case"]):
        here = place.at("case", k)
        try:
            schema.case(table, here)
            written = Written(data.get("defaults", {}), table, here, settings, k + 1)
            yield from written.cases() if settings.wants(written.name, written.tags) else ()
        except GradcalcError as error:
            name = table.get("name")
            yield Case(
                name if isinstance(name, str) else f"case {k + 1}", "", file=path,
                line=_line(error, text, here.line), error=error,
            )  # fmt: skip


def _line(error: GradcalcError, text: str, otherwise: int) -> int:
    """Return the line of an error in a suite's own text."""
    return line(text, error.span.start) if error.span and error.source is text else otherwise


def _parsed(text: str, place: Place) -> dict[str, Any]:
    name = label(place.file)
    try:
        return parsed_toml(text, name)
    except tomllib.TOMLDecodeError as error:
        what = AT.sub("", str(error))
        other = "rows of a table need --program PROGRAM" if place.file == "-" else ""
        hint = next((hint for begin, hint in HINTS.items() if what.startswith(begin)), other)
        span = _pointed(str(error), text)
        raise UsageError(f"{name} is not TOML: {lower(what)}", source=text, span=span, hint=hint) from None


def _pointed(message: str, text: str) -> Span:
    """Return where tomllib says that a mistake is."""
    found = AT.search(message)
    if found is None or found[1] is None:
        return Span(len(text.rstrip()), len(text.rstrip()) + 1)
    row, column = int(found[1]), int(found[2])
    start = sum(len(r) + 1 for r in text.split("\n")[: row - 1]) + column - 1
    return Span(start, start + 1)
