"""Graphs as compact text, for tables of what a program becomes."""

from collections.abc import Mapping
from typing import Any

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.graph import Graph, violations


def compact(graph: Graph) -> str:
    """Return the nodes in order: `x y add(0,1)`, an arrow and the output where it is not the last node.

    Options stand in braces behind a gate, an index in brackets: `x sum(0){axis=1} index(1)[:,-1]`.
    """
    assert list(violations(graph)) == []
    names = {node: name for name, node in graph.variables.items()}
    words = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if gate is VARIABLE:
            words.append(names[node])
        elif gate is CONSTANT:
            words.append(number(graph.constants[node]))
        else:
            words.append(f"{gate.name}({','.join(map(str, inputs))}){options(graph.static.get(node, {}))}")
    return " ".join(words) + ("" if graph.output == len(graph) - 1 else f" -> {graph.output}")


def number(value: Any) -> str:
    if hasattr(value, "tolist"):
        assert value.dtype == "float64"
        return str(value.tolist()).replace(" ", "").replace(".0", "")
    assert type(value) is float
    return f"{value:.15g}"


def options(static: Mapping[str, Any]) -> str:
    if set(static) == {"key"}:
        return f"[{','.join(map(entry, static['key']))}]"
    return (
        f"{{{','.join(f'{name}={value}' for name, value in static.items())}}}".replace(" ", "")
        if static
        else ""
    )


def entry(key: Any) -> str:
    if isinstance(key, slice):
        bounds = [key.start, key.stop, *([key.step] if key.step is not None else [])]
        return ":".join("" if bound is None else str(bound) for bound in bounds)
    if isinstance(key, tuple):
        return f"[{','.join(map(entry, key))}]"
    return "..." if key is Ellipsis else str(key)
