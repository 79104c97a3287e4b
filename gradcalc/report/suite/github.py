"""Annotations for GitHub's workflows, and the summary of a step.

A step may make 10 errors and 10 warnings that are shown; of more, the last one says how many there are.
Source: docs.github.com, "Workflow commands" and "Usage limits", read in 2026.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gradcalc.errors import printable
from gradcalc.point.reading import short
from gradcalc.report import Options
from gradcalc.report.suite.findings import Finding, findings, place
from gradcalc.suites.outcome import Outcome, Tally

MOST = 10
"""Annotations of a kind that a step may make."""

LISTED = 200
"""Rows of the summary's table."""

MARKUP = r"&<>|*_`[]\~#@!:"
"""Letters that mean something in GitHub's Markdown; a colon makes an address or an emoji."""


LONGEST = 2_000
"""Letters of a message, at most: an annotation may have 64 kilobytes, a summary a megabyte."""


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield an annotation a finding, and the count at the end; what decides the exit code is an error."""
    made: Counter[str] = Counter()
    for outcome in outcomes:
        for finding in findings(outcome):
            command = "error" if outcome.exit(tally.strict) else "warning"
            made[command] += 1
            if made[command] < MOST:
                yield _annotation(command, outcome, finding)
    for command, count in made.items():
        if count >= MOST:
            more = count - MOST + 1
            yield f"::{command} title=gradcalc::{more} more: the step's summary lists them\n"
    yield f"{tally}\n"


def _annotation(command: str, outcome: Outcome, finding: Finding) -> str:
    in_file = outcome.file not in ("", "-")
    places = {
        "file": outcome.file if in_file else "",
        "line": finding.line if in_file and finding.line else "",
        "col": finding.column if in_file and finding.column else "",
        "title": f"{finding.word}: {outcome.name}",
    }
    given = ",".join(f"{name}={_property(str(x))}" for name, x in places.items() if x)
    return f"::{command} {given}::{_data(short(finding.text, LONGEST))}\n"


def _data(text: str) -> str:
    """Return a message as a workflow command takes it."""
    return "%0A".join(printable(line).replace("%", "%25") for line in text.splitlines())


def _property(text: str) -> str:
    """Return a property, in which colons and commas have a meaning too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(outcomes: Iterable[Outcome], tally: Tally) -> Iterator[str]:
    """Yield the step's summary in Markdown: the count, and a table of what did not pass."""
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    yield f"### gradcalc check: {tally}\n"
    if rows:
        yield "\n| verdict | case | where | what |\n|---|---|---|---|\n"
        yield from rows[:LISTED]
    if len(rows) > LISTED:
        yield f"\nand {len(rows) - LISTED:,} more\n"


def _rows(outcome: Outcome) -> Iterator[str]:
    for finding in findings(outcome):
        cells = (finding.word, outcome.name, place(outcome, finding.line), short(finding.text, LONGEST))
        yield f"| {' | '.join(map(_cell, cells))} |\n"


def _cell(text: str) -> str:
    """Return a text as a cell of a Markdown table, in which nothing is markup."""
    return "<br>".join(map(_plain, text.splitlines()))


def _plain(text: str) -> str:
    return "".join(f"&#{ord(letter)};" if letter in MARKUP else letter for letter in printable(text))
