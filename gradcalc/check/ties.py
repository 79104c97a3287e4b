"""Ties: which names move one and the same kink, so that their gradients must fit it together.

Along a direction in which only one convex (or concave) kink moves, a subgradient changes the output at
a rate between the two one-sided derivatives. That is no longer so for independent kinks: at |x| - |y|
it is (1, 1), yet moving both leaves the output as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.arrays import MOST_WORK, kinked_elements
from gradcalc.check.pieces import taken
from gradcalc.check.unroll import unroll
from gradcalc.check.wires import COPY
from gradcalc.forward import are_scalar
from gradcalc.gates import GATES
from gradcalc.gates.record import Kink
from gradcalc.graph import Graph, Value, consumers, depends
from gradcalc.kinks import ancestors, kinked_nodes

CHAINS = (frozenset({GATES["max"], GATES["relu"]}), frozenset({GATES["min"]}))
"""Gates of which a chain is one kink: max(max(x, y), z) is the maximum of three."""

SEVERAL = -1
"""What a node moves that moves more than one kink, or one that is neither convex nor concave."""


class Written(NamedTuple):
    """A program as a scalar graph.

    graph     the graph
    floats    the float at each node
    kinks     the nodes at a kink
    elements  name -> the nodes of its elements, an array of its shape
    """

    graph: Graph
    floats: Sequence[float]
    kinks: Mapping[int, Kink]
    elements: Mapping[str, Any]


def written(graph: Graph, values: Sequence[Value], wrt: Sequence[str], upstream: Value) -> Written | None:
    """Return a program with the kinks that it met, None where it is too large to be written out."""
    nodes = {name: graph.node(name) for name in wrt}
    if upstream is None and are_scalar(set(graph.gates), values):
        own = {name: np.array(node) for name, node in nodes.items()}
        return Written(graph, values, kinked_nodes(graph, values), own)
    scalars = unroll(graph, values, depends(graph, nodes.values()), upstream, MOST_WORK)
    if scalars is None:
        return None
    kinks = kinked_elements(graph, values, scalars)
    elements = {name: scalars.elements[node] for name, node in nodes.items()}
    return Written(scalars.graph, scalars.floats, kinks, elements)


def moved_ties(program: Written) -> list[int | None]:
    """Return for each node the one kink that it moves, None for none, and `SEVERAL`."""
    graph, kinks = program.graph, program.kinks
    joined = _joined(program)
    moved: list[int | None] = [None] * len(graph)
    for node in range(len(graph) - 1, -1, -1):
        tie = _merged(joined.get(node), moved[node])
        if tie is not None:
            for i in graph.inputs[node] if node in kinks else taken(graph, program.floats, node):
                moved[i] = _merged(moved[i], tie)
    return moved


def _merged(one: int | None, other: int | None) -> int | None:
    if one is None or other is None or one == other:
        return other if one is None else one
    return SEVERAL


def _joined(program: Written) -> dict[int, int]:
    """Return for each node at a kink the last one of the chain that it is part of."""
    graph, kinks = program.graph, program.kinks
    feeds, wires = ancestors(graph, [graph.output]), consumers(graph)
    ends: dict[int, tuple[int, Any]] = {}
    for node in range(len(graph) - 1, -1, -1):
        gate = graph.gates[node]
        chain = next((chain for chain in CHAINS if gate in chain), None)
        further = {ends.get(c) for c, _ in wires[node] if feeds[c]}
        end = further.pop() if len(further) == 1 else None
        if end is not None and (gate is COPY or chain is end[1] is not None):
            ends[node] = end
        elif node in kinks:
            ends[node] = node, chain
    return {node: ends[node][0] if _bends_one_way(program, node) else SEVERAL for node in kinks}


def _bends_one_way(program: Written, node: int) -> bool:
    """Whether a kink is convex or concave: no jump, and no clip between edges that coincide."""
    if program.kinks[node].jump:
        return False
    inputs = program.graph.inputs[node]
    return program.graph.gates[node] is not GATES["clip"] or len({program.floats[i] for i in inputs[1:]}) == 2
