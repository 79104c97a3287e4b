"""The number systems mean the same by the same name, and settle alike what is not a number."""

from __future__ import annotations

import itertools
import math

import pytest
import sympy
from mpmath import mp, mpf

from gradcalc.systems import precise, real, symbol

POINTS = {
    "angle": [-3.0, -0.7, 0.2, 1.0, 7.5],
    "unit": [-0.9, -0.25, 0.3, 0.75],
    "positive": [1e-5, 0.4, 1.0, 2.5, 1e5],
    "above one": [1.5, 3.0, 1e4],
    "step": [-2.5, -2.0, -0.5, 0.0, 0.3, 1.5, 2.5, 3.5],
}
ONE_INPUT = {
    "sin": "angle", "cos": "angle", "tan": "angle", "asin": "unit", "acos": "unit", "atan": "angle",
    "sinh": "angle", "cosh": "angle", "tanh": "angle", "asinh": "angle", "acosh": "above one",
    "atanh": "unit",
    "exp": "angle", "exp2": "angle", "expm1": "angle", "log": "positive", "log2": "positive",
    "log10": "positive", "log1p": "positive", "sqrt": "positive", "cbrt": "angle", "erf": "angle",
    "erfc": "unit", "degrees": "angle", "radians": "angle",
    "abs": "step", "sign": "step", "floor": "step", "ceil": "step", "round": "step",
}  # fmt: skip
TWO_INPUTS = {
    "atan2": "angle", "hypot": "angle", "pow": "positive", "divide": "angle", "mod": "angle", "max": "step",
    "min": "step",
}  # fmt: skip
SETTLED = {"where", "equal", "number", "pi", "inf", "nan"}
MODULES = [
    {"Floor": precise.floor, "Round": precise.round, "circle_constant": precise.pi},
    "mpmath",
]
CASES = [(name, (x,)) for name, kind in ONE_INPUT.items() for x in POINTS[kind]] + [
    (name, pair) for name, kind in TWO_INPUTS.items() for pair in itertools.product(POINTS[kind], repeat=2)
]
SPECIAL = [0.0, 1.0, -1.0, 0.5, -2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]


def is_public(module, name):
    value = getattr(module, name)
    return not name.startswith("_") and callable(value) and getattr(value, "__name__", "") != "Callable"


def test_every_function_is_in_the_table():
    functions = {name for name in vars(real) if is_public(real, name)} | {"pi", "inf", "nan"}
    assert functions == {*ONE_INPUT, *TWO_INPUTS, *SETTLED}


@pytest.mark.parametrize("system", [precise, symbol])
def test_every_system_has_every_function(system):
    assert [name for name in {*ONE_INPUT, *TWO_INPUTS, *SETTLED} if not hasattr(system, name)] == []


@pytest.mark.parametrize(("name", "inputs"), CASES)
def test_systems_agree(name, inputs):
    symbols = sympy.symbols(f"x:{len(inputs)}", real=True)
    with mp.workdps(50):
        exact = [mpf(x) for x in inputs]
        truth = getattr(precise, name)(*exact)
        formula = sympy.lambdify(symbols, getattr(symbol, name)(*symbols), MODULES)
        assert abs(formula(*exact) - truth) <= abs(truth) * mpf(10) ** -45
    assert getattr(real, name)(*inputs) == pytest.approx(float(truth), rel=1e-14, abs=0)


@pytest.mark.parametrize("name", [*ONE_INPUT, *TWO_INPUTS])
def test_real_is_total(name):
    for inputs in itertools.product([*SPECIAL, -0.0], repeat=2 if name in TWO_INPUTS else 1):
        assert type(getattr(real, name)(*inputs)) is float, inputs


@pytest.mark.parametrize("name", [*ONE_INPUT, *TWO_INPUTS])
def test_precise_never_raises_and_agrees_with_real(name):
    for inputs in itertools.product(filter(math.isfinite, SPECIAL), repeat=2 if name in TWO_INPUTS else 1):
        with mp.workdps(700):
            got = float(getattr(precise, name)(*map(mpf, inputs)))
        expected = getattr(real, name)(*inputs)
        assert got == pytest.approx(expected, rel=1e-14, abs=5e-324, nan_ok=True), inputs


