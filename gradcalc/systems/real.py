"""Python floats through `math`, made total: an IEEE 754 answer where `math` would raise."""

from __future__ import annotations

import math
from collections.abc import Callable

inf, nan, pi = math.inf, math.nan, math.pi
number = float

# These are total already.
atan, asinh, tanh, erf, erfc = math.atan, math.asinh, math.tanh, math.erf, math.erfc
hypot, degrees, radians = math.hypot, math.degrees, math.radians
abs = math.fabs  # noqa: A001 - part of the number system
_max, _min, _round = max, min, round


def where(condition: bool, then: Callable[[], float], otherwise: Callable[[], float]) -> float:
    """Return `then()` or `otherwise()`; the other is never called."""
    return float(then() if condition else otherwise())


def equal(x: float, y: float) -> bool:
    """Whether two numbers are the same."""
    return x == y


def divide(x: float, y: float) -> float:
    """Return x / y; a signed infinity, or nan for 0/0, where y is zero."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def pow(x: float, y: float) -> float:  # noqa: A001 - part of the number system
    """Return x**y on the reals; nan for a negative base with a fractional exponent."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and math.fmod(y, 2.0) else inf
    except ValueError:
        return inf if x == 0 else nan


def exp(x: float) -> float:
    """Return e**x; inf beyond 709.78."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def exp2(x: float) -> float:
    """Return 2**x; inf beyond 1024."""
    try:
        return math.exp2(x)
    except OverflowError:
        return inf


def expm1(x: float) -> float:
    """Return e**x - 1 without cancellation near zero."""
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def sinh(x: float) -> float:
    """Return the hyperbolic sine; a signed infinity beyond 710.47."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


def cosh(x: float) -> float:
    """Return the hyperbolic cosine; inf beyond 710.47."""
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


def _with_pole(function: Callable[[float], float], pole: float, at_pole: float) -> Callable[[float], float]:
    """Extend a function of `math` by its value at a pole, and by nan outside its domain."""

    def total(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return at_pole if x == pole else nan

    return total


log = _with_pole(math.log, 0.0, -inf)
log2 = _with_pole(math.log2, 0.0, -inf)
log10 = _with_pole(math.log10, 0.0, -inf)
log1p = _with_pole(math.log1p, -1.0, -inf)
sqrt = _with_pole(math.sqrt, nan, nan)
sin = _with_pole(math.sin, nan, nan)
cos = _with_pole(math.cos, nan, nan)
tan = _with_pole(math.tan, nan, nan)
asin = _with_pole(math.asin, nan, nan)
acos = _with_pole(math.acos, nan, nan)
acosh = _with_pole(math.acosh, nan, nan)


def cbrt(x: float) -> float:
    """Return the real cube root, one Newton step past the C library, whose root of 27 is not 3."""
    y = math.cbrt(x)
    return y - (y * y - x / y) / (3.0 * y) if y and math.isfinite(y) else y


def atan2(y: float, x: float) -> float:
    """Return the angle of the point (x, y), above -pi; zero has no sign, and the origin no angle."""
    return math.atan2(y + 0.0, x) if x or y else nan


def atanh(x: float) -> float:
    """Return the inverse hyperbolic tangent; a signed infinity at -1 and 1."""
    try:
        return math.atanh(x)
    except ValueError:
        return math.copysign(inf, x) if x in (-1.0, 1.0) else nan


def mod(x: float, y: float) -> float:
    """Return x - y floor(x / y): the remainder with the sign of y, as in Python and NumPy."""
    try:
        return x % y
    except ZeroDivisionError:
        return nan


def floor(x: float) -> float:
    """Return the largest whole number not above x."""
    return float(math.floor(x)) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """Return the smallest whole number not below x."""
    return float(math.ceil(x)) if math.isfinite(x) else x


def round(x: float) -> float:  # noqa: A001 - part of the number system
    """Return the nearest whole number, ties to even."""
    return float(_round(x)) if math.isfinite(x) else x


def sign(x: float) -> float:
    """Return -1, 0 or 1."""
    return float((x > 0) - (x < 0)) if x == x else nan


def max(*x: float) -> float:  # noqa: A001 - part of the number system
    """Return the largest; nan where any is nan."""
    return nan if any(a != a for a in x) else float(_max(x))


def min(*x: float) -> float:  # noqa: A001 - part of the number system
    """Return the smallest; nan where any is nan."""
    return nan if any(a != a for a in x) else float(_min(x))
