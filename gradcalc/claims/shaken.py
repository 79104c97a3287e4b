"""The noise of programs that are too large to be written down, or cannot be: what random roundings do.

Both passes are run again, several times, and every step is off by a random rounding each time. An
elementwise gate is off by its own noise, that of its definition as `rounding` has it. Any other gate
(a product of matrices, an inverse) is the right one of inputs that are some roundings off, as stable
algorithms are, and its result is rounded. By how much an entry scatters is its noise. Rules are
read here, which a proof may not do: what claims are held against was proved before.

Source: Parker, Monte Carlo arithmetic (1997).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from gradcalc.backward import backward
from gradcalc.claims.program import write
from gradcalc.claims.rounding import Unit, run
from gradcalc.errors import GradcalcError
from gradcalc.forward import are_scalar
from gradcalc.gates import CONSTANT, VARIABLE, Gate
from gradcalc.gates.activations import logistic
from gradcalc.gates.probability import softmax
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.systems import array

RUNS = 16
"""Times that the passes are run: hardly one entry of a million then scatters far too little by chance."""

INSIDE = 8
"""Roundings that what goes into a gate that is not elementwise is off, and what comes out, at least.

From 64 terms on it is the square root of their number: so the error grows that comes of adding them one
after the other (Higham and Mary, A new approach to probabilistic rounding error analysis, 2019).
"""

FURTHEST = 6
"""Standard deviations that a correct computation may be off."""

LEAST = 3
"""Roundings of an entry itself that are always allowed."""

MOST_ROWS = 8192
"""Elements whose own noise is computed together."""


SUBTRACTED: Mapping[str, Callable[..., Any]] = {
    "softmax": lambda g, _x, out, axis: out * (g + array.sum(g * out, axis, True)),
    "log_softmax": lambda g, _x, out, axis: 2 * array.exp(out) * array.sum(g, axis, True),
    "cross_entropy": lambda g, x, _out, _axis: 2 * softmax(array, x) * (g * x.shape[-1] / x.size),
    "binary_cross_entropy": lambda g, x, _out, _axis: 2 * logistic(array, x) * (g / x.size),
}
"""Gates of probabilities -> the size of what kernels subtract in their slopes, such as p - target.

