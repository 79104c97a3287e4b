"""Every node of a program with arrays, locally: its value, and what it sends to its inputs.

At the node's own float inputs the definition, unrolled to scalar nodes, gives the true value, and the
chain over those nodes turns the float upstream gradient into what should arrive at each input. What
floats computed may be off by `TOLERANCE` units in the last place of

- a value: plus as much as the rounding of each scalar node on the way can move it;
- a gradient: of the sum over all paths of |upstream x local|, plus as much as it moves when the values
  on the way are rounded at random.

So a cancellation inside a matrix product is not called a wrong rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import isfinite
from random import Random
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

from gradcalc.backward import arriving
from gradcalc.check import slopes
from gradcalc.check.chain import AGREE, flow_back
from gradcalc.check.local import DIGITS_FOR_ZERO, TOLERANCE, Wrong, wrong_share
from gradcalc.check.precise import MOST_DIGITS, apply, nearest_float, working
from gradcalc.check.unroll import Unrolled, index_text
from gradcalc.gates import Gate
from gradcalc.gates.record import Kink, shape_of
from gradcalc.graph import Graph, Value, consumers
from gradcalc.systems import array

ULP = mpf(2) ** -52
SMALLEST = 5e-324

ROUNDED = 3
"""How often the values on the way are rounded at random."""

NOTHING_KNOWN = 2**20
"""How often as far a number may be off that rounding moves by its own size: 1/x has no bounds near 0."""

ALONE = 8
"""Most elements beside a kink that are moved one by one; then all are moved together."""


class Trial(NamedTuple):
    """Floats that are put on trial: what they are, and the scalar nodes that hold the truth about them."""

    what: str
    got: Any
    nodes: Any
    is_value: bool


class Near(dict[int, Any]):
    """Values at the scalar nodes of one node of the program; what it is computed from are the floats.

    With a seed all of them are off in their last places in doubles, at random.
    """

    def __init__(self, floats: Sequence[float], seed: int | None) -> None:
        self.floats, self.rounds = floats, seed is not None
        self.random = Random(seed)  # noqa: S311 - the same roundings every time

    def __missing__(self, node: int) -> Any:
        self[node] = x = self.rounded(mpf(self.floats[node]))
        return x

    def rounded(self, x: Any) -> Any:
        """Return a value, off in its last place where there is a seed."""
        if not self.rounds:
            return x
        return x + last_place(x) * mpf(self.random.choice((-1, 1)) * self.random.uniform(0.5, 1))


def last_place(x: Any) -> Any:
    """Return the last place of a number in doubles, or less; below the smallest double nothing is lost."""
    return max(abs(x) * ULP, SMALLEST) if abs(x) >= SMALLEST else abs(x) * ULP


def _least(slope: Any) -> Any:
    """Return the size of a slope, of one that doubles lose as 0 that of which `SMALLEST` is a last place."""
    return max(abs(slope), SMALLEST / ULP) if slope else abs(slope)


class Flows(dict[int, Any]):
    """Gradients at scalar nodes; None where none flows."""

    def __missing__(self, node: int) -> Any:
        return None


def wrong_pieces(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    carries: Sequence[bool],
    scalars: Unrolled,
    upstream: Value,
    digits: int,
) -> dict[int, Wrong]:
    """Return what is wrong with a node, by node; empty where all is right."""
    found: dict[int, Wrong] = {}
    carrying, arrivals = scalars.carrying(carries), Arrivals(graph, values, gradients)
    with array.quiet():
        for node, inputs in enumerate(graph.inputs):
            bad = wrong_shape(graph, values, gradients, carries, node, arrivals)
            if bad is None and inputs:
                piece = Piece(scalars, node, gradients[node], carrying)
                trials = [*_trials(graph, values, gradients, carries, scalars, node, arrivals)]
                bad = piece.wrong(trials, digits, graph.gates[node].elementwise)
            if bad is not None:
                found[node] = bad
        for wrong in () if found else wrong_sums(graph, gradients, carries, upstream, arrivals):
            found[wrong.node] = wrong
    return found


class Arrivals:
    """What arrives along each wire with the program's own gradients; each is computed once."""

    def __init__(self, graph: Graph, values: Sequence[Value], gradients: Sequence[Value]) -> None:
        self.graph, self.values, self.gradients = graph, values, gradients
        self._known: dict[tuple[int, int], Value] = {}

    def along(self, node: int, k: int) -> Value:
        """Return what a node sends to its input `k`; None where no gradient flows."""
        if (node, k) not in self._known:
            self._known[node, k] = arriving(self.graph, self.values, node, k, self.gradients[node])
        return self._known[node, k]


