"""Dual numbers against what they stand for: the central difference of the same mathematics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.derivatives.modes import DUAL
from gradcalc.systems import array
from gradcalc.systems.dual import Dual, tangent, value

STEP = 1e-6
A = np.array([[2.0, -0.5, 0.25], [0.5, 1.5, -1.0], [0.75, 0.25, -2.0]])
B = np.array([[0.5, -1.0, 0.25], [1.0, 0.5, -0.75], [-0.25, 0.5, 1.0]])


def agree(function, x, dx):
    """Whether the tangent of a function of number systems is its difference quotient."""
    with array.quiet():
        out = function(DUAL, Dual(x, dx))
        there, back = (function(array, x + side * STEP * dx) for side in (1, -1))
        np.testing.assert_allclose(value(out), function(array, x), rtol=1e-15)
    assert np.shape(tangent(out)) == np.shape(value(out))
    np.testing.assert_allclose(tangent(out), (there - back) / (2 * STEP), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("shape", [(9, 9), (2, 12, 12), (30, 30)])
def test_a_large_determinant_moves_with_its_pivots(shape):
    """As it does column by column, which goes by another way; a singular one by the columns alone."""
    rng = np.random.default_rng(3)
    x, dx = rng.normal(size=shape), rng.normal(size=shape)
    columns = [array.det(x * (1 - c) + dx * c) for c in np.eye(shape[-1])]
    np.testing.assert_allclose(tangent(DUAL.det(Dual(x, dx))), np.sum(columns, axis=0), rtol=1e-10)
    x[..., 1] = x[..., 0]
    columns = [array.det(x * (1 - c) + dx * c) for c in np.eye(shape[-1])]
    np.testing.assert_allclose(tangent(DUAL.det(Dual(x, dx))), np.sum(columns, axis=0), rtol=1e-10)


OPERATIONS = {
    "x + 2": lambda m, x: x + 2,
    "2 - x": lambda m, x: 2 - x,
    "A * x": lambda m, x: A * x,
    "x * x": lambda m, x: x * x,
    "1 / x": lambda m, x: 1 / x,
    "x / A": lambda m, x: x / A,
    "x**3": lambda m, x: x**3,
    "x @ A": lambda m, x: x @ A,
    "A @ x": lambda m, x: A @ x,
    "x.T @ x": lambda m, x: x.T @ x,
    "-x": lambda m, x: -x,
    "x[1, None] * x": lambda m, x: x[1, None] * x,
    "reshape": lambda m, x: x.reshape((9,)) * np.arange(9.0),
    "swapaxes": lambda m, x: x.swapaxes(0, 1) * A,
    "where": lambda m, x: m.where(x > 0, lambda: x * x, lambda: 0.0),
    "pow": lambda m, x: m.pow(m.abs(x), x),
    "max": lambda m, x: m.max(x, A, 0.3),
    "hypot": lambda m, x: m.hypot(x, A),
    "sum": lambda m, x: m.sum(x * x, 0),
    "cumsum": lambda m, x: m.cumsum(x * x, 1),
    "prod": lambda m, x: m.prod(x, 1, True),
    "prod of all": lambda m, x: m.prod(x),
    "amax": lambda m, x: m.amax(x, 0),
    "amin": lambda m, x: m.amin(x, (0, 1)),
    "matmul": lambda m, x: m.matmul(x, x),
    "inv": lambda m, x: m.inv(x),
    "solve": lambda m, x: m.solve(x, A[0]),
    "solve for x": lambda m, x: m.solve(A, x),
    "det": lambda m, x: m.det(x),
    "logabsdet": lambda m, x: m.logabsdet(x),
    "cofactor": lambda m, x: m.cofactor(x),
    "spectral": lambda m, x: m.spectral(x),
    "spectral_slope": lambda m, x: m.spectral_slope(x),
    "stack": lambda m, x: m.stack([x, A, x * x], 1),
    "concatenate": lambda m, x: m.concatenate([x, m.zeros((1, 3))], 0),
    "take": lambda m, x: m.take(x, (2, 0), 1),
    "pick": lambda m, x: m.pick(x, ((0, 2, 0), 1)),
    "scatter": lambda m, x: m.scatter(x[0], ((1, 1, 3),), (5,)),
    "spread": lambda m, x: m.spread(x[0], (4, 3), 0),
    "unbroadcast": lambda m, x: m.unbroadcast(x, (1, 3)),
    "integers": lambda m, x: x * m.integers(x * 3 + 0.1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_tangent_is_the_slope_along_the_direction(name):
    agree(OPERATIONS[name], A, B)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_singular_matrix_has_the_derivative_of_its_determinant(rank):
    x = np.diag([3.0] * rank + [0.0] * (3 - rank))
    out = DUAL.det(Dual(x, B))
    assert float(out.value) == 0.0
    assert float(out.tangent) == pytest.approx(9 * B[2, 2] if rank == 2 else 0.0)


def test_a_product_with_a_zero_has_a_derivative():
    out = DUAL.prod(Dual(np.array([2.0, 0.0, 5.0]), np.array([1.0, 3.0, 7.0])))
    assert (float(out.value), float(out.tangent)) == (0.0, 30.0)


def test_ties_share_the_tangent():
    out = DUAL.amax(Dual(np.array([1.0, 1.0, 0.0]), np.array([4.0, 2.0, 9.0])))
    assert float(out.tangent) == 3.0


def test_an_infinite_tangent_that_is_not_taken_does_no_harm():
    x = Dual(np.array([1.0, 0.0]), np.array([2.0, np.inf]))
    assert tangent(DUAL.where(x > 0, lambda: x, lambda: 0.0)).tolist() == [2.0, 0.0]
    assert float(tangent(DUAL.amax(x))) == 2.0


def test_what_does_not_move_is_no_dual():
    assert tangent(DUAL.sum(A)) is None
    assert tangent(DUAL.matmul(A, B)) is None
    assert value(DUAL.exp(0.0)) == 1.0


NUMBERS = st.floats(-3, 3).map(lambda x: round(x, 3))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_product_rule_for_numbers(x, dx, dy):
    out = Dual(x, dx) * Dual(x + 1, dy)
    assert out.tangent == pytest.approx(dx * (x + 1) + x * dy, abs=1e-12)
