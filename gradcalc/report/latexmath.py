r"""Nodes of a graph as LaTeX's mathematics, written by the templates of their gates.

A template says by itself where an input needs brackets: `{x} \cdot {y}` has operands of a product,
`\frac{{x}}{{y}}` encloses both, `\sin {x}` is a function in front of its argument. It is read once
a gate: what stands to the left and the right of `{x}` gives the loosest level that may stand there
without brackets, and the loosest operator outside of braces gives the level of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.gates.record import Gate, Shape, shape_of
from gradcalc.graph import Graph, Value
from gradcalc.report.latexsymbols import matrix, number, symbols, written
from gradcalc.report.values import is_small, option

LIMIT = 600
"""Letters of LaTeX that a node may take; TeX itself stops at 255 groups inside each other."""

# Levels, from loose to tight. A negation is looser than a product here, as in mathematics: -x y is -(x y).
CASES, OR, AND, NOT, COMPARISON, MOD, SUM, SIGN, PRODUCT, MATRIX, TERM, POWER, ATOM, LETTER, BRACKETS = range(
    15
)
"""MATRIX is a product without a sign, TERM a fraction or an applied function, which only a power puts into
brackets; a LETTER has no subscript yet; BRACKETS is always."""


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
    **dict.fromkeys((r"\cdot", r"\odot"), Operator(PRODUCT, SIGN, TERM)),
    **dict.fromkeys((r"\times", r"\otimes", r"\star"), Operator(PRODUCT, TERM, TERM)),
    "^": Operator(POWER, ATOM, CASES),
    "_": Operator(POWER, LETTER, CASES),
    ",": Operator(ATOM, OR, OR),
}
NEGATION = Operator(SIGN, CASES, PRODUCT)
ADJACENT = Operator(MATRIX, MATRIX, TERM)
"""Two operands side by side: a product of matrices."""

TOKEN = re.compile(
    r"\{(?P<name>\w+)\}|(?P<open>\\left(?:\\[a-zA-Z]+|.)|\\begin\{\w+\}|[{(\[])"
    r"|(?P<close>\\right(?:\\[a-zA-Z]+|.)|\\end\{\w+\}|[})\]])|(?P<between>&|\\\\)|\s+|\\[a-zA-Z]+|\\.|."
)
GROWING = {"(": r"\left(", ")": r"\right)"}
OUTER_LEVELS = {
    r"\begin{cases}": CASES,
    r"\sum": SUM,
    **dict.fromkeys(("(", r"\left(", r"\frac", r"\log"), TERM),
}
FUNCTION = re.compile(r"(\\(?!left|lVert|lvert|overline)(?:operatorname\{[^}]*\}|[a-z]+))(?= |\(|\\left)")
"""What a template may begin with that takes a subscript: `\\sum`, `\\operatorname{softmax}`."""


SLOT = "slot"
"""The role of an input, which may have another beside it without a sign."""

OPERANDS = frozenset((r"\frac", r"\sqrt"))

Options = tuple[tuple[str, str], ...]


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


def expressions(
    graph: Graph, known: Mapping[str, str] | None = None, shapes: Sequence[Shape] = ()
) -> Iterator[Fragment | None]:
    r"""Yield each node in LaTeX, in one pass; None where that is longer than `LIMIT`.

    Named nodes are written out where they stand and go by their name in all others. `known` are the
    symbols of names, those of the graph where it is left out. `shapes` of the nodes tell the product of
    two arrays element by element, `\odot`, from that of numbers.
    """
    names = graph.names()
    letters = symbols(names.values()) if known is None else known
    taken = frozenset(letters.values())
    done: list[Fragment | None] = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        name = names.get(node)
        if gate is VARIABLE:
            own = _letter(letters[name or ""])
        elif gate is CONSTANT:
            own = _constant(graph.constants[node], taken)
        else:
            arrays = bool(shapes) and all(shapes[i] for i in inputs)
            own = apply(gate, [done[i] for i in inputs], graph.static.get(node, {}), arrays)
        done.append(own if name is None or gate is VARIABLE else _letter(letters[name]))
        yield own


def _letter(symbol: str) -> Fragment | None:
    return Fragment(symbol, ATOM if "_{" in symbol else LETTER)


def expression(graph: Graph, known: Mapping[str, str] | None = None) -> str | None:
    """Return the output of a graph in LaTeX, None where that is longer than `LIMIT`."""
    found = list(expressions(graph, known))[graph.output]
    return found and found.text


def equation(name: str, fragment: Fragment) -> str:
    """Return `name = fragment`, in brackets where that has an equals sign or the like of its own."""
    return f"{name} = {fragment.text if fragment.level == CASES else _bracketed(fragment, MOD)}"


def apply(
    gate: Gate, inputs: Sequence[Fragment | None], static: Mapping[str, Any] = {}, arrays: bool = False
) -> Fragment | None:
    """Return a gate applied to its inputs, None where that is longer than `LIMIT`.

    `static` are the options that are written; `arrays` says that all the inputs are such.
    """
    given = [fragment for fragment in inputs if fragment is not None]
    if len(given) < len(inputs) or sum(len(fragment.text) for fragment in given) > LIMIT:
        return None
    options = tuple((name, _option(name, x)) for name, x in static.items() if _is_told(name, x))
    pieces, level = template(gate, len(inputs), options, arrays and gate.elementwise)
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


def _constant(x: Value, taken: Iterable[str]) -> Fragment | None:
    shape = shape_of(x)
    if shape:
        return Fragment(matrix(x), ATOM) if len(shape) <= 2 and x.size and is_small(x) else None
    text = number(x, taken)
    if text.startswith("-"):
        return Fragment(text, SIGN)
    return Fragment(text, PRODUCT if r"\cdot" in text else POWER if "^" in text else ATOM)


def _is_told(name: str, x: Any) -> bool:
    """Whether an option changes the mathematics: sizes of 1 that are kept do not."""
    return x is not None and name != "keepdims"


def _option(name: str, x: Any) -> str:
    """Return an option of a gate: the key of an index by itself, an axis in words, others with their name."""
    if name == "key":
        text = option(name, x).replace(":", "{:}").replace("...", r"\dots").replace("None", r"\mathrm{None}")
        return f"[{text}]"
    text = ", ".join(map(str, x)) if isinstance(x, tuple) else str(x)
    if name == "axis":
        return rf"\text{{{'axes' if isinstance(x, tuple) else 'axis'} {text}}}"
    return f"{written(name)} = {written(text) if text.isalpha() else text}"


# Templates.


@cache
def template(gate: Gate, count: int, options: Options = (), arrays: bool = False) -> Template:
    """Read the template of a gate that has so many inputs; the defaults of the others are filled in.

    `options` are (name, LaTeX); `arrays` says that the gate's product is one of arrays, element by element.
    """
    text = _filled(gate, count, options)
    text = text.replace(r"\cdot", r"\odot") if arrays and gate.flow == "switcher" else text
    tokens = [found for found in TOKEN.finditer(text) if not found[0].isspace()]
    pieces: list[str | Slot] = []
    level, depth, end, before = ATOM, 0, 0, ""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        pieces.append(token.string[end : token.start()])
        end = token.end()
        slot = _slot(gate, token, before, after, depth)
        pieces.append(slot or GROWING.get(token[0], token[0]))
        if depth == 0:
            level = min(level, _level(token, before, slot))
        depth += bool(token["open"]) - bool(token["close"])
        before = SLOT if slot else _role(token, before)
    return Template(_joined(pieces), level)


def _filled(gate: Gate, count: int, options: Options) -> str:
    """Return the template with the defaults of the inputs that were left out, and the options.

    A natural base is not shown, nor is a shift by 0 or a factor of 1.
    """
    text = gate.template
    for name in () if gate.variadic else gate.parameters[count:]:
        default = gate.defaults[name]
        text = text.replace(f"_{{{{{name}}}}}", "") if default is None else text
        text = text.replace(f" + {{{name}}}", "") if default == 0 else text
        text = text.replace(f"{{{name}}} ", "") if default == 1 else text
        text = text.replace(f"{{{name}}}", number(default or 0.0))
    others = []
    for name, written_option in options:
        others += [] if f"{{{name}}}" in text else [written_option]
        text = text.replace(f"{{{name}}}", written_option)
    return _with_subscript(text, ", ".join(others)) if others else text


def _with_subscript(text: str, below: str) -> str:
    """Return the template with options that it has no place for below its function, or else behind it."""
    found = FUNCTION.match(text)
    if found:
        return f"{found[0]}_{{{below}}}{text[found.end() :]}"
    return f"{text}_{{{below}}}" if text.endswith(("]", "^T")) else rf"{text}\ ({below})"


def _role(token: re.Match[str], before: str) -> str:
    """Return what a token is to the one behind it: an operator, `(` for what opens, `x` for an operand."""
    if token["open"] or token["between"]:
        return "("
    if token[0] == "-" and before in ("", "("):
        return "negation"
    return token[0] if token[0] in OPERATORS else "x"


def _operator(role: str) -> Operator | None:
    return NEGATION if role == "negation" else OPERATORS.get(role)


def _slot(
    gate: Gate, token: re.Match[str], before: str, after: re.Match[str] | None, depth: int
) -> Slot | None:
    if token["name"] not in gate.parameters:
        return None
    left = ADJACENT if before == SLOT else _operator(before)
    right = ADJACENT if _is_operand(after) else OPERATORS.get(after[0]) if after else None
    need = max(left.right if left else CASES, right.left if right else CASES)
    return Slot(gate.parameters.index(token["name"]), BRACKETS if before == "x" else need, depth == 0)


def _is_operand(token: re.Match[str] | None) -> bool:
    """Whether what stands behind an input is the other factor of a product without a sign."""
    return token is not None and (token["name"] is not None or token[0] in OPERANDS)


def _level(token: re.Match[str], before: str, slot: Slot | None) -> int:
    """Return the level that a token outside of all braces gives to the template."""
    if before == SLOT and _is_operand(token):
        return MATRIX
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
