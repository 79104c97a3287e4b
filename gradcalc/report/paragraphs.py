"""The table of arrays on a terminal too narrow for columns: a paragraph a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcalc.errors import printable
from gradcalc.graph import Value
from gradcalc.report import wording as say
from gradcalc.report.below import broken
from gradcalc.report.columns import title
from gradcalc.report.grid import GAP, Line, fold, folded, width
from gradcalc.report.values import brief, is_small, short, sizes
from gradcalc.result import Node, Result

DIGITS = 6
LABEL = len("arrives as")
NARROWEST = 30
"""Columns that a paragraph takes at least."""

FEW = 20
"""So many wires of a node are listed."""


def paragraphs(result: Result, shown: Sequence[Node], columns: int, signs: say.Signs) -> Iterator[Line]:
    """Yield a legend, then each node: what it is, its value, how its gradient arrives, its gradient."""
    columns = max(columns, NARROWEST)
    names, pad = result.graph.names(), len(f"#{shown[-1].id} ")
    legend = f"arrives as: upstream {signs.times} local, or by a rule in which g is upstream"
    legend = legend if say.upstream_letter(names) == "g" else legend.partition(" in which")[0]
    yield from ([(line, "dim")] for line in folded(legend, columns, 2, signs.dots))
    yield [(signs.rule * columns, "dim")]
    for node in shown:
        yield from _heading(node, pad, columns, signs)
        for label, lines in _fields(result, names, node, columns - pad - LABEL - GAP, signs):
            for number, line in enumerate(lines):
                yield [(" " * pad + (label if number == 0 else "").ljust(LABEL), "dim"), *line]


def _heading(node: Node, pad: int, columns: int, signs: say.Signs) -> Iterator[Line]:
    """Yield what a node is: its text, then gate, inputs, shape and flow, below it where that is too long."""
    inputs = " ".join(f"#{i}" for i in node.inputs)
    shape = f"shape {sizes(node.shape)}" if node.shape else ""
    about = "  ".join(filter(None, (f"{node.gate.name} {inputs}".strip(), shape, node.gate.flow)))
    text = title(node)
    lines = fold(text if text.isprintable() else printable(text), columns - pad, 2, signs.dots)
    start = f"#{node.id} ".ljust(pad)
    if len(lines) == 1 and width(start + lines[0]) + GAP + len(about) <= columns:
        yield [(start + lines[0], "head"), (about, "dim")]
        return
    for number, line in enumerate(lines):
        yield [((start if number == 0 else " " * pad) + line, "head")]
    yield from ([(" " * pad + line, "dim")] for line in folded(about, columns - pad, 2, signs.dots))


def _fields(
    result: Result, names: Mapping[int, str], node: Node, columns: int, signs: say.Signs
) -> Iterator[tuple[str, list[Line]]]:
    """Yield the label and the lines of each thing there is to say of a node."""
    value = ["not computed"] if node.value is None else _lines(node.value, columns, signs)
    yield "value", _styled(value, "value")
    wires = _wires(say.arrivals(result, names, node, signs, DIGITS), columns, signs)
    if wires:
        yield "arrives as", _styled(wires, "")
    if node.gradient is not None:
        lines = _styled(_lines(node.gradient, columns, signs), "gradient")
        if node.verdict is not None:
            verdict = say.node_verdict(node, signs), say.STYLES.get(node.verdict, "")
            fits = width(lines[-1][0][0]) + GAP + width(verdict[0]) <= columns
            lines = [*lines[:-1], [*lines[-1], verdict]] if fits else [*lines, [verdict]]
        yield "gradient", lines


def _styled(texts: Sequence[str], style: str) -> list[Line]:
    return [[(text, style)] for text in texts]


def _wires(parts: Sequence[say.Arrival], columns: int, signs: say.Signs) -> list[str]:
    wires = [" ".join(part) for part in parts[:FEW]]
    if len(parts) > FEW:
        wires.append(f"{len(parts) - FEW:,} more wires")
    joined = [f"+ {wire}" if number else wire for number, wire in enumerate(wires)]
    return [line for wire in joined for line in folded(wire, columns, 2, signs.dots)]


def _lines(x: Value, columns: int, signs: say.Signs) -> list[str]:
    text = brief(x, lambda number: short(number, DIGITS))
    if width(text) <= columns or not is_small(x):
        return folded(text, columns, 0, signs.dots)
    return broken(text, columns, signs.dots)
