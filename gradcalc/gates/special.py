"""Special functions."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.record import Edge, Gate


def _bell(m: Any, x: Any) -> Any:
    """Return 2/sqrt(pi) exp(-x^2)."""
    return m.divide(2, m.sqrt(m.pi)) * m.exp(-x * x)


ERF = Gate(
    "erf",
    definition=lambda m, x: m.erf(x),
    partials=(_bell,),
    doc="The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.",
    latex=r"\operatorname{erf} {x}",
    probe=((-26.0, 26.0),),
    ulps=(1, 2),
)

ERFC = Gate(
    "erfc",
    definition=lambda m, x: m.erfc(x),
    partials=(lambda m, x: -_bell(m, x),),
    doc="1 - erf(x), without cancellation where erf is near 1.",
    latex=r"\operatorname{erfc} {x}",
    expansion="1 - erf(x)",
    probe=((-26.0, 26.0),),
    edges=(Edge((10.0,), 2.088487583762545e-45, (-4.1976562313544169e-44,), "1 - erf would be 0"),),
    ulps=(2, 2),
)

GATES = (ERF, ERFC)
