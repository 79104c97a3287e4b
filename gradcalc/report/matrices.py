"""Jacobians and Hessians for a person: matrices with headings, and the proof below them.

A diagonal block is its diagonal, a large one is told by its least and largest entry and its norm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gradcalc.derivatives.matrices import Block, Derivatives, Kind, Names, count, place
from gradcalc.errors import printable
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Value
from gradcalc.report import Options
from gradcalc.report import wording as say
from gradcalc.report.below import prose
from gradcalc.report.grid import GAP, Cell, Grid, Head, Line, cell, paint, width
from gradcalc.report.values import brief, facts, full, short, sizes
from gradcalc.result import Entry, Result

MOST_ENTRIES = 400
"""Entries of a matrix that people are shown; of a larger one its norm."""

MOST_COLUMNS = 40

LARGE = f"matrices of more than {MOST_ENTRIES} entries are shown by min, max and norm; csv has every entry"


class Piece(NamedTuple):
    """What is shown below one title: a matrix with its headings, or a text in its place.

    `entries` are those of the check that belong to it; `value` is what the text tells of.
    """

    title: str
    entries: Sequence[Entry]
    matrix: Any = None
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    text: str = ""
    value: Value = None
    kind: Kind = "dense"


def write(found: Derivatives, options: Options) -> Iterator[str]:
    """Write the matrices and what stands below them."""
    return paint(lines(found, options), options.colour)


def lines(found: Derivatives, options: Options) -> Iterator[Line]:
    """Yield the lines of the report."""
    signs = say.ASCII if options.ascii else say.UNICODE
    label = output_label(found)
    yield from prose(f"{label} = {brief(found.output.value, full)}", options.width)
    for piece in pieces(found):
        if piece.matrix is not None:
            yield []
        yield from _piece(piece, options.width, signs)
    if found.blocks:
        yield []
    yield [(passes(found), "dim")]
    if any(piece.text.startswith("min ") for piece in pieces(found)):
        yield from prose(LARGE, options.width, "dim")
    yield from _proof(found, options.width, signs)


# What a block is called.


def output_label(found: Derivatives) -> str:
    """Return what the output is called."""
    return say.output_label(as_result(found))


def as_result(found: Derivatives) -> Result:
    """Return the program at its point without gradients, as other reports take it."""
    return Result(found.program, found.graph, found.values, (), found.output, {}, found.kinks, found.check)


def passes(found: Derivatives) -> str:
    """Return how the numbers were computed: `reverse mode: 2 passes`."""
    mode = found.mode if " " in found.mode else f"{found.mode} mode"
    return f"{mode}: {found.passes:,} pass{'' if found.passes == 1 else 'es'}"


def elements(name: str, shape: Shape) -> list[str]:
    """Return what the elements of an array are called: `x[0]`, `x[1]`."""
    import numpy as np

    return [name + place(index) for index in np.ndindex(*shape)]


def sides(found: Derivatives, names: Names) -> tuple[str, str]:
    """Return what the rows and the columns of a block are elements of; nothing where there are none."""
    if found.what == "hessian":
        return names[0], names[1]
    if found.what == "jacobian":
        return output_label(found), names[0]
    return (output_label(found), "") if found.what == "jvp" else ("", names[0])


def title(found: Derivatives, names: Names) -> str:
    """Return what a block is: `df[i]/dx[j]`, `J v`, `H v for x`."""
    block, label = found.blocks[names], output_label(found)
    if found.what == "jacobian":
        letters = iter("ijklmnopqrstuvw")
        above, below = (
            _indexed(name, shape, letters) for name, shape in ((label, block.rows), (names[0], block.columns))
        )
        return f"d{above}/d{below}"
    if found.what == "hessian":
        return f"d2{label}/d{names[0]} d{names[1]}"
    return {"jvp": "J v", "vjp": "v'J", "hvp": "H v"}[found.what] + (f" for {names[0]}" if names else "")


def _indexed(name: str, shape: Shape, letters: Iterator[str]) -> str:
    return name + (f"[{', '.join(next(letters, '…') for _ in shape)}]" if shape else "")


# Pieces.


def pieces(found: Derivatives) -> list[Piece]:
    """Return what is shown, one piece a block, or a small Hessian in one."""
    n = sum(count(shape_of(found.values[found.graph.node(name)])) for name in found.wrt)
    if found.what == "hessian" and n and n * n <= MOST_ENTRIES:
        return [_whole_hessian(found)]
    return [_of_block(found, names, block) for names, block in found.blocks.items()]


def _whole_hessian(found: Derivatives) -> Piece:
    from gradcalc.derivatives.hessian import whole

    shapes = [shape_of(found.values[found.graph.node(name)]) for name in found.wrt]
    heads = [text for name, shape in zip(found.wrt, shapes, strict=True) for text in elements(name, shape)]
    matrix = whole(found.blocks, found.wrt)
    entries = list(found.check.gradients.values()) if found.check else []
    text = f"d2{output_label(found)} / d row d column, {len(heads)}x{len(heads)}"
    return Piece(text, entries, matrix, heads, heads)


def _of_block(found: Derivatives, names: Names, block: Block) -> Piece:
    entries = [found.check.gradients[", ".join(names)]] if found.check else []
    text = title(found, names)
    if block.kind == "diagonal":
        text = f"{text}, {sizes(block.shape)}, diagonal"
        return Piece(text, entries, text=brief(block.value, short), value=block.value, kind="diagonal")
    if found.what in ("jvp", "vjp", "hvp") or not block.shape:
        return Piece(text, entries, text=brief(block.value, full), value=block.value)
    text = f"{text}, {sizes(block.shape)}"
    matrix = block.matrix
    if matrix.size > MOST_ENTRIES or matrix.shape[1] > MOST_COLUMNS:
        return Piece(text, entries, text=" ".join(facts(matrix)), value=block.value)
    above, below = sides(found, names)
    return Piece(text, entries, matrix, elements(above, block.rows), elements(below, block.columns))


def _piece(piece: Piece, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    """Yield a title with its verdict, and a matrix below it in as many parts as the terminal asks for."""
    verdict = _verdict(piece.entries, signs)
    if piece.matrix is None:
        text = f"{piece.title}{': ' if piece.kind == 'diagonal' else ' = '}{piece.text}"
        yield from prose(text + f"{'  ' if verdict[0] else ''}{verdict[0]}", columns)
        return
    fits = columns is None or width(piece.title) + GAP + width(verdict[0]) <= columns
    yield from ([(piece.title, "head"), verdict],) if fits else ([(piece.title, "head")], [verdict])
    for part in _parts(piece, columns):
        yield from part.lines(signs.rule)


def _parts(piece: Piece, columns: int | None) -> Iterator[Grid]:
    """Yield grids of as many columns of the matrix as fit beside each other."""
    texts = [[short(float(x) + 0.0) for x in row] for row in piece.matrix]
    needed = [
        max(map(width, (head, *(row[k] for row in texts)))) + 1 + GAP for k, head in enumerate(piece.columns)
    ]
    room = None if columns is None else columns - max(map(width, piece.rows), default=0)
    start = 0
    while start < len(needed):
        end = start + 1
        while end < len(needed) and (room is None or sum(needed[start : end + 1]) <= room):
            end += 1
        heads = [Head(("",)), *(Head((head,), "point") for head in piece.columns[start:end])]
        rows = [
            [cell(name, "head"), *(Cell((text,), "gradient") for text in row[start:end])]
            for name, row in zip(piece.rows, texts, strict=True)
        ]
        yield Grid(heads, rows)
        start = end


# The proof.


def _verdict(entries: Sequence[Entry], signs: say.Signs) -> tuple[str, str]:
    """Return the verdict on a piece, that of its worst entry, and its style."""
    if not entries:
        return "", ""
    worst = max((entry.verdict for entry in entries), key=["pass", "inaccurate", "undecided", "fail"].index)
    known = [entry.digits for entry in entries if entry.digits is not None]
    words = f"{min(known)} digits, {worst}" if known and worst in ("pass", "inaccurate") else worst
    return f"{signs.marks[worst]} {words}", say.STYLES.get(worst, "")


def verdict(found: Derivatives) -> str:
    """Return the verdict over all entries as a sentence."""
    assert found.check is not None
    check = found.check
    entries = sum(count(shape_of(block.value)) for block in found.blocks.values())
    if not check.finished:
        return f"{check.verdict}: not checked"
    if not entries:
        return f"{check.verdict}: there are no entries"
    words = {
        "pass": "the entry agrees" if entries == 1 else f"all {entries:,} entries agree",
        "inaccurate": "every rule is right, but floats lost digits",
        "undecided": "not every entry could be settled",
        "fail": "an entry is wrong",
    }
    return f"{check.verdict}: {words[check.verdict]} ({check.method})"


def reasons(found: Derivatives) -> list[str]:
    """Return why entries did not pass, each reason once."""
    if found.check is None:
        return []
    told = [found.check.reason, *(entry.reason for entry in found.check.gradients.values())]
    return list(dict.fromkeys(reason for reason in told if reason))


def _proof(found: Derivatives, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    if found.check is None:
        yield [("not checked (--no-check)", "dim")]
    else:
        mark, style = signs.marks[found.check.verdict], say.STYLES.get(found.check.verdict, "")
        yield from prose(f"{mark} {verdict(found)}", columns, style)
        for reason in reasons(found):
            yield from prose(f"  {reason}", columns)
    for kinked in found.kinks:
        yield []
        for line in say.kink(as_result(found), kinked):
            yield from prose(line, columns)
    for warning in found.warnings:
        yield from prose(f"warning: {printable(warning)}", columns)