Rules here avoid it; where p is near 1 a kernel has nothing but its rounding. `g` is |upstream|.
"""


class Own(NamedTuple):
    """The own noise of an elementwise gate at a node: of its value, and of each local gradient."""

    value: Any
    local: Mapping[int, Any]


def shaken(
    graph: Graph, values: Sequence[Value], wrt: Sequence[str], upstream: Value, unit: Unit
) -> list[Value]:
    """Return the noise of the output's value, then that of each gradient in `wrt`, of their shapes.

    It is infinite where a run met a number that is none, or no derivative.
    """
    start = 1.0 if upstream is None else upstream
    gradients, nodes = backward(graph, values, wrt, start), [graph.node(name) for name in wrt]
    right = [values[graph.output], *(gradients[node] for node in nodes)]
    squares: list[Value] = [0.0] * len(right)
    with array.quiet():
        shaker = _Shaker(graph, values, depends(graph, nodes), start, unit)
        for _ in range(1 if shaker.together else RUNS):
            pairs = zip(squares, shaker.run(nodes), right, strict=True)
            squares = [total + (x - true) ** 2 for total, x, true in pairs]
        return [_noise(true, total, unit) for true, total in zip(right, squares, strict=True)]


def _noise(right: Value, squares: Any, unit: Unit) -> Value:
    """Return the noise of what was off by the roots of `squares`, summed over the runs."""
    variance = (squares if shape_of(right) else np.sum(squares)) / RUNS
    number = np.asarray(right)
    least = unit.of_result(number, LEAST, lambda: number == 0)
    noise = np.maximum(FURTHEST * np.sqrt(variance), least)
    return array.plain(np.where(np.isnan(noise), np.inf, noise), shape_of(right))


class _Shaker:
    """Both passes with random roundings.

    Where all values are numbers all runs are made at once, and a value is an array with one number a run.
    """

    def __init__(
        self, graph: Graph, values: Sequence[Value], carries: Sequence[bool], upstream: Value, unit: Unit
    ) -> None:
        self.graph, self.values, self.upstream, self.unit = graph, values, upstream, unit
        self.carries = carries
        self.together = are_scalar(set(graph.gates), values)
        self.own = _owns(graph, values, unit)
        self.labels = {node: labels for node in range(len(graph)) if (labels := _labels(graph, values, node))}
        self.random = np.random.default_rng(0)

    def run(self, nodes: Sequence[int]) -> list[Value]:
        """Return the output's value and the gradients of some nodes; nan where there are none."""
        try:
            values = self._forward()
            gradients = self._backward(values)
        except (ArithmeticError, ValueError, GradcalcError):
            return [np.nan] * (1 + len(nodes))
        return [values[self.graph.output], *(gradients[node] for node in nodes)]

    # Roundings.

    def _any(self, shape: Shape) -> Any:
        """Return random numbers between -1 and 1."""
        return 2 * self.random.random((RUNS,) if self.together else shape, np.float32) - 1

    def _rounded(self, x: Any, times: float = 1) -> Any:
        return x + x * (times * self.unit.roundoff * self._any(shape_of(x)))

    def _moved(self, x: Any, noise: Any) -> Any:
        """Return x off by some of its noise."""
        return x + noise * self._any(np.shape(noise))

    # The passes.

    def _forward(self) -> list[Value]:
        values = list(self.values)
        for node, inputs in enumerate(self.graph.inputs):
            if inputs:
                values[node] = self._value(node, tuple([values[i] for i in inputs]))
        return values

    def _value(self, node: int, given: tuple[Value, ...]) -> Value:
        gate, own = self.graph.gates[node], self.own.get(node)
        if own is not None:
            out = self._moved(gate.value(array, *given), own.value)
        else:
            many = _roundings(given, self.values[node])
            out = gate.value(array, *self._off(node, given, many), **self._static(node))
            out = out if gate.flow == "router" else self._rounded(out, many)
        return out if self.together else array.plain(out, shape_of(self.values[node]))

    def _static(self, node: int) -> Mapping[str, Any]:
        return self.graph.static.get(node, {})

    def _off(self, node: int, given: Sequence[Value], many: float) -> tuple[Value, ...]:
        """Return inputs that are some roundings off; a router takes them as they are, as labels are taken."""
        if self.graph.gates[node].flow == "router":
            return tuple(given)
        exact = self.labels.get(node, ())
        return tuple(x if k in exact else self._rounded(array.asarray(x), many) for k, x in enumerate(given))

    def _backward(self, values: Sequence[Value]) -> list[Value]:
        gradients: list[Value] = [None] * len(values)
        gradients[self.graph.output] = self.upstream
        for node in range(self.graph.output, -1, -1):
            for k, i in enumerate(self.graph.inputs[node]) if gradients[node] is not None else ():
                part = self._part(values, gradients[node], node, k) if self.carries[i] else None
                if part is not None:
                    gradients[i] = self._rounded(part) + (0.0 if gradients[i] is None else gradients[i])
        return [0.0 if gradient is None else gradient for gradient in gradients]

    def _part(self, values: Sequence[Value], upstream: Value, node: int, k: int) -> Value:
        """Return what arrives along one wire; None where no gradient flows."""
        gate, own = self.graph.gates[node], self.own.get(node)
        given = tuple([values[i] for i in self.graph.inputs[node]])
        if gate.rule(k) is None:
            return None
        if not gate.elementwise:
            return self._pulled(node, k, upstream, given, values[node])
        if own is None:
            local = gate.local(k, array, self._off(node, given, 1), values[node])
        else:
            local = self._moved(gate.local(k, array, given, values[node]), own.local[k])
        part = np.where(upstream == 0, 0.0, upstream * local)  # whatever a branch not taken says
        if self.together or shape_of(part) == shape_of(given[k]):
            return part
        many = _roundings([part], given[k])
        return self._rounded(array.unbroadcast(self._rounded(part, many), shape_of(given[k])), many)

    def _pulled(self, node: int, k: int, upstream: Value, given: tuple[Value, ...], out: Value) -> Value:
        """Return what arrives along a wire of a gate with a pullback; None where no gradient flows."""
        gate, static = self.graph.gates[node], self._static(node)
        many = _roundings([upstream, *given[:k], *given[k + 1 :]], given[k])
        g = self._rounded(array.asarray(upstream), many)
        out = out if gate.flow == "router" else self._rounded(array.asarray(out), many)
        part = gate.pull(k, array, g, self._off(node, given, many), out, static)
        if part is not None and k == 0 and gate.name in SUBTRACTED:
            size = SUBTRACTED[gate.name](np.abs(g), given[0], out, static.get("axis", -1))
            part = self._moved(part, INSIDE * self.unit.roundoff * size)
        return None if part is None else self._rounded(part, many)


