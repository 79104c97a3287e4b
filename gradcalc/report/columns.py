"""The one list of columns: what each is called, how it is aligned, and how a node fills it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from gradcalc.result import Node

CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), "�")


def legible(text: str) -> str:
    """Return text without the control characters that a comment may hold, and a terminal would obey."""
    return text if text.isprintable() else text.translate(CONTROL)


class Column(NamedTuple):
    """A column of the node table; `cell` gives its content, None where there is none."""

    name: str
    title: str
    align: Literal["left", "right"]
    cell: Callable[[Node], float | int | str | None]


COLUMNS = (
    Column("id", "#", "right", lambda node: node.id),
    Column("name", "name", "left", lambda node: node.name),
    Column("expr", "expression", "left", lambda node: legible(node.expr)),
    Column("gate", "gate", "left", lambda node: node.gate.name),
    Column("inputs", "inputs", "left", lambda node: " ".join(map(str, node.inputs))),
    Column("shape", "shape", "left", lambda node: "x".join(map(str, node.shape))),
    Column("value", "value", "right", lambda node: node.value),
    Column("gradient", "gradient", "right", lambda node: node.gradient),
    Column("flow", "flow", "left", lambda node: node.gate.flow),
    Column("verdict", "verdict", "left", lambda node: node.verdict),
)
"""`inputs` are ids with a space between; `shape` is `2x3` for an array, empty for a single number."""

NAMES = tuple(column.name for column in COLUMNS)


def exact(node: Node) -> list[str]:
    """Return a node's cells for machines: floats that round-trip, nothing where there is nothing."""
    return ["" if (cell := column.cell(node)) is None else str(cell) for column in COLUMNS]


PRINTED = tuple(column for column in COLUMNS if column.name not in ("name", "shape"))
"""The columns of a table in a document."""


def printed(node: Node) -> list[str]:
    """Return a node's cells for a document: short numbers, and the name before its expression."""
    cells = [column.cell(node) for column in PRINTED]
    texts = ["" if cell is None else short(cell) if isinstance(cell, float) else str(cell) for cell in cells]
    texts[1] = title(node)
    return texts


def title(node: Node) -> str:
    """Return what a node is called: its name, its expression, or both: `q = x + y`."""
    expr = legible(node.expr)
    return expr if node.name in (None, node.expr) else f"{node.name} = {expr}"


def short(x: float, digits: int = 6) -> str:
    """Return a number for people: so many significant digits, no exponent where it is not needed."""
    text = f"{x:.{digits}g}"
    if "e" in text and 1 <= abs(x) < 1e9:
        text = f"{x:.0f}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
