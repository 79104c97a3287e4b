"""A word on the terminal for whoever has waited for a second."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Timer
from time import monotonic

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
            sys.stderr.write(f"{CLEAR}{self.count:,} {self.word} … (Ctrl-C stops it)")
            sys.stderr.flush()

    def between(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield pieces of text, each with the count out of its way."""
        for piece in pieces:
            self.clear()
            yield piece

    def clear(self) -> None:
        """Take the count back."""
        if self.shown:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
            self.shown = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.clear()
