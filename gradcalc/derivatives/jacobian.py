"""The Jacobian of an output of any shape, and its products with a vector from either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradcalc.backward import backward
from gradcalc.backward import require_finite as require_finite_gradients
from gradcalc.derivatives import modes
from gradcalc.derivatives.matrices import (
    Block,
    Derivatives,
    Mode,
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
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.kinks import ancestors
from gradcalc.language import MAX_NODES
from gradcalc.point import as_value
from gradcalc.systems import array


def jacobian(
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
    """Compute the Jacobian of a program's output, of any shape, by each variable; see `compute`.

    A block has the shape of the output followed by that of the variable. It is diagonal, and one
    pass gives all of it, where only elementwise gates lead from the variable to the output.

    >>> jacobian("relu(x)", {"x": [1, -2, 3, -1]}, check=False).blocks["x",].value.tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    graph, values, asked = begun(program, point, wrt, max_nodes, spare, seed)
    blocks, mode, passes = jacobian_blocks(graph, values, asked)
    kinks, warnings = noticed(graph, values)
    found = Derivatives(
        "jacobian", graph, values, asked, blocks, mode, passes, kinks=kinks, warnings=warnings
    )
    return checked(found, check, rtol, atol)


def jvp(
    program: str,
    point: Mapping[str, Value] | None = None,
    tangents: Mapping[str, Value] | None = None,
    *,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Sequence[str] = (),
    seed: int = 0,
) -> Derivatives:
    """Compute J v by one forward pass: how fast the output moves when the names in `tangents` do.

    `tangents` gives the vector v by name, each of that name's shape; names left out stand still.
    """
    graph, values, _ = begun(program, point, None, max_nodes, spare, seed)
    seeds = direction(graph, values, tangents or {})
    moved = modes.jvp(graph, values, seeds)[graph.output]
    shape = shape_of(values[graph.output])
    blocks: dict[Names, Block] = {
        (): Block(shape, (), "dense", array.plain(0.0 if moved is None else moved, shape))
    }
    refuse_not_finite("product J v", blocks)
    kinks, warnings = noticed(graph, values)
    found = Derivatives(
        "jvp", graph, values, list(tangents or {}), blocks, "forward", 1, kinks=kinks, warnings=warnings
    )
    return checked(found, check, rtol, atol, seeds=seeds)


def vjp(
    program: str,
    point: Mapping[str, Value] | None = None,
    upstream: Value = 1.0,
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Sequence[str] = (),
    seed: int = 0,
) -> Derivatives:
    """Compute v'J by one backward pass: the gradient of the sum of `upstream` x output."""
    graph, values, asked = begun(program, point, wrt, max_nodes, spare, seed)
    vector = _of_output(upstream, shape_of(values[graph.output]))
    gradients = backward(graph, values, asked, vector)
    require_finite_gradients(graph, values, gradients, asked)
    blocks: dict[Names, Block] = {(name,): _row(gradients[graph.node(name)]) for name in asked}
    kinks, warnings = noticed(graph, values)
    found = Derivatives("vjp", graph, values, asked, blocks, "reverse", 1, kinks=kinks, warnings=warnings)
    return checked(found, check, rtol, atol, upstream=vector)


def _of_output(upstream: Value, shape: Shape) -> Value:
    vector = as_value("upstream", upstream)
    if shape_of(vector) != shape:
        message = f"the vector has the shape {shape_of(vector)}, but the output has {shape}"
        raise ShapeError(message, hint="v'J takes a number for each element of the output")
    return vector


def _row(gradient: Value) -> Block:
    return Block((), shape_of(gradient), "dense", gradient)


# Passes.


def jacobian_blocks(
    graph: Graph, values: Sequence[Value], names: Sequence[str]
) -> tuple[dict[Names, Block], Mode, int]:
    """Return the blocks by name, the mode of the dense ones, and the number of passes.

    Dense blocks take a backward pass for each element of the output, or a forward pass for each
    element of the variables, whichever are fewer.
    """
    shape = shape_of(values[graph.output])
    diagonal = [name for name in names if is_diagonal(graph, values, graph.node(name))]
    dense = {name: shape_of(values[graph.node(name)]) for name in names if name not in diagonal}
    rows, columns = count(shape), sum(map(count, dense.values()))
    refuse_large(rows * columns, "--jvp and --vjp multiply by it in one pass; --wrt asks for less")
    found = _diagonals(graph, values, diagonal)
    passes = int(bool(diagonal))
    mode: Mode = "reverse"
    if dense and columns < rows:
        found |= _by_columns(graph, values, dense)
        passes, mode = passes + columns, "forward"
    if dense and not all(name in found and finite(found[name]) for name in dense):
        found |= _by_rows(graph, values, list(dense))
        passes, mode = int(bool(diagonal)) + rows, "reverse"
    blocks: dict[Names, Block] = {}
    for name in names:
        columns_shape = shape_of(values[graph.node(name)])
        if name in diagonal:
            blocks[name,] = Block(shape, columns_shape, "diagonal", found[name])
        else:
            whole = array.plain(found[name], shape + columns_shape)
            blocks[name,] = Block(shape, columns_shape, "dense", whole)
    return blocks, mode, passes


def is_diagonal(graph: Graph, values: Sequence[Value], node: int) -> bool:
    """Whether each element of the output depends on the element of a node at its own place alone.

    So it is where all gates on the way are elementwise, and nothing on it is broadcast.
    """
    shape = shape_of(values[node])
    moved, feeds = depends(graph, [node]), ancestors(graph, [graph.output])
    on_path = [i for i in range(len(graph)) if moved[i] and feeds[i]]
    same = all(shape_of(values[i]) == shape and (graph.gates[i].elementwise or i == node) for i in on_path)
    return bool(shape and on_path) and same


def _diagonals(graph: Graph, values: Sequence[Value], names: Sequence[str]) -> dict[str, Value]:
    """Return the diagonal of each block, all by one backward pass: with ones upstream, it is the gradient."""
    if not names:
        return {}
    return _gradients(graph, values, names, np.ones(shape_of(values[graph.output])))


def _gradients(
    graph: Graph, values: Sequence[Value], names: Sequence[str], upstream: Value
) -> dict[str, Value]:
    gradients = backward(graph, values, names, upstream)
    require_finite_gradients(graph, values, gradients, names)
    return {name: gradients[graph.node(name)] for name in names}


def _by_rows(graph: Graph, values: Sequence[Value], names: Sequence[str]) -> dict[str, Value]:
    """Return the blocks by one backward pass for each element of the output."""
    shape = shape_of(values[graph.output])
    found = {name: np.zeros(shape + shape_of(values[graph.node(name)])) for name in names}
    for index in np.ndindex(shape):
        row = _gradients(graph, values, names, modes.unit(shape, index))
        for name in names:
            found[name][index] = row[name]
    return found


def _by_columns(graph: Graph, values: Sequence[Value], shapes: Mapping[str, Shape]) -> dict[str, Value]:
    """Return the blocks by one forward pass for each element of the variables."""
    out = shape_of(values[graph.output])
    found = {name: np.zeros(out + shape) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        for index in np.ndindex(shape):
            moved = modes.jvp(graph, values, {graph.node(name): modes.unit(shape, index)})[graph.output]
            if moved is not None:
                found[name][(..., *index)] = moved
    return found
