"""The forward pass: graph + point -> the value of every node.

For scalars the loop over the nodes is generated once for each set of gates, by running the gates'
own forward functions on source text (`systems.source`): what would be a function call a node
becomes one line. Gates whose mathematics is not straight-line (max of many) are called. Nothing in
the generated text comes from a user. Where an array appears the loop is a plain one: few nodes,
much work in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

from gradcalc.errors import DomainError, GradcalcError, NamingError, NotFiniteError
from gradcalc.gates import Gate
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.systems import real, source
from gradcalc.systems.source import Code

SAMPLE = 1000
"""Nodes that tell which gates are frequent enough to be asked for first."""

WORTH = 2_000
"""Nodes from which on a loop of their own, which takes a millisecond to write, saves time."""


def forward(graph: Graph, point: Mapping[str, Value]) -> list[Value]:
    """Return the value of each node, in order: a float, or an array of floats.

    A value that is not finite is kept as IEEE 754 has it (`inf`, `nan`); `require_finite` turns one
    that reaches the output into an error. Raises NamingError where a variable has no value, and
    ShapeError where shapes do not fit.
    """
    for name in graph.variables:
        if name not in point:
            raise missing(graph, name)
    gates = by_frequency(graph)
    if has_arrays(graph, gates, point):
        return array_forward(graph, point)
    values = [0.0] * len(graph)
    for node, number in graph.constants.items():
        values[node] = number
    for name, node in graph.variables.items():
        values[node] = float(point[name])
    try:
        forward_loop(worth_a_loop(graph, gates))(graph.gates, graph.inputs, values)
    except ArithmeticError:  # of Python's own operators, where the loop was written from somebody's gate
        forward_loop(())(graph.gates, graph.inputs, values)
    return values


def has_arrays(graph: Graph, gates: Iterable[Gate], point: Mapping[str, Value]) -> bool:
    """Whether a program at a point needs NumPy: a gate, a constant or a value is not scalar."""
    given = [point[name] for name in graph.variables]
    return not (are_scalar(gates, given) and are_scalar((), graph.constants.values()))


def are_scalar(gates: Iterable[Gate], values: Iterable[Value]) -> bool:
    """Whether all gates are elementwise and all values are numbers: then `math` is enough."""
    return all(gate.elementwise for gate in gates) and {float, int, bool}.issuperset(map(type, values))


def array_forward(
    graph: Graph, point: Mapping[str, Value], spent: Mapping[int, Sequence[int]] | None = None
) -> list[Value]:
    """Return the value of each node of a program with arrays.

    `spent` has the nodes whose values nobody needs once a node is computed: only their shapes stay.
    """
    from gradcalc.shapes import infer
    from gradcalc.systems import array

    values: list[Value] = [0.0] * len(graph)
    named = {name: array.asarray(point[name]) for name in graph.variables}
    shapes = infer(graph, named)
    for node, constant in graph.constants.items():
        values[node] = array.plain(constant, shapes[node])
    for name, node in graph.variables.items():
        values[node] = array.plain(named[name], shapes[node])
    with array.quiet():
        for node, inputs in enumerate(graph.inputs):
            if inputs:
                given = tuple([values[i] for i in inputs])
                out = apply(graph.gates[node], given, graph.static.get(node, {}))
                values[node] = array.plain(out, shapes[node])
                for i in spent.get(node, ()) if spent else ():
                    values[i] = array.ghost(values[i])
    return values


def apply(gate: Gate, given: tuple[Value, ...], static: Mapping[str, Any]) -> Value:
    """Return a gate's value; numbers alone go through `math`, as in a scalar program."""
    from gradcalc.systems import array

    if gate.elementwise:
        return gate.value(system_for(given), *given)
    return gate.value(array, *map(array.asarray, given), **static)


def system_for(given: Iterable[Value]) -> Any:
    """Return the number system for an elementwise gate's inputs: `real` for numbers, else `array`."""
    if all(type(x) is float for x in given):
        return real
    from gradcalc.systems import array

    return array


