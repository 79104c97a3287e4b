"""One page: the circuit, the table and the explanation, to step through. It needs no network.

All that a user wrote is escaped; for the script it stands in JSON, in which `<` is written as a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

from gradcalc.errors import printable
from gradcalc.report import Options
from gradcalc.report import wording as say
from gradcalc.report.columns import printed, printed_columns
from gradcalc.report.draw import Drawing
from gradcalc.report.draw.circuit import Circuit, circuit
from gradcalc.report.draw.svg import pictured, too_large
from gradcalc.report.explain.story import Story, tell, title
from gradcalc.report.wording import SUMMARY
from gradcalc.result import Result

HERE = Path(__file__).parent

START = "Step through the forward pass, then the backward pass: buttons, or the arrow keys."

BUTTONS = {"first": "start", "back": "← back", "next": "next →", "last": "end"}


def write(drawing: Drawing, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the page."""
    result = drawing.result
    story, found = tell(result), circuit(result, drawing.depth)
    name = _text(" ".join(result.program.split())[:80])
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>gradcalc: {name}</title>\n<style>\n{_file('page.css')}</style>\n</head>\n<body>\n"
    yield f'<h1>gradcalc</h1>\n<pre id="program">{_text(result.program)}</pre>\n'
    yield "<figure>\n"
    yield from figure(result, found)
    yield "</figure>\n"
    yield from _controls()
    yield "<main>\n<section>\n"
    yield from _steps(story)
    yield "</section>\n<section>\n"
    yield from tables(result)
    yield f'</section>\n</main>\n<script type="application/json" id="data">{_data(result, found)}</script>\n'
    yield f"<script>\n{_file('page.js')}</script>\n</body>\n</html>\n"


def figure(result: Result, found: Circuit) -> Iterator[str]:
    """Yield the picture of a circuit, or why there is none."""
    problem = too_large(found)
    return iter([f"<p>{problem}</p>\n"]) if problem else pictured(result, found)


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape("\n".join(map(printable, text.split("\n"))))


def _data(result: Result, found: Circuit) -> str:
    """Return what the script knows: the text of each node, and the box that it is in."""
    graph = result.graph
    data: dict[str, Any] = {
        "program": result.program,
        "spans": [list(graph.span(node)) for node in range(len(graph))],
        "owner": list(found.owner),
        "output": result.output.node,
        "start": START,
    }
    return json.dumps(data).replace("<", "\\u003c")


def _controls() -> Iterator[str]:
    yield '<nav aria-label="steps">\n'
    for name, label in BUTTONS.items():
        yield f'<button id="{name}" type="button">{label}</button>\n'
    yield f'<span id="count"></span>\n</nav>\n<div id="now" role="status" aria-live="polite">{START}</div>\n'


def _steps(story: Story) -> Iterator[str]:
    yield "<h2>Forward pass</h2>\n<ol>\n"
    for number, forward in enumerate(story.forward):
        lines = [f"{title(forward.node)} {forward.equation}"]
        yield _step(number, forward.node.id, "forward", lines, [forward.note] if forward.note else [])
    yield "</ol>\n<h2>Backward pass</h2>\n<ol>\n"
    for number, step in enumerate(story.back, len(story.forward)):
        lines = [f"{title(step.node)}: {step.arrives}", *([step.flow] if step.flow else [])]
        wires = [f"→ {title(wire.to)}: {'; '.join([wire.what, *wire.why])}" for wire in step.wires]
        yield _step(number, step.node.id, "backward", lines, wires)
    yield "</ol>\n"
    if story.meaning:
        yield "<h2>What the gradients say</h2>\n"
        yield from (f"<p>{_text(sentence)}</p>\n" for sentence in story.meaning)


def _step(number: int, node: int, which: str, lines: list[str], more: list[str]) -> str:
    said = "".join(f"<p>{_text(line)}</p>" for line in lines)
    why = "".join(f'<p class="why">{_text(line)}</p>' for line in more)
    return f'<li data-step="{number}" data-node="{node}" data-pass="{which}" tabindex="0">{said}{why}</li>\n'


def tables(result: Result, most: int | None = None) -> Iterator[str]:
    """Yield the table of nodes, that of gradients, and what is said of them; of each `most` rows at most."""
    nodes = result.nodes
    left_out = 0 if most is None else len(nodes[most:])
    nodes = nodes[:most]
    columns = printed_columns(nodes)
    yield '<h2>Nodes</h2>\n<div class="scroll">\n<table>\n<thead><tr>'
    yield from (f'<th class="{column.align}">{_text(column.title)}</th>' for column in columns)
    yield "</tr></thead>\n<tbody>\n"
    for node in nodes:
        cells = zip(columns, printed(node, columns), strict=True)
        row = "".join(f'<td class="{c.align} {c.name}">{_text(text)}</td>' for c, text in cells)
        yield f'<tr data-node="{node.id}">{row}</tr>\n'
    yield f"</tbody>\n</table>\n</div>\n{_more(left_out)}"
    yield '<h2>Gradients</h2>\n<div class="scroll">\n<table>\n<thead><tr>'
    yield from (f"<th>{head}</th>" for head in SUMMARY)
    yield "</tr></thead>\n<tbody>\n"
    for summary in islice(say.summary(result), most):
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in summary.cells) + "</tr>\n"
    yield f"</tbody>\n</table>\n</div>\n{_more(0 if most is None else len(result.gradients) + 1 - most)}"
    told = [say.verdict(result.check)] if result.check else ["not checked"]
    kinks = [line for found in result.kinks for line in say.kink(result, found)]
    yield from (f"<p>{_text(line)}</p>\n" for line in [*told, *say.reasons(result), *kinks, *result.warnings])


def _more(count: int) -> str:
    return f"<p>and {count:,} more</p>\n" if count > 0 else ""
