"""User functions: parsed once, copied into the graph wherever they are called.

A body is a graph of its own. Its first nodes are the parameters; a free name is a variable that
finds its node at the call; a call of an earlier function is one node, not a copy. So definitions
take the room of their text, however much they stand for, and `size` tells the nodes of a call
before one of them is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.graph import Graph


@dataclass(eq=False)
class Function:
    """A function of the program.

    `free` has the names of the variables of `body` that are no parameters; `calls` the functions
    that nodes of `body` call.
    """

    name: str
    parameters: tuple[str, ...]
    body: Graph
    free: Mapping[int, str] = field(default_factory=dict)
    calls: Mapping[int, Function] = field(default_factory=dict)

    # Written like a gate, so that one piece of code binds the arguments of both.
    defaults: Mapping[str, float] = field(default_factory=dict)
    static: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    variadic: bool = False
    reduction: None = None

    size: int = field(init=False)
    """Nodes that a call may make, and the steps that it takes where it makes none."""

    def __post_init__(self) -> None:
        self.size = len(self.body) + sum(function.size for function in self.calls.values())

    @property
    def arity(self) -> tuple[int, int]:
        """Fewest and most arguments."""
        return len(self.parameters), len(self.parameters)

    @property
    def signature(self) -> str:
        """How the function is called."""
        return f"{self.name}({', '.join(self.parameters)})"


def inline(
    graph: Graph,
    function: Function,
    arguments: Sequence[int],
    resolve: Callable[[str, int], int],
    call: tuple[int, int],
) -> int:
    """Copy the body of `function` to the end of `graph` and return the node of its value.

    `resolve(name, token)` finds the node of a free name; `call` is the first and last token of the
    call that the new nodes stand for. Functions that call functions wait on a list: a chain of
    them may be longer than Python's stack is deep.
    """
    before = len(graph)
    waiting: list[tuple[Function, list[int]]] = []
    nodes = list(arguments)  # of the body, so far -> their nodes in the graph
    while True:
        body = function.body
        for node in range(len(nodes), len(body)):
            gate, inputs = body.gates[node], tuple([nodes[i] for i in body.inputs[node]])
            if node in function.calls:
                waiting.append((function, nodes))
                function, nodes = function.calls[node], list(inputs)
                break
            if gate is VARIABLE:
                nodes.append(resolve(function.free[node], body.first[node]))
                continue
            if gate is CONSTANT:
                graph.constants[len(graph)] = body.constants[node]
            static = body.static.get(node)
            nodes.append(graph.add(gate, inputs, body.first[node], body.last[node], static))
        else:
            value = nodes[body.output]
            if not waiting:
                graph.within.update(dict.fromkeys(range(before, len(graph)), call))
                return value
            function, nodes = waiting.pop()
            nodes.append(value)
