"""Files: one that holds a whole point (--at), one that holds a value (@FILE, @FILE:KEY)."""

from __future__ import annotations

import os
from collections.abc import Callable

from gradcalc.errors import GradcalcError, UsageError
from gradcalc.graph import Value
from gradcalc.point import objects, tables
from gradcalc.point.arguments import canonical, is_empty
from gradcalc.point.constants import Draws, constant
from gradcalc.point.reading import label, read_text, short


def from_file(path: str) -> dict[str, Value]:
    """Return the point that a file holds; the name's suffix says how, `-` is JSON on standard input."""
    if not path:
        raise UsageError("the name of the file with the point is empty")
    reader = POINTS.get("json" if path == "-" else suffix(path))
    if reader is None:
        raise UsageError(f"cannot tell how '{path}' is written", hint="name it .json, .toml, .csv or .npz")
    point: dict[str, Value] = {}
    for written, value in reader(path).items():
        name = canonical(written)
        if name in point:
            raise UsageError(f"{label(path)}: '{name}' is given twice", hint="two spellings are one name")
        point[name] = value
    return point


def value_in_file(name: str, path: str, draws: Draws | None = None) -> Value:
    """Return the value in a file, `path` or `path:key`; the name's suffix says how it is written."""
    file, key = located(path)
    if key == "":
        raise UsageError(f"the key behind {label(file)}: is missing", hint=f"write @{file}:KEY")
    reader = VALUES.get(suffix(file))
    if reader is not None:
        return reader(file, key)
    if key is not None:
        raise UsageError(f"{label(file)} is one value and has no '{short(key)}' in it", hint=f"write @{file}")
    return _in_text(name, read_text(file), label(file), draws)


def located(path: str) -> tuple[str, str | None]:
    """Return the file and the key that `path` or `path:key` names; a file of the whole name comes first."""
    splits = [(path[:i], path[i + 1 :]) for i in range(len(path) - 1, 0, -1) if path[i] == ":"]
    for file, key in [(path, None), *splits]:
        if os.path.exists(file):  # noqa: PTH110 - Path's raises for names that are too long
            return file, key
    return next((split for split in splits if suffix(split[0]) in VALUES), (path, None))


def suffix(path: str) -> str:
    """Return the letters behind the last dot, small."""
    return path.rpartition(".")[2].lower() if "." in path else ""


def _in_text(name: str, text: str, label: str, draws: Draws | None) -> Value:
    text = text.strip()
    if is_empty(text) and all(map(is_empty, text.splitlines())):
        raise UsageError(f"{label}: {name} has no value", hint="write one number into it")
    if tables.is_matrix(text):
        return tables.matrix(text, label)
    try:
        return constant(text, draws=draws)
    except GradcalcError as error:
        message = f"{label}: {error.message}"
        raise type(error)(message, source=error.source, span=error.span, hint=error.hint) from None


def _npz_point(path: str) -> dict[str, Value]:
    from gradcalc.point.arrays import npz_point

    return npz_point(path)


def _npz_value(path: str, key: str | None) -> Value:
    from gradcalc.point.arrays import npz_value

    return npz_value(path, key)


def _npy_value(path: str, key: str | None) -> Value:
    from gradcalc.point.arrays import npy_value

    if key is not None:
        raise UsageError(f"{label(path)} is one array and has no '{short(key)}' in it", hint=f"write @{path}")
    return npy_value(path)


POINTS: dict[str, Callable[[str], dict[str, Value]]] = {
    "json": lambda path: objects.point(objects.json(path), label(path)),
    "toml": lambda path: objects.point(objects.toml(path), label(path)),
    "csv": lambda path: tables.point(path, ","),
    "tsv": lambda path: tables.point(path, "\t"),
    "npz": _npz_point,
}
"""Suffix -> how a file of its kind is read as a point."""

VALUES: dict[str, Callable[[str, str | None], Value]] = {
    "json": lambda path, key: objects.value(objects.json(path), label(path), key),
    "toml": lambda path, key: objects.value(objects.toml(path), label(path), key),
    "csv": lambda path, key: tables.value(path, ",", key),
    "tsv": lambda path, key: tables.value(path, "\t", key),
    "npy": _npy_value,
    "npz": _npz_value,
}
"""Suffix -> how a file of its kind is read as one value, that of a key where it has keys."""
