"""A word on the terminal for whoever has waited for a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Timer

DELAY = 1.0
"""Seconds after which the word is said."""

CLEAR = "\r\033[K"


@contextmanager
def patience(word: str) -> Iterator[Callable[[str], None]]:
    """Say on standard error what takes so long, where that is a terminal; take it back at the end.

    What it yields takes another word to be said in its place: how far the work has come.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda word: None  # noqa: ARG005 - nobody reads it
        return
    words, said = [word], Event()
    timer = Timer(DELAY, _say, [words, said])
    timer.daemon = True

    def progress(word: str) -> None:
        words[:] = [word]
        if said.is_set():
            _say(words, said, CLEAR)

    timer.start()
    try:
        yield progress
    finally:
        timer.cancel()
        if said.is_set():
            _write(CLEAR)


def _say(words: list[str], said: Event, before: str = "") -> None:
    said.set()
    _write(f"{before}{words[0]} … (Ctrl-C stops it)")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
