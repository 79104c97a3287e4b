"""Every gate, locally: what floats computed at the gate's own float inputs, against the truth there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import isfinite, ulp
from typing import Any, NamedTuple

from mpmath import mp, mpf

from gradcalc.check import slopes
from gradcalc.check.precise import MOST_DIGITS, apply, enough_digits, nearest_float, working
from gradcalc.gates import Gate
from gradcalc.graph import Graph
from gradcalc.systems import real

TOLERANCE = 32
"""Ulps that a gate may be off: far above what any gate needs, far below any mistake."""

DIGITS_FOR_ZERO = 400
"""Digits from which a zero is believed: fewer would lose what a double can still hold (1e-308)."""


class Wrong(NamedTuple):
    """A gate that is off at its own inputs: in its value, or in a local gradient."""

    node: int
    what: str
    got: Any
    truth: Any

    def __str__(self) -> str:
        return f"{self.what} is {self.got!r}, but should be {self.truth!r}"


def wrong_gates(graph: Graph, values: Sequence[float], carries: Sequence[bool]) -> dict[int, Wrong]:
    """Return the nodes whose gate is wrong, by node; empty where every gate is right."""
    wrong = {}
    for node, inputs in enumerate(graph.inputs):
        if inputs:
            found = wrong_gate(graph, values, carries, node)
            if found:
                wrong[node] = found
    return wrong


def wrong_gate(graph: Graph, values: Sequence[float], carries: Sequence[bool], node: int) -> Wrong | None:
    """Return what is wrong with one node: its value, or the local gradient of a wire that carries one."""
    gate, inputs, value = graph.gates[node], graph.inputs[node], values[node]
    given = tuple(values[i] for i in inputs)
    if not all(map(isfinite, given)) or value != value:
        return None
    truth = off(value, given, lambda x: apply(gate, x))
    if truth is not None:
        return Wrong(node, f"the value of {gate.name}", value, truth)
    kinked = gate.kink_at(given) is not None
    constant = slopes.slopes(gate, len(given))
    for k, i in enumerate(inputs):
        if carries[i]:
            slope = gate.local(k, real, given, value)
            truth = None if slope == constant[k] else off_slope(gate, k, given, slope, kinked)
            if truth is not None:
                what = f"the local gradient of {gate.name} by {_input_name(gate, k)}"
                return Wrong(node, what, slope, truth)
    return wrong_share(gate, node, given, value) if kinked and gate.flow == "router" else None


def off_slope(gate: Gate, k: int, given: tuple[float, ...], slope: float, kinked: bool) -> float | None:
    """Return the true local gradient by input `k` where `slope` is not it; at a kink any between is."""
    if kinked:
        return slopes.outside_sides(gate, given, _axis(k, len(given)), slope)
    return off(slope, given, _slope_of(gate, k))


def wrong_share(gate: Gate, node: int, given: tuple[float, ...], value: float) -> Wrong | None:
    """Return what is wrong with how a tie is shared: moved together, the inputs move the output as one."""
    total = math.fsum(gate.local(k, real, given, value) for k in range(len(given)))
    truth = slopes.outside_sides(gate, given, (1,) * len(given), total)
    what = f"the sum of the local gradients of {gate.name}"
    return None if truth is None else Wrong(node, what, total, truth)


def _axis(k: int, count: int) -> tuple[int, ...]:
    return tuple(int(i == k) for i in range(count))


def _slope_of(gate: Gate, k: int) -> Callable[[Sequence[Any]], Any]:
    return lambda x: slopes.local(gate, k, x)


def _input_name(gate: Gate, k: int) -> str:
    return f"input {k + 1}" if gate.variadic else gate.parameters[k]


def off(got: float, given: Sequence[float], truth: Callable[[Sequence[Any]], Any]) -> float | None:
    """Return the true number where `got` is not it, None where it is near enough.

    Near enough is `TOLERANCE` ulps of the truth, plus as much as the truth moves when the inputs
    move by as many ulps of their own: floats can do no better near a zero.
    """
    digits = enough_digits(given)
    with working(digits):
        rough = truth([mpf(x) for x in given])
        if rough and got == nearest_float(rough):
            return None
    exact, digits = settled(given, truth, rough, digits)
    with working(digits):
        return None if exact is None or _near(got, exact, given, truth) else nearest_float(exact)


def settled(
    given: Sequence[float], truth: Callable[[Sequence[Any]], Any], rough: Any, digits: int
) -> tuple[Any, int]:
    """Return the truth once twice as many digits give the same, with their number; None where none do."""
    while digits * 2 <= MOST_DIGITS:
        digits *= 2
        with working(digits):
            fine = truth([mpf(x) for x in given])
            if _settled(rough, fine, digits):
                return fine, digits
        rough = fine
    return None, digits


def units_off(got: float, given: Sequence[float], truth: Callable[[Sequence[Any]], Any]) -> float:
    """Return how far a float is from the truth, in units of the last digit that it can have.

    That is an ulp of the truth, plus as much as it moves when each input moves by an ulp of its own.
    """
    digits = enough_digits(given)
    with working(digits):
        rough = truth([mpf(x) for x in given])
    exact, digits = settled(given, truth, rough, digits)
    with working(digits):
        if exact is None or not mp.isfinite(exact) or got == nearest_float(exact):
            return 0.0
        unit = mpf(ulp(nearest_float(exact))) + sensitivity(given, truth)
        return nearest_float(abs(mpf(got) - exact) / unit)


def _settled(rough: Any, fine: Any, digits: int) -> bool:
    if not mp.isfinite(fine) or not mp.isfinite(rough):
        return bool(mp.isnan(rough) == mp.isnan(fine))
    if rough == fine == 0:
        return digits >= DIGITS_FOR_ZERO
    return bool(abs(rough - fine) <= mpf(10) ** -20 * abs(fine))


def _near(got: float, exact: Any, given: Sequence[float], truth: Callable[[Sequence[Any]], Any]) -> bool:
    """Whether `got` is within the tolerance, in ulps of the truth or of the inputs."""
    if mp.isnan(exact):
        return True  # no slope to compare with; the central difference tells why
    if mp.isinf(exact):
        return not isfinite(got)
    rounded = nearest_float(exact)
    if got == rounded:
        return True
    if not isfinite(rounded) or not isfinite(got):
        return not isfinite(got) and abs(exact) > 1e308
    allowed = TOLERANCE * mpf(ulp(rounded))
    error = abs(mpf(got) - exact)
    return bool(error <= allowed) or bool(error <= allowed + TOLERANCE * sensitivity(given, truth))


def sensitivity(given: Sequence[float], truth: Callable[[Sequence[Any]], Any]) -> Any:
    """Return how far the truth moves when each input moves by its last bit, at least by one side."""
    here = [mpf(x) for x in given]
    moves = mpf(0)
    for k, x in enumerate(given):
        step = mpf(ulp(x)) / 2**20
        sides = [truth([*here[:k], here[k] + s, *here[k + 1 :]]) - truth(here) for s in (-step, step)]
        moves += max((abs(d) for d in sides if mp.isfinite(d)), default=mpf(0)) * 2**20
    return moves
