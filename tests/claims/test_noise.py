"""Noise: every correct computation in a format stays within it, and nothing much larger does."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.batch.workings import Workings
from gradcalc.claims.noise import noise, scaled
from gradcalc.claims.rounding import SAFETY
from gradcalc.graph import depends
from gradcalc.language import parse
from gradcalc.systems import array

from .formats import FORMATS, rounded
from .kernels import CASES, KERNELS, WITH_UPSTREAM, erf_in_double, gelu_through, sigmoid_by_tanh, silu_through

ROWS = 20_000
PLANTED = 1e-3


def found(program, columns, wrt=None, upstream=None, name="float32"):
    """Return what a program comes to at rows, with its noise."""
    sample = {name: column[0] for name, column in columns.items()}
    graph = parse(program, sample)
    workings = Workings.of(
        graph, sample, list(columns) if wrt is None else wrt, None if upstream is None else upstream[0]
    )
    return workings.run(columns, upstream, FORMATS[name])


def normal(*shape, scale=1, seed=7):
    """Return float32 numbers, as doubles and as they are."""
    x = (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)
    return x.astype(float), x


def run(program, shape, kernel, scale, rows=ROWS):
    """Return what a program comes to, and what a kernel says."""
    exact, x = normal(rows, *shape, scale=scale)
    if program not in WITH_UPSTREAM:
        with np.errstate(over="ignore"):
            said = kernel(x)
        return found(program, {"x": exact}), said
    upstream, g = normal(rows, *shape, seed=8)
    return found(program, {"x": exact}, upstream=upstream), kernel(x, g)


def label(value):
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("scale", [1, 5, 20])
@pytest.mark.parametrize(("program", "shape", "kernel"), CASES, ids=label)
def test_correct_kernels_are_within_it(program, shape, kernel, scale):
    truth, (value, gradient) = run(program, shape, kernel, scale)
    assert value.dtype == gradient.dtype == np.float32
    assert truth.decided.all()
    assert (np.abs(value - truth.value) <= truth.value_noise).all()
    assert (np.abs(gradient - truth.gradients["x"]) <= truth.gradient_noises["x"]).all()


SHARP = [
    ("silu(x)", (1, 5, 20)), ("x/(1 + exp(-x))", (1, 5, 20)), ("gelu(x)", (1,)), ("softmax(x)", (1, 5, 20)),
    ("layer_norm(x)", (1, 5, 20)), ("tanh(x)", (1,)), ("sigmoid(x)", (1,)), ("logsumexp(x)", (1, 5, 20)),
    ("sum(x^2)", (1, 5, 20)),
]  # fmt: skip
"""Programs and the scales at which float32 kernels keep three digits nearly everywhere.

