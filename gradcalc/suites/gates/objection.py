"""What can be said against a gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradcalc.gates import Gate
from gradcalc.gates.record import shape_of
from gradcalc.result import Verdict

SHOWN = 4
"""Elements of an array that a sentence shows."""


class Nowhere(Exception):  # noqa: N818 - a trial that could not be held
    """There is no place where a gate can be tried."""


class Objection(NamedTuple):
    """A verdict that is no pass, and why; and the line to blame, 0 where it is that of the definition."""

    verdict: Verdict
    reason: str
    line: int = 0


@dataclass
class Trial:
    """A gate, and where it is being tried: what a function of the gate is given when it raises an error."""

    gate: Gate
    given: Sequence[Any] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The file that the gate stands in."""
        file: str = self.gate.definition.__code__.co_filename
        return file

    def line(self, function: Callable[..., Any] | None) -> int:
        """Return the line of one of its functions, 0 where it stands in another file."""
        code = function.__code__ if function is not None else None
        return code.co_firstlineno if code is not None and code.co_filename == self.file else 0

    def at(self, given: Sequence[Any]) -> Sequence[Any]:
        """Remember where the gate is tried."""
        self.given = given
        return given

    def note_kinks(self) -> None:
        """Note the kinks that cannot be tried."""
        for kink in self.gate.kinks:
            if not kink.example:
                self.notes.append(f"its kink '{kink.text}' has no example, so it was not tried")

    def place(self, given: Sequence[Any] | None = None) -> str:
        """Return the place as a sentence ends with it: `, at x = 2.0, y = 3.0`; nothing where none is."""
        given = self.given if given is None else given
        shown = [f"{name} = {_written(x)}" for name, x in zip(self.names(len(given)), given, strict=True)]
        return f", at {', '.join(shown)}" if shown else ""

    def names(self, count: int) -> list[str]:
        """Return the names of so many inputs."""
        gate = self.gate
        return [f"input {k + 1}" for k in range(count)] if gate.variadic else list(gate.parameters[:count])


def _written(x: Any) -> str:
    if not shape_of(x):
        return repr(float(x))
    return str(x.tolist()) if x.size <= SHOWN else f"an array {shape_of(x)}"
