"""Mistakes made somewhere on the way back: at a fork, in a product, in one gate's local gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from gradcalc.claims.diagnosis import slopes
from gradcalc.claims.diagnosis.altered import (
    FAR_FETCHED,
    ONE_PLACE,
    Function,
    Rule,
    Sender,
    Slip,
    Wire,
    like,
    narrowed,
    nothing,
    own,
    passed_on,
    scaled,
    sloped,
)
from gradcalc.claims.diagnosis.case import Case
from gradcalc.claims.diagnosis.whole import HALF_TURN, elements, fraction
from gradcalc.gates import Gate
from gradcalc.gates.record import shape_of
from gradcalc.graph import Graph, Value


def lost_minus(case: Case) -> Iterator[Slip]:
    """Yield the wires whose sign is easily lost, with the other sign."""
    for node, k in case.places:
        name = case.gate(node).name
        if k in slopes.MINUS.get(name, ()) or (
            name == "pow" and k == 0 and _is_negative(case.given(node)[1])
        ):
            slip = {(node, k): scaled(own(case.graph, node, k), -1.0)}
            yield Slip(f"wrong sign at #{node} {name}", slip, {}, f"wrong sign at every {name}")


def _is_negative(exponent: Value) -> bool:
    return type(exponent) is float and exponent < 0


def lost_factor(case: Case) -> Iterator[Slip]:
    """Yield the wires whose local gradient has a constant factor, without it."""
    for node, k in case.places:
        name, rule = case.gate(node).name, own(case.graph, node, k)
        for factor in _local_factors(case, node, k):
            text = f"factor {fraction(factor)} missing at"
            slip = {(node, k): scaled(rule, 1 / factor)}
            yield Slip(f"{text} #{node} {name}", slip, {}, f"{text} every {name}")
        for n in elements(case.graph, case.values, node) if name in slopes.MEANS else ():
            yield Slip(f"factor 1/n missing at #{node} {name} (n = {n})", {(node, k): scaled(rule, n)})
        for n in elements(case.graph, case.values, node) if name == "sum" else ():
            text = f"factor n missing at #{node} sum (n = {n})"
            yield Slip(text, {(node, k): scaled(rule, 1 / n)}, rank=FAR_FETCHED)


def _local_factors(case: Case, node: int, k: int) -> list[float]:
    name = case.gate(node).name
    if name == "pow" and k == 0:
        exponent = case.given(node)[1]
        return [exponent] if type(exponent) is float and exponent not in (0.0, 1.0) else []
    factor = slopes.FACTORS.get(name, {}).get(k)
    return [factor] if factor else []


def not_transposed(case: Case) -> Iterator[Slip]:
    """Yield the matrix products whose other operand, or whose gradient, is the wrong way round."""
    for node, k in case.places:
        if case.gate(node).name == "matmul" and all(len(shape_of(x)) == 2 for x in case.given(node)):
            rule, text, every = (
                own(case.graph, node, k),
                f"transposed at #{node} matmul",
                "transposed at every matmul",
            )
            yield Slip(text, {(node, k): _other_way_round(rule, 1 - k)}, {}, every)
            yield Slip(text, {(node, k): _transposed(rule)})


def _other_way_round(rule: Rule, other: int) -> Rule:
    return lambda s: rule(s._replace(given=tuple(x.T if k == other else x for k, x in enumerate(s.given))))


def _transposed(rule: Rule) -> Rule:
    return lambda s: rule(s).T


# Forks.


def forks(case: Case) -> Iterator[Slip]:
    """Yield the forks at which one part overwrites the others, or is forgotten."""
    assert case.back is not None
    leaves = set(case.graph.variables.values())
    for node in sorted({case.graph.inputs[consumer][k] for consumer, k in case.places}):
        wires = case.back.wires[node]
        at = "" if node in leaves else f"at #{node} "
        for number, wire in enumerate(wires) if len(wires) > 1 else ():
            others = {other: nothing for other in wires if other != wire}
            yield Slip(at + _only(wire, wires), others, {}, _at_every_fork(number, len(wires)))
        for wire in wires if len(wires) > 2 else ():
            yield Slip(
                f"{at}the part from #{wire[0]} is missing: at a fork the parts are added", {wire: nothing}
            )


def _only(wire: Wire, wires: Sequence[Wire]) -> str:
    alike = sum(consumer == wire[0] for consumer, _ in wires)
    part = f"the part from #{wire[0]}" if alike == 1 else f"one of the {alike} parts from #{wire[0]}"
    return f"only {part} arrived: at a fork the parts are added"


def _at_every_fork(number: int, count: int) -> str:
    """Return the sentence for all forks; on the way back the first consumer's part is the last to arrive."""
    word = {0: "last", count - 1: "first"}.get(number, "")
    return word and f"at every fork only the {word} part arrived: at a fork the parts are added"


# Products.


