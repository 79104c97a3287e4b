"""The table for a person: every node with its value, how its gradient arrives, and the verdict.

In a pipe it is as wide as it needs to be. On a terminal it takes the first layout that fits: all
columns side by side, then shorter expressions and numbers, then flow below gate and wires below
each other; where arrays leave no room for columns, a paragraph a node. No layout leaves out what
a row says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gradcalc.errors import printable
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.report import NodeChoice, Options, chosen
from gradcalc.report import wording as say
from gradcalc.report.below import below
from gradcalc.report.columns import title
from gradcalc.report.grid import Cell, Grid, Head, Line, cell, fold, paint, width
from gradcalc.report.values import facts, flat, in_rows, is_small, short, sizes
from gradcalc.result import Node, Result

MANY = 60
"""Above so many nodes a terminal shows the named ones, unless --nodes says otherwise."""

FEW = 20
"""So many wires are listed in one cell on a terminal."""

NARROW = 26
"""Columns that a wire between arrays may take on one line of the narrowest table."""

WIDE = ("node", "gate", "inputs", "value", "arrives", "gradient", "flow", "verdict")
COMPACT = ("node", "wired", "value", "arrives", "gradient", "flow", "digits")
STACKED = ("node", "stack", "value", "arrives", "gradient", "digits")
"""The columns of each layout; the last one of each needs a check. Arrays add one for shapes."""

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
        return "stack" in self.columns

    @property
    def shaped(self) -> Layout:
        """The same with a column for shapes, before the values."""
        at = self.columns.index("value")
        return self._replace(columns=(*self.columns[:at], "shape", *self.columns[at:]))


LAYOUTS = (
    Layout(WIDE, digits=6, room=18),
    Layout(COMPACT, digits=6, room=18),
    Layout(COMPACT, digits=4, room=18),
    Layout(STACKED, digits=6, room=12),
    Layout(STACKED, digits=5, room=12),
    Layout(STACKED, digits=4, room=8),
    Layout(STACKED, digits=4, room=8, narrow=True),
)

ARRAY_LAYOUTS = tuple(LAYOUTS[k].shaped for k in (0, 1, 2, 6))


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the table and what stands below it."""
    return paint(lines(result, options), options.colour)


def lines(result: Result, options: Options) -> Iterator[Line]:
    """Yield the lines of the report."""
    signs = say.ASCII if options.ascii else say.UNICODE
    shown = rows(result, options)
    if shown:
        yield from table(result, shown, options.width, signs)
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


def table(result: Result, shown: Sequence[Node], columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield the lines of the table; arrays that leave no room for columns are listed instead."""
    arrays = set(map(type, result.values)) != {float}
    drawn = Drawing(result, result.graph.names(), signs, arrays)
    grid = fitting(drawn, shown, columns)
    if arrays and columns is not None and grid.width > columns:
        from gradcalc.report.paragraphs import paragraphs

        return paragraphs(result, shown, columns, signs)
    return grid.lines(signs.rule)


def fitting(drawn: Drawing, shown: Sequence[Node], columns: int | None) -> Grid:
    """Return the first layout that fits into the columns; without a limit the widest."""
    layouts = ARRAY_LAYOUTS if drawn.arrays else LAYOUTS
    if columns is None:
        return drawn.grid(shown, layouts[0], None)
    for layout in layouts:
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
    arrays: bool

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
            lines = ("arrives as", f"upstream {self.signs.times} local")
            has_letter = self.arrays and say.upstream_letter(self.names) == "g"
            return Head((*lines, "g is upstream") if has_letter else lines)
        aligned = column in ("value", "gradient") and not self.arrays
        return Head(TITLES.get(column, (column,)), "point" if aligned else "left")

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
            "shape": cell(sizes(node.shape)),
            "value": Cell(self._value(node.value, layout), "value"),
            "arrives": self._arrives(node, layout),
            "gradient": Cell(
                ("",) if node.gradient is None else self._value(node.gradient, layout), "gradient"
            ),
            "flow": cell(flow),
            "verdict": self._verdict(node, brief=False),
            "digits": self._verdict(node, brief=True),
        }

    def _value(self, x: Value, layout: Layout) -> tuple[str, ...]:
        """Return a value's lines; an array takes several where a row may."""
        if x is None:
            return ("not computed" if "verdict" in layout.columns else "-",)
        if not shape_of(x):
            return (short(x, layout.digits),)
        if not is_small(x):
            return facts(x) if layout.stacked else (" ".join(facts(x)),)
        text = flat(x, lambda number: short(number, layout.digits))
        return tuple(in_rows(text)) if layout.stacked else (text,)

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
        if not layout.stacked and not self.arrays:
            return cell(" + ".join(map(" ".join, parts)))
        if layout.stacked and len(parts) > FEW:
            parts = [*parts[: FEW - 1], (f"{len(parts) - FEW + 1:,} more wires",)]
        lines = []
        for number, (first, *others) in enumerate(parts):
            first = f"+ {first}" if number else first
            if not layout.narrow:
                lines.append(" ".join([first, *others]))
            elif self.arrays:
                lines += packed(first, others)
            else:
                lines += [first, *(f"  {other}" for other in others)]
        return Cell(tuple(lines) or ("",))

    def _verdict(self, node: Node, brief: bool) -> Cell:
        if node.verdict is None:
            return cell("")
        return cell(say.node_verdict(node, self.signs, brief), "bad" if node.verdict == "fail" else "")


def packed(first: str, others: Iterable[str]) -> list[str]:
    """Return the pieces of a wire on lines of `NARROW` columns, as far as they fit; later ones indented."""
    lines = [first]
    for piece in others:
        if width(lines[-1]) + 1 + width(piece) <= NARROW:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"  {piece}")
    return lines
