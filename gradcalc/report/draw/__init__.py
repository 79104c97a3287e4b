"""The pictures of a circuit: one file a format, loaded on use.

circuit    result -> boxes and wires; parts of a large program become one box
layers     sizes and edges -> places, in columns from left to right
picture    a circuit with places; labels are boxes that a wire runs through
geometry   places and lines

`html` is a page to step through, with `page.css` and `page.js` in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from gradcalc.report import Options, loaded
from gradcalc.result import Result

FORMATS: dict[str, str] = {
    "terminal": "gradcalc.report.draw.terminal:write",
    "svg": "gradcalc.report.draw.svg:write",
    "dot": "gradcalc.report.draw.dot:write",
    "mermaid": "gradcalc.report.draw.mermaid:write",
    "html": "gradcalc.report.draw.html:write",
}
"""Name of the format -> module:function."""

SUFFIXES = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".html": "html",
    ".htm": "html",
    ".txt": "terminal",
}
"""Suffix of a file -> its format."""


class Drawing(NamedTuple):
    """What is drawn, and how deep: see `circuit.circuit`."""

    result: Result
    depth: int | None = None


Writer = Callable[[Drawing, Options], Iterable[str]]


def writer(name: str) -> Writer:
    """Return the function that writes a format."""
    found: Writer = loaded(FORMATS[name])
    return found
