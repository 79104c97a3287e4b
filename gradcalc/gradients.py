"""The gradients alone: both passes in as little memory as they need.

`forward` and `backward` keep the value and the gradient of every node, since people want to see
them. Here a value is dropped after its last use, unless a rule keeps it for the way back, and a
gradient as soon as it was sent on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradcalc import backward as back
from gradcalc import forward as fore
from gradcalc.gates.record import argument_names, shape_of
from gradcalc.graph import Graph, Value, depends


def value_and_grad(
    graph: Graph, point: Mapping[str, Value], wrt: Iterable[str] | None = None
) -> tuple[Value, dict[str, Value]]:
    """Return the output's value, and its gradient by each name: what `backward` gives, and no more.

    `wrt` names variables or statements, by default all the variables. The output is one number. The
    gradients are arrays of their own, which may be written on.

    Raises the errors of `forward` and `backward`; a value or a gradient that is not finite is returned
    as it is.
    """
    names = list(graph.variables if wrt is None else wrt)
    fore.require_given(graph, point)
    if not fore.has_arrays(graph, set(graph.gates), point):
        values = fore.forward(graph, point)
        gradients = back.backward(graph, values, names)
    else:
        values, gradients = _arrays(graph, point, names)
    return values[graph.output], apart({name: gradients[graph.node(name)] for name in names})


def apart(gradients: dict[str, Value]) -> dict[str, Value]:
    """Return the gradients as arrays that may be written on: no two of them share their numbers."""
    seen: set[int] = set()
    for name, gradient in gradients.items():
        if shape_of(gradient):
            owner = id(gradient if gradient.base is None else gradient.base)
            if owner in seen or not gradient.flags.writeable:
                gradients[name] = gradient.copy()
            seen.add(owner)
    return gradients


def _arrays(
    graph: Graph, point: Mapping[str, Value], names: Sequence[str]
) -> tuple[list[Value], list[Value]]:
    """Return values and gradients, of which only those of the output and the names are whole."""
    from gradcalc.systems import array, memory

    memory.keep()
    wanted = {graph.node(name) for name in names}
    carries = depends(graph, wanted)
    values = fore.array_forward(graph, point, spent(graph, carries))
    shape = shape_of(values[graph.output])
    if shape:
        raise back.no_number(graph, shape)
    sums = back.Sums(graph, 1.0)
    with array.quiet():
        for node in range(graph.output, -1, -1):
            if carries[node] and sums.gradients[node] is not None:
                back.send(graph, values, carries, node, sums, last=node not in wanted)
            if node not in wanted:
                sums.gradients[node] = None
            if node != graph.output:
                values[node] = array.ghost(values[node])
    if not all(array.finite(g) for g in map(sums.gradients.__getitem__, wanted) if g is not None):
        values = fore.array_forward(graph, point)
        return values, back.array_backward(graph, values, carries)
    return values, [
        array.plain(0.0 if g is None else g, shape_of(x)) for g, x in zip(sums.gradients, values, strict=True)
    ]


def spent(graph: Graph, carries: Sequence[bool]) -> dict[int, list[int]]:
    """Return for each node the values that are of no use once it is computed."""
    last = {i: node for node, inputs in enumerate(graph.inputs) for i in inputs}
    kept = {graph.output, *(i for node in range(len(graph)) for i in kept_for(graph, node, carries))}
    dropped: dict[int, list[int]] = {}
    for i, node in last.items():
        if i not in kept and graph.inputs[i]:
            dropped.setdefault(node, []).append(i)
    return dropped


def kept_for(graph: Graph, node: int, carries: Sequence[bool]) -> Iterator[int]:
    """Yield the nodes whose values a node's rules need on the way back."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    rules = (gate.rule(k) for k, i in enumerate(inputs) if carries[i])
    names = {name for rule in rules if rule for name in argument_names(rule)}
    if "out" in names:
        yield node
    if not gate.variadic:
        yield from (i for i, name in zip(inputs, gate.parameters, strict=False) if name in names)
    elif gate.parameters[0] in names:
        yield from inputs
