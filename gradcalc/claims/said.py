"""What somebody says: the text of a formula, or numbers; as numbers in high precision.

A formula may use every name of the program. It is computed at the same point and, while that can be
afforded, in high precision from definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gradcalc.check.arrays import MOST_WORK
from gradcalc.check.chain import reference
from gradcalc.check.unroll import unroll
from gradcalc.claims.names import GRADIENT, VALUE, nothing_to_claim
from gradcalc.errors import GradcalcError, Span
from gradcalc.forward import are_scalar, forward, require_finite
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.language import parse
from gradcalc.point.values import NOT_FINITE


class UndecidedError(Exception):
    """No precision tells what a formula, or the output, comes to."""


Said: TypeAlias = str | Value
"""A formula's text, or numbers, nan and infinities among them."""


def refuse_unknown(name: str, asked: Sequence[str]) -> None:
    """Raise UsageError for a claim that is neither about the output nor about a gradient asked for."""
    if name != VALUE and name not in [GRADIENT + gradient for gradient in asked]:
        raise nothing_to_claim(name, asked)


def numbers(graph: Graph, point: Mapping[str, Value], name: str, said: Said, seed: Any) -> Any:
    """Return what is said, as an array of objects: mpmath's numbers for a formula, else floats.

    Raises the errors of a program for a formula that is none.
    """
    if not isinstance(said, str):
        return np.asarray(said, dtype=object)
    if (plain := NOT_FINITE.get(said.strip().lower())) is not None:
        return np.asarray(plain, dtype=object)
    start = len(graph.text) + 2
    try:
        return high_precision(parse(f"{graph.text}\n({said}\n)", point, seed=seed), point)
    except GradcalcError as error:
        raise moved(error, name, said, start) from None


def moved(error: GradcalcError, name: str, text: str, start: int) -> GradcalcError:
    """Return an error about a program with a claim behind it as one about the claim."""
    span = error.span and Span(max(0, error.span.start - start), min(len(text), error.span.end - start))
    return type(error)(f"the claim {name}: {error.message}", source=text, span=span, hint=error.hint)


def high_precision(graph: Graph, point: Mapping[str, Value]) -> Any:
    """Return the output's elements from definitions, to 20 digits; as floats where they are too many.

    Raises UndecidedError where no precision tells 20 digits of them.
    """
    values = forward(graph, point)
    require_finite(graph, values)
    out = values[graph.output]
    if are_scalar(set(graph.gates), values):
        return _elements(graph, values, np.array(graph.output))
    scalars = unroll(graph, values, [False] * len(graph), np.ones(shape_of(out)), MOST_WORK)
    if scalars is None:
        return np.asarray(out, dtype=object)
    return _elements(scalars.graph, scalars.floats, scalars.elements[graph.output])


def _elements(graph: Graph, floats: Sequence[float], nodes: Any) -> Any:
    """Return some nodes in as many digits as it takes."""
    truth = reference(graph, floats, [False] * len(graph))
    if not all(truth.settled[i] for i in nodes.flat):
        raise UndecidedError(f"{truth.digits} digits were not enough")
    return np.array([truth.values[i] for i in nodes.flat], dtype=object).reshape(nodes.shape)
