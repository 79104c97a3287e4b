"""What the oracles say together: a verdict for every gradient asked for, and for every node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from mpmath import mp, mpf

from gradcalc.check import closed
from gradcalc.check.blame import Loss, blame, blame_value, told
from gradcalc.check.chain import Reference, reference
from gradcalc.check.compare import agrees, digits, relative_error
from gradcalc.check.difference import MOVED, SEPARATE, Near, Sides, alike, one, random_directions
from gradcalc.check.local import Wrong, wrong_gates
from gradcalc.check.precise import digits_for, float_or_none, nearest_float, working
from gradcalc.check.printer import to_text
from gradcalc.check.sums import wrong_sums
from gradcalc.check.voices import CHAIN, CLOSED, DIFFERENCE, RULE, vote
from gradcalc.gates.record import Kink, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.kinks import describe, kinked_nodes, kinks_moved
from gradcalc.result import Check, Entry, Kinked, worst
from gradcalc.stabler import stabler

ONE_BY_ONE = 200
"""Most names that are moved one by one once all of them together have met an objection."""

VOICES_AGREE = 15
"""Digits in which the references must agree with each other."""

DISAGREE = "the references disagree"
"""The reason for an entry on which they do; the vote says which one dissents."""


class Proof(NamedTuple):
    """The check, the kinks with their one-sided derivatives, and what else people should know."""

    check: Check
    kinks: list[Kinked]
    warnings: list[str]


def prove(
    graph: Graph,
    values: Sequence[float],
    gradients: Sequence[float | None],
    wrt: Sequence[str],
    *,
    rtol: float = 1e-9,
    atol: float = 0.0,
    closed_form: bool = True,
) -> Proof:
    """Check the values and gradients of a graph against references built from definitions alone.

    `gradients` has one entry a node, None for those without; `wrt` names those asked for.
    Without `closed_form` SymPy does not differentiate the whole expression.
    """
    nodes = {name: graph.node(name) for name in wrt}
    carries = depends(graph, nodes.values())
    wrong = wrong_gates(graph, values, carries)
    for found in wrong_sums(graph, values, gradients, carries):
        wrong.setdefault(found.node, found)
    case = Case(graph, values, gradients, nodes, carries, wrong, kinked_nodes(graph, values), rtol, atol)
    entries = [case.entry(node) for node in range(len(graph))]
    formulas = case.closed_forms() if closed_form else {}
    asked = {name: case.told(node, entries[node], formulas.get(name)) for name, node in case.wrt.items()}
    verdict = "fail" if case.wrong else worst([entry.verdict for entry in asked.values()])
    first_wrong = min(case.wrong, default=None)
    check = Check(
        verdict=verdict,
        method="closed form" if any(value == value for _, value in formulas.values()) else "gate by gate",
        rtol=rtol,
        atol=atol,
        gradients=asked,
        nodes=entries,
        first_wrong=first_wrong,
        reason="" if first_wrong is None else f"#{first_wrong}: {case.wrong[first_wrong]}",
        finished=all(map(case.finished, case.wrt.values())),
    )
    told_sides = {
        name: (float_or_none(case.sides[node].left), float_or_none(case.sides[node].right))
        for name, node in case.wrt.items()
        if node in case.sides
    }
    return Proof(check, describe(graph, values, case.kinks, told_sides), case.value_warnings())


class Case:
    """One graph at one point, with everything that the oracles found out about it.

    `wrong` holds what is wrong by the number that a node is told by, `kinks` the nodes at a kink.
    """

    separate = SEPARATE
    """Most nodes that are moved one by one."""

    def __init__(
        self,
        graph: Graph,
        values: Sequence[float],
        gradients: Sequence[float | None],
        wrt: Mapping[str, int],
        carries: Sequence[bool],
        wrong: dict[int, Wrong],
        kinks: dict[int, Kink],
        rtol: float,
        atol: float,
    ) -> None:
        self.graph, self.values, self.gradients, self.rtol, self.atol = graph, values, gradients, rtol, atol
        self.wrt, self.wrong, self.kinks = wrt, wrong, kinks
        self.digits = digits_for(graph, values)
        self.truth: Reference = reference(graph, values, carries, self.digits)
        self.kink_moved = self.moved_kinks()
        self.differences: dict[int, Sides] = {}
        near = Near(graph, values, self.digits)
        self.sides = self._kinked_sides(near)
        self.objections = self._objections(near)
        self._lost = ""

    def moved_kinks(self) -> list[int | None]:
        """Return for each node a node at a kink that moves when it does, None where there is none."""
        return kinks_moved(self.graph, self.kinks)

    def number(self, node: int) -> int:
        """Return the number that people know a node by."""
        return node

    # The third voice.

    def _kinked_sides(self, near: Near) -> dict[int, Sides]:
        """Return the one-sided derivatives by the names, then some nodes, that move a kink."""
        kinked = [node for node, kink in enumerate(self.kink_moved) if kink is not None]
        names = [node for node in self.wrt.values() if self.kink_moved[node] is not None]
        others = [node for node in kinked if self.gradients[node] is not None][: self.separate]
        found: dict[int, Sides] = {}
        left = MOVED
        for node in dict.fromkeys([*names, *others]):
            left -= len(near.moving([node]))
            if left < 0 and found:
                break
            found[node] = self._sides(near, node)
        return found

    def _sides(self, near: Near, node: int, expected: Any = None) -> Sides:
        direction = one(node, self.values)
        speed = direction[node]
        if expected is not None:
            expected *= speed
        return near.sides(direction, expected).slowed(speed)

    def _objections(self, near: Near) -> dict[int, str]:
        """Return what the central difference has against the reference, by node."""
        smooth = [n for n in self.wrt.values() if self.kink_moved[n] is None and self.truth.settled[n]]
        names = [node for node in smooth if not self.graph.inputs[node]]
        statements = [node for node in smooth if self.graph.inputs[node]]
        if len(names) > self.separate and not self._objections_together(near, names):
            names = []
        alone = ONE_BY_ONE * self.separate // SEPARATE
        objections = {
            node: self._objection(near, node) for node in names[:alone] + statements[: self.separate]
        }
        rest = dict.fromkeys(names[alone:], "the references disagree on a name among many")
        return {node: text for node, text in {**objections, **rest}.items() if text}

    def _objections_together(self, near: Near, nodes: Sequence[int]) -> bool:
        """Whether the central difference objects when all the nodes are moved at once."""
        directions = random_directions(nodes, self.values, self.truth.gradients)
        return any(self._objection_along(near, direction) for direction in directions)

    def _objection(self, near: Near, node: int) -> str:
        truth = self.truth.gradients[node]
        self.differences[node] = self._sides(near, node, truth)
        return _objection(self.differences[node], truth)

    def _objection_along(self, near: Near, direction: Mapping[int, Any]) -> str:
        with working(self.truth.digits):
            expected = sum((self.truth.gradients[node] * speed for node, speed in direction.items()), mpf(0))
        return _objection(near.sides(direction, expected), expected)

    # Verdicts.

    def finished(self, node: int) -> bool:
        """Whether the digits were enough for a node, or a kink decides about it."""
        return self.truth.settled[node] or self.kink_moved[node] is not None

    def entry(self, node: int) -> Entry | None:
        """Return the verdict on one node's gradient, None where it has none."""
        got = self.gradients[node]
        if got is None:
            return None
        kink = self.kink_moved[node]
        if kink is not None:
            return self._kinked_entry(node, kink, got)
        if node in self.objections:
            return self._undecided(node, got, self.objections[node])
        if not self.truth.settled[node]:
            return Entry("undecided", None, None, None, reason=f"{self.truth.digits} digits were not enough")
        if not mp.isfinite(self.truth.gradients[node]) and self.number(node) not in self.wrong:
            reason = "in exact arithmetic there is no finite slope here: a pole, or the edge of a domain"
            return Entry("undecided", None, None, None, reason=reason)
        return self._compared(node, got, self.truth.gradients[node])

    def _compared(self, node: int, got: float, truth: Any) -> Entry:
        with working(self.truth.digits):
            numbers = nearest_float(truth), relative_error(got, truth), digits(got, truth)
            right = agrees(got, truth, self.rtol, self.atol)
        if self.number(node) in self.wrong:
            return Entry("fail", *numbers, reason=str(self.wrong[self.number(node)]))
        if right:
            return Entry("pass", *numbers)
        if self.wrong:
            first = min(self.wrong)
            return Entry("fail", *numbers, reason=f"#{first} is wrong: {self.wrong[first]}")
        return Entry("inaccurate", *numbers, reason=f"{_counted(numbers[2])}: {self.lost()}")

    def _undecided(self, node: int, got: float, reason: str) -> Entry:
        entry = self._compared(node, got, self.truth.gradients[node])
        return entry if entry.verdict == "fail" else replace(entry, verdict="undecided", reason=reason)

    def _kinked_entry(self, node: int, kink: int, got: float) -> Entry:
        """Return the verdict on a gradient that depends on a kink: its sides decide where they agree."""
        found = self.sides.get(node)
        word = "jump" if self.kinks[kink].jump and (found is None or found.jump) else "kink"
        place = f"a {word} at #{self.number(kink)} {self.graph.expr(kink, 40)} ({self.kinks[kink].text})"
        if self.number(node) in self.wrong:
            return Entry("fail", None, None, None, reason=str(self.wrong[self.number(node)]))
        if found is None:
            return Entry("undecided", None, None, None, reason=place)
        if None in (found.left, found.right):
            return Entry("undecided", None, None, None, reason=f"{place}: {_both(found)}")
        left, right = map(nearest_float, (found.left, found.right))
        if not found.agree:
            reason = f"{place}: {_both(found)}"
            return Entry("undecided", None, None, None, reason=reason, left=left, right=right)
        entry = replace(self._compared(node, got, found.right), left=left, right=right)
        if entry.verdict == "inaccurate":
            both = f"the derivative is {_told(found.right)} from both sides"
            reason = f"{place}: {both}, the convention gives {got:.6g}"
            return replace(entry, verdict="undecided", reason=reason)
        return entry

    def lost(self) -> str:
        """Return the sentence that says where digits were lost."""
        if not self._lost:
            with working(self.truth.digits):
                truth = (self.truth.values, self.truth.gradients)
                loss = blame(self.graph, self.values, self.gradients, truth)
                self._lost = self._told_loss(loss)
        return self._lost

    def _told_loss(self, loss: Loss) -> str:
        """Return where digits were lost, and which form keeps them where one is known."""
        (program, values), number = self.as_written(), self.number(loss.node)
        return told(self.graph, loss, number, stabler(program, values, number, self._is_better))

    def _is_better(self, node: int, value: Value) -> bool:
        """Whether another value of a node has at least a digit more that is right, at its worst element."""
        _, values = self.as_written()
        truths = [self.truth.values[s] for s in self.elements(node)]
        with working(self.truth.digits):
            ours, other = (
                max(map(relative_error, _flat(x), truths), default=0.0) for x in (values[node], value)
            )
        return other <= ours / 10

    def as_written(self) -> tuple[Graph, Sequence[Value]]:
        """Return the program itself, and the values of its nodes."""
        return self.graph, self.values

    def elements(self, node: int) -> Sequence[int]:
        """Return the nodes of the graph that stand for a node of the program."""
        return [node]

    def value_warnings(self) -> list[str]:
        """Return a warning where the output's own value lost digits."""
        got, truth = self.values[self.graph.output], self.truth.values[self.graph.output]
        with working(self.truth.digits):
            known = self.truth.settled[self.graph.output] and mp.isfinite(truth)
            if self.wrong or not known or agrees(got, truth, self.rtol, self.atol):
                return []
            right, loss = digits(got, truth), blame_value(self.graph, self.values, self.truth.values)
        found = f"{got!r} instead of {nearest_float(truth)!r}"
        return [f"of the output's value only {_counted(right)} ({found}): {self._told_loss(loss)}"]

    # The first voice, and all of them together.

    def told(self, node: int, entry: Entry | None, form: tuple[Any, Any] | None) -> Entry:
        """Return the verdict on a gradient that was asked for: with its formula, and what each voice says."""
        assert entry is not None, "a gradient that was asked for has an entry"
        entry = self.with_formula(node, entry, form)
        if self.kink_moved[node] is not None:
            return entry
        voices = self._voices(node, form)
        floats = {voice: nearest_float(number) for voice, number in voices.items()}
        said = "" if entry.verdict in ("pass", "inaccurate") else vote(voices, self.rtol, self.atol)
        return replace(entry, voices=floats, reason="; ".join(filter(None, [entry.reason, said])))

    def _voices(self, node: int, form: tuple[Any, Any] | None) -> dict[str, Any]:
        """Return what each oracle says of a gradient, those that say nothing left out."""
        found = self.differences.get(node)
        heard = {
            RULE: self.gradients[node],
            CLOSED: None if form is None else form[1],
            CHAIN: self.truth.gradients[node] if self.truth.settled[node] else None,
            DIFFERENCE: found.right if found is not None and found.agree else None,
        }
        return {voice: mpf(x) for voice, x in heard.items() if x is not None and mp.isfinite(x)}

    def closed_forms(self) -> dict[str, tuple[Any, Any]]:
        """Return (formula, value) for each name, nothing where the expression is too large."""
        if not closed.is_small(self.graph):
            return {}
        return closed.references(
            self.graph, self.with_forms(), self.values, self.truth.values, self.truth.digits
        )

    def with_forms(self) -> list[str]:
        """Return the names that a closed form is looked for."""
        return list(self.wrt)

    def with_formula(self, node: int, entry: Entry, form: tuple[Any, Any] | None) -> Entry:
        """Return the entry with its formula, undecided where the closed form contradicts the reference."""
        if form is None:
            return entry
        expression, value = form
        entry = replace(entry, formula=to_text(expression))
        if entry.verdict == "undecided" or self.kink_moved[node] is not None or value != value:
            return entry
        assert entry.reference is not None, "only an undecided entry has no reference"
        if agrees(entry.reference, value, 10.0**-VOICES_AGREE, 0.0):
            return entry
        return replace(entry, verdict="undecided", reason=DISAGREE)


def _objection(found: Sides, truth: Any) -> str:
    """Return what one-sided derivatives have against a reference, empty where they agree or are silent."""
    left, right = found.left, found.right
    if left is None and right is None:
        return "a jump" if found.jump else ""
    if left is None or right is None:
        return f"the edge of a domain: {_both(found)}"
    if not alike(left, right):
        return f"a kink: {_both(found)}"
    if alike(left, truth):
        return ""
    return DISAGREE


def _both(found: Sides) -> str:
    left, right = (
        "infinite" if steep else _told(side)
        for side, steep in zip((found.left, found.right), found.steep, strict=True)
    )
    return f"{left} from the left, {right} from the right"


def _told(x: Any) -> str:
    return "none" if x is None else f"{nearest_float(x):.6g}"


def _flat(x: Value) -> list[float]:
    """Return the elements of an array, or a number alone."""
    return x.ravel().tolist() if shape_of(x) else [x]


def _counted(count: int) -> str:
    return "1 digit holds" if count == 1 else f"{count} digits hold"
