"""Gates with a shape, at their samples: values and pullbacks, element by element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from gradcalc.backward import array_backward
from gradcalc.check import arrays
from gradcalc.check.precise import evaluate, nearest_float, working
from gradcalc.check.unroll import Unrolled, index_text, unroll
from gradcalc.errors import ShapeError
from gradcalc.forward import array_forward
from gradcalc.gates import Edge, Gate, Kink, Sample
from gradcalc.graph import depends
from gradcalc.result import Entry
from gradcalc.suites.gates.alone import alone
from gradcalc.suites.gates.mistakes import diagnosed_arrays
from gradcalc.suites.gates.objection import Nowhere, Objection, Trial
from gradcalc.suites.gates.points import TRIES
from gradcalc.systems import array

SEEDS = 2
"""Times that numbers are drawn for each sample."""

PINNED = 1e-13
"""Error of a pinned element, relative to it or, where it is smaller, to 1."""

MOVED = 1e-3
"""How far inputs are moved to see that the definition moves as its scalar gates do."""

AS_MOVED = 1e-9

DIGITS = 50


class Place(NamedTuple):
    """Where a gate is tried: inputs, options, and which inputs are numbers to differentiate by."""

    inputs: tuple[Any, ...]
    static: dict[str, Any]
    free: tuple[int, ...]


def objections(trial: Trial) -> Iterator[Objection]:
    """Yield what can be said against a gate with a shape."""
    gate = trial.gate
    trial.note_kinks()
    with array.quiet():
        for number, sample in enumerate(gate.samples):
            for seed in range(SEEDS):
                place = drawn(gate, sample, number, seed)
                found = list(_at(trial, place, seed))
                if found or (seed == 0 and (found := list(_untold(trial, place)))):
                    return (yield from found)
        for kink in gate.kinks:
            if kink.example:
                yield from _at_kink(trial, kink)
        for edge in gate.edges:
            yield from _pinned(trial, edge)


def drawn(gate: Gate, sample: Sample, number: int, seed: int) -> Place:
    """Return inputs for a sample, where the gate is defined and smooth; the same ones every time."""
    rng = np.random.default_rng([seed, number, *gate.name.encode()])
    free = tuple(k for k in range(len(sample.shapes)) if k not in sample.fixed)
    static = dict(sample.static)
    for _ in range(TRIES):
        inputs = [rng.uniform(sample.low, sample.high, shape) for shape in sample.shapes]
        for k, fixed in sample.fixed.items():
            inputs[k] = np.asarray(fixed, dtype=float)
        if _is_smooth(gate, inputs, static):
            return Place(tuple(map(array.asarray, inputs)), static, free)
    raise Nowhere(f"no numbers of its sample {number + 1} are in its domain, and smooth")


def _is_smooth(gate: Gate, inputs: Sequence[Any], static: Mapping[str, Any]) -> bool:
    """Whether a gate is defined at some inputs, and its record tells of no kink there."""
    kinked = any(np.any(kink.where(*inputs, **static)) for kink in gate.kinks)
    return not kinked and all(domain.holds(*inputs, **static) for domain in gate.domain)


def _at(trial: Trial, place: Place, seed: int = 0) -> Iterator[Objection]:
    """Yield what can be said against a gate at a place."""
    gate, names = trial.gate, trial.names(len(trial.at(place.inputs)))
    wrong = _wrong_shape(gate, place, names)
    if wrong:
        return (yield Objection("fail", wrong + trial.place()))
    graph = alone(gate, names, place.static)
    values = array_forward(graph, dict(zip(names, place.inputs, strict=True)))
    upstream = _upstream(np.shape(values[graph.output]), seed)
    wrt = [names[k] for k in place.free]
    carries = depends(graph, [graph.node(name) for name in wrt])
    scalars = unroll(graph, values, carries, upstream, arrays.MOST_WORK)
    if scalars is not None and not _moves_alike(gate, place, scalars, names, seed):
        what = "its definition computes with something else than the functions of m, which cannot be followed"
        return (yield Objection("fail", what + trial.place()))
    gradients = array_backward(graph, values, carries, upstream)
    if not array.finite(values[graph.output]):
        return (yield Objection("fail", f"its value is not finite{trial.place()}", trial.line(gate.forward)))
    check = arrays.prove(graph, values, gradients, wrt, upstream=upstream, closed_form=False).check
    lost = [name for name, entry in check.gradients.items() if _is_lost(gradients[graph.node(name)], entry)]
    if lost:
        yield Objection("fail", f"the gradient that it sends to {lost[0]} is not finite{trial.place()}")
    elif check.verdict == "fail":
        told = diagnosed_arrays(
            gate, graph, values, upstream, {name: gradients[graph.node(name)] for name in wrt}
        )
        what = check.reason.partition(": ")[2] + trial.place()
        yield Objection("fail", f"{what}: {told}" if told else what)
    elif check.verdict != "pass":
        reasons = [
            f"of the gradient by {name}: {e.reason}" for name, e in check.gradients.items() if e.reason
        ]
        yield Objection(check.verdict, "; ".join(reasons) + trial.place())


def _untold(trial: Trial, place: Place) -> Iterator[Objection]:
    """Yield a kink that the record does not tell of, where elements are 0 or equal."""
    for special in _special(place):
        if _is_smooth(trial.gate, special.inputs, special.static):
            for found in _at(trial, special):
                if found.verdict == "fail":
                    yield found
                elif "a kink" in found.reason or "a jump" in found.reason:
                    yield Objection("fail", f"its record does not tell of a kink: {found.reason}")
                return


def _special(place: Place) -> Iterator[Place]:
    """Yield places with an element at 0, and with two elements that are equal."""
    for k in place.free:
        x = place.inputs[k]
        for changed in _with_zero(x), _with_tie(x):
            inputs = tuple(changed if i == k else other for i, other in enumerate(place.inputs))
            yield place._replace(inputs=inputs)


def _with_zero(x: Any) -> Any:
    out = np.array(x)
    out.flat[:1] = 0.0
    return array.asarray(out)


def _with_tie(x: Any) -> Any:
    """Return an array whose two largest elements are equal."""
    out = np.array(x)
    out.flat[np.argsort(out, axis=None)[-2:]] = np.max(out, initial=0.0)
    return array.asarray(out)


def _is_lost(gradient: Any, entry: Entry) -> bool:
    """Whether an element of a gradient is not finite where the reference is."""
    known = np.isfinite(np.asarray(1.0 if entry.reference is None else entry.reference, dtype=float))
    return bool(np.any(known & ~np.isfinite(np.asarray(gradient, dtype=float))))


def _upstream(shape: tuple[int, ...], seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return array.plain(rng.uniform(1, 2, shape) * rng.choice([-1.0, 1.0], shape), shape)


def _wrong_shape(gate: Gate, place: Place, names: Sequence[str]) -> str:
    """Return which shape is not what it should be: the value's, or that of a gradient."""
    assert gate.shape is not None
    try:
        wanted = gate.shape(*map(np.shape, place.inputs), **{**gate.options, **place.static})
    except ShapeError as error:
        return f"its shape refuses its own sample ({error.message})"
    out = array.asarray(gate.value(array, *place.inputs, **place.static))
    if not (isinstance(wanted, tuple) and np.shape(out) == wanted):
        return f"its value has the shape {np.shape(out)}, but its record says {wanted}"
    for k, name in enumerate(names):
        part = gate.pull(k, array, np.ones(wanted), place.inputs, out, place.static)
        if part is not None and np.shape(part) != np.shape(place.inputs[k]):
            shapes = f"the shape {np.shape(part)}, but {name} has {np.shape(place.inputs[k])}"
            return f"the gradient that it sends to {name} has {shapes}"
    return ""


