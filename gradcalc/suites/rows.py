"""Rows of claims: a table from a kernel in any language, checked row by row against a program.

Doubles decide most rows, as arrays. What they cannot decide is judged in high precision, and so is a
sample of the rest, which proves that doubles are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from gradcalc.batch.table import Block
from gradcalc.batch.verdicts import Told, as_printed, known, tell
from gradcalc.batch.workings import Found, Workings
from gradcalc.claims import judge, printed
from gradcalc.claims.diagnosis import Fit, common
from gradcalc.claims.judge import Terms
from gradcalc.claims.names import GRADIENT, differentiated
from gradcalc.claims.precision import FORMATS
from gradcalc.errors import GradcalcError, InternalError, NumberError, UsageError
from gradcalc.graph import Value
from gradcalc.pipeline import evaluate, start_of
from gradcalc.result import UNKNOWN, Claim, Result, Verdict, worst
from gradcalc.shapes import infer
from gradcalc.suites.columns import Columns, Row, Rows
from gradcalc.suites.outcome import Outcome

SAMPLE = 100
"""Rows that doubles decide and that are judged in high precision all the same."""

SHOWN = 10
"""Rows of a verdict that are told one by one; those beyond are counted."""


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

    Raises UsageError where there is nothing to check, for columns that mean nothing, and the errors of
    a text that is no program.
    """
    start, checking = perf_counter(), None
    for block in blocks:
        if checking is None:
            columns = Columns(program, list(block.columns), shared or {}, ignore, seed)
            checking = _Checking(columns, terms or Terms(), sample, shown)
        checking.take(block)
    rows = 0 if checking is None else checking.rows
    if checking is None or not rows:
        raise UsageError("there are no rows, so that nothing was checked", hint="did what writes them fail?")
    if least is not None and rows < least:
        raise UsageError(f"there are {rows:,} rows, fewer than {least:,}", hint="did what writes them fail?")
    for outcome in checking.outcomes():
        seconds = perf_counter() - start if outcome.notes else 0.0
        yield replace(outcome, program=program, file=file, seconds=seconds)


class _Judged(NamedTuple):
    """A row that was judged in high precision; without a verdict where an error kept it from being."""

    row: Row
    verdict: Verdict | None
    claims: Mapping[str, Claim] = {}
    result: Result | None = None
    error: GradcalcError | None = None


class _Sampled(NamedTuple):
    """A row that doubles decide: whether it passed, and of each claim the number and how far it may be off."""

    row: Row
    passed: bool
    numbers: Mapping[str, tuple[Any, Any]]


@dataclass
class _Printed:
    """Rows that fail, but are right in the digits that they are printed with."""

    rows: int = 0
    rtol: float = 0.0  # would accept all of them

    def add(self, needed: Any) -> None:
        """Count rows by the tolerance that each needs, infinite where none would do."""
        finite = needed[np.isfinite(needed)]
        self.rows += len(finite)
        self.rtol = max(self.rtol, float(finite.max(initial=0.0)))


@dataclass
class _More:
    """Rows of a verdict beyond those that are told one by one."""

    rows: int = 0
    line: int = 0

    def add(self, rows: int, line: int) -> None:
        self.line = self.line or line
        self.rows += rows


class _Sample:
    """Rows drawn evenly from all that are offered, however many come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = np.random.default_rng(0)
        self.kept: list[tuple[float, _Sampled]] = []

    def offer(self, rows: Rows, found: Found, told: Told) -> None:
        """Keep the rows with the smallest of the numbers that are drawn for each."""
        places = np.flatnonzero(told.passed | told.failed)
        drawn = self.random.random(len(places))
        most = self.kept[-1][0] if len(self.kept) == self.size else 1.0
        for j in np.argsort(drawn)[: self.size]:
            if drawn[j] < most:
                k = int(places[j])
                sampled = _Sampled(rows.row(k), bool(told.passed[k]), _numbers(found, rows.claims, k))
                self.kept.append((float(drawn[j]), sampled))
        self.kept = sorted(self.kept, key=lambda pair: pair[0])[: self.size]


def _numbers(found: Found, claims: Iterable[str], k: int) -> dict[str, tuple[Any, Any]]:
    """Return what doubles say a row's claims are about, and by how much that may be off."""
    all_rows = {name: known(found, name) for name in claims}
    return {name: (of.number[k], of.error[k]) for name, of in all_rows.items()}


