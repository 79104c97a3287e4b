"""The verdict on formulas for all points: proved equal by SymPy where that can be, else compared.

A formula is compared with the reference first, in high precision at random points of the program's
domain: one that is another number anywhere is wrong for certain, and only the others are proved. A
thousand more points are searched in floats, so that what differs in one region only is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.compare import EXACT_DIGITS, SUBNORMAL_STEP, digits, relative_error
from gradcalc.check.precise import nearest_float
from gradcalc.claims import points as drawn_points
from gradcalc.claims import printed
from gradcalc.claims.diagnosis import candidates, common
from gradcalc.claims.judge import Terms
from gradcalc.claims.names import GRADIENT, VALUE
from gradcalc.claims.noise import noise
from gradcalc.claims.points import Drawn, Points
from gradcalc.claims.precision import FORMATS
from gradcalc.claims.said import moved, refuse_unknown
from gradcalc.errors import DomainError, GradcalcError, NumberError, ShapeError, UsageError
from gradcalc.forward import are_scalar, forward, require_finite
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.language import parse
from gradcalc.point import as_value
from gradcalc.point.values import NOT_FINITE
from gradcalc.result import Claim, Output, Result

POINTS = 20
"""Points at which formulas are compared in high precision."""

SEARCHED = 1_000
"""Points at which they are compared in floats."""

SUSPICIOUS = 1e-6
"""Relative difference of floats from which they are compared in high precision too."""

MOST_SUSPECTS = 50
"""Points that are compared in high precision because of that, at most: many formulas overflow."""

WORK = 200_000
"""Nodes of a program times points, about, that are computed in floats; in high precision a tenth."""

ARRAYS = 50
"""How much longer a node takes in a program with arrays."""

DIAGNOSED = 4
"""Points at which a wrong formula is diagnosed."""

DIGITS = 15
"""Digits from which nobody is told how many are equal."""

CLOSE = 1e-9
"""Relative difference up to which a mistake is what was claimed."""


def judge_formulas(
    graph: Graph,
    formulas: Mapping[str, str],
    wrt: Sequence[str] | None = None,
    seed: Any = 0,
    terms: Terms | None = None,
    held: Mapping[str, Value] | None = None,
    upstream: Value = None,
) -> dict[str, Claim]:
    """Return the verdict on each formula: `value` or `grad_NAME` -> the formula's text.

    graph     the program; its output is a number
    wrt       names whose gradients may be claimed, by default all variables and statements
    seed      where the random points begin, and the formulas' own rand and randn
    terms     what the formulas are held to; they are exact, so a format's noise is that of their constants
    held      values of variables that are held fixed; the others are numbers, and drawn
    upstream  the output's own gradient, a number; None for 1

    Raises UsageError for a claim about something else, for variables that have no shape, and where no
    point is in the program's domain; and the errors of a program for a formula that is none.
    """
    held = {name: as_value(name, value) for name, value in (held or {}).items()}
    known = [*graph.variables, *graph.named]
    asked = [name for name in known if wrt is None or name in wrt]
    for name in formulas:
        refuse_unknown(name, asked)
    drawn_points.require_shapes(graph, held)
    start = 1.0 if upstream is None else as_value("upstream", upstream)
    if shape_of(start):
        raise ShapeError(f"upstream has the shape {shape_of(start)}, but formulas for all points are numbers")
    return _Case(graph, formulas, seed, terms or Terms(), held, start).claims()


class Compared(NamedTuple):
    """A claim at a point: what it is, what it should be, and whether that is the same.

    claimed is None where the formula has no value there, for the `reason`.
    """

    at: Drawn
    claimed: Any
    truth: Any
    right: bool
    reason: str = ""


class _Case:
    """The formulas claimed of a program."""

    def __init__(
        self, graph: Graph, formulas: Mapping[str, str], seed: Any, terms: Terms, held: Mapping[str, Value],
        upstream: float,
    ) -> None:  # fmt: skip
        self.graph, self.formulas, self.terms, self.upstream = graph, formulas, terms, upstream
        self.gradients = [name.removeprefix(GRADIENT) for name in formulas if name != VALUE]
        self.held, self.seed = held, seed
        self.heard = {name: self._graph(name, said) for name, said in formulas.items()}
        numbers = [x for heard in self.heard.values() if heard for x in heard.constants.values()]
        self.points = Points(graph, self.gradients, held, upstream, seed, numbers)

    def _graph(self, name: str, said: str) -> Graph | None:
        """Return the graph of a formula, None for a number that is none."""
        if said.strip().lower() in NOT_FINITE:
            return None
        text, given = f"{self.graph.text}\n({said}\n)", list(self.graph.variables)
        try:
            return parse(text, given, seed=deepcopy(self.seed))
        except GradcalcError as error:
            raise self._moved(error, name) from None

    def _moved(self, error: GradcalcError, name: str) -> GradcalcError:
        return moved(error, name, self.formulas[name], len(self.graph.text) + 2)

    # Comparing.

    def claims(self) -> dict[str, Claim]:
        """Return the verdicts."""
        count = max(3, min(POINTS, self._affordable() // 10))
        drawn = self.points.compared(count)
        if not drawn:
            message = f"of {self.points.tried:,} random points none is in the program's domain"
            raise UsageError(message, hint=f"give a point: {' '.join(f'{n}=1' for n in self.points.free)}")
        found: dict[str, list[Compared]] = {name: [] for name in self.formulas}
        for at in drawn:
            for name, compared in self._at(at, list(self.formulas)).items():
                found[name].append(compared)
        right = [n for n, several in found.items() if self.heard[n] and all(c.right for c in several)]
        proved = [name for name in right if self._is_proved(name, drawn[0])]
        self._search(proved, found, SEARCHED // 10)
        self._search([name for name in right if name not in proved], found, SEARCHED)
        mistakes = self._mistakes(found)
        told = {name: mistakes.get(name, "") for name in self.formulas}
        return {name: self._claim(name, found[name], told[name], name in proved) for name in self.formulas}

    def _at(self, at: Drawn, names: Sequence[str]) -> dict[str, Compared]:
        """Return how claims compare at a point, those that can be told there."""
        truth = drawn_points.truth(self.graph, at, self.gradients, self.upstream)
        found: dict[str, Compared] = {}
        for name in names:
            right = truth.value if name == VALUE else truth.gradients[name.removeprefix(GRADIENT)]
            if right is not None and isfinite(right):
                compared = self._compared(name, at, right)
                found |= {} if compared is None else {name: compared}
        return found

    def _compared(self, name: str, at: Drawn, truth: Any) -> Compared | None:
        graph = self.heard[name]
        if graph is None:
            return Compared(at, NOT_FINITE[self.formulas[name].strip().lower()], truth, False)
        values = self._forward(name, graph, at)
        shape = shape_of(values[graph.output])
        if shape:
            return Compared(at, None, truth, False, f"it has the shape {shape}, but should have ()")
        claimed = drawn_points.value(graph, values)
        if claimed is None:
            return None
        if not isfinite(claimed):
            reason = _no_value(graph, values)
            return Compared(at, None, truth, False, reason) if reason else None
        off = abs(claimed - truth)
        near = off <= max(self.terms.rtol * abs(truth), self.terms.atol, SUBNORMAL_STEP)
        noise = 0.0 if near else self._noise(name, at)
        return Compared(at, claimed, truth, near or bool(off <= noise)) if isfinite(noise) else None

    def _forward(self, name: str, graph: Graph, at: Drawn) -> list[Value]:
        try:
            return forward(graph, at.point)
        except ShapeError as error:
            raise self._moved(error, name) from None

    def _noise(self, name: str, at: Drawn) -> float:
        """Return what the constants of a formula, which are floats, may be off by at a point."""
        start = None if self.upstream == 1 else self.upstream
        found = noise(self.graph, at.values, self.gradients, start, FORMATS["float64"])
        if found is None:
            return 0.0
        return float(found.value if name == VALUE else found.gradients[name.removeprefix(GRADIENT)])

    def _search(self, names: Sequence[str], found: dict[str, list[Compared]], count: int) -> None:
        """Look for points where claims are wrong that were right so far, and add them."""
        doubted = 0
        for at in islice(self.points, min(count, self._affordable())) if names else ():
            right = [name for name in names if all(c.right for c in found[name])]
            doubtful = [name for name in right if self._is_suspicious(name, at)]
            doubted += bool(doubtful)
            for name, compared in self._at(at, doubtful).items() if doubtful else ():
                found[name] += [] if compared.right else [compared]
            if doubted > MOST_SUSPECTS or not right:
                return

    def _affordable(self) -> int:
        """Return at how many points the program can be computed in floats."""
        scalar = are_scalar(set(self.graph.gates), self.graph.constants.values())
        return WORK // len(self.graph) // (1 if scalar else ARRAYS)

    def _is_suspicious(self, name: str, at: Drawn) -> bool:
        graph = self.heard[name]
        assert graph is not None, "it was wrong at once"
        claimed = forward(graph, at.point)[graph.output]
        right = at.values[self.graph.output] if name == VALUE else self._gradient(name, at)
        allowed = max(SUSPICIOUS, self.terms.rtol / 2) * (abs(claimed) + abs(right))
        return not abs(claimed - right) <= max(allowed, self.terms.atol)

    def _gradient(self, name: str, at: Drawn) -> Value:
        return at.gradients[self.graph.node(name.removeprefix(GRADIENT))]

    def _is_proved(self, name: str, at: Drawn) -> bool:
        """Whether SymPy proves a claim; a point tells it the shapes of lists."""
        from gradcalc.claims import proof

        graph, wrt = self.heard[name], None if name == VALUE else name.removeprefix(GRADIENT)
        assert graph is not None, "it was wrong at once"
        program = drawn_points.scalar(self.graph, at.values, () if wrt is None else (wrt,))
        formula = drawn_points.scalar(graph, forward(graph, at.point))
        return proof.equal(program, formula, wrt, self.upstream)

    # Words.

    def _claim(self, name: str, several: Sequence[Compared], diagnosis: str, proved: bool) -> Claim:
        """Return the verdict on a claim, given how it compares at points."""
        said = self.formulas[name]
        wrong = [c for c in several if not c.right]
        if wrong:
            return self._failed(name, min(wrong, key=lambda c: self.points.readable(c.at.point)), diagnosis)
        pairs = [(nearest_float(c.claimed), c.truth) for c in several]
        found = Claim(
            name, "pass", formula=said,
            relative_error=max((relative_error(x, t) for x, t in pairs), default=None),
            digits=min((digits(x, t) for x, t in pairs), default=None),
        )  # fmt: skip
        if proved:
            return replace(found, reason="proved equal by SymPy", digits=EXACT_DIGITS, relative_error=0.0)
        if not several:
            return replace(found, verdict="undecided", reason="at no random point could it be computed")
        exact = found.digits is None or found.digits >= DIGITS
        equal = "equal" if exact else f"equal to {found.digits} digits"
        points = "1 random point" if len(several) == 1 else f"{len(several)} random points"
        seed = f" (seed {self.seed})" if isinstance(self.seed, int) else ""
        reason = f"{equal} at {points}{seed}, not proved"
        if self.points.are_kinked:
            reason = f"{reason}; wherever else it was tried, the program is at a kink"
            return replace(found, verdict="undecided", reason=reason)
        return replace(found, reason=reason)

    def _failed(self, name: str, at: Compared, diagnosis: str) -> Claim:
        """Return a claim that is wrong, with a point at which it is."""
        reference = nearest_float(at.truth)
        found = Claim(name, "fail", None, reference, formula=self.formulas[name])
        place = self.points.told(at.at.point)
        if at.claimed is None:
            return replace(found, reason=self._with_formula(name, f"at {place} {at.reason}"))
        claimed = nearest_float(at.claimed)
        found = replace(
            found, claimed=claimed, reason=f"at {place} it is {reference!r}, but {claimed!r} was claimed",
            relative_error=relative_error(claimed, at.truth), digits=digits(claimed, at.truth),
        )  # fmt: skip
        found = printed.excused(found, self.formulas[name], np.asarray(True))
        told = "" if found.hint else diagnosis
        return replace(found, reason=self._with_formula(name, found.reason), diagnosis=told)

    def _with_formula(self, name: str, reason: str) -> str:
        gradient = name.removeprefix(GRADIENT)
        right = None if name == VALUE or self.upstream != 1 else formula(self.graph, gradient, self.held)
        return f"{reason}; d{self.graph.label()}/d{gradient} = {right}" if right else reason

    # What the mistake may be.

    def _mistakes(self, found: Mapping[str, Sequence[Compared]]) -> dict[str, str]:
        """Return for each wrong gradient the mistake that fits it at several points.

        Where a claim is wrong at some points only, a mistake must fit it at the others too.
        """
        gradients = {name: several for name, several in found.items() if name != VALUE}
        wrong = {name for name, several in gradients.items() if not all(c.right for c in several)}
        several = [c for name in wrong for c in gradients[name] if c.claimed is not None]
        points = [*self._chosen(several, right=False), *self._chosen(several, right=True)]
        told = common([self._candidates(at, gradients, wrong) for at in points])
        return {GRADIENT + name: text for name, text in told.items()}

    def _chosen(self, several: Sequence[Compared], right: bool) -> list[Drawn]:
        """Return points with numbers about 1 at which wrong claims are wrong, or right."""
        points = {id(c.at): c.at for c in several if c.right == right}
        return sorted(points.values(), key=lambda at: self.points.readable(at.point)[1])[:DIAGNOSED]

    def _candidates(self, at: Drawn, gradients: Mapping[str, Sequence[Compared]], wrong: set[str]) -> Any:
        """Return the mistakes that fit the wrong claims at a point."""
        here = {
            name: c
            for name, several in gradients.items()
            for c in several
            if c.at is at and c.claimed is not None
        }
        numbers = {name: nearest_float(c.claimed) for name, c in here.items()}
        right_here = [name.removeprefix(GRADIENT) for name, c in here.items() if c.right]
        claimed = {name.removeprefix(GRADIENT): x for name, x in numbers.items() if isfinite(x)}
        failed = [name for name in claimed if GRADIENT + name in wrong]
        graph, out = self.graph, self.graph.output
        output = Output(graph.names().get(out), out, at.values[out])
        result = Result(graph.text, graph, at.values, at.gradients, output, {})
        start = None if self.upstream == 1 else self.upstream
        return candidates(result, claimed, _close, failed, start, right_here)


def _no_value(graph: Graph, values: Sequence[Value]) -> str:
    """Return why a formula has no value at a point; nothing where it is only too large for a float."""
    try:
        require_finite(graph, values)
    except DomainError as error:
        return f"the formula has no value: {error.message}"
    except NumberError:
        return ""
    return ""


def _close(candidate: Value, claim: Value, _name: str) -> bool:
    return bool(abs(candidate - claim) <= CLOSE * abs(candidate))


def formula(graph: Graph, name: str, held: Mapping[str, Value] | None = None) -> str | None:
    """Return SymPy's derivative of the output by a name; None where there is none to show.

    Variables without a value in `held` are numbers; which, does not matter.
    """
    import sympy

    from gradcalc.check import closed
    from gradcalc.check.printer import to_text

    point = {**{free: 1.0 + k / 8 for k, free in enumerate(graph.variables)}, **(held or {})}
    scalar = drawn_points.scalar(graph, forward(graph, point), (name,))
    if not closed.is_small(scalar):
        return None
    try:
        found = closed.derivatives(scalar, [name])[name]
    except (TypeError, KeyError):  # SymPy compares what is not real; an array has elements, no name
        return None
    unreal = found.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I)
    return None if unreal else to_text(found)
