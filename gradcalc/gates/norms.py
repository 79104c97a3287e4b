"""The norm gate: the length of a vector, or the size of a matrix, in the ways of numpy.linalg.norm."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.record import Edge, Gate, Kink, Sample, Shape, shape_of
from gradcalc.gates.shaping import inverse


def nonzero(m: Any, x: Any) -> Any:
    """Return x with 1 in place of 0: a divisor where 0/0 means 0."""
    return x + m.number(m.equal(x, 0))


def shares(m: Any, x: Any, best: Any, axis: Any) -> Any:
    """Return 1 where an element is the best, which has kept its axes; even shares where several are."""
    won = m.number(m.equal(x, best))
    return won / m.sum(won, axis, True)


# Each norm is given its axes, and keeps them.


class Norm(NamedTuple):
    """One way to measure, along axes that are kept: `value(m, x, axes)`, and its `slope(m, x, top, axes)`.

    The slope is the gradient by each element; `top` is the value.
    """

    value: Callable[..., Any]
    slope: Callable[..., Any]


def length(m: Any, x: Any, axes: Any) -> Any:
    """Return the root of the sum of all squares."""
    return m.sqrt(m.sum(x * x, axes, True))


LENGTH = Norm(length, lambda m, x, top, axes: x / nonzero(m, top))

TAXICAB = Norm(
    lambda m, x, axes: m.sum(m.abs(x), axes, True),
    lambda m, x, top, axes: m.sign(x),
)

LARGEST = Norm(
    lambda m, x, axes: m.amax(m.abs(x), axes, True),
    lambda m, x, top, axes: m.sign(x) * shares(m, m.abs(x), top, axes),
)


def _largest_sum(along: int) -> Norm:
    """Return the norm of a matrix that is the largest sum of |x| along one of its two axes."""
    sums: Callable[..., Any] = lambda m, x, axes: m.sum(m.abs(x), axes[along], True)
    return Norm(
        lambda m, x, axes: m.amax(sums(m, x, axes), axes[1 - along], True),
        lambda m, x, top, axes: m.sign(x) * shares(m, sums(m, x, axes), top, axes[1 - along]),
    )


COLUMNS, ROWS = _largest_sum(0), _largest_sum(1)


def _last(rank: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the order of axes that puts these last."""
    return (*(a for a in range(rank) if a not in axes), *axes)


def _spectral_slope(m: Any, x: Any, axes: tuple[int, ...]) -> Any:
    order = _last(len(x.shape), axes)
    return m.spectral_slope(x.transpose(order)).transpose(inverse(order))


SPECTRAL = Norm(
    lambda m, x, axes: m.spectral(x.transpose(_last(len(x.shape), axes))),
    lambda m, x, top, axes: _spectral_slope(m, x, axes),
)

OF_VECTOR = {None: LENGTH, 1: TAXICAB, 2: LENGTH, inf: LARGEST}
OF_MATRIX = {None: LENGTH, "fro": LENGTH, 1: COLUMNS, 2: SPECTRAL, inf: ROWS}


def _norm_axes(rank: int, axis: Any) -> tuple[int, ...]:
    """Return the axes to measure along, in the order given: rows before columns."""
    if axis is None:
        return tuple(range(rank))
    return tuple(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))


def _norm_of(ord: Any, axes: tuple[int, ...]) -> Norm:  # noqa: A002 - NumPy's name
    """Return the norm that NumPy's `ord` means for a vector, or a matrix; all elements are one vector."""
    if ord is None:
        return LENGTH
    return (OF_MATRIX if len(axes) == 2 else OF_VECTOR)[ord]


def _norm_shape(x: Shape, *, ord: Any, axis: Any, keepdims: Any) -> Shape:  # noqa: A002
    shape = shapes.reduced(x, axis, keepdims)
    count = len(_norm_axes(len(x), axis))
    if count > 2 and (ord, axis) != (None, None):
        text = (
            f"norm measures vectors and matrices along one axis or two, not {count}: {{0}} has the shape {x}"
        )
        raise ShapeError(text, hint="norm({0})" if axis is None else "norm({0}, axis=-1)")
    known = OF_MATRIX if count == 2 else OF_VECTOR
    if ord not in known:
        what = "a matrix" if count == 2 else "a vector"
        orders = ", ".join(map(str, known))
        hint = "norm({0})" if ord == "fro" else ""
        raise ShapeError(
            f"the norm of {what} has ord {orders}, not {ord}: {{0}} has the shape {x}", hint=hint
        )
    return shape