def own_operand(case: Case) -> Iterator[Slip]:
    """Yield the products in which an input gets its own value instead of the other operand."""
    for node, wires in case.by_node().items():
        name, inputs = case.gate(node).name, case.graph.inputs[node]
        if name in ("mul", "dot", "matmul") and inputs[0] != inputs[1]:
            text = f"{name}: the input's own value instead of the other operand"
            rules = {wire: _of_itself(own(case.graph, *wire), wire[1]) for wire in wires}
            yield Slip(f"#{node} {text}", rules, {}, f"every {text}")
            yield from _alone(f"#{node} {text}", rules, ONE_PLACE)


def _of_itself(rule: Rule, k: int) -> Rule:
    return lambda s: narrowed(rule(s._replace(given=(s.given[k], s.given[k]))), s.given[k])


def _alone(text: str, rules: Mapping[Wire, Rule], rank: int) -> Iterator[Slip]:
    """Yield a slip at several wires of a node as one at each of them alone."""
    for wire, rule in rules.items() if len(rules) > 1 else ():
        yield Slip(text, {wire: rule}, rank=rank)


# Broadcasting.


def not_summed(case: Case) -> Iterator[Slip]:
    """Yield the wires along which an input was broadcast, without the sum, or with one over another axis."""
    for node, k in case.places:
        axes = _broadcast_axes(case, node, k)
        if axes:
            source, wide = case.graph.inputs[node][k], _wide(case.graph, node, k)
            broadcast = f"{case.said(source)} was broadcast"
            over = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
            text = f"not summed over {over}: {broadcast}"
            if not case.graph.inputs[source]:
                yield Slip(text, {(node, k): wide})
            for index in (-1, 0):
                yield Slip(text, {(node, k): _slice(wide, k, axes, index)})
            for other in _equally_long(case, node, axes):
                text = f"summed over axis {other} instead of {axes[0]}: {broadcast}"
                yield Slip(text, {(node, k): _sum_over(wide, k, other)})


def _broadcast_axes(case: Case, node: int, k: int) -> tuple[int, ...]:
    wide, shape = shape_of(case.values[node]), shape_of(case.given(node)[k])
    if not case.gate(node).elementwise or wide == shape:
        return ()
    from gradcalc.systems import array

    return array.summed_axes(wide, shape)


def _equally_long(case: Case, node: int, axes: tuple[int, ...]) -> list[int]:
    """Return the axes that may be mistaken for the only one to be summed over."""
    wide = shape_of(case.values[node])
    return [a for a, size in enumerate(wide) if len(axes) == 1 and a != axes[0] and size == wide[axes[0]]]


def _wide(graph: Graph, node: int, k: int) -> Rule:
    """Return an elementwise gate's rule without the sum over what was broadcast."""
    gate = graph.gates[node]

    def rule(s: Sender) -> Value:
        from gradcalc.systems import array

        return array.plain(s.gradient * gate.local(k, array, s.given, s.out), shape_of(s.out))

    return rule


def _slice(wide: Rule, k: int, axes: tuple[int, ...], index: int) -> Rule:
    def rule(s: Sender) -> Value:
        key = tuple(index if a in axes else slice(None) for a in range(len(shape_of(s.out))))
        return wide(s)[key].reshape(shape_of(s.given[k]))

    return rule


def _sum_over(wide: Rule, k: int, axis: int) -> Rule:
    return lambda s: wide(s).sum(axis=axis).reshape(shape_of(s.given[k]))


# Local gradients.


def left_out(case: Case) -> Iterator[Slip]:
    """Yield the wires without their local gradient, or without a factor of it."""
    for node, k in case.places:
        gate = case.gate(node)
        for text, general in _factor_to_lose(case, node, k):
            every = f"matches if {text} is left out everywhere" if general else ""
            yield Slip(f"matches if {text} at #{node} is left out", {(node, k): passed_on(k)}, {}, every)
        for wrong in slopes.LEFT_OUT.get(gate.name, ()):
            if wrong.k == k:
                text = f"the {wrong.text} of {gate.name}'s local gradient"
                slip, every = (
                    {(node, k): sloped(gate, k, wrong.partial)},
                    f"matches if {text} is left out everywhere",
                )
                yield Slip(f"matches if {text} at #{node} is left out", slip, {}, every)


def _factor_to_lose(case: Case, node: int, k: int) -> list[tuple[str, bool]]:
    """Return what a wire's local gradient is called, and whether its gate alone says so; nothing for 1."""
    gate, inputs = case.gate(node), case.graph.inputs[node]
    if gate.name == "mul":
        return [(f"the factor '{case.said(inputs[1 - k])}'", False)]
    if gate.name == "div" and k == 0:
        return [(f"the division by '{case.said(inputs[1])}'", False)]
    if gate.name in ("add", "sub", "neg"):
        return []
    same = shape_of(case.values[node]) == shape_of(case.given(node)[k])
    if not gate.elementwise and not (gate.flow == "mixer" and same):
        return []
    return [(f"{gate.name}'s {slopes.WHOLE.get(gate.name, 'local gradient')}", True)]


