"""Running: case -> outcome, one after the other or in several processes."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from time import perf_counter

from gradcalc.claims.names import GRADIENT
from gradcalc.errors import GradcalcError
from gradcalc.language import parse
from gradcalc.loading import LOADED, load
from gradcalc.pipeline import compute
from gradcalc.result import Claim, Result, worst
from gradcalc.suites.cases import Case
from gradcalc.suites.outcome import Outcome

CHUNK = 16
"""Cases that a process is given at a time."""

AHEAD = 4
"""Chunks for each process that are under way or done, at most, before their turn to be told."""


def run(
    cases: Iterable[Case], jobs: int = 1, fail_fast: bool = False, strict: bool = False
) -> Iterator[Outcome]:
    """Yield the outcome of each case, in the order of the cases; `fail_fast` ends with the first failure.

    `jobs` is the number of processes. What is no GradcalcError is a bug, and is raised.
    """
    outcomes = map(run_case, cases) if jobs == 1 else _in_processes(cases, jobs)
    for outcome in outcomes:
        yield outcome
        if fail_fast and outcome.exit(strict):
            return


def _in_processes(cases: Iterable[Case], jobs: int) -> Iterator[Outcome]:
    # What a process would import is imported here, before it is forked where the system forks.
    import gradcalc.check.arrays  # noqa: F401

    rest = iter(cases)
    chunks = iter(lambda: list(islice(rest, CHUNK)), [])
    files = [loaded.file for loaded in LOADED.values()]
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(files,))
    try:
        waiting: deque[Future[list[Outcome]]] = deque(
            pool.submit(_run_chunk, chunk) for chunk in islice(chunks, AHEAD * jobs)
        )
        while waiting:
            yield from waiting.popleft().result()
            waiting.extend(pool.submit(_run_chunk, chunk) for chunk in islice(chunks, 1))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin(files: Sequence[str]) -> None:
    """Load the files of gates, where this process is no copy of one that has them.

    Ctrl-C ends it at once, without a word: the process that told it what to do says it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for file in files if not LOADED else ():
        load(file)


def _run_chunk(cases: Sequence[Case]) -> list[Outcome]:
    return [run_case(case) for case in cases]


def run_case(case: Case) -> Outcome:
    """Return what came of a case: what kept it from being checked is in the outcome.

    Where it fails, it is run again with the closed form, so that the right formula can be told.
    """
    start = perf_counter()
    outcome = _checked(case)
    if outcome.verdict == "fail" and not case.closed_form:
        outcome = _checked(replace(case, closed_form=True))
    return replace(outcome, seconds=perf_counter() - start)


def _checked(case: Case) -> Outcome:
    outcome = Outcome(case.name, None, case.program, case.file, case.line, error=case.error)
    if case.error is not None:
        return outcome
    try:
        if case.point is None and parse(case.program).variables:
            return _for_all_points(case, outcome)
        return _told(case, outcome, _computed(case))
    except GradcalcError as error:
        return replace(outcome, line=_line(case, error), reason=_at(case), error=error)


def _computed(case: Case) -> Result:
    return compute(
        case.program, case.point, wrt=case.wrt, rtol=case.terms.rtol, atol=case.terms.atol,
        precision=case.terms.precision, closed_form=case.closed_form, claims=case.claims,
        upstream=case.upstream, seed=case.seed,
    )  # fmt: skip


def _for_all_points(case: Case, outcome: Outcome) -> Outcome:
    """Return what came of formulas that are claimed for all points."""
    from gradcalc.claims.symbolic import judge_formulas

    formulas = {name: str(text) for name, text in case.claims.items()}
    claims = judge_formulas(parse(case.program), formulas, case.wrt or [], case.seed)
    return replace(_with_claims(case, outcome, list(claims.values())))


def _told(case: Case, outcome: Outcome, result: Result) -> Outcome:
    """Return the outcome of a case that was computed."""
    assert result.check is not None, "the check was asked for"
    outcome = replace(outcome, warnings=result.warnings)
    if case.claims:
        formulas = {GRADIENT + name: entry.formula for name, entry in result.check.gradients.items()}
        return _with_claims(case, outcome, list(result.claims.values()), formulas)
    entries = result.check.gradients.items()
    reasons = [f"df/d{name}: {entry.reason}" for name, entry in entries if entry.reason]
    told = [result.check.reason, *reasons] if result.check.verdict != "pass" else []
    return replace(outcome, verdict=result.check.verdict, reason=_sentences(*told, _at(case)) if told else "")


def _with_claims(
    case: Case, outcome: Outcome, claims: Sequence[Claim], formulas: dict[str, str | None] | None = None
) -> Outcome:
    """Return the outcome of a case by its claims: it stands in the line of the first that is as bad as it."""
    verdict = worst([claim.verdict for claim in claims])
    if verdict == "pass":
        return replace(outcome, verdict=verdict, claims=claims)
    bad = [claim.name for claim in claims if claim.verdict == verdict]
    known = [(name, formula) for name in bad if (formula := (formulas or {}).get(name))]
    right = [f"df/d{name.removeprefix(GRADIENT)} = {formula}" for name, formula in known]
    line, reason = case.lines.get(bad[0], case.line), _sentences(*right, _at(case))
    return replace(outcome, verdict=verdict, claims=claims, line=line, reason=reason)


def _at(case: Case) -> str:
    """Return how to get to a point again that was drawn."""
    return case.note and f"at {case.note}"


def _line(case: Case, error: GradcalcError) -> int:
    """Return the line of an error: that of the program, where it is about a place in it."""
    return case.lines.get("program", case.line) if error.source == case.program else case.line


def _sentences(*texts: str) -> str:
    return "; ".join(filter(None, texts))
