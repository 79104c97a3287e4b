"""What a report says of an outcome: sentences, each with the place that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gradcalc.errors import GradcalcError, printable, render
from gradcalc.report.wording import claim
from gradcalc.suites.outcome import Outcome

ERROR = "error"


class Finding(NamedTuple):
    """A sentence about an outcome that did not pass.

    word     "fail", "undecided", "inaccurate" or "error"
    text     the sentence; of an error the lines below it too
    line     where it belongs in the outcome's file, from 1; 0 for no place
    column   from 1; 0 for the whole line
    """

    word: str
    text: str
    line: int = 0
    column: int = 0


def findings(outcome: Outcome) -> Iterator[Finding]:
    """Yield what kept an outcome from passing: an error, its claims that fail, or its reason."""
    if outcome.error is not None:
        yield Finding(ERROR, drawn(outcome.error), outcome.line)
        return
    bad = [found for found in outcome.claims if found.verdict != "pass"]
    for found in bad:
        yield Finding(
            found.verdict, printable(claim(found)), *outcome.places.get(found.name, (outcome.line, 0))
        )
    if not bad and outcome.verdict not in ("pass", None):
        yield Finding(str(outcome.verdict), printable(outcome.reason or str(outcome.verdict)), outcome.line)


def drawn(error: GradcalcError) -> str:
    """Return an error as it is drawn on a terminal, without the word in front."""
    return "\n".join(map(printable, render(error).removeprefix("error: ").splitlines()))


def file(outcome: Outcome) -> str:
    """Return the name of the file that an outcome stands in; nothing where it stands in none."""
    return "standard input" if outcome.file == "-" else outcome.file


def place(outcome: Outcome, line: int = 0) -> str:
    """Return where an outcome stands, `suite.toml:12`; nothing where it stands in no file."""
    line = line or outcome.line
    return f"{printable(file(outcome))}{f':{line}' if line else ''}" if outcome.file else ""
