"""JSON: the counts, and every outcome with all that is known of its claims."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from gradcalc.report import Options
from gradcalc.report.json import SCHEMA, claim, error_fields
from gradcalc.suites.outcome import Outcome, Tally


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the document: outcomes as they come, then the totals."""
    yield f'{{"schema": {json.dumps(SCHEMA)}, "outcomes": ['
    separator = "\n"
    for outcome in outcomes:
        yield separator + json.dumps(fields(outcome))
        separator = ",\n"
    yield f"\n], {json.dumps(totals(tally))[1:]}\n"


def fields(outcome: Outcome) -> dict[str, Any]:
    """Return the fields of an outcome."""
    return {
        "name": outcome.name,
        "verdict": outcome.verdict,
        "program": outcome.program,
        "file": outcome.file or None,
        "line": outcome.line or None,
        "rows": outcome.count,
        "reason": outcome.reason,
        "claims": {found.name: claim(found) for found in outcome.claims},
        "error": outcome.error and error_fields(outcome.error),
        "warnings": list(outcome.warnings),
        "notes": list(outcome.notes),
        "seconds": round(outcome.seconds, 6),
    }


def totals(tally: Tally) -> dict[str, Any]:
    """Return the counts, and the exit code."""
    return {"totals": dict(tally.words()), "exit": tally.exit}
