"""The circuit in letters: a value above each wire and its gradient below; a tree where it does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, pairwise

from gradcalc.report import Options
from gradcalc.report.draw import Drawing
from gradcalc.report.draw.circuit import Box, Circuit, Wire, circuit
from gradcalc.report.draw.geometry import Point, Size, Spacing
from gradcalc.report.draw.layers import layered
from gradcalc.report.draw.picture import Item, Picture, picture
from gradcalc.report.grid import GAP, Line, paint, width

SPACING = Spacing(between=0, beside=1, track=1)

DIGITS = (4, 3, 2)
"""Digits of numbers that are tried, until the circuit fits."""

LEGEND = {"!": "at a kink", "?": "undecided", "≈": "inaccurate", "✗": "fail"}
"""Signs in boxes."""

HIGHEST = 60
"""Lines of a terminal that a circuit may take."""

WIDEST = 2000
"""Columns that a circuit may take where nobody says how many there are."""

MOST = 250
"""Boxes of a circuit; more are a tree, which takes no time to lay out."""

DEEPEST = 40
"""Columns that the branches of a tree take; what is deeper goes on at the margin."""

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
SIGNS = " │─└││┌├─┘─┴┐┤┬┼"
"""A line by the sides that it leads to: NORTH + EAST + SOUTH + WEST."""

CROSSING = "│"
"""Where two wires cross that have nothing to do with each other."""

ASCII = str.maketrans("│─└┌├┘┴┐┤┬┼×−÷…✗≈·", "|-+++++++++*-/.X~_")

Cell = tuple[int, int]
Cells = dict[Cell, dict[int, int]]
"""Column and row -> for each wire there the sides that it leads to."""


def write(drawing: Drawing, options: Options) -> Iterator[str]:
    """Yield the circuit, or the tree."""
    found, drawn = fitting(drawing, options.width, options.ascii)
    lines = chain(canvas(drawn) if drawn else tree(found), legend(found))
    gap = 0 if drawn else GAP
    yield from paint(map(_ascii, lines) if options.ascii else lines, options.colour, gap)


def fitting(
    drawing: Drawing, columns: int | None, ascii_only: bool = False
) -> tuple[Circuit, Picture | None]:
    """Return the circuit with as many digits as let it fit into so many columns; no picture where none do."""

    def of(digits: int) -> Circuit:
        found = circuit(drawing.result, drawing.depth, digits)
        return found._replace(boxes=[*map(_in_ascii, found.boxes)]) if ascii_only else found

    found = of(DIGITS[0])
    for digits in DIGITS if len(found.boxes) <= MOST else ():
        found = of(digits)
        drawn = picture(found, measure, partial(layered, spacing=SPACING, whole=True))
        size = drawn.size
        if size.width <= (columns or WIDEST) and (columns is None or size.height <= HIGHEST):
            return found, drawn
    return found, None


def _in_ascii(box: Box) -> Box:
    """Return a box with its letters as a stream that takes ASCII alone shows them: they take more room."""
    text = box.text.translate(ASCII).encode("ascii", "backslashreplace").decode()
    return box._replace(text=text)


def measure(item: Item) -> Size:
    """Return what an item takes: a label a line above and a line below its wire."""
    if isinstance(item, Wire):
        return Size(max(width(item.value), width(item.gradient), 1), 3)
    texts = [shown(item), item.total]
    return Size(max(map(width, texts)), 3 if item.total else 1)


def shown(box: Box) -> str:
    """Return a box's text with its sides."""
    text = f"{box.text}{''.join(marks(box))}"
    return {"gate": f"({text})", "part": f"[{text}]"}.get(box.kind, text)


def marks(box: Box) -> list[str]:
    """Return the signs of what is to know of a box, as `LEGEND` has them."""
    return ["!"] * box.kinked + [sign for sign, word in LEGEND.items() if word == box.verdict]


def legend(found: Circuit) -> Iterator[Line]:
    """Yield a line that says what the signs in a circuit mean; none where there are none."""
    met = {sign for box in found.boxes for sign in marks(box)}
    told = [f"{sign} {word}" for sign, word in LEGEND.items() if sign in met]
    if told:
        yield [("   ".join(told), "dim")]


# The circuit.


def canvas(drawn: Picture) -> Iterator[Line]:
    """Yield the lines of a circuit."""
    columns, rows = map(int, drawn.size)
    grid = [[" "] * columns for _ in range(rows)]
    styles = [[""] * columns for _ in range(rows)]
    for (x, y), wires in _cells(drawn).items():
        grid[y][x] = CROSSING if len(wires) > 1 else SIGNS[next(iter(wires.values()))]
    for item, rect in zip(drawn.items, drawn.rects, strict=True):
        x, y = int(rect.x), int(rect.middle)
        if isinstance(item, Wire):
            _put(grid, styles, x, y - 1, item.value.center(int(rect.width)), "value")
            _put(grid, styles, x, y + 1, item.gradient.center(int(rect.width)), "gradient")
        else:
            _put(grid, styles, x, y, shown(item), "head" if item.kind == "variable" else "")
            _put(grid, styles, x, y + 1, item.total, "gradient")
    for letters, looks in zip(grid, styles, strict=True):
        yield _pieces(letters, looks)


