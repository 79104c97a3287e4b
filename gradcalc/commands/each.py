"""`gradcalc eval PROGRAM --each FILE`: value and gradients of each row of a table, appended to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, BinaryIO, Literal, NamedTuple

import click
from click.core import ParameterSource

from gradcalc.batch import archives, writing
from gradcalc.batch.each import Each, Found
from gradcalc.batch.reading import Table, every, named, opened
from gradcalc.batch.table import Block
from gradcalc.claims.names import GRADIENT, UPSTREAM, VALUE, is_claim, variable
from gradcalc.commands import output
from gradcalc.commands.arguments import read_program
from gradcalc.commands.eval import refuse_unknown as refuse_unknown_in_get
from gradcalc.commands.patience import patience
from gradcalc.errors import UsageError
from gradcalc.graph import Graph, Value
from gradcalc.language import parse
from gradcalc.pipeline import refuse_unknown, refuse_unused
from gradcalc.point.reading import short

NOT_FINITE = 3
"""The exit code where a row is not finite."""

TOLD = 3
"""Rows that are not finite of which the reason is told; the others are counted."""

NOT_HERE = {
    "check": "gradcalc check proves what --each has written",
    "claims": "claims are columns of the table that gradcalc check reads",
    "rtol": "gradcalc check has tolerances",
    "atol": "gradcalc check has tolerances",
    "strict": "gradcalc check has verdicts",
    "precision": "gradcalc check has formats",
    "nodes": "nodes are shown at one point",
    "expand": "forms are shown at one point",
    "group": "forms are shown at one point",
}
"""Options of eval that rows have no use for, and what has."""

Progress = Callable[[str], None]
"""Tells how far the work has come."""

Keeps = Literal["texts", "columns", "nothing"]
"""What is written of the rows that were read: all as it is, the numbers in another format, or nothing."""


class Asked(NamedTuple):
    """What is computed in each row.

    program    the text, `@file` or `-`
    given      name -> value that is the same in each row
    spare      more of them, which the program may lack and columns replace
    upstream   the output's own gradient; None stands for 1
    seed       where the program's rand and randn begin
    get        what alone is written, by the names of --get; empty for all
    wrt        names of the gradients; empty for those of all variables
    max_nodes  most nodes that the graph may have
    """

    program: str
    given: Mapping[str, Value]
    spare: Mapping[str, Value]
    upstream: Value
    seed: Any
    get: Sequence[str]
    wrt: Sequence[str]
    max_nodes: int


def run(file: str, asked: Asked, format_: str, target: str | None) -> int:
    """Write each row of a table with the program's value and gradients; return the exit code."""
    refuse_options()
    with opened(file) as table:
        job = prepared(asked, table)
        written = chosen_format(table, format_, target)
        keeps: Keeps = "nothing" if asked.get else "texts" if written == table.format else "columns"
        if keeps != "nothing":
            refuse_names(job.names, table)
        with output.streaming(target) as out, waiting(out) as progress:
            tally = job.write(table, writer(table, written, keeps, out), keeps, progress)
    for note in tally.notes():
        output.note(note)
    return NOT_FINITE if tally.bad else 0


def waiting(out: BinaryIO) -> AbstractContextManager[Progress]:
    """Return who tells a waiting person how far the rows have come; rows on a terminal tell it themselves."""
    if out.isatty():
        return nullcontext(lambda word: None)  # noqa: ARG005 - nobody is told
    return patience("computing")


class Job(NamedTuple):
    """A program that is ready for the rows of a table.

    columns   variable -> the column that has its values
    upstream  the column that has the output's own gradients
    names     name of a column that is written -> that of its gradient; None for the output
    """

    each: Each
    columns: Mapping[str, str]
    upstream: str | None
    names: Mapping[str, str | None]

    def write(self, table: Table, out: writing.Writer, keeps: Keeps, progress: Progress) -> Tally:
        """Compute and write the rows, block after block."""
        tally = Tally(table.unit)
        used = {self.upstream, *self.columns.values()}
        for block in table.blocks(every if keeps == "columns" else used.__contains__, every):
            point = {name: block.columns[column] for name, column in self.columns.items()}
            upstream = None if self.upstream is None else block.columns[self.upstream]
            found = self.each.run(point, len(block), upstream)
            out.add(shown(block, keeps), self.named(found), found.finite)
            tally.add(block, found.finite, partial(self.each.why, point, upstream))
            progress(f"computing: {tally.rows:,} rows")
        out.close(dict.fromkeys(self.names, ()))
        return tally

    def named(self, found: Found) -> dict[str, Any]:
        """Return the columns that are written."""
        return {key: found.value if n is None else found.gradients[n] for key, n in self.names.items()}


def shown(block: Block, keeps: Keeps) -> Block:
    """Return what is written of a block."""
    if keeps == "texts":
        return Block({}, block.lines, block.texts)
    return Block(block.columns if keeps == "columns" else {}, block.lines)


