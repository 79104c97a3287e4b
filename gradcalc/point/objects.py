"""Objects: JSON and TOML, whose values are numbers and nested lists of them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from gradcalc.errors import Span, UsageError
from gradcalc.graph import Value
from gradcalc.point.reading import choose, label, lower, read_text
from gradcalc.point.values import LARGEST, convert, describe, require_finite

if TYPE_CHECKING:
    from json import JSONDecoder

DOTS = 1_000
"""Dots in the names of a line beyond which TOML is not read: tomllib takes the square of them."""

NUMBER = re.compile(r"(?<![\w.])\d[\d_]*\.[\d_]+(?:[eE][-+]?\d+)?(?![\w.])")
"""A number with a dot, which is part of no name."""


def point(data: Any, label: str) -> dict[str, Value]:
    """Return the point that an object is."""
    if not isinstance(data, dict):
        raise UsageError(f"{label} holds {describe(data)}, not an object", hint='write {"x": 1, "y": [2, 3]}')
    return {name: _converted(f"{label}: '{name}'", x) for name, x in data.items()}


def value(data: Any, label: str, key: str | None) -> Value:
    """Return the value that a file holds, or its object's one of that key."""
    if isinstance(data, dict):
        name = choose(label, "key", key, data)
        return _converted(f"{label}: '{name}'", data[name])
    if key is not None:
        raise UsageError(f"{label} holds {describe(data)}, not an object with a '{key}'")
    return _converted(label, data)


def _converted(what: str, x: Any) -> Value:
    value = convert(what, x, truths=False)
    require_finite(what, value)
    return value


def json(path: str) -> Any:
    """Return what a JSON file holds."""
    text, name = read_text(path), label(path)
    if not text.strip():
        raise UsageError(f"{name} is not JSON: it is empty", hint='write {"x": 1, "y": [2, 3]}')
    return decoded(text, name)


def decoded(text: str, label: str, before: int = 0) -> Any:
    """Return what a JSON text holds that so many lines of its file stand before."""
    from json import JSONDecodeError

    try:
        return _decoder().decode(text)
    except JSONDecodeError as error:
        message = f"{label} is not JSON: {lower(error.msg)} in line {before + error.lineno}"
        raise UsageError(message, source=text, span=Span(error.pos, error.pos + 1)) from None
    except _TwiceError as error:
        raise UsageError(f"{label}: '{error}' is given twice") from None
    except RecursionError:
        raise UsageError(f"{label} is nested too deeply") from None
    except ValueError:  # a whole number of more digits than Python converts
        raise UsageError(f"{label} has a number that is too large", hint=LARGEST) from None


@cache
def _decoder() -> JSONDecoder:
    from json import JSONDecoder

    return JSONDecoder(object_pairs_hook=_pairs)


class _TwiceError(ValueError):
    """A name that an object has twice, which JSON allows and a point does not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _TwiceError(twice)
    return data


def toml(path: str) -> dict[str, Any]:
    """Return what a TOML file holds."""
    import tomllib

    text, name = read_text(path), label(path)
    try:
        return parsed_toml(text, name)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is not TOML: {lower(str(error))}") from None


def parsed_toml(text: str, label: str) -> dict[str, Any]:
    """Return what a text holds; raises tomllib's own error where it is no TOML."""
    import tomllib

    if any(NUMBER.sub("", line).count(".") > DOTS for line in text.splitlines()):
        raise UsageError(f"{label} has more than {DOTS:,} dots in a line", hint="write one x = 1.5 a line")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except (ValueError, RecursionError):
        raise UsageError(f"{label} has a number that is too large, or is nested too deeply") from None
