"""Gates with a shape: every record against NumPy, central differences and known results."""

from __future__ import annotations

import math
from fractions import Fraction
from inspect import signature

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcalc.errors import ShapeError
from gradcalc.forward import array_forward
from gradcalc.gates import GATES, Gate
from gradcalc.gates.record import argument_names, shape_of
from gradcalc.language import parse
from gradcalc.systems import array

from .truth import name

SHAPED = [gate for gate in GATES.values() if not gate.elementwise]
SAMPLES = [(gate, k) for gate in SHAPED for k in range(len(gate.samples))]
EDGES = [(gate, edge) for gate in SHAPED for edge in gate.edges]
KINKS = [(gate, kink) for gate in SHAPED for kink in gate.kinks]
every_gate = pytest.mark.parametrize("gate", SHAPED, ids=name)
every_sample = pytest.mark.parametrize(
    ("gate", "number"), SAMPLES, ids=lambda v: name(v) if isinstance(v, Gate) else str(v)
)
STEP = 1e-6


@pytest.fixture(autouse=True)
def _quiet():
    with array.quiet():
        yield


def options(gate, static):
    return {**gate.options, **static}


def drawn(gate, number, seed=0):
    """Return inputs for a sample, where the gate is defined and smooth."""
    sample = gate.samples[number]
    rng = np.random.default_rng([seed, number, *gate.name.encode()])
    while True:
        inputs = [rng.uniform(sample.low, sample.high, shape) for shape in sample.shapes]
        for k, fixed in sample.fixed.items():
            inputs[k] = array.asarray(fixed)
        if all(d.holds(*inputs, **sample.static) for d in gate.domain) and not kinked(
            gate, inputs, sample.static
        ):
            return tuple(inputs), sample.static


def kinked(gate, inputs, static):
    return any(np.any(kink.where(*inputs, **static)) for kink in gate.kinks)


def central(gate, inputs, static, k, g):
    """Return the gradient of sum(g * out) by input k, by central differences."""
    out = np.zeros(inputs[k].shape)
    for place in np.ndindex(out.shape):
        sides = []
        for step in (STEP, -STEP):
            moved = [x.copy() for x in inputs]
            moved[k][place] += step
            sides.append(np.sum(g * gate.value(array, *moved, **static)))
        out[place] = (sides[0] - sides[1]) / (2 * STEP)
    return out


# Every record.


@every_sample
def test_shape_is_that_of_the_value(gate, number):
    inputs, static = drawn(gate, number)
    shape = gate.shape(*map(np.shape, inputs), **options(gate, static))
    assert shape == np.shape(gate.value(array, *inputs, **static))
    assert shape == np.shape(gate.definition(array, *inputs, **static))
    assert all(type(size) is int for size in shape)


@every_sample
def test_forward_is_the_definition(gate, number):
    inputs, static = drawn(gate, number)
    value, truth = gate.value(array, *inputs, **static), gate.definition(array, *inputs, **static)
    np.testing.assert_allclose(value, truth, rtol=1e-12, atol=1e-13)


@every_sample
def test_pullback_is_the_central_difference(gate, number):
    inputs, static = drawn(gate, number)
    out = array.asarray(gate.value(array, *inputs, **static))
    g = np.random.default_rng(number).uniform(-1, 1, out.shape)
    fixed = gate.samples[number].fixed
    for k, x in enumerate(inputs):
        slope = gate.pull(k, array, g, inputs, out, static)
        if slope is None:
            assert k in fixed
            continue
        assert shape_of(slope) == x.shape
        truth = central(gate, inputs, static, k, g)
        size = max(1.0, np.max(np.abs(truth), initial=0.0))
        np.testing.assert_allclose(slope, truth, rtol=0, atol=1e-6 * size)


@every_sample
def test_pullback_is_linear(gate, number):
    inputs, static = drawn(gate, number)
    out = array.asarray(gate.value(array, *inputs, **static))
    rng = np.random.default_rng(number)
    g, h = rng.uniform(-1, 1, (2, *out.shape))
    for k in range(len(inputs)):
        pull = lambda g, k=k: gate.pull(k, array, g, inputs, out, static)
        if pull(g) is not None:
            np.testing.assert_allclose(pull(2 * g - 3 * h), 2 * pull(g) - 3 * pull(h), rtol=1e-9, atol=1e-9)
            assert not np.any(pull(0.0 * g))


