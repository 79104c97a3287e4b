"""NumPy's arrays of doubles, with the functions of `real` elementwise, and those that arrays alone have.

Outside a function's domain there is nan, and an infinity at a pole: run it under `quiet()`, where
NumPy does not warn of either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gradcalc.systems import real
from gradcalc.systems.singular import singular

Array = Any
"""A NumPy array of doubles, or a single double."""

inf, nan, pi = np.inf, np.nan, np.pi
zeros, concatenate, stack, take = np.zeros, np.concatenate, np.stack, np.take

exp, exp2, expm1 = np.exp, np.exp2, np.expm1
log, log2, log10, log1p = np.log, np.log2, np.log10, np.log1p
sqrt, hypot, degrees, radians = np.sqrt, np.hypot, np.degrees, np.radians
sin, cos, tan, asin, acos, atan = np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan
sinh, cosh, tanh, asinh, acosh, atanh = np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh
floor, ceil, sign = np.floor, np.ceil, np.sign
abs, round = np.abs, np.rint  # noqa: A001 - part of the number system
divide, equal, mod = np.divide, np.equal, np.mod


def quiet() -> Any:
    """Return the context in which NumPy gives nan and infinities without a warning."""
    return np.errstate(all="ignore")


def asarray(x: Any) -> Array:
    """Return an array of doubles; one that is given as it is."""
    return np.asarray(x, dtype=np.float64)


def plain(x: Any, shape: Sequence[int]) -> Array:
    """Return x with that shape as nodes hold it: a float for `()`, else an array of doubles."""
    if not shape:
        return float(x)
    x = asarray(x)
    return x if x.shape == shape else np.broadcast_to(x, shape)


def finite(x: Any) -> bool:
    """Whether all elements are finite; the sum of their squares tells fastest, unless it overflows."""
    with quiet():
        flat = np.ravel(x) if np.ndim(x) and x.flags.c_contiguous else np.sum(x)
        return bool(np.isfinite(np.dot(flat, flat))) or bool(np.all(np.isfinite(x)))


NOTHING = np.array(nan)


def ghost(x: Any) -> Array:
    """Return an array of nan with the shape of x that takes no memory."""
    return np.ndarray(x.shape, np.float64, NOTHING, strides=(0,) * x.ndim) if np.ndim(x) else x


def number(x: Any) -> Array:
    """Return the number as a double, a truth value as 1 or 0; an array likewise."""
    return asarray(x) if isinstance(x, np.ndarray) else float(x)


def where(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Array:
    """Return `then()` where the condition holds, else `otherwise()`; what no element needs is not called."""
    if np.all(condition):
        return then()
    if not np.any(condition):
        return otherwise()
    x, y = then(), otherwise()
    if type(x) is type(y) is int and {x, y} == {0, 1}:  # a mask: NumPy selects much slower
        return number(condition if x else ~condition)
    return np.where(condition, x, y)


def pow(x: Any, y: Any) -> Array:  # noqa: A001 - part of the number system
    """Return x**y on the reals; the operator squares where y is 2, which the function does not."""
    return np.asarray(x) ** y


def cbrt(x: Any) -> Array:
    """Return the real cube root, one Newton step past the C library, as `real.cbrt` does."""
    y = np.cbrt(x)
    return np.where((y != 0) & np.isfinite(y), y - (y * y - x / y) / (3.0 * y), y)


def atan2(y: Any, x: Any) -> Array:
    """Return the angle of the point (x, y), above -pi; zero has no sign, and the origin no angle."""
    return np.where((np.equal(x, 0)) & (np.equal(y, 0)), nan, np.arctan2(y + 0.0, x))


def max(*x: Any) -> Array:  # noqa: A001 - part of the number system
    """Return the largest, element by element; nan where any is nan."""
    return reduce(np.maximum, x)


def min(*x: Any) -> Array:  # noqa: A001 - part of the number system
    """Return the smallest, element by element; nan where any is nan."""
    return reduce(np.minimum, x)


erf, erfc = np.vectorize(real.erf, otypes=[float]), np.vectorize(real.erfc, otypes=[float])


# What arrays alone have.


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Array:  # noqa: A001 - part of the number system
    """Return the sum over an axis, several, or all."""
    return np.sum(x, axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    """Return the product over an axis, several, or all."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    """Return the largest over an axis, several, or all."""
    return np.max(x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
    """Return the smallest over an axis, several, or all."""
    return np.min(x, axis=axis, keepdims=keepdims)


def cumsum(x: Any, axis: int | None = None) -> Array:
    """Return the running sum along an axis, of the raveled array without one."""
    return np.cumsum(x, axis=axis)


matmul = np.matmul


def det(x: Array) -> Array:
    """Return the determinant of a matrix, or of each of a stack; exactly 0 where it is singular."""
    return _det_of_small(x) if x.shape[-1] < 4 else np.where(singular(x), 0.0, _det_by_pivots(x))


def _det_of_small(x: Array) -> Array:
    """Return the determinant without a division, so that whole numbers have a whole one."""
    n = x.shape[-1]
    if n < 2:
        return prod(x, (-2, -1))
    if n == 2:
        return x[..., 0, 0] * x[..., 1, 1] - x[..., 0, 1] * x[..., 1, 0]
    return sum(x[..., 0, :] * np.cross(x[..., 1, :], x[..., 2, :]), -1)


def _det_by_pivots(x: Array) -> Array:
    """Return the product of the pivots: NumPy's own is exp of a sum of logarithms, which loses digits."""
    n = x.shape[-1]
    rows = x.reshape((-1, n, n)).copy()
    each, sign = np.arange(len(rows)), np.ones(len(rows))
    for k in range(n):
        best = k + np.argmax(np.abs(rows[:, k:, k]), -1)
        rows[each, k], rows[each, best] = rows[each, best], rows[each, k]
        sign = np.where(best == k, sign, -sign)
        pivot = rows[:, k, k, None]
        factor = rows[:, k + 1 :, k] / np.where(pivot == 0, 1.0, pivot)
        rows[:, k + 1 :, k:] -= factor[..., None] * rows[:, k, None, k:]
    return (sign * _scaled_product(np.diagonal(rows, axis1=-2, axis2=-1))).reshape(x.shape[:-2])


