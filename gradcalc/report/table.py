"""The table for a person: every node with its value, how its gradient arrives, and the verdict.

In a pipe it is as wide as it needs to be. On a terminal it takes the first layout that fits: all
columns side by side, then shorter expressions and numbers, then flow below gate and wires below
each other. No layout leaves out what a row says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradcalc.errors import printable
from gradcalc.report import NodeChoice, Options, chosen
from gradcalc.report import wording as say
from gradcalc.report.below import below
from gradcalc.report.columns import short, title
from gradcalc.report.grid import Cell, Grid, Head, Line, cell, paint, width
from gradcalc.result import Node, Result

MANY = 60
"""Above so many nodes a terminal shows the named ones, unless --nodes says otherwise."""

FEW = 20
"""So many wires are listed in one cell on a terminal."""


WIDE = ("node", "gate", "inputs", "value", "arrives", "gradient", "flow", "verdict")
COMPACT = ("node", "wired", "value", "arrives", "gradient", "flow", "digits")
STACKED = ("node", "stack", "value", "arrives", "gradient", "digits")
"""The columns of each layout; the last one of each needs a check."""

TITLES = {"wired": ("gate",), "stack": ("gate", "flow"), "digits": ("check", "digits")}
"""Heads that are not the column's name."""


class Layout(NamedTuple):
    """How rows are laid out.

    `room` is what a node's text must have at least, in columns; `narrow` puts upstream and local
    on lines of their own.
    """

    columns: tuple[str, ...]
    digits: int
    room: int
    narrow: bool = False

    @property
    def stacked(self) -> bool:
        """Whether a row may take several lines."""
        return self.columns is STACKED


LAYOUTS = (
    Layout(WIDE, digits=6, room=18),
    Layout(COMPACT, digits=6, room=18),
    Layout(COMPACT, digits=4, room=18),
    Layout(STACKED, digits=6, room=12),
    Layout(STACKED, digits=5, room=12),
    Layout(STACKED, digits=4, room=8),
    Layout(STACKED, digits=4, room=8, narrow=True),
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
    yield from below(result, options.width, signs)


def rows(result: Result, options: Options) -> list[Node]:
    """Return the nodes that have a row."""
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
        columns = layout.columns if self.result.check else layout.columns[:-1]
        pad = len(f"#{shown[-1].id}")
        table = [self._cells(node, layout, room, pad) for node in shown]
        return Grid(
            [self._head(name) for name in columns], [[row[name] for name in columns] for row in table]
        )

    def _head(self, column: str) -> Head:
        if column == "arrives":
            return Head(("arrives as", f"upstream {self.signs.times} local"))
        return Head(TITLES.get(column, (column,)), "point" if column in ("value", "gradient") else "left")

    def _cells(self, node: Node, layout: Layout, room: int | None, pad: int) -> dict[str, Cell]:
        """Return a row's cells by column, for any layout."""
        inputs = " ".join(f"#{i}" for i in node.inputs)
        flow = node.gate.flow or ""
        wired = f"{node.gate.name} {inputs}".strip()
        stack = tuple(filter(None, (wired, flow)))
        return {
            "node": self._text(node, room, pad, len(stack) if layout.stacked else 1),
            "gate": cell(node.gate.name),
            "inputs": cell(inputs),
            "wired": cell(wired),
            "stack": Cell(stack),
            "value": cell(self._number(node.value, layout), "value"),
            "arrives": self._arrives(node, layout),
            "gradient": cell(
                "" if node.gradient is None else short(node.gradient, layout.digits), "gradient"
            ),
            "flow": cell(flow),
            "verdict": self._verdict(node, brief=False),
            "digits": self._verdict(node, brief=True),
        }

    def _number(self, x: float | None, layout: Layout) -> str:
        if x is None:
            return "not computed" if layout.columns is WIDE else "-"
        return short(x, layout.digits)

    def _text(self, node: Node, room: int | None, pad: int, count: int) -> Cell:
        number = f"#{node.id}".ljust(pad) + " "
        text = title(node)
        text = text if text.isprintable() else printable(text)
        if room is None:
            return cell(number + text)
        first, *rest = fold(text, room - len(number), count, self.signs.dots)
        return Cell((number + first, *(" " * len(number) + line for line in rest)))

    def _arrives(self, node: Node, layout: Layout) -> Cell:
        parts = say.arrivals(self.result, self.names, node, self.signs, layout.digits)
        if not layout.stacked:
            return cell(" + ".join(parts))
        if len(parts) > FEW:
            parts = [*parts[: FEW - 1], f"{len(parts) - FEW + 1:,} more wires"]
        lines = [f"+ {part}" if number else part for number, part in enumerate(parts)]
        if layout.narrow:
            sign = f" {self.signs.times} "
            lines = [line for part in lines for line in part.replace(sign, f"\n {sign}", 1).split("\n")]
        return Cell(tuple(lines) or ("",))

    def _verdict(self, node: Node, brief: bool) -> Cell:
        if node.verdict is None:
            return cell("")
        words = _verdict_words(node)
        if brief:
            words = words.removeprefix("inaccurate ").removesuffix(" digits").removesuffix("undecided")
        return cell(
            f"{self.signs.marks[node.verdict]} {words}".strip(), "bad" if node.verdict == "fail" else ""
        )


def _verdict_words(node: Node) -> str:
    digits = "" if node.digits is None else f"{node.digits} digits"
    return {"pass": digits, "inaccurate": f"inaccurate {digits}"}.get(node.verdict or "", node.verdict or "")


def fold(text: str, columns: int, count: int, dots: str) -> list[str]:
    """Return `text` on at most `count` lines of so many columns, cut where it does not fit."""
    lines: list[str] = []
    while len(lines) + 1 < count and width(text) > columns:
        end = _fits(text, columns)
        space = text.rfind(" ", 0, end + 1)
        words = (n for n in range(end, end // 2, -1) if not (text[n - 1].isalnum() and text[n].isalnum()))
        end = space if space > end // 2 else next(words, end)
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