@every_sample
def test_neither_pass_writes_on_its_inputs(gate, number):
    inputs, static = drawn(gate, number)
    out = array.asarray(gate.value(array, *inputs, **static))
    g = np.ones(out.shape)
    for x in (*inputs, out, g):
        x.flags.writeable = False
    assert np.array_equal(gate.value(array, *inputs, **static), out)
    for k in range(len(inputs)):
        gate.pull(k, array, g, inputs, out, static)


@pytest.mark.parametrize(("gate", "edge"), EDGES, ids=lambda v: name(v) if isinstance(v, Gate) else v.why)
def test_edges(gate, edge):
    inputs = tuple(map(array.asarray, edge.inputs))
    out = array.asarray(gate.value(array, *inputs, **edge.static))
    np.testing.assert_allclose(out, edge.value, rtol=1e-15, atol=0)
    assert out.shape == np.shape(edge.value)
    assert len(edge.local) == len(inputs)
    for k, expected in enumerate(edge.local):
        if expected is not None:
            slope = gate.pull(k, array, np.ones(out.shape), inputs, out, edge.static)
            np.testing.assert_allclose(slope, expected, rtol=1e-14, atol=1e-15)
            assert np.shape(slope) == np.shape(expected)


@pytest.mark.parametrize(("gate", "kink"), KINKS, ids=lambda v: name(v) if isinstance(v, Gate) else v.text)
def test_kinks(gate, kink):
    """A kink is found at its example, the first answers there are as told, and the value is not smooth."""
    inputs = tuple(map(array.asarray, kink.example))
    assert np.any(kink.where(*inputs, **kink.static))
    out = array.asarray(gate.value(array, *inputs, **kink.static))
    g = np.ones(out.shape)
    slopes = [gate.pull(k, array, g, inputs, out, kink.static) for k in range(len(inputs))]
    told = [float(Fraction(part.strip())) for part in kink.ours.split(",")]
    flat = np.concatenate(
        [
            np.zeros(x.size) if slope is None else slope.ravel()
            for x, slope in zip(inputs, slopes, strict=True)
        ]
    )
    np.testing.assert_allclose(flat[: len(told)], told, rtol=1e-14, atol=1e-14)
    assert kink.jump or any(bend(gate, inputs, kink.static, k, out) > 0.1 for k in range(len(inputs)))


def bend(gate, inputs, static, k, out):
    """Return the largest difference of one-sided slopes by any element of input k."""
    found = 0.0
    for place in np.ndindex(inputs[k].shape):
        sides = []
        for step in (STEP, -STEP):
            moved = [x.copy() for x in inputs]
            moved[k][place] += step
            sides.append(np.sum(gate.value(array, *moved, **static) - out) / step)
        found = max(found, abs(sides[0] - sides[1]))
    return found


EXPANDED = [(gate, k) for gate, k in SAMPLES if gate.expansion and not gate.samples[k].static]


@pytest.mark.parametrize(
    ("gate", "number"), EXPANDED, ids=lambda v: name(v) if isinstance(v, Gate) else str(v)
)
def test_expansion_is_the_same(gate, number):
    graph = parse(gate.expansion)
    inputs, _ = drawn(gate, number)
    assert gate not in graph.gates
    assert set(graph.variables) <= set(gate.parameters)
    if len(inputs) == len(gate.parameters):
        values = array_forward(graph, dict(zip(gate.parameters, inputs, strict=True)))
        truth = gate.value(array, *inputs)
        assert shape_of(values[graph.output]) == np.shape(truth)
        np.testing.assert_allclose(values[graph.output], truth, rtol=1e-12, atol=1e-13)


@every_gate
def test_kinks_and_domain_fit_the_output(gate):
    for number in range(len(gate.samples)):
        inputs, static = drawn(gate, number)
        shape = shape_of(gate.value(array, *inputs, **static))
        for kink in gate.kinks:
            assert np.broadcast_to(kink.where(*inputs, **static), shape).shape == shape
        assert all(domain.holds(*inputs, **static) is True for domain in gate.domain)


@every_gate
def test_record_is_complete(gate):
    assert gate.doc.endswith(".")
    assert gate.means
    assert gate.latex
    assert gate.samples
    assert gate.flow in {"distributor", "router", "switcher", "mixer"}
    assert len(gate.pullbacks) == len(gate.arrives) == len(gate.parameters)
    assert all(gate.arrives)
    assert not gate.partials
    assert not gate.probe
    assert max(gate.ulps) <= 16
    assert all(edge.why and set(edge.static) <= set(gate.static) for edge in gate.edges)
    assert all(set(sample.static) <= set(gate.static) for sample in gate.samples)


