"""Calls: which argument goes to which parameter, for gates, functions of the program and creations alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcalc.gates.record import Gate
from gradcalc.language.creations import Creation
from gradcalc.language.functions import Function

Callee = Gate | Function | Creation


@dataclass(slots=True)
class Call:
    """A call that is being read.

    `name` is the callee as written, `first` the first token, `opening` that of the bracket, `due` the
    one where the argument that is being read begins, `mark` the node that it begins with, `keyword`
    the name before it.
    `options` are the arguments that are no inputs: those with a name; `placed` those without one.
    `listed` are the elements of the list that is the one argument of a gate with any number of inputs.
    """

    callee: Callee
    name: str
    first: int
    opening: int
    due: int
    mark: int
    arguments: list[int]
    keywords: dict[str, int]
    options: tuple[tuple[str, Any], ...] = ()
    placed: tuple[Any, ...] = ()
    listed: list[int] | None = None
    keyword: str = ""

    def takes(self, keyword: str) -> bool:
        """Tell whether the callee has an argument of that name."""
        callee = self.callee
        return keyword in callee.static or (keyword in callee.parameters and not callee.variadic)

    def has(self, keyword: str) -> bool:
        """Tell whether the argument of that name was already given."""
        if keyword in self.callee.static:
            return keyword in dict(self.options) or keyword in self.callee.static[: len(self.placed)]
        return keyword in self.keywords or keyword in self.callee.parameters[: len(self.arguments)]

    def reduces(self, keyword: str) -> bool:
        """Tell whether that keyword makes the call one of the gate's reduction: `max(x, axis=0)`."""
        return self.callee.reduction is not None and keyword in self.callee.reduction.static

    def is_empty(self) -> bool:
        """Tell whether nothing stands between the brackets yet."""
        return not (self.count() or self.keyword)

    def count(self) -> int:
        """Return the number of arguments."""
        return self.unnamed() + len(self.options)

    def unnamed(self) -> int:
        """Return the number of arguments without the options that were given by name."""
        return len(self.arguments) + len(self.keywords) + len(self.placed)

    def option(self) -> str:
        """Return the name of the option that is being read, nothing where it is an input."""
        static = self.callee.static
        if self.keyword or not static:
            return self.keyword if self.keyword in static else ""
        full = bool(self.listed and self.arguments) if self.callee.variadic else self._is_full()
        if not full or (len(self.placed) >= len(static) and not self.spreads()):
            return ""
        return static[min(len(self.placed), len(static) - 1)]

    def _is_full(self) -> bool:
        return len(self.arguments) >= len(self.callee.parameters)

    def spreads(self) -> bool:
        """Tell whether several numbers in place of options make one: `reshape(x, 2, 3)`."""
        return self.callee.static == ("shape",)

    def takes_list(self) -> bool:
        """Tell whether a list that is read now may be all the inputs: `concat([x, y])`."""
        return self.callee.variadic and bool(self.callee.static) and self.is_empty()

    def fits(self) -> bool:
        """Tell whether every parameter without a default is given, and nothing beyond the parameters."""
        if self.callee.static and not self._options_fit():
            return False
        fewest, most = self.callee.arity
        if not self.keywords or most is None:
            return fewest <= len(self.arguments) and (most is None or len(self.arguments) <= most)
        names = self.callee.parameters
        given = len(self.arguments) + len(self.keywords)
        return given <= most and {*names[: len(self.arguments)], *self.keywords}.issuperset(names[:fewest])

    def _options_fit(self) -> bool:
        given = self.static()
        return all(name in given or name in self.callee.options for name in self.callee.static)

    def needed(self) -> tuple[str, ...]:
        """Return the names of the arguments without a default."""
        callee = self.callee
        options = [name for name in callee.static if name not in callee.options]
        return (*callee.parameters[: callee.arity[0]], *options)

    def bounds(self) -> tuple[int, int | None]:
        """Return the fewest and most arguments, options included; most is None where there is no limit."""
        most = None if self.spreads() else self.callee.arity[1]
        return len(self.needed()), None if most is None else most + len(self.callee.static)

    def static(self) -> dict[str, Any]:
        """Return the options that were given, by name."""
        if self.spreads() and len(self.placed) > 1:
            return {"shape": self.placed, **dict(self.options)}
        return dict(zip(self.callee.static, self.placed, strict=False)) | dict(self.options)

    def inputs(self) -> list[int | float]:
        """Return the nodes in the order of the parameters; a float where a default stands between them."""
        names = self.callee.parameters
        last = max(map(names.index, self.keywords), default=-1)
        nodes: dict[str, int | float] = {**self.callee.defaults, **self.keywords}
        return [*self.arguments, *(nodes[name] for name in names[len(self.arguments) : last + 1])]
