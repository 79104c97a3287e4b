"""The vote: whichever voice is made to say something wrong is named as the dissenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mpmath import mpf

from gradcalc.backward import backward
from gradcalc.check import arrays, chain, closed, prove
from gradcalc.check.difference import Near
from gradcalc.check.voices import agreed, vote
from gradcalc.gates import GATES, Gate
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.result import Entry

PROGRAM, POINT = "q = x*y; q^2 + y", {"x": 2.0, "y": 1.0}
"""Whose gradient by x is 2 x y^2 = 4."""

ALL = ["rule", "closed form", "gate by gate", "central difference"]


def entry(text: str = PROGRAM, **point: Any) -> Entry:
    found = compute(text, point or POINT).check
    assert found is not None
    return found.gradients["x"]


def with_gate(gate: Gate, mutant: Gate) -> Entry:
    graph = parse(PROGRAM, POINT)
    graph.gates = [mutant if g is gate else g for g in graph.gates]
    values = graph.forward(POINT)
    return prove(graph, values, backward(graph, values), ["x"]).check.gradients["x"]


def test_all_agree() -> None:
    found = entry()
    assert (found.verdict, found.reason) == ("pass", "")
    assert found.voices == dict.fromkeys(ALL, 4.0)


def test_a_wrong_rule_is_the_dissenter() -> None:
    mul = GATES["mul"]
    doubled = replace(mul, partials=(lambda y: 2 * y, lambda x: x))
    found = with_gate(mul, doubled)
    assert found.verdict == "fail"
    said = "3 of 4 voices say 4 (closed form, gate by gate, central difference); the rule says 8"
    assert said in found.reason
    assert found.voices == dict.fromkeys(ALL, 4.0) | {"rule": 8.0}


def test_a_wrong_closed_form_is_the_dissenter(monkeypatch: pytest.MonkeyPatch) -> None:
    right = closed.Expression.derivative
    monkeypatch.setattr(closed.Expression, "derivative", lambda self, node: 3 * right(self, node))
    found = entry()
    assert found.verdict == "undecided"
    said = "3 of 4 voices say 4 (rule, gate by gate, central difference); the closed form says 12"
    assert found.reason == f"the references disagree; {said}"


def wrong_slopes(monkeypatch: pytest.MonkeyPatch) -> None:
    right = chain.local

    def local(gate: Gate, k: int, given: Any) -> Any:
        return right(gate, k, given) * (3 if gate.name == "pow" else 1)

    monkeypatch.setattr(chain, "local", local)


def test_a_wrong_slope_in_the_chain_is_the_dissenter(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong_slopes(monkeypatch)
    found = entry()
    assert found.verdict == "undecided"
    said = "3 of 4 voices say 4 (rule, closed form, central difference); gate by gate says 12"
    assert found.reason == f"the references disagree; {said}"


def wrong_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Near.quotients
    monkeypatch.setattr(Near, "quotients", lambda *args: tuple(5 * q for q in right(*args)))


def test_a_wrong_central_difference_is_the_dissenter(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong_difference(monkeypatch)
    found = entry()
    assert found.verdict == "undecided"
    said = "3 of 4 voices say 4 (rule, closed form, gate by gate); the central difference says 20"
    assert found.reason == f"the references disagree; {said}"


@pytest.mark.parametrize(("plant", "dissenter"), [
    (wrong_slopes, "gate by gate says 12"),
    (wrong_difference, "the central difference says 20"),
])  # fmt: skip
def test_of_arrays_the_vote_is_on_the_element_that_decides(
    plant: Callable[[pytest.MonkeyPatch], None], dissenter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = entry("sum(x^2*y)", x=[2.0], y=1.0)
    assert found.verdict == "undecided"
    assert found.reason.startswith("at [0]: the references disagree; 3 of 4 voices say 4 (")
    assert found.reason.endswith(dissenter)


def test_a_wrong_rule_of_arrays_is_the_dissenter() -> None:
    gate = GATES["sum"]
    pull = gate.pullbacks[0]
    assert pull is not None
    names = pull.__code__.co_varnames[: pull.__code__.co_argcount]
    scope: dict[str, Any] = {"pull": pull}
    exec(f"def doubled({', '.join(names)}): return 2*pull({', '.join(names)})", scope)
    point = compute("sum(x^2)", {"x": [1.0, 2.0]}, check=False)
    graph = point.graph
    graph.gates = [replace(gate, pullbacks=(scope["doubled"],)) if g is gate else g for g in graph.gates]
    gradients = backward(graph, point.values, ["x"])
    found = arrays.prove(graph, point.values, gradients, ["x"]).check.gradients["x"]
    assert found.verdict == "fail"
    assert "the rule says" in found.reason


def test_without_a_closed_form_three_voices_are_heard() -> None:
    check = compute(PROGRAM, POINT, closed_form=False).check
    assert check is not None
    assert check.gradients["x"].voices == dict.fromkeys(["rule", "gate by gate", "central difference"], 4.0)


# The words.


def said(**numbers: float) -> str:
    voices = {name.replace("_", " "): mpf(x) for name, x in numbers.items()}
    return vote(voices, 1e-9, 0.0)


def test_a_vote_that_is_tied_says_so() -> None:
    assert said(rule=4, closed_form=8, gate_by_gate=4, central_difference=8) == (
        "the voices are divided: the rule and gate by gate say 4; "
        "the closed form and the central difference say 8"
    )
    assert said(rule=4, gate_by_gate=8) == "the voices are divided: the rule says 4; gate by gate says 8"


def test_several_dissenters_are_all_named() -> None:
    assert said(rule=4, closed_form=8, gate_by_gate=8, central_difference=5) == (
        "2 of 4 voices say 8 (closed form, gate by gate); the rule says 4; the central difference says 5"
    )


def test_numbers_that_six_digits_do_not_tell_apart_are_shown_whole() -> None:
    assert said(rule=8, closed_form=8.00000001, gate_by_gate=8) == (
        "2 of 3 voices say 8.0 (rule, gate by gate); the closed form says 8.00000001"
    )


@pytest.mark.parametrize(
    "numbers",
    [
        {"rule": 8 * (1 + 1e-10), "closed_form": 8, "gate_by_gate": 8},  # within the tolerance of the rule
        {"rule": 0, "gate_by_gate": mpf(10) ** -400},  # the same double
        {"rule": 1},
    ],
)
def test_those_that_agree_need_no_vote(numbers: dict[str, Any]) -> None:
    assert said(**numbers) == ""


def test_references_agree_to_fifteen_digits_differences_to_ten() -> None:
    assert said(closed_form=8, gate_by_gate=8 * (1 + 1e-11)) != ""
    assert said(gate_by_gate=8, central_difference=8 * (1 + 1e-11)) == ""


# Of claims.


def test_a_claim_that_fails_is_told_what_the_voices_say() -> None:
    claim = compute(PROGRAM, POINT, claims={"grad_x": 2.0}).claims["grad_x"]
    assert claim.voices == dict.fromkeys(ALL, 4.0)
    assert agreed(claim.voices) == "rule, closed form, gate by gate and central difference agree on 4"


def test_of_arrays_it_is_told_of_the_entry_that_is_farthest_off() -> None:
    claim = compute("sum(x^2)", {"x": [1.0, 2.0, 3.0]}, claims={"grad_x": [2.0, 4.0, 7.0]}).claims["grad_x"]
    assert claim.voices == dict.fromkeys(ALL, 6.0)


def test_a_claim_that_passes_needs_no_voices() -> None:
    assert compute(PROGRAM, POINT, claims={"grad_x": 4.0}).claims["grad_x"].voices == {}


def test_where_voices_are_divided_a_claim_is_undecided_or_fails_with_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong_slopes(monkeypatch)
    claim = compute(PROGRAM, POINT, claims={"grad_x": 4.0}).claims["grad_x"]
    assert claim.verdict == "undecided"
    assert "gate by gate says 12" in claim.reason
