"""Absolute value, sign and rounding: gates with corners and steps."""

from __future__ import annotations

from gradcalc.gates.record import Edge, Gate, Kink

ABS = Gate(
    "abs",
    aliases=("absolute", "fabs"),
    definition=lambda m, x: m.abs(x),
    partials=(lambda m, x: m.sign(x),),
    doc="The absolute value; its slope is the sign of x, and 0 at 0.",
    latex=r"\left|{x}\right|",
    kinks=(Kink(lambda x: x == 0, "x = 0", False, "0", "0", "1", "0", (0.0,)),),
    slopes=("sign(x)",),
    probe=((-1e3, 1e3),),
    edges=(Edge((0.0,), 0.0, (0.0,), "the mean of the two sides"),),
    ulps=(0, 0),
)

SIGN = Gate(
    "sign",
    aliases=("sgn",),
    definition=lambda m, x: m.sign(x),
    partials=(None,),
    doc="-1, 0 or 1; constant but for its jump, so no gradient flows through it.",
    latex=r"\operatorname{sign} {x}",
    kinks=(Kink(lambda x: x == 0, "x = 0", True, "0", "0", "0", "0", (0.0,)),),
    probe=((-1e3, 1e3),),
    edges=(Edge((0.0,), 0.0, (0.0,), "between the two sides"), Edge((-5e-324,), -1.0, (0.0,), "subnormal")),
    ulps=(0, 0),
)

FLOOR = Gate(
    "floor",
    definition=lambda m, x: m.floor(x),
    partials=(None,),
    doc="The largest whole number not above x; no gradient flows through it.",
    latex=r"\left\lfloor {x} \right\rfloor",
    kinks=(Kink(lambda x: x % 1 == 0, "x is a whole number", True, "0", "0", "0", "none", (2.0,)),),
    probe=((-1e3, 1e3),),
    edges=(Edge((-0.5,), -1.0, (0.0,), "down, not towards 0"),),
    ulps=(0, 0),
)

CEIL = Gate(
    "ceil",
    definition=lambda m, x: m.ceil(x),
    partials=(None,),
    doc="The smallest whole number not below x; no gradient flows through it.",
    latex=r"\left\lceil {x} \right\rceil",
    kinks=(Kink(lambda x: x % 1 == 0, "x is a whole number", True, "0", "0", "0", "none", (2.0,)),),
    probe=((-1e3, 1e3),),
    edges=(
        Edge((0.5,), 1.0, (0.0,), "up, not to the nearest"),
        Edge((-0.5,), 0.0, (0.0,), "up, not away from 0"),
    ),
    ulps=(0, 0),
)

ROUND = Gate(
    "round",
    aliases=("rint",),
    definition=lambda m, x: m.round(x),
    partials=(None,),
    doc="The nearest whole number, halves to the even one (as NumPy's rint); no gradient flows through it.",
    latex=r"\operatorname{round}({x})",
    kinks=(
        Kink(
            lambda x: x % 1 == 0.5, "x is halfway between two whole numbers", True,
            "0", "0", "0", "none", (2.5,),
        ),
    ),
    probe=((-1e3, 1e3),),
    edges=(Edge((2.5,), 2.0, (0.0,), "halves to even"), Edge((3.5,), 4.0, (0.0,), "halves to even")),
    ulps=(0, 0),
)  # fmt: skip

GATES = (ABS, SIGN, FLOOR, CEIL, ROUND)
