"""Values in high precision, from the gates' definitions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, isnan, log10
from typing import Any

from mpmath import mp, mpf

from gradcalc.gates import Gate
from gradcalc.graph import Graph
from gradcalc.kinks import ancestors
from gradcalc.systems import precise

DIGITS = 50
"""Fewest digits to compute with."""

MOST_DIGITS_TO_START = 800

MOST_DIGITS = 1600
"""Most digits to compute with; what has not settled by then is undecided."""


def exact(floats: Sequence[float], graph: Graph) -> dict[int, Any]:
    """Return the leaves of a graph as exact numbers: constants are the floats that the program used."""
    return {node: mpf(floats[node]) for node in (*graph.constants, *graph.variables.values())}


def evaluate(graph: Graph, floats: Sequence[float], given: Mapping[int, Any]) -> list[Any]:
    """Return the value of each node at the working precision.

    `given` holds the nodes whose value is known, the leaves among them. What is nan in floats stays
    nan, and so does what the output does not depend on; what overflowed or underflowed is computed.
    """
    values: list[Any] = []
    feeds = ancestors(graph, [graph.output])
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if node in given:
            values.append(given[node])
        elif isnan(floats[node]) or not feeds[node]:
            values.append(precise.nan)
        else:
            values.append(apply(gate, [values[i] for i in inputs]))
    return values


def apply(gate: Gate, inputs: Sequence[Any]) -> Any:
    """Return the gate's definition at high-precision inputs, nan where it has no real value."""
    try:
        return precise.on_reals(gate.definition(precise, *inputs))
    except (ZeroDivisionError, ValueError, OverflowError):
        return precise.nan


def enough_digits(floats: Sequence[float]) -> int:
    """Return the digits to start with: the smallest number must count beside the largest, and beside 1."""
    sizes = {abs(x) for x in floats if x and isfinite(x)} | {1.0}
    return DIGITS + round(log10(max(sizes)) - log10(min(sizes)))


def digits_for(graph: Graph, floats: Sequence[float]) -> int:
    """Return the digits to start with on a graph, those for what left the range of floats included."""
    digits = enough_digits(floats)
    left_range = (not isfinite(x) or x == 0 for x, inputs in zip(floats, graph.inputs, strict=True) if inputs)
    if not any(left_range):
        return digits
    with working(digits):
        values = evaluate(graph, floats, exact(floats, graph))
    sizes = {mp.mag(x) for x in values if x and mp.isfinite(x)} | {1}
    # exp(exp(9000)) has more bits than a float can count.
    bits = min(max(sizes) - min(sizes), 4 * MOST_DIGITS_TO_START)
    return min(MOST_DIGITS_TO_START, DIGITS + round(bits * log10(2)))


def nearest_float(x: Any) -> float:
    """Return the double nearest to x, an infinity beyond the largest."""
    try:
        return float(x)
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")


def float_or_none(x: Any) -> float | None:
    """Return the double nearest to x, None for None."""
    return None if x is None else nearest_float(x)


def working(digits: int) -> Any:
    """Return the context in which mpmath computes with that many digits."""
    return mp.workdps(digits)
