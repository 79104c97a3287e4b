"""One trial a gate, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from types import FunctionType
from typing import Any

from gradcalc import loading
from gradcalc.errors import GradcalcError, UsageError
from gradcalc.gates import Gate
from gradcalc.gates.record import argument_names
from gradcalc.result import worst
from gradcalc.suites.gates import elementwise, shaped
from gradcalc.suites.gates import points as places
from gradcalc.suites.gates.objection import Nowhere, Objection, Trial
from gradcalc.suites.outcome import Outcome
from gradcalc.systems import real

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


def prove_gates(gates: Iterable[Gate]) -> Iterator[Outcome]:
    """Yield what came of each gate.

    fail        forward, a partial or a pullback is not what the definition says, or the record says of
                a kink, a domain, a pinned value what is not so
    inaccurate  all is right, but floats lose more digits than the record states
    undecided   the references disagree with each other, or no precision was enough
    no verdict  there was no place to try it at

    Raises UsageError where there is no gate: nothing that was checked is no pass.
    """
    gate = None
    for gate in gates:
        yield prove(gate)
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
    line = next((found.line for found in bad if found.line), line) if file else 0
    seconds = perf_counter() - start
    if error is not None:
        return replace(outcome, error=error, seconds=seconds)
    reason = "; ".join(dict.fromkeys(found.reason for found in bad))
    return replace(outcome, verdict=verdict, line=line, reason=reason, warnings=trial.notes, seconds=seconds)


def _raised(trial: Trial, error: Exception) -> Objection:
    """Return the objection that a function of the gate raises an error; what is none of its is a bug here."""
    files = {code.co_filename for code in codes(trial.gate)}
    place = loading.innermost(error, files)
    if place is None:
        objection = _no_number(trial)
        if objection is None:
            raise error
        return objection
    at = f"{loading.called(place[0])}:{place[1]}"
    mended = next((f"; {hint}" for text, hint in MENDED.items() if text in str(error)), "")
    line = place[1] if place[0] == trial.file else 0
    return Objection("fail", f"{at}: {loading.sentence(error)}{trial.place()}{mended}", line)


def _no_number(trial: Trial) -> Objection | None:
    """Return the objection that a function of the gate returns no number: a `return` may be missing."""
    gate = trial.gate
    given = [(low + high) / 2 for low, high in places.ranges(gate, gate.arity[0])] if gate.elementwise else []
    with suppress(Exception):  # then what it returned is not what was wrong
        for what, function, returned in _returned(gate, given, trial.names(len(given))):
            if not isinstance(returned, int | float):
                reason = f"its {what} returns {returned!r:.60}, which is no number"
                return Objection("fail", reason + trial.place(given), trial.line(function))
    return None


def _returned(gate: Gate, given: Sequence[float], names: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the functions of an elementwise gate with what they are and what they return somewhere."""
    functions = [("definition", gate.definition), ("forward", gate.forward)] if given else []
    for what, function in functions:
        if function is not None:
            yield what, function, function(real, *given)
    for k, name in enumerate(names):
        if (rule := gate.rule(k)) is not None:
            known = {**gate.bind(tuple(given)), "m": real, "out": gate.value(real, *given), "k": k}
            yield f"rule for {name}", rule, rule(*[known[n] for n in argument_names(rule)])


def codes(gate: Gate) -> Iterator[Any]:
    """Yield the code of each function of a record."""
    parts = [*gate.rules, gate.definition, gate.forward, gate.lazy, gate.shape]
    parts += [kink.where for kink in gate.kinks] + [domain.holds for domain in gate.domain]
    yield from (part.__code__ for part in parts if isinstance(part, FunctionType))
