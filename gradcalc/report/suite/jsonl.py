"""JSON lines: an outcome a line, and the totals on the last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from gradcalc.report import Options
from gradcalc.report.json import SCHEMA
from gradcalc.report.suite.json import fields, totals
from gradcalc.suites.outcome import Outcome, Tally


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield a line an outcome as it comes, and one for the totals."""
    for outcome in outcomes:
        yield json.dumps({"schema": SCHEMA, **fields(outcome)}) + "\n"
    yield json.dumps({"schema": SCHEMA, **totals(tally)}) + "\n"
