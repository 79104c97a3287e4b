"""The third stage: statements, and what the names in them mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradcalc.errors import GradcalcError
from gradcalc.gates import CALLABLE, VARIABLE
from gradcalc.graph import Graph
from gradcalc.language import misnomers, refusals
from gradcalc.language.creations import Draws
from gradcalc.language.folding import UNKNOWN, Folder
from gradcalc.language.functions import Function, Late, inline, is_late
from gradcalc.language.mending import defines, quote
from gradcalc.language.parser import CONSTANTS, Parser
from gradcalc.language.tokens import END, ENDS, RESERVED, Source, canonical, is_name


class Program(Parser):
    """Parses statements; a name is a value from outside, an earlier statement or a constant."""

    def __init__(self, source: Source, given: Iterable[str] | None, max_nodes: int, seed: int) -> None:
        super().__init__(source, Graph(source.text, source.locate), {})
        self._draws = Draws(seed)
        self.given = None if given is None else {canonical(name) for name in given}
        self.max_nodes = max_nodes

    def parse(self) -> Graph:
        """Parse the whole program; the value of its last statement is the output."""
        first = i = 0
        while (symbol := self.tokens[i]) != END:
            if symbol not in ENDS:
                first, i = i, self.statement(i)
            else:
                i += 1
        if self.graph.output < 0:
            raise misnomers.no_output(self.source, first)
        return self.graph

    def statement(self, i: int) -> int:
        """Parse the statement that begins at token `i` and return the token that ends it."""
        following = self.tokens[i + 1]
        if following == "=" and is_name(self.tokens[i]):
            return self.assignment(i)
        if following == "(" and defines(self.source, i):
            return self.definition(i)
        if following in ENDS and (node := self.names.get(self.tokens[i])) is not None:
            self.graph.output = node  # a name alone: a fifth of the time, where there are millions
            return i + 1
        self.graph.output, last = self.expression(i)
        self.limit(len(self.graph), i, last - 1)
        return last

    def assignment(self, i: int) -> int:
        """Parse `name = expression`: the name becomes that of the expression's node."""
        name = self.tokens[i]
        if self.tokens[i + 2] == "=":
            raise refusals.operand(self.place(i + 2))
        if name in RESERVED or self.has(name):
            raise misnomers.assignment(self.source, i, name in self.graph.named, self.given)
        self.graph.output, last = self.expression(i + 2)
        if name in self.names:
            raise misnomers.assignment(self.source, i, False, self.given)
        self.graph.named[name] = self.names[name] = self.graph.output
        self.limit(len(self.graph), i, last - 1)
        return last

    def definition(self, i: int) -> int:
        """Parse `name(parameters) = expression`."""
        name = self.tokens[i]
        if name in self.functions or name in RESERVED or is_scalar_gate(name):
            raise misnomers.definition(self.source, i, name in self.functions)
        body = Body(self, name)
        last = body.parse(i + 2)
        self.functions[name] = function = body.function()
        self.limit(function.size, i, last - 1)
        self.graph.output = -1
        return last

    def limit(self, size: int, first: int, last: int) -> None:
        """Refuse to hold more nodes than allowed."""
        if size > self.max_nodes:
            raise misnomers.too_large(self.source, first, last, self.max_nodes, bool(self.functions))

    # What names mean.

    def has(self, name: str) -> bool:
        """Tell whether a name stands for something already."""
        return name in self.names or (self.given is not None and name in self.given)

    def known(self) -> set[str]:
        """Return the names that can be used here, for hints."""
        return {*self.names, *(self.given or ()), *CONSTANTS}

    def resolve(self, name: str, token: int) -> int:
        """Return the node of a name."""
        node = self.names.get(name)
        if node is None:
            node = self.names[name] = self.leaf(name, token)
        return node

    def leaf(self, name: str, token: int) -> int:
        """Add the node of a name that is used for the first time."""
        if name in CONSTANTS and not self.has(name):
            return self.constant(CONSTANTS[name], token, token)
        if not is_name(name):
            raise misnomers.bare_symbol(self.source, token)
        if self.given is not None and name not in self.given:
            raise misnomers.unknown(self.source, token, self.known(), self.functions)
        node = self.graph.variables[name] = self.graph.add(VARIABLE, (), token, token)
        return node

    def late(self, node: int, read: Callable[[Any], Any], error: GradcalcError) -> Any:  # noqa: ARG002 - Body's interface
        """Refuse a value that depends on a variable."""
        raise error

    def draws(self) -> Draws:
        """Return the random numbers of the program."""
        return self._draws

    def call_function(self, function: Function, arguments: list[int], first: int, last: int) -> int:
        """Copy a function into the graph and return the node of its value."""
        self.limit(len(self.graph) + function.size, first, last)
        return inline(self.folder, function, arguments, self.resolve, (first, last))


