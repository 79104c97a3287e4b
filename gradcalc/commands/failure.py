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

from gradcalc.errors import GradcalcError, NamingError, NumberError, UsageError, printable, render, suggest

INTERRUPTED, PIPE_CLOSED = 130, 141


class InternalError(GradcalcError):
    """A bug in gradcalc, or a machine that is too small."""

    kind = "internal"
    exit = 3


def tolerate(*streams: IO[str] | None) -> None:
    """Let letters that a stream cannot hold be escaped, where they would end in an error."""
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what standard output still holds, while an error can still be caught."""
    if sys.stdout is not None:
        sys.stdout.flush()


def require_text(arguments: Sequence[str]) -> None:
    """Refuse arguments that are not UTF-8; Python keeps their bytes as lone surrogates."""
    for argument in arguments:
        if any("\udc80" <= letter <= "\udcff" for letter in argument):
            shown = argument.encode("utf-8", "replace").decode()
            raise UsageError(f"an argument is not UTF-8 text: '{shown}'")


def report(error: BaseException, arguments: Sequence[str], positional: Sequence[str]) -> int:
    """Say what went wrong, as text on stderr and as JSON where that was asked for; return the exit code."""
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _silence_stdout()
        return INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if os.environ.get("GRADCALC_DEBUG"):
        raise error
    problem = with_file_hint(translated(error), positional)
    try:
        if wanted_format(arguments) in ("json", "jsonl"):
            from gradcalc.report.json import error as as_json

            print(as_json(problem), end="", flush=True)  # noqa: T201 - the contract of --format json
        print(legible(problem), file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints errors
    except BrokenPipeError:
        _silence_stdout()
        return PIPE_CLOSED
    return problem.exit


def legible(problem: GradcalcError) -> str:
    """Draw an error without the control characters that a name or a file's name may hold."""
    lines = (problem.message, problem.hint)
    message, hint = (text if text.isprintable() else printable(text) for text in lines)
    return render(type(problem)(message, source=problem.source, span=problem.span, hint=hint))


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
    if isinstance(error, MemoryError):
        return InternalError("not enough memory", hint="a smaller --max-nodes refuses large programs early")
    if isinstance(error, OSError):
        _silence_stdout()
        return UsageError(f"cannot write: {(error.strerror or str(error)).lower()}")
    line = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "this is a bug in gradcalc, please report it; GRADCALC_DEBUG=1 shows where"
    return InternalError(f"internal error: {line}", hint=hint)


def _usage(error: click.ClickException) -> UsageError:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path if context else 'gradcalc'} --help shows what there is"
    if isinstance(error, click.NoSuchOption):
        message = f"no such option: {error.option_name}"
        near = _near_option(error.option_name, context)
        hint = f"did you mean '{near}'?" if near else hint
    elif type(error) is click.BadParameter and error.param:
        message = f"invalid value for '{max(error.param.opts, key=len)}': {error.message.rstrip('.')}"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _near_option(name: str, context: click.Context | None) -> str | None:
    """Return the option that `name` begins, or the nearest one."""
    params = context.command.get_params(context) if context else []
    options = [option for param in params for option in (*param.opts, *param.secondary_opts) if option[:2] == "--"]
    options += ["--version"]
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


def is_file(argument: str) -> bool:
    """Whether an argument is the name of a file that exists; a single letter may be one by chance."""
    from pathlib import Path

    try:
        return len(argument) > 1 and not argument.startswith(("-", "@")) and Path(argument).is_file()
    except (OSError, ValueError):
        return False


def wanted_format(arguments: Sequence[str]) -> str | None:
    """Return the format asked for, also where the arguments are wrong in another place."""
    is_eval = not arguments or arguments[0] not in ("diff", "gates", "examples")
    found = os.environ.get("GRADCALC_FORMAT") if is_eval else None
    for token, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if token == "--":  # noqa: S105 - not a password
            break
        if token in ("--format", "-f"):
            found = following
        elif token.startswith("--format="):
            found = token.partition("=")[2]
    return found
