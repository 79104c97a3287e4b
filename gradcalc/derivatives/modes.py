"""The passes over a graph: forward mode, and forward over reverse.

Forward mode sends tangents along the wires: how fast each node moves when some are moved. Elementwise
gates multiply them with their local gradients, others are run on dual numbers. Forward over reverse is
the backward pass run on dual numbers: the tangent of a gradient is a row of the Hessian times the
direction, exactly.

All nodes' values are those of a forward pass. Along a wire that no gradient takes nothing is sent, not
0 x infinity (`where(x > 0, log(x), 0)` at 0).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcalc.backward import Sums, arriving, backward, flowing
from gradcalc.forward import system_for
from gradcalc.gates import lookup
from gradcalc.gates.record import Gate, Shape, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.systems import array
from gradcalc.systems.dual import Dual, Slopes, System, tangent, value


def rules(base: Any) -> Slopes:
    """Return the derivatives of a number system's functions as the rules of their gates give them."""

    def slope(name: str, k: int, inputs: tuple[Any, ...], out: Any) -> Any:
        gate = lookup(name)
        assert gate is not None, f"{name} is the function of a gate"
        return gate.local(k, base, inputs, out)

    return slope


DUAL = System(array, rules(array))
"""Dual numbers over doubles, with the derivatives that the gates' rules give."""


# Forward mode.


def jvp(graph: Graph, values: Sequence[Value], seeds: Mapping[int, Value]) -> list[Value]:
    """Return the tangent of each node, of its shape, None for what does not move.

    `seeds` says how fast each of some nodes is moved, beside what moves it already: J v is the
    output's tangent.
    """
    tangents = _tangents(graph, values, seeds)
    if all(t is None or array.finite(t) for t in tangents):
        return tangents
    return _tangents(graph, values, seeds, moving(graph, values, seeds))


def _tangents(
    graph: Graph, values: Sequence[Value], seeds: Mapping[int, Value], moves: Sequence[Value] = ()
) -> list[Value]:
    """Return the tangents; 0 at elements where `moves`, if it is given, is 0."""
    tangents: list[Value] = [None] * len(graph)
    with array.quiet():
        for node, inputs in enumerate(graph.inputs):
            shape = shape_of(values[node])
            found = None
            if any(tangents[i] is not None for i in inputs):
                found = _moved(graph, values, tangents, node)
            if node in seeds:
                found = seeds[node] if found is None else found + seeds[node]
            if found is not None and moves and moves[node] is not None:
                found = np.where(np.equal(moves[node], 0), 0.0, found)
            tangents[node] = None if found is None else array.plain(found, shape)
    return tangents


def moving(graph: Graph, values: Sequence[Value], nodes: Container[int]) -> list[Value]:
    """Return for each node an array of 1 where one of the nodes moves it, else 0; None where none does.

    What a router does not take moves nothing: `sqrt(relu(x))` at -1 has the slope 0, not infinity x 0.
    """
    moves: list[Value] = [None] * len(graph)
    with array.quiet():
        for node, inputs in enumerate(graph.inputs):
            shape = shape_of(values[node])
            if node in nodes:
                moves[node] = array.plain(1.0, shape)
            elif any(moves[i] is not None for i in inputs):
                taken = _taken(graph, values, moves, node)
                moves[node] = array.plain(array.number(np.not_equal(taken, 0)), shape)
    return moves


def _taken(graph: Graph, values: Sequence[Value], moves: Sequence[Value], node: int) -> Value:
    """Return a number that is not 0 at the elements of a node that one of its inputs moves."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    if not gate.elementwise:
        found = _through(graph, values, moves, node) if gate.flow in ("router", "distributor") else 1.0
        return 0.0 if found is None else found
    taken: Value = 0.0
    for k, i in enumerate(inputs):
        if moves[i] is not None and gate.rule(k) is not None:
            given = tuple(values[j] for j in inputs)
            local = gate.local(k, system_for(given), given, values[node]) if gate.flow == "router" else 1.0
            taken = taken + moves[i] * np.not_equal(local, 0)
    return taken


def _moved(graph: Graph, values: Sequence[Value], tangents: Sequence[Value], node: int) -> Value:
    """Return how fast a node moves with its inputs; None where it does not."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    if not gate.elementwise:
        return _through(graph, values, tangents, node)
    found = None
    for k, i in enumerate(inputs):
        if tangents[i] is not None and gate.rule(k) is not None:
            part = _carried(gate, k, tuple(values[j] for j in inputs), values[node], tangents[i])
            found = part if found is None else found + part
    return found


def _through(graph: Graph, values: Sequence[Value], tangents: Sequence[Value], node: int) -> Value:
    """Return the tangent of a gate with a shape: what its own mathematics does to dual numbers.

    At a kink, where that might take another side than the rule does, the rule's rows say it.
    """
    gate, inputs, static = graph.gates[node], graph.inputs[node], graph.static.get(node, {})
    given = _where_it_counts(gate, [dual(values[i], tangents[i]) for i in inputs])
    plain = [values[i] for i in inputs]
    if not any(np.any(kink.where(*plain, **static)) for kink in gate.kinks):
        return tangent(gate.value(DUAL, *given, **static))
    found = np.zeros(shape_of(values[node]))
    for index in np.ndindex(found.shape):
        for k, i in enumerate(inputs):
            row = None if tangents[i] is None else arriving(graph, values, node, k, unit(found.shape, index))
            found[index] += 0.0 if row is None else np.sum(row * tangents[i])
    return found


def _where_it_counts(gate: Gate, given: Sequence[Any]) -> list[Any]:
    """Return a gate's inputs; one that no gradient ever flows to, a label of a class, does not move it."""
    return [value(x) if gate.rule(k) is None else x for k, x in enumerate(given)]


