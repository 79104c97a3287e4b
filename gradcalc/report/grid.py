"""Lines of text in columns, and colour.

A cell has one or more lines and one style. `Grid` makes lines of pieces (text, style) of them;
`paint` makes text of those, through rich where there is colour. Text is never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from gradcalc import errors

STYLES = {
    "value": "green",
    "gradient": "red",
    "head": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
}
"""What each style looks like, in rich's words."""

GAP = 2

WIDEST = 500
"""Columns of a terminal that a cell makes room for in all other rows: a fork may have thousands of wires."""

Align = Literal["left", "right", "point"]
Piece = tuple[str, str]
Line = list[Piece]


class Cell(NamedTuple):
    """The lines of a cell and their style."""

    lines: tuple[str, ...]
    style: str = ""


class Head(NamedTuple):
    """The head of a column; `point` lines numbers up at their decimal points."""

    lines: tuple[str, ...]
    align: Align = "left"


def width(text: str) -> int:
    """Return the columns of a terminal that a text takes; ASCII and our own signs take one a letter."""
    plain = text if text.isascii() else text.replace("×", "x").replace("…", ".").replace("✓", "v")
    return len(text) if plain.isascii() else errors.width(text)


def cell(text: str, style: str = "") -> Cell:
    """Return a cell of one line."""
    return Cell((text,), style)


class Grid:
    """Rows below a head, with the width that each column needs."""

    def __init__(self, heads: Sequence[Head], rows: Sequence[Sequence[Cell]]) -> None:
        self.heads = heads
        self.rows = [_pointed(heads, row, marks) for marks in [_points(heads, rows)] for row in rows]
        self.widths = [
            _widest([*head.lines, *(line for row in self.rows for line in row[k].lines)])
            for k, head in enumerate(heads)
        ]

    @property
    def width(self) -> int:
        """Columns of the terminal that the grid takes."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)

    def lines(self, rule: str) -> Iterator[Line]:
        """Yield the lines: the head, a rule, the rows."""
        yield from self._row([Cell(head.lines, "head") for head in self.heads])
        yield [(rule * self.width, "dim")]
        for row in self.rows:
            yield from self._row(row)

    def _row(self, cells: Sequence[Cell]) -> Iterator[Line]:
        for number in range(max(len(c.lines) for c in cells)):
            yield [
                (_pad(c.lines[number] if number < len(c.lines) else "", columns, head.align), c.style)
                for c, columns, head in zip(cells, self.widths, self.heads, strict=True)
            ]


def _widest(lines: Sequence[str]) -> int:
    """Return the width of a column; what is longer than a few screens stands out of it."""
    return min(max(map(width, lines)), WIDEST)


def _pad(text: str, columns: int, align: Align) -> str:
    space = " " * (columns - width(text))
    return text + space if align == "left" else space + text


def _points(heads: Sequence[Head], rows: Sequence[Sequence[Cell]]) -> dict[int, int]:
    """Return for each column of numbers the letters after the decimal point, where lining up is cheap."""
    tails: dict[int, int] = {}
    for k, head in enumerate(heads):
        texts = [line for row in rows for line in row[k].lines] if head.align == "point" else []
        tail = max(map(_tail, texts), default=0)
        front = max((len(t) - _tail(t) for t in texts), default=0)
        if front + tail <= max(map(len, texts), default=0) + 1:
            tails[k] = tail
    return tails


def _tail(number: str) -> int:
    return len(number) - min([len(number), *(i for i in map(number.find, ".e") if i >= 0)])


def _pointed(heads: Sequence[Head], row: Sequence[Cell], tails: dict[int, int]) -> list[Cell]:
    cells = list(row)
    for k, tail in tails.items():
        if heads[k].align == "point":
            cells[k] = Cell(tuple(t and t + " " * (tail - _tail(t)) for t in row[k].lines), row[k].style)
    return cells


def folded(text: str, columns: int, indent: int, dots: str) -> list[str]:
    """Return `text` on as many lines of so many columns as it takes, the later ones indented."""
    if width(text) <= columns:
        return [text]
    first, *_ = fold(text, columns, 2, dots)
    rest = fold(text[len(first) :].lstrip(), max(columns - indent, 1), len(text), dots)
    return [first, *(" " * indent + line for line in rest)]


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


def paint(lines: Iterable[Line], colour: bool, gap: int = GAP) -> Iterator[str]:
    """Yield the lines as text, a gap between pieces; spaces at the end of a line are dropped."""
    joined = (_tidy(line, " " * gap) for line in lines)
    if not colour:
        return ("".join(text for text, _ in line) + "\n" for line in joined)
    return _coloured(joined)


def _tidy(line: Line, gap: str) -> Line:
    """Return the line with gaps between its pieces."""
    pieces = [(text + gap, style) for text, style in line]
    while pieces and not pieces[-1][0].strip():
        pieces.pop()
    if pieces:
        pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
    return pieces


def _coloured(lines: Iterable[Line]) -> Iterator[str]:
    from rich.console import Console
    from rich.text import Text

    console = Console(  # whether there is colour was decided before: NO_COLOR is not asked again
        color_system="standard", force_terminal=True, no_color=False, width=1_000_000, legacy_windows=False
    )
    for line in lines:
        text = Text.assemble(*((piece, STYLES.get(style, "")) for piece, style in line), end="\n")
        with console.capture() as capture:
            console.print(text, soft_wrap=True, highlight=False, markup=False, emoji=False)
        yield capture.get()
