r"""Syntax of other languages, and what it is in this one: C, MATLAB, Mathematica, Python, TeX."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping

from gradcalc.errors import GradcalcError
from gradcalc.gates import CALLABLE
from gradcalc.language import absent
from gradcalc.language.arrays import WORDS as OPTIONS
from gradcalc.language.mending import (
    BRACKETS,
    Place,
    applied,
    as_call,
    atom_end,
    is_method,
    left_edge,
    matching,
    parts,
    right_edge,
    write,
)  # fmt: skip
from gradcalc.language.tokens import END, ENDS, is_name, is_number

SYMBOLS = {
    ".*": "*", "./": "/", ".^": "^", "&&": "and", "&": "and", "||": "or", "|": "or", "<>": "!=", "=<": "<=",
    "=>": ">=",
}  # fmt: skip
"""Symbols of other languages -> ours."""

WORDS = {
    "mod": "%", "div": "/", "times": "*", "AND": "and", "OR": "or", "And": "and", "Or": "or",
    "plus": "+", "minus": "-", "over": "/",
}  # fmt: skip
"""Words between two operands -> our symbols."""

FILLERS = ("let", "var", "const", "return", "print", "float", "double", "int")
"""Words in front of an expression that say nothing here."""

KEYWORDS = frozenset({"if", "lambda", "def", *FILLERS})
"""Names with which other languages begin an expression or a statement."""

LOOKALIKES = {
    "–": "-", "—": "-", "‐": "-", "∕": "/", "⁄": "/", "∙": "*", "•": "*", "∧": "and", "∨": "or", "¬": "not",
}  # fmt: skip
"""Characters that are pasted by accident -> what was meant."""

ORNAMENTS = "“”‘’«»„`$~"
"""Characters that are pasted by accident and mean nothing."""

TEX = {"cdot": "*", "times": "*", "div": "/", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "ne": "!="}

TEX_SIZES = frozenset({"left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "displaystyle", "quad"})
"""Words of TeX that say how a formula looks, not what it is."""

TEX_FONTS = frozenset({"mathrm", "mathit", "mathbf", "operatorname", "text", "textrm"})
"""Words of TeX that say how the braces behind them look."""

POWERS = {"squared": "^2", "cubed": "^3"}
"""Words behind an operand -> its power."""

PERCENT = "% is a remainder here; a percentage is divided by 100"
ABSOLUTE = "an absolute value is written abs(x)"
CHOICE = "a choice is written where(condition, a, b)"
BRACES = "braces are not brackets here"
ROUND = "brackets are ( and )"


# Where an operand is due.


def bars(at: Place) -> GradcalcError:
    """Refuse `|x|`."""
    end = right_edge(at.source, at.i + 1, at.inside, (at.symbol,)) + 1
    if end == at.i + 1 or at.tokens[end] != at.symbol:
        return at.refuse(ABSOLUTE)
    return at.refuse(ABSOLUTE, write(f"abs({at.slice(at.i + 1, end - 1)})"), last=end)


def tex(at: Place) -> GradcalcError:
    r"""Refuse `\alpha`, `\sqrt{x}` and `\frac{a}{b}`."""
    word = at.tokens[at.i + 1]
    if not is_name(word):
        return at.refuse("a backslash is not in the language", "a newline inside brackets needs none")
    if word in TEX_SIZES:
        return at.refuse("TeX is not in the language", f"leave out \\{word}", last=at.i + 1)
    sign = "*" if at.end >= 0 and word not in TEX else ""
    if word in CALLABLE and at.tokens[at.i + 2] not in ("(", "{", "["):
        mended, last = applied(at.source, at.i + 1)
        return at.refuse("TeX is not in the language", write(f"{sign}{mended}"), last=last)
    groups, last = [], at.i + 1
    while at.tokens[last + 1] == "{" and (closing := matching(at.source, last + 1)) > last + 2:
        groups.append(at.slice(last + 2, closing - 1))
        last = closing
    if at.tokens[last + 1] == "{":
        return at.refuse("TeX is not in the language", last=last)  # braces that hold nothing, or stay open
    mended = TEX.get(word, word) if not groups else f"{word}({', '.join(groups)})"
    if word == "frac" and len(groups) == 2:
        mended = f"({groups[0]})/({groups[1]})"
    elif word in TEX_FONTS and len(groups) == 1:
        mended = groups[0]
    return at.refuse("TeX is not in the language", write(f"{sign}{mended}"), last=last)


def text(at: Place) -> GradcalcError:
    """Refuse a string."""
    end = at.i + 1
    while at.tokens[end] not in (at.symbol, "\n", END):
        end += 1
    if at.tokens[end] != at.symbol or end == at.i + 1:
        return at.refuse("quotes are not in the language")
    inner, is_option = at.slice(at.i + 1, end - 1), at.inside and at.tokens[at.i - 1] in (",", "=")
    hint = write(inner)
    if is_option and end == at.i + 2 and is_name(inner) and inner not in OPTIONS:
        hint = f"the words of options are {', '.join(OPTIONS)}, without quotes"
    return at.refuse("text in quotes is not in the language", hint, last=end)


def negation(at: Place) -> GradcalcError:
    """Refuse `!x`."""
    end = atom_end(at.source, at.i + 1)
    mended = write(f"not {at.slice(at.i + 1, end)}") if end > at.i else ""
    return at.refuse("a condition is negated with not", mended, last=max(at.i, end))


def braces(at: Place) -> GradcalcError:
    """Refuse `{x}` and `{1, 2}`."""
    end = matching(at.source, at.i)
    if end <= at.i + 1 or at.tokens[end] != "}":
        return at.refuse(BRACES, ROUND)
    inner = at.slice(at.i + 1, end - 1)
    is_list = len(parts(at.source, at.i, end)) > 1
    return at.refuse(BRACES, write(f"[{inner}]" if is_list else f"({inner})"), last=end)


# Where an operator is due.


def subscript(at: Place) -> GradcalcError:
    """Refuse `x_{1}`, and braces behind anything else."""
    end = matching(at.source, at.i)
    if at.start == at.end and at.tokens[at.end].endswith("_") and end == at.i + 2:
        mended = write(at.slice(at.start, at.end) + at.slice(at.i + 1, at.i + 1))
        return at.refuse("TeX is not in the language", mended, first=at.start, last=end)
    return at.refuse(BRACES, ROUND)


def question(at: Place) -> GradcalcError:
    """Refuse `c ? a : b`."""
    first = left_edge(at.source, at.start, at.inside)
    middle = right_edge(at.source, at.i + 1, at.inside, (":",)) + 1
    last = right_edge(at.source, middle + 1, at.inside)
    if at.tokens[middle] != ":" or last <= middle or middle == at.i + 1:
        return at.refuse(CHOICE)
    return where(at, (first, at.end), (at.i + 1, middle - 1), (middle + 1, last), first)


def conditional(at: Place, first: int) -> GradcalcError:
    """Refuse `a if c else b`, `if c then a else b` and `if (c) a else b`, which begin at token `first`."""
    middle = right_edge(at.source, first, at.inside, ("else",)) + 1
    last = right_edge(at.source, middle + 1, at.inside)
    if at.tokens[middle] != "else" or last <= middle:
        return at.refuse(CHOICE, first=first)
    if at.tokens[first] == "if":
        condition, then = _head(at, first, middle)
    else:
        word = at.tokens.index("if", first)
        condition, then = (word + 1, middle - 1), (first, word - 1)
    if condition[0] > condition[1] or then[0] > then[1]:
        return at.refuse(CHOICE, first=first)
    return where(at, condition, then, (middle + 1, last), first)


def _head(at: Place, first: int, middle: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the condition and the first branch of `if c then a else` or `if (c) a else`."""
    end = right_edge(at.source, first + 1, at.inside, ("then", ":", "else"))
    if end + 1 < middle:
        return (first + 1, end), (end + 2, middle - 1)
    end = matching(at.source, first + 1) if at.tokens[first + 1] == "(" else first
    return (first + 1, end), (end + 1, middle - 1)


