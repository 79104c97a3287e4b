"""Probabilities, losses and layers: numbers of the lecture, of torch, and of plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc import compute
from gradcalc.errors import DomainError, NotFiniteError, ShapeError
from gradcalc.gates import GATES, layers, losses, probability
from gradcalc.shapes import output_shape
from gradcalc.systems import array

CATS = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]
"""CS231n, lecture 3: scores of a cat, a car and a frog."""


def value(name, *inputs, **static):
    """Return a gate's output; the shape that its record foretells is checked on the way."""
    inputs = [array.asarray(x) for x in inputs]
    with array.quiet():
        out = GATES[name].value(array, *inputs, **static)
    assert np.shape(out) == output_shape(GATES[name], [x.shape for x in inputs], static)
    return out


def gradients(name, *inputs, g=1.0, **static):
    """Return the gradient of each input by the gate's rule, from the upstream gradient g."""
    inputs = tuple(array.asarray(x) for x in inputs)
    gate = GATES[name]
    with array.quiet():
        out = gate.value(array, *inputs, **static)
        g = np.broadcast_to(array.asarray(g), np.shape(out))
        return [gate.pull(k, array, g, inputs, out, static) for k in range(len(inputs))]


def close(got, truth, rel=1e-12):
    np.testing.assert_allclose(got, truth, rtol=rel, atol=1e-15)


# The lecture.

NETWORK = {
    "W1": [[0.5, -0.2, 0.1], [-0.4, 0.3, 0.8]],
    "b1": [0.1, -0.1],
    "W2": [[1.0, -1.0], [0.5, 0.25], [-0.75, 2.0]],
    "b2": [0.0, 0.1, -0.2],
    "x": [1.0, 2.0, -1.0],
    "y": 2,
}

TWO_LAYERS = {
    "in matrices": "h = relu(W1 @ x + b1)\ns = W2 @ h + b2\ncross_entropy(s, y)",
    "in layers": "cross_entropy(linear(relu(linear(x, W1, b1)), W2, b2), y)",
}


@pytest.mark.parametrize("program", TWO_LAYERS.values(), ids=TWO_LAYERS)
def test_network_with_one_hidden_layer(program):
    result = compute(program, NETWORK, check=False)
    assert result.output.value == pytest.approx(1.38243237, abs=5e-9)
    truth = {
        "W1": [[1.11886847, 2.23773695, -1.11886847], [0, 0, 0]],
        "b1": [1.11886847, 0],
        "W2": [[0.03651554, 0], [0.03838773, 0], [-0.07490326, 0]],
        "b2": [0.36515536, 0.38387728, -0.74903264],
        "x": [0.55943424, -0.22377369, 0.11188685],
        "y": 0,
    }
    for name, gradient in truth.items():
        np.testing.assert_allclose(result.gradients[name], gradient, atol=5e-9, rtol=0)


@pytest.mark.parametrize("program", TWO_LAYERS.values(), ids=TWO_LAYERS)
def test_gradients_of_the_network_are_proved(program):
    assert compute(program, NETWORK).check.verdict == "pass"


def test_softmax_of_the_cat():
    assert [round(p, 2) for p in value("softmax", CATS[0])] == [0.13, 0.87, 0.0]
    assert round(float(value("cross_entropy", CATS[0], 0)), 2) == 2.04


def test_hinge_losses_of_the_lecture_and_their_mean():
    each = [float(value("svm", scores, label)) for label, scores in enumerate(CATS)]
    assert each == pytest.approx([2.9, 0.0, 12.9], abs=1e-12)
    assert value("svm", CATS, [0, 1, 2]) == pytest.approx(15.8 / 3, rel=1e-15)


def test_hinge_loss_with_small_scores_is_the_number_of_wrong_classes():
    assert value("svm", np.zeros((5, 10)), np.zeros(5)) == 9.0
    assert value("cross_entropy", np.zeros((5, 10)), np.zeros(5)) == pytest.approx(math.log(10), rel=1e-15)


CONVOLUTIONAL = """
h = max_pool(batch_norm(conv2d(x, w, padding=1), gamma, beta))
features = reshape(relu(h), [2, -1])
cross_entropy(linear(layer_norm(features), W, c), y)
"""


