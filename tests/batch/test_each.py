"""Rows are computed as single points are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.batch import each as module
from gradcalc.batch.each import Each
from gradcalc.errors import NumberError, ShapeError
from gradcalc.gradients import value_and_grad
from gradcalc.language import parse
from gradcalc.pipeline import compute
from tests.gates.truth import CASES, name, points
from tests.programs import call

CLOSE = 8
"""Units of the last digit that one gate may be off from what a single point gives."""


def ulps(found, expected):
    """Return the largest difference in units of the last digit; what is not finite has to be the same."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))
    same = (found == expected) | ~np.isfinite(expected)
    with np.errstate(all="ignore"):
        return np.where(same, 0, np.abs(found - expected) / np.spacing(np.abs(expected))).max()


@pytest.mark.parametrize(("gate", "count"), CASES, ids=name)
def test_each_gate_is_close_to_a_single_point(gate, count):
    names = [f"x{k}" for k in range(count)]
    graph = parse(call(gate, names), names)
    sample = points(gate, count, 200)
    columns = {x: np.array([point[k] for point in sample]) for k, x in enumerate(names)}
    found = Each(graph, {}, names).run(columns, len(sample))
    single = [value_and_grad(graph, dict(zip(names, point, strict=True))) for point in sample]
    assert ulps(found.value, [value for value, _ in single]) <= CLOSE
    for x in names:
        assert ulps(found.gradients[x], [gradients[x] for _, gradients in single]) <= CLOSE


EXACT = [
    "x*y + z",
    "(x - y)/z",
    "sqrt(x)*y - z^2",
    "max(x, y)*min(y, z)",
    "relu(x) - relu(-x) + abs(y*z)",
    "where(x > 0, sqrt(x), 0)*y + z",
    "clip(x, -1, 1)*sign(y) + floor(z)",
    "q = x*y; r = q + q/z; r*q - x",
]

doubles = st.floats(width=64)


@pytest.mark.parametrize("text", EXACT)
@given(rows=st.lists(st.tuples(doubles, doubles, doubles), min_size=1, max_size=20))
def test_what_rounds_correctly_is_the_same_at_any_numbers(text, rows):
    """Not finite where a single point is an error, and else the same doubles."""
    names = ["x", "y", "z"]
    graph = parse(text, names)
    columns = {x: np.array([row[k] for row in rows]) for k, x in enumerate(names)}
    found = Each(graph, {}, names).run(columns, len(rows))
    for k, row in enumerate(rows):
        point = dict(zip(names, row, strict=True))
        try:
            one = compute(text, point, check=False)
            finite = all(map(math.isfinite, row))
        except NumberError:
            finite = False
        assert found.finite[k] == finite
        if finite:
            assert found.value[k] == one.output.value
            assert {x: found.gradients[x][k] for x in names} == one.gradients


def random_columns(rows, *shape, seed=0):
    generator = np.random.default_rng(seed)
    return {x: generator.uniform(0.5, 2, (rows, *shape)) for x in ("x", "y")}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x*exp(-y)", ()),
        ("sum(x*y)", ()),
        ("max(x, y) + max([x, y, 1])", ()),
        ("sum(x^2*y)", (3,)),
        ("W = [[1, 2], [3, 4]]; (W @ x) @ y", (2,)),
        ("logsumexp(x) + y[0]", (2,)),
        ("3 + 0*rand(1)[0]", ()),
        ("x*2", ()),
    ],
)
def test_programs_of_any_kind_are_computed_row_by_row(text, shape):
    columns = random_columns(5, *shape)
    graph = parse(text, columns)
    found = Each(graph, {}, list(graph.variables)).run(columns, 5)
    assert found.finite.all()
    for k in range(5):
        point = {x: column[k] if shape else float(column[k]) for x, column in columns.items()}
        one = compute(text, point, check=False, spare=point)
        np.testing.assert_allclose(found.value[k], one.output.value, rtol=1e-15)
        for x in graph.variables:
            np.testing.assert_allclose(found.gradients[x][k], one.gradients[x], rtol=1e-15)