def wrong_shape(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    carries: Sequence[bool],
    node: int,
    arrivals: Arrivals,
) -> Wrong | None:
    """Return the node, or the wire out of it, whose gradient has not the shape of its value."""
    upstream, inputs = gradients[node], graph.inputs[node]
    if upstream is None or not carries[node]:
        return None
    if np.shape(upstream) != shape_of(values[node]):
        return Wrong(node, "the shape of its gradient", np.shape(upstream), shape_of(values[node]))
    for k, i in enumerate(inputs):
        part = arrivals.along(node, k) if carries[i] else None
        if part is not None and np.shape(part) != shape_of(values[i]):
            what = f"the shape of {sent(graph.gates[node], k)}"
            return Wrong(node, what, np.shape(part), shape_of(values[i]))
    return None


def _trials(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    carries: Sequence[bool],
    scalars: Unrolled,
    node: int,
    arrivals: Arrivals,
) -> Iterator[Trial]:
    """Yield the value, and what is sent to each input; to one that is used twice, both together."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    yield Trial(f"the value of {gate.name}", np.asarray(values[node]), scalars.elements[node], is_value=True)
    if gradients[node] is None:
        return
    for i in dict.fromkeys(i for i in inputs if carries[i]):
        wires = [k for k, other in enumerate(inputs) if other == i]
        parts = [arrivals.along(node, k) for k in wires]
        got = sum((part for part in parts if part is not None), start=np.zeros(shape_of(values[i])))
        yield Trial(sent(gate, wires[0]), np.asarray(got), scalars.elements[i], is_value=False)


def sent(gate: Gate, k: int) -> str:
    """Return what people call the gradient that a gate sends to input `k`."""
    name = f"input {k + 1}" if gate.variadic else gate.parameters[k]
    return f"the gradient that {gate.name} sends to {name}"


class Piece:
    """One node of the program at its own float inputs, with its own upstream gradient."""

    def __init__(self, scalars: Unrolled, node: int, upstream: Value, carrying: Sequence[bool]) -> None:
        self.graph, self.floats, self.span = scalars.graph, scalars.floats, scalars.span(node)
        self.node, self.outputs = node, [int(s) for s in scalars.elements[node].flat]
        self.carrying = carrying
        given = 0.0 if upstream is None else upstream
        self.upstream = [float(g) for g in np.broadcast_to(given, scalars.elements[node].shape).flat]
        self._known: dict[tuple[int, int | None], tuple[Near, Flows]] = {}

    # The truth.

    def truth(self, digits: int, seed: int | None = None) -> tuple[Near, Flows]:
        """Return the definition's values and the gradients that it sends, in so many digits.

        With a seed each value is off in its last place in doubles, at random.
        """
        if (digits, seed) not in self._known:
            with working(digits):
                values = self._moved({}, seed)
                flows = Flows(zip(self.outputs, map(mpf, self.upstream), strict=True))
                flow_back(self.graph, self.span, values, self.carrying, flows)
            self._known[digits, seed] = values, flows
        return self._known[digits, seed]

    def _moved(self, given: dict[int, Any], seed: int | None = None) -> Near:
        """Return the values where some inputs are given, the others being the floats."""
        values, graph = Near(self.floats, seed), self.graph
        values.update(given)
        for s in self.span:
            if graph.inputs[s]:
                values[s] = values.rounded(apply(graph.gates[s], [values[i] for i in graph.inputs[s]]))
        return values

    def _of(self, trial: Trial, digits: int, seed: int | None = None) -> list[Any]:
        values, flows = self.truth(digits, seed)
        held = values if trial.is_value else flows
        return [held[int(s)] for s in trial.nodes.flat]

    # The trial.

    def wrong(self, trials: Sequence[Trial], digits: int, elementwise: bool) -> Wrong | None:
        """Return what is wrong: the value, or what is sent to an input."""
        kinked = self.kinked()
        for trial in trials:
            found = self.tried(trial, digits, set() if trial.is_value else kinked)
            if found is not None:
                return found
        return self.wrong_convention(trials[1:], kinked, elementwise) if kinked and trials[1:] else None

    def tried(self, trial: Trial, digits: int, kinked: set[int]) -> Wrong | None:
        """Return the first element that is wrong, with more and more digits until each is decided."""
        got, rough = trial.got.ravel(), self._of(trial, digits)
        open_ = np.array([int(s) not in kinked for s in trial.nodes.flat], bool)
        open_ &= ~np.isnan(got)  # never reaches an answer: an error tells of it
        open_ &= trial.is_value | np.isfinite(got)  # 0 x infinity, which the backward pass leaves out
        open_ &= ~_accepted(got, rough, digits)
        while open_.any() and 2 * digits <= MOST_DIGITS:
            digits *= 2
            fine = self._of(trial, digits)
            open_ &= ~_accepted(got, fine, digits)
            settled = [p for p in map(int, np.flatnonzero(open_)) if _settled(rough[p], fine[p], digits)]
            beyond = self._beyond_rounding(trial, settled, digits) if settled else None
            if beyond is not None:
                truth = nearest_float(fine[beyond] or 0.0)
                return Wrong(self.node, trial.what + _at(trial, beyond), float(got[beyond]), truth)
            open_[settled] = False
            rough = fine
        return None

    def _beyond_rounding(self, trial: Trial, places: Sequence[int], digits: int) -> int | None:
        """Return the first place whose error is more than rounding explains."""
        truths = self._of(trial, digits)
        with working(digits):
            sums = self._error_bounds(digits) if trial.is_value else self._path_sums(digits)
            errors = {p: abs(mpf(float(trial.got.flat[p])) - (truths[p] or 0)) for p in places}
            known = {p: TOLERANCE * ((sums[int(trial.nodes.flat[p])] or 0) * ULP + SMALLEST) for p in places}
            beyond = [p for p in places if mp.isfinite(known[p]) and not errors[p] <= known[p]]
            if not beyond:
                return None
            rounded = [self._of(trial, digits, seed) for seed in range(ROUNDED)]
            lost = self._lost(digits) if self.divides() else 0
            for p in beyond:
                moved = max(abs((other[p] or 0) - (truths[p] or 0)) for other in rounded)
                moved *= 1 if moved < abs(truths[p] or 0) else NOTHING_KNOWN
                moved += lost * (sums[int(trial.nodes.flat[p])] or 0)
                if mp.isfinite(moved) and not errors[p] <= known[p] + TOLERANCE * moved:
                    return p
        return None

    def divides(self) -> bool:
        """Whether the node divides by what it computed: by the pivots of a matrix that is nearly singular."""
        divisors = [self.graph.inputs[s][1] for s in self.span if self.graph.gates[s].name == "div"]
        return any(i in self.span and self.graph.inputs[i] for i in divisors)

    def _lost(self, digits: int) -> Any:
        """Return the share of the value that is lost when all on the way is rounded at random.

        A rule that is written in terms of the value loses as much of each path.
        """
        values = self.truth(digits)[0]
        largest = max((abs(values[s]) for s in self.outputs), default=mpf(0))
        near = [self.truth(digits, seed)[0] for seed in range(ROUNDED)]
        away = max((abs(v[s] - values[s]) for v in near for s in self.outputs), default=mpf(0))
        return away / largest if largest and mp.isfinite(away) else mpf(0)

    def _error_bounds(self, digits: int) -> Flows:
        """Return for each node |value| + the sum of |slope| x the bound of each input: running errors."""
        values, bounds = self.truth(digits)[0], Flows()
        for s in self.span:
            given = [values[i] for i in self.graph.inputs[s]]
            bounds[s] = last_place(values[s]) / ULP
            for k, i in enumerate(self.graph.inputs[s]):
                moved = abs(slopes.local(self.graph.gates[s], k, given)) * (bounds[i] or abs(given[k]))
                bounds[s] += moved if mp.isfinite(moved) else 0
        return bounds

    def _path_sums(self, digits: int) -> Flows:
        """Return for each node the sum over all paths from the output of |upstream x local|."""
        values, sums = self.truth(digits)[0], Flows()
        sums.update((s, abs(mpf(g))) for s, g in zip(self.outputs, self.upstream, strict=True))
        for s in reversed(self.span):
            given = [values[i] for i in self.graph.inputs[s]]
            for k, i in enumerate(self.graph.inputs[s]):
                if self.carrying[i] and sums[s]:
                    part = sums[s] * _least(slopes.local(self.graph.gates[s], k, given))
                    sums[i] = (sums[i] or 0) + (part if mp.isfinite(part) else 0)
        return sums

    # Kinks.

    def kinked(self) -> set[int]:
        """Return the scalar nodes that move a kink inside the node."""
        graph, moving = self.graph, set[int]()
        counts = reached(graph, self.floats, self.span, self.outputs)
        for s in reversed(self.span):
            if s in counts and kink_at(graph, self.floats, s) is not None:
                moving.update(graph.inputs[s])
            elif s in moving:
                moving.update(taken(graph, self.floats, s))
        return moving

    def wrong_convention(self, trials: Sequence[Trial], kinked: set[int], elementwise: bool) -> Wrong | None:
        """Return a gradient at a kink that is not between the slopes on both sides.

        A few elements, those of the largest gradients, are moved one by one, then all of them together.
        What a router passes on by itself is right for one element of an elementwise gate, whose inputs
        are then moved as one.
        """
        routes = elementwise and any(self.graph.gates[s].flow == "router" for s in self.outputs)
        for trial in trials:
            got = trial.got.ravel()
            places = [p for p, s in enumerate(trial.nodes.flat) if int(s) in kinked and np.isfinite(got[p])]
            largest = sorted(places, key=lambda p, got=got: -abs(got[p]))[:ALONE]  # type: ignore[misc]
            for moved in [*([p] for p in largest), *([places] if len(places) > 1 else [])]:
                nodes = [int(trial.nodes.flat[p]) for p in moved]
                moving, slope = self._moving(nodes), float(np.sum(got[moved]))
                fair = [(0, g) for _, g in self._heard(moving)] if routes else ()
                terms = partial(self._terms, nodes, moving)
                truth = slopes.outside(terms, self._size(moving), slope, fair)
                if truth is not None:
                    where = _at(trial, moved[0]) if len(moved) == 1 else ", where elements move together,"
                    return Wrong(self.node, trial.what + where, slope, truth)
        return self._wrong_share() if routes else None

    def _wrong_share(self) -> Wrong | None:
        for s in [s for s in self.outputs if kink_at(self.graph, self.floats, s) is not None][:ALONE]:
            given = tuple(self.floats[i] for i in self.graph.inputs[s])
            finite = all(map(isfinite, given))
            found = wrong_share(self.graph.gates[s], self.node, given, self.floats[s]) if finite else None
            if found is not None:
                return found
        return None

    def _size(self, moving: Sequence[int]) -> list[float]:
        """Return the floats in play where some nodes move: they say how small a step has to be."""
        return [self.floats[i] for s in moving for i in (s, *self.graph.inputs[s])]

    def _moving(self, nodes: Sequence[int]) -> list[int]:
        """Return the node's scalar nodes that move when some inputs do."""
        moved, moving = set(nodes), []
        for s in self.span:
            if any(i in moved for i in self.graph.inputs[s]):
                moved.add(s)
                moving.append(s)
        return moving

    def _terms(self, nodes: Sequence[int], moving: Sequence[int], step: Any) -> list[Any]:
        """Return upstream x output of the elements that move, where inputs are moved by a step."""
        values, graph = Near(self.floats, None), self.graph
        values.update({s: mpf(self.floats[s]) + step for s in nodes})
        for s in self._around(moving):
            if graph.inputs[s]:
                values[s] = apply(graph.gates[s], [values[i] for i in graph.inputs[s]])
        return [g * values[s] for s, g in self._heard(moving)]

    def _heard(self, moving: Sequence[int]) -> list[tuple[int, float]]:
        """Return the output's elements that move, with their upstream gradients."""
        here = set(moving)
        return [(s, g) for s, g in zip(self.outputs, self.upstream, strict=True) if g and s in here]

    def _around(self, moving: Sequence[int]) -> list[int]:
        """Return the node's scalar nodes that some are computed from, and these, in order."""
        needed = set(moving)
        for s in reversed(self.span):
            if s in needed:
                needed.update(self.graph.inputs[s])
        return [s for s in self.span if s in needed]


