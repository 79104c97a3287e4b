"""Kinks: each record says where, and answers there as it says."""

from __future__ import annotations

import math

import pytest
import sympy
from mpmath import mpf

from gradcalc.gates import GATES
from gradcalc.systems import precise, real

from .truth import ELEMENTWISE, name, points

KINKS = [(gate, kink) for gate in ELEMENTWISE for kink in gate.kinks]
every_kink = pytest.mark.parametrize(("gate", "kink"), KINKS, ids=lambda v: getattr(v, "name", "") or v.text)


def numbers(text, gate, inputs):
    """Return what a text like `1, -x/y` says at the inputs."""
    given = {} if gate.variadic else dict(zip(gate.parameters, inputs, strict=False))
    return [float(sympy.sympify(part).subs(given)) for part in text.split(",")]


@every_kink
def test_kink_is_found_at_its_example(gate, kink):
    assert gate.kink_at(kink.example) is kink


@every_kink
def test_ours_is_what_the_rule_answers(gate, kink):
    out = gate.value(real, *kink.example)
    answers = [gate.local(k, real, kink.example, out) for k in range(len(kink.example))]
    assert answers == pytest.approx(numbers(kink.ours, gate, kink.example), rel=1e-15)


@every_kink
def test_others_answer_in_the_same_words(gate, kink):
    """One entry an input; a library whose function takes fewer inputs, or has none, says less."""
    for text in (kink.torch, kink.jax, kink.tf):
        if text and "none" not in text:
            assert 1 <= len(numbers(text, gate, kink.example)) <= len(kink.example)


@every_kink
def test_kink_is_there(gate, kink):
    """Somewhere around it the value jumps, or two one-sided slopes differ."""
    step = mpf(10) ** -6
    x = list(map(mpf, kink.example))
    here = gate.definition(precise, *x)
    found = False
    for k in range(len(x)):
        right, left = (
            (gate.definition(precise, *x[:k], x[k] + s, *x[k + 1 :]) - here) / s for s in (step, -step)
        )
        jumps = max(abs(right), abs(left)) > 1e4
        found |= jumps if kink.jump else not jumps and abs(right - left) > 0.5
    assert found


@pytest.mark.parametrize("gate", ELEMENTWISE, ids=name)
def test_elsewhere_there_is_none(gate):
    smooth = [p for p in points(gate, len(gate.probe), 20) if gate.kink_at(p)]
    assert smooth == []


@pytest.mark.parametrize(
    ("gate", "inputs", "kinked"),
    [
        ("elu", (0.0,), False),
        ("elu", (0.0, 1.0), False),
        ("elu", (0.0, 2.0), True),
        ("leaky_relu", (0.0,), True),
        ("leaky_relu", (0.0, 1.0), False),
        ("softsign", (0.0,), False),
        ("atan2", (0.0, 1.0), False),
        ("atan2", (-0.0, -1.0), True),
        ("max", (1.0,), False),
        ("max", (1.0, 1.0, 2.0), False),
        ("min", (1.0, 1.0, 2.0), True),
        ("clip", (2.0, 2.0, 1.0), False),
        ("clip", (0.0, 0.0, 0.0), True),
        ("where", (0.0, 1.0, 2.0), False),
        ("floor", (math.inf,), False),
        ("round", (3.0,), False),
        ("round", (-0.5,), True),
        ("mod", (-9.0, 3.0), True),
        ("mod", (math.inf, 3.0), False),
        ("eq", (2.0, 2.0), True),
        ("and", (0.0, 1.0), False),
    ],
)
def test_where_kinks_are(gate, inputs, kinked):
    assert bool(GATES[gate].kink_at(inputs)) is kinked


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_ties_are_shared_evenly_among_all(n):
    inputs = (5.0,) * n + (1.0,)
    assert [GATES["max"].local(k, real, inputs, 5.0) for k in range(n + 1)] == [1 / n] * n + [0.0]