@every_gate
def test_functions_ask_for_what_there_is(gate):
    known = {
        *gate.parameters,
        *gate.static,
        "m",
        "g",
        "out",
        "shape",
        "shapes",
        *(["k"] if gate.variadic else []),
    }
    for rule in filter(None, gate.pullbacks):
        assert set(argument_names(rule)) <= known
    assert set(gate.static) == set(signature(gate.shape).parameters) & set(gate.static)
    gate.shape(*gate.samples[0].shapes, **options(gate, gate.samples[0].static))


def test_every_option_is_sampled():
    """Each option has a sample in which it is written."""
    unsampled = [
        (gate.name, option)
        for gate in SHAPED
        for option in gate.static
        if not any(option in sample.static for sample in gate.samples)
    ]
    assert unsampled == []


FLOWS = {
    "distributor": {"sum", "mean", "concat", "cumsum", "trace"},
    "switcher": {"matmul", "dot", "outer", "cross", "kron"},
    "router": {"amax", "amin", "index", "reshape", "ravel", "transpose", "stack", "diag", "tril", "triu"},
    "mixer": {"prod", "var", "std", "norm", "det", "logdet", "inv", "solve"},
}


@pytest.mark.parametrize(("flow", "gates"), FLOWS.items())
def test_flows(flow, gates):
    assert {gate for gate in gates if GATES[gate].flow != flow} == set()


# Known results.


def call(gate, *inputs, **static):
    return array.asarray(GATES[gate].value(array, *map(array.asarray, inputs), **static))


def back(gate, k, g, *inputs, **static):
    """Return the gradient of input k from the upstream gradient g."""
    inputs = tuple(map(array.asarray, inputs))
    out = array.asarray(GATES[gate].value(array, *inputs, **static))
    return GATES[gate].pull(k, array, array.asarray(g), inputs, out, static)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def agree(got, truth):
    assert np.shape(got) == np.shape(truth)
    np.testing.assert_allclose(got, truth, rtol=1e-11, atol=1e-11)


def test_quadratic_form():
    """0.5 x'Ax -> (A + A')x/2."""
    a, x = normal(4, 4), normal(4, seed=1)
    ax = call("matmul", a, x)
    direct = back("matmul", 0, 0.5, x, ax)
    through = back("matmul", 1, back("matmul", 1, 0.5, x, ax), a, x)
    agree(direct + through, (a + a.T) @ x / 2)


@pytest.mark.parametrize(
    ("options", "outer", "truth"),
    [
        ({"ord": 1}, lambda r: 1.0, lambda a, r: a.T @ np.sign(r)),
        ({}, lambda r: 2 * np.linalg.norm(r), lambda a, r: 2 * a.T @ r),
        ({}, lambda r: 1.0, lambda a, r: a.T @ r / np.linalg.norm(r)),
    ],
    ids=["norm(Ax - y, 1)", "norm(Ax - y)^2", "norm(Ax - y)"],
)
def test_residuals(options, outer, truth):
    a, x, y = normal(5, 3), normal(3, seed=1), normal(5, seed=2)
    r = call("matmul", a, x) - y
    agree(back("matmul", 1, back("norm", 0, outer(r), r, **options), a, x), truth(a, r))


def test_trace_of_a_product():
    """trace(A X' B X C) -> B X C A + B' X A' C'."""
    a, b, c, x = normal(2, 3), normal(4, 4, seed=1), normal(3, 2, seed=2), normal(4, 3, seed=3)
    left = call("matmul", call("matmul", a, x.T), b)
    right = call("matmul", x, c)
    g = back("trace", 0, 1.0, call("matmul", left, right))
    from_right = back("matmul", 0, back("matmul", 1, g, left, right), x, c)
    g = back("matmul", 0, back("matmul", 0, g, left, right), call("matmul", a, x.T), b)
    from_left = back("transpose", 0, back("matmul", 1, g, a, x.T), x)
    agree(from_left + from_right, b @ x @ c @ a + b.T @ x @ a.T @ c.T)


