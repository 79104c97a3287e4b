"""The closed form: SymPy differentiates the whole expression, while it is small.

Numbers of the program are private symbols, evaluated only at the end and in high precision: no
arithmetic on exact rationals can hang. Only small whole exponents are numbers to SymPy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sympy
from mpmath import mp, mpf

from gradcalc.check.precise import working
from gradcalc.check.printer import decimals
from gradcalc.check.slopes import MODULES, NO_VALUE, has_formula, symbols
from gradcalc.check.slopes import derivatives as derivatives_of
from gradcalc.gates import CONSTANT, Gate
from gradcalc.graph import Graph
from gradcalc.kinks import ancestors
from gradcalc.systems import precise, symbol

MOST_NODES = 200
MOST_DEPTH = 100
GROWTH = 10
"""How much larger than the expression its derivative may be: a chain's derivative grows with its square."""

LARGEST_EXPONENT = 64


class Tree(NamedTuple):
    """The size of an expression as SymPy writes it: its own nodes, its depth, uses of each input."""

    nodes: int
    depth: int
    uses: tuple[int, ...]

    def filled(self, sizes: Sequence[int]) -> int:
        """Return the size with inputs of these sizes put in."""
        return self.nodes + sum(n * size for n, size in zip(self.uses, sizes, strict=True))


def is_small(graph: Graph, most_nodes: int = MOST_NODES) -> bool:
    """Whether SymPy's tree of the output, with shared parts repeated, is small enough for a closed form.

    The tree of its derivative must be small too, and is counted before SymPy simplifies anything.
    """
    most_slope = GROWTH * most_nodes
    size, depth, slope = [1] * len(graph), [1] * len(graph), [1] * len(graph)
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if inputs and not has_formula(gate, len(inputs)):
            size[node] = most_nodes + 1
        elif inputs:
            tree, slopes = trees(gate, len(inputs))
            sizes = [size[i] for i in inputs]
            grown = sum(
                t.filled(sizes) + slope[i]
                for t, i in zip(slopes, inputs, strict=True)
                if t.nodes or any(t.uses)
            )
            size[node] = min(tree.filled(sizes), most_nodes + 1)
            slope[node] = min(grown, most_slope + 1)
            depth[node] = min(tree.depth + max(depth[i] for i in inputs), MOST_DEPTH + 1)
    output = graph.output
    return size[output] <= most_nodes and depth[output] <= MOST_DEPTH and slope[output] <= most_slope


@lru_cache(maxsize=1024)
def trees(gate: Gate, count: int) -> tuple[Tree, tuple[Tree, ...]]:
    """Return the size of the gate's definition with `count` inputs, and those of its derivatives."""
    inputs = symbols(gate, count)
    definition = sympy.sympify(gate.definition(symbol, *inputs))
    return tree_of(definition, inputs), tuple(tree_of(d, inputs) for d in derivatives_of(gate, count))


def tree_of(expression: Any, inputs: Sequence[Any]) -> Tree:
    """Return the size of an expression; an expression that is 0 has none."""
    depth: dict[Any, int] = {}
    uses = dict.fromkeys(inputs, 0)
    nodes = 0
    for part in sympy.postorder_traversal(expression):
        if part in uses:
            uses[part] += 1
            depth[part] = 0
        else:
            nodes += part != 0
            depth[part] = 1 + max((depth[a] for a in part.args), default=0)
    return Tree(nodes, max(depth.values()), tuple(uses.values()))


