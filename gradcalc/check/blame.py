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


def blame_value(graph: Graph, values: Sequence[float], truth: Sequence[Any]) -> Loss:
    """Return the node whose value's error is largest beside the errors of its inputs."""
    return max(_value_losses(graph, [relative_error(v, t) for v, t in zip(values, truth, strict=True)]))


def blame(
    graph: Graph,
    values: Sequence[float],
    gradients: Sequence[float | None],
    truth: tuple[Sequence[Any], Sequence[Any]],
) -> Loss:
    """Return the node whose error, in either pass, is largest beside the errors it was computed from."""
    errors = [relative_error(v, t) for v, t in zip(values, truth[0], strict=True)]
    losses = _value_losses(graph, errors)
    wires = consumers(graph)
    slips = [0.0] * len(graph)
    for node in range(len(graph) - 1, -1, -1):
        received, got = [slips[c] for c, _ in wires[node]], gradients[node]
        if got is None:  # written for an element of an array, it hands on what it got
            slips[node] = max(received, default=0.0)
        else:
            slips[node] = relative_error(got, truth[1][node])
            used = received + [errors[i] for c, _ in wires[node] for i in (c, *graph.inputs[c])]
            losses.append(Loss(_growth(slips[node], used), node, forward=False))
    return max(losses)


def _value_losses(graph: Graph, errors: Sequence[float]) -> list[Loss]:
    return [
        Loss(_growth(errors[node], [errors[i] for i in inputs]), node, forward=True)
        for node, inputs in enumerate(graph.inputs)
    ]


def _growth(error: float, sources: Sequence[float]) -> float:
    return error / max([ROUNDING, *sources])


def told(graph: Graph, loss: Loss, number: int, form: str) -> str:
    """Return the sentence that names the node, by the number that people know it by, and a stabler form."""
    place = f"#{number} {graph.expr(loss.node, 40)}"
    if loss.forward:
        return f"digits were lost in the value of {place}" + (f"; {form} keeps them" if form else "")
    return f"digits were lost in what arrives at {place}" + (f"; {form} loses fewer" if form else "")