OUTSIDE = [
    ("log", -2.0), ("log2", -2.0), ("log10", -2.0), ("log1p", -2.0), ("sqrt", -2.0), ("asin", 2.0),
    ("acos", -2.0), ("acosh", 0.5), ("atanh", 2.0), ("atan2", 0.0, 0.0), ("pow", -8.0, 1 / 3),
    ("divide", 0.0, 0.0), ("mod", 1.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "inputs"), [(name, inputs) for name, *inputs in OUTSIDE])
def test_outside_a_domain_is_nan(name, inputs):
    assert math.isnan(getattr(real, name)(*inputs))
    assert mp.isnan(getattr(precise, name)(*map(mpf, inputs)))


POLES = [
    ("log", 0.0, -math.inf), ("log1p", -1.0, -math.inf), ("atanh", 1.0, math.inf), ("atanh", -1.0, -math.inf),
    ("exp", 1000.0, math.inf), ("exp2", 2000.0, math.inf), ("expm1", 1000.0, math.inf),
    ("sinh", -1000.0, -math.inf), ("cosh", -1000.0, math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "value"), POLES)
def test_poles_and_overflow_are_infinite(name, x, value):
    assert getattr(real, name)(x) == value
    assert float(getattr(precise, name)(mpf(x))) == value


@pytest.mark.parametrize(
    ("x", "y", "value"),
    [(1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf), (0.0, -1.0, math.inf), (1e300, 1e-300, math.inf)],
)
def test_quotients_and_powers_at_poles(x, y, value):
    name = "pow" if x == 0 else "divide"
    assert getattr(real, name)(x, y) == value


@pytest.mark.parametrize(("x", "y"), [(-1e200, 3.0), (-1e200, 2.0), (1e200, 2.0)])
def test_a_power_that_overflows_keeps_its_sign(x, y):
    assert real.pow(x, y) == math.copysign(math.inf, x if y % 2 else 1.0)


def test_cube_roots_are_real_and_exact():
    assert real.cbrt(-8.0) == -2.0
    assert precise.cbrt(mpf(-8)) == -2
    assert [n for n in range(1, 2000) if real.cbrt(float(n**3)) != n] == []


def test_zero_has_no_sign_on_the_reals():
    assert real.atan2(-0.0, -1.0) == math.pi


def boom():
    raise AssertionError("the branch not taken was computed")


@pytest.mark.parametrize("system", [real, precise])
def test_thunks_are_lazy(system):
    assert system.where(system.number(1.0) > 0, lambda: 2, boom) == 2
    assert system.where(system.number(1.0) < 0, boom, lambda: 3) == 3


def test_a_decided_condition_picks_its_branch_in_symbols():
    assert symbol.where(True, lambda: 2, boom) == 2
    assert symbol.where(sympy.false, boom, lambda: 3) == 3


def test_symbolic_truth_values_compare_as_their_conditions():
    x = sympy.Symbol("x", real=True)
    truth = symbol.where(x > 0, lambda: 1, lambda: 0)
    assert symbol.equal(truth, 0) == (x <= 0)
    assert symbol.equal(x, 0) == sympy.Eq(x, 0)


@pytest.mark.parametrize("name", ["floor", "round", "ceil", "sign"])
def test_steps_have_slope_zero_in_symbols(name):
    x = sympy.Symbol("x", real=True)
    assert sympy.simplify(getattr(symbol, name)(x).diff(x)) == 0


def test_floats_are_exact_numbers_in_every_system():
    assert symbol.number(0.1) == sympy.Rational(3602879701896397, 36028797018963968)
    assert symbol.number(sympy.pi) is sympy.pi
    with mp.workdps(60):
        assert precise.number(0.1) != mpf("0.1")


@pytest.mark.parametrize("system", [real, precise])
def test_nan_wins_in_max_and_min(system):
    for f in (system.max, system.min):
        assert f(1.0, system.nan) != f(1.0, system.nan)
        assert f(system.nan, 1.0) != f(system.nan, 1.0)
