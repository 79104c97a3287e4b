"""The command line, as the tests of the commands run it."""

from ..commands.conftest import cli

__all__ = ["cli"]