@pytest.mark.parametrize(
    ("gates", "truth"),
    [
        (("inv", "det", "log"), lambda x: -np.linalg.inv(x).T),
        (("inv", "logdet"), lambda x: -np.linalg.inv(x).T),
        (("inv", "trace"), lambda x: -np.linalg.matrix_power(np.linalg.inv(x), 2).T),
        (("det",), lambda x: np.linalg.det(x) * np.linalg.inv(x).T),
        (("inv", "norm"), lambda x: -_cube(x) / np.linalg.norm(np.linalg.inv(x))),
    ],
    ids=["log(det(inv(X)))", "logdet(inv(X))", "trace(inv(X))", "det(X)", "norm(inv(X))"],
)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 17, 20])
def test_matrix_functions(gates, truth, n):
    x = normal(n, n) / n + 2 * np.eye(n)
    values = [x]
    for gate in gates:
        local = GATES[gate]
        values.append(np.log(values[-1]) if gate == "log" else array.asarray(local.value(array, values[-1])))
    g = array.asarray(1.0)
    for gate, given_, out in reversed(list(zip(gates, values, values[1:], strict=False))):
        g = g / given_ if gate == "log" else GATES[gate].pull(0, array, g, (given_,), out, {})
    np.testing.assert_allclose(g, truth(x), rtol=1e-9, atol=1e-9 * np.max(np.abs(truth(x))))


def _cube(x):
    y = np.linalg.inv(x)
    return y.T @ y @ y.T


# Singular matrices.


@pytest.mark.parametrize("n", [2, 3, 4, 8, 16, 17, 25])
def test_cofactors_of_a_matrix_without_its_last_rank(n):
    """det is 0 there, and its gradient is u v.T times the other singular values: found by differences."""
    x = normal(n, n)
    x[-1] = x[0]
    slope = back("det", 0, 1.0, x)
    assert call("det", x) == 0
    truth = np.zeros((n, n))
    for place in np.ndindex(n, n):  # det is linear in each element
        moved = x.copy()
        moved[place] += 1
        truth[place] = np.linalg.det(moved)
    np.testing.assert_allclose(slope, truth, rtol=0, atol=1e-11 * np.max(np.abs(truth)))


SINGULAR = {
    "the lesson's": np.arange(1.0, 10.0).reshape(3, 3),
    "of rank one": np.outer([1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 1.0, 3.0]),
    "a zero": np.zeros((2, 2)),
    "a number": np.zeros((1, 1)),
    "thirds": np.array([[1 / 3, 2 / 3, 1.0], [0.1, 0.2, 0.7], [2 / 3, 4 / 3, 2.0]]),
    "sixteen numbers in order": np.arange(16.0).reshape(4, 4),
    "one of a stack": np.stack([np.eye(2), np.ones((2, 2))]),
}
REGULAR = {
    "small": 1e-200 * np.eye(3),
    "of two scales": np.diag([1e-20, 1.0, 1e20]),
    "nearly of rank one": np.array([[1.0, 1.0], [1.0, 1 + 2**-50]]),
    "Hilbert's": 1 / np.add.outer(np.arange(10.0), np.arange(1.0, 11.0)),
    "without elements": np.zeros((0, 0)),
}


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_singular_is_outside_the_domain(x):
    """No exception of NumPy's, but a value that is not finite, which the record explains."""
    right = np.ones(x.shape[-1])
    for gate, inputs in (("inv", (x,)), ("solve", (x, right)), ("logdet", (x,))):
        assert not np.all(np.isfinite(call(gate, *inputs)))
        assert not GATES[gate].domain[0].holds(*inputs)
    assert np.any(call("det", x) == 0)
    assert np.all(np.isfinite(back("det", 0, np.ones(x.shape[:-2]), x)))


def test_the_others_of_a_stack_have_an_inverse():
    out = call("inv", SINGULAR["one of a stack"])
    assert np.array_equal(out[0], np.eye(2))
    assert np.all(np.isnan(out[1]))


@pytest.mark.parametrize("x", REGULAR.values(), ids=REGULAR)
def test_ill_conditioned_is_not_singular(x):
    for gate, inputs in (("inv", (x,)), ("solve", (x, np.ones(x.shape[-1])))):
        assert GATES[gate].domain[0].holds(*inputs)
        assert np.all(np.isfinite(call(gate, *inputs)))


def test_whole_numbers_have_a_whole_determinant():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3):
        for x in rng.integers(-9, 10, (50, n, n)):
            assert call("det", x) == round(np.linalg.det(x))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("gate", ["inv", "det", "logdet", "solve", "norm"])
def test_not_finite_goes_through(gate, bad):
    x = np.eye(3)
    x[0, 1] = bad
    inputs = (x, np.ones(3)) if gate == "solve" else (x,)
    call(gate, *inputs)
    call("norm", x, ord=2)
    assert [domain.holds(*inputs) in (True, False) for domain in GATES[gate].domain] in ([], [True])


# NumPy's values.

NUMPY = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "amax": np.max, "amin": np.min,
    "var": np.var, "std": np.std,
}  # fmt: skip
SHAPES = st.lists(st.integers(1, 3), max_size=4).map(tuple)
SEEDS = st.integers(0, 2**32)


