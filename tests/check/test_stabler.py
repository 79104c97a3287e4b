"""Stabler forms: each is equal to what it stands for, keeps digits that the other loses, and is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from gradcalc.check.compare import digits
from gradcalc.check.precise import evaluate, exact
from gradcalc.check.unroll import unroll
from gradcalc.errors import NumberError
from gradcalc.forward import forward
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.stabler import FORMS, patterns, stabler

ARRAYS = {"softmax", "sum(", "mean(", "dot("}

PAIRS = [(form.stable, naive) for form in FORMS for naive in form.naive]

every_pair = pytest.mark.parametrize(("stable", "naive"), PAIRS, ids=[naive for _, naive in PAIRS])


def is_of_arrays(text: str) -> bool:
    return any(word in text for word in ARRAYS)


def point(naive: str, x: Any, y: Any = 0.3) -> dict[str, Any]:
    return {"x": np.array(x) if is_of_arrays(naive) else x, "y": y}


def precisely(text: str, at: dict[str, Any]) -> list[Any]:
    """Return the elements of a program's value at a point, in 60 digits, from definitions alone."""
    graph = parse(text, at)
    values = forward(graph, at)
    scalars = unroll(graph, values, [True] * len(graph), np.ones(np.shape(values[graph.output])), 10**6)
    assert scalars is not None
    nodes = scalars.elements[graph.output].flat
    with mp.workdps(60):
        found = evaluate(scalars.graph, scalars.floats, exact(scalars.floats, scalars.graph))
        return [found[node] for node in nodes]


@every_pair
@pytest.mark.parametrize("seed", range(5))
def test_a_form_is_equal_to_what_it_stands_for(stable: str, naive: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.uniform(0.1, 0.9, 3) if is_of_arrays(naive) else float(random.uniform(0.1, 0.9))
    at = point(naive, x, float(random.uniform(0.1, 0.9)))
    pairs = list(zip(precisely(stable, at), precisely(naive, at), strict=True))
    assert pairs
    assert all(abs(a - b) <= mpf(10) ** -50 * abs(b) for a, b in pairs)


LOSES: dict[str, Any] = {
    "log(1 + exp(x))": -40.0,
    "log1p(exp(x))": 1000.0,
    "log(exp(x) + exp(y))": (-1e-17, -50.0),
    "log(sum(exp(x)))": [0.0, -40.0],
    "log(sigmoid(x))": 40.0,
    "log(1/(1 + exp(-x)))": 40.0,
    "log(softmax(x))": [0.0, -40.0],
    "log(softmax(x)[0])": [0.0, -40.0],
    "log(1 + x)": 1e-12,
    "log(1 - x)": 1e-12,
    "exp(x) - 1": 1e-12,
    "1 - exp(x)": 1e-12,
    "sqrt(x^2 + y^2)": (3e200, 4e200),
    "sqrt(x*x + y*y)": (3e-170, 4e-170),
    "(x^2 + y^2)^0.5": (3e200, 4e200),
    "sqrt(sum(x^2))": [3e200, 4e200],
    "sqrt(sum(x*x))": [3e-170, 4e-170],
    "sqrt(dot(x, x))": [3e200, 4e200],
    "1 - cos(x)": 1e-6,
    "cos(x) - 1": 1e-6,
    "1 - tanh(x)^2": 18.0,
    "1 - tanh(x)*tanh(x)": 18.0,
    "1 - erf(x)": 5.0,
    "1 - sigmoid(x)": 30.0,
    "1/(1 + exp(-x))": -720.0,
    "exp(x)/(1 + exp(x))": 800.0,
    "(exp(x) - exp(-x))/(exp(x) + exp(-x))": 1e-12,
    "exp(x)/sum(exp(x))": [1000.0, 999.0],
    "x^2 - y^2": (100000001.0, 100000000.0),
    "x*x - y*y": (100000001.0, 100000000.0),
    "sqrt(x) - sqrt(y)": (1e15 + 1, 1e15),
    "mean(x^2) - mean(x)^2": [1e8, 1e8 + 1],
    "mean(x*x) - mean(x)^2": [1e8, 1e8 + 1],
}


def kept(text: str, at: dict[str, Any], truths: list[Any]) -> int:
    """Return how many digits of a value hold, at its worst element; none of what is not finite."""
    graph = parse(text, at)
    found = np.ravel(forward(graph, at)[graph.output])
    return min(digits(float(x), truth) for x, truth in zip(found, truths, strict=True))


@every_pair
def test_a_form_keeps_digits_that_the_other_loses(stable: str, naive: str) -> None:
    x = LOSES[naive]
    at = point(naive, *x) if isinstance(x, tuple) else point(naive, x)
    truths = precisely(stable, at)
    assert kept(stable, at, truths) >= 15
    assert kept(naive, at, truths) <= 12


# Finding.


def found(text: str, node: int | None = None, **at: Any) -> str:
    graph = parse(text, at or None)
    values = forward(graph, at) if at else [0.5] * len(graph)
    return stabler(graph, values, graph.output if node is None else node, lambda *_: True)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("log(1 + x)", "log1p(x)"),
        ("log(t + 1)", "log1p(t)"),
        ("log(1 + a*b)", "log1p(a*b)"),
        ("exp(a + b) - 1", "expm1(a + b)"),
        ("log(1 + exp(a*b))", "softplus(a*b)"),
        ("log(exp(a + 1) + 1)", "softplus(a + 1)"),
        ("log(exp(p) + exp(q/2))", "logsumexp([p, q/2])"),
        ("sqrt((a - b)^2 + c*c)", ""),
        ("sqrt((a - b)^2 + c^2)", "hypot(a - b, c)"),
        ("sqrt(u*u + v*v)", "hypot(u, v)"),
        ("1 - cos(a + b)", "2*sin((a + b)/2)^2"),
        ("2 - cos(a)", ""),
        ("1 - cos(exp(a))", "2*sin(exp(a)/2)^2"),
        ("1 - tanh(w*x)^2", "1/cosh(w*x)^2"),
        ("log(sigmoid(a - b))", "-softplus(-(a - b))"),
        ("(a + b)^2 - c^2", "((a + b) - c)*((a + b) + c)"),
        ("s = sin(t); log(1 + s)", "log1p(s)"),
        ("exp(sin(t))/(1 + exp(sin(t)))", "sigmoid(sin(t))"),
        ("log(2 + x)", ""),
        ("log(1 + x, 2)", ""),
        ("exp(x) - 2", ""),
        ("x^2 - y^3", ""),
        ("tanh(x)^2 - 1", ""),
        ("x + y", ""),
        ("x", ""),
    ],
)
def test_forms_are_found_by_their_nodes(text: str, form: str) -> None:
    assert found(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("log(sum(exp(x)))", "logsumexp(x)"),
        ("log(softmax(x)[1])", "log_softmax(x)[1]"),
        ("log(softmax(2*x)[0])", "log_softmax(2*x)[0]"),
        ("sqrt(sum(x^2))", "norm(x)"),
        ("exp(x)/sum(exp(x))", "softmax(x)"),
    ],
)
def test_forms_of_vectors(text: str, form: str) -> None:
    assert found(text, x=np.array([1.0, 2.0])) == form


