"""Commands timed side by side: A B A B …, as whole processes, with their peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Bytecode is kept between runs, as it is for whoever installed the program."""


class Run(NamedTuple):
    """Wall seconds and peak resident megabytes of one process."""

    seconds: float
    megabytes: float


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; what it prints is thrown away, a failure is not."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(command)[:200]}")
    return Run(seconds, usage.ru_maxrss / 1024)


def side_by_side(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Run]:
    """Return each command's median over rounds in which all of them take turns, after one warm-up."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            found = run(command)
            if number:
                runs[name].append(found)
    return {name: Run(*map(statistics.median, zip(*found, strict=True))) for name, found in runs.items()}


def gradcalc(*arguments: str) -> list[str]:
    """Return the command line of gradcalc in this environment."""
    return [os.path.join(os.path.dirname(sys.executable), "gradcalc"), *arguments]  # noqa: PTH118, PTH120


def python(code: str) -> list[str]:
    """Return the command line that runs code."""
    return [sys.executable, "-c", code]


def report(name: str, found: Run, against: Run, aim: str) -> None:
    """Print one line: the figure, the ratio, and what it is held to."""
    ratio = found.seconds / against.seconds
    print(f"{name:<44} {found.seconds:8.3f} s {found.megabytes:8.0f} MB   ratio {ratio:5.2f}   ({aim})")
