"""The rows of the table: what a result knows about each node, gathered in one record a node."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.backward import arriving, local_gradients
from gradcalc.forward import never_computed
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value, consumers
from gradcalc.result import Node, Part, Result


def rows(result: Result) -> list[Node]:
    """Return one row a node, in topological order."""
    graph, values, adjoints = result.graph, result.values, result.adjoints
    carries = [gradient is not None for gradient in adjoints]
    locals_ = [local_gradients(graph, values, carries, node) for node in range(len(graph))]
    wires, names, skipped = consumers(graph), graph.names(), never_computed(graph, values)
    entries = result.check.nodes if result.check else [None] * len(graph)
    table = []
    for node, (gate, inputs, entry) in enumerate(zip(graph.gates, graph.inputs, entries, strict=True)):
        parts = [_part(result, consumer, k, locals_[consumer][k]) for consumer, k in wires[node]]
        table.append(
            Node(
                id=node,
                name=names.get(node),
                expr=graph.expr(node),
                span=graph.span(node),
                within=graph.call_span(node),
                gate=gate,
                inputs=inputs,
                shape=shape_of(values[node]),
                value=None if node in skipped else values[node],
                local=locals_[node],
                gradient=adjoints[node],
                parts=tuple(part for part in parts if part is not None),
                verdict=entry.verdict if entry else None,
                reference=entry.reference if entry else None,
                digits=entry.digits if entry else None,
                reason=entry.reason if entry else "",
                static=graph.static.get(node, {}),
            )
        )
    return table


def _part(result: Result, consumer: int, k: int, local: Value) -> Part | None:
    """Return what arrives along a wire; None where no gradient flows back along it."""
    graph, values, upstream = result.graph, result.values, result.adjoints[consumer]
    gate, node = graph.gates[consumer], graph.inputs[consumer][k]
    if upstream is None or result.adjoints[node] is None or (gate.rule(k) is None and not gate.elementwise):
        return None
    if not any(map(shape_of, (upstream, local, values[node]))) and gate.elementwise:
        return Part(consumer, upstream, local, upstream * local if upstream else 0.0)
    return _array_part(graph, values, consumer, k, upstream, local)


def _array_part(
    graph: Graph, values: Sequence[Value], consumer: int, k: int, upstream: Value, local: Value
) -> Part:
    from gradcalc.systems import array

    gate, shape = graph.gates[consumer], shape_of(values[graph.inputs[consumer][k]])
    with array.quiet():
        part = arriving(graph, values, consumer, k, upstream)
        gradient = array.plain(0.0 if part is None else part, shape)
    if not gate.elementwise:
        text = gate.arrives[0 if gate.variadic else k]
        return Part(consumer, upstream, None, gradient, arrives=text)
    return Part(consumer, upstream, local, gradient, array.summed_axes(shape_of(upstream), shape))
