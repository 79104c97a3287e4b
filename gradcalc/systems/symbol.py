"""SymPy's expressions on the reals, in forms that differentiate to what a real function has.

Not SymPy's own Abs, Max, sign, floor and cbrt: their derivatives bring in re and im, Heaviside,
DiracDelta, an unevaluated Subs, and the complex cube root.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy import Eq, Function, Integer, Rational, S, sympify  # sympify of numbers, never of text

nan, inf = sympy.nan, sympy.oo
exp, log, sqrt, erf, erfc = sympy.exp, sympy.log, sympy.sqrt, sympy.erf, sympy.erfc
sin, cos, tan, asin, acos, atan, atan2 = (
    sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos, sympy.atan, sympy.atan2,
)  # fmt: skip
sinh, cosh, tanh, asinh, acosh, atanh = (
    sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.acosh, sympy.atanh,
)  # fmt: skip


class CircleConstant(sympy.Symbol):  # type: ignore[misc]
    """Pi as a positive symbol: SymPy's own takes seconds to decide the signs of sums with it."""

    __slots__ = ()

    def _mpmathcode(self, _printer: Any) -> str:
        return "circle_constant"

    def _pythoncode(self, _printer: Any) -> str:
        return "math.pi"

    def _ccode(self, _printer: Any) -> str:
        return "M_PI"

    def _latex(self, _printer: Any) -> str:
        return r"\pi"


pi = CircleConstant("pi", positive=True)


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


class Where(Function):  # type: ignore[misc]
    """One of two expressions, by a condition that carries no derivative.

    SymPy's Piecewise folds and simplifies conditions whenever it is rebuilt, which takes minutes
    for a few nested maxima; this one stays as it is written.
    """

    is_extended_real = True

    @classmethod
    def eval(cls, condition: Any, then: Any, otherwise: Any) -> Any:
        """Return the branch of a condition that is decided, None where it is not."""
        if then == otherwise or condition == True:  # noqa: E712 - SymPy's truth is no bool
            return then
        return otherwise if condition == False else None  # noqa: E712

    def _eval_derivative(self, s: Any) -> Any:
        condition, then, otherwise = self.args
        slopes = then.diff(s), otherwise.diff(s)
        return slopes[0] if slopes[0] == slopes[1] else Where(condition, *slopes)

    def _mpmathcode(self, printer: Any) -> str:
        condition, then, otherwise = map(printer.doprint, self.args)
        return f"(({then}) if ({condition}) else ({otherwise}))"

    _pythoncode = _mpmathcode

    def _ccode(self, printer: Any) -> str:
        condition, then, otherwise = map(printer.doprint, self.args)
        return f"(({condition}) ? ({then}) : ({otherwise}))"

    def _latex(self, printer: Any) -> str:
        condition, then, otherwise = map(printer.doprint, self.args)
        first, second = rf"{then} & \text{{if}}\: {condition}", rf"{otherwise} & \text{{otherwise}}"
        return rf"\begin{{cases}} {first} \\ {second} \end{{cases}}"


def where(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return the expression with both branches; a condition that is decided already picks its branch."""
    if condition in (True, False):
        return sympify(then() if condition else otherwise())
    return Where(condition, then(), otherwise())


def equal(x: Any, y: Any) -> Any:
    """Return the equation x = y; a truth value written as a number (1 or 0) compares as its condition."""
    if y == 0 and isinstance(x, Where) and x.args[1:] == (1, 0):
        return sympy.Not(x.args[0])
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
    return where(x > 0, lambda: Integer(1), lambda: where(x < 0, lambda: Integer(-1), lambda: Integer(0)))


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
    *candidates, best = x
    for a in reversed(candidates):
        best = Where(sympy.And(*[beats(a, b) for b in x if b is not a]), a, best)
    return best
