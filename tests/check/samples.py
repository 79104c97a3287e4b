"""Programs with arrays for the tests of the check: each gate with a shape at its own samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc.backward import array_backward
from gradcalc.check import arrays
from gradcalc.errors import Span
from gradcalc.forward import array_forward
from gradcalc.gates import GATES, VARIABLE, Gate
from gradcalc.gates.record import argument_names
from gradcalc.graph import Graph, depends
from gradcalc.language import parse
from gradcalc.result import Check
from gradcalc.systems import array

SHAPED = {name: gate for name, gate in GATES.items() if not gate.elementwise}
SAMPLES = [(gate, number) for gate in SHAPED.values() for number in range(len(gate.samples))]
WIRES = [(gate, k) for gate in SHAPED.values() for k in range(len(gate.pullbacks))]


def name(value: Any) -> str:
    return value.name if isinstance(value, Gate) else str(value)


def drawn(gate: Gate, number: int, seed: int) -> list[Any]:
    """Return inputs for a sample, where the gate is defined and smooth."""
    sample, rng = gate.samples[number], np.random.default_rng([seed, number, *gate.name.encode()])
    while True:
        inputs = [rng.uniform(sample.low, sample.high, shape) for shape in sample.shapes]
        for k, fixed in sample.fixed.items():
            inputs[k] = np.asarray(fixed, float)
        with array.quiet():
            kinked = any(np.any(kink.where(*inputs, **sample.static)) for kink in gate.kinks)
            if not kinked and all(domain.holds(*inputs, **sample.static) for domain in gate.domain):
                return inputs


class Case:
    """A graph at a point, with the upstream gradient of its output."""

    def __init__(self, graph: Graph, point: dict[str, Any], seed: int = 0) -> None:
        self.graph, self.point = graph, point
        self.values = array_forward(graph, point)
        rng, shape = np.random.default_rng(seed), np.shape(self.values[graph.output])
        self.upstream = rng.uniform(1, 2, shape) * rng.choice([-1.0, 1.0], shape)

    def gradients(self) -> list[Any]:
        carries = depends(self.graph, self.graph.variables.values())
        upstream = array.plain(self.upstream, np.shape(self.upstream))
        return array_backward(self.graph, self.values, carries, upstream)

    def check(self, gradients: list[Any] | None = None) -> Check:
        found = self.gradients() if gradients is None else gradients
        names = list(self.graph.variables)
        return arrays.prove(self.graph, self.values, found, names, upstream=self.upstream).check


def single(gate: Gate, number: int, seed: int = 0) -> Case:
    """Return the gate alone, at one of its samples."""
    graph, inputs = Graph("gate", lambda token: Span(0, 4)), drawn(gate, number, seed)
    nodes = tuple(graph.add(VARIABLE) for _ in inputs)
    graph.variables = {f"x{k}": node for k, node in enumerate(nodes)}
    graph.output = graph.add(gate, nodes, static=dict(gate.samples[number].static))
    return Case(graph, {f"x{k}": x for k, x in enumerate(inputs)}, seed)


def program(text: str, **point: Any) -> Case:
    """Return a program in the language whose output is a number, with the upstream gradient 1."""
    given = {name: np.asarray(x, float) for name, x in point.items()}
    case = Case(parse(text, given), given)
    case.upstream = np.ones(np.shape(case.values[case.graph.output]))
    return case


def mutated(gate: Gate, k: int, change: Callable[[Any], Any]) -> Gate:
    """Return the gate with what one pullback returns changed; where there is none, a gradient made up."""
    rule = gate.pullbacks[k]
    if rule is None:
        rule = lambda m, g, shape: m.zeros(shape)
    names = ", ".join(argument_names(rule))
    scope: dict[str, Any] = {"rule": rule, "change": change, "array": array}
    text = f"def mutant({names}):\n    part = rule({names})\n"
    exec(f"{text}    return None if part is None else change(array.asarray(part))", scope)
    pullbacks = tuple(scope["mutant"] if i == k else p for i, p in enumerate(gate.pullbacks))
    return replace(gate, pullbacks=pullbacks)


def planted(case: Case, gate: Gate, mutant: Gate) -> Case:
    """Return the case with a mutant in place of a gate."""
    case.graph.gates = [mutant if g is gate else g for g in case.graph.gates]
    return case
