"""Gates that move elements to other places: routers of the gradient, which moves back."""

from __future__ import annotations

from math import prod
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.record import Edge, Gate, Sample, Shape


def permuted(x: Shape, *, axes: Any) -> Shape:
    """Return the shape with its axes in another order; None reverses them."""
    if axes is None:
        return x[::-1]
    if not isinstance(axes, tuple) or len(shapes.axes_of(x, axes)) != len(x):
        raise ShapeError(f"{{0}} {x} has {len(x)} axes, and each must be named once, not {axes}")
    return tuple(x[a] for a in axes)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the order of axes that undoes another."""
    return tuple(sorted(range(len(axes)), key=lambda a: axes[a] % len(axes)))


TRANSPOSE = Gate(
    "transpose",
    definition=lambda m, x, *, axes=None: m.asarray(x).transpose(axes),
    pullbacks=(lambda m, g, axes: m.asarray(g).transpose(axes and inverse(axes)),),
    shape=permuted,
    flow="router",
    doc="The axes in another order, reversed by default (numpy.transpose); written x.T as well.",
    means="out[j, i] = x[i, j]",
    arrives=("g.T",),
    latex="{x}^T",
    samples=(
        Sample(((2, 3),)),
        Sample(((2, 3, 4),), {"axes": (2, 0, 1)}),
        Sample(((2, 3, 4),), {"axes": (-1, 0, -2)}),
        Sample(((4,),)),
        Sample(((),)),
    ),
    edges=(
        Edge((((1.0, 2.0, 3.0),),), ((1.0,), (2.0,), (3.0,)), (((1.0, 1.0, 1.0),),), "a row to a column"),
    ),
    ulps=(0, 0),
)


def _indexed(x: Shape, *, key: tuple[Any, ...]) -> Shape:
    import numpy as np  # an index means that there are arrays

    from gradcalc.systems.array import numpy_key

    try:
        shape: Shape = np.broadcast_to(np.float64(0), x)[numpy_key(key)].shape
    except (IndexError, TypeError, ValueError) as error:
        raise ShapeError(f"{{0}} has the shape {x}: {error}") from None
    return shape


INDEX = Gate(
    "index",
    definition=lambda m, x, *, key: m.pick(x, key),
    pullbacks=(lambda m, g, key, shape: m.scatter(g, key, shape),),
    shape=_indexed,
    flow="router",
    doc=(
        "Elements of x, by place, slice or list of places, as NumPy's x[key]. An element gets the "
        "upstream gradient as often as it is taken, and none where it is not."
    ),
    means="out = x[key]",
    arrives=("zeros with g added at [key]",),
    latex="{x}_{{key}}",
    samples=(
        Sample(((4,),), {"key": (1,)}),
        Sample(((4,),), {"key": (slice(None, None, -2),)}),
        Sample(((3, 4),), {"key": (Ellipsis, slice(1, 3))}),
        Sample(((3, 4),), {"key": (-1, None)}),
        Sample(((3, 4),), {"key": ((0, 2, 0), -1)}),
        Sample(((3, 4),), {"key": (((0, 2), (2, 2)),)}),
    ),
    edges=(
        Edge(((5.0, 7.0),), (7.0, 7.0), ((0.0, 2.0),), "taken twice: the gradients add", {"key": ((1, 1),)}),
        Edge(((5.0, 7.0),), 7.0, ((0.0, 1.0),), "the last", {"key": (-1,)}),
    ),
    ulps=(0, 0),
)


def _stacked(*x: Shape, axis: Any) -> Shape:
    if len(set(x)) > 1:
        k = next(k for k, shape in enumerate(x) if shape != x[0])
        raise ShapeError(f"the parts of a list have one shape, but {{0}} has {x[0]} and {{{k}}} has {x[k]}")
    rank = len(x[0]) + 1
    if not -rank <= shapes.whole("an axis", axis) < rank:
        raise ShapeError(f"there is no axis {axis}: a stack of shapes {x[0]} has axes 0 to {rank - 1}")
    at = axis % rank
    return (*x[0][:at], len(x), *x[0][at:])


STACK = Gate(
    "stack",
    definition=lambda m, *x, axis=0: m.stack(x, axis),
    pullbacks=(lambda m, g, k, axis: m.take(g, k, axis),),
    shape=_stacked,
    flow="router",
    doc="Inputs of one shape along a new axis (numpy.stack); a list in brackets is a stack.",
    means="out[k] = input k",
    arrives=("g[k]",),
    latex="[{x}]",
    samples=(Sample(((), (), ())), Sample(((2, 3), (2, 3)), {"axis": 1}), Sample(((2,), (2,)), {"axis": -1})),
    edges=(Edge((1.0, 2.0), (1.0, 2.0), (1.0, 1.0), "a vector of two numbers"),),
    ulps=(0, 0),
)


# Shapes.


def _sizes(shape: Any) -> tuple[int, ...]:
    """Return the sizes asked for; a single number is a vector's."""
    return shape if isinstance(shape, tuple) else (shape,)


