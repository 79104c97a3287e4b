"""Start-up: example 1 with and without the check, beside importing what it needs anyway."""

from __future__ import annotations

from tests.benchmarks.measure import gradcalc, python, report, side_by_side

EXAMPLE = ("(x + y)*z", "x=-2", "y=5", "z=-4", "--format", "json")


def main() -> None:
    found = side_by_side(
        {
            "import click": python("import click"),
            "import click, sympy": python("import click, sympy"),
            "no check": gradcalc(*EXAMPLE, "--no-check"),
            "check": gradcalc(*EXAMPLE),
        },
        rounds=15,
    )
    report(
        "example 1, --no-check --format json",
        found["no check"],
        found["import click"],
        "at most 1.6 x import click",
    )
    report(
        "example 1, --format json",
        found["check"],
        found["import click, sympy"],
        "at most 1.3 x import click, sympy",
    )


if __name__ == "__main__":
    main()