def test_options_come_along() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert found("log(sum(exp(x), axis=1))", x=x) == "logsumexp(x, axis=1)"
    assert found("log(softmax(x, axis=0))", x=x) == "log_softmax(x, axis=0)"
    assert found("log(sum(exp(x), axis=[0, 1], keepdims=1))", x=x).startswith(
        "logsumexp(x, axis=[0, 1], keepdims="
    )


def test_forms_of_vectors_are_not_those_of_matrices() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert found("exp(x)/sum(exp(x))", x=x) == ""
    assert found("sqrt(sum(x^2))", x=x) == ""


def test_a_node_inside_of_a_formula_finds_it() -> None:
    graph = parse("y*log(1 + exp(x))", ["x", "y"])
    names = {graph.gates[node].name: node for node in range(len(graph))}
    for gate in ("exp", "add", "log"):
        assert found("y*log(1 + exp(x))", names[gate]) == "softplus(x)"
    assert found("y*log(1 + exp(x))", graph.variables["x"]) == "softplus(x)"
    assert found("y*log(1 + exp(x))", graph.variables["y"]) == ""


def test_the_nearest_formula_is_told() -> None:
    graph = parse("log(1 + (exp(x) - 1))", ["x"])
    inner = next(node for node in range(len(graph)) if graph.gates[node].name == "sub")
    assert found(graph.text, inner) == "expm1(x)"


def test_inputs_of_sums_may_stand_in_any_order() -> None:
    for text in ("sqrt(x^2 + y^2)", "sqrt(y^2 + x^2)"):
        assert found(text) in ("hypot(x, y)", "hypot(y, x)")
    assert found("log(1 + exp(x))") == found("log(exp(x) + 1)") == "softplus(x)"


def test_in_a_function_the_form_is_in_the_names_of_the_call() -> None:
    assert found("f(u) = log(1 + u); f(a*b)") == "log1p(a*b)"


def test_a_graph_of_any_depth_is_searched_without_recursion() -> None:
    text = "x" + " + 1" * 20_000
    graph: Graph = parse(f"log(1 + exp({text}))", ["x"])
    assert stabler(graph, [0.5] * len(graph), graph.output, lambda *_: True) == f"softplus({text[:60]}…)"


def test_every_pattern_is_of_its_own() -> None:
    """None hides behind one that stands before it."""
    for form, graph in patterns():
        at = {"x": np.array([0.25, 0.5]) if is_of_arrays(graph.text) else 0.25, "y": 0.5}
        fresh = parse(graph.text, at)
        got = stabler(fresh, forward(fresh, at), fresh.output, lambda *_: True)
        assert got == form.stable


# What people read.


