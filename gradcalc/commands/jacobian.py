"""`gradcalc jacobian`: the derivatives of an output of any shape by each variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from gradcalc.commands import arguments, output
from gradcalc.commands.arguments import SortedCommand, program, read_program, setting, target
from gradcalc.commands.eval import exit_code, is_archive, packed, point_in, refuse_second_reader
from gradcalc.commands.patience import patience
from gradcalc.errors import UsageError
from gradcalc.graph import Value
from gradcalc.point.arguments import assignments, is_empty
from gradcalc.point.arguments import value as value_of
from gradcalc.point.constants import Draws

HELP = """\
Compute the Jacobian of PROGRAM, whose output may have any shape, at a point, and prove it.

It is computed by backward passes, one for each element of the output, or by forward passes, one for
each element of the variables, whichever are fewer. Where only elementwise gates lead from a variable
to the output, one backward pass gives the diagonal.

\b
  gradcalc jacobian 'relu(x)' x='[1, -2, 3, -1]'
  gradcalc jacobian 'W @ x' W='[[0.1, 0.5], [-0.3, 0.8]]' x='[0.2, 0.4]' --wrt x --format json
  gradcalc jacobian 'W @ x' W='randn(3, 2)' x='[0.2, 0.4]' --jvp x='[1, 0]'
  gradcalc jacobian 'W @ x' W='randn(3, 2)' x='[0.2, 0.4]' --vjp '[1, 0, 0]'
"""

file = setting(
    "OUTPUT", "-o", "--output", metavar="FILE", callback=target,
    help="Write the report to a file, the numbers alone to a .npz; - is standard output.",
)  # fmt: skip
check = setting(
    "CHECK", "--check/--no-check", default=True,
    help="Prove the entries against differences in high precision (the default).",
)  # fmt: skip


@click.command("jacobian", cls=SortedCommand, help=HELP,
               short_help="Show the derivatives of an output of any shape.")  # fmt: skip
@program
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@arguments.at
@arguments.load
@arguments.seed
@arguments.wrt
@setting("JVP", "--jvp", metavar="NAME=VALUE", multiple=True,
         help="Compute J v alone, by one forward pass: v for a variable, else 0; repeatable.")  # fmt: skip
@setting("VJP", "--vjp", metavar="VALUE",
         help="Compute v'J alone, by one backward pass: v has the shape of the output.")  # fmt: skip
@arguments.format_
@file
@check
@arguments.rtol
@arguments.atol
@arguments.strict
@arguments.max_nodes
@arguments.color
def command(jvp: Sequence[str], vjp: str | None, wrt: list[str], **rest: Any) -> int:
    """Compute the Jacobian of PROGRAM at a point, and prove it."""
    refuse_mixed(jvp, vjp, wrt)
    asked = Asked(vector=vjp, **rest)
    from gradcalc.derivatives import jacobian as room

    if jvp:
        tangents = assignments(jvp, asked.draws)
        return asked.answer(lambda **given: room.jvp(asked.text, asked.point, tangents, **given))
    names = list(dict.fromkeys(wrt)) or None
    if vjp is not None:
        upstream = vector("--vjp", vjp, asked.draws)
        return asked.answer(lambda **given: room.vjp(asked.text, asked.point, upstream, wrt=names, **given))
    return asked.answer(lambda **given: room.jacobian(asked.text, asked.point, wrt=names, **given))


def refuse_mixed(jvp: Sequence[str], vjp: str | None, wrt: Sequence[str]) -> None:
    """Raise UsageError for options that exclude each other."""
    if jvp and vjp is not None:
        raise UsageError("--jvp and --vjp are two different products", hint="ask for one of them")
    if jvp and wrt:
        raise UsageError(
            "--jvp names the variables that move: --wrt has nothing to add", hint="leave --wrt out"
        )


def vector(option: str, text: str, draws: Draws) -> Value:
    """Return the value of an option that is a vector."""
    if is_empty(text):
        raise UsageError(f"{option} has no value", hint=f"write {option} VALUE, as in NAME=VALUE")
    return value_of(option, text, draws=draws)


class Asked:
    """What the commands for Jacobians and Hessians have in common: the point, and how to report."""

    def __init__(
        self, *, program: str, values: Sequence[str], at: str | None, seed: int, vector: str | None = None,
        format_: str, output: str | None, check: bool, rtol: float, atol: float, strict: bool,
        max_nodes: int, color: str,
    ) -> None:  # fmt: skip
        refuse_second_reader(program, at, values, vector)
        self.archive = output if output is not None and is_archive(output) else None
        self.spare, self.draws = point_in(at), Draws(seed)
        self.point: Mapping[str, Value] = self.spare | assignments(values, self.draws)
        self.text = read_program(program)
        self.format, self.file, self.color, self.strict = format_, output, color, strict
        self.given = {
            "check": check, "rtol": rtol, "atol": atol, "max_nodes": max_nodes,
            "spare": list(self.spare), "seed": self.draws.seed,
        }  # fmt: skip

    def answer(self, compute: Any) -> int:
        """Compute, report, and return the exit code."""
        from gradcalc.report import entries
        from gradcalc.report.matrices import as_result

        with patience("computing and checking" if self.given["check"] else "computing"):
            found = compute(**self.given)
        if self.archive:
            arrays = {",".join(names) or found.what: block.whole for names, block in found.blocks.items()}
            output.emit_bytes(packed(arrays), self.archive)
        else:
            options = output.options(self.color, None, self.file)
            output.emit(entries.writer(self.format)(found, options), self.file)
        if self.archive or self.format not in ("table", "json"):
            remark(found)
        return exit_code(as_result(found), self.strict)


def remark(found: Any) -> None:
    """Say on stderr what a report without room for it cannot say."""
    from gradcalc.report.matrices import reasons, verdict

    for warning in found.warnings:
        output.note(f"warning: {warning}")
    if found.check and found.check.verdict != "pass":
        output.note(verdict(found))
        for reason in reasons(found):
            output.note(f"  {reason}")
