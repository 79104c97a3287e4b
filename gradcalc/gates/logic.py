"""Comparisons and logic: true is 1, false is 0, and whatever is not 0 counts as true.

No gradient flows through any of them. A comparison with nan is nan, and so is logic that it leaves
undecided: `0 and nan` is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.gates.record import Edge, Gate, Kink

NEAR = (-10.0, 10.0)


def _known(m: Any, x: Any, then: Callable[[], Any]) -> Any:
    """Return `then()`, or nan where x is nan."""
    return m.where(m.equal(x, x), then, lambda: m.nan)


def _comparison(
    name: str, alias: str, symbol: str, latex: str, holds: Callable[[Any, Any, Any], Any], doc: str
) -> Gate:
    """Return the gate that is 1 where `holds(m, x, y)`, else 0."""
    definition = lambda m, x, y: m.where(holds(m, x, y), lambda: 1, lambda: 0)
    at_one = float(name in ("le", "ge", "eq"))
    return Gate(
        name,
        aliases=(alias,),
        infix=symbol,
        definition=definition,
        forward=lambda m, x, y: _known(m, x, lambda: _known(m, y, lambda: definition(m, x, y))),
        partials=(None, None),
        doc=doc,
        latex=f"{{x}} {latex} {{y}}",
        kinks=(Kink(lambda x, y: x == y, "x = y", True, "0, 0", "none, none", "0, 0", "none, none", (1.0, 1.0)),),
        probe=(NEAR, NEAR),
        edges=(Edge((1.0, 1.0), at_one, (0.0, 0.0), "the edge"),),
        ulps=(0, 0),
    )


LT = _comparison("lt", "less", "<", "<", lambda m, x, y: x < y, "1 where x < y, else 0.")
LE = _comparison("le", "less_equal", "<=", r"\le", lambda m, x, y: x <= y, "1 where x <= y, else 0.")
GT = _comparison("gt", "greater", ">", ">", lambda m, x, y: x > y, "1 where x > y, else 0.")
GE = _comparison("ge", "greater_equal", ">=", r"\ge", lambda m, x, y: x >= y, "1 where x >= y, else 0.")
EQ = _comparison("eq", "equal", "==", "=", lambda m, x, y: m.equal(x, y), "1 where x equals y, else 0.")


def _not(m: Any, x: Any) -> Any:
    """Return 1 where x is 0, else 0."""
    return m.where(m.equal(x, 0), lambda: 1, lambda: 0)


def _differ(m: Any, x: Any, y: Any) -> Any:
    """Return 0 where x equals y, else 1."""
    return m.where(m.equal(x, y), lambda: 0, lambda: 1)


NE = Gate(
    "ne",
    aliases=("not_equal",),
    infix="!=",
    definition=_differ,
    forward=lambda m, x, y: _known(m, x, lambda: _known(m, y, lambda: _differ(m, x, y))),
    partials=(None, None),
    doc="1 where x differs from y, else 0.",
    latex=r"{x} \ne {y}",
    kinks=(Kink(lambda x, y: x == y, "x = y", True, "0, 0", "none, none", "0, 0", "none, none", (1.0, 1.0)),),
    probe=(NEAR, NEAR),
    edges=(Edge((1.0, 1.0), 0.0, (0.0, 0.0), "the edge"),),
    ulps=(0, 0),
)


def _and(m: Any, x: Any, y: Any, last: Callable[[], Any]) -> Any:
    """Return 0 where either is 0, else `last()`."""
    return m.where(m.equal(x, 0), lambda: 0, lambda: m.where(m.equal(y, 0), lambda: 0, last))


# Logic has no kinks of its own: what jumps is the comparison it reads.

AND = Gate(
    "and",
    aliases=("logical_and",),
    infix="and",
    definition=lambda m, x, y: _and(m, x, y, lambda: 1),
    forward=lambda m, x, y: _and(m, x, y, lambda: _known(m, x, lambda: _known(m, y, lambda: 1))),
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


def _or(m: Any, x: Any, y: Any) -> Any:
    """Return 0 where both are 0, else 1."""
    return m.where(m.equal(x, 0), lambda: m.where(m.equal(y, 0), lambda: 0, lambda: 1), lambda: 1)


def _or_total(m: Any, x: Any, y: Any) -> Any:
    """Return `_or`, and nan where a nan leaves it undecided."""
    other = lambda a: lambda: m.where(m.equal(a, 0), lambda: m.nan, lambda: _known(m, a, lambda: 1))
    known_x = lambda: m.where(m.equal(y, y), lambda: _or(m, x, y), lambda: m.where(m.equal(x, 0), lambda: m.nan, lambda: 1))
    return m.where(m.equal(x, x), known_x, other(y))


OR = Gate(
    "or",
    aliases=("logical_or",),
    infix="or",
    definition=_or,
    forward=_or_total,
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
    definition=_not,
    forward=lambda m, x: _known(m, x, lambda: _not(m, x)),
    partials=(None,),
    doc="1 where the input is false (0), else 0.",
    latex=r"\lnot {x}",
    probe=(NEAR,),
    edges=(Edge((0.0,), 1.0, (0.0,), "false"), Edge((-2.0,), 0.0, (0.0,), "whatever is not 0 is true")),
    ulps=(0, 0),
)

GATES = (LT, LE, GT, GE, EQ, NE, AND, OR, NOT)
