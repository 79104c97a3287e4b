"""Prefixes of other libraries: `np.sin(x)` means the same here, `np.max(x, 0)` does not.

A prefix is accepted because formulas are pasted from code. A call that would mean something else
here than there is refused, so that no pasted formula changes its meaning silently.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gradcalc.gates import BUILT_IN, CALLABLE
from gradcalc.gates.shaping import INDEX
from gradcalc.language.calls import Callee
from gradcalc.language.creations import CREATIONS

MODULES = {
    "math": "math",
    "np": "numpy",
    "np.linalg": "numpy",
    "np.random": "numpy",
    "numpy": "numpy",
    "numpy.linalg": "numpy",
    "numpy.random": "numpy",
    "jnp": "numpy",
    "jnp.linalg": "numpy",
    "jax.numpy": "numpy",
    "torch": "torch",
    "torch.linalg": "numpy",
    "torch.nn.functional": "torch",
    "F": "torch",
}  # fmt: skip
"""Prefix -> the library whose conventions its calls follow; torch.linalg follows NumPy's."""

SHOWN = [prefix for prefix in MODULES if prefix.rpartition(".")[0] not in MODULES]
"""Prefixes that hints name."""

STRANGERS = frozenset({"Math", "cmath", "mp", "mpmath", "nn", "sp", "sympy", "tf"})
"""Libraries that are not known, but whose elementary functions have the names that ours have."""

LONGEST = max(prefix.count(".") for prefix in MODULES) + 1
"""Names that the longest prefix is made of."""

ARRAYS = frozenset({"array", "asarray", "tensor"})
"""What libraries call to make an array of a list, which is one here already."""

TWINS = {
    "cat": "concat", "mm": "matmul", "mv": "matmul", "bmm": "matmul", "inverse": "inv", "identity": "eye",
    "mse_loss": "mse", "binary_cross_entropy_with_logits": "binary_cross_entropy", "random": "rand",
    "standard_normal": "randn",
}  # fmt: skip
"""Names of libraries -> ours of the same meaning."""


class Difference(NamedTuple):
    """A call that means something else in a library when it has more than `most` arguments.

    `mended` says the same in this language, `by_axis` where the second argument is a whole number;
    `{0}` and `{1}` stand for the arguments' text, `{all}` for all of them. `hint` is said where neither
    fits.
    """

    most: int
    reason: str
    mended: str = ""
    by_axis: str = ""
    hint: str = ""

    def write(self, texts: Sequence[str]) -> str:
        """Return the mended text for arguments, or nothing."""
        is_axis = len(texts) == 2 and re.fullmatch("-?[0-9]+", texts[1]) is not None
        mended = self.by_axis if is_axis and self.by_axis else self.mended
        used = set(re.findall(r"\{(\w+)\}", mended))
        if used != {"all"} and len(used) != len(texts):
            return ""
        return mended.format(*texts, all=", ".join(texts))


AXIS = "the second argument is an axis there"
SIGN = Difference(0, "it has the sign of its first argument there", "sign({0})*mod(abs({0}), abs({1}))")
SAMPLE = "it divides by n - 1 there"

DIFFERENCES = {
    ("numpy", "max"): Difference(1, AXIS, "max({0}, {1})", "max({0}, axis={1})"),
    ("numpy", "min"): Difference(1, AXIS, "min({0}, {1})", "min({0}, axis={1})"),
    # torch.max(x, y) is elementwise and torch.max(x, 0) is not; which one it is, only torch knows.
    ("torch", "max"): Difference(
        1, "the second argument may be a dimension there", "max({0}, {1})", "max({0}, axis={1})"
    ),
    ("torch", "min"): Difference(
        1, "the second argument may be a dimension there", "min({0}, {1})", "min({0}, axis={1})"
    ),
    ("torch", "std"): Difference(0, SAMPLE, "std({all}, ddof=1)"),
    ("torch", "var"): Difference(0, SAMPLE, "var({all}, ddof=1)"),
    ("torch", "transpose"): Difference(
        1, "it exchanges two axes there", hint="x.T reverses them all, transpose(x, [0, 2, 1]) names each"
    ),
    ("torch", "norm"): Difference(
        1, "it takes a matrix as one vector there", "norm(ravel({0}), {1})", hint="norm(x, ord, axis)"
    ),
    ("torch", "binary_cross_entropy"): Difference(
        0,
        "the first argument is a probability there",
        "-mean(({1})*log({0}) + (1 - ({1}))*log(1 - ({0})))",
    ),
    ("torch", "batch_norm"): Difference(
        1, "the second argument is a running mean there", hint="batch_norm(x, gamma, beta)"
    ),
    ("torch", "layer_norm"): Difference(
        1, "the second argument is a shape there", hint="layer_norm(x, gamma, beta) takes the last axis"
    ),
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


def callee(name: str) -> Callee | None:
    """Return what a library's name calls here, None where there is nothing of the kind."""
    for own in (name, TWINS.get(name, name)):
        found = CALLABLE[own] if own in BUILT_IN else CREATIONS.get(own)
        if found is not None and found is not INDEX:
            return found
    return None


def difference(dotted: str, count: int) -> Difference | None:
    """Return how `np.max(…)` with `count` arguments differs from `max(…)` here, if it does."""
    prefix, _, name = dotted.rpartition(".")
    found = DIFFERENCES.get((MODULES[prefix], name))
    return found if found is not None and count > found.most else None
