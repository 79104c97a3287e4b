"""Values in reports: numbers and arrays. People see small arrays whole and larger ones by their norm.

A value is a float or a NumPy array; NumPy itself is asked for only where there is an array.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import inf, isfinite, prod
from typing import Any

from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Value

SMALL = 8
"""Elements that people are shown one by one."""

DIGITS = 4
"""Significant digits of these facts about an array."""

NOTE = f"arrays of more than {SMALL} elements are shown by min, max and norm"


def is_small(x: Value) -> bool:
    """Whether an array is shown element by element; brackets around nothing count too."""
    return prod(max(size, 1) for size in shape_of(x)) <= SMALL


# For people.


def short(x: float, digits: int = 6) -> str:
    """Return a number for people: so many significant digits, no exponent where it is not needed."""
    text = f"{x:.{digits}g}"
    if "e" in text and 1 <= abs(x) < 1e9:
        text = f"{x:.0f}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def full(x: float | None) -> str:
    """Return every digit of a number; a whole one without `.0`."""
    if x is None:
        return "none"
    return repr(int(x)) if isfinite(x) and abs(x) < 1e15 and x == int(x) and str(x) != "-0.0" else repr(x)


def flat(x: Value, write: Callable[[float], str]) -> str:
    """Return an array on one line, numbers as `write` has them: `[[1, 2], [3, 4]]`. No zero has a sign."""
    texts = [write(number + 0.0) for number in x.ravel().tolist()]
    for axis in reversed(range(x.ndim)):
        size, count = x.shape[axis], prod(x.shape[:axis])
        texts = [f"[{', '.join(texts[k * size : (k + 1) * size])}]" for k in range(count)]
    return texts[0]


def in_rows(text: str) -> list[str]:
    """Return an array's line with its rows below each other, and their brackets aligned."""
    rank = len(text) - len(text.lstrip("["))
    broken = re.sub(r"\], (\[+)", lambda found: "],\n" + " " * (rank - len(found[1])) + found[1], text)
    return broken.split("\n")


def facts(x: Value) -> tuple[str, ...]:
    """Return what is said of a large array: its least and largest element, and its Euclidean norm."""
    if not x.size:
        return ("no elements",)
    low, high = float(x.min()), float(x.max())
    return f"min {short(low, DIGITS)}", f"max {short(high, DIGITS)}", f"norm {short(norm(x), DIGITS)}"


def norm(x: Value) -> float:
    """Return the Euclidean norm of all elements, which does not overflow before it must."""
    import numpy as np

    largest = float(np.max(np.abs(x)))
    if not isfinite(largest) or largest == 0:
        return largest
    return largest * float(np.linalg.norm((x / largest).ravel()))


def digest(x: Value) -> str:
    """Return an array's shape and size on one line: `784x512  min -0.12 max 0.13 norm 22.4`."""
    shape = sizes(shape_of(x)) if x.ndim > 1 else f"{x.size} elements"
    return f"{shape}  {' '.join(facts(x))}"


def in_words(x: Value, write: Callable[[float], str]) -> str:
    """Return a value for people on one line: a number, a small array, or shape and norm of a larger one."""
    return brief(x, write) if is_small(x) else digest(x)


def brief(x: Value, write: Callable[[float], str]) -> str:
    """Return the same where the shape stands in a column of its own."""
    if not shape_of(x):
        return write(x)
    return flat(x, write) if is_small(x) else " ".join(facts(x))


def sizes(shape: Shape) -> str:
    """Return a shape as text: `2x3`."""
    return "x".join(map(str, shape))


# For machines.


def whole(x: Value) -> Any:
    """Return a value as JSON can hold it: nested lists, and texts for what is not finite."""
    if not shape_of(x):
        return x if x is None or isfinite(x) else repr(float(x))
    import numpy as np

    if np.isfinite(x).all():
        return x.tolist()
    texts = x.astype(object)
    for text in ("nan", "inf", "-inf"):
        texts[np.isnan(x) if text == "nan" else x == float(text)] = text
    return texts.tolist()


def compact(x: Value) -> str:
    """Return an array as JSON without spaces, for a cell of a table."""
    return json.dumps(whole(x), separators=(",", ":"))


# Options of gates.


def option(name: str, x: Any) -> str:
    """Return an option as it is written in a program; the key of an index has no brackets: `1:, ::-1`."""
    return ", ".join(map(_option, x)) if name == "key" else _option(x)


def options(static: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a gate as JSON can hold them; the key of an index and an infinity are text."""
    return {name: option(name, x) if name == "key" or x == inf else x for name, x in static.items()}


def _option(x: Any) -> str:
    if isinstance(x, tuple):
        return f"[{', '.join(map(_option, x))}]"
    return _slice(x) if isinstance(x, slice) else "..." if x is ... else str(x)


def _slice(places: slice) -> str:
    start, stop, step = ("" if x is None else str(x) for x in (places.start, places.stop, places.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