def _roundings(given: Sequence[Value], out: Value) -> float:
    """Return by how many roundings a gate's inputs and its output are off.

    The sizes tell the number of terms: n for a sum of n, and for (m, n) @ (n, p).
    """
    sizes = [prod(shape_of(x)) for x in given]
    many: float = max(INSIDE, (prod(sizes) / max(1, prod(shape_of(out)))) ** (0.5 / max(1, len(sizes))))
    return many


def _labels(graph: Graph, values: Sequence[Value], node: int) -> list[int]:
    """Return the inputs of a gate that are whole numbers which nothing is differentiated by."""
    gate, given = graph.gates[node], tuple([values[i] for i in graph.inputs[node]])
    if gate.elementwise or len(given) < 2:
        return []
    g, static = np.ones(shape_of(values[node])), graph.static.get(node, {})
    whole = [k for k, x in enumerate(given) if np.array_equal(x, np.rint(x))]
    return [k for k in whole if gate.pull(k, array, g, given, values[node], static) is None]


# The own noise of elementwise gates.


def _owns(graph: Graph, values: Sequence[Value], unit: Unit) -> dict[int, Own]:
    """Return the own noise at each node of an elementwise gate."""
    found: dict[int, Own] = {}
    for single, nodes in _alike(graph):
        shapes = [shape_of(values[node]) for node in nodes]
        columns = {
            name: _joined([values[graph.inputs[node][k]] for node in nodes], shapes)
            for name, k in single.variables.items()
        }
        noises = _of_gate(single, columns, unit)
        cut = {k: _parted(x, shapes) for k, x in noises.items()}
        for number, node in enumerate(nodes if noises else ()):
            value, *local = [parts[number] for parts in cut.values()]
            found[node] = Own(value, dict(zip([k for k in cut if k is not None], local, strict=True)))
    return found


def _alike(graph: Graph) -> Iterator[tuple[Graph, list[int]]]:
    """Yield the nodes of the same elementwise gate with the same constants, and that gate as a graph."""
    groups: dict[tuple[Gate, tuple[float | None, ...]], list[int]] = {}
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if inputs and gate.elementwise and gate.flow != "router":
            given = [graph.constants.get(i) for i in inputs]
            is_mixed = any(x is None for x in given)
            constants = tuple(x if is_mixed and type(x) is float else None for x in given)
            groups.setdefault((gate, constants), []).append(node)
    for (gate, constants), nodes in groups.items():
        yield _single(gate, constants), nodes


def _single(gate: Gate, constants: Sequence[float | None]) -> Graph:
    """Return a graph of one gate; input k is the constant k, or a variable where that is None."""
    graph = Graph()
    for k, constant in enumerate(constants):
        leaf = graph.add(VARIABLE if constant is None else CONSTANT)
        if constant is None:
            graph.variables[f"x{k}"] = leaf
        else:
            graph.constants[leaf] = constant
    graph.output = graph.add(gate, tuple(range(len(constants))))
    return graph


def _of_gate(graph: Graph, columns: Mapping[str, Any], unit: Unit) -> dict[int | None, Any]:
    """Return a gate's noise at many elements: None -> that of its value, input -> of its local gradient.

    Empty where nobody could write down what the gate computes.
    """
    gate, inputs = graph.gates[graph.output], graph.variables
    program = write(graph, dict.fromkeys(inputs, 1.0), [x for x, k in inputs.items() if gate.rule(k)])
    if program is None:
        return {}
    steps = {None: program.value} | {inputs[name]: step for name, step in program.gradients.items()}
    blocks: list[list[Any]] = [[] for _ in steps]
    rows = len(next(iter(columns.values())))
    for at in range(0, rows, MOST_ROWS):
        some = {name: column[at : at + MOST_ROWS] for name, column in columns.items()}
        found = run(program, some, None, [unit], min(MOST_ROWS, rows - at))
        for block, step in zip(blocks, steps.values(), strict=True):
            block.append(found.gathered(step, found.errors[0]))
    return dict(zip(steps, map(np.concatenate, blocks), strict=True))


def _joined(numbers: Sequence[Value], shapes: Sequence[Shape]) -> Any:
    """Return the elements of all arrays, each broadcast to its shape, one after the other."""
    return np.concatenate([np.broadcast_to(x, s).ravel() for x, s in zip(numbers, shapes, strict=True)])


def _parted(numbers: Any, shapes: Sequence[Shape]) -> list[Any]:
    """Return arrays of these shapes from their elements."""
    parts = np.split(numbers, np.cumsum([prod(shape) for shape in shapes])[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