def test_gradients_of_a_convolutional_network_are_proved():
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 1, 4, 4), "w": (2, 1, 3, 3), "gamma": 2, "beta": 2, "W": (3, 8), "c": 3}
    point = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    assert compute(CONVOLUTIONAL, {**point, "y": [0, 2]}).check.verdict == "pass"


def test_what_batch_norm_takes_away_again_has_no_gradient():
    x, weights = wave(4, 3), np.cos(wave(4, 2))
    program = "sum(weights*batch_norm(linear(x, W, b)))"
    point = {"x": x, "W": wave(2, 3, phase=1.0), "b": [0.5, 2.0], "weights": weights}
    np.testing.assert_allclose(compute(program, point, check=False).gradients["b"], 0, atol=1e-15)


# torch 2.13.0, in doubles. Inputs are waves, and so is the upstream gradient. Of what torch gave there
# are its output's product with the upstream gradient, and each gradient's with another wave.


def wave(*shape, phase=0.0):
    return np.sin(1.7 * np.arange(math.prod(shape)) + phase).reshape(shape)


def against(gradient):
    return float(np.sum(np.ravel(gradient) * np.cos(np.arange(np.size(gradient)) + 0.5)))


LABELS, CHANCES = [0, 3, 1], [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]
BINARY = [[0.0, 1.0], [0.25, 1.0]]
AFFINE = (wave(3, phase=0.3), wave(3, phase=0.7))

TORCH = {
    "softmax": (
        "softmax", (3 * wave(2, 3),), {}, 0.21162164770714464, (0.4859215678485421 / 3,),
    ),
    "log_softmax, dim=0": (
        "log_softmax", (wave(3, 2),), {"axis": 0}, 1.8761865228216708, (2.1160704818659553,),
    ),
    "logsumexp, dim=1": (
        "logsumexp", (wave(2, 3),), {"axis": 1}, 2.3979416434646863, (0.22548124571900224,),
    ),
    "mse_loss": (
        "mse", (wave(2, 3), wave(2, 3, phase=1.0)), {}, 0.5136172867693457,
        (0.05522055305559695, -0.05522055305559695),
    ),
    "cross_entropy": (
        "cross_entropy", (wave(3, 4), LABELS), {}, 1.6733424541167856, (-0.11577051648556703, None),
    ),
    "cross_entropy with probabilities": (
        "cross_entropy", (wave(2, 3), CHANCES), {}, 1.8510940152866517,
        (0.7210257845070634, -1.0092687108980614),
    ),
    "binary_cross_entropy_with_logits": (
        "binary_cross_entropy", (wave(2, 2), BINARY), {}, 0.7264087165468549,
        (0.23524592665930927, -0.28546451663504335),
    ),
    "multi_margin_loss, times the classes": (
        "svm", (wave(3, 4), LABELS), {}, 3.391375927252877, (-0.6631393237655934, None),
    ),
    "multi_margin_loss, margin=0.5": (
        "svm", (wave(3, 4), LABELS), {"margin": 0.5}, 2.215227354343725, (-0.551951879021665, None),
    ),
    "linear": (
        "linear", (wave(2, 3), wave(4, 3, phase=0.3), wave(4, phase=0.7)), {}, 2.7475207323401976,
        (2.285684420580333, 1.7518824262778774, -0.2964956827975463),
    ),
    "conv2d, stride=2, padding=1": (
        "conv2d", (wave(2, 2, 5, 4), wave(3, 2, 3, 2, phase=0.3), AFFINE[1]), {"stride": 2, "padding": 1},
        4.758382314335003, (0.03852537628059116, -0.41316575862516447, 5.127372359041914),
    ),
    "conv2d of one image, stride=(1, 2), padding=(2, 0)": (
        "conv2d", (wave(1, 5, 4), wave(2, 1, 2, 3, phase=0.3), wave(2, phase=0.7)),
        {"stride": (1, 2), "padding": (2, 0)},
        2.9757662584829943, (0.6173616033221027, 3.7325715004050775, 0.9360924916416051),
    ),
    "max_pool2d": (
        "max_pool", (wave(2, 1, 5, 4),), {}, 0.2727902139471755, (-0.9948336610957814,),
    ),
    "max_pool2d, 3, stride=1": (
        "max_pool", (wave(1, 4, 5),), {"size": 3, "stride": 1}, -0.6170906583443901, (-0.6158595414163729,),
    ),
    "avg_pool2d, (2, 3), stride=(1, 2)": (
        "avg_pool", (wave(1, 2, 4, 5),), {"size": (2, 3), "stride": (1, 2)}, -0.00639004924545275,
        (-0.7504213607588925,),
    ),
    "batch_norm": (
        "batch_norm", (wave(4, 3), *AFFINE), {}, 0.7235402891470561,
        (3.605026422884895, -0.4173796842607428, 0.9901553385209578),
    ),
    "batch_norm of images, eps=0.1": (
        "batch_norm", (wave(2, 3, 2, 2), *AFFINE), {"eps": 0.1}, -0.9844911952772291,
        (1.9098451645525225, 0.03395727945021354, 1.682638445014772),
    ),
    "layer_norm": (
        "layer_norm", (wave(2, 2, 3), *AFFINE), {}, 1.2615269988736069,
        (1.5303506371859734, -0.48729506118239185, 0.9901553385209578),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TORCH)
def test_torch_has_the_same_numbers(case):
    name, inputs, static, product, truths = TORCH[case]
    out = value(name, *inputs, **static)
    g = np.cos(0.9 * np.arange(np.size(out))).reshape(np.shape(out))
    assert float(np.sum(out * g)) == pytest.approx(product, rel=1e-12)
    for gradient, truth in zip(gradients(name, *inputs, g=g, **static), truths, strict=True):
        assert gradient is None if truth is None else against(gradient) == pytest.approx(truth, rel=1e-11)


# Numbers that would overflow, or cancel.


@pytest.mark.parametrize("scale", [1e3, 1e15, 1e307])
def test_logits_may_be_as_large_as_floats(scale):
    logits = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -1.0]]) * scale
    close(value("softmax", logits), [[1, 0, 0], [0.5, 0.5, 0]])
    close(value("cross_entropy", logits, [0, 0]), math.log(2) / 2)
    close(value("cross_entropy", logits, [1, 0]), scale + math.log(2) / 2)
    close(gradients("cross_entropy", logits, [2, 1])[0], [[0.5, 0, -0.5], [0.25, -0.25, 0]])
    close(value("binary_cross_entropy", logits, (logits > 0) * 1.0), math.log(2) / 6)


