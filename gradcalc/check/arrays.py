"""The check of programs with arrays: the same proof, element by element, while that can be afforded.

Up to `MOST_WORK` a program is unrolled (`check.unroll`), and every element of every gradient has its
own reference: one wrong entry among thousands is found with certainty. What is larger is tried in
random directions (`check.sampled`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc import elements
from gradcalc.check.compare import EXACT_DIGITS, SUBNORMAL_STEP
from gradcalc.check.pieces import kink_at, reached, taken, wrong_pieces
from gradcalc.check.precise import digits_for, float_or_none, nearest_float
from gradcalc.check.unroll import Unrolled, element_names, index_text, unroll
from gradcalc.check.verdict import Case, Proof
from gradcalc.check.wires import work
from gradcalc.gates.record import Kink, Shape, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.result import VERDICTS, Check, Entry, Kinked, worst
from gradcalc.systems import array

MOST_WORK = 25_000
"""Sums in high precision, or what takes as long, up to which a program is unrolled: three seconds."""

DIFFERENCES = 100_000
"""Scalar nodes that are computed anew for a central difference, in all: more names are moved together."""

FORMULAS = 9
"""Most elements of an array whose formulas are shown."""

FORMULA_LENGTH = 200

ONE_SIDED = 6
"""Most elements of an array whose one-sided derivatives are told."""


def prove(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    wrt: Sequence[str],
    *,
    rtol: float = 1e-9,
    atol: float = 0.0,
    upstream: Value = None,
    closed_form: bool = True,
) -> Proof:
    """Check the values and gradients of a program with arrays against references made from definitions.

    `gradients` has one entry a node, of the shape of its value, None for those without; `wrt` names
    those asked for. `upstream` is the output's own gradient, None for the number 1.
    """
    carries = depends(graph, [graph.node(name) for name in wrt])
    scalars = unroll(graph, values, carries, upstream, MOST_WORK)
    if scalars is None or work(scalars.graph, digits_for(scalars.graph, scalars.floats)) > MOST_WORK:
        from gradcalc.check.sampled import prove_sampled

        return prove_sampled(graph, values, gradients, wrt, rtol=rtol, atol=atol, upstream=upstream)
    case = Elements(graph, values, gradients, wrt, carries, scalars, upstream, (rtol, atol))
    forms = case.closed_forms() if closed_form else {}
    with array.quiet():
        entries = [case.array_entry(node, {}) for node in range(len(graph))]
        asked = {name: case.asked(name, forms) for name in wrt}
    verdict = "fail" if case.wrong else worst([entry.verdict for entry in asked.values()])
    first_wrong = min(case.wrong, default=None)
    check = Check(
        verdict=verdict,
        method="closed form" if any(value == value for _, value in forms.values()) else "gate by gate",
        rtol=rtol,
        atol=atol,
        gradients=asked,
        nodes=entries,
        first_wrong=first_wrong,
        reason="" if first_wrong is None else f"#{first_wrong}: {case.wrong[first_wrong]}",
        finished=all(map(case.finished, case.wrt.values())),
    )
    return Proof(check, case.told_kinks(), case.value_warnings() if upstream is None else [])


class Elements(Case):
    """A program with arrays at one point: the case of its scalar graph, told in the program's own nodes."""

    def __init__(
        self,
        program: Graph,
        values: Sequence[Value],
        gradients: Sequence[Value],
        wrt: Sequence[str],
        carries: Sequence[bool],
        scalars: Unrolled,
        upstream: Value,
        tolerances: tuple[float, float],
    ) -> None:
        self.program, self.scalars, self.arrays, self.found = program, scalars, values, gradients
        digits = digits_for(scalars.graph, scalars.floats)
        wrong = wrong_pieces(program, values, gradients, carries, scalars, upstream, digits)
        self.separate = max(1, min(self.separate, DIFFERENCES // len(scalars.graph)))
        self.names = {name: [*self._names(name)] for name in wrt}
        super().__init__(
            scalars.graph,
            scalars.floats,
            scalars.of_elements([g if _fits(g, x) else None for g, x in zip(gradients, values, strict=True)]),
            {element: scalars.graph.node(element) for names in self.names.values() for element in names},
            scalars.carrying(carries),
            wrong,
            kinked_elements(program, values, scalars),
            *tolerances,
        )

    def _names(self, name: str) -> Sequence[str]:
        return [*element_names(name, shape_of(self.arrays[self.program.node(name)]))]

    def moved_kinks(self) -> list[int | None]:
        """Return for each node a node at a kink that it moves; the losers of a maximum move nothing."""
        moved: list[int | None] = [None] * len(self.graph)
        for node in range(len(self.graph) - 1, -1, -1):
            kink = node if node in self.kinks else moved[node]
            if kink is not None:
                by = self.graph.inputs[node] if node == kink else taken(self.graph, self.scalars.floats, node)
                for i in by:
                    moved[i] = kink
        return moved

    def number(self, node: int) -> int:
        """Return the program's node that a scalar node was written for."""
        return self.scalars.owners[node]

    def as_written(self) -> tuple[Graph, Sequence[Value]]:
        """Return the program itself, and the values of its nodes."""
        return self.program, self.arrays

    def elements(self, node: int) -> Sequence[int]:
        """Return the scalar nodes of a node's elements."""
        return list(map(int, self.scalars.elements[node].flat))

    def with_forms(self) -> list[str]:
        """Return the elements of small arrays."""
        return [element for names in self.names.values() if len(names) <= FORMULAS for element in names]

    # Verdicts.

    def asked(self, name: str, forms: Mapping[str, tuple[Any, Any]]) -> Entry:
        """Return the verdict on a gradient that was asked for, with its formulas where they are small."""
        mine = {self.wrt[element]: forms.get(element) for element in self.names[name]}
        entry = self.array_entry(self.program.node(name), mine)
        assert entry is not None, "a gradient that was asked for has an entry"
        return entry

    def array_entry(self, node: int, forms: Mapping[int, tuple[Any, Any] | None]) -> Entry | None:
        """Return the verdict on one node's gradient: that of its worst element.

        `forms` has the closed forms, None for those without, by element of a gradient that was asked for.
        """
        got, nodes = self.found[node], self.scalars.elements[node]
        if got is None:
            return None
        if not _fits(got, self.arrays[node]):
            return Entry("fail", None, None, None, reason=str(self.wrong.get(node, "its shape is wrong")))
        if not nodes.size:
            return Entry("pass", np.zeros(nodes.shape), 0.0, EXACT_DIGITS)
        truths = [self.truth.gradients[s] for s in map(int, nodes.flat)]
        references = np.array([nearest_float(t) for t in truths])
        places = (
            range(nodes.size)
            if any(forms.values())
            else self._telling(np.ravel(got), nodes.ravel(), references)
        )
        entries = {}
        for place in places:
            scalar = int(nodes.flat[place])
            entry = self.entry(scalar)
            assert entry is not None, "its elements have the gradient"
            entries[place] = self.told(scalar, entry, forms[scalar]) if scalar in forms else entry
        return _combined(entries, nodes.shape, self._proved(references, nodes, entries))

    def _proved(self, references: Any, nodes: Any, entries: Mapping[int, Entry]) -> Any:
        """Return the references, nan where none is the one true derivative."""
        proved = references.copy()
        for place, s in enumerate(map(int, nodes.flat)):
            entry = entries.get(place)
            if self.kink_moved[s] is not None:
                agreed = None if entry is None else entry.reference
                proved[place] = float("nan") if agreed is None else agreed
            elif not self.truth.settled[s] or (entry is not None and entry.verdict == "undecided"):
                proved[place] = float("nan")
        return proved

    def _telling(self, got: Any, nodes: Any, references: Any) -> list[int]:
        """Return the places that decide the verdict on an array, one of each kind of those that are alike."""
        unsettled = [p for p, s in enumerate(nodes) if not self.truth.settled[s]]
        kinked = [p for p, s in enumerate(nodes) if self.kink_moved[s] is not None]
        own = [p for p, s in enumerate(nodes) if s in self.sides or s in self.objections]
        alike = [p for p in kinked if nodes[p] not in self.sides]
        plain = np.isfinite(references) & np.isfinite(got)
        plain[kinked] = plain[unsettled] = False
        off = np.abs(got - references) / np.maximum(np.abs(references), SUBNORMAL_STEP)
        beyond = np.abs(got - references) > np.maximum(self.rtol * np.abs(references), self.atol)
        infinite = [p for p in np.flatnonzero(~plain) if p not in set(kinked)]
        masks = [mask for mask in (plain, plain & beyond) if mask.any()]
        farthest = [int(np.argmax(np.where(mask, off, -1.0))) for mask in masks]
        return sorted({*farthest, *own, *alike[:1], *unsettled[:1], *map(int, infinite[:1])})

    # Kinks.

    def told_kinks(self) -> list[Kinked]:
        """Return what people are told of the kinks, with the one-sided derivatives of a few elements."""
        told = elements.kinks(self.program, self.arrays)
        few = [e for names in self.names.values() if len(names) <= ONE_SIDED for e in names]
        sides = {name: self.sides[self.wrt[name]] for name in few if self.wrt[name] in self.sides}
        moves = {name: depends(self.graph, [self.wrt[name]]) for name in sides}
        out = []
        for kinked in told:
            there = [s for s in self.kinks if self.number(s) == kinked.node]
            mine = {name: pair for name, pair in sides.items() if any(moves[name][s] for s in there)}
            left = {name: float_or_none(pair.left) for name, pair in mine.items()}
            right = {name: float_or_none(pair.right) for name, pair in mine.items()}
            out.append(replace(kinked, left=left, right=right))
        return out


def kinked_elements(program: Graph, arrays: Sequence[Value], scalars: Unrolled) -> dict[int, Kink]:
    """Return the scalar nodes at a kink: those of scalar gates, and those that a record tells of."""
    graph, floats = scalars.graph, scalars.floats
    counts = reached(graph, floats, range(len(graph)), [graph.output])
    kinks: dict[int, Kink] = {}
    records: dict[int, Kink] = {}
    for node in range(len(program)):
        for kink, mask in elements.kinks_at(program, arrays, node):
            records.setdefault(node, kink)
            kinks.update(dict.fromkeys(map(int, scalars.elements[node][mask].flat), kink))
    for node in counts:
        met = kink_at(graph, floats, node)
        if met is not None:
            kinks.setdefault(node, records.get(scalars.owners[node], met))
    return {node: kinks[node] for node in sorted(counts & kinks.keys())}


def _fits(gradient: Value, value: Value) -> bool:
    """Whether there is a gradient, of its value's shape."""
    return gradient is not None and np.shape(gradient) == shape_of(value)


def _combined(entries: Mapping[int, Entry], shape: Shape, references: Any) -> Entry:
    """Return the entry of an array from those of the elements that decide it."""
    place = max(entries, key=lambda p: (VERDICTS.index(entries[p].verdict), entries[p].relative_error or 0.0))
    decisive = entries[place]
    if not shape:
        return decisive
    where = f"at {index_text(map(int, np.unravel_index(place, shape)))}: " if decisive.reason else ""
    known = [entry for entry in entries.values() if entry.digits is not None]
    formulas = [entry.formula for entry in entries.values()] if len(entries) == references.size else [None]
    return Entry(
        decisive.verdict,
        references.reshape(shape),
        max((entry.relative_error or 0.0 for entry in known), default=None),
        min((entry.digits or 0 for entry in known), default=None),
        formula=_nested(formulas, shape),
        reason=where + decisive.reason,
        left=_sides({place: entry.left for place, entry in entries.items()}, shape),
        right=_sides({place: entry.right for place, entry in entries.items()}, shape),
        voices=decisive.voices,
    )


def _sides(known: Mapping[int, Value], shape: Shape) -> Value:
    """Return the one-sided derivatives at some places as an array, nan elsewhere; None for none."""
    if not any(side is not None for side in known.values()):
        return None
    sides = np.full(shape, np.nan)
    sides.flat[list(known)] = [np.nan if side is None else side for side in known.values()]
    return sides


def _nested(formulas: Sequence[str | None], shape: Shape) -> str | None:
    """Return formulas as a nested list; None where one is missing, or all are too long to be read."""
    texts = [formula for formula in formulas if formula is not None]
    if len(texts) < len(formulas):
        return None
    for size in reversed(shape):
        texts = [f"[{', '.join(texts[k : k + size])}]" for k in range(0, len(texts), size)]
    return texts[0] if len(texts[0]) <= FORMULA_LENGTH else None
