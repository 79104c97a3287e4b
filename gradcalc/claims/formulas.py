"""SymPy's derivatives of the definitions of elementary gates, as formulas in the language."""

from __future__ import annotations

from functools import lru_cache

import sympy

from gradcalc.check.printer import to_text
from gradcalc.check.slopes import derivatives
from gradcalc.gates import GATES, Gate
from gradcalc.graph import Graph
from gradcalc.language import parse


@lru_cache(maxsize=256)
def parsed(text: str) -> Graph:
    """Return the graph of a formula."""
    return parse(text)


@lru_cache(maxsize=256)
def slope(gate: Gate, count: int, k: int) -> str:
    """Return the derivative of a gate with so many inputs by its input k, in the names of its inputs."""
    return to_text(derivatives(gate, count)[k])


@lru_cache(maxsize=16)
def simplified_slope(gate: Gate) -> str:
    """Return the derivative of a gate with one input in SymPy's simplest trigonometric form."""
    return to_text(sympy.trigsimp(derivatives(gate, 1)[0]))


@lru_cache(maxsize=256)
def power_slope(exponent: float) -> str:
    """Return the derivative by x of a power of x whose exponent is that number."""
    x = sympy.Symbol("x", real=True)
    return to_text(sympy.diff(x ** sympy.Rational(*exponent.as_integer_ratio()), x))


@lru_cache(maxsize=1)
def sigmoid_slope() -> str:
    """Return the derivative of the sigmoid, written in its output s."""
    (derivative,), s = derivatives(GATES["sigmoid"], 1), sympy.Symbol("s", real=True)
    return to_text(sympy.factor(derivative.subs(sympy.exp(-sympy.Symbol("x", real=True)), 1 / s - 1)))
