"""Exponentials and logarithms."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate

POSITIVE = (1e-6, 1e6)
LN2 = 0.6931471805599453

EXP = Gate(
    "exp",
    definition=lambda m, x: m.exp(x),
    partials=(lambda out: out,),
    doc="The exponential function: its own slope.",
    latex="e^{{x}}",
    probe=((-700.0, 700.0),),
    ulps=(1, 1),
)

EXP2 = Gate(
    "exp2",
    definition=lambda m, x: m.pow(2, x),
    forward=lambda m, x: m.exp2(x),
    partials=(lambda m, out: out * m.log(2),),
    doc="2 to the power x.",
    latex="2^{{x}}",
    expansion="2^x",
    probe=((-1000.0, 1000.0),),
    edges=(Edge((10.0,), 1024.0, (709.782712893384,), "exact on whole numbers"),),
    ulps=(1, 2),
)

EXPM1 = Gate(
    "expm1",
    definition=lambda m, x: m.exp(x) - 1,
    forward=lambda m, x: m.expm1(x),
    # Not out + 1, which is 0 from exp(-37) on.
    partials=(lambda m, x: m.exp(x),),
    doc="exp(x) - 1, without cancellation near 0.",
    latex="e^{{x}} - 1",
    expansion="exp(x) - 1",
    probe=((-700.0, 700.0),),
    edges=(Edge((1e-12,), 1.0000000000005e-12, (1.000000000001,), "exp(x) - 1 would keep four digits"),),
    ulps=(1, 1),
)


def _log(m: Any, x: Any, base: Any = None) -> Any:
    """Return log(x)/log(base), through the logarithms to 2 and 10 that are exact on their powers."""
    if base is None:
        return m.log(x)
    # log(0) is -inf, which would make a finite 0 of the quotient.
    general = lambda: m.where(base > 0, lambda: m.divide(m.log(x), m.log(base)), lambda: m.nan)
    by_ten = lambda: m.where(m.equal(base, 10), lambda: m.log10(x), general)
    return m.where(m.equal(base, 2), lambda: m.log2(x), by_ten)


def _log_slope(m: Any, x: Any, base: Any) -> Any:
    """Return 1/(x log(base)); dividing by the small number first can neither over- nor underflow."""
    return m.divide(1 if base is None else m.divide(1, m.log(base)), x)


LOG = Gate(
    "log",
    aliases=("ln",),
    definition=lambda m, x, base=None: m.log(x) if base is None else m.log(x) / m.log(base),
    forward=_log,
    partials=(_log_slope, lambda m, base, out: -m.divide(m.divide(out, m.log(base)), base)),
    doc="The natural logarithm, or the logarithm to a base, which gets a gradient too.",
    latex=r"\log_{{base}} {x}",
    domain=(
        Domain(lambda x, base=None: x > 0, "x > 0"),
        Domain(lambda x, base=None: base is None or (base > 0 and base != 1), "base > 0, base != 1"),
    ),
    probe=(POSITIVE, (1.01, 1e3)),
    edges=(
        Edge((1.0,), 0.0, (1.0,), "the zero"),
        Edge((8.0, 2.0), 3.0, (1 / (8 * LN2), -3 / (2 * LN2)), "exact on powers of 2"),
        Edge((1e3, 10.0), 3.0, (None, None), "exact, though log(1000)/log(10) is 2.9999999999999996"),
        Edge((0.25, 0.5), 2.0, (-1 / (0.25 * LN2), 2 / (0.5 * LN2)), "a base below 1"),
    ),
)

LOG2 = Gate(
    "log2",
    definition=lambda m, x: m.log(x) / m.log(2),
    forward=lambda m, x: m.log2(x),
    partials=(lambda m, x: m.divide(m.divide(1, m.log(2)), x),),
    doc="The logarithm to base 2.",
    latex=r"\log_2 {x}",
    domain=(Domain(lambda x: x > 0, "x > 0"),),
    expansion="log(x)/log(2)",
    probe=(POSITIVE,),
    edges=(Edge((8.0,), 3.0, (0.18033688011112042,), "exact on powers of 2"),),
    ulps=(1, 2),
)

LOG10 = Gate(
    "log10",
    definition=lambda m, x: m.log(x) / m.log(10),
    forward=lambda m, x: m.log10(x),
    partials=(lambda m, x: m.divide(m.divide(1, m.log(10)), x),),
    doc="The logarithm to base 10.",
    latex=r"\log_{10} {x}",
    domain=(Domain(lambda x: x > 0, "x > 0"),),
    expansion="log(x)/log(10)",
    probe=(POSITIVE,),
    edges=(Edge((1000.0,), 3.0, (None,), "exact on powers of 10"),),
    ulps=(2, 2),
)

LOG1P = Gate(
    "log1p",
    definition=lambda m, x: m.log(1 + x),
    forward=lambda m, x: m.log1p(x),
    partials=(lambda m, x: m.divide(1, 1 + x),),
    doc="log(1 + x), without cancellation near 0.",
    latex=r"\log(1 + {x})",
    domain=(Domain(lambda x: x > -1, "x > -1"),),
    expansion="log(1 + x)",
    probe=((-0.999, 1e6),),
    edges=(Edge((1e-12,), 9.999999999995e-13, (0.999999999999,), "log(1 + x) would keep four digits"),),
    ulps=(1, 2),
)

GATES = (EXP, EXP2, EXPM1, LOG, LOG2, LOG10, LOG1P)
