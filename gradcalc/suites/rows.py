"""Rows of claims: a table from a kernel in any language, checked row by row against a program."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from gradcalc.batch.table import Block
from gradcalc.claims.judge import Terms
from gradcalc.graph import Value
from gradcalc.suites.outcome import Outcome

SAMPLE = 100
"""Rows that doubles decide and that are judged in high precision all the same."""

SHOWN = 10
"""Rows of a verdict that are told one by one; those beyond are counted."""


def check_rows(
    program: str,
    blocks: Iterable[Block],
    terms: Terms | None = None,
    *,
    file: str = "",
    shared: Mapping[str, Value] | None = None,
    ignore: Collection[str] = (),
    least: int | None = None,
    seed: int = 0,
    sample: int = SAMPLE,
    shown: int = SHOWN,
) -> Iterator[Outcome]:
    """Yield what came of the rows: each that is wrong, undecided or an error, and at last all that pass.

    program  text in the language
    blocks   the rows; columns are named as in `claims.names`: a variable, `value`, `grad_NAME`, `upstream`
    terms    what claims are held to
    file     where the rows stand, for reports
    shared   what holds for all rows, named as columns are
    ignore   columns that mean nothing here
    least    fewer rows than these are an error
    seed     where the program's own rand and randn begin
    sample   how many of the rows that doubles decide are judged in high precision all the same
    shown    how many rows of a verdict are told one by one

    Raises UsageError where there is nothing to check, for columns that mean nothing, and the errors of
    a text that is no program.
    """
    raise NotImplementedError
    yield
