"""Trigonometric functions, their inverses, and the units of angles."""

from __future__ import annotations

import math
from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate, Kink

TURNS = (-20.0, 20.0)
WITHIN_ONE = Domain(lambda x: -1 <= x <= 1, "-1 <= x <= 1")

SIN = Gate(
    "sin",
    definition=lambda m, x: m.sin(x),
    partials=(lambda m, x: m.cos(x),),
    doc="The sine of an angle in radians.",
    latex=r"\sin {x}",
    probe=(TURNS,),
    ulps=(1, 1),
)

COS = Gate(
    "cos",
    definition=lambda m, x: m.cos(x),
    partials=(lambda m, x: -m.sin(x),),
    doc="The cosine of an angle in radians.",
    latex=r"\cos {x}",
    probe=(TURNS,),
    ulps=(1, 1),
)

TAN = Gate(
    "tan",
    definition=lambda m, x: m.tan(x),
    partials=(lambda out: 1 + out * out,),
    doc="The tangent of an angle in radians; no float is exactly at a pole.",
    latex=r"\tan {x}",
    expansion="sin(x)/cos(x)",
    probe=(TURNS,),
    ulps=(1, 2),
)

SEC = Gate(
    "sec",
    definition=lambda m, x: 1 / m.cos(x),
    forward=lambda m, x: m.divide(1, m.cos(x)),
    partials=(lambda m, x, out: out * m.tan(x),),
    doc="The secant, one over the cosine.",
    latex=r"\sec {x}",
    expansion="1/cos(x)",
    probe=(TURNS,),
)

CSC = Gate(
    "csc",
    definition=lambda m, x: 1 / m.sin(x),
    forward=lambda m, x: m.divide(1, m.sin(x)),
    partials=(lambda m, x, out: -m.divide(out, m.tan(x)),),
    doc="The cosecant, one over the sine.",
    latex=r"\csc {x}",
    domain=(Domain(lambda x: x != 0, "x != 0"),),
    expansion="1/sin(x)",
    probe=((0.01, 20.0),),
)

COT = Gate(
    "cot",
    definition=lambda m, x: m.cos(x) / m.sin(x),
    forward=lambda m, x: m.divide(1, m.tan(x)),
    partials=(lambda out: -1 - out * out,),
    doc="The cotangent, one over the tangent.",
    latex=r"\cot {x}",
    domain=(Domain(lambda x: x != 0, "x != 0"),),
    expansion="cos(x)/sin(x)",
    probe=((0.01, 20.0),),
)


def _arc_slope(m: Any, x: Any) -> Any:
    """Return 1/sqrt(1 - x^2), keeping the digits of 1 - x near 1."""
    return m.divide(1, m.sqrt((1 - x) * (1 + x)))


ASIN = Gate(
    "asin",
    aliases=("arcsin",),
    definition=lambda m, x: m.asin(x),
    partials=(_arc_slope,),
    doc="The inverse sine, between -pi/2 and pi/2; its slope at -1 and 1 is infinite.",
    latex=r"\arcsin {x}",
    domain=(WITHIN_ONE,),
    probe=((-1.0, 1.0),),
    edges=(Edge((1.0,), math.pi / 2, (None,), "an infinite slope"),),
    ulps=(1, 2),
)

ACOS = Gate(
    "acos",
    aliases=("arccos",),
    definition=lambda m, x: m.acos(x),
    partials=(lambda m, x: -_arc_slope(m, x),),
    doc="The inverse cosine, between 0 and pi; its slope at -1 and 1 is infinite.",
    latex=r"\arccos {x}",
    domain=(WITHIN_ONE,),
    probe=((-1.0, 1.0),),
    edges=(Edge((1.0,), 0.0, (None,), "an infinite slope"),),
    ulps=(1, 2),
)


def _over_square(m: Any, x: Any, h: Any) -> Any:
    """Return x / h^2, where h^2 would overflow from 1e155 on."""
    return m.divide(m.divide(x, h), h)


def _over_squares(m: Any, x: Any, y: Any) -> Any:
    """Return x / (x^2 + y^2), in quarters where the hypotenuse itself would overflow."""
    h = m.hypot(x, y)
    in_quarters = lambda: _over_square(m, x / 4, m.hypot(x / 4, y / 4)) / 4
    return m.where(h < m.inf, lambda: _over_square(m, x, h), in_quarters)


ATAN = Gate(
    "atan",
    aliases=("arctan",),
    definition=lambda m, x: m.atan(x),
    partials=(lambda m, x: _over_square(m, 1, m.hypot(1, x)),),
    doc="The inverse tangent, between -pi/2 and pi/2.",
    latex=r"\arctan {x}",
    probe=((-1e6, 1e6),),
    edges=(Edge((1e155,), math.pi / 2, (1e-310,), "x^2 would overflow"),),
    ulps=(1, 3),
)

ATAN2 = Gate(
    "atan2",
    aliases=("arctan2",),
    definition=lambda m, y, x: m.atan2(y, x),
    partials=(
        lambda m, y, x: _over_squares(m, x, y),
        lambda m, y, x: -_over_squares(m, y, x),
    ),
    doc="The angle of the point (x, y), above -pi and up to pi; y comes first, as in C and NumPy.",
    latex=r"\operatorname{atan2}({y}, {x})",
    domain=(Domain(lambda y, x: x != 0 or y != 0, "not x = y = 0"),),
    kinks=(
        Kink(
            lambda y, x: (y == 0) & (x < 0), "y = 0 and x < 0, where the angle turns from pi to -pi", True,
            "1/x, 0", "1/x, 0", "1/x, 0", "1/x, 0", (0.0, -2.0),
        ),
    ),
    probe=((-1e3, 1e3), (-1e3, 1e3)),
    edges=(
        Edge((1e200, 1e200), math.pi / 4, (5e-201, -5e-201), "x^2 + y^2 would overflow"),
        Edge((1.5e308, 1.5e308), math.pi / 4, (1 / 2 / 1.5e308, -1 / 2 / 1.5e308), "hypot would overflow"),
        Edge((-0.0, -1.0), math.pi, (-1.0, 0.0), "zero has no sign on the reals: the cut belongs to pi"),
    ),
    ulps=(1, 3),
)  # fmt: skip

DEGREES = Gate(
    "degrees",
    aliases=("rad2deg",),
    definition=lambda m, x: x * 180 / m.pi,
    forward=lambda m, x: m.degrees(x),
    partials=(lambda m: m.divide(180, m.pi),),
    doc="An angle in radians, turned into degrees.",
    latex=r"\frac{180}{\pi} \cdot {x}",
    expansion="x*180/pi",
    probe=((-1e3, 1e3),),
    ulps=(2, 1),
)

RADIANS = Gate(
    "radians",
    aliases=("deg2rad",),
    definition=lambda m, x: x * m.pi / 180,
    forward=lambda m, x: m.radians(x),
    partials=(lambda m: m.divide(m.pi, 180),),
    doc="An angle in degrees, turned into radians.",
    latex=r"\frac{\pi}{180} \cdot {x}",
    expansion="x*pi/180",
    probe=((-1e3, 1e3),),
    ulps=(2, 1),
)

GATES = (SIN, COS, TAN, SEC, CSC, COT, ASIN, ACOS, ATAN, ATAN2, DEGREES, RADIANS)
