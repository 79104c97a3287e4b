"""The noise of a format: by how much a correct computation in it may miss the true value and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcalc.claims.program import write
from gradcalc.claims.rounding import SAFETY, Rounded, Unit, run
from gradcalc.claims.shaken import shaken
from gradcalc.graph import Graph, Value

if TYPE_CHECKING:
    from gradcalc.claims.precision import Format


ELIMINATING = frozenset({"det", "inv", "solve"})
"""Functions of a number system of whose steps the running error doubles with each row, or nearly."""


class Noise(NamedTuple):
    """Absolute noise: that of the output's value, and that of each gradient, an entry each, of its shape.

    It is infinite where the format cannot tell the result at all (1/(x - y) for x and y that round alike).
    """

    value: Value
    gradients: Mapping[str, Value]


def noise(
    graph: Graph, values: Sequence[Value], wrt: Sequence[str], upstream: Value, format: Format  # noqa: A002
) -> Noise:  # fmt: skip
    """Return the noise of a program's value and gradients at a point.

    values    the value of each node, of which those of the variables are read
    wrt       names of the variables and statements whose gradients are asked for
    upstream  the output's own gradient; None stands for 1

    It is the running error of the gradient program, or what random roundings do where that is too large
    to be written down, cannot be (singular values), or eliminates: there the running error says nothing.
    """
    unit = Unit(format.roundoff, format.smallest)
    point = {name: values[node] for name, node in graph.variables.items()}
    program = None if _eliminates(graph) else write(graph, point, wrt, upstream, at_point=True)
    if program is None:
        value, *gradients = shaken(graph, values, wrt, upstream, unit)
        return Noise(value, dict(zip(wrt, gradients, strict=True)))
    columns = {name: np.reshape(x, (1, -1)) for name, x in point.items()}
    start = None if upstream is None else np.broadcast_to(upstream, program.value.shape).reshape((1, -1))
    found = run(program, columns, start, [unit])
    return Noise(_entry(found, program.value), {n: _entry(found, g) for n, g in program.gradients.items()})


def _eliminates(graph: Graph) -> bool:
    """Whether the definition of a gate eliminates, row by row."""
    return any(not ELIMINATING.isdisjoint(gate.definition.__code__.co_names) for gate in set(graph.gates))


def _entry(found: Rounded, steps: Any) -> Value:
    """Return the noise of some steps: an array of the shape of their array, a float for one."""
    entry = scaled(found.gathered(steps, found.errors[0]))[0]
    return entry if steps.shape else float(entry)


def scaled(errors: Any) -> Any:
    """Return noise from running errors; infinite where they are no number, or near the largest double."""
    with np.errstate(over="ignore"):
        return SAFETY * np.where(np.isnan(errors), np.inf, errors)
