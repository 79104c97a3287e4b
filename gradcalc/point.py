"""Points: where the gradient is taken, read from arguments and from files.

`assignments` reads NAME=VALUE arguments, `from_file` a JSON object, a TOML table or a CSV file with
a header and one row. A value is a constant expression of the language (`pi/4`, `-2^3`); in JSON and
TOML it is a number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, NoReturn

from gradcalc.errors import GradcalcError, Span, UsageError

PLAIN = frozenset("0123456789.+-eE_")
"""Letters of plain numbers: what float() reads the way the language does, without `nan` and `inf`."""

LARGEST = f"the largest double is {sys.float_info.max:.4g}"


def assignments(arguments: Iterable[str]) -> dict[str, float]:
    """Return the point that NAME=VALUE arguments give."""
    point: dict[str, float] = {}
    written: dict[str, str] = {}
    for argument in arguments:
        name, value = assignment(argument)
        if name in point:
            raise UsageError(
                f"{name} is given twice: '{written[name]}' and '{argument}'", hint="give it one value"
            )
        point[name], written[name] = value, argument
    return point


def assignment(argument: str) -> tuple[str, float]:
    """Return the name and the number of one NAME=VALUE argument."""
    name, equals, text = argument.partition("=")
    if not equals:
        raise UsageError(
            f"'{argument}' is not NAME=VALUE", source=argument, span=Span(0, len(argument)),
            hint=_no_equals_hint(argument),
        )  # fmt: skip
    name = _name(argument, name)
    if not text.strip():
        raise UsageError(
            f"{name} has no value", source=argument, span=Span(len(argument) - len(text) - 1, len(argument)),
            hint=f"write {name}=NUMBER",
        )  # fmt: skip
    if text.startswith("@"):
        return name, _number_in_file(text[1:])
    return name, number(text, argument, len(argument) - len(text))


def _no_equals_hint(argument: str) -> str:
    if _is_name(argument):
        return f"write {argument}=NUMBER"
    return "the program is the first argument; quote it if it has spaces: gradcalc 'x + y' x=1 y=2"


def _name(argument: str, text: str) -> str:
    name = text.strip()
    if _is_name(name):
        return _canonical(name)
    message = f"'{text}' is not a name" if name else f"'{argument}' has no name"
    raise UsageError(message, source=argument, span=Span(0, max(1, len(text))), hint="write NAME=VALUE")


def _is_name(text: str) -> bool:
    from gradcalc.language import valid_name

    return valid_name(text)


def _canonical(name: str) -> str:
    from gradcalc.language.tokens import canonical

    return canonical(name)


def number(text: str, source: str | None = None, offset: int = 0) -> float:
    """Return the number that a constant expression stands for.

    Errors draw their caret into `source`, where `text` stands at `offset`.
    """
    source = text if source is None else source
    value = _plain(text.strip())
    if value is None:
        value = _constant(text, source, offset)
    if not isfinite(value):
        whole = Span(offset, offset + len(text))
        raise UsageError(f"the value '{_short(text)}' is not finite", source=source, span=whole, hint=LARGEST)
    return value


def _plain(text: str) -> float | None:
    """Return a plain number without loading the parser, None for anything that is more."""
    if not PLAIN.issuperset(text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _constant(text: str, source: str, offset: int) -> float:
    from gradcalc.language import parse

    try:
        graph = parse(text, ())
        return graph.forward({})[graph.output]
    except GradcalcError as error:
        span = error.span and Span(error.span.start + offset, error.span.end + offset)
        raise type(error)(error.message, source=source, span=span, hint=error.hint) from None


def _number_in_file(path: str) -> float:
    text = read_text(path)
    try:
        return number(text.strip())
    except GradcalcError as error:
        message = f"'{path}': {error.message}"
        raise type(error)(message, source=error.source, span=error.span, hint=error.hint) from None


# Files.


def read_text(path: str) -> str:
    """Return the text of a file, or of standard input for `-`."""
    from pathlib import Path

    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except (OSError, ValueError, AttributeError) as error:  # a NUL in the path; no stdin
        raise UsageError(f"cannot read {_label(path)}: {_reason(error)}") from None
    return decode(data, _label(path))


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or "it is not there").lower()


def _label(path: str) -> str:
    return "standard input" if path == "-" else f"'{path}'"


def decode(data: bytes, label: str) -> str:
    """Return UTF-8 text; the label names it where it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise UsageError(f"{label} is not UTF-8 text: byte 0x{byte:02x} in line {line}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{label} is not a text: it has a NUL in line {line}")
    return text.replace("\r\n", "\n")


