"""Noise: how near float32 kernels come to it, how many rows tell an error of 0.1 %, and how long it takes."""

from __future__ import annotations

import time

import numpy as np

from gradcalc.batch.workings import Workings
from gradcalc.claims.noise import noise
from gradcalc.language import parse
from tests.claims.formats import FORMATS
from tests.claims.kernels import CASES, WITH_UPSTREAM

ROWS, PLANTED, SINGLE = 100_000, 1e-3, FORMATS["float32"]

TEN = """a = x0*x1 + sin(x2)
b = exp(-x3^2)*tanh(x4 + x5)
c = sqrt(x6^2 + x7^2 + 1)
a*b + log(1 + x8^2)/c*sigmoid(x9) - relu(x0 - x5)"""


def normal(*shape, scale=1.0, seed=7):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def kernel_line(program, shape, kernel, scale):
    """Return a line on one kernel's gradient at rows of that scale."""
    x, g = normal(ROWS, *shape, scale=scale), normal(ROWS, *shape, seed=8)
    upstream = g.astype(float) if program in WITH_UPSTREAM else None
    sample = {"x": np.zeros(shape) if shape else 0.0}
    workings = Workings.of(parse(program, sample), sample, ["x"], None if upstream is None else upstream[0])
    start = time.perf_counter()
    found = workings.run({"x": x.astype(float)}, upstream, SINGLE)
    seconds = time.perf_counter() - start
    with np.errstate(over="ignore"):
        _, said = kernel(x) if upstream is None else kernel(x, g)
    allowed, truth = found.gradient_noises["x"], found.gradients["x"]
    off = np.abs(said - truth)
    with np.errstate(all="ignore"):
        worst, tight = np.nanmax(off / allowed), np.median(allowed / off)
    caught = (PLANTED * np.abs(truth) > allowed).reshape(ROWS, -1).any(axis=1).mean()
    failed = (off > allowed).reshape(ROWS, -1).any(axis=1).sum()
    return (
        f"{program:<20} {kernel.__name__:<22} {scale:>3} {failed:>6} {worst:>6.2f} {tight:>8.0f} "
        f"{100 * caught:>8.3f} % {seconds:>6.2f} s"
    )


def main() -> None:
    print(f"{'program':<20} {'kernel':<22} scale  fails  worst  noise/error  caught")
    for case in CASES:
        for scale in (1, 5, 20):
            print(kernel_line(*case, scale))
    names = [f"x{k}" for k in range(10)]
    graph, point = parse(TEN), {name: 0.3 + 0.1 * k for k, name in enumerate(names)}
    start = time.perf_counter()
    Workings.of(graph, point, names).run({name: normal(ROWS).astype(float) for name in names}, None, SINGLE)
    print(
        f"{ROWS:,} rows of 10 variables, {len(graph)} nodes: {time.perf_counter() - start:.2f} s (aim: 2 s)"
    )
    values = graph.forward(point)
    start = time.perf_counter()
    for _ in range(20):
        noise(graph, values, names, None, SINGLE)
    print(f"the noise of one point: {(time.perf_counter() - start) / 20 * 1e3:.1f} ms (under 5 ms)")


if __name__ == "__main__":
    main()
