"""Jacobians and Hessians for programs and documents: JSON, CSV, TSV, Markdown and LaTeX.

CSV and TSV have one entry a line: what is differentiated, what by, the number. A diagonal block has
its diagonal alone.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from gradcalc.derivatives.matrices import Block, Derivatives, Names
from gradcalc.gates.record import shape_of
from gradcalc.report import Options, matrices
from gradcalc.report.json import SCHEMA, kink, output
from gradcalc.report.json import check as proof
from gradcalc.report.latex import HEAD
from gradcalc.report.latexsymbols import decimal, matrix, symbol
from gradcalc.report.markdown import ESCAPES
from gradcalc.report.matrices import Piece, as_result, elements, pieces, sides
from gradcalc.report.values import is_small, short, whole

Writer = Callable[[Derivatives, Options], Iterator[str]]

COLUMNS = ("of", "by", "value")
FIELD = {"jacobian": "jacobians", "hessian": "hessian", "jvp": "jvp", "vjp": "vjp", "hvp": "hvp"}


def writer(name: str) -> Writer:
    """Return the function that writes a format; the formats are those of `report.FORMATS`."""
    return matrices.write if name == "table" else WRITERS[name]


# JSON.


def _json(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001 - a writer's signature
    document = {
        "schema": SCHEMA,
        "program": found.program,
        "output": output(as_result(found)),
        FIELD[found.what]: _nested(found),
        "mode": found.mode,
        "passes": found.passes,
        "check": found.check and proof(found.check),
        "kinks": [kink(k) for k in found.kinks],
        "warnings": list(found.warnings),
    }
    yield json.dumps(document) + "\n"


def _nested(found: Derivatives) -> Any:
    """Return the blocks by name; those of a Hessian by two names, one in the other."""
    if found.what == "jvp":
        return _block(found.blocks[()])
    if found.what != "hessian":
        return {names[0]: _block(block) for names, block in found.blocks.items()}
    return {a: {b: _block(found.blocks[a, b]) for b in found.wrt} for a in found.wrt}


def _block(block: Block) -> dict[str, Any]:
    return {"shape": list(block.shape), "kind": block.kind, "value": whole(block.value)}


def _jsonl(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001
    for names, block in found.blocks.items():
        yield json.dumps({"what": found.what, "by": list(names), **_block(block)}) + "\n"


# One entry a line.


def entries(found: Derivatives) -> Iterator[tuple[str, str, float]]:
    """Yield every entry: what is differentiated, what by (nothing for a product), and the number."""
    for names, block in found.blocks.items():
        above, below = (
            elements(name, shape)
            for name, shape in zip(sides(found, names), _shapes(found, block), strict=True)
        )
        if block.kind == "diagonal":
            yield from zip(above, below, block.value.ravel().tolist(), strict=True)
        else:
            for row, numbers in zip(
                above, block.matrix.reshape(len(above), len(below)).tolist(), strict=True
            ):
                yield from ((row, column, x) for column, x in zip(below, numbers, strict=True))


def _shapes(found: Derivatives, block: Block) -> tuple[Any, Any]:
    return ((), block.columns) if found.what == "hvp" else (block.rows, block.columns)


def _csv(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001
    for row in (COLUMNS, *entries(found)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        yield buffer.getvalue()


def _tsv(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001
    yield "\t".join(COLUMNS) + "\n"
    for of, by, x in entries(found):
        yield f"{of}\t{by}\t{x!r}\n"


# Documents.


def _markdown(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001
    for number, piece in enumerate(pieces(found)):
        yield "\n" if number else ""
        name = piece.title.translate(ESCAPES)
        if piece.matrix is None:
            yield f"{name}: {piece.text.translate(ESCAPES)}\n"
            continue
        yield f"{name}\n\n"
        yield _row(["", *(head.translate(ESCAPES) for head in piece.columns)])
        yield "|" + "|".join(["---", *["---:"] * len(piece.columns)]) + "|\n"
        for head, numbers in zip(piece.rows, piece.matrix.tolist(), strict=True):
            yield _row([head.translate(ESCAPES), *(short(x + 0.0).translate(ESCAPES) for x in numbers)])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _latex(found: Derivatives, options: Options) -> Iterator[str]:  # noqa: ARG001
    yield HEAD
    for names, piece in zip(_named(found), pieces(found), strict=True):
        yield f"\\[\n{_left(found, names)} = {_right(piece)}\n\\]\n"


def _named(found: Derivatives) -> list[Names]:
    """Return the names of each piece; none of a Hessian that is shown whole."""
    return list(found.blocks) if len(pieces(found)) == len(found.blocks) else [()]


def _left(found: Derivatives, names: Names) -> str:
    label, letters = symbol(matrices.output_label(found)), list(map(symbol, names))
    by = " ".join(rf"\partial {letter}" for letter in letters)
    if found.what == "jacobian":
        return rf"\frac{{\partial {label}}}{{{by}}}"
    if found.what == "hessian":
        return rf"\frac{{\partial^2 {label}}}{{{by}}}" if by else "H"
    product = {"jvp": "J v", "vjp": "v^T J", "hvp": "H v"}[found.what]
    return f"({product})_{{{letters[0]}}}" if letters else product


def _right(piece: Piece) -> str:
    if piece.matrix is None:
        x = piece.value
        if not shape_of(x):
            return decimal(piece.text)
        small = x.ndim <= 2 and x.size and is_small(x)
        text = matrix(x, short) if small else f"\\text{{{piece.text}}}"
        return rf"\operatorname{{diag}} {text}" if piece.kind == "diagonal" else text
    rows = [" & ".join(decimal(short(x + 0.0)) for x in row) for row in piece.matrix.tolist()]
    return (
        "\\left(\\begin{array}{"
        + "r" * len(piece.columns)
        + "}\n"
        + " \\\\\n".join(rows)
        + "\n\\end{array}\\right)"
    )


WRITERS: dict[str, Writer] = {
    "json": _json, "jsonl": _jsonl, "tsv": _tsv, "csv": _csv, "markdown": _markdown, "latex": _latex,
}  # fmt: skip
