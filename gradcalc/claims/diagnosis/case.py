"""What a diagnosis is about, and what a mistake would make of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from gradcalc.claims.diagnosis.altered import SIMPLE, Backward, Inputs, Wire
from gradcalc.gates import Gate
from gradcalc.graph import Graph, Value

SHOWN = 20
"""Characters of a node's text in a sentence."""


class Guess(NamedTuple):
    """What the gradients would be with a mistake; those that it does not have stay right."""

    text: str
    gradients: Mapping[str, Value]
    rank: int = SIMPLE


class Case(NamedTuple):
    """A result with wrong claims.

    upstream  the output's own gradient
    right     the gradient of each variable, and of each name that something is claimed of
    claimed   what is claimed of each name
    failed    the names whose claims are wrong, those among them that are right at this point in `right_here`
    back      the backward pass, to be run again with a slip; None where that would take too long
    places    the wires along which gradient goes to a wrong claim
    """

    graph: Graph
    values: Sequence[Value]
    upstream: Value
    right: Mapping[str, Value]
    claimed: Mapping[str, Value]
    failed: Sequence[str]
    back: Backward | None = None
    places: Sequence[Wire] = ()
    right_here: Collection[str] = ()

    def gate(self, node: int) -> Gate:
        """Return a node's gate."""
        return self.graph.gates[node]

    def given(self, node: int) -> Inputs:
        """Return the values of a node's inputs."""
        return tuple([self.values[i] for i in self.graph.inputs[node]])

    def said(self, node: int) -> str:
        """Return what a node is called in a sentence: its name, or its text."""
        return self.graph.names().get(node) or self.graph.expr(node, SHOWN)

    def times(self, factor: float) -> dict[str, Value]:
        """Return the gradients of which something wrong is claimed, times a factor."""
        return {name: self.right[name] * factor for name in self.failed}

    def by_node(self) -> dict[int, list[Wire]]:
        """Return the consumers at the places, with all the wires along which they send gradient to claims."""
        assert self.back is not None
        found: dict[int, list[Wire]] = {node: [] for node, _ in self.places}
        for wire in sorted(wire for leaving in self.back.wires for wire in leaving):
            if wire[0] in found:
                found[wire[0]].append(wire)
        return found

    def nodes_of(self, names: Collection[str]) -> list[int]:
        """Return the nodes of some gates, whether gradient goes through them or not."""
        return [node for node, gate in enumerate(self.graph.gates) if gate.name in names]
