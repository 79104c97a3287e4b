"""Constants: values as the language writes them, `1e-3`, `pi/4`, `[[1, 2], [3, 4]]`, `randn(3, 4)`."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cached_property
from math import isfinite
from typing import Any

from gradcalc.errors import GradcalcError, NumberError, Span, UsageError
from gradcalc.graph import Value
from gradcalc.point.reading import short
from gradcalc.point.values import LARGEST

PLAIN = frozenset("0123456789.+-eE_")
"""Letters of plain numbers: what float() reads the way the language does, without `nan` and `inf`."""

CONSTANT = "a value is a finite number or a constant expression: 1e-3, pi/4, [1, 2]"

DECIMAL = re.compile("-?[0-9]+,[0-9]+")
"""A number with a decimal comma."""

WIDEST = 100
"""Letters of a hint beyond which it says nothing."""

DRAWING = "rand"
"""What the names of all functions that draw random numbers have in them."""


class Draws:
    """The one generator that all random values of a command line are drawn from, in their order."""

    def __init__(self, seed: int = 0) -> None:
        self.first = seed

    @cached_property
    def generator(self) -> Any:
        """NumPy's generator, made when it is first needed."""
        import numpy as np

        return np.random.default_rng(self.first)

    @property
    def seed(self) -> Any:
        """Where a program's draws begin: at the seed, or behind the values' own draws."""
        return deepcopy(vars(self).get("generator", self.first))


def constant(text: str, source: str | None = None, offset: int = 0, draws: Draws | None = None) -> Value:
    """Return the value that a constant expression stands for.

    Errors draw their caret into `source`, where `text` stands at `offset`.
    """
    source = text if source is None else source
    value, reason = plain(text.strip()), LARGEST
    if value is None:
        value, reason = _computed(text, source, offset, draws or Draws())
    if not _finite(value):
        whole = Span(offset, offset + len(text))
        raise UsageError(f"the value '{short(text)}' is not finite", source=source, span=whole, hint=reason)
    return value


def plain(text: str) -> float | None:
    """Return a plain number without loading the parser, None for anything that is more."""
    if not PLAIN.issuperset(text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _finite(value: Value) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    from gradcalc.forward import finite

    return finite(value)


def _computed(text: str, source: str, offset: int, draws: Draws) -> tuple[Value, str]:
    """Return the value of a constant expression, and why it is not finite where it is not."""
    from gradcalc.forward import require_finite
    from gradcalc.language import parse

    try:
        graph = parse(text, (), seed=draws.generator if DRAWING in text else 0)
        values = graph.forward({})
    except GradcalcError as error:
        span = error.span and Span(error.span.start + offset, error.span.end + offset)
        if mended := _list(text):
            raise _no_list(text, mended, source, offset) from None
        hint = CONSTANT if error.hint.startswith("give it a value") else error.hint
        raise type(error)(error.message, source=source, span=span, hint=hint) from None
    try:
        parse(f"({text}\n)", ())  # in brackets nothing is named, and no second statement begins
    except GradcalcError:
        whole = Span(offset, offset + len(text))
        message = f"the value '{short(text)}' is more than one expression"
        raise UsageError(message, source=source, span=whole, hint=CONSTANT) from None
    try:
        require_finite(graph, values)
    except NumberError as error:
        return values[graph.output], error.message
    return values[graph.output], ""


def _list(text: str) -> str:
    """Return the list that `1,2`, `1 2` and `((1, 2), (3, 4))` are elsewhere; nothing for what is none."""
    from gradcalc.language import parse
    from gradcalc.language.refusals import GROUPED

    if len(numbers := text.split(" ")) > 1 and None not in map(plain, numbers):
        return f"[{', '.join(numbers)}]"
    if "," not in text or GROUPED.fullmatch(text.strip()):
        return ""
    items = text.strip().translate(str.maketrans("()", "[]"))
    mended = re.sub(r",\s*", ", ", items if items.startswith("[") else f"[{items}]")
    try:
        graph = parse(mended, ())
    except GradcalcError:
        return ""
    return mended if len(graph) == 1 else ""


def _no_list(text: str, mended: str, source: str, offset: int) -> UsageError:
    """Return the error for what is no list yet; one comma may be that of a decimal."""
    name = source[:offset]  # on a command line, where a list needs quotes
    shown, span = f"{name}'{mended}'" if name else mended, Span(offset, offset + len(text))
    hint = f"write {shown}" if len(shown) <= WIDEST else ""
    if DECIMAL.fullmatch(text.strip()):
        hint = f"write {text.strip().replace(',', '.')} for a decimal, {shown} for a list"
    return UsageError("a list is written in square brackets", source=source, span=span, hint=hint)
