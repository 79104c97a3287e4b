"""Where a report goes: standard output or a file, with colour or without."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from gradcalc.errors import UsageError, printable
from gradcalc.report import NodeChoice, Options


def options(color: str = "auto", nodes: NodeChoice | None = None, file: str | None = None) -> Options:
    """Return how a report is to be written to standard output, or to a file."""
    if file is not None:
        return Options(nodes=nodes)
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Options(
        nodes, terminal_width() if terminal else None, wants_colour(color, terminal), not unicode()
    )


def terminal_width() -> int:
    """Return the columns of the terminal; COLUMNS overrides what it says itself."""
    from shutil import get_terminal_size

    return get_terminal_size().columns


def wants_colour(color: str, terminal: bool) -> bool:
    """Whether to use colour: --color says, else NO_COLOR, else whether this is a terminal."""
    if color != "auto":
        return color == "always"
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def unicode() -> bool:
    """Whether standard output takes the signs of the table."""
    try:
        "×…─✓≈✗".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def emit(pieces: Iterable[str], file: str | None = None) -> None:
    """Write a report to standard output, or to a file; a file is opened once the whole text is there."""
    if file is None:
        if sys.stdout is None:
            raise UsageError("cannot write: standard output is closed")
        sys.stdout.writelines(pieces)
        return
    from pathlib import Path

    text = "".join(pieces)
    with sentences(file):
        Path(file).write_text(text, encoding="utf-8")


def stream(pieces: Iterable[str]) -> None:
    """Write pieces to standard output, each at once: whoever reads them need not wait for the end."""
    if sys.stdout is None:
        raise UsageError("cannot write: standard output is closed")
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()


def emit_bytes(data: bytes, file: str) -> None:
    """Write a file."""
    from pathlib import Path

    with sentences(file):
        Path(file).write_bytes(data)


@contextmanager
def streaming(file: str | None) -> Iterator[BinaryIO]:
    """Open standard output or a file for data that come bit by bit.

    A file has its old content until the new one is whole: a program may read what it writes over.
    """
    if file is None:
        if sys.stdout is None:
            raise UsageError("cannot write: standard output is closed")
        yield sys.stdout.buffer
        return
    whole = os.path.realpath(file)
    part = f"{whole}.part" if os.path.isfile(whole) or not os.path.exists(whole) else whole  # noqa: PTH110, PTH113
    with sentences(file):
        stream = open(part, "wb")  # noqa: PTH123, SIM115 - a pipe or a device is opened as well
    try:
        with stream:
            yield stream
    except BaseException:
        if part != whole:
            os.unlink(part)  # noqa: PTH108
        raise
    if part != whole:
        with sentences(file):
            os.replace(part, whole)  # noqa: PTH105


@contextmanager
def sentences(file: str) -> Iterator[None]:
    """Turn what writing a file ends in into a sentence."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot write '{file}': {(reason or '').lower()}") from None


def note(text: str) -> None:
    """Say something on stderr, if it is there."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(printable(text), file=sys.stderr)  # noqa: T201 - what is no data goes to stderr
