"""`gradcalc draw`: the circuit, with forward values and gradients on its wires."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import click

from gradcalc.commands import arguments, output
from gradcalc.commands.arguments import SortedCommand, program, setting, target
from gradcalc.commands.eval import exit_code, remark
from gradcalc.commands.explain import computed
from gradcalc.errors import UsageError
from gradcalc.report.draw import FORMATS, SUFFIXES, Drawing, writer
from gradcalc.report.draw.circuit import LARGE, circuit, is_collapsed

HELP = """\
Draw the circuit of PROGRAM: the forward value above each wire, the gradient below it.

\b
  gradcalc draw '(x + y)*z' x=-2 y=5 z=-4
  gradcalc draw 'sigmoid(w*x + b)' w=2 x=-1 b=1 --expand -o neuron.svg
  gradcalc draw @model.txt --at point.json -o circuit.html

The format is that of the file's suffix: .svg .html .dot .mmd; else letters for a terminal.
"""


@click.command(
    "draw", cls=SortedCommand, help=HELP, short_help="Draw the circuit, with values and gradients."
)
@program
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@arguments.at
@arguments.load
@arguments.seed
@arguments.upstream
@arguments.wrt
@arguments.expand
@arguments.group
@click.option("--depth", type=click.IntRange(0, 2), help="How deep: 2 to every node, "
              "1 to calls of functions, 0 to statements; by default what 60 boxes allow.")  # fmt: skip
@click.option("-f", "--format", "format_", type=click.Choice(list(FORMATS)),
              help="How it is drawn; by default what the suffix of -o says, or terminal.")  # fmt: skip
@setting("OUTPUT", "-o", "--output", "file", metavar="FILE", callback=target,
         help="Write the picture to a file; - is standard output.")  # fmt: skip
@arguments.check
@arguments.rtol
@arguments.atol
@arguments.strict
@arguments.max_nodes
@arguments.color
def command(
    format_: str | None, file: str | None, depth: int | None, color: str, strict: bool, wrt: Sequence[str],
    **given: Any,
) -> int:  # fmt: skip
    """Draw the circuit of PROGRAM, with forward values and gradients on its wires."""
    chosen = format_ or suffix(file)
    result = computed(list(dict.fromkeys(wrt)) or None, **given)
    options = output.options(color, None, file)
    output.emit(writer(chosen)(Drawing(result, depth), options), file)
    if depth is None and len(result.graph) > LARGE and is_collapsed(circuit(result)):
        output.note("statements and calls are boxes here; --depth 2 draws every node")
    remark(result)
    return exit_code(result, strict)


def suffix(file: str | None) -> str:
    """Return the format that a file's suffix stands for; letters where it has none."""
    end = PurePath(file or "").suffix.lower()
    if end and end not in SUFFIXES:
        known = ", ".join(dict.fromkeys(SUFFIXES))
        raise UsageError(f"'{end}' is no suffix of a picture", hint=f"there are {known}; or say --format")
    return SUFFIXES.get(end, "terminal")
