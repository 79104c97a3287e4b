"""Arrays: a network and a long sum, value and all gradients, beside torch, JAX, autograd and plain NumPy.

Each library has a process of its own, all with the same number of threads, and they take turns: one
round is a few calls of each. The figure is the median over rounds of the fastest call in a round,
since the first call of a turn may have to get memory back that the machine has lent elsewhere.
The program is parsed, and JAX has compiled, before any call is timed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from typing import NamedTuple

SETUP = """
import json, resource, sys, time
import numpy as np
rng = np.random.default_rng(0)
"""

LOOP = """
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
once = both()
print(json.dumps([float(once[0]), *[float(np.linalg.norm(np.asarray(g))) for g in once[1]]]), flush=True)
del once
def fastest(call):
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
for line in sys.stdin:
    print(json.dumps([fastest({"both": both, "forward": forward}[line.strip()]),
                      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - base]), flush=True)
"""

NETWORK = """
X, Y = rng.normal(size=(256, 784)), rng.integers(0, 10, 256)
point = dict(W1=rng.normal(size=(784, 512))*0.05, b1=np.zeros(512), W2=rng.normal(size=(512, 10))*0.05,
             b2=np.zeros(10))
CALLS = 10
"""

NETWORKS = {
    "gradcalc": """
import gradcalc
graph = gradcalc.parse("cross_entropy(relu(X @ W1 + b1) @ W2 + b2, Y)")
given = dict(point, X=X, Y=Y)
def both():
    value, gradients = gradcalc.value_and_grad(graph, given, ["W1", "b1", "W2", "b2"])
    return value, list(gradients.values())
def forward():
    return graph.forward(given)[graph.output]
""",
    "numpy": """
def forward():
    h = np.maximum(0, X @ point["W1"] + point["b1"])
    s = h @ point["W2"] + point["b2"]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e/e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(256), Y]).mean()
def both():
    a = X @ point["W1"] + point["b1"]
    h = np.maximum(0, a)
    s = h @ point["W2"] + point["b2"]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e/e.sum(axis=1, keepdims=True)
    value = -np.log(p[np.arange(256), Y]).mean()
    ds = p.copy()
    ds[np.arange(256), Y] -= 1
    ds /= 256
    dW2, db2 = h.T @ ds, ds.sum(axis=0)
    da = (ds @ point["W2"].T)*(a > 0)
    return value, [X.T @ da, da.sum(axis=0), dW2, db2]
""",
    "torch": """
import torch
torch.set_num_threads(THREADS)
t = {name: torch.tensor(x, requires_grad=True) for name, x in point.items()}
x, y = torch.tensor(X), torch.tensor(Y)
def loss():
    return torch.nn.functional.cross_entropy(torch.relu(x @ t["W1"] + t["b1"]) @ t["W2"] + t["b2"], y)
def both():
    for p in t.values():
        p.grad = None
    value = loss()
    value.backward()
    return value.detach(), [p.grad for p in t.values()]
def forward():
    with torch.no_grad():
        return loss()
""",
    "jax": """
import jax, jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
t, x, y = {name: jnp.asarray(a) for name, a in point.items()}, jnp.asarray(X), jnp.asarray(Y)
def loss(t):
    s = jax.nn.relu(x @ t["W1"] + t["b1"]) @ t["W2"] + t["b2"]
    return -jax.nn.log_softmax(s)[jnp.arange(256), y].mean()
compiled, alone = jax.jit(jax.value_and_grad(loss)), jax.jit(loss)
def both():
    value, gradients = jax.block_until_ready(compiled(t))
    return value, [gradients[name] for name in point]
def forward():
    return alone(t).block_until_ready()
""",
    "autograd": """
import autograd.numpy as anp
from autograd import value_and_grad
from autograd.scipy.special import logsumexp
def loss(t):
    s = anp.maximum(0, anp.dot(X, t[0]) + t[1])
    s = anp.dot(s, t[2]) + t[3]
    return -anp.mean((s - logsumexp(s, axis=1, keepdims=True))[anp.arange(256), Y])
t, gradient = list(point.values()), value_and_grad(loss)
def both():
    return gradient(t)
