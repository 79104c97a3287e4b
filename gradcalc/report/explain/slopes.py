"""What a gate's local gradient is, as a formula in the program's names: `s*(1 - s)` for s = sigmoid(x)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import sympy

from gradcalc.check.printer import to_text
from gradcalc.gates import Gate
from gradcalc.gates.record import argument_names
from gradcalc.graph import Graph
from gradcalc.report.values import short
from gradcalc.systems import symbol

LONGEST = 48
"""Letters of a formula that is still read."""

OUT = "out"
WORD = re.compile(r"[^\W\d]\w*")


def slope(graph: Graph, node: int, k: int, names: Mapping[int, str]) -> str:
    """Return the rule of a gate for one input as a formula; nothing where it is long, or none.

    A node is called as `names` says; a constant is its number.
    """
    gate, inputs = graph.gates[node], graph.inputs[node]
    if gate.variadic:
        return ""
    numbers = tuple(graph.constants.get(i) for i in inputs)
    if not all(number is None or type(number) is float for number in numbers):
        return ""
    written = gate.slopes[k] if gate.slopes else ""
    formula = written if written and numbers.count(None) == len(numbers) else _formula(gate, k, numbers)
    called = {name: names[i] for name, i in zip(gate.parameters, inputs, strict=False)} | {OUT: names[node]}
    called |= {name: short(x) for name, x in zip(gate.parameters, numbers, strict=False) if x is not None}
    text = WORD.sub(lambda word: called.get(word[0], word[0]), formula or written)
    return text if len(text) <= LONGEST else ""


@lru_cache(maxsize=1024)
def _formula(gate: Gate, k: int, numbers: tuple[float | None, ...]) -> str:
    """Return the rule in the names of the gate's own signature; nothing where SymPy cannot follow it."""
    rule = gate.rule(k)
    if rule is None:
        return ""
    inputs = [
        sympy.Symbol(name, real=True) if number is None else symbol.number(number)
        for name, number in zip(gate.parameters, numbers, strict=False)
    ]
    given = gate.bind(tuple(inputs)) | {"m": symbol, OUT: sympy.Symbol(OUT, real=True)}
    try:
        text = to_text(sympy.sympify(rule(*[given[name] for name in argument_names(rule)])))
    except (TypeError, AttributeError, KeyError):
        return ""
    return "" if "where(" in text else text
