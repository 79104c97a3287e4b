"""`gradcalc hessian`: the second derivatives of a number by each pair of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gradcalc.commands import arguments
from gradcalc.commands.arguments import SortedCommand, program, setting
from gradcalc.commands.jacobian import Asked, check, file
from gradcalc.point.arguments import assignments

HELP = """\
Compute the Hessian of PROGRAM, whose output is one number, at a point, and prove it.

It is exact: the backward pass is run on dual numbers, once for each element of the variables.

\b
  gradcalc hessian 'x^2*y' x=3 y=2
  gradcalc hessian 'sum((W @ x)^2)' W='[[1, 2], [3, 4]]' x='[1, -1]' --wrt x
  gradcalc hessian 'sum(exp(x))' x='randn(1000)' --hvp x='randn(1000)' --format json
"""


@click.command("hessian", cls=SortedCommand, help=HELP, short_help="Show the second derivatives of a number.")
@program
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@arguments.at
@arguments.load
@arguments.seed
@arguments.wrt
@setting("HVP", "--hvp", metavar="NAME=VALUE", multiple=True,
         help="Compute H v alone, by one pass: v for a variable, else 0; repeatable.")  # fmt: skip
@arguments.format_
@file
@check
@arguments.rtol
@arguments.atol
@arguments.strict
@arguments.max_nodes
@arguments.color
def command(hvp: Sequence[str], wrt: list[str], **rest: Any) -> int:
    """Compute the Hessian of PROGRAM at a point, and prove it."""
    asked = Asked(**rest)
    from gradcalc.derivatives import hessian as room

    names = list(dict.fromkeys(wrt)) or None
    if hvp:
        tangents = assignments(hvp, asked.draws)
        return asked.answer(lambda **given: room.hvp(asked.text, asked.point, tangents, wrt=names, **given))
    return asked.answer(lambda **given: room.hessian(asked.text, asked.point, wrt=names, **given))
