"""Gate by gate: SymPy's slope of each gate, chained over the graph in high precision.

Linear in the graph, so that shared subexpressions never blow up, and a reference for *every* node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mpmath import mp, mpf

from gradcalc.check.precise import MOST_DIGITS, digits_for, evaluate, exact, working
from gradcalc.check.slopes import local, slopes
from gradcalc.graph import Graph

AGREE = 20
"""Digits in which the references of two precisions must agree."""

TOGETHER = mpf(10) ** -AGREE

DIGITS_FOR_ZERO = 400
"""Digits from which a zero is believed: fewer would miss what a double can still hold (1e-308)."""


SMALLEST_EXPONENT = -1075
"""Binary exponent below which a number rounds to the double zero."""


class Reference(NamedTuple):
    """Values and gradients of every node in high precision; `settled` says which of them hold."""

    digits: int
    values: list[Any]
    gradients: list[Any]
    settled: list[bool]


def reference(graph: Graph, floats: Sequence[float], carries: Sequence[bool], digits: int = 0) -> Reference:
    """Return the reference, computed with more and more digits until it settles for every node."""
    digits = digits or digits_for(graph, floats)
    rough = _at(graph, floats, carries, digits)
    while True:
        digits *= 2
        fine = _at(graph, floats, carries, digits)
        settled = [
            (_agree(v, w, digits) or certain_zero(graph, fine[0], node)) and _agree(g, h, digits)
            for node, (v, g, w, h) in enumerate(zip(*rough, *fine, strict=True))
        ]
        if all(settled) or digits * 2 > MOST_DIGITS:
            values, gradients = fine
            return Reference(digits, values, [_believed(g) for g in gradients], settled)
        rough = fine


def _believed(gradient: Any) -> Any:
    """Return the gradient, zero where none flows or what is left is the rounding of a zero."""
    return mpf(0) if gradient is None or mp.mag(gradient) < SMALLEST_EXPONENT else gradient


def _at(
    graph: Graph, floats: Sequence[float], carries: Sequence[bool], digits: int
) -> tuple[list[Any], list[Any]]:
    with working(digits):
        values = evaluate(graph, floats, exact(floats, graph))
        return values, chain(graph, values, carries)


def chain(graph: Graph, values: Sequence[Any], carries: Sequence[bool]) -> list[Any]:
    """Return d output / d node for every node at the working precision, None where no gradient flows."""
    gradients: list[Any] = [None] * len(graph)
    gradients[graph.output] = mpf(1)
    flow_back(graph, range(graph.output + 1), values, carries, gradients)
    return gradients


def flow_back(graph: Graph, nodes: range, values: Any, carries: Sequence[bool], gradients: Any) -> None:
    """Carry the gradients that some of the nodes have back through them, into their inputs'."""
    for node in reversed(nodes):
        upstream, inputs = gradients[node], graph.inputs[node]
        if upstream is None or not inputs:
            continue
        gate, given = graph.gates[node], [values[i] for i in inputs]
        for k, slope in enumerate(slopes(gate, len(inputs))):
            i = inputs[k]
            if carries[i] and slope != 0:
                part = upstream if slope == 1 else upstream * local(gate, k, given)
                if part or upstream == 0 or gate.flow != "router":
                    gradients[i] = part if gradients[i] is None else gradients[i] + part


def _agree(rough: Any, fine: Any, digits: int) -> bool:
    """Whether two results agree to 20 digits, or are both too small for a double after many digits.

    None is a zero that no precision changes: no gradient flows there.
    """
    if rough is None or fine is None:
        return not rough and not fine
    if rough == fine and fine:
        return True
    if rough and fine and abs(rough - fine) <= TOGETHER * abs(fine):
        return True
    if not (mp.isfinite(rough) and mp.isfinite(fine)):
        return bool(mp.isnan(rough) and mp.isnan(fine)) or bool(rough == fine)
    if max(mp.mag(rough), mp.mag(fine)) < SMALLEST_EXPONENT:
        return digits >= DIGITS_FOR_ZERO
    return bool(abs(rough - fine) <= TOGETHER * abs(fine))


def certain_zero(graph: Graph, values: Sequence[Any], node: int) -> bool:
    """Whether a zero is exact, whatever the precision.

    So it is where it was given, picked by a router, computed from given numbers alone (the
    precision covers all of their digits), or is a product with a given zero.
    """
    if values[node] != 0:
        return False
    gate, inputs = graph.gates[node], graph.inputs[node]
    if gate.flow == "switcher" and any(values[i] == 0 and not graph.inputs[i] for i in inputs):
        return True
    return gate.flow in (None, "router") or not any(graph.inputs[i] for i in inputs)
