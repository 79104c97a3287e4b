"""Tables of claims as blocks of rows, right or wrong."""

from __future__ import annotations

import numpy as np

from gradcalc.batch.table import Block
from gradcalc.batch.workings import Workings
from gradcalc.claims.precision import FORMATS
from gradcalc.language import parse
from gradcalc.suites.outcome import tally
from gradcalc.suites.rows import check_rows


def block(columns, first=2):
    """Return the rows of columns as a block whose first row is in that line."""
    columns = {name: np.asarray(x, dtype=float) for name, x in columns.items()}
    rows = len(next(iter(columns.values())))
    return Block(columns, range(first, first + rows))


def blocks(columns, size):
    """Return columns as blocks of so many rows."""
    whole = block(columns)
    cut = lambda x, at: x[at : at + size]
    return [
        Block({name: cut(x, at) for name, x in whole.columns.items()}, cut(whole.lines, at))
        for at in range(0, len(whole), size)
    ]


def checked(program, columns, *args, **options):
    """Return the outcomes of one block."""
    return list(check_rows(program, [block(columns)], *args, **options))


def counts(outcomes):
    """Return how many rows there are of each word that any row has."""
    return {word: count for word, count in tally(outcomes).words().items() if count}


def found(program, points, upstream=None, precision="float64"):
    """Return what a program comes to at rows, in doubles."""
    sample = {name: np.asarray(column[0]) for name, column in points.items()}
    graph, start = parse(program, sample), None if upstream is None else upstream[0]
    return Workings.of(graph, sample, list(points), start).run(points, upstream, FORMATS[precision])


def claimed(program, points, upstream=None):
    """Return the columns of right claims."""
    of = found(program, points, upstream)
    return {"value": of.value, **{f"grad_{name}": x for name, x in of.gradients.items()}}


def normal(*shape, seed=0, scale=1.0):
    """Return random numbers."""
    return np.random.default_rng(seed).standard_normal(shape) * scale
