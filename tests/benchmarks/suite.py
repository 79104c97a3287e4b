"""A suite of 1,000 distinct scalar cases of 10 to 30 nodes: cases a second, in one process and in two.

    python -m tests.benchmarks.suite [--profile]

SymPy's import is set aside: what a suite of one case takes is taken off.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from gradcalc.language import parse
from gradcalc.pipeline import compute
from tests.benchmarks.measure import run

CASES, FEWEST, MOST = 1_000, 10, 30

UNARY = ("sin({})", "cos({})", "tanh({})", "sigmoid({})", "exp(-{}^2)", "log(2 + {}^2)", "sqrt(1 + {}^2)",
         "softplus({})", "relu({})", "atan({})", "{}^3", "gelu({})", "-{}")  # fmt: skip
BINARY = ("{} + {}", "{}*{}", "{} - {}", "{}/(3 + {}^2)", "max({}, {})", "hypot({}, {})")
"""Steps that are defined everywhere."""


def program(draw: random.Random) -> str:
    """Return a program of some statements, of which the last uses all that nothing else used."""
    names = list("xyzw")
    lines = []
    unused = set(names)
    for k in range(draw.randint(4, 10)):
        step = draw.choice(UNARY if draw.random() < 0.5 else BINARY)
        used = draw.choices([*sorted(unused), *names], k=step.count("{}"))
        lines.append(f"v{k} = {step.format(*used)}")
        names.append(f"v{k}")
        unused = (unused - set(used)) | {f"v{k}"}
    return "; ".join([*lines, " + ".join(sorted(unused))])


def case(draw: random.Random) -> str:
    """Return a case as it is written in a suite, with claims for value and gradients."""
    while True:
        text = program(draw)
        graph = parse(text)
        if FEWEST <= len(graph) <= MOST:
            break
    point = {name: draw.uniform(-2, 2) for name in graph.variables}
    result = compute(text, point, check=False)
    claims = {"value": result.output.value, **{f"grad_{name}": g for name, g in result.gradients.items()}}
    tables = (f"{key} = {{{', '.join(f'{name} = {x!r}' for name, x in table.items())}}}"
              for key, table in (("point", point), ("claims", claims)))  # fmt: skip
    return "\n".join(["[[case]]", f'program = "{text}"', *tables, ""])


def seconds(*arguments: str) -> tuple[float, float]:
    """Return wall clock and the processor's time of a check, of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = run([sys.executable, "-m", "gradcalc", "check", *arguments]).seconds
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def profile(file: str) -> None:
    """Print where the time of one process goes."""
    from gradcalc.commands import run as command

    with cProfile.Profile() as profiler:
        command(["check", file])
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


def main() -> None:
    draw = random.Random(0)
    cases = [case(draw) for _ in range(CASES)]
    with tempfile.TemporaryDirectory() as folder:
        many, one = Path(folder) / "many.toml", Path(folder) / "one.toml"
        many.write_text("\n".join(cases))
        one.write_text(cases[0])
        if "--profile" in sys.argv:
            profile(str(many))
            return
        start, start_cpu = seconds(str(one))
        wall, cpu = seconds(str(many))
        wall_2, cpu_2 = seconds(str(many), "--jobs", "2")
        start_2, _ = seconds(str(one), "--jobs", "2")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; {time.ctime()}")
    print(f"one case: {start:.2f} s, {start_cpu:.2f} s of the processor")
    print(f"{CASES:,} cases in one process: {CASES / (wall - start):.0f} a second, "
          f"{CASES / (cpu - start_cpu):.0f} a second of the processor (aim: 100)")  # fmt: skip
    print(f"--jobs 2: {(wall - start) / (wall_2 - start_2):.2f} times as fast "
          f"({cpu_2:.1f} s of the processor instead of {cpu:.1f})")  # fmt: skip


if __name__ == "__main__":
    main()
