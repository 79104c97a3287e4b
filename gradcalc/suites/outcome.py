"""What came of one case at one point, of a row, or of a gate: every report of `check` is written from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gradcalc.errors import GradcalcError
from gradcalc.result import Claim, Verdict

Word = Literal["passed", "failed", "inaccurate", "undecided", "errors"]

WORDS: dict[Verdict | None, Word] = {
    "pass": "passed",
    "fail": "failed",
    "inaccurate": "inaccurate",
    "undecided": "undecided",
    None: "errors",
}
"""Verdict -> how many of it are counted, in the order of the last line."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a case, a row, or a gate.

    name     "sigmoid neuron", "sigmoid neuron, point 2", "row 17", "gate relu"
    verdict  None where an error kept it from being checked
    program  the text, shortened by nobody
    file     where it stands, and the line; "" and 0 where it stands in no file
    claims   the verdicts on its claims
    places   name of a claim -> the line and column where it stands in the file, both from 1
    reason   why it is no pass, in a sentence; of a case with claims, those of the claims say more
    error    what kept it from being checked
    warnings sentences for people, kinks among them
    notes    of many rows, how they were checked, and what those that pass owe to a kink or a tolerance
    seconds  how long it took
    count    how many rows it stands for: those that pass come by the thousand
    finished whether precision was enough to settle it
    """

    name: str
    verdict: Verdict | None
    program: str = ""
    file: str = ""
    line: int = 0
    claims: Sequence[Claim] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    reason: str = ""
    error: GradcalcError | None = None
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    seconds: float = 0.0
    count: int = 1
    finished: bool = True

    def exit(self, strict: bool = False) -> int:
        """Return the exit code: 2 for what is no program, 1 for a failure, 3 for what is not settled."""
        if self.error is not None:
            return self.error.exit
        if self.verdict == "fail":
            return 1
        return 3 if self.verdict != "pass" and (strict or not self.finished) else 0


@dataclass
class Tally:
    """How many passed, failed, and so on, and the exit code of all."""

    strict: bool = False
    counts: Counter[Word] = field(default_factory=Counter)
    exits: set[int] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[WORDS[outcome.verdict]] += outcome.count
        self.exits.add(outcome.exit(self.strict))

    @property
    def exit(self) -> int:
        """The first of 2, 1, 3, 0 that any outcome has."""
        return next((code for code in (2, 1, 3) if code in self.exits), 0)

    def words(self) -> dict[str, int]:
        """Return how many there are of each word, in the order of the last line."""
        return {word: self.counts[word] for word in WORDS.values()}

    def __str__(self) -> str:
        """Return the last line of a report: `12 passed, 1 failed`."""
        told = [f"{count} {_counted(word, count)}" for word, count in self.words().items() if count]
        return ", ".join(told) or "0 passed"


def _counted(word: str, count: int) -> str:
    return word.removesuffix("s") if count == 1 else word


def tally(outcomes: Iterable[Outcome], strict: bool = False) -> Tally:
    """Return the count of outcomes."""
    found = Tally(strict)
    for outcome in outcomes:
        found.add(outcome)
    return found