def where(
    at: Place, condition: tuple[int, int], then: tuple[int, int], otherwise: tuple[int, int], first: int
) -> GradcalcError:
    """Return the refusal of a choice whose condition and branches were found."""
    mended = write(f"where({at.slice(*condition)}, {at.slice(*then)}, {at.slice(*otherwise)})")
    return at.refuse(CHOICE, mended, first=first, last=otherwise[1] if mended else first)


def anonymous(at: Place) -> GradcalcError:
    """Refuse `lambda x: …` and `def f(x): …`."""
    message = "a function is written f(x) = …"
    colon = at.i
    while at.tokens[colon] not in (":", *ENDS):
        colon += 1
    body = colon + 1
    while at.tokens[body] in ("return", "\n"):
        body += 1
    last = right_edge(at.source, body, False)
    first, head = at.start, at.slice(at.i, colon - 1)
    if at.tokens[first] == "lambda":
        name = "f"
        if at.tokens[first - 1] == "=" and is_name(at.tokens[first - 2]):
            first, name = first - 2, at.tokens[first - 2]
        head = f"{name}({head})"
    if at.tokens[colon] != ":" or last < body:
        return at.refuse(message, first=at.start, last=at.start)
    return at.refuse(message, write(f"{head} = {at.slice(body, last)}"), first=first, last=last)


