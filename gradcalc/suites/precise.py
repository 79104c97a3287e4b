"""Rows judged one at a time, in high precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcalc.claims import judge
from gradcalc.claims.diagnosis import Fit
from gradcalc.claims.judge import Terms
from gradcalc.claims.names import GRADIENT, differentiated
from gradcalc.errors import NumberError
from gradcalc.gates.record import Shape
from gradcalc.graph import Value
from gradcalc.pipeline import evaluate, start_of
from gradcalc.result import Claim, Result, Verdict, worst
from gradcalc.shapes import infer
from gradcalc.suites.columns import Columns, Row


class Judged(NamedTuple):
    """What came of a row.

    verdict  None where an error kept it from being judged; it passes where none is claimed either
    claims   the verdict on each claim
    result   the program at the row, with its proof
    """

    row: Row
    verdict: Verdict | None
    claims: Mapping[str, Claim] = {}
    result: Result | None = None
    error: NumberError | None = None

    @property
    def has_no_value(self) -> bool:
        """Whether the program has no value in the row, and none is claimed."""
        return self.result is None and self.verdict == "pass"

    @property
    def finished(self) -> bool:
        """Whether precision was enough to settle it."""
        return self.result is None or self.result.check is None or self.result.check.finished

    @property
    def wrong(self) -> list[Claim]:
        """The claims that fail."""
        return [claim for claim in self.claims.values() if claim.verdict == "fail"]


class Judging:
    """Judges rows whose values have the shapes of the first.

    wrt       the names whose gradients are claimed
    upstream  the output's own gradient where no column has it: any where no gradient is claimed

    Raises ShapeError where the shapes do not fit the program.
    """

    def __init__(self, columns: Columns, terms: Terms, first: Row) -> None:
        self.graph, self.terms, self.wrt = columns.graph, terms, differentiated(columns.claims)
        shape = infer(self.graph, first.point)[self.graph.output]
        self.upstream = np.ones(shape) if self._any(first, shape) else None
        start_of(self.graph, shape, self.upstream_of(first))

    def _any(self, first: Row, shape: Shape) -> bool:
        return first.upstream is None and not self.wrt and shape != ()

    def upstream_of(self, row: Row) -> Value:
        """Return the output's own gradient in a row, None for 1."""
        return self.upstream if row.upstream is None else row.upstream

    def judged(self, row: Row, closed_form: bool = False) -> Judged:
        """Return what comes of a row."""
        upstream, (rtol, atol, _) = self.upstream_of(row), self.terms
        try:
            result = evaluate(
                self.graph, row.point, wrt=self.wrt, rtol=rtol, atol=atol, upstream=upstream,
                closed_form=closed_form,
            )  # fmt: skip
            claims = judge.verdicts(result, row.point, row.claims, terms=self.terms, upstream=upstream)
        except NumberError as error:
            claims_none = all(np.isnan(claimed).all() for claimed in row.claims.values())
            return Judged(row, "pass" if claims_none else None, error=None if claims_none else error)
        return Judged(row, worst([claim.verdict for claim in claims.values()]), claims, result)

    def mistakes(self, found: Judged) -> dict[str, list[Fit]]:
        """Return the mistakes that fit the claims that fail in a row."""
        assert found.result is not None, "what fails was computed"
        point, upstream = found.row.point, self.upstream_of(found.row)
        return judge.mistakes(found.result, point, found.claims, self.terms, upstream)

    def formulas(self, found: Judged) -> dict[str, str]:
        """Return the right formulas of the gradients that are wrong in a row, those that have one."""
        result = self.judged(found.row, closed_form=True).result
        entries = {} if result is None or result.check is None else result.check.gradients
        names = [
            claim.name.removeprefix(GRADIENT) for claim in found.wrong if claim.name.startswith(GRADIENT)
        ]
        return {
            name: entries[name].formula or "" for name in names if name in entries and entries[name].formula
        }
