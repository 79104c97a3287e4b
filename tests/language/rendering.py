"""Graphs as compact text, for tables of what a program becomes."""

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.graph import Graph, violations


def compact(graph: Graph) -> str:
    """Return the nodes in order: `x y add(0,1)`, an arrow and the output where it is not the last node."""
    assert list(violations(graph)) == []
    names = {node: name for name, node in graph.variables.items()}
    words = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if gate is VARIABLE:
            words.append(names[node])
        elif gate is CONSTANT:
            words.append(f"{graph.constants[node]:.15g}")
        else:
            words.append(f"{gate.name}({','.join(map(str, inputs))})")
    return " ".join(words) + ("" if graph.output == len(graph) - 1 else f" -> {graph.output}")