def _scaled_product(x: Array) -> Array:
    """Return the product along the last axis, which neither overflows nor underflows on the way."""
    product, exponent = np.ones(x.shape[:-1]), np.zeros(x.shape[:-1], int)
    mantissas, exponents = np.frexp(x)
    for factor in np.moveaxis(mantissas, -1, 0):
        product, shift = np.frexp(product * factor)
        exponent += shift
    return np.ldexp(product, exponent + np.sum(exponents, -1))


def logabsdet(x: Array) -> Array:
    """Return log(|det(x)|), which neither overflows nor underflows."""
    return np.where(singular(x), -inf, np.linalg.slogdet(x)[1])


def logdet(x: Array) -> Array:
    """Return log(det(x)), nan where the determinant is negative."""
    return np.where(np.linalg.slogdet(x)[0] < 0, nan, logabsdet(x))


def inv(x: Array) -> Array:
    """Return the inverse of a matrix, or of each of a stack; nan where it is singular."""
    out = np.linalg.inv(_regular(x))
    return out + matmul(out, np.eye(x.shape[-1]) - matmul(x, out))  # refined: 1.5, not 1.4999999999999998


def solve(a: Array, b: Array) -> Array:
    """Return x with a @ x = b, where a b of one axis is a vector; nan where a is singular."""
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    # As many axes as a: NumPy 1 takes one fewer for a stack of vectors.
    a, b = _regular(a), b.reshape((1,) * (a.ndim - b.ndim) + b.shape)
    out = np.linalg.solve(a, b)
    return out + np.linalg.solve(a, b - matmul(a, out))


def _regular(x: Array) -> Array:
    """Return x with nan in place of the matrices that have no inverse, for which NumPy raises."""
    return np.where(singular(x)[..., None, None], nan, x)


ldexp = np.ldexp


def exponent(x: Any, axes: Any) -> Array:
    """Return the power of two just above the largest |x|, over axes that are kept."""
    return np.frexp(np.max(np.abs(x), axis=axes, keepdims=True))[1]


def unbroadcast(g: Any, shape: Sequence[int]) -> Array:
    """Return g summed over the axes that broadcasting from `shape` added or stretched."""
    axes = summed_axes(np.shape(g), shape)
    return np.sum(g, axis=axes).reshape(shape) if axes else g


