"""The report on formulas that are claimed for all points: the right ones, and the verdict on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gradcalc.graph import Graph
from gradcalc.report import Options
from gradcalc.report.below import prose
from gradcalc.report.grid import Line, paint
from gradcalc.report.wording import ASCII, STYLES, UNICODE, Signs, claim
from gradcalc.result import Claim


def write(
    graph: Graph, derivatives: Mapping[str, str], claims: Mapping[str, Claim], options: Options
) -> Iterator[str]:
    """Write a line for each derivative that SymPy has a formula of, then one for each claim."""
    signs = ASCII if options.ascii else UNICODE
    yield from paint(_lines(graph.label(), derivatives, claims, options.width, signs), options.colour)


def _lines(
    label: str, derivatives: Mapping[str, str], claims: Mapping[str, Claim], columns: int | None, signs: Signs
) -> Iterator[Line]:
    for name, formula in derivatives.items():
        yield from prose(f"d{label}/d{name} = {formula}", columns)
    for found in claims.values():
        text = f"{signs.marks[found.verdict]} {claim(found)}"
        yield from prose(text, columns, STYLES.get(found.verdict, ""))
