"""Scale: the Rosenbrock chain, one statement a line, from text to gradient, beside micrograd and torch."""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from pathlib import Path

from tests.benchmarks.measure import Run, gradcalc, python, report, side_by_side

NODES_A_LINE = 14

MICROGRAD = """
import json, sys
sys.setrecursionlimit(10**9)
import threading
threading.stack_size(2**30 - 1)
from micrograd.engine import Value
def main():
    point = json.load(open({point!r}))
    names = {{name: Value(value) for name, value in point.items()}}
    for line in open({program!r}):
        name, expression = line.split(" = ")
        names[name] = eval(expression, {{}}, names) if name != "f0" else Value(0.0)
    names[name].backward()
    print(json.dumps({{n: names[n].grad for n in point}}))
thread = threading.Thread(target=main); thread.start(); thread.join()
"""

TORCH = """
import json, torch
point = json.load(open({point!r}))
torch.set_default_dtype(torch.float64)
names = {{name: torch.tensor(value, requires_grad=True) for name, value in point.items()}}
for line in open({program!r}):
    name, expression = line.split(" = ")
    names[name] = eval(expression, {{}}, names) if name != "f0" else torch.tensor(0.0)
names[name].backward()
print(json.dumps({{n: float(names[n].grad) for n in point}}))
"""

CASADI = """
import json, casadi
point = json.load(open({point!r}))
names = {{name: casadi.SX.sym(name) for name in point}}
variables = list(names.values())
for line in open({program!r}):
    name, expression = line.split(" = ")
    names[name] = eval(expression, {{}}, names) if name != "f0" else casadi.SX(0)
x = casadi.vertcat(*variables)
gradient = casadi.Function("g", [x], [casadi.gradient(names[name], x)])
print(json.dumps([float(g) for g in gradient(list(point.values())).full().ravel()]))
"""

PEERS = {"micrograd": MICROGRAD, "torch": TORCH, "casadi": CASADI}


def write(folder: Path, lines: int) -> tuple[str, str]:
    """Write the program and its point; return their paths."""
    program, point = folder / f"rosen{lines}.txt", folder / f"point{lines}.json"
    terms = (
        f"f{i} = f{i - 1} + 100*(x{i} - x{i - 1}**2)**2 + (1 - x{i - 1})**2" for i in range(1, lines + 1)
    )
    program.write_text("\n".join(["f0 = 0", *terms]))
    point.write_text(json.dumps({f"x{i}": 0.5 + 0.1 * (i % 7) for i in range(lines + 1)}))
    return str(program), str(point)


def ours(program: str, point: str) -> list[str]:
    return gradcalc(f"@{program}", "--at", point, "--no-check", "--nodes", "none", "--format", "json")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--lines", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--larger", action="store_true", help="gradcalc alone at ten times the lines")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program, point = write(Path(folder), options.lines)
        commands = {"gradcalc": ours(program, point)}
        for peer, code in PEERS.items():
            if importlib.util.find_spec(peer):
                commands[peer] = python(code.format(program=program, point=point))
            else:
                print(f"{peer}: not installed, not measured")
        found = side_by_side(commands, options.rounds)
        for name, figures in found.items():
            report(
                f"{options.lines} lines, {name}",
                figures,
                found["gradcalc"],
                "x gradcalc's; aim 6 for the fastest",
            )
        if options.larger:
            larger(Path(folder), options.lines, found["gradcalc"])


def larger(folder: Path, lines: int, small: Run) -> None:
    """Print the time and memory a node at ten times the size, start-up taken off both."""
    big = side_by_side({"big": ours(*write(folder, 10 * lines))}, rounds=2)["big"]
    empty = side_by_side({"empty": gradcalc("x", "x=1", "--no-check", "--format", "json")}, rounds=5)["empty"]
    per_node = [
        (f.seconds - empty.seconds) / (NODES_A_LINE * n) for f, n in ((small, lines), (big, 10 * lines))
    ]
    memory = (big.megabytes - empty.megabytes) * 2**20 / (NODES_A_LINE * 10 * lines)
    print(f"{10 * lines} lines: {big.seconds:.2f} s; a node x {per_node[1] / per_node[0]:.2f} (at most 1.3)")
    print(f"{10 * lines} lines: {memory:.0f} bytes a node (under 1024)")


if __name__ == "__main__":
    main()
