"""Verdicts on programs with arrays: what passes, what is at a kink, what was planted and must fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcalc.backward import Sums, array_backward
from gradcalc.check import arrays, sampled, wires
from gradcalc.check.unroll import unroll
from gradcalc.derivatives.differences import Definitions, exact
from gradcalc.errors import ShapeError, Span
from gradcalc.forward import array_forward
from gradcalc.gates import GATES, VARIABLE
from gradcalc.gates.shape import size
from gradcalc.graph import Graph, depends
from gradcalc.pipeline import compute
from gradcalc.result import Entry, Result
from gradcalc.shapes import output_shape
from gradcalc.systems import array

from .samples import Case, mutated, planted, program


def entry(text: str, name: str = "x", **point: Any) -> Entry:
    check = compute(text, point).check
    assert check is not None
    return check.gradients[name]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("sum(x^2)", [4e-6, 0.0, 1e8]),
        ("sum(1 - tanh(x)^2)", [20.0, 60.0, 120.0]),
        ("sum(where(x > 0, log(x), 0))", [-1.0, 2.0]),
        ("sum(x*abs(x))", [0.0, 1.0]),
        ("sum(softmax(x)*[1, 2])", [1000.0, 0.0]),
        ("logsumexp(x)", [0.0, -800.0]),
        ("cross_entropy(x, 0)", [300.0, 0.0, -5.0]),
        ("det(x)", [[1.0, 2.0], [2.0, 4.0]]),
        ("sum(x.T @ x)", [[1.0, 2.0], [3.0, 4.0]]),
        ("sum(x)", []),
        ("sum(x)", [3.0]),
        ("sum(x[0])*2", [[1.0, 2.0], [3.0, 4.0]]),
        ("x[1]*x[0]*x[1]", [2.0, 3.0]),
        ("sum(inv(x))", [[2.0, 1.0], [1.0, 1e8]]),
        ("norm(x, ord=2)", [[2.0, 1.0], [1.0, 3.0]]),
        ("max(x)", [1.0, 1.0, 2.0]),
        ("sum(max_pool(relu(x)))", [[-1.0, -2.0], [-3.0, -4.0]]),
        ("std(x)", [1e8, 1e8 + 1, 1e8 + 2]),
        ("sum(x*[[1], [2]])", [1.0, 2.0, 3.0]),
    ],
)
def test_correct_gradients_pass(text: str, x: Any) -> None:
    found = entry(text, x=np.array(x))
    assert (found.verdict, found.reason) == ("pass", "")
    assert np.shape(found.reference) == np.shape(x)


def test_every_node_has_a_reference_of_its_own_shape() -> None:
    result = compute(
        "h = relu(W @ x + b); sum(h*h)", {"W": [[1.0, 2.0]] * 3, "x": [0.5, -1.0], "b": [2.0] * 3}
    )
    assert result.check is not None
    for node, shown in zip(result.nodes, result.check.nodes, strict=True):
        assert shown is not None
        assert (shown.verdict, np.shape(shown.reference)) == ("pass", node.shape)
        np.testing.assert_allclose(shown.reference, node.gradient, rtol=1e-15)


def test_what_is_moved_keeps_its_own_gradient() -> None:
    """An element that a gate only moves is used elsewhere too: both have references of their own."""
    result = compute(
        "y = x.T; sum(y*[[1, 2], [3, 4]]) + sum(x)", {"x": [[1.0, 2.0], [3.0, 4.0]]}, wrt=["x", "y"]
    )
    assert result.check is not None
    assert result.check.verdict == "pass"
    assert result.check.gradients["y"].reference.tolist() == [[1.0, 2.0], [3.0, 4.0]]


# Kinks.


@pytest.mark.parametrize(
    ("text", "x", "where"),
    [
        ("sum(relu(x))", [1.0, 0.0, 2.0], "at [1]: a kink at #1 relu(x)"),
        ("max(x)", [1.0, 2.0, 2.0], "a kink at #1 max(x) (elements tie for the largest)"),
        ("sum(floor(x)*x)", [0.5, 2.0], "at [1]: a jump at #1 floor(x)"),
        ("norm(x)", [0.0, 0.0], "a kink at #1 norm(x)"),
        ("hinge(x, 1)", 1.0, "a kink at #2 hinge(x, 1) (target scores = 1)"),
    ],
)
def test_kinks_are_undecided_and_named(text: str, x: Any, where: str) -> None:
    found = entry(text, x=np.array(x))
    assert found.verdict == "undecided"
    assert where in found.reason


def test_elements_that_move_no_kink_keep_their_references() -> None:
    found = entry("sum(relu(x)*x)", x=[3.0, 0.0, -1.0])
    assert found.verdict == "undecided" or found.reference.tolist() == [6.0, 0.0, 0.0]


def test_both_sides_are_told_of_few_elements() -> None:
    (kink,) = compute("sum(abs(x))", {"x": [0.0, 1.0]}).kinks
    assert (kink.left, kink.right) == ({"x[0]": -1.0}, {"x[0]": 1.0})
    (many,) = compute("sum(abs(x))", {"x": np.zeros(50)}).kinks
    assert (many.left, many.count) == ({}, 50)


@pytest.mark.parametrize(
    ("text", "point", "gate", "change"),
    [
        ("max(x)", {"x": [1.0, 2.0, 2.0]}, "amax", lambda part: 2 * part),
        ("max(x)", {"x": [1.0, 2.0, 2.0]}, "amax", lambda part: part + 1.5),
        ("norm(x)", {"x": [0.0, 0.0]}, "norm", lambda part: part + 1.5),
        ("sum(max_pool(x))", {"x": [[1.0, 1.0], [0.0, 0.0]]}, "max_pool", lambda part: 2 * part),
    ],
)
def test_a_wrong_convention_at_a_kink_is_caught(text: str, point: Any, gate: str, change: Any) -> None:
    case = program(text, **point)
    planted(case, GATES[gate], mutated(GATES[gate], 0, change))
    check = case.check()
    assert check.verdict == "fail"
    assert f"the gradient that {gate} sends to x" in check.reason


def test_a_wrong_share_of_a_tie_is_caught() -> None:
    case = program("sum(max(x, y)*x)", x=[1.0, 2.0], y=[1.0, 0.0])
    both = replace(GATES["max"], partials=(lambda m, k, x, out: m.number(m.equal(x[k], out)),))
    check = planted(case, GATES["max"], both).check()
    assert check.verdict == "fail"
    assert "the sum of the local gradients of max" in check.reason


# Formulas.


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("sum(x^2)", "[2*x[0], 2*x[1]]"),
        ("x[0]*x[1]", "[x[1], x[0]]"),
        ("sum([x, x])", "[2, 2]"),
    ],
)
def test_formulas_are_nested_lists(text: str, formula: str) -> None:
    found = entry(text, x=[1.5, 2.5])
    assert found.formula == formula
    again = compute(found.formula, {"x": [1.5, 2.5]}, check=False, spare=["x"], upstream=[1, 1]).output.value
    np.testing.assert_allclose(again, found.reference)


def test_large_arrays_have_no_formula() -> None:
    assert entry("sum(x^2)", x=np.ones(10)).formula is None


def test_cancellation_is_inaccurate_and_names_the_element() -> None:
    found = entry("sum((exp(x) - 1)/x)", x=[1.0, 1e-9])
    assert (found.verdict, found.digits) == ("inaccurate", 0)
    assert "at [1]" in found.reason
    assert found.reference[1] == pytest.approx(0.5)


def test_upstream_of_an_output() -> None:
    result = compute("x^2", {"x": [1.0, 2.0]}, upstream=[10.0, -1.0])
    assert result.check is not None
    assert (result.check.verdict, result.check.gradients["x"].reference.tolist()) == ("pass", [20.0, -4.0])
    scalar = compute("x^2", {"x": 3.0}, upstream=2.0)
    assert scalar.check is not None
    assert (scalar.check.verdict, scalar.check.gradients["x"].reference) == ("pass", 12.0)


# Bugs planted in the backward loop.

REGIMES = pytest.mark.parametrize("work", [arrays.MOST_WORK, 0], ids=["unrolled", "sampled"])


def forked() -> Case:
    return program("q = W @ x; sum(q*q + sin(q)*b)", W=[[1, 2], [3, 4], [5, 6]], x=[0.5, -1], b=[1, 2, 3])


@REGIMES
def test_a_fork_that_forgets_to_add_is_caught(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", work)
    monkeypatch.setattr(Sums, "add", lambda sums, node, part, **_: sums.gradients.__setitem__(node, part))
    case = forked()
    check = case.check()
    assert check.verdict == "fail"
    assert "the sum of what arrives in the backward pass at [0]" in check.reason
    assert check.first_wrong == case.graph.named["q"]


@REGIMES
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda g: np.stack([g, g]), "the shape of its gradient is (2, 3), but should be (3,)"),
        (np.sum, "the shape of its gradient is (), but should be (3,)"),
    ],
)
def test_a_gradient_of_another_shape_is_caught(
    work: int, spoil: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", work)
    case = forked()
    gradients, b = case.gradients(), case.graph.variables["b"]
    gradients[b] = spoil(gradients[b])
    check = case.check(gradients)
    assert check.verdict == "fail"
    assert reason in check.reason


@REGIMES
def test_a_gradient_that_is_missing_is_caught(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", work)
    case = forked()
    gradients = case.gradients()
    gradients[case.graph.named["q"]] = None
    check = case.check(gradients)
    assert check.verdict == "fail"
    assert "has no gradient" in check.reason


@REGIMES
def test_a_missing_sum_over_broadcast_axes_is_caught(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", work)
    case = program("sum((x + b)*(x + b))", x=[[1, 2, 3], [4, 5, 6]], b=[1, 2, 3])
    monkeypatch.setattr(array, "unbroadcast", lambda g, shape: g[0] if np.shape(g) != shape else g)
    check = case.check()
    assert check.verdict == "fail"
    assert "the gradient that add sends to y" in check.reason


# One wrong entry among many.


def one_wrong(place: int) -> Any:
    """Return a change of one entry, off by half of the typical one."""

    def change(part: Any) -> Any:
        out = np.array(part)
        out.flat[place] += 0.5 * np.median(np.abs(out))
        return out

    return change


@pytest.mark.parametrize("place", [0, 1234, 4999])
def test_one_wrong_entry_of_5000_is_caught_with_certainty(place: int) -> None:
    case = program("sum(x^2)", x=np.random.default_rng(place).normal(size=5000))
    planted(case, GATES["sum"], mutated(GATES["sum"], 0, one_wrong(place)))
    check = case.check()
    assert (check.verdict, check.method) == ("fail", "gate by gate")
    assert f"sends to x at [{place}]" in check.reason


LARGE = 100_000


@pytest.mark.parametrize("size", [5000, LARGE])
@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_entry_is_caught_by_dot_products(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    place = int(rng.integers(size))
    case = program("sum(sin(x)*y)", x=rng.normal(size=size), y=rng.normal(size=size))
    planted(case, GATES["sum"], mutated(GATES["sum"], 0, one_wrong(place)))
    check = case.check()
    assert (check.verdict, "dot-product" in check.method) == ("fail", True)
    assert f"sends to x at [{place}]" in check.reason


@pytest.mark.parametrize("name", ["x", "y"])
def test_half_wrong_at_100000_elements_fails(name: str) -> None:
    rng = np.random.default_rng(1)
    case = program("sum(sin(x)*y)", x=rng.normal(size=LARGE), y=rng.normal(size=LARGE))
    gradients, node = case.gradients(), case.graph.node(name)
    gradients[node] = 1.5 * gradients[node]
    assert case.check(gradients).verdict == "fail"


def test_the_chance_to_escape_is_stated_and_small() -> None:
    rng = np.random.default_rng(2)
    case = program("sum(sin(x)*y)", x=rng.normal(size=LARGE), y=rng.normal(size=LARGE))
    check = case.check()
    assert check.verdict == "pass"
    assert "sampled entries; an error of half a typical entry escapes with a chance of" in check.method
    assert float(check.method.rsplit(" ", 1)[1]) < 1e-5
    assert all(found.digits >= 12 for found in check.gradients.values() if found.digits is not None)


def test_a_large_network_passes_and_a_wrong_rule_in_it_is_named() -> None:
    rng = np.random.default_rng(3)
    point = {
        "X": rng.normal(size=(32, 100)), "W": rng.normal(size=(100, 64)), "b": np.zeros(64),
        "V": rng.normal(size=(64, 10)), "t": rng.integers(0, 10, 32),
    }  # fmt: skip
    case = program("cross_entropy(relu(X @ W + b) @ V, t)", **point)
    assert case.check().verdict == "pass"
    planted(case, GATES["matmul"], mutated(GATES["matmul"], 1, one_wrong(77)))
    check = case.check()
    assert check.verdict == "fail"
    assert "the gradient that matmul sends to y at [" in check.reason


def test_kinks_in_a_large_program_are_undecided_and_named() -> None:
    x = np.arange(-LARGE // 2, LARGE // 2, dtype=float)
    check = compute("sum(relu(x)*y)", {"x": x, "y": 2.0 + x}).check
    assert check is not None
    assert {name: found.verdict for name, found in check.gradients.items()} == {"x": "undecided", "y": "pass"}
    assert f"at [{LARGE // 2}]: a kink at #1 relu(x)" in check.gradients["x"].reason


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("sum(tanh(x))", [20.0, 19.0]),
        ("cross_entropy(x, 0)", [40.0, 0.0]),
        ("cross_entropy(x, 0)", [1000.0, 0.0]),
        ("sum(sigmoid(x))", [-800.0, 3.0]),
        ("std(x)", [1e8, 1e8 + 1, 1e8 + 2]),
        ("sum(softmax(x)*[1, 2])", [1000.0, 0.0]),
        ("sum(cumsum(x))", np.ones(1000)),
        ("q = x*2; r = sin(q); sum(q*r)", [1.0, 2.0]),
    ],
)
def test_directions_do_not_call_rounding_a_mistake(
    text: str, x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", 0)
    result = compute(text, {"x": x}, wrt=["x", "q", "r"] if "q" in text else ["x"])
    assert result.check is not None
    assert (result.check.verdict, result.check.reason) == ("pass", "")


def test_a_disagreement_of_the_whole_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_WORK", 0)
    true = sampled.through
    monkeypatch.setattr(sampled, "through", lambda *args: {i: 2 * t for i, t in true(*args).items()})
    found = entry("sum(x^2)", x=[1.0, 2.0])
    assert found.verdict == "undecided"
    assert "the references disagree" in found.reason


# Any program.

SIMPLE = [
    gate
    for gate in GATES.values()
    if set(gate.static) <= set(gate.options) and gate.name not in ("inv", "solve")
]
NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 1.7, 2.0])
SHAPES = st.sampled_from([(), (1,), (2,), (3,), (2, 3), (3, 2), (2, 2), (0,), (2, 1)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Graph, dict[str, Any]]:
    graph, point, shapes = Graph("program", lambda token: Span(0, 7)), {}, []
    for k in range(draw(st.integers(1, 3))):
        shape = draw(SHAPES)
        node = graph.variables[f"x{k}"] = graph.add(VARIABLE)
        numbers = draw(st.lists(NUMBERS, min_size=size(shape), max_size=size(shape)))
        point[f"x{k}"] = np.array(numbers, float).reshape(shape)
        shapes.append(shape)
        assert node == k
    for _ in range(draw(st.integers(1, 5))):
        gate = draw(st.sampled_from(SIMPLE))
        fewest, most = gate.arity
        count = draw(st.integers(fewest, most if most is not None else 3))
        inputs = tuple(draw(st.integers(0, len(graph) - 1)) for _ in range(count))
        try:
            shapes.append(output_shape(gate, [shapes[i] for i in inputs], {}))
        except ShapeError:
            continue
        graph.output = graph.add(gate, inputs)
    assume(graph.output >= 0)
    graph.output = graph.add(GATES["sum"], (graph.output,))
    return graph, point


@settings(max_examples=300, deadline=None)
@given(cases(), st.booleans())
def test_any_program_is_checked_without_a_crash_or_a_false_failure(
    case: tuple[Graph, dict[str, Any]], large: bool
) -> None:
    graph, point = case
    values = array_forward(graph, point)
    assume(all(array.finite(x) for x in values))
    gradients = array_backward(graph, values, depends(graph, graph.variables.values()))
    assume(all(array.finite(g) for g in gradients if g is not None))
    most = arrays.MOST_WORK
    arrays.MOST_WORK = 0 if large else most
    try:
        check = arrays.prove(graph, values, gradients, list(graph.variables)).check
    finally:
        arrays.MOST_WORK = most
    assert check.verdict != "fail", check.reason


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 2**16))
def test_gradients_are_central_differences_in_high_precision(
    case: tuple[Graph, dict[str, Any]], seed: int
) -> None:
    """Of the definitions alone, along a random vector: nothing here reads a rule, or a slope of SymPy's."""
    graph, point = case
    values = array_forward(graph, point)
    assume(all(array.finite(x) for x in values))
    gradients = array_backward(graph, values, depends(graph, graph.variables.values()))
    assume(all(array.finite(g) for g in gradients if g is not None))
    check = arrays.prove(graph, values, gradients, list(graph.variables)).check
    assume(check.verdict in ("pass", "fail"))  # smooth, and with all its digits
    rng = np.random.default_rng(seed)
    moved = {node: rng.uniform(-1, 1, np.shape(values[node])) for node in graph.variables.values()}
    (limit,) = Definitions(graph, values).slopes({node: exact(v) for node, v in moved.items()}, [True])
    assume(limit.value is not None)  # a kink where each element alone has two sides that agree
    terms = np.concatenate([np.ravel(gradients[node] * v) for node, v in moved.items()])
    # Where all terms are zero (a product with three zeros) the square of the step is left over: 1e-40.
    most = max(1e-8 * float(np.sum(np.abs(terms))), 1e-36)
    assert abs(float(np.sum(terms)) - float(limit.value)) <= most


