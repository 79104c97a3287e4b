"""Stabler forms: what keeps the digits, or stays finite, where a formula as it was written does not.

`FORMS` is the one place where they stand, written in the language itself. A formula in a program is
found by its nodes, not by its text: `1 + exp(a*b)` is `1 + exp(x)` with the node of a*b as x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from gradcalc.backward import backward
from gradcalc.errors import GradcalcError, NumberError
from gradcalc.forward import finite, forward
from gradcalc.gates import CONSTANT, GATES, VARIABLE
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.language import parse


class Form(NamedTuple):
    """A stable form, and the formulas that are equal to it. `vectors`: only where x is one."""

    stable: str
    naive: tuple[str, ...]
    vectors: bool = False


FORMS = (
    Form("softplus(x)", ("log(1 + exp(x))", "log1p(exp(x))")),
    Form("logsumexp([x, y])", ("log(exp(x) + exp(y))",)),
    Form("logsumexp(x)", ("log(sum(exp(x)))",)),
    Form("-softplus(-x)", ("log(sigmoid(x))", "log(1/(1 + exp(-x)))")),
    Form("log_softmax(x)", ("log(softmax(x))",)),
    Form("log_softmax(x)[0]", ("log(softmax(x)[0])",)),
    Form("log1p(x)", ("log(1 + x)",)),
    Form("log1p(-x)", ("log(1 - x)",)),
    Form("expm1(x)", ("exp(x) - 1",)),
    Form("-expm1(x)", ("1 - exp(x)",)),
    Form("hypot(x, y)", ("sqrt(x^2 + y^2)", "sqrt(x*x + y*y)", "(x^2 + y^2)^0.5")),
    Form("norm(x)", ("sqrt(sum(x^2))", "sqrt(sum(x*x))", "sqrt(dot(x, x))"), vectors=True),
    Form("2*sin(x/2)^2", ("1 - cos(x)",)),
    Form("-2*sin(x/2)^2", ("cos(x) - 1",)),
    Form("1/cosh(x)^2", ("1 - tanh(x)^2", "1 - tanh(x)*tanh(x)")),
    Form("erfc(x)", ("1 - erf(x)",)),
    Form("sigmoid(-x)", ("1 - sigmoid(x)",)),
    Form("sigmoid(x)", ("1/(1 + exp(-x))", "exp(x)/(1 + exp(x))")),
    Form("tanh(x)", ("(exp(x) - exp(-x))/(exp(x) + exp(-x))",)),
    Form("softmax(x)", ("exp(x)/sum(exp(x))",), vectors=True),
    Form("(x - y)*(x + y)", ("x^2 - y^2", "x*x - y*y")),
    Form("(x - y)/(sqrt(x) + sqrt(y))", ("sqrt(x) - sqrt(y)",)),
    Form("var(x)", ("mean(x^2) - mean(x)^2", "mean(x*x) - mean(x)^2")),
)
"""A formula stands before those that are part of it: log(1 + exp(x)) before log(1 + x)."""

COMMUTATIVE = frozenset(GATES[name] for name in ("add", "mul"))

HEIGHT = 4
"""Nodes above the one in question, at most, at which a formula may end."""

MOST_NODES = 100
"""Nodes, at most, that are tried as the end of a formula."""

MOST_TO_FIND = 100_000
"""Nodes of a program, at most, among which that of an error is looked for."""

TEXT = 60
"""Characters, at most, of a part of the program that is written into a stable form."""


class Match(NamedTuple):
    """A formula in a program.

    node    where it ends
    form    the stable form, in the names of the formula
    names   name in the formula -> node of the program
    inner   the nodes that it is made of, those of the names included
    places  what stands behind an index of the program: `[1, 0]`
    static  the options that its gates were given
    """

    node: int
    form: Form
    names: Mapping[str, int]
    inner: frozenset[int]
    places: str
    static: Mapping[str, object]


def stabler(graph: Graph, values: Sequence[Value], node: int, is_better: Callable[[int, Value], bool]) -> str:
    """Return a stable form of the formula that a node is part of, in the program's names; "" for none.

    `is_better` says of the node where the formula ends whether another value is nearer to the truth:
    log1p(x) is of no use where x is near -1.
    """
    for match in _matches(graph, values, node):
        found = _computed(values, match)
        if found is not None and is_better(match.node, found[1][found[0].output]):
            return _text(graph, match)
    return ""


def hint(graph: Graph, values: Sequence[Value], error: NumberError) -> str:
    """Return the hint of an error about a number that is not finite, with a form that stays finite."""
    node = None if error.span is None else _node_of(graph, error)
    found = () if node is None else _matches(graph, values, node)
    match = next((match for match in found if _stays_finite(values, match)), None)
    told = "" if match is None else f"{_text(graph, match)} stays finite"
    return "; ".join(filter(None, [told, error.hint]))


def _node_of(graph: Graph, error: NumberError) -> int | None:
    if len(graph) > MOST_TO_FIND:
        return None
    return next((n for n in range(len(graph)) if graph.inputs[n] and graph.span(n) == error.span), None)


def _computed(values: Sequence[Value], match: Match) -> tuple[Graph, list[Value]] | None:
    """Return a stable form's graph and values at the numbers of the program; None where it has none."""
    point = {name: values[node] for name, node in match.names.items()}
    if not all(value is not None and finite(value) for value in point.values()):
        return None
    try:
        form = parse(_with_options(match), point)
        found = forward(form, point)
    except GradcalcError:
        return None
    return (form, found) if finite(found[form.output]) else None


