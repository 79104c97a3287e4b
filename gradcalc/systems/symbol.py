"""SymPy's expressions on the reals, in forms that differentiate to what a real function has.

Not SymPy's own Abs, Max, sign, floor and cbrt: their derivatives bring in re and im, Heaviside,
DiracDelta, an unevaluated Subs, and the complex cube root.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy import Eq, Function, Integer, Piecewise, Rational, S, sympify  # sympify of numbers, never of text
from sympy import acos, acosh, asin, asinh, atan, atan2, atanh  # noqa: F401 - part of the number system
from sympy import cos, cosh, erf, erfc, exp, log, sin, sinh, sqrt, tan, tanh  # noqa: F401 - part of the number system

pi, nan, inf = sympy.pi, sympy.nan, sympy.oo


class Floor(Function):  # type: ignore[misc]
    """The floor of a real number; its derivative is zero wherever it has one."""

    def fdiff(self, argindex: int = 1) -> Any:  # noqa: ARG002 - SymPy's interface
        """Return the derivative."""
        return S.Zero


class Round(Floor):
    """The nearest whole number, ties to even."""


floor, round = Floor, Round  # noqa: A001 - part of the number system


def number(x: Any) -> Any:
    """Return the exact value of a float; an expression as it is."""
    return x if isinstance(x, sympy.Basic) else Rational(*x.as_integer_ratio())


def where(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return the piecewise expression; a condition that is decided already picks its branch."""
    if condition in (True, False):
        return sympify(then() if condition else otherwise())
    return Piecewise((then(), condition), (otherwise(), True), evaluate=False)


def equal(x: Any, y: Any) -> Any:
    """Return the equation x = y; a truth value written as a number (1 or 0) compares as its condition."""
    if y == 0 and isinstance(x, Piecewise) and [branch.expr for branch in x.args] == [1, 0]:
        return sympy.Not(x.args[0].cond)
    return Eq(x, y)


def divide(x: Any, y: Any) -> Any:
    """Return x / y."""
    return sympify(x) / y


def mod(x: Any, y: Any) -> Any:
    """Return the remainder with the sign of y."""
    return x - y * Floor(x / y)


def hypot(x: Any, y: Any) -> Any:
    """Return the length of the vector (x, y)."""
    return sqrt(x**2 + y**2)


def exp2(x: Any) -> Any:
    """Return 2**x."""
    return Integer(2) ** x


def expm1(x: Any) -> Any:
    """Return exp(x) - 1."""
    return exp(x) - 1


def log1p(x: Any) -> Any:
    """Return log(1 + x)."""
    return log(1 + x)


def log2(x: Any) -> Any:
    """Return the logarithm to base 2."""
    return log(x) / log(2)


def log10(x: Any) -> Any:
    """Return the logarithm to base 10."""
    return log(x) / log(10)


def degrees(x: Any) -> Any:
    """Return an angle in radians, turned into degrees."""
    return 180 * x / pi


def radians(x: Any) -> Any:
    """Return an angle in degrees, turned into radians."""
    return pi * x / 180


def pow(x: Any, y: Any) -> Any:  # noqa: A001 - part of the number system
    """Return x**y."""
    return x**y


def ceil(x: Any) -> Any:
    """Return the smallest whole number not below x."""
    return -Floor(-x)


def abs(x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the absolute value."""
    return where(x >= 0, lambda: x, lambda: -x)


def sign(x: Any) -> Any:
    """Return -1, 0 or 1."""
    return Piecewise((Integer(1), x > 0), (Integer(-1), x < 0), (Integer(0), True), evaluate=False)


def cbrt(x: Any) -> Any:
    """Return the real cube root."""
    return where(x >= 0, lambda: x ** Rational(1, 3), lambda: -((-x) ** Rational(1, 3)))


def max(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the largest; of equal ones the first."""
    return _first(x, lambda a, b: a >= b)


def min(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the smallest; of equal ones the first."""
    return _first(x, lambda a, b: a <= b)


def _first(x: tuple[Any, ...], beats: Callable[[Any, Any], Any]) -> Any:
    """Return the first of `x` that beats all the others."""
    branches = [(a, sympy.And(*[beats(a, b) for b in x if b is not a])) for a in x[:-1]]
    return Piecewise(*branches, (x[-1], True), evaluate=False)
