"""Random points of a program's domain, and what a program is there in high precision.

Numbers are drawn over many scales and of both signs, some of them short, so that people can read them,
some near the numbers that a program is written with: that is where its pieces meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import cycle
from math import exp, floor, isfinite, log10
from random import Random
from typing import Any, NamedTuple

import numpy as np

from gradcalc.backward import backward
from gradcalc.check.arrays import MOST_WORK
from gradcalc.check.chain import reference
from gradcalc.check.precise import digits_for
from gradcalc.check.unroll import unroll
from gradcalc.errors import ShapeError, UsageError
from gradcalc.forward import are_scalar, finite, forward
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.kinks import kinked_nodes
from gradcalc.shapes import infer

TRIES = 5_000
"""Points that are drawn, at most, for those that are in the program's domain."""

SCALES = (1.0, 1.0, 1e-2, 10.0, 1e3)
"""How large numbers are; most are about 1."""

TAME_DIGITS = 150
"""Digits that numbers of about one size need, and some more."""

FEW = 3
"""Points that are compared where all need more digits than that."""

SHORT = 3
"""Digits of short numbers, of which one is behind the point."""

KINKED = 0.2
"""The part of the points that are at a kink by chance, at most: whole numbers are short, too."""

MOST_CONSTANTS = 16
"""Numbers of a program near which points are drawn."""

TOLD = 8
"""Variables that are told of a point."""

SHOWN = 20
"""Characters of a node's text in a sentence."""

Point = Mapping[str, Value]


class Drawn(NamedTuple):
    """A point in a program's domain: the values of variables and nodes, and the gradients asked for."""

    point: Point
    values: list[Value]
    gradients: list[Value]


class Points:
    """Random points at which a program's value, and its gradients by some names, are finite and smooth."""

    def __init__(
        self, graph: Graph, names: Sequence[str], held: Point, upstream: float, seed: Any,
        constants: Iterable[Value] = (),
    ) -> None:  # fmt: skip
        """Begin to draw.

        held       the variables that have a value, and keep it
        seed       a whole number, or a generator of NumPy's
        constants  numbers near which points are drawn
        """
        self.graph, self.names, self.held, self.upstream = graph, names, held, upstream
        self.free = [name for name in graph.variables if name not in held]
        self.random = Random(int(np.random.default_rng(deepcopy(seed)).integers(2**63)))  # noqa: S311 - repeatable
        numbers = [abs(x) for x in constants if type(x) is float and 1e-99 < abs(x) < 1e99]
        self.scales = (*SCALES, *list(dict.fromkeys(numbers))[:MOST_CONSTANTS])
        self.tried = self.met = self.kinked = 0
        moved = depends(graph, [graph.variables[name] for name in self.free])
        self.powers = [
            node
            for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True))
            if gate.name == "pow" and moved[inputs[1]]
        ]

    def __iter__(self) -> Iterator[Drawn]:
        """Yield points, while some are found."""
        while self.tried < TRIES:
            self.tried += 1
            found = self.at({**self.held, **self._drawn(short=self.tried % 2 == 0)})
            if found is not None:
                yield found

    def compared(self, count: int) -> list[Drawn]:
        """Return points for high precision: where numbers are tame, as long as there are such points."""
        tame: list[Drawn] = []
        wild: list[Drawn] = []
        for at in self:
            (tame if _is_tame(self.graph, at.values) else wild).append(at)
            if len(tame) == count or len(wild) == TRIES // 10:
                break
        return tame or wild[:FEW]

    def at(self, point: Point) -> Drawn | None:
        """Return a point with what is computed there; None where that is not finite, or has a kink."""
        graph = self.graph
        values = forward(graph, point)
        if not finite(values[graph.output]) or self._is_lonely(values):
            return None
        if shape := shape_of(values[graph.output]):
            message = f"the output has the shape {shape}: a formula for it is judged at a point"
            raise ShapeError(message, source=graph.text, span=graph.span(graph.output), hint="give values")
        gradients = backward(graph, values, self.names, self.upstream)
        asked = [gradients[graph.node(name)] for name in self.names]
        if not all(finite(g) for g in asked):
            return None
        self.met += 1
        if _is_kinked(graph, values):
            self.kinked += 1
            return None
        return Drawn(point, values, gradients)

    @property
    def are_kinked(self) -> bool:
        """Whether the program is at a kink at far more points than happen to be: max(x, x, 1) is."""
        return self.kinked > KINKED * self.met

    def _is_lonely(self, values: Sequence[Value]) -> bool:
        """Whether there is no other point around one: a negative number has whole powers alone."""
        return any(bool(np.any(np.less(values[self.graph.inputs[n][0]], 0))) for n in self.powers)

    def _drawn(self, short: bool) -> dict[str, float]:
        """Return numbers for the variables that have none: of one scale and sign, or each of its own."""
        pick, names = self.random, self.free
        scales = pick.choices(self.scales, k=1 if pick.random() < 0.5 else len(names))
        signs = pick.choices((-1.0, 1.0), k=1 if pick.random() < 0.5 else len(names))
        pairs = zip(cycle(scales), cycle(signs), strict=False)
        numbers = [
            sign * scale * exp(pick.uniform(-1.5, 1.0))
            for _, (scale, sign) in zip(names, pairs, strict=False)
        ]
        return {n: _short(x) if short else x for n, x in zip(names, numbers, strict=True)}

    def told(self, point: Point) -> str:
        """Return the numbers that were drawn: `x=1.3 y=0.4`."""
        shown = " ".join(f"{name}={point[name]!r}" for name in self.free[:TOLD])
        return f"{shown} …" if len(self.free) > TOLD else shown

    def readable(self, point: Point) -> tuple[bool, float]:
        """Return by what points are sorted for people: short numbers first, then those about 1."""
        numbers = [abs(point[name]) for name in self.free]
        is_long = any(_short(x) != x for x in numbers)
        return is_long, max((abs(log10(x)) for x in numbers), default=0.0)


