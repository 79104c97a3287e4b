"""Scores to probabilities: softmax, its logarithm, and the sum that it divides by.

Definitions are the mathematics. What floats compute is measured from the largest score, so that
nothing overflows, and 1 - p is the sum of the other probabilities where p is near 1.
"""

from __future__ import annotations

from typing import Any

from gradcalc.gates import shape as shapes
from gradcalc.gates.record import Edge, Gate, Sample, Shape

SAMPLES = (
    Sample(((3,),), low=-4.0, high=4.0),
    Sample(((2, 4),), low=-4.0, high=4.0),
    Sample(((3, 2),), {"axis": 0}),
    Sample(((2, 3, 2),), {"axis": (0, -1)}),
    Sample(((2, 3),), {"axis": None}),
    Sample(((2, 1),)),
)


def _shares(m: Any, x: Any, axis: Any) -> Any:
    """Return x over its sum along the axis."""
    return x / m.sum(x, axis, True)


def softmax(m: Any, x: Any, axis: Any = -1) -> Any:
    """Return exp(x) over its sum along the axis, without overflow."""
    return _shares(m, m.exp(x - m.amax(x, axis, True)), axis)


def _log_sum(m: Any, x: Any, axis: Any) -> tuple[Any, Any]:
    """Return the largest x along the axis, and the logarithm of the sum of exp(x - largest).

    What adds to the largest goes through log1p: log(1 + 1e-20) is not 0 (as in SciPy's logsumexp).
    """
    top = m.amax(x, axis, True)
    largest = m.number(m.equal(x, top))
    count = m.sum(largest, axis, True)
    others = m.sum(m.exp(x - top) * (1 - largest), axis, True)
    return top, m.log(count) + m.log1p(others / count)


def log_softmax(m: Any, x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of the softmax along the axis, without overflow."""
    top, log_sum = _log_sum(m, x, axis)
    return (x - top) - log_sum


def _from_softmax(m: Any, g: Any, out: Any, axis: Any) -> Any:
    """Return p (g - sum of p g), with g measured from that of an element that has most of p."""
    away = g - m.sum(g * m.number(out > 0.5), axis, True)
    return out * (away - m.sum(away * out, axis, True))


def from_log_softmax(m: Any, g: Any, p: Any, axis: Any = -1) -> Any:
    """Return g - p sum(g), as g (1 - p) - p sum(the other g), where p is the softmax."""
    others = m.sum(p * m.number(p <= 0.5), axis, True)
    rest = m.where(p > 0.5, lambda: others, lambda: 1 - p)
    return g * rest - p * (m.sum(g, axis, True) - g)


def _along(x: Shape, *, axis: Any) -> Shape:
    shapes.nonempty(x, axis, "probability")
    return x


def _summed(x: Shape, *, axis: Any, keepdims: Any) -> Shape:
    shapes.nonempty(x, axis, "largest element")
    return shapes.reduced(x, axis, keepdims)


def _logsumexp(m: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    top, log_sum = _log_sum(m, x, axis)
    kept = top + log_sum
    return kept if keepdims else m.sum(kept, axis)


SOFTMAX = Gate(
    "softmax",
    definition=lambda m, x, *, axis=-1: _shares(m, m.exp(x), axis),
    forward=lambda m, x, *, axis=-1: softmax(m, x, axis),
    pullbacks=(_from_softmax,),
    shape=_along,
    flow="mixer",
    doc="Probabilities that add up to 1 along the axis (Bridle, 1990; CS231n, lecture 3); exact at 1000.",
    means="out[i] = exp(x[i]) / sum over j of exp(x[j])",
    arrives=("out * (g - sum over the axis of g * out)",),
    latex=r"\operatorname{softmax}({x})",
    expansion="exp(x)/sum(exp(x), axis=-1, keepdims=True)",
    samples=SAMPLES,
    edges=(
        Edge(((1000.0, 1000.0),), (0.5, 0.5), ((0.0, 0.0),), "exp(1000) would overflow"),
        Edge(((0.0, -1000.0),), (1.0, 0.0), ((0.0, 0.0),), "the sum of the output is always 1"),
        Edge(((7.0,),), (1.0,), ((0.0,),), "one class is certain"),
    ),
    ulps=(4, 8),
)

LOG_SOFTMAX = Gate(
    "log_softmax",
    definition=lambda m, x, *, axis=-1: x - m.log(m.sum(m.exp(x), axis, True)),
    forward=lambda m, x, *, axis=-1: log_softmax(m, x, axis),
    pullbacks=(lambda m, g, out, axis: from_log_softmax(m, g, m.exp(out), axis),),
    shape=_along,
    flow="mixer",
    doc="The natural logarithm of the softmax along the axis, of which no probability underflows.",
    means="out[i] = x[i] - log(sum over j of exp(x[j]))",
    arrives=("g - softmax(x) * (sum over the axis of g)",),
    latex=r"\log \operatorname{softmax}({x})",
    expansion="x - log(sum(exp(x), axis=-1, keepdims=True))",
    samples=SAMPLES,
    edges=(
        Edge(((0.0, -1000.0),), (0.0, -1000.0), ((-1.0, 1.0),), "log(exp(-1000)) would be that of 0"),
        Edge(((0.0, -40.0),), (-4.248354255291589e-18, -40.0), ((-1.0, 1.0),), "log(1 + exp(-40))"),
    ),
    ulps=(4, 8),
)

LOGSUMEXP = Gate(
    "logsumexp",
    definition=lambda m, x, *, axis=None, keepdims=False: m.log(m.sum(m.exp(x), axis, keepdims)),
    forward=lambda m, x, *, axis=None, keepdims=False: _logsumexp(m, x, axis, keepdims),
    pullbacks=(
        lambda m, g, x, shape, axis, keepdims: m.spread(g, shape, axis, keepdims) * softmax(m, x, axis),
    ),
    shape=_summed,
    flow="mixer",
    doc="The logarithm of the sum of exponentials along the axis, or of all: a smooth maximum (as in SciPy).",
    means="out = log(sum over the axis of exp(x[i]))",
    arrives=("g * softmax(x)",),
    latex=r"\log \sum e^{{x}}",
    expansion="log(sum(exp(x)))",
    samples=(
        Sample(((4,),), low=-4.0, high=4.0),
        Sample(((2, 3),)),
        Sample(((2, 3),), {"axis": 1}),
        Sample(((2, 3, 2),), {"axis": (0, 2)}),
        Sample(((2, 3),), {"axis": -2, "keepdims": True}),
        Sample(((),)),
    ),
    edges=(
        Edge(((1000.0, 1000.0),), 1000.6931471805599, ((0.5, 0.5),), "1000 + log(2)"),
        Edge(((0.0, -40.0),), 4.248354255291589e-18, ((1.0, 4.248354255291589e-18),), "1 + exp(-40) is 1"),
    ),
    ulps=(4, 8),
)

GATES = (SOFTMAX, LOG_SOFTMAX, LOGSUMEXP)
