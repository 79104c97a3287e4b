"""Running: case -> outcome, one after the other or in several processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from time import perf_counter

from gradcalc.claims.names import GRADIENT, UPSTREAM, VALUE, nothing_to_claim
from gradcalc.errors import GradcalcError, InternalError, NamingError, ShapeError, bug
from gradcalc.language import parse
from gradcalc.loading import LOADED, load, told
from gradcalc.pipeline import compute
from gradcalc.point.reading import lower
from gradcalc.result import Claim, Result, worst
from gradcalc.suites.cases import Case
from gradcalc.suites.outcome import Outcome


def run(cases: Iterable[Case], jobs: int = 1) -> Iterator[Outcome]:
    """Return the outcome of each case, in the order of the cases; `jobs` is the number of processes."""
    return map(run_case, cases) if jobs == 1 else _in_processes(cases, jobs)


def _in_processes(cases: Iterable[Case], jobs: int) -> Iterator[Outcome]:
    # What a process would import is imported here, before it is forked where the system forks.
    import gradcalc.check.arrays
    import gradcalc.claims.judge  # noqa: F401
    from gradcalc.suites.processes import in_order

    files = [loaded.file for loaded in LOADED.values()]
    yield from in_order(partial(_run_with, files), cases, jobs, _lost)


def _run_with(files: Sequence[str], case: Case) -> Outcome:
    """Return what came of a case; in a process that is no copy of the first one, load the gates before."""
    for file in files if not LOADED else ():
        load(file)
    return run_case(case)


def _lost(case: Case, code: int) -> Outcome:
    """Return the outcome of a case that the process died of."""
    how = signal.strsignal(-code) if code < 0 else f"exit code {code}"
    error = InternalError(f"the process that checked it died: {lower(str(how))}")
    return Outcome(case.name, None, case.program, case.file, case.line, error=error)


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
        line, error = _blamed(case, error)
        return replace(outcome, line=line, reason=_at(case), error=error)
    except Exception as error:
        if os.environ.get("GRADCALC_DEBUG"):
            raise
        return replace(outcome, reason=_at(case), error=told(error) or bug(error))


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
    graph = parse(case.program, seed=deepcopy(case.seed))
    claims = judge_formulas(graph, formulas, None, case.seed, case.terms, upstream=case.upstream)
    return _with_claims(case, outcome, list(claims.values()))


def _told(case: Case, outcome: Outcome, result: Result) -> Outcome:
    """Return the outcome of a case that was computed."""
    assert result.check is not None, "the check was asked for"
    outcome = replace(outcome, warnings=result.warnings, finished=result.check.finished)
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
    line, _ = case.places.get(bad[0], (case.line, 0))
    return replace(
        outcome, verdict=verdict, claims=claims, line=line, places=case.places,
        reason=_sentences(*right, _at(case)),
    )  # fmt: skip


def _at(case: Case) -> str:
    """Return how to get to a point again that was drawn."""
    return case.note and f"at {case.note}"


def _blamed(case: Case, error: GradcalcError) -> tuple[int, GradcalcError]:
    """Return the line of what an error is about, and the error in the light of that."""
    if error.span is not None and error.source == case.program and case.text_line:
        return case.text_line + error.source.count("\n", 0, error.span.start), error
    name, error = _named(case, error)
    # The hint of the command line names an option that suites have not.
    error.hint = error.hint.replace("--upstream VALUE", "upstream = VALUE in its point")
    line, _ = case.places.get(name, (case.line, 0))
    return line, error


def _named(case: Case, error: GradcalcError) -> tuple[str, GradcalcError]:
    """Return what an error is about, `program`, `wrt` or a name in claims or point, and the error."""
    if error.span is not None:
        texts = {"program": case.program, **case.claims}
        about = (name for name, text in texts.items() if isinstance(text, str) and text == error.source)
        return next(about, ""), error
    if isinstance(error, ShapeError) and case.upstream is not None:
        return UPSTREAM, error
    if not isinstance(error, NamingError):
        return "", error
    graph = parse(case.program, case.point)
    known = [*graph.variables, *graph.named]
    for claimed in case.claims:
        if claimed != VALUE and claimed.removeprefix(GRADIENT) not in known:
            return claimed, nothing_to_claim(claimed, known)
    spare = (name for name in case.point or {} if name not in graph.variables)
    return next(spare, "wrt"), error


def _sentences(*texts: str) -> str:
    return "; ".join(filter(None, texts))
