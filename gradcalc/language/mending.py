"""What refusals are made of: errors at tokens, and ways to find the mended text.

A hint of the form `write …` is a promise that tests hold: put in the place that the carets
underline, its text gives a program that gets past the error.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from gradcalc.errors import GradcalcError, NamingError, ProgramSyntaxError
from gradcalc.gates import CALLABLE
from gradcalc.language.tokens import END, ENDS, Source, is_name, is_number, is_superscript

HINT_LIMIT = 100
"""Characters of mended text beyond which a hint says nothing."""

QUOTE_LIMIT = 30
"""Characters of the program that a message quotes."""

WORDS = frozenset(
    {
        "and", "or", "not", "if", "then", "else", "mod", "div", "times", "plus", "minus", "over",
        "squared", "cubed",
    }
)  # fmt: skip
"""Words that are no factors, even where they stand like one."""

BRACKETS = {"(": ")", "[": "]", "{": "}"}


class Place(NamedTuple):
    """Where the parser stands: at token `i`, inside the open `brackets`.

    Where an operator is due, the operand before it has the tokens `start` to `end`.
    """

    source: Source
    i: int
    brackets: list[int]
    start: int = -1
    end: int = -1

    @property
    def tokens(self) -> list[str]:
        """The tokens of the program."""
        return self.source.tokens

    @property
    def symbol(self) -> str:
        """The token that is refused."""
        return self.source.tokens[self.i]

    @property
    def inside(self) -> bool:
        """Whether newlines are blanks here."""
        return bool(self.brackets)

    def quoted(self) -> str:
        """Return the token in quotes, as written; a line's end in words."""
        words = {END: "the end", "\n": "the end of the line"}
        return words.get(self.symbol) or quote(self.slice(self.i, self.i))

    def slice(self, first: int, last: int) -> str:
        """Return the text of some tokens, as written."""
        return self.source.slice(first, last)

    def touches(self) -> bool:
        """Tell whether the token stands right behind the one before it."""
        return self.source.locate(self.i - 1).end == self.source.locate(self.i).start

    def refuse(self, message: str, hint: str = "", first: int = -1, last: int = -1) -> GradcalcError:
        """Return a syntax error at the tokens from `first` to `last`; either is this token unless given."""
        return syntax(
            self.source, self.i if first < 0 else first, self.i if last < 0 else last, message, hint
        )


# Text.


def quote(text: str) -> str:
    """Return `text` in quotes, cut where it is long."""
    return f"'{text[:QUOTE_LIMIT]}…'" if len(text) > QUOTE_LIMIT else f"'{text}'"


def write(mended: str) -> str:
    """Return the hint that shows mended text; none where it would not fit on a line."""
    return f"write {mended}" if len(mended) <= HINT_LIMIT and mended.isprintable() else ""


def syntax(source: Source, first: int, last: int, message: str, hint: str = "") -> GradcalcError:
    """Return a syntax error at the tokens from `first` to `last`."""
    return ProgramSyntaxError(message, source=source.text, span=source.span(first, last), hint=hint)


def naming(source: Source, first: int, last: int, message: str, hint: str = "") -> GradcalcError:
    """Return a naming error at the tokens from `first` to `last`."""
    return NamingError(message, source=source.text, span=source.span(first, last), hint=hint)


# Finding the way in text that is wrong.


def matching(source: Source, i: int) -> int:
    """Return the token of the bracket that closes the one at `i`, or -1."""
    depth = 0
    for j in range(i, len(source.tokens)):
        if source.tokens[j] in BRACKETS:
            depth += 1
        elif source.tokens[j] in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return j
    return -1


def before(source: Source, i: int) -> int:
    """Return the token before `i` that is not a newline, or -1."""
    i -= 1
    while i >= 0 and source.tokens[i] == "\n":
        i -= 1
    return i


def atom_end(source: Source, i: int) -> int:
    """Return the last token of the operand that begins at `i`, or `i - 1` where there is none."""
    tokens = source.tokens
    end = i - 1
    while tokens[end + 1] in ("-", "+", "!", "not"):
        end += 1
    if is_name(tokens[end + 1]) or is_number(tokens[end + 1]) or tokens[end + 1] in CALLABLE:
        end += 1
        while tokens[end + 1] == "." and is_name(tokens[end + 2]):
            end += 2
        if tokens[end + 1] == "(" and not is_number(tokens[end]):
            end = max(end, matching(source, end + 1))
    elif tokens[end + 1] in ("(", "["):
        end = max(i - 1, matching(source, end + 1))
    else:
        return i - 1
    return postfix_end(source, end) if end >= i else end