@st.composite
def reductions(draw):
    """Return a shape, with an axis, several or all."""
    shape = draw(SHAPES)
    places = st.integers(-len(shape), len(shape) - 1)
    kinds = [st.none()]
    if shape:
        kinds += [places, st.lists(places, unique_by=lambda a: a % len(shape)).map(tuple)]
    return shape, draw(st.one_of(kinds)), draw(st.booleans())


def pulled(gate, x, static, seed):
    """Check the pullback of a gate of one input against the central difference, if it is smooth there."""
    gate = GATES[gate]
    out = array.asarray(gate.value(array, x, **static))
    assert gate.shape(x.shape, **options(gate, static)) == out.shape
    g = np.random.default_rng(seed).uniform(-1, 1, out.shape)
    slope = gate.pull(0, array, g, (x,), out, static)
    assert np.shape(slope) == x.shape
    truth = central(gate, (x,), static, 0, g)
    np.testing.assert_allclose(slope, truth, rtol=0, atol=1e-5 * max(1.0, np.max(np.abs(truth), initial=0.0)))


@pytest.mark.parametrize("gate", NUMPY)
@settings(max_examples=60, deadline=None, database=None)
@given(case=reductions(), seed=SEEDS)
def test_reductions_are_numpys(gate, case, seed):
    shape, axis, keepdims = case
    x = normal(*shape, seed=seed)
    out = call(gate, x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(out, NUMPY[gate](x, axis=axis, keepdims=keepdims), rtol=1e-13, atol=1e-15)
    pulled(gate, x, {"axis": axis, "keepdims": keepdims}, seed)


@settings(max_examples=150, deadline=None, database=None)
@given(
    shape=SHAPES.filter(bool), order=st.sampled_from([None, 1, 2, math.inf, "fro"]),
    axes=st.sampled_from([None, 0, -1, (0, 1), (-1, 0), (1, 2), (0,)]), keepdims=st.booleans(), seed=SEEDS,
)  # fmt: skip
def test_norms_are_numpys(shape, order, axes, keepdims, seed):
    x = normal(*shape, seed=seed)
    static = {"ord": order, "axis": axes, "keepdims": keepdims}
    try:
        truth = np.linalg.norm(x, order, axes, keepdims)
    except ValueError:
        with pytest.raises(ShapeError):
            GATES["norm"].shape(shape, **static)
    else:
        np.testing.assert_allclose(call("norm", x, **static), truth, rtol=1e-13)
        pulled("norm", x, static, seed)


@pytest.mark.parametrize("scale", [1e-250, 1e-200, 1e200, 1e250])
@pytest.mark.parametrize("order", [None, 1, 2, math.inf])
def test_norms_neither_overflow_nor_vanish(scale, order):
    x = normal(3, 4)
    for axis in (None, 1):
        near, far = call("norm", x, ord=order, axis=axis), call("norm", scale * x, ord=order, axis=axis)
        np.testing.assert_allclose(far, scale * near, rtol=1e-14)
        g = np.ones(near.shape)
        slopes = [back("norm", 0, g, y, ord=order, axis=axis) for y in (x, scale * x)]
        np.testing.assert_allclose(slopes[1], slopes[0], rtol=1e-13, atol=1e-15)
    rows = np.array([[3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0]])
    np.testing.assert_allclose(call("norm", rows, axis=1), [5e200, 5e-200, 0.0], rtol=1e-15)


@settings(max_examples=80, deadline=None, database=None)
@given(case=reductions(), ddof=st.sampled_from([0, 1, 0.5, 2]), seed=SEEDS)
@pytest.mark.parametrize("gate", ["var", "std"])
def test_ddof(gate, case, ddof, seed):
    shape, axis, keepdims = case
    static = {"axis": axis, "ddof": ddof, "keepdims": keepdims}
    x = normal(*shape, seed=seed)
    count = x.size // max(1, math.prod(np.shape(np.sum(x, axis=axis))))
    if count <= ddof:
        with pytest.raises(ShapeError, match="ddof"):
            GATES[gate].shape(shape, **static)
    else:
        np.testing.assert_allclose(
            call(gate, x, **static),
            NUMPY[gate](x, axis=axis, ddof=ddof, keepdims=keepdims),
            rtol=1e-12,
            atol=1e-15,
        )
        assume(not kinked(GATES[gate], (x,), static))
        pulled(gate, x, static, seed)


def test_variance_far_from_zero():
    """mean(x^2) - mean(x)^2 would lose every digit."""
    x = [1e9, 1e9 + 2]
    assert call("var", x) == 1
    assert call("std", x) == 1
    assert back("var", 0, 1.0, x).tolist() == [-1, 1]


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_inverse_of_whole_numbers(n):
    """A matrix of determinant 1 has one in whole numbers, found to the digits that its condition leaves."""
    rng = np.random.default_rng(n)
    for _ in range(20):
        lower, upper = (np.tril(rng.integers(-2, 3, (n, n)), -1) + np.eye(n) for _ in range(2))
        x = lower @ upper.T
        out = call("inv", x)
        assert np.array_equal(np.rint(out) @ x, np.eye(n))
        error = np.finfo(float).eps * np.linalg.cond(x)
        np.testing.assert_allclose(out, np.rint(out), rtol=0, atol=error * np.max(np.abs(out)))
        assert call("det", x) == pytest.approx(1, rel=error)


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_product_of_the_others(n, zeros):
    x = normal(n)
    x[:zeros] = 0.0
    truth = [math.prod(np.delete(x, i)) for i in range(n)]
    np.testing.assert_allclose(back("prod", 0, 1.0, x), truth, rtol=1e-14)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@settings(max_examples=40, deadline=None, database=None)
@given(data=st.data(), seed=SEEDS)
def test_running_sums(rank, data, seed):
    x = normal(*range(2, rank + 2), seed=seed)
    axis = data.draw(st.one_of(st.none(), st.integers(-rank, rank - 1)))
    agree(call("cumsum", x, axis=axis), np.cumsum(x, axis))
    pulled("cumsum", x, {"axis": axis}, seed)


def slices(size):
    bound = st.none() | st.integers(-size - 1, size + 1)
    return st.builds(slice, bound, bound, st.sampled_from([None, 1, 2, -1, -2]))


@st.composite
def keys(draw, shape):
    """Return an index of an array: places, slices, lists of places, an ellipsis, new axes."""
    part = st.sampled_from([None, Ellipsis, "place", "slice", "list"])
    key, axis = [], 0
    for kind in draw(st.lists(part, max_size=len(shape) + 1)):
        if kind is None or (kind is Ellipsis and Ellipsis not in key):
            key.append(kind)
        elif isinstance(kind, str) and axis < len(shape):
            size = shape[axis]
            place = st.integers(-size, size - 1)
            key.append(draw({"place": place, "slice": slices(size), "list": st.tuples(place, place)}[kind]))
            axis += 1
    return tuple(key)


@settings(max_examples=150, deadline=None, database=None)
@given(data=st.data())
def test_index_is_numpys(data):
    shape = data.draw(st.sampled_from([(3,), (2, 3), (3, 3, 2), (3, 3, 3)]))
    key = data.draw(keys(shape))
    assume(Ellipsis not in key or not any(isinstance(k, tuple) for k in key) or shape == (3, 3, 3))
    x = np.arange(float(math.prod(shape))).reshape(shape)
    try:
        truth = x[tuple(list(k) if isinstance(k, tuple) else k for k in key)]
    except IndexError:
        with pytest.raises(ShapeError, match=str(shape[0])):
            GATES["index"].shape(shape, key=key)
    else:
        assert np.array_equal(call("index", x, key=key), truth)
        pulled("index", x, {"key": key}, 0)


@settings(max_examples=60, deadline=None, database=None)
@given(data=st.data())
def test_shaping_is_numpys(data):
    shape = data.draw(SHAPES.filter(bool))
    x = np.arange(float(math.prod(shape))).reshape(shape)
    rank = len(shape)
    order = tuple(a - data.draw(st.sampled_from([0, rank])) for a in data.draw(st.permutations(range(rank))))
    axis = data.draw(st.integers(-rank, rank - 1))
    sizes = data.draw(st.permutations((*shape, 1)))
    assert np.array_equal(call("transpose", x, axes=order), np.transpose(x, order))
    assert np.array_equal(call("reshape", x, shape=tuple(sizes)), x.reshape(sizes))
    assert np.array_equal(call("ravel", x), x.ravel())
    assert np.array_equal(call("concat", x, x, axis=axis), np.concatenate([x, x], axis))
    assert np.array_equal(call("stack", x, x, axis=axis), np.stack([x, x], axis))
    for gate, static in (("transpose", {"axes": order}), ("reshape", {"shape": tuple(sizes)}), ("ravel", {})):
        pulled(gate, x, static, 0)


@pytest.mark.parametrize("k", range(-4, 5))
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (1, 1), (0, 2)])
def test_diagonals_are_numpys(shape, k):
    x = normal(*shape)
    for gate, truth in (("diag", np.diag), ("tril", np.tril), ("triu", np.triu)):
        out = call(gate, x, k=k)
        assert np.array_equal(out, truth(x, k))
        pulled(gate, x, {"k": k}, 0)
    assert np.array_equal(
        call("diag", x[0] if len(x) else x[:, 0], k=k), np.diag(x[0] if len(x) else x[:, 0], k)
    )
    if shape[0] == shape[1]:
        assert call("trace", x, offset=k) == pytest.approx(np.trace(x, k))


