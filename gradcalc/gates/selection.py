"""Gates that pass one of their inputs on: routers of the gradient."""

from __future__ import annotations

from typing import Any

from gradcalc.gates.logic import if_true
from gradcalc.gates.record import Edge, Gate, Kink, shape_of
from gradcalc.gates.reductions import AMAX, AMIN

WIDE = (-1e3, 1e3)


def shared(m: Any, k: int, x: tuple[Any, ...], out: Any) -> Any:
    """Return the share of input `k` in the output: 1 for the one that won, 1/n each for n that tie."""
    return m.divide(m.number(x[k] == out), sum(a == out for a in x))


def _winners(best: Any, x: tuple[Any, ...]) -> Any:
    """Return how many inputs are the best one, element by element."""
    if any(map(shape_of, x)):
        from gradcalc.systems import array  # there are arrays

        top = getattr(array, best.__name__)(*x)
    else:
        top = best(x)
    return sum(a == top for a in x)


def _ties(best: Any) -> tuple[Kink, Kink]:
    """Return the kinks of a gate that passes on the best of its inputs."""
    return (
        Kink(
            lambda *x: _winners(best, x) == 2, f"two inputs tie for the {best.__name__}imum", False,
            "1/2, 1/2", "1/2, 1/2", "1/2, 1/2", "1, 0", (2.0, 2.0),
        ),
        Kink(
            lambda *x: _winners(best, x) > 2, f"more than two inputs tie for the {best.__name__}imum", False,
            "1/3, 1/3, 1/3", "1/3, 1/3, 1/3", "1/3, 1/3, 1/3", "1/3, 1/3, 1/3", (2.0, 2.0, 2.0),
        ),
    )  # fmt: skip


MAX_TIES = _ties(max)

MAX = Gate(
    "max",
    aliases=("maximum",),
    definition=lambda m, *x: m.max(*x),
    partials=(shared,),
    flow="router",
    doc="The largest input, which gets the whole gradient; inputs that tie share it (CS231n, lecture 4).",
    latex=r"\max({x})",
    kinks=MAX_TIES,
    probe=(WIDE, WIDE, WIDE),
    edges=(
        Edge((2.0, -1.0), 2.0, (1.0, 0.0), "the lecture's router"),
        Edge((3.0, 3.0, 1.0), 3.0, (0.5, 0.5, 0.0), "a tie is shared"),
    ),
    ulps=(0, 0),
    reduction=AMAX,
)

MIN = Gate(
    "min",
    aliases=("minimum",),
    definition=lambda m, *x: m.min(*x),
    partials=(shared,),
    flow="router",
    doc="The smallest input, which gets the whole gradient; inputs that tie share it.",
    latex=r"\min({x})",
    kinks=_ties(min),
    probe=(WIDE, WIDE, WIDE),
    edges=(
        Edge((2.0, -1.0), -1.0, (0.0, 1.0), "a router"),
        Edge((1.0, 1.0, 3.0), 1.0, (0.5, 0.5, 0.0), "a tie is shared"),
    ),
    ulps=(0, 0),
    reduction=AMIN,
)


def _inside(m: Any, x: Any, low: Any, high: Any) -> Any:
    """Return 1 where x passes, its edges included, else 0."""
    return m.where(x < low, lambda: 0, lambda: m.where(x > high, lambda: 0, lambda: 1))


def _below(m: Any, x: Any, low: Any, high: Any) -> Any:
    """Return 1 where `low` is passed on: x is below it, and `high` does not overrule it."""
    return m.where(x < low, lambda: m.where(low > high, lambda: 0, lambda: 1), lambda: 0)


def _above(m: Any, x: Any, low: Any, high: Any) -> Any:
    """Return 1 where `high` is passed on."""
    return m.where(m.max(x, low) > high, lambda: 1, lambda: 0)


CLIP = Gate(
    "clip",
    aliases=("clamp",),
    definition=lambda m, x, low, high: m.min(m.max(x, low), high),
    partials=(_inside, _below, _above),
    flow="router",
    doc="x, kept between low and high (NumPy's definition: high wins where low > high); an edge lets x pass.",
    latex=r"\operatorname{clip}({x}, {low}, {high})",
    kinks=(
        Kink(
            lambda x, low, high: (x == low) & (low <= high), "x is at its lower edge", False,
            "1, 0, 0", "1, 0, 0", "0.5, 0.5, 0", "1, 0, 0", (0.0, 0.0, 1.0),
        ),
        Kink(
            lambda x, low, high: (low <= high) & (high == x), "x is at its upper edge", False,
            "1, 0, 0", "1, 0, 0", "0.5, 0, 0.5", "1, 0, 0", (1.0, 0.0, 1.0),
        ),
        Kink(
            lambda x, low, high: (x < low) & (low == high), "low = high, and x is below", False,
            "0, 1, 0", "0, 0, 0", "0, 0.5, 0.5", "0, 1, 0", (-1.0, 0.0, 0.0),
        ),
    ),
    expansion="min(max(x, low), high)",
    probe=((-10.0, 10.0), (-5.0, -1.0), (1.0, 5.0)),
    edges=(
        Edge((1.0, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0), "the edge passes"),
        Edge((0.0, 0.0, 1.0), 0.0, (1.0, 0.0, 0.0), "the edge passes"),
        Edge((0.5, 2.0, 1.0), 1.0, (0.0, 0.0, 1.0), "high wins where low > high"),
    ),
    ulps=(0, 0),
)  # fmt: skip


WHERE = Gate(
    "where",
    definition=lambda m, condition, x, y: m.where(m.equal(condition, 0), lambda: y, lambda: x),
    forward=lambda m, condition, x, y: if_true(m, condition, lambda: x, lambda: y),
    lazy=lambda condition, x, y: (0, 1 if condition else 2),
    partials=(
        None,
        lambda m, condition: m.where(m.equal(condition, 0), lambda: 0, lambda: 1),
        lambda m, condition: m.where(m.equal(condition, 0), lambda: 1, lambda: 0),
    ),
    flow="router",
    doc="x where the condition holds (is not 0), else y; the branch not taken is never computed.",
    latex=r"\begin{cases} {x} & {condition} \\ {y} & \text{otherwise} \end{cases}",
    # No kink of its own: what jumps is the condition.
    probe=((-2.0, 2.0), WIDE, WIDE),
    edges=(
        Edge((0.0, 1.0, 2.0), 2.0, (0.0, 0.0, 1.0), "false"),
        Edge((-3.0, 1.0, 2.0), 1.0, (0.0, 1.0, 0.0), "true"),
    ),
    ulps=(0, 0),
)

GATES = (MAX, MIN, CLIP, WHERE)