def test_what_is_almost_certain_keeps_its_digits():
    tiny = 4.248354255291589e-18  # exp(-40), and 1 - exp(-40) is 1
    (gradient, _) = gradients("cross_entropy", [[40.0, 0.0, 0.0]], [0])
    close(gradient * 1e18, np.array([[-2 * tiny, tiny, tiny]]) * 1e18)
    (gradient,) = gradients("softmax", [40.0, 0.0], g=[3.0, 1.0])
    close(gradient * 1e18, np.array([2 * tiny, -2 * tiny]) * 1e18)
    (gradient, _) = gradients("binary_cross_entropy", [40.0], [1.0])
    close(gradient * 1e18, [-tiny * 1e18])


def test_variance_may_be_small_beside_the_mean():
    x = 1e8 + np.array([[1.0], [2.0], [3.0]])
    close(value("batch_norm", x, eps=0.0), [[-math.sqrt(1.5)], [0.0], [math.sqrt(1.5)]])


sizes = st.integers(1, 4)
some = settings(max_examples=60, deadline=None, database=None)


@st.composite
def logits_and_labels(draw):
    rows, classes = draw(sizes), draw(st.integers(2, 5))
    numbers = st.floats(-50, 50)
    logits = draw(
        st.lists(st.lists(numbers, min_size=classes, max_size=classes), min_size=rows, max_size=rows)
    )
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    return np.array(logits), np.array(labels, dtype=float)


@some
@given(logits_and_labels())
def test_classes_are_one_hot_rows(case):
    logits, labels = case
    hot = np.eye(logits.shape[1])[labels.astype(int)]
    assert value("cross_entropy", logits, labels) == value("cross_entropy", logits, hot)
    by_class, by_row = (gradients("cross_entropy", logits, t) for t in (labels, hot))
    np.testing.assert_array_equal(by_class[0], by_row[0])
    assert by_class[1] is None
    close(by_row[1], -value("log_softmax", logits) / len(logits))


