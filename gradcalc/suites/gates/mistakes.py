"""Which usual mistake a wrong rule is: its answers are claims on a gate whose rule is the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import isclose, isfinite
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from gradcalc.backward import array_backward
from gradcalc.check import slopes
from gradcalc.check.arrays import MOST_WORK
from gradcalc.check.chain import reference
from gradcalc.check.precise import enough_digits, nearest_float, working
from gradcalc.check.unroll import unroll
from gradcalc.claims.diagnosis import candidates, common
from gradcalc.claims.diagnosis.whole import fraction
from gradcalc.forward import forward
from gradcalc.gates import Gate
from gradcalc.graph import Graph, depends
from gradcalc.result import UNKNOWN, Output, Result
from gradcalc.suites.gates.alone import alone
from gradcalc.systems import array

NEAR = 1e-9
"""Relative distance up to which a mistake explains an answer."""


LARGEST_FACTOR = 1000
"""Largest whole number that a rule may have forgotten, to be called a factor."""


class Claimed(NamedTuple):
    """The answers of a rule at a point, and the numbers of the inputs for which they are wrong."""

    point: tuple[float, ...]
    answers: tuple[float, ...]
    failed: list[int]


class Right(Gate):
    """An elementwise gate whose local gradients are those of its definition."""

    def local(self, k: int, m: Any, inputs: tuple[Any, ...], out: Any) -> Any:  # noqa: ARG002 - the same for all
        """Return d output / d input number `k`, as SymPy has it."""
        with working(2 * enough_digits(inputs)):
            return nearest_float(slopes.local(self, k, [mpf(x) for x in inputs]))


class RightArrays(Gate):
    """A gate with a shape whose pullbacks are the transposed Jacobian of its definition."""

    def pull(
        self,
        k: int,
        m: Any,  # noqa: ARG002 - the same for all
        g: Any,
        inputs: tuple[Any, ...],
        out: Any,
        static: Mapping[str, Any],
    ) -> Any:
        """Return the gradient of input number `k` as the scalar gates of the definition send it."""
        graph = alone(self, names := [f"x{k}" for k in range(len(inputs))], static)
        values = [*inputs, array.plain(out, np.shape(out))]
        carries = [name == f"x{k}" for name in names] + [True]
        scalars = unroll(graph, values, carries, array.plain(g, np.shape(out)), MOST_WORK)
        if scalars is None:
            raise ArithmeticError("too many elements")
        found = reference(scalars.graph, scalars.floats, scalars.carrying(carries)).gradients
        numbers = [nearest_float(found[node]) for node in scalars.elements[k].flat]
        return array.plain(np.array(numbers).reshape(np.shape(inputs[k])), np.shape(inputs[k]))


def righted(gate: Gate) -> Gate:
    """Return a gate with a rule that is right."""
    parts = {field.name: getattr(gate, field.name) for field in fields(gate)}
    field, kind = ("partials", Right) if gate.elementwise else ("pullbacks", RightArrays)
    return kind(**{**parts, field: (_untraceable,) * len(gate.rules)})


def _untraceable() -> Any:
    """Stand for a rule that no loop can write down, so that the gate is asked."""
    raise TypeError


def diagnosed(gate: Gate, claims: Sequence[Claimed]) -> dict[str, str]:
    """Return for each input, by its name, the mistake that explains its answers; none that is not known."""
    right = righted(gate)
    claims = [claim for claim in claims if all(map(isfinite, claim.answers))]
    told = common([candidates_at(right, claim) for claim in claims]) if claims else {}
    factors = {name: _factor(right, k, claims) for k, name in enumerate(_names(gate, claims))}
    found = {name: plainly(text) if text != UNKNOWN else factors[name] for name, text in told.items()}
    return {name: text for name, text in found.items() if text}


def _names(gate: Gate, claims: Sequence[Claimed]) -> list[str]:
    count = len(claims[0].point) if claims else 0
    return [f"input {k + 1}" for k in range(count)] if gate.variadic else list(gate.parameters[:count])


def _factor(right: Gate, k: int, claims: Sequence[Claimed]) -> str:
    """Return the factor that is missing at all of several points; nothing where none is."""
    pairs = [(right.local(k, None, claim.point, None), claim.answers[k]) for claim in claims]
    ratios = [truth / got for truth, got in pairs if got]
    if len(ratios) < max(2, len(pairs)):
        return ""
    whole = any(
        isclose(r, round(r), rel_tol=NEAR) and 2 <= abs(r) <= LARGEST_FACTOR
        for r in (ratios[0], 1 / (ratios[0] or 1))
    )
    alike = all(isclose(r, ratios[0], rel_tol=NEAR) for r in ratios)
    return f"factor {fraction(ratios[0])} missing" if whole and alike else ""


def candidates_at(gate: Gate, claim: Claimed) -> Any:
    """Return the mistakes that explain the answers at a point."""
    names = _names(gate, [claim])
    graph, point = alone(gate, names), dict(zip(names, claim.point, strict=True))
    answers = dict(zip(names, claim.answers, strict=True))
    result = at(graph, forward(graph, point))
    return candidates(result, answers, _close, [names[k] for k in dict.fromkeys(claim.failed)])


def diagnosed_arrays(
    gate: Gate, graph: Graph, values: Sequence[Any], upstream: Any, answers: Mapping[str, Any]
) -> str:
    """Return the mistake that explains all gradients that are wrong; nothing where none is known."""
    right = alone(righted(gate), list(graph.variables), graph.static.get(graph.output))
    try:
        proved = array_backward(right, values, depends(right, [right.node(n) for n in answers]), upstream)
        failed = [n for n, x in answers.items() if not _close(proved[right.node(n)], x, n)]
        told = common([candidates(at(right, values), answers, _close, failed, upstream)])
    except (ArithmeticError, ValueError):
        return ""
    found = dict.fromkeys(plainly(text) for text in told.values() if text != UNKNOWN)
    return ", ".join(found)


def at(graph: Graph, values: Sequence[Any]) -> Result:
    """Return a graph with its values as a result, as far as a diagnosis reads one."""
    output = Output(None, graph.output, values[graph.output], np.shape(values[graph.output]))
    return Result(
        program=graph.text, graph=graph, values=values, adjoints=[], output=output, gradients={}, kinks=[],
        check=None, warnings=[],
    )  # fmt: skip


def _close(candidate: Any, claim: Any, _: str) -> bool:
    size = float(np.max(np.abs(claim), initial=0.0))
    return bool(np.allclose(candidate, claim, rtol=NEAR, atol=NEAR * size))


def plainly(text: str) -> str:
    """Return a sentence of the diagnosis without the number of the only node."""
    for word in text.split():
        bare = word.strip("()")
        if bare.startswith("#") and bare[1:].isdigit():
            text = text.replace(f" (at {bare})", "").replace(f" at {bare}", "").replace(f"{bare} ", "")
    return text
