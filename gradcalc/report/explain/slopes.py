"""What a gate's local gradient is, as a formula in the program's names: `s*(1 - s)` for s = sigmoid(x)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from gradcalc.check.printer import to_text
from gradcalc.gates.record import argument_names
from gradcalc.graph import Graph
from gradcalc.systems import symbol

LONGEST = 48
"""Letters of a formula that is still read."""


def slope(graph: Graph, node: int, k: int, names: Mapping[int, str]) -> str:
    """Return the rule of a gate for one input as a formula; nothing where it is long, or none.

    A node is called as `names` says; a constant is its number.
    """
    gate, inputs = graph.gates[node], graph.inputs[node]
    rule = gate.rule(k)
    if rule is None or gate.variadic:
        return ""

    def called(i: int) -> Any:
        number = graph.constants.get(i)
        return sympy.Symbol(names[i], real=True) if number is None else symbol.number(number)

    given = gate.bind(tuple(map(called, inputs))) | {"m": symbol, "out": called(node)}
    try:
        text = to_text(sympy.sympify(rule(*[given[name] for name in argument_names(rule)])))
    except (TypeError, AttributeError, KeyError):  # a rule that SymPy cannot follow
        return ""
    return text if len(text) <= LONGEST and "where(" not in text else ""