@some
@given(logits_and_labels(), st.floats(-100, 100))
def test_only_differences_of_logits_count(case, shift):
    logits, labels = case
    close(value("softmax", logits).sum(axis=-1), 1.0)
    close(value("softmax", logits + shift), value("softmax", logits), rel=1e-11)
    close(gradients("cross_entropy", logits, labels)[0].sum(axis=-1), 0.0)
    close(np.exp(value("log_softmax", logits)), value("softmax", logits), rel=1e-11)


@some
@given(logits_and_labels())
def test_mean_over_the_batch(case):
    """The loss of a batch is the mean of the losses of its rows, however the rows are laid out."""
    logits, labels = case
    for name in ("cross_entropy", "svm"):
        rows = [float(value(name, row, label)) for row, label in zip(logits, labels, strict=True)]
        assert value(name, logits, labels) == pytest.approx(sum(rows) / len(rows), rel=1e-12, abs=1e-15)
        assert value(name, logits[None], labels[None]) == value(name, logits, labels)
        gradient = gradients(name, logits[0], labels[0])[0] / len(logits)
        close(gradients(name, logits, labels)[0][0], gradient)


# Layers against plain loops.


@st.composite
def convolutions(draw):
    images, channels, kernels = draw(sizes), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    rows, columns = (draw(st.integers(max(1, n - 2 * p), 6)) for n, p in zip(size, padding, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x, w = rng.normal(size=(images, channels, rows, columns)), rng.normal(size=(kernels, channels, *size))
    return x, w, rng.normal(size=kernels), {"stride": stride, "padding": padding}


def convolved(x, w, b, stride, padding):
    """Return the convolution, window by window."""
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    rows, columns = ((x.shape[2 + a] - w.shape[2 + a]) // stride[a] + 1 for a in (0, 1))
    out = np.zeros((len(x), len(w), rows, columns))
    for n, o, r, c in np.ndindex(out.shape):
        i, j = r * stride[0], c * stride[1]
        out[n, o, r, c] = (x[n, :, i : i + w.shape[2], j : j + w.shape[3]] * w[o]).sum() + b[o]
    return out


@some
@given(convolutions())
def test_convolution_is_its_loops(case):
    x, w, b, static = case
    out = value("conv2d", x, w, b, **static)
    np.testing.assert_allclose(out, convolved(x, w, b, **static), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(value("conv2d", x[0], w, b, **static), out[0], rtol=1e-12, atol=1e-12)


@some
@given(convolutions())
def test_convolution_goes_back_as_it_came(case):
    """It is linear in each input, so that g . out is the input . its gradient (bias apart)."""
    x, w, b, static = case
    out = value("conv2d", x, w, **static)
    g = np.random.default_rng(0).normal(size=out.shape)
    product, scale = np.sum(g * out), np.sum(np.abs(g * out))
    to_x, to_w, to_b = gradients("conv2d", x, w, b, g=g, **static)
    assert abs(np.sum(x * to_x) - product) <= 1e-12 * scale
    assert abs(np.sum(w * to_w) - product) <= 1e-12 * scale
    np.testing.assert_allclose(to_b, g.sum(axis=(0, 2, 3)), rtol=1e-12, atol=1e-12)


@st.composite
def pools(draw):
    size, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    shape = (*draw(st.sampled_from([(), (2,), (2, 3)])), *(draw(st.integers(n, 6)) for n in size))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.integers(0, 4, size=shape) * 1.0, {
        "size": size,
        "stride": draw(st.sampled_from([None, stride])),
    }


def windows(x, size, stride):
    """Yield each window's place in the output, and the key of what it sees."""
    steps = stride or size
    rows, columns = ((x.shape[a - 2] - size[a]) // steps[a] + 1 for a in (0, 1))
    for r, c in np.ndindex(rows, columns):
        i, j = r * steps[0], c * steps[1]
        yield (..., r, c), (..., slice(i, i + size[0]), slice(j, j + size[1]))


@some
@given(pools())
def test_pooling_is_its_loops_ties_and_all(case):
    x, static = case
    largest, mean = value("max_pool", x, **static), value("avg_pool", x, **static)
    g = np.random.default_rng(0).normal(size=largest.shape)
    to_largest, to_all = np.zeros(x.shape), np.zeros(x.shape)
    tied = np.zeros(largest.shape, bool)
    for at, seen in windows(x, **static):
        np.testing.assert_array_equal(largest[at], x[seen].max(axis=(-2, -1)))
        np.testing.assert_allclose(mean[at], x[seen].mean(axis=(-2, -1)), rtol=1e-14)
        top = x[seen] == largest[at][..., None, None]
        tied[at] = top.sum(axis=(-2, -1)) > 1
        to_largest[seen] += g[at][..., None, None] * top / top.sum(axis=(-2, -1), keepdims=True)
        to_all[seen] += g[at][..., None, None] / math.prod(static["size"])
    np.testing.assert_allclose(gradients("max_pool", x, g=g, **static)[0], to_largest, atol=1e-13)
    np.testing.assert_allclose(gradients("avg_pool", x, g=g, **static)[0], to_all, atol=1e-13)
    np.testing.assert_array_equal(GATES["max_pool"].kinks[0].where(x, **static), tied)


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
def test_normalized_has_mean_0_and_variance_1(name):
    x = wave(5, 4) * 7 + 3
    out = value(name, x, eps=0.0)
    axis = 0 if name == "batch_norm" else 1
    close(out.mean(axis=axis), 0.0)
    close(out.var(axis=axis), 1.0)
    close(value(name, 100 * x + 5, eps=0.0), out, rel=1e-11)


def test_what_a_layer_leaves_out_changes_nothing():
    x, w, image, kernel = wave(2, 3), wave(4, 3), wave(1, 3, 3), wave(2, 1, 2, 2)
    close(value("linear", x, w), value("linear", x, w, np.zeros(4)))
    close(value("conv2d", image, kernel), value("conv2d", image, kernel, np.zeros(2)))
    for name in ("batch_norm", "layer_norm"):
        close(value(name, x), value(name, x, np.ones(3), np.zeros(3)))


# Corners.


def test_slope_is_0_at_the_corner_of_a_hinge():
    result = compute("hinge(s, t)", {"s": [1.0, 0.5], "t": [1, 1]}, check=False)
    assert list(result.gradients["s"]) == [0.0, -0.5]
    assert len(result.kinks) == 1
    result = compute("svm(s, 1)", {"s": [1.0, 2.0, 1.5]}, check=False)
    assert list(result.gradients["s"]) == [0.0, -1.0, 1.0]
    assert len(result.kinks) == 1


def test_the_right_score_beside_itself_is_no_corner():
    assert compute("svm(s, 0, margin=0)", {"s": [1.0, -2.0]}, check=False).kinks == []


def test_tie_in_a_window_is_told():
    result = compute("sum(max_pool(x))", {"x": [[1, 1, 0, 2], [0, 0, 3, 4]]}, check=False)
    np.testing.assert_array_equal(result.gradients["x"], [[0.5, 0.5, 0, 0], [0, 0, 0, 1]])
    assert len(result.kinks) == 1


# Composite gates are what their expansions say.

COMPOSITE = [
    (gate, number)
    for gate in (*probability.GATES, *losses.GATES, *layers.GATES)
    for number, sample in enumerate(gate.samples)
    if gate.expansion and not sample.static
]


@pytest.mark.parametrize(("gate", "number"), COMPOSITE, ids=lambda v: getattr(v, "name", v))
def test_expansions(gate, number):
    sample = gate.samples[number]
    rng = np.random.default_rng(number)
    drawn = [rng.uniform(sample.low, sample.high, shape) for shape in sample.shapes]
    for k, fixed in sample.fixed.items():
        drawn[k] = np.array(fixed)
    point = gate.bind(tuple(drawn))
    one = compute(f"sum(sin({gate.name}({', '.join(gate.parameters)})))", point, check=False)
    other = compute(f"sum(sin({gate.expansion}))", point, check=False)
    assert one.output.value == pytest.approx(other.output.value, rel=1e-12)
    for name, rule in zip(gate.parameters, gate.rules, strict=True):
        if rule is not None:
            np.testing.assert_allclose(one.gradients[name], other.gradients[name], rtol=1e-10, atol=1e-13)


# What does not fit.

X, ROW = [[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]], [1.0, 2.0, 3.0]

MISFITS = {
    "weights (in, out)": (
        "linear(x, W)", {"x": X, "W": [[1, 2], [3, 4], [5, 6]]},
        "x (2, 3) has 3 features, but the weights W (3, 2) take 2: they are (out, in)", "linear(x, W.T)",
    ),
    "weights (in, out) with a bias": (
        "linear(x + 1, W, b)", {"x": X, "W": [[1, 2], [3, 4], [5, 6]], "b": [1, 2]},
        "x + 1 (2, 3) has 3 features, but the weights W (3, 2) take 2: they are (out, in)",
        "linear((x + 1), W.T, b)",
    ),
    "a bias of another length": (
        "linear(x, W, b)", {"x": X, "W": X, "b": ROW},
        "b (3,) needs one number for each of the 2 outputs, (2,)", "",
    ),
    "weights that are a vector": (
        "linear(x, w)", {"x": X, "w": ROW},
        "linear needs inputs (..., in) and weights (out, in), not x (2, 3) and w (3,)", "",
    ),
    "a column of predictions": (
        "mse(p, t)", {"p": [[1], [2]], "t": [1, 2]},
        "p (2, 1) and t (2,) do not have the same shape", "mse(p[..., 0], t)",
    ),
    "a column of targets": (
        "binary_cross_entropy(p, t)", {"p": [1, 2], "t": [[1], [0]]},
        "p (2,) and t (2, 1) do not have the same shape", "binary_cross_entropy(p, t[..., 0])",
    ),
    "a transposed target": (
        "mse(p, t)", {"p": X, "t": [[1, 2], [3, 4], [5, 6]]},
        "p (2, 3) and t (3, 2) do not have the same shape", "mse(p, t.T)",
    ),
    "an empty batch": (
        "mse(p, p)", {"p": []}, "p (0,) has no elements: there is no mean", "",
    ),
    "classes in a column": (
        "cross_entropy(s, y)", {"s": X, "y": [[0], [2]]},
        "s (2, 3) needs a class for each row, (2,), but y has the shape (2, 1)",
        "cross_entropy(s, y[..., 0])",
    ),
    "scores (classes, batch)": (
        "svm(s, y)", {"s": X, "y": [0, 1, 1]},
        "s (2, 3) needs a class for each row, (2,), but y has the shape (3,)", "svm(s.T, y)",
    ),
    "one score": (
        "cross_entropy(s, 0)", {"s": 3},
        "cross_entropy needs a score for each class, but s is a single number", "",
    ),
    "one row for a hinge": (
        "svm(s, y)", {"s": X, "y": X},
        "s (2, 3) needs a class for each row, (2,), but y has the shape (2, 3)", "",
    ),
    "a margin below 0": (
        "svm(s, 0, margin=-1)", {"s": ROW}, "margin is a number from 0 on, not -1", "",
    ),
    "an image without channels": (
        "conv2d(x, w)", {"x": X, "w": [[1, 2]]},
        "conv2d needs images (channels, rows, columns) or a batch of them, and kernels "
        "(out, channels, rows, columns), not x (2, 3) and w (1, 2)", "conv2d([x], [[w]])",
    ),
    "other channels": (
        "conv2d([x], w)", {"x": X, "w": [[[[1]], [[2]]]]},
        "[x] (1, 2, 3) and the kernels w (1, 2, 1, 1) differ in their channels: 1 and 2", "",
    ),
    "a kernel that is too large": (
        "conv2d([x], [[w]])", {"x": X, "w": [[1, 2, 3, 4]]},
        "a kernel (1, 4) does not fit into [x], of which it sees (2, 3)", "",
    ),
    "no stride": (
        "conv2d([x], [[x]], stride=0)", {"x": X},
        "stride is a whole number from 1 on, or two of them, not 0", "",
    ),
    "padding below 0": (
        "conv2d([x], [[x]], padding=-1)", {"x": X},
        "padding is a whole number from 0 on, or two of them, not -1", "",
    ),
    "a window that is too large": (
        "max_pool(x, size=3)", {"x": X}, "a window (3, 3) does not fit into x, of which it sees (2, 3)", "",
    ),
    "half a window": (
        "avg_pool(x, size=1.5)", {"x": X}, "size is a whole number from 1 on, or two of them, not 1.5", "",
    ),
    "a row to pool": (
        "max_pool(x)", {"x": ROW}, "pooling needs rows and columns, but x has the shape (3,)", "",
    ),
    "a batch of one": (
        "batch_norm(x)", {"x": [ROW]},
        "x (1, 3) has no two values in a channel: their variance says nothing", "layer_norm(x)",
    ),
    "no batch": (
        "batch_norm(x)", {"x": ROW},
        "batch_norm needs a batch, (batch, channels, ...), but x has the shape (3,)", "",
    ),
    "a gamma for each row": (
        "batch_norm(x, g)", {"x": X, "g": [1, 2]},
        "g (2,) needs one number for each of the 3 channels, (3,)", "",
    ),
    "a number to normalize": (
        "layer_norm(x)", {"x": 3}, "layer_norm needs features in the last axis, but x has the shape ()", "",
    ),
    "eps below 0": ("layer_norm(x, eps=-1)", {"x": X}, "eps is a number from 0 on, not -1", ""),
    "a number for probabilities": (
        "softmax(x)", {"x": 3}, "there is no axis -1: x () has no axes", "",
    ),
    "no classes": ("softmax(x)", {"x": []}, "x (0,) has no elements: there is no probability", ""),
}  # fmt: skip


@pytest.mark.parametrize("misfit", MISFITS)
def test_shapes_that_do_not_fit(misfit):
    program, point, message, hint = MISFITS[misfit]
    with pytest.raises(ShapeError) as caught:
        compute(f"sum({program})", point)
    assert caught.value.message == message
    assert caught.value.hint == hint
    assert caught.value.span is not None


@pytest.mark.parametrize("misfit", [name for name, case in MISFITS.items() if case[3]])
def test_hints_hold_the_mended_text(misfit):
    _, point, _, hint = MISFITS[misfit]
    assert math.isfinite(compute(f"sum({hint})", point, check=False).output.value)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "layer_norm"])
def test_a_batch_of_none_has_no_rows(name):
    assert value(name, np.zeros((0, 3))).shape == (0, 3)
    assert gradients(name, np.zeros((0, 3)))[0].shape == (0, 3)


def test_linear_and_conv2d_take_a_batch_of_none():
    to_x, to_w, to_b = gradients("linear", np.zeros((0, 3)), wave(2, 3), wave(2))
    assert to_x.shape == (0, 3)
    assert not to_w.any()
    assert not to_b.any()
    to_x, to_w, to_b = gradients("conv2d", np.zeros((0, 1, 3, 3)), wave(2, 1, 2, 2), wave(2))
    assert to_x.shape == (0, 1, 3, 3)
    assert to_w.shape == (2, 1, 2, 2)
    assert not to_w.any()
    assert not to_b.any()


# Labels.


@pytest.mark.parametrize("name", ["cross_entropy", "svm"])
@pytest.mark.parametrize("label", [3, -1, 0.5, 1e300])
def test_labels_are_classes(name, label):
    with pytest.raises(
        DomainError, match="classes that are whole numbers, from 0 to the number of scores less 1"
    ):
        compute(f"{name}(s, y)", {"s": [ROW, ROW], "y": [0, label]})


@pytest.mark.parametrize("label", [0, 0.5, 2])
def test_labels_of_a_hinge_are_signs(label):
    with pytest.raises(DomainError, match="targets that are -1 or 1"):
        compute("hinge(s, t)", {"s": ROW, "t": [1, -1, label]})


def test_too_large_scores_are_no_matter_of_the_labels():
    with pytest.raises(NotFiniteError, match="too large for a float"):
        compute("svm(s, 1)", {"s": [1e308, -1e308]})


def test_no_variance_without_eps_is_outside_the_domain():
    with pytest.raises(DomainError, match="a variance"):
        compute("sum(batch_norm(x, eps=0))", {"x": [ROW, ROW]})
