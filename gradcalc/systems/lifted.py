"""The functions of `systems.array` on arrays of any scalar number system's numbers.

`Lifted(precise)` computes with arrays of mpmath's numbers; lifted over the wires of a graph, a
definition writes itself down as scalar nodes. Scalar functions go element by element; the linear
algebra is eliminated or expanded into sums and products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcalc.systems import array

LARGEST_BY_MINORS = 8
"""Rows up to which a determinant is expanded by minors, n 2**n products; without any division."""


_add: Any = np.add
_multiply: Any = np.multiply

CONSTANTS = ("inf", "nan", "pi")


class Objects(np.ndarray[Any, Any]):
    """An array of numbers as objects, which stays one at rank 0; its comparisons keep what they compare."""

    def __array_wrap__(self, out: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return np.asarray(out).view(Objects)

    def __getitem__(self, key: Any) -> Any:
        return asarray(super().__getitem__(key))

    # Python's own comparisons ask objects for a truth value, which a wire does not have.

    def __lt__(self, other: Any) -> Any:
        return truths(np.less(self, other, dtype=object))

    def __le__(self, other: Any) -> Any:
        return truths(np.less_equal(self, other, dtype=object))

    def __gt__(self, other: Any) -> Any:
        return truths(np.greater(self, other, dtype=object))

    def __ge__(self, other: Any) -> Any:
        return truths(np.greater_equal(self, other, dtype=object))

    def __eq__(self, other: Any) -> Any:
        return truths(np.equal(self, other, dtype=object))

    def __ne__(self, other: Any) -> Any:
        return truths(np.not_equal(self, other, dtype=object))

    __hash__ = None


def _in_halves(of_two: Any, x: Any, axis: Any, keepdims: bool) -> Objects:
    """Return x reduced over an axis, several, or all, neighbours first: n numbers are log2(n) deep.

    So that what one element moves, when the program is written out, is little.
    """
    x = asarray(x)
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis).tolist()]
    kept = [a for a in range(x.ndim) if a not in axes]
    if not axes or 0 in (x.shape[a] for a in axes):
        return asarray(of_two.reduce(x, axis=axis, keepdims=keepdims))
    rest = np.asarray(x).transpose([*kept, *axes]).reshape([*(x.shape[a] for a in kept), -1])
    while rest.shape[-1] > 1:
        even = rest.shape[-1] // 2 * 2
        rest = np.concatenate([of_two(rest[..., 0:even:2], rest[..., 1:even:2]), rest[..., even:]], axis=-1)
    shape = [x.shape[a] if a in kept else 1 for a in range(x.ndim) if keepdims or a in kept]
    return asarray(rest.reshape(shape))


def asarray(x: Any) -> Objects:
    """Return an array of objects; of a single number one of rank 0."""
    if isinstance(x, Objects):
        return x
    is_mask = isinstance(x, np.ndarray) and x.dtype == bool
    return np.asarray(x, dtype=bool if is_mask else object).view(Objects)


def truths(x: Any) -> Any:
    """Return an array of truth values as such, where they are decided: `~True` is -2 for objects."""
    x = asarray(x)
    return x.astype(bool) if all(isinstance(element, bool) for element in x.flat) else x


class Lifted:
    """The number system of arrays over one of scalars; a function that is not written here is elementwise."""

    def __init__(self, scalars: Any) -> None:
        self.scalars = scalars

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.scalars, name)
        if name in CONSTANTS:  # mpmath's can be called
            return function
        return (lambda *x: self._each(function, *x)) if callable(function) else function

    def _each(self, function: Callable[..., Any], *x: Any) -> Objects:
        return asarray(np.frompyfunc(function, len(x), 1)(*map(asarray, x)))

    # Elementwise, with conditions.

    def where(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return `then()` where the condition holds, else `otherwise()`, element by element."""
        mask = np.asarray(condition)
        if mask.dtype != bool:
            choose = lambda c, a, b: self.scalars.where(c, lambda: a, lambda: b)
            return self._each(choose, condition, then(), otherwise())
        if mask.all():
            return then()
        return asarray(np.where(mask, then(), otherwise())) if mask.any() else otherwise()

    def equal(self, x: Any, y: Any) -> Any:
        """Return whether numbers are the same."""
        return truths(self._each(self.scalars.equal, x, y))

    # Sums and the like.

    asarray = staticmethod(asarray)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False) -> Objects:
        """Return the sum over an axis, several, or all."""
        return _in_halves(_add, x, axis, keepdims)

    def prod(self, x: Any, axis: Any = None, keepdims: bool = False) -> Objects:
        """Return the product over an axis, several, or all."""
        return _in_halves(_multiply, x, axis, keepdims)

    def amax(self, x: Any, axis: Any = None, keepdims: bool = False) -> Objects:
        """Return the largest over an axis, several, or all."""
        return self._best(self.scalars.max, x, axis, keepdims)

    def amin(self, x: Any, axis: Any = None, keepdims: bool = False) -> Objects:
        """Return the smallest over an axis, several, or all."""
        return self._best(self.scalars.min, x, axis, keepdims)

    def _best(self, best: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Objects:
        of_two: Any = np.frompyfunc(best, 2, 1, identity=None)
        return _in_halves(of_two, x, axis, keepdims)

    def cumsum(self, x: Any, axis: int | None = None) -> Objects:
        """Return the running sum along an axis, of the raveled array without one."""
        x = asarray(x)
        return asarray(np.add.accumulate(x.ravel() if axis is None else x, axis=axis or 0))

    # Places.

    def concatenate(self, parts: Sequence[Any], axis: Any = 0) -> Objects:
        """Return the parts one after the other along an axis; raveled where it is None."""
        return asarray(np.concatenate([np.asarray(asarray(part)) for part in parts], axis))

    def stack(self, parts: Sequence[Any], axis: int = 0) -> Objects:
        """Return the parts along a new axis."""
        return asarray(np.stack([np.asarray(asarray(part)) for part in parts], axis))

    def zeros(self, shape: Sequence[int]) -> Objects:
        """Return zeros."""
        return asarray(np.zeros(shape, dtype=object))

    def take(self, x: Any, indices: Any, axis: int | None = None) -> Objects:
        """Return the elements at places along an axis."""
        return asarray(np.take(np.asarray(asarray(x)), indices, axis))

    def pick(self, x: Any, key: tuple[Any, ...]) -> Objects:
        """Return x[key]."""
        return asarray(np.asarray(asarray(x))[array.numpy_key(key)])

    def scatter(self, g: Any, key: tuple[Any, ...], shape: Sequence[int]) -> Objects:
        """Return zeros of that shape with g added at [key]."""
        out = np.zeros(shape, dtype=object)
        np.add.at(out, array.numpy_key(key), np.asarray(asarray(g)))
        return asarray(out)

    def unbroadcast(self, g: Any, shape: Sequence[int]) -> Objects:
        """Return g summed over the axes that broadcasting from `shape` added or stretched."""
        axes = array.summed_axes(np.shape(g), shape)
        return asarray(self.sum(g, axes).reshape(shape) if axes else g)

    def spread(self, g: Any, shape: Sequence[int], axis: Any = None, keepdims: bool = False) -> Objects:
        """Return g, of the shape that a reduction leaves, broadcast back to the `shape` it came from."""
        return asarray(array.spread(np.asarray(asarray(g)), shape, axis, keepdims))

    def integers(self, x: Any) -> Any:
        """Return the whole numbers nearest to x, as integers; any at all where x is not finite."""
        return array.integers(floats(x))

    # Linear algebra. Pivots are the largest there are, which makes what is divided by safe.

    def matmul(self, x: Any, y: Any) -> Objects:
        """Return the matrix product as sums of products."""
        return asarray(np.matmul(np.asarray(asarray(x)), np.asarray(asarray(y))))

    def inv(self, x: Any) -> Objects:
        """Return the inverse of a matrix, or of each of a stack."""
        x = asarray(x)
        return self.solve(x, np.broadcast_to(np.eye(x.shape[-1]), x.shape))

    def solve(self, a: Any, b: Any) -> Objects:
        """Return the solution of a @ x = b, for each of a stack; b is a vector where it has one axis."""
        a, b = asarray(a), asarray(b)
        if b.ndim == 1:
            return asarray(self.solve(a, b[:, None])[..., 0])
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = np.empty((*batch, *b.shape[-2:]), dtype=object)
        rights = np.broadcast_to(b, out.shape)
        for index, matrix in _matrices(np.broadcast_to(a, (*batch, *a.shape[-2:]))):
            out[index] = self._solved(matrix, np.asarray(rights[index]))
        return asarray(out)

    def _solved(self, a: Any, b: Any) -> Any:
        """Eliminate above and below the pivots (Gauss and Jordan)."""
        rows, n = np.concatenate([a, b], axis=1), len(a)
        for column in range(n):
            self._pivot(rows, column)
            for row in range(n):
                if row != column:
                    self._reduce(rows, row, column)
        divide = np.frompyfunc(self.scalars.divide, 2, 1)
        return divide(rows[:, n:], np.diagonal(rows)[:, None])

    def _pivot(self, rows: Any, column: int) -> bool:
        """Exchange two rows so that the largest entry is the pivot; return whether they were two."""
        best = column + int(np.argmax(np.abs(floats(rows[column:, column]))))
        rows[[column, best]] = rows[[best, column]]
        return best != column

    def _reduce(self, rows: Any, row: int, column: int) -> None:
        factor = self.scalars.divide(rows[row, column], rows[column, column])
        rows[row, column + 1 :] = rows[row, column + 1 :] - rows[column, column + 1 :] * factor

    def det(self, x: Any) -> Objects:
        """Return the determinant of a matrix, or of each of a stack."""
        x = asarray(x)
        out = np.empty(x.shape[:-2], dtype=object)
        for index, matrix in _matrices(x):
            small = len(matrix) <= LARGEST_BY_MINORS
            out[index] = self._by_minors(matrix) if small else self._by_pivots(matrix)
        return asarray(out)

    def _by_minors(self, x: Any) -> Any:
        """Expand row by row: the minor of the first rows for each set of so many columns."""
        minors: dict[tuple[int, ...], Any] = {(): 1.0}
        for row in x:
            wider: dict[tuple[int, ...], Any] = {}
            for columns, minor in minors.items():
                for column, entry in enumerate(row):
                    if column not in columns:
                        key = tuple(sorted((*columns, column)))
                        odd = (len(columns) - key.index(column)) % 2
                        term = entry * minor if columns else entry
                        term = -term if odd else term
                        wider[key] = wider[key] + term if key in wider else term
            minors = wider
        return minors[tuple(range(len(x)))]

    def _by_pivots(self, x: Any) -> Any:
        rows, product = np.array(x), 1.0
        for column in range(len(rows)):
            product = -product if self._pivot(rows, column) else product
            product = product * rows[column, column]
            for row in range(column + 1, len(rows)):
                self._reduce(rows, row, column)
        return product

    def logabsdet(self, x: Any) -> Objects:
        """Return log(|det(x)|)."""
        return asarray(self.log(self.abs(self.det(x))))

    def spectral(self, x: Any) -> Objects:
        """Return the largest singular value of a matrix, or of each of a stack."""
        x = asarray(x)
        out = np.empty(x.shape[:-2], dtype=object)
        largest = getattr(self.scalars, "spectral", largest_singular_value)
        for index, matrix in _matrices(x):
            out[index] = largest(matrix)
        return asarray(out)


def _matrices(x: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield each matrix of a stack, as a plain array, with its place."""
    x = np.asarray(x)
    for index in np.ndindex(x.shape[:-2]):
        yield index, x[index]


def floats(x: Any) -> Any:
    """Return the numbers as doubles, an infinity beyond the largest."""
    return np.asarray(np.frompyfunc(_float, 1, 1)(np.asarray(asarray(x)))).astype(float)


def _float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return float("inf")


def largest_singular_value(matrix: Any) -> Any:
    """Return the largest singular value in mpmath's numbers at the working precision."""
    from mpmath import mp

    return max(mp.svd_r(mp.matrix(matrix.tolist()), compute_uv=False))
