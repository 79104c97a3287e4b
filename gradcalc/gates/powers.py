"""Powers and roots."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate, Kink

SQUARE = Gate(
    "square",
    definition=lambda m, x: x * x,
    partials=(lambda x: 2 * x,),
    doc="The square.",
    latex="{x}^2",
    expansion="x*x",
    probe=((-1e3, 1e3),),
    ulps=(1, 0),
)

RECIPROCAL = Gate(
    "reciprocal",
    definition=lambda m, x: 1 / x,
    forward=lambda m, x: m.divide(1, x),
    partials=(lambda out: -out * out,),
    doc="One over x; the inverse gate of the lecture's neuron (CS231n, lecture 4).",
    latex=r"\frac{1}{{x}}",
    domain=(Domain(lambda x: x != 0, "x != 0"),),
    expansion="1/x",
    probe=((1e-3, 1e3),),
    edges=(Edge((-0.5,), -2.0, (-4.0,), "falling on both sides of its pole"),),
    ulps=(1, 2),
)

SQRT = Gate(
    "sqrt",
    aliases=("√",),
    definition=lambda m, x: m.sqrt(x),
    # The square root of -0.0 is -0.0, and its slope is +inf all the same.
    partials=(lambda m, out: m.divide(1, 2 * m.abs(out)),),
    doc="The square root; its slope at 0 is infinite.",
    latex=r"\sqrt{{x}}",
    domain=(Domain(lambda x: x >= 0, "x >= 0"),),
    slopes=("1/(2*out)",),
    probe=((0.0, 1e6),),
    edges=(
        Edge((0.0,), 0.0, (None,), "an infinite slope"),
        Edge((1e-8,), 1e-4, (5e3,), "where a finite difference of fixed step fails"),
    ),
    ulps=(1, 2),
)

CBRT = Gate(
    "cbrt",
    definition=lambda m, x: m.cbrt(x),
    partials=(lambda m, out: m.divide(1, 3 * out * out),),
    doc="The real cube root, negative for a negative x; its slope at 0 is infinite.",
    latex=r"\sqrt[3]{{x}}",
    probe=((-1e6, 1e6),),
    edges=(
        Edge((-8.0,), -2.0, (1 / 12,), "the real root, not the complex one"),
        Edge((27.0,), 3.0, (1 / 27,), "exact on cubes"),
        Edge((0.0,), 0.0, (None,), "an infinite slope"),
    ),
    ulps=(1, 3),
)


def _share(m: Any, x: Any, out: Any) -> Any:
    """Return x / hypot, and 0 at the cone's tip."""
    return m.where(m.equal(out, 0), lambda: 0, lambda: m.divide(x, out))


HYPOT = Gate(
    "hypot",
    definition=lambda m, x, y: m.sqrt(x * x + y * y),
    forward=lambda m, x, y: m.hypot(x, y),  # the squares would overflow from 1e155 on
    partials=(lambda m, x, out: _share(m, x, out), lambda m, y, out: _share(m, y, out)),
    doc="The length of the vector (x, y), without overflow of the squares.",
    latex=r"\sqrt{{x}^2 + {y}^2}",
    kinks=(
        Kink(
            lambda x, y: (x == 0) & (y == 0), "x = y = 0, the tip of the cone", False,
            "0, 0", "nan, nan", "0.5, 0.5", "", (0.0, 0.0),
        ),
    ),
    expansion="sqrt(x^2 + y^2)",
    slopes=("x/out", "y/out"),
    probe=((-1e3, 1e3), (-1e3, 1e3)),
    edges=(
        Edge((0.0, 0.0), 0.0, (0.0, 0.0), "the smallest subgradient, as for any norm"),
        Edge((3e200, 4e200), 5e200, (0.6, 0.8), "the squares would overflow"),
        Edge((3e-200, 4e-200), 5e-200, (0.6, 0.8), "the squares would underflow"),
    ),
    ulps=(1, 2),
)  # fmt: skip

GATES = (SQUARE, RECIPROCAL, SQRT, CBRT, HYPOT)