def forward():
    return loss(t)
""",
}

SUM = """
x = rng.normal(size=SIZE)
CALLS = 3
"""

SUMS = {
    "gradcalc": """
import gradcalc
graph = gradcalc.parse("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)")
def both():
    value, gradients = gradcalc.value_and_grad(graph, {"x": x})
    return value, [gradients["x"]]
def forward():
    return graph.forward({"x": x})[graph.output]
""",
    "autograd": """
import autograd.numpy as anp
from autograd import value_and_grad
def loss(x):
    return anp.sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)
gradient = value_and_grad(loss)
def both():
    value, found = gradient(x)
    return value, [found]
def forward():
    return loss(x)
""",
    "torch": """
import torch
torch.set_num_threads(THREADS)
t = torch.tensor(x, requires_grad=True)
def loss():
    return torch.sum(100*(t[1:] - t[:-1]**2)**2 + (1 - t[:-1])**2)
def both():
    t.grad = None
    value = loss()
    value.backward()
    return value.detach(), [t.grad]
def forward():
    with torch.no_grad():
        return loss()
""",
}


class Figure(NamedTuple):
    """Median milliseconds of value and gradients, of the value alone, and megabytes beyond the start."""

    both: float
    forward: float
    megabytes: float


class Worker:
    """A library in a process of its own, which computes when it is told."""

    def __init__(self, code: str, threads: int) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        if threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"THREADS = {threads}\n{code}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.answer: list[float] = self._read()

    def _read(self) -> list[float]:
        assert self.process.stdout is not None
        line: list[float] = json.loads(self.process.stdout.readline())
        return line

    def ask(self, what: str) -> list[float]:
        """Return the seconds of the fastest call, and the megabytes so far."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._read()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure(problem: str, codes: dict[str, str], rounds: int, threads: int) -> dict[str, Figure]:
    """Return the figures of each library that is installed; all must give the same numbers."""
    workers = {}
    for name, code in codes.items():
        if name in ("gradcalc", "numpy") or importlib.util.find_spec(name):
            workers[name] = Worker(SETUP + problem + code + LOOP, threads)
        else:
            print(f"{name}: not installed, not measured")
    ours = workers["gradcalc"].answer
    for name, worker in workers.items():
        assert all(abs(a - b) <= 1e-9 * abs(b) for a, b in zip(worker.answer, ours, strict=True)), name
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}
    peak: dict[str, float] = {}
    for _ in range(rounds):
        for name, worker in workers.items():
            both, megabytes = worker.ask("both")
            peak.setdefault(name, megabytes)  # of both alone: the value's own passes come after it
            seconds[name].append((both, worker.ask("forward")[0]))
    for worker in workers.values():
        worker.stop()
    found = {}
    for name, times in seconds.items():
        both, forward = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
        found[name] = Figure(both, forward, peak[name])
    return found


def show(title: str, found: dict[str, Figure]) -> None:
    print(title)
    ours = found["gradcalc"]
    for name, figure in found.items():
        print(
            f"  {name:<10} value and gradients {figure.both:9.2f} ms, value alone {figure.forward:8.2f} ms,"
            f" together {figure.both / figure.forward:5.2f} x the value alone, {figure.megabytes:6.0f} MB;"
            f" gradcalc takes {ours.both / figure.both:5.2f} x as long"
        )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--threads", type=int, default=os.cpu_count())
    arguments.add_argument("--size", type=int, default=10**7, help="elements of the sum")
    options = arguments.parse_args()
    threads = f"{options.threads} thread" + ("s" if options.threads > 1 else "")
    found = measure(NETWORK, NETWORKS, options.rounds, options.threads)
    show(
        f"a 784-512-10 network, a batch of 256, {threads} (aim: no slower than torch, at most 3 x the value)",
        found,
    )
    found = measure(f"SIZE = {options.size}{SUM}", SUMS, options.rounds, options.threads)
    show(
        f"a sum over {options.size:,} elements, {threads} (aim: no slower and no more memory than autograd)",
        found,
    )


if __name__ == "__main__":
    main()
