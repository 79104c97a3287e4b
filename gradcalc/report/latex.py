"""LaTeX: the nodes and the gradients as two plain `tabular`s, with short numbers; no package is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.columns import PRINTED, printed
from gradcalc.report.wording import SUMMARY, summary
from gradcalc.result import Result

ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}"}
    | {"-": "$-$", "<": "$<$", ">": "$>$", "\n": " "}
)


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the tabulars."""
    if options.nodes != "none":
        rows = (printed(node) for node in chosen(result, options.nodes))
        yield from _tabular([c.title for c in PRINTED], [c.align[0] for c in PRINTED], rows)
        yield "\n"
    yield from _tabular(SUMMARY, "llrrl", ([cell or "" for cell in row] for row in summary(result)))


def _tabular(titles: Iterable[str], aligns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"\\begin{{tabular}}{{{''.join(aligns)}}}\n\\hline\n{_row(titles)}\\hline\n"
    for row in rows:
        yield _row(row)
    yield "\\hline\n\\end{tabular}\n"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\" + "\n"


def _cell(text: str) -> str:
    number, _, exponent = text.partition("e")
    if not number.lstrip("-").replace(".", "", 1).isdecimal():
        return text.translate(ESCAPES)
    return rf"${number} \cdot 10^{{{exponent}}}$" if exponent else f"${number}$"
