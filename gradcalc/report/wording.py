"""What reports say in words: how a gradient arrives, what the verdict is, what happens at a kink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import NamedTuple

from gradcalc.errors import printable
from gradcalc.report.columns import short
from gradcalc.result import Check, Kinked, Node, Part, Result, Verdict

Row = tuple[str, str, str, str, Verdict | None]
"""Cells of `summary`."""


class Signs(NamedTuple):
    """The signs of a report: colour and signs never carry meaning alone, words do."""

    times: str
    dots: str
    rule: str
    marks: Mapping[Verdict, str]


UNICODE = Signs("×", "…", "─", {"pass": "✓", "inaccurate": "≈", "undecided": "?", "fail": "✗"})
ASCII = Signs("*", "...", "-", {"pass": "ok", "inaccurate": "~", "undecided": "?", "fail": "X"})


# Along a wire: upstream x local.


def arrivals(result: Result, names: Mapping[int, str], node: Node, signs: Signs, digits: int) -> list[str]:
    """Return how a node's gradient arrives, one text a wire: `0.2 from #7 × x0 (-1)`.

    The number before `from` is upstream: the gradient of the consumer, as its own row shows it.
    Behind the sign stands the local gradient, and where the consumer multiplies, what it equals:
    the *other* factor. The product of the two is this node's gradient; with several wires, the sum.
    """
    if node.id == result.output.node:
        return ["1 (the output)"]
    if node.gradient is None:
        return []
    return [_arrival(result, names, node, part, signs, digits) for part in node.parts] or [
        "no wire leaves it"
    ]


def _arrival(
    result: Result, names: Mapping[int, str], node: Node, part: Part, signs: Signs, digits: int
) -> str:
    factor = _factor(result, names, node, part)
    local = short(part.local, digits)
    shown = f"{factor} ({local})" if factor else local
    return f"{short(part.upstream, digits)} from #{part.consumer} {signs.times} {shown}"


def _factor(result: Result, names: Mapping[int, str], node: Node, part: Part) -> str:
    """Return what the other factor of a product is called; a constant is its number alone."""
    graph = result.graph
    inputs = graph.inputs[part.consumer]
    if graph.gates[part.consumer].flow != "switcher" or len(inputs) != 2:
        return ""
    other = inputs[1] if inputs[0] == node.id else inputs[0]
    return "" if other in graph.constants else names.get(other, f"#{other}")


# The gradients asked for.

SUMMARY = ("gradient", "formula", "number", "digits", "verdict")
"""Titles of the cells that `summary` yields."""


def output_label(result: Result) -> str:
    """Return what the output is called: its own name, or the first letter that no name of the program has."""
    taken = {*result.graph.variables, *result.graph.named}
    return result.output.name or next((letter for letter in "fygh" if letter not in taken), "output")


def summary(result: Result) -> Iterator[Row]:
    """Yield the output, then each gradient: what it is, its formula, its number, digits and verdict."""
    label = output_label(result)
    yield label, "", full(result.output.value), "", None
    entries = result.check.gradients if result.check else {}
    for name, gradient in result.gradients.items():
        entry = entries.get(name)
        number = full(gradient)
        formula = (entry and entry.formula) or ""
        digits = "" if entry is None or entry.digits is None else str(entry.digits)
        shown = "" if formula == number else formula
        yield f"d{label}/d{name}", shown, number, digits, entry.verdict if entry else None


def full(x: float | None) -> str:
    """Return every digit of a number; a whole one without `.0`."""
    if x is None:
        return "none"
    return repr(int(x)) if isfinite(x) and abs(x) < 1e15 and x == int(x) and str(x) != "-0.0" else repr(x)


def verdict(proof: Check) -> str:
    """Return the verdict over all gradients as a sentence."""
    count = len(proof.gradients)
    if proof.verdict == "pass":
        them = "the gradient agrees" if count == 1 else f"all {count} gradients agree"
        return f"pass: {them} with SymPy ({proof.method})"
    settled = sum(entry.verdict == "pass" for entry in proof.gradients.values())
    words = {
        "inaccurate": "every rule is right, but floats lost digits",
        "undecided": f"{count - settled} of {count} gradients could not be settled",
        "fail": "a gradient is wrong",
    }
    where = "" if proof.first_wrong is None else f"the first gate that is wrong is at #{proof.first_wrong}"
    said = "; ".join(filter(None, [words[proof.verdict], where, proof.reason]))
    return f"{proof.verdict}: {said} ({proof.method})" if said else f"{proof.verdict} ({proof.method})"


def reasons(result: Result) -> Iterator[str]:
    """Yield why a gradient asked for did not pass."""
    entries = result.check.gradients if result.check else {}
    for name, entry in entries.items():
        if entry.reason and entry.reason != (result.check and result.check.reason):
            yield f"{name}: {entry.reason}"


# Kinks.


def kink(result: Result, found: Kinked) -> Iterator[str]:
    """Yield the lines that tell of a kink or a jump: branch, one-sided derivatives, conventions."""
    label = output_label(result)
    yield f"{'jump' if found.jump else 'kink'} at #{found.node}, {printable(found.text)}"
    if found.branch:
        yield f"  branch taken: {printable(found.branch)}"
    for name in dict.fromkeys([*found.left, *found.right]):
        left, right = _side(found.left.get(name)), _side(found.right.get(name))
        yield f"  d{label}/d{name}: {left} from the left, {right} from the right"
    if found.convention:
        yield f"  local gradient by convention: {_conventions(found)}"


def _conventions(found: Kinked) -> str:
    """Return who answers what: `0 here, in torch and in TensorFlow; 1 in JAX`."""
    answers = {found.convention: ["here"]}
    for system, answer in found.others.items():
        if answer:
            answers.setdefault(answer, []).append(f"in {system}")
    return "; ".join(f"{answer} {_listed(who)}" for answer, who in answers.items())


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _side(x: float | None) -> str:
    return "none" if x is None else short(x)
