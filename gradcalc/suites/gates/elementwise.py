"""Gates that broadcast, number by number: values, local gradients, kinks, domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from math import isclose, isfinite
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

from gradcalc.backward import backward
from gradcalc.check import prove, slopes
from gradcalc.check.difference import Near, Sides, alike, one, same
from gradcalc.check.local import off, off_slope, units_off, wrong_share
from gradcalc.check.precise import apply, enough_digits, nearest_float, working
from gradcalc.errors import GradcalcError
from gradcalc.forward import forward
from gradcalc.gates import Kink
from gradcalc.language import parse
from gradcalc.suites.gates import points as places
from gradcalc.suites.gates.alone import alone
from gradcalc.suites.gates.mistakes import Claimed, diagnosed
from gradcalc.suites.gates.objection import Nowhere, Objection, Trial
from gradcalc.suites.gates.points import Point
from gradcalc.suites.gates.switches import switches
from gradcalc.systems import array, precise, real

BASE = 3
"""Points in the probe from which kinks are looked for, and at which the references are held together."""

KINKS = 60
"""Most points at which an unknown kink is looked for."""

DIAGNOSED = 3
"""Points at which a wrong rule is compared with the usual mistakes."""

PINNED = 1e-14
"""Relative error that a pinned value may have: people write them down with 15 digits."""

STEEP = mpf(10) ** 25
"""Slope beyond which a difference quotient is rather that of a jump, whose step is 1e-50."""

ON_ARRAYS = 1e-6
"""Relative distance that arrays may have from numbers: NumPy rounds in its own way."""

Truth = Callable[[Sequence[Any]], Any]


def objections(trial: Trial) -> Iterator[Objection]:
    """Yield what can be said against an elementwise gate."""
    trial.note_kinks()
    for count in places.counts(trial.gate):
        yield from _Numbers(trial, count).objections()
    yield from domain(trial)
    yield from edges(trial)


class Answer(NamedTuple):
    """What a gate answers at a point: its value, and the local gradients."""

    point: Point
    value: float
    locals: tuple[float, ...]


class _Numbers:
    """A gate on so many numbers."""

    def __init__(self, trial: Trial, count: int) -> None:
        self.trial, self.gate, self.count = trial, trial.gate, count
        self.smooth = places.drawn(self.gate, count)
        if not self.smooth:
            raise Nowhere("no point of its probe is in its domain, and smooth")
        self.others = self._others()

    def _others(self) -> list[Point]:
        """Return points where something special may happen, in the probe and the domain."""
        base = self.smooth[:BASE]
        told = places.pinned(self.gate, self.count)
        found = [*switches(self.gate, base), *islice(places.likely_kinks(self.gate, base), KINKS)]
        within = dict.fromkeys(p for p in found if places.inside(self.gate, p))
        return list(dict.fromkeys([*told, *islice(within, KINKS)]))

    def objections(self) -> Iterator[Objection]:
        """Yield what can be said against the gate; what builds on right answers only where they are."""
        answers = [self.answer(point) for point in (*self.smooth, *self.others)]
        found = [*self.wrong_values(answers), *self.wrong_slopes(answers), *self.kinks()]
        later = (self.on_arrays(answers), self.lost_digits(answers), self.disagreements(), self.unknown())
        yield from found or chain.from_iterable(later)

    def answer(self, point: Point) -> Answer:
        """Return what the gate answers at a point."""
        gate, given = self.gate, tuple(self.trial.at(point))
        out = gate.value(real, *given)
        return Answer(point, out, tuple(gate.local(k, real, given, out) for k in range(self.count)))

    # The answers.

    def wrong_values(self, answers: Sequence[Answer]) -> Iterator[Objection]:
        """Yield the first value that is not the definition's."""
        for point, out, _ in answers:
            if type(out) is not float:
                what = f"its value is {out!r}, which is no float: m.number({out!r}) is one"
                return (yield Objection("fail", what + self.trial.place(point)))
            if mp.isnan(apply(self.gate, [mpf(x) for x in point])):
                what = "its definition has no value, though its domain does not leave this point out"
                return (yield Objection("fail", what + self.trial.place(point)))
            truth = off(out, point, self.definition)
            if truth is not None:
                exact = self._is_exact(point, lambda x: self.gate.value(precise, *x), self.definition)
                what = f"its value is {out!r}, but should be {truth!r}"
                blamed = self.trial.line(self.gate.forward)
                return (yield Objection("fail", what + self.trial.place(point) + exact, blamed))

    def definition(self, x: Sequence[Any]) -> Any:
        """Return the definition's value in high precision."""
        return apply(self.gate, x)

    def wrong_slopes(self, answers: Sequence[Answer]) -> list[Objection]:
        """Return for each input the first local gradient that is not the definition's, with the mistake."""
        first: dict[str, str] = {}
        claimed: dict[Point, Claimed] = {}
        names = self.trial.names(self.count)
        for answer in answers:
            for k, name in enumerate(names):
                if name in first and len(claimed) >= DIAGNOSED:
                    continue
                truth = off_slope(self.gate, k, answer.point, answer.locals[k], self._is_kinked(answer.point))
                if truth is not None:
                    claimed.setdefault(answer.point, Claimed(answer.point, answer.locals, []))
                    claimed[answer.point].failed.append(k)
                    first.setdefault(name, self._wrong_slope(k, answer, truth))
        told = diagnosed(self.gate, list(claimed.values())[:DIAGNOSED])
        lines = {name: self.trial.line(self.gate.rule(k)) for k, name in enumerate(names)}
        found = [
            Objection("fail", f"{what}: {told[name]}" if name in told else what, lines[name])
            for name, what in first.items()
        ]
        return found or list(self._wrong_shares(answers))

    def _is_kinked(self, point: Point) -> bool:
        return self.gate.kink_at(point) is not None

    def _wrong_slope(self, k: int, answer: Answer, truth: float) -> str:
        name, got, point = self.trial.names(self.count)[k], answer.locals[k], answer.point
        what = f"the local gradient by {name} is {got!r}, but should be {truth!r}"
        if self.gate.rule(k) is None:
            what = f"no gradient flows to {name}, but the local gradient is {truth!r}"
        if self._is_kinked(point):
            return f"{what}, the nearest of both sides{self.trial.place(point)}"
        rule: Truth = lambda x: self.gate.local(k, precise, tuple(x), self.gate.value(precise, *x))
        exact = self._is_exact(point, rule, lambda x: slopes.local(self.gate, k, x))
        return what + self.trial.place(point) + exact

    def _is_exact(self, point: Point, rule: Truth, truth: Truth) -> str:
        """Return the words for a rule that is right but for the digits that floats lose."""
        with working(4 * enough_digits(point)):
            x = [mpf(x) for x in point]
            try:
                right = same(mp.mpmathify(rule(x)), mp.mpmathify(truth(x)), places.RIGHT)
            except Exception:  # of a rule that runs on floats alone
                return ""
        return "; with more digits it is right, floats lose them" if right else ""

    def _wrong_shares(self, answers: Sequence[Answer]) -> Iterator[Objection]:
        for point, out, _ in answers if self.gate.flow == "router" else ():
            wrong = wrong_share(self.gate, 0, point, out) if self._is_kinked(point) else None
            if wrong is not None:
                what = f"the local gradients add up to {wrong.got!r}, but should to {wrong.truth!r}"
                return (yield Objection("fail", what + self.trial.place(point)))

    # Kinks.

    def kinks(self) -> Iterator[Objection]:
        """Yield the kinks that are told of where there are none, and those that are not told of."""
        for kink in self.gate.kinks:
            if len(kink.example) == self.count:
                yield from self._told(kink)
        for point in self.others:
            if self.gate.kink_at(self.trial.at(point)) is None:
                for k, name in enumerate(self.trial.names(self.count)):
                    found = self.bend(point, k)
                    if found is not None:
                        what = f"it has a {_sided(found)} by {name} that its record does not tell of"
                        return (yield Objection("fail", what + self.trial.place(point)))

    def _told(self, kink: Kink) -> Iterator[Objection]:
        """Yield what is wrong with a kink of the record, at its example."""
        point = tuple(map(float, kink.example))
        if not kink.where(*self.trial.at(point)):
            what = f"its kink '{kink.text}' is not at its own example"
            return (yield Objection("fail", what + self.trial.place(point)))
        if all(self.bend(point, k, edges=True) is None for k in range(self.count)):
            what = f"its record tells of a kink where {kink.text}, but both sides have the same slope"
            yield Objection("fail", what + self.trial.place(point))
        yield from self._said(kink, point)

    def _said(self, kink: Kink, point: Point) -> Iterator[Objection]:
        """Yield where the text of a kink says something else than the rule answers."""
        locals_ = self.answer(point).locals
        given = {} if self.gate.variadic else self.gate.bind(point)
        for name, text, got in zip(self.trial.names(self.count), kink.ours.split(","), locals_, strict=False):
            try:
                graph = parse(text, given)
                told = graph.forward(given)[graph.output]
            except GradcalcError as error:
                return (yield Objection("fail", f"its kink says ours='{kink.ours}': {error.message}"))
            if not isclose(told, got, rel_tol=PINNED, abs_tol=PINNED):
                what = f"its kink '{kink.text}' says that the local gradient by {name} is {told!r}"
                return (yield Objection("fail", f"{what}, but it is {got!r}{self.trial.place(point)}"))

    def bend(self, point: Point, k: int, edges: bool = False) -> Sides | None:
        """Return the slopes on both sides where they differ; also at the edge of a domain, if asked."""
        with working(slopes.KINK_DIGITS + enough_digits(point)):
            x = [mpf(number) for number in point]
            step = (abs(x[k]) or 1) * mpf(10) ** (-slopes.KINK_DIGITS // 3)
            left, right = (slopes.quotient(self.gate, k, x, s) for s in (-step, step))
            if not (mp.isfinite(left) and mp.isfinite(right)):
                return Sides(None, None) if edges else None
            steepest = max(abs(left), abs(right))
            if steepest < 1 / STEEP or (same(left, right) and steepest < STEEP):
                return None
            if not edges and self.gate.rule(k) is None and same(left, -right):
                return None  # one number alone is another: it says no when it is 0, a truth value
        graph = alone(self.gate, [str(k) for k in range(self.count)])
        values = [*point, self.gate.value(real, *point)]
        found = Near(graph, values).sides(one(k, values))
        differ = found.jump or (None not in (found.left, found.right) and not alike(found.left, found.right))
        return found if differ else None

    # What is asked only of gates that are right.

    def on_arrays(self, answers: Sequence[Answer]) -> Iterator[Objection]:
        """Yield where arrays get another answer than numbers."""
        columns = [np.array(column) for column in zip(*(answer.point for answer in answers), strict=True)]
        with array.quiet():
            out = self.gate.value(array, *self.trial.at(columns))
            yield from self._same("value", out, [answer.value for answer in answers], answers)
            out = array.plain(out, (len(answers),))
            for k, name in enumerate(self.trial.names(self.count)):
                got = self.gate.local(k, array, tuple(columns), out)
                wanted = [answer.locals[k] for answer in answers]
                yield from self._same(f"local gradient by {name}", got, wanted, answers)

    def _same(
        self, what: str, got: Any, wanted: Sequence[float], answers: Sequence[Answer]
    ) -> Iterator[Objection]:
        shape = np.shape(got)
        if shape not in ((), (len(wanted),)):
            yield Objection("fail", f"on arrays of {len(wanted)} numbers its {what} has the shape {shape}")
            return
        each = np.broadcast_to(np.asarray(got, dtype=float), (len(wanted),))
        near = np.isclose(each, wanted, rtol=ON_ARRAYS, atol=ON_ARRAYS**2, equal_nan=True)
        if not near.all():
            k = int(np.argmin(near))
            told = f"on arrays its {what} is {float(each[k])!r}, on numbers {wanted[k]!r}"
            yield Objection("fail", told + self.trial.place(answers[k].point))

    def lost_digits(self, answers: Sequence[Answer]) -> Iterator[Objection]:
        """Yield where floats are farther off than the record states."""
        forward_ulps, local_ulps = self.gate.ulps
        smooth = answers[: len(self.smooth)]
        yield from self._beyond("value", forward_ulps, self.definition, [(a.point, a.value) for a in smooth])
        for k, name in enumerate(self.trial.names(self.count)):
            truth: Truth = lambda x, k=k: slopes.local(self.gate, k, x)  # type: ignore[misc]
            got = [(a.point, a.locals[k]) for a in smooth]
            yield from self._beyond(f"local gradient by {name}", local_ulps, truth, got)

    def _beyond(
        self, what: str, stated: float, truth: Truth, got: Sequence[tuple[Point, float]]
    ) -> Iterator[Objection]:
        off_by, point = max((units_off(x, point, truth), point) for point, x in got)
        if off_by > stated:
            told = f"its {what} is off by {off_by:.1f} ulps, its record states {stated}"
            yield Objection("inaccurate", told + self.trial.place(point))

    def disagreements(self) -> Iterator[Objection]:
        """Yield where SymPy's derivative and the central difference of the definition disagree."""
        names = [f"x{k}" for k in range(self.count)]
        for point in self.smooth[:BASE]:
            graph = alone(self.gate, names)
            values = forward(graph, dict(zip(names, point, strict=True)))
            check = prove(graph, values, backward(graph, values), names, closed_form=False).check
            for name, entry in zip(self.trial.names(self.count), check.gradients.values(), strict=True):
                if entry.verdict == "undecided":
                    what = f"of the local gradient by {name}: {entry.reason}"
                    return (yield Objection("undecided", what + self.trial.place(point)))

    def unknown(self) -> Iterator[Objection]:
        """Yield the inputs by which no reference has a slope anywhere: the rule was held to nothing."""
        for k, name in enumerate(self.trial.names(self.count)):
            with working(slopes.KINK_DIGITS):
                truths = [slopes.local(self.gate, k, [mpf(x) for x in point]) for point in self.smooth]
            if not any(map(mp.isfinite, truths)):
                yield Objection("undecided", f"its definition has no slope by {name} in all of its probe")


def _sided(found: Sides) -> str:
    if found.jump or None in (found.left, found.right):
        return "jump"
    left, right = nearest_float(found.left), nearest_float(found.right)
    return f"kink ({left:.6g} from the left, {right:.6g} from the right)"


# The domain, and pinned values.


def domain(trial: Trial) -> Iterator[Objection]:
    """Yield where a gate has no answer at all, or one outside of its domain."""
    gate = trial.gate
    for count in places.counts(gate):
        for point in places.special(count):
            out = gate.value(real, *trial.at(point))
            answers = [out, *(gate.local(k, real, point, out) for k in range(count))]
            if any(type(x) is not float for x in answers):
                return (yield Objection("fail", f"it answers {answers}, not with floats{trial.place(point)}"))
            outside = all(map(isfinite, point)) and not places.inside(gate, point)
            if outside and isfinite(out):
                what = f"its value is {out!r} outside of its domain: it should be nan, or the domain larger"
                return (yield Objection("fail", what + trial.place(point)))


def edges(trial: Trial) -> Iterator[Objection]:
    """Yield the pinned values and local gradients that the gate does not give."""
    gate = trial.gate
    for edge in gate.edges:
        point = tuple(map(float, edge.inputs))
        out = gate.value(real, *trial.at(point))
        pairs = [("value", edge.value, out)]
        for k, name in enumerate(trial.names(len(point))):
            if edge.local[k] is not None:
                pairs.append((f"local gradient by {name}", edge.local[k], gate.local(k, real, point, out)))
        for what, pinned, got in pairs:
            if not (
                isclose(pinned, got, rel_tol=PINNED, abs_tol=5e-324) or (pinned != pinned and got != got)
            ):
                told = f"its {what} is pinned to be {pinned!r}, but is {got!r}"
                yield Objection("fail", told + trial.place(point))