def unit(shape: Shape, index: tuple[int, ...]) -> Value:
    """Return an array of zeros with a 1 at one element; the number 1 for the shape `()`."""
    x = np.zeros(shape)
    x[index] = 1.0
    return array.plain(x, shape)


def _carried(gate: Gate, k: int, given: tuple[Value, ...], out: Value, moved: Value) -> Value:
    """Return local x tangent; of a router, 0 where it did not take this input."""
    local = gate.local(k, system_for(given), given, out)
    if gate.flow != "router":
        return local * moved
    return array.where(array.equal(local, 0), lambda: 0.0, lambda: local * moved)


def dual(x: Value, moved: Value) -> Any:
    """Return an array of doubles that moves, or one that does not where `moved` is None."""
    x = array.asarray(x)
    return x if moved is None else Dual(x, array.asarray(moved))


def push_forward(m: System, graph: Graph, values: Sequence[Any], seeds: Mapping[int, Any]) -> list[Any]:
    """Return each node in the duals of `m`, by the gates' definitions alone: those that move are duals.

    A node whose value is None stays None.
    """
    duals: list[Any] = []
    for node, inputs in enumerate(graph.inputs):
        x = values[node]
        if x is not None and any(isinstance(duals[i], Dual) for i in inputs):
            given = [duals[i] for i in inputs]
            x = graph.gates[node].definition(m, *given, **graph.static.get(node, {}))
        if x is not None and node in seeds:
            moved = tangent(x)
            x = Dual(value(x), seeds[node] if moved is None else moved + seeds[node])
        duals.append(x)
    return duals


# Reverse mode.


def vjp(graph: Graph, values: Sequence[Value], names: Sequence[str], upstream: Value) -> dict[str, Value]:
    """Return v'J for each name: the gradient of the sum of upstream x output, by one backward pass."""
    gradients = backward(graph, values, names, upstream)
    return {name: gradients[graph.node(name)] for name in names}


# Forward over reverse.


def hvp(
    graph: Graph,
    values: Sequence[Value],
    names: Sequence[str],
    seeds: Mapping[int, Value],
    flows: Sequence[Value] | None = None,
) -> dict[str, Value]:
    """Return H v for each name: how fast its gradient moves when the nodes in `seeds` are moved.

    The output is one number. `flows` are those of `reached`, which are needed where a gradient that
    nobody takes is not finite.
    """
    moved = jvp(graph, values, seeds)
    duals = [dual(x, t) for x, t in zip(values, moved, strict=True)]
    with array.quiet():
        gradients = pull_back(DUAL, graph, duals, names, flows)
    found = {}
    for name in names:
        shape = shape_of(values[graph.node(name)])
        t = tangent(gradients[graph.node(name)])
        found[name] = array.plain(0.0 if t is None else t, shape)
    return found


def carrying(graph: Graph, names: Iterable[str]) -> list[bool]:
    """Return for each node whether a gradient by one of the names goes through it."""
    return depends(graph, [graph.node(name) for name in names])


def pull_back(
    m: Any,
    graph: Graph,
    values: Sequence[Any],
    names: Sequence[str],
    flows: Sequence[Value] | None = None,
    upstream: Any = 1.0,
) -> list[Any]:
    """Run the backward pass in the number system `m`, and return the gradients of the names' nodes.

    All others are None, as is that of a name which no gradient reaches.
    """
    carries, wanted = carrying(graph, names), {graph.node(name) for name in names}
    gradients: list[Any] = [None] * len(graph)
    gradients[graph.output] = m.asarray(upstream)
    for node in range(graph.output, -1, -1):
        if carries[node] and gradients[node] is not None:
            flow = None if flows is None else flows[node]
            g = gradients[node] = _where_it_flows(m, flow, gradients[node])
            for k, i in enumerate(graph.inputs[node]):
                part = _arriving(m, graph, values, node, k, g, flow) if carries[i] else None
                if part is not None:
                    gradients[i] = part if gradients[i] is None else gradients[i] + part
        if node not in wanted:
            gradients[node] = None
    return gradients


def _arriving(m: Any, graph: Graph, values: Sequence[Any], node: int, k: int, g: Any, flow: Value) -> Any:
    """Return what arrives at input `k` of a node in the number system `m`; None where nothing does."""
    gate = graph.gates[node]
    if gate.rule(k) is None:
        return None
    given = tuple(_where_it_counts(gate, [values[i] for i in graph.inputs[node]]))
    if not gate.elementwise:
        return gate.pull(k, m, g, given, values[node], graph.static.get(node, {}))
    part = _where_it_flows(m, flow, g * gate.local(k, m, given, values[node]))
    return m.unbroadcast(part, shape_of(given[k]))


def _where_it_flows(m: Any, flow: Value, g: Any) -> Any:
    return g if flow is None else m.where(array.equal(flow, 0), lambda: m.zeros(shape_of(g)), lambda: g)


def reached(graph: Graph, values: Sequence[Value], names: Iterable[str]) -> list[Value]:
    """Return for each node an array of 1 where a gradient by one of the names reaches it, else 0."""
    carries = carrying(graph, names)
    flows = Sums(graph, array.plain(1.0, shape_of(values[graph.output])))
    with array.quiet():
        for node in range(graph.output, -1, -1):
            flow = flows.gradients[node]
            if flow is not None and carries[node]:
                for k, i in enumerate(graph.inputs[node]):
                    if carries[i] and graph.gates[node].rule(k) is not None:
                        flows.add(i, flowing(graph, values, node, k, flow))
    return flows.gradients
