"""The gates: one record each, grouped in files by family, and the one registry built from them.

`GATES` maps each gate's name to its record, in the order of the catalogue. `lookup` finds a gate by
its name or an alias. `register` adds a family of gates that somebody else has written. What a record
is, `record` says; what shapes gates take and give, `shape`; `norms` is a part of the reductions.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradcalc.gates import (
    activations,
    arithmetic,
    exponential,
    hyperbolic,
    layers,
    linear_algebra,
    logic,
    losses,
    powers,
    probability,
    products,
    reductions,
    rounding,
    selection,
    shaping,
    special,
    trigonometric,
)
from gradcalc.gates.leaves import CONSTANT, VARIABLE
from gradcalc.gates.record import Domain, Edge, Gate, Kink, Sample

FAMILIES: dict[str, tuple[Gate, ...]] = {
    "arithmetic": arithmetic.GATES,
    "powers and roots": powers.GATES,
    "exponentials and logarithms": exponential.GATES,
    "trigonometry": trigonometric.GATES,
    "hyperbolic functions": hyperbolic.GATES,
    "absolute value, sign and rounding": rounding.GATES,
    "selection": selection.GATES,
    "comparison and logic": logic.GATES,
    "activations": activations.GATES,
    "special functions": special.GATES,
    "shaping arrays": shaping.GATES,
    "reductions": reductions.GATES,
    "products of vectors and matrices": products.GATES,
    "square matrices": linear_algebra.GATES,
    "probability": probability.GATES,
    "losses": losses.GATES,
    "network layers": layers.GATES,
}
"""Title of the family -> its gates."""

GATES: dict[str, Gate] = {gate.name: gate for family in FAMILIES.values() for gate in family}

CALLABLE: dict[str, Gate] = {name: gate for gate in GATES.values() for name in gate.names}
"""Every name that a gate can be called by -> its record."""

BUILT_IN = frozenset(CALLABLE)
"""The names that are there whatever is registered."""


def lookup(name: str) -> Gate | None:
    """Return the gate of that name or alias, None where there is none."""
    return CALLABLE.get(name)


def register(family: str, gates: Iterable[Gate]) -> None:
    """Add a family of gates, whose names are free."""
    FAMILIES[family] = tuple(gates)
    for gate in FAMILIES[family]:
        GATES[gate.name] = gate
        CALLABLE.update(dict.fromkeys(gate.names, gate))


def unregister(family: str) -> None:
    """Take a family of gates away again; graphs that have one keep it."""
    for gate in FAMILIES.pop(family, ()):
        del GATES[gate.name]
        for name in gate.names:
            del CALLABLE[name]


__all__ = [
    "BUILT_IN",
    "CALLABLE",
    "CONSTANT",
    "FAMILIES",
    "GATES",
    "VARIABLE",
    "Domain",
    "Edge",
    "Gate",
    "Kink",
    "Sample",
    "lookup",
    "register",
    "unregister",
]
