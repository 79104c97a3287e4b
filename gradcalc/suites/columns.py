"""What the columns of a table mean: the point, the claims and the upstream gradient of each row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from gradcalc.batch.table import Block
from gradcalc.claims.names import (
    GRADIENT,
    UPSTREAM,
    VALUE,
    VARIABLE,
    differentiated,
    is_claim,
    sorted_by_name,
    variable,
)
from gradcalc.errors import NamingError, UsageError, suggest
from gradcalc.graph import Graph, Value
from gradcalc.language import CONSTANTS, parse
from gradcalc.pipeline import refuse_unknown
from gradcalc.point.arguments import canonical

LISTED = 8
"""Names that an error lists, at most."""


class Rows(NamedTuple):
    """Rows, sorted by name: arrays of the shape (rows, *shape); of what all rows share, a value.

    lines  the line of each row in its file
    first  the number of the first row, from 1
    """

    point: Mapping[str, Any]
    claims: Mapping[str, Any]
    upstream: Any
    lines: Sequence[int]
    first: int

    def row(self, k: int) -> Row:
        """Return a row by its place, apart from the block that it came in."""
        point, claims = ({name: _value(x[k]) for name, x in of.items()} for of in (self.point, self.claims))
        upstream = None if self.upstream is None else _value(self.upstream[k])
        return Row(self.first + k, int(self.lines[k]), point, claims, upstream)


class Row(NamedTuple):
    """A row: its number from 1, its line, the point, what is claimed there, and the upstream gradient."""

    number: int
    line: int
    point: Mapping[str, Value]
    claims: Mapping[str, Value]
    upstream: Value


def _value(x: Any) -> Value:
    """Return an element of a column: a number as a float."""
    return np.array(x) if x.shape else float(x)


class Columns:
    """The columns of a table, and what holds for all its rows.

    graph   the program
    claims  what is claimed: `value` and `grad_NAME`

    Raises UsageError for a column that means nothing and where nothing is claimed, NamingError for a
    gradient by something that is not there, and the errors of a text that is no program.
    """

    def __init__(
        self, program: str, names: Sequence[str], shared: Mapping[str, Value], ignore: Collection[str],
        seed: Any,
    ) -> None:  # fmt: skip
        self.shared = {canonical(name): x for name, x in shared.items()}
        self.names = {name: canonical(name) for name in names if name not in ignore}
        meant = [*self.names.values(), *self.shared]
        _refuse_twice(meant)
        given = sorted_by_name(dict.fromkeys(meant))
        loose = _without_values(program, given.point)
        _refuse_meaningless(loose, list(self.names.values()))
        _refuse_missing(loose, given.point, meant)
        self.claims = list(given.claims)
        if not self.claims:
            raise UsageError("no column claims anything", hint=_claims_hint(loose))
        self.graph: Graph = parse(program, given.point, seed=deepcopy(seed))
        refuse_unknown(self.graph, differentiated(self.claims))

    def sort(self, block: Block, first: int) -> Rows:
        """Return the rows of a block, the first of which has that number."""
        count = len(block)
        columns = {meant: block.columns[name] for name, meant in self.names.items()}
        for name, x in self.shared.items():
            columns[name] = np.broadcast_to(np.asarray(x, dtype=float), (count, *np.shape(x)))
        found = sorted_by_name(columns)
        return Rows(found.point, found.claims, found.upstream, block.lines, first)


def _without_values(program: str, point: Collection[str]) -> Graph:
    """Return the program with all its variables, among them the constants of the language that are given."""
    graph, constants = parse(program), [name for name in point if name in CONSTANTS]
    return parse(program, [*graph.variables, *constants]) if constants else graph


def _refuse_twice(names: Sequence[str]) -> None:
    """Raise UsageError where two columns, or a column and what all rows share, mean the same."""
    seen: dict[str, str] = {}
    for name in names:
        meant = name if is_claim(name) or name == UPSTREAM else VARIABLE + variable(name)
        if meant in seen:
            raise UsageError(f"'{name}' is given twice", hint=f"--ignore {name} leaves its column out")
        seen[meant] = name


def _refuse_meaningless(graph: Graph, names: Sequence[str]) -> None:
    """Raise UsageError for a column that is no variable, no claim and no upstream gradient."""
    for name in names:
        if is_claim(name) or name == UPSTREAM or variable(name) in graph.variables:
            continue
        near = suggest(name, _words(graph))
        mended = f"did you mean '{near}'?" if near else f"the variables are {_listed([*graph.variables])};"
        hint = f"{mended} --ignore {name} leaves it out"
        raise UsageError(f"the column '{name}' means nothing here", hint=hint)


def _words(graph: Graph) -> Iterator[str]:
    """Yield what a column may be called."""
    yield from (VALUE, UPSTREAM, *graph.variables, *(VARIABLE + name for name in graph.variables))
    yield from (GRADIENT + name for name in (*graph.variables, *graph.named))


def _refuse_missing(graph: Graph, point: Mapping[str, Any], names: Collection[str]) -> None:
    """Raise NamingError for a variable without a value."""
    for name in graph.variables:
        if name not in point:
            own = f"the column '{name}' is a claim; that of the variable is called '{VARIABLE}{name}'"
            raise NamingError(f"the variable '{name}' has no column", hint=own if name in names else "")


def _claims_hint(graph: Graph) -> str:
    return f"a claim's column is called {_listed([VALUE, *(GRADIENT + name for name in graph.variables)])}"


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:LISTED]) or 'none'}{', …' if len(words) > LISTED else ''}"
