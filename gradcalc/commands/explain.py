"""`gradcalc explain`: both passes told step by step, in sentences with the numbers in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gradcalc.commands import arguments, output
from gradcalc.commands.arguments import SortedCommand, program, read_program, setting, target
from gradcalc.commands.eval import arriving, exit_code, point_in, refuse_second_reader, remark
from gradcalc.commands.patience import patience
from gradcalc.point.arguments import assignments
from gradcalc.point.constants import Draws
from gradcalc.report.explain import FORMATS, writer
from gradcalc.result import Result

HELP = """\
Tell the forward and the backward pass of PROGRAM, node by node, in sentences.

\b
  gradcalc explain '(x + y)*z' x=-2 y=5 z=-4
  gradcalc explain 'sigmoid(w*x + b)' w=2 x=-1 b=1 --node w
  gradcalc explain @model.txt --at point.json -f markdown -o model.md
"""


@click.command("explain", cls=SortedCommand, help=HELP,
               short_help="Tell the backward pass step by step.")  # fmt: skip
@program
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@arguments.at
@arguments.load
@arguments.seed
@arguments.upstream
@arguments.wrt
@arguments.expand
@arguments.group
@click.option("--node", metavar="NAME", help="Tell the paths from the output to this name alone.")
@click.option("-f", "--format", "format_", type=click.Choice(list(FORMATS)), default="text",
              show_default=True, help="How the story is written.")  # fmt: skip
@setting("OUTPUT", "-o", "--output", "file", metavar="FILE", callback=target,
         help="Write the story to a file; - is standard output.")  # fmt: skip
@arguments.check
@arguments.rtol
@arguments.atol
@arguments.strict
@arguments.max_nodes
@arguments.color
def command(
    node: str | None, format_: str, file: str | None, color: str, strict: bool, wrt: Sequence[str],
    **given: Any,
) -> int:  # fmt: skip
    """Tell the forward and the backward pass of PROGRAM, node by node, in sentences."""
    from gradcalc.report.explain.story import tell
    from gradcalc.report.wording import ASCII, UNICODE

    result = computed(list(dict.fromkeys([*wrt, *([node] if node else [])])) or None, **given)
    options = output.options(color, None, file)
    story = tell(result, node, ASCII if options.ascii else UNICODE)
    output.emit(writer(format_)(story, options), file)
    if format_ not in ("text", "json"):
        remark(result)
    return exit_code(result, strict)


def computed(
    wrt: Sequence[str] | None, *, program: str, values: Sequence[str], at: str | None, seed: int,
    upstream: str | None, check: bool, **given: Any,
) -> Result:  # fmt: skip
    """Return the result of a program at the point that the command line gives."""
    from gradcalc.pipeline import compute

    refuse_second_reader(program, at, values, upstream)
    spare, draws = point_in(at), Draws(seed)
    point = spare | assignments(values, draws)
    start = None if upstream is None else arriving(upstream, draws)
    with patience("computing and checking" if check else "computing"):
        return compute(
            read_program(program), point, wrt=wrt, check=check, spare=spare.keys(), upstream=start,
            seed=draws.seed, **given,
        )  # fmt: skip
