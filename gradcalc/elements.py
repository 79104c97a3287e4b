"""Arrays, element by element: where a number that is not finite was born, and which elements are at a kink.

`first_not_finite` and `first_bad_wire` serve the errors, `kinks` the warnings of programs with arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcalc.backward import BadWire, arriving
from gradcalc.forward import applied, element, system_for, written
from gradcalc.gates import Gate
from gradcalc.gates.record import Kink, Shape, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.result import Kinked
from gradcalc.systems import array

Index = tuple[int, ...]


def first(mask: Any) -> Index:
    """Return the place of the first element that holds, in the order of the array."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), np.shape(mask)))


def first_not_finite(graph: Graph, values: Sequence[Value]) -> tuple[int, Index]:
    """Return the node, and the element of it, where a value that is not finite was born.

    Followed back from the output, through elements that it depends on alone.
    """
    bad: dict[int, Any] = {graph.output: ~np.isfinite(values[graph.output])}
    origin = graph.output, first(bad[graph.output])
    for node in range(graph.output, -1, -1):
        mask = bad.get(node)
        if mask is not None and np.any(mask):
            born = mask
            for k, i in enumerate(graph.inputs[node]):
                wide, here = _from_input(graph, values, node, k, mask)
                born = born & ~wide
                bad[i] = bad.get(i, np.zeros(shape_of(values[i]), bool)) | here
            if np.any(born):
                origin = node, first(born)
    return origin


def _from_input(graph: Graph, values: Sequence[Value], node: int, k: int, mask: Any) -> tuple[Any, Any]:
    """Return where a node's bad elements come from input `k`: elements of the node, and of the input."""
    gate, given = graph.gates[node], tuple(values[i] for i in graph.inputs[node])
    shape = np.shape(mask)
    broken = ~np.isfinite(given[k])
    if not gate.elementwise:
        return np.full(shape, bool(np.any(broken))), broken
    wide = np.broadcast_to(broken, shape) & mask
    if gate.flow == "router":
        with array.quiet():
            local = gate.local(k, system_for(given), given, values[node])
        taken = wide & (np.broadcast_to(local, shape) != 0)
        wide = taken if np.any(taken) else wide & False
    return wide, array.unbroadcast(wide.astype(float), shape_of(given[k])) > 0


def first_bad_wire(
    graph: Graph, values: Sequence[Value], gradients: Sequence[Value], target: int
) -> BadWire | None:
    """Return the first wire on the way back that spoils the target's gradient."""
    on_path = depends(graph, [target])
    for node in range(graph.output, -1, -1):
        upstream = gradients[node]
        if on_path[node] and upstream is not None and array.finite(upstream):
            for k, i in enumerate(graph.inputs[node]):
                if on_path[i] and gradients[i] is not None and not array.finite(gradients[i]):
                    found = _bad_wire(graph, values, node, k, upstream)
                    if found is not None:
                        return found
    return None


def _bad_wire(graph: Graph, values: Sequence[Value], node: int, k: int, upstream: Value) -> BadWire | None:
    """Return the wire, with the element that is spoilt, where what arrives is not finite."""
    gate, given = graph.gates[node], tuple(values[i] for i in graph.inputs[node])
    with array.quiet():
        if not gate.elementwise:
            part = arriving(graph, values, node, k, upstream)
            return None if part is None or array.finite(part) else BadWire(node, k, float("nan"))
        local = array.plain(gate.local(k, system_for(given), given, values[node]), shape_of(values[node]))
        bad = ~np.isfinite(upstream * local)
    index = first(bad)
    return BadWire(node, k, element(local, index), index) if np.any(bad) else None


# Kinks.

SHOWN = 3
"""Elements at a kink that are named; the others are counted."""


def kinks(graph: Graph, values: Sequence[Value]) -> list[Kinked]:
    """Return what people are told of the kinks and jumps that elements of arrays are at."""
    met = [(node, *found) for node in range(len(graph)) for found in kinks_at(graph, values, node)]
    if not met:
        return []
    reached = reaching(graph, values)
    cut = [(node, kink, mask & reached[node]) for node, kink, mask in met if node in reached]
    return [told(graph, values, node, kink, mask) for node, kink, mask in cut if np.any(mask)]


def kinks_at(graph: Graph, values: Sequence[Value], node: int) -> Iterator[tuple[Kink, Any]]:
    """Yield the kinks that elements of a node are at, each with the mask of its elements."""
    gate, free = graph.gates[node], np.ones(shape_of(values[node]), bool)
    given = [values[i] for i in graph.inputs[node]]
    for kink in gate.kinks:
        with array.quiet():
            mask = free & kink.where(*given, **graph.static.get(node, {}))
        if np.any(mask):
            yield kink, mask
            free = free & ~mask


def reaching(graph: Graph, values: Sequence[Value]) -> dict[int, Any]:
    """Return for each node that the output is computed from the mask of the elements that count.

    What a `where` did not take does not, nor does what an index left out.
    """
    masks: dict[int, Any] = {graph.output: np.ones(shape_of(values[graph.output]), bool)}
    for node in range(graph.output, -1, -1):
        if node in masks:
            for k, i in enumerate(graph.inputs[node]):
                here = _reached(graph, values, node, k, masks[node])
                masks[i] = masks[i] | here if i in masks else here
    return masks


def _reached(graph: Graph, values: Sequence[Value], node: int, k: int, mask: Any) -> Any:
    """Return the elements of input `k` that a node's elements in the mask are computed from."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    shape = shape_of(values[inputs[k]])
    if gate.elementwise:
        taken = mask & _lazily(gate, k, [values[i] for i in inputs], np.shape(mask))
        return np.asarray(array.unbroadcast(taken.astype(float), shape)) > 0
    if gate.flow == "router" and not gate.kinks and gate.rule(k) is not None:
        return np.asarray(arriving(graph, values, node, k, mask.astype(float))) > 0
    return np.full(shape, bool(np.any(mask)))


def _lazily(gate: Gate, k: int, given: Sequence[Value], shape: Shape) -> Any:
    """Return where input `k` is computed at all; only the branches of a `where` are not always."""
    if gate.lazy is None or k == 0:
        return True
    condition = np.broadcast_to(given[0], shape) != 0
    return condition if k == 1 else ~condition


def told(graph: Graph, values: Sequence[Value], node: int, kink: Kink, mask: Any) -> Kinked:
    """Return what people are told of a kink at some elements of a node."""
    places = [tuple(map(int, place)) for place in np.argwhere(mask)[:SHOWN]]
    count = int(np.sum(mask))
    at = _at(places, count) if np.ndim(mask) else ""
    gate, given = graph.gates[node], [values[i] for i in graph.inputs[node]]
    if gate.elementwise:
        given = [element(x, places[0]) for x in given]
    return Kinked(
        node=node,
        text=f"{graph.expr(node)}: {kink.text} in {written(gate)}{at}",
        jump=kink.jump,
        branch=f"{applied(gate, given)} is {element(values[node], places[0]):.6g}",
        convention=kink.ours,
        left={},
        right={},
        others={"torch": kink.torch, "JAX": kink.jax, "TensorFlow": kink.tf},
        elements=places,
        count=count,
    )


def _at(places: Sequence[Index], count: int) -> str:
    shown = ", ".join(str(list(place)) for place in places)
    if count == 1:
        return f", at element {shown}"
    return f", at {count:,} elements: {shown}{', …' if count > len(places) else ''}"