def replaced(at: Place, symbol: str) -> GradcalcError:
    """Refuse an operator that is written in another way here."""
    last, message = atom_end(at.source, at.i + 1), f"{at.quoted()} is written {symbol}"
    if last <= at.i:
        return at.refuse(message)
    mended = f"{at.slice(at.start, at.end)} {symbol} {at.slice(at.i + 1, last)}"
    return at.refuse(message, write(mended), first=at.start, last=last)


def apostrophe(at: Place) -> GradcalcError:
    """Refuse `x'`."""
    mended = write(f"{at.slice(at.start, at.end)}.T")
    return at.refuse("a transpose is written .T", mended, first=at.start)


def prime(at: Place) -> GradcalcError:
    """Refuse `x′`."""
    if at.start == at.end and is_name(at.tokens[at.start]):
        mended = write(f"{at.slice(at.start, at.end)}_prime")
        return at.refuse("a prime is not part of a name", mended, first=at.start)
    return at.refuse("a prime is not an operator")


def method(at: Place) -> GradcalcError:
    """Refuse `(x + y).sum(axis=0)`."""
    name, opening = at.tokens[at.i + 1], at.i + 2
    if not is_method(at.source, at.i + 1):
        error = absent.member(at.source, at.start, at.end, at.i + 1)
        return error or at.refuse("'.' is not an operator")
    last = matching(at.source, opening)
    given = at.slice(opening + 1, last - 1) if last > opening + 1 else ""
    mended = write(as_call(name, at.slice(at.start, at.end), given))
    return at.refuse("a gate is called with its input in parentheses", mended, first=at.start, last=last)


def spoken_power(at: Place) -> GradcalcError:
    """Refuse `x squared`."""
    mended = write(f"{at.slice(at.start, at.end)}{POWERS[at.symbol]}")
    return at.refuse(f"{at.quoted()} is written {POWERS[at.symbol]}", mended, first=at.start)


def factorial(at: Place) -> GradcalcError:
    """Refuse `5!`."""
    number = at.tokens[at.end]
    if re.fullmatch("1?[0-9]", number):
        return at.refuse(
            "a factorial is not in the language", write(str(math.factorial(int(number)))), first=at.end
        )
    return at.refuse("a factorial is not in the language")


