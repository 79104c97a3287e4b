"""Forward mode on definitions: how fast each node moves when some nodes move in some direction.

An elementwise gate moves by SymPy's slopes of its definition, made functions of NumPy's arrays; any
other gate runs its definition on dual numbers, whose elementwise functions have those slopes too. No
rule is read. All is linear at the values that the program itself computed, so that the rounding of
values is common to forward mode and to the backward pass that it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from mpmath import mpf

from gradcalc.check import slopes
from gradcalc.check.precise import enough_digits, nearest_float, working
from gradcalc.gates import Gate, lookup
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.systems import array, symbol
from gradcalc.systems.dual import Dual, System, tangent, value

EPS = 2.0**-52

MOST_EXACT = 1000
"""Elements whose slope overflows in doubles that are computed in high precision instead."""

select = sympy.Function("select")

MODULES: list[Any] = [
    {
        "select": np.where, "Floor": np.floor, "Round": np.rint,
        "erf": array.erf, "erfc": array.erfc,
    },
    "numpy",
]  # fmt: skip
"""Where lambdify finds the functions of a slope."""

Slope = Callable[..., Any] | int


EXACT = {np.maximum, np.minimum, np.negative, np.absolute, np.sign, np.rint, np.floor, np.ceil}
"""What NumPy computes without rounding."""


class Rounded(np.ndarray[Any, Any]):
    """An array of doubles with which every computed number is off in its last place, at random."""

    random = np.random.default_rng(0)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Rounded) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(map(np.asarray, options["out"]))
        found = getattr(ufunc, method)(*plain, **options)
        return found if isinstance(found, tuple) else view(found) if ufunc in EXACT else rounded(found)


def rounded(x: Any) -> Any:
    """Return numbers off in their last place, at random; truth values as they are."""
    if np.asarray(x).dtype != float:
        return x
    off = Rounded.random.choice((-1.0, 1.0), np.shape(x)) * Rounded.random.uniform(0.5, 1.0, np.shape(x))
    return view(x + EPS * x * off)


def view(x: Any) -> Any:
    """Return an array whose numbers are what they are, but what is computed with them is rounded."""
    return np.asarray(x).view(Rounded)


MATRICES = {"inv", "solve", "det", "logabsdet", "logdet", "cofactor"}
"""What loses more digits the nearer a matrix is to a singular one."""


class RoundedSystem:
    """The number system of arrays, which keeps what is rounded at random."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(array, name)
        return (lambda *x: view(function(*map(rounded, x)))) if name in MATRICES else function

    def asarray(self, x: Any) -> Any:
        """Return an array of doubles."""
        return np.asanyarray(x, dtype=float)

    def number(self, x: Any) -> Any:
        """Return truth values as numbers, numbers as they are."""
        return self.asarray(x)


def push(
    graph: Graph,
    values: Sequence[Value],
    node: int,
    tangents: Mapping[int, Any],
    system: System | None = None,
) -> Any:
    """Return how fast a node moves, given how fast those of its inputs move that do."""
    gate, inputs, system = graph.gates[node], graph.inputs[node], system or DUAL
    given = [system.base.asarray(values[i]) for i in inputs]
    moves = [tangents.get(i) for i in inputs]
    shape = shape_of(values[node])
    if gate.elementwise:
        parts = [_moved(gate, slope_at(gate, k, given), t) for k, t in enumerate(moves) if t is not None]
        return np.broadcast_to(sum(parts), shape, subok=True)
    static = graph.static.get(node, {})
    duals = [x if t is None else Dual(x, t) for x, t in zip(given, moves, strict=True)]
    out = gate.definition(system, *duals, **static)
    if not (np.isfinite(value(out)).all() and np.isfinite(_still(out)).all()):
        out = gate.value(system, *duals, **static)  # exp(1000) overflows in the definition alone
    return np.broadcast_to(_still(out), shape)


def _still(out: Any) -> Any:
    moved = tangent(out)
    return 0.0 if moved is None else moved


