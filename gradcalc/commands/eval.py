"""`gradcalc eval`: the gradient of a program at a point, every step of it, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from gradcalc.claims.names import GRADIENT
from gradcalc.commands import arguments, formulas, output
from gradcalc.commands.arguments import (
    Lines,
    SortedCommand,
    pairs,
    program,
    read_program,
    setting,
    split,
    target,
)
from gradcalc.commands.patience import patience
from gradcalc.errors import NamingError, UsageError, suggest
from gradcalc.graph import Graph, Value
from gradcalc.point.arguments import assignments, is_empty
from gradcalc.point.arguments import value as value_of
from gradcalc.point.constants import Draws
from gradcalc.report import writer
from gradcalc.result import Result, worst

Calculation = Callable[[Sequence[str] | None], Result]
"""The names that gradients are asked for -> the result; None stands for all variables."""

LISTED = 8
"""Names that a hint lists."""

OUTPUT = ("value", "output.value")
"""What --get calls the output; the first may be a name of the program."""


HELP = """\
Compute the gradient of PROGRAM at a point, show every step, and prove it.

PROGRAM is a text, @FILE or - (standard input). Values are numbers, constant expressions or files:
x=pi/4, W='[[1, 2], [3, 4]]', W='randn(3, 4)', W=@w.npy, W=@d.npz:W, x=@t.csv:column, x=@FILE.

\b
  gradcalc '(x + y)*z' x=-2 y=5 z=-4
  gradcalc 'q = x + y; q*z' --at point.json --wrt x,q --format json
"""

EPILOG = """\
Any of these but --load can be set in the environment: GRADCALC_FORMAT=json, GRADCALC_CHECK=0,
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
@arguments.at
@arguments.load
@setting("EACH", "--each", metavar="FILE", type=click.Path(allow_dash=True),
         help="Write each row of a .csv, .tsv, .jsonl or .npz file (- is standard input) with its value "
              "and gradients.")  # fmt: skip
@arguments.seed
@arguments.upstream
@arguments.wrt
@arguments.expand
@arguments.group
@arguments.format_
@setting("OUTPUT", "-o", "--output", metavar="FILE", callback=target,
         help="Write the report to a file, the gradients alone to a .npz; - is standard output.")  # fmt: skip
@arguments.check
@arguments.rtol
@arguments.atol
@arguments.strict
@setting("GET", "--get", metavar="NAME", multiple=True, callback=split,
         help="Print this gradient alone; repeatable, tab-separated. 'value' is the output.")  # fmt: skip
@setting("CLAIM", "--claim", "claims", metavar="NAME=EXPR", multiple=True, callback=pairs, type=Lines(),
         help="Judge value=EXPR or grad_x=EXPR: number, array or formula, which needs no point.")  # fmt: skip
@arguments.precision
@setting("NODES", "--nodes", type=click.Choice(["all", "named", "none"]),
         help="Which nodes to show; a terminal shows the named ones of more than 60.")  # fmt: skip
@arguments.max_nodes
@arguments.color
def command(
    values: Sequence[str], at: str | None, each: str | None, get: list[str], strict: bool, format_: str,
    color: str, seed: int, upstream: str | None, **rest: Any,
) -> int:  # fmt: skip
    """Compute the gradient of PROGRAM at a point, show every step, and prove it."""
    refuse_second_reader(rest["program"], at, values, upstream, each)
    spare, draws = point_in(at), Draws(seed)
    given = assignments(values, draws)
    start = None if upstream is None else arriving(upstream, draws)
    if each is not None:
        from gradcalc.commands.each import Asked, run

        asked = Asked(rest["program"], given, spare, start, draws.seed, get, rest["wrt"], rest["max_nodes"])
        return run(each, asked, format_, rest["output"])
    archive = is_archive(rest["output"])
    point = spare | given
    rest["program"] = read_program(rest["program"])
    names = list(dict.fromkeys(rest["wrt"])) or None
    if rest["claims"] and not (get or archive):
        graph = formulas.without_values(rest["program"], point, rest["max_nodes"], draws)
        if graph is not None:
            return formulas.judge(
                graph, point, spare, start, draws.seed, strict=strict, format_=format_, color=color,
                file=rest["output"], claims=rest["claims"], wrt=names,
                terms=(rest["rtol"], rest["atol"], rest["precision"]),
            )  # fmt: skip
    calculate = calculation(point, spare, get, start, draws, **rest)
    wrt = [*rest["wrt"], *gradients_in(rest["claims"])]
    result, found = gotten(calculate, get, wrt) if get else (calculate(names), [])
    if archive:
        output.emit_bytes(packed(dict(zip(get, found, strict=True)) or result.gradients), rest["output"])
    elif get:
        output.emit([line(found)], rest["output"])
    else:
        options = output.options(color, rest["nodes"], rest["output"])
        output.emit(writer(format_)(result, options), rest["output"])
    if get or archive or format_ not in ("table", "json"):
        remark(result)
    return exit_code(result, strict)