def reached(graph: Graph, floats: Sequence[float], nodes: Sequence[int], outputs: Sequence[int]) -> set[int]:
    """Return the nodes that the outputs are computed from, without what routers did not take."""
    found = set(outputs)
    for s in reversed(nodes):
        if s in found:
            found.update(taken(graph, floats, s))
    return found


def taken(graph: Graph, floats: Sequence[float], node: int) -> Sequence[int]:
    """Return the inputs that a scalar node is computed from; of a router's, those that it took."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    if gate.lazy is not None:
        return [inputs[k] for k in gate.lazy(*[floats[i] for i in inputs])]
    return inputs if gate.flow != "router" else [i for i in inputs if floats[i] == floats[node]]


def kink_at(graph: Graph, floats: Sequence[float], node: int) -> Kink | None:
    """Return the kink that a scalar node is at."""
    gate = graph.gates[node]
    return gate.kink_at([floats[i] for i in graph.inputs[node]]) if gate.kinks else None


def _at(trial: Trial, place: int) -> str:
    return f" at {index_text(map(int, np.unravel_index(place, trial.got.shape)))}" if trial.got.shape else ""


def _accepted(got: Any, truths: Sequence[Any], digits: int) -> Any:
    """Return where floats are within the tolerance of the truth itself; a zero counts after many digits."""
    rounded = np.array([0.0 if t is None else nearest_float(t) for t in truths])
    sure = np.array([t is None or digits >= DIGITS_FOR_ZERO for t in truths], bool) | (rounded != 0)
    near = (got == rounded) | (np.abs(got - rounded) <= (TOLERANCE - 1) * np.spacing(np.abs(rounded)))
    return np.isnan(rounded) | (near & sure) | (np.isinf(rounded) & ~np.isfinite(got))


def _settled(rough: Any, fine: Any, digits: int) -> bool:
    """Whether the truth is the same in two precisions."""
    rough, fine = rough or mpf(0), fine or mpf(0)
    if not (mp.isfinite(rough) and mp.isfinite(fine)):
        return bool(mp.isnan(rough) == mp.isnan(fine))
    if rough == fine == 0:
        return digits >= DIGITS_FOR_ZERO
    return bool(abs(rough - fine) <= mpf(10) ** -AGREE * abs(fine))


# Sums.

ROUNDINGS = 2
"""Roundings that a part may have gone through beside the sum's own."""


