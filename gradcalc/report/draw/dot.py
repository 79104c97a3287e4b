"""The circuit in Graphviz's DOT language."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.errors import printable
from gradcalc.report import Options
from gradcalc.report.draw import Drawing
from gradcalc.report.draw.circuit import Box, Wire, circuit

SHAPES = {"gate": "circle", "part": "box", "variable": "plaintext", "constant": "plaintext"}


def write(drawing: Drawing, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the graph."""
    found = circuit(drawing.result, drawing.depth)
    yield 'digraph circuit {\n  rankdir=LR;\n  node [fontname="monospace"];\n  edge [fontname="monospace"];\n'
    for number, box in enumerate(found.boxes):
        yield f"  n{number} [{_box(box)}];\n"
    yield '  out [label="", shape=none, width=0];\n'
    for wire in found.wires:
        to = "out" if wire.to is None else f"n{wire.to}"
        yield f"  n{wire.source} -> {to} [label={_label(wire)}];\n"
    yield "}\n"


def _box(box: Box) -> str:
    style = ", style=dashed" if box.kinked else ""
    colour = ", color=red, penwidth=2" if box.verdict == "fail" else ""
    total = f", xlabel=<{_gradient(box.total)}>" if box.total else ""
    about = f"label={_quoted(box.text)}, shape={SHAPES[box.kind]}, tooltip={_quoted(box.title)}"
    return f"{about}{total}{style}{colour}"


def _label(wire: Wire) -> str:
    value = f'<font color="#1a7f37">{_html(wire.value or " ")}</font>'
    return f"<{value}<br/>{_gradient(wire.gradient)}>"


def _gradient(text: str) -> str:
    return f'<font color="#b42318">{_html(text or " ")}</font>'


def _quoted(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _html(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