class Expression:
    """The output as a SymPy expression of private symbols, one a leaf."""

    def __init__(self, graph: Graph, free: Sequence[int] = ()) -> None:
        """Build it; the nodes in `free` become symbols of their own, cut off from what computes them."""
        names, feeds = graph.names(), ancestors(graph, [graph.output])
        self.leaves: dict[Any, int] = {}
        self.text: dict[Any, Any] = {}
        self.symbols: dict[int, Any] = {}
        number = sympy.Symbol(repr(math.pi), positive=True)
        self.pi = {symbol.pi: number, sympy.pi: number} if "pi" in graph.variables else {}
        values: list[Any] = []
        for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
            if not feeds[node]:
                values.append(None)  # dead code may be larger than what is alive
            elif not inputs or node in free:
                values.append(self._leaf(node, names.get(node, ""), graph.constants.get(node)))
            else:
                given = [values[i] for i in inputs]
                if gate.name == "pow" and graph.gates[inputs[1]] is CONSTANT:
                    given[1] = _exponent(graph.constants[inputs[1]], given[1])
                values.append(sympy.sympify(gate.definition(symbol, *given)))
        self.output = values[graph.output]

    def _leaf(self, node: int, name: str, number: float | None) -> Any:
        private = sympy.Symbol(f"_{node}", real=True)
        self.leaves[private] = node
        self.symbols[node] = private
        self.text[private] = sympy.Symbol(name, real=True) if number is None else _shown(number)
        return private

    def derivative(self, node: int) -> Any:
        """Return d output / d node in private symbols."""
        return sympy.diff(self.output, self.symbols[node]) if node in self.symbols else sympy.Integer(0)

    def readable(self, expression: Any) -> Any:
        """Return the expression in the program's own names and numbers."""
        return decimals(_rebuild(expression, self.text)).xreplace(self.pi)

    def at(self, expressions: Sequence[Any], floats: Sequence[float], known: Mapping[int, Any]) -> list[Any]:
        """Return the expressions' values at the working precision, nan where one has none on the reals."""
        private = sorted(self.leaves, key=self.leaves.__getitem__)
        given = [known.get(self.leaves[s], mpf(floats[self.leaves[s]])) for s in private]
        try:
            found = sympy.lambdify(private, expressions, MODULES)(*given)
        except NO_VALUE:
            return [precise.nan] * len(expressions)
        return [precise.on_reals(mp.mpmathify(value)) for value in found]


def _exponent(number: float, otherwise: Any) -> Any:
    whole = number.is_integer() and abs(number) <= LARGEST_EXPONENT
    return sympy.Integer(int(number)) if whole else otherwise


def _shown(number: float) -> Any:
    """Return how a number is shown: a whole one is combined with others, 0.1 stays as written."""
    if number.is_integer() and abs(number) < 1e6:
        return sympy.Integer(int(number))
    return sympy.Symbol(repr(number), positive=True)


def _rebuild(expression: Any, names: Mapping[Any, Any]) -> Any:
    """Replace private symbols bottom-up, without ever computing the power of a number.

    9**9**9 stays a power of symbols: its bases are numbers, but they are shown, not multiplied.
    """
    done: dict[Any, Any] = {}
    for part in sympy.postorder_traversal(expression):
        if part in names:
            done[part] = names[part]
        elif part.args:
            args = [done[a] for a in part.args]
            if part.is_Pow and args[0].is_Number and args[0] not in (0, 1):
                args[0] = sympy.Symbol(str(args[0]), positive=True)
            done[part] = part.func(*args)
        else:
            done[part] = part
    return done[expression]


def derivatives(graph: Graph, wrt: Sequence[str]) -> dict[str, Any]:
    """Return SymPy's derivative of the output by each name, in the program's own names and numbers.

    A name of a statement is differentiated by as if it were a variable of its own. Raises nothing;
    for a large graph it may take long: ask `is_small` first.
    """
    found = {}
    for name in wrt:
        node = graph.node(name)
        expression = Expression(graph, (node,))
        found[name] = expression.readable(expression.derivative(node))
    return found


def references(
    graph: Graph, wrt: Sequence[str], floats: Sequence[float], values: Sequence[Any], digits: int
) -> dict[str, tuple[Any, Any]]:
    """Return for each name (the formula, its value in high precision); `values` are those of the nodes."""
    try:
        found = _of_leaves(
            graph, [name for name in wrt if not graph.inputs[graph.node(name)]], floats, digits
        )
        for name in wrt:
            if name not in found:
                found[name] = _of_statement(graph, name, floats, values, digits)
    except TypeError:  # SymPy compares what is not real, in a branch that is not taken
        return {}
    return {name: form for name, form in found.items() if not form[0].has(sympy.zoo, sympy.nan, sympy.oo)}


def _of_leaves(
    graph: Graph, names: Sequence[str], floats: Sequence[float], digits: int
) -> dict[str, tuple[Any, Any]]:
    expression = Expression(graph)
    slopes = [expression.derivative(graph.node(name)) for name in names]
    with working(digits):
        values = expression.at(slopes, floats, {})
    return {name: (expression.readable(s), v) for name, s, v in zip(names, slopes, values, strict=True)}


def _of_statement(
    graph: Graph, name: str, floats: Sequence[float], values: Sequence[Any], digits: int
) -> tuple[Any, Any]:
    node = graph.node(name)
    expression = Expression(graph, (node,))
    slope = expression.derivative(node)
    with working(digits):
        (value,) = expression.at([slope], floats, {node: values[node]})
    return expression.readable(slope), value
