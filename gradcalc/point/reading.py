"""Reading: the text of a file, and what all readers of files share."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from gradcalc.errors import UsageError, suggest

LISTED = 8
"""Names that an error lists."""


def read_text(path: str) -> str:
    """Return the text of a file, or of standard input for `-`."""
    from pathlib import Path

    if not path:
        raise UsageError("the name of a file is missing behind @", hint="write @FILE")
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except (OSError, ValueError, AttributeError) as error:  # a NUL in the path; no stdin
        raise cannot_read(path, error) from None
    return decode(data, label(path))


def cannot_read(path: str, error: Exception) -> UsageError:
    """Return the error for a file that the system does not let read."""
    text = error.strerror if isinstance(error, OSError) else None
    return UsageError(f"cannot read {label(path)}: {(text or 'it is not there').lower()}")


def label(path: str) -> str:
    """Return what errors call a file."""
    return "standard input" if path == "-" else f"'{path}'"


def decode(data: bytes, label: str, before: int = 0) -> str:
    """Return UTF-8 text that so many lines stand before; the label names it where it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = before + data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise UsageError(f"{label} is not UTF-8 text: byte 0x{byte:02x} in line {line}") from None
    if "\0" in text:
        line = before + text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{label} is not a text: it has a NUL in line {line}")
    return text.replace("\r\n", "\n")


def choose(label: str, kind: str, key: str | None, names: Iterable[str]) -> str:
    """Return the one of the names in a file that is meant: the key, or without a key the only one."""
    known = list(names)
    listed = ", ".join(known[:LISTED]) + (", …" if len(known) > LISTED else "")
    if key in known:
        return str(key)
    if key is not None:
        near = suggest(key, filter(None, known))
        hint = f"did you mean '{near}'?" if near else f"it has {listed or 'none'}"
        raise UsageError(f"{label} has no {kind} '{short(key)}'", hint=hint)
    if len(known) != 1:
        hint = f"write which one behind a colon: @FILE:{known[0]}" if known else ""
        raise UsageError(f"{label} has {len(known)} {kind}s{': ' * bool(known)}{listed}", hint=hint)
    return known[0]


def lower(text: str) -> str:
    """Return the text with a small first letter."""
    return text[:1].lower() + text[1:]


def short(text: str, limit: int = 40) -> str:
    """Return the text, cut where it is long."""
    return text if len(text) <= limit else text[:limit] + "…"
