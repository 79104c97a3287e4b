"""Everything that is no program: one clear message each, with the mended text where it is known.

A hint of the form `write …` is a promise that tests hold: put in the place that the carets
underline, its text gives a program that gets past this error.
Nothing here needs to be fast, except that a text of ten million brackets is refused in seconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping

from gradcalc.errors import GradcalcError, NamingError, ProgramSyntaxError, Span, suggest
from gradcalc.gates import CALLABLE
from gradcalc.gates.record import Gate
from gradcalc.language.calls import Call
from gradcalc.language.modules import MODULES, Difference
from gradcalc.language.tokens import END, ENDS, RESERVED, Source, is_name, is_number

HINT_LIMIT = 100
"""Characters of mended text beyond which a hint says nothing."""

QUOTE_LIMIT = 30

BRACKETS = {"(": ")", "[": "]", "{": "}"}

SYMBOLS = {
    ".*": "*", "./": "/", ".^": "^", "&&": "and", "&": "and", "||": "or", "|": "or", "<>": "!=", "=<": "<=", "=>": ">=",
}  # fmt: skip
"""Symbols of other languages -> ours."""

WORDS = {"mod": "%", "AND": "and", "OR": "or", "And": "and", "Or": "or", "div": "/", "times": "*"}
"""Words between two operands -> our symbols."""

FILLERS = ("let", "var", "const", "return", "print", "float", "double")
"""Words in front of an expression that say nothing here."""

LOOKALIKES = {
    "–": "-", "—": "-", "‐": "-", "∕": "/", "⁄": "/", "∙": "*", "•": "*", "∧": " and ", "∨": " or ", "¬": "not ",
    "“": "", "”": "", "‘": "", "’": "", "«": "", "»": "", "„": "", "`": "", "$": "", "~": "",
}  # fmt: skip
"""Characters that are pasted by accident -> what was meant."""

TEX = {"cdot": "*", "times": "*", "div": "/", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "ne": "!="}


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


def shown(source: Source, token: int) -> str:
    """Return a token in quotes, a line's end in words."""
    text = source.slice(token, token)
    return {"": "the end", "\n": "the end of the line"}.get(text, quote(text))


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
        if tokens[end + 1] == "(" and is_name(tokens[end]):
            end = max(end, matching(source, end + 1))
    elif tokens[end + 1] == "(":
        end = max(i - 1, matching(source, end + 1))
    else:
        return i - 1
    while tokens[end + 1][:1] == "^" and len(tokens[end + 1]) > 1:
        end += 1
    return end


def left_edge(source: Source, i: int, inside: bool) -> int:
    """Return the first token of the expression that token `i` belongs to."""
    depth, edges = 0, (",", "=") if inside else (",", "=", *ENDS)
    while i > 0:
        token = source.tokens[i - 1]
        depth += (token in (")", "]", "}")) - (token in BRACKETS)
        if depth < 0 or (depth == 0 and token in edges):
            break
        i -= 1
    while source.tokens[i] == "\n":
        i += 1
    return i


def right_edge(source: Source, i: int, inside: bool, stops: Collection[str] = ()) -> int:
    """Return the last token of the expression that goes on at token `i`."""
    depth, edges = 0, {",", ";", END, *stops} | (set() if inside else {"\n"})
    while True:
        token = source.tokens[i]
        if token == END or (depth == 0 and token in edges):
            break
        depth += (token in BRACKETS) - (token in (")", "]", "}"))
        if depth < 0:
            break
        i += 1
    return before(source, i)


def defines(source: Source, i: int) -> bool:
    """Tell whether the statement at token `i`, a name and a bracket, defines a function."""
    closing = matching(source, i + 1)
    return closing > 0 and source.tokens[closing + 1] == "=" and is_name(source.tokens[i])


# Numbers.


def number(source: Source, i: int) -> GradcalcError:
    """Refuse a token that begins like a number."""
    token = source.tokens[i]
    if not is_number(token):
        return operand(source, i, [])
    return syntax(source, i, i, f"{quote(token)} is not a number", write(token.replace("_", "")))


def overflow(source: Source, i: int) -> GradcalcError:
    """Refuse a number that a float cannot hold."""
    return syntax(source, i, i, f"{quote(source.tokens[i])} is too large for a float", "the largest float is about 1.8e308")


