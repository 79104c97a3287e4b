"""The gradient program: a program's value and gradients as one list of elementary functions of its numbers.

Each gate is written down as its definition has it, element by element, and then the backward pass over
that: slopes are SymPy's derivatives of the definitions of elementary gates. No rule is read. Whatever
numbers are put in, the list is the same; where it would not be (the pivots of a matrix that is
inverted) there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import frexp, nan, pi
from typing import Any, SupportsIndex

import numpy as np

from gradcalc.check.wires import PI, Tape, TooMuchWorkError, Wire, Wires
from gradcalc.claims import formulas
from gradcalc.claims.elementary import (
    ADD,
    ADDED_UP,
    COMPARISONS,
    CONSTANT,
    COPY,
    DIV,
    EITHER,
    FLOW,
    FUNCTIONS,
    GIVEN,
    LABEL,
    MUL,
    NEG,
    SCALINGS,
    SIGMOID,
    SPARSE,
    SUB,
    VARIABLE,
    Elementary,
    added_up,
)
from gradcalc.gates import GATES, Gate
from gradcalc.graph import Graph, Value
from gradcalc.shapes import infer
from gradcalc.systems import array
from gradcalc.systems.lifted import Lifted, asarray

MOST_STEPS = 20_000
"""Most functions that a program for rows may have."""

MOST_STEPS_AT_POINT = 200_000
"""Most functions that a program for a single point may have: a few seconds."""

MANY = 16
"""Terms from which the order in which a sum is taken matters."""

EXACT_ON_SHORT = (ADD, SUB, MUL, DIV, NEG, FLOW)
SHORT = 2.0**11
"""Constants with so few bits that every format holds them are computed with at once: 1/2, not 1/3."""

ALSO_SIMPLIFIED = ("tanh", "tan")
"""Functions whose slope kernels also compute by SymPy's simpler form, 1/cosh(x)^2 for 1 - tanh(x)^2.

