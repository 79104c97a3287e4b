"""A gate alone: the graph with one node beside its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcalc.errors import Span
from gradcalc.gates import VARIABLE, Gate
from gradcalc.graph import Graph


def alone(gate: Gate, names: list[str], static: Mapping[str, Any] | None = None) -> Graph:
    """Return the graph of a gate applied to variables of these names."""
    graph = Graph(gate.name, lambda _: Span(0, len(gate.name)))
    graph.variables = {name: graph.add(VARIABLE) for name in names}
    graph.output = graph.add(gate, tuple(graph.variables.values()), static=dict(static or {}))
    return graph