def superscript(source: Source, i: int, start: int) -> GradcalcError:
    """Refuse a superscript that is not a whole number."""
    text = f"{source.slice(start, i - 1)}{source.tokens[i]}"
    return syntax(source, start, i, "a superscript can only be a whole number", write(text) if is_name(source.tokens[i][1:]) else "")


# Where an operand is due.


def operand(source: Source, i: int, brackets: list[int]) -> GradcalcError:
    """Refuse a token that no operand begins with."""
    tokens = source.tokens
    token, earlier = tokens[i], before(source, i)
    if token in ENDS or token in (")", ","):
        return missing(source, i, earlier, brackets)
    special = OPERANDS.get(token)
    if special is not None:
        return special(source, i, bool(brackets))
    if token == "=" and earlier >= 0 and tokens[earlier] == "=":
        return syntax(source, earlier, i, "a comparison is written without a blank", write("=="))
    if token in OPERATOR_SYMBOLS:
        return syntax(source, i, i, f"an operand is missing before {shown(source, i)}")
    return character(source, i)


def missing(source: Source, i: int, earlier: int, brackets: list[int]) -> GradcalcError:
    """Refuse a place where an operand should be and nothing is."""
    tokens = source.tokens
    if tokens[i] == ")" and not brackets:
        return syntax(source, i, i, "')' closes nothing", "leave it out, or open a '(' before it")
    if tokens[i] in ENDS and brackets:
        return unclosed(source, brackets)
    if earlier < 0 or tokens[earlier] == ";":
        return syntax(source, i, i, f"nothing stands before {shown(source, i)}")
    if tokens[i] in (")", ",") and tokens[earlier] in ("(", ","):
        call = tokens[i] == "," or tokens[earlier] == ","
        what = "an argument is missing" if call else "nothing stands between the brackets"
        return syntax(source, earlier, i, what, "" if call else "put an expression between them, or leave them out")
    if tokens[earlier] == "=":
        return syntax(source, earlier, earlier, f"nothing stands behind {shown(source, earlier)}")
    return syntax(source, earlier, earlier, f"an operand is missing after {shown(source, earlier)}")


def tight_not(source: Source, i: int) -> GradcalcError:
    """Refuse `x + not y`, which other languages refuse too."""
    end = atom_end(source, i)
    return syntax(
        source, i, max(i, end), "'not' needs brackets behind an operator", write(f"({source.slice(i, end)})") if end > i else ""
    )


