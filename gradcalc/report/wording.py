"""What reports say in words: how a gradient arrives, what the verdict is, what happens at a kink."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gradcalc.errors import printable
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.report.values import NOTE, brief, full, in_words, is_small, option, short
from gradcalc.result import UNKNOWN, Check, Claim, Kinked, Node, Part, Result, Verdict


class Row(NamedTuple):
    """The cells of a gradient in `summary`, and the gradient itself."""

    label: str
    formula: str
    number: str
    digits: str
    verdict: Verdict | None
    value: Value

    @property
    def cells(self) -> list[str]:
        """The row's cells as text, as `SUMMARY` names them."""
        return [cell or "" for cell in self[: len(SUMMARY)]]


class Signs(NamedTuple):
    """The signs of a report: colour and signs never carry meaning alone, words do."""

    times: str
    dots: str
    rule: str
    marks: Mapping[Verdict, str]


UNICODE = Signs("×", "…", "─", {"pass": "✓", "inaccurate": "≈", "undecided": "?", "fail": "✗"})
ASCII = Signs("*", "...", "-", {"pass": "ok", "inaccurate": "~", "undecided": "?", "fail": "X"})


STYLES: dict[Verdict, str] = {"pass": "good", "fail": "bad"}
"""The style of a verdict; the others have none."""


FLOWS = {
    "distributor": "passes the upstream gradient on to every input",
    "switcher": "gives each input the upstream gradient times the other input",
    "router": "sends the upstream gradient to the input that was taken, 0 to the others",
    "scaler": "multiplies the upstream gradient by its local gradient",
    "mixer": "every input's gradient depends on all of the output's",
}
"""What each flow does to the gradient on its way back."""

FLOWS_OF_ELEMENTS = FLOWS | {
    "distributor": "passes the upstream gradient on to every element",
    "router": "sends the upstream gradient to the elements that were taken, 0 to the others",
}
"""The same for gates between elements of arrays."""


# Along a wire: upstream x local.

Arrival = tuple[str, ...]
"""How a gradient arrives along one wire, in pieces that may stand on lines of their own."""


def arrivals(
    result: Result, names: Mapping[int, str], node: Node, signs: Signs, digits: int
) -> list[Arrival]:
    """Return how a node's gradient arrives, wire by wire: `0.2 from #7`, `× x0 (-1)`.

    The number before `from` is upstream: the gradient of the consumer, as its own row shows it.
    Behind the sign stands the local gradient, and where the consumer multiplies, what it equals:
    the *other* factor. The product of the two is this node's gradient; with several wires, the sum.
    Where the consumer's rule is no product of elements, its matrix form stands in place of that,
    in the names of the program, and says which gradient is upstream: `g @ x.T,`, `g from #7`.
    """
    if node.gradient is None:
        return []
    if node.id == result.output.node:
        return [(_start(node, digits),)]
    wires = Wires(result, names, signs, digits)
    found = [wires.arrival(node, part, k) for part, k in zip(node.parts, wires.inputs(node), strict=True)]
    return found or [("no wire leaves it",)]


def _start(node: Node, digits: int) -> str:
    if not node.shape and node.gradient == 1:
        return "1 (the output)"
    return f"{_amount(node.gradient, digits)} (the output's own gradient)".lstrip()


def _amount(x: Value, digits: int) -> str:
    """Return a number or a small array; nothing for a larger one."""
    return brief(x, lambda number: short(number, digits)) if is_small(x) else ""


def upstream_letter(names: Mapping[int, str]) -> str:
    """Return what the upstream gradient is called in a matrix form: g, unless the program has that name."""
    return "upstream" if "g" in names.values() else "g"


