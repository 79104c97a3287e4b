"""Dual numbers: a value and its tangent, which is how fast the value moves along one direction.

What is computed with them computes its own derivative on the way (forward mode). `System(base,
slopes)` is the number system of duals whose two parts are numbers, or arrays, of the system `base`:
doubles, or mpmath's numbers. It takes plain values of `base` as well: those that do not move.

Functions of numbers get their tangent from `slopes(name, k, inputs, out)`, the derivative of the
function `name` by its input number `k`; so a caller says whose derivatives are used. Functions that
arrays alone have are linear, or products, or go by the formula beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

Slopes = Callable[[str, int, tuple[Any, ...], Any], Any]
"""Name of a function, number of an input, all its inputs, its output -> d output / d input."""

CONSTANTS = ("inf", "nan", "pi")

COLUMNS = 8
"""Columns up to which a determinant is moved by each of them in turn."""


class Dual:
    """A number, or an array, and its tangent of the same shape."""

    __slots__ = ("tangent", "value")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None
    """NumPy leaves `array * dual` to the dual."""

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value = value
        self.tangent = tangent

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return shape_of(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Dual:  # noqa: N802 - NumPy's name
        """The transpose."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Dual:
        """Return the same elements in another shape."""
        return Dual(self.value.reshape(*shape), self.tangent.reshape(*shape))

    def transpose(self, *axes: Any) -> Dual:
        """Return the array with its axes in another order."""
        return Dual(self.value.transpose(*axes), self.tangent.transpose(*axes))

    def swapaxes(self, a: int, b: int) -> Dual:
        """Return the array with two axes exchanged."""
        return Dual(self.value.swapaxes(a, b), self.tangent.swapaxes(a, b))

    def __getitem__(self, key: Any) -> Dual:
        return Dual(self.value[key], self.tangent[key])

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __add__(self, other: Any) -> Dual:
        return moving(self.value + value(other), self.tangent, tangent(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dual:
        return moving(self.value - value(other), self.tangent, _times(-1, tangent(other)))

    def __rsub__(self, other: Any) -> Dual:
        return moving(other - self.value, -self.tangent)

    def __mul__(self, other: Any) -> Dual:
        x, y = self.value, value(other)
        return moving(x * y, self.tangent * y, _times(x, tangent(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        return _quotient(self, other)

    def __rtruediv__(self, other: Any) -> Dual:
        return _quotient(other, self)

    def __matmul__(self, other: Any) -> Dual:
        return _product(self, other)

    def __rmatmul__(self, other: Any) -> Dual:
        return _product(other, self)

    def __pow__(self, exponent: Any) -> Dual:
        if isinstance(exponent, Dual):
            return NotImplemented  # `pow` of a number system knows the logarithm
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.tangent)

    def __lt__(self, other: Any) -> Any:
        return self.value < value(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= value(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > value(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= value(other)

    def __eq__(self, other: object) -> Any:
        return self.value == value(other)

    def __ne__(self, other: object) -> Any:
        return self.value != value(other)


def value(x: Any) -> Any:
    """Return the value of a dual; what is no dual is its own value."""
    return x.value if isinstance(x, Dual) else x


def tangent(x: Any) -> Any:
    """Return the tangent of a dual, None for what is none and does not move."""
    return x.tangent if isinstance(x, Dual) else None


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of a number, `()`, or of an array."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def moving(out: Any, *tangents: Any) -> Dual:
    """Return the dual of that value whose tangent is the sum of those that are there, in its shape."""
    whole = reduce(add, [t for t in tangents if t is not None])
    return Dual(out, whole if shape_of(whole) == shape_of(out) else np.broadcast_to(whole, shape_of(out)))


def _times(x: Any, t: Any) -> Any:
    return None if t is None else x * t


def _product(x: Any, y: Any, matmul: Callable[[Any, Any], Any] = np.matmul) -> Dual:
    by_x = matmul(x.tangent, value(y)) if isinstance(x, Dual) else None
    by_y = matmul(value(x), y.tangent) if isinstance(y, Dual) else None
    return moving(matmul(value(x), value(y)), by_x, by_y)


def _quotient(x: Any, y: Any) -> Dual:
    out, below = value(x) / value(y), value(y)
    by_y = _times(-out, tangent(y))
    return moving(out, *(None if t is None else t / below for t in (tangent(x), by_y)))


def _turned(x: Any) -> Any:
    """Return a matrix, or each of a stack, with its last two axes exchanged."""
    return x.swapaxes(-1, -2)


class System:
    """The number system of duals over the numbers of `base`, with the derivatives that `slopes` gives."""

    def __init__(self, base: Any, slopes: Slopes) -> None:
        self.base = base
        self.slopes = slopes

    def __getattr__(self, name: str) -> Any:
        """Return a constant of the base, or its function of numbers made one of duals."""
        plain = getattr(self.base, name)
        found = plain if name in CONSTANTS else self._elementwise(name, plain)
        setattr(self, name, found)
        return found

    def _elementwise(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def function(*x: Any) -> Any:
            inputs = tuple(map(value, x))
            out = plain(*inputs)
            parts = [self.slopes(name, k, inputs, out) * a.tangent for k, a in enumerate(x) if _moves(a)]
            return moving(out, *parts) if parts else out

        return function

    # What is decided by values alone.

    def equal(self, x: Any, y: Any) -> Any:
        """Whether two numbers are the same."""
        return self.base.equal(value(x), value(y))

    def integers(self, x: Any) -> Any:
        """Return the nearest whole numbers, which do not move."""
        return self.base.integers(value(x))

    def number(self, x: Any) -> Any:
        """Return a dual as it is, a truth value as 1 or 0."""
        return x if _moves(x) else self.base.number(x)

    def where(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return `then()` where the condition holds, else `otherwise()`, and nothing of the other."""
        if np.all(condition):
            return then()
        if not np.any(condition):
            return otherwise()
        x, y = then(), otherwise()
        out = self.base.where(condition, lambda: value(x), lambda: value(y))
        if not (_moves(x) or _moves(y)):
            return out
        return moving(out, self.base.where(condition, lambda: _still(x), lambda: _still(y)))

    def exponent(self, x: Any, axes: Any) -> Any:
        """Return the power of two that a number is scaled by, which does not move."""
        return self.base.exponent(value(x), axes)

    # Linear in the first argument.

    def asarray(self, x: Any) -> Any:
        """Return an array of the base's numbers."""
        return self._linear(self.base.asarray, x)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over an axis, several, or all."""
        return self._linear(self.base.sum, x, axis, keepdims)

    def cumsum(self, x: Any, axis: int | None = None) -> Any:
        """Return the running sum along an axis."""
        return self._linear(self.base.cumsum, x, axis)

    def take(self, x: Any, indices: Any, axis: int) -> Any:
        """Return elements by their places along an axis."""
        return self._linear(self.base.take, x, indices, axis)

    def pick(self, x: Any, key: Any) -> Any:
        """Return x[key]."""
        return self._linear(self.base.pick, x, key)

    def scatter(self, g: Any, key: Any, shape: Sequence[int]) -> Any:
        """Return zeros of that shape with g added at [key]."""
        return self._linear(self.base.scatter, g, key, shape)

    def unbroadcast(self, g: Any, shape: Sequence[int]) -> Any:
        """Return g summed over the axes that broadcasting from `shape` added or stretched."""
        return self._linear(self.base.unbroadcast, g, shape)

    def spread(self, g: Any, shape: Sequence[int], axis: Any = None, keepdims: bool = False) -> Any:
        """Return g broadcast back to the shape that a reduction took it from."""
        return self._linear(self.base.spread, g, shape, axis, keepdims)

    def _linear(self, function: Callable[..., Any], x: Any, *rest: Any) -> Any:
        if not _moves(x):
            return function(x, *rest)
        return Dual(function(x.value, *rest), function(x.tangent, *rest))

    def ldexp(self, x: Any, exponent: Any) -> Any:
        """Return x times a power of two."""
        return self._linear(self.base.ldexp, x, exponent)

    def concatenate(self, parts: Sequence[Any], axis: int | None = 0) -> Any:
        """Return arrays joined along an axis."""
        return self._joined(self.base.concatenate, parts, axis)

    def stack(self, parts: Sequence[Any], axis: int = 0) -> Any:
        """Return arrays joined along a new axis."""
        return self._joined(self.base.stack, parts, axis)

    def _joined(self, join: Callable[..., Any], parts: Sequence[Any], axis: int | None) -> Any:
        out = join([value(x) for x in parts], axis)
        if not any(map(_moves, parts)):
            return out
        still = [x.tangent if _moves(x) else self.base.zeros(shape_of(x)) for x in parts]
        return Dual(out, join(still, axis))

    # Products.

    def matmul(self, x: Any, y: Any) -> Any:
        """Return the matrix product."""
        matmul = self.base.matmul
        return _product(x, y, matmul) if _moves(x) or _moves(y) else matmul(x, y)

    def prod(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the product over an axis, several, or all; factor by factor, since some may be 0."""
        out = self.base.prod(value(x), axis, keepdims)
        if not _moves(x):
            return out
        factors = _in_front(x, axis)
        zero = self.base.zeros(factors.shape[1:])
        found = reduce(mul, [factors[i] for i in range(factors.shape[0])], Dual(zero + 1, zero))
        return Dual(out, found.tangent.reshape(shape_of(out)))

    # Routers and matrices.

    def amax(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the largest over an axis, several, or all; those that tie move it in even shares."""
        return self._routed(self.base.amax, x, axis, keepdims)

    def amin(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the smallest over an axis, several, or all."""
        return self._routed(self.base.amin, x, axis, keepdims)

    def _routed(self, best: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
        m, out = self.base, best(value(x), axis, keepdims)
        if not _moves(x):
            return out
        won = m.equal(x.value, m.spread(out, x.shape, axis, keepdims))
        share = m.where(won, lambda: x.tangent, lambda: 0.0)
        return moving(out, m.sum(share, axis, keepdims) / m.sum(m.number(won), axis, keepdims))

    def inv(self, x: Any) -> Any:
        """Return the inverse; its tangent is minus that of x between two inverses."""
        m, out = self.base, self.base.inv(value(x))
        return Dual(out, -m.matmul(m.matmul(out, x.tangent), out)) if _moves(x) else out

    def solve(self, a: Any, b: Any) -> Any:
        """Return x with a x = b, for a vector b or a matrix; a dx = db - da x."""
        if len(shape_of(b)) == 1:
            return self.solve(a, b[:, None])[..., 0]
        m, out = self.base, self.base.solve(value(a), value(b))
        if not (_moves(a) or _moves(b)):
            return out
        parts = [b.tangent] if _moves(b) else []
        parts += [-m.matmul(a.tangent, out)] if _moves(a) else []
        return moving(out, m.solve(value(a), reduce(add, parts)))

    def det(self, x: Any) -> Any:
        """Return the determinant, which is linear in each column; so a singular matrix has a tangent too.

        Of a large one that is not singular the pivots move, in a hundredth of the time.
        """
        out = self.base.det(value(x))
        if not _moves(x):
            return out
        if x.shape[-1] > COLUMNS and np.all(out != 0):
            return moving(out, out * _moved_by_pivots(self.base, x))
        columns = np.eye(x.shape[-1])
        mixed = [self.base.det(x.value * (1 - column) + x.tangent * column) for column in columns]
        return moving(out, self.base.zeros(shape_of(out)), *mixed)

    def logabsdet(self, x: Any) -> Any:
        """Return log(|det(x)|), whose derivative is the transposed inverse."""
        return self._scored(self.base.logabsdet, x, lambda: _turned(self.base.inv(x.value)))

    def logdet(self, x: Any) -> Any:
        """Return log(det(x)), with the same derivative."""
        return self._scored(self.base.logdet, x, lambda: _turned(self.base.inv(x.value)))

    def spectral(self, x: Any) -> Any:
        """Return the largest singular value."""
        return self._scored(self.base.spectral, x, lambda: self.base.spectral_slope(x.value))

    def _scored(self, score: Callable[[Any], Any], x: Any, slope: Callable[[], Any]) -> Any:
        """Return one number a matrix, whose gradient is `slope()`."""
        out = score(value(x))
        return moving(out, self.base.sum(slope() * x.tangent, (-2, -1))) if _moves(x) else out

    def cofactor(self, x: Any) -> Any:
        """Return the cofactors: the determinants of x without one row and one column."""
        out = self.base.cofactor(value(x))
        if not _moves(x):
            return out
        n = x.shape[-1]
        rest = [tuple(j for j in range(n) if j != i) for i in range(n)]
        minors = [[self.det(_minor(x, rows, columns)) for columns in rest] for rows in rest]
        unsigned = self.stack([self.stack(row, -1) for row in minors], -2)
        return moving(out, unsigned.tangent * (-1.0) ** np.add.outer(range(n), range(n)))

    def spectral_slope(self, x: Any) -> Any:
        """Return u v.T of the largest singular value s, where x v = s u; another that ties does not move it.

        u is an eigenvector of x x.T, whose others mix into it as far as the change of x x.T says.
        """
        out = self.base.spectral_slope(value(x))
        if not _moves(x):
            return out
        to_left = _mixing(self.base, x.value, x.tangent, out)
        to_right = _turned(_mixing(self.base, _turned(x.value), _turned(x.tangent), _turned(out)))
        return moving(out, to_left, to_right)


def _moves(x: Any) -> bool:
    return isinstance(x, Dual)


def _still(x: Any) -> Any:
    return x.tangent if _moves(x) else 0.0


def _minor(x: Any, rows: Any, columns: Any) -> Any:
    """Return the matrix of these rows and columns."""
    return x[..., np.array(rows, int)[:, None], np.array(columns, int)]


def _moved_by_pivots(m: Any, x: Dual) -> Any:
    """Return how fast the determinant moves relative to itself: as its factors do, the pivots."""
    n = x.shape[-1]
    rows, moved = (np.reshape(y + m.zeros(x.shape), (-1, n, n)) for y in (x.value, x.tangent))
    each, total = np.arange(len(rows)), m.zeros(len(rows))
    for k in range(n):
        best = k + np.argmax(np.abs(rows[:, k:, k]), -1)
        for y in (rows, moved):
            y[each, k], y[each, best] = y[each, best], y[each, k]
        pivot, speed = rows[:, k, k, None], moved[:, k, k, None]
        factor = rows[:, k + 1 :, k] / pivot
        faster = (moved[:, k + 1 :, k] - factor * speed) / pivot
        moved[:, k + 1 :] -= faster[..., None] * rows[:, k, None] + factor[..., None] * moved[:, k, None]
        rows[:, k + 1 :] -= factor[..., None] * rows[:, k, None]
        total = total + (speed / pivot)[:, 0]
    return total.reshape(x.shape[:-2])


def _mixing(m: Any, x: Any, t: Any, slope: Any) -> Any:
    """Return d(u) v.T for the largest singular value of x, given t = d(x) and slope = u v.T."""
    u, s, _ = np.linalg.svd(x)
    squares = np.zeros(u.shape[:-1])
    squares[..., : s.shape[-1]] = s * s
    gaps = squares[..., :1] - squares
    parts = np.where(gaps > 0, 1 / np.where(gaps > 0, gaps, 1.0), 0.0)
    change = m.matmul(t, _turned(x)) + m.matmul(x, _turned(t))
    return m.matmul(u * parts[..., None, :], m.matmul(_turned(u), m.matmul(change, slope)))


def _in_front(x: Dual, axis: Any) -> Dual:
    """Return the array with the axes that are reduced as one, in front."""
    rank = x.ndim
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    front = tuple(a % rank for a in axes)
    rest = tuple(a for a in range(rank) if a not in front)
    size = int(np.prod([x.shape[a] for a in front], dtype=int))
    return x.transpose((*front, *rest)).reshape((size, *(x.shape[a] for a in rest)))
