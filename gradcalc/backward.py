"""The backward pass: graph + values -> the gradient of the output by every node.

The output's own gradient is 1. From there, node by node in reverse, each wire brings its input
upstream x local, and what arrives along several wires is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import isfinite

from gradcalc.errors import GradcalcError, NotFiniteError
from gradcalc.forward import applied, branches, by_frequency, compiled, unpack
from gradcalc.gates import Gate
from gradcalc.gates.record import argument_names
from gradcalc.graph import Graph, depends
from gradcalc.systems import real, source
from gradcalc.systems.source import Code


def backward(
    graph: Graph, values: Sequence[float], wrt: Iterable[str] | None = None, upstream: float = 1.0
) -> list[float | None]:
    """Return d output / d node for each node, None for what depends on no name in `wrt`.

    `wrt` names variables or statements, by default all the variables; the others are held fixed.
    Nothing accumulates between runs. A gradient that is not finite is kept as it is;
    `require_finite` turns one that was asked for into an error.
    """
    sources = [graph.node(name) for name in (graph.variables if wrt is None else wrt)]
    carries = depends(graph, sources)
    gradients = [0.0] * len(graph)
    gradients[graph.output] = upstream
    backward_loop(by_frequency(graph))(graph.gates, graph.inputs, values, carries, gradients)
    if not isfinite(sum(gradients)):
        gradients = along_taken_wires(graph, values, carries, upstream)
    return [gradient if carried else None for gradient, carried in zip(gradients, carries, strict=True)]


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
    graph: Graph, values: Sequence[float], carries: Sequence[bool], node: int
) -> tuple[float | None, ...]:
    """Return d node / d input for each input, None for an input that carries no gradient."""
    gate, inputs = graph.gates[node], graph.inputs[node]
    given = tuple(values[i] for i in inputs)
    return tuple(
        gate.local(k, real, given, values[node]) if carries[i] else None for k, i in enumerate(inputs)
    )


# Gradients that are not finite.

ORDINALS = ("first", "second", "third")


def require_finite(
    graph: Graph, values: Sequence[float], gradients: Sequence[float | None], wrt: Sequence[str]
) -> None:
    """Raise the error of the first node, on the way back, that sends a gradient that is not finite."""
    bad = [name for name in wrt if not isfinite(gradients[graph.node(name)] or 0.0)]
    if bad:
        raise not_finite(graph, values, gradients, bad, [name for name in wrt if name not in bad])


def not_finite(
    graph: Graph,
    values: Sequence[float],
    gradients: Sequence[float | None],
    bad: Sequence[str],
    good: Sequence[str],
) -> GradcalcError:
    """Return the error that names the gate where the gradient of the name `bad[0]` was lost."""
    hint = f"the others are finite: --wrt {','.join(good)}" if good else ""
    found = _first_bad_wire(graph, values, gradients, graph.node(bad[0]))
    if found is None:
        return NotFiniteError(f"the gradient of '{bad[0]}' is not finite", hint=hint)
    node, k, local = found
    gate, given = graph.gates[node], [values[i] for i in graph.inputs[node]]
    by = f" by its {ORDINALS[k] if k < len(ORDINALS) else f'{k + 1}th'} input" if len(given) > 1 else ""
    why = (
        "is not defined"
        if local != local
        else "is infinite"
        if not isfinite(local)
        else "overflows on the way"
    )
    message = f"the gradient of '{bad[0]}' is not finite: the slope of {applied(gate, given)}{by} {why}"
    return NotFiniteError(message, source=graph.text, span=graph.span(node), hint=hint)


def _first_bad_wire(
    graph: Graph, values: Sequence[float], gradients: Sequence[float | None], target: int
) -> tuple[int, int, float] | None:
    """Return (node, input, local) of the first wire on the way back that spoils the target's gradient."""
    on_path = depends(graph, [target])
    for node in range(graph.output, -1, -1):
        upstream = gradients[node]
        if on_path[node] and upstream is not None and isfinite(upstream):
            for k, local in taken_wires(graph, values, node):
                i = graph.inputs[node][k]
                if on_path[i] and not isfinite(upstream * local) and not isfinite(gradients[i] or 0.0):
                    return node, k, local
    return None
