"""Kinks and jumps met on the way: which gates are at one, and what is told of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from gradcalc.forward import applied, never_computed, written
from gradcalc.gates.record import Kink
from gradcalc.graph import Graph, depends
from gradcalc.result import Kinked

Slope = float | None


def kinked_nodes(graph: Graph, values: Sequence[float]) -> dict[int, Kink]:
    """Return the nodes that the output depends on and whose gate is at a kink or a jump.

    For scalar programs; `elements.kinks` does it for arrays.
    """
    kinks = {gate: gate.kinks for gate in set(graph.gates) if gate.kinks}
    found = {}
    for node, gate in enumerate(graph.gates):
        if gate in kinks:
            given = [values[i] for i in graph.inputs[node]]
            for kink in kinks[gate]:
                if kink.where(*given):
                    found[node] = kink
                    break
    return _reaching_the_output(graph, values, found) if found else {}


def _reaching_the_output(graph: Graph, values: Sequence[float], kinks: dict[int, Kink]) -> dict[int, Kink]:
    feeds, skipped = ancestors(graph, [graph.output]), never_computed(graph, values)
    return {node: kink for node, kink in kinks.items() if feeds[node] and node not in skipped}


def ancestors(graph: Graph, targets: Iterable[int]) -> list[bool]:
    """Return for each node whether it is one of the targets or one of them is computed from it."""
    feeds = [False] * len(graph)
    for node in targets:
        feeds[node] = True
    for node in range(len(graph) - 1, -1, -1):
        if feeds[node]:
            for i in graph.inputs[node]:
                feeds[i] = True
    return feeds


def kinks_moved(graph: Graph, kinks: Container[int]) -> list[int | None]:
    """Return for each node a node at a kink that moves when it does, None where there is none."""
    moved: list[int | None] = [None] * len(graph)
    for node in range(len(graph) - 1, -1, -1):
        kink = node if node in kinks else moved[node]
        if kink is not None:
            for i in graph.inputs[node]:
                moved[i] = kink
    return moved


def describe(
    graph: Graph,
    values: Sequence[float],
    kinks: Mapping[int, Kink],
    sides: Mapping[str, tuple[Slope, Slope]] | None = None,
) -> list[Kinked]:
    """Return what people are told of each kink: the branch taken, both sides, the conventions.

    `sides` holds the left and right derivative of the output by name, where they were computed.
    """
    reached = {name: depends(graph, [graph.node(name)]) for name in sides or {}}
    told = []
    for node, kink in kinks.items():
        moving = {name: pair for name, pair in (sides or {}).items() if reached[name][node]}
        given = [values[i] for i in graph.inputs[node]]
        told.append(
            Kinked(
                node=node,
                text=f"{graph.expr(node)}: {kink.text} in {written(graph.gates[node])}",
                jump=kink.jump,
                branch=f"{applied(graph.gates[node], given)} is {values[node]:.6g}",
                convention=kink.ours,
                left={name: left for name, (left, _) in moving.items()},
                right={name: right for name, (_, right) in moving.items()},
                others={"torch": kink.torch, "JAX": kink.jax, "TensorFlow": kink.tf},
            )
        )
    return told
