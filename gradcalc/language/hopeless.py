"""Large texts that are no program, refused at sight: ten megabytes of one token, a file cut short.

The parser would find out too, after it built all that comes before. A program of ordinary size is
left to it, since it knows the first thing that is wrong.
"""

from __future__ import annotations

import re

from gradcalc.errors import ProgramSyntaxError, Span

LARGE = 1_000_000
"""Characters from which a text is looked at."""

TAIL = 1_000
"""Characters at its end that are."""

DANGLING = re.compile(r"(\*\*|[<>=!]=|[-+*/%^<>=@]|\b(?:and|or|not)\b|(?<![\w.])\.|(?<=[a-z])\.)[\s;]*\Z")
"""What no program ends with; a point may end a number."""


def refuse(text: str) -> None:
    """Raise ProgramSyntaxError where brackets stay open or the last token lacks its operand."""
    if len(text) < LARGE or "#" in text:  # a comment may hold brackets and end as it likes
        return
    for opening, closing in ("()", "[]"):
        if text.count(opening) > text.count(closing):
            i = _never_closed(text, opening, closing)
            raise ProgramSyntaxError(f"'{opening}' is never closed", source=text, span=Span(i, i + 1))
    start = len(text) - TAIL
    if found := DANGLING.search(text[start:]):
        symbol = found[1]
        message = f"an operand is missing after '{symbol}'" if symbol != "." else "'.' is not an operator"
        raise ProgramSyntaxError(
            message, source=text, span=Span(start + found.start(1), start + found.end(1))
        )


def _never_closed(text: str, opening: str, closing: str) -> int:
    """Return where the outermost bracket stands that is never closed."""
    if closing not in text:
        return text.index(opening)
    depth = start = 0
    for match in re.finditer(f"[{re.escape(opening + closing)}]", text):
        if depth <= 0:
            depth, start = 0, match.start()
        depth += 1 if match[0] == opening else -1
    return start
