"""Names and numbers in LaTeX's mathematics: `w0` is `w_{0}`, `1e-08` is `10^{-8}`."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from math import isfinite

from gradcalc.graph import Value
from gradcalc.report.values import full

GREEK = frozenset(
    (
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
        "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
        "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
    )
)  # fmt: skip
"""The letters that LaTeX has a command for; the other Greek ones look like Latin ones."""

NAME = re.compile(r"([^\W\d_]+)([0-9]+)?((?:_[^\W_]+)*)")
"""A word, the digits that end it, and what stands behind underscores: `w0`, `x_max`, `w1_old`."""

EULER = r"\mathrm{e}"
"""A variable called e: the italic one is Euler's number, which `exp` is written with."""

CONSTANTS = {math.pi: r"\pi", math.e: "e", math.tau: r"\tau"}


def symbols(names: Iterable[str]) -> dict[str, str]:
    """Return each name's symbol; no two share one: where they would (`w0`, `w_0`), one stays as written."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    # A Greek letter comes before the name of one, since only the latter can be written out everywhere.
    for name in sorted(set(names), key=lambda name: (name.isascii(), name)):
        text = symbol(name)
        found[name] = written(name) if text in taken else text
        taken.add(found[name])
    return found


def symbol(name: str) -> str:
    """Return a name in LaTeX: digits and what follows underscores are subscripts, Greek names letters."""
    if name == "e":
        return EULER
    match = NAME.fullmatch(name)
    if match is None:
        return written(name)
    base = _word(match[1])
    below = [part for part in (match[2], *match[3].split("_")) if part]
    if not below:
        return base
    if base.startswith((r"\mathrm", r"\text")) and not all(map(str.isdecimal, below)):
        return written(name)  # learning_rate is two words, not one below the other
    return f"{base}_{{{','.join(map(_word, below))}}}"


def _word(text: str) -> str:
    if text in GREEK:
        return f"\\{text}"
    if text.isascii() and (len(text) == 1 or text.isdecimal()):
        return text
    return _greek(text) if len(text) == 1 and _greek(text) else written(text)


def written(name: str) -> str:
    r"""Return a name letter by letter, upright; letters that are neither Latin nor Greek need `\text`."""
    letters = [r"\_" if c == "_" else c if c.isascii() else _greek(c) and _greek(c) + " " for c in name]
    if all(letters):
        return rf"\mathrm{{{''.join(letters).rstrip()}}}"
    return r"\text{" + name.replace("_", r"\_") + "}"


def _greek(letter: str) -> str:
    """Return the command of a Greek letter, nothing for any other."""
    words = unicodedata.name(letter, "").replace("LAMDA", "LAMBDA").split()
    if words[:1] != ["GREEK"] or words[2:3] != ["LETTER"] or len(words) != 4:
        return ""
    command = words[3].lower() if words[1] == "SMALL" else words[3].capitalize()
    return f"\\{command}" if command in GREEK else ""


def number(x: float, taken: Iterable[str] = ()) -> str:
    """Return a number with every digit; pi, e and tau by letter unless these are `taken` by names."""
    letter = CONSTANTS.get(x)
    if letter and letter not in taken and EULER not in taken:
        return letter
    whole = isfinite(x) and x.is_integer() and abs(x) < 1e15
    return decimal(str(int(x)) if whole else repr(x))


def decimal(text: str) -> str:
    r"""Return a number's text in LaTeX: `1.5e-07` is `1.5 \cdot 10^{-7}`."""
    digits, _, exponent = text.partition("e")
    if not exponent:
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(digits, rf"{digits} \cdot {power}")


def matrix(x: Value, write: Callable[[float], str] = full) -> str:
    r"""Return a vector or a matrix: `\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`; a vector is one row."""
    rows = x.tolist() if len(x.shape) == 2 else [x.tolist()]
    lines = [" & ".join(decimal(write(number + 0.0)) for number in row) for row in rows]
    return r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}"