def test_where_parts_end_makes_no_difference(monkeypatch):
    graph, columns = parse("x*sin(y)"), random_columns(100)
    whole = Each(graph, {}, ["x", "y"]).run(columns, 100)
    monkeypatch.setattr(module, "PART", 7)
    parts = Each(graph, {}, ["x", "y"]).run(columns, 100)
    assert np.array_equal(whole.value, parts.value)
    assert np.array_equal(whole.gradients["y"], parts.gradients["y"])


def test_what_rows_share_has_a_gradient_in_each():
    found = Each(parse("a*x*y"), {"a": 3.0}, ["a", "x"]).run(random_columns(4), 4)
    x, y = random_columns(4).values()
    assert np.array_equal(found.gradients["a"], x * y)
    assert np.array_equal(found.gradients["x"], 3 * y)


def test_a_statement_of_what_rows_share_has_a_gradient_in_each():
    found = Each(parse("q = 2*a; q*x + y"), {"a": 3.0}, ["q"]).run(random_columns(4), 4)
    assert np.array_equal(found.gradients["q"], random_columns(4)["x"])


def test_each_row_may_have_an_upstream_gradient():
    columns, g = random_columns(4), np.array([1.0, 2, -3, 0])
    found = Each(parse("x*y"), {}, ["x"]).run(columns, 4, g)
    assert np.array_equal(found.gradients["x"], g * columns["y"])
    columns, g = random_columns(4, 2), np.arange(8.0).reshape(4, 2)
    found = Each(parse("x*y"), {}, ["x"]).run(columns, 4, g)
    assert np.array_equal(found.gradients["x"], g * columns["y"])
    found = Each(parse("x*y"), {}, ["x"], np.array([1.0, 10.0])).run(columns, 4)
    assert np.array_equal(found.gradients["x"], [1.0, 10.0] * columns["y"])


def test_an_output_that_is_an_array_is_the_error_of_a_single_point():
    with pytest.raises(ShapeError, match="a gradient is that of one number"):
        Each(parse("x*y"), {}, ["x"]).run(random_columns(4, 2), 4)


def test_a_row_that_is_not_finite_leaves_the_others_alone():
    columns = {"x": np.array([1.0, -2.0, 0.0, math.inf, math.nan, 1e200])}
    each = Each(parse("log(x)*x^2"), {}, ["x"])
    found = each.run(columns, 6)
    assert found.finite.tolist() == [True, False, False, False, False, False]
    assert (found.value[0], found.gradients["x"][0]) == (0, 1)
    assert [each.why(columns, None, k).partition(":")[0] for k in range(1, 6)] == [
        "log of -2 is not defined",
        "log of 0 is not defined",
        "'x' is not finite",
        "'x' is not finite",
        "1e+200 ** 2 is inf",
    ]


def test_a_branch_that_is_not_taken_spoils_no_row():
    columns = {"x": np.array([-1.0, 0.0, 4.0])}
    found = Each(parse("where(x > 0, sqrt(x), 0)"), {}, ["x"]).run(columns, 3)
    assert found.finite.all()
    assert found.gradients["x"].tolist() == [0, 0, 0.25]


def test_a_point_that_is_not_finite_is_none_even_where_the_value_is():
    found = Each(parse("1/x"), {}, ["x"]).run({"x": np.array([math.inf, 2.0])}, 2)
    assert found.finite.tolist() == [False, True]


def test_a_gradient_that_is_not_finite_counts_where_it_is_asked_for():
    columns = {"x": np.array([-2.0]), "n": np.array([3.0])}
    assert Each(parse("x^n"), {}, ["x"]).run(columns, 1).finite.all()
    assert not Each(parse("x^n"), {}, ["x", "n"]).run(columns, 1).finite.any()
