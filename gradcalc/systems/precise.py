"""mpmath's numbers at the working precision of `mpmath.mp`, kept on the reals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

inf, nan, pi = mp.inf, mp.nan, mp.pi
number = mpf

atan, atan2, asinh, sinh, cosh, tanh = mp.atan, mp.atan2, mp.asinh, mp.sinh, mp.cosh, mp.tanh
sin, cos, tan, exp, erf, erfc, floor, ceil, round = mp.sin, mp.cos, mp.tan, mp.exp, mp.erf, mp.erfc, mp.floor, mp.ceil, mp.nint  # noqa: A001, E501 - part of the number system
abs = mp.fabs  # noqa: A001 - part of the number system
_max, _min = max, min


def on_reals(x: Any) -> Any:
    """Return x, or nan where it left the reals."""
    return nan if isinstance(x, mp.mpc) else x


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x: on_reals(function(*x))


sqrt, asin, acos, acosh = _real(mp.sqrt), _real(mp.asin), _real(mp.acos), _real(mp.acosh)


def log(x: Any) -> Any:
    """Return the natural logarithm; -inf at zero, nan below."""
    return mp.log(x) if x > 0 else -inf if x == 0 else nan


def atanh(x: Any) -> Any:
    """Return the inverse hyperbolic tangent; a signed infinity at -1 and 1."""
    return mp.atanh(x) if -1 < x < 1 else inf * x if x in (-1, 1) else nan


def where(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return `then()` or `otherwise()`; the other is never called."""
    return mpf(then() if condition else otherwise())


def equal(x: Any, y: Any) -> bool:
    """Whether two numbers are the same."""
    return bool(x == y)


def divide(x: Any, y: Any) -> Any:
    """Return x / y; an infinity, or nan for 0/0, where y is zero."""
    return x / y if y else nan if not x else inf * x


def pow(x: Any, y: Any) -> Any:  # noqa: A001 - part of the number system
    """Return x**y on the reals; nan for a negative base with a fractional exponent."""
    if not x:
        return mpf(0) if y > 0 else mpf(1) if y == 0 else inf
    return on_reals(mp.power(x, y))


def cbrt(x: Any) -> Any:
    """Return the real cube root."""
    return mp.sign(x) * mp.cbrt(mp.fabs(x))


def sign(x: Any) -> Any:
    """Return -1, 0 or 1."""
    return mp.sign(x)


def max(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the largest; nan where any is nan."""
    return nan if any(a != a for a in x) else mpf(_max(x))


def min(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the smallest; nan where any is nan."""
    return nan if any(a != a for a in x) else mpf(_min(x))
