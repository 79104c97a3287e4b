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


def test_the_word_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(patience, "DELAY", 0)
    with patience.patience("1 row") as progress:
        while not stream.getvalue():
            time.sleep(0.001)
        progress("2 rows")
    rest = " … (Ctrl-C stops it)"
    assert stream.getvalue() == f"1 row{rest}{patience.CLEAR}2 rows{rest}{patience.CLEAR}"


def test_a_word_that_changes_in_time_is_the_first_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(patience, "DELAY", 0.05)
    with patience.patience("1 row") as progress:
        progress("2 rows")
        while not stream.getvalue():
            time.sleep(0.001)
    assert stream.getvalue().startswith("2 rows")
