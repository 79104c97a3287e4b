"""Rows: float32 kernels that must pass, a planted error that must not, and 10^5 rows of 10 variables."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from gradcalc.claims.judge import Terms
from gradcalc.suites.rows import check_rows
from tests.benchmarks.measure import gradcalc, python, report, side_by_side
from tests.benchmarks.noise import TEN
from tests.claims.kernels import KERNELS, WITH_UPSTREAM
from tests.suites.tables import blocks, claimed, counts

ROWS, BLOCK, PLANTED = 100_000, 65_536, 1e-3
NAMES = [f"x{k}" for k in range(10)]


def normal(*shape, scale=1.0, seed=7):
    return (np.random.default_rng(seed).standard_normal((ROWS, *shape)) * scale).astype(np.float32)


def kernel_columns(program, kernel, shape, scale, factor=1.0):
    """Return the rows that a kernel dumps, its gradient times a factor."""
    x, g = normal(*shape, scale=scale), normal(*shape, seed=8)
    with np.errstate(over="ignore"):
        value, gradient = kernel(x, g) if program in WITH_UPSTREAM else kernel(x)
    given = {"x": x, "upstream": g} if program in WITH_UPSTREAM else {"x": x}
    return {**given, "value": value, "grad_x": gradient * np.float32(factor)}


def checked(program, columns, **options):
    """Return the counts, the last note, and the seconds."""
    start = time.perf_counter()
    outcomes = list(check_rows(program, blocks(columns, BLOCK), Terms(precision="float32"), **options))
    return counts(outcomes), outcomes[-1].notes[0], time.perf_counter() - start


def kernels() -> None:
    print(f"{'program':<12} {'kernel':<22} scale  right: rows that fail   0.1 % off: caught   seconds each")
    for program in ("silu(x)", "softmax(x)", "layer_norm(x)", "gelu(x)"):
        shape, own = KERNELS[program]
        for kernel in own:
            for scale in (1.0, 5.0):
                right, note, seconds = checked(program, kernel_columns(program, kernel, shape, scale))
                wrong, _, more = checked(program, kernel_columns(program, kernel, shape, scale, 1 + PLANTED))
                caught = 100 * wrong.get("failed", 0) / ROWS
                print(
                    f"{program:<12} {kernel.__name__:<22} {scale:>5} {ROWS - right['passed']:>10} of {ROWS:,}"
                    f"{caught:>17.3f} % {seconds:>10.2f} {more:.2f}   {note}"
                )


def write(path: Path) -> None:
    """Write 10^5 rows of claims as a kernel in double precision prints them."""
    points = {name: np.random.default_rng(k).standard_normal(ROWS) for k, name in enumerate(NAMES)}
    columns = {**points, **claimed(TEN, points)}
    table = np.stack(list(columns.values()), axis=1)
    np.savetxt(path, table, fmt="%.17g", delimiter=",", header=",".join(columns), comments="")


def ten_variables() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write(path)
        arguments = ["check", "--program", TEN, "--rows", str(ROWS), str(path)]
        reading = f"from gradcalc.batch.reading import blocks\nfor _ in blocks({str(path)!r}): pass"
        found = side_by_side({"check": gradcalc(*arguments), "reading": python(reading)}, 3)
        report(f"{ROWS:,} rows of 10 variables, to reading", found["check"], found["reading"], "under 5 s")


def one_by_one() -> None:
    """Measure rows that doubles cannot decide: all at a kink."""
    columns = {"x": np.zeros(500), "y": np.arange(500.0), "grad_y": np.ones(500), "grad_x": np.ones(500)}
    start = time.perf_counter()
    list(check_rows("relu(x)*exp(-y) + y", blocks(columns, BLOCK), sample=0))
    print(f"rows at a kink, judged in high precision: {500 / (time.perf_counter() - start):.0f} a second")


def main() -> None:
    ten_variables()
    one_by_one()
    kernels()


if __name__ == "__main__":
    main()
