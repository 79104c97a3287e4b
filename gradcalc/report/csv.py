"""CSV: a header and one row a node, quoted as RFC 4180 says, with plain line feeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import NAMES, exact
from gradcalc.result import Result


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the header and one row a node."""
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerow(NAMES)
    for node in chosen(result, options.nodes):
        yield _taken(buffer)
        lines.writerow(exact(node))
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