def summed_axes(wide: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """Return the axes of `wide` along which `shape` was broadcast to it."""
    added = len(wide) - len(shape)
    stretched = (a + added for a, size in enumerate(shape) if size == 1 and wide[a + added] != 1)
    return (*range(added), *stretched)


def spread(g: Any, shape: Sequence[int], axis: Any = None, keepdims: bool = False) -> Array:
    """Return g, of the shape that a reduction leaves, broadcast back to the `shape` it came from."""
    if not keepdims and np.ndim(g):
        g = np.expand_dims(g, _axes(len(shape), axis))
    return np.broadcast_to(g, shape)


def _axes(rank: int, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    return tuple(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))


def pick(x: Any, key: tuple[Any, ...]) -> Array:
    """Return x[key]; a tuple of whole numbers in the key is a list of places."""
    return np.asarray(x)[numpy_key(key)]


def scatter(g: Any, key: tuple[Any, ...], shape: Sequence[int]) -> Array:
    """Return an array of that shape with g added at x[key], and zero elsewhere."""
    out = zeros(shape)
    if any(isinstance(k, tuple) for k in key):
        np.add.at(out, numpy_key(key), g)
    else:
        out[key] = g
    return out


def numpy_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the key with its tuples as lists: NumPy's tuples nest differently."""
    return tuple(np.array(k, dtype=int) if isinstance(k, tuple) else k for k in key)


def integers(x: Any) -> Any:
    """Return the whole numbers nearest to x, as integers; any at all where x is not finite."""
    with quiet():
        return np.asarray(np.rint(x)).astype(int)


# Matrices: what rules alone need.

MINORS = 16
"""Rows up to which the cofactors are computed one by one; from then on from the singular values."""


def cofactor(x: Array) -> Array:
    """Return the gradient of det(x), the cofactors, of a matrix or of each of a stack, singular or not."""
    n = x.shape[-1]
    if n > MINORS:
        return _cofactor_of_large(x)
    rest = np.array([[j for j in range(n) if j != i] for i in range(n)], dtype=int).reshape(n, max(n - 1, 0))
    minors = x[..., rest[:, None, :, None], rest[None, :, None, :]]
    values = _det_of_small(minors) if n <= 4 else _det_by_pivots(minors)
    return values * (-1.0) ** np.add.outer(range(n), range(n))


def _cofactor_of_large(x: Array) -> Array:
    """Return det(u) det(v) u diag(products of the other singular values) v."""
    u, s, v = np.linalg.svd(_finite_or_zero(x))
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(concatenate([ones, s[..., :-1]], -1), -1)
    after = np.cumprod(concatenate([ones, s[..., :0:-1]], -1), -1)[..., ::-1]
    sign = np.rint(np.linalg.det(u) * np.linalg.det(v))
    return sign[..., None, None] * matmul(u * (before * after)[..., None, :], v)


def _finite_or_zero(x: Array) -> Array:
    """Return x with zeros in place of matrices that are not finite, on which NumPy does not converge."""
    return np.where(np.isfinite(x).all((-2, -1), keepdims=True), x, 0.0)


TIED = 1e-14
"""Singular values that are this near, relative to the largest, tie: they have errors of their own."""


def singular_values(x: Array) -> Array:
    """Return the singular values of a matrix, or of each of a stack, falling; nan where it has one."""
    values = np.linalg.svd(_finite_or_zero(x), compute_uv=False)
    return np.where(np.isfinite(x).all((-2, -1))[..., None], values, nan)


def spectral(x: Array) -> Array:
    """Return the largest singular value of a matrix, or of each of a stack; 0 of one without elements."""
    return singular_values(x)[..., 0] if x.size else zeros(x.shape[:-2])


def spectral_slope(x: Array) -> Array:
    """Return the gradient of `spectral`: u v.T, the mean of those that tie; 0 where x is 0."""
    u, s, v = np.linalg.svd(_finite_or_zero(x), full_matrices=False)
    tied = number(tied_singular_values(s))
    slope = matmul(u * (tied / sum(tied, -1, True))[..., None, :], v)
    return np.where(s[..., :1, None] == 0, 0.0, slope)


def tied_singular_values(s: Array) -> Array:
    """Return which singular values, in falling order, are as large as the first."""
    return s >= s[..., :1] * (1 - TIED)
