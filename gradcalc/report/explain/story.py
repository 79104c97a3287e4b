"""Both passes as a story: what each gate computed, what it sent back along each wire, and why.

A story is data. Its sentences are the same in every format; the formats decide how they look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite, prod
from operator import itemgetter
from typing import NamedTuple

from gradcalc.gates.record import Shape, shape_of
from gradcalc.gates.shape import broadcast
from gradcalc.gates.shaping import INDEX
from gradcalc.graph import Value, depends
from gradcalc.report import wording as say
from gradcalc.report.columns import legible
from gradcalc.report.values import brief, is_small, option, short, sizes
from gradcalc.result import Node, Part, Result

FACTORS = re.compile(r"(\w+)(\.T)? @ (\w+)(\.T)?")
"""A rule that is a matrix product: `g @ y.T`."""

OF_MEAN = re.compile(r"\bn\b")
"""In a rule, how many numbers a mean is of."""

FEW = 20
"""So many parts of a fork are listed."""

NUDGE = 0.01
"""By how much a variable is raised to tell what its gradient means."""


class Wire(NamedTuple):
    """What a gate sends back along one wire.

    to    the node that it goes to
    what  the product, or the gate's rule: `upstream 1 × local -4 = -4`
    why   what the local gradient is, or how the shapes fit
    """

    to: Node
    part: Part
    what: str
    why: tuple[str, ...]


class Step(NamedTuple):
    """A node on the way back: where its gradient comes from, and what its gate does with it.

    arrives  how the gradient comes about: the output's own, one part, or the sum at a fork
    flow     what the gate does to it; nothing for a leaf
    wires    what it sends to each input that gradient flows to
    """

    node: Node
    arrives: str
    flow: str
    wires: tuple[Wire, ...]


class Forward(NamedTuple):
    """A node on the way forward: the equation that gives its value, and what to know of it."""

    node: Node
    equation: str
    note: str


class Story(NamedTuple):
    """A result, told.

    result   the result
    only     the name whose path alone is told; None for all
    forward  a step a node, in the order of the computation
    back     a step a node with a gradient, from the output back
    meaning  what each gradient says, in a sentence
    """

    result: Result
    only: str | None
    forward: list[Forward]
    back: list[Step]
    meaning: list[str]


def tell(result: Result, only: str | None = None, signs: say.Signs = say.UNICODE) -> Story:
    """Return the story of a result; with `only`, that of the paths from the output to one name."""
    teller = _Teller(result, only, signs)
    return Story(result, only, [*teller.forward()], [*teller.back()], [*teller.meaning()])


class _Teller:
    """Tells one result."""

    def __init__(self, result: Result, only: str | None, signs: say.Signs) -> None:
        self.result, self.only, self.graph, self.signs = result, only, result.graph, signs
        self.nodes = result.nodes
        self.names = self.graph.names()
        self.called = {node.id: self.names.get(node.id, f"#{node.id}") for node in self.nodes}
        self.wires = say.Wires(result, self.names, signs, 6)
        on_path = depends(self.graph, [self.graph.node(only)]) if only else [True] * len(self.nodes)
        self.on_path = on_path
        self.sent: dict[int, list[tuple[int, Node, Part]]] = {}
        for to in self.nodes:
            for part, k in zip(to.parts, self.wires.inputs(to), strict=True):
                self.sent.setdefault(part.consumer, []).append((k, to, part))

    # Forward.

    def forward(self) -> Iterator[Forward]:
        for node in self.nodes:
            is_plain = node.id in self.graph.constants and node.name is None
            if not is_plain and (self.only is None or self.on_path[node.id]):
                yield Forward(node, self._equation(node), self._note(node))

    def _equation(self, node: Node) -> str:
        if node.value is None:
            return "not computed: the branch is not taken"
        if node.is_leaf:
            return f"= {self._number(node.value)}"
        given = [self.nodes[i].value for i in node.inputs]
        inserted = self._applied(
            node, [self._inserted(x, i) for x, i in zip(given, node.inputs, strict=True)]
        )
        return "= " + " = ".join(dict.fromkeys([inserted, self._number(node.value)]))

    def _inserted(self, x: Value, i: int) -> str:
        """Return an input as it stands in an equation: its number in brackets where it is negative."""
        if x is None:
            return "…" if self.signs is say.UNICODE else "..."
        if shape_of(x):
            return self._number(x) if i in self.graph.constants and i not in self.names else self.called[i]
        text = short(x)
        return f"({text})" if text.startswith("-") else text

    def _applied(self, node: Node, texts: Sequence[str]) -> str:
        """Return a gate applied to texts: `3 × (-4)`, `exp(-1)`, `sum(x, axis=0)`."""
        gate = node.gate
        if gate.infix and len(texts) == 2:
            infix = {"*": self.signs.times, "**": "^"}.get(gate.infix, gate.infix)
            return f" {infix} ".join(texts) if infix != "^" else "^".join(texts)
        if gate.prefix and len(texts) == 1:
            return f"{gate.prefix}{texts[0]}"
        if gate is INDEX:
            return f"{texts[0]}[{option('key', node.static['key'])}]"
        plain = [t[1:-1] if t.startswith("(") else t for t in texts]
        static = [f"{name}={option(name, x)}" for name, x in node.static.items()]
        return f"{gate.name}({', '.join([*plain, *static])})"

    def _note(self, node: Node) -> str:
        shapes = [sizes(self.nodes[i].shape) for i in node.inputs if self.nodes[i].shape]
        if shapes and {*shapes} != {sizes(node.shape)}:
            return f"shapes: {' and '.join(shapes)} give {sizes(node.shape) or 'a number'}"
        return f"shape {sizes(node.shape)}" if node.shape else ""

    def _number(self, x: Value) -> str:
        return brief(x + 0.0, short)  # no zero has a sign

    # Backward.

    def back(self) -> Iterator[Step]:
        for node in reversed(self.nodes):
            if node.gradient is None or not self.on_path[node.id]:
                continue
            if node.value is None:
                yield Step(node, "gradient 0: its branch was not taken, so nothing flows", "", ())
            else:
                wires = tuple(self._sent(node))
                yield Step(node, self._arrives(node), self._flow(node) if wires else "", wires)

    def _arrives(self, node: Node) -> str:
        """Return where a node's gradient comes from."""
        total = self._number(node.gradient)
        if node.id == self.result.output.node:
            own = node.shape or node.gradient != 1
            why = "the output's own gradient, as given" if own else "the output's own: the first step, always"
            return f"gradient {total}: {why}"
        if not node.parts:
            return f"gradient {total}: no wire leads from it to the output"
        if len(node.parts) == 1:
            return f"gradient {total}{self._of(node)}, which arrived from #{node.parts[0].consumer}"
        added = " + ".join(f"{self._added(part.gradient)} from #{part.consumer}" for part in node.parts[:FEW])
        if len(node.parts) > FEW:
            added += f" + {len(node.parts) - FEW:,} more"
        return f"gradient {added} = {total}{self._of(node)}: at a fork the parts that arrive are added"

    def _of(self, node: Node) -> str:
        """Return what the gradient of a name is called."""
        return (
            f" (d{say.output_label(self.result)}/d{node.name})" if node.name in self.result.gradients else ""
        )

    def _added(self, x: Value) -> str:
        text = self._number(x)
        return f"({text})" if text.startswith("-") else text

    def _flow(self, node: Node) -> str:
        if node.is_leaf:
            return ""
        gate, table = node.gate, say.FLOWS if node.gate.elementwise else say.FLOWS_OF_ELEMENTS
        does = table[gate.flow or "scaler"]
        if gate.flow == "distributor" and any(OF_MEAN.search(text) for text in gate.arrives):
            does = "passes an equal share of the upstream gradient on to every element"
        return f"{gate.name} is a {gate.flow}: {does}"

    def _sent(self, node: Node) -> Iterator[Wire]:
        """Yield what a node sends back, wire by wire, in the order of its inputs."""
        for k, to, part in sorted(self.sent.get(node.id, []), key=itemgetter(0)):
            if self.on_path[to.id]:
                yield self._wire(node, to, part, k)

    def _wire(self, node: Node, to: Node, part: Part, k: int) -> Wire:
        if part.arrives:
            return self._by_rule(node, to, part, k)
        upstream, local, product = map(self._number, (part.upstream, part.local, part.gradient))
        what = f"upstream {upstream} {self.signs.times} local {local} = {product}"
        why = [self._local(node, part, k)]
        if part.summed:
            why.append(f"summed over {say.axes(part.summed)}: {self.called[to.id]} was broadcast")
        elif shape_of(part.upstream):
            why.append("element by element")
        return Wire(to, part, what, tuple(filter(None, why)))

    def _by_rule(self, node: Node, to: Node, part: Part, k: int) -> Wire:
        """Return a wire whose rule is no product of elements: its matrix form, and how the shapes fit."""
        letter = say.upstream_letter(self.names)
        upstream = f"{letter} is upstream, {self._number(part.upstream)}"
        rule = self.wires.rule(part, k)
        what = f"{rule}{': ' if ', ' in rule else ' = '}{self._number(part.gradient)}, where {upstream}"
        why = ["n is how many numbers the mean is of"] if OF_MEAN.search(part.arrives) else []
        return Wire(to, part, what, (*why, self._fitting(node, to, part, letter)))

    def _fitting(self, node: Node, to: Node, part: Part, letter: str) -> str:
        """Return how the shapes of a rule fit: the gradient always has the shape of its node."""
        of = f"the shape of {self.called[to.id]}"
        if not to.shape:
            return "it is a number"
        product = FACTORS.fullmatch(part.arrives)
        nodes = dict(zip(node.gate.parameters, node.inputs, strict=False))
        shapes = {name: self.nodes[i].shape for name, i in nodes.items()} | {"g": shape_of(part.upstream)}
        ranks = [*map(len, shapes.values())]
        if product is None or 0 in ranks or max(ranks) > 2:
            summed = product and _is_summed(to.shape, [self.nodes[i].shape for i in node.inputs])
            return f"its shape is {sizes(to.shape)}, {of}" + (": summed over the stack" if summed else "")
        names = {name: self.called[i] for name, i in nodes.items()} | {"g": letter}
        left, right = shapes[product[1]], shapes[product[3]]
        turned = (product[2] and len(left) == 1) or (product[4] and len(right) == 1)
        if turned:  # a vector times a transposed one: a column times a row
            outer = f"{names[product[1]]} {names[product[3]]}'"
            return f"{outer}, {sizes((*left, 1))} times {sizes((1, *right))}, is {sizes(to.shape)}, {of}"
        left, right = _turned(left) if product[2] else left, _turned(right) if product[4] else right
        return f"{sizes(left)} times {sizes(right)} is {sizes(to.shape)}, {of}"

    def _local(self, node: Node, part: Part, k: int) -> str:
        """Return what a local gradient is."""
        gate = node.gate
        if gate.rule(k) is None:
            return "no gradient ever flows along this wire"
        if gate.flow == "distributor":
            return "" if not shape_of(part.local) and part.local == 1 else "its sign is turned"
        if gate.flow == "switcher" and len(node.inputs) == 2:
            other = self.nodes[node.inputs[1 - k]]
            return f"local is the other input, {self._described(other)}"
        if gate.flow == "router":
            return self._routed(part)
        from gradcalc.report.explain.slopes import slope

        formula = slope(self.graph, node.id, k, self.called)
        if formula == self.called[node.id]:
            return f"local is the gate's own output, {formula}"
        return f"local is {formula}" if formula and not _is_number(formula) else ""

    def _routed(self, part: Part) -> str:
        if shape_of(part.local):
            shared = not ((part.local == 0) | (part.local == 1)).all()
            return "local is 1 where it was taken, 0 elsewhere" + (
                ", a share where inputs tie" if shared else ""
            )
        if part.local == 1:
            return "it was taken: the gradient passes"
        return "it was not taken: nothing flows" if part.local == 0 else "a tie: it is shared"

    def _described(self, node: Node) -> str:
        if node.id in self.graph.constants:
            return self._number(node.value)
        name = self.called[node.id]
        return f"{name} = {self._number(node.value)}" if is_small(node.value) else name

    # What it means.

    def meaning(self) -> Iterator[str]:
        """Yield what each gradient says; of an array, its largest element."""
        label = say.output_label(self.result)
        if say.weighted(self.result):
            return
        for name, gradient in self.result.gradients.items():
            is_empty = 0 in shape_of(gradient)
            if self.only not in (None, name) or is_empty or self._is_undecided(name):
                continue
            element, slope = _steepest(name, gradient)
            moved = slope * NUDGE
            word = "rises" if moved > 0 else "falls"
            does = f"{word} by about {short(abs(moved), 3)}" if moved else "hardly moves"
            if isfinite(moved):
                yield f"raise {element} by {NUDGE:g}, and {label} {does}"

    def _is_undecided(self, name: str) -> bool:
        """Whether a gradient is a convention rather than a derivative: it then says nothing of a step."""
        check = self.result.check
        return check is not None and check.gradients[name].verdict == "undecided"


def _steepest(name: str, gradient: Value) -> tuple[str, float]:
    """Return the element of a gradient that is largest, and its name: `W[0, 1]`."""
    if not shape_of(gradient):
        return name, gradient
    places = [tuple(map(int, place)) for place in zip(*abs(gradient).nonzero(), strict=True)]
    place = max(places, key=lambda p: abs(gradient[p]), default=(0,) * gradient.ndim)
    return f"{name}[{', '.join(map(str, place))}]", float(gradient[place])


def _turned(shape: Shape) -> Shape:
    return shape[::-1]


def _is_summed(shape: Shape, factors: Sequence[Shape]) -> bool:
    """Whether a factor of a product of stacks of matrices is in more of its matrices than it has."""
    stack = broadcast(*(factor[:-2] for factor in factors))
    return prod(shape[:-2]) != prod(stack)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace("/", "").replace(".", "").isdecimal()


def title(node: Node) -> str:
    """Return what a node is called in a story: `#2 q = x + y`."""
    expr = legible(node.expr)
    return f"#{node.id} {expr}" if node.name in (None, node.expr) else f"#{node.id} {node.name}"
