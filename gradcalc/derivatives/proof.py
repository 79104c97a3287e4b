"""The proof of Jacobians and Hessians: their entries against differences of the definitions.

Every entry is w'D v: a derivative along a vector v of what a vector w weighs, both of them units.
Entry by entry while that can be afforded, else along random vectors. An entry that is off was either
computed by a wrong rule or lost its digits to rounding: the same passes in high precision tell which,
since they round nothing.

Where not even that can be afforded, a Jacobian is held against a gradient: w'J is that of what a random
w weighs, and the check of gradients proves it, however large the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from gradcalc.backward import backward
from gradcalc.check import prove
from gradcalc.check.arrays import prove as prove_arrays
from gradcalc.check.compare import EXACT_DIGITS, agrees, digits, relative_error
from gradcalc.check.difference import AGREE
from gradcalc.check.precise import DIGITS, nearest_float, working
from gradcalc.check.slopes import NO_VALUE
from gradcalc.derivatives import modes
from gradcalc.derivatives.differences import LIFTED, Definitions, Limit, along, exact, random_vector
from gradcalc.derivatives.matrices import Block, Derivatives, Names, count, is_scalar, place
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Value
from gradcalc.result import VERDICTS, Check, Entry, Verdict, worst
from gradcalc.systems.dual import System, tangent

WORK = 300_000
"""Multiplications in high precision that a check of all entries may take: a few seconds."""

MOST_WORK = 1_000_000
"""Those that a check along random vectors may take; beyond that nothing is checked."""

EVALUATIONS = 9
"""Evaluations of a program for one derivative along a vector: three steps with three points each."""

VECTORS = 3

MORE_DIGITS = 350
"""Digits beyond those of the program: a double beside a 1 needs up to 324."""

ENTRY_BY_ENTRY = "differences in high precision, entry by entry"
SAMPLED = f"differences in high precision along {VECTORS} random vectors"
WEIGHED = "the product with a random vector is the gradient that it weighs, which is proved: {method}"
UNCHECKED = f"too large for the check: more than {MOST_WORK:,} multiplications in high precision"

UNLIKE = "the product with a random vector is not the gradient that this weighs: rounding, or a wrong pass"

NOTHING_MOVES = Entry("pass", None, 0.0, EXACT_DIGITS)

UNTOLD = "rounding or a wrong rule: the rules do not run in high precision"

DUAL = System(LIFTED, modes.rules(LIFTED))
"""Dual numbers in high precision, with the derivatives that the gates' rules give."""

Index = tuple[int, ...]


class Vector(NamedTuple):
    """An array a node, with a key that no other vector of the proof has."""

    key: Any
    parts: Mapping[int, Value]


class Place(NamedTuple):
    """One element of a node; as a vector its unit."""

    node: int
    at: Index


class Claim(NamedTuple):
    """An entry: its block, its number there, its derivative in high precision, and w and v."""

    names: Names
    number: int
    limit: Limit
    w: Vector | Place
    v: Vector | Place


class Judged(NamedTuple):
    """The verdict on one number."""

    verdict: Verdict
    reference: float = float("nan")
    error: float | None = None
    digits: int | None = None
    reason: str = ""


def proved(
    found: Derivatives,
    rtol: float,
    atol: float,
    seeds: Mapping[int, Value] | None = None,
    upstream: Value = None,
) -> Derivatives:
    """Return the derivatives with their proof; `seeds` and `upstream` are the vectors of a product."""
    v = Vector("v", seeds or {})
    w = Vector("w", {found.graph.output: upstream})
    return replace(found, check=Proof(found, v, w, rtol, atol).check())