def missing(graph: Graph, name: str) -> NamingError:
    """Return the error for a variable without a value."""
    span = graph.span(graph.variables[name])
    return NamingError(f"'{name}' has no value", source=graph.text, span=span, hint=f"give it one: {name}=1")


def by_frequency(graph: Graph) -> tuple[Gate, ...]:
    """Return the gates that a graph uses, those that its beginning uses most first; leaves are none."""
    seen = Counter(graph.gates[:SAMPLE])
    used = [gate for gate in set(graph.gates) if gate.flow is not None]
    return tuple(sorted(used, key=lambda gate: (-seen[gate], gate.name)))


@lru_cache(maxsize=256)
def forward_loop(gates: tuple[Gate, ...]) -> Callable[[list[Gate], list[tuple[int, ...]], list[float]], None]:
    """Return the loop that fills in the values of the nodes of these gates."""
    lines = [
        "def loop(gates, inputs, values):",
        "    for node, wires in enumerate(inputs):",
        "        if not wires: continue",
        "        gate = gates[node]",
        *branches(gates, _forward_branch),
        "            values[node] = gate.value(real, *[values[i] for i in wires])",
    ]
    return compiled(lines, gates)


def _forward_branch(gate: Gate) -> list[str] | None:
    names = gate.parameters
    out = source.trace(gate.value, source, *map(Code, names))
    return out and [*unpack(gate, names), f"values[node] = {out}"]  # type: ignore[return-value]


# What forward and backward share in writing their loops.


@lru_cache(maxsize=256)
def _visited(gates: tuple[Gate, ...]) -> list[int]:  # noqa: ARG001 - its cache has one for each
    """Return the count of nodes, of all graphs of these gates, that were met without a loop of their own."""
    return [0]


