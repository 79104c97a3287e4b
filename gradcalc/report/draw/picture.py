"""A circuit with places: its boxes, and the labels of its wires, which are boxes that a wire runs through.

So no label can lie on a gate, on another label or on a wire of another: the layout keeps boxes apart,
and lines around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gradcalc.report.draw.circuit import Box, Circuit, Wire
from gradcalc.report.draw.geometry import Edge, Placement, Point, Rect, Size

Item = Box | Wire
"""What has a place: a box, or the label of a wire."""

Measure = Callable[[Item], Size]
Place = Callable[[Sequence[Size], Sequence[Edge]], Placement]


class Picture(NamedTuple):
    """What is drawn where.

    items  boxes and labels, in the order of the computation
    rects  the place of each
    lines  the corners of each piece of wire: from a box to its label, from there to the next box
    ends   the two items of each piece
    """

    items: Sequence[Item]
    rects: Sequence[Rect]
    lines: Sequence[Sequence[Point]]
    ends: Sequence[Edge]

    @property
    def size(self) -> Size:
        """What the whole picture takes."""
        return Placement(self.rects, self.lines).size


def picture(circuit: Circuit, measure: Measure, place: Place) -> Picture:
    """Return a circuit with places, given what each item takes and who places them."""
    arriving: dict[int | None, list[Wire]] = {}
    for wire in circuit.wires:
        arriving.setdefault(wire.to, []).append(wire)
    items: list[Item] = []
    number: dict[int, int] = {}
    ends: list[Edge] = []
    for k, box in enumerate(circuit.boxes):
        labels = arriving.get(k, [])
        ends += [(number[wire.source], len(items) + j) for j, wire in enumerate(labels)]
        ends += [(len(items) + j, len(items) + len(labels)) for j in range(len(labels))]
        number[k] = len(items) + len(labels)
        items += [*labels, box]
    for wire in arriving.get(None, []):
        ends.append((number[wire.source], len(items)))
        items.append(wire)
    placed = place([measure(item) for item in items], ends)
    return Picture(items, placed.boxes, placed.lines, ends)
