"""The backward pass, run again with a slip in it: what somebody who made that slip would have got.

A slip is something else arriving along some wires, or something else computed at some nodes. Only
the nodes behind it are computed again. Rules are read here, which a proof may not do: a diagnosis
proves nothing, and what it is held against is proved already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gradcalc.backward import arriving
from gradcalc.forward import apply, system_for
from gradcalc.gates.record import Gate, Shape, argument_names, shape_of
from gradcalc.graph import Graph, Value, consumers, depends

Wire = tuple[int, int]
"""A consumer, and the number of its input."""

Inputs = tuple[Value, ...]


class Sender(NamedTuple):
    """What a node knows when it sends gradient back: its own gradient, its inputs and its value."""

    gradient: Value
    given: Inputs
    out: Value


Rule = Callable[[Sender], Value]
"""What arrives along one wire."""

Function = Callable[[Any, Inputs], Value]
"""Number system, inputs -> value."""

SIMPLE, ONE_PLACE, FAR_FETCHED = range(3)
"""Ranks of mistakes: a plain sign or factor, a slip at one node, the same slip at every node and the like."""


class Slip(NamedTuple):
    """One change to the passes, and the sentence that names it.

    parts       wire -> what arrives along it instead
    values      node -> what it computes instead
    everywhere  the sentence for the same slip at each node where it can be made
    rank        how far-fetched it is
    """

    text: str
    parts: Mapping[Wire, Rule]
    values: Mapping[int, Function] = {}
    everywhere: str = ""
    rank: int = ONE_PLACE


class Backward:
    """A backward pass that remembers enough to be run again with a slip.

    wires      for each node the wires along which its gradient arrives
    gradients  node -> gradient
    """

    def __init__(
        self, graph: Graph, values: Sequence[Value], wires: Sequence[Sequence[Wire]], upstream: Value
    ) -> None:
        self.graph, self.values, self.wires, self.upstream = graph, values, wires, upstream
        self._slopes: dict[Wire, float | None] = {}
        self.gradients: dict[int, Value] = {}
        self.gradients = self._run({}, {graph.output: upstream})

    def after(self, slip: Slip) -> dict[int, Value]:
        """Return the gradients that a slip changes: node -> gradient."""
        if not slip.values:
            return self._run(slip.parts, {})
        other = Backward(self.graph, self._computed(slip.values), self.wires, self.upstream)
        return {**other.gradients, **other._run(slip.parts, {})}

    def _run(self, parts: Mapping[Wire, Rule], changed: dict[int, Value]) -> dict[int, Value]:
        """Add to the changed gradients those of all nodes behind them."""
        first = max((self.graph.inputs[node][k] for node, k in parts), default=self.graph.output - 1)
        for node in range(first, -1, -1):
            for wire in self.wires[node]:
                if wire[0] in changed or wire in parts:
                    changed[node] = self._summed(node, parts, changed)
                    break
        return changed

    def _summed(self, node: int, parts: Mapping[Wire, Rule], changed: Mapping[int, Value]) -> Value:
        total = 0.0
        for wire in self.wires[node]:
            consumer = wire[0]
            upstream = changed[consumer] if consumer in changed else self.gradients[consumer]
            if wire in parts:
                total = total + parts[wire](self._sender(consumer, upstream))
            else:
                total = total + self._part(wire, upstream)
        return total if type(total) is float else _held(total, shape_of(self.values[node]))

    def _sender(self, node: int, gradient: Value) -> Sender:
        return Sender(gradient, tuple([self.values[i] for i in self.graph.inputs[node]]), self.values[node])

    def _part(self, wire: Wire, upstream: Value) -> Value:
        if type(upstream) is float:
            if wire not in self._slopes:
                self._slopes[wire] = self._slope(*wire)
            slope = self._slopes[wire]
            if slope is not None:
                return upstream * slope
        part = arriving(self.graph, self.values, *wire, upstream)
        return 0.0 if part is None else part

    def _slope(self, node: int, k: int) -> float | None:
        """Return the local gradient of a wire between numbers, None for one of arrays."""
        gate, (_, given, out) = self.graph.gates[node], self._sender(node, None)
        if not gate.elementwise or any(map(shape_of, (*given, out))):
            return None
        slope: float = gate.local(k, system_for(given), given, out)
        return slope

    def _computed(self, functions: Mapping[int, Function]) -> list[Value]:
        """Return the values of a forward pass in which some nodes compute something else."""
        graph, values = self.graph, list(self.values)
        for node, behind in enumerate(depends(graph, functions)):
            if behind and graph.inputs[node]:
                given = tuple([values[i] for i in graph.inputs[node]])
                out = (
                    functions[node](system_for(given), given)
                    if node in functions
                    else _out(graph, node, given)
                )
                values[node] = out if type(out) is float else _held(out, shape_of(values[node]))
        return values


def _out(graph: Graph, node: int, given: Inputs) -> Value:
    gate = graph.gates[node]
    if gate.elementwise:
        return gate.value(system_for(given), *given)
    return apply(gate, given, graph.static.get(node, {}))


def _held(x: Value, shape: Shape) -> Value:
    """Return x as nodes hold it; a gradient that was not summed keeps the shape that it has."""
    from gradcalc.systems import array

    return array.plain(x, shape) if shape_of(x) in ((), shape) else x


def wires_to(graph: Graph, names: Iterable[str]) -> list[list[Wire]]:
    """Return for each node the wires along which gradient arrives, on its way to the names."""
    carries = depends(graph, [graph.node(name) for name in names])

    def sends(node: int, k: int) -> bool:
        return carries[graph.inputs[node][k]] and graph.gates[node].rule(k) is not None

    reached = [False] * len(graph)
    reached[graph.output] = True
    for node in range(graph.output, -1, -1):
        if reached[node]:
            for k, i in enumerate(graph.inputs[node]):
                reached[i] = reached[i] or sends(node, k)
    return [[wire for wire in leaving if reached[wire[0]] and sends(*wire)] for leaving in consumers(graph)]


# Rules that slips put in place of a gate's own.


def own(graph: Graph, node: int, k: int) -> Rule:
    """Return the gate's own rule for input `k` of a node."""
    gate, static = graph.gates[node], graph.static.get(node, {})
    if gate.elementwise:
        return lambda s: narrowed(s.gradient * gate.local(k, system_for(s.given), s.given, s.out), s.given[k])

    def rule(s: Sender) -> Value:
        from gradcalc.systems import array

        given = tuple(map(array.asarray, s.given))
        part = gate.pull(k, array, array.asarray(s.gradient), given, s.out, static)
        return 0.0 if part is None else part

    return rule


