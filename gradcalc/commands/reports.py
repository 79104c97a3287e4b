"""`--report FORMAT[:PATH]`: which reports `check` writes, and where each goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import tee
from pathlib import Path
from typing import NamedTuple

import click

from gradcalc.commands import output
from gradcalc.commands.patience import Progress
from gradcalc.errors import UsageError, suggest
from gradcalc.report import Options
from gradcalc.report.suite import FORMATS, writer
from gradcalc.suites.outcome import Outcome, Tally

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file of a step's summary."""


class Report(NamedTuple):
    """A format, and the file that it is written to; None for standard output."""

    format: str
    file: str | None


def parsed(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> list[Report]:  # noqa: ARG001 - click's interface
    """Return the reports that are asked for; one of them goes to standard output."""
    found = [_report(text) for text in value]
    files = [report.file for report in found]
    if None not in files:
        found.insert(0, Report("text", None))
    for file in files:
        if files.count(file) > 1:
            where = "standard output" if file is None else f"'{file}'"
            raise UsageError(f"two reports go to {where}", hint="write --report FORMAT:PATH for one of them")
    return found


def _report(text: str) -> Report:
    name, colon, file = text.partition(":")
    if name not in FORMATS:
        near = suggest(name, FORMATS)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(FORMATS)}"
        raise UsageError(f"there is no report '{name}'", hint=hint)
    if colon and not file:
        raise UsageError(f"the name of the file for '{name}' is empty", hint=f"write --report {name}:PATH")
    return Report(name, file if file != "-" and file else None)


def write(reports: Sequence[Report], outcomes: Iterable[Outcome], tally: Tally, options: Options) -> None:
    """Write all reports: the one on standard output as outcomes come, the others after it."""
    progress = Progress("checked")
    on_stdout = next(report for report in reports if report.file is None)
    others = [_to_file(report, tally) for report in reports if report.file is not None]
    if any(report.format == "github" for report in reports):
        others.append(lambda outcomes: _summarise(outcomes, tally))
    first, *copies = tee(_counted(outcomes, tally, progress), 1 + len(others))
    with progress:
        output.stream(progress.between(writer(on_stdout.format)(first, tally, options)))
    for other, copy in zip(others, copies, strict=True):
        other(copy)


def _to_file(report: Report, tally: Tally) -> Callable[[Iterable[Outcome]], None]:
    return lambda outcomes: output.emit(writer(report.format)(outcomes, tally, Options()), report.file)


def _counted(outcomes: Iterable[Outcome], tally: Tally, progress: Progress) -> Iterator[Outcome]:
    for outcome in outcomes:
        tally.add(outcome)
        progress.add(outcome.count)
        yield outcome


def _summarise(outcomes: Iterable[Outcome], tally: Tally) -> None:
    """Append to the summary of a step, where this is a step of a workflow."""
    file = os.environ.get(SUMMARY)
    if not file:
        return
    from gradcalc.report.suite.github import summary

    with suppress(OSError), Path(file).open("a", encoding="utf-8") as out:
        out.writelines(summary(outcomes, tally))


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's interface
    """Return the formats that begin so."""
    return [name for name in FORMATS if name.startswith(incomplete)]
