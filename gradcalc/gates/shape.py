"""Shapes of outputs from shapes of inputs: what gates' `shape` functions are made of.

Every function raises ShapeError where the shapes do not fit. In its message `{0}` and `{1}` stand
for the texts of the first two inputs, which only the graph knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates.record import Shape

MAX_AXES = 32
"""Axes of an array: NumPy 1 has no more, and NumPy 2 does not step through the elements of more."""


def broadcast(*shapes: Shape) -> Shape:
    """Return the common shape of inputs that broadcast as in NumPy: sizes of 1 stretch."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    out = []
    for axis, sizes in enumerate(zip(*padded, strict=True)):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            raise _apart(shapes, axis - rank)
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def _apart(shapes: Sequence[Shape], axis: int) -> ShapeError:
    texts = " and ".join(f"{{{k}}} {shape}" for k, shape in enumerate(shapes) if shape)
    place = "last axis" if axis == -1 else f"axis {axis}"
    return ShapeError(f"the shapes of {texts} do not fit in the {place}", hint=_transposed(shapes))


def _transposed(shapes: Sequence[Shape]) -> str:
    """Return the hint to transpose an input, where that alone makes two shapes equal."""
    if len(shapes) == 2 and shapes[0] == shapes[1][::-1] and len(shapes[0]) == 2:
        return "transpose one of them: {1}.T"
    return ""


def axis_of(shape: Shape, axis: Any) -> int:
    """Return an axis counted from 0; negative ones count from the end."""
    at = whole("an axis", axis)
    if not -len(shape) <= at < len(shape):
        axes = "has no axes" if not shape else f"has axes 0 to {len(shape) - 1}"
        raise ShapeError(f"there is no axis {axis}: {{0}} {shape} {axes}")
    return at % len(shape)


def axes_of(shape: Shape, axis: Any) -> tuple[int, ...]:
    """Return axes counted from 0, in order; None stands for all of them."""
    if axis is None:
        return tuple(range(len(shape)))
    axes = tuple(axis_of(shape, a) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"an axis is named twice: {axis}")
    return tuple(sorted(axes))


def reduced(shape: Shape, axis: Any = None, keepdims: bool = False) -> Shape:
    """Return the shape of a reduction over an axis, several axes, or all of them (None)."""
    if keepdims not in (True, False):
        raise ShapeError(f"keepdims is True or False, not {keepdims}")
    axes = axes_of(shape, axis)
    if keepdims:
        return tuple(1 if a in axes else size for a, size in enumerate(shape))
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def nonempty(shape: Shape, axis: Any = None, what: str = "the largest") -> None:
    """Raise ShapeError where a reduction has no elements to reduce."""
    if 0 in (shape[a] for a in axes_of(shape, axis)):
        raise ShapeError(f"{{0}} {shape} has no elements: there is no {what}")


def matmul(x: Shape, y: Shape) -> Shape:
    """Return the shape of x @ y: vectors have no axis of their own, axes before the last two broadcast."""
    if not x or not y:
        raise ShapeError(f"{{0}} {x} @ {{1}} {y}: a single number is no matrix", hint="{0} * {1}")
    if not _inner_sizes_fit(x, y):
        message = f"{{0}} {x} @ {{1}} {y}: the inner sizes {x[-1]} and {y[-2:][0]} differ"
        raise ShapeError(message, hint=_product(x, y))
    return stacks(x[:-2], y[:-2], x, y) + x[-2:-1] + (y[-1:] if len(y) > 1 else ())


def _inner_sizes_fit(x: Shape, y: Shape) -> bool:
    return x[-1] == y[-2:][0]


def _product(x: Shape, y: Shape) -> str:
    """Return the product with one input transposed, or with both exchanged, where that fits."""
    if len(x) == 2 and _inner_sizes_fit(x[::-1], y):
        return "{0}.T @ {1}"
    if len(y) == 2 and _inner_sizes_fit(x, y[::-1]):
        return "{0} @ {1}.T"
    if max(len(x), len(y)) == 2 and _inner_sizes_fit(y, x):
        return "{1} @ {0}"
    return ""


def stacks(a: Shape, b: Shape, x: Shape, y: Shape) -> Shape:
    """Return the common shape of stacks of matrices; x and y are their whole shapes, for the message."""
    try:
        return broadcast(a, b)
    except ShapeError:
        raise ShapeError(f"the stacks of {{0}} {x} and {{1}} {y} do not fit: {a} and {b}") from None


def square(x: Shape, what: str, hint: str = "") -> None:
    """Raise ShapeError where an input is no square matrix, or a stack of them."""
    if len(x) < 2 or x[-1] != x[-2]:
        raise ShapeError(f"{what} needs a square matrix, but {{0}} has the shape {x}", hint=hint)


def whole(name: str, value: Any) -> int:
    """Return an option that is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ShapeError(f"{name} is a whole number, not {value}")
    return int(value)


def nonnegative(value: Any, name: str) -> None:
    """Raise ShapeError where an option is not a number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ShapeError(f"{name} is a number from 0 on, not {value}")


def size(shape: Iterable[int]) -> int:
    """Return the number of elements."""
    return prod(shape)
