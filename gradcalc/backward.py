"""The backward pass: graph + values -> the gradient of the output by every node.

The output's own gradient is 1. From there, node by node in reverse, each wire brings its input
upstream x local, and what arrives along several wires is added. For arrays `local` is elementwise, or
the gate's pullback stands in its place; where an input was broadcast, what arrives is summed. So
a gradient always has its node's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from gradcalc.errors import GradcalcError, NotFiniteError
from gradcalc.forward import (
    applied,
    are_scalar,
    branches,
    by_frequency,
    compiled,
    element,
    finite,
    system_for,
    unpack,
    worth_a_loop,
)
from gradcalc.gates import Gate
from gradcalc.gates.record import argument_names, shape_of
from gradcalc.graph import Graph, Value, depends
from gradcalc.systems import real, source
from gradcalc.systems.source import Code


def backward(
    graph: Graph, values: Sequence[Value], wrt: Iterable[str] | None = None, upstream: Value = 1.0
) -> list[Value]:
    """Return d output / d node for each node, None for what depends on no name in `wrt`.

    `wrt` names variables or statements, by default all the variables; the others are held fixed.
    `upstream` is the output's own gradient, of the output's shape: 1 for a number.
    Nothing accumulates between runs. A gradient that is not finite is kept as it is;
    `require_finite` turns one that was asked for into an error.
    """
    sources = [graph.node(name) for name in (graph.variables if wrt is None else wrt)]
    carries = depends(graph, sources)
    gates = by_frequency(graph)
    if not are_scalar(gates, values):
        return array_backward(graph, values, carries, upstream)
    gradients = _looped(graph, values, carries, upstream, gates)
    if not isfinite(sum(gradients)):
        gradients = along_taken_wires(graph, values, carries, upstream)
    return [gradient if carried else None for gradient, carried in zip(gradients, carries, strict=True)]


def _looped(
    graph: Graph, values: Sequence[float], carries: Sequence[bool], upstream: float, gates: tuple[Gate, ...]
) -> list[float]:
    gradients = [0.0] * len(graph)
    gradients[graph.output] = upstream
    try:
        loop = backward_loop(worth_a_loop(graph, gates))
        loop(graph.gates, graph.inputs, values, carries, gradients)
    except ArithmeticError:  # of Python's own operators, where the loop was written from somebody's gate
        return _looped(graph, values, carries, upstream, ())
    return gradients


@lru_cache(maxsize=256)
def backward_loop(gates: tuple[Gate, ...]) -> Callable[..., None]:
    """Return the loop over the nodes of these gates in reverse, written from the gates' rules."""
    lines = [
        "def loop(gates, inputs, values, carries, gradients):",
        "    rows = zip(reversed(gates), reversed(inputs), reversed(values), reversed(gradients))",
        "    for gate, wires, out, upstream in rows:",
        "        if not wires: continue",
        *branches(gates, _backward_branch),
        "            given = tuple([values[i] for i in wires])",
        "            for k, i in enumerate(wires):",
        "                if carries[i]: gradients[i] += upstream * gate.local(k, real, given, out)",
    ]
    return compiled(lines, gates)


def _backward_branch(gate: Gate) -> list[str] | None:
    known = {name: Code(name) for name in (*gate.parameters, "out")} | {"m": source}
    lines = unpack(gate, gate.keeps)
    for k, rule in enumerate(gate.partials):
        if rule is not None:
            local = source.trace(rule, *[known[name] for name in argument_names(rule)])
            if local is None:
                return None
            lines.append(f"if carries[i{k}]: gradients[i{k}] += {_times(local)}")
    return lines


def _times(local: str) -> str:
    return {"1.0": "upstream", "-1.0": "-upstream"}.get(local, f"upstream * {local}")


def along_taken_wires(
    graph: Graph, values: Sequence[float], carries: Sequence[bool], upstream: float = 1.0
) -> list[float]:
    """Run the backward pass without the wires along which no gradient flows.

    A router sends nothing to the inputs that it did not take, and a floor to none. That is not a
    zero: where such an input has an infinite slope of its own, zero times infinity would spoil what
    the other wires bring (`where(x > 0, log(x), 0)` at -1, `max(sqrt(x), 1)` at 0).
    """
    gradients = [0.0] * len(graph)
    gradients[graph.output] = upstream
    flows = [False] * len(graph)
    flows[graph.output] = True
    for node in range(graph.output, -1, -1):
        if flows[node]:
            for k, local in taken_wires(graph, values, node):
                i = graph.inputs[node][k]
                if carries[i]:
                    flows[i] = True
                    gradients[i] += gradients[node] * local
    return gradients


def taken_wires(graph: Graph, values: Sequence[float], node: int) -> list[tuple[int, float]]:
    """Return (number of the input, local gradient) for the wires of a node along which gradient flows."""
    gate = graph.gates[node]
    given = tuple(values[i] for i in graph.inputs[node])
    locals_ = [
        (k, gate.local(k, real, given, values[node])) for k in range(len(given)) if gate.rule(k) is not None
    ]
    return [(k, local) for k, local in locals_ if local or gate.flow != "router"]