def _moves_alike(gate: Gate, place: Place, scalars: Unrolled, names: Sequence[str], seed: int) -> bool:
    """Whether the scalar gates of a definition give what it gives itself, where the inputs are moved.

    They do not where it takes a number out of m's hands (`math.exp(x[0])`), whose slope nobody could see.
    """
    rng, moved = np.random.default_rng(seed), list(place.inputs)
    for k in place.free:
        moved[k] = array.asarray(moved[k] * (1 + MOVED * rng.uniform(0.5, 1, np.shape(moved[k]))))
    wanted = np.asarray(gate.definition(array, *moved, **place.static), dtype=float)
    floats = list(scalars.floats)
    for k, x in enumerate(moved):
        for node, number in zip(scalars.elements[k].flat, np.ravel(x), strict=True):
            floats[node] = float(number)
    graph = scalars.graph
    given = {s: mpf(floats[s]) for s in (*graph.constants, *graph.variables.values())}
    with working(DIGITS):
        found = evaluate(graph, floats, given)
        got = np.array([nearest_float(found[s]) for s in scalars.elements[len(names)].flat])
    return bool(np.allclose(got.reshape(wanted.shape), wanted, rtol=AS_MOVED, atol=AS_MOVED, equal_nan=True))


def _at_kink(trial: Trial, kink: Kink) -> Iterator[Objection]:
    """Yield what is wrong at the example of a kink: a gradient may be any between both sides."""
    inputs = tuple(array.asarray(x) for x in trial.at(kink.example))
    if not np.any(kink.where(*inputs, **kink.static)):
        what = f"its kink '{kink.text}' is not at its own example"
        return (yield Objection("fail", what + trial.place(inputs)))
    free = tuple(k for k in range(len(inputs)) if trial.gate.rule(k) is not None)
    found = _at(trial, Place(inputs, dict(kink.static), free))
    yield from (objection for objection in found if objection.verdict == "fail")


def _pinned(trial: Trial, edge: Edge) -> Iterator[Objection]:
    """Yield the pinned values, and gradients of the output's sum, that the gate does not give."""
    gate, inputs = trial.gate, tuple(array.asarray(x) for x in trial.at(edge.inputs))
    out = array.asarray(gate.value(array, *inputs, **edge.static))
    pairs: list[tuple[str, Any, Any]] = [("value", edge.value, out)]
    for k, name in enumerate(trial.names(len(inputs))):
        if edge.local[k] is not None:
            part = gate.pull(k, array, np.ones(np.shape(out)), inputs, out, edge.static)
            pairs.append((f"gradient by {name}, of the sum of its value,", edge.local[k], part))
    for what, pinned, got in pairs:
        wanted, found = np.asarray(pinned, dtype=float), np.asarray(got, dtype=float)
        if wanted.shape != found.shape:
            told = f"its {what} is pinned with the shape {wanted.shape}, but has {found.shape}"
            yield Objection("fail", told + trial.place(inputs))
        elif not (near := np.isclose(found, wanted, rtol=PINNED, atol=PINNED, equal_nan=True)).all():
            at = np.unravel_index(int(np.argmin(near)), near.shape)
            where = f" at {index_text(map(int, at))}" if near.shape else ""
            told = f"its {what}{where} is pinned to be {float(wanted[at])!r}, but is {float(found[at])!r}"
            yield Objection("fail", told + trial.place(inputs))
