"""A result as a circuit: boxes for gates and variables, wires with a value and a gradient on each.

In a large program the nodes of a named statement, or of a call of a function, become one box.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from gradcalc.gates.record import Gate, shape_of
from gradcalc.graph import Graph, Value, consumers
from gradcalc.report.columns import legible
from gradcalc.report.values import brief, is_small, norm, short, sizes
from gradcalc.result import Node, Result, Verdict

Kind = Literal["variable", "constant", "gate", "part"]

LARGE = 60
"""Boxes above which parts of a program become one box, unless --depth says otherwise."""

OPEN = 2
"""The depth at which every node is a box; at 1 calls of functions are one, at 0 statements too."""

SYMBOLS = {"mul": "×", "sub": "−", "div": "÷", "pow": "^", "neg": "−"}
"""Gates whose sign on a box is not the one that is written."""

LONGEST = 24
"""Letters that a box or a label has at most."""


class Box(NamedTuple):
    """A gate, a variable, a constant, or a part of the program.

    node     the node whose value leaves it
    text     what stands in it
    title    the text of the node in the program
    total    the gradient of the node where several wires leave it; else each wire says it
    kinked   whether a node in it is at a kink
    verdict  of its gradient
    """

    node: int
    kind: Kind
    text: str
    title: str
    total: str = ""
    kinked: bool = False
    verdict: Verdict | None = None


class Wire(NamedTuple):
    """A wire from a box to another, or out of the circuit (to None): forward value, gradient that arrives.

    `feeds` are the nodes inside of the other box that it leads to, from which the gradient comes.
    """

    source: int
    to: int | None
    value: str
    gradient: str
    shape: str = ""
    feeds: Sequence[int] = ()


class Circuit(NamedTuple):
    """Boxes in the order of the computation, and wires by the numbers of their boxes.

    `owner` has for each node of the program the node whose box it is in.
    """

    boxes: Sequence[Box]
    wires: Sequence[Wire]
    owner: Sequence[int] = ()


def circuit(result: Result, depth: int | None = None, digits: int = 4) -> Circuit:
    """Return the circuit of a result: every node at depth 2; by default as deep as 60 boxes allow."""
    nodes = result.nodes
    depths = range(OPEN, -1, -1) if depth is None else [depth]
    for tried in depths:
        found = _Drawn(result, nodes, tried, digits)
        if found.count <= LARGE:
            break
    return found.circuit()


def is_collapsed(found: Circuit) -> bool:
    """Whether nodes share boxes; a constant that stands in its gate's box shares none."""
    return any(owner != node for node, owner in enumerate(found.owner))


