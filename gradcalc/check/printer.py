"""SymPy's expressions as text in gradcalc's own language: what is printed can be parsed again."""

from __future__ import annotations

from typing import Any

from sympy import Rational, Symbol, sign
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

COMPARISONS = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class TextPrinter(StrPrinter):  # type: ignore[misc]
    """Prints pieces as `where(...)`, functions by their names in the language."""

    def _print_Where(self, expr: Any) -> str:  # noqa: N802 - SymPy's dispatch on names
        return f"where({', '.join(map(self._print, expr.args))})"

    def _print_Abs(self, expr: Any) -> str:  # noqa: N802
        return f"abs({self._print(expr.args[0])})"

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


def to_text(expression: Any) -> str:
    """Return an expression in the language, in a form that `gradcalc.language.parse` reads back."""
    text: str = TextPrinter().doprint(decimals(expression))
    return text.replace("**", "^")


def decimals(expression: Any) -> Any:
    """Return the expression with the exact fractions of floats (SELU's constants) as short decimals."""
    fractions = [r for r in expression.atoms(Rational) if r.q > 1 << 40]
    return expression.xreplace({r: sign(r) * Symbol(repr(abs(float(r))), positive=True) for r in fractions})
