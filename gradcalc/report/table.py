"""The table for a person: every node with its value, how its gradient arrives, and the verdict.

In a pipe it is as wide as it needs to be. On a terminal it takes the first layout that fits: all
columns side by side, then shorter expressions and numbers, then flow below gate and wires below
each other. No layout leaves out what a row says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradcalc.errors import printable, width
from gradcalc.report import NodeChoice, Options
from gradcalc.report import wording as say
from gradcalc.report.columns import short, title
from gradcalc.report.grid import Cell, Grid, Head, Line, cell, paint
from gradcalc.result import Node, Result

MANY = 60
"""Above so many nodes a terminal shows the named ones, unless --nodes says otherwise."""

FEW = 20
"""So many gradients are listed on a terminal, and so many wires in one cell."""


class Layout(NamedTuple):
    """How rows are laid out; `room` is the columns that a node's text must have at least."""

    digits: int
    stacked: bool
    room: int


LAYOUTS = (
    Layout(digits=6, stacked=False, room=18),
    Layout(digits=4, stacked=False, room=18),
    Layout(digits=6, stacked=True, room=12),
    Layout(digits=5, stacked=True, room=12),
    Layout(digits=4, stacked=True, room=8),
)


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the table and what stands below it."""
    return paint(lines(result, options), options.colour)


def lines(result: Result, options: Options) -> Iterator[Line]:
    """Yield the lines of the report."""
    signs = say.ASCII if options.ascii else say.UNICODE
    shown = rows(result, options)
    if shown:
        yield from fitting(result, shown, options.width, signs).lines(signs.rule)
    if shown and len(shown) < len(result.graph):
        count = f"{len(shown):,} of {len(result.graph):,} nodes"
        yield [(f"{count}: those with a name; --nodes all shows the others", "dim")]
    if shown:
        yield []
    yield from summary(result, options.width, signs)
    yield from closing(result, signs)


def rows(result: Result, options: Options) -> list[Node]:
    """Return the nodes that have a row."""
    from gradcalc.report import chosen

    choice: NodeChoice = "all"
    if options.width is not None and len(result.graph) > MANY:
        choice = "named"
    return chosen(result, options.nodes or choice)


# The table.


def fitting(result: Result, shown: Sequence[Node], columns: int | None, signs: say.Signs) -> Grid:
    """Return the first layout that fits into the columns; without a limit the widest."""
    names = result.graph.names()
    drawn = Drawing(result, names, signs)
    if columns is None:
        return drawn.grid(shown, LAYOUTS[0], None)
    for layout in LAYOUTS:
        grid = drawn.grid(shown, layout, None)
        room = columns - grid.width + grid.widths[0]
        if room >= grid.widths[0]:
            return grid
        if room >= layout.room:
            break
    return drawn.grid(shown, layout, max(room, layout.room))


class Drawing(NamedTuple):
    """What the cells of one table have in common."""

    result: Result
    names: dict[int, str]
    signs: say.Signs

    def grid(self, shown: Sequence[Node], layout: Layout, room: int | None) -> Grid:
        """Return the table in one layout; `room` cuts the nodes' texts."""
        heads = self._heads(layout.stacked)
        pad = len(f"#{shown[-1].id}")
        table = [self._row(node, layout, room, pad)[: len(heads)] for node in shown]
        return Grid(heads, table)

    def _heads(self, stacked: bool) -> list[Head]:
        arrives = Head(("arrives as", f"upstream {self.signs.times} local"))
        value, gradient = Head(("value",), "point"), Head(("gradient",), "point")
        checked = self.result.check is not None
        if stacked:
            heads = [Head(("node",)), Head(("gate", "flow")), value, arrives, gradient, Head(("check",))]
        else:
            heads = [
                Head(("node",)), Head(("gate",)), Head(("inputs",)), value, arrives, gradient, Head(("flow",)),
                Head(("verdict",)),
            ]  # fmt: skip
        return heads if checked else heads[:-1]

    def _row(self, node: Node, layout: Layout, room: int | None, pad: int) -> list[Cell]:
        inputs = " ".join(f"#{i}" for i in node.inputs)
        flow = node.gate.flow or ""
        gate = node.gate.name
        value = cell(self._number(node.value, layout), "value")
        gradient = cell("" if node.gradient is None else short(node.gradient, layout.digits), "gradient")
        if not layout.stacked:
            return [
                self._text(node, room, pad, 1), cell(gate), cell(inputs), value, self._arrives(node, layout), gradient,
                cell(flow), self._verdict(node, stacked=False),
            ]  # fmt: skip
        gates = Cell(tuple(filter(None, (f"{gate} {inputs}".strip(), flow))))
        return [
            self._text(node, room, pad, len(gates.lines)), gates, value, self._arrives(node, layout), gradient,
            self._verdict(node, stacked=True),
        ]  # fmt: skip

    def _number(self, x: float | None, layout: Layout) -> str:
        if x is None:
            return "-" if layout.stacked else "not computed"
        return short(x, layout.digits)

    def _text(self, node: Node, room: int | None, pad: int, count: int) -> Cell:
        number = f"#{node.id}".ljust(pad) + " "
        text = printable(title(node))
        if room is None:
            return cell(number + text)
        first, *rest = fold(text, room - len(number), count, self.signs.dots)
        return Cell((number + first, *(" " * len(number) + line for line in rest)))

    def _arrives(self, node: Node, layout: Layout) -> Cell:
        parts = say.arrivals(self.result, self.names, node, self.signs, layout.digits)
        if layout.stacked and len(parts) > FEW:
            parts = [*parts[: FEW - 1], f"{len(parts) - FEW + 1:,} more wires"]
        return Cell(tuple(_plus(parts)) or ("",)) if layout.stacked else cell(" + ".join(parts))

    def _verdict(self, node: Node, stacked: bool) -> Cell:
        if node.verdict is None:
            return cell("")
        words = _verdict_words(node)
        if stacked:
            words = words.removeprefix("inaccurate ").removesuffix(" digits").removesuffix("undecided")
        return cell(
            f"{self.signs.marks[node.verdict]} {words}".strip(), "bad" if node.verdict == "fail" else ""
        )


