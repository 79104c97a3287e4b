"""Arguments: sorted before click sees them, and what they stand for.

`-x^2` is a program, not a heap of short options. So a token is an option only when it is exactly a
short option of the command or begins with `--`; any other token is positional, wherever it stands.
`--` ends the options.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from functools import partial
from math import isfinite
from typing import Any, TypeVar

import click

from gradcalc.claims.precision import DEFAULT
from gradcalc.claims.precision import FORMATS as PRECISIONS
from gradcalc.errors import UsageError
from gradcalc.point import read_text
from gradcalc.point.arguments import canonical
from gradcalc.report import FORMATS

F = TypeVar("F", bound=Callable[..., Any])


class SortedCommand(click.Command):
    """A command whose arguments are sorted: options first, the rest behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, sorted."""
        return super().parse_args(ctx, sort(args, self.get_params(ctx)))


def sort(tokens: Iterable[str], params: Iterable[click.Parameter]) -> list[str]:
    """Return the options, `--`, and the positional tokens."""
    options = [param for param in params if isinstance(param, click.Option)]
    short = {name for option in options for name in option.opts if not name.startswith("--")}
    takes_value = {name for option in options if _takes_value(option) for name in option.opts}
    found: list[str] = []
    positional: list[str] = []
    rest = iter(tokens)
    for token in rest:
        if token == "--":  # noqa: S105 - not a password
            positional += rest
        elif token.startswith("--") or token in short:
            found.append(token)
            if token in takes_value:
                following = next(rest, None)
                if following is None:
                    return found  # click says which value is missing
                found.append(following)
        else:
            positional.append(token)
    return [*found, "--", *positional]


def _takes_value(option: click.Option) -> bool:
    """Whether the next token is an option's value; one that may go without has its value behind `=`."""
    return not (option.is_flag or option.count or isinstance(option.flag_value, str))


def setting(name: str, *declarations: str, **attributes: Any) -> Callable[[F], F]:
    """Return an option that the environment variable `GRADCALC_NAME` can set too."""
    return click.option(*declarations, envvar=f"GRADCALC_{name}", **attributes)


def read_program(argument: str) -> str:
    """Return the program that an argument gives: its text, a file's for `@file`, standard input's for `-`."""
    if argument == "-":
        return read_text("-")
    return read_text(argument[1:]) if argument.startswith("@") else argument