RANKS = [(), (3,), (3, 3), (2, 3, 3), (4, 1, 3, 3)]
PRODUCTS = {"matmul": np.matmul, "dot": np.dot, "outer": np.outer, "kron": np.kron, "cross": np.cross}


@pytest.mark.parametrize("gate", PRODUCTS)
@pytest.mark.parametrize("x", RANKS, ids=str)
@pytest.mark.parametrize("y", RANKS, ids=str)
def test_products_are_numpys_in_all_ranks(gate, x, y):
    inputs = normal(*x), normal(*y, seed=1)
    record = GATES[gate]
    try:
        truth = PRODUCTS[gate](*inputs)
    except (ValueError, np.exceptions.AxisError):
        with pytest.raises(ShapeError):
            record.shape(x, y)
        return
    out = call(gate, *inputs)
    agree(out, truth)
    assert record.shape(x, y) == out.shape
    g = normal(*out.shape, seed=2)
    for k in range(2):
        slope = record.pull(k, array, g, inputs, out, {})
        # The gate is linear in each input: the gradient, against any input in its place, is what comes out.
        other = normal(*inputs[k].shape, seed=3)
        swapped = (other, inputs[1]) if k == 0 else (inputs[0], other)
        assert np.shape(slope) == inputs[k].shape
        assert np.sum(slope * other) == pytest.approx(
            np.sum(g * record.value(array, *swapped)), rel=1e-10, abs=1e-10
        )


