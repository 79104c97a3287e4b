"""A case: a program at a point, with what is claimed there; and which cases are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradcalc.claims.judge import Said, Terms
from gradcalc.errors import GradcalcError
from gradcalc.graph import Value


@dataclass(frozen=True, eq=False)
class Case:
    """A program at a point, with what is claimed there.

    name         what reports call it: that of the suite, and the number of the point where it has several
    point        name -> value; None where formulas are claimed for all points
    claims       `value` or `grad_NAME` -> numbers, or a formula's text; without any, our own gradients
                 are checked
    upstream     the output's own gradient, None for 1
    wrt          what to differentiate by where nothing is claimed, None for all the variables
    closed_form  whether SymPy differentiates the whole expression as well
    seed         where the program's own rand and randn begin
    file, line   where it stands; `places` has line and column of each claim and value, of `program` and `wrt`
    text_line    the line that the program's text begins in, 0 where it is not in the file as it is
    note         how to get to the point again, where it was drawn
    error        what is wrong with the suite here: such a case is never computed
    """

    name: str
    program: str
    point: Mapping[str, Value] | None = None
    claims: Mapping[str, Said] = field(default_factory=dict)
    upstream: Value = None
    terms: Terms = field(default_factory=Terms)
    tags: Sequence[str] = ()
    seed: Any = 0
    file: str = ""
    line: int = 0
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    text_line: int = 0
    wrt: Sequence[str] | None = None
    closed_form: bool = False
    note: str = ""
    error: GradcalcError | None = None


class Settings(NamedTuple):
    """What holds for all suites: terms and seed for cases without their own, and which cases are wanted."""

    terms: Terms = Terms()
    seed: int = 0
    keyword: str = ""
    tags: Sequence[str] = ()

    def wants(self, name: str, tags: Sequence[str]) -> bool:
        """Whether a case of that name and those tags is to be checked."""
        tagged = not self.tags or not set(self.tags).isdisjoint(tags)
        return tagged and self.keyword.casefold() in name.casefold()