def test_a_program_beyond_the_limit_is_not_unrolled() -> None:
    case = program("sum(x @ x)", x=np.ones((20, 20)))
    carries = [True] * len(case.graph)
    assert unroll(case.graph, case.values, carries, None, 1000) is None
    found = unroll(case.graph, case.values, carries, None, 100_000)
    assert found is not None
    assert found.graph.variables["x[19, 0]"] == found.elements[0][19, 0]


def test_what_costs_too_much_is_not_computed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "largest_singular_value", lambda matrix: pytest.fail("it was computed"))
    case = program("norm(x, ord=2)", x=np.random.default_rng(0).normal(size=(6, 6)))
    assert unroll(case.graph, case.values, [True] * len(case.graph), None, arrays.MOST_WORK) is None


def test_what_would_take_minutes_is_sampled() -> None:
    wide = compute("sum(exp(x))", {"x": np.linspace(-300, 300, 2000)}).check
    singular = compute("norm(x, ord=2)", {"x": np.random.default_rng(0).normal(size=(6, 6))}).check
    for check in (wide, singular):
        assert check is not None
        assert (check.verdict, "dot-product" in check.method) == ("pass", True)


def test_results_say_what_was_done() -> None:
    result: Result = compute("sum(x^2)", {"x": np.ones(20)})
    assert result.check is not None
    assert (result.check.method, result.check.finished) == ("gate by gate", True)
