"""The one list of columns: what each is called, how it is aligned, and how a node fills it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from gradcalc.gates.record import shape_of
from gradcalc.report.values import brief, compact, short, sizes
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
    cell: Callable[[Node], Any]


COLUMNS = (
    Column("id", "#", "right", lambda node: node.id),
    Column("name", "name", "left", lambda node: node.name),
    Column("expr", "expression", "left", lambda node: legible(node.expr)),
    Column("gate", "gate", "left", lambda node: node.gate.name),
    Column("inputs", "inputs", "left", lambda node: " ".join(map(str, node.inputs))),
    Column("shape", "shape", "left", lambda node: sizes(node.shape)),
    Column("value", "value", "right", lambda node: node.value),
    Column("gradient", "gradient", "right", lambda node: node.gradient),
    Column("flow", "flow", "left", lambda node: node.gate.flow),
    Column("verdict", "verdict", "left", lambda node: node.verdict),
)
"""`inputs` are ids with a space between; `shape` is `2x3` for an array, empty for a single number."""

NAMES = tuple(column.name for column in COLUMNS)


def exact(node: Node) -> list[str]:
    """Return a node's cells for machines: floats that round-trip, arrays as JSON, nothing for nothing."""
    cells = [column.cell(node) for column in COLUMNS]
    return ["" if cell is None else compact(cell) if shape_of(cell) else str(cell) for cell in cells]


def printed_columns(nodes: Sequence[Node]) -> list[Column]:
    """Return the columns of a table in a document; shapes have one where there are arrays."""
    left_out = {"name"} if any(node.shape for node in nodes) else {"name", "shape"}
    return [column for column in COLUMNS if column.name not in left_out]


def printed(node: Node, columns: Sequence[Column]) -> list[str]:
    """Return a node's cells for a document: short numbers, and the name before its expression."""
    texts = []
    for column in columns:
        cell = column.cell(node)
        is_value = isinstance(cell, float) or shape_of(cell)
        text = brief(cell, short) if is_value else "" if cell is None else str(cell)
        texts.append(title(node) if column.name == "expr" else text)
    return texts


def title(node: Node) -> str:
    """Return what a node is called: its name, its expression, or both: `q = x + y`."""
    expr = legible(node.expr)
    return expr if node.name in (None, node.expr) else f"{node.name} = {expr}"
