"""The forward pass: graph + point -> the value of every node.

The loop over the nodes is generated once for each set of gates, by running the gates' own forward
functions on source text (`systems.source`): what would be a function call a node becomes one line.
Gates whose mathematics is not straight-line (max of many) are called. Nothing in the generated text
comes from a user.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

from gradcalc.errors import DomainError, GradcalcError, NamingError, NotFiniteError
from gradcalc.gates import VARIABLE, Gate
from gradcalc.graph import Graph
from gradcalc.systems import real, source
from gradcalc.systems.source import Code

SAMPLE = 1000
"""Nodes that tell which gates are frequent enough to be asked for first."""


def forward(graph: Graph, point: Mapping[str, float]) -> list[float]:
    """Return the value of each node, in order.

    A value that is not finite is kept as IEEE 754 has it (`inf`, `nan`); `require_finite` turns one
    that reaches the output into an error. Raises NamingError where a variable has no value.
    """
    values = [0.0] * len(graph)
    for node, number in graph.constants.items():
        values[node] = number
    for name, node in graph.variables.items():
        if name not in point:
            raise missing(graph, name)
        values[node] = float(point[name])
    forward_loop(by_frequency(graph))(graph.gates, graph.inputs, values)
    return values


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
    if not isfinite(values[graph.output]):
        raise not_finite(graph, values, first_not_finite(graph, values))


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


def not_finite(graph: Graph, values: Sequence[float], node: int) -> GradcalcError:
    """Return the error that says why a node's value is not finite."""
    place: dict[str, Any] = {"source": graph.text, "span": graph.span(node)}
    gate, given = graph.gates[node], tuple(values[i] for i in graph.inputs[node])
    if gate is VARIABLE:
        return NotFiniteError(
            f"'{graph.names()[node]}' is {values[node]:g}, which is not a finite number", **place
        )
    broken = next((condition.text for condition in gate.domain if not condition.holds(*given)), "")
    if broken:
        return DomainError(f"{applied(gate, given)} is not defined: {written(gate)} needs {broken}", **place)
    return NotFiniteError(f"{applied(gate, given)} is {values[node]:g}: too large for a float", **place)


def written(gate: Gate) -> str:
    """Return how a gate is written, with the names that its record gives its inputs."""
    return f" {gate.infix} ".join(gate.parameters) if gate.infix else gate.signature


def applied(gate: Gate, given: Sequence[float]) -> str:
    """Return the gate applied to numbers, as a sentence has it: `log of -2`, `1 / 0`, `max of 1, 2`."""
    numbers = [f"{x + 0.0:.10g}" for x in given]
    if gate.infix and len(numbers) == 2:
        return f" {gate.infix} ".join(f"({x})" if x.startswith("-") else x for x in numbers)
    return f"{gate.name} of {', '.join(numbers)}"


def never_computed(graph: Graph, values: Sequence[float]) -> frozenset[int]:
    """Return the nodes that only serve branches which a `where` did not take."""
    if not any(gate.lazy for gate in set(graph.gates)):
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
