"""Digits as they are printed: half a unit in the last place, of one number or of a million."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.claims.printed import FEWEST_DIGITS, MOST_DIGITS, half_unit, needed, option
from gradcalc.pipeline import compute


@given(st.integers(1, 10**MOST_DIGITS - 1), st.integers(-330, 290), st.sampled_from([1, -1]))
def test_half_a_unit_in_the_last_place(digits, exponent, sign):
    x = float(f"{sign * digits}e{exponent}")
    written = Decimal(repr(x)).normalize().as_tuple()
    has_few = FEWEST_DIGITS <= len(written.digits) <= MOST_DIGITS
    assert half_unit(x) == (0.5 * 10.0**written.exponent if has_few else 0)


@pytest.mark.parametrize("x", [0.0, 2.0, 1 / 3, np.pi * 1e-300, 0.1 + 0.2, np.inf, np.nan, 5e-324])
def test_what_was_not_shortened_has_none(x):
    assert half_unit(np.array([x, 0.25])).tolist() == [0, 0.005]


def test_the_tolerance_that_is_needed():
    claimed, reference = np.array([0.39, 0.39, 2.5, 0.5]), np.array([0.3932, 0.3951, 0.0, 0.4999])
    found = needed(claimed, reference)
    assert found[0] == pytest.approx(0.0032 / 0.3932)
    assert found[1:].tolist() == [np.inf] * 3
    assert option(found[0]) == "--rtol 0.009"


def test_arrays_of_any_shape():
    assert half_unit(np.full((2, 3), 0.25)).shape == (2, 3)
    assert half_unit(np.zeros((0, 3))).shape == (0, 3)
    assert needed(np.array(0.39), np.array(0.3932)).shape == ()


# On the command line. The gradient of x^2*sin(y) at (2, 1) is 3.365883939231586.


def claimed(cli, claim, *options, program=("x^2*sin(y)", "x=2", "y=1")):
    """Return the exit code, and what is said of a claim."""
    done = cli(*program, "--claim", claim, *options, "--nodes", "none")
    return done.code, " ".join(done.out[done.out.index("claim ") :].split())


@pytest.mark.parametrize(
    ("claim", "rtol"),
    [("3.37", "0.002"), ("3.366", "4e-05"), ("3.3659", "5e-06"), ("3.366e0", "4e-05"), ("3.365884", "2e-08")],
)
def test_a_claim_that_is_right_as_far_as_it_is_printed_says_so(cli, claim, rtol):
    code, told = claimed(cli, f"grad_x={claim}")
    assert code == 1
    assert f"equal to as many digits as it is printed with; --rtol {rtol} would accept it" in told
    assert claimed(cli, f"grad_x={claim}", "--rtol", rtol)[0] == 0


@pytest.mark.parametrize(
    "claim", ["3.36", "3.40", "3.365", "3", "-3.366", "0", "3.3658838", "1e0", "x*3.366/2"]
)
def test_a_claim_that_is_not_does_not(cli, claim):
    code, told = claimed(cli, f"grad_x={claim}")
    assert code == 1
    assert "as it is printed with" not in told


SUMS = ("a*s + b*s", "a=12.4", "b=-0.4", "s=1e-3")


@pytest.mark.parametrize(
    ("claim", "is_excused"),
    [("grad_s=12", False), ("grad_s=12.0001", False), ("grad_a=1e-3", False), ("value=0.012", False),
     ("grad_s=13", False)],
)  # fmt: skip
def test_numbers_that_are_short_themselves(cli, claim, is_excused):
    assert ("as it is printed with" in claimed(cli, claim, program=SUMS)[1]) == is_excused


@pytest.mark.parametrize(
    ("reference", "claim", "is_excused"),
    [("12.4", "12", True), ("12.6", "12", False), ("1.04e-3", "1e-3", False), ("1.04e-3", "1.0e-3", True),
     ("-0.3932", "-0.39", True), ("0", "0.39", False), ("0", "1e-9", False), ("2.3", "2", False)],
)  # fmt: skip
def test_references_of_many_sizes(cli, reference, claim, is_excused):
    code, told = claimed(cli, f"grad_x={claim}", program=("a*x", f"a={reference}", "x=1"))
    assert code == 1
    assert ("as it is printed with" in told) == is_excused


def test_an_array_is_excused_where_each_entry_is(cli):
    program = ("sum(a*x)", "a=[0.3932, -1.2345, 12.4]", "x=[1, 1, 1]")
    code, told = claimed(cli, "grad_x=[0.39, -1.23, 12]", program=program)
    assert code == 1
    assert "equal to as many digits as it is printed with; --rtol 0.04 would accept it" in told
    assert "as it is printed with" not in claimed(cli, "grad_x=[0.39, -1.24, 12]", program=program)[1]


# The format that a claim was computed in.


@pytest.mark.parametrize(
    ("precision", "right", "wrong"),
    [("float32", "3.3658838", "3.36588"), ("float16", "3.365", "3.3"), ("bfloat16", "3.375", "3"),
     ("float64", "3.365883939231586", "3.3658838")],
)  # fmt: skip
def test_the_precision_of_a_claim_is_an_option(cli, precision, right, wrong):
    assert claimed(cli, f"grad_x={right}", "--precision", precision)[0] == 0
    assert claimed(cli, f"grad_x={wrong}", "--precision", precision)[0] == 1


def test_a_precision_that_there_is_none(cli):
    done = cli("x^2", "x=2", "--precision", "float42")
    assert done.code == 2
    assert "'float42' is not one of 'float16', 'bfloat16', 'float32', 'float64'" in done.err


# What float32 rounds.


@pytest.mark.parametrize("said", ["3.365883827209473", "3.3658838272", 3.365883827209473])
def test_the_rounding_of_float32_is_hinted_at(said):
    claim = judged("x^2*sin(y)", {"x": 2, "y": 1}, grad_x=said)
    assert (claim.verdict, claim.hint) == ("fail", "--precision float32 would accept it")
    again = judged("x^2*sin(y)", {"x": 2, "y": 1}, precision="float32", grad_x=said)
    assert again.verdict == "pass"


@pytest.mark.parametrize("said", ["3.3658*1.00001", "3.36598", "x*sin(y)*2.0000001", 3.366])
def test_what_float32_does_not_explain_is_not(said):
    assert "precision" not in judged("x^2*sin(y)", {"x": 2, "y": 1}, grad_x=said).hint


def test_what_is_near_but_beyond_the_rounding_of_float32_is_not():
    near, far = (6 * (1 + k * 2.0**-24) for k in (2, 40))
    assert "precision" in judged("x*y", {"x": 2.1, "y": 6 / 2.1}, value=near).hint
    assert judged("x*y", {"x": 2.1, "y": 6 / 2.1}, value=far).hint == ""


def judged(program, point, precision="float64", **claims):
    (claim,) = compute(program, point, claims=claims, precision=precision).claims.values()
    return claim
