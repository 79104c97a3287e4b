"""Programs and bugs that once misled the check, or kept it busy for minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcalc.check import arrays, prove
from gradcalc.gates import GATES, Gate
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.result import Check, Verdict
from gradcalc.systems import array

from .samples import mutated


def verdict(program: str, wrt: Sequence[str] | None = None, **point: float) -> Verdict:
    check = compute(program, point, wrt=wrt, spare=point).check
    assert check is not None
    return check.verdict


@pytest.mark.parametrize("x", [250.0, 300.0, 330.0, 345.0, 350.0])
def test_slopes_below_1e_200_are_not_called_zero(x: float) -> None:
    assert verdict("tanh(x)", x=x) == "pass"


@pytest.mark.parametrize(
    ("program", "x"),
    [
        ("gelu(x)", -36.0),
        ("silu(x)", -745.0),
        ("silu(x)", -720.0),
        ("softplus(x)", -690.0),
        ("sin(x)", 1e100),
        ("sin(x)", 1e155),
        ("tanh(1e100*x)", 0.0),
        ("sigmoid(x/1e-95)", 0.0),
        ("exp(x)", -1e155),
        ("where(x > 0, x^2, max(x, 0/0))", 2.0),
        ("b = (x - x)/(x - x); c = max(10, b); x", 1.0),
    ],
)
def test_extreme_points_pass(program: str, x: float) -> None:
    assert verdict(program, x=x) == "pass"


def test_sides_are_those_of_the_smallest_number_in_play() -> None:
    result = compute("abs(x) + abs(x + 1e-100)", {"x": 0.0})
    assert (result.kinks[0].left["x"], result.kinks[0].right["x"]) == (0.0, 2.0)


@pytest.mark.parametrize(
    ("program", "wrt", "point"),
    [
        ("log(1 + exp(-1500))*exp(500)*exp(500)*exp(500)*x", None, {"x": 2.0}),
        ("(1 + a*a*a - 1)/a/a/a*z", ["z"], {"a": 1e-200, "z": 1.0}),
        ("y*x/(x*x) + 0*abs(x + 1) + 0*abs(x + 2)", ["y"], {"x": 1e200, "y": 1.0}),
        ("where(10*x == x+x+x+x+x+x+x+x+x+x, x, x^2)", None, {"x": 0.1}),
    ],
)
def test_what_left_the_range_of_floats_is_inaccurate(
    program: str, wrt: list[str] | None, point: dict[str, float]
) -> None:
    assert verdict(program, wrt, **point) == "inaccurate"


def test_numbers_with_more_digits_than_memory_are_undecided() -> None:
    assert verdict("exp(exp((1e300 + x) - 1e300))", x=1e10) == "undecided"


MANY = {f"x{i}": 0.3 + 0.1 * i for i in range(21)}
SINES = " + ".join(f"sin({name})" for name in MANY)


def test_a_statement_and_what_it_is_made_of_are_not_moved_together() -> None:
    assert verdict(f"q = x0*x1; q*x2 + {SINES}", [*MANY, "q"], **MANY) == "pass"


def test_one_name_among_many_does_not_taint_the_others() -> None:
    check = compute(f"{SINES} + z^1.5", {**MANY, "z": 0.0}).check
    assert check is not None
    assert {name for name, entry in check.gradients.items() if entry.verdict != "pass"} == {"z"}


def test_one_name_among_many_is_heard() -> None:
    sums = "x1+x1+x1+x1+x1+x1+x1+x1+x1+x1"
    program = f"a = {sums} - 10*x1; abs(-a + y) + 1e20*({' + '.join(MANY)})"
    check = compute(program, {**MANY, "y": 0.0}).check
    assert check is not None
    assert check.gradients["y"].verdict == "undecided"


def nested(form: str, depth: int) -> str:
    text = "x"
    for _ in range(depth):
        text = form.replace("@", text)
    return text


@pytest.mark.parametrize(
    "program",
    [
        nested("softsign(@)", 6),
        nested("sigmoid(y*@ + y)", 33),
        nested("x + erf(@)", 49),
        nested("x + degrees(@)", 49),
        nested("log1p(@)", 98),
        nested("max(@, y)", 20),
        "*".join(f"(x + {i})" for i in range(60)),
        "; ".join(["f0 = x", *(f"f{i} = sin(f{i - 1})*f{i - 1} + f{i - 1}^2" for i in range(1, 25)), "x^2"]),
    ],
    ids=lambda text: text[:20],
)
def test_nothing_explodes(program: str) -> None:
    assert verdict(program, x=0.4, y=0.9) == "pass"


# Bugs planted in the backward pass.


def proof(graph: Graph, point: dict[str, float], gradients: list[float | None] | None = None) -> Check:
    values = graph.forward(point)
    return prove(graph, values, gradients or graph.backward(values), list(graph.variables)).check


def test_a_fork_that_forgets_to_add_is_a_failure_not_rounding() -> None:
    graph = parse("q = x*y; q*x + sin(q)")
    point = {"x": 2.0, "y": 3.0}
    gradients = graph.backward(graph.forward(point))
    gradients[graph.named["q"]] = 2.0
    check = proof(graph, point, gradients)
    assert check.verdict == "fail"
    assert check.first_wrong is not None
    assert "the sum of what arrives" in check.reason


@pytest.mark.parametrize("spoiled", [None, 1.0])
def test_a_gradient_that_is_missing_or_too_much_is_a_failure(spoiled: float | None) -> None:
    graph = parse("q = x*2; q*3 + 1")
    gradients = graph.backward(graph.forward({"x": 1.0}))
    node = graph.named["q"] if spoiled is None else 1
    gradients[node] = spoiled
    assert proof(graph, {"x": 1.0}, gradients).verdict == "fail"


@pytest.mark.parametrize(
    ("name", "program", "slope", "point"),
    [
        ("abs", "abs(x)", 5.0, {"x": 0.0}),
        ("relu", "relu(x)", 7.0, {"x": 0.0}),
        ("clip", "clip(x, 0, 1)", 5.0, {"x": 1.0}),
        ("hypot", "hypot(x, y)", 9.0, {"x": 0.0, "y": 0.0}),
        ("max", "max(x, y)", 1.0, {"x": 1.0, "y": 1.0}),
        ("floor", "floor(x)", 3.0, {"x": 2.0}),
    ],
)
def test_a_wrong_convention_at_a_kink_is_caught(
    name: str, program: str, slope: float, point: dict[str, float]
) -> None:
    gate: Gate = GATES[name]
    graph = parse(program)
    mutant = replace(gate, partials=tuple((lambda: slope) for _ in gate.partials))
    graph.gates = [mutant if g is gate else g for g in graph.gates]
    assert proof(graph, point).verdict == "fail"


def test_a_kink_that_is_claimed_everywhere_hides_nothing() -> None:
    sign_of = GATES["abs"]
    graph = parse("abs(x)")
    everywhere = tuple(kink._replace(where=lambda x: True) for kink in sign_of.kinks)
    mutant = replace(sign_of, kinks=everywhere, partials=(lambda m, x: 4 * m.sign(x),))
    graph.gates = [mutant if g is sign_of else g for g in graph.gates]
    assert proof(graph, {"x": 3.0}).verdict == "fail"


@pytest.mark.parametrize(
    ("program", "point"),
    [
        ("sqrt(x^2)*y", {"x": -2.0, "y": 3.0}),
        ("erf(pi)", {"pi": 1.3}),
        ("gelu(pi)*degrees(pi)", {"pi": 0.7}),
        ("max(sqrt(x^2), y)", {"x": -4.0, "y": 3.0}),
    ],
)
def test_formulas_can_be_read_again(program: str, point: dict[str, float]) -> None:
    result = compute(program, point)
    assert result.check is not None
    for name, entry in result.check.gradients.items():
        assert entry.formula is not None
        again = compute(entry.formula, point, check=False, spare=point).output.value
        assert again == pytest.approx(result.gradients[name], rel=1e-14)


def test_a_formula_without_a_value_is_not_shown() -> None:
    check = compute("0^x", {"x": 2.0}).check
    assert check is not None
    assert check.gradients["x"].formula is None


# Bugs planted in programs with arrays.


def in_both_regimes(
    monkeypatch: pytest.MonkeyPatch, mutant: Gate | None, text: str, **point: Any
) -> set[Verdict]:
    """Return the verdicts element by element and by random directions, with a mutant planted."""
    found: set[Verdict] = set()
    for most in (arrays.MOST_WORK, 0):
        monkeypatch.setattr(arrays, "MOST_WORK", most)
        given = {name: np.asarray(x, float) for name, x in point.items()}
        graph = parse(text, given)
        graph.gates = [mutant if mutant and g.name == mutant.name else g for g in graph.gates]
        with array.quiet():
            values = graph.forward(given)
            gradients = graph.backward(values)
        found.add(arrays.prove(graph, values, gradients, list(graph.variables)).check.verdict)
    return found


HALF: dict[str, Gate] = {
    "mul": replace(GATES["mul"], partials=(lambda y: 0.5 * y, lambda x: 0.5 * x)),
    "where": replace(GATES["where"], partials=(None, lambda m, condition: 0.5 * condition, lambda: 0.0)),
    "sqrt": replace(GATES["sqrt"], partials=(lambda out: 0.25 / out,)),
    "norm": mutated(GATES["norm"], 0, lambda part: 0.5 * part),
}
MATRIX = [[1.3, -0.4, 2.1], [0.2, 0.9, -1.7]]


@pytest.mark.parametrize(
    ("name", "text", "x"),
    [
        ("where", "sum(where(x > 0, log(x), 0))", [1.5, -1.0, 1.7]),
        ("mul", "sum(where(x > 0, log(x)*x, 0))", [1.5, -1.0, 1.7]),
        ("sqrt", "sum(where(x > 1, sqrt(x), 0))", [1.5, 0.0, 1.7]),
        ("norm", "norm(x, ord=1)", MATRIX),
        ("norm", "norm(x, ord=inf)", MATRIX),
    ],
)
def test_nan_in_one_place_hides_nothing_elsewhere(
    name: str, text: str, x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_both_regimes(monkeypatch, HALF[name], text, x=x) == {"fail"}
    assert in_both_regimes(monkeypatch, None, text, x=x) == {"pass"}


def test_a_wrong_value_beside_nan_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    where = GATES["where"]
    mutant = replace(where, forward=lambda m, *x: 1.1 * where.value(m, *x))
    text = "sum(where(x > 0, log(x), 0))"
    assert in_both_regimes(monkeypatch, mutant, text, x=[1.5, -1.0, 1.7]) == {"fail"}


@pytest.mark.parametrize("error", [1e-5, 1e-9, 1e-12])
def test_a_value_that_is_off_a_little_is_caught(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = replace(GATES["exp"], forward=lambda m, x: m.exp(x) * (1 + error))
    assert in_both_regimes(monkeypatch, mutant, "sum(exp(x))", x=[0.3, -1.0, 1.7]) == {"fail"}


NEARLY_SINGULAR = [[1.0, 2.0], [1.0 + 3e-12, 2.0 - 5e-12]]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("sum(inv(A))", {"A": NEARLY_SINGULAR}),
        ("sum(solve(A, b))", {"A": NEARLY_SINGULAR, "b": [0.7, -1.1]}),
        ("sum(solve(A @ A.T, b))", {"A": NEARLY_SINGULAR, "b": [0.7, -1.1]}),
        ("logdet(A @ A.T)", {"A": NEARLY_SINGULAR}),
        ("sum(elu(x))", {"x": [-1e-200, -3e-201]}),
        ("sum(expm1(x))", {"x": [7e-8, -1e-9]}),
        ("norm(x)", {"x": [3e200, -4e200]}),
        ("sum(norm(x, axis=1))", {"x": [[4e-320, -5e-320]]}),
        ("sum(atan(x)*y)", {"x": [1e200], "y": [1e200]}),
        ("z = x/0; sum(where(y > 0, y, min(z, y)))", {"x": [1.0, 0.0], "y": [1.0, 2.0]}),
    ],
)
def test_lost_digits_are_no_wrong_gate(
    text: str, point: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "fail" not in in_both_regimes(monkeypatch, None, text, **point)


@pytest.mark.parametrize("name", ["inv", "solve", "logdet"])
def test_a_wrong_rule_of_a_matrix_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = mutated(GATES[name], 0, lambda part: (1 + 1e-6) * part)
    matrix = np.random.default_rng(0).normal(size=(8, 8))
    text = {"inv": "sum(inv(A)*A)", "solve": "sum(solve(A, b)^2)", "logdet": "logdet(A @ A.T)"}[name]
    point = {"A": matrix} | ({"b": matrix[0]} if name == "solve" else {})
    assert in_both_regimes(monkeypatch, mutant, text, **point) == {"fail"}


def test_a_wrong_convention_at_one_of_many_kinks_is_caught() -> None:
    def slope(x: Any) -> Any:
        return np.where(np.arange(x.size) == 20, 5.0, 0.0)

    graph = parse("sum(abs(x))", {"x": np.zeros(40)})
    mutant = replace(GATES["abs"], partials=(slope,))
    graph.gates = [mutant if g is GATES["abs"] else g for g in graph.gates]
    values = graph.forward({"x": np.zeros(40)})
    check = arrays.prove(graph, values, graph.backward(values), ["x"]).check
    assert check.verdict == "fail"
    assert "[20]" in check.reason