def _verdict_words(node: Node) -> str:
    digits = "" if node.digits is None else f"{node.digits} digits"
    return {"pass": digits, "inaccurate": f"inaccurate {digits}"}.get(node.verdict or "", node.verdict or "")


def _plus(parts: Sequence[str]) -> Iterator[str]:
    """Yield the wires of a fork one a line, the sum's signs between them."""
    for number, part in enumerate(parts):
        yield f"+ {part}" if number else part


def fold(text: str, columns: int, count: int, dots: str) -> list[str]:
    """Return `text` on at most `count` lines of so many columns, cut where it does not fit."""
    lines: list[str] = []
    while len(lines) + 1 < count and width(text) > columns:
        end = _fits(text, columns)
        space = text.rfind(" ", 0, end + 1)
        end = space if space > end // 2 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    if width(text) > columns:
        text = text[: _fits(text, columns - len(dots))] + dots
    return [*lines, text]


def _fits(text: str, columns: int) -> int:
    """Return how many letters of `text` fit into so many columns."""
    taken = 0
    for number, letter in enumerate(text):
        taken += width(letter)
        if taken > columns:
            return number
    return len(text)


# Below the table.


def summary(result: Result, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield one line a gradient: `df/dx = z = -4   ✓ pass, 17 digits`."""
    limit = FEW if columns is not None else len(result.gradients)
    found = [line for line, _ in zip(say.summary(result), range(limit + 1), strict=False)]
    label = max(width(line[0]) for line in found)
    texts = [_equation(line, label, columns) for line in found]
    widest = max(map(width, texts))
    for (_, _, _, digits, verdict), text in zip(found, texts, strict=True):
        words = f"{signs.marks[verdict]} {verdict}" if verdict else ""  # type: ignore[index]
        style = {"pass": "good", "fail": "bad"}.get(verdict, "")
        yield [
            (text + " " * (widest - width(text)), ""),
            (words + (f", {digits} digits" if digits else ""), style),
        ]
    if len(result.gradients) > limit:
        yield [(f"and {len(result.gradients) - limit:,} more: --get NAME, --format json", "dim")]


def _equation(line: Sequence[str], label: int, columns: int | None) -> str:
    name, formula, number = line[:3]
    left = name + " " * (label - width(name))
    whole = f"{left} = {printable(formula)} = {number}"
    fits = formula and (columns is None or width(whole) <= columns - len("  ✓ inaccurate, 17 digits"))
    return whole if fits else f"{left} = {number}"


def closing(result: Result, signs: say.Signs) -> Iterator[Line]:
    """Yield the verdict, its reasons, the kinks and the warnings."""
    if result.check is None:
        yield [("not checked (--no-check)", "dim")]
    else:
        style = {"pass": "good", "fail": "bad"}.get(result.check.verdict, "")
        yield [(f"{signs.marks[result.check.verdict]} {say.verdict(result.check)}", style)]
    for reason in say.reasons(result):
        yield [(f"  {reason}", "")]
    for found in result.kinks:
        yield []
        for line in say.kink(result, found):
            yield [(line, "")]
    for warning in result.warnings:
        yield [(f"warning: {printable(warning)}", "")]
