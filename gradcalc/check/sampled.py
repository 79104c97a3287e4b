"""The check of programs that are too large to be unrolled: what random directions tell of arrays.

For an input x of a node with the upstream gradient w, let g be what the node sends to x, and J the
derivative of its *definition*, in forward mode (`check.tangents`). For any direction v

    w . (J v) = (J' w) . v = g . v                                      (the dot-product test)

Both sides are computed; they may differ by `NOISE` units in the last place of what was summed,

    noise = NOISE eps (sum |w_i (J v)_i| + sum |g_i v_i|),

plus, where that is not enough, as much as the sides move when everything is rounded at random.

What one direction finds. The entries of v are independent, of either sign, and uniform between s and
2s in size. Let g be wrong by e, and let some entry of e be at least d. Whatever the other entries are,
e . v is within the noise only where that entry of v lies in an interval of length 2 noise/d, out of the
length 2s in all where it may lie: the mistake escapes with a chance of at most noise/(s d). A single
wrong entry moves e . v by s d or more: while that is above the noise it never escapes. `escape` is
that chance for d = half of the typical entry of g (the median of those that are not 0), the largest
over all nodes.

So each gate is tried in a direction with its own upstream gradient, and in another with a random one,
since a wrong rule may hide behind upstream gradients that are 0, or all the same. Then the program is
tried as a whole: in one direction the gradients' g . v against the output's derivative in forward mode,
and entry by entry, for the largest of each gradient and some at random. What is sent along the wires
must add up to each gradient, which is compared element by element.

Not tried are conventions at kinks: elements that move one are left out, and told to be undecided.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from math import floor, isfinite, log10
from typing import Any, NamedTuple

import numpy as np

from gradcalc import elements
from gradcalc.backward import arriving
from gradcalc.check.compare import EXACT_DIGITS
from gradcalc.check.local import TOLERANCE, Wrong
from gradcalc.check.pieces import ROUNDED as ROUNDED_TIMES
from gradcalc.check.pieces import Arrivals, sent, wrong_shape, wrong_sums
from gradcalc.check.tangents import EPS, ROUNDED, Rounded, push, through, view
from gradcalc.check.unroll import index_text
from gradcalc.check.verdict import Proof
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.result import Check, Entry, worst
from gradcalc.systems import array

NOISE = 1024
"""Units in the last place that both sides of a dot product may differ by; running sums need hundreds."""

MOST_ENTRIES, FEWEST_ENTRIES = 20, 4
"""Entries of the gradients that are computed one by one."""

ENTRY_WORK = 4_000_000
"""Elements that are computed for single entries, in all, before there are fewer of them."""

NODE_WORK = 1000
"""Elements that take as long as what any node takes."""

TYPICAL = 10_000
"""Elements of an array, evenly spaced, whose median is called typical."""


def prove_sampled(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    wrt: Sequence[str],
    *,
    rtol: float,
    atol: float,
    upstream: Value,
) -> Proof:
    """Check the values and gradients of a large program; the arguments are those of `arrays.prove`."""
    with array.quiet():
        case = Sampled(graph, values, gradients, [graph.node(name) for name in wrt], upstream)
        asked = {name: case.entry(graph.node(name), rtol, atol) for name in wrt}
        nodes = [None if g is None else case.node_entry(node) for node, g in enumerate(gradients)]
    first_wrong = min(case.wrong, default=None)
    check = Check(
        verdict="fail" if case.wrong else worst([entry.verdict for entry in asked.values()]),
        method=case.method(),
        rtol=rtol,
        atol=atol,
        gradients=asked,
        nodes=nodes,
        first_wrong=first_wrong,
        reason="" if first_wrong is None else f"#{first_wrong}: {case.wrong[first_wrong]}",
    )
    return Proof(check, elements.kinks(graph, values), [])


class Compared(NamedTuple):
    """Both sides of a dot-product test: what the rules say, what the definition says, and the noise."""

    got: float
    truth: float
    noise: float

    @property
    def agree(self) -> bool:
        """Whether both sides are the same but for the noise; nan has nothing to object."""
        return not abs(self.got - self.truth) > self.noise


class Sampled:
    """A large program at one point, with what random directions found out about it."""

    def __init__(
        self,
        graph: Graph,
        values: Sequence[Value],
        gradients: Sequence[Value],
        asked: Sequence[int],
        upstream: Value,
    ) -> None:
        self.graph, self.values, self.gradients, self.asked = graph, values, gradients, asked
        self.upstream = 1.0 if upstream is None else upstream
        self.random = np.random.default_rng(0)
        self.carries = depends(graph, asked)
        self.at_kink, self.moves_kink, self.which = _kinks(graph, values)
        self.escape = 0.0
        self.wrong: dict[int, Wrong] = {}
        self.silent: set[int] = set()
        self.arrivals = Arrivals(graph, values, gradients)
        self._try_nodes(upstream)
        self.feeds_wrong, self.feeds_silent = _feeding(graph, self.wrong), _feeding(graph, self.silent)
        self.whole = None if self.wrong else self._whole()
        self.entries = {} if self.wrong else self._entries()

    # Node by node.

    def _try_nodes(self, upstream: Value) -> None:
        for node, inputs in enumerate(self.graph.inputs):
            found = wrong_shape(self.graph, self.values, self.gradients, self.carries, node, self.arrivals)
            if found is None and inputs:
                found = self._wrong_value(node) or self._with_numbers(node)._wrong_rule(node)
            if found is not None:
                self.wrong[node] = found
        if not self.wrong:
            for found in wrong_sums(self.graph, self.gradients, self.carries, upstream, self.arrivals):
                self.wrong[found.node] = found

    def _with_numbers(self, node: int) -> Sampled:
        """Return the case with ordinary numbers where inputs are not finite: a rule holds there as well."""
        gate, inputs = self.graph.gates[node], self.graph.inputs[node]
        if all(array.finite(self.values[i]) for i in inputs):
            return self
        case = copy(self)
        case.values = [*self.values]
        for i in set(inputs):
            x = np.asarray(self.values[i])
            case.values[i] = np.where(np.isfinite(x), x, 1 + self.random.random(x.shape))
        given = [array.asarray(case.values[i]) for i in inputs]
        case.values[node] = gate.value(array, *given, **self.graph.static.get(node, {}))
        case.arrivals = Arrivals(self.graph, case.values, self.gradients)
        return case

    def _wrong_value(self, node: int) -> Wrong | None:
        """Return where a value is not what its definition gives in doubles, but for rounding."""
        got, truth = np.asarray(self.values[node]), self._defined(node, array)
        known = np.isfinite(truth) & np.isfinite(got)
        size = max(_typical(self.values[i]) for i in self.graph.inputs[node])
        allowed = NOISE * EPS * (np.abs(truth) + _typical(truth) + size)
        if not np.any(known & (np.abs(got - truth) > allowed)):
            return None
        Rounded.random = np.random.default_rng(0)
        near = [np.asarray(self._defined(node, ROUNDED.base)) for _ in range(ROUNDED_TIMES)]
        allowed = allowed + TOLERANCE * np.max(np.abs(np.subtract(near, truth)), axis=0)
        wrong = known & (np.abs(got - truth) > allowed)
        if not np.any(wrong):
            return None
        index = elements.first(wrong)
        what = f"the value of {self.graph.gates[node].name}{_at(index)}"
        return Wrong(node, what, float(got[index]), float(truth[index]))

    def _defined(self, node: int, system: Any) -> Any:
        """Return what a node's definition gives in a number system of doubles."""
        given = [view(array.asarray(self.values[i])) for i in self.graph.inputs[node]]
        if system is array:
            given = [np.asarray(x) for x in given]
        found = self.graph.gates[node].definition(system, *given, **self.graph.static.get(node, {}))
        return np.broadcast_to(np.asarray(found, float), shape_of(self.values[node]))

    def _wrong_rule(self, node: int) -> Wrong | None:
        """Return what a node sends that is wrong, after the dot-product tests."""
        if self.gradients[node] is None or not np.size(self.values[node]):
            return None
        own = self._masked(node, self.gradients[node])
        for upstream in (own, self._masked(node, self._direction(np.shape(own)))):
            parts = self._parts(node, upstream)
            moved = {i: self._direction(np.shape(part)) / _typical(part) for i, part in parts.items()}
            for i, part in parts.items():
                here = np.isfinite(part)
                parts[i], moved[i] = np.where(here, part, 0.0), np.where(here, moved[i], 0.0)
            found = self._compared(node, upstream, parts, moved)
            if not found.agree:
                return self._located(node, upstream, parts, moved)
            if not isfinite(found.truth):
                self.silent.add(node)
            elif upstream is own:
                self.escape = max(self.escape, 2 * found.noise)  # a typical entry is moved by 1 or more
        return None

    def _masked(self, node: int, upstream: Any) -> Any:
        """Return an upstream gradient without the elements at a kink, where slopes are conventions."""
        mask = self.at_kink.get(node)
        return upstream if mask is None else np.where(mask, 0.0, upstream)

    def _direction(self, shape: Sequence[int]) -> Any:
        """Return numbers of either sign, between 1 and 2 in size."""
        u = 2 * self.random.random(shape) - 1
        return np.copysign(1 + np.abs(u), u)

    def _parts(self, node: int, upstream: Any, values: Sequence[Value] = ()) -> dict[int, Any]:
        """Return what a node sends to each of its inputs, by the rules."""
        parts: dict[int, Any] = {}
        is_own = upstream is self.gradients[node] and not values
        g = array.plain(upstream, np.shape(upstream))
        for k, i in enumerate(self.graph.inputs[node]):
            if self.carries[i]:
                known = self.arrivals.along(node, k) if is_own else None
                part = known if is_own else arriving(self.graph, values or self.values, node, k, g)
                before = parts.get(i, np.zeros(shape_of(self.values[i])) if part is None else 0.0)
                parts[i] = before + (0.0 if part is None else part)
        return {i: part for i, part in parts.items() if np.size(part)}

    def _compared(
        self, node: int, upstream: Any, parts: Mapping[int, Any], moved: Mapping[int, Any]
    ) -> Compared:
        """Return both sides of the dot-product test of one node."""
        forward = _heard(upstream, push(self.graph, self.values, node, moved))
        backward = [parts[i] * v for i, v in moved.items()]
        got, truth = float(sum(np.sum(b) for b in backward)), float(np.sum(forward))
        size = float(np.sum(np.abs(forward))) + float(sum(np.sum(np.abs(b)) for b in backward))
        found = Compared(got, truth, NOISE * EPS * size)
        if found.agree:
            return found
        return found._replace(noise=found.noise + self._rounding(node, upstream, moved))

    def _rounding(self, node: int, upstream: Any, moved: Mapping[int, Any]) -> float:
        """Return how far rounding may move the sides of a test: often as far as it does at random."""
        Rounded.random = np.random.default_rng(0)
        sides = [self._rounded_sides(node, upstream, moved) for _ in range(1 + ROUNDED_TIMES)]
        spread = [max(side) - min(side) for side in zip(*sides, strict=True)]
        return TOLERANCE * float(sum(filter(isfinite, spread)))

    def _rounded_sides(self, node: int, upstream: Any, moved: Mapping[int, Any]) -> tuple[float, float]:
        """Return both sides of the test, every number on the way being off in its last place."""
        gate, inputs, static = (
            self.graph.gates[node],
            self.graph.inputs[node],
            self.graph.static.get(node, {}),
        )
        near = {i: view(array.asarray(self.values[i])) for i in (*inputs, node)}
        given, w = tuple(near[i] for i in inputs), view(array.asarray(upstream))
        forward = _heard(w, push(self.graph, near, node, moved, ROUNDED))  # type: ignore[arg-type]
        backward = 0.0
        for k, i in enumerate(inputs):
            if i in moved and gate.rule(k) is not None:
                if gate.elementwise:
                    part = w * gate.local(k, ROUNDED.base, given, near[node])
                else:
                    part = gate.pull(k, ROUNDED.base, w, given, near[node], static)
                if part is not None:
                    backward += float(np.sum(array.unbroadcast(part, given[k].shape) * moved[i]))
        return float(np.sum(forward)), backward

    def _located(self, node: int, upstream: Any, parts: Mapping[int, Any], moved: Mapping[int, Any]) -> Wrong:
        """Return the input, and the entry, that a failed test is due to: halved until one is left."""
        gate, inputs = self.graph.gates[node], self.graph.inputs[node]
        guilty = [i for i in moved if not self._compared(node, upstream, parts, {i: moved[i]}).agree]
        i = guilty[0] if guilty else next(iter(moved))
        places = np.arange(parts[i].size)
        while len(places) > 1:
            half = places[: len(places) // 2]
            wrong = not self._compared(node, upstream, parts, {i: _only(moved[i], half)}).agree
            places = half if wrong else places[len(half) :]
        v = _only(np.ones(np.shape(parts[i])), places)
        found = self._compared(node, upstream, parts, {i: v})
        index = tuple(map(int, np.unravel_index(int(places[0]), np.shape(v))))
        return Wrong(node, sent(gate, inputs.index(i)) + _at(index), found.got, found.truth)

    # The program as a whole.

    def _whole(self) -> Compared:
        """Return both sides for the whole program in one direction, from which kinks are left out."""
        moved = {}
        for node in dict.fromkeys(self.asked):
            v = self._direction(shape_of(self.values[node])) / _typical(np.asarray(self.gradients[node]))
            mask = self.moves_kink.get(node)
            moved[node] = v if mask is None else np.where(mask, 0.0, v)
        return self._together(moved)

    def _together(self, moved: Mapping[int, Any]) -> Compared:
        """Return gradients . v and the output's derivative along v."""
        found = through(self.graph, self.values, moved)
        got = float(sum(np.sum(self.gradients[i] * v) for i, v in moved.items()))
        truth = float(np.sum(self.upstream * found.get(self.graph.output, 0.0)))
        sizes_of = [np.sum(np.abs(self.gradients[i] * v)) for i, v in found.items()]
        both = Compared(got, truth, NOISE * EPS * float(sum(sizes_of)))
        if both.agree:
            return both
        computed = [node for node in found if self.graph.inputs[node] and np.size(self.values[node])]
        return both._replace(noise=both.noise + sum(self._rounding_on_the_way(n, found) for n in computed))

    def _rounding_on_the_way(self, node: int, found: Mapping[int, Any]) -> float:
        moved = {i: found[i] for i in self.graph.inputs[node] if i in found}
        return self._rounding(node, self._masked(node, self.gradients[node]), moved)

    def _entries(self) -> dict[int, list[tuple[int, Compared]]]:
        """Return for each node asked for (place, both sides) of some single entries."""
        work = sum(map(np.size, self.values)) + NODE_WORK * len(self.graph)
        count = int(np.clip(ENTRY_WORK // max(work, 1), FEWEST_ENTRIES, MOST_ENTRIES))
        found: dict[int, list[tuple[int, Compared]]] = {}
        for node, place in self._chosen(count):
            v = _only(np.ones(shape_of(self.values[node])), [place])
            found.setdefault(node, []).append((place, self._together({node: v})))
        return found

    def _chosen(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield (node, place): the largest entry of each gradient, the rest at random, none at a kink."""
        free = {}
        for node in dict.fromkeys(self.asked):
            smooth = ~np.asarray(self.moves_kink.get(node, np.zeros(shape_of(self.values[node]), bool)))
            if smooth.any():
                free[node] = np.flatnonzero(smooth)
        nodes = list(free)
        for node in nodes[:count]:
            yield node, int(free[node][np.argmax(np.abs(np.ravel(self.gradients[node])[free[node]]))])
        sizes_of = np.array([len(free[node]) for node in nodes], float)
        for _ in range(count - len(nodes) if nodes else 0):
            node = nodes[self.random.choice(len(nodes), p=sizes_of / sizes_of.sum())]
            yield node, int(self.random.choice(free[node]))

    # What is told.

    def node_entry(self, node: int) -> Entry:
        """Return the verdict on a node that nothing was asked of: its wires were tried."""
        if node in self.wrong:
            return Entry("fail", None, None, None, reason=str(self.wrong[node]))
        if self.feeds_wrong[node]:
            first = min(self.wrong)
            return Entry("fail", None, None, None, reason=f"#{first} is wrong: {self.wrong[first]}")
        if node in self.moves_kink and np.any(self.moves_kink[node]):
            at, kink = _at(elements.first(self.moves_kink[node])), self.which[node]
            reason = f"a kink at #{kink} {self.graph.expr(kink, 40)}"
            return Entry("undecided", None, None, None, reason=f"{at[1:]}: {reason}" if at else reason)
        if self.feeds_silent[node]:
            return Entry("undecided", None, None, None, reason="forward mode has no finite slope here")
        return Entry("pass", None, None, None)

    def entry(self, node: int, rtol: float, atol: float) -> Entry:
        """Return the verdict on a gradient that was asked for."""
        entry = self.node_entry(node)
        if self.whole is None or entry.verdict == "fail" or self.feeds_silent[node]:
            return entry
        tried = self._tried(node, self.whole, rtol, atol)
        if entry.verdict == "pass" or tried.verdict != "pass":
            return tried if entry.verdict == "pass" else entry
        # Elements that move a kink were left out of what was tried.
        return replace(entry, reference=np.where(self.moves_kink[node], np.nan, self.gradients[node]))

    def _tried(self, node: int, whole: Compared, rtol: float, atol: float) -> Entry:
        """Return what the tests of the program as a whole, and of single entries, say of a gradient."""
        if not whole.agree:
            sides = f"{whole.truth:.6g} in forward mode, {whole.got:.6g} by the gradients"
            return Entry("undecided", None, None, None, reason=f"the references disagree: {sides}")
        errors = [0.0]
        for place, found in self.entries.get(node, []):
            error = abs(found.got - found.truth)
            index = tuple(map(int, np.unravel_index(place, shape_of(self.values[node]))))
            errors.append(error / abs(found.truth) if found.truth else 0.0)
            if error > max(rtol * abs(found.truth), atol, found.noise):
                reason = f"{found.got!r}{_at(index)}, but {found.truth!r} in forward mode"
                return Entry("inaccurate", None, errors[-1], _digits(errors[-1]), reason=reason)
        return Entry("pass", None, max(errors), _digits(max(errors)))

    def method(self) -> str:
        """Return in words what was done, and how likely a mistake is to escape it."""
        count = sum(map(len, self.entries.values()))
        chance = f"{min(1.0, self.escape):.0e}"
        return (
            f"dot-product test of each gate in 2 random directions, of the program in 1, {count} sampled "
            f"entries; an error of half a typical entry escapes with a chance of {chance}"
        )


def _typical(x: Any) -> float:
    """Return the median size of the elements that are not 0, of many that of some; 1 where there are none."""
    found = np.abs(np.ravel(x))
    found = found if np.isfinite(found).all() else found[np.isfinite(found)]
    some = found[:: max(1, found.size // TYPICAL)]
    found = some[some > 0] if some.any() else found[found > 0]
    return float(np.median(found)) if found.size else 1.0


def _only(v: Any, places: Any) -> Any:
    """Return v at some places, 0 elsewhere."""
    out = np.zeros(np.shape(v))
    out.ravel()[places] = np.ravel(v)[places]
    return out


def _heard(upstream: Any, moved: Any) -> Any:
    """Return upstream x what moves; 0 where nobody listens, not 0 x infinity."""
    found = upstream * moved
    return found if np.isfinite(found).all() else np.where(np.equal(upstream, 0), 0.0, found)


def _at(index: Sequence[int]) -> str:
    return f" at {index_text(index)}" if index else ""


def _digits(error: float) -> int:
    return EXACT_DIGITS - 2 if error < 10.0 ** (2 - EXACT_DIGITS) else max(0, floor(-log10(error)))


def _feeding(graph: Graph, wrong: Container[int]) -> list[bool]:
    """Return for each node whether one of the wrong ones is computed from it."""
    feeds = [False] * len(graph)
    for node in range(len(graph) - 1, -1, -1):
        if node in wrong or feeds[node]:
            for i in graph.inputs[node]:
                feeds[i] = True
    return feeds


def _kinks(graph: Graph, values: Sequence[Value]) -> tuple[dict[int, Any], dict[int, Any], dict[int, int]]:
    """Return by node the elements at a kink, those that move one that counts, and one such kink."""
    at: dict[int, Any] = {}
    for node, gate in enumerate(graph.gates):
        mask = _at_any_kink(graph, values, node) if gate.kinks else None
        if mask is not None:
            at[node] = mask
    moves: dict[int, Any] = {}
    which: dict[int, int] = {}
    reaching = elements.reaching(graph, values) if at else {}
    for node in range(len(graph) - 1, -1, -1):
        kinked = at[node] & reaching[node] if node in at and node in reaching else None
        for k, i in enumerate(graph.inputs[node]):
            for mask, all_inputs in ((kinked, True), (moves.get(node), False)):
                if mask is not None and np.any(mask):
                    here = _movers(graph, values, node, k, mask, all_inputs)
                    moves[i] = moves[i] | here if i in moves else here
                    which[i] = node if all_inputs else which[node]
    return at, moves, which


def _at_any_kink(graph: Graph, values: Sequence[Value], node: int) -> Any:
    """Return the elements of a node that are at one of its gate's kinks, None where none is."""
    masks = [mask for _, mask in elements.kinks_at(graph, values, node)]
    return np.logical_or.reduce(masks) if masks else None


def _movers(graph: Graph, values: Sequence[Value], node: int, k: int, mask: Any, all_inputs: bool) -> Any:
    """Return the elements of input `k` that move a node's elements in the mask; losers of a router do not."""
    gate, x = graph.gates[node], np.asarray(values[graph.inputs[node][k]])
    if gate.elementwise:
        took = True if all_inputs or gate.flow != "router" or (gate.lazy and not k) else x == values[node]
        return np.asarray(array.unbroadcast(np.asarray(mask & took, float), x.shape)) > 0
    if gate.flow == "router" and gate.rule(k) is not None:
        return np.asarray(arriving(graph, values, node, k, np.asarray(mask, float))) > 0
    return np.full(x.shape, True)
