r"""Nodes of a graph as LaTeX's mathematics, written by the templates of their gates.

A template says by itself where an input needs brackets: `{x} \cdot {y}` has operands of a product,
`\frac{{x}}{{y}}` encloses both, `\sin {x}` is a function in front of its argument. It is read once
a gate: what stands to the left and the right of `{x}` gives the loosest level that may stand there
without brackets, and the loosest operator outside of braces gives the level of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.gates.record import Gate
from gradcalc.graph import Graph
from gradcalc.report.latexsymbols import number, symbols

LIMIT = 600
"""Letters of LaTeX that a node may take; TeX itself stops at 255 groups inside each other."""

# Levels, from loose to tight. A negation is looser than a product here, as in mathematics: -x y is -(x y).
CASES, OR, AND, NOT, COMPARISON, MOD, SUM, SIGN, PRODUCT, TERM, POWER, ATOM, BRACKETS = range(13)
"""TERM is a fraction or an applied function, which only a power puts into brackets; BRACKETS is always."""


class Operator(NamedTuple):
    """The level of an operator, and the loosest ones that its operands may have without brackets."""

    level: int
    left: int
    right: int


OPERATORS: dict[str, Operator] = {
    r"\lor": Operator(OR, OR, AND),
    r"\land": Operator(AND, AND, NOT),
    r"\lnot": Operator(NOT, CASES, TERM),
    **dict.fromkeys(("<", r"\le", ">", r"\ge", "=", r"\ne"), Operator(COMPARISON, MOD, MOD)),
    r"\bmod": Operator(MOD, TERM, TERM),
    "+": Operator(SUM, SUM, PRODUCT),
    "-": Operator(SUM, SUM, PRODUCT),
    r"\cdot": Operator(PRODUCT, SIGN, TERM),
    "^": Operator(POWER, ATOM, CASES),
    ",": Operator(ATOM, OR, OR),
}
NEGATION = Operator(SIGN, CASES, PRODUCT)

TOKEN = re.compile(
    r"\{(?P<name>\w+)\}|(?P<open>\\left(?:\\[a-z]+|.)|\\begin\{\w+\}|[{(])"
    r"|(?P<close>\\right(?:\\[a-z]+|.)|\\end\{\w+\}|[})])|(?P<between>&|\\\\)|\s+|\\[a-zA-Z]+|\\.|."
)
GROWING = {"(": r"\left(", ")": r"\right)"}
OUTER_LEVELS = {r"\begin{cases}": CASES, "(": TERM, r"\left(": TERM, r"\frac": TERM}


class Slot(NamedTuple):
    """The place of an input: the loosest level without brackets, and whether nothing encloses it."""

    parameter: int
    need: int
    outer: bool


class Template(NamedTuple):
    """A gate's template, read: literal text and slots in turn, and its level."""

    pieces: tuple[str | Slot, ...]
    level: int


class Fragment(NamedTuple):
    """LaTeX of a node and its level."""

    text: str
    level: int


def expressions(graph: Graph, known: Mapping[str, str] | None = None) -> Iterator[Fragment | None]:
    """Yield each node in LaTeX, in one pass; None where that is longer than `LIMIT`.

    Named nodes are written out where they stand and go by their name in all others. `known` are the
    symbols of names, those of the graph where it is left out.
    """
    names = graph.names()
    letters = symbols(names.values()) if known is None else known
    taken = frozenset(letters.values())
    done: list[Fragment | None] = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        name = names.get(node)
        if gate is VARIABLE:
            own: Fragment | None = Fragment(letters[name or ""], ATOM)
        elif gate is CONSTANT:
            own = _constant(number(graph.constants[node], taken))
        else:
            own = apply(gate, [done[i] for i in inputs])
        done.append(own if name is None or gate is VARIABLE else Fragment(letters[name], ATOM))
        yield own


def expression(graph: Graph, known: Mapping[str, str] | None = None) -> str | None:
    """Return the output of a graph in LaTeX, None where that is longer than `LIMIT`."""
    found = list(expressions(graph, known))[graph.output]
    return found and found.text