class _Checking:
    """A check of rows, block by block."""

    def __init__(self, columns: Columns, terms: Terms, sample: int, shown: int) -> None:
        self.columns, self.terms, self.shown = columns, terms, shown
        self.wrt = differentiated(columns.claims)
        self.workings: Workings | None = None
        self.upstream: Value = None
        self.rows = self.precise = self.at_kinks = self.by_atol = 0
        self.counts: Counter[Verdict | None] = Counter()
        self.told: list[_Judged] = []
        self.more: dict[Verdict | None, _More] = {}
        self.sample = _Sample(sample)
        self.printed = _Printed()
        self.disputed: list[Outcome] = []
        self.diagnoses: Mapping[str, str] = {}

    # Block by block.

    def take(self, block: Block) -> None:
        """Check the rows of a block."""
        if not len(block):
            return
        rows = self.columns.sort(block, self.rows + 1)
        if not self.rows:
            self._begin(rows.row(0))
        self.rows += len(block)
        if self.workings is None:
            for k in range(len(block)):
                self._settle(rows.row(k))
            return
        found = self.workings.run({**rows.point, **rows.claims}, rows.upstream, FORMATS[self.terms.precision])
        told = tell(found, rows.claims, self.terms)
        self._count(rows, told)
        self.printed.add(as_printed(found, rows.claims, self.terms, np.flatnonzero(told.failed)))
        self.sample.offer(rows, found, told)

    def _begin(self, row: Row) -> None:
        """Make ready for rows whose values have the shapes of the first."""
        graph = self.columns.graph
        shape = infer(graph, row.point)[graph.output]
        if not self.wrt and row.upstream is None:
            self.upstream = np.ones(shape) if shape else None
        else:
            start_of(graph, shape, row.upstream)
        self.workings = Workings.of(graph, row.point, self.wrt, row.upstream)

    def _count(self, rows: Rows, told: Told) -> None:
        """Count the rows that doubles decide, and settle the others and the first few that fail."""
        self.counts["pass"] += int(told.passed.sum())
        self.by_atol += int(told.excused.sum())
        failed = np.flatnonzero(told.failed)
        one_by_one = max(0, self.shown - self.counts["fail"])
        unsure = np.flatnonzero(~(told.passed | told.failed))
        for k in sorted([*unsure.tolist(), *failed[:one_by_one].tolist()]):
            row = rows.row(k)
            if told.failed[k]:
                self._confirm(row)
            else:
                self.precise += 1
                self._settle(row)
        rest = failed[one_by_one:]
        if len(rest):
            self.counts["fail"] += len(rest)
            self.more.setdefault("fail", _More()).add(len(rest), int(rows.lines[int(rest[0])]))

    # Row by row.

    def judged(self, row: Row, closed_form: bool = False) -> _Judged:
        """Judge a row in high precision."""
        upstream = self._upstream(row)
        try:
            result = evaluate(
                self.columns.graph, row.point, wrt=self.wrt, rtol=self.terms.rtol, atol=self.terms.atol,
                upstream=upstream, closed_form=closed_form,
            )  # fmt: skip
            claims = judge.verdicts(result, row.point, row.claims, terms=self.terms, upstream=upstream)
        except NumberError as error:
            return _Judged(row, None, error=error)
        return _Judged(row, worst([claim.verdict for claim in claims.values()]), claims, result)

    def _upstream(self, row: Row) -> Value:
        return self.upstream if row.upstream is None else row.upstream

    def _settle(self, row: Row) -> None:
        """Judge a row that doubles cannot decide."""
        found = self.judged(row)
        self._add(found)
        if found.verdict == "fail":
            bad = [claim for claim in found.claims.values() if claim.verdict == "fail"]
            if all(claim.hint for claim in bad):
                self.printed.add(np.array([max(claim.relative_error or 0.0 for claim in bad)]))

    def _confirm(self, row: Row) -> None:
        """Judge a row that fails in doubles, so that it can be told."""
        found = self.judged(row)
        self._add(found)
        if found.verdict == "pass":
            self._dispute(row, "float64 says that it fails, high precision that it passes")

    def _add(self, found: _Judged) -> None:
        """Count a row by its verdict, and keep it where it is to be told."""
        self.counts[found.verdict] += 1
        if found.verdict == "pass":
            self.at_kinks += bool(found.result and found.result.kinks)
            self.by_atol += any(judge.ATOL_ALONE in claim.reason for claim in found.claims.values())
        elif self.counts[found.verdict] <= self.shown:
            self.told.append(found)
        else:
            self.more.setdefault(found.verdict, _More()).add(1, found.row.line)

    def _dispute(self, row: Row, what: str) -> None:
        hint = "this is a bug in gradcalc, please report it; no verdict on these rows is certain"
        error = InternalError(f"internal error: {what}", hint=hint)
        self.disputed.append(Outcome(f"row {row.number}", None, line=row.line, error=error))

    # At the end.

    def outcomes(self) -> list[Outcome]:
        """Return what came of all rows, and how it was found out."""
        self._prove()
        found = [*self._one_by_one(), *self._others(), *self.disputed]
        passed = self.counts["pass"]
        if passed:
            found.append(Outcome("the other rows" if found else "all rows", "pass", count=passed))
        found[-1] = replace(found[-1], notes=[*self._notes()])
        return found

    def _prove(self) -> None:
        """Judge the sample in high precision, and hold doubles against it."""
        for _, sampled in self.sample.kept:
            found = self.judged(sampled.row)
            if found.error is not None:
                self._dispute(sampled.row, f"float64 decides what has no value: {found.error.message}")
            elif found.verdict == "undecided" and sampled.passed:
                self.counts["pass"] -= 1
                self._add(found)
            elif found.verdict != "undecided" and (found.verdict == "pass") != sampled.passed:
                words = ("fails", "passes") if sampled.passed else ("passes", "fails")
                self._dispute(
                    sampled.row, f"high precision says that it {words[0]}, float64 that it {words[1]}"
                )
            else:
                self._compare(sampled, found)

    def _compare(self, sampled: _Sampled, found: _Judged) -> None:
        """Hold the numbers of doubles against the references."""
        for name, (number, error) in sampled.numbers.items():
            reference = np.asarray(found.claims[name].reference, dtype=float)
            if reference.shape == number.shape and np.any(np.abs(number - reference) > error):
                self._dispute(sampled.row, f"float64 has {name} {number}, high precision {reference}")

    # What is told.

    def _one_by_one(self) -> Iterator[Outcome]:
        """Yield the rows that are told one by one, with the mistake that fits them all where there is one."""
        told = sorted(self.told, key=lambda found: found.row.number)
        failed = [found for found in told if found.verdict == "fail"]
        fits = {found.row.number: self._fits(found) for found in failed}
        self.diagnoses = common(list(fits.values()))
        hints = self._hints()
        for found in told:
            claims = found.claims
            if found.verdict == "fail":
                claims = judge.with_diagnosis(claims, self._diagnosis(fits[found.row.number]))
                claims = {name: _hinted(claim, hints) for name, claim in claims.items()}
            yield Outcome(
                f"row {found.row.number}", found.verdict, line=found.row.line, claims=list(claims.values()),
                reason=self._right(found) if failed[:1] == [found] else "", error=found.error,
                warnings=[] if found.result is None else found.result.warnings,
                finished=found.result is None or found.result.check is None or found.result.check.finished,
            )  # fmt: skip

    def _fits(self, found: _Judged) -> dict[str, list[Fit]]:
        """Return the mistakes that fit a row."""
        assert found.result is not None, "what fails was computed"
        row = found.row
        return judge.mistakes(found.result, row.point, found.claims, self.terms, self._upstream(row))

    def _diagnosis(self, fits: dict[str, list[Fit]]) -> dict[str, str]:
        """Return the diagnoses of a row: what fits all rows goes before what fits it alone."""
        own = common([fits])
        shared = {name: text for name, text in self.diagnoses.items() if text != UNKNOWN}
        return {name: shared.get(name, text) for name, text in own.items()}

    def _hints(self) -> Iterator[str]:
        """Yield the option that would accept all rows which are right as far as they are printed: once."""
        if self.printed.rows:
            others = self.printed.rows - 1
            more = f" and {others:,} other row{'s' if others > 1 else ''}" if others else ""
            yield f"{printed.option(self.printed.rtol)} would accept it{more}"

    def _right(self, found: _Judged) -> str:
        """Return the formulas of the gradients that are wrong in a row."""
        result = self.judged(found.row, closed_form=True).result
        wrong = [name for name, claim in found.claims.items() if claim.verdict == "fail"]
        entries = {} if result is None or result.check is None else result.check.gradients
        formulas = {GRADIENT + name: entry.formula for name, entry in entries.items() if entry.formula}
        told = [(name.removeprefix(GRADIENT), formulas[name]) for name in wrong if name in formulas]
        return "; ".join(f"df/d{name} = {formula}" for name, formula in told)

    def _others(self) -> Iterator[Outcome]:
        """Yield what stands for the rows that are not told one by one."""
        for verdict, more in self.more.items():
            reason = ""
            if verdict == "fail":
                named = {n: text for n, text in self.diagnoses.items() if text != UNKNOWN}
                told = [f"{GRADIENT}{name}: {text}" for name, text in named.items()]
                reason = "; ".join([*told, f"in the {self.shown} rows before"]) if told else ""
            if verdict is None:
                error = NumberError(
                    f"{more.rows:,} more rows have no value or gradient, from line {more.line} on"
                )
                yield Outcome("more rows", None, line=more.line, error=error, count=more.rows)
            else:
                text = f"{more.rows:,} more rows, from line {more.line} on"
                yield Outcome(
                    "more rows",
                    verdict,
                    line=more.line,
                    reason=f"{text}{': ' if reason else ''}{reason}",
                    count=more.rows,
                )

    def _notes(self) -> Iterator[str]:
        """Yield how the rows were checked, and what those that pass owe to a kink or a tolerance."""
        drawn = len(self.sample.kept)
        if self.workings is None:
            yield f"{self.rows:,} rows in high precision, one by one: the program has no form for float64"
        else:
            unsure = f"{self.precise:,} of them and " if self.precise else ""
            yield f"{self.rows:,} rows in float64, {unsure}a sample of {drawn} in high precision"
        if self.at_kinks:
            yield f"valid subgradients at kinks: {self.at_kinks:,} rows"
        if self.by_atol:
            yield f"within atol {self.terms.atol:g} alone: {self.by_atol:,} rows"


def _hinted(claim: Claim, hints: Iterator[str]) -> Claim:
    """Return a claim whose own hint has given way to that of all rows, or to none."""
    return replace(claim, hint=next(hints, "")) if claim.hint else claim