def complete_program(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's interface
    """Return the files that `@…` can mean."""
    if not incomplete.startswith("@"):
        return []
    from pathlib import Path

    start = Path(incomplete[1:])
    folder = start if incomplete.endswith(("@", "/")) else start.parent
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return []
    names = [f"@{file}{'/' if file.is_dir() else ''}" for file in files]
    return [name for name in names if name.startswith(incomplete)]


program = click.argument("program", shell_complete=complete_program)
"""The argument PROGRAM."""


def split(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> list[str]:  # noqa: ARG001 - click's interface
    """Return the names of a repeatable, comma-separated option, as graphs spell them."""
    names = [[name.strip() for name in text.split(",") if name.strip()] for text in value]
    if not all(names):
        raise UsageError(f"--{param.name} has no name", hint=f"write --{param.name} x,y")
    return [canonical(name) for some in names for name in some]


class Lines(click.types.StringParamType):
    """A text that may have blanks: a variable of the environment holds one a line."""

    envvar_list_splitter = "\n"


def pairs(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> dict[str, str]:  # noqa: ARG001 - click's interface
    """Return the NAME=TEXT pairs of a repeatable option."""
    found: dict[str, str] = {}
    for argument in value:
        name, equals, text = argument.partition("=")
        if not (equals and name.strip() and text.strip()):
            option, form = param.opts[-1], param.metavar
            raise UsageError(f"'{argument}' is not {form}", hint=f"write {option} {form}")
        if canonical(name.strip()) in found:
            raise UsageError(f"{param.opts[-1]} has '{name.strip()}' twice")
        found[canonical(name.strip())] = text.strip()
    return found


def target(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click's interface
    """Return the file of `-o`, None for standard output."""
    if value == "":
        raise UsageError("the name of the file to write is empty")
    return None if value == "-" else value


def tolerance(ctx: click.Context, param: click.Parameter, value: float) -> float:  # noqa: ARG001 - click's interface
    """Return a tolerance; it must be a finite number, zero or more."""
    if not (isfinite(value) and value >= 0):
        raise UsageError(f"--{param.name} must be a finite number, zero or more, not {value}")
    return value


# Options that commands share.


def load_gates(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> None:  # noqa: ARG001 - click's interface
    """Load files of gates until the command is done; not while a shell asks for completions."""
    if value and not ctx.resilient_parsing:
        from gradcalc import loading

        for file in value:
            with redirect_stdout(sys.stderr):  # what it prints is no data
                loading.load(file)
            ctx.find_root().call_on_close(partial(loading.unload, file))


# It runs code, so no variable of the environment sets it.
load = click.option(
    "--load", metavar="FILE", multiple=True, expose_value=False, callback=load_gates, type=click.Path(),
    help="Run FILE, a Python file, and use the gates that it defines; repeatable.",
)  # fmt: skip
at = setting(
    "AT", "--at", metavar="FILE", type=click.Path(allow_dash=True),
    help="Read values from a .json, .toml, .csv or .npz file; - is JSON on standard input.",
)  # fmt: skip
upstream = setting(
    "UPSTREAM", "--upstream", metavar="VALUE",
    help="The output's own gradient, of its shape, written like a value; 1 for a number.",
)  # fmt: skip
check = setting(
    "CHECK", "--check/--no-check", default=True, help="Prove the gradients against SymPy (the default).",
)  # fmt: skip
seed = setting(
    "SEED", "--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True,
    help="Where rand and randn begin, in the values and then in the program.",
)  # fmt: skip
wrt = setting(
    "WRT", "--wrt", metavar="NAMES", multiple=True, callback=split,
    help="Differentiate with respect to these variables or named statements only (x,q).",
)  # fmt: skip
format_ = setting(
    "FORMAT", "-f", "--format", "format_", type=click.Choice(list(FORMATS)), default="table",
    show_default=True, help="How the report is written.",
)  # fmt: skip


def gate_names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:  # noqa: ARG001 - click's interface
    """Return the gates of --expand, None without it; an empty list stands for all of them."""
    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    return [] if names == [ALL] else names


ALL = "all"

expand = setting(
    "EXPAND", "--expand", metavar="[=GATES]", is_flag=False, flag_value=ALL, callback=gate_names,
    help="Write composite gates out as what they are made of: all, or --expand=sigmoid,tanh.",
)  # fmt: skip
group = setting(
    "GROUP", "--group", is_flag=True,
    help="Show what is written out, 1/(1 + exp(-x)), as one composite gate, sigmoid(x).",
)  # fmt: skip
rtol = setting(
    "RTOL", "--rtol", type=float, default=1e-9, show_default=True, callback=tolerance,
    help="Relative error that still passes.",
)  # fmt: skip
atol = setting(
    "ATOL", "--atol", type=float, default=0.0, show_default=True, callback=tolerance,
    help="Absolute error that still passes.",
)  # fmt: skip
precision = setting(
    "PRECISION", "--precision", type=click.Choice(list(PRECISIONS)), default=DEFAULT, show_default=True,
    help="The format that claims were computed in: its rounding is allowed them.",
)  # fmt: skip
strict = setting(
    "STRICT", "--strict", is_flag=True, help="Exit 3 also where the verdict is inaccurate or undecided."
)
max_nodes = setting(
    "MAX_NODES", "--max-nodes", metavar="N", type=click.IntRange(min=1), default=10_000_000,
    show_default=True, help="Refuse programs of more nodes.",
)  # fmt: skip
color = setting(
    "COLOR", "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
    show_default=True, help="When to use colour; NO_COLOR is heeded.",
)  # fmt: skip
