"""Local gradients that people write in place of the right ones, gate by gate.

They are written as the partials of gates are: `m` is the number system, `out` the gate's value, any
other name the input of that name in the gate's definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

WHOLE: Mapping[str, str] = {
    "sigmoid": "s(1-s)",
    "tanh": "1 - t^2",
    "exp": "exp(x)",
    "exp2": "2^x log(2)",
    "expm1": "exp(x)",
    "log": "1/x",
    "log1p": "1/(1 + x)",
    "log2": "1/(x log(2))",
    "log10": "1/(x log(10))",
    "sqrt": "1/(2 sqrt(x))",
    "cbrt": "1/(3 cbrt(x)^2)",
    "square": "2x",
    "pow": "y x^(y-1)",
    "reciprocal": "-1/x^2",
    "sin": "cos(x)",
    "cos": "-sin(x)",
    "tan": "1 + tan(x)^2",
    "sinh": "cosh(x)",
    "cosh": "sinh(x)",
    "asin": "1/sqrt(1 - x^2)",
    "acos": "-1/sqrt(1 - x^2)",
    "atan": "1/(1 + x^2)",
    "abs": "sign(x)",
    "relu": "mask x > 0",
    "softplus": "sigmoid(x)",
    "max": "choice of the largest",
    "min": "choice of the smallest",
    "clip": "mask low < x < high",
    "softmax": "Jacobian",
}
"""What a gate's local gradient is called where it is left out; that of others is just that."""


class Wrong(NamedTuple):
    """A wrong local gradient: of which input, what is wrong with it, and the partial."""

    k: int
    text: str
    partial: Callable[..., Any]


LEFT_OUT: Mapping[str, tuple[Wrong, ...]] = {
    "sigmoid": (Wrong(0, "1-s", lambda out: out), Wrong(0, "s", lambda out: 1 - out)),
    "silu": (Wrong(0, "x s(1-s)", lambda m, x: 1 / (1 + m.exp(-x))),),
    "gelu": (Wrong(0, "x times the density", lambda m, x: (1 + m.erf(x / m.sqrt(2))) / 2),),
    "div": (
        Wrong(1, "x", lambda m, y: -m.divide(m.divide(1, y), y)),
        Wrong(1, "square", lambda out: -out),
    ),
    "pow": (Wrong(1, "factor log(base)", lambda out: out),),
    "exp2": (Wrong(0, "log(2)", lambda out: out),),
    "atan2": (
        Wrong(0, "1/(x^2 + y^2)", lambda x: x),
        Wrong(1, "1/(x^2 + y^2)", lambda y: -y),
    ),
    "hypot": (Wrong(0, "1/hypot(x, y)", lambda x: x), Wrong(1, "1/hypot(x, y)", lambda y: y)),
}  # fmt: skip
"""Factors and terms of a local gradient that are left out alone, named in `text`."""

OTHER: Mapping[str, tuple[Wrong, ...]] = {
    "sigmoid": (Wrong(0, "x(1-x) instead of s(1-s)", lambda x: x * (1 - x)),),
    "tanh": (
        Wrong(0, "1 - x^2 instead of 1 - t^2", lambda x: 1 - x * x),
        Wrong(0, "1 - t instead of 1 - t^2", lambda out: 1 - out),
    ),
    "pow": (Wrong(0, "the exponent was not lowered by 1", lambda y, out: y * out),),
    "sqrt": (Wrong(0, "1/(2x) instead of 1/(2 sqrt(x))", lambda m, x: m.divide(1, 2 * x)),),
    "exp": (Wrong(0, "x exp(x - 1), as if it were a power", lambda m, x: x * m.exp(x - 1)),),
    "relu": (Wrong(0, "the mask is turned round", lambda m, out: m.where(out > 0, lambda: 0, lambda: 1)),),
}
"""Other formulas for a local gradient."""

OWN_SLOPE = frozenset({"neg", "sigmoid", "exp", "exp2", "expm1"})
"""Gates of one input for which "its value instead of its slope" says nothing new."""

FACTORS: Mapping[str, Mapping[int, float]] = {
    "square": {0: 2.0},
    "sqrt": {0: 0.5},
    "cbrt": {0: 1 / 3},
    "mse": {0: 2.0, 1: 2.0},
    "var": {0: 2.0},
}
"""Constant factors of local gradients, by the number of the input."""

MINUS: Mapping[str, tuple[int, ...]] = {
    "sub": (1,),
    "neg": (0,),
    "div": (1,),
    "reciprocal": (0,),
    "sin": (0,),
    "cos": (0,),
    "csc": (0,),
    "cot": (0,),
    "acos": (0,),
    "atan2": (0, 1),
}
"""Inputs whose sign is easily lost, or put in where there is none."""

MEANS = frozenset({"mean", "mse", "cross_entropy", "binary_cross_entropy", "hinge", "avg_pool", "var", "svm"})
"""Gates that divide by a number of elements."""

TURNING = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})
TURNED = frozenset({"asin", "acos", "atan", "atan2"})
UNITS = frozenset({"degrees", "radians"})
"""Gates that take an angle, that give one, and that change its unit."""

LOGARITHMS: Mapping[str, float | None] = {
    "log": None,
    "log1p": None,
    "log2": 2.0,
    "log10": 10.0,
    "logsumexp": None,
    "log_softmax": None,
    "cross_entropy": None,
    "binary_cross_entropy": None,
}
"""Logarithms with their base; None is e, where `log` has no second input."""

BASES: Mapping[str, float | None] = {"log": None, "log2": 2.0, "log10": 10.0}
"""What a logarithm may look like instead."""
