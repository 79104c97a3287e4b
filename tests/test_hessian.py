"""The Hessian: known figures, random programs against differences of gradients, and the proof."""

import numpy as np
import pytest
from hypothesis import given, settings

import gradcalc
from gradcalc.derivatives import hessian as room
from gradcalc.derivatives import modes
from gradcalc.derivatives.hessian import whole
from gradcalc.derivatives.proof import proved
from gradcalc.errors import NotFiniteError, ShapeError, TooLargeError
from gradcalc.gates import GATES
from tests.test_jacobian import expressions, only, points

A = np.array([[2.0, -1.0, 0.5], [-1.0, 3.0, 0.25], [0.5, 0.25, 1.5]])


def test_of_a_scalar_program():
    found = gradcalc.hessian("x^2*y", {"x": 3, "y": 2})
    assert whole(found.blocks, found.wrt).tolist() == [[4, 6], [6, 0]]
    assert found["x", "y"] == 6.0
    assert (found.check.verdict, found.passes, found.mode) == ("pass", 2, "forward over reverse")


def test_of_a_quadratic_form_it_is_the_matrix():
    found = gradcalc.hessian("x @ A @ x/2", {"A": A, "x": [1, 2, 3]}, wrt=["x"])
    assert found["x", "x"].tolist() == A.tolist()
    assert found.blocks["x", "x"].shape == (3, 3)


def test_of_logistic_regression_it_is_x_s_one_minus_s_x():
    random = np.random.default_rng(0)
    x, w, t = random.normal(size=(5, 3)), random.normal(size=3), np.array([1.0, 0, 1, 1, 0])
    found = gradcalc.hessian("sum(softplus(x @ w) - t*(x @ w))", {"x": x, "w": w, "t": t}, wrt=["w"])
    s = 1 / (1 + np.exp(-x @ w))
    np.testing.assert_allclose(found["w", "w"], x.T @ np.diag(s * (1 - s)) @ x, rtol=1e-13)
    assert found.check.verdict == "pass"


def test_of_logdet_it_is_the_inverse_twice():
    found = gradcalc.hessian("logdet(A)", {"A": A})
    inverse = np.linalg.inv(A)
    np.testing.assert_allclose(found["A", "A"], -np.einsum("li,jk->ijkl", inverse, inverse), rtol=1e-12)
    assert found.check.verdict == "pass"


def test_by_statements_too():
    found = gradcalc.hessian("q = x*y; q^3*x", {"x": 2.0, "y": 1.0}, wrt=["q", "x"])
    assert found["q", "q"] == 6 * 2 * 2
    assert found["q", "x"] == found["x", "q"] == 3 * 4 + 6 * 2 * 2 * 1
    assert found.check.verdict == "pass"


def test_of_a_linear_program_it_is_zero():
    found = gradcalc.hessian("sum(3*x) + y", {"x": [1, 2], "y": 1.0})
    assert whole(found.blocks, found.wrt).tolist() == np.zeros((3, 3)).tolist()
    assert found.check.verdict == "pass"


def test_labels_do_not_move():
    found = gradcalc.hessian("hinge(s, t)", {"s": [0.5, -2.0], "t": [1, -1]})
    assert found["s", "t"].tolist() == [[0, 0], [0, 0]]
    assert found.check.verdict == "pass"


def test_a_product_takes_one_pass(monkeypatch):
    run = []
    monkeypatch.setattr(modes, "hvp", lambda *a, f=modes.hvp: run.append(1) or f(*a))
    v = np.linspace(-1, 1, 500)
    found = gradcalc.hvp("sum(exp(x))", {"x": np.linspace(0, 2, 500)}, {"x": v})
    np.testing.assert_allclose(found["x"], v * np.exp(np.linspace(0, 2, 500)), rtol=1e-15)
    assert (len(run), found.passes, found.check.verdict) == (1, 1, "pass")


def test_products_with_units_are_columns():
    point = {"W": A, "x": [0.1, -0.2, 0.3]}
    matrix = gradcalc.hessian("sum(tanh(W @ x)^2)", point, check=False)
    column = gradcalc.hvp("sum(tanh(W @ x)^2)", point, {"x": [0, 1, 0]}, check=False)
    np.testing.assert_allclose(column["W"], matrix["W", "x"][..., 1], rtol=1e-14)
    np.testing.assert_allclose(column["x"], matrix["x", "x"][..., 1], rtol=1e-14)


# What it is not of, and where there is none.


def test_an_output_of_many_numbers_is_refused_with_what_helps():
    with pytest.raises(ShapeError, match=r"the output has the shape \(2,\)") as error:
        gradcalc.hessian("x*2", {"x": [1, 2]})
    assert "sum(x*2)" in error.value.hint
    assert "gradcalc jacobian" in error.value.hint


def test_a_matrix_beyond_all_bounds_is_refused():
    with pytest.raises(TooLargeError, match="entries") as error:
        gradcalc.hessian("sum(x)^2", {"x": np.ones(5000)}, check=False)
    assert "--hvp" in error.value.hint


