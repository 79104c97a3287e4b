"""What is known before a program runs: numbers, and what elementwise gates and lists make of them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from gradcalc.gates import VARIABLE
from gradcalc.gates.shaping import STACK
from gradcalc.graph import Graph
from gradcalc.language.creations import array
from gradcalc.systems import real

UNKNOWN = object()
"""The value of a node that depends on a variable."""


class Folder:
    """Finds the values of a graph's nodes, as far as they are known beforehand.

    `outside(node)` is the value of a leaf that the graph itself does not know, or UNKNOWN.
    """

    def __init__(self, graph: Graph, outside: Callable[[int], Any] | None = None) -> None:
        self.graph = graph
        self.outside = outside
        self.values: dict[int, Any] = {}

    def value(self, node: int) -> Any:
        """Return the value of a node, or UNKNOWN."""
        waiting = [node]  # a list of our own: an expression may be nested deeper than Python's stack is
        while waiting:
            last = waiting[-1]
            unseen = self._unseen(last)
            if unseen:
                waiting += unseen
                continue
            if not self._is_seen(last):
                self.values[last] = self._compute(last)
            waiting.pop()
        return self._found(node)

    def _is_seen(self, node: int) -> bool:
        return node in self.graph.constants or node in self.values

    def _found(self, node: int) -> Any:
        return self.graph.constants[node] if node in self.graph.constants else self.values[node]

    def _unseen(self, node: int) -> list[int]:
        """Return the inputs that must be looked at before the node's value is told."""
        if self._is_seen(node) or any(self.values.get(i) is UNKNOWN for i in self.graph.inputs[node]):
            return []
        return [i for i in self.graph.inputs[node] if not self._is_seen(i)]

    def _compute(self, node: int) -> Any:
        """Return the value of a node whose inputs were looked at, as far as they decide."""
        gate, inputs = self.graph.gates[node], self.graph.inputs[node]
        if gate is VARIABLE:
            if inputs or self.outside is None:  # one with inputs is a call that is to be inlined
                return UNKNOWN
            return self.outside(node)
        if not (gate.elementwise or gate is STACK) or any(self.values.get(i) is UNKNOWN for i in inputs):
            return UNKNOWN
        numbers = [self._found(i) for i in inputs]
        if not {float, bool}.issuperset(map(type, numbers)):
            return UNKNOWN
        if gate is STACK:
            return array(numbers) if all(map(isfinite, numbers)) else UNKNOWN
        try:
            value = float(gate.value(real, *numbers))
        except (ArithmeticError, ValueError):
            return UNKNOWN  # the forward pass says what is wrong
        return value if value == value else UNKNOWN