def gradients_in(claims: Mapping[str, str]) -> list[str]:
    """Return the names whose gradients claims are about."""
    return [name.removeprefix(GRADIENT) for name in claims if name.startswith(GRADIENT)]


def is_archive(file: str | None) -> bool:
    """Whether -o names a .npz file; UsageError where a format of reports was asked for as well."""
    if file is None or not file.lower().endswith(".npz"):
        return False
    source = click.get_current_context().get_parameter_source("format_")
    if source is click.core.ParameterSource.COMMANDLINE:
        hint = f"leave --format out, or write the report to another file than '{file}'"
        raise UsageError("a .npz file holds gradients, not a report: it has no --format", hint=hint)
    return True


def point_in(at: str | None) -> dict[str, Value]:
    """Return the point of --at."""
    if at is None:
        return {}
    from gradcalc.point.files import from_file

    return from_file(at)


def arriving(text: str, draws: Draws) -> Value:
    """Return the value of --upstream."""
    if is_empty(text):
        raise UsageError("--upstream has no value", hint="write --upstream VALUE, as in NAME=VALUE")
    return value_of("--upstream", text, draws=draws)


def packed(values: Mapping[str, Value]) -> bytes:
    """Return values as a .npz file."""
    from gradcalc.point.arrays import npz

    return npz(values)


def refuse_second_reader(
    program: str, at: str | None, values: Sequence[str], upstream: str | None, each: str | None = None
) -> None:
    """Raise UsageError where standard input would be read twice."""
    points_from_it = [
        at == "-",
        each == "-",
        upstream == "@-",
        *(value.partition("=")[2] == "@-" for value in values),
    ]
    if program in ("-", "@-") and any(points_from_it):
        raise UsageError("standard input can be the program or the point, not both")
    if sum(points_from_it) > 1:
        raise UsageError("standard input can be read once", hint="--at - reads many values from it")


def calculation(
    point: dict[str, Value], spare: dict[str, Value], get: list[str], upstream: Value, draws: Draws, *,
    program: str, check: bool, rtol: float, atol: float, max_nodes: int, claims: Mapping[str, str],
    precision: str, expand: list[str] | None, group: bool, **_rest: object,
) -> Calculation:  # fmt: skip
    """Return the calculation as a function of the names that gradients are asked for."""
    from gradcalc.language import parse
    from gradcalc.pipeline import compute

    def calculate(wrt: Sequence[str] | None) -> Result:
        try:
            with patience("computing and checking" if check else "computing"):
                return compute(
                    program, point, wrt=wrt, check=check, rtol=rtol, atol=atol, max_nodes=max_nodes,
                    spare=spare.keys(), upstream=upstream, seed=draws.seed, claims=claims,
                    precision=precision, expand=expand, group=group,
                )  # fmt: skip
        except NamingError:
            if get:  # whose names compute() takes for names to differentiate by
                refuse_unknown(parse(program, point, max_nodes=max_nodes), get)
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


def gotten(calculate: Calculation, get: list[str], wrt: list[str]) -> tuple[Result, list[Value]]:
    """Return the result and the values asked for by --get."""
    names = [name for name in get if name not in OUTPUT]
    result = calculate(list(dict.fromkeys([*wrt, *names])))
    if "value" in get and ("value" in result.graph.variables or "value" in result.graph.named):
        names.append("value")
        result = calculate(list(dict.fromkeys([*wrt, *names])))
    return result, [result.gradients[name] if name in names else result.output.value for name in get]


def line(values: Iterable[Value]) -> str:
    """Return values as one line: numbers, and arrays as nested lists."""
    return "\t".join(repr(x if isinstance(x, float) else x.tolist()) for x in values) + "\n"


def remark(result: Result) -> None:
    """Say on stderr what a report without room for it cannot say: warnings, and a verdict that is no pass."""
    for warning in result.warnings:
        output.note(f"warning: {warning}")
    if result.check and result.check.verdict != "pass":
        from gradcalc.report.wording import reasons, verdict

        output.note(verdict(result.check))
        for reason in reasons(result):
            output.note(f"  {reason}")
    for found in result.claims.values():
        if found.verdict != "pass":
            from gradcalc.report.wording import claim

            output.note(claim(found))


def exit_code(result: Result, strict: bool) -> int:
    """Return 1 for a wrong gradient or claim, 3 for an unfinished check or one short of --strict, else 0."""
    proof = result.check
    verdict = worst([proof.verdict if proof else None, *(claim.verdict for claim in result.claims.values())])
    if verdict == "fail":
        return 1
    return 3 if verdict != "pass" and (strict or not (proof is None or proof.finished)) else 0