def test_where_the_gradient_is_infinite_its_gate_is_named():
    with pytest.raises(NotFiniteError, match="sqrt of 0"):
        gradcalc.hessian("sqrt(x)", {"x": 0.0})


def test_an_infinite_second_derivative_is_no_number():
    with pytest.raises(NotFiniteError, match="second derivative by 'x' and 'x'"):
        gradcalc.hessian("x^1.5", {"x": 0.0})


def test_a_branch_that_is_not_taken_does_no_harm():
    found = gradcalc.hessian("sum(where(x > 1, sqrt(x)*log(x), x^3))", {"x": [0.0, 4.0]}, check=False)
    assert found["x", "x"][0].tolist() == [0, 0]
    assert np.isfinite(found["x", "x"]).all()
    found = gradcalc.hessian("sqrt(relu(x))*y + y^2", {"x": -1.0, "y": 3.0})
    assert (whole(found.blocks, found.wrt).tolist(), found.check.verdict) == ([[0, 0], [0, 2]], "pass")


@pytest.mark.parametrize("program", ["abs(x)", "relu(x)*x", "max(x, -x)^2 + abs(x)", "elu(x)"])
def test_at_a_kink_it_is_undecided(program):
    check = gradcalc.hessian(program, {"x": 0.0}).check
    assert check.verdict == "undecided"
    assert "kink" in check.gradients["x, x"].reason


def test_a_kink_is_warned_of():
    found = gradcalc.hessian("abs(x)*y", {"x": 0.0, "y": 2.0})
    assert any("kink" in warning for warning in found.warnings)
    assert found.kinks
    assert not gradcalc.hessian("abs(x)*y", {"x": 1.0, "y": 2.0}).warnings


# The proof.


def test_a_number_that_is_tiny_beside_the_value_is_no_zero():
    """tanh is 1 - 1e-94 here: fewer than 300 digits do not see that it moves at all."""
    found = gradcalc.hessian("tanh(degrees(x))", {"x": 1.9})
    assert found["x", "x"] == pytest.approx(-7.294909561031953e-91, rel=1e-13, abs=0)
    assert found.check.verdict == "pass"


def test_an_output_of_zero_hides_no_rounding():
    """The terms of the sum are rounded in high precision too, and their sum is 0."""
    assert gradcalc.hessian("sum(cumsum(y) + cumsum(y))", {"y": [1.0, -2.0, 1.0]}).check.verdict == "pass"


def test_a_zero_that_floats_round_is_inaccurate():
    assert gradcalc.hessian("tanh(atanh(x))", {"x": 0.9}).check.verdict in ("pass", "inaccurate")


def test_a_wrong_rule_is_a_failure(monkeypatch):
    """A slope that is off by a constant leaves the Hessian right; one that is off by a factor does not."""
    monkeypatch.setitem(vars(GATES["exp"]), "partials", (lambda out: 1.001 * out,))
    found = gradcalc.hessian("sum(exp(x))", {"x": [0.5, 1.5]})
    assert found.check.verdict == "fail"
    assert "by x[0] and x[0]: it is" in found.check.gradients["x, x"].reason


def test_lost_digits_are_inaccurate():
    check = gradcalc.hessian("sqrt(x*x + 1) - x", {"x": 1e7}).check
    assert (check.verdict, check.finished) == ("inaccurate", True)


def test_of_large_programs_random_vectors_are_proved():
    x = np.random.default_rng(0).normal(size=30)
    found = gradcalc.hessian("sum(tanh(x*sum(x)))", {"x": x})
    assert found.check.verdict == "pass"
    assert "random vectors" in found.check.method
    found.blocks["x", "x"].value[3, 4] += 1.0
    assert proved(found, 1e-9, 0.0).check.verdict != "pass"


def test_an_asymmetry_is_told():
    found = gradcalc.hessian("x^2*y", {"x": 3, "y": 2}, check=False)
    assert not room._asymmetries(found.blocks, found.wrt, ())
    wrong = dict(found.blocks) | {("x", "y"): found.blocks["x", "x"]}
    assert "differ by up to 2" in room._asymmetries(wrong, found.wrt, ())[0]


@settings(max_examples=40, deadline=None)
@given(expressions(()), points())
def test_of_random_programs_it_is_symmetric_and_the_difference_of_gradients(program, point):
    point = only(program, point)
    found = gradcalc.hessian(program, point, check=False)
    matrix = whole(found.blocks, found.wrt)
    scale = max(1.0, float(np.max(np.abs(matrix), initial=0.0)))
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-11, atol=1e-12 * scale)
    assert not found.warnings


@settings(max_examples=12, deadline=None)
@given(expressions(()), points())
def test_of_random_programs_it_is_proved(program, point):
    point = only(program, point)
    names = [name for name, x in point.items() if np.size(x) <= 3]
    found = gradcalc.hessian(program, point, wrt=names, atol=1e-10)
    assert found.check.verdict == "pass", found.check.gradients
