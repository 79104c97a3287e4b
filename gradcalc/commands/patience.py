"""A word on the terminal for whoever has waited for a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer

DELAY = 1.0
"""Seconds after which the word is said."""

CLEAR = "\r\033[K"


@contextmanager
def patience(word: str) -> Iterator[None]:
    """Say on standard error what takes so long, where that is a terminal; take it back at the end."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    said = Event()
    timer = Timer(DELAY, _say, [f"{word} … (Ctrl-C stops it)", said])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if said.is_set():
            _say(CLEAR, said)


def _say(text: str, said: Event) -> None:
    said.set()
    sys.stderr.write(text)
    sys.stderr.flush()
