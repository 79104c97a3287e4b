"""Activation functions of neural networks.

At their corner relu, leaky_relu, elu and selu answer with the slope from the left: 0, `slope`,
`alpha`, and scale * alpha.
"""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Domain, Edge, Gate, Kink
from gradcalc.gates.selection import MAX_TIES, shared

LOGITS = (-700.0, 700.0)


def logistic(m: Any, x: Any) -> Any:
    """Return 1/(1 + exp(-x)); below -700, where exp(-x) would overflow, exp(x)/(1 + exp(x))."""
    return m.where(x > -700, lambda: 1 / (1 + m.exp(-x)), lambda: m.exp(x) / (1 + m.exp(x)))


SIGMOID = Gate(
    "sigmoid",
    aliases=("σ", "expit", "logistic"),
    definition=lambda m, x: 1 / (1 + m.exp(-x)),
    forward=logistic,
    # 1 - s(x) is s(-x), which keeps the digits that 1 - s(20) has lost.
    partials=(lambda m, x, out: out * logistic(m, -x),),
    doc="The squashing gate between 0 and 1; its slope is s (1 - s) (CS231n, lecture 4).",
    latex=r"\sigma({x})",
    expansion="1/(1 + exp(-x))",
    forms=("exp(x)/(1 + exp(x))",),
    slopes=("out*(1 - out)",),
    probe=(LOGITS,),
    edges=(
        Edge((0.0,), 0.5, (0.25,), "the steepest point"),
        Edge((40.0,), 1.0, (4.248354255291589e-18,), "1 - s would be 0"),
        Edge((-800.0,), 0.0, (0.0,), "exp(-800) is below the smallest float"),
        Edge((-720.0,), 2.03223080242e-313, (2.03223080242e-313,), "exp(720) would overflow"),
    ),
    ulps=(2, 4),
)


def _logit(m: Any, x: Any) -> Any:
    """Return log(x/(1 - x)), near its zero at 1/2 as 2 atanh(2x - 1), where 2x - 1 is exact."""
    middle = lambda: 2 * m.atanh(2 * x - 1)
    return m.where(m.abs(2 * x - 1) < 0.5, middle, lambda: m.log(m.divide(x, 1 - x)))


LOGIT = Gate(
    "logit",
    definition=lambda m, x: m.log(x / (1 - x)),
    forward=_logit,
    partials=(lambda m, x: m.divide(1, x * (1 - x)),),
    doc="The inverse of the sigmoid, log(x/(1 - x)), for 0 < x < 1.",
    latex=r"\log(\frac{{x}}{1 - {x}})",
    domain=(Domain(lambda x: 0 < x < 1, "0 < x < 1"),),
    expansion="log(x/(1 - x))",
    probe=((1e-9, 1 - 1e-9),),
    edges=(Edge((0.5,), 0.0, (4.0,), "the zero"),),
    ulps=(2, 2),
)

RELU = Gate(
    "relu",
    definition=lambda m, x: m.max(0, x),
    partials=(lambda m, out: m.where(out > 0, lambda: 1, lambda: 0),),
    flow="router",
    doc="max(0, x), the rectified linear unit (CS231n, lecture 4); its slope at 0 is 0.",
    latex=r"\max(0, {x})",
    kinks=(Kink(lambda x: x == 0, "x = 0", False, "0", "0", "0", "0", (0.0,)),),
    expansion="max(0, x)",
    forms=("max(0, x)",),
    probe=((-10.0, 10.0),),
    edges=(
        Edge((-2.0,), 0.0, (0.0,), "closed, as in the lecture's Jacobian"),
        Edge((3.0,), 3.0, (1.0,), "open, as in the lecture's Jacobian"),
    ),
    ulps=(0, 0),
)

