"""Every rule of every gate with a shape is proved, and every mistake planted in one is caught and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcalc.check import arrays
from gradcalc.gates import Gate
from gradcalc.systems import array

from .samples import SAMPLES, SHAPED, WIRES, Case, mutated, name, planted, single

Change = Callable[[Any], Any]


@pytest.fixture(params=["unrolled", "sampled"])
def regime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test runs in both regimes: element by element, and by random directions."""
    if request.param == "sampled":
        monkeypatch.setattr(arrays, "MOST_WORK", 0)
    return str(request.param)


def one_entry(part: Any) -> Any:
    """Return the gradient with an entry in the middle off by half."""
    out = np.array(part)
    place = out.size // 2
    out.flat[place] = 1.5 * out.flat[place] or 1.0
    return out


CHANGES: dict[str, Change] = {
    "doubled": lambda part: 2 * part,
    "sign turned": lambda part: -part,
    "left out": lambda part: 0 * part,
    "one entry": one_entry,
    "shifted": lambda part: part + 1.0,
    "transposed": lambda part: part.swapaxes(-1, -2) if part.ndim > 1 else part[::-1],
    "averaged": lambda part: 0 * part + np.mean(part),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("gate", "number"), SAMPLES, ids=name)
def test_every_right_rule_passes(gate: Gate, number: int, seed: int, regime: str) -> None:
    check = single(gate, number, seed).check()
    assert (check.verdict, check.reason) == ("pass", "")


def spoiled(gate: Gate, k: int, change: Change) -> list[Case]:
    """Return the gate's samples where a mistake in the pullback of input k changes its gradient."""
    found = []
    for number in range(len(gate.samples)):
        case = single(gate, number, 7)
        wires = [node for node in case.graph.variables.values() if gate.variadic or node == k]
        before = case.gradients()
        with array.quiet():
            mutant = mutated(gate, k, change)
            try:
                after = planted(case, gate, mutant).gradients() if k < len(wires) + k else before
            except (ValueError, IndexError):
                continue  # the shape itself is wrong
        if any(_differ(before[node], after[node]) for node in wires if node < len(before) - 1):
            found.append(case)
    return found


def _differ(x: Any, y: Any) -> bool:
    return np.shape(x) == np.shape(y) and bool(np.max(np.abs(np.subtract(x, y)), initial=0.0) > 1e-3)


ALWAYS = ("one entry", "shifted")
"""Mistakes that any gradient shows; others may not (the transpose of a symmetric one)."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("gate", "k"), WIRES, ids=name)
def test_a_wrong_pullback_is_caught_and_named(gate: Gate, k: int, change: str, regime: str) -> None:
    cases = spoiled(gate, k, CHANGES[change])
    assert cases or change not in ALWAYS
    for case in cases[:2]:
        check = case.check()
        assert check.verdict == "fail"
        assert check.first_wrong == case.graph.output
        assert "sends to" in check.reason


@pytest.mark.parametrize("change", [lambda out: out + 1.0, lambda out: 1.001 * out + 1e-3])
@pytest.mark.parametrize("gate", SHAPED.values(), ids=name)
def test_a_wrong_forward_is_caught_and_named(gate: Gate, change: Change, regime: str) -> None:
    forward = gate.value
    mutant = replace(gate, forward=lambda m, *x, **static: change(m.asarray(forward(m, *x, **static))))
    case = planted(single(gate, 0), gate, mutant)
    check = Case(case.graph, case.point).check()
    assert check.verdict == "fail"
    assert f"the value of {gate.name}" in check.reason
