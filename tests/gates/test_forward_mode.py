"""Every gate in forward mode, and forward over reverse, without a word about any of them here."""

from dataclasses import replace

import numpy as np
import pytest

from gradcalc.derivatives import modes
from gradcalc.derivatives.matrices import Block, Derivatives
from gradcalc.derivatives.proof import proved
from gradcalc.forward import array_forward
from gradcalc.gates import CONSTANT, GATES, VARIABLE
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph
from gradcalc.systems import array

WIDE = 3.0
"""Elementwise gates are sampled up to here, where their probe allows it."""


def cases():
    for gate in GATES.values():
        if gate.elementwise:
            yield pytest.param(gate, {}, elementwise_point(gate), id=gate.name)
        else:
            for number, sample in enumerate(gate.samples):
                yield pytest.param(gate, sample.static, sampled(gate, sample), id=f"{gate.name}-{number}")


def elementwise_point(gate):
    random, ranges = np.random.default_rng(1), gate.probe[:2] if gate.variadic else gate.probe
    return [random.uniform(*inside(low, high), size=3) for low, high in ranges]


def inside(low, high):
    narrow = max(low, -WIDE), min(high, WIDE)
    return narrow if narrow[0] < narrow[1] else (low, high)


def sampled(gate, sample):
    """Return a point of a sample where the gate has a finite value."""
    random = np.random.default_rng(1)
    while True:
        point = [
            np.array(sample.fixed[k], float)
            if k in sample.fixed
            else np.asarray(random.uniform(sample.low, sample.high, shape))
            for k, shape in enumerate(sample.shapes)
        ]
        with array.quiet():
            if np.all(np.isfinite(gate.value(array, *point, **sample.static))):
                return point


CASES = list(cases())


def applied(gate, static, count):
    """Return the graph of a gate applied to variables x0, x1, ..."""
    graph = Graph("x")
    for k in range(count):
        graph.variables[f"x{k}"] = graph.add(VARIABLE)
    graph.output = graph.add(gate, tuple(range(count)), static=dict(static))
    return graph


def weighted(graph, weights):
    """Append the sum of the output times weights."""
    node = graph.add(CONSTANT)
    graph.constants[node] = weights
    graph.output = graph.add(GATES["sum"], (graph.add(GATES["mul"], (graph.output, node)),))
    return graph


def drawn(random, x):
    return random.normal(size=np.shape(x)) if np.shape(x) else float(random.normal())


@pytest.mark.parametrize(("gate", "static", "point"), CASES)
def test_forward_mode_is_the_transpose_of_reverse_mode(gate, static, point):
    """<w, J v> = <J'w, v>: the tangent of the forward pass and the gradients of the backward pass."""
    random = np.random.default_rng(2)
    graph = applied(gate, static, len(point))
    values = array_forward(graph, dict(zip(graph.variables, point, strict=True)))
    v = {node: drawn(random, values[node]) for node in graph.variables.values()}
    w = drawn(random, values[graph.output])
    moved = modes.jvp(graph, values, v)[graph.output]
    back = modes.vjp(graph, values, list(graph.variables), w)
    terms = [back[name] * v[node] for name, node in graph.variables.items()]
    assert np.sum(w * (0.0 if moved is None else moved)) == pytest.approx(
        sum(map(np.sum, terms)), rel=1e-12, abs=1e-12 * max(np.sum(np.abs(t)) for t in terms)
    )


@pytest.mark.parametrize(("gate", "static", "point"), CASES)
def test_the_hessian_times_a_vector_is_what_the_definition_says(gate, static, point):
    """Each gate's rule, run on dual numbers, against second differences of its definition."""
    random = np.random.default_rng(3)
    graph = applied(gate, static, len(point))
    given = dict(zip(graph.variables, point, strict=True))
    weights = drawn(random, array_forward(graph, given)[graph.output])
    values = array_forward(weighted(graph, weights), given)
    names = list(graph.variables)
    v = {node: drawn(random, values[node]) for node in graph.variables.values()}
    found = modes.hvp(graph, values, names, v)
    blocks = {(name,): Block((), shape_of(x), "dense", x) for name, x in found.items()}
    gradients = modes.vjp(graph, values, names, 1.0).values()
    scale = max((np.max(np.abs(x)) for x in [*found.values(), *gradients] if np.size(x)), default=1.0)
    result = Derivatives("hvp", graph, values, names, blocks, "forward over reverse", 1)
    check = proved(result, 1e-9, 1e-12 * scale, seeds=v).check
    assert check.verdict == "pass", check.gradients


@pytest.mark.parametrize("name", ["mul", "exp", "tanh", "softmax"])
def test_a_wrong_rule_is_found_by_the_hessian_of_it(name):
    """The proof of a Hessian is no formality: of a rule that is off by a tenth it says so."""
    gate = GATES[name]
    rules = tuple(rule and off(rule) for rule in gate.rules)
    wrong = replace(gate, partials=rules if gate.partials else (), pullbacks=rules if gate.pullbacks else ())
    point = elementwise_point(gate) if gate.elementwise else sampled(gate, gate.samples[0])
    graph = weighted(applied(wrong, {}, len(point)), np.arange(3.0))
    values = array_forward(graph, dict(zip(graph.variables, point, strict=True)))
    names, random = list(graph.variables), np.random.default_rng(3)
    v = {node: drawn(random, values[node]) for node in graph.variables.values()}
    blocks = {(n,): Block((), shape_of(x), "dense", x) for n, x in modes.hvp(graph, values, names, v).items()}
    result = Derivatives("hvp", graph, values, names, blocks, "forward over reverse", 1)
    assert proved(result, 1e-9, 0.0, seeds=v).check.verdict == "fail"


def off(rule):
    """Return a rule that gives a tenth more, with the parameters of the one it is made from."""
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    scope = {"rule": rule}
    exec(f"wrong = lambda {', '.join(names)}: rule({', '.join(names)}) * 1.1", scope)
    return scope["wrong"]
