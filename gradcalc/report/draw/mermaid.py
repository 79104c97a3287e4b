"""The circuit as a Mermaid flowchart, which GitHub draws in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.errors import printable
from gradcalc.report import Options
from gradcalc.report.draw import Drawing
from gradcalc.report.draw.circuit import Box, circuit

SIDES = {"gate": ('(["', '"])'), "part": ('["', '"]'), "variable": ('["', '"]'), "constant": ('["', '"]')}

LOOKS = {"kinked": "stroke-dasharray:4 3", "fail": "stroke:#b42318,stroke-width:3px"}


def write(drawing: Drawing, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the flowchart; what GitHub's Mermaid might read as markup is written as numbers of letters."""
    found = circuit(drawing.result, drawing.depth)
    yield "flowchart LR\n"
    for number, box in enumerate(found.boxes):
        yield f"  n{number}{_box(box)}\n"
    yield "  out(( ))\n"
    for wire in found.wires:
        to = "out" if wire.to is None else f"n{wire.to}"
        texts = "<br/>".join(_plain(text) for text in (wire.value, wire.gradient) if text)
        yield f'  n{wire.source} -->|"{texts}"| {to}\n' if texts else f"  n{wire.source} --> {to}\n"
    marked = {
        "kinked": [number for number, box in enumerate(found.boxes) if box.kinked],
        "fail": [number for number, box in enumerate(found.boxes) if box.verdict == "fail"],
    }
    for mark, numbers in marked.items():
        if numbers:
            yield f"  classDef {mark} {LOOKS[mark]}\n  class {','.join(f'n{n}' for n in numbers)} {mark}\n"


def _box(box: Box) -> str:
    left, right = SIDES[box.kind]
    return f"{left}{'<br/>'.join(map(_plain, filter(None, (box.text, box.total))))}{right}"


def _plain(text: str) -> str:
    safe = " .,-"
    return "".join(c if c.isalnum() or c in safe else f"#{ord(c)};" for c in printable(text))
