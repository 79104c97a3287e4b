"""The closed form: SymPy differentiates the whole expression, while it is small.

Numbers of the program are private symbols, evaluated only at the end and in high precision: no
arithmetic on exact rationals can hang. Only small whole exponents are numbers to SymPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from mpmath import mp, mpf

from gradcalc.check.precise import working
from gradcalc.check.printer import decimals
from gradcalc.check.slopes import MODULES
from gradcalc.gates import CONSTANT
from gradcalc.graph import Graph
from gradcalc.systems import precise, symbol

MOST_NODES = 200
MOST_DEPTH = 100
MOST_PIECES = 6
"""Pieces multiply when a piecewise function is put into another: more of them are left to the chain."""

LARGEST_EXPONENT = 64


def is_small(graph: Graph, most_nodes: int = MOST_NODES) -> bool:
    """Whether the expression, written out with shared parts repeated, is small enough for a closed form."""
    size, depth, pieces = [1] * len(graph), [1] * len(graph), [0] * len(graph)
    for node, inputs in enumerate(graph.inputs):
        if inputs:
            size[node] = min(1 + sum(size[i] for i in inputs), most_nodes + 1)
            depth[node] = 1 + max(depth[i] for i in inputs)
            pieces[node] = min(_is_piecewise(graph, node) + sum(pieces[i] for i in inputs), MOST_PIECES + 1)
    output = graph.output
    return size[output] <= most_nodes and depth[output] <= MOST_DEPTH and pieces[output] <= MOST_PIECES


def _is_piecewise(graph: Graph, node: int) -> int:
    gate = graph.gates[node]
    return len(graph.inputs[node]) if gate.variadic else bool(gate.kinks) or gate.flow == "router"


class Expression:
    """The output as a SymPy expression of private symbols, one a leaf."""

    def __init__(self, graph: Graph, free: Sequence[int] = ()) -> None:
        """Build it; the nodes in `free` become symbols of their own, cut off from what computes them."""
        names = graph.names()
        self.leaves: dict[Any, int] = {}
        self.text: dict[Any, Any] = {}
        self.symbols: dict[int, Any] = {}
        values: list[Any] = []
        for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
            if not inputs or node in free:
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
        return sympy.diff(self.output, self.symbols[node])

    def readable(self, expression: Any) -> Any:
        """Return the expression in the program's own names and numbers."""
        return decimals(_rebuild(expression, self.text))

    def at(self, expression: Any, floats: Sequence[float], known: Mapping[int, Any]) -> Any:
        """Return the expression's value at the working precision, nan where it has none on the reals."""
        private = sorted(self.leaves, key=self.leaves.__getitem__)
        function = sympy.lambdify(private, expression, MODULES)
        given = [known.get(self.leaves[s], mpf(floats[self.leaves[s]])) for s in private]
        try:
            return precise.on_reals(mp.mpmathify(function(*given)))
        except (ZeroDivisionError, ValueError, OverflowError, TypeError):
            return precise.nan


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
    whole = Expression(graph)
    found = {}
    for name in wrt:
        node = graph.node(name)
        expression = whole if node in whole.symbols else Expression(graph, (node,))
        derivative = expression.derivative(node)
        with working(digits):
            known = {} if expression is whole else {node: values[node]}
            found[name] = (expression.readable(derivative), expression.at(derivative, floats, known))
    return found
