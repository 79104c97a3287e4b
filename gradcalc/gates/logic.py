"""Comparisons and logic: true is 1, false is 0, and whatever is not 0 counts as true.

No gradient flows through any of them. A comparison with nan is nan, neither true nor false, and
logic is nan where that leaves it undecided (Kleene's logic): `0 and nan` is 0, `1 and nan` is nan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.gates.record import Edge, Gate, Kink

NEAR = (-10.0, 10.0)
Thunk = Callable[[], Any]
Comparison = Callable[[Any, Any, Any], Any]


def if_true(m: Any, x: Any, true: Thunk, false: Thunk, unknown: Thunk | None = None) -> Any:
    """Return `true()` where x is not 0, `false()` where it is, `unknown()` (nan) where it is nan."""
    known = lambda: m.where(m.equal(x, x), true, unknown or (lambda: m.nan))
    return m.where(m.equal(x, 0), false, known)


def _comparison(
    name: str, alias: str, infix: str, latex: str, doc: str, holds: Comparison, tie: float, otherwise: int = 0
) -> Gate:
    """Return the gate that is 1 - `otherwise` where `holds(m, x, y)`, and `tie` where x = y."""
    definition: Comparison = lambda m, x, y: m.where(holds(m, x, y), lambda: 1 - otherwise, lambda: otherwise)

    def forward(m: Any, x: Any, y: Any) -> Any:
        known_x = lambda: m.where(m.equal(y, y), lambda: definition(m, x, y), lambda: m.nan)
        return m.where(m.equal(x, x), known_x, lambda: m.nan)

    return Gate(
        name,
        aliases=(alias,),
        infix=infix,
        definition=definition,
        forward=forward,
        partials=(None, None),
        doc=doc,
        latex=f"{{x}} {latex} {{y}}",
        kinks=(Kink(lambda x, y: x == y, "x = y", True, "0, 0", "none, none", "0, 0", "none, none", (1, 1)),),
        probe=(NEAR, NEAR),
        edges=(Edge((1.0, 1.0), tie, (0.0, 0.0), "equal inputs"),),
        ulps=(0, 0),
    )


EQUAL: Comparison = lambda m, x, y: m.equal(x, y)

LT = _comparison("lt", "less", "<", "<", "1 where x < y, else 0.", lambda m, x, y: x < y, 0)
LE = _comparison("le", "less_equal", "<=", r"\le", "1 where x <= y, else 0.", lambda m, x, y: x <= y, 1)
GT = _comparison("gt", "greater", ">", ">", "1 where x > y, else 0.", lambda m, x, y: x > y, 0)
GE = _comparison("ge", "greater_equal", ">=", r"\ge", "1 where x >= y, else 0.", lambda m, x, y: x >= y, 1)
EQ = _comparison("eq", "equal", "==", "=", "1 where x = y, else 0.", EQUAL, 1)
NE = _comparison("ne", "not_equal", "!=", r"\ne", "0 where x = y, else 1.", EQUAL, 0, 1)

# Logic has no kinks of its own: what jumps is the comparison it reads.


def _and(m: Any, x: Any, y: Any) -> Any:
    """Return x and y; a false one decides it, even beside a nan."""
    both = lambda: if_true(m, y, lambda: 1, lambda: 0)
    unknown = lambda: m.where(m.equal(y, 0), lambda: 0, lambda: m.nan)
    return if_true(m, x, both, lambda: 0, unknown)


def _or(m: Any, x: Any, y: Any) -> Any:
    """Return x or y; a true one decides it, even beside a nan."""
    second = lambda: if_true(m, y, lambda: 1, lambda: 0)
    unknown = lambda: if_true(m, y, lambda: 1, lambda: m.nan)
    return if_true(m, x, lambda: 1, second, unknown)


AND = Gate(
    "and",
    aliases=("logical_and",),
    infix="and",
    definition=lambda m, x, y: m.where(
        m.equal(x, 0), lambda: 0, lambda: m.where(m.equal(y, 0), lambda: 0, lambda: 1)
    ),
    forward=_and,
    partials=(None, None),
    doc="1 where both inputs are true (not 0), else 0.",
    latex=r"{x} \land {y}",
    probe=(NEAR, NEAR),
    edges=(
        Edge((1.0, 0.0), 0.0, (0.0, 0.0), "one is false"),
        Edge((0.0, float("nan")), 0.0, (0.0, 0.0), "decided, whatever nan would have been"),
    ),
    ulps=(0, 0),
)

OR = Gate(
    "or",
    aliases=("logical_or",),
    infix="or",
    definition=lambda m, x, y: m.where(
        m.equal(x, 0), lambda: m.where(m.equal(y, 0), lambda: 0, lambda: 1), lambda: 1
    ),
    forward=_or,
    partials=(None, None),
    doc="1 where either input is true (not 0), else 0.",
    latex=r"{x} \lor {y}",
    probe=(NEAR, NEAR),
    edges=(
        Edge((0.0, 0.0), 0.0, (0.0, 0.0), "both are false"),
        Edge((float("nan"), 1.0), 1.0, (0.0, 0.0), "decided, whatever nan would have been"),
    ),
    ulps=(0, 0),
)

NOT = Gate(
    "not",
    aliases=("logical_not",),
    prefix="not",
    definition=lambda m, x: m.where(m.equal(x, 0), lambda: 1, lambda: 0),
    forward=lambda m, x: if_true(m, x, lambda: 0, lambda: 1),
    partials=(None,),
    doc="1 where the input is false (0), else 0.",
    latex=r"\lnot {x}",
    probe=(NEAR,),
    edges=(
        Edge((0.0,), 1.0, (0.0,), "false"),
        Edge((-2.0,), 0.0, (0.0,), "whatever is not 0 is true"),
    ),
    ulps=(0, 0),
)

GATES = (LT, LE, GT, GE, EQ, NE, AND, OR, NOT)
