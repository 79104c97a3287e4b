"""Products of vectors and matrices: switchers of the gradient, each input's is made of the *other*."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from math import prod
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.record import Edge, Gate, Sample, Shape
from gradcalc.gates.shape import broadcast


def turned(x: Any) -> Any:
    """Return a matrix, or each of a stack, transposed."""
    rank = len(x.shape)
    return x.transpose((*range(rank - 2), rank - 1, rank - 2))


# The matrix product. A vector on the left is a matrix of one row, on the right one of one column.


def _as_matrix(m: Any, g: Any, x_rank: int, y_rank: int) -> Any:
    """Return the upstream gradient of x @ y with the axes put in that vectors lack."""
    g = m.asarray(g)
    g = g[..., None] if y_rank == 1 else g
    return g[..., None, :] if x_rank == 1 else g


def _to_left(m: Any, g: Any, y: Any, shapes: tuple[Shape, Shape]) -> Any:
    """Return g @ y.T, summed over what broadcast."""
    x = shapes[0]
    g = _as_matrix(m, g, len(x), len(shapes[1]))
    y = y[:, None] if len(shapes[1]) == 1 else y
    return m.unbroadcast(m.matmul(g, turned(y)), (1, *x)[-max(2, len(x)) :]).reshape(x)


def _to_right(m: Any, g: Any, x: Any, shapes: tuple[Shape, Shape]) -> Any:
    """Return x.T @ g, summed over what broadcast."""
    y = shapes[1]
    g = _as_matrix(m, g, len(shapes[0]), len(y))
    x = x[None, :] if len(shapes[0]) == 1 else x
    return m.unbroadcast(m.matmul(turned(x), g), y if len(y) > 1 else (*y, 1)).reshape(y)


LECTURE = Edge(
    (((0.1, 0.5), (-0.3, 0.8)), (0.2, 0.4)), (0.22, 0.26), (((0.2, 0.4), (0.2, 0.4)), (-0.2, 1.3)),
    "the lecture's q = W x; the upstream gradient is 1 for each element",
)  # fmt: skip

MATMUL = Gate(
    "matmul",
    infix="@",
    definition=lambda m, x, y: m.matmul(x, y),
    pullbacks=(_to_left, _to_right),
    shape=shapes.matmul,
    flow="switcher",
    doc=(
        "The matrix product, of stacks of matrices as well (numpy.matmul). "
        "Each input gets the upstream gradient times the *other*, transposed (CS231n, lecture 4)."
    ),
    means="out[i, j] = sum over k of x[i, k] y[k, j]",
    arrives=("g @ y.T", "x.T @ g"),
    latex="{x} {y}",
    samples=(
        Sample(((2, 3), (3, 4))),
        Sample(((2, 3), (3,))),
        Sample(((3,), (3, 2))),
        Sample(((3,), (3,))),
        Sample(((4, 2, 3), (3, 2))),
        Sample(((2, 3), (4, 3, 2))),
        Sample(((3,), (4, 3, 2))),
        Sample(((4, 2, 3), (3,))),
        Sample(((1, 2, 3), (4, 3, 2))),
        Sample(((5, 1, 2, 3), (4, 3, 1))),
    ),
    edges=(
        LECTURE,
        Edge(((), ()), 0.0, ((), ()), "no products add up to 0"),
    ),
)


# NumPy's dot product, of arrays of any rank.


def _dot_shape(x: Shape, y: Shape) -> Shape:
    if not x or not y:
        return x or y
    if x[-1] != y[-2:][0]:
        raise ShapeError(
            f"dot({{0}} {x}, {{1}} {y}): the inner sizes {x[-1]} and {y[-2:][0]} differ", hint=_dotted(x, y)
        )
    return x[:-1] + y[:-2] + (y[-1:] if len(y) > 1 else ())


def _dotted(x: Shape, y: Shape) -> str:
    """Return the call with one input transposed, where that fits."""
    if len(x) == 2 and x[0] == y[-2:][0]:
        return "dot({0}.T, {1})"
    return "dot({0}, {1}.T)" if len(y) == 2 and x[-1] == y[1] else ""


def _rows(x: Any) -> Any:
    """Return an array as the matrix whose rows are the vectors along its last axis."""
    return x.reshape((prod(x.shape[:-1]), x.shape[-1]))


def _columns(y: Any) -> Any:
    """Return an array as the matrix whose columns are the vectors along its last axis but one."""
    inner = max(0, len(y.shape) - 2)
    first = y.transpose((inner, *(a for a in range(len(y.shape)) if a != inner)))
    return first.reshape((first.shape[0], prod(first.shape[1:])))


def _from_columns(columns: Any, shape: Shape) -> Any:
    """Return the array of that shape which `_columns` made these of."""
    inner = max(0, len(shape) - 2)
    first = columns.reshape((shape[inner], *shape[:inner], *shape[inner + 1 :]))
    return first.transpose((*range(1, inner + 1), 0, *range(inner + 1, len(shape))))


def _dot(m: Any, x: Any, y: Any) -> Any:
    x, y = m.asarray(x), m.asarray(y)
    if not x.shape or not y.shape:
        return x * y
    return m.matmul(_rows(x), _columns(y)).reshape(_dot_shape(x.shape, y.shape))


def _dot_left(m: Any, g: Any, x: Any, y: Any) -> Any:
    x, y, g = m.asarray(x), m.asarray(y), m.asarray(g)
    if not x.shape or not y.shape:
        return m.unbroadcast(g * y, x.shape)
    y = _columns(y)
    g = g.reshape((prod(x.shape[:-1]), y.shape[1]))
    return m.matmul(g, turned(y)).reshape(x.shape)


def _dot_right(m: Any, g: Any, x: Any, y: Any) -> Any:
    x, y, g = m.asarray(x), m.asarray(y), m.asarray(g)
    if not x.shape or not y.shape:
        return m.unbroadcast(g * x, y.shape)
    columns = prod(g.shape[len(x.shape) - 1 :])
    x = _rows(x)
    g = g.reshape((x.shape[0], columns))
    return _from_columns(m.matmul(turned(x), g), y.shape)


DOT = Gate(
    "dot",
    definition=_dot,
    pullbacks=(_dot_left, _dot_right),
    shape=_dot_shape,
    flow="switcher",
    doc=(
        "NumPy's dot: the inner product of vectors, the matrix product of matrices, "
        "and plain multiplication by a number. "
        "Of higher ranks it sums over the last axis of x and the last but one of y, for every pair of rows."
    ),
    means="out[i, j] = sum over k of x[i, k] y[k, j]",
    arrives=("g @ y.T", "x.T @ g"),
    latex=r"{x} \cdot {y}",
    samples=(
        Sample(((3,), (3,))),
        Sample(((2, 3), (3, 4))),
        Sample(((2, 3), (3,))),
        Sample(((3,), (3, 2))),
        Sample(((2, 2, 3), (2, 3, 2))),
        Sample(((3,), (2, 3, 4))),
        Sample(((2, 1, 3), (3,))),
        Sample(((), (2, 3))),
        Sample(((2, 3), ())),
        Sample(((), ())),
    ),
    edges=(
        Edge(((1.0, 2.0), (3.0, 4.0)), 11.0, ((3.0, 4.0), (1.0, 2.0)), "each gets the other"),
        LECTURE,
    ),
)


# Every element with every element.


def _outer_left(m: Any, g: Any, y: Any, shape: Shape) -> Any:
    return m.matmul(m.asarray(g), m.asarray(y).reshape(-1)).reshape(shape)


def _outer_right(m: Any, g: Any, x: Any, shape: Shape) -> Any:
    return m.matmul(m.asarray(x).reshape(-1), m.asarray(g)).reshape(shape)


OUTER = Gate(
    "outer",
    definition=lambda m, x, y: m.asarray(x).reshape(-1)[:, None] * m.asarray(y).reshape(-1),
    pullbacks=(_outer_left, _outer_right),
    shape=lambda x, y: (shapes.size(x), shapes.size(y)),
    flow="switcher",
    doc="The outer product of two vectors; an array of another rank is raveled (numpy.outer).",
    means="out[i, j] = x[i] y[j]",
    arrives=("g @ y", "x @ g"),
    latex=r"{x} \otimes {y}",
    expansion="reshape(x, [-1, 1]) * ravel(y)",
    samples=(
        Sample(((2,), (3,))),
        Sample(((2, 2), (3,))),
        Sample(((3,), (1, 2))),
        Sample(((), (2,))),
    ),
    edges=(
        Edge(
            ((1.0, 2.0), (3.0, 4.0)), ((3.0, 4.0), (6.0, 8.0)), ((7.0, 7.0), (3.0, 3.0)), "each with each"
        ),
    ),
    ulps=(1, 4),
)  # fmt: skip

NEXT, AFTER_NEXT = (1, 2, 0), (2, 0, 1)


def _cross(m: Any, x: Any, y: Any) -> Any:
    """Return x cross y along the last axis: element i has x[i+1] y[i+2] - x[i+2] y[i+1]."""
    turn: Callable[..., Any] = lambda v, places: m.take(v, places, -1)
    return turn(x, NEXT) * turn(y, AFTER_NEXT) - turn(x, AFTER_NEXT) * turn(y, NEXT)


def _cross_shape(x: Shape, y: Shape) -> Shape:
    if x[-1:] == y[-1:] == (3,):
        return broadcast(x, y)
    hint = ""
    if x == y == (2,):
        hint = "{0}[0]*{1}[1] - {0}[1]*{1}[0]"
    elif x == y and len(x) == 2 and x[0] == 3:
        hint = "cross({0}.T, {1}.T)"
    raise ShapeError(
        f"a cross product takes vectors of 3 along the last axis, not {{0}} {x} and {{1}} {y}", hint=hint
    )


CROSS = Gate(
    "cross",
    definition=_cross,
    pullbacks=(
        lambda m, g, y, shape: m.unbroadcast(_cross(m, y, g), shape),
        lambda m, g, x, shape: m.unbroadcast(_cross(m, g, x), shape),
    ),
    shape=_cross_shape,
    flow="switcher",
    doc="The cross product of 3-vectors along the last axis (numpy.cross).",
    means="out[i] = x[i+1] y[i+2] - x[i+2] y[i+1], with i counted around",
    arrives=("cross(y, g)", "cross(g, x)"),
    latex=r"{x} \times {y}",
    samples=(
        Sample(((3,), (3,))),
        Sample(((2, 3), (3,))),
        Sample(((2, 1, 3), (4, 3))),
    ),
    edges=(
        Edge(
            ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (0.0, 0.0, 1.0), ((1.0, 0.0, -1.0), (0.0, 1.0, -1.0)),
            "right-handed",
        ),
    ),
)  # fmt: skip


# The Kronecker product. The axes of both are laid out in turns, (x0, y0, x1, y1, ...), and merged by two.


def _padded(shape: Shape, rank: int) -> Shape:
    """Return the shape with axes of size 1 put in front, up to the rank."""
    return (1,) * (rank - len(shape)) + shape


def _turns(x: Shape, y: Shape) -> tuple[Shape, Shape]:
    """Return the shapes of x and y with the axes of the other, of size 1, between their own."""
    rank = max(len(x), len(y))
    left = ((size, 1) for size in _padded(x, rank))
    right = ((1, size) for size in _padded(y, rank))
    return tuple(chain(*left)), tuple(chain(*right))


def _kron_shape(x: Shape, y: Shape) -> Shape:
    rank = max(len(x), len(y))
    return tuple(a * b for a, b in zip(_padded(x, rank), _padded(y, rank), strict=True))


def _kron(m: Any, x: Any, y: Any) -> Any:
    x, y = m.asarray(x), m.asarray(y)
    left, right = _turns(x.shape, y.shape)
    return (x.reshape(left) * y.reshape(right)).reshape(_kron_shape(x.shape, y.shape))


def _kron_back(m: Any, g: Any, k: int, other: Any, shapes: tuple[Shape, Shape]) -> Any:
    """Return the gradient of input `k`: g times the other, summed over the other's axes."""
    turns = _turns(*shapes)
    wide = m.asarray(g).reshape(broadcast(*turns))
    return m.unbroadcast(wide * m.asarray(other).reshape(turns[1 - k]), turns[k]).reshape(shapes[k])


KRON = Gate(
    "kron",
    definition=_kron,
    pullbacks=(
        lambda m, g, y, shapes: _kron_back(m, g, 0, y, shapes),
        lambda m, g, x, shapes: _kron_back(m, g, 1, x, shapes),
    ),
    shape=_kron_shape,
    flow="switcher",
    doc="The Kronecker product: each element of x, times the whole of y (numpy.kron).",
    means="out[i n + k, j p + l] = x[i, j] y[k, l], where y has n rows and p columns",
    arrives=("the sum of each block of g times y", "the sum of x times the blocks of g"),
    latex=r"{x} \otimes {y}",
    samples=(
        Sample(((2, 3), (2, 2))),
        Sample(((2,), (3,))),
        Sample(((3,), (2, 2))),
        Sample(((1, 2, 2), (2, 1))),
        Sample(((), (2, 2))),
    ),
    edges=(
        Edge(
            (((1.0, 2.0),), ((3.0,), (4.0,))), ((3.0, 6.0), (4.0, 8.0)), (((7.0, 7.0),), ((3.0,), (3.0,))),
            "blocks",
        ),
    ),
    ulps=(1, 4),
)  # fmt: skip

GATES = (MATMUL, DOT, OUTER, CROSS, KRON)
