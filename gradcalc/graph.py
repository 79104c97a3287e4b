"""The computational graph: nodes in topological order, held in parallel lists.

Nodes are not objects: node i is `gates[i]` applied to the nodes `inputs[i]`, all of which come
before it, so index order *is* topological order. Leaves are nodes without inputs, whose gate is
`VARIABLE` or `CONSTANT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gradcalc.errors import Span
from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.gates.record import Gate

Value = Any
"""A float, or a NumPy array of floats; NumPy's types would import it."""

EXPR_LIMIT = 200
"""Characters of a node's text that reports show."""


class Graph:
    """A program as a computational graph.

    text        the program
    gates       the gate of each node
    inputs      the nodes that feed each node, repeats kept (`x*x` has `(0, 0)`)
    first, last numbers of the first and last token of each node's text
    static      node -> options of its gate that were written (an axis)
    constants   node -> number, or array of numbers, for the leaves that are given in the program
    variables   name -> node, in the order of first use
    named       name of a statement -> its node
    within      node of an inlined function -> first and last token of the call
    output      the node of the last statement
    """

    __slots__ = (
        "constants", "first", "gates", "inputs", "last", "locate",
        "named", "output", "static", "text", "variables", "within",
    )  # fmt: skip

    def __init__(
        self, text: str = "", locate: Callable[[int], Span] = lambda token: Span(token, token + 1)
    ) -> None:
        self.text = text
        self.locate = locate
        self.gates: list[Gate] = []
        self.inputs: list[tuple[int, ...]] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self.static: dict[int, dict[str, Any]] = {}
        self.constants: dict[int, Value] = {}
        self.variables: dict[str, int] = {}
        self.named: dict[str, int] = {}
        self.within: dict[int, tuple[int, int]] = {}
        self.output = -1

    def __len__(self) -> int:
        return len(self.gates)

    def __repr__(self) -> str:
        return f"<graph of {len(self)} nodes, variables {', '.join(self.variables) or 'none'}>"

    def add(
        self,
        gate: Gate,
        inputs: tuple[int, ...] = (),
        first: int = 0,
        last: int = 0,
        static: dict[str, Any] | None = None,
    ) -> int:
        """Append a node and return its number."""
        if static:
            self.static[len(self.gates)] = static
        self.gates.append(gate)
        self.inputs.append(inputs)
        self.first.append(first)
        self.last.append(last)
        return len(self.gates) - 1

    # What a node is called and where it stands.

    def names(self) -> dict[int, str]:
        """Return the name of each node that has one: a variable's, or that of its first statement."""
        names = {node: name for name, node in self.variables.items()}
        for name, node in self.named.items():
            names.setdefault(node, name)
        return names

    def label(self) -> str:
        """Return what the output is called: its statement's name, or a letter that is free."""
        named = next((name for name, node in self.named.items() if node == self.output), None)
        taken = {*self.variables, *self.named}
        return named or next((letter for letter in "fygh" if letter not in taken), "output")

    def node(self, name: str) -> int:
        """Return the node of a variable or a named statement; KeyError where there is none."""
        return self.variables[name] if name in self.variables else self.named[name]

    def span(self, node: int) -> Span:
        """Return where the node's text stands in the program."""
        return Span(self.locate(self.first[node]).start, self.locate(self.last[node]).end)

    def call_span(self, node: int) -> Span | None:
        """Return where the call stands that a node was inlined for, None for a node written out."""
        tokens = self.within.get(node)
        return tokens and Span(self.locate(tokens[0]).start, self.locate(tokens[1]).end)

    def expr(self, node: int, limit: int = EXPR_LIMIT) -> str:
        """Return the node's text as written, on one line, cut at `limit` characters."""
        start, end = self.span(node)
        text = " ".join(self.text[start : min(end, start + 2 * limit)].split())
        return text if end - start <= 2 * limit and len(text) <= limit else text[:limit] + "…"

    # The lecture's interface: forward computes and keeps, backward multiplies upstream by local.

    def forward(self, point: Mapping[str, Value]) -> list[Value]:
        """Run the forward pass at a point; see `gradcalc.forward.forward`."""
        from gradcalc.forward import forward

        return forward(self, point)

    def backward(self, values: list[Value], wrt: Iterable[str] | None = None) -> list[Value]:
        """Run the backward pass on the values of a forward pass; see `gradcalc.backward.backward`."""
        from gradcalc.backward import backward

        return backward(self, values, wrt)


def depends(graph: Graph, sources: Iterable[int]) -> list[bool]:
    """Return for each node whether it is one of `sources` or is computed from one."""
    found = [False] * len(graph)
    for node in sources:
        found[node] = True
    for node, inputs in enumerate(graph.inputs):
        # The first and the last are all the inputs that most nodes have.
        if inputs and (found[inputs[0]] or found[inputs[-1]] or any(found[i] for i in inputs[1:-1])):
            found[node] = True
    return found


def consumers(graph: Graph) -> list[list[tuple[int, int]]]:
    """Return for each node the wires that leave it, as (consumer, number of the consumer's input)."""
    wires: list[list[tuple[int, int]]] = [[] for _ in graph.gates]
    for node, inputs in enumerate(graph.inputs):
        for k, i in enumerate(inputs):
            wires[i].append((node, k))
    return wires


def violations(graph: Graph) -> Iterator[str]:
    """Yield what breaks the graph's invariants; a graph from the parser breaks none."""
    n = len(graph)
    columns: dict[str, list[Any]] = {name: getattr(graph, name) for name in ("inputs", "first", "last")}
    for name, column in columns.items():
        if len(column) != n:
            yield f"{name} has {len(column)} entries for {n} nodes"
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=False)):
        if not all(0 <= i < node for i in inputs):
            yield f"node {node} has an input that does not come before it: {inputs}"
        fewest, most = (0, 0) if gate in (VARIABLE, CONSTANT) else gate.arity
        if len(inputs) < fewest or (most is not None and len(inputs) > most):
            yield f"node {node} gives {len(inputs)} inputs to {gate.signature}"
        unknown = graph.static.get(node, {}).keys() - set(gate.static)
        if unknown:
            yield f"node {node} gives {gate.signature} options that it lacks: {unknown}"
        if (gate is CONSTANT) != (node in graph.constants):
            yield f"node {node} is {gate.name}, but its number is {graph.constants.get(node)}"
    for name, node in graph.variables.items():
        if not (0 <= node < n and graph.gates[node] is VARIABLE):
            yield f"variable {name} points at node {node}"
    for name, node in {**graph.named, "the output": graph.output}.items():
        if not 0 <= node < n:
            yield f"{name} points at node {node}"
