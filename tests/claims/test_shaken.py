"""The noise of programs that are too large to be written down: kernels stay within it, mistakes do not."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.claims.judge import Terms, judge
from gradcalc.claims.noise import noise
from gradcalc.claims.shaken import shaken
from gradcalc.language import parse
from gradcalc.pipeline import evaluate

from .formats import FORMATS
from .kernels import KERNELS, WITH_UPSTREAM

SINGLE = FORMATS["float32"]
PLANTED = 1e-3


def judged(program, point, claims, precision="float32"):
    """Return the verdict on each claim; our own gradients are proved elsewhere."""
    point = {name: np.asarray(x, float) for name, x in point.items()}
    wrt = [name.removeprefix("grad_") for name in claims if name != "value"]
    result = evaluate(parse(program, point), point, wrt=wrt, check=False)
    found = judge(result, point, claims, terms=Terms(precision=precision))
    return {name: claim.verdict for name, claim in found.items()}


def noise_of(program, point, wrt, upstream=None, unit=SINGLE):
    """Return the noise of value and gradients, and their right numbers."""
    graph = parse(program, point)
    result = evaluate(graph, point, wrt=wrt, check=False, upstream=upstream)
    right = [result.output.value, *result.gradients.values()]
    return shaken(graph, result.values, wrt, upstream, unit), right


def ratio(said, right, allowed):
    return float(np.max(np.abs(np.asarray(said, float) - right) / allowed))


# A network.

NETWORK = "h = relu(x @ W1 + b1)\ncross_entropy(h @ W2 + b2, t)"


def by_blocks(a, b):
    return a @ b


def one_after_the_other(a, b):
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for k in range(a.shape[1]):
        total += a[:, k : k + 1] * b[k : k + 1]
    return total


def network(rows, spread=1.0):
    rng = np.random.default_rng(rows)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    point = {
        "x": draw(rows, 784), "W1": draw(784, 512) / np.float32(28), "b1": draw(512) / np.float32(10),
        "W2": draw(512, 10) / np.float32(22 / spread), "b2": draw(10) / np.float32(10),
    }  # fmt: skip
    return point | {"t": rng.integers(0, 10, rows)}


def network_gradients(x, W1, b1, W2, b2, t, matmul):  # noqa: N803 - the names of the program
    """Return the gradients as a hand-written backward pass in float32 computes them."""
    before = matmul(x, W1) + b1
    h = np.maximum(before, 0)
    scores = matmul(h, W2) + b2
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    p /= np.float32(len(t))
    dh = matmul(p, W2.T) * (before > 0)
    return {"W1": matmul(x.T, dh), "b1": dh.sum(0), "W2": matmul(h.T, p), "b2": p.sum(0)}


@pytest.mark.parametrize(
    ("rows", "spread", "matmul"),
    [(8, 1.0, by_blocks), (8, 30.0, one_after_the_other), (256, 1.0, one_after_the_other)],
)
def test_the_gradients_of_a_network_in_float32_are_within_it(rows, spread, matmul):
    """At a spread of 30 most classes are certain."""
    point = network(rows, spread)
    said = network_gradients(**point, matmul=matmul)
    noises, right = noise_of(NETWORK, {name: np.asarray(x, float) for name, x in point.items()}, list(said))
    for claim, allowed, gradient in zip(said.values(), noises[1:], right[1:], strict=True):
        assert (np.abs(claim - gradient) <= allowed).all()
        live = gradient != 0
        assert np.mean(PLANTED * np.abs(gradient[live]) > allowed[live]) > 0.99 or spread > 1


def test_claims_about_a_network():
    point = network(8)
    said = network_gradients(**point, matmul=by_blocks)
    claims = {f"grad_{name}": gradient for name, gradient in said.items()}
    assert set(judged(NETWORK, point, claims).values()) == {"pass"}
    wrong = {name: np.float32(1 + PLANTED) * gradient for name, gradient in claims.items()}
    assert set(judged(NETWORK, point, wrong).values()) == {"fail"}


def test_one_wrong_entry_of_a_network_fails():
    point = network(8)
    gradient = network_gradients(**point, matmul=by_blocks)["W1"]
    at = np.unravel_index(np.argsort(np.abs(gradient), axis=None)[gradient.size // 2], gradient.shape)
    assert gradient[at] != 0
    gradient[at] *= np.float32(1.01)
    assert judged(NETWORK, point, {"grad_W1": gradient}) == {"grad_W1": "fail"}


# Matrices.


def matrix(n, seed=3):
    return np.random.default_rng(seed).normal(size=(n, n)).astype(np.float32)


def solved(n):
    a, b = matrix(n), matrix(n, 4)[0]
    y = np.linalg.solve(a, b)
    back = np.linalg.solve(a.T, np.float32(2) * y)
    return "sum(solve(A, b)^2)", {"A": a, "b": b}, {"grad_A": -np.outer(back, y), "grad_b": back}


def inverted(n):
    a = matrix(n)
    y = np.linalg.inv(a)
    return "sum(inv(A)^2)", {"A": a}, {"grad_A": -y.T @ (np.float32(2) * y) @ y.T}


def determined(n):
    a = matrix(n) / np.float32(n**0.5)
    return "det(A)", {"A": a}, {"grad_A": np.linalg.det(a) * np.linalg.inv(a).T, "value": np.linalg.det(a)}


def of_norm(n):
    a = matrix(n)
    left, sizes, right = np.linalg.svd(a)
    return "norm(A, 2)", {"A": a}, {"grad_A": np.outer(left[:, 0], right[0]), "value": sizes[0]}


def convolved(n):
    rng = np.random.default_rng(n)
    x, k = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 3, n, n), (4, 3, 3, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    g = np.float32(2) * np.einsum("nchwij,kcij->nkhw", windows, k)
    back, size = np.zeros_like(x), n - 2
    for i in range(3):
        for j in range(3):
            back[:, :, i : i + size, j : j + size] += np.einsum("nkhw,kc->nchw", g, k[:, :, i, j])
    of_kernel = np.einsum("nkhw,nchwij->kcij", g, windows)
    return "sum(conv2d(x, k)^2)", {"x": x, "k": k}, {"grad_x": back, "grad_k": of_kernel}


@pytest.mark.parametrize(
    ("kernel", "n"), [(k, n) for k in (solved, inverted, determined) for n in (3, 10, 40)]
)
def test_matrices_in_float32_pass_and_an_error_of_a_thousandth_fails(kernel, n):
    program, point, claims = kernel(n)
    assert all(np.asarray(claim).dtype == np.float32 for claim in claims.values())
    assert set(judged(program, point, claims).values()) == {"pass"}
    wrong = {name: np.float32(1 + PLANTED) * claim for name, claim in claims.items()}
    assert set(judged(program, point, wrong).values()) == {"fail"}


@pytest.mark.parametrize("kernel", [of_norm, convolved])
@pytest.mark.parametrize("n", [5, 20])
def test_norms_and_convolutions_in_float32_are_within_it(kernel, n):
    program, point, claims = kernel(n)
    wrt = [name.removeprefix("grad_") for name in claims if name != "value"]
    noises, right = noise_of(program, {name: x.astype(float) for name, x in point.items()}, wrt)
    for name, allowed, gradient in zip(wrt, noises[1:], right[1:], strict=True):
        assert (np.abs(claims[f"grad_{name}"] - gradient) <= allowed).all()
        assert np.mean(PLANTED * np.abs(gradient) > allowed) > 0.98


def test_what_is_near_singular_has_much_noise():
    near = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-5]])
    noises, (_, gradient) = noise_of("sum(inv(A)^2)", {"A": near}, ["A"])
    assert (noises[1] > 1e-3 * np.abs(gradient)).all()
    noises, _ = noise_of("sum(inv(A)^2)", {"A": near}, ["A"], unit=FORMATS["float64"])
    assert (noises[1] < 1e-8 * np.abs(gradient)).all()


# Beside the running error, where there is one.


@pytest.mark.parametrize("scale", [1, 20])
@pytest.mark.parametrize("program", [p for p, (shape, _) in KERNELS.items() if shape])
def test_kernels_with_rows_are_within_it(program, scale):
    shape, kernels = KERNELS[program]
    rng = np.random.default_rng(scale)
    for _ in range(5):
        x = (rng.normal(size=shape) * scale).astype(np.float32)
        g = rng.normal(size=shape).astype(np.float32)
        upstream = g.astype(float) if program in WITH_UPSTREAM else None
        noises, right = noise_of(program, {"x": x.astype(float)}, ["x"], upstream)
        for kernel in kernels:
            said = kernel(x[None]) if upstream is None else kernel(x[None], g[None])
            for claim, number, allowed in zip(said, right, noises, strict=True):
                assert (np.abs(claim[0] - number) <= allowed).all()


@pytest.mark.parametrize("spread", [1, 5, 20])
def test_what_kernels_lose_near_certain_classes_is_noise(spread):
    rng = np.random.default_rng(spread)
    scores, classes = (rng.normal(size=(40, 10)) * spread).astype(np.float32), rng.integers(0, 10, 40)
    scores[np.arange(40), classes] += np.float32(2 * spread)
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(40), classes] -= 1
    point = {"s": scores.astype(float), "t": classes.astype(float)}
    noises, right = noise_of("cross_entropy(s, t)", point, ["s"])
    assert ratio(p / np.float32(40), right[1], noises[1]) <= 1


SMALL = [
    ("x^2*sin(y) - exp(x/y)", {"x": 1.3, "y": -0.7}),
    ("tanh(x)*sigmoid(y) + log(1 + x^2)", {"x": 2.0, "y": -3.0}),
    ("(x - y)*(x + y)", {"x": 1.3, "y": 1.2999}),
    ("where(x > 0, log(x), 0)*y", {"x": -1.0, "y": 2.0}),
    ("sum(gelu(x)*x)", {"x": np.linspace(-3, 3, 40)}),
    ("mean(tanh(x @ W + b)^2)", {"x": np.eye(3), "W": np.ones((3, 2)) / 3, "b": np.array([0.5, -0.2])}),
]


@pytest.mark.parametrize(("program", "point"), SMALL)
def test_it_is_near_the_running_error(program, point):
    graph = parse(program, point)
    values = graph.forward(point)
    other = noise(graph, values, list(point), None, FORMATS["float32"])
    found = shaken(graph, values, list(point), None, SINGLE)
    for mine, theirs in zip(found, [other.value, *other.gradients.values()], strict=True):
        live = np.asarray(theirs) > 0
        assert (np.asarray(mine)[live] >= np.asarray(theirs)[live] / 20).all()
        assert (np.asarray(mine)[live] <= np.asarray(theirs)[live] * 20).all()


def test_it_is_the_same_each_time():
    point = {"A": matrix(5).astype(float)}
    assert noise_of("norm(A, 2)", point, ["A"])[0][0] == noise_of("norm(A, 2)", point, ["A"])[0][0]


def test_where_a_rounding_leaves_the_domain_nothing_can_be_told():
    """log(det) of a matrix that is singular but for its last digits."""
    near = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    (value, noise_of_gradient), (_, gradient) = noise_of("logdet(A)", {"A": near}, ["A"])
    assert value == np.inf
    assert (noise_of_gradient > np.abs(gradient)).all()


def test_the_labels_of_classes_are_exact():
    point = {"s": np.array([[1.0, 2.0, 3.0]]), "t": np.array([2.0])}
    value, *_ = noise_of("cross_entropy(s, t)", point, ["s", "t"])[0]
    assert value < 1e-5
