"""The circuit as SVG: no program and no font beyond the reader's own is needed.

Every text has a stated length, so that it takes the room that was kept for it in any font.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape

from gradcalc.errors import UsageError, printable
from gradcalc.report import Options
from gradcalc.report.draw import Drawing
from gradcalc.report.draw.circuit import Box, Circuit, Wire, circuit
from gradcalc.report.draw.geometry import Point, Rect, Size, Spacing
from gradcalc.report.draw.layers import layered
from gradcalc.report.draw.picture import Item, Picture, picture
from gradcalc.report.grid import width
from gradcalc.result import Result

LETTER, LINE = 7.2, 15.0
"""Width and height of a letter of 12 pixels, in a font whose letters are all alike."""

SPACING = Spacing(between=14.0, beside=10.0, track=8.0)

PAD, MARGIN = 7.0, 12.0
"""Room beside the text in a box, and around the picture."""

MOST = 500
"""Boxes of a picture that somebody may still look at."""

STYLE = """
.gradcalc text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.gradcalc text { fill: var(--ink, #1f2328); }
.gradcalc .wire { fill: none; stroke: var(--wire, #6e7781); stroke-width: 1.3; }
.gradcalc .fork { fill: var(--wire, #6e7781); }
.gradcalc .box rect { fill: var(--paper, #ffffff); stroke: var(--ink, #1f2328); stroke-width: 1.3; }
.gradcalc .part rect { stroke-width: 2.2; }
.gradcalc .variable rect { stroke: none; }
.gradcalc .variable text { font-weight: bold; }
.gradcalc .constant rect { stroke: none; }
.gradcalc .constant text { font-size: 11px; fill: var(--dim, #59636e); }
.gradcalc .kinked rect { stroke-dasharray: 4 3; }
.gradcalc .fail rect { stroke: var(--gradient, #b42318); stroke-width: 2.6; }
.gradcalc text.value { fill: var(--value, #1a7f37); }
.gradcalc text.gradient { fill: var(--gradient, #b42318); }
"""
"""Rules of a picture; those in a page or a notebook are for all of it, so they name the picture."""


def write(drawing: Drawing, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the picture; raise UsageError where it would be too large."""
    found = circuit(drawing.result, drawing.depth)
    if problem := too_large(found):
        hint = "fewer: --depth 0, or functions in the program; all of them: --format dot, mermaid or terminal"
        raise UsageError(problem, hint=hint)
    return pictured(drawing.result, found)


def too_large(found: Circuit) -> str:
    """Return why a circuit has no picture, nothing where it has one."""
    count = len(found.boxes)
    return f"{count:,} boxes are too many for a picture" if count > MOST else ""


def pictured(result: Result, found: Circuit) -> Iterator[str]:
    """Yield the picture of a circuit."""
    drawn = picture(found, measure, partial(layered, spacing=SPACING))
    columns, rows = drawn.size
    across, down = columns + 2 * MARGIN, rows + 2 * MARGIN
    title = escape(printable(result.program[:200]))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradcalc" viewBox="0 0 {across:.0f} {down:.0f}" '
        f'width="{across:.0f}" height="{down:.0f}" role="img">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect width="100%" height="100%" fill="var(--paper, #ffffff)"/>\n'
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">\n'
    )
    yield from shapes(drawn)
    yield "</g>\n</svg>\n"


def measure(item: Item) -> Size:
    """Return what an item takes, in pixels."""
    if isinstance(item, Wire):
        return Size(max(map(_across, (item.value, item.gradient))) + 8, 2 * LINE + 6)
    height = 24.0 + (2 * LINE if item.total else 0)
    return Size(max(_across(item.text) + 2 * PAD, _across(item.total), 24.0), height)


def _across(text: str) -> float:
    return width(text) * LETTER


def shapes(drawn: Picture) -> Iterator[str]:
    """Yield wires, boxes and labels; each knows its node and the one that it leads to, to be lit up by."""
    boxes = [item for item in drawn.items if isinstance(item, Box)]
    for ends, line in zip(drawn.ends, drawn.lines, strict=True):
        (wire,) = (item for item in map(drawn.items.__getitem__, ends) if isinstance(item, Wire))
        yield f'<path class="wire"{_ends(wire, boxes)} d="{_path(line)}"/>\n'
    for x, y in _forks(drawn):
        yield f'<circle class="fork" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>\n'
    for item, rect in zip(drawn.items, drawn.rects, strict=True):
        yield from _label(item, rect, _ends(item, boxes)) if isinstance(item, Wire) else _box(item, rect)


def _ends(wire: Wire, boxes: Sequence[Box]) -> str:
    to = "" if wire.to is None else boxes[wire.to].node
    feeds = " ".join(map(str, wire.feeds))
    return f' data-node="{boxes[wire.source].node}" data-to="{to}" data-feeds="{feeds}"'


def _path(line: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)


def _forks(drawn: Picture) -> list[Point]:
    """Return the places where a wire parts: the first corners of lines from the same box."""
    corners: dict[int, list[Point]] = {}
    for (a, _), line in zip(drawn.ends, drawn.lines, strict=True):
        corners.setdefault(a, []).append(line[min(1, len(line) - 1)])
    return [min(points) for points in corners.values() if len(points) > 1]


def _label(wire: Wire, rect: Rect, ends: str) -> Iterator[str]:
    y = rect.middle
    yield f'<path class="wire"{ends} d="M{rect.x:.1f} {y:.1f}L{rect.right:.1f} {y:.1f}"/>\n'
    middle = rect.x + rect.width / 2
    shape = f"<title>shape {escape(wire.shape)}</title>" if wire.shape else ""
    yield _text(wire.value, middle, y - 4, "value", ends, shape)
    yield _text(wire.gradient, middle, y + 12, "gradient", ends)


def _box(box: Box, rect: Rect) -> Iterator[str]:
    classes = ["box", box.kind, *(["kinked"] if box.kinked else []), *([box.verdict] if box.verdict else [])]
    middle, y = rect.x + rect.width / 2, rect.middle
    kink = " (at a kink)" if box.kinked else ""
    about = f"<title>{escape(printable(box.title))}{kink}</title>"
    yield f'<g class="{" ".join(classes)}" data-node="{box.node}">{about}\n'
    corner = 12 if box.kind == "gate" else 3
    yield f'<rect x="{rect.x:.1f}" y="{y - 12:.1f}" width="{rect.width:.1f}" height="24" rx="{corner}"/>\n'
    yield _text(box.text, middle, y + 4, "")
    yield _text(box.total, middle, y + 12 + LINE - 3, "gradient")
    yield "</g>\n"


def _text(text: str, x: float, y: float, style: str, more: str = "", inside: str = "") -> str:
    if not text:
        return ""
    look = f' class="{style}"' if style else ""
    length = f' textLength="{_across(text):.1f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle"{look}{more}{length}>'
        f"{inside}{escape(printable(text))}</text>\n"
    )
