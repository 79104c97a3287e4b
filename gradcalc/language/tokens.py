r"""The first stage: text -> tokens.

A token is its text and nothing else. One `findall` makes all of them, because most programs are
right and nobody asks where their tokens stand: `Source.locate` scans the text a second time, as far
as it must, when a report or an error asks.

Text beyond ASCII is respelled here, so that the parser meets ASCII symbols alone: `×` becomes `*`,
names are NFKC-normalised, `π` is `pi` and the superscript `x⁻¹` is the two tokens `x` and `^-1`.
The line ends of every system, `\n`, `\r\n` and `\r`, are `\n`.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from itertools import islice

from gradcalc.errors import Span

NUMBER = r"(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9][0-9_]*)?"

# Some symbols are only here to be refused as a whole: `.*`, `&&`, `+=`, `<>`.
SYMBOL = r"[(),;\n\[\]]|\*\*?=?|//?=?|[-+%^]=?|=[=<>]?|<[=>]?|[>!:]=?|\.(?:[*/^]|\.\.)|&&?|\|\|?|\r\n?"

SPELLINGS = {
    "·": "*", "×": "*", "⋅": "*", "∗": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "π": "pi",
}  # fmt: skip
"""What is accepted beyond ASCII -> how it is spelled inside."""

END = ""
"""The token behind the last one."""

ENDS = ("\n", ";", END)
"""Tokens that end a statement."""

RESERVED = ("and", "or", "not")
"""Words that are no names."""


class Source:
    """A program's text, its tokens and where they stand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pattern = _pattern(text)
        self.tokens: list[str] = self._pattern.findall(text)
        self.tokens += (END, END)  # whoever looks one token ahead need not look for the end first
        if "\r" in text or not text.isascii():
            self._respell()
        self._starts, self._ends = array("q"), array("q")
        self._matches = self._pattern.finditer(text)

    def _respell(self) -> None:
        spelling = {token: respell(token) for token in set(self.tokens) if not token.isascii()}
        spelling |= {"\r": "\n", "\r\n": "\n"}
        self.tokens = [spelling.get(token, token) for token in self.tokens]

    def locate(self, token: int) -> Span:
        """Return where the token of that number stands."""
        for match in islice(self._matches, max(0, token + 1 - len(self._starts))):
            self._starts.append(match.start(1))
            self._ends.append(match.end(1))
        if token >= len(self._starts):
            return Span(len(self.text), len(self.text))
        return Span(self._starts[token], self._ends[token])

    def span(self, first: int, last: int) -> Span:
        """Return where the tokens from `first` to `last` stand."""
        return Span(self.locate(first).start, self.locate(last).end)

    def slice(self, first: int, last: int) -> str:
        """Return the text of the tokens from `first` to `last`, as written."""
        start, end = self.span(first, last)
        return self.text[start:end]


def _pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of one token and the blanks before it, with the letters that this text uses."""
    blanks, letters, inner, raised = " \t", "A-Za-z_", "0-9", ""
    for c in () if text.isascii() else sorted(set(text)):
        if c.isascii():
            continue
        if unicodedata.category(c) == "Zs":
            blanks += c
        elif unicodedata.decomposition(c).startswith("<super>"):
            raised += c
        elif _is_word(normal := unicodedata.normalize("NFKC", c)):
            letters, inner = (letters + c, inner) if normal[0].isalpha() else (letters, inner + c)
    comment = r"(?:#[^\r\n]*)?" if "#" in text else ""
    superscript = f"[{raised}]+|" if raised else ""
    return re.compile(
        rf"[{blanks}]*{comment}([{letters}][{letters}{inner}]*|{NUMBER}|{SYMBOL}|{superscript}(?s:.)|\Z)"
    )


def _is_word(text: str) -> bool:
    """Tell whether `text` is made of letters, digits and combining marks."""
    return all(c.isalpha() or c.isdecimal() or unicodedata.category(c)[0] == "M" for c in text)


def respell(token: str) -> str:
    """Return how a token is spelled inside: names by NFKC, symbols in ASCII, superscripts behind a `^`."""
    normal = unicodedata.normalize("NFKC", token)
    if unicodedata.decomposition(token[:1]).startswith("<super>"):
        return "^" + normal.replace("−", "-")
    if _is_word(normal.replace("_", "")) or normal in SPELLINGS:
        return SPELLINGS.get(normal, normal)
    return token


def is_name(token: str) -> bool:
    """Tell whether a token from a `Source` is a name: it begins with a letter or `_`."""
    return token[:1].isalpha() or token[:1] == "_"


def is_number(token: str) -> bool:
    """Tell whether a token is a number: it begins with a digit, or with a point and a digit."""
    return "0" <= token[:1] <= "9" or (token[:1] == "." and "0" <= token[1:2] <= "9")


def is_superscript(symbol: str) -> bool:
    """Tell whether a token is a superscript, which is respelled behind a `^`."""
    return symbol[:1] == "^" and len(symbol) > 1 and symbol != "^="


def canonical(name: str) -> str:
    """Return the one spelling of a name that graphs use: `ｘ` is `x`, `π` is `pi`."""
    return name if name.isascii() else respell(name)