def scaled(rule: Rule, factor: float) -> Rule:
    """Return a rule times a factor."""
    return lambda s: factor * rule(s)


def sloped(gate: Gate, k: int, partial: Callable[..., Value]) -> Rule:
    """Return the rule that a partial, written as those of gates are, would be for an elementwise gate."""
    names = argument_names(partial)

    def rule(s: Sender) -> Value:
        known = gate.bind(s.given) | {"m": system_for(s.given), "out": s.out}
        return narrowed(s.gradient * partial(*[known[name] for name in names]), s.given[k])

    return rule


def passed_on(k: int) -> Rule:
    """Return the rule that hands a node's gradient on to input `k` as it is."""
    return lambda s: narrowed(like(s.gradient, s.out), s.given[k])


def nothing(_: Sender) -> float:
    """Bring nothing along a wire."""
    return 0.0


def like(x: Value, out: Value) -> Value:
    """Return x in the shape of a node's value."""
    if type(x) is float and not shape_of(out):
        return x
    from gradcalc.systems import array

    return array.plain(x, shape_of(out))


def narrowed(x: Value, given: Value) -> Value:
    """Return x summed over the axes along which an input was broadcast."""
    if type(x) is float:
        return x
    from gradcalc.systems import array

    return array.unbroadcast(x, shape_of(given))
