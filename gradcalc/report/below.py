"""What stands below the table: each gradient in one line, the verdict, kinks and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gradcalc.errors import printable
from gradcalc.gates.record import shape_of
from gradcalc.report import wording as say
from gradcalc.report.grid import Line, folded, width
from gradcalc.report.values import NOTE, in_rows
from gradcalc.result import Result, Verdict

FEW = 20
"""So many gradients are listed on a terminal."""

MARGIN = len("  ~ 17 digits, inaccurate")
"""What a line needs beyond its formula and number."""

ROOM = 16
"""Columns that an array has at least, however narrow the terminal."""


def below(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield all of it."""
    yield from gradients(result, columns, signs)
    yield from verdict(result, columns, signs)
    for claim in result.claims.values():
        text = f"{signs.marks[claim.verdict]} {say.claim(claim)}"
        yield from prose(text, columns, say.STYLES.get(claim.verdict, ""))
        if said := say.voices(claim):
            yield from prose(f"  {said}", columns, "dim")
    for found in result.kinks:
        yield []
        for line in say.kink(result, found):
            yield from prose(line, columns)
    for warning in result.warnings:
        yield from prose(f"warning: {printable(warning)}", columns)


def prose(text: str, columns: int | None, style: str = "") -> Iterator[Line]:
    """Yield a sentence; on a terminal it breaks between words, and goes on further in."""
    text = text if text.isprintable() else printable(text)
    if columns is None or width(text) <= columns:
        yield [(text, style)]
        return
    from textwrap import wrap

    indent = " " * (len(text) - len(text.lstrip()))
    for line in wrap(text, columns, subsequent_indent=indent + "  ", break_on_hyphens=False):
        yield [(line, style)]


def gradients(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield one line a gradient: `df/dx = z = -4   17 digits, pass`; matrices take one a row."""
    rows = list(islice(say.summary(result), None if columns is None else FEW + 1))
    label = max(width(row.label) for row in rows)
    texts = [_equation(row, label, columns, signs) for row in rows]
    widest = max(width(line) for lines in texts for line in lines)
    for row, (text, *others) in zip(rows, texts, strict=True):
        yield [(text + " " * (widest - width(text)), ""), _verdict(row.digits, row.verdict, signs)]
        yield from ([(line, "")] for line in others)
    if any(
        row.formula and f" = {row.formula} = " not in text
        for row, (text, *_) in zip(rows, texts, strict=True)
    ):
        shapes = " --shape NAME=2x3" if any(shape_of(row.value) for row in rows) else ""
        yield [(f"the formulas do not fit here: gradcalc diff PROGRAM{shapes} shows them", "dim")]
    if note := say.weighted(result):
        yield from prose(note, columns, "dim")
    if say.has_large(result, nodes=False):
        yield from prose(f"{NOTE}; --format json has every element", columns, "dim")
    if len(result.gradients) >= len(rows):
        yield [(f"and {len(result.gradients) - len(rows) + 1:,} more: --get NAME, --format json", "dim")]


def _equation(row: say.Row, label: int, columns: int | None, signs: say.Signs) -> list[str]:
    left = row.label + " " * (label - width(row.label)) + " = "
    whole = f"{left}{row.formula} = {row.number}"
    if row.formula and (columns is None or width(whole) + MARGIN <= columns):
        return [whole]
    if columns is None or not shape_of(row.value) or width(left + row.number) + MARGIN <= columns:
        return [left + row.number]
    room = max(columns - MARGIN - width(left), ROOM)
    first, *others = broken(row.number, room, signs.dots)
    return [left + first, *(" " * width(left) + line for line in others)]


def broken(array: str, columns: int, dots: str) -> list[str]:
    """Return an array on several lines, its rows below each other; rows too long for one go on further in."""
    lines = [(row, len(row) - len(row.lstrip(" ["))) for row in in_rows(array)]
    return [line for row, indent in lines for line in folded(row, columns, indent, dots)]


def _verdict(digits: str, found: Verdict | None, signs: say.Signs) -> tuple[str, str]:
    if found is None:
        return "", ""
    words = f"{digits} digits, {found}" if digits else found
    return f"{signs.marks[found]} {words}", say.STYLES.get(found, "")


def verdict(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield the verdict in all, and the reasons for what did not pass."""
    if result.check is None:
        yield [("not checked (--no-check)", "dim")]
        return
    found = result.check.verdict
    yield from prose(f"{signs.marks[found]} {say.verdict(result.check)}", columns, say.STYLES.get(found, ""))
    for reason in say.reasons(result):
        yield from prose(f"  {reason}", columns)
