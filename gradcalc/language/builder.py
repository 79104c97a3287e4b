"""What the parser makes of brackets that it has read: the nodes of calls, lists and indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.errors import GradcalcError
from gradcalc.gates import CONSTANT
from gradcalc.gates.record import Gate
from gradcalc.gates.shape import MAX_AXES
from gradcalc.gates.shaping import INDEX, STACK
from gradcalc.graph import Graph
from gradcalc.language import arrays, creations, misnomers, modules
from gradcalc.language.brackets import BLANK, Entry, Key, Listing, places, plain, ragged, step, whole
from gradcalc.language.calls import Call
from gradcalc.language.creations import Creation, Draws
from gradcalc.language.folding import UNKNOWN, Folder
from gradcalc.language.functions import Function, Late
from gradcalc.language.tokens import Source


class Builder:
    """Adds nodes to `graph`; what a name or a function call means is up to the subclasses.

    `names` has the nodes of the names seen so far, `functions` those of the program.
    """

    def __init__(self, source: Source, graph: Graph, functions: dict[str, Function]) -> None:
        self.source = source
        self.tokens = source.tokens
        self.graph = graph
        self.functions = functions
        self.names: dict[str, int] = {}
        self.folder = Folder(graph)

    # What subclasses decide.

    def has(self, name: str) -> bool:
        """Tell whether a name stands for something already."""
        raise NotImplementedError

    def resolve(self, name: str, token: int) -> int:
        """Return the node of a name at its first use."""
        raise NotImplementedError

    def call_function(self, function: Function, arguments: list[int], first: int, last: int) -> int:
        """Return the node of a function's value."""
        raise NotImplementedError

    def late(self, node: int, read: Callable[[Any], Any], error: GradcalcError) -> Any:
        """Return what stands for a value that the call of a function tells; raises `error` outside of one."""
        raise NotImplementedError

    def draws(self) -> Draws:
        """Return the random numbers of the program."""
        raise NotImplementedError

    def known(self) -> set[str]:
        """Return the names that can be used here, for hints."""
        raise NotImplementedError

    # Nodes.

    def constant(self, value: Any, first: int, last: int) -> int:
        """Add a constant and return its node."""
        node = self.graph.add(CONSTANT, (), first, last)
        self.graph.constants[node] = value
        return node

    def drop(self, mark: int) -> None:
        """Take the nodes from `mark` on out of the graph: their values are all that is used of them."""
        graph = self.graph
        for table in (graph.constants, graph.static, graph.within, self.folder.values):
            for node in range(mark, len(graph)):
                table.pop(node, None)
        for column in (graph.gates, graph.inputs, graph.first, graph.last):
            del column[mark:]
        while self.names and next(reversed(self.names.values())) >= mark:
            self.names.popitem()

    # Lists.

    def list_node(self, listing: Listing, last: int) -> int:
        """Return the node of a list that ends at token `last`: a constant where its elements are."""
        values = self.values(listing.elements)
        if values is None:
            return self.graph.add(STACK, tuple(listing.elements), listing.first, last)
        shapes = [getattr(value, "shape", ()) for value in values]
        if (k := ragged(shapes)) > 0:
            raise arrays.ragged(self.source, listing.first, last, k, (shapes[0], shapes[k]))
        if shapes and len(shapes[0]) == MAX_AXES:
            raise arrays.too_deep(self.source, listing.first)
        self.drop(listing.mark)
        try:
            value = creations.array(values)
        except creations.TooManyError as error:
            raise arrays.too_many(self.source, listing.first, last, error) from None
        return self.constant(value, listing.first, last)

    def values(self, nodes: list[int]) -> list[Any] | None:
        """Return the values of nodes that are all finite numbers, or arrays; else None."""
        values = []
        for node in nodes:
            value = self.folder.value(node)
            if value is UNKNOWN or (type(value) is float and value - value != 0):
                return None
            values.append(value)
        return values

    # Indices.

    def read_bound(self, key: Key, i: int, node: int) -> None:
        """Take the bound of a slice that a colon at token `i` ends."""
        key.bounds = [] if key.bounds is None else key.bounds
        if len(key.bounds) == 2:
            raise arrays.colons(self.source, key, i)
        key.bounds.append(self.bound(key, i, node))
        key.mark = self.release(key.mark, key.bounds[-1])

    def bound(self, key: Key, i: int, node: int) -> Any:
        """Return the bound of a slice before token `i`."""
        value = self.folder.value(node)
        if value is BLANK:
            return None
        if value is UNKNOWN:
            read = step if key.bounds and len(key.bounds) == 2 else whole
            return self.late(node, read, arrays.entry(self.source, key, i))
        found = whole(value)
        if found is None and value is not None:
            raise arrays.entry(self.source, key, i)
        return found

    def read_entry(self, key: Key, i: int, node: int) -> None:
        """Take the entry of an index before token `i`."""
        found: Any
        if key.bounds is None:
            found = self.entry(key, i, node)
            key.entries.append(found)
        else:
            found = self.bound(key, i, node)
            if len(key.bounds) == 2 and found == 0:
                raise arrays.no_step(self.source, key, i)
            start, stop, by = [*key.bounds, found, None][:3]
            key.entries.append(slice(start, stop, by))
        key.mark = self.release(key.mark, found)
        key.bounds, key.due = None, i + 1

    def release(self, mark: int, value: Any) -> int:
        """Take the nodes of a value out of the graph, unless it is still to come; return the next mark."""
        if type(value) is not Late:
            self.drop(mark)
        return len(self.graph)

    def entry(self, key: Key, i: int, node: int) -> Entry:
        """Return an entry of an index that is no slice."""
        value = self.folder.value(node)
        if value is BLANK:
            raise arrays.no_entry(self.source, i)
        if value is None or value is Ellipsis:
            if value is Ellipsis and any(entry is Ellipsis for entry in key.entries):
                raise arrays.ellipsis_twice(self.source, key, i)
            return value
        if value is UNKNOWN:
            late: Entry = self.late(node, places, arrays.entry(self.source, key, i))
            return late
        found = places(value)
        if found is None:
            raise arrays.entry(self.source, key, i)
        return found

    def index_node(self, key: Key, last: int) -> int:
        """Return the node of an index that ends at token `last`."""
        return self.graph.add(INDEX, (key.node,), key.start, last, {"key": tuple(key.entries)})

    # Calls.

    def read_argument(self, call: Call, i: int, node: int) -> None:
        """Take the argument before token `i` of a callee that has options."""
        if option := call.option():
            self.read_option(call, option, i, node)
        elif call.keyword:
            call.keywords[call.keyword] = node
        elif call.keywords or call.options:
            raise misnomers.late_argument(self.source, call, i)
        elif call.listed and not call.arguments:
            call.arguments = call.listed
        else:
            call.arguments.append(node)
        call.mark = len(self.graph)

    def read_option(self, call: Call, name: str, i: int, node: int) -> None:
        """Take the option before token `i`; its nodes leave the graph."""
        value = self.folder.value(node)
        if value is Ellipsis or (value is UNKNOWN and isinstance(call.callee, Creation)):
            raise arrays.option(self.source, call, name, i)
        if value is UNKNOWN:
            value = self.late(node, plain, arrays.option(self.source, call, name, i))
        self.release(call.mark, value)
        if name == "shape" and len(call.placed) + getattr(value, "size", 1) > MAX_AXES:
            raise arrays.axes(self.source, call, i)
        if call.keyword:
            call.options += ((name, plain(value)),)
        elif call.options:
            raise misnomers.late_argument(self.source, call, i)
        else:
            call.placed += (plain(value),)

    def call_node(self, call: Call, last: int) -> int:
        """Return the node of a call that ends at token `last`."""
        if "." in call.name and (difference := modules.difference(call.name, call.unnamed())) is not None:
            raise misnomers.different(self.source, call, last, difference)
        callee = call.callee
        if callee.reduction is not None and len(call.arguments) == 1:
            call.callee = callee = callee.reduction
        is_plain = len(call.arguments) == len(callee.parameters) and not (call.keywords or callee.static)
        if not (is_plain or call.fits()):
            raise misnomers.arguments(self.source, call, last)
        inputs = self.inputs(call, last) if call.keywords else call.arguments
        if isinstance(callee, Gate):
            node = self.graph.add(callee, tuple(inputs), call.first, last)
            if callee.static and (static := call.static()):
                self.graph.static[node] = static
            return node
        if isinstance(callee, Creation):
            return self.created(callee, call, last)
        return self.call_function(callee, inputs, call.first, last)

    def inputs(self, call: Call, last: int) -> list[int]:
        """Return the inputs of a call with keywords; defaults that stand between them become constants."""
        return [
            self.constant(value, call.first, last) if isinstance(value, float) else value
            for value in call.inputs()
        ]

    def created(self, creation: Creation, call: Call, last: int) -> int:
        """Return the constant that a creation makes."""
        try:
            value = creations.create(creation, call.static(), self.draws())
        except creations.TooManyError as error:
            raise arrays.too_many(self.source, call.first, last, error) from None
        except creations.UnfitError as error:
            raise arrays.creation(self.source, call, last, error) from None
        return self.constant(value, call.first, last)
