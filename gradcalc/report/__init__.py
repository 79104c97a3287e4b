"""The reports: one list of columns, one file a format, loaded on use.

A format is a function from a result and `Options` to pieces of text. `columns` says what is shown,
a format's file how that is written. What formats share:

    wording    what is said in words
    values     how numbers and arrays are written; `latexmath` and `latexsymbols` are LaTeX's
    grid       lines of text in columns, and colour
    below      what stands below the table; `paragraphs` stand in its place where it is too wide

Other reports than that of a result at a point:

    matrices   Jacobians and Hessians for a person; `entries` for programs and documents
    formulas   what is claimed for all points
    notebook   a result in a notebook
    explain    both passes in sentences
    draw       the circuit
    suite      what came of checking claims
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Literal, NamedTuple

from gradcalc.result import Node, Result

FORMATS: dict[str, str] = {
    "table": "gradcalc.report.table:write",
    "json": "gradcalc.report.json:write",
    "jsonl": "gradcalc.report.jsonl:write",
    "tsv": "gradcalc.report.tsv:write",
    "csv": "gradcalc.report.csv:write",
    "markdown": "gradcalc.report.markdown:write",
    "latex": "gradcalc.report.latex:write",
}
"""Name of the format -> module:function."""

NodeChoice = Literal["all", "named", "none"]


class Options(NamedTuple):
    """How a report is written.

    nodes   which nodes have a row; None leaves it to the format
    width   columns of the terminal, None where the text is for a pipe or a file: never shortened
    colour  whether colour may be used
    ascii   whether the letters must be ASCII, since the stream takes no others
    verbose whether everything that passed is listed, however much it is
    """

    nodes: NodeChoice | None = None
    width: int | None = None
    colour: bool = False
    ascii: bool = False
    verbose: bool = False


Writer = Callable[[Result, Options], Iterable[str]]


def writer(name: str) -> Writer:
    """Return the function that writes a format."""
    found: Writer = loaded(FORMATS[name])
    return found


def loaded(place: str) -> Any:
    """Return what stands at `module:name`."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def chosen(result: Result, nodes: NodeChoice | None) -> list[Node]:
    """Return the nodes that have a row; `named` keeps the output too."""
    if nodes == "none":
        return []
    if nodes == "named":
        return [node for node in result.nodes if node.name is not None or node.id == result.output.node]
    return result.nodes
