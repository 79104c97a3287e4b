"""Places on a picture: y grows downwards, units are those of whoever gives the sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Point = tuple[float, float]
Edge = tuple[int, int]
"""Two boxes, by their numbers: from left to right."""


class Size(NamedTuple):
    """What a box takes."""

    width: float
    height: float


class Rect(NamedTuple):
    """A box: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The height at which wires enter and leave."""
        return self.y + self.height / 2


class Placement(NamedTuple):
    """Where everything stands: a rectangle a box, a line with corners an edge."""

    boxes: Sequence[Rect]
    lines: Sequence[Sequence[Point]]

    @property
    def size(self) -> Size:
        """What the whole picture takes, from (0, 0)."""
        corners = [(box.right, box.bottom) for box in self.boxes] + [p for line in self.lines for p in line]
        return Size(max((x for x, _ in corners), default=0.0), max((y for _, y in corners), default=0.0))


class Spacing(NamedTuple):
    """What is left free: between boxes above each other, beside a column, and between upright lines."""

    between: float
    beside: float
    track: float
