"""Rows of claims: a table from a kernel in any language, checked row by row against a program.

Doubles decide most rows, as arrays. What they cannot decide is judged in high precision, and so is a
sample of the rest, which proves that doubles are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from gradcalc.batch.table import Block
from gradcalc.batch.verdicts import Told, as_printed, tell
from gradcalc.batch.workings import Workings
from gradcalc.claims import judge, printed
from gradcalc.claims.diagnosis import common
from gradcalc.claims.judge import Terms
from gradcalc.claims.names import GRADIENT
from gradcalc.claims.precision import FORMATS
from gradcalc.errors import InternalError, NumberError, UsageError
from gradcalc.graph import Value
from gradcalc.result import UNKNOWN, Claim, Verdict
from gradcalc.suites.columns import Columns, Row, Rows
from gradcalc.suites.outcome import Outcome
from gradcalc.suites.precise import Judged, Judging
from gradcalc.suites.sample import Sample

SAMPLE = 100
"""Rows that doubles decide and that are judged in high precision all the same."""

SHOWN = 10
"""Rows of a verdict that are told one by one; those beyond are counted."""

Settled = Callable[[int], object]

CRASHED = "what writes them may have ended early"


def check_rows(
    program: str,
    blocks: Iterable[Block],
    terms: Terms | None = None,
    *,
    file: str = "",
    shared: Mapping[str, Value] | None = None,
    ignore: Collection[str] = (),
    least: int | None = None,
    seed: Any = 0,
    sample: int = SAMPLE,
    shown: int = SHOWN,
    settled: Settled = lambda rows: None,  # noqa: ARG005 - who does not ask is not told
) -> Iterator[Outcome]:
    """Yield what came of the rows: each that is wrong, undecided or an error, and at last all that pass.

    program  text in the language
    blocks   the rows; columns are named as in `claims.names`: a variable, `value`, `grad_NAME`, `upstream`
    terms    what claims are held to
    file     where the rows stand, for reports
    shared   what holds for all rows, named as columns are
    ignore   columns that mean nothing here
    least    fewer rows than these are an error
    seed     where the program's own rand and randn begin
    sample   how many of the rows that doubles decide are judged in high precision all the same
    shown    how many rows of a verdict are told one by one
    settled  is told how many rows more have a verdict, while they are checked

    Nothing is yielded before the end, when it is known what the rows have in common. Raises UsageError
    where there is nothing to check and for columns that mean nothing, ShapeError where shapes do not fit,
    and the errors of a text that is no program.
    """
    start = perf_counter()
    columns = checking = None
    for block in blocks:
        if columns is None:
            columns = Columns(program, list(block.columns), shared or {}, ignore, seed)
        if len(block):
            rows = columns.sort(block, 1 + (checking.rows if checking else 0))
            checking = checking or _Checking(
                columns, rows.row(0), terms or Terms(), Sample(sample), _Ledger(shown, settled)
            )
            checking.take(rows)
    if checking is None:
        raise UsageError("there are no rows, so that nothing was checked", hint=CRASHED)
    if least is not None and checking.rows < least:
        are = "is" if checking.rows == 1 else "are"
        raise UsageError(f"there {are} {_rows(checking.rows)}, fewer than {least:,}", hint=CRASHED)
    for outcome in checking.outcomes():
        seconds = perf_counter() - start if outcome.notes else 0.0
        yield replace(outcome, program=program, file=file, seconds=seconds)


def _rows(count: int, which: str = "") -> str:
    return f"{count:,} {which}row{'' if count == 1 else 's'}"


@dataclass
class _Printed:
    """Rows that fail, but are right in the digits that they are printed with.

    rows  how many
    rtol  the relative tolerance that would accept all of them
    """

    rows: int = 0
    rtol: float = 0.0

    def add(self, needed: Any) -> None:
        """Count rows by the tolerance that each needs, infinite where none would do."""
        finite = needed[np.isfinite(needed)]
        self.rows += len(finite)
        self.rtol = max(self.rtol, float(finite.max(initial=0.0)))

    def hints(self) -> Iterator[str]:
        """Yield what a failing claim is told, once for all rows."""
        if self.rows:
            more = f" and {_rows(self.rows - 1, 'other ')}" if self.rows > 1 else ""
            yield f"{printed.option(self.rtol)} would accept it{more}"


@dataclass
class _More:
    """Rows of a verdict beyond those that are told one by one, and the line of the first."""

    rows: int = 0
    line: int = 0

    def add(self, rows: int, line: int) -> None:
        self.line = self.line or line
        self.rows += rows


@dataclass
class _Ledger:
    """What came of rows so far.

    shown     how many rows of a verdict are told one by one
    settled   is told of rows that are counted
    counts    verdict -> rows, None for errors
    told      the rows that are told one by one
    more      verdict -> the rows that are not
    at_kinks  rows that pass by a subgradient
    by_atol   rows that pass by the absolute tolerance alone
    no_value  rows that pass because the program has no value there and none is claimed
    printed   rows that fail for want of printed digits
    disputed  what high precision has against doubles
    """

    shown: int
    settled: Settled
    counts: Counter[Verdict | None] = field(default_factory=Counter)
    told: list[Judged] = field(default_factory=list)
    more: dict[Verdict | None, _More] = field(default_factory=dict)
    at_kinks: int = 0
    by_atol: int = 0
    no_value: int = 0
    printed: _Printed = field(default_factory=_Printed)
    disputed: list[Outcome] = field(default_factory=list)

    def count(self, verdict: Verdict | None, rows: int) -> None:
        """Count rows."""
        self.counts[verdict] += rows
        self.settled(rows)

    def add(self, found: Judged) -> None:
        """Count a row that was judged, and keep it where it is to be told."""
        self.count(found.verdict, 1)
        if found.verdict == "pass":
            self.no_value += found.has_no_value
            self.at_kinks += any(np.isnan(claim.reference).any() for claim in found.claims.values())
            self.by_atol += any(judge.ATOL_ALONE in claim.reason for claim in found.claims.values())
        elif self.counts[found.verdict] <= self.shown:
            self.told.append(found)
        else:
            self.add_more(found.verdict, 1, found.row.line)

    def add_more(self, verdict: Verdict | None, rows: int, line: int) -> None:
        """Note rows that are not told one by one."""
        self.more.setdefault(verdict, _More()).add(rows, line)

    def dispute(self, row: Row, what: str) -> None:
        """Note that high precision objects to what doubles say."""
        hint = "this is a bug in gradcalc, please report it; no verdict on these rows is certain"
        error = InternalError(f"internal error: {what}", hint=hint)
        self.disputed.append(Outcome(f"row {row.number}", None, line=row.line, error=error))


class _Checking:
    """A check of rows, block by block."""

    def __init__(self, columns: Columns, first: Row, terms: Terms, sample: Sample, ledger: _Ledger) -> None:
        self.terms, self.sample, self.ledger = terms, sample, ledger
        self.judging = Judging(columns, terms, first)
        self.workings = Workings.of(columns.graph, first.point, self.judging.wrt, first.upstream)
        self.rows = self.unsure = 0

    def take(self, rows: Rows) -> None:
        """Check rows."""
        self.rows += len(rows.lines)
        if self.workings is None:
            for k in range(len(rows.lines)):
                self._settle(rows.row(k))
            return
        columns = {**rows.claims, **rows.point}  # claims say how many rows a program without variables has
        found = self.workings.run(columns, rows.upstream, FORMATS[self.terms.precision])
        told = tell(found, rows.claims, self.terms)
        self._count(rows, told)
        self.sample.offer(rows, found, told)
        failed = np.flatnonzero(told.failed)
        claims = {name: column[failed] for name, column in rows.claims.items()}
        self.ledger.printed.add(as_printed(found.at(failed), claims, self.terms))

    def _count(self, rows: Rows, told: Told) -> None:
        """Count the rows that doubles decide; settle the others, and confirm the first few that fail."""
        ledger = self.ledger
        ledger.count("pass", int(told.passed.sum()))
        ledger.by_atol += int(told.excused.sum())
        unsure, failed = np.flatnonzero(~(told.passed | told.failed)), np.flatnonzero(told.failed)
        room = max(0, ledger.shown - ledger.counts["fail"])
        self.unsure += len(unsure)
        for k in sorted([*unsure.tolist(), *failed[:room].tolist()]):
            if told.failed[k]:
                self._confirm(rows.row(k))
            else:
                self._settle(rows.row(k))
        rest = failed[room:]
        if len(rest):
            ledger.count("fail", len(rest))
            ledger.add_more("fail", len(rest), int(rows.lines[int(rest[0])]))

    def _settle(self, row: Row) -> None:
        """Judge a row that doubles do not decide."""
        found = self.judging.judged(row)
        self.ledger.add(found)
        if found.wrong and all(map(printed.is_excused, found.wrong)):
            self.ledger.printed.add(np.array([max(claim.relative_error or 0.0 for claim in found.wrong)]))

    def _confirm(self, row: Row) -> None:
        """Judge a row that fails in doubles, so that it can be told."""
        found = self.judging.judged(row)
        self.ledger.add(found)
        if found.verdict != "fail":
            what = f"float64 says that it fails, high precision that it is {found.verdict or 'an error'}"
            self.ledger.dispute(row, what)

    # At the end.

    def outcomes(self) -> list[Outcome]:
        """Return what came of all rows, and at the end how it was found out."""
        self._prove()
        ledger = self.ledger
        found = [*_Telling(ledger, self.judging).outcomes(), *ledger.disputed]
        passed = ledger.counts["pass"]
        if passed:
            found.append(Outcome("the other rows" if found else "all rows", "pass", count=passed))
        found[-1] = replace(found[-1], notes=[*self._notes()])
        return found

    def _prove(self) -> None:
        """Judge the sample in high precision, and hold doubles against it."""
        for sampled in self.sample:
            found = self.judging.judged(sampled.row)
            objection = sampled.objection(found)
            if objection:
                self.ledger.dispute(sampled.row, objection)
            elif sampled.passed and found.verdict == "undecided":
                self.ledger.count("pass", -1)
                self.ledger.add(found)

    def _notes(self) -> Iterator[str]:
        """Yield how the rows were checked, and what those that pass owe to a kink or a tolerance."""
        if self.workings is None:
            yield f"{_rows(self.rows)} in high precision, one by one: the program has no form for float64"
        else:
            unsure = f"{self.unsure:,} of them and " if self.unsure else ""
            yield f"{_rows(self.rows)} in float64, {unsure}a sample of {len(self.sample)} in high precision"
        if self.ledger.at_kinks:
            yield f"a valid subgradient at a kink: {_rows(self.ledger.at_kinks)}"
        if self.ledger.no_value:
            yield f"no value, and none claimed: {_rows(self.ledger.no_value)}"
        if self.ledger.by_atol:
            yield f"within atol {self.terms.atol:g} alone: {_rows(self.ledger.by_atol)}"


class _Telling:
    """What is told of the rows that do not pass."""

    def __init__(self, ledger: _Ledger, judging: Judging) -> None:
        self.ledger, self.judging = ledger, judging
        self.told = sorted(ledger.told, key=lambda found: found.row.number)
        failed = [found for found in self.told if found.verdict == "fail"]
        self.first = failed[0] if failed else None
        self.fits = {found.row.number: judging.mistakes(found) for found in failed}
        found = common(list(self.fits.values()))
        self.shared = {name: text for name, text in found.items() if text != UNKNOWN}
        self.hints = ledger.printed.hints()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the rows that are told one by one, and what stands for the others."""
        yield from map(self._row, self.told)
        for verdict, more in self.ledger.more.items():
            yield self._others(verdict, more)

    def _row(self, found: Judged) -> Outcome:
        claims = self._diagnosed(found) if found.verdict == "fail" else found.claims
        formulas = self.judging.formulas(found) if found is self.first else {}
        return Outcome(
            f"row {found.row.number}", found.verdict, line=found.row.line, claims=list(claims.values()),
            reason="; ".join(f"df/d{name} = {formula}" for name, formula in formulas.items()),
            error=found.error, warnings=found.result.warnings if found.result else (),
            finished=found.finished,
        )  # fmt: skip

    def _diagnosed(self, found: Judged) -> dict[str, Claim]:
        """Return a row's claims with their diagnoses: what fits all rows goes before what fits it alone."""
        own = common([self.fits[found.row.number]])
        told = {name: self.shared.get(name, text) for name, text in own.items()}
        claims = judge.with_diagnosis(found.claims, told)
        return {name: self._hinted(claim) for name, claim in claims.items()}

    def _hinted(self, claim: Claim) -> Claim:
        """Return a claim whose own hint has given way to that of all rows, or to none."""
        return replace(claim, hint=next(self.hints, "")) if printed.is_excused(claim) else claim

    def _others(self, verdict: Verdict | None, more: _More) -> Outcome:
        """Return what stands for the rows of a verdict that are not told one by one."""
        where = f"{_rows(more.rows, 'more ')}, from line {more.line} on"
        if verdict is None:
            error = NumberError(f"{where}: no value or no gradient")
            return Outcome("more rows", None, line=more.line, error=error, count=more.rows)
        told = (
            [f"{GRADIENT}{name}: {text}" for name, text in self.shared.items()] if verdict == "fail" else []
        )
        reason = f"{where}; in those above {'; '.join(told)}" if told else where
        return Outcome("more rows", verdict, line=more.line, reason=reason, count=more.rows)
