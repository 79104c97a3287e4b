"""Digits as they are printed: half a unit in the last place, of one number or of a million."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.claims.printed import FEWEST_DIGITS, MOST_DIGITS, half_unit, needed, option


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
