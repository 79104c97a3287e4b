"""The backward pass on trial: each gradient must be the sum of what arrives along its wires.

With every gate right and every sum right, what remains is rounding: `inaccurate` means no less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import fsum, isfinite, ulp

from gradcalc.check.local import Wrong
from gradcalc.graph import Graph, consumers
from gradcalc.systems import real

ROUNDINGS = 2
"""Roundings that a part may have gone through beside the sum's own: its product, and one to spare."""


def wrong_sums(
    graph: Graph, values: Sequence[float], gradients: Sequence[float | None], carries: Sequence[bool]
) -> Iterator[Wrong]:
    """Yield the nodes whose gradient is not the sum of upstream x local over the wires that leave them."""
    wires = consumers(graph)
    for node, got in enumerate(gradients):
        if (got is not None) != carries[node]:
            what = "has a gradient, but depends on no name" if got is not None else "has no gradient"
            yield Wrong(node, f"the node {what}: its gradient", got or 0.0, 0.0)
        elif got is not None and isfinite(got):
            start = [1.0] if node == graph.output else []
            parts = start + [_part(graph, values, gradients, c, k) for c, k in wires[node]]
            allowed = (len(parts) + ROUNDINGS) * (ulp(fsum(map(abs, parts))) + 5e-324)
            if all(map(isfinite, parts)) and abs(got - fsum(parts)) > allowed:
                yield Wrong(node, "the sum of what arrives in the backward pass", got, fsum(parts))


def _part(
    graph: Graph, values: Sequence[float], gradients: Sequence[float | None], consumer: int, k: int
) -> float:
    """Return what arrives along a wire; 0 along one that the consumer did not take."""
    gate, given = graph.gates[consumer], tuple(values[i] for i in graph.inputs[consumer])
    upstream = gradients[consumer] or 0.0
    local = gate.local(k, real, given, values[consumer])
    return upstream * local if upstream and local else 0.0
