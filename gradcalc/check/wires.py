"""Wires of a scalar graph as a number system: a definition that runs on them is written down as nodes.

Nodes are the registry's scalar gates. Each wire knows the float there, which the choice of pivots and
the labels of classes read; no reference is made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from mpmath import mp

from gradcalc.gates import CONSTANT, GATES, VARIABLE, Gate, lookup
from gradcalc.graph import Graph
from gradcalc.systems import real
from gradcalc.systems.lifted import largest_singular_value

COPY = Gate("copy", definition=lambda _, x: x, flow="router", doc="An element that was moved.")

PI = Gate("pi", definition=lambda m, x: m.pi * x, doc="As many circle constants.")


FUNCTION = 3
"""How much longer a function takes in high precision, with its slope, than a sum does."""

COSTLY = {"erf": 6, "erfc": 6, "silu": 6, "gelu": 14}
"""Functions that take longer than that, which measuring told."""


SINGULAR_VALUE = 100
"""How much longer the largest singular value takes, for the square of the number of elements."""

FEW_DIGITS = 100
"""Digits up to which a function takes no longer."""


class TooMuchWorkError(Exception):
    """The graph would take longer than it may."""


@lru_cache(maxsize=1024)
def cost(gate: Gate) -> int:
    """Return about how long a scalar gate takes in high precision, in sums."""
    is_plain = gate.infix or gate.prefix or gate.flow in (None, "router")
    return 1 if is_plain else COSTLY.get(gate.name, FUNCTION)


def work(graph: Graph, digits: int) -> float:
    """Return about how long a scalar graph takes in so many digits, in sums; functions take their square."""
    costs = [cost(gate) for gate in graph.gates]
    more = max(1.0, digits / FEW_DIGITS) ** 2
    return sum(c * more if c > 1 else c for c in costs)


class Tape:
    """A scalar graph that is being written, with the float at each node; `most` bounds the cost of all."""

    def __init__(self, graph: Graph, most: int) -> None:
        self.graph, self.left = graph, most
        self.floats: list[float] = []
        self.place = (0, 0)
        self._constants: dict[str, int] = {}

    def leaf(self, gate: Gate, number: float) -> int:
        """Append a variable or a constant of its own."""
        node = self._add(gate, (), number)
        if gate is CONSTANT:
            self.graph.constants[node] = number
        return node

    def constant(self, number: float) -> int:
        """Return the constant node of that number, shared by all that use it."""
        key = repr(number)
        if key not in self._constants:
            self._constants[key] = self.leaf(CONSTANT, number)
        return self._constants[key]

    def apply(self, gate: Gate, inputs: Sequence[int]) -> int:
        """Append a node; a nan on the way is the overflow of floats, so that it is computed further."""
        number = gate.value(real, *[self.floats[i] for i in inputs])
        return self._add(gate, tuple(inputs), number if number == number else real.inf)

    def _add(self, gate: Gate, inputs: tuple[int, ...], number: float) -> int:
        self.spend(cost(gate))
        self.floats.append(float(number))
        return self.graph.add(gate, inputs, *self.place)

    def spend(self, cost: int) -> None:
        """Take so much from what may be spent; raises TooMuchWorkError where that is not left."""
        self.left -= cost
        if self.left < 0:
            raise TooMuchWorkError

    def node(self, x: Any) -> int:
        """Return the node of a wire, or of a constant for a number."""
        return x.node if isinstance(x, Wire) else self.constant(float(x))

    def wire(self, gate: Gate, *x: Any) -> Wire:
        """Return the wire that leaves a gate applied to wires and numbers."""
        return Wire(self, self.apply(gate, [self.node(a) for a in x]))


class Wire:
    """A number that stands for a node."""

    __slots__ = ("node", "tape")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, node: int) -> None:
        self.tape, self.node = tape, node

    def __float__(self) -> float:
        return self.tape.floats[self.node]

    def __bool__(self) -> bool:
        raise TypeError("a wire is neither true nor false: a definition branches with m.where")


def _binary(gate: Gate, *, swap: bool = False) -> Callable[[Wire, Any], Wire]:
    if swap:
        return lambda self, other: self.tape.wire(gate, other, self)
    return lambda self, other: self.tape.wire(gate, self, other)


for _name in ("add", "sub", "mul", "truediv", "pow", "mod", "and", "or"):
    _gate = GATES[{"truediv": "div"}.get(_name, _name)]
    setattr(Wire, f"__{_name}__", _binary(_gate))
    setattr(Wire, f"__r{_name}__", _binary(_gate, swap=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Wire, f"__{_name}__", _binary(GATES[_name]))
for _name in ("neg", "abs", "invert"):
    _gate = GATES[{"invert": "not"}.get(_name, _name)]
    setattr(Wire, f"__{_name}__", lambda self, gate=_gate: self.tape.wire(gate, self))


class Wires:
    """The number system of one tape: each function appends the gate of that name."""

    inf, nan = real.inf, real.nan

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def __getattr__(self, name: str) -> Any:
        gate = lookup(name)
        if gate is None or not gate.elementwise:
            raise AttributeError(name)
        return lambda *x: self.tape.wire(gate, *x)

    @property
    def pi(self) -> Wire:
        """The circle constant, in as many digits as are asked for."""
        return self.tape.wire(PI, 1.0)

    def number(self, x: Any) -> Any:
        """Return a number; a wire, and the condition that it stands for, as it is."""
        return x if isinstance(x, Wire) else float(x)

    def where(self, condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return the wire of a `where`, or the branch that a decided condition takes."""
        if isinstance(condition, Wire):
            return self.tape.wire(GATES["where"], condition, then(), otherwise())
        return then() if condition else otherwise()

    def spectral(self, matrix: Any) -> Wire:
        """Return the largest singular value."""
        self.tape.spend(SINGULAR_VALUE * matrix.size**2)
        return self.tape.wire(_spectral(*matrix.shape), *matrix.flat)


@lru_cache(maxsize=64)
def _spectral(rows: int, columns: int) -> Gate:
    """Return the gate of a matrix's largest singular value, which has no formula to differentiate."""

    def definition(m: Any, *x: Any) -> Any:  # noqa: ARG001 - the same in every number system
        matrix = mp.matrix([list(x[r * columns : (r + 1) * columns]) for r in range(rows)])
        return largest_singular_value(matrix)

    return Gate("spectral", definition=definition)


def variable(tape: Tape, name: str, number: float) -> int:
    """Append a variable and return its node."""
    node = tape.leaf(VARIABLE, number)
    tape.graph.variables[name] = node
    return node
