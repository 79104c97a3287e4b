"""Shapes: graph + shapes of the point -> the shape of every node, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcalc.errors import ShapeError
from gradcalc.gates.record import Gate, Shape, shape_of
from gradcalc.gates.shape import MAX_AXES, broadcast
from gradcalc.graph import Graph, Value

TEXT = 40
"""Letters of an input's text that a message shows."""


def infer(graph: Graph, point: Mapping[str, Value]) -> list[Shape]:
    """Return the shape of each node, `()` for a number.

    Raises ShapeError, with its place in the program, at the first node whose inputs do not fit.
    """
    shapes: list[Shape] = [()] * len(graph)
    for node, constant in graph.constants.items():
        shapes[node] = shape_of(constant)
    for name, node in graph.variables.items():
        shapes[node] = shape_of(point[name])
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if inputs:
            try:
                shapes[node] = output_shape(gate, [shapes[i] for i in inputs], graph.static.get(node, {}))
            except ShapeError as error:
                raise placed(graph, node, error) from None
    return shapes


def output_shape(gate: Gate, shapes: Sequence[Shape], static: Mapping[str, object]) -> Shape:
    """Return the shape of one gate's output; raises ShapeError without a place."""
    if gate.shape is None:
        return broadcast(*shapes)
    shape = gate.shape(*shapes, **{**gate.options, **static})
    if len(shape) > MAX_AXES:
        raise ShapeError(f"an array has at most {MAX_AXES} axes, not {len(shape)}")
    return shape


def placed(graph: Graph, node: int, error: ShapeError) -> ShapeError:
    """Return the error with its place, and the texts of the inputs filled in."""
    texts = [graph.expr(i, TEXT) for i in graph.inputs[node]]
    message, hint = error.message, error.hint
    for k, (text, i) in enumerate(zip(texts, graph.inputs[node], strict=True)):
        message = message.replace(f"{{{k}}}", text)
        if text.endswith(".T"):  # transposed once more it is itself
            hint = hint.replace(f"{{{k}}}.T", text.removesuffix(".T"))
        hint = hint.replace(f"{{{k}}}", text if _is_atom(graph, i) else f"({text})")
    return ShapeError(message, source=graph.text, span=graph.span(node), hint=hint)


def _is_atom(graph: Graph, node: int) -> bool:
    """Whether a node's text can stand before `.T` as it is."""
    return graph.first[node] == graph.last[node] or graph.expr(node).endswith((")", "]"))


def surprises(graph: Graph, shapes: Sequence[Shape]) -> Iterator[str]:
    """Yield a warning for each node where (n, 1) and (m,) became (n, m), which is rarely meant.

    It is meant where the new axis stands right there: `x[:, None] - y`.
    """
    named = set(graph.named.values())
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        meant = any(None in graph.static.get(i, {}).get("key", ()) and i not in named for i in inputs)
        wide = gate.elementwise and len(inputs) > 1 and not meant
        if wide and _stretched(shapes[node], [shapes[i] for i in inputs]):
            texts = " and ".join(f"{graph.expr(i, TEXT)} {shapes[i]}" for i in inputs if shapes[i])
            yield f"{texts} broadcast to {shapes[node]} in {graph.expr(node, TEXT)}: is that meant?"


def _stretched(out: Shape, shapes: Sequence[Shape]) -> bool:
    """Whether arrays of different rank are all stretched: no input has the shape of the output."""
    ranks = {len(shape) for shape in shapes if shape}
    return len(ranks) > 1 and out not in shapes
