"""`gradcalc check`: suites and rows of claims, judged one by one, for continuous integration."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from gradcalc.batch.reading import SUFFIXES
from gradcalc.commands import arguments, output, reports
from gradcalc.commands.arguments import Lines, SortedCommand, read_program, setting
from gradcalc.commands.patience import Progress, patience
from gradcalc.errors import GradcalcError, UsageError
from gradcalc.point.files import suffix
from gradcalc.suites.outcome import Outcome, Tally

if TYPE_CHECKING:
    from gradcalc.claims.judge import Terms

HELP = """\
Check what somebody else computed: every case of suites, or every row of a table.

FILE is a suite (TOML), a DIR with suites, or - (standard input). With --program it is a table with
a column a variable and columns 'value' and 'grad_NAME' with what is claimed. Gates that --load
brings are proved first, alone where there is no FILE.

\b
  gradcalc check --init suite.toml
  gradcalc check suite.toml gradients/ -k neuron
  ./my_kernel --dump | gradcalc check --program 'x*sigmoid(x)' --precision float32 --rows 100000 -
  gradcalc check --load my_gates.py
"""

EPILOG = """\
Exit codes: 0 nothing failed; 1 a claim or a gradient is wrong; 2 something could not be read, or
there is nothing to check; 3 a number that is not finite, a domain error, or a check that did not
finish; with --strict also inaccurate and undecided.
"""


@click.command(
    "check", cls=SortedCommand, help=HELP, epilog=EPILOG,
    short_help="Check suites or rows of claimed gradients, for CI.",
)  # fmt: skip
@click.argument("files", nargs=-1, metavar="[FILE|DIR|-]...", type=click.Path(allow_dash=True))
@arguments.load
@setting("PROGRAM", "--program", metavar="PROGRAM",
         help="The program that rows are claims about; @FILE reads it from a file.")  # fmt: skip
@setting("ROWS", "--rows", metavar="N", type=click.IntRange(min=1),
         help="Rows that there must be, at least: fewer are an error.")  # fmt: skip
@setting("IGNORE", "--ignore", metavar="NAME", multiple=True, callback=arguments.split,
         help="Pass over this column of the rows; repeatable.")  # fmt: skip
@setting("KEYWORD", "-k", "--keyword", metavar="TEXT", default="",
         help="Check the cases that have this in their name.")  # fmt: skip
@setting("TAG", "--tag", "tags", metavar="NAME", multiple=True,
         help="Check the cases of this tag; repeatable, one is enough.")  # fmt: skip
@setting("FAIL_FAST", "--fail-fast", is_flag=True, help="Stop at the first that does not pass.")
@setting("JOBS", "-j", "--jobs", metavar="N", type=click.IntRange(min=0), default=1, show_default=True,
         help="Processes that check cases; 0 is one a core.")  # fmt: skip
@click.option("--init", is_flag=True, help="Write a suite to begin with to FILE, or show it.")
@setting("REPORT", "--report", "wanted", metavar="FORMAT[:PATH]", multiple=True, type=Lines(),
         callback=reports.parsed, shell_complete=reports.complete,
         help="Write text, github, junit, json, jsonl to standard output or a file; repeatable.")  # fmt: skip
@setting("VERBOSE", "-v", "--verbose", is_flag=True, help="List all that passed, however many.")
@arguments.precision
@arguments.rtol
@arguments.atol
@arguments.seed
@arguments.strict
@arguments.color
def command(
    files: Sequence[str], program: str | None, init: bool, wanted: Sequence[reports.Report], verbose: bool,
    fail_fast: bool, rtol: float, atol: float, precision: str, strict: bool, color: str, **rest: Any,
) -> int:  # fmt: skip
    """Check what somebody else computed: every case of suites, or every row of a table."""
    if init:
        begin(files)
        return 0
    from gradcalc.claims.judge import Terms

    terms, tally = Terms(rtol, atol, precision), Tally(strict)
    proofs = of_gates()
    found = iter(()) if proofs and not (files or program) else judged(files, program, terms, **rest)
    found = chain(proofs or (), found)
    if fail_fast:
        found = until_failure(found, strict)
    options = output.options(color)._replace(verbose=verbose)
    reports.write(wanted, found, tally, options)
    return tally.exit


def of_gates() -> Iterator[Outcome] | None:
    """Return the outcomes of the gates that were loaded, None where none were."""
    from gradcalc.loading import loaded_gates

    gates = loaded_gates()
    if not gates:
        return None
    from gradcalc.suites.gates import prove_gates

    return prove_gates(gates)


def judged(files: Sequence[str], program: str | None, terms: Terms, **rest: Any) -> Iterator[Outcome]:
    """Return the outcomes of suites or rows, of which there must be one."""
    if program is None:
        found = in_suites(files, terms, **rest)
        with patience("checking"):
            first = next(found, None)
    else:  # of which nothing is told before the end
        settled = Progress("rows checked")
        found = in_rows(files, program, terms, settled, **rest)
        with settled:
            first = next(found, None)
    if first is None:
        raise nothing(files, program, **rest)
    return chain([first], found)


def until_failure(outcomes: Iterator[Outcome], strict: bool) -> Iterator[Outcome]:
    """Yield outcomes up to the first that does not pass."""
    for outcome in outcomes:
        yield outcome
        if outcome.exit(strict):
            return


# Suites.


def in_suites(
    files: Sequence[str], terms: Terms, *, rows: int | None, ignore: Sequence[str], keyword: str,
    tags: Sequence[str], jobs: int, seed: int,
) -> Iterator[Outcome]:  # fmt: skip
    """Return the outcomes of suites."""
    refuse_rows(files, rows, ignore)
    from gradcalc.suites.cases import Settings
    from gradcalc.suites.files import read
    from gradcalc.suites.running import run

    cases = read(files, Settings(terms, seed, keyword, tags))
    return run(cases, jobs or os.cpu_count() or 1)


def refuse_rows(files: Sequence[str], rows: int | None, ignore: Iterable[str]) -> None:
    """Raise UsageError where no program says what rows are about."""
    if not files:
        hint = "gradcalc check --init suite.toml writes a suite to begin with"
        raise UsageError("there is nothing to check: name a suite, a folder or -", hint=hint)
    table = next((file for file in files if suffix(file) in SUFFIXES), None)
    if table is not None:
        hint = f"gradcalc check --program PROGRAM {table}"
        raise UsageError(f"'{table}' is a table: --program says what its rows are about", hint=hint)
    for option, given in (("--rows", rows), ("--ignore", ignore)):
        if given:
            raise UsageError(f"{option} is about the rows of a table", hint="add --program PROGRAM")


def nothing(
    files: Sequence[str], program: str | None, *, keyword: str, tags: Sequence[str], **_rest: object
) -> UsageError:
    """Return the error where there was nothing to check: a check that checks nothing must not pass."""
    if program is not None:
        return UsageError("nothing was checked: there are no rows")
    if keyword or tags:
        wanted = [f"-k '{keyword}'"] * bool(keyword) + [f"--tag {tag}" for tag in tags]
        return UsageError(f"nothing was checked: no case matches {' '.join(wanted)}")
    hint = "a suite is a .toml file with [[case]] in it; --init writes one to begin with"
    return UsageError(f"nothing was checked: there is no suite in {', '.join(files)}", hint=hint)


def begin(files: Sequence[str]) -> None:
    """Write a suite to begin with, to a file that is not there yet or to standard output."""
    from importlib.resources import files as package
    from pathlib import Path

    text = package("gradcalc.suites").joinpath("starter.toml").read_text(encoding="utf-8")
    if len(files) > 1:
        raise UsageError("--init writes one file", hint=f"gradcalc check --init {files[0]}")
    if not files or files[0] == "-":
        output.emit([text])
        return
    file = files[0]
    with output.sentences(file):
        try:
            with Path(file).open("x", encoding="utf-8") as out:
                out.write(text)
        except FileExistsError:
            raise UsageError(f"'{file}' is there already", hint="--init overwrites nothing") from None
    output.note(f"wrote {file}; gradcalc check {file} checks it")


# Rows.


def in_rows(
    files: Sequence[str], program: str, terms: Terms, settled: Progress, *, rows: int | None,
    ignore: Sequence[str], keyword: str, tags: Sequence[str], seed: int, **_rest: object,
) -> Iterator[Outcome]:  # fmt: skip
    """Return the outcomes of rows."""
    refuse_suites(files, program, keyword, tags)
    text = read_program(program)
    for file in files:
        found = in_table(file, text, terms, settled, ignore=ignore, least=rows, seed=seed)
        yield from with_errors(found, text, file)


def in_table(
    file: str, program: str, terms: Terms, settled: Progress, *, ignore: Sequence[str], least: int | None,
    seed: int,
) -> Iterator[Outcome]:  # fmt: skip
    """Return the outcomes of a table's rows; its names are looked at before its numbers are."""
    from gradcalc.batch.reading import opened
    from gradcalc.suites.columns import Columns
    from gradcalc.suites.rows import check_rows

    with opened(file) as table:
        Columns(program, table.reader.names, {}, ignore, seed)
        rows = table.blocks(lambda name: name not in ignore)
        yield from check_rows(
            program, rows, terms, file=file, ignore=ignore, least=least, seed=seed, settled=settled.add
        )


def refuse_suites(files: Sequence[str], program: str, keyword: str, tags: Sequence[str]) -> None:
    """Raise UsageError for what is about suites, where a program is there for rows."""
    if not files:
        hint = "name a table, or - for standard input"
        raise UsageError("there is nothing to check: --program goes with rows", hint=hint)
    if [program, *files].count("-") > 1:
        raise UsageError("standard input can be read once")
    suite = next((file for file in files if suffix(file) == "toml"), None)
    if suite is not None:
        hint = f"a suite has programs of its own: gradcalc check {suite}"
        raise UsageError(f"'{suite}' is a suite, and --program goes with rows", hint=hint)
    if keyword or tags:
        raise UsageError("-k and --tag choose among the cases of suites, and --program goes with rows")


def with_errors(outcomes: Iterator[Outcome], program: str, file: str) -> Iterator[Outcome]:
    """Yield outcomes, and one more for an error that ended them."""
    try:
        yield from outcomes
    except GradcalcError as error:
        # The hint of the command line names an option that rows have not.
        error.hint = error.hint.replace("--upstream VALUE", "a column 'upstream'")
        yield Outcome("rows", None, program, file, error=error)