class _Drawn:
    """A result at one depth; `owner` is the node that stands for each node."""

    def __init__(self, result: Result, nodes: Sequence[Node], depth: int, digits: int) -> None:
        self.result, self.graph, self.nodes, self.digits = result, result.graph, nodes, digits
        self.owner = _owners(self.graph, depth)
        wires = consumers(self.graph)
        self.folded = {i for i in self.graph.constants if self._is_folded(i, [to for to, _ in wires[i]])}
        self.shown = [i for i, owner in enumerate(self.owner) if owner == i and i not in self.folded]
        self.count = len(self.shown)
        self.kinked = {self.owner[found.node] for found in result.kinks}
        self.gates_in = Counter(self.owner[i] for i, inputs in enumerate(self.graph.inputs) if inputs)

    def _is_folded(self, constant: int, feeds: Sequence[int]) -> bool:
        """Whether a constant stands in the box of the gate that it feeds: `+ 1`."""
        gates = [self.graph.gates[node] for node in feeds if self.owner[node] == node]
        is_number = constant != self.graph.output and type(self.graph.constants[constant]) is float
        return is_number and all(gate.infix or gate.flow == "router" for gate in gates)

    def circuit(self) -> Circuit:
        number = {node: k for k, node in enumerate(self.shown)}
        wires: dict[tuple[int, int], list[int]] = {}
        for to, inputs in enumerate(self.graph.inputs):
            target = self.owner[to]
            for node in dict.fromkeys(inputs):
                if node in number and self.owner[node] != target and target in number:
                    wires.setdefault((node, target), []).append(to)
        arrived: dict[tuple[int, int], list[Value]] = {}
        for node in self.shown:
            for part in self.nodes[node].parts:
                arrived.setdefault((node, part.consumer), []).append(part.gradient)
        drawn = []
        for (a, b), feeds in wires.items():
            parts = [gradient for to in feeds for gradient in arrived.get((a, to), ())]
            drawn.append(self._wire(number[a], number[b], a, parts, feeds))
        out = self.result.output.node
        own = [self.nodes[out].gradient] if self.nodes[out].gradient is not None else []
        drawn.append(self._wire(number[out], None, out, own))
        leaving = Counter(a for a, _ in wires)
        boxes = [self._box(node, leaving[node]) for node in self.shown]
        return Circuit(boxes, drawn, self.owner)

    def _wire(
        self, source: int, to: int | None, node: int, parts: Sequence[Value], feeds: Sequence[int] = ()
    ) -> Wire:
        value = self.nodes[node].value
        gradient = "" if not parts else self._text(sum(parts[1:], parts[0]))
        is_constant = node in self.graph.constants and self.nodes[node].name is None
        text = "not computed" if value is None else "" if is_constant else self._text(value)
        return Wire(source, to, text, gradient, sizes(shape_of(value)), feeds)

    def _box(self, i: int, leaving: int) -> Box:
        node = self.nodes[i]
        is_part = self.gates_in[i] > 1
        kind: Kind = "part" if is_part else "gate"
        if node.is_leaf:
            kind = "constant" if i in self.graph.constants else "variable"
        total = self._text(node.gradient) if leaving > 1 and node.gradient is not None else ""
        text = self._part(node) if is_part else self._sign(node)
        return Box(i, kind, _cut(text), legible(node.expr), total, i in self.kinked, node.verdict)

    def _part(self, node: Node) -> str:
        call = self.graph.call_span(node.id)
        return node.name or (legible(self.graph.text[call.start : call.end]) if call else legible(node.expr))

    def _sign(self, node: Node) -> str:
        """Return what stands in a node's box: a name, a number, or the gate with its constant."""
        if node.is_leaf:
            return node.name or self._text(node.value)
        sign = SYMBOLS.get(node.gate.name, node.gate.infix or node.gate.prefix or node.gate.name)
        numbers = [
            short(self.graph.constants[i], self.digits) if i in self.folded else "" for i in node.inputs
        ]
        return _with_numbers(sign, node.gate, numbers) if any(numbers) else sign

    def _text(self, x: Value) -> str:
        write: Callable[[float], str] = lambda number: short(number, self.digits)
        if not shape_of(x):
            return write(x + 0.0)
        text = brief(x, write) if is_small(x) else ""
        if text and len(text) <= LONGEST:
            return text
        shape = shape_of(x)
        size = sizes(shape) if len(shape) > 1 else f"{shape[0]} elements"
        return f"{size}, norm {short(norm(x), self.digits)}"


def _with_numbers(sign: str, gate: Gate, numbers: Sequence[str]) -> str:
    """Return a gate's sign with the constants that it is given: `× 2`, `^3`, `clip(·, 0, 1)`."""
    if len(numbers) == 1:
        return sign + numbers[0]
    if len(numbers) > 2 or not (gate.infix or gate.variadic):
        return f"{gate.name}({', '.join(number or '·' for number in numbers)})"
    left, right = numbers
    if gate.name == "pow":
        return f"{left}^{right}"
    if left and not right and gate.name in ("add", "mul"):
        left, right = right, left
    return f"{left} {sign} {right}".strip()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _owners(graph: Graph, depth: int) -> list[int]:
    """Return for each node the node whose box it is in: its own, that of its call, or of its statement."""
    owner = list(range(len(graph)))
    if depth >= OPEN:
        return owner
    last: dict[tuple[int, int], int] = {}
    for node, call in graph.within.items():
        last[call] = max(last.get(call, node), node)
    for node, call in graph.within.items():
        if graph.inputs[node] or node in graph.constants:
            owner[node] = last[call]
    if depth > 0:
        return owner
    places = [graph.within.get(node, (graph.first[node], graph.last[node])) for node in range(len(graph))]
    statements = sorted(
        (*places[node][::-1], node) for node in {*graph.named.values(), graph.output} if graph.inputs[node]
    )
    ends = [end for end, _, _ in statements]
    for node, tokens in enumerate(places):
        if graph.inputs[node] or node in graph.constants:
            at = bisect_left(ends, tokens[1])
            if at < len(statements) and statements[at][1] <= tokens[0]:
                owner[node] = statements[at][2]
    return owner
