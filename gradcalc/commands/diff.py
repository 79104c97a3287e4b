"""`gradcalc diff`: the gradient's formulas; no point is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import click

from gradcalc.commands import arguments, output
from gradcalc.commands.arguments import SortedCommand, pairs, program, read_program, setting, split, target
from gradcalc.errors import NamingError, NumberError, ShapeError, TooLargeError, UsageError, suggest
from gradcalc.forward import are_scalar
from gradcalc.graph import Graph, depends

Formulas = Mapping[str, Any]


HELP = """\
Differentiate PROGRAM with SymPy and print one formula a variable.

\b
  gradcalc diff '(x + y)*z'
  gradcalc diff 'sigmoid(w*x + b)' --wrt w --format latex
  gradcalc diff 'sum((W @ x)^2)' --shape W=2x2 --shape x=2
"""


@click.command(
    "diff", cls=SortedCommand, help=HELP, short_help="Show the gradient's formulas; no point is needed."
)
@program
@arguments.load
@setting("WRT", "--wrt", metavar="NAMES", multiple=True, callback=split,
         help="Differentiate with respect to these variables or named statements only (x,q).")  # fmt: skip
@setting("SHAPE", "--shape", "shapes", metavar="NAME=SHAPE", multiple=True, callback=pairs,
         help="Say that a variable is an array: x=3, W=2x3; formulas are those of its elements.")  # fmt: skip
@click.option("-f", "--format", "format_", type=click.Choice(["text", "latex", "python", "c", "json"]),
              default="text", show_default=True, help="text is the language of PROGRAM itself.")  # fmt: skip
@setting("OUTPUT", "-o", "--output", "file", metavar="FILE", callback=target,
         help="Write the formulas to a file; - is standard output.")  # fmt: skip
@setting("MAX_NODES", "--max-nodes", metavar="N", type=click.IntRange(min=1), default=10_000_000,
         show_default=True, help="Refuse programs of more nodes.")  # fmt: skip
def command(
    program: str, wrt: list[str], shapes: dict[str, str], format_: str, file: str | None, max_nodes: int
) -> int:
    """Differentiate PROGRAM with SymPy and print one formula a variable."""
    from gradcalc.language import parse

    text = read_program(program)
    graph = parse(text, None, max_nodes=max_nodes)
    formulas = derivatives(graph, list(dict.fromkeys(wrt)), shapes)
    refuse_unreal(formulas)
    if not formulas:
        output.note("the program has no variables, so it has no gradient")
    output.emit([WRITERS[format_](graph, formulas)], file)
    return 0


def derivatives(graph: Graph, wrt: list[str], shapes: dict[str, str]) -> Formulas:
    """Return SymPy's derivatives by the names asked for, or by every variable; of arrays by each element."""
    known = [*graph.variables, *graph.named]
    for name in [*wrt, *shapes]:
        if name not in known or (name in shapes and name not in graph.variables):
            near = suggest(name, graph.variables if name in shapes else known)
            hint = f"did you mean '{near}'?" if near else ""
            raise NamingError(
                f"unknown name '{name}' in {'--shape' if name in shapes else '--wrt'}", hint=hint
            )
    from gradcalc.check import closed

    asked = wrt or list(graph.variables)
    if shapes or not are_scalar(set(graph.gates), graph.constants.values()):
        graph, asked = elementwise(graph, asked, shapes)
    if not closed.is_small(graph, LARGEST):
        raise TooLargeError("the formulas would be too large", hint="give values: the numbers are no problem")
    return closed.derivatives(graph, asked)


def elementwise(graph: Graph, wrt: list[str], shapes: dict[str, str]) -> tuple[Graph, list[str]]:
    """Return a program with arrays as one of their elements, `W[0, 1]`, and the names of those asked for.

    Shapes are all that counts; the numbers that stand for the variables meanwhile are arbitrary.
    """
    import numpy as np

    from gradcalc.check.unroll import element_names, unroll
    from gradcalc.gates.record import shape_of

    draw = np.random.default_rng(0)
    point = {name: draw.uniform(1, 2, shape(name, shapes.get(name, ""))) for name in graph.variables}
    try:
        values = graph.forward(point)
    except ShapeError as error:
        hint = error.hint if shapes else "--shape x=2x3 says that x is a matrix of 2 rows; x=3, a vector"
        raise ShapeError(error.message, source=error.source, span=error.span, hint=hint) from None
    if shape_of(values[graph.output]):
        text = graph.expr(graph.output, 40)
        found = shape_of(values[graph.output])
        message = f"the output has the shape {found}, and a gradient is that of one number"
        raise ShapeError(message, source=graph.text, span=graph.span(graph.output), hint=f"sum({text})")
    carries = depends(graph, [graph.node(name) for name in wrt])
    unrolled = unroll(graph, values, carries, None, MOST_SCALARS)
    if unrolled is None:
        raise TooLargeError("the formulas would be too large", hint="give values: the numbers are no problem")
    names = [e for name in wrt for e in element_names(name, shape_of(values[graph.node(name)]))]
    return unrolled.graph, names


