"""gradcalc: a gradient calculator.

    text -> tokens -> statements -> graph      gradcalc.language
    graph + point -> values                    gradcalc.forward
    graph + values -> gradients                gradcalc.backward
    gradients -> verdicts                      gradcalc.check
    what somebody else computed -> verdicts    gradcalc.claims
    result -> table, JSON, CSV, LaTeX …        gradcalc.report

`compute` runs all of it and returns a `Result`; `parse` gives a `Graph` with the lecture's own
`forward()` and `backward()`. Many points at once are `gradcalc.batch`, many claims `gradcalc.suites`.
Public names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gradcalc.derivatives.hessian import hessian, hvp
    from gradcalc.derivatives.jacobian import jacobian, jvp, vjp
    from gradcalc.derivatives.matrices import Derivatives
    from gradcalc.errors import GradcalcError
    from gradcalc.gates import GATES, Gate
    from gradcalc.gradients import value_and_grad
    from gradcalc.graph import Graph
    from gradcalc.language import parse
    from gradcalc.loading import load, unload
    from gradcalc.pipeline import compute
    from gradcalc.result import Result

_HOMES = {
    "Derivatives": "gradcalc.derivatives.matrices",
    "GATES": "gradcalc.gates",
    "Gate": "gradcalc.gates",
    "GradcalcError": "gradcalc.errors",
    "Graph": "gradcalc.graph",
    "Result": "gradcalc.result",
    "compute": "gradcalc.pipeline",
    "hessian": "gradcalc.derivatives.hessian",
    "hvp": "gradcalc.derivatives.hessian",
    "jacobian": "gradcalc.derivatives.jacobian",
    "jvp": "gradcalc.derivatives.jacobian",
    "load": "gradcalc.loading",
    "parse": "gradcalc.language",
    "unload": "gradcalc.loading",
    "value_and_grad": "gradcalc.gradients",
    "vjp": "gradcalc.derivatives.jacobian",
}

__all__ = [
    "GATES",
    "Derivatives",
    "Gate",
    "GradcalcError",
    "Graph",
    "Result",
    "__version__",
    "compute",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "parse",
    "unload",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gradcalc' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # submodules of the same name (compute) would otherwise hide it
    return value
