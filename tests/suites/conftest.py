"""Suites written into a folder of their own, the command line, and files of gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.suites.cases import Settings
from gradcalc.suites.files import read
from gradcalc.suites.running import run

from ..gates.conftest import cli, written

__all__ = ["cases", "cli", "folder", "outcomes", "written"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder that tests work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cases(folder):
    """Return a function that reads the cases of a suite."""

    def read_cases(text, settings=None, name="suite.toml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, "utf-8")
        return list(read([name], settings or Settings()))

    return read_cases


@pytest.fixture
def outcomes(cases):
    """Return a function that runs a suite."""

    def run_suite(text, settings=None, jobs=1):
        return list(run(cases(text, settings), jobs))

    return run_suite
