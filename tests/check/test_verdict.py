"""Verdicts at the points where checkers go wrong, and the numbers that come with them."""

from __future__ import annotations

import pytest

from gradcalc.pipeline import compute
from gradcalc.result import Entry, Result


def checked(program: str, **point: float) -> Result:
    return compute(program, point)


def entry(program: str, **point: float) -> Entry:
    result = checked(program, **point)
    assert result.check is not None
    return result.check.gradients[next(iter(point))]


@pytest.mark.parametrize(
    ("program", "x"),
    [
        ("sin(1e7*x)", 1.0),
        ("sin(1/x)", 1e-4),
        ("sqrt(x)", 1e-8),
        ("x^3", 1e4),
        ("x^2", 4e-6),
        ("x^2", 0.0),
        ("1 - tanh(x)^2", 20.0),
        ("1 - tanh(x)^2", 60.0),
        ("1 - tanh(x)^2", 120.0),
        ("log(1 + exp(x))", -300.0),
        ("sigmoid(x)", 40.0),
        ("sigmoid(x)", -800.0),
        ("softplus(x)", 800.0),
        ("tanh(x)", 400.0),
        ("where(x > 0, log(x), 0)", -1.0),
        ("max(x, x)", 1.0),
        ("x*abs(x)", 0.0),
        ("0*sqrt(abs(x) + 1)", 3.0),
    ],
)
def test_correct_gradients_pass(program: str, x: float) -> None:
    assert entry(program, x=x).verdict == "pass"


@pytest.mark.parametrize(
    ("program", "left", "right"),
    [
        ("abs(x)", -1.0, 1.0),
        ("relu(x)", 0.0, 1.0),
        ("max(x, 0)", 0.0, 1.0),
        ("where(x > 0, x, 2*x)", 2.0, 1.0),
    ],
)
def test_kinks_are_undecided_and_tell_both_sides(program: str, left: float, right: float) -> None:
    result = checked(program, x=0.0)
    assert result.check is not None
    assert result.check.verdict == "undecided"
    assert (result.kinks[0].left["x"], result.kinks[0].right["x"]) == (left, right)
    assert "kink" in result.check.gradients["x"].reason


def test_a_jump_is_told_from_a_kink() -> None:
    found = entry("floor(x)", x=2.0)
    assert (found.verdict, "jump" in found.reason) == ("undecided", True)


def test_a_smooth_function_at_a_kink_has_its_true_derivative() -> None:
    found = entry("relu(x) - relu(-x)", x=0.0)
    assert (found.verdict, found.reference) == ("undecided", 1.0)
    assert "the derivative is 1 from both sides, the convention gives 0" in found.reason


def test_a_variable_that_does_not_move_the_kink_is_proved() -> None:
    result = checked("abs(x) + y^2", x=0.0, y=3.0)
    assert result.check is not None
    assert {name: e.verdict for name, e in result.check.gradients.items()} == {"x": "undecided", "y": "pass"}


def test_the_edge_of_a_domain_is_undecided() -> None:
    assert "edge of a domain" in entry("x^1.5", x=0.0).reason


def test_cancellation_is_inaccurate_not_wrong_and_names_the_node() -> None:
    result = checked("(exp(x) - 1)/x", x=1e-9)
    assert result.check is not None
    found = result.check.gradients["x"]
    assert (result.check.verdict, found.verdict, found.digits) == ("inaccurate", "inaccurate", 0)
    assert found.reference == pytest.approx(0.5, rel=1e-8)
    assert result.check.first_wrong is None
    assert "#0 x" in found.reason


def test_a_value_that_lost_digits_is_a_warning() -> None:
    result = checked("(1 + x) - 1", x=1e-12)
    assert result.check is not None
    assert result.check.verdict == "pass"
    assert "only 4 digits hold" in result.warnings[0]


def test_chaos_is_inaccurate() -> None:
    lines = ["x0 = x", *(f"x{i} = r*x{i - 1}*(1 - x{i - 1})" for i in range(1, 301))]
    result = checked("\n".join(lines), x=0.3, r=3.9)
    assert result.check is not None
    assert result.check.verdict == "inaccurate"
    assert result.check.method == "gate by gate"


def test_every_node_has_a_reference_and_digits() -> None:
    result = checked("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", w0=2.0, x0=-1.0, w1=-3.0, x1=-2.0, w2=-3.0)
    for node in result.nodes:
        if node.gradient is None:
            assert node.gate.name == "constant"
        else:
            assert node.verdict == "pass"
            assert node.digits is not None
            assert node.digits >= 15
            assert node.reference == pytest.approx(node.gradient, rel=1e-15)


@pytest.mark.parametrize(
    ("program", "formula"),
    [
        ("(x + 2)*y", "y"),
        ("x^3*y", "3*x^2*y"),
        ("0.1*x", "0.1"),
        ("sin(x)", "cos(x)"),
        ("9^9*x", "9^9"),
        ("y/x", "-y/x^2"),
    ],
)
def test_formulas_are_in_the_language(program: str, formula: str) -> None:
    assert entry(program, x=2.0, **({"y": 3.0} if "y" in program else {})).formula == formula


def test_formulas_evaluate_to_the_gradient() -> None:
    for program in ("x^y", "atan2(x, y)", "max(x, y)*x", "gelu(x)/y", "selu(x)*mod(x, y)", "clip(x, 0, y)^2"):
        result = checked(program, x=1.5, y=2.5)
        assert result.check is not None
        for name, found in result.check.gradients.items():
            assert found.formula is not None
            again = compute(found.formula, {"x": 1.5, "y": 2.5}, check=False, spare=("x", "y")).output.value
            assert again == pytest.approx(result.gradients[name], rel=1e-12)


def test_names_beyond_twenty_are_moved_together() -> None:
    names = [f"x{i}" for i in range(40)]
    program = " + ".join(f"sin({name})*{name}" for name in names)
    result = checked(program, **{name: 0.1 * i + 0.5 for i, name in enumerate(names)})
    assert result.check is not None
    assert result.check.verdict == "pass"


def test_tolerances_are_the_user_s() -> None:
    strict = compute("sin(1/x)", {"x": 1e-4}, rtol=1e-14)
    assert strict.check is not None
    assert strict.check.verdict == "inaccurate"
    excused = compute("sin(1/x)", {"x": 1e-4}, rtol=1e-14, atol=1.0)
    assert excused.check is not None
    assert excused.check.verdict == "pass"
