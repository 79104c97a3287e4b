"""The report for a person: a line an outcome, what is wrong below it, and the count at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.errors import printable
from gradcalc.report import Options
from gradcalc.report.below import prose
from gradcalc.report.grid import Line, paint
from gradcalc.report.suite.findings import ERROR, findings, place
from gradcalc.report.wording import ASCII, STYLES, UNICODE, Signs, claim
from gradcalc.suites.outcome import Outcome, Tally

INDENT = "    "

FEW = 20
"""So many that passed are listed."""


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:
    """Yield the report; the last line is the count: `12 passed, 1 failed`."""
    return paint(_report(outcomes, tally, options), options.colour)


def _report(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[Line]:
    signs = ASCII if options.ascii else UNICODE
    passed = more = 0
    for outcome in outcomes:
        notes = [*_notes(outcome)]
        passed += outcome.verdict == "pass"
        if outcome.verdict == "pass" and passed > FEW and not (notes or options.verbose):
            more += outcome.count
        else:
            yield from _lines(outcome, notes, options, signs)
    if more:
        yield [(f"and {more:,} more that passed (--verbose lists them)", "dim")]
    yield [(str(tally), "good" if tally.exit == 0 else "bad")]


def _lines(outcome: Outcome, notes: Iterable[str], options: Options, signs: Signs) -> Iterator[Line]:
    """Yield the lines about an outcome."""
    yield from prose(_title(outcome, signs), options.width, _style(outcome))
    for finding in findings(outcome):
        for line in finding.text.splitlines():
            yield from prose(INDENT + line, None if finding.word == ERROR else options.width)
    for note in notes:
        yield from prose(INDENT + printable(note), options.width)


def _notes(outcome: Outcome) -> Iterator[str]:
    """Yield what there is to say besides what is wrong: warnings, and what a pass owes to atol or a kink."""
    yield from (claim(found) for found in outcome.claims if found.verdict == "pass" and found.reason)
    if outcome.claims and outcome.reason:
        yield outcome.reason
    yield from outcome.notes
    yield from (f"warning: {warning}" for warning in outcome.warnings)


def _title(outcome: Outcome, signs: Signs) -> str:
    word = outcome.verdict or ERROR
    mark = signs.marks[outcome.verdict or "fail"]
    many = f" ({outcome.count:,} rows)" if outcome.count > 1 else ""
    where = place(outcome)
    return f"{mark} {word}: {printable(outcome.name)}{many}{f' ({where})' if where else ''}"


def _style(outcome: Outcome) -> str:
    return STYLES.get(outcome.verdict, "") if outcome.verdict else "bad"
