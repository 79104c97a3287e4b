"""Claims without a point: formulas, judged for all points at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gradcalc.commands import output
from gradcalc.commands.patience import patience
from gradcalc.errors import UsageError
from gradcalc.graph import Graph, Value
from gradcalc.point.constants import Draws
from gradcalc.report import Options
from gradcalc.result import Claim, worst

FORMATS = ("table", "json")
"""Formats with room for formulas; the others have a row for each node."""


def without_values(text: str, point: Mapping[str, Value], max_nodes: int, draws: Draws) -> Graph | None:
    """Return the program where a variable of it has no value, None where all of them have one."""
    from gradcalc.language import parse

    graph = parse(text, None, max_nodes=max_nodes, seed=draws.seed)
    if point:  # with names that are constants otherwise
        graph = parse(text, [*graph.variables, *point], max_nodes=max_nodes, seed=draws.seed)
    return graph if any(name not in point for name in graph.variables) else None


def judge(
    graph: Graph, point: Mapping[str, Value], spare: Collection[str], upstream: Value, seed: Any, *,
    claims: Mapping[str, str], wrt: Sequence[str] | None, terms: tuple[float, float, str], strict: bool,
    format_: str, color: str, file: str | None,
) -> int:  # fmt: skip
    """Judge formulas for all points of a program, write the report, and return the exit code.

    point  values of some of the variables, which keep them
    spare  names of the point that the program may lack
    wrt    names whose gradients are asked for, None for those of all the variables
    """
    from gradcalc.claims.judge import Terms
    from gradcalc.claims.symbolic import judge_formulas
    from gradcalc.pipeline import refuse_unknown, refuse_unused

    refuse_format(format_)
    refuse_unused(graph, [name for name in point if name not in spare])
    refuse_unknown(graph, wrt or ())
    held = {name: value for name, value in point.items() if name in graph.variables}
    with patience("comparing and proving"):
        found = judge_formulas(graph, claims, wrt, seed, Terms(*terms), held, upstream)
        shown = derivatives(graph, wrt or [n for n in graph.variables if n not in held], held)
    pieces = report(graph, shown, found, format_, output.options(color, None, file))
    output.emit(pieces, file)
    verdict = worst([claim.verdict for claim in found.values()])
    return 1 if verdict == "fail" else 3 if strict and verdict != "pass" else 0


def derivatives(graph: Graph, names: Sequence[str], held: Mapping[str, Value]) -> dict[str, str]:
    """Return SymPy's derivatives by name, those that it can show."""
    from gradcalc.claims.symbolic import formula

    found = {name: formula(graph, name, held) for name in names}
    return {name: text for name, text in found.items() if text}


def report(
    graph: Graph, shown: Mapping[str, str], claims: Mapping[str, Claim], format_: str, options: Options
) -> Iterator[str]:
    """Return the report in a format, in pieces."""
    if format_ == "json":
        from gradcalc.report.json import write_formulas

        return write_formulas(graph.text, shown, claims)
    from gradcalc.report.formulas import write

    return write(graph, shown, claims, options)


def refuse_format(format_: str) -> None:
    """Raise UsageError for a format that has a row for each node."""
    if format_ not in FORMATS:
        message = f"without a point there are no nodes to write as {format_}"
        raise UsageError(message, hint=f"give values, or write --format {' or '.join(FORMATS)}")
