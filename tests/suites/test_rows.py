"""Rows: each is judged as `judge` would judge it alone, and what was not checked never passes."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.batch import verdicts
from gradcalc.batch.verdicts import known, tell
from gradcalc.batch.workings import Workings
from gradcalc.claims.judge import Terms
from gradcalc.claims.precision import FORMATS
from gradcalc.errors import GradcalcError, NamingError, ShapeError, UsageError
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.suites.columns import Columns
from gradcalc.suites.outcome import tally
from gradcalc.suites.precise import Judging
from gradcalc.suites.rows import SHOWN, check_rows
from tests.claims.formats import rounded
from tests.claims.kernels import KERNELS, WITH_UPSTREAM
from tests.claims.test_noise import random_program
from tests.suites.tables import block, blocks, checked, claimed, counts, found, normal

X = normal(200)
SQUARES = {"x": X, "value": X**2, "grad_x": 2 * X}


def notes(outcomes):
    """Return the notes, which stand at the end."""
    assert not any(outcome.notes for outcome in outcomes[:-1])
    return "; ".join(outcomes[-1].notes)


# Verdicts are those of `judge`.

OFF = (1, 1, 1, 1 + 1e-12, 2, np.nan, np.inf)
EDGES = (0.999999, 1, 1.000001)


def claims_near(truth, terms, rng):
    """Return claims: right, wrong, at the edge of the tolerance, and no numbers at all."""
    rows = len(truth.number)
    with np.errstate(all="ignore"):
        edge = np.maximum(np.maximum(terms.rtol * np.abs(truth.number), terms.atol), truth.noise)
        choices = [truth.number * off for off in OFF]
        choices += [truth.number + edge * near * rng.choice([-1, 1]) for near in EDGES]
    return np.stack([choices[rng.integers(len(choices))][k] for k in range(rows)])


@given(st.integers(0, 10**6))
@settings(max_examples=25)
def test_verdicts_are_those_of_judge(seed):
    rng, rows = random.Random(seed), 12
    program = "x + " + random_program(rng, rng.choice([1, 2, 3]))
    names = [name for name in "xyz" if name in parse(program).variables]
    same_verdicts(program, {name: normal(rows, seed=seed + k) for k, name in enumerate(names)}, None, seed)


ARRAYS = {
    "softmax(x)": (4,), "layer_norm(x)": (5,), "sum(max(x, axis=0))": (2, 3), "cross_entropy(x, 1)": (3,),
    "cross_entropy(x, t)": (3,), "norm(x)": (3,), "relu(x)*x": (3,), "sum(abs(x))*mean(x)": (4,),
    "logsumexp(x)": (4,), "std(x)": (4,), "clip(x, -1, 1)": (3,), "cumsum(x)": (3,), "det(x)": (2, 2),
}  # fmt: skip


@pytest.mark.parametrize("program", ARRAYS)
@pytest.mark.parametrize("seed", range(2))
def test_verdicts_on_arrays_are_those_of_judge(program, seed):
    shape, points = ARRAYS[program], {}
    if "t" in parse(program).variables:
        points["t"] = np.random.default_rng(seed).integers(0, 3, 8)
    sample = {"x": np.ones(shape), **{name: float(column[0]) for name, column in points.items()}}
    out = np.shape(parse(program, sample).forward(sample)[-1])
    upstream = normal(8, *out, seed=1) if out else None
    same_verdicts(program, {"x": normal(8, *shape, seed=seed), **points}, upstream, seed)


def same_verdicts(program, points, upstream, seed):
    """Assert that doubles have no other verdicts than `judge`, on claims that are right or wrong."""
    rng = random.Random(seed)
    wide, places = rng.choice([0.5, 2, 5]), rng.choice([0, 1, 15])
    points = {name: x if name == "t" else np.round(x * wide, places) for name, x in points.items()}
    terms = Terms(rng.choice([1e-9, 1e-3, 0.0]), rng.choice([0.0, 0.0, 1e-6]), rng.choice([*FORMATS]))
    truth = found(program, points, upstream, terms.precision)
    names = [name for name in claimed(program, points, upstream) if name != "grad_t"]
    numbers = np.random.default_rng(seed)
    given_ = {**points, **{name: claims_near(known(truth, name), terms, numbers) for name in names}}
    given_ |= {} if upstream is None else {"upstream": upstream}
    columns = Columns(program, [*given_], {}, (), 0)
    rows = columns.sort(block(given_), 1)
    judging, told = Judging(columns, terms, rows.row(0)), tell(truth, rows.claims, terms)
    for k in range(len(rows.lines)):
        verdict = judging.judged(rows.row(k)).verdict
        assert not told.passed[k] or verdict == "pass", (program, rows.row(k))
        assert not told.failed[k] or verdict == "fail", (program, rows.row(k))


def test_most_rows_are_decided_by_doubles():
    truth = found("sin(x)*exp(y)/(1 + x^2)", {"x": normal(1000), "y": normal(1000, seed=1)})
    for factor in (1, 1.01):
        told = tell(truth, {"grad_x": truth.gradients["x"] * factor}, Terms())
        assert (told.passed if factor == 1 else told.failed).mean() > 0.99


@pytest.mark.parametrize("precision", FORMATS)
@pytest.mark.parametrize("rtol", [1e-9, 1e-3])
def test_row_by_row_and_all_at_once_agree(precision, rtol):
    """All outcomes are those of `compute` at the rows, one by one."""
    program, x, y = "x*y + relu(x)", np.round(normal(40), 1), normal(40, seed=1)
    columns = {"x": x, "y": y, "value": x * y + np.maximum(x, 0), "grad_y": rounded(x, precision)}
    columns["grad_y"][::3] *= 1 + rtol
    expected = [
        compute(
            program, {"x": x[k], "y": y[k]}, wrt=["y"], rtol=rtol, precision=precision, closed_form=False,
            claims={name: columns[name][k] for name in ("value", "grad_y")},
        ).claims
        for k in range(40)
    ]  # fmt: skip
    passed = sum(all(c.verdict == "pass" for c in claims.values()) for claims in expected)
    outcomes = checked(program, columns, Terms(rtol, 0.0, precision))
    assert counts(outcomes).get("passed", 0) == passed
    assert counts(outcomes).get("failed", 0) == 40 - passed


def test_what_has_no_form_for_doubles_is_judged_row_by_row():
    w = normal(6, 2, 2)
    right = np.array([-np.linalg.inv(m).sum(0)[:, None] * np.linalg.inv(m).sum(1) for m in w])
    assert Workings.of(parse("sum(inv(W))", ["W"]), {"W": w[0]}, ["W"]) is None
    outcomes = checked("sum(inv(W))", {"W": w, "grad_W": right})
    assert counts(outcomes) == {"passed": 6}
    assert notes(outcomes) == "6 rows in high precision, one by one: the program has no form for float64"
    outcomes = checked("sum(inv(W))", {"W": w, "grad_W": np.swapaxes(right, 1, 2)})
    assert counts(outcomes) == {"failed": 6}
    assert "transposed" in outcomes[0].claims[0].diagnosis


# What is told.


def test_rows_that_pass_are_one_outcome():
    (outcome,) = checked("x^2", SQUARES, file="squares.csv", least=200)
    assert (outcome.verdict, outcome.count, outcome.file) == ("pass", 200, "squares.csv")
    assert outcome.notes == ["200 rows in float64, a sample of 100 in high precision"]
    assert outcome.seconds > 0


def test_a_wrong_row_is_told_with_its_line():
    gradient = 2 * X
    gradient[17] *= -1
    bad, rest = checked("x^2", {**SQUARES, "grad_x": gradient})
    assert (bad.name, bad.line, bad.verdict, bad.reason) == ("row 18", 19, "fail", "df/dx = 2*x")
    value, claim = bad.claims
    assert value.verdict == "pass"
    assert claim.diagnosis == "wrong sign"
    assert (rest.verdict, rest.count) == ("pass", 199)


def test_lines_and_numbers_go_on_over_blocks():
    gradient = 2 * X
    gradient[[3, 150]] = 0.5
    outcomes = list(check_rows("x^2", blocks({**SQUARES, "grad_x": gradient}, 64)))
    assert [(bad.name, bad.line) for bad in outcomes[:-1]] == [("row 4", 5), ("row 151", 152)]
    assert counts(outcomes) == {"passed": 198, "failed": 2}


def test_a_mistake_in_all_rows_is_named_once_for_the_rest():
    outcomes = checked("x^2", {**SQUARES, "grad_x": X})
    assert len(outcomes) == SHOWN + 1
    assert {outcome.claims[1].diagnosis for outcome in outcomes[:-1]} == {"factor 2 missing"}
    assert outcomes[-1].reason == "190 more rows, from line 12 on; in those above grad_x: factor 2 missing"
    assert counts(outcomes) == {"failed": 200}


def test_what_fits_one_row_alone_gives_way_to_what_fits_all():
    """At x = y = 1 a missing factor may be any operand; the other row tells."""
    x, y = np.array([1.0, 3.0]), np.array([1.0, 5.0])
    outcomes = checked("x*y^2", {"x": x, "y": y, "grad_y": x * y})
    assert [outcome.claims[0].diagnosis for outcome in outcomes] == ["factor 2 missing"] * 2


def test_rows_with_mistakes_of_their_own_keep_them():
    x, gradient = np.array([1.5, 2.5]), np.array([-3.0, 2.5])
    outcomes = checked("x^2", {"x": x, "grad_x": gradient})
    assert [outcome.claims[0].diagnosis for outcome in outcomes] == ["wrong sign", "factor 2 missing"]


def test_undecided_rows_and_errors_are_counted_apart():
    x = np.array([-1.0, 4.0, 0.0, 9.0])
    outcomes = checked("sqrt(x)", {"x": x, "value": [1, 2, 0, 3], "grad_x": [0, 0.25, 1, 1 / 6]})
    assert counts(outcomes) == {"passed": 2, "errors": 2}
    assert [(outcome.line, outcome.exit()) for outcome in outcomes[:2]] == [(2, 3), (4, 3)]
    assert notes(outcomes).startswith("4 rows in float64, 2 of them and a sample of 2 in high precision")


def test_errors_beyond_the_first_are_counted():
    outcomes = checked("log(x)", {"x": -np.ones(30), "value": np.zeros(30)}, shown=4)
    assert len(outcomes) == 5
    assert counts(outcomes) == {"errors": 30}
    assert outcomes[-1].error.message == "26 more rows, from line 6 on: no value or no gradient"
    assert tally(outcomes).exit == 3


def test_a_kink_is_left_to_high_precision():
    outcomes = checked("relu(x)", {"x": [0.0, 0.0, 1.0], "grad_x": [7.0, 0.5, 1.0]})
    assert counts(outcomes) == {"passed": 2, "failed": 1}
    assert "0.0 from the left" in outcomes[0].claims[0].reason
    assert outcomes[-1].notes == [
        "3 rows in float64, 2 of them and a sample of 1 in high precision",
        "a valid subgradient at a kink: 1 row",
    ]


def test_claims_that_are_no_numbers_fail():
    outcomes = checked("x^2", {"x": [1.0, 2.0, 3.0], "grad_x": [np.nan, np.inf, 6.0]})
    assert counts(outcomes) == {"passed": 1, "failed": 2}


def test_what_passes_by_atol_alone_is_said():
    outcomes = checked("x^2", {**SQUARES, "grad_x": 2 * X + 1e-7}, Terms(atol=1e-6))
    assert counts(outcomes) == {"passed": 200}
    assert "within atol 1e-06 alone: 200 rows" in notes(outcomes)


def test_progress_is_told():
    told = []
    list(check_rows("x^2", blocks(SQUARES, 64), settled=told.append))
    assert sum(told) == 200


def test_no_rounding_makes_an_exact_zero_undecided():
    outcomes = checked("relu(x)", {"x": -1 - np.abs(X), "value": 0 * X, "grad_x": 0 * X})
    assert notes(outcomes) == "200 rows in float64, a sample of 100 in high precision"


def test_underflow_is_no_exact_zero():
    """exp(-750) is 0 in doubles, but exp(-750)*exp(700) is not."""
    truth = found("exp(x)*exp(y)", {"x": np.array([-750.0]), "y": np.array([700.0])})
    assert truth.value == 0
    assert truth.error.value >= np.exp(-50.0)


# Digits that were printed.


def printed(x, digits=6):
    return np.array([float(f"{number:.{digits}g}") for number in x])


def test_printed_digits_are_hinted_at_once_for_all_rows():
    columns = {"x": X, "value": printed(X**2), "grad_x": printed(2 * X)}
    outcomes = checked("x^2", columns)
    hints = [claim.hint for outcome in outcomes for claim in outcome.claims if claim.hint]
    assert len(hints) == 1
    rtol = float(hints[0].split()[1])
    others = counts(outcomes)["failed"] - 1
    assert hints[0].endswith(f"would accept it and {others} other rows")
    assert counts(checked("x^2", columns, Terms(rtol))) == {"passed": 200}


def test_rows_that_are_wrong_in_their_digits_are_not_hinted_at():
    columns = {"x": X, "grad_x": printed(2 * X)}
    columns["grad_x"][5] *= 1.5
    outcomes = checked("x^2", columns)
    (hint,) = [claim.hint for outcome in outcomes for claim in outcome.claims if claim.hint]
    assert f"and {counts(outcomes)['failed'] - 2} other rows" in hint


def test_arrays_without_elements():
    empty = np.empty((3, 0))
    outcomes = checked("sum(x^2)", {"x": empty, "grad_x": empty, "value": [0.0, 0.0, 1.0]})
    assert counts(outcomes) == {"passed": 2, "failed": 1}


# Nothing checked is no pass.


@pytest.mark.parametrize(
    ("program", "columns", "options", "message"),
    [
        ("x^2", {"x": [], "value": []}, {}, "there are no rows"),
        ("x^2", {"x": [1.0]}, {}, "no column claims anything"),
        ("x^2", {"x": [1.0], "value": [1.0]}, {"ignore": ["value"]}, "no column claims anything"),
        ("x^2", {"x": [1.0], "value": [1.0]}, {"least": 2}, "there is 1 row, fewer than 2"),
        ("x^2", {"x": [1.0], "value": [1.0], "grdx": [1.0]}, {}, "the column 'grdx' means nothing"),
        ("x^2", {"x": [1.0], "var.x": [1.0], "value": [1.0]}, {}, "'var.x' is given twice"),
        ("x^2", {"x": [1.0], "value": [1.0]}, {"shared": {"x": 1.0}}, "'x' is given twice"),
    ],
)
def test_what_is_no_check_is_an_error(program, columns, options, message):
    with pytest.raises(UsageError, match=message):
        checked(program, columns, **options)


def test_no_block_is_no_check():
    with pytest.raises(UsageError, match="no rows"):
        list(check_rows("x^2", []))


def test_more_rows_than_the_least_are_fine():
    assert counts(checked("x^2", SQUARES, least=100)) == {"passed": 200}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("gradx", "did you mean 'grad_x'? --ignore gradx"), ("valeu", "did you mean 'value'?"),
     ("grad_q2", ""), ("zzz", "the variables are x; --ignore zzz leaves it out")],
)  # fmt: skip
def test_the_nearest_name_is_hinted_at(name, hint):
    with pytest.raises(GradcalcError) as caught:
        checked("q = 2*x; q^2", {"x": [1.0], name: [1.0]})
    assert hint in caught.value.hint


def test_columns_may_be_ignored():
    assert counts(checked("x^2", {**SQUARES, "note": X}, ignore=["note"])) == {"passed": 200}


def test_a_missing_variable_is_named():
    with pytest.raises(NamingError, match="the variable 'y' has no column"):
        checked("x*y", {"x": [1.0], "value": [1.0]})


def test_a_program_that_is_none_is_an_error():
    with pytest.raises(GradcalcError, match="an operator is missing"):
        checked("2x", {"x": [1.0], "value": [1.0]})


# Names.


def test_variables_that_are_called_like_claims():
    x = np.array([2.0, 3.0])
    columns = {"var.value": x, "var.upstream": x, "value": x**2, "grad_value": x, "grad_upstream": x}
    assert counts(checked("value*upstream", columns)) == {"passed": 2}
    with pytest.raises(NamingError) as caught:
        checked("value^2", {"value": x, "grad_value": x})
    assert "var.value" in caught.value.hint


def test_gradients_of_statements_and_constants_that_are_given():
    x, e = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    columns = {"x": x, "e": e, "grad_q": 2 * (x + e), "grad_e": 2 * (x + e)}
    assert counts(checked("q = x + e; q^2", columns)) == {"passed": 2}


@pytest.mark.parametrize(("program", "name"), [("x^2", "e"), ("e*x", "pi"), ("x^2", "var.tau")])
def test_a_constant_that_the_program_lacks_means_nothing(program, name):
    with pytest.raises(UsageError, match=f"the column '{name}' means nothing here"):
        checked(program, {"x": [1.0], name: [7.0], "grad_x": [2.0]})


def test_what_all_rows_share():
    w, x = np.array([[1.0, 2.0], [3.0, 4.0]]), normal(20, 2)
    columns = {"x": x, "grad_x": x @ (w + w.T), "value": np.einsum("ki,ij,kj->k", x, w, x)}
    assert counts(checked("x @ W @ x", columns, shared={"W": w})) == {"passed": 20}


def test_each_row_has_its_upstream():
    g = normal(200, seed=3)
    columns = {"x": X, "upstream": g, "grad_x": 2 * X * g}
    assert counts(checked("x^2", columns)) == {"passed": 200}
    columns["upstream"] = g * 2
    outcomes = checked("x^2", columns)
    assert counts(outcomes) == {"failed": 200}


def test_an_array_needs_an_upstream_only_for_gradients():
    x = normal(20, 3)
    value = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    assert counts(checked("softmax(x)", {"x": x, "value": value})) == {"passed": 20}
    with pytest.raises(ShapeError):
        checked("softmax(x)", {"x": x, "grad_x": x})
    with pytest.raises(ShapeError, match="upstream has the shape"):
        checked("softmax(x)", {"x": x, "grad_x": x, "upstream": np.ones((20, 2))})


def test_a_claim_of_another_shape_fails():
    outcomes = checked("sum(x^2)", {"x": normal(20, 3), "grad_x": normal(20, 2)})
    assert counts(outcomes) == {"failed": 20}
    assert "shape" in outcomes[0].claims[0].reason


# The sample proves doubles.


def test_a_sample_that_disagrees_is_an_error(monkeypatch):
    right = verdicts.known

    def off(found_, name):
        number, error, noise = right(found_, name)
        return verdicts.Known(number * (1 + 1e-11), error, noise)

    monkeypatch.setattr("gradcalc.suites.sample.known", off)
    outcomes = checked("x^2", SQUARES)
    assert counts(outcomes)["errors"] == 100
    assert "internal error" in outcomes[0].error.message
    assert tally(outcomes).exit != 0


def test_a_verdict_of_doubles_that_is_wrong_is_an_error(monkeypatch):
    everything = lambda found_, claims, terms: verdicts.Told(
        found_.decided, ~found_.decided, np.zeros_like(found_.decided)
    )
    monkeypatch.setattr("gradcalc.suites.rows.tell", everything)
    outcomes = checked("x^2", {**SQUARES, "grad_x": X})
    assert counts(outcomes)["errors"] == 100
    nothing = lambda found_, claims, terms: verdicts.Told(
        ~found_.decided, found_.decided, np.zeros_like(found_.decided)
    )
    monkeypatch.setattr("gradcalc.suites.rows.tell", nothing)
    assert counts(checked("x^2", SQUARES, sample=0))["errors"] == SHOWN


def test_the_sample_is_drawn_evenly_from_all_blocks(monkeypatch):
    judged = []
    real = Judging.judged
    monkeypatch.setattr(
        Judging,
        "judged",
        lambda self, row, **options: judged.append(row.number) or real(self, row, **options),
    )
    x = normal(4000)
    list(check_rows("x^2", blocks({"x": x, "value": x**2}, 500), sample=80))
    assert len(judged) == len(set(judged)) == 80
    assert min(np.histogram(judged, 4, (1, 4001))[0]) >= 8


# Kernels in float32.

SHARP = ("silu(x)", "softmax(x)", "layer_norm(x)", "gelu(x)")
PLANTED = 1 + 1e-3
KERNEL_ROWS = 5000


def kernel_columns(program, kernel, factor=1):
    """Return the rows that a float32 kernel dumps, its gradient times a factor."""
    shape, _ = KERNELS[program]
    x = normal(KERNEL_ROWS, *shape, seed=7).astype(np.float32)
    g = normal(KERNEL_ROWS, *shape, seed=8).astype(np.float32)
    value, gradient = kernel(x, g) if program in WITH_UPSTREAM else kernel(x)
    given = {"x": x, "upstream": g} if program in WITH_UPSTREAM else {"x": x}
    return {**given, "value": value, "grad_x": gradient * np.float32(factor)}


@pytest.mark.parametrize(
    ("program", "kernel"), [(program, kernel) for program in SHARP for kernel in KERNELS[program][1]]
)
def test_correct_kernels_pass(program, kernel):
    outcomes = checked(program, kernel_columns(program, kernel), Terms(precision="float32"), sample=10)
    assert counts(outcomes) == {"passed": KERNEL_ROWS}


@pytest.mark.parametrize("program", SHARP)
def test_a_planted_error_is_caught(program):
    kernel = KERNELS[program][1][0]
    columns = kernel_columns(program, kernel, PLANTED)
    outcomes = checked(program, columns, Terms(precision="float32"), sample=10, shown=2)
    assert counts(outcomes)["failed"] >= 0.999 * KERNEL_ROWS


def test_where_the_program_has_no_value_none_may_be_claimed():
    found_ = checked("log(x)", {"x": [2.0, -1.0], "value": [np.log(2), np.nan], "grad_x": [0.5, np.nan]})
    assert [(o.verdict, o.count) for o in found_] == [("pass", 2)]
    assert "no value, and none claimed: 1 row" in notes(found_)


def test_none_claimed_where_there_is_a_value_fails():
    found_ = checked("log(x)", {"x": [2.0, 3.0], "value": [np.nan, np.nan]})
    assert [o.verdict for o in found_] == ["fail", "fail"]