def _short(x: float) -> float:
    """Return a number near x with few digits; whole numbers are rare among them, as kinks are at those."""
    return float(f"{x:.{max(SHORT - 1, floor(log10(abs(x))) + 1)}e}")


def _is_tame(graph: Graph, values: Sequence[Value]) -> bool:
    """Whether few digits tell the smallest number from the largest: erfc(50) takes seconds for nothing."""
    return not are_scalar(set(graph.gates), values) or digits_for(graph, values) <= TAME_DIGITS


def _is_kinked(graph: Graph, values: Sequence[Value]) -> bool:
    if are_scalar(set(graph.gates), values):
        return bool(kinked_nodes(graph, values))
    from gradcalc.elements import kinks

    return bool(kinks(graph, values))


def require_shapes(graph: Graph, held: Point) -> None:
    """Raise UsageError for a variable without a value where an array is likely meant: it has no shape.

    A list of variables, [x, y], is the one gate with a shape that takes numbers.
    """
    free = [name for name in graph.variables if name not in held]
    moved = depends(graph, [graph.variables[name] for name in free])
    try:
        shapes = infer(graph, {**dict.fromkeys(free, 1.0), **held})
    except ShapeError as error:
        message = f"without a value, a variable is a number: {error.message}"
        raise UsageError(message, source=graph.text, span=error.span, hint=_hint(free)) from None
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        taken = [i for i in inputs if moved[i] and not shapes[i]]
        if not gate.elementwise and gate.name != "stack" and taken:
            text = graph.expr(taken[0], SHOWN)
            message = f"the shape of '{text}' is not known, and {gate.name} takes arrays"
            raise UsageError(message, source=graph.text, span=graph.span(node), hint=_hint(free))


def _hint(free: Sequence[str]) -> str:
    return f"arrays need a value: {free[0]}='[1, 2]'" if free else ""


# What a program is at a point, in high precision.


class Truth(NamedTuple):
    """The output and some gradients in high precision; None where no precision tells them."""

    value: Any
    gradients: Mapping[str, Any]


def truth(graph: Graph, drawn: Drawn, names: Sequence[str], upstream: float) -> Truth:
    """Return what a program and its gradients are at a point, from definitions alone."""
    nodes = {name: graph.node(name) for name in names}
    carries = depends(graph, nodes.values())
    scalars, floats, carries, place = _scalar(graph, drawn.values, carries)
    found = reference(scalars, floats, carries)
    known = {name: place(node) for name, node in nodes.items()}
    slopes = {n: found.gradients[i] * upstream if found.settled[i] else None for n, i in known.items()}
    return Truth(found.values[scalars.output] if found.settled[scalars.output] else None, slopes)


def value(graph: Graph, values: Sequence[Value]) -> Any:
    """Return the output in high precision, from definitions alone; None where no precision tells it.

    What is not finite in floats is computed all the same.
    """
    scalars, floats, carries, _ = _scalar(graph, values, [False] * len(graph))
    known = [x if isfinite(x) else 0.0 for x in floats]
    found = reference(scalars, known, carries)
    return found.values[scalars.output] if found.settled[scalars.output] else None


def scalar(graph: Graph, values: Sequence[Value], names: Sequence[str] = ()) -> Graph:
    """Return a program as a scalar graph."""
    return _scalar(graph, values, depends(graph, [graph.node(name) for name in names]))[0]


def _scalar(
    graph: Graph, values: Sequence[Value], carries: list[bool]
) -> tuple[Graph, Sequence[float], list[bool], Callable[[int], int]]:
    """Return a scalar graph, its floats, what carries a gradient in it, and where a number's node is."""
    if are_scalar(set(graph.gates), values):
        return graph, values, carries, lambda node: node
    scalars = unroll(graph, values, carries, None, MOST_WORK)
    if scalars is None:
        raise UsageError("the program is too large for formulas without a point", hint="give a point")
    mine = scalars.carrying(carries)
    return scalars.graph, scalars.floats, mine, lambda node: int(scalars.elements[node].flat[0])
