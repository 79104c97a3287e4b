"""The reports of `check`: one file a format, loaded on use.

    findings   what a report says of an outcome: sentences with the place each belongs to

A format is a function from outcomes, their tally and `Options` to pieces of text. Outcomes come one by
one, and what can be written at once is; the tally has counted an outcome once it has passed by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradcalc.report import Options, loaded
from gradcalc.suites.outcome import Outcome, Tally

FORMATS: dict[str, str] = {
    "text": "gradcalc.report.suite.text:write",
    "github": "gradcalc.report.suite.github:write",
    "junit": "gradcalc.report.suite.junit:write",
    "json": "gradcalc.report.suite.json:write",
    "jsonl": "gradcalc.report.suite.jsonl:write",
}
"""Name of the format -> module:function."""

Writer = Callable[[Iterable[Outcome], Tally, Options], Iterable[str]]


def writer(name: str) -> Writer:
    """Return the function that writes a format."""
    found: Writer = loaded(FORMATS[name])
    return found