LEAKY_RELU = Gate(
    "leaky_relu",
    definition=lambda m, x, slope=0.01: m.where(x > 0, lambda: x, lambda: slope * x),
    partials=(
        lambda m, x, slope: m.where(x > 0, lambda: 1, lambda: slope),
        lambda m, x: m.where(x > 0, lambda: 0, lambda: x),
    ),
    doc="x where x > 0, else slope times x (Maas, Hannun and Ng, 2013).",
    latex=r"\operatorname{leaky\_relu}_{{slope}}({x})",
    kinks=(
        Kink(
            lambda x, slope=0.01: (x == 0) & (slope != 1), "x = 0", False,
            "slope, 0", "slope, 0", "1, 0", "slope", (0.0, 0.01),
        ),
    ),
    expansion="where(x > 0, x, slope*x)",
    probe=((-10.0, 10.0), (0.001, 0.5)),
    edges=(
        Edge((-2.0, 0.1), -0.2, (0.1, -2.0), "leaking"),
        Edge((-2.0,), -0.02, (0.01,), "the slope left out"),
    ),
    ulps=(1, 0),
)  # fmt: skip

ELU = Gate(
    "elu",
    definition=lambda m, x, alpha=1.0: m.where(x > 0, lambda: x, lambda: alpha * (m.exp(x) - 1)),
    forward=lambda m, x, alpha=1.0: m.where(x > 0, lambda: x, lambda: alpha * m.expm1(x)),
    partials=(
        lambda m, x, alpha: m.where(x > 0, lambda: 1, lambda: alpha * m.exp(x)),
        lambda m, x: m.where(x > 0, lambda: 0, lambda: m.expm1(x)),
    ),
    doc="x where x > 0, else alpha (exp(x) - 1), the exponential linear unit (Clevert et al., 2015).",
    latex=r"\operatorname{elu}_{{alpha}}({x})",
    kinks=(
        Kink(
            lambda x, alpha=1.0: (x == 0) & (alpha != 1), "x = 0", False,
            "alpha, 0", "alpha", "alpha, 0", "alpha", (0.0, 2.0),
        ),
    ),
    expansion="where(x > 0, x, alpha*(exp(x) - 1))",
    probe=((-40.0, 10.0), (0.1, 3.0)),
    edges=(Edge((0.0,), 0.0, (1.0,), "smooth at 0 for alpha = 1"),),
    ulps=(2, 2),
)  # fmt: skip

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""The constants for which activations keep mean 0 and variance 1 (Klambauer et al., 2017)."""


def _selu(m: Any, x: Any, rise: Any, fall: Any) -> Any:
    """Return scale * rise() above 0, scale * alpha * fall() below."""
    scale, alpha = m.number(SELU_SCALE), m.number(SELU_ALPHA)
    return m.where(x > 0, lambda: scale * rise(), lambda: scale * (alpha * fall()))


SELU = Gate(
    "selu",
    definition=lambda m, x: _selu(m, x, lambda: x, lambda: m.exp(x) - 1),
    forward=lambda m, x: _selu(m, x, lambda: x, lambda: m.expm1(x)),
    partials=(lambda m, x: _selu(m, x, lambda: 1, lambda: m.exp(x)),),
    doc="The self-normalising elu with fixed constants (Klambauer et al., 2017).",
    latex=r"\operatorname{selu}({x})",
    kinks=(
        Kink(
            lambda x: x == 0, "x = 0", False,
            "1.7580993408473766", "1.7580993408473766", "1.7580993408473766", "1.0507009873554805", (0.0,),
        ),
    ),
    expansion=f"{SELU_SCALE}*elu(x, {SELU_ALPHA})",
    probe=((-40.0, 10.0),),
    ulps=(2, 2),
)  # fmt: skip


def _normal_cdf(m: Any, x: Any) -> Any:
    """Return (1 + erf(x/sqrt(2)))/2, through erfc, which keeps its digits below 0."""
    return m.erfc(-x / m.sqrt(2)) / 2


def _normal_density(m: Any, x: Any) -> Any:
    """Return exp(-x^2/2)/sqrt(2 pi)."""
    return m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


GELU = Gate(
    "gelu",
    definition=lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2,
    forward=lambda m, x: x * _normal_cdf(m, x),
    partials=(lambda m, x: _normal_cdf(m, x) + x * _normal_density(m, x),),
    doc="x times the normal distribution function at x, exactly, not by tanh (Hendrycks and Gimpel, 2016).",
    latex=r"\operatorname{gelu}({x})",
    expansion="x*(1 + erf(x/sqrt(2)))/2",
    probe=((-37.0, 37.0),),
    edges=(Edge((0.0,), 0.0, (0.5,), "halfway"),),
    ulps=(2, 4),
)


def _times_logistic(m: Any, factor: Any, x: Any) -> Any:
    """Return factor / (1 + exp(-x)), in two halves where the sigmoid alone would be subnormal."""
    return m.where(
        x > -700,
        lambda: factor * logistic(m, x),
        lambda: factor * m.exp(x / 2) * m.exp(x / 2),
    )


SILU = Gate(
    "silu",
    aliases=("swish",),
    definition=lambda m, x: x / (1 + m.exp(-x)),
    forward=lambda m, x: _times_logistic(m, x, x),
    # s + x s (1 - s) with 1 - s(x) = s(-x)
    partials=(lambda m, x: _times_logistic(m, 1 + x * logistic(m, -x), x),),
    doc="x times the sigmoid of x (Elfwing et al., 2017; swish in Ramachandran et al., 2017).",
    latex=r"{x} \cdot \sigma({x})",
    expansion="x*sigmoid(x)",
    slopes=("sigmoid(x) + out*(1 - sigmoid(x))",),
    probe=(LOGITS,),
    edges=(Edge((0.0,), 0.0, (0.5,), "halfway"),),
    ulps=(2, 4),
)

SOFTPLUS = Gate(
    "softplus",
    definition=lambda m, x: m.log(1 + m.exp(x)),
    forward=lambda m, x: m.max(x, 0) + m.log1p(m.exp(-m.abs(x))),
    partials=(logistic,),
    doc="log(1 + exp(x)), a smooth relu, whose slope is the sigmoid (Dugas et al., 2001).",
    latex=r"\log(1 + e^{{x}})",
    expansion="log(1 + exp(x))",
    slopes=("sigmoid(x)",),
    probe=(LOGITS,),
    edges=(
        Edge((0.0,), 0.6931471805599453, (0.5,), "log(2)"),
        Edge((800.0,), 800.0, (1.0,), "exp(800) would overflow"),
    ),
    ulps=(2, 2),
)

SOFTSIGN = Gate(
    "softsign",
    definition=lambda m, x: x / (1 + m.abs(x)),
    # Divided twice: the square would overflow from 1e154 on.
    partials=(lambda m, x: 1 / (1 + m.abs(x)) / (1 + m.abs(x)),),
    doc="x/(1 + |x|), a squashing gate that is smooth at 0 as well (Bergstra et al., 2009).",
    latex=r"\frac{{x}}{1 + \left|{x}\right|}",
    expansion="x/(1 + abs(x))",
    probe=((-1e6, 1e6),),
    edges=(
        Edge((0.0,), 0.0, (1.0,), "both sides of |x| agree here"),
        Edge((1e160,), 1.0, (1e-320,), "the square would overflow"),
    ),
    ulps=(1, 3),
)

MAXOUT = Gate(
    "maxout",
    definition=lambda m, *x: m.max(*x),
    partials=(shared,),
    flow="router",
    doc="The largest of several linear pieces (Goodfellow et al., 2013); the same gate as max.",
    latex=r"\max({x})",
    kinks=MAX_TIES,
    probe=((-1e3, 1e3),) * 3,
    ulps=(0, 0),
)

GATES = (SIGMOID, LOGIT, RELU, LEAKY_RELU, ELU, SELU, GELU, SILU, SOFTPLUS, SOFTSIGN, MAXOUT)
