"""Run the command line in this process, with streams of its own."""

import io
import sys
from typing import NamedTuple

import pytest

from gradcalc.commands import run


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def cli(monkeypatch):
    """Return a function that runs the command line and gives (code, out, err)."""
    for name in ("GRADCALC_FORMAT", "GRADCALC_CHECK", "NO_COLOR", "GRADCALC_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments, stdin=b"", columns=None, encoding="utf-8"):
        out = (Terminal if columns else io.TextIOWrapper)(io.BytesIO(), encoding=encoding)
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns or 80))
            patch.setenv("TERM", "xterm")
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run(arguments)
        out.flush()
        err.flush()
        return Done(code, out.buffer.getvalue().decode(encoding), err.buffer.getvalue().decode())

    return call
