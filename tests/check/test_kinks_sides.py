"""The two sides of a kink: what they are, where they are none, and that every name gets its own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradcalc.check.difference import Near, one
from gradcalc.errors import NotFiniteError
from gradcalc.graph import depends
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.report import Options
from gradcalc.report import json as as_json
from gradcalc.result import Entry
from gradcalc.systems import real


def entry(text: str, name: str = "x", **point: Any) -> Entry:
    check = compute(text, point).check
    assert check is not None
    return check.gradients[name]


@pytest.mark.parametrize(
    ("program", "x", "left", "right"),
    [
        ("abs(x)", 0.0, -1.0, 1.0),
        ("relu(x)", 0.0, 0.0, 1.0),
        ("-abs(x)", 0.0, 1.0, -1.0),
        ("max(x, 1)", 1.0, 0.0, 1.0),
        ("min(x, 1)", 1.0, 1.0, 0.0),
        ("clip(x, 0, 2)", 0.0, 0.0, 1.0),
        ("clip(x, 0, 2)", 2.0, 1.0, 0.0),
        ("leaky_relu(x, 0.25)", 0.0, 0.25, 1.0),
        ("norm([x, 0])", 0.0, -1.0, 1.0),
        # behind and before smooth functions
        ("exp(abs(x))", 0.0, -1.0, 1.0),
        ("sin(3*abs(x)) + x^2", 0.0, -3.0, 3.0),
        ("abs(sin(x))", 0.0, -1.0, 1.0),
        ("abs(x^3 - 1)", 1.0, -3.0, 3.0),
        ("sigmoid(relu(2*x))", 0.0, 0.0, 0.5),
        ("x*abs(x - 2)", 2.0, -2.0, 2.0),
        # inside where(), and at its condition
        ("where(x < 1, abs(x), 5)", 0.0, -1.0, 1.0),
        ("where(x > 0, x, -2*x)", 0.0, -2.0, 1.0),
        ("where(x > 1, x^2, 2*x - 1)", 1.0, 2.0, 2.0),
        # all sides agree
        ("relu(x) - relu(-x)", 0.0, 1.0, 1.0),
        ("x*abs(x)", 0.0, 0.0, 0.0),
        ("max(x, 0) + min(x, 0)", 0.0, 1.0, 1.0),
        # far from 1 in size
        ("abs(x)*1e200", 0.0, -1e200, 1e200),
        ("abs(x - 1e-200)", 1e-200, -1.0, 1.0),
        ("max(x, 1e200)", 1e200, 0.0, 1.0),
    ],
)
def test_left_and_right(program: str, x: float, left: float, right: float) -> None:
    found = entry(program, x=x)
    assert (found.left, found.right) == pytest.approx((left, right), rel=1e-15)


@pytest.mark.parametrize(
    ("program", "x", "reason"),
    [
        ("floor(x)", 2.0, "a jump at #1 floor(x)"),
        ("sign(x)", 0.0, "a jump at #1 sign(x)"),
        ("where(x > 0, x + 1, x)", 0.0, "a jump at #2 x > 0"),
        ("x^1.5", 0.0, "the edge of a domain: none from the left, 0 from the right"),
        ("sqrt(relu(x))", 0.0, "0 from the left, infinite from the right"),
        ("cbrt(relu(-x))", 0.0, "infinite from the left, 0 from the right"),
        ("where(x > 0, sqrt(x), 0)", 0.0, "0 from the left, infinite from the right"),
    ],
)
def test_without_both_sides_there_is_no_interval(program: str, x: float, reason: str) -> None:
    found = entry(program, x=x)
    assert (found.verdict, found.left, found.right) == ("undecided", None, None)
    assert reason in found.reason


@pytest.mark.parametrize("program", ["sqrt(x)", "sqrt(abs(x))", "sqrt(x^2)", "x*abs(sqrt(x)) + sqrt(x)"])
def test_a_gradient_that_is_infinite_is_an_error(program: str) -> None:
    with pytest.raises(NotFiniteError, match="the slope of sqrt of 0 is infinite"):
        entry(program, x=0.0)


def test_where_no_name_moves_a_kink_there_are_no_sides() -> None:
    found = entry("abs(y) + x^2", x=3.0, y=0.0)
    assert (found.verdict, found.left, found.right) == ("pass", None, None)


# Arrays.


def nans(rows: list[Any]) -> Any:
    return np.array(rows, dtype=float)


@pytest.mark.parametrize(
    ("program", "point", "left", "right"),
    [
        ("sum(relu(W @ x))", {"W": [[1.0, -1.0], [2.0, 3.0]], "x": [1.0, 1.0]}, [2.0, 2.0], [3.0, 3.0]),
        ("max(x)", {"x": [1.0, 1.0, 0.0]}, [0.0, 0.0, 0.0], [1.0, 1.0, 0.0]),
        ("sum(max(x, axis=0))", {"x": [[1.0, 2.0], [1.0, 0.0]]}, [[0, None]]*2, [[1, None]]*2),
        ("norm(x)", {"x": [0.0, 0.0]}, [-1.0, -1.0], [1.0, 1.0]),
        ("sum(clip(x, 0, 1))", {"x": [0.0, 0.5, 1.0]}, [0.0, None, 1.0], [1.0, None, 0.0]),
        ("sum(abs(x))", {"x": [0.0, 3.0]}, [-1.0, None], [1.0, None]),
    ],
)  # fmt: skip
def test_each_element_has_its_own_sides(program: str, point: Any, left: Any, right: Any) -> None:
    found = entry(program, **point)
    moves = ~np.isnan(nans(left))
    assert np.array_equal(found.left[moves], nans(left)[moves])
    assert np.array_equal(found.right[moves], nans(right)[moves])
    if program != "max(x)":  # the loser of a tie has two sides that agree
        assert np.isnan(found.left[~moves]).all()


def test_every_kinked_element_has_its_sides() -> None:
    """The first 20 names are not enough: a claim is judged at each of them."""
    x = np.zeros(300)
    x[::3] = 1.0
    found = entry("sum(abs(x)*2)", x=x)
    assert np.array_equal(np.isnan(found.left), x == 1.0)
    assert set(found.left[x == 0]) == {-2.0}
    assert set(found.right[x == 0]) == {2.0}


def test_elements_where_the_sides_agree_have_a_reference() -> None:
    found = entry("sum(relu(x) - relu(-x))", x=[0.0, 2.0])
    assert found.reference.tolist() == [1.0, 1.0]
    assert found.left[0] == found.right[0] == 1.0


# Only what moves is computed anew.


def test_near_computes_what_the_whole_program_gives() -> None:
    point = {f"x{i}": 0.3 + i for i in range(5)}
    text = "q = x0*x1; r = sin(q)/x2 + abs(x3 - 3.3); s = exp(r)*x4; s + q^2"
    graph = parse(text, point)
    values = graph.forward(point)
    near = Near(graph, values)
    for node in graph.variables.values():
        direction = one(node, values)
        moving = near.moving(direction)
        assert node not in moving
        first, again = (near.quotients(direction, moving, 20) for _ in range(2))
        fresh = Near(graph, values)
        everything = [n for n, moved in enumerate(depends(graph, [node])) if moved and n != node]
        assert first == again == fresh.quotients(direction, everything, 20)


def test_what_does_not_feed_the_output_is_not_moved() -> None:
    graph = parse("dead = exp(x); x^2", ["x"])
    near = Near(graph, graph.forward({"x": 1.0}))
    assert all(graph.gates[node].name != "exp" for node in near.moving([graph.node("x")]))


def test_the_values_are_what_they_were_after_a_step() -> None:
    graph = parse("abs(x)*y", ["x", "y"])
    near = Near(graph, graph.forward({"x": 0.0, "y": 2.0}))
    direction = one(graph.node("x"), [0.0, 2.0])
    assert near.sides(direction) == near.sides(direction)


# Reports.


def report(text: str, **point: Any) -> Any:
    options = Options(nodes="none", colour=False, width=None, ascii=False)
    return json.loads("".join(as_json.write(compute(text, point), options)))


def test_json_has_the_interval_where_there_is_a_kink() -> None:
    found = report("abs(x) + y^2", x=0.0, y=1.0)["check"]["gradients"]
    assert (found["x"]["left"], found["x"]["right"]) == (-1.0, 1.0)
    assert "left" not in found["y"]
    found = report("sum(abs(x))", x=[0.0, 2.0])["check"]["gradients"]["x"]
    assert (found["left"], found["right"]) == ([-1.0, "nan"], [1.0, "nan"])


def test_real_zero_is_no_kink_of_what_is_only_near() -> None:
    """0.1*3 - 0.3 is 0 for nobody: the sides are those at the exact number."""
    found = entry("abs(3*x - 0.3)", x=0.1)
    assert real.abs(3 * 0.1 - 0.3) > 0
    assert found.verdict == "pass"