def closing(at: Place) -> GradcalcError:
    """Refuse `(x]`, `[x)` and `x}`."""
    if at.brackets:
        opening = at.tokens[at.brackets[-1]]
        return at.refuse(f"'{at.symbol}' cannot close '{opening}'", write(BRACKETS[opening]))
    opening = next(opening for opening, closer in BRACKETS.items() if closer == at.symbol)
    hint = f"leave it out, or open a '{opening}' before it" if opening != "{" else ROUND
    return at.refuse(f"'{at.symbol}' closes nothing", hint)


def equals(at: Place) -> GradcalcError:
    """Refuse an `=` inside an expression."""
    if at.tokens[at.end] == "]" and not at.inside:
        message, hint = "an element is not assigned", "a list makes an array of its elements: [x[0], 3]"
        return at.refuse(message, hint, first=at.start)
    return at.refuse("'=' names a whole statement; a comparison is written ==", write("=="))


def assigning(at: Place) -> GradcalcError:
    """Refuse `:=` and `+=`."""
    if at.symbol == ":=":
        return at.refuse("a statement is named with =", write("="))
    message = f"{at.quoted()} is not in the language, as a name is given once"
    last = right_edge(at.source, at.i + 1, at.inside)
    if at.inside or last <= at.i or at.start != at.end or not is_name(at.tokens[at.start]):
        return at.refuse(message)
    name = at.slice(at.start, at.end)
    mended = f"{name}_new = {name} {at.symbol[:-1]} ({at.slice(at.i + 1, last)})"
    return at.refuse(message, write(mended), first=at.start, last=last)


# Anywhere.


def glued(at: Place) -> GradcalcError | None:
    """Refuse a number with something at its end that makes it another language's number."""
    left, right = at.tokens[at.end], at.symbol
    if is_number(right):
        return at.refuse(
            f"'{at.slice(at.end, at.i)}' is not a number", "a number has one decimal point", first=at.end
        )
    if left == "0" and re.fullmatch("[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+", right):
        return at.refuse("numbers are decimal", write(str(int(left + right, 0))), first=at.end)
    return None


def character(at: Place) -> GradcalcError:
    """Refuse a character that is no part of the language."""
    c = at.slice(at.i, at.i)[:1]
    code = f"U+{ord(c):04X}"
    if unicodedata.category(c) == "Cf":
        return at.refuse(f"an invisible character ({code}) is in the text", "delete it")
    if unicodedata.category(c)[0] in ("C", "Z"):
        return at.refuse(f"a control character ({code}) is in the text", "delete it")
    message = f"'{c}' is not in the language" if c.isascii() else f"'{c}' ({code}) is not in the language"
    if c in ORNAMENTS:
        return at.refuse(message, "leave it out")
    mended = _plain(c)
    return at.refuse(message, write(mended) if mended != c else "")


def _plain(c: str) -> str:
    """Return what a character most likely stands for."""
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    normal = unicodedata.normalize("NFKC", c).replace("⁄", "/")
    if re.fullmatch("[0-9]+/[0-9]+", normal):
        return f"({normal})"
    return LOOKALIKES.get(c, normal if normal.isascii() and normal.isprintable() else c)


Refusal = Callable[[Place], GradcalcError]


def saying(message: str, hint: str = "") -> Refusal:
    """Return the refusal of a symbol that needs one sentence."""
    return lambda at: at.refuse(message, hint)


OPERANDS: Mapping[str, Refusal] = {
    "|": bars, "||": bars, "\\": tex, '"': text, "'": text, "!": negation, "{": braces,
    "}": saying("'}' closes nothing", ROUND),
}  # fmt: skip
"""Symbols where an operand is due -> how they are refused."""

OPERATORS: Mapping[str, Refusal] = {
    "?": question, "'": apostrophe, "’": prime, "′": prime, "!": factorial, "]": closing, "}": closing,
    "\\": tex, "=": equals,
    "{": subscript,
    ".": method,
    "//": saying("'//' is not in the language", "floor(x/y) rounds a quotient down"),
}  # fmt: skip
"""Symbols where an operator is due -> how they are refused."""
