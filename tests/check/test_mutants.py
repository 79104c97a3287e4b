"""The check can fail: wrong rules are planted in every gate in turn, and each is caught and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gradcalc.backward import backward
from gradcalc.check import prove
from gradcalc.forward import forward
from gradcalc.gates import GATES, Gate
from gradcalc.gates.record import argument_names
from gradcalc.graph import Graph
from tests.programs import count, inner_point, single

Rule = Callable[..., Any]
ELEMENTWISE = {name: gate for name, gate in GATES.items() if gate.elementwise}


def wrapped(rule: Rule | None, change: Callable[[Any], Any]) -> Rule:
    """Return a rule with its result changed and its parameter names kept; a rule for a wire without one."""
    if rule is None:
        return lambda: change(0.0)
    names = argument_names(rule)
    scope: dict[str, Any] = {"rule": rule, "change": change}
    exec(f"def mutant({', '.join(names)}): return change(rule({', '.join(names)}))", scope)
    mutant: Rule = scope["mutant"]
    return mutant


RULE_MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "off by a millionth": lambda slope: slope + (abs(slope) or 1.0) * 1e-6,
    "sign turned": lambda slope: -slope or 1.0,
    "doubled": lambda slope: 2 * slope or 1.0,
    "left out": lambda slope: 1.0 if slope != 1 else 0.0,
}

FORWARD_MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "off by a millionth": lambda value: value + (abs(value) or 1.0) * 1e-6,
    "shifted": lambda value: value + 1.0,
}


def rule_mutants() -> list[Any]:
    return [
        pytest.param(gate, k, change, id=f"{gate.name}-{k}-{name}")
        for gate in GATES.values()
        for k in range(len(gate.partials))
        for name, change in RULE_MUTATIONS.items()
    ]


def proof_with(graph: Graph, gate: Gate, mutant: Gate, point: dict[str, float]) -> Any:
    graph.gates = [mutant if g is gate else g for g in graph.gates]
    values = forward(graph, point)
    return prove(graph, values, backward(graph, values), list(graph.variables)).check


@pytest.mark.parametrize("gate", ELEMENTWISE.values(), ids=ELEMENTWISE)
def test_every_right_gate_passes(gate: Gate) -> None:
    check = proof_with(single(gate), gate, gate, inner_point(gate, 1))
    assert (check.verdict, check.first_wrong) == ("pass", None)


@pytest.mark.parametrize(("gate", "k", "change"), rule_mutants())
def test_a_wrong_rule_is_caught_and_named(gate: Gate, k: int, change: Callable[[Any], Any]) -> None:
    partials = tuple(wrapped(rule, change) if i == k else rule for i, rule in enumerate(gate.partials))
    graph = single(gate)
    check = proof_with(graph, gate, replace(gate, partials=partials), inner_point(gate, 2))
    assert check.verdict == "fail"
    assert graph.gates[check.first_wrong].name == gate.name
    assert "local gradient" in check.reason


@pytest.mark.parametrize("change", FORWARD_MUTATIONS.values(), ids=FORWARD_MUTATIONS)
@pytest.mark.parametrize("gate", ELEMENTWISE.values(), ids=ELEMENTWISE)
def test_a_wrong_forward_is_caught_and_named(gate: Gate, change: Callable[[Any], Any]) -> None:
    names = ", ".join(f"a{k}" for k in range(count(gate)))
    scope: dict[str, Any] = {"value": gate.value, "change": change}
    exec(f"def mutant(m, {names}): return change(value(m, {names}))", scope)
    graph = single(gate)
    check = proof_with(graph, gate, replace(gate, forward=scope["mutant"]), inner_point(gate, 3))
    assert check.verdict == "fail"
    assert graph.gates[check.first_wrong].name == gate.name
    assert "value" in check.reason


def test_swapped_slopes_of_mul_are_caught_and_the_first_node_is_named() -> None:
    from gradcalc.language import parse

    mul = GATES["mul"]
    graph = parse("q = x + y; r = q*z; r*r", ["x", "y", "z"])
    swapped = replace(mul, partials=tuple(reversed(mul.partials)))
    check = proof_with(graph, mul, swapped, {"x": 1.0, "y": 2.0, "z": 5.0})
    assert check.verdict == "fail"
    assert check.first_wrong == graph.named["r"]
    assert check.gradients["x"].verdict == "fail"
    assert check.gradients["x"].reference == 2 * 15.0 * 5.0
