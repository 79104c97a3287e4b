"""How far each gate's floats are from the truth, as a table: `python -m tests.gates.measure`."""

from __future__ import annotations

import sys

from .truth import CASES, local_error, points, value_error


def main(n: int = 300, seed: int = 1) -> None:
    print("gate\tinputs\tforward\tstated\tlocal\tstated")
    for gate, count in CASES:
        sample = points(gate, count, n, seed)
        forward = max(value_error(gate, point) for point in sample)
        wires = [k for k in range(count) if gate.rule(k) is not None]
        local = max((local_error(gate, k, point) for point in sample for k in wires), default=0.0)
        print(f"{gate.name}\t{count}\t{forward:.2f}\t{gate.ulps[0]}\t{local:.2f}\t{gate.ulps[1]}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