@pytest.mark.parametrize("x", [(0,), (2, 0), (0, 3), (2, 0, 3)], ids=str)
def test_arrays_without_elements(x):
    empty = np.zeros(x)
    assert call("sum", empty) == 0
    assert call("prod", empty) == 1
    assert call("norm", empty) == 0
    for gate in ("sum", "prod", "norm", "cumsum", "ravel", "transpose"):
        out = call(gate, empty)
        assert GATES[gate].shape(x, **GATES[gate].options) == out.shape
        assert back(gate, 0, np.ones(out.shape), empty).shape == x
    for gate in ("mean", "amax", "amin", "var", "std"):
        with pytest.raises(ShapeError, match="no elements"):
            GATES[gate].shape(x, **GATES[gate].options)


@pytest.mark.parametrize("gate", ["matmul", "dot"])
def test_products_over_nothing_are_zero(gate):
    x, y = np.zeros((2, 0)), np.zeros((0, 3))
    assert np.array_equal(call(gate, x, y), np.zeros((2, 3)))
    assert back(gate, 0, np.ones((2, 3)), x, y).shape == (2, 0)
    assert back(gate, 1, np.ones((2, 3)), x, y).shape == (0, 3)


# Shapes that do not fit.

WRONG = [
    ("matmul", [(2, 3), (2, 4)], {}, "{0}.T @ {1}"),
    ("matmul", [(2, 3), (4, 3)], {}, "{0} @ {1}.T"),
    ("matmul", [(3, 4), (2, 3)], {}, "{1} @ {0}"),
    ("matmul", [(3,), (2, 3)], {}, "{0} @ {1}.T"),
    ("matmul", [(2, 3), (2,)], {}, "{0}.T @ {1}"),
    ("matmul", [(2, 3), (5,)], {}, ""),
    ("matmul", [(5, 2, 3), (5, 2, 3)], {}, ""),
    ("matmul", [(), (2, 3)], {}, "{0} * {1}"),
    ("matmul", [(4, 2, 3), (5, 3, 2)], {}, ""),
    ("dot", [(2, 3), (2,)], {}, "dot({0}.T, {1})"),
    ("dot", [(2, 3), (5, 3)], {}, "dot({0}, {1}.T)"),
    ("dot", [(2,), (3,)], {}, ""),
    ("cross", [(2,), (2,)], {}, "{0}[0]*{1}[1] - {0}[1]*{1}[0]"),
    ("cross", [(3, 5), (3, 5)], {}, "cross({0}.T, {1}.T)"),
    ("cross", [(3,), (4,)], {}, ""),
    ("solve", [(2, 2), (3,)], {}, ""),
    ("solve", [(2, 2), (3, 2)], {}, "solve({0}, {1}.T)"),
    ("solve", [(2, 2), ()], {}, ""),
    ("solve", [(3, 2, 2), (4, 2, 2)], {}, ""),
    ("concat", [(2, 3), (2, 4)], {"axis": 0}, "concat({0}, {1}, axis=1)"),
    ("concat", [(2, 3), (2,)], {"axis": 0}, ""),
    ("stack", [(2,), (3,)], {"axis": 0}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "inputs", "static", "hint"), WRONG, ids=str)
