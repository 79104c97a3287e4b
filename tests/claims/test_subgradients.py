"""Claims at kinks: several numbers are right there, those of one kink must fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.pipeline import compute
from gradcalc.result import Claim


def judged(
    program: str, point: dict[str, Any], precision: str = "float64", **claims: Any
) -> dict[str, Claim]:
    named = {f"grad_{name}": claim for name, claim in claims.items()}
    return dict(compute(program, point, claims=named, precision=precision).claims)


def verdicts(program: str, point: dict[str, Any], **claims: Any) -> set[str]:
    return {claim.verdict for claim in judged(program, point, **claims).values()}


def at_zero(program: str, claim: float, **keywords: Any) -> Claim:
    return judged(program, {"x": 0.0}, x=claim, **keywords)["grad_x"]


# One variable: between its one-sided derivatives.


@pytest.mark.parametrize("claim", [-1.0, -0.3, 0.0, 1.0, 1.0 + 1e-10])
def test_between_both_sides_is_a_valid_subgradient(claim: float) -> None:
    found = at_zero("abs(x)", claim)
    assert (found.verdict, found.reason) == ("pass", "a valid subgradient: between -1 and 1")
    assert (found.left, found.right) == (-1.0, 1.0)


@pytest.mark.parametrize("claim", [-1.001, 1.0 + 1e-8, 2.0, float("inf"), float("nan")])
def test_outside_of_them_it_fails(claim: float) -> None:
    found = at_zero("abs(x)", claim)
    assert found.verdict == "fail"
    sides = "the derivative is -1.0 from the left and 1.0 from the right"
    assert found.reason == f"at a kink: {sides}, but {claim!r} was claimed, which is not between them"
    assert found.diagnosis == ""


@pytest.mark.parametrize(
    ("program", "x", "inside", "outside"),
    [
        ("relu(x)", 0.0, (0.0, 0.5, 1.0), (-0.1, 1.1)),
        ("-abs(x)", 0.0, (-1.0, 1.0), (1.1,)),
        ("max(x, 0)", 0.0, (0.0, 0.5, 1.0), (2.0,)),
        ("min(x, 3*x)", 0.0, (1.0, 3.0), (0.9, 3.1)),
        ("exp(abs(x))", 0.0, (-1.0, 1.0), (1.1,)),
        ("where(x < 9, abs(x), 0)", 0.0, (0.9,), (1.1,)),
        ("where(x > 0, x, 2*x)", 0.0, (1.0, 2.0), (0.5,)),
        ("clip(x, 0, 1)", 1.0, (0.0, 0.5, 1.0), (-0.5,)),
        ("clip(x, 0, 1)", 0.0, (0.0, 0.5, 1.0), (1.5,)),
        ("3*abs(x - 1)*x", 1.0, (-3.0, 3.0), (4.0,)),
    ],
)
def test_intervals(program: str, x: float, inside: Any, outside: Any) -> None:
    assert {v for claim in inside for v in verdicts(program, {"x": x}, x=claim)} == {"pass"}
    assert {v for claim in outside for v in verdicts(program, {"x": x}, x=claim)} == {"fail"}


def test_the_precision_of_the_claim_widens_the_interval_by_its_rounding() -> None:
    third = float(np.float32(1 / 3))
    assert at_zero("abs(x)/3", third).verdict == "fail"
    assert at_zero("abs(x)/3", third, precision="float32").verdict == "pass"
    assert at_zero("abs(x)/3", 1.001 / 3, precision="float32").verdict == "fail"


# Where all sides agree there is one derivative.


def test_where_the_sides_agree_only_that_number_passes() -> None:
    program = "relu(x) - relu(-x)"
    assert (at_zero(program, 1.0).verdict, at_zero(program, 1.0).reason) == ("pass", "")
    zero = at_zero(program, 0.0)
    assert zero.verdict == "fail"
    assert (
        zero.reason
        == "it is 1.0 from both sides of a kink, but 0.0 was claimed, as frameworks return by convention"
    )
    other = at_zero(program, 0.5)
    assert (other.verdict, other.diagnosis) == ("fail", "")
    assert other.reason == "it is 1.0 from both sides of a kink, but 0.5 was claimed"


def test_a_smooth_product_at_a_kink_is_not_excused() -> None:
    assert at_zero("x*abs(x)", 0.0).verdict == "pass"
    assert at_zero("x*abs(x)", 0.1).verdict == "fail"


# Jumps and edges stay undecided.


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("floor(x)", "a jump"),
        ("where(x > 0, x + 1, x)", "a jump"),
        ("x^1.5", "the edge of a domain"),
        ("sqrt(relu(x))", "0 from the left, infinite from the right"),
    ],
)
@pytest.mark.parametrize("claim", [0.0, 1.0])
def test_without_two_sides_nothing_is_decided(program: str, reason: str, claim: float) -> None:
    found = at_zero(program, claim)
    assert found.verdict == "undecided"
    assert reason in found.reason


# Several variables of one kink: together.

ONES = {"x": 1.0, "y": 1.0, "z": 1.0}


@pytest.mark.parametrize(
    "program", ["max(x, y, z)", "max(max(x, y), z)", "max(x, max(z, y))", "max([x, y, z])"]
)
@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ((1.0, 1.0, 1.0), "fail"),
        ((1.0, 0.0, 0.0), "pass"),
        ((1 / 3, 1 / 3, 1 / 3), "pass"),
        ((0.2, 0.3, 0.5), "pass"),
        ((0.5, 0.25, 0.5), "fail"),
        ((0.0, 0.0, 0.0), "fail"),
    ],
)
def test_the_gradients_of_a_tie_add_up_to_one(program: str, claims: Any, verdict: str) -> None:
    assert verdicts(program, ONES, **dict(zip("xyz", claims, strict=True))) == {verdict}


def test_the_reason_names_the_direction() -> None:
    said = "moved together, x, y and z change the output at the rate 1, but the claims add up to 3"
    found = judged("max(x, y, z)", ONES, x=1.0, y=1.0, z=1.0)
    assert {(c.reason, c.diagnosis) for c in found.values()} == {(f"no subgradient: {said}", "")}
    said = (
        "moved together, x by 1 and y by -0.5 change the output at the rate 0, but the claims add up to 0.25"
    )
    assert said in judged("relu(x + 2*y)", {"x": 0.0, "y": 0.0}, x=0.5, y=0.5)["grad_x"].reason
    said = "moved together, x and y change the output at a rate between 0 and 1, but the claims add up to 1.1"
    assert said in judged("max(x, y, z)", ONES, x=0.5, y=0.6)["grad_x"].reason
    x = np.ones(9)
    said = "moved together, x[0], x[1], x[2] and 6 more change the output at the rate 1"
    assert said in judged("max(x)", {"x": x}, x=x)["grad_x"].reason


@pytest.mark.parametrize(
    ("program", "claims", "verdict"),
    [
        ("min(x, y)", (0.5, 0.5), "pass"),
        ("min(x, y)", (1.0, 1.0), "fail"),
        ("-max(x, y)", (-0.25, -0.75), "pass"),
        ("-max(x, y)", (-1.0, -1.0), "fail"),
        ("x*max(x, y)", (1.5, 0.5), "pass"),
        ("x*max(x, y)", (2.0, 1.0), "fail"),
        ("exp(max(2*x, y + 1))", (2 * np.exp(2.0), 0.0), "pass"),
        ("exp(max(2*x, y + 1))", (np.exp(2.0), 0.5 * np.exp(2.0)), "pass"),
        ("exp(max(2*x, y + 1))", (np.exp(2.0), np.exp(2.0)), "fail"),
        ("abs(x - y)", (0.5, -0.5), "pass"),
        ("abs(x - y)", (0.5, 0.5), "fail"),
        ("relu(3*x - 2*y - 1)", (1.5, -1.0), "pass"),
        ("relu(3*x - 2*y - 1)", (3.0, 0.0), "fail"),
        ("relu(max(x, y) - 1)", (0.25, 0.25), "pass"),
    ],
)  # fmt: skip
def test_ties_of_two(program: str, claims: Any, verdict: str) -> None:
    assert verdicts(program, {"x": 1.0, "y": 1.0}, x=claims[0], y=claims[1]) == {verdict}


def test_one_gradient_of_a_tie_alone_may_be_anything_between() -> None:
    assert verdicts("max(x, y, z)", ONES, x=1.0) == {"pass"}
    assert verdicts("max(x, y, z)", ONES, x=0.5, y=0.5) == {"pass"}
    assert verdicts("max(x, y, z)", ONES, x=0.5, y=0.6) == {"fail"}


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
@pytest.mark.parametrize("program", ["abs(x) - abs(y)", "abs(x) + abs(y)", "max(x, 0) + max(y, -y)"])
def test_independent_kinks_are_tested_one_by_one(program: str, signs: Any) -> None:
    """At |x| - |y| each pair of signs is a subgradient, though moving both changes nothing."""
    x, y = 0.5 + 0.5 * signs[0] if "max" in program else 0.9 * signs[0], 0.9 * signs[1]
    assert verdicts(program, {"x": 0.0, "y": 0.0}, x=x, y=y) == {"pass"}


@pytest.mark.parametrize(
    "program", ["2*abs(x + y) - abs(x - y)", "max(x, y) - 2*max(x, -y)", "max(-max(x, y), -x)"]
)
def test_names_that_move_several_kinks_are_tested_one_by_one(program: str) -> None:
    """No direction through several kinks is bounded by its two sides: nothing is refused for one."""
    found = compute(program, {"x": 0.0, "y": 0.0}).check
    assert found is not None
    sides = {name: (entry.left, entry.right) for name, entry in found.gradients.items()}
    for place in (0, 1):
        claims = {name: pair[place] for name, pair in sides.items()}
        assert verdicts(program, {"x": 0.0, "y": 0.0}, **claims) == {"pass"}


def test_a_statement_is_not_moved_along_with_its_variables() -> None:
    found = judged("q = x + 0*y; max(q, y)", {"x": 1.0, "y": 1.0}, x=1.0)
    assert found["grad_x"].verdict == "pass"
    result = compute(
        "q = 2*x; max(q, y)", {"x": 1.0, "y": 2.0}, wrt=["q", "x"], claims={"grad_q": 1.0, "grad_x": 2.0}
    )
    assert {c.verdict for c in result.claims.values()} == {"pass"}


# Arrays.

W, X = [[1.0, -1.0], [2.0, 3.0]], [1.0, 1.0]


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.0, "pass"), (0.3, "pass"), (1.0, "pass"), (1.5, "fail"), (-0.5, "fail")]
)
def test_a_zero_before_relu_passes_any_share_of_the_gradient(share: float, verdict: str) -> None:
    claims = {"W": [[share, share], [1.0, 1.0]], "x": [2.0 + share, 3.0 - share]}
    assert verdicts("sum(relu(W @ x))", {"W": W, "x": X}, **claims) == {verdict}


def test_all_of_a_network_pass_the_same_share() -> None:
    """Each gradient alone would do: nothing passed to W, all of it passed to x."""
    claims = {"W": [[0.0, 0.0], [1.0, 1.0]], "x": [3.0, 2.0]}
    for name, claim in claims.items():
        assert verdicts("sum(relu(W @ x))", {"W": W, "x": X}, **{name: claim}) == {"pass"}
    assert verdicts("sum(relu(W @ x))", {"W": W, "x": X}, **claims) == {"fail"}


@pytest.mark.parametrize(
    ("program", "x", "claim", "verdict"),
    [
        ("max(x)", [1.0, 1.0, 0.0], [0.5, 0.5, 0.0], "pass"),
        ("max(x)", [1.0, 1.0, 0.0], [1.0, 0.0, 0.0], "pass"),
        ("max(x)", [1.0, 1.0, 0.0], [1.0, 1.0, 0.0], "fail"),
        ("max(x)", [1.0, 1.0, 0.0], [0.5, 0.5, 0.1], "fail"),
        ("min(x)", [1.0, 1.0, 3.0], [1.0, 1.0, 0.0], "fail"),
        ("sum(max(x, axis=0))", [[1.0, 5.0], [1.0, 5.0]], [[1.0, 0.5], [0.0, 0.5]], "pass"),
        ("sum(max(x, axis=0))", [[1.0, 5.0], [1.0, 5.0]], [[1.0, 1.0], [0.0, 1.0]], "fail"),
        ("sum(max_pool(x, 2))", [[1.0, 1.0], [0.0, 1.0]], [[0.5, 0.5], [0.0, 0.0]], "pass"),
        ("sum(max_pool(x, 2))", [[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]], "fail"),
        ("norm(x)", [0.0, 0.0], [0.5, -0.5], "pass"),
        ("norm(x)", [0.0, 0.0], [1.5, 0.0], "fail"),
        ("norm(x, 1)", [0.0, 0.0, 2.0], [1.0, -1.0, 1.0], "pass"),
        ("norm(x, 1)", [0.0, 0.0, 2.0], [1.0, -1.0, -1.0], "fail"),
        ("std(x)", [1.0, 1.0], [0.0, 0.0], "pass"),
        ("sum(relu(x) - relu(-x))", [0.0, 2.0], [1.0, 1.0], "pass"),
        ("sum(relu(x) - relu(-x))", [0.0, 2.0], [0.0, 1.0], "fail"),
        ("sum(clip(x, 0, 1))", [0.0, 0.5, 1.0], [0.3, 1.0, 0.7], "pass"),
        ("sum(clip(x, 0, 1))", [0.0, 0.5, 1.0], [0.3, 1.0, 1.7], "fail"),
    ],
)  # fmt: skip
def test_arrays_at_kinks(program: str, x: Any, claim: Any, verdict: str) -> None:
    assert verdicts(program, {"x": x}, x=claim) == {verdict}


def test_a_pass_at_kinks_says_where() -> None:
    found = judged("sum(abs(x))", {"x": [2.0, 0.0, 0.0, 0.0]}, x=[1.0, 0.5, 0.0, -1.0])["grad_x"]
    assert found.reason == "a valid subgradient: at [1] between -1 and 1, and 2 more entries at a kink"


def test_an_entry_that_is_wrong_elsewhere_is_told_and_diagnosed() -> None:
    found = judged("sum(abs(x))", {"x": [2.0, 0.0]}, x=[-1.0, 0.5])["grad_x"]
    assert found.reason == "at [0] it is 1.0, but -1.0 was claimed"
    assert found.diagnosis != ""


@pytest.mark.parametrize("wrong", [0, 57, 199])
def test_every_one_of_many_kinked_entries_is_judged(wrong: int) -> None:
    x, claim = np.zeros(200), np.full(200, 0.5)
    assert verdicts("sum(abs(x))", {"x": x}, x=claim) == {"pass"}
    claim[wrong] = 1.5
    found = judged("sum(abs(x))", {"x": x}, x=claim)["grad_x"]
    assert found.verdict == "fail"
    assert found.reason.startswith(f"at [{wrong}] at a kink")


def test_elements_of_an_array_beside_the_edge_of_a_domain_are_judged() -> None:
    found = judged("sum(x^1.5)", {"x": [0.0, 1.0]}, x=[0.0, 1.5])["grad_x"]
    assert (found.verdict, "[0]" in found.reason) == ("undecided", True)
    assert verdicts("sum(x^1.5)", {"x": [0.0, 1.0]}, x=[0.0, 1.6]) == {"fail"}


def test_of_large_programs_all_but_the_kinked_entries_are_judged() -> None:
    """What is too large to be written out is undecided at kinks alone."""
    x = np.linspace(-1.0, 1.0, 40_001)
    right = np.sign(x)
    found = judged("sum(abs(x))", {"x": x}, x=right)["grad_x"]
    assert (found.verdict, "a kink" in found.reason) == ("undecided", True)
    wrong = right.copy()
    wrong[7] = 1.0
    found = judged("sum(abs(x))", {"x": x}, x=wrong)["grad_x"]
    assert (found.verdict, found.reason) == ("fail", "at [7] it is -1.0, but 1.0 was claimed")


# Nothing that a framework returns for a whole tie is refused.


@pytest.mark.parametrize("seed", range(20))
def test_random_convex_combinations_are_subgradients_and_what_is_none_fails(seed: int) -> None:
    """Of max(a1.x, a2.x, ...) at a tie: any mean of the a passes, one pushed out of their hull does not."""
    random = np.random.default_rng(seed)
    count, size = random.integers(2, 4), random.integers(2, 4)
    slopes = random.integers(-4, 5, (count, size)).astype(float)
    names = [f"x{k}" for k in range(size)]
    terms = [" + ".join(f"({a:g})*{n}" for a, n in zip(row, names, strict=True)) for row in slopes]
    program, point = f"max({', '.join(terms)})", dict.fromkeys(names, 0.0)
    weights = random.dirichlet(np.ones(count))
    mean = weights @ slopes
    assert verdicts(program, point, **dict(zip(names, mean, strict=True))) == {"pass"}
    beyond = mean + 10 * np.sign(random.normal(size=size))
    assert "fail" in verdicts(program, point, **dict(zip(names, beyond, strict=True)))
