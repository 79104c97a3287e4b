"""What stands below the table: each gradient in one line, the verdict, kinks and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gradcalc.errors import printable
from gradcalc.report import wording as say
from gradcalc.report.grid import Line, width
from gradcalc.result import Result, Verdict

FEW = 20
"""So many gradients are listed on a terminal."""

MARGIN = len("  ~ 17 digits, inaccurate")
"""What a line needs beyond its formula and number."""

STYLES: dict[Verdict, str] = {"pass": "good", "fail": "bad"}


def below(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield all of it."""
    yield from gradients(result, columns, signs)
    yield from verdict(result, columns, signs)
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
    """Yield one line a gradient: `df/dx = z = -4   17 digits, pass`."""
    rows = list(islice(say.summary(result), None if columns is None else FEW + 1))
    label = max(width(name) for name, *_ in rows)
    texts = [_equation(row, label, columns) for row in rows]
    widest = max(map(width, texts))
    for (*_, digits, found), text in zip(rows, texts, strict=True):
        yield [(text + " " * (widest - width(text)), ""), _verdict(digits, found, signs)]
    if any(row[1] and f" = {row[1]} = " not in text for row, text in zip(rows, texts, strict=True)):
        yield [("the formulas do not fit here: gradcalc diff PROGRAM shows them", "dim")]
    if len(result.gradients) >= len(rows):
        yield [(f"and {len(result.gradients) - len(rows) + 1:,} more: --get NAME, --format json", "dim")]


def _equation(row: say.Row, label: int, columns: int | None) -> str:
    name, formula, number = row[:3]
    left = name + " " * (label - width(name))
    whole = f"{left} = {formula} = {number}"
    fits = formula and (columns is None or width(whole) + MARGIN <= columns)
    return whole if fits else f"{left} = {number}"


def _verdict(digits: str, found: Verdict | None, signs: say.Signs) -> tuple[str, str]:
    if found is None:
        return "", ""
    words = f"{digits} digits, {found}" if digits else found
    return f"{signs.marks[found]} {words}", STYLES.get(found, "")


def verdict(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield the verdict in all, and the reasons for what did not pass."""
    if result.check is None:
        yield [("not checked (--no-check)", "dim")]
        return
    found = result.check.verdict
    yield from prose(f"{signs.marks[found]} {say.verdict(result.check)}", columns, STYLES.get(found, ""))
    for reason in say.reasons(result):
        yield from prose(f"  {reason}", columns)