def equation(name: str, fragment: Fragment) -> str:
    """Return `name = fragment`, in brackets where that has an equals sign or the like of its own."""
    return f"{name} = {fragment.text if fragment.level == CASES else _bracketed(fragment, MOD)}"


def apply(gate: Gate, inputs: Sequence[Fragment | None]) -> Fragment | None:
    """Return a gate applied to its inputs, None where that is longer than `LIMIT`."""
    given = [fragment for fragment in inputs if fragment is not None]
    if len(given) < len(inputs) or sum(len(fragment.text) for fragment in given) > LIMIT:
        return None
    pieces, level = template(gate, len(inputs))
    if gate.variadic:
        given = [Fragment(", ".join(_bracketed(fragment, OR) for fragment in given), OR)]
    texts = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        fragment = given[piece.parameter]
        texts.append(_bracketed(fragment, piece.need))
        if piece.outer and fragment.level >= piece.need:
            level = min(level, fragment.level)  # a product that begins with a minus ends as a negation
    text = "".join(texts)
    return Fragment(text, level) if len(text) <= LIMIT else None


def _bracketed(fragment: Fragment, need: int) -> str:
    return fragment.text if fragment.level >= need else rf"\left({fragment.text}\right)"


def _constant(text: str) -> Fragment:
    if text.startswith("-"):
        return Fragment(text, SIGN)
    return Fragment(text, PRODUCT if r"\cdot" in text else POWER if "^" in text else ATOM)


# Templates.


@cache
def template(gate: Gate, count: int) -> Template:
    """Read the template of a gate that has so many inputs; the defaults of the others are filled in."""
    tokens = [found for found in TOKEN.finditer(_filled(gate, count)) if not found[0].isspace()]
    pieces: list[str | Slot] = []
    level, depth, end, before = ATOM, 0, 0, ""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        pieces.append(token.string[end : token.start()])
        end = token.end()
        slot = _slot(gate, token, before, after[0] if after else "", depth)
        pieces.append(slot or GROWING.get(token[0], token[0]))
        if depth == 0:
            level = min(level, _level(token, before, slot))
        depth += bool(token["open"]) - bool(token["close"])
        before = _role(token, before)
    return Template(_joined(pieces), level)


def _filled(gate: Gate, count: int) -> str:
    """Return the template with the defaults of the inputs that were left out; a natural base is not shown."""
    text = gate.latex
    for name in () if gate.variadic else gate.parameters[count:]:
        default = gate.defaults[name]
        text = text.replace(f"_{{{{{name}}}}}", "") if default is None else text
        text = text.replace(f"{{{name}}}", number(default or 0.0))
    return text


def _role(token: re.Match[str], before: str) -> str:
    """Return what a token is to the one behind it: an operator, `(` for what opens, `x` for an operand."""
    if token["open"] or token["between"]:
        return "("
    if token[0] == "-" and before in ("", "("):
        return "negation"
    return token[0] if token[0] in OPERATORS else "x"


def _operator(role: str) -> Operator | None:
    return NEGATION if role == "negation" else OPERATORS.get(role)


def _slot(gate: Gate, token: re.Match[str], before: str, after: str, depth: int) -> Slot | None:
    if token["name"] not in gate.parameters:
        return None
    left, right = _operator(before), OPERATORS.get(after)
    need = max(left.right if left else CASES, right.left if right else CASES)
    return Slot(gate.parameters.index(token["name"]), BRACKETS if before == "x" else need, depth == 0)


def _level(token: re.Match[str], before: str, slot: Slot | None) -> int:
    """Return the level that a token outside of all braces gives to the template."""
    if slot:
        return TERM if slot.need == BRACKETS else ATOM
    operator = _operator(_role(token, before))
    return operator.level if operator else OUTER_LEVELS.get(token[0], ATOM)


def _joined(pieces: Sequence[str | Slot]) -> tuple[str | Slot, ...]:
    joined: list[str | Slot] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)
