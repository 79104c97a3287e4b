"""The command line, and files of gates."""

import pytest

from ..commands.conftest import cli
from .own import FILE

__all__ = ["cli", "written"]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes a file of gates into the folder of the test."""
    monkeypatch.chdir(tmp_path)

    def write(text=FILE, name="my_gates.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write