def _reshaped(x: Shape, *, shape: Any) -> Shape:
    """Return the shape asked for, with the size that is left over in place of -1."""
    sizes = _sizes(shape)
    if sum(shapes.whole("a size", n) == -1 for n in sizes) > 1 or min(sizes, default=0) < -1:
        raise ShapeError(f"sizes are whole numbers, of which one may be -1, not {sizes}")
    known, count = shapes.size(n for n in sizes if n != -1), shapes.size(x)
    left = count // known if known else 0
    filled = tuple(left if n == -1 else n for n in sizes)
    if shapes.size(filled) != count or (known == 0 and -1 in sizes):
        message = f"{{0}} {x} has {count} elements, which do not fill the shape {sizes}"
        raise ShapeError(message, hint=_one_size_open(sizes, count))
    return filled


def _one_size_open(sizes: tuple[int, ...], count: int) -> str:
    """Return the call whose last size follows from the others, where there is one."""
    rows = shapes.size(sizes[:-1])
    if -1 in sizes or rows < 1 or count % rows:
        return ""
    return f"reshape({{0}}, {[*sizes[:-1], -1]})"


RESHAPE = Gate(
    "reshape",
    definition=lambda m, x, *, shape: m.asarray(x).reshape(shape),
    pullbacks=(lambda m, g, shape: m.asarray(g).reshape(shape),),
    shape=_reshaped,
    flow="router",
    doc="The elements in another shape, row by row (numpy.reshape); one size may be -1: what is left over.",
    means="out = the elements of x, row by row, in the shape",
    arrives=("reshape(g, x.shape)",),
    latex=r"\operatorname{reshape}({x})",
    samples=(
        Sample(((2, 3),), {"shape": (3, 2)}),
        Sample(((2, 3, 2),), {"shape": (-1, 4)}),
        Sample(((6,),), {"shape": (1, 6, 1)}),
        Sample(((2, 3),), {"shape": -1}),
        Sample(((1, 1),), {"shape": ()}),
        Sample(((),), {"shape": (1, 1)}),
    ),
    edges=(
        Edge(((1.0, 2.0),), ((1.0,), (2.0,)), ((1.0, 1.0),), "a vector to a column", {"shape": (-1, 1)}),
    ),
    ulps=(0, 0),
)  # fmt: skip

RAVEL = Gate(
    "ravel",
    aliases=("flatten",),
    definition=lambda m, x: m.asarray(x).reshape(-1),
    pullbacks=(lambda m, g, shape: m.asarray(g).reshape(shape),),
    shape=lambda x: (shapes.size(x),),
    flow="router",
    doc="All elements, row by row, as one vector (numpy.ravel).",
    means="out = the elements of x, row by row",
    arrives=("reshape(g, x.shape)",),
    latex=r"\operatorname{ravel}({x})",
    expansion="reshape(x, -1)",
    samples=(Sample(((2, 3),)), Sample(((2, 1, 2),)), Sample(((3,),)), Sample(((),))),
    edges=(
        Edge((((1.0, 2.0), (3.0, 4.0)),), (1.0, 2.0, 3.0, 4.0), (((1.0, 1.0), (1.0, 1.0)),), "row by row"),
    ),
    ulps=(0, 0),
)


