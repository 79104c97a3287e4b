"""The Hessian of a number, exactly, by passes forward over reverse; and its product with a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcalc.backward import backward, require_finite
from gradcalc.derivatives import modes
from gradcalc.derivatives.matrices import (
    Block,
    Derivatives,
    Names,
    begun,
    checked,
    count,
    direction,
    noticed,
    refuse_large,
    refuse_not_finite,
)
from gradcalc.errors import ShapeError
from gradcalc.forward import finite
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value
from gradcalc.language import MAX_NODES
from gradcalc.systems import array

SYMMETRIC, NOISE = 1e-9, 1e-12
"""Differences of mirrored entries that are rounding: relative to them, and to the largest number met."""

KINKED = "at a kink there may be no second derivative: these numbers are what the rules give there"


def hessian(
    program: str,
    point: Mapping[str, Value] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Sequence[str] = (),
    seed: int = 0,
) -> Derivatives:
    """Compute the second derivatives of a program's output, a number, by each pair of variables.

    A block has the shape of the first variable followed by that of the second. See `compute`.

    >>> hessian("x^2*y", {"x": 3, "y": 2}, check=False)["x", "y"]
    6.0
    """
    graph, values, asked = begun(program, point, wrt, max_nodes, spare, seed)
    _require_number(graph, values)
    sizes = [count(shape_of(values[graph.node(name)])) for name in asked]
    refuse_large(sum(sizes) ** 2, "--hvp multiplies by it in one pass; --wrt asks for less")
    gradients = _gradients(graph, values, asked)
    blocks = _cut(graph, values, asked, _columns(graph, values, asked, sum(sizes)))
    refuse_not_finite("second derivative", blocks)
    kinks, warnings = noticed(graph, values)
    warnings += [KINKED] * bool(kinks) + _asymmetries(blocks, asked, [values[graph.output], *gradients])
    found = Derivatives(
        "hessian", graph, values, asked, blocks, "forward over reverse", sum(sizes), kinks, None, warnings
    )
    return checked(found, check, rtol, atol)


def hvp(
    program: str,
    point: Mapping[str, Value] | None = None,
    tangents: Mapping[str, Value] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Sequence[str] = (),
    seed: int = 0,
) -> Derivatives:
    """Compute H v by one pass forward over reverse: how fast each gradient moves along `tangents`.

    `tangents` gives the vector v by name, each of that name's shape; names left out stand still.
    """
    graph, values, asked = begun(program, point, wrt, max_nodes, spare, seed)
    _require_number(graph, values)
    seeds = direction(graph, values, tangents or {})
    _gradients(graph, values, asked)
    found = _product(graph, values, asked, seeds)
    blocks: dict[Names, Block] = {(name,): Block((), shape_of(x), "dense", x) for name, x in found.items()}
    refuse_not_finite("product H v", blocks)
    kinks, warnings = noticed(graph, values)
    warnings += [KINKED] * bool(kinks)
    result = Derivatives(
        "hvp", graph, values, asked, blocks, "forward over reverse", 1, kinks, None, warnings
    )
    return checked(result, check, rtol, atol, seeds=seeds)


def _require_number(graph: Graph, values: Sequence[Value]) -> None:
    shape = shape_of(values[graph.output])
    if shape:
        text = graph.expr(graph.output, 40)
        message = f"the output has the shape {shape}, and a Hessian is that of one number"
        hint = f"sum({text}), or gradcalc jacobian for its first derivatives"
        raise ShapeError(message, source=graph.text, span=graph.span(graph.output), hint=hint)


def _gradients(graph: Graph, values: Sequence[Value], names: Sequence[str]) -> list[Value]:
    """Return the gradients; raises NotFiniteError, with the place, where already one is not finite."""
    gradients = backward(graph, values, names)
    require_finite(graph, values, gradients, names)
    return [gradients[graph.node(name)] for name in names]


# Passes.


def _product(
    graph: Graph, values: Sequence[Value], names: Sequence[str], seeds: Mapping[int, Value]
) -> dict[str, Value]:
    """Return H v by name; along the wires that a gradient takes alone, where others would spoil it."""
    found = modes.hvp(graph, values, names, seeds)
    if all(map(finite, found.values())):
        return found
    return modes.hvp(graph, values, names, seeds, modes.reached(graph, values, names))


def _columns(graph: Graph, values: Sequence[Value], names: Sequence[str], size: int) -> Any:
    """Return the Hessian over all elements of all names, column by column."""
    matrix = np.zeros((size, size))
    column = 0
    for name in names:
        shape = shape_of(values[graph.node(name)])
        for index in np.ndindex(shape):
            found = _product(graph, values, names, {graph.node(name): modes.unit(shape, index)})
            matrix[:, column] = np.concatenate([np.ravel(x) for x in found.values()])
            column += 1
    return matrix


def _cut(graph: Graph, values: Sequence[Value], names: Sequence[str], matrix: Any) -> dict[Names, Block]:
    """Return the blocks that the whole matrix is made of."""
    shapes = [shape_of(values[graph.node(name)]) for name in names]
    ends = np.cumsum([0, *map(count, shapes)])
    blocks: dict[Names, Block] = {}
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            part = matrix[ends[i] : ends[i + 1], ends[j] : ends[j + 1]]
            shape = shapes[i] + shapes[j]
            blocks[a, b] = Block(shapes[i], shapes[j], "dense", array.plain(part.reshape(shape), shape))
    return blocks


def whole(blocks: Mapping[Names, Block], names: Sequence[str]) -> Any:
    """Return the blocks as one matrix over all elements of all names."""
    rows = [np.concatenate([blocks[a, b].matrix for b in names], axis=1) for a in names]
    return np.concatenate(rows) if rows else np.zeros((0, 0))


def _asymmetries(blocks: Mapping[Names, Block], names: Sequence[str], beside: Sequence[Value]) -> list[str]:
    """Return a warning where mirrored entries differ by more than rounding, also of the numbers `beside`."""
    matrix = whole(blocks, names)
    if not matrix.size:
        return []
    off = np.abs(matrix - matrix.T)
    sizes = np.maximum(np.abs(matrix), np.abs(matrix.T))
    largest = max(float(np.max(np.abs(x), initial=0.0)) for x in (matrix, *beside))
    if np.all(off <= np.maximum(SYMMETRIC * sizes, NOISE * largest)):
        return []
    return [f"the Hessian is not symmetric: mirrored entries differ by up to {np.max(off):.3g}"]