def worth_a_loop(graph: Graph, gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Return the gates that a loop is written for: all, or none while that takes longer than it saves."""
    visited = _visited(gates)
    visited[0] += len(graph)
    return gates if visited[0] > WORTH else ()


def branches(gates: Sequence[Gate], write: Callable[[Gate], list[str] | None]) -> Iterator[str]:
    """Yield an if-chain with one branch a gate that can be written down, up to the `else:` of the others."""
    word = "if"
    for number, gate in enumerate(gates):
        body = None if gate.variadic or gate.defaults else write(gate)
        if body is not None:
            yield f"        {word} gate is gate{number}:"
            yield from (f"            {line}" for line in body)
            word = "elif"
    yield "        else:" if word == "elif" else "        if True:"


def unpack(gate: Gate, names: Sequence[str]) -> list[str]:
    """Return the lines that give the inputs in `names` their values; input k comes from node `i{k}`."""
    wires = "".join(f"i{k}, " for k in range(len(gate.parameters)))
    return [f"{wires}= wires", *(f"{x} = values[i{k}]" for k, x in enumerate(gate.parameters) if x in names)]


def compiled(lines: list[str], gates: Sequence[Gate]) -> Callable[..., None]:
    """Return the function `loop` that the lines define, with the number system's functions in reach."""
    scope: dict[str, Any] = {**vars(real), "real": real}
    scope.update({f"gate{number}": gate for number, gate in enumerate(gates)})
    exec("\n".join(lines), scope)  # noqa: S102 - the text was written from gate records alone
    loop: Callable[..., None] = scope["loop"]
    return loop


# Values that are not finite.


def require_finite(graph: Graph, values: Sequence[float]) -> None:
    """Raise the error of the first node that is not finite, where that reaches the output."""
    if finite(values[graph.output]):
        return
    if are_scalar(set(graph.gates), values):
        raise not_finite(graph, values, first_not_finite(graph, values))
    from gradcalc import elements

    node, index = elements.first_not_finite(graph, values)
    raise not_finite(graph, values, node, index)


def finite(x: Value) -> bool:
    """Whether a number, or every element of an array, is finite."""
    if not shape_of(x):
        return isfinite(x)
    from gradcalc.systems import array

    return array.finite(x)


def first_not_finite(graph: Graph, values: Sequence[float]) -> int:
    """Return the node where a value that is not finite, and reaches the output, was born."""
    reaches = [False] * len(graph)
    reaches[graph.output] = True
    origin = graph.output
    for node in range(graph.output, -1, -1):
        if reaches[node]:
            wires = [i for i in graph.inputs[node] if not isfinite(values[i])]
            taken = [i for i in wires if not _loses(graph, values, node, i)]
            origin = origin if wires else node
            for i in taken or wires:
                reaches[i] = True
    return origin


def _loses(graph: Graph, values: Sequence[float], node: int, wire: int) -> bool:
    """Whether `node` is a router that did not take its value from `wire`."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    if gate.flow != "router":
        return False
    given = tuple(values[i] for i in inputs)
    return not any(gate.local(k, real, given, values[node]) for k, i in enumerate(inputs) if i == wire)


def not_finite(
    graph: Graph, values: Sequence[Value], node: int, index: tuple[int, ...] = ()
) -> GradcalcError:
    """Return the error that says why a node's value is not finite, at one element of an array."""
    place: dict[str, Any] = {"source": graph.text, "span": graph.span(node)}
    gate, out = graph.gates[node], element(values[node], index)
    at = f" at element {list(index)}" if index and (gate.elementwise or not graph.inputs[node]) else ""
    if not graph.inputs[node]:
        name = graph.names().get(node, graph.expr(node, 20))
        return NotFiniteError(f"'{name}' is {out:g}{at}, which is not a finite number", **place)
    given: tuple[Value, ...] = tuple(values[i] for i in graph.inputs[node])
    static = graph.static.get(node, {})
    if gate.elementwise:
        given = tuple(element(x, index) for x in given)
    broken = next((condition.text for condition in gate.domain if not condition.holds(*given, **static)), "")
    what = applied(gate, given) + at
    if broken:
        return DomainError(f"{what} is not defined: {written(gate)} needs {broken}", **place)
    return NotFiniteError(f"{what} is {out:g}: too large for a float", **place)


def element(x: Value, index: tuple[int, ...]) -> float:
    """Return one element of an array that broadcasts to the index's rank; a number as it is."""
    shape = shape_of(x)
    places = index[len(index) - len(shape) :]
    return float(x[tuple(min(i, size - 1) for i, size in zip(places, shape, strict=True))]) if shape else x


def written(gate: Gate) -> str:
    """Return how a gate is written, with the names that its record gives its inputs."""
    if gate.infix:
        return f" {gate.infix} ".join(gate.parameters)
    return gate.signature if gate.elementwise else f"{gate.name}({', '.join(gate.parameters)})"


def applied(gate: Gate, given: Sequence[Value]) -> str:
    """Return the gate applied to numbers, as a sentence has it: `log of -2`, `1 / 0`, `max of 1, 2`."""
    numbers = [f"an array {shape_of(x)}" if shape_of(x) else f"{x + 0.0:.10g}" for x in given]
    if gate.infix and len(numbers) == 2:
        return f" {gate.infix} ".join(f"({x})" if x.startswith("-") else x for x in numbers)
    return f"{gate.name} of {', '.join(numbers)}"


def never_computed(graph: Graph, values: Sequence[Value]) -> frozenset[int]:
    """Return the nodes that only serve branches which a `where` did not take; of arrays, at no element."""
    if not any(gate.lazy for gate in set(graph.gates)) or any(map(shape_of, values)):
        return frozenset()
    all_wires = _reached(graph, lambda node: graph.inputs[node])
    return all_wires - _reached(graph, lambda node: _computed_inputs(graph, values, node))


def _computed_inputs(graph: Graph, values: Sequence[float], node: int) -> tuple[int, ...]:
    lazy, inputs = graph.gates[node].lazy, graph.inputs[node]
    if lazy is None:
        return inputs
    return tuple(inputs[k] for k in lazy(*[values[i] for i in inputs]))


def _reached(graph: Graph, inputs: Callable[[int], Sequence[int]]) -> frozenset[int]:
    """Return the nodes met on the way back from the output along `inputs`."""
    reached = {graph.output}
    for node in range(graph.output, -1, -1):
        if node in reached:
            reached.update(inputs(node))
    return frozenset(reached)
