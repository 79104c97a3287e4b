"""`gradcalc examples`: the lecture's worked examples, listed and run."""

from __future__ import annotations

from collections.abc import Iterator

import click

from gradcalc.commands import output
from gradcalc.commands.arguments import SortedCommand
from gradcalc.errors import UsageError, suggest
from gradcalc.examples import EXAMPLES, Example, command_line


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's interface
    return [name for name in EXAMPLES if name.startswith(incomplete)]


HELP = """\
List the worked examples of a lecture on backpropagation, or run example NAME.

\b
  gradcalc examples
  gradcalc examples neuron
"""


@click.command("examples", cls=SortedCommand, help=HELP, short_help="List worked examples, or run one.")
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="When to use colour; NO_COLOR is heeded.")  # fmt: skip
def command(name: str | None, color: str) -> int:
    """List the worked examples of a lecture on backpropagation, or run example NAME."""
    if name is None:
        output.emit(listing())
        return 0
    if name not in EXAMPLES:
        near = suggest(name, EXAMPLES)
        hint = f"did you mean '{near}'?" if near else f"one of {', '.join(EXAMPLES)}"
        raise UsageError(f"unknown example '{name}'", hint=hint)
    output.emit(shown(EXAMPLES[name], color))
    return 0


def listing() -> Iterator[str]:
    """Yield the names, the titles and the commands."""
    for name, example in EXAMPLES.items():
        line = command_line(example.arguments) or f"gradcalc examples {name}"
        yield f"{name}\n  {example.title}\n  {line}\n\n"
    yield "gradcalc examples NAME runs one.\n"


def shown(example: Example, color: str) -> Iterator[str]:
    """Yield an example's title, what to look for, its command, and what that prints."""
    yield f"{example.title}\n\n{example.look}\n\n"
    if example.python:
        yield from session(example.python)
        return
    from gradcalc.pipeline import compute
    from gradcalc.point import assignments
    from gradcalc.report import writer

    yield f"$ {command_line(example.arguments)}\n"
    program, *values = example.arguments
    yield from writer("table")(compute(program, assignments(values)), output.options(color))


def session(lines: tuple[str, ...]) -> Iterator[str]:
    """Yield a Python session: each line, and the value that it has."""
    scope: dict[str, object] = {}
    for line in lines:
        yield f">>> {line}\n"
        try:
            yield f"{eval(line, scope)!r}\n"  # noqa: S307 - lines of our own examples
        except SyntaxError:  # a statement, which has no value
            exec(line, scope)  # noqa: S102 - lines of our own examples
