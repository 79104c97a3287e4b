"""mpmath's numbers at the working precision of `mpmath.mp`, kept on the reals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

inf, nan, pi = mp.inf, mp.nan, mp.pi
number = mpf

LARGEST_MAGNITUDE = 20_000
"""Bits before the point beyond which exp and sin would need more memory than there is."""


def _bounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give up, with nan, on an argument whose size is itself astronomical: exp(exp(exp(9)))."""
    return lambda x: nan if mp.isfinite(x) and mp.mag(x) > LARGEST_MAGNITUDE else function(x)


exp, expm1, erf = _bounded(mp.exp), _bounded(mp.expm1), mp.erf
sin, cos, tan, atan = _bounded(mp.sin), _bounded(mp.cos), _bounded(mp.tan), mp.atan
sinh, cosh, tanh, asinh = _bounded(mp.sinh), _bounded(mp.cosh), _bounded(mp.tanh), mp.asinh
hypot, degrees, radians = mp.hypot, mp.degrees, mp.radians
sign = mp.sign
abs = mp.fabs  # noqa: A001 - part of the number system
_max, _min = max, min


def on_reals(x: Any) -> Any:
    """Return x, or nan where it left the reals."""
    return nan if isinstance(x, mp.mpc) else x


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x: on_reals(function(*x))


sqrt, asin, acos, acosh = _real(mp.sqrt), _real(mp.asin), _real(mp.acos), _real(mp.acosh)


def _whole(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Extend a rounding function to what is not finite, which it leaves as it is."""
    return lambda x: function(x) if mp.isfinite(x) else mpf(x)


floor, ceil, round = _whole(mp.floor), _whole(mp.ceil), _whole(mp.nint)  # noqa: A001 - part of the number system


def log(x: Any) -> Any:
    """Return the natural logarithm; -inf at zero, nan below."""
    return mp.log(x) if x > 0 else -inf if x == 0 else nan


def log2(x: Any) -> Any:
    """Return the logarithm to base 2."""
    return log(x) / mp.ln2


def log10(x: Any) -> Any:
    """Return the logarithm to base 10."""
    return log(x) / mp.ln10


def log1p(x: Any) -> Any:
    """Return log(1 + x), without cancellation near zero."""
    return mp.log1p(x) if x > -1 else log(1 + x)


def exp2(x: Any) -> Any:
    """Return 2**x."""
    return mp.power(2, x)


def erfc(x: Any) -> Any:
    """Return 1 - erf(x); 0 where mpmath cannot write the exponent of exp(-x**2) any more."""
    return mp.erfc(x) if not x > 1e100 else mpf(0)


def atan2(y: Any, x: Any) -> Any:
    """Return the angle of the point (x, y), above -pi; the origin has none."""
    return mp.atan2(y, x) if x or y else nan


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
    return mpf(x) / y if y else inf * x if x else nan


def mod(x: Any, y: Any) -> Any:
    """Return x - y floor(x / y): the remainder with the sign of y."""
    return x - y * floor(mpf(x) / y) if y else nan


def pow(x: Any, y: Any) -> Any:  # noqa: A001 - part of the number system
    """Return x**y on the reals; nan for a negative base with a fractional exponent."""
    if not x:
        return mpf(0) if y > 0 else mpf(1) if y == 0 else inf if y < 0 else nan
    return nan if mp.isfinite(y) and mp.mag(y) > LARGEST_MAGNITUDE else on_reals(mp.power(x, y))


def cbrt(x: Any) -> Any:
    """Return the real cube root."""
    return mp.sign(x) * mp.cbrt(mp.fabs(x))


def max(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the largest; nan where any is nan."""
    return nan if any(a != a for a in x) else mpf(_max(x))


def min(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the smallest; nan where any is nan."""
    return nan if any(a != a for a in x) else mpf(_min(x))
