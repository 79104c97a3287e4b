"""What the passes give: blocks of numbers, one for each variable, or for each pair of variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcalc.errors import NotFiniteError, ShapeError, TooLargeError
from gradcalc.forward import finite, forward, require_finite
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Graph, Value
from gradcalc.kinks import describe, kinked_nodes
from gradcalc.language import parse
from gradcalc.pipeline import refuse_unknown, refuse_unused
from gradcalc.point import as_value
from gradcalc.result import Check, Kinked, Output
from gradcalc.systems import array

What = Literal["jacobian", "jvp", "vjp", "hessian", "hvp"]
Kind = Literal["dense", "diagonal"]
Mode = Literal["reverse", "forward", "forward over reverse"]

Names = tuple[str, ...]

MOST_ENTRIES = 20_000_000
"""Numbers that a matrix may have: 160 MB."""


@dataclass(frozen=True, eq=False)
class Block:
    """The derivatives of an array by another: an entry for each pair of elements.

    rows     shape of what is differentiated
    columns  shape of what it is differentiated by
    kind     dense, or diagonal: each element depends on the element at its own place alone
    value    of the shape rows + columns; of a diagonal block the diagonal alone, of the shape `rows`
    """

    rows: Shape
    columns: Shape
    kind: Kind
    value: Value

    @property
    def shape(self) -> Shape:
        """The shape of the whole block."""
        return self.rows + self.columns

    @property
    def matrix(self) -> Any:
        """The block as a matrix: a row for each element differentiated, a column for each it is by."""
        if self.kind == "diagonal":
            return np.diag(self.value.ravel())
        return np.reshape(self.value, (count(self.rows), count(self.columns)))

    @property
    def whole(self) -> Value:
        """The block with all its zeros."""
        return array.plain(self.matrix.reshape(self.shape), self.shape)


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Derivatives of a program's output at a point, and their proof.

    what      jacobian, jvp (J v), vjp (v'J), hessian or hvp (H v)
    blocks    by the names that they belong to: one of a Jacobian, two of a Hessian, none of a J v
    wrt       the names asked for, in order
    mode      how they were computed, with so many `passes`
    kinks     kinks and jumps met on the way
    check     the proof, None where it was not asked for
    warnings  sentences for people
    """

    what: What
    graph: Graph
    values: Sequence[Value]
    wrt: Sequence[str]
    blocks: Mapping[Names, Block]
    mode: Mode
    passes: int
    kinks: Sequence[Kinked] = ()
    check: Check | None = None
    warnings: Sequence[str] = ()

    def __getitem__(self, names: str | tuple[str, ...]) -> Value:
        """Return a block with all its zeros: by a name, or by two of a Hessian."""
        return self.blocks[names if isinstance(names, tuple) else (names,)].whole

    @property
    def program(self) -> str:
        """The text."""
        return self.graph.text

    @property
    def output(self) -> Output:
        """The output: its name, node and value."""
        graph, node = self.graph, self.graph.output
        return Output(graph.names().get(node), node, self.values[node], shape_of(self.values[node]))


def count(shape: Shape) -> int:
    """Return the number of elements."""
    return int(np.prod(shape, dtype=int))


def place(index: Sequence[int]) -> str:
    """Return where an element stands, as it is written: `[0, 1]`; nothing for that of a number."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def begun(
    program: str,
    point: Mapping[str, Value] | None,
    wrt: Sequence[str] | None,
    max_nodes: int,
    spare: Sequence[str],
    seed: int,
) -> tuple[Graph, list[Value], list[str]]:
    """Return the graph, the value of each node, and the names asked for; raises what `compute` does."""
    given = {name: as_value(name, value) for name, value in (point or {}).items()}
    graph = parse(program, given, max_nodes=max_nodes, seed=seed)
    refuse_unused(graph, [name for name in given if name not in spare])
    asked = list(dict.fromkeys(graph.variables if wrt is None else wrt))
    refuse_unknown(graph, asked)
    values = forward(graph, given)
    require_finite(graph, values)
    return graph, values, asked


def is_scalar(graph: Graph, values: Sequence[Value]) -> bool:
    """Whether there is no array in a program, nor a gate that is made for them."""
    return not any(map(shape_of, values)) and all(gate.elementwise for gate in set(graph.gates))


def noticed(graph: Graph, values: Sequence[Value]) -> tuple[list[Kinked], list[str]]:
    """Return the kinks that the values are at, and what is surprising about their shapes."""
    if is_scalar(graph, values):
        return describe(graph, values, kinked_nodes(graph, values)), []
    from gradcalc.elements import kinks
    from gradcalc.shapes import surprises

    return kinks(graph, values), list(surprises(graph, [shape_of(x) for x in values]))


def direction(graph: Graph, values: Sequence[Value], given: Mapping[str, Value]) -> dict[int, Value]:
    """Return how fast nodes move, from the vectors v that were given by name; each of its name's shape."""
    refuse_unknown(graph, given)
    seeds = {}
    for name, x in given.items():
        node, vector = graph.node(name), as_value(name, x)
        shape = shape_of(values[node])
        if shape_of(vector) != shape:
            message = f"the vector for '{name}' has the shape {shape_of(vector)}, but '{name}' has {shape}"
            raise ShapeError(message, hint="a direction has a number for each element")
        seeds[node] = vector
    return seeds


def checked(found: Derivatives, check: bool, rtol: float, atol: float, **given: Any) -> Derivatives:
    """Return what was found, with its proof where that is asked for."""
    if not check:
        return found
    from gradcalc.derivatives.proof import proved

    return proved(found, rtol, atol, **given)


def refuse_large(entries: int, hint: str) -> None:
    """Raise TooLargeError for a matrix of too many numbers."""
    if entries > MOST_ENTRIES:
        raise TooLargeError(f"the matrix would have {entries:,} entries", hint=hint)


def refuse_not_finite(what: str, blocks: Mapping[Names, Block]) -> None:
    """Raise NotFiniteError for a block with a number that is not finite."""
    for names, block in blocks.items():
        if not finite(block.value):
            by = " and ".join(f"'{name}'" for name in names)
            raise NotFiniteError(f"the {what} by {by} is not finite" if by else f"the {what} is not finite")
