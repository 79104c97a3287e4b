"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate

SINH = Gate(
    "sinh",
    definition=lambda m, x: m.sinh(x),
    partials=(lambda m, x: m.cosh(x),),
    doc="The hyperbolic sine.",
    latex=r"\sinh {x}",
    expansion="(exp(x) - exp(-x))/2",
    probe=((-700.0, 700.0),),
    ulps=(2, 2),
)

COSH = Gate(
    "cosh",
    definition=lambda m, x: m.cosh(x),
    partials=(lambda m, x: m.sinh(x),),
    doc="The hyperbolic cosine.",
    latex=r"\cosh {x}",
    expansion="(exp(x) + exp(-x))/2",
    probe=((-700.0, 700.0),),
    ulps=(2, 2),
)


def _sech_squared(m: Any, x: Any) -> Any:
    """Return 1/cosh(x)^2: 1 - tanh(x)^2 has no digits left from 20 on, and cosh^2 overflows from 356 on."""
    return m.divide(m.divide(1, m.cosh(x)), m.cosh(x))


TANH = Gate(
    "tanh",
    definition=lambda m, x: m.tanh(x),
    partials=(_sech_squared,),
    doc="The hyperbolic tangent, the squashing gate between -1 and 1 (CS231n, lecture 4).",
    latex=r"\tanh {x}",
    expansion="(exp(x) - exp(-x))/(exp(x) + exp(-x))",
    slopes=("1 - out^2",),
    probe=((-350.0, 350.0),),
    edges=(
        Edge((20.0,), 1.0, (1.6993417021166355e-17,), "1 - tanh^2 would be 0"),
        Edge((400.0,), 1.0, (0.0,), "4 exp(-800) is below the smallest float"),
    ),
    ulps=(2, 4),
)

ASINH = Gate(
    "asinh",
    aliases=("arcsinh",),
    definition=lambda m, x: m.asinh(x),
    partials=(lambda m, x: m.divide(1, m.hypot(1, x)),),
    doc="The inverse hyperbolic sine.",
    latex=r"\operatorname{arsinh} {x}",
    expansion="log(x + sqrt(x^2 + 1))",
    probe=((-1e6, 1e6),),
    edges=(Edge((1e200,), 461.2101657793691, (1e-200,), "x^2 would overflow"),),
    ulps=(2, 2),
)

ACOSH = Gate(
    "acosh",
    aliases=("arccosh",),
    definition=lambda m, x: m.acosh(x),
    # Two roots: x - 1 keeps its digits near 1, and (x - 1)(x + 1) would overflow from 1e155 on.
    partials=(lambda m, x: m.divide(1, m.sqrt(x - 1) * m.sqrt(x + 1)),),
    doc="The inverse hyperbolic cosine, for x >= 1; its slope at 1 is infinite.",
    latex=r"\operatorname{arcosh} {x}",
    domain=(Domain(lambda x: x >= 1, "x >= 1"),),
    expansion="log(x + sqrt(x^2 - 1))",
    probe=((1.0, 1e6),),
    edges=(Edge((1.0,), 0.0, (None,), "an infinite slope"),),
    ulps=(2, 3),
)

ATANH = Gate(
    "atanh",
    aliases=("arctanh",),
    definition=lambda m, x: m.atanh(x),
    partials=(lambda m, x: m.divide(1, (1 - x) * (1 + x)),),
    doc="The inverse hyperbolic tangent, for -1 < x < 1.",
    latex=r"\operatorname{artanh} {x}",
    domain=(Domain(lambda x: -1 < x < 1, "-1 < x < 1"),),
    expansion="log((1 + x)/(1 - x))/2",
    probe=((-0.999999, 0.999999),),
    ulps=(2, 2),
)

GATES = (SINH, COSH, TANH, ASINH, ACOSH, ATANH)
