"""SymPy's expressions as text in gradcalc's own language: what is printed can be parsed again."""

from __future__ import annotations

from typing import Any

from sympy import Integer, Rational
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

COMPARISONS = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class TextPrinter(StrPrinter):  # type: ignore[misc]
    """Prints powers as `^`, pieces as `where(...)`, functions by their names in the language."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:  # noqa: N802 - SymPy's dispatch on names
        text: str = super()._print_Pow(expr, rational)
        return text

    def _print_Where(self, expr: Any) -> str:  # noqa: N802
        return f"where({', '.join(map(self._print, expr.args))})"

    def _print_Relational(self, expr: Relational) -> str:  # noqa: N802
        return f"{self._print(expr.lhs)} {COMPARISONS[expr.rel_op]} {self._print(expr.rhs)}"

    def _print_And(self, expr: Any) -> str:  # noqa: N802
        return " and ".join(self._in_brackets(arg) for arg in expr.args)

    def _print_Or(self, expr: Any) -> str:  # noqa: N802
        return " or ".join(self._in_brackets(arg) for arg in expr.args)

    def _print_Not(self, expr: Any) -> str:  # noqa: N802
        return f"not ({self._print(expr.args[0])})"

    def _in_brackets(self, expr: Any) -> str:
        text = self._print(expr)
        return text if isinstance(expr, Relational) else f"({text})"

    def _print_BooleanTrue(self, _expr: Any) -> str:  # noqa: N802
        return "1"

    def _print_BooleanFalse(self, _expr: Any) -> str:  # noqa: N802
        return "0"

    def _print_Exp1(self, _expr: Any) -> str:  # noqa: N802
        return "exp(1)"

    def _print_Floor(self, expr: Any) -> str:  # noqa: N802
        return f"floor({self._print(expr.args[0])})"

    def _print_Round(self, expr: Any) -> str:  # noqa: N802
        return f"round({self._print(expr.args[0])})"

    def _print_Rational(self, expr: Rational) -> str:  # noqa: N802
        if expr.q & (expr.q - 1) == 0 and expr.q > 1 << 10:  # a float's exact value, such as SELU's constants
            return repr(float(expr))
        text: str = super()._print_Rational(expr)
        return text


def to_text(expression: Any) -> str:
    """Return an expression in the language, in a form that `gradcalc.language.parse` reads back."""
    text: str = TextPrinter().doprint(expression)
    return text.replace("**", "^")


def is_small_exponent(x: Any) -> bool:
    """Whether x is a whole number small enough to stand as an exponent."""
    return isinstance(x, Integer) and abs(int(x)) <= 64
