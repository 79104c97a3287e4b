"""Arguments: NAME=VALUE, where a value is a constant expression or a file behind @."""

from __future__ import annotations

from collections.abc import Iterable

from gradcalc.errors import Span, UsageError
from gradcalc.graph import Value
from gradcalc.point.constants import Draws, constant
from gradcalc.point.reading import short

OPTIONS = "options are written --format json or -f json, before a --: gradcalc eval --help lists them"


def assignments(arguments: Iterable[str], draws: Draws | None = None) -> dict[str, Value]:
    """Return the point that NAME=VALUE arguments give; random values are drawn in their order."""
    point: dict[str, Value] = {}
    written: dict[str, str] = {}
    for argument in arguments:
        name, value = assignment(argument, draws)
        if name in point:
            message = f"{name} is given twice: '{written[name]}' and '{argument}'"
            raise UsageError(message, hint="give it one value")
        point[name], written[name] = value, argument
    return point


def assignment(argument: str, draws: Draws | None = None) -> tuple[str, Value]:
    """Return the name and the value of one NAME=VALUE argument."""
    name, equals, text = argument.partition("=")
    if not equals:
        raise UsageError(
            f"'{short(argument)}' is not NAME=VALUE", source=argument, span=Span(0, len(argument)),
            hint=_no_equals_hint(argument),
        )  # fmt: skip
    name = _name(argument, name)
    if is_empty(text):
        raise UsageError(
            f"{name} has no value", source=argument, span=Span(len(argument) - len(text) - 1, len(argument)),
            hint=f"write {name}=NUMBER",
        )  # fmt: skip
    return name, value(name, text, argument, len(argument) - len(text), draws)


def value(
    name: str, text: str, source: str | None = None, offset: int = 0, draws: Draws | None = None
) -> Value:
    """Return the value of a constant expression, or of what a file holds for @FILE.

    Errors draw their caret into `source`, where `text` stands at `offset`.
    """
    if text.startswith("@"):
        from gradcalc.point.files import value_in_file

        return value_in_file(name, text[1:], draws)
    return constant(text, source, offset, draws)


def is_empty(text: str) -> bool:
    """Whether a text holds nothing but blanks and a comment."""
    return not text.partition("#")[0].strip()


def _no_equals_hint(argument: str) -> str:
    if _is_name(argument):
        return f"write {argument}=NUMBER"
    if argument.startswith("-") and len(argument) > 1:
        return OPTIONS
    return "the program is the first argument; quote it if it has spaces: gradcalc 'x + y' x=1 y=2"


def _name(argument: str, text: str) -> str:
    name = text.strip()
    if _is_name(name):
        return canonical(name)
    message = f"'{short(text)}' is not a name" if name else f"'{short(argument)}' has no name"
    hint = OPTIONS if text.startswith("-") else "write NAME=VALUE"
    raise UsageError(message, source=argument, span=Span(0, max(1, len(text))), hint=hint)


def _is_name(text: str) -> bool:
    from gradcalc.language import valid_name

    return valid_name(text)


def canonical(name: str) -> str:
    """Return a name as graphs spell it."""
    if name.isascii():
        return name
    from gradcalc.language import canonical

    return canonical(name)
