"""User functions: parsed once, copied into the graph wherever they are called.

A body is a graph of its own. Its first nodes are the parameters; a free name is a variable that
finds its node at the call; a call of an earlier function is one node, not a copy. So definitions
take the room of their text, however much they stand for, and `size` tells the nodes of a call
before one of them is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradcalc.errors import GradcalcError
from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.graph import Graph
from gradcalc.language.folding import UNKNOWN, Folder


class Late(NamedTuple):
    """What stands for an index or an option that only a call tells: that of the body's `node`.

    `read` makes of the node's value what stands in the index, None where the value is no use; then
    `error` is raised.
    """

    node: int
    read: Callable[[Any], Any]
    error: GradcalcError


@dataclass(eq=False)
class Function:
    """A function of the program.

    `free` has the names of the variables of `body` that are no parameters; `calls` the functions
    that nodes of `body` call; `late` the nodes whose index or options only a call tells.
    """

    name: str
    parameters: tuple[str, ...]
    body: Graph
    free: Mapping[int, str] = field(default_factory=dict)
    calls: Mapping[int, Function] = field(default_factory=dict)
    late: frozenset[int] = frozenset()

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
    folder: Folder,
    function: Function,
    arguments: Sequence[int],
    resolve: Callable[[str, int], int],
    call: tuple[int, int],
) -> int:
    """Copy the body of `function` to the end of the folder's graph and return the node of its value.

    `resolve(name, token)` finds the node of a free name; `call` is the first and last token of the
    call that the new nodes stand for. Functions that call functions wait on a list: a chain of
    them may be longer than Python's stack is deep.
    """
    graph = folder.graph
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
            if node in function.late:
                static = told(static or {}, folder, nodes)
            nodes.append(graph.add(gate, inputs, body.first[node], body.last[node], static))
        else:
            value = nodes[body.output]
            if not waiting:
                graph.within.update(dict.fromkeys(range(before, len(graph)), call))
                return value
            function, nodes = waiting.pop()
            nodes.append(value)


def is_late(static: Mapping[str, Any]) -> bool:
    """Tell whether something in an index or in options is still to come."""
    return any(type(part) is Late for value in static.values() for part in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    """Yield an option, or the entries of an index and the bounds of its slices."""
    for part in value if type(value) is tuple else (value,):
        yield from (part.start, part.stop, part.step) if type(part) is slice else (part,)


def told(static: Mapping[str, Any], folder: Folder, nodes: Sequence[int]) -> dict[str, Any]:
    """Return an index or options with the values that came with a call, whose nodes are `nodes`."""

    def tell(part: Any) -> Any:
        if type(part) is slice:
            return slice(tell(part.start), tell(part.stop), tell(part.step))
        if type(part) is not Late:
            return part
        value = folder.value(nodes[part.node])
        found = None if value is UNKNOWN else part.read(value)
        if found is None:
            raise part.error
        return found

    return {
        name: tuple(map(tell, value)) if type(value) is tuple else tell(value)
        for name, value in static.items()
    }
