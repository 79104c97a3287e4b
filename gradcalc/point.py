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

from gradcalc.errors import GradcalcError, NumberError, Span, UsageError

PLAIN = frozenset("0123456789.+-eE_")
"""Letters of plain numbers: what float() reads the way the language does, without `nan` and `inf`."""

CONSTANT = "a value is a finite number or a constant expression: 1e-3, pi/4, -2^3"

OPTIONS = "options are written --format json or -f json, before a --: gradcalc eval --help lists them"

DOTS = 1_000
"""Dots in a line beyond which TOML is not read."""

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
            f"'{_short(argument)}' is not NAME=VALUE", source=argument, span=Span(0, len(argument)),
            hint=_no_equals_hint(argument),
        )  # fmt: skip
    name = _name(argument, name)
    if _is_empty(text):
        raise UsageError(
            f"{name} has no value", source=argument, span=Span(len(argument) - len(text) - 1, len(argument)),
            hint=f"write {name}=NUMBER",
        )  # fmt: skip
    if text.startswith("@"):
        return name, _number_in_file(name, text[1:])
    return name, number(text, argument, len(argument) - len(text))


def _no_equals_hint(argument: str) -> str:
    if _is_name(argument):
        return f"write {argument}=NUMBER"
    if argument.startswith("-") and len(argument) > 1:
        return OPTIONS
    return "the program is the first argument; quote it if it has spaces: gradcalc 'x + y' x=1 y=2"


def _name(argument: str, text: str) -> str:
    name = text.strip()
    if _is_name(name):
        return _canonical(name)
    message = f"'{_short(text)}' is not a name" if name else f"'{_short(argument)}' has no name"
    hint = OPTIONS if text.startswith("-") else "write NAME=VALUE"
    raise UsageError(message, source=argument, span=Span(0, max(1, len(text))), hint=hint)


def _is_empty(text: str) -> bool:
    return not text.partition("#")[0].strip()


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
    value, reason = _plain(text.strip()), LARGEST
    if value is None:
        value, reason = _constant(text, source, offset)
    if not isfinite(value):
        whole = Span(offset, offset + len(text))
        raise UsageError(f"the value '{_short(text)}' is not finite", source=source, span=whole, hint=reason)
    return value


def _plain(text: str) -> float | None:
    """Return a plain number without loading the parser, None for anything that is more."""
    if not PLAIN.issuperset(text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _constant(text: str, source: str, offset: int) -> tuple[float, str]:
    """Return the value of a constant expression, and why it is not finite where it is not."""
    from gradcalc.forward import require_finite
    from gradcalc.language import parse

    try:
        graph = parse(text, ())
    except GradcalcError as error:
        span = error.span and Span(error.span.start + offset, error.span.end + offset)
        hint = CONSTANT if error.hint.startswith("give it a value") else error.hint
        raise type(error)(error.message, source=source, span=span, hint=hint) from None
    try:
        parse(f"({text}\n)", ())  # in brackets nothing is named, and no second statement begins
    except GradcalcError:
        whole = Span(offset, offset + len(text))
        message = f"the value '{_short(text)}' is more than one expression"
        raise UsageError(message, source=source, span=whole, hint=CONSTANT) from None
    values = graph.forward({})
    try:
        require_finite(graph, values)
    except NumberError as error:
        return values[graph.output], error.message
    return values[graph.output], ""


def _number_in_file(name: str, path: str) -> float:
    text = read_text(path).strip()
    label = _label(path)
    if _is_empty(text):
        raise UsageError(f"{label}: {name} has no value", hint="write one number into it")
    try:
        return number(text)
    except GradcalcError as error:
        message = f"{label}: {error.message}"
        raise type(error)(message, source=error.source, span=error.span, hint=error.hint) from None


# Files.


def read_text(path: str) -> str:
    """Return the text of a file, or of standard input for `-`."""
    from pathlib import Path

    if not path:
        raise UsageError("the name of a file is missing behind @", hint="write @FILE")
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
    if not path:
        raise UsageError("the name of the file with the point is empty")
    suffix = "json" if path == "-" else path.rpartition(".")[2].lower()
    reader = READERS.get(suffix)
    if reader is None:
        raise UsageError(f"cannot tell how '{path}' is written", hint="name it .json, .toml or .csv")
    point: dict[str, float] = {}
    for written, value in reader(read_text(path), _label(path)).items():
        name = written if written.isascii() else _canonical(written)
        if name in point:
            raise UsageError(f"{_label(path)}: '{name}' is given twice", hint="two spellings are one name")
        point[name] = value
    return point


def _json(text: str, label: str) -> dict[str, float]:
    import json

    if not text.strip():
        raise UsageError(f"{label} is not JSON: it is empty", hint='write {"x": 1, "y": 2}')
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

    if any(line.count(".") > DOTS for line in text.splitlines()):  # tomllib takes the square of that
        raise UsageError(f"{label} has more than {DOTS:,} dots in a line", hint="write one x = 1.5 a line")
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


WHAT = {
    bool: "a truth value", int: "a number", float: "a number", str: "a text", list: "a list",
    dict: "an object", type(None): "null",
}  # fmt: skip


def _what(value: Any) -> str:
    return WHAT.get(type(value), f"a {type(value).__name__}")


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
        if not name:
            continue  # the numbers of the rows, as spreadsheets and pandas write them
        if _is_empty(cell):
            raise UsageError(f"{label}: '{name}' is '{_short(cell)}': it has no value")
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
