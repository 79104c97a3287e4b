"""A program's value and gradients over rows, with the noise of a format, and the error of doubles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcalc.claims.elementary import Numbers
from gradcalc.claims.noise import scaled
from gradcalc.claims.program import Program, write
from gradcalc.claims.rounding import DOUBLE, Rounded, Unit, run
from gradcalc.graph import Graph, Value

if TYPE_CHECKING:
    from gradcalc.claims.precision import Format

MOST_ROWS = 8192
"""Rows that are computed together, at most: few enough for the processor's cache."""

MOST_NUMBERS = 1 << 22
"""Numbers that are held at once, at most."""


class Errors(NamedTuple):
    """By how much value and gradients are off in doubles: of the shapes of what they belong to."""

    value: Any
    gradients: Mapping[str, Any]


class Found(NamedTuple):
    """What rows come to: arrays of the shape (rows, *shape).

    value            the output
    gradients        name -> gradient
    value_noise      by how much a correct computation of it in the format may be off
    gradient_noises  name -> that of a gradient
    error            by how much `value` and `gradients` themselves may be off
    decided          rows that are finite and at no kink: what doubles say of them holds within `error`
    """

    value: Any
    gradients: Mapping[str, Any]
    value_noise: Any
    gradient_noises: Mapping[str, Any]
    error: Errors
    decided: Any

    def at(self, rows: Any) -> Found:
        """Return what some rows come to, by their places."""
        found: Found = _cut(self, rows)
        return found


class Workings:
    """The gradient program of a graph, ready to run over rows."""

    def __init__(self, program: Program, sample: Mapping[str, Value]) -> None:
        self.program, self.sample = program, sample

    @classmethod
    def of(
        cls, graph: Graph, sample: Mapping[str, Value], wrt: Sequence[str], upstream: Value = None
    ) -> Workings | None:
        """Return the workings of a graph for rows whose values have the sample's shapes.

        wrt       names of the variables and statements whose gradients are asked for
        upstream  any array of the output's shape where rows have an upstream gradient; None stands for 1

        None where the program is too large, or what it does depends on the numbers of a row.
        """
        program = write(graph, sample, wrt, upstream)
        return None if program is None else cls(program, sample)

    def run(self, columns: Mapping[str, Any], upstream: Any, format: Format) -> Found:  # noqa: A002
        """Compute all rows.

        columns   name -> array of the shape (rows, *shape); a variable that has none is the sample's in each
        upstream  array of the shape (rows, *shape of the output), or one for all rows
        """
        rows = len(next(iter(columns.values()), upstream))
        filled = {name: self._column(name, columns, rows) for name in self.program.variables}
        start = self.program.upstream
        given = None if start is None else np.broadcast_to(upstream, (rows, *start.shape))
        size = max(1, min(MOST_ROWS, MOST_NUMBERS // len(self.program)))
        starts = range(0, max(rows, 1), size)
        found: Found = _joined([self._part(filled, given, at, min(size, rows - at), format) for at in starts])
        return found

    def _column(self, name: str, columns: Mapping[str, Any], rows: int) -> Any:
        if name in columns:
            return columns[name]
        return np.broadcast_to(self.sample[name], (rows, *np.shape(self.sample[name])))

    def _part(
        self, columns: Mapping[str, Any], upstream: Any, start: int, rows: int, format: Format  # noqa: A002
    ) -> Found:  # fmt: skip
        """Compute so many rows from one on."""
        cut: Callable[[Any], Any] = lambda column: column[start : start + rows]
        some = {name: cut(column) for name, column in columns.items()}
        units = [*dict.fromkeys([Unit(format.roundoff, format.smallest), DOUBLE])]
        given = None if upstream is None else cut(upstream)
        return _found(self.program, run(self.program, some, given, units, rows))


def _found(program: Program, found: Rounded) -> Found:
    def gathered(of: list[Numbers]) -> tuple[Any, dict[str, Any]]:
        gradients = {name: found.gathered(steps, of) for name, steps in program.gradients.items()}
        return found.gathered(program.value, of), gradients

    of_format, of_doubles = found.errors[0], found.errors[-1]
    value, gradients = gathered(found.numbers)
    noise, noises = gathered(of_format)
    error = Errors(*gathered(of_doubles))
    decided = found.decided
    for numbers in (value, error.value, *gradients.values(), *error.gradients.values()):
        decided = decided & np.isfinite(numbers).all(axis=tuple(range(1, numbers.ndim)))
    scaled_noises = {name: scaled(of_one) for name, of_one in noises.items()}
    return Found(value, gradients, scaled(noise), scaled_noises, error, decided)


def _cut(whole: Any, rows: Any) -> Any:
    """Return some rows: of an array, or of what arrays are held by."""
    if isinstance(whole, Mapping):
        return {name: _cut(part, rows) for name, part in whole.items()}
    if isinstance(whole, tuple):
        return type(whole)(*(_cut(part, rows) for part in whole))
    return whole[rows]


def _joined(parts: Sequence[Any]) -> Any:
    """Return the rows of all parts, one after the other: of arrays, or of what arrays are held by alike."""
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: _joined([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple):
        return type(first)(*map(_joined, zip(*parts, strict=True)))
    return np.concatenate(parts) if len(parts) > 1 else first