def test_message_names_both_shapes_and_mends(gate, inputs, static, hint):
    with pytest.raises(ShapeError) as caught:
        GATES[gate].shape(*inputs, **static)
    assert all(str(shape) in caught.value.message for shape in inputs)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("gate", "shape", "static", "says", "hint"),
    [
        ("inv", (2, 3), {}, "square", ""),
        ("det", (3,), {}, "square", ""),
        ("logdet", (2, 3), {}, "square", ""),
        ("trace", (2, 3), {}, "square", "sum(diag({0}))"),
        ("trace", (2, 3, 3), {}, "one matrix", ""),
        ("trace", (3, 3), {"offset": 0.5}, "whole number", ""),
        ("diag", (2, 2, 2), {}, "vector or a matrix", ""),
        ("diag", (), {}, "vector or a matrix", ""),
        ("tril", (3,), {}, "matrix", ""),
        ("triu", (3, 3), {"k": 1.5}, "whole number", ""),
        ("reshape", (2, 3), {"shape": (4, 2)}, "6 elements", ""),
        ("reshape", (2, 3), {"shape": (2, 4)}, "6 elements", "reshape({0}, [2, -1])"),
        ("reshape", (2, 3), {"shape": (-1, -1)}, "one may be -1", ""),
        ("reshape", (2, 3), {"shape": (-2, 3)}, "one may be -1", ""),
        ("reshape", (2, 3), {"shape": (1.5, 4)}, "whole number", ""),
        ("reshape", (0, 3), {"shape": (-1, 0)}, "do not fill", ""),
        ("transpose", (2, 3), {"axes": (0, 0)}, "twice", ""),
        ("transpose", (2, 3), {"axes": (0,)}, "2 axes", ""),
        ("transpose", (2, 3), {"axes": (0, 2)}, "no axis 2", ""),
        ("sum", (2, 3), {"axis": 2}, "no axis 2", ""),
        ("sum", (2, 3), {"axis": (1, -1)}, "twice", ""),
        ("sum", (2, 3), {"axis": 0.5}, "whole number", ""),
        ("sum", (2, 3), {"keepdims": "yes"}, "True or False", ""),
        ("sum", (), {"axis": 0}, "no axes", ""),
        ("cumsum", (2, 3), {"axis": 2}, "no axis 2", ""),
        ("norm", (2, 3, 4), {"ord": 1}, "not 3", "norm({0})"),
        ("norm", (3,), {"ord": "fro"}, "ord None, 1, 2, inf", "norm({0})"),
        ("norm", (3,), {"ord": 3}, "ord None, 1, 2, inf", ""),
        ("norm", (3, 3), {"ord": "nuc"}, "fro, ", ""),
        ("index", (4,), {"key": (4,)}, "out of bounds", ""),
        ("index", (4,), {"key": (0, 0)}, "too many", ""),
        ("index", (4,), {"key": (slice(None, None, 0),)}, "zero", ""),
        ("index", (4,), {"key": (0.5,)}, "(4,)", ""),
        ("index", (4, 4), {"key": ((0, 1), (0, 1, 2))}, "(4, 4)", ""),
        ("stack", (2, 3), {"axis": 3}, "no axis 3", ""),
        ("concat", (2, 3), {"axis": 2}, "no axis 2", ""),
        ("concat", (), {}, "single number", "[{0}]"),
        ("var", (1,), {"ddof": 1}, "more than 1", ""),
        ("var", (3,), {"ddof": "n"}, "ddof is a number", ""),
    ],
)
def test_shapes_and_options_that_do_not_fit(gate, shape, static, says, hint):
    with pytest.raises(ShapeError) as caught:
        GATES[gate].shape(shape, **options(GATES[gate], static))
    assert says in caught.value.message
    assert caught.value.message[0].islower() or caught.value.message[0] == "{"
    assert caught.value.hint == hint
