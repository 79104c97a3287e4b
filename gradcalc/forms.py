"""A program in another form: its composite gates written out, or what is written out as composite gates.

`sigmoid(x)` is `1/(1 + exp(-x))`, and the other way round: the lecture shows the same neuron both ways.
What a gate is made of stands in its record, as `expansion`; `forms` are other ways to write it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from gradcalc.errors import NamingError, NumberError, Span, suggest
from gradcalc.gates import CONSTANT, GATES, VARIABLE, Gate, lookup
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value, consumers
from gradcalc.language import parse
from gradcalc.result import Result

COMMUTATIVE = frozenset({"add", "mul", "max", "min"})

MOST_ORDERS = 6
"""Commutative gates of a pattern up to which all orders of their inputs are looked for."""

AGREE = 1e-9
"""Relative difference up to which two forms have the same gradient."""


class Form(NamedTuple):
    """How a program is to be shown.

    expand  the gates to write out: names, or none for all of them; None to write out none
    group   whether to find composite gates in what is written out
    """

    expand: Sequence[str] | None = None
    group: bool = False

    @property
    def word(self) -> str:
        """What has been done to the program."""
        return "grouped" if self.group else "expanded"


def rewritten(graph: Graph, form: Form, keep: Collection[str] = ()) -> Graph:
    """Return a graph in another form; `keep` names statements that must stay nodes of their own."""
    if form.expand is not None:
        graph = expand(graph, form.expand)
    return group(graph, keep) if form.group else graph


def shown(graph: Graph, form: Form, keep: Collection[str], run: Callable[[Graph, bool], Result]) -> Result:
    """Return the result of the other form, where it is that of the form which is written.

    run   graph, whether to check -> result

    Where the numbers differ (at a kink, or where one form loses digits) the form that is written
    decides, and a warning tells the difference.
    """
    other = rewritten(graph, form, keep)
    if other.gates == graph.gates:
        return run(graph, True)
    written = run(graph, False)
    try:
        found = run(other, True)
    except NumberError as error:
        difference = error.message
    else:
        difference = _difference(written, found)
    if not difference:
        return found
    result = run(graph, True)
    warning = f"{form.word}, {difference}: the form that is written decides, and is shown"
    return replace(result, warnings=[*result.warnings, warning])


def _difference(written: Result, other: Result) -> str:
    """Return the first difference between the numbers of two forms; nothing where there is none."""
    label = "the output"
    pairs = {label: (written.output.value, other.output.value)}
    pairs |= {f"the gradient of {n}": (x, other.gradients[n]) for n, x in written.gradients.items()}
    for name, (ours, theirs) in pairs.items():
        if not _alike(ours, theirs):
            return f"{name} would be {_told(theirs)} instead of {_told(ours)}"
    return ""


def _alike(x: Value, y: Value) -> bool:
    if not shape_of(x):
        return bool(abs(x - y) <= AGREE * max(abs(x), abs(y)))
    return bool((abs(x - y) <= AGREE * abs(x).max(initial=0.0)).all())


def _told(x: Value) -> str:
    return repr(x) if not shape_of(x) else "another array"


# Writing composite gates out.


def composite() -> dict[str, Gate]:
    """Return the gates that are made of others, by name."""
    return {name: gate for name, gate in GATES.items() if gate.expansion}


def chosen(names: Sequence[str]) -> set[Gate]:
    """Return the composite gates of those names, all of them for none; NamingError for any other name."""
    known = composite()
    for name in names:
        gate = lookup(name)
        if gate is None or gate.name not in known:
            near = suggest(name, known)
            hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}"
            what = "is no gate" if gate is None else "is made of no simpler gates"
            raise NamingError(f"'{name}' {what}: it cannot be expanded", hint=hint)
    return {gate for name in names if (gate := lookup(name))} or set(known.values())


def expand(graph: Graph, names: Sequence[str] = ()) -> Graph:
    """Return a graph in which composite gates are written out, and those in what they are made of too."""
    gates = chosen(names)
    while any(_expandable(graph, node, gates) for node in range(len(graph))):
        graph = _expanded(graph, gates)
    return graph


def _expandable(graph: Graph, node: int, gates: Collection[Gate]) -> bool:
    """Whether a node can be written out: an expansion knows no options, and all inputs or their defaults."""
    gate = graph.gates[node]
    static = graph.static.get(node, {})
    return gate in gates and all(gate.options.get(name) == x for name, x in static.items())


def _expanded(graph: Graph, gates: Collection[Gate]) -> Graph:
    copy = _Copy(graph)
    for node in range(len(graph)):
        if _expandable(graph, node, gates):
            copy.write_out(node)
        else:
            copy.take(node)
    return copy.finished()


@lru_cache(maxsize=256)
def _parsed(text: str) -> Graph:
    return parse(text)


class _Copy:
    """A graph that is being copied with changes; `nodes` are the copies of the old nodes."""

    def __init__(self, graph: Graph) -> None:
        self.old, self.nodes = graph, dict[int, int]()
        self.texts = _Texts(graph)
        self.new = Graph(graph.text, self.texts.locate)

    def take(self, node: int, gate: Gate | None = None, inputs: Sequence[int] | None = None) -> None:
        """Copy a node, perhaps as another gate with other inputs (nodes of the old graph)."""
        old = self.old
        given = old.inputs[node] if inputs is None else inputs
        static = old.static.get(node) if gate is None else None
        mine = tuple(self.nodes[i] for i in given)
        copy = self.new.add(gate or old.gates[node], mine, old.first[node], old.last[node], static)
        if node in old.constants:
            self.new.constants[copy] = old.constants[node]
        if node in old.within:
            self.new.within[copy] = old.within[node]
        self.nodes[node] = copy

    def write_out(self, node: int) -> None:
        """Copy a composite gate as what it is made of."""
        old, gate = self.old, self.old.gates[node]
        body, shift = self.texts.added(gate)
        inputs = {name: self.nodes[i] for name, i in zip(gate.parameters, old.inputs[node], strict=False)}
        names = {i: name for name, i in body.variables.items()}
        call = old.within.get(node, (old.first[node], old.last[node]))
        copies: list[int] = []
        for i, (part, given) in enumerate(zip(body.gates, body.inputs, strict=True)):
            name = names.get(i)
            if name in inputs:
                copies.append(inputs[name])
                continue
            mine = tuple(copies[k] for k in given)
            copy = self.new.add(
                CONSTANT if part is VARIABLE else part, mine,
                body.first[i] + shift, body.last[i] + shift, body.static.get(i),
            )  # fmt: skip
            if not given:
                self.new.constants[copy] = body.constants[i] if name is None else gate.defaults[name]
            self.new.within[copy] = call
            copies.append(copy)
        self.nodes[node] = copies[body.output]

    def finished(self) -> Graph:
        """Return the copy, with its names and its output."""
        old, new = self.old, self.new
        new.text = self.texts.text
        new.variables = {name: self.nodes[node] for name, node in old.variables.items()}
        new.named = {name: self.nodes[node] for name, node in old.named.items()}
        new.output = self.nodes[old.output]
        return new


class _Texts:
    """The program's text with the expansions behind it as comments, so that every node has a text."""

    def __init__(self, graph: Graph) -> None:
        self.text, self._before = graph.text, graph.locate
        self._first = 1 + max((*graph.first, *graph.last, 0))
        self._spans: list[Span] = []
        self._starts: dict[Gate, int] = {}

    def added(self, gate: Gate) -> tuple[Graph, int]:
        """Return what a gate is made of, and by how much the numbers of its tokens are shifted."""
        body = _parsed(gate.expansion)
        if gate not in self._starts:
            self._starts[gate] = self._first + len(self._spans)
            self.text += f"\n# {gate.name}({', '.join(gate.parameters)}) = "
            tokens = range(1 + max((*body.first, *body.last)))
            at = len(self.text)
            spans = [body.locate(token) for token in tokens]
            self._spans += [Span(at + span.start, at + span.end) for span in spans]
            self.text += gate.expansion
        return body, self._starts[gate]

    def locate(self, token: int) -> Span:
        """Return where a token stands."""
        return self._before(token) if token < self._first else self._spans[token - self._first]


