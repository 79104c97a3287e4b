"""The command line: one file a command, loaded on use.

`run` is the one place where an error becomes text and an exit code. A first argument that is
exactly a command's name is that command, anything else is a program for `eval`.

    arguments  tokens, sorted before click sees them, and the options that commands share
    each       `eval --each`: a table instead of a point
    formulas   `eval --claim` without a point
    output     where a report goes; `reports` has those of `check`
    patience   a word for whoever waits
    failure    errors -> text and exit codes
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from gradcalc.commands import failure
from gradcalc.errors import GradcalcError, UsageError

COMMANDS = ("eval", "diff", "explain", "draw", "check", "jacobian", "hessian", "gates", "examples")
"""The commands; each is `command` in the module of its name."""

VARIABLE = "_GRADCALC_COMPLETE"
"""The environment variable through which a shell asks for completions."""

START = """\
gradcalc computes gradients by backpropagation, shows every step, and proves the result.

  gradcalc '(x + y)*z' x=-2 y=5 z=-4
  gradcalc 'q = x + y; q*z' x=-2 y=5 z=-4 --wrt x,q
  gradcalc diff 'sigmoid(w*x + b)'

More: gradcalc examples, gradcalc gates, gradcalc explain --help, gradcalc --help
"""

HELP = """\
Compute gradients by backpropagation, node by node, and prove them.

\b
  gradcalc '(x + y)*z' x=-2 y=5 z=-4

A first argument that is no command's name is a PROGRAM: 'gradcalc PROGRAM ...' is short for
'gradcalc eval PROGRAM ...'. 'gradcalc eval --help' lists its options.
"""

EPILOG = """\
Exit codes: 0 nothing failed; 1 a gradient or a claim is wrong; 2 usage, syntax, names, files; 3 a number that
is not finite, a domain error, an unfinished check, and with --strict also inaccurate and undecided.

\b
Completion in the shell:
  bash   eval "$(_GRADCALC_COMPLETE=bash_source gradcalc)"     in ~/.bashrc
  zsh    eval "$(_GRADCALC_COMPLETE=zsh_source gradcalc)"      in ~/.zshrc
  fish   _GRADCALC_COMPLETE=fish_source gradcalc | source      in ~/.config/fish/config.fish
"""


def load(name: str) -> click.Command:
    """Import a command."""
    command: click.Command = import_module(f"gradcalc.commands.{name}").command
    return command


class Commands(click.Group):
    """The commands, loaded on use, with `eval` as the default."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's interface
        """Load a command."""
        return load(cmd_name) if cmd_name in COMMANDS else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front, unless a command or the group itself is asked."""
        if args == ["-h"]:
            args = ["--help"]
        if args and args[0] not in (*COMMANDS, "--help", "--version"):
            args = ["eval", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete a first word: a command, or an option of the default command."""
        found = super().shell_complete(ctx, incomplete)
        default = load("eval")
        with default.make_context("eval", [], parent=ctx, resilient_parsing=True) as inner:
            argument = next(p for p in default.params if isinstance(p, click.Argument))
            more = [*default.shell_complete(inner, incomplete), *argument.shell_complete(inner, incomplete)]
        own = {item.value for item in found}
        return [*found, *(item for item in more if item.value not in own)]


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's interface
    if value and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("gradcalc")
        except PackageNotFoundError:
            number = "(not installed)"
        click.echo(f"gradcalc {number}")
        ctx.exit()


@click.group("gradcalc", cls=Commands, invoke_without_command=True, help=HELP, epilog=EPILOG)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the version.")  # fmt: skip
@click.pass_context
def group(ctx: click.Context) -> None:
    """Show three examples where no command is given."""
    if ctx.invoked_subcommand is None:
        click.echo(START, nl=False)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    failure.tolerate(sys.stdout, sys.stderr)
    try:
        if instruction := os.environ.get(VARIABLE):
            return _complete(instruction)
        code = _invoke(list(arguments))
        failure.flush()
        return code
    except BaseException as error:
        return failure.report(error, arguments, _positional(error, arguments))


def _complete(instruction: str) -> int:
    """Answer a shell that asks for completions, or for the script that does."""
    from click.shell_completion import shell_complete

    try:
        code = shell_complete(group, {}, "gradcalc", VARIABLE, instruction)
    except (KeyError, ValueError):  # no words to complete
        code = 1
    if code:
        raise UsageError(f"{VARIABLE} is not used as a shell uses it", hint=f"unset {VARIABLE}")
    return code


def _positional(error: BaseException, arguments: Sequence[str]) -> list[str]:
    """Return the positional arguments of a command that a user got wrong."""
    if not isinstance(error, GradcalcError | click.UsageError) or not arguments:
        return []
    from gradcalc.commands.arguments import sort

    if arguments[0] == "check":  # whose arguments are files, and no program that a shell has expanded
        return []
    named = arguments[0] in COMMANDS
    params = load(arguments[0] if named else "eval").params
    tokens = sort(arguments[named:], params)
    return tokens[tokens.index("--") + 1 :] if "--" in tokens else []


def _invoke(arguments: list[str]) -> int:
    arguments = [failure.as_text(argument) for argument in arguments]
    try:
        with group.make_context("gradcalc", arguments, max_content_width=100) as ctx:
            return group.invoke(ctx) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