def from_file(path: str) -> dict[str, float]:
    """Return the point that a file holds; the name's suffix says how, `-` is JSON on standard input."""
    suffix = "json" if path == "-" else path.rpartition(".")[2].lower()
    reader = READERS.get(suffix)
    if reader is None:
        raise UsageError(f"cannot tell how '{path}' is written", hint="name it .json, .toml or .csv")
    point = reader(read_text(path), _label(path))
    return {name if name.isascii() else _canonical(name): x for name, x in point.items()}


def _json(text: str, label: str) -> dict[str, float]:
    import json

    try:
        data = json.loads(text, object_pairs_hook=_pairs, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        message = f"{label} is not JSON: {_lower(error.msg)} in line {error.lineno}"
        raise UsageError(message, source=text, span=Span(error.pos, error.pos + 1)) from None
    except _RefusedError as error:
        raise UsageError(f"{label}: {error}") from None
    except RecursionError:
        raise UsageError(f"{label} is nested too deeply") from None
    except ValueError:  # a whole number of more digits than Python converts
        raise UsageError(f"{label} has a number that is too large", hint=LARGEST) from None
    if not isinstance(data, dict):
        raise UsageError(f"{label} holds {_what(data)}, not an object", hint='write {"x": 1, "y": 2}')
    return _numbers(data, label)


class _RefusedError(ValueError):
    """What JSON allows and a point does not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _RefusedError(f"'{twice}' is given twice")
    return data


def _refuse_constant(text: str) -> NoReturn:
    raise _RefusedError(f"{text} is not a number that a variable can have")


def _toml(text: str, label: str) -> dict[str, float]:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{label} is not TOML: {_lower(str(error))}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{label} has a number that is too large, or is nested too deeply") from None
    return _numbers(data, label)


def _numbers(data: Mapping[str, Any], label: str) -> dict[str, float]:
    point: dict[str, float] = {}
    for name, value in data.items():
        kind = type(value)
        if kind is not float and kind is not int:
            raise UsageError(f"{label}: '{name}' is {_what(value)}, not a number", hint=_what_hint(value))
        try:
            point[name] = float(value)
        except OverflowError:
            raise UsageError(f"{label}: '{name}' is too large", hint=LARGEST) from None
        if not isfinite(value):
            raise UsageError(f"{label}: '{name}' is not finite", hint=LARGEST)
    return point


def _what(value: Any) -> str:
    words = {bool: "a truth value", str: "a text", list: "a list", dict: "an object", type(None): "null"}
    return words.get(type(value), f"a {type(value).__name__}")


def _what_hint(value: Any) -> str:
    if isinstance(value, list):
        return "a variable is a single number: give each element its own name"
    return "write 1 or 0" if isinstance(value, bool) else ""


def _csv(text: str, label: str) -> dict[str, float]:
    import csv

    reader = csv.reader(text.splitlines(), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise UsageError(f"{label} is not CSV: {_lower(str(error))} in line {reader.line_num}") from None
    if len(rows) != 2:
        hint = "write a header with the names and one row of numbers"
        raise UsageError(f"{label} has {_rows(len(rows))}", hint=hint)
    (_, names), (line, cells) = rows
    if len(names) != len(cells):
        raise UsageError(f"{label}: line {line} has {len(cells)} cells for {len(names)} names")
    return _cells([name.strip() for name in names], cells, f"{label}, line {line}")


def _rows(count: int) -> str:
    return {0: "no rows", 1: "a header, but no row below it"}.get(count, f"{count - 1} rows below its header")


def _cells(names: list[str], cells: list[str], label: str) -> dict[str, float]:
    point: dict[str, float] = {}
    for name, cell in zip(names, cells, strict=True):
        if name in point:
            raise UsageError(f"{label}: '{name}' is given twice")
        try:
            point[name] = number(cell.strip())
        except GradcalcError as error:
            message = f"{label}: '{name}' is '{_short(cell)}': {error.message}"
            raise UsageError(message, hint=error.hint) from None
    return point


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _short(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


READERS: dict[str, Callable[[str, str], dict[str, float]]] = {"json": _json, "toml": _toml, "csv": _csv}