# Finding composite gates.


class Pattern(NamedTuple):
    """A way to write a gate: a graph with a variable for each of its inputs."""

    gate: Gate
    body: Graph
    orders: Mapping[int, tuple[int, ...]]

    def inputs(self, node: int) -> tuple[int, ...]:
        """Return the inputs of a node of the pattern, in the order that is looked for."""
        return self.orders.get(node, self.body.inputs[node])


def patterns() -> Iterator[Pattern]:
    """Yield the ways to write composite gates, the largest first; one gate for another is none of them."""
    whole = [(gate, _parsed(gate.expansion)) for gate in composite().values()]
    several = [(gate, body) for gate, body in whole if sum(map(bool, body.inputs)) > 1]
    others = [(gate, _parsed(text)) for gate in GATES.values() for text in gate.forms]
    for gate, body in sorted([*several, *others], key=lambda pair: -len(pair[1])):
        turned = [node for node, part in enumerate(body.gates) if part.name in COMMUTATIVE][:MOST_ORDERS]
        for order in product((False, True), repeat=len(turned)):
            swapped = {
                node: body.inputs[node][::-1] for node, turn in zip(turned, order, strict=True) if turn
            }
            yield Pattern(gate, body, swapped)


class Match(NamedTuple):
    """A composite gate that was found: its inputs, and the nodes that it takes the place of."""

    gate: Gate
    inputs: tuple[int, ...]
    inside: frozenset[int]