def postfix_end(source: Source, end: int) -> int:
    """Return the last token of the superscripts, indices and `.T` behind token `end`."""
    tokens = source.tokens
    while True:
        if is_superscript(tokens[end + 1]):
            end += 1
        elif tokens[end + 1] == "." and tokens[end + 2] == "T":
            end += 2
        elif tokens[end + 1] == "[" and (closing := matching(source, end + 1)) > 0:
            end = closing
        else:
            return end


def parts(source: Source, opening: int, closing: int) -> list[tuple[int, int]]:
    """Return the first and last token of each part between commas, from one bracket to its other."""
    found, depth, first = [], 0, opening + 1
    for i in range(opening + 1, closing + 1):
        symbol = source.tokens[i]
        if i == closing or (depth == 0 and symbol == ","):
            while first < i and source.tokens[first] == "\n":
                first += 1
            found.append((first, before(source, i)))
            first = i + 1
        depth += (symbol in BRACKETS) - (symbol in (")", "]", "}"))
    return found


def left_edge(source: Source, i: int, inside: bool) -> int:
    """Return the first token of the expression that token `i` belongs to."""
    depth, edges = 0, (",", "=") if inside else (",", "=", *ENDS)
    while i > 0:
        symbol = source.tokens[i - 1]
        depth += (symbol in (")", "]", "}")) - (symbol in BRACKETS)
        if depth < 0 or (depth == 0 and symbol in edges):
            break
        i -= 1
    while source.tokens[i] == "\n":
        i += 1
    return i


def right_edge(source: Source, i: int, inside: bool, stops: Collection[str] = ()) -> int:
    """Return the last token of the expression that goes on at token `i`."""
    depth, edges = 0, {",", ";", END, *stops} | (set() if inside else {"\n"})
    while True:
        symbol = source.tokens[i]
        if symbol == END or (depth == 0 and symbol in edges):
            break
        depth += (symbol in BRACKETS) - (symbol in (")", "]", "}"))
        if depth < 0:
            break
        i += 1
    return before(source, i)


def defines(source: Source, i: int) -> bool:
    """Tell whether the statement at token `i`, a name and a bracket, defines a function."""
    closing = matching(source, i + 1)
    return closing > 0 and source.tokens[closing + 1] == "=" and is_name(source.tokens[i])


# Gates without parentheses.


def applied(source: Source, i: int) -> tuple[str, int]:
    """Return the call that the bare gate at token `i` stands for, and its last token.

    `sin cos 2x` is `sin(cos(2*x))`; a gate with nothing behind it, or a call, is returned as it is.
    """
    if source.tokens[i + 1] == "(":
        last = atom_end(source, i)
        return source.slice(i, last), last
    names: list[str] = []
    while source.tokens[i] in CALLABLE and source.tokens[i + 1] != "(" and len(names) < HINT_LIMIT:
        names.append(source.slice(i, i))
        i += 1
    if names[-1:] == ["√"]:  # a root ends where its bar would: `√2*x` is `√(2)*x`
        last = atom_end(source, i)
        text = source.slice(i, last) if last >= i else ""
    else:
        text, last = bare_input(source, i)
    if last < i:
        names, text = names[:-1], names[-1]
    return "(".join([*names, text]) + ")" * len(names), last


def bare_input(source: Source, i: int) -> tuple[str, int]:
    """Return the input at token `i` of a gate without parentheses, mended, and its last token.

    It goes as far as a textbook's does: over a product that begins with a number (`sin 2*x`), or
    whose sign stands without blanks (`sin w*t`), but not up to the next gate (`sin x*cos y`).
    """
    last = _power_end(source, i)
    text, plain = source.slice(i, last) if last >= i else "", is_number(source.tokens[i])
    while text and len(text) <= HINT_LIMIT:
        sign, first = source.tokens[last + 1], last + 2
        if sign not in ("*", "/"):
            sign, first = "", last + 1
        end = _power_end(source, first)
        tight = source.locate(last).end == source.locate(last + 1).start
        if end < first or not _goes_on(source.tokens[first], sign, plain, tight):
            break
        between = source.text[source.locate(last).end : source.locate(first).start]
        text += (between if sign else "*") + source.slice(first, end)
        plain = plain and (is_number(source.tokens[first]) or source.tokens[first] == "pi")
        last = end
    return text, last


