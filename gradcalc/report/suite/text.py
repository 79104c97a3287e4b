"""The report for a person: a line an outcome, what is wrong below it, and the count at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.errors import printable
from gradcalc.report import Options
from gradcalc.report.below import prose
from gradcalc.report.grid import Line, paint
from gradcalc.report.suite.findings import ERROR, findings, place
from gradcalc.report.wording import ASCII, STYLES, UNICODE, Signs
from gradcalc.suites.outcome import Outcome, Tally

INDENT = "    "


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:
    """Yield the report; the last line is the count: `12 passed, 1 failed`."""
    signs = ASCII if options.ascii else UNICODE
    for outcome in outcomes:
        yield from paint(_lines(outcome, options, signs), options.colour)
    style = "good" if tally.exit == 0 else "bad"
    yield from paint([[(str(tally), style)]], options.colour)


def _lines(outcome: Outcome, options: Options, signs: Signs) -> Iterator[Line]:
    """Yield the lines about an outcome."""
    yield from prose(_title(outcome, signs), options.width, _style(outcome))
    for finding in findings(outcome):
        for line in finding.text.splitlines():
            yield from prose(INDENT + line, None if finding.word == ERROR else options.width)
    for warning in outcome.warnings:
        yield from prose(f"{INDENT}{printable(warning)}", options.width)


def _title(outcome: Outcome, signs: Signs) -> str:
    word = outcome.verdict or ERROR
    mark = signs.marks[outcome.verdict or "fail"]
    many = f" ({outcome.count:,} rows)" if outcome.count > 1 else ""
    where = place(outcome)
    return f"{mark} {word}: {printable(outcome.name)}{many}{f' ({where})' if where else ''}"


def _style(outcome: Outcome) -> str:
    return STYLES.get(outcome.verdict, "") if outcome.verdict else "bad"
