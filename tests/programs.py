"""Random programs from the registry, and helpers that tests share."""

from __future__ import annotations

import random

from gradcalc.gates import GATES, Gate
from gradcalc.graph import Graph
from gradcalc.language import parse


def call(gate: Gate, arguments: list[str]) -> str:
    """Write a gate applied to arguments, each in brackets where it needs them."""
    if gate.infix and len(arguments) == 2:
        return f"({arguments[0]}) {gate.infix} ({arguments[1]})"
    if gate.prefix:
        return f"{gate.prefix} ({arguments[0]})"
    return f"{gate.name}({', '.join(arguments)})"


def count(gate: Gate) -> int:
    """Return how many inputs a test gives to a gate: three to a variadic one, all to the others."""
    return 3 if gate.variadic else len(gate.parameters)


def ranges(gate: Gate) -> list[tuple[float, float]]:
    """Return the probe's range for each of `count` inputs."""
    return [gate.probe[k % len(gate.probe)] for k in range(count(gate))]


def inner_point(gate: Gate, seed: int) -> dict[str, float]:
    """Return a point x0, x1, … inside the gate's probe, away from the places where it is flat or kinked."""
    rng = random.Random(seed)
    for _ in range(1000):
        point = {f"x{k}": _inside(low, high, rng) for k, (low, high) in enumerate(ranges(gate))}
        if not gate.kink_at(tuple(point.values())):
            return point
    raise AssertionError(f"no smooth point in the probe of {gate.name}")


def _inside(low: float, high: float, rng: random.Random) -> float:
    low, high = max(low, -3.0), min(high, 3.0)
    if low > high:
        low, high = high, low
    return low + (high - low) * rng.uniform(0.05, 0.95)


def single(gate: Gate) -> Graph:
    """Return the graph of `3*gate(x0, x1, …)`."""
    names = [f"x{k}" for k in range(count(gate))]
    return parse(f"3*({call(gate, names)})", names)


ELEMENTWISE = [gate for gate in GATES.values() if gate.elementwise]

DIFFERENTIABLE = [gate for gate in ELEMENTWISE if any(rule is not None for rule in gate.partials)]