def _as_vector(m: Any, x: Any) -> Any:
    """Return a number as a vector of one."""
    return m.asarray(x) if shape_of(x) else m.asarray(x).reshape((1,))


def _measured(m: Any, x: Any, ord: Any, axis: Any, keepdims: Any, measure: Callable[..., Any]) -> Any:  # noqa: A002
    shape, x = shapes.reduced(shape_of(x), axis, keepdims), _as_vector(m, x)
    if 0 in x.shape:
        return m.zeros(shape)
    axes = _norm_axes(len(x.shape), axis)
    return measure(m, x, axes, _norm_of(ord, axes).value).reshape(shape)


def _norm(m: Any, x: Any, *, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:  # noqa: A002
    return _measured(m, x, ord, axis, keepdims, _plainly)


def _norm_forward(m: Any, x: Any, *, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:  # noqa: A002
    return _measured(m, x, ord, axis, keepdims, scaled)


def _plainly(m: Any, x: Any, axes: tuple[int, ...], value: Callable[..., Any]) -> Any:
    """Return a norm of x as it is defined."""
    return value(m, x, axes)


def scaled(m: Any, x: Any, axes: tuple[int, ...], value: Callable[..., Any]) -> Any:
    """Return a norm of x, brought near 1 by a power of two: squares of 1e200 overflow, of 1e-200 vanish."""
    exponent = m.exponent(x, axes)
    small = value(m, m.ldexp(x, -exponent), axes)
    return m.ldexp(small, exponent.reshape(small.shape))


def _norm_back(
    m: Any, g: Any, x: Any, out: Any, shape: Shape, ord: Any, axis: Any  # noqa: A002
) -> Any:  # fmt: skip
    x = _as_vector(m, x)
    if 0 in x.shape:
        return m.zeros(shape)
    axes = _norm_axes(len(x.shape), axis)
    kept = shapes.reduced(x.shape, axes, True)
    top = m.asarray(out).reshape(kept)
    return (m.asarray(g).reshape(kept) * _norm_of(ord, axes).slope(m, x, top, axes)).reshape(shape)


# Kinks. Each tells for every norm, the output's elements, whether it is at one.


def _where(holds: Callable[..., Any], *orders: Any) -> Callable[..., Any]:
    """Return a kink's `where`: `holds(m, x, top, axes)`, with kept axes, for the norms of these kinds."""

    def where(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
        from gradcalc.systems import array as m

        shape, x = shapes.reduced(shape_of(x), axis, keepdims), _as_vector(m, x)
        axes = _norm_axes(len(x.shape), axis)
        norm = _norm_of(ord, axes)
        if norm not in orders or 0 in x.shape:
            return False
        top = _measured(m, x, ord, axis, True, scaled).reshape(shapes.reduced(x.shape, axes, True))
        return holds(m, x, top, axes).reshape(shape)

    return where


_all_zero = lambda m, x, top, axes: m.equal(top, 0)
_some_zero = lambda m, x, top, axes: m.sum(m.equal(x, 0), axes, True) > 0
_largest_tie = lambda m, x, top, axes: m.sum(m.equal(m.abs(x), top), axes, True) > 1


def _sums_tie(along: int) -> Callable[..., Any]:
    """Return whether the largest sum of |x| is met twice, or has a zero among its terms."""

    def holds(m: Any, x: Any, top: Any, axes: Any) -> Any:
        won = m.equal(m.sum(m.abs(x), axes[along], True), top)
        return (m.sum(won, axes, True) > 1) | (m.sum(won & m.equal(x, 0), axes, True) > 0)

    return holds


def _singular_values_tie(m: Any, x: Any, top: Any, axes: Any) -> Any:
    values = m.singular_values(x.transpose(_last(len(x.shape), axes)))
    tied = m.sum(m.tied_singular_values(values), -1) > 1
    return tied.reshape(top.shape) | m.equal(top, 0)


ONES = (((1.0, 1.0), (1.0, 1.0)),)
UNITS = (((1.0, 0.0), (0.0, 1.0)),)
HALVES = ("1/2, 1/2",) * 4
MEAN_OF_TIED = ("1/2, 0, 0, 1/2",) * 4

KINKS = (
    Kink(_where(_all_zero, LENGTH), "every element is 0", False, "0", "0", "nan", "nan", ((0.0, 0.0),)),
    Kink(
        _where(_some_zero, TAXICAB), "an element is 0, with ord=1", False,
        "0", "0", "0", "0", ((0.0, 1.0),), {"ord": 1},
    ),
    Kink(
        _where(_largest_tie, LARGEST), "elements tie for the largest, with ord=inf", False,
        *HALVES, ((1.0, 1.0),), {"ord": inf},
    ),
    Kink(
        _where(_sums_tie(0), COLUMNS), "columns tie for the largest sum, or it has a zero, with ord=1", False,
        *HALVES, ONES, {"ord": 1},
    ),
    Kink(
        _where(_sums_tie(1), ROWS), "rows tie for the largest sum, or it has a zero, with ord=inf", False,
        *HALVES, ONES, {"ord": inf},
    ),
    Kink(
        _where(_singular_values_tie, SPECTRAL), "the largest singular value is met twice, with ord=2", False,
        *MEAN_OF_TIED, UNITS, {"ord": 2},
    ),
)  # fmt: skip

NORM = Gate(
    "norm",
    definition=_norm,
    forward=_norm_forward,
    pullbacks=(_norm_back,),
    shape=_norm_shape,
    flow="mixer",
    doc=(
        "The norm of a vector or a matrix (numpy.linalg.norm), by default the root of the sum of all "
        "squares; its gradient at 0 is 0. Of a vector ord=1 is the sum of |x|, and ord=inf the largest; "
        "of a matrix ord=1 is the largest sum of |x| in a column, inf that in a row, "
        "2 the largest singular value, and fro the root of the sum of all squares."
    ),
    forms=("sqrt(sum(x*x))", "sqrt(sum(square(x)))"),
    means="out = sqrt(sum of x[i]^2); with ord=1 the sum of |x[i]|, with ord=inf the largest",
    arrives=("g x/out, 0 where out = 0; with ord=1, inf g sign(x); with ord=2 of a matrix g u v.T",),
    latex=r"\left\lVert {x} \right\rVert",
    expansion="sqrt(sum(x^2))",
    kinks=KINKS,
    samples=(
        Sample(((4,),)),
        Sample(((2, 3),)),
        Sample(((2, 3, 2),)),
        Sample(((2, 3),), {"axis": 1}),
        Sample(((2, 3),), {"axis": 0, "keepdims": True}),
        Sample(((4,),), {"ord": 1}),
        Sample(((4,),), {"ord": 2}),
        Sample(((4,),), {"ord": inf}),
        Sample(((2, 3),), {"ord": inf, "axis": -1}),
        Sample(((2, 3),), {"ord": "fro"}),
        Sample(((2, 3),), {"ord": 1}),
        Sample(((2, 3),), {"ord": inf}),
        Sample(((2, 3),), {"ord": 2}),
        Sample(((3, 2),), {"ord": 2, "keepdims": True}),
        Sample(((2, 3, 2),), {"ord": 1, "axis": (0, 2)}),
        Sample(((2, 3, 2),), {"ord": inf, "axis": (2, 0)}),
        Sample(((2, 3, 2),), {"ord": 2, "axis": (-1, 0)}),
        Sample(((2, 3, 2),), {"axis": (1, 2), "keepdims": True}),
    ),
    edges=(
        Edge(((3.0, 4.0),), 5.0, ((0.6, 0.8),), "the direction of x"),
        Edge(((0.0, 0.0),), 0.0, ((0.0, 0.0),), "0/0 means 0"),
        Edge(((),), 0.0, ((),), "nothing has no length"),
        Edge(((3e200, 4e200),), 5e200, ((0.6, 0.8),), "the squares would overflow"),
        Edge(((3e-200, 4e-200),), 5e-200, ((0.6, 0.8),), "the squares would vanish"),
        Edge(((1.0, -2.0, 0.0),), 3.0, ((1.0, -1.0, 0.0),), "the sum of |x|", {"ord": 1}),
        Edge(((1.0, -1.0, 0.0),), 1.0, ((0.5, -0.5, 0.0),), "a tie is shared", {"ord": inf}),
        Edge(
            (((1.0, 2.0), (-3.0, 4.0)),), 6.0, (((0.0, 1.0), (0.0, 1.0)),), "the second column", {"ord": 1}
        ),
        Edge(
            (((1.0, 2.0), (-3.0, 4.0)),), 7.0, (((0.0, 0.0), (-1.0, 1.0)),), "the second row", {"ord": inf}
        ),
        Edge(
            (((3.0, 0.0), (0.0, 2.0)),), 3.0, (((1.0, 0.0), (0.0, 0.0)),), "the first axis", {"ord": 2}
        ),
        Edge((((0.0, 0.0), (0.0, 0.0)),), 0.0, (((0.0, 0.0), (0.0, 0.0)),), "the zero matrix", {"ord": 2}),
    ),
    ulps=(3, 4),
)  # fmt: skip