class Wires(NamedTuple):
    """What the wires of one report have in common."""

    result: Result
    names: Mapping[int, str]
    signs: Signs
    digits: int

    def inputs(self, node: Node) -> Iterator[int]:
        """Yield for each part of a node which input of the consumer its wire leads to."""
        graph, begin = self.result.graph, dict[int, int]()
        for part in node.parts:
            gate, inputs = graph.gates[part.consumer], graph.inputs[part.consumer]
            k = inputs.index(node.id, begin.get(part.consumer, 0))
            while not gate.elementwise and gate.rule(k) is None:
                k = inputs.index(node.id, k + 1)
            begin[part.consumer] = k + 1
            yield k

    def arrival(self, node: Node, part: Part, k: int) -> Arrival:
        """Return how the gradient arrives along one wire."""
        source = f"{_amount(part.upstream, self.digits)} from #{part.consumer}".lstrip()
        if part.arrives:
            letter = upstream_letter(self.names)
            return (
                f"{self.rule(part, k)},",
                f"{letter} {source if source.startswith('from') else f'= {source}'}",
            )
        local = f"{self.signs.times} {self._local(node, part)}"
        if not part.summed:
            return source, local
        along = axes(part.summed)
        return source, f"{local},", f"summed over {along}:", f"{self._name(node.id)} was broadcast"

    def _local(self, node: Node, part: Part) -> str:
        factor = self._factor(node, part)
        local = _amount(part.local, self.digits)
        return (f"{factor} ({local})" if local else factor) if factor else local or "local"

    def _factor(self, node: Node, part: Part) -> str:
        """Return what the other factor of a product is called; a constant is its number alone."""
        graph = self.result.graph
        inputs = graph.inputs[part.consumer]
        if graph.gates[part.consumer].flow != "switcher" or len(inputs) != 2:
            return ""
        other = inputs[1] if inputs[0] == node.id else inputs[0]
        return "" if other in graph.constants else self._name(other)

    def _name(self, node: int) -> str:
        """Return what a node is called; a number that is given in the program is called by itself."""
        number = self.result.graph.constants.get(node)
        return short(number, self.digits) if type(number) is float else self.names.get(node, f"#{node}")

    def rule(self, part: Part, k: int) -> str:
        """Return how a part comes from upstream, g, by the consumer's rule in the program's names.

        A vector has no transpose: its product with g is written row by row.
        """
        graph, values = self.result.graph, self.result.values
        gate, inputs = graph.gates[part.consumer], graph.inputs[part.consumer]
        given = (
            {gate.parameters[0]: inputs[k]}
            if gate.variadic
            else dict(zip(gate.parameters, inputs, strict=False))
        )
        given["out"] = part.consumer
        ranks = {name: len(shape_of(values[i])) for name, i in given.items()}
        whole = part.arrives if part.consumer in graph.static else part.arrives.partition(";")[0]
        text = _row_by_row(whole, ranks | {"g": len(shape_of(part.upstream))}, self.signs.times)
        static = {**gate.options, **graph.static.get(part.consumer, {})}
        text = text.replace("[k]", f"[{k}]").replace("the axis", _along(static.get("axis")))
        text = text.replace("[key]", f"[{option('key', static.get('key', ()))}]")
        shown = {name: self._name(i) for name, i in given.items()} | {"g": upstream_letter(self.names)}
        return WORD.sub(lambda word: shown.get(word[0], word[0]), text)


WORD = re.compile(r"[^\W\d]\w*")
PRODUCT = re.compile(r"(\w+|-?\w+\(.*\))(\.T)? @ (\w+)(\.T)?")


def _row_by_row(text: str, ranks: Mapping[str, int], times: str) -> str:
    """Return a product with a transposed vector row by row, any other text as it is.

    `g @ y.T` is no matrix for vectors in NumPy; row i of the gradient is g[i] times y.
    """
    found = PRODUCT.fullmatch(text)
    if not found:
        return text
    left, right = ranks.get(found[1], ranks["g"]), ranks.get(found[3], 2)
    if not ((found[4] and right == 1) or (found[2] and left == 1)):
        return text
    if 0 in (left, right):
        return f"{found[1]} {times} {found[3]}"
    row = ", ".join("ijkl"[:left])
    factor = found[1] if found[1] in ranks else f"({found[1]})"
    return f"row {row} is {factor}[{row}] {times} {found[3]}"


def axes(numbers: Sequence[int]) -> str:
    """Return what axes are called: `axis 0`, `axes 0, 2`."""
    return f"{'axis' if len(numbers) == 1 else 'axes'} {', '.join(map(str, numbers))}"


def _along(axis: Any) -> str:
    return "all axes" if axis is None else axes(axis if isinstance(axis, tuple) else (axis,))


# The gradients asked for.

SUMMARY = ("gradient", "formula", "number", "digits", "verdict")
"""Titles of the cells that `summary` yields."""