gelu does not below -5, where 1 + erf(x/sqrt(2)) cancels, nor does 1 - tanh(x)^2 beyond 5.
"""


@pytest.mark.parametrize(
    ("program", "scale"), [(program, scale) for program, scales in SHARP for scale in scales]
)
def test_a_planted_error_is_outside_it(program, scale):
    shape, (kernel, *_) = KERNELS[program]
    truth, (_, gradient) = run(program, shape, kernel, scale)
    off = np.abs(gradient * (1 + PLANTED) - truth.gradients["x"]) > truth.gradient_noises["x"]
    assert off.reshape(ROWS, -1).any(axis=1).mean() >= 0.999
    value_off = PLANTED * np.abs(truth.value) > truth.value_noise
    assert value_off.reshape(ROWS, -1).any(axis=1).mean() >= 0.999


def test_noise_is_that_of_the_program_as_it_is_written():
    """A sigmoid made from tanh has no digits far below 0: it is told when the program says so."""
    kernel = silu_through(sigmoid_by_tanh)
    truth, (value, _) = run("silu(x)", (), kernel, 20, rows=1000)
    assert (np.abs(value - truth.value) > truth.value_noise).mean() > 0.3
    truth, (value, _) = run("x*(1 + tanh(x/2))/2", (), kernel, 20, rows=1000)
    assert (np.abs(value - truth.value) <= truth.value_noise).all()


def test_one_wrong_entry_among_many_is_outside():
    shape, (kernel, *_) = KERNELS["layer_norm(x)"]
    truth, (_, gradient) = run("layer_norm(x)", shape, kernel, 1, rows=500)
    gradient = gradient.copy()
    gradient[123, 5] *= -1
    assert np.argwhere(np.abs(gradient - truth.gradients["x"]) > truth.gradient_noises["x"]).tolist() == [
        [123, 5]
    ]


SUMS = {
    "pairwise": lambda x, y: (x * y).sum(-1),
    "naive": lambda x, y: np.add.accumulate(x * y, axis=-1)[:, -1],
    "backwards": lambda x, y: np.add.accumulate((x * y)[:, ::-1], axis=-1)[:, -1],
    "sorted": lambda x, y: np.add.accumulate(np.sort(x * y, axis=-1), axis=-1)[:, -1],
}


@pytest.mark.parametrize("order", SUMS)
def test_a_long_sum_may_be_made_in_any_order(order):
    (x, a), (y, b) = normal(200, 1000), normal(200, 1000, seed=8)
    truth = found("x @ y", {"x": x, "y": y})
    assert (np.abs(SUMS[order](a, b) - truth.value) <= truth.value_noise).all()
    assert (PLANTED * np.abs(truth.value) > truth.value_noise).mean() > 0.9


# Formats with few bits, rounded after every operation.


def small_kernels(x, y, r):
    """Return value and gradients of some programs at x and y, with r after each operation."""
    with array.quiet():
        s, t, e = r(1 / r(1 + r(np.exp(-x)))), r(np.tanh(x)), r(np.exp(r(x * y)))
    return {
        "x*y - x": (r(r(x * y) - x), {"x": r(y - 1), "y": x}),
        "x*y^2": (r(x * r(y * y)), {"x": r(y * y), "y": r(r(2 * x) * y)}),
        "sigmoid(x)": (s, {"x": r(s * r(1 - s))}),
        "silu(x)": (r(x * s), {"x": r(s * r(1 + r(x * r(1 - s))))}),
        "tanh(x)": (t, {"x": r(1 - r(t * t))}),
        "exp(x*y)": (e, {"x": r(e * y), "y": r(e * x)}),
    }


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_formats_with_few_bits(name):
    r = lambda a: rounded(a, name)
    planted = 100 * FORMATS[name].roundoff
    x, y = (r(normal(5000, seed=seed)[0]) for seed in (1, 2))
    for program, (value, gradients) in small_kernels(x, y, r).items():
        columns = {"x": x, "y": y} if "y" in program else {"x": x}
        truth = found(program, columns, name=name)
        assert (np.abs(value - truth.value) <= truth.value_noise).all(), program
        for by, gradient in gradients.items():
            allowed = truth.gradient_noises[by]
            assert (np.abs(gradient - truth.gradients[by]) <= allowed).all(), (program, by)
            assert (planted * np.abs(truth.gradients[by]) > allowed).mean() > 0.85, (program, by)


# Random programs, computed in float32 by forward functions and rules.

TERMS = (
    "({} + {})", "({} - {})", "({})*({})", "({})/(1 + ({})^2)", "({})/({})", "({})^3", "max({}, {})",
    "where({} > {}, {}, {})", "relu({})", "abs({})", "floor({})*({})", "sin({})", "cos({})", "tanh({})",
    "sigmoid({})", "exp(-({})^2)", "softplus({})", "gelu({})", "silu({})", "elu({})", "log(1 + ({})^2)",
    "sqrt(({})^2 + 1)", "atan({})", "hypot({}, {})",
)  # fmt: skip


def random_program(rng, depth):
    if not depth:
        return rng.choice(["x", "y", "z", "2", "0.3"])
    term = rng.choice(TERMS)
    return term.format(*(random_program(rng, depth - 1) for _ in range(term.count("{}"))))


def in_float32(graph, columns):
    """Return value and gradients, each operation rounded to float32."""
    rows = len(next(iter(columns.values())))
    single = lambda x: np.broadcast_to(np.asarray(x).astype(np.float32), (rows,))
    values, gradients = [single(graph.constants.get(k, 0.0)) for k in range(len(graph))], [None] * len(graph)
    carries = depends(graph, graph.variables.values())
    for name, node in graph.variables.items():
        values[node] = single(columns[name])
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if inputs:
            values[node] = single(gate.value(array, *[values[i] for i in inputs]))
    gradients[graph.output] = single(1.0)
    for node in range(len(graph) - 1, -1, -1):
        given = tuple(values[i] for i in graph.inputs[node])
        for k, i in enumerate(graph.inputs[node]):
            if carries[i] and gradients[node] is not None:
                local = single(graph.gates[node].local(k, array, given, values[node]))
                part = np.where(gradients[node] == 0, np.float32(0), single(gradients[node] * local))
                gradients[i] = part if gradients[i] is None else single(gradients[i] + part)
    return values[graph.output], {name: gradients[node] for name, node in graph.variables.items()}


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_random_programs_are_within_it(seed):
    rng = random.Random(seed)
    program = "x + " + random_program(rng, rng.choice([2, 3, 3]))
    columns = {name: normal(500, scale=rng.choice([0.5, 2, 5]), seed=k)[0] for k, name in enumerate("xyz")}
    graph = parse(program)
    columns = {name: columns[name] for name in graph.variables}
    truth = found(program, columns)
    with array.quiet():
        value, gradients = in_float32(graph, columns)
    pairs = [(value, truth.value, truth.value_noise)]
    pairs += [(gradients[n], truth.gradients[n], truth.gradient_noises[n]) for n in columns]
    for said, reference, allowed in pairs:
        held = truth.decided & np.isfinite(said)
        assert (np.abs(said[held] - reference[held]) <= allowed[held]).all(), program


# A single point.


@pytest.mark.parametrize(
    ("program", "point"),
    [
        ("x^2*sin(y)", {"x": -2.0, "y": 5.0}),
        ("sum(softmax(x)*x)", {"x": np.array([1.0, 2.0, -1.0])}),
        ("where(x > 0, log(x), 0)*y", {"x": -1.0, "y": 2.0}),
        ("cross_entropy(x, 1)", {"x": np.array([1.0, 2.0, -1.0])}),
    ],
)
def test_a_point_has_the_noise_of_its_row(program, point):
    graph = parse(program, point)
    alone = noise(graph, graph.forward(point), list(point), None, FORMATS["float16"])
    row = found(program, {name: np.asarray(x)[None] for name, x in point.items()}, name="float16")
    assert alone.value == row.value_noise[0]
    for name in point:
        assert np.array_equal(alone.gradients[name], row.gradient_noises[name][0])
        assert np.shape(alone.gradients[name]) == np.shape(point[name])


@pytest.mark.parametrize(
    ("program", "label"),
    [("cross_entropy(x, t)", [2.0, 0.0]), ("hinge(x, t)", [[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]])],
)
def test_labels_in_a_column_make_no_noise(program, label):
    """The term that is chosen is chosen exactly, as where the program is written for its class."""
    point = {"x": np.array([[1.0, 2.0, -1.0], [0.5, 2.0, 0.3]]), "t": np.array(label)}
    graph = parse(program, point)
    alone = noise(graph, graph.forward(point), ["x"], None, FORMATS["float32"])
    row = found(program, {name: x[None] for name, x in point.items()}, ["x"])
    assert alone.value == row.value_noise[0]
    assert np.array_equal(alone.gradients["x"], row.gradient_noises["x"][0])


def test_at_a_point_pivots_may_depend_on_the_numbers():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    graph = parse("sum(inv(W))", {"W": matrix})
    found_noise = noise(graph, graph.forward({"W": matrix}), ["W"], None, FORMATS["float32"])
    assert (found_noise.gradients["W"] > 0).all()
    assert (found_noise.gradients["W"] < 1e-4).all()


def test_what_has_no_elementary_form_has_noise_too():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    graph = parse("norm(W, 2)", {"W": matrix})
    found_noise = noise(graph, graph.forward({"W": matrix}), ["W"], None, FORMATS["float32"])
    assert 0 < found_noise.value < 1e-4
    assert ((found_noise.gradients["W"] > 0) & (found_noise.gradients["W"] < 1e-4)).all()


def test_a_program_of_constants_has_noise():
    graph = parse("1/3 + 2")
    alone = noise(graph, graph.forward({}), [], None, FORMATS["float32"])
    assert 0 < alone.value < 1e-5


@pytest.mark.parametrize("number", [0.1, 1 / 3, 1e-3])
def test_constants_are_rounded(number):
    assert noise_of(f"x - {number!r}", x=0.0).value >= abs(float(np.float32(number)) - number) > 0
    assert noise_of("x - 0.375", x=0.0).value < 0.375 * 2**-22


def noise_of(program, name="float32", **point):
    graph = parse(program, point)
    return noise(graph, graph.forward(point), list(point), None, FORMATS[name])


def test_what_cancels_has_the_noise_of_its_terms():
    wide = noise_of("(1 + x) - 1", x=1e-6).value
    assert 1e-8 < wide < 1e-6
    assert noise_of("log(1 + x)", x=1e-6).value > 100 * noise_of("log1p(x)", x=1e-6).value


def test_what_the_format_cannot_tell_is_infinite():
    assert noise_of("1/(x - y)", x=1.0, y=1 + 1e-9).value == np.inf
    assert noise_of("1/(x - y)", "float64", x=1.0, y=1 + 1e-9).value < 1e-6 * 1e9


def test_a_branch_that_rounding_may_turn_is_noise():
    """x*y is 1 + 1e-9: in float32 it may be below 1, where the slope is another."""
    near = noise_of("where(x*y > 1, 5*x, 2*x)", x=2.0, y=0.5 + 5e-10)
    assert near.gradients["x"] > 3
    assert noise_of("where(x*y > 1, 5*x, 2*x)", "float64", x=2.0, y=0.5 + 5e-10).gradients["x"] < 1e-14


def test_the_smaller_of_two_has_no_say():
    assert noise_of("max(x, 0)", x=-2.0).value == 0
    assert (
        noise_of("max(0, x)", x=2.0).value == noise_of("min(x, 5)", x=2.0).value == noise_of("x", x=2.0).value
    )
    assert noise_of("max(x, y)", x=2.0, y=2 + 1e-9).value == noise_of("x", x=2 + 1e-9).value


def test_what_underflows_is_no_zero():
    assert noise_of("exp(x)*y", "float64", x=-750.0, y=np.exp(700.0)).value > np.exp(-50.0)
    assert noise_of("x*y", "float64", x=0.0, y=3.0).value == 0


def test_below_the_normal_numbers_zero_is_allowed():
    tiny = noise_of("exp(x)", x=-90.0)
    assert tiny.value >= np.exp(-90.0)
    assert tiny.value < 1e-37


def test_noise_that_no_double_holds_is_infinite():
    found_noises = scaled(np.array([1e300, 1.5e308, np.inf, np.nan]))
    assert found_noises.tolist() == [SAFETY * 1e300, np.inf, np.inf, np.inf]


def test_noise_grows_with_the_unit_roundoff():
    sizes = [noise_of("sin(x)*y", name, x=0.7, y=3.0).value for name in FORMATS]
    ratios = [unit.roundoff for unit in FORMATS.values()]
    assert np.allclose(np.divide(sizes, sizes[0]), np.divide(ratios, ratios[0]), rtol=0.1)


@pytest.mark.parametrize("program", ["gelu(x)", "x*(1 + erf(x/sqrt(2)))/2"])
def test_gelu_far_below_zero_is_all_noise(program):
    """The definition cancels there, and so does every kernel that follows it."""
    x = np.float32([-7.0, -6.0])
    truth = found(program, {"x": x.astype(float)})
    value, _ = gelu_through(erf_in_double)(x)
    assert (value == 0).all()
    assert (np.abs(truth.value) <= truth.value_noise).all()


@pytest.mark.parametrize("terms", [100, 1000, 20_000])
@pytest.mark.parametrize("program", ["sum(x^2)", "mean(x^2)", "norm(x)^2"])
def test_sums_one_after_the_other_are_within_it_and_an_error_of_a_thousandth_is_not(program, terms):
    exact, x = normal(terms, seed=3)
    graph = parse(program, {"x": exact})
    values = graph.forward({"x": exact})
    total = np.add.accumulate(x * x)[-1]
    said = float(total / np.float32(terms) if "mean" in program else total)
    allowed = noise(graph, values, ["x"], None, FORMATS["float32"]).value
    truth = values[graph.output]
    assert abs(said - truth) <= allowed <= 5e-5 * truth
