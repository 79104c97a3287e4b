"""--each: a million rows, beside JAX, autograd and NumPy for the computing, and beside the file for the rest.

`python -m tests.benchmarks.each [ROWS]`. What is not installed is left out.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcalc.batch.each import Each
from gradcalc.batch.reading import blocks
from gradcalc.batch.table import Block
from gradcalc.batch.writing import SYNTAX, Text
from gradcalc.language import parse
from tests.benchmarks.measure import run

FORMULA = "0.5*m*v^2 + m*9.81*h + 0.5*k*sin(w*m)^2*exp(-h/8)"
"""The energy of a mass: kinetic, in the Earth's field, and in a field that fades with height."""

NAMES = ("m", "v", "h", "k", "w")

ROUNDS = 5

Columns = Mapping[str, Any]


def formula(np: Any, m: Any, v: Any, h: Any, k: Any, w: Any) -> Any:
    """Return the same formula in the functions of NumPy, of autograd or of JAX."""
    return 0.5 * m * v**2 + m * 9.81 * h + 0.5 * k * np.sin(w * m) ** 2 * np.exp(-h / 8)


def with_gradcalc(columns: Columns) -> Callable[[], Any]:
    """Return our own passes over all rows."""
    each, rows = Each(parse(FORMULA), {}, NAMES), len(columns["m"])
    return lambda: each.run(columns, rows)


def with_numpy(columns: Columns) -> Callable[[], Any]:
    """Return NumPy's forward alone: no gradients."""
    return lambda: formula(np, **columns)


def with_autograd(columns: Columns) -> Callable[[], Any] | None:
    """Return autograd's value and all gradients, elementwise: one backward pass over all rows."""
    try:
        import autograd.numpy as anp
        from autograd import value_and_grad
    except ImportError:
        return None
    function = value_and_grad(lambda *x: anp.sum(formula(anp, *x)), argnum=(0, 1, 2, 3, 4))
    return lambda: function(*columns.values())


def with_jax(columns: Columns) -> Callable[[], Any] | None:
    """Return JAX's, compiled beforehand, in float64, with the columns in its own arrays already."""
    try:
        import jax
    except ImportError:
        return None
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def value_and_gradients(*x: Any) -> Any:
        value, pull = jax.vjp(lambda *x: formula(jnp, *x), *x)
        return value, pull(jnp.ones_like(value))

    function, given = jax.jit(value_and_gradients), [jnp.asarray(x) for x in columns.values()]
    return lambda: jax.block_until_ready(function(*given))


def fastest(work: Mapping[str, Callable[[], Any] | None]) -> dict[str, float]:
    """Return the seconds of the fastest of the rounds in which all take turns, after one to warm up.

    The fastest is the least disturbed one, where the machine has others to serve.
    """
    seconds: dict[str, list[float]] = {name: [] for name, do in work.items() if do}
    for number in range(ROUNDS + 1):
        for name in seconds:
            start = time.perf_counter()
            work[name]()  # type: ignore[misc] - those that are None are left out
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: min(found) for name, found in seconds.items()}


def ratios(seconds: Mapping[str, float], ours: str) -> None:
    """Print each figure, and how many times it ours takes."""
    for name, found in seconds.items():
        print(f"  {name:<58} {found:7.3f} s" + f"   ratio {seconds[ours] / found:5.2f}" * (name != ours))


def computing(columns: Columns) -> None:
    """Print the computing of value and all gradients beside its peers."""
    ours = "gradcalc: value and all gradients"
    print("computing")
    work = {
        ours: with_gradcalc(columns),
        "JAX, jitted, float64": with_jax(columns),
        "autograd": with_autograd(columns),
        "NumPy: the value alone": with_numpy(columns),
    }
    ratios(fastest(work), ours)


def read(path: Path) -> list[Block]:
    """Return the blocks of a file."""
    return list(blocks(str(path)))


def write(kept: list[Block], results: list[Columns]) -> None:
    """Write rows with what was found."""
    text = Text(io.BytesIO(), SYNTAX["csv"], ",".join(NAMES))
    for block, found in zip(kept, results, strict=True):
        text.add(Block({}, block.lines, block.texts), found, np.ones(len(block), bool))


def files(path: Path) -> None:
    """Print reading and writing beside what NumPy takes for the same numbers."""
    print("reading")
    ours = "gradcalc: blocks of rows"
    ratios(
        fastest(
            {ours: lambda: read(path), "np.loadtxt": lambda: np.loadtxt(path, delimiter=",", skiprows=1)}
        ),
        ours,
    )
    each, kept = Each(parse(FORMULA), {}, NAMES), read(path)
    results = []
    for block in kept:
        found = each.run(block.columns, len(block))
        results.append({"value": found.value, **{f"grad_{x}": g for x, g in found.gradients.items()}})
    numbers = np.concatenate([np.column_stack(list(found.values())) for found in results])
    print("writing what was found, the rows before it")
    ours = "gradcalc: six more columns"
    savetxt = lambda: np.savetxt(io.BytesIO(), numbers, "%.17g", ",")
    rows = lambda: csv.writer(io.StringIO()).writerows(numbers.tolist())
    work = {
        ours: lambda: write(kept, results),
        "np.savetxt of these columns alone, 17 digits": savetxt,
        "csv.writer of these columns alone": rows,
    }
    ratios(fastest(work), ours)


def whole(path: Path) -> None:
    """Print the command as a whole."""
    out = path.with_suffix(".out.csv")
    found = run([sys.executable, "-m", "gradcalc", FORMULA, "--each", str(path), "-o", str(out)])
    print(f"the command, file to file: {found.seconds:.2f} s, {found.megabytes:.0f} MB")


def made(path: Path, rows: int) -> Columns:
    """Return columns of random numbers, which it writes into a file."""
    generator = np.random.default_rng(7)
    columns = {name: generator.uniform(0.5, 2.0, rows) for name in NAMES}
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(NAMES) + "\n")
        for row in zip(*columns.values(), strict=True):
            file.write(",".join([repr(float(x)) for x in row]) + "\n")
    return columns


def main(rows: int = 1_000_000) -> None:
    print(f"{rows:,} rows of {FORMULA}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "points.csv")
        columns = made(path, rows)
        whole(path)  # first, for a new process counts the memory of the one that starts it
        computing(columns)
        files(path)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