def output_label(result: Result) -> str:
    """Return what the output is called: its own name, or the first letter that no name of the program has."""
    return result.output.name or result.graph.label()


def summary(result: Result) -> Iterator[Row]:
    """Yield the output, then each gradient: what it is, its formula, its number, digits and verdict."""
    label = output_label(result)
    yield Row(label, "", in_words(result.output.value, full), "", None, result.output.value)
    entries = result.check.gradients if result.check else {}
    for name, gradient in result.gradients.items():
        entry = entries.get(name)
        number = in_words(gradient, full)
        formula = (entry and entry.formula) or ""
        digits = "" if entry is None or entry.digits is None else str(entry.digits)
        shown = "" if formula == number else formula
        found = entry.verdict if entry else None
        yield Row(f"d{label}/d{name}", shown, number, digits, found, gradient)


def weighted(result: Result) -> str:
    """Return what the gradients are of where the output's own gradient is not 1; nothing where it is."""
    own = result.adjoints[result.output.node]
    if own is None or (not shape_of(own) and own == 1):
        return ""
    total = "sum(upstream * {0})" if shape_of(own) else "upstream * {0}"
    label = output_label(result)
    return f"gradients are those of {total.format(label)}, upstream = {in_words(own, short)}"


def has_large(result: Result, nodes: bool) -> bool:
    """Whether a report, with or without its nodes, shows any array by its norm alone."""
    values = result.values if nodes else [result.output.value, *result.gradients.values()]
    return not all(map(is_small, values))


def notes(result: Result, nodes: bool) -> list[str]:
    """Return what a document says below its tables, as sentences."""
    found = [
        weighted(result),
        NOTE if has_large(result, nodes) else "",
        *(broadcasts(result) if nodes else ()),
    ]
    return [f"{note[0].upper()}{note[1:]}." for note in found if note]


def broadcasts(result: Result) -> Iterator[str]:
    """Yield a sentence for each wire along which what arrives is summed, since its input was broadcast."""
    names = result.graph.names()
    for node in result.nodes:
        for part in node.parts:
            if part.summed:
                name = names.get(node.id, f"#{node.id}")
                along = axes(part.summed)
                yield f"what comes from #{part.consumer} is summed over {along}: {name} was broadcast"


def verdict(proof: Check) -> str:
    """Return the verdict over all gradients as a sentence."""
    count = len(proof.gradients)
    if proof.verdict == "pass" and not count:
        return f"pass: every gate agrees with SymPy, and nothing varies ({proof.method})"
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


def node_verdict(node: Node, signs: Signs, brief: bool = False) -> str:
    """Return the verdict on a node: `✓ 15 digits`, or brief: `✓ 15`."""
    assert node.verdict is not None
    digits = "" if node.digits is None else f"{node.digits} digits"
    words = {"pass": digits, "inaccurate": f"inaccurate {digits}"}.get(node.verdict, node.verdict)
    if brief:
        words = words.removeprefix("inaccurate ").removesuffix(" digits").removesuffix("undecided")
    return f"{signs.marks[node.verdict]} {words}".strip()


def reasons(result: Result) -> Iterator[str]:
    """Yield why a gradient asked for did not pass."""
    entries = result.check.gradients if result.check else {}
    for name, entry in entries.items():
        if entry.reason and entry.reason != (result.check and result.check.reason):
            yield f"{name}: {entry.reason}"


def claim(found: Claim) -> str:
    """Return the verdict on a claim as a sentence."""
    said = f"claim {found.name} = {_claimed(found)}: {found.verdict}"
    if found.verdict == "pass" and not found.reason:
        return f"{said}, {found.digits} digits"
    is_known = found.diagnosis != UNKNOWN
    told = [found.diagnosis, found.reason] if is_known else [found.reason, found.diagnosis]
    return f"{said}: {'; '.join(filter(None, [*told, found.hint]))}"


def voices(found: Claim) -> str:
    """Return what the oracles say of a claim that fails: that they agree, or nothing where they do not.

    Who dissents stands in the reason of the gradient's own verdict.
    """
    from gradcalc.check.voices import agreed  # there are none without a check

    return agreed(found.voices) if found.verdict == "fail" else ""


def _claimed(found: Claim) -> str:
    """Return what was claimed: the formula as it was written, or the numbers."""
    return brief(found.claimed, full) if found.formula is None else found.formula


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