def local_gradients(
    graph: Graph, values: Sequence[Value], carries: Sequence[bool], node: int
) -> tuple[Value, ...]:
    """Return d node / d input for each input, elementwise.

    None for an input that carries no gradient, or whose gate has a pullback in place of it.
    """
    gate, inputs = graph.gates[node], graph.inputs[node]
    if not gate.elementwise:
        return (None,) * len(inputs)
    given = tuple(values[i] for i in inputs)
    m = system_for(given)
    return tuple(gate.local(k, m, given, values[node]) if carries[i] else None for k, i in enumerate(inputs))


# Arrays.


def array_backward(
    graph: Graph, values: Sequence[Value], carries: Sequence[bool], upstream: Value = 1.0
) -> list[Value]:
    """Return the gradient of each node, of its shape; None for those that carry none."""
    from gradcalc.systems import array

    with array.quiet():
        sums = Sums(graph, upstream)
        for node in range(graph.output, -1, -1):
            if carries[node] and sums.gradients[node] is not None:
                send(graph, values, carries, node, sums)
        gradients = sums.gradients
        if not all(g is None or array.finite(g) for g in gradients):
            gradients = along_taken_elements(graph, values, carries, upstream)
        return [
            (array.plain(0.0 if g is None else g, shape_of(x)) if carried else None)
            for g, x, carried in zip(gradients, values, carries, strict=True)
        ]


def send(
    graph: Graph, values: Sequence[Value], carries: Sequence[bool], node: int, sums: Sums, last: bool = False
) -> None:
    """Send a node's gradient on along its wires; `last` says that nobody needs it afterwards."""
    inputs = graph.inputs[node]
    wires = [k for k, i in enumerate(inputs) if carries[i]]
    kept = {id(x) for x in (values[node], *[values[i] for i in inputs])}
    for k in wires:
        upstream = sums.gradients[node]
        spend = last and k == wires[-1] and sums.owns(node)
        part = arriving(graph, values, node, k, upstream, spend)
        handed_on = not spend and _is_seen_in(upstream, part)
        if handed_on:
            sums.share(node)
        sums.add(inputs[k], part, fresh=not handed_on and id(part) not in kept)


def _is_seen_in(upstream: Value, part: Value) -> bool:
    """Whether what arrives is the upstream gradient itself, or a view of it."""
    return part is upstream or getattr(part, "base", None) is upstream


class Sums:
    """The gradients of the nodes while they are being summed, in place where nobody else sees it."""

    def __init__(self, graph: Graph, upstream: Value) -> None:
        self.gradients: list[Value] = [None] * len(graph)
        self.gradients[graph.output] = upstream
        self._own: set[int] = set()

    def add(self, node: int, part: Value, fresh: bool = False) -> None:
        """Add what arrives along one wire; `fresh` says that nobody else sees it."""
        if part is None:
            return
        before = self.gradients[node]
        if before is None:
            self.gradients[node] = part
        elif node in self._own:
            before += part
            return
        else:
            self.gradients[node] = part = before + part
        if fresh and shape_of(part) and part.base is None:
            self._own.add(node)

    def share(self, node: int) -> None:
        """Note that somebody else sees the array that holds a node's gradient."""
        self._own.discard(node)

    def owns(self, node: int) -> bool:
        """Whether nobody else sees the array that holds a node's gradient."""
        return node in self._own


def arriving(
    graph: Graph, values: Sequence[Value], node: int, k: int, upstream: Value, spend: bool = False
) -> Value:
    """Return what arrives at input `k` of a node, of that input's shape; None where no gradient flows.

    `spend` lets an elementwise gate write the answer over the upstream gradient.
    """
    from gradcalc.systems import array

    gate, inputs = graph.gates[node], graph.inputs[node]
    given = tuple([values[i] for i in inputs])
    if gate.rule(k) is None:
        return None
    if not gate.elementwise:
        if gate.keeps not in ((), ("out",)):  # of the inputs of a long list none is looked at
            given = tuple(map(array.asarray, given))
        return gate.pull(k, array, array.asarray(upstream), given, values[node], graph.static.get(node, {}))
    local = gate.local(k, system_for(given), given, values[node])
    return array.unbroadcast(product(upstream, local, spend), shape_of(given[k]))


def product(upstream: Value, local: Value, spend: bool = False) -> Value:
    """Return upstream x local; a local gradient of 1 copies nothing."""
    if type(local) is float and local in (1.0, -1.0):
        return upstream if local == 1.0 else -upstream
    if spend:
        upstream *= local
        return upstream
    return upstream * local


