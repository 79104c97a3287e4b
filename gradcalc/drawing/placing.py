"""Places for a circuit, by the layout library that is installed, else by our own layering."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from gradcalc.drawing.geometry import Edge, Placement, Rect, Size, Spacing
from gradcalc.drawing.layers import layered

SPACING = Spacing(between=14.0, beside=10.0, track=8.0)
"""In the units of a picture, about the height of a letter."""


def place(sizes: Sequence[Size], edges: Sequence[Edge]) -> Placement:
    """Return where boxes stand and lines run: graphlay's layout where it is installed, else our own."""
    try:
        library = import_module("graphlay")
    except ImportError:
        return layered(sizes, edges, SPACING)
    return by_library(library, sizes, edges)


def by_library(library: Any, sizes: Sequence[Size], edges: Sequence[Edge]) -> Placement:
    """Return graphlay's layout, moved so that it begins at (0, 0)."""
    graph = library.Graph()
    for size in sizes:
        graph.node(width=size.width, height=size.height)
    for a, b in edges:
        graph.edge(a, b)
    found = library.layout(graph, options=OPTIONS)
    least = found.bounds["min"]
    dx, dy = least["x"], least["y"]
    centers = [node["center"] for node in found.nodes]
    boxes = [
        Rect(center["x"] - size.width / 2 - dx, center["y"] - size.height / 2 - dy, *size)
        for center, size in zip(centers, sizes, strict=True)
    ]
    lines = [[(p["x"] - dx, p["y"] - dy) for p in edge["points"]] for edge in found.edges]
    return Placement(boxes, lines)


OPTIONS = {
    "direction": "leftright",
    "spacing": {"layer_gap": 24.0, "node_gap": 14.0, "dummy_gap": 14.0},
    "routing": {"style": "orthogonal"},
}
"""Left to right, with lines that have corners."""
