"""LaTeX: the nodes and the gradients as two plain `tabular`s, with short numbers; no package is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import PRINTED, printed
from gradcalc.report.wording import SUMMARY, summary
from gradcalc.result import Result

SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "-": "{-}",
    "\n": " ",
}
ESCAPES = str.maketrans(
    SPECIAL | {c: f"\\{c}" for c in "&%$#_{}"} | {"<": r"\textless{}", ">": r"\textgreater{}"}
)
"""A hyphen in braces joins no ligature: `--` in an expression stays two minus signs."""


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the tabulars."""
    if options.nodes != "none":
        rows = (printed(node) for node in chosen(result, options.nodes))
        yield from _tabular([c.title for c in PRINTED], [c.align[0] for c in PRINTED], rows)
        yield "\n"
    yield from _tabular(SUMMARY, "llrrl", summary(result))


def _tabular(titles: Iterable[str], aligns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"\\begin{{tabular}}{{{''.join(aligns)}}}\n\\hline\n{_row(titles)}\\hline\n"
    for row in rows:
        yield _row(row)
    yield "\\hline\n\\end{tabular}\n"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\" + "\n"


def _cell(text: str) -> str:
    escaped = text.translate(ESCAPES)
    return f"${text}$" if _is_number(text) else escaped


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()