That has more noise near 0, and the other far from it: theirs is that of the noisier.
"""


class NumbersNeededError(Exception):
    """What is computed depends on numbers that are not at hand."""


@dataclass
class Program:
    """Elementary functions in the order in which they are computed.

    functions  of each step
    inputs     the steps that feed each step
    constants  step -> its number
    variables  name -> an array of the steps of its elements; `upstream` has no name, but its own field
    value      an array of the steps of the output's elements
    gradients  name -> an array of the steps of the gradient's elements
    labels     step of a label -> the numbers that it may be: classes, or -1 and 1
    """

    functions: list[Elementary] = field(default_factory=list)
    inputs: list[tuple[int, ...]] = field(default_factory=list)
    constants: dict[int, float] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    upstream: Any = None
    value: Any = None
    gradients: dict[str, Any] = field(default_factory=dict)
    labels: dict[int, set[float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.functions)


def write(
    graph: Graph,
    point: Mapping[str, Value],
    wrt: Sequence[str],
    upstream: Value = None,
    *,
    at_point: bool = False,
) -> Program | None:
    """Return the gradient program of a graph for values of the shapes that the point has.

    `wrt` names variables and statements. `upstream` has the output's shape; None stands for 1. With
    `at_point` the program is for that point alone, and may depend on its numbers. None where it would have
    too many steps, or would depend on numbers that are not at hand.
    """
    try:
        with array.quiet():
            return _Writer(graph, point, wrt, upstream, at_point).run()
    except (TooMuchWorkError, NumbersNeededError):
        return None


class _Floats(list[float]):
    """The numbers at the steps, as far as they are known: what asks for another cannot be written down."""

    def __getitem__(self, step: SupportsIndex | slice) -> Any:
        number = super().__getitem__(step)
        if number != number:
            raise NumbersNeededError
        return number


class _Lifted(Lifted):
    """Arrays of wires, on which the labels of classes stay wires."""

    def integers(self, x: Any) -> Any:
        tape = self.scalars.tape
        if tape.at_point or not any(isinstance(element, Wire) for element in asarray(x).flat):
            return super().integers(x)
        return self._each(lambda wire: Wire(tape, tape.step(LABEL, tape.node(wire))), x)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        total = super().sum(x, axis, keepdims)
        count = asarray(x).size // max(1, total.size)
        return total if count < MANY else self._each(lambda x: self._added_up(x, count), total)

    def _added_up(self, x: Any, count: int) -> Any:
        tape = self.scalars.tape
        return Wire(tape, tape.step(added_up(count), tape.node(x))) if isinstance(x, Wire) else x


class _Writer(Tape):
    """A program on its way to a gradient program; to definitions it is the tape that they write on."""

    def __init__(
        self, graph: Graph, point: Mapping[str, Value], wrt: Sequence[str], upstream: Value, at_point: bool
    ) -> None:
        super().__init__(Graph(), MOST_STEPS_AT_POINT if at_point else MOST_STEPS)
        self.source, self.point, self.wrt, self.start = graph, point, wrt, upstream
        self.at_point = at_point
        self.program = Program()
        self.floats = _Floats()
        self.elements: list[Any] = []
        self.asked = {graph.node(name) for name in wrt}
        self.given: set[int] = set()
        self.sparse: set[int] = set()
        self._known: dict[tuple[Elementary, tuple[int, ...]], int] = {}

    def run(self) -> Program:
        """Write the forward pass, then the backward pass."""
        if sum(np.size(x) for x in self.point.values()) > self.left:
            raise TooMuchWorkError
        shapes = infer(self.source, {name: array.asarray(x) for name, x in self.point.items()})
        system = _Lifted(Wires(self))
        names = {node: name for name, node in self.source.variables.items()}
        for node, shape in enumerate(shapes):
            steps = self._forward(node, shape, system, names.get(node))
            self.elements.append(steps if node not in self.asked else self._apart(node, steps))
        self.program.value = self.elements[self.source.output]
        if self.wrt:
            self._backward()
        self.program.labels = self._labels()
        return self.program

    def _labels(self) -> dict[int, set[float]]:
        """Return what each label is compared with, or -1 and 1 where it is a factor."""
        program = self.program
        found: dict[int, set[float]] = {k: set() for k, f in enumerate(program.functions) if f is LABEL}
        for function, inputs in zip(program.functions, program.inputs, strict=True):
            if function.name == "eq":
                for label, other in (inputs, inputs[::-1]):
                    if label in found and other in program.constants:
                        found[label].add(program.constants[other])
        return {label: known or {-1.0, 1.0} for label, known in found.items()}

    # The tape that definitions write on.

    def constant(self, number: float) -> int:
        """Return the step of a constant, shared by all that use it."""
        key = repr(number)
        if key not in self._constants:
            step = self._constants[key] = self._append(CONSTANT, (), number)
            self.program.constants[step] = number
            self.given.add(step)
            if number == 0:
                self.sparse.add(step)
        return self._constants[key]

    def apply(self, gate: Gate, inputs: Sequence[int]) -> int:
        """Write a gate down: the elementary function of its name, or else its definition."""
        if gate is PI:
            return self.step(MUL, self.constant(pi), *inputs)
        function = FUNCTIONS.get(gate.name) if GATES.get(gate.name) is gate else None
        if function and (gate.name, len(inputs)) != ("log", 2):
            return self._elementary(function, tuple(inputs))
        return self.node(_defined(gate, Wires(self), [Wire(self, i) for i in inputs], {}))

    def _elementary(self, function: Elementary, inputs: tuple[int, ...]) -> int:
        if function.name in ("max", "min"):
            return reduce(lambda best, i: self.step(function, best, i), inputs)
        if function in GIVEN and self.given.issuperset(inputs):
            step = self.step(GIVEN[function], *inputs)
            self.given.add(step)
            return step
        if function.name == "pow" and self.program.constants.get(inputs[1]) == 2:
            return self.step(MUL, inputs[0], inputs[0])
        if function.name == "div":
            logistic = self._logistic(inputs[1])
            if logistic is not None:
                return self.step(MUL, inputs[0], logistic)
        return self.step(function, *inputs)

    def _logistic(self, divisor: int) -> int | None:
        """Return the step of 1/divisor where that is a sigmoid, 1/(1 + exp(-x)), however it was written.

        Kernels make its slope from the output, as s (1 - s): it has more noise than its other forms.
        """
        functions, inputs, constants = self.program.functions, self.program.inputs, self.program.constants
        if functions[divisor].name != "add":
            return None
        one, other = sorted(inputs[divisor], key=lambda i: constants.get(i) != 1)
        if constants.get(one) != 1 or functions[other].name != "exp":
            return None
        (x,) = inputs[other]
        negative = inputs[x][0] if functions[x].name == "neg" else self.step(NEG, x)
        return self.step(SIGMOID, negative)

    def step(self, function: Elementary, *inputs: int) -> int:
        """Return the step that computes a function, which is written once."""
        plain = self._plainly(function, inputs)
        if plain is not None:
            return plain
        factors = inputs[1:] if function.name == "div" else inputs
        if function in SCALINGS and any(map(self._is_exact_factor, factors)):
            function = SCALINGS[function]
        elif function in SPARSE and not self.sparse.isdisjoint(inputs):
            function = SPARSE[function]
        key = (function, inputs)
        if key not in self._known:
            self._known[key] = self._append(function, inputs, self._number(function, inputs))
            if function is LABEL and self.given.issuperset(inputs):
                self.given.add(self._known[key])
            if self._is_sparse(function, inputs):
                self.sparse.add(self._known[key])
        return self._known[key]

    def _is_sparse(self, function: Elementary, inputs: tuple[int, ...]) -> bool:
        """Whether a step is zero wherever a label is another, exactly: sums of such make one term of many."""
        if function.name in ("add", "sub"):
            return self.sparse.issuperset(inputs)
        chosen = function.name in ("mul", "flow", "neg") and not self.sparse.isdisjoint(inputs)
        return chosen or function is LABEL or function.name in COMPARISONS

    def _is_exact_factor(self, step: int) -> bool:
        """Whether a product with it is exact: a power of two, a truth value, or a label, which is -1 or 1."""
        function = self.program.functions[step]
        if function is LABEL or function.name in COMPARISONS:
            return True
        return abs(frexp(self.program.constants.get(step, nan))[0]) == 0.5

    def _plainly(self, function: Elementary, inputs: tuple[int, ...]) -> int | None:
        """Return the step of a result that needs no computing, None where there is something to compute."""
        constants = self.program.constants
        if function in EXACT_ON_SHORT and all(i in constants for i in inputs):
            number = float(function.value(*(constants[i] for i in inputs)))
            if (frexp(number)[0] * SHORT).is_integer():
                return self.constant(number)
        if function.name in ("mul", "flow"):
            for one, other in (inputs, inputs[::-1]):
                if constants.get(one) == 1:
                    return other
                if constants.get(one) == -1:
                    return self.step(NEG, other)
        return inputs[0] if function.name == "div" and constants.get(inputs[1]) == 1 else None

    def _number(self, function: Elementary, inputs: tuple[int, ...]) -> float:
        if not self.at_point:
            return nan
        return float(function.value(*(list.__getitem__(self.floats, i) for i in inputs)))

    def _append(self, function: Elementary, inputs: tuple[int, ...], number: float) -> int:
        self.left -= 1
        if self.left < 0:
            raise TooMuchWorkError
        self.program.functions.append(function)
        self.program.inputs.append(inputs)
        self.floats.append(number)
        return len(self.program) - 1

    def splice(self, text: str, given: Mapping[str, int]) -> int:
        """Write down a formula in the language, given the steps of its variables; return its step."""
        return self._spliced(formulas.parsed(text), given)

    def _spliced(self, graph: Graph, given: Mapping[str, int]) -> int:
        names = {node: name for name, node in graph.variables.items()}
        steps: list[int] = []
        for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
            if inputs:
                steps.append(self.apply(gate, [steps[i] for i in inputs]))
            else:
                steps.append(given[names[node]] if node in names else self.constant(graph.constants[node]))
        return steps[graph.output]

    # The forward pass.

    def _forward(self, node: int, shape: tuple[int, ...], system: Lifted, name: str | None) -> Any:
        """Return the steps of a node's elements."""
        gate, inputs = self.source.gates[node], self.source.inputs[node]
        if name is not None:
            return self._variable(node, name, shape)
        if not inputs:
            numbers = np.broadcast_to(self.source.constants[node], shape).flat
            return _shaped([self.constant(float(x)) for x in numbers], shape)
        given = [self.elements[i] for i in inputs]
        if gate.elementwise:
            rows = zip(*(np.broadcast_to(x, shape).flat for x in given), strict=True)
            return _shaped([self.apply(gate, [int(i) for i in row]) for row in rows], shape)
        arrays = [asarray(np.frompyfunc(lambda i: Wire(self, int(i)), 1, 1)(x)) for x in given]
        out = _defined(gate, system, arrays, self.source.static.get(node, {}))
        return _shaped([self.node(x) for x in np.broadcast_to(asarray(out), shape).flat], shape)

    def _variable(self, node: int, name: str, shape: tuple[int, ...]) -> Any:
        numbers = array.asarray(self.point[name]).flat
        steps = [self._append(VARIABLE, (), float(x) if self.at_point else nan) for x in numbers]
        if node not in self.asked:
            self.given.update(steps)
        self.program.variables[name] = _shaped(steps, shape)
        return self.program.variables[name]

    def _apart(self, node: int, steps: Any) -> Any:
        """Return a statement's own steps: what is computed alike elsewhere is no path through it."""
        if not self.source.inputs[node] and node in self.source.variables.values():
            return steps
        numbers = [list.__getitem__(self.floats, int(i)) for i in steps.flat]
        own = [self._append(COPY, (int(i),), x) for i, x in zip(steps.flat, numbers, strict=True)]
        return _shaped(own, steps.shape)

    # The backward pass.

    def _backward(self) -> None:
        program, asked = self.program, {n: self.elements[self.source.node(n)] for n in self.wrt}
        carries = self._carrying(asked)
        arrived = self._seeded()
        for step in range(len(program) - 1, -1, -1):
            if step in arrived and program.inputs[step]:
                for i, part in self._parts(step, arrived[step], carries):
                    arrived[i] = self.step(ADD, arrived[i], part) if i in arrived else part
        zero = self.constant(0.0)
        for name, steps in asked.items():
            program.gradients[name] = _shaped([arrived.get(int(i), zero) for i in steps.flat], steps.shape)

    def _carrying(self, asked: Mapping[str, Any]) -> list[bool]:
        """Return for each step whether it is computed from what is differentiated by."""
        carries = [False] * len(self.program)
        for steps in asked.values():
            for step in steps.flat:
                carries[step] = True
        for step, inputs in enumerate(self.program.inputs):
            carries[step] = carries[step] or any(carries[i] for i in inputs)
        return carries

    def _seeded(self) -> dict[int, int]:
        """Return the gradient of each element of the output: its upstream."""
        out, arrived = self.program.value, dict[int, int]()
        if self.start is not None:
            numbers = np.broadcast_to(array.asarray(self.start), out.shape).flat
            steps = [self._append(VARIABLE, (), float(x) if self.at_point else nan) for x in numbers]
            self.program.upstream = _shaped(steps, out.shape)
        elif out.size != 1:
            raise NumbersNeededError
        else:
            steps = [self.constant(1.0)]
        for element, step in zip(map(int, out.flat), steps, strict=True):
            known = arrived.get(element)
            arrived[element] = step if known is None else self.step(ADD, known, step)
        return arrived

    def _parts(self, step: int, upstream: int, carries: Sequence[bool]) -> Iterator[tuple[int, int]]:
        """Yield for each wire that gradient flows along where it goes, and what arrives there."""
        function, inputs = self.program.functions[step], self.program.inputs[step]
        for k, i in enumerate(inputs):
            if carries[i]:
                slope = self._slope(function, step, inputs, k)
                if self.program.constants.get(slope) != 0:
                    yield i, self.step(FLOW, upstream, slope)

    def _slope(self, function: Elementary, step: int, inputs: tuple[int, ...], k: int) -> int:
        """Return the step of d output / d input k."""
        constants, name = self.program.constants, function.name
        if function is COPY or name == ADDED_UP:
            return self.constant(1.0)
        if function is LABEL or name in COMPARISONS or name in ("and", "or", "not"):
            return self.constant(0.0)
        if name == "where":
            taken = ("1", "0") if k == 1 else ("0", "1")
            return self.splice(f"where(c, {', '.join(taken)})", {"c": inputs[0]}) if k else self.constant(0.0)
        if function is SIGMOID:
            return self.splice(formulas.sigmoid_slope(), {"s": step})
        gate = GATES[name]
        if name == "pow" and inputs[1] in constants and k == 0:
            return self.splice(formulas.power_slope(constants[inputs[1]]), {"x": inputs[0]})
        names = [f"x{n}" for n in range(len(inputs))] if gate.variadic else gate.parameters
        given = dict(zip(names, inputs, strict=False))
        slope = self.splice(formulas.slope(gate, len(inputs), k), given)
        if name not in ALSO_SIMPLIFIED:
            return slope
        return self.step(EITHER, slope, self.splice(formulas.simplified_slope(gate), given))


def _defined(gate: Gate, system: Any, given: Sequence[Any], static: Mapping[str, Any]) -> Any:
    """Run a gate's definition; some cannot run on wires, and need numbers (singular values)."""
    try:
        return gate.definition(system, *given, **static)
    except (TypeError, AttributeError) as error:
        raise NumbersNeededError from error


def _shaped(steps: Sequence[int], shape: tuple[int, ...]) -> Any:
    return np.array(steps, dtype=int).reshape(shape)
