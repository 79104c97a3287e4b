"""The word for whoever waits: on a terminal alone, after a while alone, and taken back."""

from __future__ import annotations

import io
import time

import pytest

from gradcalc.commands import patience


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def waited(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, delay: float) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(patience, "DELAY", delay)
    with patience.patience("checking"):
        while delay == 0 and stream.isatty() and not stream.getvalue():
            time.sleep(0.001)
    return stream.getvalue()


def test_a_terminal_is_told_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, Terminal(), 0) == "checking … (Ctrl-C stops it)" + patience.CLEAR


def test_a_quick_calculation_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, Terminal(), 60) == ""


def test_a_pipe_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, io.StringIO(), 0) == ""