def along_taken_elements(
    graph: Graph, values: Sequence[Value], carries: Sequence[bool], upstream: Value = 1.0
) -> list[Value]:
    """Do what `along_taken_wires` does, element by element: what no gradient flows to stays zero.

    `flows` is 1 at the elements of each node that a gradient reaches.
    """
    from gradcalc.systems import array

    sums, flows = Sums(graph, upstream), Sums(graph, array.plain(1.0, shape_of(values[graph.output])))
    for node in range(graph.output, -1, -1):
        flow = flows.gradients[node]
        if flow is not None and carries[node]:
            g = array.where(array.equal(flow, 0), lambda: 0.0, lambda n=node: sums.gradients[n])  # type: ignore[misc]
            sums.gradients[node] = array.plain(g, shape_of(values[node]))
            if array.equal(flow, 0).all():
                continue
            for k, i in enumerate(graph.inputs[node]):
                if carries[i] and graph.gates[node].rule(k) is not None:
                    sums.add(i, _arriving_where(graph, values, node, k, sums.gradients[node], flow))
                    flows.add(i, flowing(graph, values, node, k, flow))
    return sums.gradients


def _arriving_where(
    graph: Graph, values: Sequence[Value], node: int, k: int, upstream: Value, flow: Value
) -> Value:
    """Return what arrives at input `k`, where a wire that no gradient takes brings 0, not 0 x infinity."""
    from gradcalc.systems import array

    gate, given = graph.gates[node], tuple([values[i] for i in graph.inputs[node]])
    if not gate.elementwise:
        return arriving(graph, values, node, k, upstream)
    local = gate.local(k, system_for(given), given, values[node])
    taken = array.where(array.equal(flow, 0), lambda: 0.0, lambda: product(upstream, local))
    return array.unbroadcast(array.plain(taken, shape_of(values[node])), shape_of(given[k]))


def flowing(graph: Graph, values: Sequence[Value], node: int, k: int, flow: Value) -> Value:
    """Return where a gradient reaches input `k` of a node whose elements it reaches at `flow`."""
    from gradcalc.systems import array

    gate, given = graph.gates[node], tuple([values[i] for i in graph.inputs[node]])
    if gate.elementwise:
        local = gate.local(k, system_for(given), given, values[node]) if gate.flow == "router" else 1.0
        taken = array.plain(flow * array.number(array.equal(local, 0) == 0), shape_of(values[node]))
        return array.number(array.unbroadcast(taken, shape_of(given[k])) > 0)
    if gate.flow in ("router", "distributor"):
        return array.number(arriving(graph, values, node, k, flow) > 0)
    return array.plain(1.0, shape_of(given[k]))


# Gradients that are not finite.


class BadWire(NamedTuple):
    """A wire along which a gradient stops being finite: consumer, input, local gradient, element."""

    node: int
    k: int
    local: float
    place: tuple[int, ...] = ()


ORDINALS = ("first", "second", "third")


def require_finite(
    graph: Graph, values: Sequence[Value], gradients: Sequence[Value], wrt: Sequence[str]
) -> None:
    """Raise the error of the first node, on the way back, that sends a gradient that is not finite."""
    found = {name: gradients[graph.node(name)] for name in wrt}
    bad = [name for name, gradient in found.items() if gradient is not None and not finite(gradient)]
    if bad:
        raise not_finite(graph, values, gradients, bad, [name for name in wrt if name not in bad])


def not_finite(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    bad: Sequence[str],
    good: Sequence[str],
) -> GradcalcError:
    """Return the error that names the gate where the gradient of the name `bad[0]` was lost."""
    hint = f"the others are finite: --wrt {','.join(good)}" if good else ""
    find = first_bad_wire
    if not are_scalar(set(graph.gates), values):
        from gradcalc.elements import first_bad_wire as find
    found = find(graph, values, gradients, graph.node(bad[0]))
    if found is None:
        return NotFiniteError(f"the gradient of '{bad[0]}' is not finite", hint=hint)
    node, k, local, index = found
    gate = graph.gates[node]
    given = [element(values[i], index) if gate.elementwise else values[i] for i in graph.inputs[node]]
    by = f" by its {ORDINALS[k] if k < len(ORDINALS) else f'{k + 1}th'} input" if len(given) > 1 else ""
    why = (
        "is not defined"
        if local != local
        else "is infinite"
        if not isfinite(local)
        else "overflows on the way"
    )
    at = f" at element {list(index)}" if index else ""
    message = f"the gradient of '{bad[0]}' is not finite: the slope of {applied(gate, given)}{at}{by} {why}"
    return NotFiniteError(message, source=graph.text, span=graph.span(node), hint=hint)


def first_bad_wire(
    graph: Graph, values: Sequence[Value], gradients: Sequence[Value], target: int
) -> BadWire | None:
    """Return the first wire on the way back that spoils the target's gradient."""
    on_path = depends(graph, [target])
    for node in range(graph.output, -1, -1):
        upstream = gradients[node]
        if on_path[node] and upstream is not None and isfinite(upstream):
            for k, local in taken_wires(graph, values, node):
                i = graph.inputs[node][k]
                if on_path[i] and not isfinite(upstream * local) and not isfinite(gradients[i] or 0.0):
                    return BadWire(node, k, local)
    return None
