"""LaTeX: the nodes and the gradients as two `tabular`s, with mathematics and short numbers.

What would be too long for mathematics stands there as it was written. Needs amsmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gradcalc.errors import GradcalcError
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.report import Options, chosen
from gradcalc.report.columns import Column, printed, printed_columns
from gradcalc.report.latexmath import equation, expression, expressions
from gradcalc.report.latexsymbols import decimal, matrix, symbol, symbols
from gradcalc.report.values import full, is_small, short
from gradcalc.report.wording import SUMMARY, notes, output_label, summary
from gradcalc.result import Node, Result

ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}"}
    | {"-": "$-$", "<": "$<$", ">": "$>$", "\n": " "}
)

HEAD = "% needs \\usepackage{amsmath}\n"
STRETCH = "{\\renewcommand{\\arraystretch}{1.5}%\n"
ELEMENTWISE = "Powers, quotients and functions of arrays are taken element by element."
DISPLAY = r"\displaystyle"  # fractions are small letters without it
TALL = r" \\ \noalign{\smallskip}"  # and would touch those of the next row
ROWS = r" \\ "  # a matrix of several rows


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the tabulars."""
    letters = symbols(result.graph.names().values())
    yield HEAD + STRETCH
    if options.nodes != "none":
        nodes = chosen(result, options.nodes)
        columns = printed_columns(nodes)
        rows = _nodes(result, nodes, columns, letters)
        yield from _tabular([c.title for c in columns], [c.align[0] for c in columns], rows)
        yield "\n"
    yield from _tabular(SUMMARY, "llrrl", _gradients(result, letters))
    yield "}\n"
    elementwise = [ELEMENTWISE] if options.nodes != "none" and any(map(shape_of, result.values)) else []
    for note in elementwise + notes(result, options.nodes != "none"):
        yield f"\n{{\\small {_cell(note)}}}\n"


def _tabular(titles: Iterable[str], aligns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"\\begin{{tabular}}{{{''.join(aligns)}}}\n\\hline\n{_row(map(_cell, titles))}\\hline\n"
    for row in rows:
        yield _row(row)
    yield "\\hline\n\\end{tabular}\n"


def _row(cells: Iterable[str]) -> str:
    line = " & ".join(cells)
    return line + (TALL if DISPLAY in line or ROWS in line else r" \\") + "\n"


def _cell(text: str) -> str:
    """Return a cell in LaTeX: a number as mathematics, anything else escaped."""
    digits = text.partition("e")[0].lstrip("-").replace(".", "", 1)
    return f"${decimal(text)}$" if digits.isdecimal() or digits == "inf" else text.translate(ESCAPES)


def _math(text: str) -> str:
    return f"${DISPLAY} {text}$" if r"\frac" in text else f"${text}$"


def _value(x: Value, text: str, write: Callable[[float], str]) -> str:
    """Return a value's cell: a small matrix or vector as mathematics, anything else by its text."""
    shape = shape_of(x)
    return f"${matrix(x, write)}$" if 0 < len(shape) <= 2 and x.size and is_small(x) else _cell(text)


def _nodes(
    result: Result, nodes: Iterable[Node], columns: Sequence[Column], letters: Mapping[str, str]
) -> Iterator[list[str]]:
    """Yield the cells of each node, its expression and small arrays as mathematics."""
    found = enumerate(expressions(result.graph, letters, list(map(shape_of, result.values))))
    at = [column.name for column in columns].index("expr")
    for node in nodes:
        fragment = next(fragment for number, fragment in found if number == node.id)
        texts = printed(node, columns)
        cells = [_value(c.cell(node), text, short) for c, text in zip(columns, texts, strict=True)]
        if fragment is not None:
            name = letters.get(node.name or "", fragment.text)
            cells[at] = _math(fragment.text if name == fragment.text else equation(name, fragment))
        yield cells


def _gradients(result: Result, letters: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the cells of the output, then of each gradient: its label and its formula as mathematics."""
    label = output_label(result)
    output = letters.get(label, symbol(label))
    for name, row in zip([None, *result.gradients], summary(result), strict=True):
        cells = [_cell(cell) for cell in row.cells]
        cells[2] = _value(row.value, row.number, full)
        by = "" if name is None else letters.get(name, symbol(name))
        cells[0] = _math(rf"\frac{{\partial {output}}}{{\partial {by}}}" if by else output)
        text = formula(row.formula, letters)
        cells[1] = _math(text) if text else cells[1]
        yield cells


def formula(text: str, letters: Mapping[str, str]) -> str | None:
    """Return a formula of the check in LaTeX, None where there is none, or it is too long."""
    from gradcalc.language import parse

    try:
        return expression(parse(text, letters), letters) if text else None
    except GradcalcError:
        return None
