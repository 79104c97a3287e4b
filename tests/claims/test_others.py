"""Claims on which other gradient checkers give the wrong verdict.

Measured in 2026: torch.autograd.gradcheck passes a gradient of 0 for x^2 at 4e-6, an error of 0.09 % at
x = 1, and in its fast mode one entry of 5,000 that is off by half; it fails the right gradients of
sin(1e7 x) and of sin(1/x) at 1e-4. JAX's check passes a tangent that is off by half at 100,000 elements,
and autograd's fails the right gradient of sqrt at 1e-8.
"""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.claims.judge import judge
from gradcalc.language import parse
from gradcalc.pipeline import compute, evaluate

MANY = 5_000
EVEN_MORE = 100_000


def verdict(program, claims, **point):
    """Return the verdict on each claim about a program at a point."""
    return [claim.verdict for claim in compute(program, point, claims=claims).claims.values()]


# Wrong claims that pass elsewhere.


@pytest.mark.parametrize(
    ("program", "x", "claim"),
    [
        ("x^2", 4e-6, 0.0),
        ("x^2", 1.0, 2 * (1 - 9e-4)),
        ("x^2", 1.0, 2 * (1 + 9e-4)),
        ("x^2", 1e-12, 0.0),
        ("x^3", 1e-5, 0.0),
        ("1e-8*sin(x)", 0.5, 0.0),
    ],
)
def test_a_wrong_claim_fails_however_small_it_is(cli, program, x, claim):
    assert verdict(program, {"grad_x": claim}, x=x) == ["fail"]
    assert cli(program, f"x={x!r}", "--claim", f"grad_x={claim!r}").code == 1


@pytest.fixture(scope="module")
def squares():
    """Return the result of a sum of 5,000 squares, its point, and its gradient."""
    x = np.random.default_rng(0).normal(size=MANY)
    return evaluate(parse("sum(x^2)", {"x": x}), {"x": x}), {"x": x}, 2 * x


def test_all_entries_right_pass(squares):
    result, point, gradient = squares
    assert judge(result, point, {"grad_x": gradient})["grad_x"].verdict == "pass"


@pytest.mark.parametrize("place", [0, 1, 77, 2_500, MANY - 1])
@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_one_entry_of_many_off_by_half_fails(squares, place, factor):
    result, point, gradient = squares
    wrong = gradient.copy()
    wrong[place] *= factor
    claim = judge(result, point, {"grad_x": wrong})["grad_x"]
    assert claim.verdict == "fail"
    assert f"at [{place}] " in claim.reason


@pytest.mark.parametrize("seed", range(20))
def test_one_entry_of_many_off_by_half_fails_wherever_it_is(squares, seed):
    result, point, gradient = squares
    place = np.random.default_rng(seed).integers(MANY)
    wrong = gradient.copy()
    wrong[place] *= 1.5
    assert judge(result, point, {"grad_x": wrong})["grad_x"].verdict == "fail"


def test_the_size_of_an_array_excuses_nothing():
    x = np.random.default_rng(0).normal(size=EVEN_MORE)
    assert verdict("sum(x^2)", {"grad_x": 1.5 * (2 * x)}, x=x) == ["fail"]


# Right claims that fail elsewhere, as kernels in float64 compute them.

KERNELS = {
    "sin(1e7*x)": ([0.3, 1.0, -2.7], lambda x: 1e7 * np.cos(1e7 * x)),
    "sin(1/x)": ([1e-4, 3e-5, -1e-6], lambda x: -np.cos(1 / x) / x**2),
    "sqrt(x)": ([1e-8, 1e-300, 4.0], lambda x: 0.5 / np.sqrt(x)),
    "x^3": ([1e4, -1e4, 1e-4], lambda x: 3 * x**2),
}


@pytest.mark.parametrize(("program", "x"), [(program, x) for program, (at, _) in KERNELS.items() for x in at])
def test_a_right_claim_passes(program, x):
    _, kernel = KERNELS[program]
    assert verdict(program, {"grad_x": float(kernel(np.float64(x)))}, x=x) == ["pass"]


@pytest.mark.parametrize(("program", "x"), [(program, x) for program, (at, _) in KERNELS.items() for x in at])
def test_the_same_claim_off_by_a_thousandth_fails(program, x):
    _, kernel = KERNELS[program]
    assert verdict(program, {"grad_x": 1.001 * float(kernel(np.float64(x)))}, x=x) == ["fail"]


@pytest.mark.parametrize(
    ("program", "x", "claim"),
    [("sin(1e7*x)", "0.3", "1e7*cos(1e7*x)"), ("sin(1/x)", "1e-4", "-cos(1/x)/x^2"),
     ("sqrt(x)", "1e-8", "5000"), ("x^3", "1e4", "3e8")],
)  # fmt: skip
def test_a_right_claim_passes_on_the_command_line(cli, program, x, claim):
    done = cli(program, f"x={x}", "--claim", f"grad_x={claim}")
    assert (done.code, done.err) == (0, "")
    assert f"claim grad_x = {claim}: pass" in done.out


# Kinks: an interval, or the one number that all sides agree on.


@pytest.mark.parametrize(
    ("program", "left", "right"),
    [("abs(x)", -1.0, 1.0), ("relu(x)", 0.0, 1.0), ("max(x, 0)", 0.0, 1.0), ("-abs(x)", 1.0, -1.0)],
)
def test_at_a_kink_a_subgradient_passes_and_nothing_else(cli, program, left, right):
    low, high = sorted([left, right])
    for inside in (low, high, (low + high) / 2):
        assert verdict(program, {"grad_x": inside}, x=0.0) == ["pass"]
    for outside in (low - 1e-3, high + 1e-3, 5.0):
        assert verdict(program, {"grad_x": outside}, x=0.0) == ["fail"]
    done = cli(program, "x=0", "--claim", f"grad_x={high + 1}")
    assert done.code == 1
    assert f"the derivative is {left!r} from the left and {right!r} from the right" in " ".join(
        done.out.split()
    )


def test_where_all_sides_agree_only_their_number_passes():
    assert verdict("relu(x) - relu(-x)", {"grad_x": 1.0}, x=0.0) == ["pass"]
    for wrong in (0.0, 0.5, 1.001):
        assert verdict("relu(x) - relu(-x)", {"grad_x": wrong}, x=0.0) == ["fail"]


def test_an_infinity_is_right_nowhere_even_where_rounding_may_change_everything():
    point, upstream = {"x": [1 + 1e-14, 1 + 1e-14], "y": 1}, [1.0, 1.0]
    terms = {"precision": "float32", "upstream": upstream}
    (found,) = compute("1/(x - y)", point, claims={"value": [5.0, np.inf]}, **terms).claims.values()
    assert (found.verdict, found.reason.split(" it is")[0]) == ("fail", "at [1]")
    (found,) = compute("1/(x - y)", point, claims={"value": [5.0, 5.0]}, **terms).claims.values()
    assert found.verdict == "undecided"
