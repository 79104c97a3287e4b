"""Every figure of the lecture's scalar examples (CS231n, 2017, lecture 4)."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.pipeline import compute

NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
NEURON_GRADIENTS = {
    "w0": -0.19661193324148185,
    "x0": 0.3932238664829637,
    "w1": -0.3932238664829637,
    "x1": -0.5898357997244456,
    "w2": 0.19661193324148185,
}


def test_1_three_gates() -> None:
    result = compute("q = x + y; q*z", {"x": -2, "y": 5, "z": -4}, wrt=["x", "y", "z", "q"])
    assert result.output.value == -12
    assert result.values[result.graph.named["q"]] == 3
    assert result.gradients == {"x": -4, "y": -4, "z": 3, "q": -4}
    assert result.adjoints[result.output.node] == 1
    assert result.check is not None
    assert result.check.verdict == "pass"


def test_1_the_work_splits_gate_by_gate() -> None:
    assert compute("q*z", {"q": 3, "z": -4}).gradients == {"q": -4, "z": 3}


def test_1_a_gradient_is_an_influence() -> None:
    before = compute("(x + y)*z", {"x": -2, "y": 5, "z": -4}, check=False).output.value
    after = compute("(x + y)*z", {"x": -1.99, "y": 5, "z": -4}, check=False).output.value
    assert after - before == pytest.approx(-0.04)


def test_2_the_sigmoid_neuron_forward_and_backward() -> None:
    result = compute("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", NEURON)
    by_text = {node.expr: node for node in result.nodes if not node.is_leaf}
    forward = {text: round(node.value or 0.0, 2) for text, node in by_text.items()}
    assert forward == {
        "w0*x0": -2.0,
        "w1*x1": 6.0,
        "w0*x0 + w1*x1": 4.0,
        "w0*x0 + w1*x1 + w2": 1.0,
        "-(w0*x0 + w1*x1 + w2)": -1.0,
        "exp(-(w0*x0 + w1*x1 + w2))": 0.37,
        "1 + exp(-(w0*x0 + w1*x1 + w2))": 1.37,
        "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))": 0.73,
    }
    backward = [round(node.gradient or 0.0, 2) for node in reversed(by_text.values())]
    assert backward == [1.0, -0.53, -0.53, -0.2, 0.2, 0.2, 0.2, 0.2]
    assert result.output.value == pytest.approx(0.7310585786300049, rel=1e-14)
    assert result.gradients == pytest.approx(NEURON_GRADIENTS, rel=1e-14)
    rounded = {name: round(g, 2) for name, g in result.gradients.items()}
    assert rounded == {"w0": -0.2, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.2}


def test_2_upstream_and_local_are_not_mixed_up() -> None:
    nodes = {n.name: n for n in compute("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", NEURON).nodes if n.name}
    (w0,), (x0,) = nodes["w0"].parts, nodes["x0"].parts
    assert (round(w0.upstream, 2), w0.local, round(w0.gradient, 2)) == (0.2, -1.0, -0.2)
    assert (round(x0.upstream, 2), x0.local, round(x0.gradient, 2)) == (0.2, 2.0, 0.39)


def test_3_the_same_neuron_as_one_gate() -> None:
    result = compute("sigmoid(w0*x0 + w1*x1 + w2)", NEURON)
    assert result.gradients == pytest.approx(NEURON_GRADIENTS, rel=1e-14)
    (gate,) = [node for node in result.nodes if node.gate.name == "sigmoid"]
    assert gate.local == (pytest.approx(0.73 * 0.27, abs=5e-3),)


def test_4_patterns_in_the_backward_flow() -> None:
    result = compute("2*(x*y + max(z, w))", {"x": 3, "y": -4, "z": 2, "w": -1})
    assert result.output.value == -20
    assert result.gradients == {"x": -8, "y": 6, "z": 2, "w": 0}
    flows = {node.gate.name: node.gate.flow for node in result.nodes if not node.is_leaf}
    assert flows == {"mul": "switcher", "add": "distributor", "max": "router"}


def test_4_where_a_value_feeds_several_gates_the_gradients_add() -> None:
    (x, *_) = compute("x*x + 3*x", {"x": 5}).nodes
    assert [part.gradient for part in x.parts] == [5, 5, 3]
    assert x.gradient == 13


def test_7_forward_and_backward_are_an_interface() -> None:
    graph = gradcalc.parse("(x + y)*z")
    values = graph.forward({"x": -2.0, "y": 5.0, "z": -4.0})
    assert values == [-2.0, 5.0, 3.0, -4.0, -12.0]
    assert graph.backward(values) == [-4.0, -4.0, -4.0, 3.0, 1.0]
    assert graph.backward(values) == [-4.0, -4.0, -4.0, 3.0, 1.0], "nothing accumulates between runs"


@pytest.mark.parametrize(
    ("program", "x", "value", "slope"),
    [
        ("sigmoid(x)", 0.0, 0.5, 0.25),
        ("tanh(x)", 0.0, 0.0, 1.0),
        ("max(0, x)", 2.0, 2.0, 1.0),
        ("relu(x)", -2.0, 0.0, 0.0),
        ("max(0.1*x, x)", -2.0, -0.2, 0.1),
        ("leaky_relu(x, 0.1)", -2.0, -0.2, 0.1),
        ("maxout(2*x + 1, -x)", 2.0, 5.0, 2.0),
        ("elu(x)", -1.0, -0.6321205588285577, 0.36787944117144233),
        ("elu(x, 2)", 3.0, 3.0, 1.0),
    ],
)
def test_11_activations(program: str, x: float, value: float, slope: float) -> None:
    result = compute(program, {"x": x})
    assert (result.output.value, result.gradients["x"]) == (pytest.approx(value), pytest.approx(slope))
