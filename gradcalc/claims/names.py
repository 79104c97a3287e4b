"""The one vocabulary of claims: in suites, rows, archives and on the command line.

A variable's name gives its value, `value` claims the output, `grad_NAME` a gradient, and `upstream` is
the output's own gradient. A variable that is called so itself is `var.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from gradcalc.errors import UsageError, suggest

T = TypeVar("T")

VALUE, GRADIENT, UPSTREAM, VARIABLE = "value", "grad_", "upstream", "var."
"""How the output, a gradient, the output's own gradient and a variable are named."""


class Named(NamedTuple, Generic[T]):
    """What was given under names: the point, the claims, and the output's own gradient."""

    point: dict[str, T]
    claims: dict[str, T]
    upstream: T | None


def is_claim(name: str) -> bool:
    """Whether a name claims something."""
    return name == VALUE or (name.startswith(GRADIENT) and len(name) > len(GRADIENT))


def variable(name: str) -> str:
    """Return the variable that a name stands for: `var.value` is the variable `value`."""
    return name.removeprefix(VARIABLE)


def sorted_by_name(given: Mapping[str, T]) -> Named[T]:
    """Return what was given, sorted into point, claims and upstream."""
    point = {variable(n): x for n, x in given.items() if not is_claim(n) and n != UPSTREAM}
    claims = {name: x for name, x in given.items() if is_claim(name)}
    return Named(point, claims, given.get(UPSTREAM))


def differentiated(claims: Iterable[str]) -> list[str]:
    """Return the names whose gradients are claimed, each once."""
    return list(dict.fromkeys(c.removeprefix(GRADIENT) for c in claims if c != VALUE))


def nothing_to_claim(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for a claim that is about none of the names whose gradients there are."""
    names = [VALUE, *(GRADIENT + gradient for gradient in known)]
    near = suggest(name, names)
    hint = f"did you mean '{near}'?" if near else f"there are {', '.join(names[:8])}"
    return UsageError(f"there is nothing to claim of '{name}'", hint=hint)