class Proof:
    """Derivatives with the vectors v and w of a product, on trial."""

    def __init__(self, found: Derivatives, v: Vector, w: Vector, rtol: float, atol: float) -> None:
        self.found, self.v, self.w, self.rtol, self.atol = found, v, w, rtol, atol
        self.graph, self.values, self.output = found.graph, found.values, found.graph.output
        self.nodes = {name: self.graph.node(name) for name in found.wrt}
        self.definitions = Definitions(self.graph, self.values)
        self._passes: dict[Any, Any] = {}

    def check(self) -> Check:
        """Return the verdicts, one a block."""
        moved = self.definitions.work([*self.nodes.values(), *self.v.parts])
        unmoved = self.definitions.work(range(len(self.graph)))
        if self._evaluations() * moved + EVALUATIONS * unmoved <= WORK:
            return self._told(ENTRY_BY_ENTRY, self._entry_by_entry())
        if EVALUATIONS * (VECTORS * moved + unmoved) <= MOST_WORK:
            return self._told(SAMPLED, self._sampled())
        if self.found.what in ("jacobian", "jvp", "vjp") and not is_scalar(self.graph, self.values):
            return self._against_gradients()
        entry = Entry("undecided", None, None, None, reason=UNCHECKED)
        return replace(self._told("not checked", dict.fromkeys(self.found.blocks, entry)), finished=False)

    def _told(self, method: str, entries: Mapping[Names, Entry]) -> Check:
        reason = self._wrong_value() if method in (ENTRY_BY_ENTRY, SAMPLED) else ""
        verdict = "fail" if reason else worst([entry.verdict for entry in entries.values()])
        by_name = {", ".join(names): entry for names, entry in entries.items()}
        return Check(verdict, method, self.rtol, self.atol, by_name, (), reason=reason)

    def _wrong_value(self) -> str:
        """Return what is wrong with the output's value, empty where it is right but for rounding."""
        with working(self.definitions.digits + MORE_DIGITS):
            truth = np.asarray(self.definitions.output({}))
            off = np.abs(exact(self.values[self.output]) - truth)
            far = bool(np.any(off > self.rtol * np.max(np.abs(truth), initial=mpf(0))))
        return self.wrong_gate if far else ""

    def _evaluations(self) -> int:
        """Return how often the program is evaluated for the differences of all entries."""
        n = sum(
            count(shape_of(self.values[node]))
            for name, node in self.nodes.items()
            if not self._diagonal(name)
        )
        return {"hessian": 2 * n * n + 3 * n, "hvp": 6 * n + 3, "jvp": 3}.get(self.found.what, 2 * n + 3)

    def _diagonal(self, name: str) -> bool:
        block = self.found.blocks.get((name,))
        return block is not None and block.kind == "diagonal"

    # Entry by entry.

    def _entry_by_entry(self) -> dict[Names, Entry]:
        judged: dict[Names, dict[int, Judged]] = {names: {} for names in self.found.blocks}
        for claim in self._claims():
            got = float(self._got(claim.names)[claim.number])
            judged[claim.names][claim.number] = self._judged(got, claim.limit, claim.w, claim.v)
        return {names: self._entry(names, judged[names]) for names in judged}

    def _claims(self) -> Iterator[Claim]:
        if self.found.what == "hessian":
            yield from self._hessian()
        elif self.found.what == "hvp":
            for (name, number), at in self._places():
                limit = self._curvature(at, self.v, self._got((name,))[number] != 0)
                yield Claim((name,), number, limit, at, self.v)
        elif self.found.what == "jvp":
            for row, limit in enumerate(self._slopes(self.v, self._got(()) != 0)):
                yield Claim((), row, limit, self._row(row), self.v)
        elif self.found.what == "vjp":
            for (name, number), at in self._places():
                weights = self.w.parts[self.output]
                doubted = [self._got((name,))[number] != 0] * np.size(weights)
                limit = _weighted(self._slopes(at, doubted), weights)
                yield Claim((name,), number, limit, self.w, at)
        else:
            yield from self._jacobian()

    def _jacobian(self) -> Iterator[Claim]:
        for (name, number), at in self._places():
            if not self._diagonal(name):
                columns = count(shape_of(self.values[at.node]))
                doubted = self._got((name,))[number::columns] != 0
                for row, limit in enumerate(self._slopes(at, doubted)):
                    yield Claim((name,), row * columns + number, limit, self._row(row), at)
        for name, node in self.nodes.items():
            if self._diagonal(name):
                yield from self._moved_at_once(name, node)

    def _moved_at_once(self, name: str, node: int) -> Iterator[Claim]:
        """Yield the diagonal: all elements are moved at once, each by a number of its own."""
        x = self.values[node]
        ones = Vector("ones", {self.output: np.ones(shape_of(x))})
        speeds = random_vector(x, Random(0))  # noqa: S311 - the same every time, so that a verdict can be repeated
        doubted = self._got((name,)) != 0
        limits = self._slopes(Vector(("diagonal", node), {node: speeds}), doubted)
        for number, (limit, speed, index) in enumerate(
            zip(limits, speeds.flat, np.ndindex(x.shape), strict=True)
        ):
            yield Claim((name,), number, limit.divided(mpf(float(speed))), ones, Place(node, index))

    def _hessian(self) -> Iterator[Claim]:
        places = list(self._places())
        for i, ((a, row), first) in enumerate(places):
            for (b, column), second in places[: i + 1]:
                there, mirrored = ((a, b), row, second), ((b, a), column, first)
                doubted = any(self._got(names)[self._number(n, v)] != 0 for names, n, v in (there, mirrored))
                limit = self._curvature(first, second, doubted)
                yield Claim((a, b), self._number(row, second), limit, first, second)
                if first != second:
                    yield Claim((b, a), self._number(column, first), limit, second, first)

    def _number(self, row: int, column: Place) -> int:
        """Return the number of an entry in its block, from its row and the place that it is by."""
        shape = shape_of(self.values[column.node])
        return row * count(shape) + (int(np.ravel_multi_index(column.at, shape)) if shape else 0)

    def _got(self, names: Names) -> Any:
        """Return the entries of a block, raveled."""
        return np.ravel(self.found.blocks[names].value)

    def _places(self) -> Iterator[tuple[tuple[str, int], Place]]:
        """Yield each element of each name: the name and the element's number, and its place."""
        for name, node in self.nodes.items():
            for number, index in enumerate(np.ndindex(shape_of(self.values[node]))):
                yield (name, number), Place(node, index)

    def _row(self, number: int) -> Place:
        """Return the place of an element of the output."""
        shape = shape_of(self.values[self.output])
        return Place(self.output, _index(number, shape))

    # What derivatives are, by differences, and by the same passes in high precision.

    def _vector(self, x: Vector | Place) -> Vector:
        if isinstance(x, Vector):
            return x
        return Vector(x, {x.node: modes.unit(shape_of(self.values[x.node]), x.at)})

    def _slopes(self, v: Vector | Place, doubted: Sequence[bool]) -> list[Limit]:
        """Return the derivative of each element of the output along v; of some a zero is doubted."""
        direction, factor = along(self.values, self._vector(v).parts)
        return [limit.divided(factor) for limit in self.definitions.slopes(direction, doubted)]

    def _curvature(self, w: Vector | Place, v: Vector | Place, doubted: bool) -> Limit:
        """Return the second derivative of the output along w and v; a zero may be doubted."""
        w, v = self._vector(w), self._vector(v)
        (first, a), (second, b) = (along(self.values, x.parts) for x in (w, v))
        return self.definitions.curvature((w.key, first), (v.key, second), doubted).divided(a).divided(b)

    def _again(self, w: Vector | Place, v: Vector | Place) -> Any:
        """Return w'D v by the same passes in high precision, None where they do not run there."""
        w, v = self._vector(w), self._vector(v)
        start, end = (w, v) if self.found.mode == "reverse" else (v, w)
        with working(self.definitions.digits + MORE_DIGITS):
            if start.key not in self._passes:
                try:
                    self._passes[start.key] = self._passed(start)
                except (*NO_VALUE, NotImplementedError):
                    self._passes[start.key] = None
            found = self._passes[start.key]
            if found is None:
                return None
            reached = {node: x for node, x in end.parts.items() if found[node] is not None}
            return sum((np.sum(np.asarray(exact(x) * found[node])) for node, x in reached.items()), mpf(0))

    def _passed(self, start: Vector) -> list[Any]:
        """Return tangents, gradients, or the tangents of gradients, one a node."""
        here, names = self.definitions.here(), self.found.wrt
        flows = modes.reached(self.graph, self.values, names)
        if self.found.mode == "reverse":
            upstream = exact(start.parts[self.output])
            return modes.pull_back(LIFTED, self.graph, here, names, flows, upstream)
        seeds = {node: exact(x) for node, x in start.parts.items()}
        duals = modes.push_forward(DUAL, self.graph, here, seeds)
        if self.found.mode == "forward":
            return [tangent(x) for x in duals]
        return [tangent(g) for g in modes.pull_back(DUAL, self.graph, duals, names, flows)]

    @cached_property
    def wrong_gate(self) -> str:
        """What the check of a gradient finds wrong with a gate as floats compute it, empty if nothing."""
        _, check = self._gradients(random_vector(self.values[self.output], Random(0)))  # noqa: S311 - repeatable
        return (check.reason or "a gate is wrong") if check.verdict == "fail" else ""

    def _gradients(self, w: Value) -> tuple[list[Value], Check]:
        """Return the gradients of the output weighed by w, a number by 1, and their check."""
        w = w if shape_of(w) else 1.0
        gradients = backward(self.graph, self.values, self.found.wrt, w)
        given = self.graph, self.values, gradients, self.found.wrt
        if is_scalar(self.graph, self.values):
            return gradients, prove(*given).check
        return gradients, prove_arrays(*given, rtol=self.rtol, atol=self.atol, upstream=w).check

    # Verdicts.

    def _judged(
        self, got: float, limit: Limit, w: Vector | Place, v: Vector | Place, scale: float | None = None
    ) -> Judged:
        """Return the verdict on a number; errors count relative to `scale` where it is a sum of many."""
        truth = limit.value
        if truth is None:
            return Judged("undecided", reason=limit.told)
        slack = self.atol if scale is None else max(self.atol, self.rtol * scale)
        numbers = nearest_float(truth), relative_error(got, truth), digits(got, truth)
        if agrees(got, truth, self.rtol, slack):
            return Judged("pass", *numbers) if scale is None else Judged("pass")
        again = self._again(w, v)
        if again is None:
            return Judged("undecided", *numbers, UNTOLD)
        if abs(again - truth) <= mpf(10) ** -AGREE * max(abs(truth), abs(got - truth)):
            if self.wrong_gate:
                return Judged("fail", *numbers, self.wrong_gate)
            reason = f"{numbers[2]} digits hold: every rule is right, but floats lost digits"
            return Judged("inaccurate", *numbers, reason)
        return Judged("fail", *numbers, f"it is {got!r}, but should be {numbers[0]!r}")

    def _entry(self, names: Names, judged: Mapping[int, Judged]) -> Entry:
        """Return the verdict on a block: that of its worst entry."""
        block = self.found.blocks[names]
        shape = shape_of(block.value)
        if not judged:
            return Entry("pass", np.zeros(shape), 0.0, EXACT_DIGITS)
        number = max(judged, key=lambda n: (VERDICTS.index(judged[n].verdict), judged[n].error or 0.0))
        decisive = judged[number]
        references = np.array([judged[n].reference for n in range(len(judged))]).reshape(shape)
        known = [j for j in judged.values() if j.digits is not None]
        where = entry_label(self.found, names, block, number)
        return Entry(
            decisive.verdict,
            references if shape else float(references),
            max((j.error or 0.0 for j in known), default=None),
            min((j.digits or 0 for j in known), default=None),
            reason=f"{where}: {decisive.reason}" if decisive.reason else "",
        )

    # Along random vectors.

    def _sampled(self) -> dict[Names, Entry]:
        random = Random(0)  # noqa: S311 - the same vectors every time, so that a verdict can be repeated
        judged = [self._along_random(number, random) for number in range(VECTORS)]
        at = max(judged, key=lambda j: VERDICTS.index(j.verdict))
        reason = at.reason and f"along a random vector: {at.reason}"
        return dict.fromkeys(self.found.blocks, Entry(at.verdict, None, at.error, at.digits, reason=reason))

    def _along_random(self, number: int, random: Random) -> Judged:
        what, nodes = self.found.what, list(self.nodes.values())
        inputs = {node: random_vector(self.values[node], random) for node in nodes}
        v = self.v if what in ("jvp", "hvp") else Vector(("v", number), inputs)
        if what in ("hessian", "hvp"):
            w = Vector(("w", number), {node: random_vector(self.values[node], random) for node in nodes})
            limit = self._curvature(w, v, doubted=True)
        else:
            weights = random_vector(np.ones(shape_of(self.values[self.output])), random)
            w = self.w if what == "vjp" else Vector(("w", number), {self.output: weights})
            doubted = [True] * np.size(self.values[self.output])
            limit = _weighted(self._slopes(v, doubted), w.parts[self.output])
        got, scale = self._weighed(w, v)
        return self._judged(got, limit, w, v, scale)

    def _weighed(self, w: Vector, v: Vector) -> tuple[float, float]:
        """Return w'D v from the blocks, and the sum of the sizes of its terms."""
        total = scale = 0.0
        for names, block in self.found.blocks.items():
            rows = w.parts[self.nodes[names[0]] if self.found.what in ("hessian", "hvp") else self.output]
            columns = None if self.found.what in ("jvp", "hvp") else v.parts[self.nodes[names[-1]]]
            if self.found.what == "vjp":
                rows, columns = columns, None
            terms = _terms(block, np.ravel(rows), None if columns is None else np.ravel(columns))
            total, scale = total + float(np.sum(terms)), scale + float(np.sum(np.abs(terms)))
        return total, scale

    # Against gradients.

    def _against_gradients(self) -> Check:
        """Return the check of w'J, or w'J v, against the gradients of what w weighs, themselves proved."""
        shape = shape_of(self.values[self.output])
        drawn = random_vector(np.ones(shape), Random(0)) if shape else 1.0  # noqa: S311 - repeatable
        w = self.w if self.found.what == "vjp" else Vector("weights", {self.output: drawn})
        gradients, check = self._gradients(w.parts[self.output])
        beside = self._product_beside if self.found.what == "jvp" else self._rows_beside
        entries = {names: beside(names, w, gradients, check) for names in self.found.blocks}
        told = self._told(WEIGHED.format(method=check.method), entries)
        return replace(told, reason=check.reason, finished=check.finished)

    def _rows_beside(self, names: Names, w: Vector, gradients: Sequence[Value], check: Check) -> Entry:
        """Return the verdict on a gradient, which the block's product w'J must be."""
        block, upstream = self.found.blocks[names], np.ravel(w.parts[self.output])
        if self.found.what == "vjp":
            terms = np.ravel(block.value)[None, :]
        elif block.kind == "diagonal":
            terms = (np.ravel(block.value) * upstream)[None, :]
        else:
            terms = block.matrix * upstream[:, None]
        entry, g = check.gradients[names[0]], np.ravel(gradients[self.nodes[names[0]]])
        off = np.abs(np.sum(terms, axis=0) - g) > self.rtol * np.sum(np.abs(terms), axis=0) + self.atol
        if entry.verdict == "pass" and np.any(off):
            at = place(_index(int(np.argmax(off)), block.columns))
            return replace(entry, verdict="undecided", reason=f"{names[0]}{at}: {UNLIKE}")
        return replace(entry, reference=None)

    def _product_beside(self, names: Names, w: Vector, gradients: Sequence[Value], check: Check) -> Entry:
        """Return the verdict on gradients, whose product with v must be what w weighs of J v."""
        entry = max(check.gradients.values(), key=lambda e: VERDICTS.index(e.verdict), default=NOTHING_MOVES)
        terms = np.ravel(self.found.blocks[names].value) * np.ravel(w.parts[self.output])
        moved = [np.ravel(gradients[node]) * np.ravel(v) for node, v in self.v.parts.items()]
        scale = sum(float(np.sum(np.abs(part))) for part in (terms, *moved))
        off = abs(float(np.sum(terms)) - sum(float(np.sum(part)) for part in moved))
        if entry.verdict == "pass" and off > self.rtol * scale + self.atol:
            return replace(entry, verdict="undecided", reason=UNLIKE)
        return replace(entry, reference=None)


