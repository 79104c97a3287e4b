"""Calls: which argument goes to which parameter, for gates and for functions of the program alike."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcalc.gates.record import Gate
from gradcalc.language.functions import Function


@dataclass(slots=True)
class Call:
    """A call that is being read.

    `name` is the callee as written, `first` the first token, `due` the one where the argument that
    is being read begins, `keyword` the name before it.
    """

    callee: Gate | Function
    name: str
    first: int
    due: int
    arguments: list[int] = field(default_factory=list)
    keywords: dict[str, int] = field(default_factory=dict)
    keyword: str = ""

    def takes(self, keyword: str) -> bool:
        """Tell whether the callee has an argument of that name."""
        return keyword in self.callee.parameters and not self.callee.variadic

    def has(self, keyword: str) -> bool:
        """Tell whether the argument of that name was already given."""
        return keyword in self.keywords or keyword in self.callee.parameters[: len(self.arguments)]

    def is_empty(self) -> bool:
        """Tell whether nothing stands between the brackets yet."""
        return not (self.count() or self.keyword)

    def count(self) -> int:
        """Return the number of arguments."""
        return len(self.arguments) + len(self.keywords)

    def fits(self) -> bool:
        """Tell whether every parameter without a default is given, and nothing beyond the parameters."""
        fewest, most = self.callee.arity
        if not self.keywords or most is None:
            return fewest <= len(self.arguments) and (most is None or len(self.arguments) <= most)
        names = self.callee.parameters
        return self.count() <= most and {*names[: len(self.arguments)], *self.keywords}.issuperset(
            names[:fewest]
        )

    def inputs(self) -> list[int | float]:
        """Return the nodes in the order of the parameters; a float where a default stands between them."""
        names = self.callee.parameters
        last = max(map(names.index, self.keywords), default=-1)
        nodes: dict[str, int | float] = {**self.callee.defaults, **self.keywords}
        return [*self.arguments, *(nodes[name] for name in names[len(self.arguments) : last + 1])]