def shape(name: str, text: str) -> tuple[int, ...]:
    """Return the shape that a text says: `2x3`, `3`; nothing for a number."""
    sizes = text.replace(",", "x").replace("×", "x").split("x") if text else []
    if not all(size.strip().isdecimal() for size in sizes):
        raise UsageError(f"'{text}' is not the shape of '{name}'", hint=f"--shape {name}=2x3, or {name}=3")
    if 0 in (found := tuple(int(size) for size in sizes)):
        hint = f"--shape {name}=3 is a vector of 3; a number needs no --shape"
        raise UsageError(f"with the shape {text}, '{name}' has no elements to differentiate by", hint=hint)
    return found


def refuse_unreal(formulas: Formulas) -> None:
    """Raise NumberError for a formula that is no real number anywhere: `x/0`, `log(-1)*x`."""
    import sympy

    for name, formula in formulas.items():
        if formula.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
            hint = "a constant of the program is not one"
            raise NumberError(f"the derivative by '{name}' is not a real number", hint=hint)


def _text(graph: Graph, formulas: Formulas) -> str:
    from gradcalc.check.printer import to_text

    return _lines(formulas, lambda name, formula: f"d{graph.label()}/d{name} = {to_text(formula)}")


def _json(graph: Graph, formulas: Formulas) -> str:
    from gradcalc.check.printer import to_text
    from gradcalc.report.json import SCHEMA

    found = {name: to_text(formula) for name, formula in formulas.items()}
    return json.dumps({"schema": SCHEMA, "program": graph.text, "derivatives": found}) + "\n"


def _latex(graph: Graph, formulas: Formulas) -> str:
    import sympy
    from sympy.printing.latex import LatexPrinter

    class Printer(LatexPrinter):  # type: ignore[misc]
        """Knows our own functions, and names that LaTeX's subscripts cannot hold."""

        def _print_Symbol(self, expr: Any, style: str = "plain") -> str:  # noqa: N802
            name: str = expr.name
            if not name.strip("_") or name[0] == "_" or name[-1] == "_" or "__" in name:
                return r"\mathrm{" + name.replace("_", r"\_") + "}"
            printed: str = super()._print_Symbol(expr, style)
            return printed

        def _print_Floor(self, expr: Any) -> str:  # noqa: N802 - SymPy's dispatch on names
            return rf"\left\lfloor {self._print(expr.args[0])} \right\rfloor"

        def _print_Round(self, expr: Any) -> str:  # noqa: N802
            return rf"\operatorname{{round}}\left({self._print(expr.args[0])}\right)"

    printer = Printer()
    top = printer.doprint(sympy.Symbol(graph.label()))

    def line(name: str, formula: Any) -> str:
        bottom = printer.doprint(sympy.Symbol(name))
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}} = {printer.doprint(formula)}"

    return _lines(formulas, line)


def _python(graph: Graph, formulas: Formulas) -> str:
    import sympy

    functions = {"Floor": "math.floor", "Round": "round"}
    return _lines(
        formulas, lambda name, f: f"d{graph.label()}_d{name} = {sympy.pycode(f, user_functions=functions)}"
    )


def _c(graph: Graph, formulas: Formulas) -> str:
    """Return C, in which the element W[0, 1] is W[0][1]."""
    import re

    import sympy

    functions = {"Floor": "floor", "Round": "rint"}

    def line(name: str, formula: Any) -> str:
        text = f"d{graph.label()}_d{name} = {sympy.ccode(formula, user_functions=functions)};"
        return re.sub(r"\[[\d, ]+\]", lambda index: index[0].replace(", ", "]["), text)

    return _lines(formulas, line)


def _lines(formulas: Formulas, line: Callable[[str, Any], str]) -> str:
    return "".join(line(name, formula) + "\n" for name, formula in formulas.items())


MOST_SCALARS = 10_000
"""Sums that arrays may take: beyond it nobody reads their formulas."""

LARGEST = 2000
"""Nodes, shared parts repeated, up to which a formula can be asked for; nobody reads a longer one."""

WRITERS: dict[str, Callable[[Graph, Formulas], str]] = {
    "text": _text, "json": _json, "latex": _latex, "python": _python, "c": _c,
}  # fmt: skip
