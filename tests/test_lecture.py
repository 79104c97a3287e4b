"""Every figure of the worked examples of the lecture (CS231n, 2017, lecture 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
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


# Vectors, matrices and networks.


def proved(program: str, point: Mapping[str, object], wrt: list[str] | None = None) -> Mapping[str, Any]:
    result = compute(program, point, wrt=wrt)
    assert result.check is not None
    assert result.check.verdict == "pass"
    return {"value": result.output.value, **result.gradients}


def test_5_the_jacobian_of_an_elementwise_gate_is_diagonal() -> None:
    found = gradcalc.jacobian("relu(x)", {"x": [1, -2, 3, -1]})
    assert found.check.verdict == "pass"
    np.testing.assert_array_equal(found["x"], np.diag([1, 0, 1, 0]))
    assert found.passes == 1


def test_6_the_squared_length_of_a_product() -> None:
    point = {"W": [[0.1, 0.5], [-0.3, 0.8]], "x": [0.2, 0.4]}
    for program in ("q = W @ x; sum(q^2)", "q = W @ x; norm(q)^2", "q = W @ x; q @ q"):
        found = proved(program, point, ["W", "x", "q"])
        assert found["value"] == pytest.approx(0.116)
        np.testing.assert_allclose(found["q"], [0.44, 0.52])
        np.testing.assert_allclose(found["W"], [[0.088, 0.176], [0.104, 0.208]])
        np.testing.assert_allclose(found["x"], [-0.112, 0.636])


def test_6_rows_and_columns_of_the_gradient_of_a_matrix() -> None:
    found = proved("q = W @ x; sum(q^2)", {"W": [[0.1, 0.5], [-0.3, 0.8]], "x": [0.2, 0.4]}, ["W", "q"])
    np.testing.assert_allclose(found["W"][0], found["q"][0] * np.array([0.2, 0.4]))
    np.testing.assert_allclose(found["W"][:, 1], 0.4 * found["q"])


def test_8_linear_on_linear_is_linear() -> None:
    point = {"W1": np.arange(6.0).reshape(2, 3), "W2": [[1, -1], [0.5, 0.25]], "x": [1, 2, -1]}
    result = compute("W2 @ (W1 @ x)", point, upstream=[1, 1], claims={"value": "(W2 @ W1) @ x"})
    assert result.claims["value"].verdict == "pass"
    result = compute("W2 @ relu(W1 @ x - 1)", point, upstream=[1, 1], claims={"value": "(W2 @ W1) @ x"})
    assert result.claims["value"].verdict == "fail"


TWO_LAYERS = {
    "W1": [[0.5, -0.2, 0.1], [-0.4, 0.3, 0.8]],
    "b1": [0.1, -0.1],
    "W2": [[1, -1], [0.5, 0.25], [-0.75, 2]],
    "b2": [0, 0.1, -0.2],
    "x": [1, 2, -1],
}
TWO_LAYER_GRADIENTS = {
    "W1": [[1.11886847, 2.23773695, -1.11886847], [0, 0, 0]],
    "b1": [1.11886847, 0],
    "W2": [[0.03651554, 0], [0.03838773, 0], [-0.07490326, 0]],
    "b2": [0.36515536, 0.38387728, -0.74903264],
    "x": [0.55943424, -0.22377369, 0.11188685],
}


@pytest.mark.parametrize(
    "program",
    [
        "cross_entropy(W2 @ relu(W1 @ x + b1) + b2, 2)",
        "cross_entropy(linear(max(0, linear(x, W1, b1)), W2, b2), 2)",
        "s = W2 @ max(0, W1 @ x + b1) + b2; -log_softmax(s)[2]",
        "s = W2 @ max(0, W1 @ x + b1) + b2; log(sum(exp(s))) - s[2]",
    ],
)
def test_9_a_two_layer_network(program: str) -> None:
    found = proved(program, TWO_LAYERS)
    assert found["value"] == pytest.approx(1.38243237, abs=5e-9)
    for name, expected in TWO_LAYER_GRADIENTS.items():
        np.testing.assert_allclose(found[name], expected, atol=5e-9)


THREE_LAYERS = {
    "W1": [[0.1, 0.2, -0.1], [0, -0.3, 0.4]],
    "b1": [0.1, -0.1],
    "W2": [[0.5, -0.6], [0.7, 0.8]],
    "b2": [0, 0.2],
    "W3": [[1, -2]],
    "b3": [0.3],
    "x": [1, 2, -1],
}


def test_10_a_three_layer_network() -> None:
    program = "f(u) = 1/(1 + exp(-u)); (W3 @ f(W2 @ f(W1 @ x + b1) + b2) + b3)[0]"
    found = proved(program, THREE_LAYERS)
    assert found["value"] == pytest.approx(-0.56252758, abs=5e-9)
    np.testing.assert_allclose(found["x"], [-0.00371726, 0.01965906, -0.03240752], atol=5e-9)
    np.testing.assert_allclose(found["b1"], [-0.0371726, -0.09031195], atol=5e-9)
    np.testing.assert_allclose(found["W3"], [[0.54593262, 0.7042301]], atol=5e-9)


def test_11_maxout_of_vectors() -> None:
    found = proved(
        "max(w1 @ x + b1, w2 @ x + b2)", {"w1": [1, 2], "w2": [0, -1], "x": [1, 1], "b1": 0.5, "b2": 1}
    )
    np.testing.assert_array_equal(found["w1"], [1, 1])
    np.testing.assert_array_equal(found["w2"], [0, 0])
