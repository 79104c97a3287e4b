"""Python source text as a number system: a gate's mathematics run on it writes itself down.

`trace(lambda m, x: m.exp(-x), "x")` is `exp((-x))`. Only straight-line mathematics can be traced;
what branches with Python's own `if` cannot, and `trace` returns None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LONGEST = 2000
"""Letters that a gate's source may have: a loop that uses what it made twice doubles it in each turn."""


class Code:
    """A piece of Python source that stands for a float."""

    __slots__ = ("text",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise TooLongError
        self.text = text

    def __bool__(self) -> bool:
        raise UntraceableError

    def __neg__(self) -> Code:
        return Code(f"(-{self.text})")


class UntraceableError(TypeError):
    """The mathematics is not straight-line."""


class TooLongError(UntraceableError):
    """The mathematics is too long to be written as one line."""


def _binary(symbol: str, *, swap: bool = False) -> Callable[[Any, Any], Code]:
    def method(self: Any, other: Any) -> Code:
        a, b = (other, self) if swap else (self, other)
        return Code(f"({written(a)} {symbol} {written(b)})")

    return method


for _name, _symbol in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "mod": "%"}.items():
    setattr(Code, f"__{_name}__", _binary(_symbol))
    setattr(Code, f"__r{_name}__", _binary(_symbol, swap=True))
for _name, _symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(Code, f"__{_name}__", _binary(_symbol))


def written(x: Any) -> str:
    """Return the source of a piece of code or of a number, which is written as a float."""
    return x.text if isinstance(x, Code) else repr(float(x))


def where(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return a conditional expression: Python computes one branch of it."""
    return Code(f"({written(then())} if {written(condition)} else {written(otherwise())})")


def equal(x: Any, y: Any) -> Any:
    """Return the comparison x == y."""
    return Code(f"({written(x)} == {written(y)})")


def number(x: Any) -> Any:
    """Return the literal; a piece of code as it is."""
    return Code(written(x))


pi, nan, inf = Code("pi"), Code("nan"), Code("inf")


def max(*x: Any) -> Any:  # noqa: A001 - part of the number system
    """Return the larger of two as a conditional expression, nan where either is; a call for more."""
    if len(x) != 2:
        return __getattr__("max")(*x)
    a, b = map(written, x)
    return Code(f"({a} if {a} >= {b} or {a} != {a} else {b})")


def __getattr__(name: str) -> Any:
    """Return the function that writes a call of `real`'s function of that name."""
    if name.startswith("_"):
        raise AttributeError(name)
    return lambda *x: Code(f"{name}({', '.join(map(written, x))})")


def is_long(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether what `function` computes is too long to be written as one expression."""
    try:
        function(*arguments)
    except TooLongError:
        return True
    except (TypeError, AttributeError):
        return False
    return False


def trace(function: Callable[..., Any], *arguments: Any) -> str | None:
    """Return the source of what `function` computes from its arguments, or None where it branches."""
    try:
        return written(function(*arguments))
    except (TypeError, AttributeError):
        return None