def _joined(*x: Shape, axis: Any) -> Shape:
    if axis is None:
        return (sum(map(shapes.size, x)),)
    if () in x:
        raise ShapeError(
            f"concat joins arrays along an axis, but {{{x.index(())}}} is a single number",
            hint=f"[{', '.join(f'{{{k}}}' for k in range(len(x)))}]" if set(x) == {()} else "",
        )
    at = shapes.axis_of(x[0], axis)
    for k, shape in enumerate(x):
        if not _fit_along(at, x[0], shape):
            raise ShapeError(
                f"{{0}} {x[0]} and {{{k}}} {shape} differ in more than axis {at}", hint=_along(x)
            )
    return (*x[0][:at], sum(shape[at] for shape in x), *x[0][at + 1 :])


def _fit_along(axis: int, x: Shape, y: Shape) -> bool:
    """Whether two shapes differ in this axis alone."""
    return len(x) == len(y) and x[:axis] == y[:axis] and x[axis + 1 :] == y[axis + 1 :]


def _along(x: tuple[Shape, ...]) -> str:
    """Return the call with an axis that fits, where there is one."""
    inputs = ", ".join(f"{{{k}}}" for k in range(len(x)))
    axes = [a for a in range(len(x[0])) if all(_fit_along(a, x[0], shape) for shape in x)]
    return f"concat({inputs}, axis={axes[0]})" if axes else ""


def _part(g: Any, k: int, axis: Any, shapes: tuple[Shape, ...]) -> Any:
    """Return the part of g that belongs to input `k`, which starts where those before it end."""
    if axis is None:
        sizes, before = [prod(shape) for shape in shapes], ()
    else:
        at = axis % len(shapes[0])
        sizes, before = [shape[at] for shape in shapes], (slice(None),) * at
    start = sum(sizes[:k])
    return g[(*before, slice(start, start + sizes[k]))].reshape(shapes[k])


CONCAT = Gate(
    "concat",
    aliases=("concatenate",),
    definition=lambda m, *x, axis=0: m.concatenate(x, axis),
    pullbacks=(_part,),
    shape=_joined,
    flow="distributor",
    doc="Inputs one after the other along an axis (numpy.concatenate); axis=None ravels them first.",
    means="out = input 0, then input 1, ... along the axis",
    arrives=("the part of g that stands where the input does",),
    latex="[{x}]",
    samples=(
        Sample(((2,), (3,), (1,))),
        Sample(((2, 3), (2, 1)), {"axis": 1}),
        Sample(((2, 3), (1, 3)), {"axis": -2}),
        Sample(((2, 3), (2,)), {"axis": None}),
    ),
    edges=(Edge(((1.0,), (2.0, 3.0)), (1.0, 2.0, 3.0), ((1.0,), (1.0, 1.0)), "one after the other"),),
    ulps=(0, 0),
)


# Diagonals and triangles.


