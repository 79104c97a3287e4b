"""Where an error becomes text and an exit code.

A gradcalc error has its own code (2 or 3), click's usage errors are 2, an interruption is 130, a
reader that went away 141. Anything else is a bug: one line and 3; GRADCALC_DEBUG=1 shows where.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import IO

import click

from gradcalc.errors import (
    GradcalcError,
    InternalError,
    NumberError,
    UsageError,
    bug,
    printable,
    render,
    suggest,
)

INTERRUPTED, PIPE_CLOSED = 130, 141

LONGEST = 500
"""Letters that the sentence of an error has at most on a terminal."""


def tolerate(*streams: IO[str] | None) -> None:
    """Let letters that a stream cannot hold be escaped, where they would end in an error."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what standard output still holds, while an error can still be caught."""
    if sys.stdout is not None:
        sys.stdout.flush()


def as_text(argument: str) -> str:
    """Return an argument as UTF-8 text; Python keeps bytes that its locale lacks as lone surrogates."""
    try:
        return argument.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        shown = argument.encode("utf-8", "replace").decode()
        raise UsageError(f"an argument is not UTF-8 text: '{shown}'") from None


def report(error: BaseException, arguments: Sequence[str], positional: Sequence[str]) -> int:
    """Say what went wrong, as text on stderr and as JSON where that was asked for; return the exit code."""
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _silence_stdout()
        return INTERRUPTED
    if isinstance(error, SystemExit) and _theirs(error) is None:
        return error.code if isinstance(error.code, int) else 0
    if os.environ.get("GRADCALC_DEBUG"):
        raise error
    problem = with_command_hint(with_file_hint(translated(error), positional), arguments, positional)
    try:
        _say(legible(problem) + "\n", sys.stderr)
        if wanted_format(arguments) in ("json", "jsonl"):
            from gradcalc.report.json import error as as_json

            _say(as_json(problem), sys.stdout)
    except BrokenPipeError:
        _silence_stdout()
        return PIPE_CLOSED
    return problem.exit


def _say(text: str, stream: IO[str] | None) -> None:
    """Write to a stream; a closed one or a full disk changes nothing about the exit code."""
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError:
        if stream is sys.stdout:
            _silence_stdout()


def legible(problem: GradcalcError) -> str:
    """Draw an error without the control characters that a name or a file's name may hold."""
    message, hint = (_shown(text) for text in (problem.message, problem.hint))
    return render(type(problem)(message, source=problem.source, span=problem.span, hint=hint))


def _shown(text: str) -> str:
    text = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    return text if text.isprintable() else printable(text)


def _silence_stdout() -> None:
    """Send what is left to nowhere: Python flushes at exit, and would complain once more."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # no stream, or one without a descriptor
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def translated(error: BaseException) -> GradcalcError:
    """Return any error as one of ours."""
    if isinstance(error, GradcalcError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, OSError):
        _silence_stdout()
        return UsageError(f"cannot write: {(error.strerror or str(error)).lower()}")
    return _theirs(error) or bug(error)


def _theirs(error: BaseException) -> UsageError | None:
    """Return the error of a function of a loaded file as one of ours; None for any other."""
    loading = sys.modules.get("gradcalc.loading")
    theirs: UsageError | None = loading.told(error) if loading else None
    return theirs


def _usage(error: click.ClickException) -> UsageError:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path if context else 'gradcalc'} --help shows what there is"
    if isinstance(error, click.NoSuchOption):
        message = f"no such option: {error.option_name}"
        near = _near_option(error.option_name, context)
        hint = f"did you mean '{near}'?" if near else hint
    elif type(error) is click.BadParameter and error.param:
        message = f"invalid value for '{_origin(error.param, context)}': {_plainer(error.message)}"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


PLAINER = {
    "valid integer range": "whole number",
    "valid float": "number",
    "valid boolean": "truth value: write 1 or 0",
}
"""What click calls things -> what people do."""


def _plainer(message: str) -> str:
    """Return click's sentence without the words of programmers."""
    before, _, kind = message.partition(". ")[0].rstrip(".").rpartition(" is not a ")
    return f"{before} is not a {PLAINER[kind]}" if kind in PLAINER else message.rstrip(".")


