"""Arithmetic: what infix symbols write."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate, Kink

WIDE = (-1e3, 1e3)

ADD = Gate(
    "add",
    infix="+",
    definition=lambda m, x, y: x + y,
    partials=(lambda: 1, lambda: 1),
    flow="distributor",
    doc="The sum. Both inputs get the upstream gradient as it is (CS231n, lecture 4).",
    latex="{x} + {y}",
    probe=(WIDE, WIDE),
    edges=(Edge((1e308, -1e308), 0.0, (1.0, 1.0), "no overflow on the way"),),
    ulps=(1, 0),
)

SUB = Gate(
    "sub",
    aliases=("subtract",),
    infix="-",
    definition=lambda m, x, y: x - y,
    partials=(lambda: 1, lambda: -1),
    flow="distributor",
    doc="The difference. The second input gets the upstream gradient with its sign turned.",
    latex="{x} - {y}",
    probe=(WIDE, WIDE),
    ulps=(1, 0),
)

MUL = Gate(
    "mul",
    aliases=("multiply",),
    infix="*",
    definition=lambda m, x, y: x * y,
    partials=(lambda y: y, lambda x: x),
    flow="switcher",
    doc="The product. Each input gets the upstream gradient times the *other* input (CS231n, lecture 4).",
    latex=r"{x} \cdot {y}",
    probe=(WIDE, WIDE),
    edges=(Edge((1e200, 1e-200), 1.0, (1e-200, 1e200), "neither slope is formed from the product"),),
    ulps=(1, 0),
)

DIV = Gate(
    "div",
    aliases=("divide", "true_divide"),
    infix="/",
    definition=lambda m, x, y: x / y,
    forward=lambda m, x, y: m.divide(x, y),
    # -x/y^2 as -(x/y)/y: y^2 would overflow from 1e155 on.
    partials=(lambda m, y: m.divide(1, y), lambda m, y, out: -m.divide(out, y)),
    doc="The quotient: 1/y to the numerator, -x/y^2 to the denominator.",
    latex=r"\frac{{x}}{{y}}",
    domain=(Domain(lambda x, y: y != 0, "y != 0"),),
    probe=(WIDE, WIDE),
    edges=(Edge((1e200, 1e200), 1.0, (1e-200, -1e-200), "y^2 would overflow"),),
    ulps=(1, 2),
)


def _power_slope(m: Any, x: Any, y: Any) -> Any:
    """Return y x^(y-1), and 0 where y is 0: x^0 is constant, also at x = 0.

    From y = 1 on, y - 1 is exact and x^y might underflow; below, y - 1 is rounded and x^y / x is not.
    """
    by_power = lambda: y * m.pow(x, y - 1)
    by_quotient = lambda: m.where(m.equal(x, 0), by_power, lambda: y * m.divide(m.pow(x, y), x))
    return m.where(m.equal(y, 0), lambda: 0, lambda: m.where(y >= 1, by_power, by_quotient))


def _power_log(m: Any, x: Any, out: Any) -> Any:
    """Return x^y log(x), and 0 where x is 0: 0^y is constant for y > 0."""
    return m.where(m.equal(x, 0), lambda: 0, lambda: out * m.log(x))


POW = Gate(
    "pow",
    aliases=("power",),
    infix="**",
    definition=lambda m, x, y: m.pow(x, y),
    partials=(_power_slope, _power_log),
    doc="x to the power y on the reals; a negative x needs a whole y, and then has no slope in y.",
    latex="{x}^{{y}}",
    domain=(
        Domain(lambda x, y: x != 0 or y >= 0, "y >= 0 where x is 0"),
        Domain(lambda x, y: x >= 0 or y % 1 == 0, "a whole y where x < 0"),
    ),
    kinks=(
        Kink(
            lambda x, y: (x == 0) & (y == 0), "0^y jumps at y = 0", True,
            "0, 0", "0, 0", "nan, 0", "nan, 0", (0.0, 0.0),
        ),
    ),
    slopes=("y*x^(y - 1)", "out*log(x)"),
    probe=((1e-3, 50.0), (-8.0, 8.0)),
    edges=(
        Edge((0.0, 0.0), 1.0, (0.0, 0.0), "x^0 is 1 everywhere, so its slope in x is 0; 0^y jumps at y = 0"),
        Edge((0.0, 1.0), 0.0, (1.0, 0.0), "y x^(y-1) with 0^0 = 1"),
        Edge((0.0, 2.0), 0.0, (0.0, 0.0), "a parabola's vertex"),
        Edge((-2.0, 3.0), -8.0, (12.0, None), "a whole exponent takes a negative base"),
        Edge((1e-200, 2.0), 0.0, (2e-200, 0.0), "the slope outlives the value's underflow"),
    ),
)  # fmt: skip

NEG = Gate(
    "neg",
    aliases=("negative",),
    prefix="-",
    definition=lambda m, x: -x,
    partials=(lambda: -1,),
    doc="The negative.",
    latex="-{x}",
    probe=(WIDE,),
    ulps=(0, 0),
)

MOD = Gate(
    "mod",
    aliases=("remainder",),
    infix="%",
    definition=lambda m, x, y: x - y * m.floor(x / y),
    forward=lambda m, x, y: m.mod(x, y),
    # -floor(x/y), but x/y may round up to the next whole number: x - out is a multiple of y.
    partials=(lambda: 1, lambda m, x, y, out: -m.round(m.divide(x - out, y))),
    doc="The remainder of the floored division, with the sign of y (NumPy's and Python's definition).",
    latex=r"{x} \bmod {y}",
    domain=(Domain(lambda x, y: y != 0, "y != 0"),),
    kinks=(
        Kink(
            lambda x, y: (y != 0) & (x % (y + (y == 0)) == 0), "x is a multiple of y", True,
            "1, -x/y", "1, -x/y", "1, -x/y", "1, -x/y", (6.0, 2.0),
        ),
    ),
    probe=(WIDE, (0.5, 50.0)),
    edges=(
        Edge((-7.0, 3.0), 2.0, (1.0, 3.0), "the sign of y"),
        Edge((7.0, -3.0), -2.0, (1.0, 3.0), "the sign of y"),
        Edge((-1e-20, 3.0), 3.0, (1.0, 1.0), "the true 3 - 1e-20 rounds to y itself"),
    ),
    ulps=(1, 0),
)  # fmt: skip

GATES = (ADD, SUB, MUL, DIV, POW, NEG, MOD)
