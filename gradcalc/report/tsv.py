r"""TSV: a header and one row a node; a tab, a line feed and a backslash in a cell are `\t`, `\n` and `\\`."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import NAMES, exact
from gradcalc.result import Result

ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the header and one row a node."""
    yield "\t".join(NAMES) + "\n"
    for node in chosen(result, options.nodes):
        yield "\t".join(cell.translate(ESCAPES) for cell in exact(node)) + "\n"
