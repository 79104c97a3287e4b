"""A word on the terminal for whoever has waited for a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Timer
from time import monotonic

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


class Progress:
    """A count on standard error, where that is a terminal; it gives way to whatever else is written."""

    def __init__(self, word: str) -> None:
        self.word, self.count, self.shown = word, 0, False
        self.wanted = sys.stderr is not None and sys.stderr.isatty()
        self.last = monotonic()

    def add(self, count: int) -> None:
        """Count, and say so once a second."""
        self.count += count
        if self.wanted and monotonic() - self.last >= DELAY:
            self.last, self.shown = monotonic(), True
            _write(f"{CLEAR}{self.count:,} {self.word} … (Ctrl-C stops it)")

    def between(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield pieces of text, each with the count out of its way."""
        for piece in pieces:
            self.clear()
            yield piece

    def clear(self) -> None:
        """Take the count back."""
        if self.shown:
            _write(CLEAR)
            self.shown = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.clear()
