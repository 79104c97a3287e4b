"""One trial a gate, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from types import FunctionType
from typing import Any

from gradcalc import loading
from gradcalc.errors import GradcalcError, UsageError
from gradcalc.gates import Gate
from gradcalc.result import worst
from gradcalc.suites.gates import elementwise, shaped
from gradcalc.suites.gates.objection import Nowhere, Objection, Trial
from gradcalc.suites.outcome import Outcome

BRANCH = "branch with m.where(condition, lambda: …, lambda: …), which every number system has"
OWN = "compute with Python's operators and the functions of m alone"

MENDED = {
    "truth value": BRANCH,
    "convert expression to float": OWN,
    "loop of ufunc": OWN,
    "only length-1 arrays": OWN,
    "only 0-dimensional arrays": OWN,
    "must be real number": OWN,
}
"""Part of what Python says -> what mends it."""


def prove_gates(gates: Iterable[Gate], fail_fast: bool = False, strict: bool = False) -> Iterator[Outcome]:
    """Yield what came of each gate; `fail_fast` ends with the first failure.

    fail        forward, a partial or a pullback is not what the definition says, or the record says of
                a kink, a domain, a pinned value what is not so
    inaccurate  all is right, but floats lose more digits than the record states
    undecided   the references disagree with each other, or no precision was enough
    no verdict  there was no place to try it at, or no gate at all

    Raises UsageError where there is no gate: nothing that was checked is no pass.
    """
    gate = None
    for gate in gates:
        outcome = prove(gate)
        yield outcome
        if fail_fast and outcome.exit(strict):
            return
    if gate is None:
        raise UsageError("there are no gates to prove", hint="--load my_gates.py loads some")


def prove(gate: Gate) -> Outcome:
    """Return what came of one gate."""
    start, (file, line) = perf_counter(), loading.place(gate)
    trial = Trial(gate)
    outcome = Outcome(f"gate {gate.name}", None, gate.signature, file, line)
    error: GradcalcError | None = None
    objections: Sequence[Objection] = ()
    try:
        objections = list((elementwise if gate.elementwise else shaped).objections(trial))
    except Nowhere as nowhere:
        error = UsageError(f"gate '{gate.name}' was tried nowhere: {nowhere}")
    except Exception as raised:
        objections = [_raised(trial, raised)]
    verdict = worst([found.verdict for found in objections])
    bad = [found for found in objections if found.verdict == verdict]
    line = _line(gate, bad) or line
    seconds = perf_counter() - start
    if error is not None:
        return replace(outcome, error=error, seconds=seconds)
    reason = "; ".join(dict.fromkeys(found.reason for found in bad))
    return replace(outcome, verdict=verdict, line=line, reason=reason, warnings=trial.notes, seconds=seconds)


def _line(gate: Gate, objections: Sequence[Objection]) -> int:
    """Return the line of the function that is to blame, 0 where none is, or it stands in another file."""
    blamed = [found.function.__code__ for found in objections if found.function is not None]
    file = gate.definition.__code__.co_filename
    return next((code.co_firstlineno for code in blamed if code.co_filename == file), 0)


def _raised(trial: Trial, error: Exception) -> Objection:
    """Return the objection that a function of the gate raises an error; what is none of its is a bug here."""
    files = {code.co_filename for code in codes(trial.gate)}
    place = loading.innermost(error, files)
    if place is None:
        raise error
    at = f"{loading.called(place[0])}:{place[1]}"
    mended = next((f"; {hint}" for text, hint in MENDED.items() if text in str(error)), "")
    return Objection("fail", f"{at}: {loading.sentence(error)}{trial.place()}{mended}")


def codes(gate: Gate) -> Iterator[Any]:
    """Yield the code of each function of a record."""
    parts = [*gate.rules, gate.definition, gate.forward, gate.lazy, gate.shape]
    parts += [kink.where for kink in gate.kinks] + [domain.holds for domain in gate.domain]
    yield from (part.__code__ for part in parts if isinstance(part, FunctionType))