def _cells(drawn: Picture) -> Cells:
    """Return the cells that wires run through; those of one fork, and those into one gate, are one wire."""
    cells: Cells = {}
    for (a, b), line in zip(drawn.ends, drawn.lines, strict=True):
        _run(cells, b if isinstance(drawn.items[a], Wire) else a, _stepped(line))
    for number, (item, rect) in enumerate(zip(drawn.items, drawn.rects, strict=True)):
        taken = 0 if isinstance(item, Wire) else width(shown(item))
        y = int(rect.middle)
        _run(cells, -1 - number, [(x, y) for x in range(int(rect.x) + taken, int(rect.right))])
    return cells


def _stepped(line: Sequence[Point]) -> list[Cell]:
    """Return the cells along a line; it ends before the last corner, where the next box begins."""
    corners = [(int(x), int(y)) for x, y in line]
    corners[-1] = (corners[-1][0] - 1, corners[-1][1])
    cells = [corners[0]] if corners[0][0] <= corners[-1][0] else []
    for (x, y), (x2, y2) in pairwise(corners):
        steps = max(abs(x2 - x), abs(y2 - y))
        cells += [(x + (x2 - x) * k // steps, y + (y2 - y) * k // steps) for k in range(1, steps + 1)]
    return cells


def _run(cells: Cells, wire: int, path: Sequence[Cell]) -> None:
    """Lead a wire through cells: in from the left, out to the right."""
    for k, (x, y) in enumerate(path):
        before, after = path[k - 1] if k else (x - 1, y), path[k + 1] if k + 1 < len(path) else (x + 1, y)
        sides = _side(x, y, *before) | _side(x, y, *after)
        here = cells.setdefault((x, y), {})
        here[wire] = here.get(wire, 0) | sides


def _side(x: int, y: int, x2: int, y2: int) -> int:
    if y2 != y:
        return SOUTH if y2 > y else NORTH
    return EAST if x2 > x else WEST


def _put(grid: list[list[str]], styles: list[list[str]], x: int, y: int, text: str, style: str) -> None:
    for letter in text:
        taken = width(letter)
        if letter != " " and x + taken <= len(grid[0]):
            grid[y][x : x + taken] = [letter, *[""] * (taken - 1)]
            styles[y][x] = style
        x += taken


def _pieces(letters: Sequence[str], styles: Sequence[str]) -> Line:
    """Return a row as pieces of one style each."""
    pieces: Line = []
    for letter, style in zip(letters, styles, strict=True):
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + letter, style)
        else:
            pieces.append((letter, style))
    return pieces


def _ascii(line: Line) -> Line:
    return [(text.translate(ASCII), style) for text, style in line]


# The tree.


def tree(found: Circuit) -> Iterator[Line]:
    """Yield the circuit as a tree from the output back.

    A box that several wires leave has its number; where it was met before it is named alone. Of what
    lies too deep the number is named, and it goes on at the margin.
    """
    arriving: dict[int | None, list[Wire]] = {}
    for wire in found.wires:
        arriving.setdefault(wire.to, []).append(wire)
    leaving = Counter(wire.source for wire in found.wires)
    met: set[int] = set()
    waiting = [(wire, "", "") for wire in arriving.get(None, [])]
    later: dict[int, Wire] = {}
    while waiting or later:
        wire, before, sign = waiting.pop() if waiting else (later.pop(next(iter(later))), "", "")
        box, inputs = found.boxes[wire.source], arriving.get(wire.source, [])
        again = wire.source in met and bool(inputs)
        put_off = not again and bool(inputs) and len(before) >= DEEPEST
        numbered = bool(inputs) and (leaving[wire.source] > 1 or put_off or not sign) and wire.to is not None
        number = f" #{box.node}" if numbered else ""
        text = shown(box) + number + (" (see above)" if again else " (see below)" if put_off else "")
        yield [(before + sign + text, "head" if box.kind == "variable" else ""), *_labels(wire)]
        if put_off:
            later.setdefault(wire.source, wire)
        elif not again:
            met.add(wire.source)
            under = before + {"├ ": "│ ", "└ ": "  "}.get(sign, "")
            waiting += [(w, under, "└ " if w is inputs[-1] else "├ ") for w in reversed(inputs)]


def _labels(wire: Wire) -> Line:
    return [(wire.value, "value"), (wire.gradient, "gradient")]
