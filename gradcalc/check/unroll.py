"""Programs with arrays as scalar graphs: each element of each array is a node.

An elementwise gate becomes the same gate at each element. Any other gate runs its *definition* on
wires, which appends the scalar gates that it is made of. So all that serves scalar programs serves
arrays: a reference for every node, one-sided derivatives, closed forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.wires import COPY, Tape, TooMuchWorkError, Wire, Wires, variable
from gradcalc.gates import CONSTANT, GATES, VARIABLE
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Graph, Value
from gradcalc.systems import array
from gradcalc.systems.lifted import Lifted, asarray


class Unrolled(NamedTuple):
    """A scalar graph for one with arrays.

    graph     the scalar graph; its variables are named `W[0, 1]`
    floats    the float at each scalar node, where it is an element the one that the program computed
    elements  for each node of the program an array of the scalar nodes of its elements
    starts    the first scalar node that was written for each node of the program, and the end of all
    owners    the node of the program that each scalar node was written for
    """

    graph: Graph
    floats: list[float]
    elements: list[Any]
    starts: list[int]
    owners: list[int]

    def span(self, node: int) -> range:
        """Return the scalar nodes that were written for a node of the program."""
        return range(self.starts[node], self.starts[node + 1])

    def carrying(self, carries: Sequence[bool]) -> list[bool]:
        """Return for each scalar node whether it carries a gradient, given which nodes do."""
        mine = [carries[owner] for owner in self.owners]
        for s, gate in enumerate(self.graph.gates):
            if gate is CONSTANT:
                mine[s] = False
        for carried, nodes in zip(carries, self.elements, strict=True):
            if carried:
                for s in nodes.flat:
                    mine[s] = True
        return mine

    def of_elements(self, arrays: Sequence[Value]) -> list[float | None]:
        """Return a number for each scalar node from one array a node; None for what is no element."""
        found: list[float | None] = [None] * len(self.graph)
        for nodes, values in zip(self.elements, arrays, strict=True):
            if values is not None:
                for node, value in zip(nodes.flat, np.broadcast_to(values, nodes.shape).flat, strict=True):
                    found[node] = float(value)
        return found


def unroll(
    graph: Graph, values: Sequence[Value], carries: Sequence[bool], upstream: Value, most: int
) -> Unrolled | None:
    """Return the scalar graph of a program at a point, None where it would cost more than `most` sums.

    Its output is the sum of the output's elements times those of `upstream`, where that is given.
    """
    if sum(int(np.size(x)) for x in values) > most:
        return None
    try:
        with array.quiet():
            return _Unroller(graph, values, carries, most).run(upstream)
    except TooMuchWorkError:
        return None


def index_text(index: Iterable[int]) -> str:
    """Return a place as it is written: `[0, 1]`."""
    return f"[{', '.join(map(str, index))}]"


def element_names(name: str, shape: Shape) -> Iterator[str]:
    """Yield the names of an array's elements: `W[0, 1]`; that of a number as it is."""
    return (name + index_text(index) if index else name for index in np.ndindex(*shape))


class _Unroller:
    """A program on its way to a scalar graph."""

    def __init__(self, graph: Graph, values: Sequence[Value], carries: Sequence[bool], most: int) -> None:
        self.graph, self.values, self.carries = graph, values, carries
        self.tape = Tape(Graph(graph.text, graph.locate), most)
        self.system = Lifted(Wires(self.tape))
        self.names = {node: name for name, node in graph.variables.items()}
        self.elements: list[Any] = []

    def run(self, upstream: Value) -> Unrolled:
        """Write all the nodes, and the output as one number."""
        graph, tape = self.graph, self.tape
        starts = []
        for node in range(len(graph)):
            tape.place = graph.first[node], graph.last[node]
            starts.append(len(tape.graph))
            self.elements.append(self._written(node))
        tape.graph.output = self._output(upstream)
        starts.append(len(tape.graph))
        for name, node in graph.named.items():
            names = element_names(name, self.elements[node].shape)
            tape.graph.named.update(zip(names, self.elements[node].flat, strict=True))
        sizes = np.diff(starts)
        return Unrolled(
            tape.graph, tape.floats, self.elements, starts, np.repeat(range(len(graph)), sizes).tolist()
        )

    def _written(self, node: int) -> Any:
        """Return the scalar nodes of a node's elements."""
        gate, shape = self.graph.gates[node], shape_of(self.values[node])
        if not self.graph.inputs[node]:
            return self._leaves(node, shape)
        nodes = self._each(node, shape) if gate.elementwise else self._defined(node, shape)
        for i, value in zip(nodes.flat, np.asarray(self.values[node]).flat, strict=True):
            self.tape.floats[i] = float(value)
        return nodes

    def _leaves(self, node: int, shape: Shape) -> Any:
        numbers = [float(x) for x in np.asarray(self.values[node]).flat]
        if self.graph.gates[node] is VARIABLE:
            named = zip(element_names(self.names[node], shape), numbers, strict=True)
            return _shaped([variable(self.tape, name, x) for name, x in named], shape)
        if self.carries[node]:
            return _shaped([self.tape.leaf(CONSTANT, x) for x in numbers], shape)
        return _shaped([self.tape.constant(x) for x in numbers], shape)

    def _each(self, node: int, shape: Shape) -> Any:
        gate = self.graph.gates[node]
        given = [np.broadcast_to(self.elements[i], shape).flat for i in self.graph.inputs[node]]
        rows = (list(map(int, row)) for row in zip(*given, strict=True))
        return _shaped([self.tape.apply(gate, row) for row in rows], shape)

    def _defined(self, node: int, shape: Shape) -> Any:
        """Run a gate's definition on wires; what it only moved, or gave twice, is copied."""
        gate, begin, tape = self.graph.gates[node], len(self.tape.graph), self.tape
        given = [self._wires(self.elements[i]) for i in self.graph.inputs[node]]
        out = gate.definition(self.system, *given, **self.graph.static.get(node, {}))
        nodes = [tape.node(x) for x in np.broadcast_to(asarray(out), shape).flat]
        seen: set[int] = set()
        for place, i in enumerate(nodes):
            if i < begin or i in seen or tape.graph.gates[i] is CONSTANT:
                nodes[place] = tape.apply(COPY, [i])
            seen.add(i)
        return _shaped(nodes, shape)

    def _wires(self, nodes: Any) -> Any:
        return asarray(np.frompyfunc(lambda i: Wire(self.tape, int(i)), 1, 1)(nodes))

    def _output(self, upstream: Value) -> int:
        nodes = self.elements[self.graph.output]
        if upstream is None:
            return int(nodes.item())
        terms = [
            self.tape.apply(GATES["mul"], [int(i), self.tape.leaf(CONSTANT, float(u))])
            for i, u in zip(nodes.flat, np.broadcast_to(upstream, nodes.shape).flat, strict=True)
        ]
        total = terms[0] if terms else self.tape.constant(0.0)
        for term in terms[1:]:
            total = self.tape.apply(GATES["add"], [total, term])
        return total


def _shaped(nodes: Sequence[int], shape: Shape) -> Any:
    return np.array(nodes, dtype=int).reshape(shape)
