"""Where the digits of an inaccurate gradient were lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcalc.check.compare import relative_error
from gradcalc.graph import Graph, consumers

ROUNDING = 2.0**-53
"""Relative error of a rounded number: nobody is blamed for that much."""


class Loss(NamedTuple):
    """A node where the error grew most, by what factor, and in which pass."""

    factor: float
    node: int
    forward: bool


def blame(
    graph: Graph, values: Sequence[float], gradients: Sequence[float | None], truth: tuple[Sequence[Any], Sequence[Any]]
) -> Loss:
    """Return the node whose error is largest beside the errors of what it was computed from."""
    true_values, true_gradients = truth
    errors = [relative_error(v, t) for v, t in zip(values, true_values, strict=True)]
    slips = [0.0 if g is None else relative_error(g, t) for g, t in zip(gradients, true_gradients, strict=True)]
    losses = [
        Loss(_growth(errors[node], [errors[i] for i in inputs]), node, forward=True)
        for node, inputs in enumerate(graph.inputs)
        if inputs
    ]
    for node, wires in enumerate(consumers(graph)):
        used = [slips[c] for c, _ in wires] + [errors[i] for c, _ in wires for i in (c, *graph.inputs[c])]
        losses.append(Loss(_growth(slips[node], used), node, forward=False))
    return max(losses)


def _growth(error: float, sources: Sequence[float]) -> float:
    return error / max(ROUNDING, *sources, ROUNDING)


def told(graph: Graph, loss: Loss) -> str:
    """Return the sentence that names the node."""
    place = f"#{loss.node} {graph.expr(loss.node, 40)}"
    if loss.forward:
        return f"digits were lost in the value of {place}"
    return f"digits were lost where the parts of the gradient of {place} are added"
