"""Markdown: the nodes and the gradients as two pipe tables, with short numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import PRINTED, printed
from gradcalc.report.wording import SUMMARY, summary
from gradcalc.result import Result

ESCAPES = str.maketrans({c: f"\\{c}" for c in r"\`*_{}[]<>#|~$"} | {"\n": " "})


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the tables."""
    if options.nodes != "none":
        yield from _head([c.title for c in PRINTED], [c.align for c in PRINTED])
        for node in chosen(result, options.nodes):
            yield _row(printed(node))
        yield "\n"
    yield from _head(SUMMARY, ["left", "left", "right", "right", "left"])
    for row in ([cell or "" for cell in row] for row in summary(result)):
        yield _row(row)


def _head(titles: Iterable[str], aligns: Iterable[str]) -> Iterator[str]:
    yield _row(titles)
    yield "|" + "|".join("---:" if align == "right" else "---" for align in aligns) + "|\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.translate(ESCAPES) for cell in cells) + " |\n"
