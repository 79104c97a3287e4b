"""Lists, indices and options that are no use: ragged, not known beforehand, in the syntax of MATLAB."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import inf
from typing import Any

from gradcalc.errors import GradcalcError, ShapeError, TooLargeError
from gradcalc.gates.shape import MAX_AXES
from gradcalc.language.brackets import Key, Listing
from gradcalc.language.calls import Call
from gradcalc.language.creations import Creation, TooManyError, UnfitError
from gradcalc.language.mending import (
    HINT_LIMIT,
    Place,
    atom_end,
    before,
    matching,
    parts,
    quote,
    right_edge,
    syntax,
    write,
)  # fmt: skip
from gradcalc.language.tokens import RESERVED, Source, is_name, is_number, is_superscript

WORDS: Mapping[str, Any] = {"None": None, "True": True, "False": False, "inf": inf, "fro": "fro"}
"""Words that are values where an option is due."""


# Lists.


def ragged(source: Source, first: int, last: int, k: int, shapes: tuple[Any, Any]) -> GradcalcError:
    """Refuse a list from token `first` to `last` whose element `k` has another shape than the first one."""
    start, end = parts(source, first, last)[k]
    texts = [f"has the shape {shape}" if shape else "is a number" for shape in shapes]
    message = f"the first element of the list {texts[0]}, but this one {texts[1]}"
    return ShapeError(message, source=source.text, span=source.span(start, end))


def too_deep(source: Source, i: int) -> GradcalcError:
    """Refuse the list that opens at token `i` and has more axes than arrays may have."""
    message = f"lists are nested too deep: an array has at most {MAX_AXES} axes"
    return ShapeError(message, source=source.text, span=source.locate(i))


def refuse_blanks(at: Place) -> None:
    """Refuse `[1 2]`, whose elements stand side by side, and a matrix as NumPy prints it."""
    if not _begins(at.symbol) or at.touches() or at.tokens[at.brackets[-1]] != "[":
        return
    first = at.brackets[-1]
    for outer in reversed(at.brackets):
        if at.tokens[outer] != "[" or set(at.tokens[outer:first]) > {"[", "\n"}:
            break
        first = outer
    mended, last = _matrix(at.source, first)
    if mended:
        raise at.refuse("the elements of a list stand between commas", mended, first=first, last=last)


def refuse_rows(at: Place) -> None:
    """Refuse `[1, 2; 3, 4]` and `[1:3]`."""
    first = at.brackets[-1]
    mended, last = _matrix(at.source, first)
    if at.symbol == ";" and matching(at.source, first) > 0:
        message = "the rows of a matrix are lists"
        raise at.refuse(message, mended, first=first if mended else -1, last=last if mended else -1)
    if at.symbol == ":":
        raise at.refuse("a colon is for an index", "a range is written arange(start, stop, step)")


def refuse_nested(source: Source, listing: Listing, call: Call) -> None:
    """Refuse `zeros((2, (3, 4)))`; inputs of a call may be lists of lists."""
    last = matching(source, listing.first)
    if call.option() and last > 0:
        texts = [source.slice(i, i) for i in range(listing.first, last) if source.tokens[i] not in "()\n"]
        mended = ", ".join(filter(None, "".join(texts).split(",")))
        message = f"{quote(call.option())} holds numbers side by side"
        raise syntax(source, listing.first, last, message, write(f"({mended})"))


def _matrix(source: Source, first: int) -> tuple[str, int]:
    """Return the hint with the list that opens at token `first`, its commas put in, and its last token.

    Rows that end with a semicolon become lists, as in MATLAB.
    """
    last = matching(source, first)
    if not first < last <= first + HINT_LIMIT:
        return "", last
    edges = [first, *(i for i in range(first, last) if source.tokens[i] == ";"), last]
    rows = [_with_commas(source, a + 1, b - 1) for a, b in pairwise(edges) if a + 1 < b]
    if len(edges) > 2:
        rows = [row if row[0] == "[" else f"[{row}]" for row in rows]
    return write(f"[{', '.join(rows)}]"), last


def _with_commas(source: Source, first: int, last: int) -> str:
    """Return the text of some tokens with a comma wherever one operand follows another."""
    text, end = "", ""
    for i in range(first, last + 1):
        symbol = source.tokens[i]
        if symbol == "\n":
            continue
        gap = source.locate(i - 1).end < source.locate(i).start
        tight = source.locate(i).end == source.locate(i + 1).start
        follows = _begins(symbol) or (symbol in ("-", "+") and tight)
        if end and _ends(end):
            apart = gap or source.tokens[i - 1] == "\n" or (symbol == "[" and _ends_list(source, i - 1))
            text += ", " if follows and apart else " " * gap
        elif end:
            text += " " * gap
        text, end = text + source.slice(i, i), symbol
    return text


def _begins(symbol: str) -> bool:
    """Tell whether an operand may begin with a symbol."""
    return (is_name(symbol) and symbol not in RESERVED) or is_number(symbol) or symbol in ("(", "[")


def _ends(symbol: str) -> bool:
    """Tell whether an operand may end with a symbol."""
    return (is_name(symbol) and symbol not in RESERVED) or is_number(symbol) or _closes(symbol)


def _ends_list(source: Source, i: int) -> bool:
    """Tell whether token `i` ends a list, `[1 2]`, and no index."""
    first = i
    while source.tokens[i] == "]" and matching(source, first) != i:
        first -= 1
    return source.tokens[i] == "]" and not _ends(source.tokens[first - 1])


def _closes(symbol: str) -> bool:
    return symbol in (")", "]") or is_superscript(symbol)


# Indices.


def entry(source: Source, key: Key, i: int) -> GradcalcError:
    """Refuse an entry of an index, or a bound, that is no whole number; it ends before token `i`."""
    first, last = _entry_tokens(source, key, i)
    found = source.tokens[first : last + 1]
    hint = ""
    if {"True", "False"}.intersection(found):
        return mask(source, first, last)
    if any(symbol in ("<", "<=", ">", ">=", "==", "!=") for symbol in found):
        hint = "where(condition, x, 0) keeps the elements that meet a condition"
    is_step = key.bounds is not None and len(key.bounds) == 2
    what = "a step is a whole number other than 0," if is_step else "an index is a whole number"
    return syntax(source, first, last, f"{what} known beforehand", hint)


def mask(source: Source, first: int, last: int) -> GradcalcError:
    """Refuse `x[True]` and `x[[True, False]]`."""
    hint = "where(condition, x, 0) or x*[1, 0] keeps some elements, x[[0, 2]] takes them"
    return syntax(source, first, last, "an index is no mask of truth values", hint)


def bracketed(source: Source, i: int) -> GradcalcError:
    """Refuse `x[(0, 1)]`; the parenthesis is token `i`."""
    last = matching(source, i)
    mended = write(source.slice(i + 1, last - 1)) if last > 0 else ""
    return syntax(source, i, max(i, last), "the entries of an index have no parentheses", mended)


def _entry_tokens(source: Source, key: Key, i: int) -> tuple[int, int]:
    """Return the tokens of the entry, or the bound, that ends before token `i`."""
    last, first = before(source, i), key.due
    for _ in key.bounds or ():
        first = right_edge(source, first, True, (":",)) + 1
        while source.tokens[first] != ":":
            first += 1
        first += 1
    while source.tokens[first] == "\n":
        first += 1
    return first, max(first, last)


def no_entry(source: Source, i: int) -> GradcalcError:
    """Refuse `x[]` and `x[0,]`."""
    hint = "x[:] takes all elements of an axis"
    return syntax(source, before(source, i), i, "an index is missing", hint)


def colons(source: Source, key: Key, i: int) -> GradcalcError:
    """Refuse a third colon in a slice."""
    return syntax(source, key.due, i, "a slice is start:stop:step")


def no_step(source: Source, key: Key, i: int) -> GradcalcError:
    """Refuse `x[::0]`."""
    return syntax(source, key.due, before(source, i), "the step of a slice is not 0")


def ellipsis_twice(source: Source, key: Key, i: int) -> GradcalcError:
    """Refuse `x[..., ...]`."""
    return syntax(
        source, key.due, before(source, i), "'...' stands once in an index", "':' stands for one axis"
    )


def index_called(source: Source, i: int, j: int) -> GradcalcError:
    """Refuse `index(x, 0)`; the bracket is token `j`."""
    last = matching(source, j)
    texts = [source.slice(first, end) for first, end in parts(source, j, last)] if last > 0 else []
    message = "an index stands in brackets behind the array"
    if len(texts) < 2 or atom_end(source, j + 1) != parts(source, j, last)[0][1]:
        return syntax(source, i, i, message, "x[0] is the first element of x")
    return syntax(source, i, last, message, write(f"{texts[0]}[{', '.join(texts[1:])}]"))


# Options.


def option(source: Source, call: Call, name: str, i: int) -> GradcalcError:
    """Refuse an option that depends on a variable; its argument ends before token `i`."""
    first, last = call.due, before(source, i)
    while source.tokens[first] == "\n":
        first += 1
    message = f"{quote(name)} of {quote(call.callee.name)} must be known beforehand"
    if not isinstance(call.callee, Creation):
        hint = f"its signature is {call.callee.signature}"
    elif name == "value":
        hint = "a*ones(shape) fills an array with a variable"
    else:
        hint = "an array is made of numbers, not of variables or parameters"
    return syntax(source, first, last, message, hint)


def axes(source: Source, call: Call, i: int) -> GradcalcError:
    """Refuse a shape of more sizes than an array has axes; its last argument ends before token `i`."""
    message = f"an array has at most {MAX_AXES} axes"
    return ShapeError(message, source=source.text, span=source.span(call.due, before(source, i)))


def creation(source: Source, call: Call, last: int, error: UnfitError) -> GradcalcError:
    """Refuse an array that cannot be made; the call ends at token `last`."""
    return syntax(source, call.first, last, str(error), f"its signature is {call.callee.signature}")


def too_many(source: Source, first: int, last: int, error: TooManyError) -> GradcalcError:
    """Refuse an array with more elements than there is room for."""
    return TooLargeError(str(error), source=source.text, span=source.span(first, last))