def _stays_finite(values: Sequence[Value], match: Match) -> bool:
    """Whether a stable form, and its gradient by each name, is finite at the numbers of the program."""
    found = _computed(values, match)
    if found is None:
        return False
    form, numbers = found
    ones = numbers[form.output] * 0.0 + 1.0
    gradients = backward(form, numbers, list(form.variables), ones)
    return all(finite(gradient) for gradient in gradients if gradient is not None)


# Finding.


def _matches(graph: Graph, values: Sequence[Value], node: int) -> Iterator[Match]:
    """Yield the formulas that a node is part of, those that end nearest to it first."""
    for end in _above(graph, node):
        for form, pattern in patterns():
            if pattern.gates[pattern.output] is graph.gates[end]:
                match = _match(graph, end, form, pattern)
                if match is not None and node in match.inner and _fits(values, match):
                    yield match


def _fits(values: Sequence[Value], match: Match) -> bool:
    return not match.form.vectors or len(shape_of(values[match.names["x"]])) == 1


@lru_cache(maxsize=1)
def patterns() -> list[tuple[Form, Graph]]:
    """Return each formula as a graph, with its stable form."""
    return [(form, parse(text, ["x", "y"])) for form in FORMS for text in form.naive]


def _above(graph: Graph, node: int) -> Iterator[int]:
    """Yield a node and those that are computed from it, level by level."""
    level = [node]
    for _ in range(HEIGHT + 1):
        yield from level
        below = set(level)
        level = []
        for above in range(min(below) + 1, len(graph)) if below else ():
            if not below.isdisjoint(graph.inputs[above]):
                level.append(above)
                if len(level) == MOST_NODES:
                    break


def _match(graph: Graph, end: int, form: Form, pattern: Graph) -> Match | None:
    """Return how a formula that ends at a node is that of a pattern; None where it is not.

    The inputs of a sum or a product may stand in any order: each order is a state of the search.
    """
    states = [([(pattern.output, end)], dict[str, int](), frozenset[int](), "", dict[str, object]())]
    while states:
        pending, names, inner, places, static = states.pop()
        if not pending:
            return Match(end, form, names, inner, places, static)
        (p, node), *rest = pending
        inner |= {node}
        gate, inputs = pattern.gates[p], graph.inputs[node]
        if gate is VARIABLE:
            name = pattern.text[slice(*pattern.span(p))]
            if _same(graph, names.setdefault(name, node), node):
                states.append((rest, names, inner, places, static))
        elif gate is CONSTANT:
            number = graph.constants.get(node)
            if number is not None and not shape_of(number) and number == pattern.constants[p]:
                states.append((rest, names, inner, places, static))
        elif graph.gates[node] is gate and len(inputs) == len(pattern.inputs[p]):
            if gate.name == "index":
                places = graph.expr(node).removeprefix(graph.expr(inputs[0]))
            else:
                static = static | graph.static.get(node, {})
            orders = [*permutations(inputs)] if gate in COMMUTATIVE else [inputs]
            for order in reversed(orders):  # the order as written is tried first
                wires = list(zip(pattern.inputs[p], order, strict=True))
                states.append(([*wires, *rest], dict(names), inner, places, static))
    return None


def _same(graph: Graph, one: int, other: int) -> bool:
    """Whether two nodes are the same, or the same text outside of any function."""
    if one == other:
        return True
    texts = graph.expr(one), graph.expr(other)
    return texts[0] == texts[1] and not texts[0].endswith("…") and not {one, other} & graph.within.keys()


# Writing.


def _text(graph: Graph, match: Match) -> str:
    """Return a stable form in the program's own names."""
    called = graph.names()
    texts = {name: called.get(node, graph.expr(node, TEXT)) for name, node in match.names.items()}
    return NAME.sub(lambda found: _placed(found, texts[found[0]]), _with_options(match))


NAME = re.compile(r"\b[xy]\b")
PLAIN = re.compile(r"[\w.]+|\w+\([^()]*\)")


def _placed(found: re.Match[str], text: str) -> str:
    """Return a text where a name stood: in brackets, but where it is a whole argument, or needs none."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    is_argument = before.endswith(("(", "[", ", ")) and after.startswith((")", "]", ","))
    return text if is_argument or PLAIN.fullmatch(text) else f"({text})"


def _with_options(match: Match) -> str:
    """Return a stable form with the options and the index of the program's gates."""
    options = "".join(f", {name}={_option(x)}" for name, x in match.static.items())
    stable = match.form.stable
    if options:
        stable = re.sub(r"\b(\w+)\(x\)", rf"\1(x{options})", stable)
    return stable.replace("[0]", match.places) if match.places else stable


def _option(x: object) -> str:
    return str(list(x)) if isinstance(x, tuple) else str(x)


__all__ = ["FORMS", "Form", "hint", "patterns", "stabler"]