def _goes_on(symbol: str, sign: str, plain: bool, tight: bool) -> bool:
    """Tell whether a factor belongs to a bare gate's input; `plain` tells that numbers alone precede it."""
    if symbol in CALLABLE or symbol in WORDS or symbol in ("-", "+", "!"):
        return False
    if sign == "/":
        return plain or (tight and is_number(symbol))
    return plain or (is_name(symbol) and (tight or not sign))


def _power_end(source: Source, i: int) -> int:
    """Return the last token of the operand at token `i` and of its exponent, or one before `i`."""
    last = atom_end(source, i)
    if last >= i and source.tokens[last + 1] in ("^", "**"):
        last = max(last, atom_end(source, last + 2))
    return last


def is_method(source: Source, i: int) -> bool:
    """Tell whether the gate at token `i`, behind a point, is called as an array's method: `x.sum(0)`."""
    name, opening = source.tokens[i], i + 1
    gate = CALLABLE.get(name)
    if gate is None or source.tokens[opening] != "(" or matching(source, opening) < 0:
        return False
    first, following = source.tokens[opening + 1 : opening + 3]
    if first == ")":
        return True
    of_arrays = not gate.elementwise or gate.reduction is not None
    is_other_input = gate.arity[0] > 1 and not gate.variadic  # `x.dot(y)`
    if not of_arrays:  # `x.clip(0, 1)`, but not `Math.hypot(x, y)`
        return is_other_input and len(parts(source, opening, matching(source, opening))) + 1 == gate.arity[1]
    return is_other_input or not is_name(first) or following == "="


def as_call(name: str, value: str, given: str) -> str:
    """Return an array's method as a call: `x.max(0)` is `max(x, axis=0)`."""
    if name == "transpose" and given and given[0] not in "[(":
        given = f"[{given}]"
    is_axis = CALLABLE[name].reduction is not None and re.fullmatch("-?[0-9]+", given)
    given = f"axis={given}" if is_axis else given
    value = value[1:-1] if value[0] == "(" and value.find(")") == len(value) - 1 else value
    return f"{name}({value}, {given})" if given else f"{name}({value})"


# Names that were written side by side.


def product(name: str, known: Collection[str]) -> str:
    """Return a name as a product of known names, if it is one, else as it is."""
    return "*".join(split(name, known) or [name])


def split(name: str, known: Collection[str]) -> list[str]:
    """Return the known names that `name` is a product of, as few as possible; none where there are none.

    `zz` is no product of `z`, as it is more likely a slip of the finger.
    """
    if len(name) > QUOTE_LIMIT or name in known:
        return []
    best: dict[int, list[str]] = {0: []}
    for end in range(1, len(name) + 1):
        found = [[*best[k], name[k:end]] for k in best if name[k:end] in known]
        if found:
            best[end] = min(found, key=len)
    parts = best.get(len(name), [])
    return parts if len(set(parts)) > 1 else []


def glued_call(name: str, known: Collection[str]) -> str:
    """Return `x*sin(y)` for `xsiny`, nothing where a name is no such thing."""
    if len(name) > QUOTE_LIMIT:
        return ""
    for k in range(len(name)):
        for end in range(len(name) - 1, k + 1, -1):
            gate, left, right = name[k:end], name[:k], name[end:]
            if gate in CALLABLE and _is_factor(left, known) and (inputs := _factors(right, known)):
                return f"{left}*{gate}({inputs})" if left else f"{gate}({inputs})"
    return ""


def _is_factor(text: str, known: Collection[str]) -> bool:
    return not text or text in known


def _factors(text: str, known: Collection[str]) -> str:
    """Return `2*x` for `2x` and `x` for `x`, nothing for what is neither."""
    name = text.lstrip("0123456789")
    number = text[: len(text) - len(name)]
    if name and name not in known:
        return ""
    return "*".join(filter(None, (number, name)))
