"""Prefixes of other libraries: `np.sin(x)` means the same here, `np.max(x, 0)` does not.

A prefix is accepted because formulas are pasted from code. A call that would mean something else
here than there is refused, so that no pasted formula changes its meaning silently.
"""

from __future__ import annotations

from typing import NamedTuple

MODULES = {
    "math": "math",
    "np": "numpy",
    "numpy": "numpy",
    "jnp": "numpy",
    "jax.numpy": "numpy",
    "torch": "torch",
    "torch.nn.functional": "torch",
    "F": "torch",
}  # fmt: skip
"""Prefix -> the library whose conventions its calls follow."""

STRANGERS = frozenset({"Math", "cmath", "mp", "mpmath", "nn", "sp", "sympy", "tf"})
"""Libraries that are not known, but whose elementary functions have the names that ours have."""

LONGEST = max(prefix.count(".") for prefix in MODULES) + 1
"""Names that the longest prefix is made of."""


class Difference(NamedTuple):
    """A call that means something else in a library when it has more than `most` arguments.

    `mended` says the same in this language; `{0}` and `{1}` stand for the arguments' text.
    """

    most: int
    reason: str
    mended: str


AXIS = "the second argument is an axis there"
SIGN = Difference(0, "it has the sign of its first argument there", "sign({0})*mod(abs({0}), abs({1}))")

DIFFERENCES = {
    ("numpy", "max"): Difference(1, AXIS, "max({0}, {1})"),
    ("numpy", "min"): Difference(1, AXIS, "min({0}, {1})"),
    # torch.max(x, y) is elementwise and torch.max(x, 0) is not; which one it is, only torch knows.
    ("torch", "max"): Difference(1, "the second argument may be a dimension there", "max({0}, {1})"),
    ("torch", "min"): Difference(1, "the second argument may be a dimension there", "min({0}, {1})"),
    # Python's math.log alone takes a base.
    ("numpy", "log"): Difference(1, "the second argument is an output array there", "log({0}, {1})"),
    ("torch", "log"): Difference(1, "it takes no base there", "log({0}, {1})"),
    ("numpy", "round"): Difference(
        1, "the second argument counts decimals there", "round({0}*10**{1})/10**{1}"
    ),
    # IEEE's remainder is that of the quotient rounded to nearest; ours is that of the floored one.
    ("math", "remainder"): Difference(
        0, "the quotient is rounded to nearest there", "{0} - ({1})*round(({0})/({1}))"
    ),
    ("math", "fmod"): SIGN,
    ("numpy", "fmod"): SIGN,
    ("torch", "fmod"): SIGN,
}


def difference(dotted: str, count: int) -> Difference | None:
    """Return how `np.max(…)` with `count` arguments differs from `max(…)` here, if it does."""
    prefix, _, name = dotted.rpartition(".")
    found = DIFFERENCES.get((MODULES[prefix], name))
    return found if found is not None and count > found.most else None