class Tally:
    """The rows that were computed, and those that are not finite."""

    def __init__(self, unit: str) -> None:
        self.rows = self.bad = 0
        self._unit = unit
        self._told: list[str] = []

    def add(self, block: Block, finite: Any, why: Callable[[int], str]) -> None:
        """Count rows; the first ones that are not finite are asked why."""
        bad = (~finite).nonzero()[0].tolist()
        for k in bad[: TOLD - len(self._told)]:
            self._told.append(f"{self._unit} {block.lines[k]}: {why(k)}")
        self.rows += len(block)
        self.bad += len(bad)

    def notes(self) -> Iterator[str]:
        """Yield what people are told."""
        if self.bad:
            yield f"{self.bad:,} of {self.rows:,} rows {'is' if self.bad == 1 else 'are'} not finite:"
            yield from (f"  {line}" for line in self._told)
            if self.bad > len(self._told):
                yield "  …"


# What is computed.


def prepared(asked: Asked, table: Table) -> Job:
    """Return the program, ready for the rows; raises the errors of a program, or of names that do not fit."""
    columns = by_variable(table)
    for name in asked.given:
        if name in columns:
            message = f"'{name}' is given a value, and {table.label} has a column '{short(columns[name])}'"
            raise UsageError(message, hint="leave out one of the two")
    shared = {name: x for name, x in {**asked.spare, **asked.given}.items() if name not in columns}
    text = read_program(asked.program)
    graph = parse(text, [*shared, *columns], max_nodes=asked.max_nodes, seed=asked.seed)
    refuse_unused(graph, asked.given)
    names = written_names(graph, asked)
    return Job(
        each=Each(
            graph,
            {name: x for name, x in shared.items() if name in graph.variables},
            list(dict.fromkeys(name for name in names.values() if name is not None)),
            asked.upstream,
        ),
        columns={name: columns[name] for name in graph.variables if name in columns},
        upstream=UPSTREAM if UPSTREAM in table.reader.names else None,
        names=names,
    )


def by_variable(table: Table) -> dict[str, str]:
    """Return variable -> column, for the columns that may be a variable's."""
    found: dict[str, str] = {}
    for column in table.reader.names:
        if not is_claim(column) and column != UPSTREAM:
            name = variable(column)
            if name in found:
                raise UsageError(f"{table.label}: '{short(name)}' is given twice")
            found[name] = column
    return found


def written_names(graph: Graph, asked: Asked) -> dict[str, str | None]:
    """Return the names of the columns that are written, each with that of its gradient."""
    if not asked.get:
        refuse_unknown(graph, asked.wrt)
        return {VALUE: None, **{GRADIENT + name: name for name in asked.wrt or graph.variables}}
    refuse_unknown_in_get(graph, list(asked.get))
    known = {*graph.variables, *graph.named}
    return dict((GRADIENT + name, name) if name in known else (VALUE, None) for name in asked.get)


def refuse_names(names: Mapping[str, str | None], table: Table) -> None:
    """Raise UsageError where a column that is written is there already."""
    for name in names:
        if name in table.reader.names:
            hint = "rename it; a variable that is called so is the column var." + name
            raise UsageError(f"{table.label} has a column '{name}' already", hint=hint)


# How it is written.


def refuse_options() -> None:
    """Raise UsageError for an option that rows have no use for."""
    context = click.get_current_context()
    for param in context.command.params:
        name = param.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name in NOT_HERE and context.params[name] is not False:
            raise UsageError(f"--each has no {param.opts[-1]}", hint=NOT_HERE[name])


def chosen_format(table: Table, format_: str, target: str | None) -> str:
    """Return the format that is written: that of --format, of -o, or of the table that was read."""
    source = click.get_current_context().get_parameter_source("format_")
    by_name = None if target is None else named(target)
    if source is ParameterSource.COMMANDLINE:
        if format_ not in writing.SYNTAX:
            *first, last = writing.SYNTAX
            message = f"--each writes {', '.join(first)} or {last}, not {format_}"
            raise UsageError(message, hint="-o FILE.npz writes arrays")
        if by_name == "npz":
            raise UsageError(f"a .npz file is not written as {format_}", hint="leave --format out")
        return format_
    if by_name is None and source is ParameterSource.ENVIRONMENT and format_ in writing.SYNTAX:
        return format_
    return by_name or table.format


def writer(table: Table, written: str, keeps: Keeps, out: BinaryIO) -> writing.Writer:
    """Return what writes a format."""
    if written == "npz":
        source = table.reader.file if isinstance(table.reader, archives.Archive) else None
        if out.isatty():
            raise UsageError("a .npz file is nothing for a terminal", hint="write -o FILE.npz")
        return writing.Archive(out, source if keeps == "texts" else None)
    header = table.reader.header if keeps == "texts" else ""
    return writing.Text(out, writing.SYNTAX[written], header)