def is_scalar_gate(name: str) -> bool:
    """Tell whether a name is that of a gate of scalars; those of arrays may be defined anew (`norm`)."""
    gate = CALLABLE.get(name)
    return gate is not None and gate.elementwise


class Body(Parser):
    """Parses the body of a function; a name that is no parameter finds its meaning at the call."""

    def __init__(self, program: Program, name: str) -> None:
        super().__init__(program.source, Graph(), program.functions)
        self.program = program
        self.own = name
        self.folder = Folder(self.graph, self.outside)
        self.free: dict[int, str] = {}
        self.calls: dict[int, Function] = {}

    def parse(self, i: int) -> int:
        """Parse parameters and expression from token `i` on, and return the token that ends the statement."""
        i = self.parameters(i)
        self.count = len(self.names)
        self.graph.output, last = self.expression(i + 1)
        return last

    def parameters(self, i: int) -> int:
        """Read the parameters up to the `=`, and return its token."""
        self.brackets = [i - 1]  # newlines between parameters are blanks
        i = self.after(i - 1)
        while True:
            name = self.tokens[i]
            if not is_name(name) or name in RESERVED or name in self.names:
                raise misnomers.parameter(self.source, i, name in self.names)
            self.names[name] = self.graph.add(VARIABLE, (), i, i)
            i = self.after(i)
            if self.tokens[i] == ")":
                return i + 1
            if self.tokens[i] != ",":
                raise misnomers.parameter(self.source, i, False)
            i = self.after(i)

    def function(self) -> Function:
        """Return the function that was parsed."""
        parameters = tuple(list(self.names)[: self.count])
        late = frozenset(node for node, static in self.graph.static.items() if is_late(static))
        return Function(self.own, parameters, self.graph, self.free, self.calls, late)

    def has(self, name: str) -> bool:
        """Tell whether a name stands for something already."""
        return name in self.names or self.program.has(name)

    def known(self) -> set[str]:
        """Return the names that can be used here, for hints."""
        return {*self.names, *self.program.known()}

    def resolve(self, name: str, token: int) -> int:
        """Return a variable of the body that stands for a free name."""
        node = self.names[name] = self.graph.add(VARIABLE, (), token, token)
        self.free[node] = name
        return node

    def drop(self, mark: int) -> None:
        """Take the nodes from `mark` on out of the body."""
        for node in range(mark, len(self.graph)):
            self.free.pop(node, None)
        super().drop(mark)

    def outside(self, node: int) -> Any:
        """Return the value of a free name that was assigned before, which no statement changes any more."""
        known = self.program.names.get(self.free.get(node, ""))
        return UNKNOWN if known is None else self.program.folder.value(known)

    def late(self, node: int, read: Callable[[Any], Any], error: GradcalcError) -> Late:
        """Return what stands for a value until a call tells it."""
        error.hint = f"it must be a number in every call of {quote(self.own)}"
        return Late(node, read, error)

    def draws(self) -> Draws:
        """Return the random numbers of the program."""
        return self.program.draws()

    def call_function(self, function: Function, arguments: list[int], first: int, last: int) -> int:
        """Return one node that stands for the call."""
        node = self.graph.add(VARIABLE, tuple(arguments), first, last)
        self.calls[node] = function
        return node
