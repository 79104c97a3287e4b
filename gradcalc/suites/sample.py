"""A sample of the rows that doubles decide, to be judged in high precision all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcalc.batch.verdicts import Told, known
from gradcalc.batch.workings import Found
from gradcalc.suites.columns import Row, Rows
from gradcalc.suites.precise import Judged


class Sampled(NamedTuple):
    """A row that doubles decide.

    passed   what they say
    numbers  of each claim the number that doubles hold it against, and how far that may be off
    """

    row: Row
    passed: bool
    numbers: Mapping[str, tuple[Any, Any]]

    def objection(self, found: Judged) -> str:
        """Return what high precision has to say against doubles; nothing where they agree."""
        if found.error is not None:
            return f"float64 decides what has no value: {found.error.message}"
        if found.verdict != "undecided" and (found.verdict == "pass") != self.passed:
            fails, passes = ("high precision", "float64") if self.passed else ("float64", "high precision")
            return f"{fails} says that it fails, {passes} that it passes"
        return next(self._other_numbers(found), "")

    def _other_numbers(self, found: Judged) -> Iterator[str]:
        for name, (number, error) in self.numbers.items():
            reference = np.asarray(found.claims[name].reference, dtype=float)
            off = np.abs(number - reference) > error if reference.shape == number.shape else np.False_
            if off.any():
                ours, true = float(number[off].flat[0]), float(reference[off].flat[0])
                yield f"{name} is {ours!r} in float64, and {true!r} in high precision"


class Sample:
    """Rows drawn evenly from all that are offered, however many come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._random = np.random.default_rng(0)
        self._kept: list[tuple[float, Sampled]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Sampled]:
        return iter(sorted((sampled for _, sampled in self._kept), key=lambda sampled: sampled.row.number))

    def offer(self, rows: Rows, found: Found, told: Told) -> None:
        """Draw a number for each row that is decided, and keep the rows with the smallest."""
        places = np.flatnonzero(told.passed | told.failed)
        drawn = self._random.random(len(places))
        most = self._kept[-1][0] if len(self._kept) == self.size > 0 else 1.0
        for j in np.argsort(drawn)[: self.size]:
            if drawn[j] < most:
                k = int(places[j])
                sampled = Sampled(rows.row(k), bool(told.passed[k]), _numbers(found, rows.claims, k))
                self._kept.append((float(drawn[j]), sampled))
        self._kept = sorted(self._kept, key=lambda pair: pair[0])[: self.size]


def _numbers(found: Found, claims: Iterable[str], k: int) -> dict[str, tuple[Any, Any]]:
    of_row = found.at([k])
    truths = {name: known(of_row, name) for name in claims}
    return {name: (truth.number[0], truth.error[0]) for name, truth in truths.items()}
