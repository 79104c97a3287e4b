"""What a gradient program is made of: functions of doubles, each with the error that it makes and hands on.

Of each function it is known what a format's rounding does to its result (`roundings`), how far the
result moves when its inputs do (`spread`), and where it is not smooth (`kink`). Values come from NumPy
by the function's name, slopes from SymPy's derivative of the gate's definition: no rule is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from gradcalc.systems import array

Numbers = Any
"""An array of doubles, one a row, or a double that all rows share."""

LIBRARY = 3
"""Roundings of a library's function, half units in the last place: NumPy's float32 exp has up to 2.9."""

ADDED_UP = "added up"

LOOSER = {"asin": 5, "acos": 5, "erf": 4, "erfc": 6}
"""Functions that libraries compute less well (NumPy asin in float32, C erfc), or kernels by formula (erf)."""


class Elementary(NamedTuple):
    """A function of one program's numbers.

    value      numbers -> numbers
    roundings  of the result, in the format's unit roundoff, or a function of it and the inputs; 0 where it
               is exact
    spread     (value, result, inputs, their errors) -> by how much the result is off with them
    kink       (inputs, their errors) -> where a side cannot be told; None for what has no kink
    """

    name: str
    value: Callable[..., Numbers]
    roundings: float | Callable[..., Numbers]
    spread: Callable[..., Numbers]
    kink: Callable[[Sequence[Numbers], Sequence[Numbers]], Numbers] | None = None


# How far a result moves.


def _moved(value: Callable[..., Numbers], out: Numbers, given: Sequence[Numbers], errors: Any) -> Numbers:
    """Move each input by its error to both sides: right beyond the first order, and where a slope is 0."""
    total: Numbers = 0.0
    for k, (x, e) in enumerate(zip(given, errors, strict=True)):
        if not (type(e) is float and e == 0):
            ends = (value(*given[:k], end, *given[k + 1 :]) for end in (x - e, x + e))
            total = total + np.fmax(*(np.abs(end - out) for end in ends))
    return total


def _of_wave(value: Callable[..., Numbers], out: Numbers, given: Sequence[Numbers], errors: Any) -> Numbers:
    """Return what a sine moves; beyond half a radian both ends may be near where the middle is not."""
    far = np.fmin(errors[0], 2.0)
    return np.where(errors[0] < 0.5, _moved(value, out, given, errors), far)


def _of_power(value: Callable[..., Numbers], out: Numbers, given: Sequence[Numbers], errors: Any) -> Numbers:
    """Move base and exponent; that of a negative base is whole, and not moved."""
    dx, dy = errors
    dy = dy if type(dy) is float and dy == 0 else np.where(given[0] < 0, 0.0, dy)
    return _moved(value, out, given, (dx, dy))


def _across(value: Callable[..., Numbers], out: Numbers, given: Sequence[Numbers], errors: Any) -> Numbers:
    """Return the height of a step that is nearer than the error, but is not met exactly."""
    (x,), (e,) = given, errors
    return np.where(x == out, 0.0, np.abs(value(x + e) - value(x - e)))


def _of_either(_value: Any, out: Numbers, given: Any, errors: Any) -> Numbers:
    """Return the larger error of two forms of the same number."""
    return np.fmax(errors[0], errors[1] + np.abs(given[1] - out))


def _summed(_value: Any, _out: Numbers, _given: Any, errors: Any) -> Numbers:
    return sum(errors[1:], errors[0])


def _of_larger(_value: Any, out: Numbers, given: Any, errors: Any) -> Numbers:
    """Return the error of the one taken; the larger error where it may be either."""
    taken = np.where(out == given[0], *errors)
    return np.where(_as_near(given, errors), np.maximum(*errors), taken)


def _of_product(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    (x, y), (dx, dy) = given, errors
    return np.abs(x) * dy + (np.abs(y) + dy) * dx


def _of_flow(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    return np.where((given[0] == 0) & (errors[0] == 0), 0.0, _of_product(None, None, given, errors))


def _of_quotient(_value: Any, out: Numbers, given: Any, errors: Any) -> Numbers:
    (_, y), (dx, dy) = given, errors
    least = np.abs(y) - dy
    return np.where(least > 0, (dx + np.abs(out) * dy) / least, np.inf)


def _of_exp(_value: Any, out: Numbers, _given: Any, errors: Any) -> Numbers:
    return out * np.expm1(errors[0])


def _of_log(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    return np.where(given[0] > errors[0], errors[0] / (given[0] - errors[0]), np.inf)


def _of_sqrt(_value: Any, out: Numbers, _given: Any, errors: Any) -> Numbers:
    return np.fmin(errors[0] / out, np.sqrt(errors[0]))


def _of_sigmoid(_value: Any, out: Numbers, _given: Any, errors: Any) -> Numbers:
    return out * (1 - out) * np.expm1(errors[0])


def _of_comparison(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    """Return 1 where the other truth is as near as the errors; a tie that is met exactly is a kink."""
    return np.where(_as_near(given, errors) & (given[0] != given[1]), 1.0, 0.0)


def _may_be_zero(x: Numbers, error: Numbers) -> Numbers:
    """Return whether a condition may as well be false; a comparison is off by 0 or by 1."""
    return (error > 0) & (np.abs(x) <= error)


def _of_logic(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    unsure = [_may_be_zero(x, e) for x, e in zip(given, errors, strict=True)]
    return np.where(np.any(np.broadcast_arrays(*unsure), axis=0), 1.0, 0.0)


def _of_where(_value: Any, _out: Numbers, given: Any, errors: Any) -> Numbers:
    """Return the error of the branch taken; where the other may be, that of both and what is between them."""
    (condition, x, y), (_, dx, dy) = given, errors
    taken = np.where(condition != 0, dx, dy)
    return np.where(_may_be_zero(condition, errors[0]), dx + dy + np.abs(x - y), taken)


def _exact(_value: Any, _out: Numbers, _given: Any, _errors: Any) -> Numbers:
    return 0.0


# Where a side cannot be told.


def _within(distance: Numbers, error: Numbers) -> Numbers:
    """Return whether a distance is one of rounding; what overflowed has none that could tell."""
    return (np.abs(distance) <= error) | (error == np.inf)


def _as_near(given: Sequence[Numbers], errors: Sequence[Numbers]) -> Numbers:
    return _within(given[0] - given[1], errors[0] + errors[1])


def _step_every(offset: float) -> Callable[[Sequence[Numbers], Sequence[Numbers]], Numbers]:
    """Return the kink of a function with a step at each whole number + offset."""
    return lambda given, errors: _within(given[0] - offset - np.rint(given[0] - offset), errors[0])


# The functions.


def _sigmoid(x: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-x))


def _sigmoid_roundings(out: Numbers, _x: Numbers) -> Numbers:
    """Return those of the sum, of the quotient, and of what of the sum is an exponential."""
    return 2 + LIBRARY * (1 - out)


def _of_sparse_sum(_out: Numbers, x: Numbers, y: Numbers) -> Numbers:
    """Return the roundings of a sum, which is exact where a term is zero."""
    return np.where((x == 0) | (y == 0), 0, 1)


def _of_sparse_product(_out: Numbers, x: Numbers, y: Numbers) -> Numbers:
    """Return the roundings of a product, which is exact where a factor is a power of two: 1 and -1 are."""
    bits = (np.abs(np.frexp(factor)[0]) for factor in (x, y))
    return np.where(np.logical_or(*(part == 0.5 for part in bits)), 0, 1)


def _compared(holds: Callable[..., Any]) -> Callable[..., Numbers]:
    """Return a comparison that is 1 or 0, and nan where what is compared has no value."""
    return lambda x, y: np.where(np.isnan(x) | np.isnan(y), np.nan, holds(x, y))


def _and(x: Numbers, y: Numbers) -> Numbers:
    """Return whether both hold; a false one decides it, even beside a nan."""
    return np.where((x == 0) | (y == 0), 0.0, np.where(np.isnan(x) | np.isnan(y), np.nan, 1.0))


def _not(x: Numbers) -> Numbers:
    return np.where(np.isnan(x), np.nan, x == 0)


def _or(x: Numbers, y: Numbers) -> Numbers:
    return _not(_and(_not(x), _not(y)))


def _where(condition: Numbers, x: Numbers, y: Numbers) -> Numbers:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, x, y))


def _flow(upstream: Numbers, local: Numbers) -> Numbers:
    """Return upstream x local; where nothing flows nothing arrives, whatever the branch not taken says."""
    return np.where(upstream == 0, 0.0, upstream * local)


ADD, SUB, MUL, DIV, NEG = (
    Elementary("add", np.add, 1, _summed),
    Elementary("sub", np.subtract, 1, _summed),
    Elementary("mul", np.multiply, 1, _of_product),
    Elementary("div", np.divide, 1, _of_quotient),
    Elementary("neg", np.negative, 0, _summed),
)
FLOW = Elementary("flow", _flow, 1, _of_flow)
SCALINGS = {op: op._replace(roundings=0) for op in (MUL, DIV, FLOW)}
"""Products that are exact, because a factor is a power of two."""

SPARSE = {op: op._replace(roundings=_of_sparse_sum) for op in (ADD, SUB)} | {
    op: op._replace(roundings=_of_sparse_product) for op in (MUL, FLOW)
}
"""Sums and products with what is zero wherever a label is another: those that choose are exact."""

EITHER = Elementary("either", lambda x, _: x, 0, _of_either)
COPY = Elementary("copy", lambda x: x, 0, _summed)


@lru_cache(maxsize=256)
def added_up(count: int) -> Elementary:
    """Return what follows a sum of so many terms, written in halves: kernels also add one after the other.

    Of terms with one sign that is off by about sqrt(n)/3 roundings of the sum, one standard deviation
    (Higham and Mary, "A new approach to probabilistic rounding error analysis", 2019).
    """
    return Elementary(ADDED_UP, lambda x: x, sqrt(count), _summed)


LABEL = Elementary("label", lambda x: x, 0, _exact)
SIGMOID = Elementary("sigmoid", _sigmoid, _sigmoid_roundings, _of_sigmoid)
VARIABLE = Elementary("variable", lambda: np.nan, 1, _exact)
CONSTANT = Elementary("constant", lambda: np.nan, 1, _exact)

COMPARISONS = {
    name: Elementary(name, _compared(function), 0, _of_comparison, _as_near)
    for name, function in {
        "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
        "eq": np.equal, "ne": np.not_equal,
    }.items()
}  # fmt: skip

LIBRARY_FUNCTIONS = {
    name: Elementary(name, getattr(array, name), LOOSER.get(name, LIBRARY), _moved)
    for name in (
        "expm1", "log1p", "cbrt", "tan", "asin", "acos", "atan", "atan2",
        "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc",
    )
}  # fmt: skip

FUNCTIONS: dict[str, Elementary] = {
    op.name: op
    for op in (
        ADD, SUB, MUL, DIV, NEG,
        Elementary("pow", array.pow, LIBRARY, _of_power),
        Elementary("sin", np.sin, LIBRARY, _of_wave),
        Elementary("cos", np.cos, LIBRARY, _of_wave),
        Elementary("sqrt", np.sqrt, 1, _of_sqrt),
        Elementary("exp", np.exp, LIBRARY, _of_exp),
        Elementary("log", np.log, LIBRARY, _of_log),
        Elementary("abs", np.abs, 0, _summed),
        Elementary("max", np.maximum, 0, _of_larger),
        Elementary("min", np.minimum, 0, _of_larger),
        Elementary("where", _where, 0, _of_where),
        Elementary("floor", np.floor, 0, _across, _step_every(0.0)),
        Elementary("ceil", np.ceil, 0, _across, _step_every(0.0)),
        Elementary("round", np.rint, 0, _across, _step_every(0.5)),
        Elementary("sign", np.sign, 0, _across, lambda given, errors: _within(given[0], errors[0])),
        Elementary("and", _and, 0, _of_logic),
        Elementary("or", _or, 0, _of_logic),
        Elementary("not", _not, 0, _of_logic),
    )
} | LIBRARY_FUNCTIONS | COMPARISONS  # fmt: skip
"""Name of the gate -> the function. Any other gate is written down as its definition has it."""

MAY_UNDERFLOW = {"mul", "flow", "div", "pow", "exp", "sigmoid", "erfc"}
"""Functions that may come out as zero where they are none."""

GIVEN = {op: op._replace(spread=_exact, kink=None) for op in FUNCTIONS.values() if op.kink}
"""Functions with steps, of numbers that are given: exact, and at no kink since nothing moves them."""
