"""Everything that is no expression: one clear message each, with the mended text where it is known.

Nothing here needs to be fast, except that a text of ten million brackets is refused in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gradcalc.errors import GradcalcError
from gradcalc.gates import CALLABLE
from gradcalc.language import foreign
from gradcalc.language.mending import (
    HINT_LIMIT,
    Place,
    applied,
    atom_end,
    before,
    glued_call,
    left_edge,
    matching,
    product,
    quote,
    right_edge,
    write,
)  # fmt: skip
from gradcalc.language.tokens import ENDS, is_name, is_number, is_superscript

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

INFIX = {
    *COMPARISONS, *foreign.SYMBOLS, "*", "@", "**", "^", "/", "//", "%", "=", "and", "or", ":", "?", ".",
    ":=", "+=", "-=", "*=", "/=", "%=", "^=", "**=", "//=",
}  # fmt: skip
"""Symbols that have an operand before them, here or elsewhere."""

GROUPED = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
"""A number whose thousands are grouped by commas."""


# Where an operand is due.


def number(at: Place) -> GradcalcError:
    """Refuse a token that begins like a number."""
    if not is_number(at.symbol):
        return operand(at)
    return at.refuse(f"{at.quoted()} is not a number", write(at.symbol.replace("_", "")))


def overflow(at: Place) -> GradcalcError:
    """Refuse a number that a float cannot hold."""
    return at.refuse(f"{at.quoted()} is too large for a float", "the largest float is about 1.8e308")


def operand(at: Place) -> GradcalcError:
    """Refuse a token that no operand begins with."""
    if at.symbol in ENDS or at.symbol in (")", "]", ","):
        return missing(at)
    if at.symbol in foreign.OPERANDS:
        return foreign.OPERANDS[at.symbol](at)
    earlier = before(at.source, at.i)
    if at.symbol == "=" and earlier >= 0 and at.tokens[earlier] == "=":
        return at.refuse("a comparison is one symbol", write("=="), first=earlier)
    if at.symbol == "=" and earlier < 0:
        return at.refuse("a program does not begin with '='", "leave it out")
    if at.symbol in INFIX or is_superscript(at.symbol):
        hint = foreign.PERCENT if at.tokens[earlier] == "%" else ""
        if at.symbol == "@" and (earlier < 0 or at.tokens[earlier] in ("(", "[", ",", "=", ";")):
            hint = "a file is read as a whole program or as a value (x=@FILE); elsewhere @ is a product"
        return at.refuse(f"an operand is missing before {at.quoted()}", hint)
    return foreign.character(at)


def missing(at: Place) -> GradcalcError:
    """Refuse a place where an operand should be and nothing is."""
    earlier = before(at.source, at.i)
    last = at.tokens[earlier] if earlier >= 0 else ";"
    if at.symbol in (")", "]") and not at.brackets:
        return closer(at)
    if at.symbol in ENDS and at.brackets:
        return unclosed(at)
    if at.symbol == ")" and last == ":":
        return closer(at)
    if last == ";":
        return at.refuse(f"nothing stands before {at.quoted()}")
    if last == "," or (last in ("(", "[") and at.symbol == ","):
        what = "an element" if at.brackets and at.tokens[at.brackets[-1]] == "[" else "an argument"
        return at.refuse(f"{what} is missing", first=earlier)
    if last in ("(", "["):
        return at.refuse("nothing stands between the brackets", first=earlier)
    what = "nothing stands" if last == "=" else "an operand is missing"
    hint = foreign.PERCENT if last == "%" else ""
    return at.refuse(f"{what} after {quote(at.slice(earlier, earlier))}", hint, first=earlier, last=earlier)


def tight_not(at: Place) -> GradcalcError:
    """Refuse `x + not y`, which other languages refuse too."""
    end = atom_end(at.source, at.i)
    mended = write(f"({at.slice(at.i, end)})") if end > at.i else ""
    return at.refuse("'not' needs parentheses behind an operator", mended, last=max(at.i, end))


# Where an operator is due.


def operator(at: Place, known: Collection[str]) -> GradcalcError:
    """Refuse a token that cannot follow an operand."""
    if is_name(at.symbol) or is_number(at.symbol) or at.symbol == "(" or at.symbol in CALLABLE:
        return juxtaposed(at, known)
    if at.symbol in foreign.SYMBOLS:
        return foreign.replaced(at, foreign.SYMBOLS[at.symbol])
    if at.symbol in foreign.OPERATORS:
        return foreign.OPERATORS[at.symbol](at)
    return foreign.assigning(at) if at.symbol in INFIX and at.symbol[-1] == "=" else unexpected(at)


def unexpected(at: Place) -> GradcalcError:
    """Refuse a character after an operand."""
    return (
        at.refuse(f"{at.quoted()} is not an operator") if at.symbol in (":", "#") else foreign.character(at)
    )


def juxtaposed(at: Place, known: Collection[str]) -> GradcalcError:
    """Refuse two operands without an operator between them."""
    left, right = at.tokens[at.start], at.symbol
    if at.inside and "\n" in at.tokens[at.end : at.i] and at.tokens[at.i + 1] == "=":
        return unclosed(at)
    if right in foreign.WORDS and atom_end(at.source, at.i + 1) > at.i:
        return foreign.replaced(at, foreign.WORDS[right])
    if right in foreign.POWERS and right not in known:
        return foreign.spoken_power(at)
    if right == "if" or left == "if":
        return foreign.conditional(
            at, left_edge(at.source, at.start, at.inside) if right == "if" else at.start
        )
    if right == "for" and right not in known:
        return at.refuse("a loop is not in the language", "gates take whole arrays: sum(x^2)")
    if left in ("lambda", "def") and is_name(right):
        return foreign.anonymous(at)
    if left in foreign.FILLERS:
        return at.refuse(f"'{left}' is not in the language", write(at.slice(at.i, at.i)), first=at.start)
    if "." in at.tokens[at.end] and right in ("f", "F") and right not in known and at.touches():
        return at.refuse("a number has no suffix here", write(at.slice(at.end, at.end)), first=at.end)
    if is_number(at.tokens[at.end]) and at.touches() and (error := foreign.glued(at)):
        return error
    return multiplied(at, known)


def refuse_keyword(at: Place) -> None:
    """Refuse `if`, `lambda`, `let` before the operand that they are about."""
    word, operand_follows = at.tokens[at.start], is_name(at.symbol) or is_number(at.symbol)
    if word == "if" and (operand_follows or at.symbol == "("):
        raise foreign.conditional(at, at.start)
    if word in ("lambda", "def") and is_name(at.symbol):
        raise foreign.anonymous(at)
    if word in foreign.FILLERS and operand_follows:
        raise at.refuse(f"'{word}' is not in the language", write(at.slice(at.i, at.i)), first=at.start)


def multiplied(at: Place, known: Collection[str]) -> GradcalcError:
    """Refuse `2x` and `(a)(b)`."""
    message = f"an operator is missing between {quote(at.slice(at.start, at.end))} and {at.quoted()}"
    last = atom_end(at.source, at.i)
    is_empty = at.symbol == "(" and last == at.i + 1
    if is_empty and at.tokens[at.end - 1 : at.end + 1] == [".", "T"]:
        return at.refuse("a transpose is written .T", write(at.slice(at.start, at.end)), at.start, last)
    if last < at.i or is_empty or (is_number(at.tokens[at.end]) and is_number(at.symbol)):
        return at.refuse(message, first=at.start)
    if at.symbol in CALLABLE and at.symbol not in known and at.tokens[at.i + 1] != "(":
        right, last = applied(at.source, at.i)
    elif last == at.i and at.symbol not in known:
        right = glued_call(at.symbol, known) or product(at.symbol, known)
    else:
        right = at.slice(at.i, last)
    mended = write(f"{at.slice(at.start, at.end)}*{right}")
    if not mended:
        return at.refuse(message, "a product is written with *")
    return at.refuse(message, mended, first=at.start, last=last)


def superscript(at: Place) -> GradcalcError:
    """Refuse a superscript that is not a whole number."""
    mended = write(f"{at.slice(at.start, at.i - 1)}{at.symbol}") if is_name(at.symbol[1:]) else ""
    return at.refuse("a superscript can only be a whole number", mended, first=at.start)


def chain(at: Place, first: int) -> GradcalcError:
    """Refuse `a < b < c`, whose meaning differs between languages; it begins at token `first`."""
    message = "comparisons do not chain"
    last = right_edge(at.source, first, at.inside, ("and", "or", *foreign.SYMBOLS, "=", "?"))
    if last > first + HINT_LIMIT:
        return at.refuse(message, "join two of them with and")
    signs, texts = [], []
    while True:
        edge = right_edge(
            at.source, first, at.inside, (*COMPARISONS, "and", "or", *foreign.SYMBOLS, "=", "?")
        )
        texts.append(at.slice(first, edge) if edge >= first else "")
        first = edge + 1
        if first > last:
            break
        signs.append(at.slice(first, first))
        first += 1
    if not all(texts):
        return at.refuse(message, "join two of them with and")
    pairs = [f"{left} {sign} {right}" for left, sign, right in zip(texts, signs, texts[1:], strict=False)]
    return at.refuse(message, write(" and ".join(pairs)), first=at.start, last=last)


# Brackets and commas.


def closer(at: Place) -> GradcalcError:
    """Refuse a bracket, a comma or an end where it does not belong."""
    if at.symbol in (")", "]"):
        return foreign.closing(at)
    return comma(at) if at.symbol == "," else unclosed(at)


def unclosed(at: Place) -> GradcalcError:
    """Refuse a bracket that is never closed: the outermost one, whose place is the quickest to find."""
    first = at.brackets[0]
    return at.refuse(f"'{at.tokens[first]}' is never closed", first=first, last=first)


def comma(at: Place) -> GradcalcError:
    """Refuse a comma outside a call: a decimal comma, perhaps."""
    left, right = at.tokens[at.i - 1], at.tokens[at.i + 1]
    first = at.brackets[-1] if at.brackets else -1
    last = matching(at.source, first) if first >= 0 else -1
    if at.touches() and is_number(left) and is_number(right) and at._replace(i=at.i + 1).touches():
        if not _is_tuple(at, first, last):
            return number_with_comma(at)
        if last == at.i + 2:
            hint = f"[{left}, {right}] is a list, {left}.{right} a decimal"
            return at.refuse("a list is written in square brackets", hint, first=first, last=last)
    if last > 0:
        mended = write(f"[{at.slice(first + 1, last - 1)}]")
        return at.refuse("a list is written in square brackets", mended, first=first, last=last)
    return at.refuse("a comma stands between the arguments of a call", "statements end with ; or a newline")


def _is_tuple(at: Place, first: int, last: int) -> bool:
    """Tell whether numbers in brackets are a list rather than one number: `(1,2)`."""
    found = at.tokens[first + 1 : min(last, first + HINT_LIMIT)] if first >= 0 else []
    is_flat = bool(found) and all(symbol == "," or is_number(symbol) for symbol in found)
    return is_flat and not GROUPED.fullmatch(at.slice(first + 1, last - 1))


def number_with_comma(at: Place) -> GradcalcError:
    """Refuse `2,5` and `1,000`; one comma before three digits may be meant either way."""
    last = at.i + 1
    while last < at.i + HINT_LIMIT and at.tokens[last + 1] == "," and is_number(at.tokens[last + 2]):
        last += 2
    text = at.slice(at.i - 1, last)
    plain = text.replace(",", "")
    grouped = GROUPED.fullmatch(text)
    if not grouped and re.fullmatch("[0-9]+,[0-9]+", text):
        return at.refuse("decimals are written with a point", write(text.replace(",", ".")), at.i - 1, last)
    hint = write(plain) if grouped else ""
    if grouped and text.count(",") == 1 and "." not in text:
        hint = f"{plain} if the comma groups thousands, {text.replace(',', '.')} if it is a decimal point"
    return at.refuse("a number is written without commas", hint, at.i - 1, last)