def _moved(gate: Gate, slope: Any, moved: Any) -> Any:
    """Return slope x tangent; 0 for what does not move, or that a router did not take, not 0 x infinity."""
    found = slope * moved
    if np.isfinite(found).all():
        return found
    is_still = np.equal(moved, 0) | (np.equal(slope, 0) & (gate.flow == "router"))
    return np.where(is_still, 0.0, found)


def through(graph: Graph, values: Sequence[Value], moved: Mapping[int, Any]) -> dict[int, Any]:
    """Return how fast every node moves that does; those in `moved` so much faster than by their inputs."""
    found = dict(moved)
    for node, inputs in enumerate(graph.inputs):
        if any(i in found for i in inputs):
            found[node] = push(graph, values, node, found) + moved.get(node, 0.0)
    return found


def slope_at(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return SymPy's d gate / d input k, element by element.

    Where that overflows it is the slope of how doubles compute the gate, and for a few elements that
    of the definition in high precision.
    """
    found = _formula_at(gate, k, given)
    if np.isfinite(found).all():
        return found
    wide = np.broadcast_arrays(*given, subok=True)
    found = np.where(np.isfinite(found), found, _of_forward(gate, k, wide))
    for place in map(tuple, np.argwhere(~np.isfinite(found))[:MOST_EXACT]):
        found[place] = _exactly(gate, k, [float(x[place]) for x in wide])
    return found


def _formula_at(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return SymPy's slope as doubles compute its formula."""
    if not slopes.has_formula(gate, len(given)):
        return _share(gate, k, given)
    slope = _functions(gate, len(given))[k]
    if isinstance(slope, int):
        return slope
    return np.asanyarray(slope(*np.broadcast_arrays(*given, subok=True)), dtype=float)


def _of_forward(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return the slope of how doubles compute the gate, which does not overflow where its definition does."""
    if gate.forward is None:
        return np.nan
    moved = Dual(given[k], np.ones(given[k].shape))
    return tangent(gate.value(DUAL, *given[:k], moved, *given[k + 1 :]))


def _share(gate: Gate, k: int, given: Sequence[Any]) -> Any:
    """Return the slope of the largest of many inputs, or the smallest: 1 where that is input k."""
    out = gate.definition(array, *given)
    return (given[k] == out) / sum((x == out) * 1.0 for x in given)


def _exactly(gate: Gate, k: int, given: Sequence[float]) -> float:
    with working(2 * enough_digits(given)):
        return nearest_float(slopes.local(gate, k, [mpf(x) for x in given]))


@lru_cache(maxsize=1024)
def _functions(gate: Gate, count: int) -> tuple[Slope, ...]:
    inputs = slopes.symbols(gate, count)
    return tuple(_function(inputs, d) for d in slopes.derivatives(gate, count))


def _function(inputs: Sequence[Any], expression: Any) -> Slope:
    if expression.is_Integer:
        return int(expression)
    written = expression.replace(symbol.Where, select).subs(symbol.pi, sympy.pi)
    function: Slope = sympy.lambdify(inputs, written, MODULES)
    return function


def _slopes(name: str, k: int, inputs: tuple[Any, ...], _out: Any) -> Any:
    """Return the slope of a number system's function, for duals."""
    gate = lookup(name)
    assert gate is not None, f"{name} is a gate"
    return _formula_at(gate, k, [np.asanyarray(x, dtype=float) for x in inputs])


class Duals(System):
    """Dual numbers with SymPy's slopes, and the one formula that has neither a definition nor a slope."""

    def spectral(self, x: Any) -> Any:
        """Return the largest singular value, which moves by u . dx v."""
        if not isinstance(x, Dual):
            return self.base.spectral(x)
        u, s, v = np.linalg.svd(np.asarray(x.value), full_matrices=False)
        moved = np.einsum("...i,...ij,...j->...", u[..., :, 0], np.asarray(x.tangent), v[..., 0, :])
        return Dual(s[..., 0], moved)


DUAL, ROUNDED = Duals(array, _slopes), Duals(RoundedSystem(), _slopes)
"""Dual numbers over arrays of doubles, with SymPy's slopes; and what is rounded at random."""
