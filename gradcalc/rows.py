"""The rows of the table: what a result knows about each node, gathered in one record a node."""

from __future__ import annotations

from gradcalc.backward import local_gradients
from gradcalc.forward import never_computed
from gradcalc.graph import consumers
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
        parts = [_part(consumer, adjoints[consumer], locals_[consumer][k]) for consumer, k in wires[node]]
        table.append(
            Node(
                id=node,
                name=names.get(node),
                expr=graph.expr(node),
                span=graph.span(node),
                within=graph.call_span(node),
                gate=gate,
                inputs=inputs,
                shape=(),
                value=None if node in skipped else values[node],
                local=locals_[node],
                gradient=adjoints[node],
                parts=tuple(part for part in parts if part is not None),
                verdict=entry.verdict if entry else None,
                reference=entry.reference if entry else None,
                digits=entry.digits if entry else None,
                reason=entry.reason if entry else "",
            )
        )
    return table


def _part(consumer: int, upstream: float | None, local: float | None) -> Part | None:
    """Return what arrives along a wire; None where no gradient flows back along it."""
    if upstream is None or local is None:
        return None
    return Part(consumer, upstream, local, upstream * local if upstream else 0.0)