def bars(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse `|x|`."""
    end = right_edge(source, i + 1, inside, (source.tokens[i],)) + 1
    if end <= i + 1 or source.tokens[end] != source.tokens[i]:
        return syntax(source, i, i, "an absolute value is written abs(x)")
    return syntax(source, i, end, "an absolute value is written abs(x)", write(f"abs({source.slice(i + 1, end - 1)})"))


def tex(source: Source, i: int, inside: bool) -> GradcalcError:
    r"""Refuse TeX: `\frac{a}{b}`, `\sqrt{x}`, `\alpha`."""
    tokens, word = source.tokens, source.tokens[i + 1]
    if not is_name(word):
        return syntax(source, i, i, "a backslash is not in the language", "a newline inside brackets needs none")
    message = "TeX is not in the language"
    first = matching(source, i + 2) if tokens[i + 2] == "{" else -1
    if first > i + 3 and word == "frac" and tokens[first + 1] == "{":
        second = matching(source, first + 1)
        if second > first + 2:
            parts = source.slice(i + 3, first - 1), source.slice(first + 2, second - 1)
            return syntax(source, i, second, message, write(f"({parts[0]})/({parts[1]})"))
    if first > i + 3:
        return syntax(source, i, first, message, write(f"{word}({source.slice(i + 3, first - 1)})"))
    return syntax(source, i, i + 1, message, write(TEX.get(word, word)))


def text(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse a string."""
    end = next((j for j in range(i + 1, len(source.tokens)) if source.tokens[j] in (source.tokens[i], "\n", END)), i)
    if source.tokens[end] != source.tokens[i] or end <= i + 1:
        return syntax(source, i, i, "quotes are not in the language")
    return syntax(source, i, end, "text in quotes is not in the language", write(source.slice(i + 1, end - 1)))


def negation(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse `!x`."""
    end = atom_end(source, i + 1)
    mended = f"not {source.slice(i + 1, end)}" if end > i else ""
    return syntax(source, i, max(i, end), "a condition is negated with not", mended and write(mended))


def braces(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse `{x}`."""
    end = matching(source, i)
    mended = f"({source.slice(i + 1, end - 1)})" if end > i + 1 and source.tokens[end] == "}" else ""
    return syntax(source, i, end if mended else i, "braces are not brackets here", mended and write(mended))


def arrays(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse what belongs to arrays."""
    what = {"[": "a list", "@": "a matrix product"}[source.tokens[i]]
    return syntax(source, i, i, f"{what} belongs to arrays, which are not supported yet")


def closes_nothing(source: Source, i: int, inside: bool) -> GradcalcError:
    """Refuse a closing bracket of a kind that nothing opens."""
    return syntax(source, i, i, f"'{source.tokens[i]}' closes nothing", "brackets are ( and )")


Refusal = Callable[[Source, int, bool], GradcalcError]

OPERANDS: Mapping[str, Refusal] = {
    "|": bars, "||": bars, "\\": tex, '"': text, "'": text, "!": negation, "{": braces, "[": arrays, "@": arrays,
    "]": closes_nothing, "}": closes_nothing,
}  # fmt: skip

OPERATOR_SYMBOLS = {
    "*", "**", "^", "/", "//", "%", "<", ">", "<=", ">=", "==", "!=", "=", "and", "or", ":", "?", *SYMBOLS, "+=", "-=",
    "*=", "/=", "%=", "^=", "**=", "//=", ":=", "//", ".", "&",
}  # fmt: skip


def character(source: Source, i: int) -> GradcalcError:
    """Refuse a character that is no part of the language."""
    c = source.slice(i, i)[:1]
    code, category = f"U+{ord(c):04X}" if c else "", unicodedata.category(c) if c else ""
    if category == "Cf":
        return syntax(source, i, i, f"an invisible character ({code}) is in the text", "delete it")
    if category[:1] in ("C", "Z"):
        return syntax(source, i, i, f"the control character {code} is in the text", "delete it")
    if c in LOOKALIKES:
        mended = LOOKALIKES[c]
        return syntax(source, i, i, f"'{c}' ({code}) is not in the language", write(mended) if mended.strip() else "leave it out")
    normal = unicodedata.normalize("NFKC", c).replace("⁄", "/")
    if normal != c and normal.isascii() and normal.isprintable():
        mended = f"({normal})" if "/" in normal else normal
        return syntax(source, i, i, f"'{c}' ({code}) is not in the language", write(mended))
    if c.isdecimal():
        return syntax(source, i, i, f"'{c}' ({code}) is not in the language", write(str(unicodedata.decimal(c))))
    return syntax(source, i, i, f"'{c}'{'' if c.isascii() else f' ({code})'} is not in the language")


# Where an operator is due.


def operator(source: Source, i: int, start: int, end: int, brackets: list[int], known: Collection[str]) -> GradcalcError:
    """Refuse a token that cannot follow the operand of tokens `start` to `end`."""
    token = source.tokens[i]
    if is_name(token) or is_number(token) or token in ("(", "\\") or token in CALLABLE:
        return juxtaposed(source, i, start, end, brackets, known)
    if token in SYMBOLS:
        return replaced(source, i, start, end, SYMBOLS[token])
    if token[-1:] == "=" and len(token) > 1:
        return assigning(source, i)
    special = OPERATORS.get(token)
    return special(source, i, start, end, brackets) if special is not None else character(source, i)


def replaced(source: Source, i: int, start: int, end: int, symbol: str) -> GradcalcError:
    """Refuse a symbol that is written in another way here."""
    last = atom_end(source, i + 1)
    message = f"{shown(source, i)} is written {symbol}"
    if last <= i:
        return syntax(source, i, i, message)
    return syntax(source, start, last, message, write(f"{source.slice(start, end)} {symbol} {source.slice(i + 1, last)}"))


def juxtaposed(source: Source, i: int, start: int, end: int, brackets: list[int], known: Collection[str]) -> GradcalcError:
    """Refuse two operands without an operator between them."""
    tokens = source.tokens
    left, right = tokens[start], tokens[i]
    if brackets and "\n" in tokens[end:i] and tokens[i + 1] == "=":
        return unclosed(source, brackets)
    if right in WORDS and atom_end(source, i + 1) > i:
        return replaced(source, i, start, end, WORDS[right])
    if start == end:
        if is_number(left) and source.locate(end).end == source.locate(i).start and (error := glued(source, end, i)):
            return error
        if left in ("lambda", "def"):
            return anonymous(source, start)
        if left in FILLERS:
            return syntax(source, start, i, f"'{left}' is not in the language", write(source.slice(i, i)))
        if left == "if":
            return conditional(source, start, brackets)
    if right == "if":
        return conditional(source, left_edge(source, start, bool(brackets)), brackets)
    message = f"an operator is missing between {quote(source.slice(start, end))} and {shown(source, i)}"
    last = atom_end(source, i)
    if last < i or (is_number(tokens[end]) and is_number(right)):
        return syntax(source, start, i, message)
    parts = [source.slice(start, end), product(right, known) if last == i else source.slice(i, last)]
    if write("*".join(parts)):
        return syntax(source, start, last, message, write("*".join(parts)))
    return syntax(source, i, i, message, "a product is written with *")


def glued(source: Source, first: int, last: int) -> GradcalcError | None:
    """Refuse a number with something at its end that makes it another language's number."""
    left, right = source.tokens[first], source.tokens[last]
    if is_number(right):
        return syntax(source, first, last, f"{quote(left + right)} is not a number", "a number has one decimal point")
    if left == "0" and re.fullmatch("[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+", right):
        return syntax(source, first, last, f"{quote(left + right)} is not a decimal number", write(str(int(left + right, 0))))
    if right in ("j", "J"):
        return syntax(source, first, last, "complex numbers are not in the language", write(f"{left}*{right}"))
    return None


def product(name: str, known: Collection[str]) -> str:
    """Return a name as a product of known names, if it is one, else as it is."""
    return "*".join(split(name, known) or [name])


def split(name: str, known: Collection[str]) -> list[str]:
    """Return the known names that `name` is made of, as few as possible; none where there are none."""
    if len(name) > QUOTE_LIMIT or name in known:
        return []
    best: dict[int, list[str]] = {0: []}
    for end in range(1, len(name) + 1):
        found = [[*best[k], name[k:end]] for k in best if name[k:end] in known]
        if found:
            best[end] = min(found, key=len)
    return best.get(len(name), [])


def anonymous(source: Source, start: int) -> GradcalcError:
    """Refuse `lambda x: …` and `def f(x): …`."""
    first, name, body = start, "f", right_edge(source, start, False, (":",)) + 1
    parameters = source.slice(start + 1, body - 1) if body > start + 1 else ""
    if source.tokens[start] == "def" and "(" in parameters:
        name, _, parameters = parameters.rstrip(") ").partition("(")
    elif start >= 2 and source.tokens[start - 1] == "=":
        first, name = start - 2, source.tokens[start - 2]
    body += 1
    while source.tokens[body] in ("return", "\n"):
        body += 1
    last = right_edge(source, body, False)
    message = "a function is written f(x) = …"
    if source.tokens[body - 1] == END or last < body or not parameters:
        return syntax(source, start, start, message)
    mended = f"{name}({parameters}) = {source.slice(body, last)}"
    return syntax(source, first, last, message, write(mended))


def conditional(source: Source, first: int, brackets: list[int]) -> GradcalcError:
    """Refuse `a if c else b`, `if c then a else b` and `if (c) a else b`."""
    inside, tokens = bool(brackets), source.tokens
    message = "a choice is written where(condition, a, b)"
    middle = right_edge(source, first, inside, ("else",)) + 1
    last = right_edge(source, middle + 1, inside) if tokens[middle] == "else" else middle
    if last <= middle:
        return syntax(source, first, first, message)
    word = next(j for j in range(first, middle) if tokens[j] == "if")
    if word > first:
        condition, then = (word + 1, middle - 1), (first, word - 1)
    else:
        end = right_edge(source, first + 1, inside, ("then", ":")) if {"then", ":"} & set(tokens[first:middle]) else 0
        end = end or (matching(source, first + 1) if tokens[first + 1] == "(" else first)
        skip = tokens[end + 1] in ("then", ":")
        condition, then = (first + 1, end), (end + 1 + skip, middle - 1)
    if condition[0] > condition[1] or then[0] > then[1]:
        return syntax(source, first, first, message)
    return where(source, first, last, condition, then, (middle + 1, last))


def where(source: Source, first: int, last: int, *parts: tuple[int, int]) -> GradcalcError:
    """Return the refusal of a choice whose condition and two branches were found."""
    mended = f"where({', '.join(source.slice(*part) for part in parts)})"
    if not write(mended):
        return syntax(source, first, first, "a choice is written where(condition, a, b)")
    return syntax(source, first, last, "a choice is written where(condition, a, b)", write(mended))


def question(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `c ? a : b`."""
    inside = bool(brackets)
    first, middle = left_edge(source, start, inside), right_edge(source, i + 1, inside, (":",)) + 1
    last = right_edge(source, middle + 1, inside) if source.tokens[middle] == ":" else middle
    if last <= middle or middle <= i + 1:
        return syntax(source, i, i, "a choice is written where(condition, a, b)")
    return where(source, first, last, (first, end), (i + 1, middle - 1), (middle + 1, last))


def index(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `x[0]`."""
    return syntax(source, i, i, "an index belongs to arrays, which are not supported yet")


def attribute(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `(x).T`."""
    if source.tokens[i + 1] == "T":
        return syntax(source, i, i + 1, "'.T' belongs to arrays, which are not supported yet")
    return syntax(source, i, i, "'.' is not an operator")


def prime(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `x'`."""
    if start == end and is_name(source.tokens[start]):
        return syntax(source, start, i, "a prime is not part of a name", write(f"{source.slice(start, end)}_prime"))
    return syntax(source, i, i, "a prime is not an operator")


def factorial(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `5!`."""
    token = source.tokens[start]
    whole = int(token) if start == end and token.isdecimal() and token.isascii() and len(token) <= 2 else 99
    mended = write(str(_factorial(whole))) if whole <= 18 else ""
    return syntax(source, start if mended else i, i, "a factorial is not in the language", mended)


def _factorial(n: int) -> int:
    return n * _factorial(n - 1) if n else 1


def matrix_product(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `A @ B`."""
    return arrays(source, i, bool(brackets))


def wrong_bracket(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `(x]` and `x}`."""
    if not brackets:
        return closes_nothing(source, i, False)
    return syntax(source, i, i, f"'{source.tokens[i]}' cannot close '('", write(")"))


def brace_after(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `x{y}`."""
    return syntax(source, i, i, "braces are not brackets here", "brackets are ( and )")


def floor_division(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse `x // y`."""
    return syntax(source, i, i, "'//' is not in the language", "floor(x/y) rounds a quotient down")


def assigned(source: Source, i: int, start: int, end: int, brackets: list[int]) -> GradcalcError:
    """Refuse an `=` inside an expression."""
    return equals(source, i)


def equals(source: Source, i: int) -> GradcalcError:
    """Refuse an `=` that names nothing."""
    return syntax(source, i, i, "'=' gives a name to a whole statement; a comparison is written ==", write("=="))


def assigning(source: Source, i: int) -> GradcalcError:
    """Refuse `:=` and `+=`."""
    token = source.tokens[i]
    if token == ":=":
        return syntax(source, i, i, "a statement is named with =", write("="))
    last = right_edge(source, i + 1, False)
    name = source.tokens[i - 1]
    if token == "!=" or last <= i or not is_name(name):
        return syntax(source, i, i, f"'{token}' is not in the language")
    mended = f"{name}_new = {source.slice(i - 1, i - 1)} {token[:-1]} ({source.slice(i + 1, last)})"
    return syntax(source, i - 1, last, f"'{token}' is not in the language, as a name is given once", write(mended))


OPERATORS: Mapping[str, Callable[[Source, int, int, int, list[int]], GradcalcError]] = {
    "?": question, "[": index, ".": attribute, "'": prime, "’": prime, "′": prime, "!": factorial, "@": matrix_product,
    "]": wrong_bracket, "}": wrong_bracket, "{": brace_after, "//": floor_division, "=": assigned,
}  # fmt: skip


def chain(source: Source, first: int, i: int, brackets: list[int]) -> GradcalcError:
    """Refuse `a < b < c`, which means something else in every language."""
    inside, tokens = bool(brackets), source.tokens
    comparisons = ("<", "<=", ">", ">=", "==", "!=")
    last = right_edge(source, first, inside, ("and", "or", *SYMBOLS, "=", "?"))
    places = [first - 1]
    while (edge := right_edge(source, places[-1] + 1, inside, comparisons) + 1) <= last and tokens[edge] in comparisons:
        places.append(edge)
    places.append(last + 1)
    texts = [source.slice(a + 1, b - 1) for a, b in zip(places, places[1:], strict=False)]
    signs = [source.slice(place, place) for place in places[1:-1]]
    pairs = [f"{left} {sign} {right}" for left, sign, right in zip(texts, signs, texts[1:], strict=False)]
    complete = all(text.strip() for text in texts) and len(pairs) > 1
    mended = write(" and ".join(pairs)) if complete else ""
    return syntax(source, first, last if mended else i, "comparisons do not chain", mended)


def closer(source: Source, i: int, brackets: list[int]) -> GradcalcError:
    """Refuse a bracket, a comma or an end where it does not belong."""
    token = source.tokens[i]
    if token == ")":
        return syntax(source, i, i, "')' closes nothing", "leave it out, or open a '(' before it")
    if token == ",":
        return comma(source, i)
    return unclosed(source, brackets)


def unclosed(source: Source, brackets: list[int]) -> GradcalcError:
    """Refuse a bracket that is never closed: the outermost one, whose place is the quickest to find."""
    return syntax(source, brackets[0], brackets[0], "'(' is never closed")


def comma(source: Source, i: int) -> GradcalcError:
    """Refuse a comma outside a call: a decimal comma, perhaps."""
    tokens = source.tokens
    close = source.locate(i - 1).end == source.locate(i).start and source.locate(i).end == source.locate(i + 1).start
    if close and tokens[i - 1].isdecimal() and tokens[i + 1].isdecimal():
        return syntax(source, i - 1, i + 1, "decimals are written with a point", write(f"{tokens[i - 1]}.{tokens[i + 1]}"))
    return syntax(source, i, i, "a comma stands between the arguments of a call", "a program has one output; ; ends a statement")


# Names.


def unknown(source: Source, i: int, known: Collection[str], functions: Mapping[str, object]) -> GradcalcError:
    """Refuse a name that has no value."""
    name = source.tokens[i]
    return naming(source, i, i, f"unknown name {quote(name)}", _unknown_hint(source, i, name, known, functions))


def _unknown_hint(source: Source, i: int, name: str, known: Collection[str], functions: Mapping[str, object]) -> str:
    if name in CALLABLE or name in functions:
        return write(f"{name}({', '.join(sample(name))})") if name in CALLABLE else f"{name} is a function: call it"
    if any(source.tokens[j] == name for j in statement_starts(source) if source.tokens[j + 1] == "="):
        return f"{quote(name)} is only assigned further down"
    if parts := split(name, known):
        return f"write a product as {'*'.join(parts)}"
    if (near := suggest(name, known)) is not None:
        return f"did you mean {quote(near)}?"
    return f"give it a value: {name}=1" if len(name) <= QUOTE_LIMIT else ""


def sample(name: str) -> tuple[str, ...]:
    """Return arguments that a gate can be called with."""
    gate = CALLABLE[name]
    return ("x", "y") if gate.variadic else gate.parameters[: gate.arity[0]]


def statement_starts(source: Source) -> Iterable[int]:
    """Return the tokens that begin a line or a statement."""
    return (i for i, token in enumerate(source.tokens[:-2]) if token not in ENDS and (i == 0 or source.tokens[i - 1] in ENDS))


def not_callable(source: Source, i: int, j: int, known: Collection[str], functions: Collection[str]) -> GradcalcError:
    """Refuse a call of something that is neither gate nor function."""
    name, last = source.tokens[i], matching(source, j)
    later = [k for k in statement_starts(source) if source.tokens[k] == name and source.tokens[k + 1] == "(" and defines(source, k)]
    if later:
        own = any(k <= i and (i < k + 2 or "\n" not in source.tokens[k:i]) for k in later)
        return naming(
            source, i, i, f"{quote(name)} is called {'by itself' if own else 'before it is defined'}", "functions cannot be recursive" if own else "a function can call those above it alone"
        )
    callables = [*CALLABLE, *functions]
    callables = [c for c in callables if c not in RESERVED]
    mended = ""
    if name in known:
        mended = f"{source.slice(i, i)}*{source.slice(j, last)}" if last > 0 else ""
        message = f"{quote(name)} is not a function"
        return naming(source, i, last if write(mended) and mended else i, message, write(mended) if mended else "")
    for k in range(1, min(len(name), QUOTE_LIMIT)):
        if name[:k] in known and name[k:] in callables:
            return naming(source, i, i, f"unknown gate {quote(name)}", f"write a product as {name[:k]}*{name[k:]}")
    near = suggest(name, callables)
    if near is not None:
        return naming(source, i, i, f"unknown gate {quote(name)}", f"did you mean {quote(near)}?")
    return naming(source, i, i, f"unknown gate {quote(name)}", "gradcalc gates lists them; a product is written with *")


def refuse_bare_gate(source: Source, i: int, j: int, functions: Mapping[str, object]) -> None:
    """Refuse a gate without parentheses: `sin x`, `sin^2(x)`, `Sin[x]`. The token behind it is `j`."""
    tokens, name, following = source.tokens, source.tokens[i], source.tokens[j]
    if following == "[" and (callee := _callee(name)):
        last = matching(source, j)
        inner = source.slice(j + 1, last - 1) if last > j + 1 and tokens[last] == "]" else ""
        mended = write(f"{callee}({inner})") if inner else ""
        raise syntax(source, i, last if mended else j, "a call is written with ( and )", mended)
    if name not in CALLABLE and name not in functions:
        return
    if following[:1] == "^" or following == "**":
        _refuse_power(source, i, j)
    last = atom_end(source, j)
    if last >= j and following not in ("+", "-", "not", *RESERVED):
        inner = source.slice(j, last)
        raise syntax(source, i, last, f"{quote(name)} needs parentheses", write(f"{source.slice(i, i)}({inner})"))


def _callee(name: str) -> str:
    return name if name in CALLABLE else name.lower() if name.lower() in CALLABLE else ""


def _refuse_power(source: Source, i: int, j: int) -> None:
    """Refuse `sin^2(x)`; with the power -1 it is the inverse that is meant."""
    tokens, k = source.tokens, j
    if tokens[j] in ("^", "**"):
        k += 1 + (tokens[j + 1] == "-")
        if not is_number(tokens[k]):
            return
    if tokens[k + 1] != "(" or (last := matching(source, k + 1)) < 0:
        return
    name, inner = source.slice(i, i), source.slice(k + 1, last)
    power = "^" + "".join(tokens[j : k + 1]).removeprefix("**").removeprefix("^")
    inverse = f"a{tokens[i]}"
    mended = f"{inverse}{inner}" if power == "^-1" and inverse in CALLABLE else f"{name}{inner}{power}"
    raise syntax(source, i, last, "a power of a call stands behind its parentheses", write(mended))


def dotted(source: Source, i: int, j: int, opening: int) -> GradcalcError:
    """Refuse a name with a point in it that is no library's gate or constant."""
    tokens, name = source.tokens, source.tokens[j]
    if j == i:
        return syntax(source, i + 1, i + 1, "'.' is not an operator")
    prefix = "".join(tokens[i : j - 1])
    if prefix in MODULES and tokens[opening] == "(":
        near = suggest(name, [c for c in CALLABLE if c not in RESERVED])
        return naming(source, j, j, f"unknown gate {quote(name)}", f"did you mean {quote(near)}?" if near else "gradcalc gates lists them")
    if prefix in MODULES:
        return naming(source, j, j, f"unknown constant {quote(name)}", f"{prefix} has pi, e and tau" if name not in CALLABLE else f"{name} needs parentheses")
    if name in CALLABLE and tokens[opening] == "(" and tokens[opening + 1] == ")":
        return syntax(source, i, opening + 1, "a gate is called with its input in parentheses", write(f"{name}({prefix})"))
    if name == "T":
        return syntax(source, j - 1, j, "'.T' belongs to arrays, which are not supported yet")
    return syntax(source, j - 1, j - 1, f"{quote(prefix)} is no library whose gates are known here", f"known are {', '.join(sorted(MODULES))}")


def assignment(source: Source, i: int, twice: bool, given: Collection[str] | None) -> GradcalcError:
    """Refuse a name that is taken."""
    name = source.tokens[i]
    if name in RESERVED:
        return syntax(source, i, i, f"'{name}' is reserved", "give the statement another name")
    if twice:
        return naming(source, i, i, f"{quote(name)} is assigned twice", "give the second value another name")
    if given is not None and name in given:
        return naming(source, i, i, f"{quote(name)} is assigned here and given a value outside", "leave one of the two out")
    return naming(source, i, i, f"{quote(name)} is assigned after it is used", "move this statement up")


def definition(source: Source, i: int, twice: bool) -> GradcalcError:
    """Refuse a function whose name is taken."""
    name = source.tokens[i]
    if name in RESERVED:
        return syntax(source, i, i, f"'{name}' is reserved", "give the function another name")
    what = "is defined twice" if twice else "is a gate already"
    return naming(source, i, i, f"{quote(name)} {what}", "give the function another name")


def parameter(source: Source, i: int, twice: bool) -> GradcalcError:
    """Refuse what is not a list of parameters."""
    if twice:
        return naming(source, i, i, f"two parameters are called {shown(source, i)}")
    return syntax(source, i, i, "the parameters of a function are names", "f(x, y) = x*y defines a function")


def no_output(source: Source, first: int, end: int) -> GradcalcError:
    """Refuse a program without an expression at its end."""
    if all(token in ENDS for token in source.tokens):
        return ProgramSyntaxError("the program is empty", hint="try (x + y)*z")
    closing = matching(source, first + 1)
    call = source.slice(first, closing)
    message = "the last statement defines a function, so there is no output"
    return syntax(source, first, closing, message, f"add a line that calls it: {call}" if len(call) <= HINT_LIMIT else "")


# Arguments.


def arguments(source: Source, call: Call, last: int) -> GradcalcError:
    """Refuse a wrong number of arguments."""
    fewest, most = call.callee.arity
    span, name = (call.first, last), quote(source.slice(call.first, call.first))
    counts = f"{fewest}" if fewest == most else f"at least {fewest}" if most is None else f"{fewest} to {most}"
    noun = "argument" if counts in ("1", "at least 1") else "arguments"
    return syntax(source, *span, f"{name} takes {counts} {noun}, not {call.count()}", f"its signature is {call.callee.signature}")


def keyword(source: Source, call: Call, i: int) -> GradcalcError:
    """Refuse a keyword that the callee does not take, or not again."""
    name, hint = source.tokens[i], f"its signature is {call.callee.signature}"
    if name in call.callee.static:
        return syntax(source, i, i, f"{quote(name)} belongs to arrays, which are not supported yet")
    if call.takes(name):
        return syntax(source, i, i, f"{quote(name)} is given twice", hint)
    return syntax(source, i, i, f"{quote(call.callee.name)} has no argument {quote(name)}", hint)


def late_argument(source: Source, call: Call, i: int) -> GradcalcError:
    """Refuse a positional argument behind a keyword."""
    hint = f"its signature is {call.callee.signature}"
    return syntax(source, call.due, before(source, i), "an argument without a name stands before those with one", hint)


def different(source: Source, call: Call, last: int, difference: Difference) -> GradcalcError:
    """Refuse a library's call that means something else here."""
    opening = next(j for j in range(call.first, last) if source.tokens[j] == "(")
    edges, i = [opening], opening
    while edges[-1] < last:
        edges.append(right_edge(source, edges[-1] + 1, True) + 1)
    parts = [source.slice(a + 1, b - 1) for a, b in zip(edges, edges[1:], strict=False)]
    mended = write(difference.mended.format(*parts)) if difference.mended and len(parts) == 2 else ""
    return syntax(source, call.first, last, f"{quote(call.name)} means something else here: {difference.reason}", mended)
