"""A program's value and gradients, row after row: the passes of a single point, over columns.

Where all gates are elementwise and each variable is one number a row, a column is an array like any other,
and both passes compute many rows at once. Any other program is computed row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradcalc.backward import backward
from gradcalc.batch.table import element
from gradcalc.errors import NumberError
from gradcalc.forward import are_scalar, forward
from gradcalc.graph import Graph, Value, depends
from gradcalc.pipeline import evaluate, starting_gradient
from gradcalc.systems import memory

PART = 8192
"""Rows that are computed together: few enough for the processor's cache."""


class Found(NamedTuple):
    """What rows come to: arrays of the shape (rows, *shape).

    value      the output
    gradients  name -> gradient
    finite     whether a row's point, value and gradients are
    """

    value: Any
    gradients: Mapping[str, Any]
    finite: Any


@dataclass(frozen=True)
class Each:
    """A program at many points.

    graph     the program
    shared    name -> value of the variables that are the same in each row
    wrt       names of the variables and statements that it is differentiated by
    upstream  the output's own gradient, the same in each row; None stands for 1
    """

    graph: Graph
    shared: Mapping[str, Value]
    wrt: Sequence[str]
    upstream: Value = None

    def run(self, columns: Mapping[str, Any], rows: int, upstream: Any = None) -> Found:
        """Return value and gradients of rows, as `gradcalc.compute` returns them of each.

        columns   name -> array of the shape (rows, *shape), for each variable that is not shared
        upstream  array of the shape (rows, *shape of the output), where each row has its own

        Where many rows are computed at once, NumPy stands in for `math`: what one gate gives and its local
        gradients are the same numbers for + - * /, square roots and all that chooses (max, where, abs),
        and within 8 units of the last digit for the others. A row that is not finite is no error.

        Raises ShapeError as a single point does.
        """
        if self._elementwise(columns, upstream):
            starts = range(0, rows, PART)
            parts = [self._part(columns, upstream, at, min(at + PART, rows)) for at in starts]
        else:
            parts = [self._single(columns, upstream, row) for row in range(rows)]
        value = np.concatenate([part[0] for part in parts])
        gradients = {name: np.concatenate([part[1][name] for part in parts]) for name in self.wrt}
        finite = np.ones(rows, bool)
        for x in (*columns.values(), value, *gradients.values()):
            finite &= np.isfinite(x).all(axis=tuple(range(1, x.ndim)))
        return Found(value, gradients, finite)

    def why(self, columns: Mapping[str, Any], upstream: Any, row: int) -> str:
        """Return why a row is not finite."""
        point = self._point(columns, row)
        for name in self.graph.variables:
            if not np.isfinite(point[name]).all():
                return f"'{name}' is not finite"
        try:
            evaluate(self.graph, point, wrt=self.wrt, check=False, upstream=self._start(upstream, row))
        except NumberError as error:
            return error.message
        return "a number is too large for a float"

    def _elementwise(self, columns: Mapping[str, Any], upstream: Any) -> bool:
        """Whether each row is computed from numbers alone, and all that is asked for depends on the row."""
        graph = self.graph
        numbers = are_scalar(set(graph.gates), [*graph.constants.values(), *self.shared.values()])
        if not numbers or any(x.ndim > 1 for x in columns.values()) or np.ndim(upstream) > 1:
            return False
        changing = depends(graph, [graph.variables[name] for name in self._spread(columns)])
        return changing[graph.output] and all(changing[graph.node(name)] for name in self.wrt)

    def _spread(self, columns: Mapping[str, Any]) -> list[str]:
        """Return the variables that are computed with as columns: those asked for have a gradient a row."""
        return [name for name in self.graph.variables if name in columns or name in self.wrt]

    def _part(
        self, columns: Mapping[str, Any], upstream: Any, start: int, stop: int
    ) -> tuple[Any, dict[str, Any]]:
        """Return value and gradients of some rows, all of them computed at once."""
        memory.keep()
        point = dict(self.shared)
        for name in self._spread(columns):
            column = columns.get(name)
            point[name] = np.full(stop - start, point[name]) if column is None else column[start:stop]
        shared = 1.0 if self.upstream is None else self.upstream
        g = np.full(stop - start, shared) if upstream is None else upstream[start:stop]
        values = forward(self.graph, point)
        gradients = backward(self.graph, values, self.wrt, g)
        # Sums begin with 0, and 0 + -0 is 0.
        return values[self.graph.output], {n: gradients[self.graph.node(n)] + 0.0 for n in self.wrt}

    def _single(self, columns: Mapping[str, Any], upstream: Any, row: int) -> tuple[Any, dict[str, Any]]:
        """Return value and gradients of one row."""
        graph, start = self.graph, self._start(upstream, row)
        values = forward(graph, self._point(columns, row))
        gradients = backward(graph, values, self.wrt, starting_gradient(graph, values, start))
        found = {name: np.asarray(gradients[graph.node(name)])[None] for name in self.wrt}
        return np.asarray(values[graph.output])[None], found

    def _point(self, columns: Mapping[str, Any], row: int) -> dict[str, Value]:
        return {**self.shared, **{name: element(column[row]) for name, column in columns.items()}}

    def _start(self, upstream: Any, row: int) -> Value:
        return self.upstream if upstream is None else element(upstream[row])