@pytest.mark.parametrize(
    ("program", "at"),
    [
        ("log(1 - sum(softmax(x)[0:1]))", {"x": [30.0, 0.0]}),  # log1p(-s) loses as many where s is near 1
        ("log(1 + x*y)", {"x": 3.1, "y": -0.32258064516}),
        ("1/((x + 1)^2 - (x + 1/3)^2)", {"x": 1e12}),  # they were lost before
    ],
)  # fmt: skip
def test_a_form_that_is_no_better_here_is_not_told(program: str, at: Any) -> None:
    check = compute(program, at).check
    assert check is not None
    reason = next(iter(check.gradients.values())).reason
    assert "digits were lost" in reason
    assert "keeps them" not in reason
    assert "loses fewer" not in reason


@pytest.mark.parametrize(
    ("program", "at", "place", "form"),
    [
        ("1/(1 - tanh(x)^2)", {"x": 18.0}, "the value of #6 1 - tanh(x)^2", "1/cosh(x)^2 keeps them"),
        ("log(1 - erf(x))", {"x": 5.0}, "the value of #3 1 - erf(x)", "erfc(x) keeps them"),
        ("(x^2 - y^2)^2", {"x": 1e8 + 1, "y": 1e8}, "value of #6 x^2 - y^2", "(x - y)*(x + y) keeps them"),
        ("(exp(x) - 1)/x", {"x": 1e-9}, "what arrives at #0 x", "expm1(x) loses fewer"),
        ("1/(mean(x^2) - mean(x)^2)", {"x": [1e6 + 0.1, 1e6 + 1.3]}, "the value of", "var(x) keeps them"),
    ],
)  # fmt: skip
def test_what_is_inaccurate_names_a_form(program: str, at: Any, place: str, form: str) -> None:
    check = compute(program, at).check
    assert check is not None
    reason = next(iter(check.gradients.values())).reason
    assert place in reason
    assert reason.endswith(form)


@pytest.mark.parametrize(("program", "x", "form"), [
    ("log(1 + x)", 1e-12, "log1p(x) keeps them"),
    ("1 - cos(x)", 1e-6, "2*sin(x/2)^2 keeps them"),
    ("(1 + x) - 1", 1e-12, ""),
])  # fmt: skip
def test_a_value_that_lost_digits_is_told_a_form(program: str, x: float, form: str) -> None:
    (warning,) = compute(program, {"x": x}).warnings
    assert warning.endswith(form)
    assert ("keeps" in warning) == bool(form)


@pytest.mark.parametrize(
    ("program", "at", "message", "hint"),
    [
        ("log(1 + exp(x))", {"x": 1000.0}, "exp of 1000 is inf", "softplus(x) stays finite"),
        ("log(exp(a) + exp(b))", {"a": 1000.0, "b": 1.0}, "exp of 1000", "logsumexp([a, b]) stays finite"),
        ("log(sum(exp(x)))", {"x": [1.0, 800.0]}, "exp of 800 at element [1]", "logsumexp(x) stays finite"),
        ("log(sigmoid(x))", {"x": -800.0}, "log of 0 is not defined", "-softplus(-x) stays finite"),
        ("-log(softmax(s)[1])", {"s": [1000.0, 0.0]}, "log of 0", "log_softmax(s)[1] stays finite"),
        ("sqrt(x^2 + y^2)", {"x": 3e200, "y": 4e200}, "3e+200 ** 2 is inf", "hypot(x, y) stays finite"),
        ("sqrt(x*x + y*y)", {"x": 1e-170, "y": 1e-170}, "slope of sqrt of 0", "hypot(x, y) stays finite"),
        ("1/(1 + exp(-x))", {"x": -800.0}, "the slope of exp of 800", "sigmoid(x) stays finite"),
        ("sqrt(x*x + y*y)*z", {"x": 1e-170, "y": 1e-170, "z": 1.0}, "slope of sqrt of 0",
         "hypot(x, y) stays finite; the others are finite: --wrt z"),
        # nothing stays finite here
        ("log(x)", {"x": -1.0}, "log of -1", ""),
        ("log(1 + x)", {"x": -2.0}, "log of -1", ""),
        ("exp(x) - 1", {"x": 1000.0}, "exp of 1000", ""),
        ("sqrt(x^2 + y^2)", {"x": 1.5e308, "y": 1.5e308}, "is inf", ""),
        ("1/x", {"x": 0.0}, "1 / 0", ""),
    ],
)  # fmt: skip
def test_the_first_bad_node_is_named_with_its_inputs_and_a_form_that_stays_finite(
    program: str, at: Any, message: str, hint: str
) -> None:
    with pytest.raises(NumberError) as caught:
        compute(program, at)
    assert message in caught.value.message
    assert caught.value.hint == hint


def test_a_program_of_many_nodes_is_not_searched_for_the_place_of_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gradcalc.stabler.MOST_TO_FIND", 3)
    with pytest.raises(NumberError) as caught:
        compute("log(1 + exp(x))", {"x": 1000.0})
    assert caught.value.hint == ""
