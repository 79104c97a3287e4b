"""`gradcalc eval`: the gradient of a program at a point, every step of it, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from gradcalc import point as points
from gradcalc.commands import output
from gradcalc.commands.arguments import (
    SortedCommand,
    program,
    read_program,
    setting,
    split,
    target,
    tolerance,
)
from gradcalc.commands.patience import patience
from gradcalc.errors import NamingError, UsageError, suggest
from gradcalc.graph import Graph
from gradcalc.report import FORMATS, writer
from gradcalc.result import Result

Calculation = Callable[[Sequence[str] | None], Result]
"""The names that gradients are asked for -> the result; None stands for all variables."""

LISTED = 8
"""Names that a hint lists."""

OUTPUT = ("value", "output.value")
"""What --get calls the output; the first may be a name of the program."""


HELP = """\
Compute the gradient of PROGRAM at a point, show every step, and prove it.

PROGRAM is a text, @FILE or - (standard input). Values are numbers or constant expressions:
x=pi/4, x=@FILE.

\b
  gradcalc '(x + y)*z' x=-2 y=5 z=-4
  gradcalc 'q = x + y; q*z' --at point.json --wrt x,q --format json
"""

EPILOG = """\
Any of these can be set in the environment: GRADCALC_FORMAT=json, GRADCALC_CHECK=0,
GRADCALC_MAX_NODES=1000.
"""


@click.command(
    "eval",
    cls=SortedCommand,
    help=HELP,
    epilog=EPILOG,
    short_help="Show a program's gradient at a point, node by node.",
)
@program
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@setting("AT", "--at", metavar="FILE", type=click.Path(allow_dash=True),
         help="Read values from a .json, .toml or .csv file, or JSON from standard input (-).")  # fmt: skip
@setting("WRT", "--wrt", metavar="NAMES", multiple=True, callback=split,
         help="Differentiate with respect to these variables or named statements only (x,q).")  # fmt: skip
@setting("FORMAT", "-f", "--format", "format_", type=click.Choice(list(FORMATS)), default="table",
         show_default=True, help="How the report is written.")  # fmt: skip
@setting("OUTPUT", "-o", "--output", metavar="FILE", callback=target,
         help="Write the report to a file; - is standard output.")  # fmt: skip
@setting("CHECK", "--check/--no-check", default=True, help="Prove the gradients against SymPy (the default).")
@setting("RTOL", "--rtol", type=float, default=1e-9, show_default=True, callback=tolerance,
         help="Relative error that still passes.")  # fmt: skip
@setting("ATOL", "--atol", type=float, default=0.0, show_default=True, callback=tolerance,
         help="Absolute error that still passes.")  # fmt: skip
@setting("STRICT", "--strict", is_flag=True, help="Exit 3 also where the verdict is inaccurate or undecided.")
@setting("GET", "--get", metavar="NAME", multiple=True, callback=split,
         help="Print this gradient alone; repeatable, tab-separated. 'value' is the output.")  # fmt: skip
@setting("NODES", "--nodes", type=click.Choice(["all", "named", "none"]),
         help="Which nodes to show; a terminal shows the named ones of more than 60.")  # fmt: skip
@setting("MAX_NODES", "--max-nodes", metavar="N", type=click.IntRange(min=1), default=10_000_000,
         show_default=True, help="Refuse programs of more nodes.")  # fmt: skip
@setting("COLOR", "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
         show_default=True, help="When to use colour; NO_COLOR is heeded.")  # fmt: skip
def command(
    values: Sequence[str], at: str | None, get: list[str], strict: bool, format_: str, color: str, **rest: Any
) -> int:
    """Compute the gradient of PROGRAM at a point, show every step, and prove it."""
    refuse_second_reader(rest["program"], at, values)
    spare = points.from_file(at) if at is not None else {}
    point = spare | points.assignments(values)
    calculate = calculation(point, spare, get, **rest)
    if get:
        result, line = gotten(calculate, get, rest["wrt"])
        output.emit([line], rest["output"])
    else:
        result = calculate(list(dict.fromkeys(rest["wrt"])) or None)
        options = output.options(color, rest["nodes"], rest["output"])
        output.emit(writer(format_)(result, options), rest["output"])
    if get or format_ not in ("table", "json"):
        remark(result)
    return exit_code(result, strict)


def refuse_second_reader(program: str, at: str | None, values: Sequence[str]) -> None:
    """Raise UsageError where standard input would be read twice."""
    points_from_it = [at == "-", *(value.partition("=")[2] == "@-" for value in values)]
    if program in ("-", "@-") and any(points_from_it):
        raise UsageError("standard input can be the program or the point, not both")
    if sum(points_from_it) > 1:
        raise UsageError("standard input can be read once", hint="--at - reads many values from it")


def calculation(
    point: dict[str, float], spare: dict[str, float], get: list[str], *, program: str, check: bool,
    rtol: float, atol: float, max_nodes: int, **_rest: object,
) -> Calculation:  # fmt: skip
    """Return the calculation as a function of the names that gradients are asked for."""
    from gradcalc.language import parse
    from gradcalc.pipeline import compute

    text = read_program(program)

    def calculate(wrt: Sequence[str] | None) -> Result:
        try:
            with patience("computing and checking" if check else "computing"):
                return compute(
                    text, point, wrt=wrt, check=check, rtol=rtol, atol=atol, max_nodes=max_nodes,
                    spare=spare.keys(),
                )  # fmt: skip
        except NamingError:
            if get:  # whose names compute() takes for names to differentiate by
                refuse_unknown(parse(text, point, max_nodes=max_nodes), get)
            raise

    return calculate


def refuse_unknown(graph: Graph, get: list[str]) -> None:
    """Raise NamingError for a name of --get that the program lacks."""
    known = [OUTPUT[0], *graph.variables, *graph.named]
    for name in get:
        if name not in known and name not in OUTPUT:
            near = suggest(name, known)
            hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known[:LISTED])}"
            raise NamingError(f"unknown name '{name}' in --get", hint=hint)


def gotten(calculate: Calculation, get: list[str], wrt: list[str]) -> tuple[Result, str]:
    """Return the result and the line of the numbers asked for by --get."""
    names = [name for name in get if name not in OUTPUT]
    result = calculate(list(dict.fromkeys([*wrt, *names])))
    if "value" in get and ("value" in result.graph.variables or "value" in result.graph.named):
        names.append("value")
        result = calculate(list(dict.fromkeys([*wrt, *names])))
    numbers = [result.gradients[name] if name in names else result.output.value for name in get]
    return result, "\t".join(map(repr, numbers)) + "\n"


def remark(result: Result) -> None:
    """Say on stderr what a report without room for it cannot say: warnings, and a verdict that is no pass."""
    for warning in result.warnings:
        output.note(f"warning: {warning}")
    if result.check and result.check.verdict != "pass":
        from gradcalc.report.wording import reasons, verdict

        output.note(verdict(result.check))
        for reason in reasons(result):
            output.note(f"  {reason}")


def exit_code(result: Result, strict: bool) -> int:
    """Return 1 for a wrong gradient, 3 for an unfinished check or one short of --strict, else 0."""
    if result.check is None or result.check.verdict == "pass":
        return 0
    if result.check.verdict == "fail":
        return 1
    return 3 if strict or not result.check.finished else 0
