"""Mistakes made with the finished gradients: their sign, a factor, their layout, whose they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod

from gradcalc.claims.diagnosis import slopes
from gradcalc.claims.diagnosis.altered import FAR_FETCHED, ONE_PLACE, SIMPLE
from gradcalc.claims.diagnosis.case import Case, Guess
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value

HALF_TURN = 180 / math.pi

MOST_CONSTANTS = 8
"""Constants of the program that are tried as factors."""


def wrong_sign(case: Case) -> Iterator[Guess]:
    """Yield the gradients with the other sign."""
    yield Guess("wrong sign", case.times(-1.0))


# Constant factors.


def factors(case: Case) -> Iterator[Guess]:
    """Yield the gradients without a constant factor, each factor in its likeliest meaning."""
    for factor, (text, rank) in _factors(case).items():
        yield Guess(text, case.times(1 / factor), rank)


def _factors(case: Case) -> dict[float, tuple[str, int]]:
    """Return factor -> (sentence, rank): those of means, then 2 and what the program has, then the rest.

    A sum that is missing altogether is rather one over what was broadcast, a slip at one place.
    """
    counts, constants = counted(case.graph, case.values), _constants(case.graph)
    sizes = sorted({n for x in case.values for n in (*shape_of(x), prod(shape_of(x))) if n > 1})
    table = [(1 / n, f"1/n missing (n = {n}: a mean)", SIMPLE) for n, gate in counts if gate != "sum"]
    table += [(x, f"{fraction(x)} missing", SIMPLE) for x in (2.0, 0.5, *constants)]
    table += [(1 / n, f"1/n missing (n = {n})", ONE_PLACE) for n in sizes]
    table += [(1 / x, f"{fraction(1 / x)} missing", ONE_PLACE) for x in constants]
    table += [(float(n), f"n missing (n = {n}: a sum)", FAR_FETCHED) for n, gate in counts if gate == "sum"]
    table += [(float(n), f"n missing (n = {n})", FAR_FETCHED) for n in sizes]
    found: dict[float, tuple[str, int]] = {}
    for factor, text, rank in table:
        found.setdefault(factor, (f"factor {text}", rank))
    return found


def counted(graph: Graph, values: Sequence[Value]) -> list[tuple[int, str]]:
    """Return the numbers of elements that means and sums go over, with the names of their gates."""
    reducing = [n for n, gate in enumerate(graph.gates) if gate.name in slopes.MEANS or gate.name == "sum"]
    return [(n, graph.gates[node].name) for node in reducing for n in elements(graph, values, node)]


def elements(graph: Graph, values: Sequence[Value], node: int) -> list[int]:
    """Return the numbers of elements that a reduction may divide by: those of one output, or the rows."""
    shape, name = shape_of(values[graph.inputs[node][0]]), graph.gates[node].name
    each = prod(shape) // max(1, prod(shape_of(values[node])))
    rows = () if name in ("mean", "sum", "var") else shape[:1]
    return [n for n in dict.fromkeys((each, *rows)) if n > 1]


def _constants(graph: Graph) -> list[float]:
    """Return the program's first constants that are no trivial factors, each once."""
    plain = dict.fromkeys(abs(x) for x in graph.constants.values() if type(x) is float)
    return [x for x in plain if x != 1.0 and 1e-300 < x < 1e300][:MOST_CONSTANTS]


def fraction(x: float) -> str:
    """Return a factor as text: 1/3 rather than 0.333333."""
    return f"1/{1 / x:.6g}" if 0 < x < 1 and math.isclose(1 / x, round(1 / x)) else f"{x:.6g}"


def angle_factors(case: Case) -> Iterator[Guess]:
    """Yield the gradients in the other unit of angles, where there are angles."""
    if any(gate.name in slopes.TURNING | slopes.TURNED | slopes.UNITS for gate in case.graph.gates):
        yield Guess("degrees for radians: factor pi/180 missing", case.times(HALF_TURN), ONE_PLACE)
        yield Guess("degrees for radians: factor 180/pi missing", case.times(1 / HALF_TURN), ONE_PLACE)


def base_factors(case: Case) -> Iterator[Guess]:
    """Yield the gradients with the factor of another base, where there are logarithms or powers."""
    if any(gate.name in slopes.LOGARITHMS or gate.name in ("exp2", "pow") for gate in case.graph.gates):
        for base in (2, 10):
            yield Guess(f"log base: factor log({base}) missing", case.times(1 / math.log(base)), ONE_PLACE)
            yield Guess(f"log base: factor 1/log({base}) missing", case.times(math.log(base)), ONE_PLACE)


# How the entries are laid out, and whose gradient it is.


def transposed(case: Case) -> Iterator[Guess]:
    """Yield the gradients transposed, and read column by column."""
    several = {name: x for name in case.failed if len(shape_of(x := case.right[name])) > 1}
    yield Guess("transposed", {name: x.T for name, x in several.items()})
    yield Guess("transposed", {name: x.swapaxes(-1, -2) for name, x in several.items()})
    text = "transposed: the entries stand column by column"
    yield Guess(text, {name: x.T.reshape(x.shape) for name, x in several.items()})


def swapped(case: Case) -> Iterator[Guess]:
    """Yield pairs of gradients swapped, and the gradient of another variable."""
    for x, y in combinations(case.claimed, 2):
        pair = {x: case.right[y], y: case.right[x]}
        yield Guess(f"the gradients of '{x}' and '{y}' are swapped", pair, ONE_PLACE)
    for x in case.failed:
        for y in case.right:
            if x != y:
                is_alike = shape_of(case.right[x]) == shape_of(case.right[y])
                rank = ONE_PLACE if is_alike else FAR_FETCHED
                yield Guess(f"it is the gradient of '{y}'", {x: case.right[y]}, rank)