def _terms(block: Block, rows: Any, columns: Any) -> Any:
    """Return what a block's entries add to w'D v."""
    if columns is None:
        return np.ravel(block.value) * rows
    if block.kind == "diagonal":
        return np.ravel(block.value) * rows * columns
    return block.matrix * rows[:, None] * columns


def _weighted(limits: Sequence[Limit], weights: Value) -> Limit:
    """Return the sum of derivatives times weights; those without a weight do not count."""
    pairs = [(limit, float(w)) for limit, w in zip(limits, np.ravel(weights), strict=True) if w]
    for limit, weight in pairs:
        if limit.value is None:
            return limit.divided(1 / mpf(weight)) if len(pairs) == 1 else Limit(None, limit.reason)
    with working(DIGITS):
        return Limit(sum((limit.value * mpf(w) for limit, w in pairs), mpf(0)))


def _index(number: int, shape: Shape) -> Index:
    return tuple(map(int, np.unravel_index(number, shape)))


def entry_label(found: Derivatives, names: Names, block: Block, number: int) -> str:
    """Return what an entry is called: `[0] by x[1]`; of a product the element alone."""
    if block.kind == "diagonal":
        at = place(_index(number, block.rows))
        return f"{at} by {names[0]}{at}"
    index = _index(number, block.shape) if block.shape else ()
    row, column = place(index[: len(block.rows)]), place(index[len(block.rows) :])
    if found.what == "hessian":
        return f"by {names[0]}{row} and {names[1]}{column}"
    if found.what == "jacobian":
        return f"{row} by {names[0]}{column}".strip()
    return f"{names[0] if names else ''}{row or column}"