def _origin(param: click.Parameter, context: click.Context | None) -> str:
    """Return the option that holds a value, or the environment variable."""
    from click.core import ParameterSource

    source = context.get_parameter_source(param.name or "") if context else None
    if source is ParameterSource.ENVIRONMENT:
        return str(param.envvar)
    return max(param.opts, key=len)


def _near_option(name: str, context: click.Context | None) -> str | None:
    """Return the option that `name` begins, or the nearest one."""
    params = context.command.get_params(context) if context else []
    names = [name for param in params for name in (*param.opts, *param.secondary_opts)]
    options = [*(name for name in names if name.startswith("--")), "--version"]
    begun = [option for option in options if option.startswith(name)]
    return begun[0] if len(begun) == 1 else suggest(name, options)


def with_file_hint(problem: GradcalcError, positional: Sequence[str]) -> GradcalcError:
    """Ask whether the shell expanded a `*`, where an argument is the name of a file."""
    if isinstance(problem, NumberError | InternalError):
        return problem
    file = next((a for a in positional if is_file(a)), None)
    if file is None:
        return problem
    hint = f"'{file}' is a file here: did the shell expand a *? Put the program in quotes"
    if file == positional[0]:
        hint = f"'{file}' is a file: write '@{file}' to read the program from it"
    return type(problem)(problem.message, source=problem.source, span=problem.span, hint=hint)


FLAGS = {"help": "--help", "version": "--version"}
"""Commands of other programs -> the options that they are here."""


def with_command_hint(
    problem: GradcalcError, arguments: Sequence[str], positional: Sequence[str]
) -> GradcalcError:
    """Ask whether a lone name, taken for a program, was meant to be a command."""
    word = positional[0] if positional else ""
    if problem.exit != UsageError.exit or not word.isalpha() or arguments[0] != word or is_file(word):
        return problem
    from gradcalc.commands import COMMANDS

    if word in COMMANDS:
        return problem
    near = suggest(word, COMMANDS)
    option = FLAGS.get(word.lower())
    if not (near or option):
        return problem
    hint = f"did you mean gradcalc {option}?" if option else f"did you mean the command '{near}'?"
    hint += f" If not, {problem.hint}" if problem.hint.startswith("give it a value") else ""
    return type(problem)(problem.message, source=problem.source, span=problem.span, hint=hint)


def is_file(argument: str) -> bool:
    """Whether an argument is the name of a file that exists; a single letter may be one by chance."""
    from pathlib import Path

    try:
        return len(argument) > 1 and not argument.startswith(("-", "@")) and Path(argument).is_file()
    except (OSError, ValueError):
        return False


def wanted_format(arguments: Sequence[str]) -> str | None:
    """Return the format asked for, also where the arguments are wrong in another place."""
    command = arguments[0] if arguments else ""
    if command == "check":
        return next((name for name in ("json", "jsonl") if name in _reports(arguments)), None)
    found = os.environ.get("GRADCALC_FORMAT") if command not in ("diff", "gates", "examples") else None
    for token, following in zip(arguments, [*arguments, ""][1:], strict=True):
        if token == "--":  # noqa: S105 - not a password
            break
        if token in ("--format", "-f"):
            found = following
        elif token.startswith("--format="):
            found = token.partition("=")[2]
    return found


def _reports(arguments: Sequence[str]) -> list[str]:
    """Return what `check` is asked to report: a format without a file goes to standard output."""
    pairs = zip(arguments, [*arguments, ""][1:], strict=True)
    given = [following for token, following in pairs if token == "--report"]  # noqa: S105 - not a password
    given += [token.partition("=")[2] for token in arguments if token.startswith("--report=")]
    return given or os.environ.get("GRADCALC_REPORT", "").split("\n")