def wrong_slope(case: Case) -> Iterator[Slip]:
    """Yield the wires with another formula for the local gradient, or its value instead."""
    for node, k in case.places:
        gate = case.gate(node)
        wrong = list(slopes.OTHER.get(gate.name, ()))
        if gate.elementwise and len(case.graph.inputs[node]) == 1 and gate.name not in slopes.OWN_SLOPE:
            wrong.append(slopes.Wrong(k, "its value instead of its slope", lambda out: out))
        for other in wrong:
            if other.k == k:
                text, slip = f"{gate.name}: {other.text}", {(node, k): sloped(gate, k, other.partial)}
                yield Slip(f"#{node} {text}", slip, {}, f"every {text}")


def upstream_forgotten(case: Case) -> Iterator[Slip]:
    """Yield the nodes that send on their local gradients alone."""
    for node, wires in case.by_node().items():
        if node != case.graph.output or shape_of(case.upstream) or case.upstream != 1.0:
            text = "the upstream gradient was forgotten"
            rules = {wire: _of_one(own(case.graph, *wire)) for wire in wires}
            yield Slip(f"{text} (at #{node})", rules, {}, f"{text} everywhere")
            yield from _alone(f"{text} (at #{node})", rules, FAR_FETCHED)


def _of_one(rule: Rule) -> Rule:
    return lambda s: rule(s._replace(gradient=like(1.0, s.out)))


# Units of angles, bases of logarithms.


def degrees(case: Case) -> Iterator[Slip]:
    """Yield the angles that are taken in degrees, in the slope alone or in the value too."""
    every = "degrees for radians everywhere"
    for node in case.nodes_of(slopes.TURNING | slopes.TURNED | slopes.UNITS):
        gate = case.gate(node)
        text = f"degrees for radians at #{node} {gate.name}"
        rules = {(node, k): own(case.graph, node, k) for k in range(len(case.graph.inputs[node]))}
        for slope in _slopes_in_degrees(gate):
            yield Slip(text, {(node, 0): slope}, {}, every)
        for parts, value in _values_in_degrees(gate, rules):
            yield Slip(text, parts, {node: value}, f"{every}, in the values too")
        for factor in (HALF_TURN, 1 / HALF_TURN) if gate.name not in slopes.UNITS else ():
            yield Slip(text, _all_scaled(rules, factor))


def _slopes_in_degrees(gate: Gate) -> list[Rule]:
    if gate.name in slopes.TURNING:
        return [_slope_in_degrees(gate)]
    return [passed_on(0)] if gate.name in slopes.UNITS else []


def _values_in_degrees(gate: Gate, rules: Mapping[Wire, Rule]) -> list[tuple[Mapping[Wire, Rule], Function]]:
    """Return pairs of what arrives along the wires and what the gate computes, where both are in degrees."""
    if gate.name in slopes.TURNING:
        slope = dict.fromkeys(rules, _slope_in_degrees(gate))
        value: Function = lambda m, given: gate.value(m, given[0] / HALF_TURN)
        return [(_all_scaled(slope, 1 / HALF_TURN), value), (slope, value)]
    if gate.name in slopes.TURNED:
        return [(_all_scaled(rules, HALF_TURN), lambda m, given: gate.value(m, *given) * HALF_TURN)]
    return [(dict.fromkeys(rules, passed_on(0)), lambda _, given: given[0])]


def _all_scaled(rules: Mapping[Wire, Rule], factor: float) -> dict[Wire, Rule]:
    return {wire: scaled(rule, factor) for wire, rule in rules.items()}


def _slope_in_degrees(gate: Gate) -> Rule:
    def partial(m: object, x: Value) -> Value:
        return gate.local(0, m, (x / HALF_TURN,), gate.value(m, x / HALF_TURN))

    return sloped(gate, 0, partial)


def bases(case: Case) -> Iterator[Slip]:
    """Yield the logarithms taken to another base, in the slope alone or in the value too."""
    for node in case.nodes_of(slopes.LOGARITHMS):
        for other, base in slopes.BASES.items():
            change = _log_of_base(case, node) / (math.log(base) if base else 1.0)
            if not math.isclose(change, 1.0) and not math.isnan(change):
                yield from _to_base(case.graph, node, other, change)


def _log_of_base(case: Case, node: int) -> float:
    """Return the natural logarithm of a logarithm's base; nan where that is no positive number."""
    name, given = case.gate(node).name, case.given(node)
    base = given[1] if name == "log" and len(given) > 1 else slopes.LOGARITHMS[name]
    if base is None:
        return 1.0
    return math.log(base) if type(base) is float and base > 0 else math.nan


def _to_base(graph: Graph, node: int, other: str, change: float) -> Iterator[Slip]:
    gate, rule = graph.gates[node], own(graph, node, 0)
    text, every = f"log base: #{node} looks like {other}", f"log base: every {gate.name} looks like {other}"
    same_slope: Rule = lambda s: change * rule(s._replace(out=s.out / change))
    yield Slip(text, {(node, 0): scaled(rule, change)}, {}, every)
    yield Slip(
        text,
        {(node, 0): same_slope},
        {node: _scaled_value(graph, node, change)},
        f"{every}, in the values too",
    )


def _scaled_value(graph: Graph, node: int, factor: float) -> Function:
    from gradcalc.forward import apply

    static = graph.static.get(node, {})
    return lambda _, given: factor * apply(graph.gates[node], given, static)
