"""Claims: what somebody says the output or a gradient is, as a number, an array or a formula.

A formula may use every name of the program. It is computed at the same point and, while that can be
afforded, in high precision from definitions, and so is the output that it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc.check.arrays import MOST_WORK
from gradcalc.check.compare import agrees, digits, relative_error
from gradcalc.check.precise import digits_for, evaluate, exact, nearest_float, working
from gradcalc.check.unroll import index_text, unroll
from gradcalc.errors import GradcalcError, Span, UsageError, suggest
from gradcalc.forward import forward, require_finite
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.language import parse
from gradcalc.result import Entry, Result

VALUE, GRADIENT = "value", "grad_"
"""How a claim names the output, and begins for a gradient."""

SPARE_DIGITS = 50
"""Digits that a sum of terms may cancel before its own digits are fewer than a float's."""


def judge(
    result: Result,
    point: Mapping[str, Value],
    claims: Mapping[str, str],
    seed: Any,
    tolerances: tuple[float, float],
) -> dict[str, Entry]:
    """Return the verdict on each claim: `value` or `grad_NAME` -> the text of a number, array or formula.

    Raises UsageError for a claim about something else, and the errors of a program for a formula
    that is none.
    """
    found = {}
    for name, text in claims.items():
        known_claim(name, list(result.gradients))
        claim = claimed(result.graph, point, name, text, deepcopy(seed))
        found[name] = replace(_against(result, point, name, claim, tolerances), formula=text)
    return found


def known_claim(name: str, asked: Sequence[str]) -> None:
    """Raise UsageError for a claim that is neither about the output nor about a gradient asked for."""
    names = [VALUE, *(GRADIENT + gradient for gradient in asked)]
    if name not in names:
        near = suggest(name, names)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(names[:8])}"
        raise UsageError(f"there is nothing to claim of '{name}'", hint=hint)


def _against(
    result: Result, point: Mapping[str, Value], name: str, claim: Any, tolerances: tuple[float, float]
) -> Entry:
    """Return the verdict on a claim, against the output or against a gradient's reference."""
    if name == VALUE:
        return verdict(claim, high_precision(result.graph, point), tolerances)
    gradient = name.removeprefix(GRADIENT)
    entry = result.check and result.check.gradients[gradient]
    if entry and entry.verdict == "undecided":
        return Entry("undecided", None, None, None, reason=entry.reason)
    known = entry.reference if entry and entry.reference is not None else result.gradients[gradient]
    return verdict(claim, np.asarray(known, dtype=object), tolerances)


def claimed(graph: Graph, point: Mapping[str, Value], name: str, text: str, seed: Any) -> Any:
    """Return what a formula says, in high precision: an array of mpmath's numbers."""
    start = len(graph.text) + 2
    try:
        return high_precision(parse(f"{graph.text}\n({text}\n)", point, seed=seed), point)
    except GradcalcError as error:
        raise _moved(error, name, text, start) from None


def _moved(error: GradcalcError, name: str, text: str, start: int) -> GradcalcError:
    """Return an error about a program with a claim behind it as one about the claim."""
    span = error.span and Span(max(0, error.span.start - start), min(len(text), error.span.end - start))
    return type(error)(f"the claim {name}: {error.message}", source=text, span=span, hint=error.hint)


def high_precision(graph: Graph, point: Mapping[str, Value]) -> Any:
    """Return the output's elements from definitions in high precision; as floats where they are too many."""
    values = forward(graph, point)
    require_finite(graph, values)
    out = values[graph.output]
    carries = [False] * len(graph)
    scalars = unroll(graph, values, carries, np.ones(shape_of(out)), MOST_WORK)
    if scalars is None:
        return np.asarray(out, dtype=object)
    with working(digits_for(scalars.graph, scalars.floats) + SPARE_DIGITS):
        found = evaluate(scalars.graph, scalars.floats, exact(scalars.floats, scalars.graph))
    elements = scalars.elements[graph.output]
    return np.array([found[i] for i in elements.flat], dtype=object).reshape(elements.shape)


def verdict(claim: Any, truth: Any, tolerances: tuple[float, float]) -> Entry:
    """Return the verdict on a claim: that of its worst element."""
    rounded = [nearest_float(x) for x in truth.flat]
    reference: Value = np.array(rounded).reshape(truth.shape) if truth.shape else rounded[0]
    if claim.shape != truth.shape:
        reason = f"it has the shape {claim.shape}, but should have {truth.shape}"
        return Entry("fail", reference, None, None, reason=reason)
    said = [nearest_float(x) for x in claim.flat]
    wrong = [k for k, x in enumerate(said) if not agrees(x, truth.flat[k], *tolerances)]
    errors = [relative_error(x, t) for x, t in zip(said, truth.flat, strict=True)]
    count = min((digits(x, t) for x, t in zip(said, truth.flat, strict=True)), default=17)
    worst = max(errors, default=0.0)
    if not wrong:
        return Entry("pass", reference, worst, count)
    at = max(wrong, key=errors.__getitem__)
    place = f"at {index_text(map(int, np.unravel_index(at, truth.shape)))} " if truth.shape else ""
    reason = f"{place}it is {rounded[at]!r}, but {said[at]!r} was claimed"
    return Entry("fail", reference, worst, count, reason=reason)