def group(graph: Graph, keep: Collection[str] = ()) -> Graph:
    """Return a graph in which what composite gates are made of is one gate each.

    A node that is named in `keep`, or that feeds something else as well, stays a node.
    """
    while found := _matches(graph, {graph.node(name) for name in keep}):
        graph = _grouped(graph, found)
    return graph


def _matches(graph: Graph, kept: Collection[int]) -> dict[int, Match]:
    """Return root -> match, none of which overlap; those nearest to the output go first."""
    by_root: dict[Gate, list[Pattern]] = {}
    for pattern in patterns():
        by_root.setdefault(pattern.body.gates[pattern.body.output], []).append(pattern)
    wires, found, taken = consumers(graph), dict[int, Match](), set[int]()
    apart = {*kept, *graph.named.values(), graph.output}
    for root in range(graph.output, -1, -1):
        for pattern in by_root.get(graph.gates[root], ()):
            match = _match(graph, pattern, root)
            if (
                match
                and not (match.inside & (taken | apart))
                and root not in taken
                and _closed(match, root, wires)
            ):
                found[root] = match
                taken |= {root, *match.inside}
                break
    return found


def _closed(match: Match, root: int, wires: Sequence[Sequence[tuple[int, int]]]) -> bool:
    """Whether nothing outside of a match uses what is inside of it."""
    return all(to == root or to in match.inside for node in match.inside for to, _ in wires[node])


def _match(graph: Graph, pattern: Pattern, root: int) -> Match | None:
    """Return what a pattern finds at a node."""
    body, bound, inside = pattern.body, dict[int, int](), set[int]()
    waiting = [(body.output, root)]
    while waiting:
        p, node = waiting.pop()
        part = body.gates[p]
        if part is VARIABLE:
            if bound.setdefault(p, node) != node:
                return None
            continue
        if part is not graph.gates[node] or not _same_leaf(body, p, graph, node):
            return None
        given = pattern.inputs(p)
        if len(given) != len(graph.inputs[node]):
            return None
        waiting += zip(given, graph.inputs[node], strict=True)
        inside.add(node)
    inputs = [bound[body.variables[name]] for name in pattern.gate.parameters if name in body.variables]
    return Match(pattern.gate, tuple(inputs), frozenset(inside - {root}))


def _same_leaf(body: Graph, p: int, graph: Graph, node: int) -> bool:
    """Whether constants and options are the same."""
    if body.gates[p] is CONSTANT:
        number = graph.constants[node]
        return not shape_of(number) and bool(number == body.constants[p])
    return body.static.get(p, {}) == graph.static.get(node, {})


def _grouped(graph: Graph, found: Mapping[int, Match]) -> Graph:
    inside = {node for match in found.values() for node in match.inside}
    copy = _Copy(graph)
    for node in range(len(graph)):
        if node in found:
            copy.take(node, found[node].gate, found[node].inputs)
        elif node not in inside:
            copy.take(node)
    return copy.finished()
