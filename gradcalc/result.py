"""What a calculation gives: the object that every report prints.

Numbers are floats; shapes are `()` for a scalar. Records are plain and immutable; nothing here
computes a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gradcalc.errors import Span
from gradcalc.gates.record import Gate
from gradcalc.graph import Graph

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
    value: float
    shape: tuple[int, ...] = ()


class Part(NamedTuple):
    """What arrives along one wire: upstream (the consumer's gradient) x local = gradient."""

    consumer: int
    upstream: float
    local: float
    gradient: float


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
    shape: tuple[int, ...]
    value: float | None
    local: tuple[float | None, ...]
    gradient: float | None
    parts: tuple[Part, ...]
    verdict: Verdict | None = None
    reference: float | None = None
    digits: int | None = None
    reason: str = ""

    @property
    def is_leaf(self) -> bool:
        """Whether the node is given, not computed."""
        return self.gate.flow is None


@dataclass(frozen=True, eq=False)
class Entry:
    """The check of one gradient.

    `formula` is SymPy's derivative in the language itself, None where it would be too large.
    `digits` is 17 where the gradient is the rounded reference. `reason` is empty for a pass.
    """

    verdict: Verdict
    reference: float | None
    relative_error: float | None
    digits: int | None
    formula: str | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Kinked:
    """A node at a kink or a jump, and what that means for the gradients asked for.

    `left` and `right` are the one-sided derivatives of the output by each variable, None where
    there is none (a jump, the edge of a domain).
    """

    node: int
    text: str
    jump: bool
    branch: str
    convention: str
    left: Mapping[str, float | None]
    right: Mapping[str, float | None]
    others: Mapping[str, str]


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
    """

    program: str
    graph: Graph
    values: Sequence[float]
    adjoints: Sequence[float | None]
    output: Output
    gradients: Mapping[str, float]
    kinks: Sequence[Kinked] = ()
    check: Check | None = None
    warnings: Sequence[str] = ()

    @property
    def nodes(self) -> list[Node]:
        """Return the rows of the table, one a node."""
        from gradcalc.rows import rows

        return rows(self)
