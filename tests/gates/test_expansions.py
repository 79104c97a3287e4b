"""Composite gates: the same thing written in the language from simpler gates has the same value."""

from __future__ import annotations

import pytest
from mpmath import mp, mpf

from gradcalc.gates import GATES
from gradcalc.language import parse
from gradcalc.systems import precise

from .truth import ELEMENTWISE, name, points

COMPOSITE = [gate for gate in ELEMENTWISE if gate.expansion]
DIGITS = 800  # tanh(350) written in exponentials needs half of them


def evaluate(graph, given):
    """Return the program's value from the definitions of its gates alone."""
    values = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if inputs:
            values.append(gate.definition(precise, *[values[i] for i in inputs]))
        elif node in graph.constants:
            values.append(mpf(graph.constants[node]))
        else:
            values.append(next(given[text] for text, variable in graph.variables.items() if variable == node))
    return values[graph.output]


@pytest.mark.parametrize("gate", COMPOSITE, ids=name)
def test_expansion_is_the_definition(gate):
    graph = parse(gate.expansion)
    assert set(graph.variables) == set(gate.parameters)
    assert gate not in graph.gates
    for point in points(gate, len(gate.probe), 20):
        with mp.workdps(DIGITS):
            inputs = list(map(mpf, point))
            truth = gate.definition(precise, *inputs)
            got = evaluate(graph, dict(zip(gate.parameters, inputs, strict=True)))
            # The program's pi is a float.
            assert abs(got - truth) <= abs(truth) * mpf(10) ** -15


@pytest.mark.parametrize("gate", ["sigmoid", "relu", "softplus", "silu", "tanh", "elu", "gelu", "hypot"])
def test_composite_gates_have_one(gate):
    assert GATES[gate] in COMPOSITE
