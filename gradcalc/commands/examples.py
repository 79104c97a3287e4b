"""`gradcalc examples`: the lecture's worked examples, listed and run."""

from __future__ import annotations

from collections.abc import Iterator

import click

from gradcalc.commands import COMMANDS, load, output
from gradcalc.commands.arguments import SortedCommand
from gradcalc.errors import UsageError, suggest
from gradcalc.examples import EXAMPLES, Example, command_line, file_name, program


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's interface
    return [name for name in EXAMPLES if name.startswith(incomplete)]


HELP = """\
List the worked examples of a lecture on backpropagation, or run example NAME.

\b
  gradcalc examples
  gradcalc examples neuron
  gradcalc examples two-layers --program > two-layers.txt
"""


@click.command("examples", cls=SortedCommand, help=HELP, short_help="List worked examples, or run one.")
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--program", "print_program", is_flag=True,
              help="Print the example's program file alone, to keep and to change.")  # fmt: skip
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="When to use colour; NO_COLOR is heeded.")  # fmt: skip
def command(name: str | None, print_program: bool, color: str) -> int:
    """List the worked examples of a lecture on backpropagation, or run example NAME."""
    if name is None:
        if print_program:
            raise UsageError("--program needs the name of an example", hint="gradcalc examples lists them")
        output.emit(listing())
        return 0
    if name not in EXAMPLES:
        near = suggest(name, EXAMPLES)
        hint = f"did you mean '{near}'?" if near else f"one of {', '.join(EXAMPLES)}"
        raise UsageError(f"unknown example '{name}'", hint=hint)
    example = EXAMPLES[name]
    if print_program:
        output.emit([program(example) or own_program(example)])
        return 0
    output.emit(introduction(name, example))
    return run(example, color)


def listing() -> Iterator[str]:
    """Yield the names, the titles and the commands."""
    for name, example in EXAMPLES.items():
        alone = example.arguments and not file_name(example)
        line = command_line(example.arguments) if alone else f"gradcalc examples {name}"
        yield f"{name}\n  {example.title}\n  {line}\n\n"
    yield "gradcalc examples NAME runs one.\n"


def own_program(example: Example) -> str:
    """Return the program of an example that has no file, with its command; it may have none."""
    if not example.arguments:
        raise UsageError("this example is a Python session: it has no program file")
    text = next(a for a in example.arguments if a not in COMMANDS)
    return f"# {command_line(example.arguments)}\n{text}\n"


def introduction(name: str, example: Example) -> Iterator[str]:
    """Yield an example's title, what to look for, its program, and the command that runs it."""
    yield f"{example.title}\n\n{example.look}\n\n"
    text = program(example)
    if text:
        yield f"$ gradcalc examples {name} --program > {file_name(example)}\n{text}\n"
    if example.arguments:
        yield f"$ {command_line(example.arguments)}\n"


def run(example: Example, color: str) -> int:
    """Run an example's command, or its Python session; return the exit code."""
    if example.python:
        output.emit(session(example.python))
        return 0
    text = program(example)
    arguments = [text if text and a.startswith("@") else a for a in example.arguments]
    name = arguments.pop(0) if arguments[0] in COMMANDS else "eval"
    code: int = load(name).main([*arguments, "--color", color], prog_name="gradcalc", standalone_mode=False)
    return code


def session(lines: tuple[str, ...]) -> Iterator[str]:
    """Yield a Python session: each line, and the value that it has."""
    scope: dict[str, object] = {}
    for line in lines:
        yield f">>> {line}\n"
        try:
            yield f"{eval(line, scope)!r}\n"  # noqa: S307 - lines of our own examples
        except SyntaxError:  # a statement, which has no value
            exec(line, scope)  # noqa: S102 - lines of our own examples
