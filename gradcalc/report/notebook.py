"""A result in a notebook: the circuit with the tables below it, and the gradients as mathematics."""

from __future__ import annotations

from itertools import islice

from gradcalc.gates.record import shape_of
from gradcalc.report.draw.circuit import circuit
from gradcalc.report.draw.html import figure, tables
from gradcalc.report.latex import formula
from gradcalc.report.latexsymbols import decimal, matrix, symbol, symbols
from gradcalc.report.values import full, in_words, is_small
from gradcalc.report.wording import output_label, summary
from gradcalc.result import Result

MOST = 200
"""Rows of a table in a notebook."""


def html(result: Result) -> str:
    """Return the circuit as a picture, and the tables of nodes and gradients."""
    picture = "".join(figure(result, circuit(result)))
    return f'<div style="overflow-x: auto">{picture}</div>\n{"".join(tables(result, MOST))}'


def latex(result: Result) -> str:
    """Return the output and each gradient on a line of a display, as MathJax sets it."""
    letters = symbols(result.graph.names().values())
    label = letters.get(output_label(result), symbol(output_label(result)))
    lines = []
    for name, row in islice(zip([None, *result.gradients], summary(result), strict=True), MOST):
        by = "" if name is None else letters.get(name, symbol(name))
        left = label if name is None else rf"\frac{{\partial {label}}}{{\partial {by}}}"
        right = [formula(row.formula, letters) or "", _number(row.value)]
        lines.append(f"{left} &= {' = '.join(filter(None, right))}")
    return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"


def _number(x: object) -> str:
    if not shape_of(x):
        return decimal(full(x))  # type: ignore[arg-type]
    if is_small(x) and 0 < len(shape_of(x)) <= 2:
        return matrix(x, full)
    return rf"\text{{{in_words(x, full)}}}"