def diagonal(shape: Shape, k: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the rows and the columns of the elements on the k-th diagonal; above the main one k > 0."""
    rows, columns = shape
    first, last = max(0, -k), min(rows, columns - k)
    return tuple(range(first, last)), tuple(range(first + k, last + k))


def _diag(m: Any, x: Any, k: int) -> Any:
    """Return the diagonal of a matrix, or the matrix with a vector on its diagonal."""
    if len(x.shape) == 2:
        return m.pick(x, diagonal(x.shape, k))
    n = x.shape[0] + abs(k)
    return m.scatter(x, diagonal((n, n), k), (n, n))


def _diagonal_back(m: Any, g: Any, k: int, shape: Shape) -> Any:
    """Return g on the diagonal of zeros for a matrix, or the diagonal of g for a vector."""
    places = diagonal(g.shape if len(shape) == 1 else shape, k)
    return m.pick(g, places) if len(shape) == 1 else m.scatter(g, places, shape)


def _diag_shape(x: Shape, *, k: Any) -> Shape:
    shapes.whole("k", k)
    if len(x) not in (1, 2):
        raise ShapeError(f"diag takes a vector or a matrix, but {{0}} has the shape {x}")
    if len(x) == 2:
        return (len(diagonal(x, k)[0]),)
    return (x[0] + abs(k),) * 2


DIAG = Gate(
    "diag",
    definition=lambda m, x, *, k=0: _diag(m, m.asarray(x), k),
    pullbacks=(_diagonal_back,),
    shape=_diag_shape,
    flow="router",
    doc=(
        "The matrix with the vector x on its diagonal, or the diagonal of the matrix x (numpy.diag). "
        "The option k counts diagonals from the main one, upwards."
    ),
    means="out[i, i] = x[i] for a vector, out[i] = x[i, i] for a matrix",
    arrives=("diag(g): on the diagonal of zeros for a matrix",),
    latex=r"\operatorname{diag}({x})",
    samples=(
        Sample(((3,),)),
        Sample(((2,),), {"k": -1}),
        Sample(((3, 3),)),
        Sample(((2, 4),), {"k": 1}),
        Sample(((3, 2),), {"k": -2}),
    ),
    edges=(
        Edge(((1.0, 2.0),), ((1.0, 0.0), (0.0, 2.0)), ((1.0, 1.0),), "a vector to a matrix"),
        Edge(
            (((1.0, 2.0), (3.0, 4.0)),), (1.0, 4.0), (((1.0, 0.0), (0.0, 1.0)),), "a matrix to its diagonal"
        ),
        Edge((((1.0, 2.0), (3.0, 4.0)),), (), (((0.0, 0.0), (0.0, 0.0)),), "no such diagonal", {"k": 5}),
    ),
    ulps=(0, 0),
)


def _triangle(m: Any, x: Any, k: int, is_lower: bool) -> Any:
    """Return x with zeros above the k-th diagonal, or below it; even an infinity is cut off."""
    import numpy as np

    rows, columns = np.indices(x.shape[-2:])
    kept = columns - rows <= k if is_lower else columns - rows >= k
    return m.where(kept, lambda: x, lambda: m.zeros(x.shape))


def _triangle_shape(x: Shape, *, k: Any) -> Shape:
    shapes.whole("k", k)
    if len(x) < 2:
        raise ShapeError(f"a triangle is cut from a matrix, but {{0}} has the shape {x}")
    return x


TRIANGLES = (
    Sample(((3, 3),)),
    Sample(((2, 4),), {"k": 1}),
    Sample(((3, 2),), {"k": -1}),
    Sample(((2, 3, 3),)),
    Sample(((2, 2),), {"k": 5}),
    Sample(((2, 2),), {"k": -5}),
)

TRIL = Gate(
    "tril",
    definition=lambda m, x, *, k=0: _triangle(m, m.asarray(x), k, True),
    pullbacks=(lambda m, g, k: _triangle(m, g, k, True),),
    shape=_triangle_shape,
    flow="router",
    doc="The lower triangle, zeros above the k-th diagonal (numpy.tril), of each matrix of a stack.",
    means="out[i, j] = x[i, j] where j - i <= k, else 0",
    arrives=("tril(g)",),
    latex=r"\operatorname{tril}({x})",
    samples=TRIANGLES,
    edges=(
        Edge((((1.0, 2.0), (3.0, 4.0)),), ((1.0, 0.0), (3.0, 4.0)), (((1.0, 0.0), (1.0, 1.0)),), "cut above"),
        Edge((((1.0, float("inf")), (3.0, 4.0)),), ((1.0, 0.0), (3.0, 4.0)), (None,), "0 times inf is nan"),
    ),
    ulps=(0, 0),
)

TRIU = Gate(
    "triu",
    definition=lambda m, x, *, k=0: _triangle(m, m.asarray(x), k, False),
    pullbacks=(lambda m, g, k: _triangle(m, g, k, False),),
    shape=_triangle_shape,
    flow="router",
    doc="The upper triangle, zeros below the k-th diagonal (numpy.triu), of each matrix of a stack.",
    means="out[i, j] = x[i, j] where j - i >= k, else 0",
    arrives=("triu(g)",),
    latex=r"\operatorname{triu}({x})",
    samples=TRIANGLES,
    edges=(
        Edge((((1.0, 2.0), (3.0, 4.0)),), ((1.0, 2.0), (0.0, 4.0)), (((1.0, 1.0), (0.0, 1.0)),), "cut below"),
    ),
    ulps=(0, 0),
)  # fmt: skip

GATES = (TRANSPOSE, RESHAPE, RAVEL, INDEX, STACK, CONCAT, DIAG, TRIL, TRIU)
