"""What a calculation gives: the object that every report prints.

Values are floats, of the shape `()`, or NumPy arrays of floats. Records are plain and immutable; nothing here
computes a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from gradcalc.errors import Span
from gradcalc.gates.record import Gate, Shape
from gradcalc.graph import Graph, Value

Verdict = Literal["pass", "inaccurate", "fail", "undecided"]
VERDICTS: tuple[Verdict, ...] = ("pass", "inaccurate", "undecided", "fail")
"""From best to worst: a verdict over several entries is the worst of theirs."""


def worst(verdicts: Sequence[Verdict | None]) -> Verdict:
    """Return the worst of several verdicts; `pass` where there is none."""
    return max((v for v in verdicts if v is not None), key=VERDICTS.index, default="pass")


class Output(NamedTuple):
    """The output: the last statement's name, node and value."""

    name: str | None
    node: int
    value: Value
    shape: Shape = ()


class Part(NamedTuple):
    """What arrives along one wire: upstream (the consumer's gradient) x local = gradient.

    `local` is None where the consumer's rule is no product of elements (matmul); then `arrives` says
    how the part comes from the upstream gradient g. `summed` are the axes of the consumer's output
    that were summed because this input was broadcast along them.
    """

    consumer: int
    upstream: Value
    local: Value
    gradient: Value
    summed: tuple[int, ...] = ()
    arrives: str = ""


class Node(NamedTuple):
    """One row of the table. None means: there is none (a constant has no gradient, a leaf no flow).

    `value` is None where it was never computed (the branch a `where` did not take).
    `local` has one local gradient an input; `parts` one entry a wire that leaves the node.
    `reference`, `digits`, `verdict` and `reason` come from the check.
    """

    id: int
    name: str | None
    expr: str
    span: Span
    within: Span | None
    gate: Gate
    inputs: tuple[int, ...]
    shape: Shape
    value: Value
    local: tuple[Value, ...]
    gradient: Value
    parts: tuple[Part, ...]
    verdict: Verdict | None = None
    reference: Value = None
    digits: int | None = None
    reason: str = ""
    static: Mapping[str, Any] = {}

    @property
    def is_leaf(self) -> bool:
        """Whether the node is given, not computed."""
        return self.gate.flow is None


@dataclass(frozen=True, eq=False)
class Entry:
    """The check of one gradient.

    `formula` is SymPy's derivative in the language itself, None where it would be too large.
    `digits` is 17 where the gradient is the rounded reference. `reason` is empty for a pass.
    Of an array, the reference is an array (None where it was never computed whole), and the error and
    the digits are those of its worst element. `left` and `right` are the one-sided derivatives at a
    kink, of the gradient's shape, nan where an element is at none; None where none is. `voices` are
    what the oracles say that were heard, of a gradient asked for: oracle -> number (of an array, of the
    element that decides about it).
    """

    verdict: Verdict
    reference: Value
    relative_error: float | None
    digits: int | None
    formula: str | None = None
    reason: str = ""
    left: Value = None
    right: Value = None
    voices: Mapping[str, float] = field(default_factory=dict)


UNKNOWN = "no known mistake fits"
"""The diagnosis of a claim that is wrong in no usual way."""


@dataclass(frozen=True, eq=False)
class Claim:
    """The verdict on what somebody says the output or a gradient is.

    name       `value` or `grad_x`
    claimed    what was claimed, None for a formula that could not be computed
    formula    the claim's text, None where numbers were given
    reference  what it should be, rounded to doubles; of an array the error and the digits are those
               of its worst element
    reason     why it is no pass, or what a pass owes to a tolerance or a kink
    diagnosis  the mistake that fits a failure: "factor 2 missing"
    hint       the option that would accept it
    voices     oracle -> what it says, of a gradient whose claim fails; of an array at its worst entry
    left       at a kink the one-sided derivatives that it was held against, as those of `Entry`
    right
    """

    name: str
    verdict: Verdict
    claimed: Value = None
    reference: Value = None
    relative_error: float | None = None
    digits: int | None = None
    formula: str | None = None
    reason: str = ""
    diagnosis: str = ""
    hint: str = ""
    voices: Mapping[str, float] = field(default_factory=dict)
    left: Value = None
    right: Value = None


@dataclass(frozen=True, eq=False)
class Kinked:
    """A node at a kink or a jump, and what that means for the gradients asked for.

    `left` and `right` are the one-sided derivatives of the output by each variable, None where
    there is none (a jump, the edge of a domain). Of an array, `elements` are the first places where
    it is so, and `count` says at how many.
    """

    node: int
    text: str
    jump: bool
    branch: str
    convention: str
    left: Mapping[str, float | None]
    right: Mapping[str, float | None]
    others: Mapping[str, str]
    elements: Sequence[Shape] = ()
    count: int = 1


@dataclass(frozen=True, eq=False)
class Check:
    """The proof: a verdict in all, one an entry, and one a node.

    `method` names the references that were used ("closed form", "gate by gate"). `finished` is false
    where the most digits were not enough to settle a gradient that was asked for.
    `first_wrong` is the first node whose gate is wrong. `nodes` has one entry a node, None for those
    without a gradient.
    """

    verdict: Verdict
    method: str
    rtol: float
    atol: float
    gradients: Mapping[str, Entry]
    nodes: Sequence[Entry | None]
    first_wrong: int | None = None
    reason: str = ""
    finished: bool = True


@dataclass(frozen=True, eq=False)
class Result:
    """A program at a point: its values, its gradients, and their proof.

    program    the text
    graph      the graph
    values     the value of each node
    adjoints   the gradient of each node, None where there is none
    output     the last statement's name, node and value
    gradients  name -> gradient, for the variables and statements asked for
    kinks      kinks and jumps met on the way
    check      the proof, None where it was not asked for
    warnings   sentences for people
    claims     what was claimed (`value`, `grad_x`) -> the verdict
    """

    program: str
    graph: Graph
    values: Sequence[Value]
    adjoints: Sequence[Value]
    output: Output
    gradients: Mapping[str, Value]
    kinks: Sequence[Kinked] = ()
    check: Check | None = None
    warnings: Sequence[str] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def nodes(self) -> list[Node]:
        """Return the rows of the table, one a node."""
        from gradcalc.rows import rows

        return rows(self)
