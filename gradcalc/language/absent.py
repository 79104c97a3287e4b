"""What arrays of other libraries have and this language has not, or writes in another way."""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.errors import GradcalcError
from gradcalc.language.mending import matching, quote, syntax, write
from gradcalc.language.tokens import Source

POSITION = "it has no gradient, as it is a position: max(x) and min(x) are the elements themselves"
ORDER = "no gate sorts: max(x) and min(x) are the ends, x[[2, 0, 1]] takes elements in an order of your own"

GATES: Mapping[str, str] = {
    "vstack": "concat(a, b, axis=0) joins matrices, stack(a, b) vectors",
    "hstack": "concat(a, b, axis=1) joins matrices, concat(a, b) vectors",
    "column_stack": "stack(a, b, axis=1) makes columns of vectors",
    "argmax": POSITION, "argmin": POSITION, "argsort": POSITION,
    "sort": ORDER, "sorted": ORDER, "median": ORDER,
    "einsum": "products of arrays are @, outer(x, y) and sum(x*y, axis=0)",
    "flip": "x[::-1] turns an axis round", "squeeze": "x[:, 0] takes away the axis 1",
    "expand_dims": "x[:, None] adds an axis", "unsqueeze": "x[:, None] adds an axis",
    "zeros_like": "0*x has the shape of x", "ones_like": "0*x + 1 has the shape of x",
    "array": "a list is an array: [1, 2]", "tensor": "a list is an array: [1, 2]",
    "seed": "--seed N decides what is drawn", "manual_seed": "--seed N decides what is drawn",
    "len": "a size is written as a number", "vdot": "dot(x, y) is a product of vectors",
    "inner": "dot(x, y) is a product of vectors", "swapaxes": "transpose(x, [0, 2, 1]) names all axes",
}  # fmt: skip
"""Names of functions of other libraries -> what to use instead."""

MEMBERS: Mapping[str, str] = {
    "t()": "{x}.T", "view": "reshape({x}, {given})", "permute": "transpose({x}, [{given}])",
    "pow": "{x}**({given})", "item()": "{x}", "detach()": "{x}", "numpy()": "{x}", "copy()": "{x}",
    "clone()": "{x}", "float()": "{x}", "double()": "{x}", "tolist()": "{x}", "contiguous()": "{x}",
    "unsqueeze(0)": "{x}[None]", "unsqueeze(1)": "{x}[:, None]", "unsqueeze(-1)": "{x}[..., None]",
}  # fmt: skip
"""Methods, some with what they are given -> what is written here."""

ABOUT: Mapping[str, str] = {
    "shape": "sizes are written as numbers", "size": "mean(x) divides by the number of elements",
    "numel": "mean(x) divides by the number of elements", "ndim": "a number of axes is written as one",
    "dim": "a number of axes is written as one", "grad": "gradients are what gradcalc computes",
    "backward": "gradients are what gradcalc computes", "dtype": "all numbers are doubles",
}  # fmt: skip
"""What arrays say of themselves -> what to do without it."""


def member(source: Source, first: int, end: int, i: int) -> GradcalcError | None:
    """Return the refusal of `x.t()` and `x.shape`, None for what no array has.

    The array has the tokens `first` to `end`, the name behind the point is token `i`.
    """
    name, called = source.tokens[i], source.tokens[i + 1] == "("
    last = max(i, matching(source, i + 1)) if called else i
    given = source.slice(i + 2, last - 1) if last > i + 2 else ""
    if name in ABOUT:
        return syntax(source, first, last, f"{quote(name)} of an array is no value here", ABOUT[name])
    mended = MEMBERS.get(f"{name}({given})") or (given and MEMBERS.get(name))
    if called and mended:
        text = mended.format(x=source.slice(first, end), given=given)
        return syntax(source, first, last, f"{quote(name)} is not in the language", write(text))
    return syntax(source, i, i, f"unknown gate {quote(name)}", GATES[name]) if name in GATES else None
