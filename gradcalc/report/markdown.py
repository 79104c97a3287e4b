"""Markdown: the nodes and the gradients as two pipe tables, with short numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import printed, printed_columns
from gradcalc.report.wording import SUMMARY, notes, summary
from gradcalc.result import Result

ESCAPES = str.maketrans({c: f"\\{c}" for c in r"\`*_{}[]<>#|~$"} | {"\n": " "})


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the tables."""
    if options.nodes != "none":
        nodes = chosen(result, options.nodes)
        columns = printed_columns(nodes)
        yield from _head([c.title for c in columns], [c.align for c in columns])
        for node in nodes:
            yield _row(printed(node, columns))
        yield "\n"
    yield from _head(SUMMARY, ["left", "left", "right", "right", "left"])
    for row in summary(result):
        yield _row(row.cells)
    yield from (f"\n{note.translate(ESCAPES)}\n" for note in notes(result, options.nodes != "none"))


def _head(titles: Iterable[str], aligns: Iterable[str]) -> Iterator[str]:
    yield _row(titles)
    yield "|" + "|".join("---:" if align == "right" else "---" for align in aligns) + "|\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.translate(ESCAPES) for cell in cells) + " |\n"