def wrong_sums(
    graph: Graph,
    gradients: Sequence[Value],
    carries: Sequence[bool],
    upstream: Value,
    arrivals: Arrivals,
) -> Iterator[Wrong]:
    """Yield the nodes whose gradient is not the sum of what arrives along the wires that leave them."""
    amiss = [node for node, got in enumerate(gradients) if (got is not None) != carries[node]]
    for node in amiss:
        got = gradients[node]
        what = "has a gradient, but depends on no name" if got is not None else "has no gradient"
        yield Wrong(node, f"the node {what}: its gradient", got, None)
    wires = consumers(graph) if not amiss else []
    for node, leaving in enumerate(wires):
        if gradients[node] is not None:
            parts = [1.0 if upstream is None else upstream] if node == graph.output else []
            parts += [arrivals.along(c, k) for c, k in leaving if gradients[c] is not None]
            wrong = _wrong_sum(node, np.asarray(gradients[node]), [p for p in parts if p is not None])
            if wrong is not None:
                yield wrong


def _wrong_sum(node: int, got: Any, parts: Sequence[Value]) -> Wrong | None:
    total = sum(parts, start=np.zeros(got.shape))
    size = sum(map(np.abs, parts), start=np.zeros(got.shape))
    allowed = (len(parts) + ROUNDINGS) * (np.spacing(size) + SMALLEST)
    bad = np.isfinite(size) & np.isfinite(got) & (np.abs(got - total) > allowed)
    if not bad.any():
        return None
    index = tuple(map(int, np.unravel_index(int(np.argmax(bad)), got.shape)))
    what = "the sum of what arrives in the backward pass" + (f" at {index_text(index)}" if index else "")
    return Wrong(node, what, float(got[index]), float(total[index]))
