"""The check: what it adds over --no-check, beside SymPy's import."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.measure import gradcalc, python, side_by_side


def logistic(steps: int) -> str:
    return "\n".join(["x0 = x", *(f"x{i} = r*x{i - 1}*(1 - x{i - 1})" for i in range(1, steps + 1))])


def main() -> None:
    programs = {
        "logistic map, 1,000 steps, r = 3.7": (logistic(1000), ("x=0.3", "r=3.7"), 5, "at most 2 s"),
        "logistic map, 1,000 steps, r = 2.5": (logistic(1000), ("x=0.3", "r=2.5"), 5, "at most 2 s"),
        "100,000 nested parentheses": ("(" * 100_000 + "x" + ")" * 100_000, ("x=0.3",), 3, "works"),
        "a sum of 1,000,000 terms": (" + ".join(["x"] * 1_000_000), ("x=0.3",), 1, "works"),
    }
    for title, (text, point, rounds, aim) in programs.items():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            Path(file.name).write_text(text)
            common = (f"@{file.name}", *point, "--format", "json", "--nodes", "none")
            found = side_by_side(
                {
                    "check": gradcalc(*common),
                    "no check": gradcalc(*common, "--no-check"),
                    "click": python("import click"),
                    "sympy": python("import click, sympy"),
                },
                rounds,
            )
        sympy = found["sympy"].seconds - found["click"].seconds
        added = found["check"].seconds - found["no check"].seconds - sympy
        print(f"{title:<40} adds {added:7.2f} s beside SymPy's import of {sympy:.2f} s ({aim})")


if __name__ == "__main__":
    main()
