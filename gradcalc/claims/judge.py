"""The verdict on claims at a point: what somebody says the output or a gradient is.

Claims are compared end to end with the references of the check. A claim may be off by the tolerances,
and always by the noise of the format that it was computed in: no correct computation can do better.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.compare import EXACT_DIGITS, SUBNORMAL_STEP, digits, relative_error
from gradcalc.check.precise import nearest_float
from gradcalc.check.unroll import index_text
from gradcalc.claims import printed
from gradcalc.claims.diagnosis import diagnose
from gradcalc.claims.names import GRADIENT, VALUE, differentiated
from gradcalc.claims.noise import Noise, noise
from gradcalc.claims.precision import DEFAULT, FORMATS
from gradcalc.claims.said import Said, UndecidedError, high_precision, numbers, refuse_unknown
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.result import VERDICTS, Claim, Entry, Result, Verdict

__all__ = ["Said", "Terms", "judge"]


class Terms(NamedTuple):
    """What a claim is held to.

    rtol, atol  it may be off by max(rtol |reference|, atol), of each entry
    precision   the format that it was computed in, whose own noise is allowed whatever the tolerances
    """

    rtol: float = 1e-9
    atol: float = 0.0
    precision: str = DEFAULT


def judge(
    result: Result,
    point: Mapping[str, Value],
    claims: Mapping[str, Said],
    seed: Any = 0,
    terms: Terms | None = None,
    upstream: Value = None,
) -> dict[str, Claim]:
    """Return the verdict on each claim: `value` or `grad_NAME` -> a formula's text, or numbers.

    result    the program at the point, with the gradients of all that is claimed, checked
    seed      where the program's own rand and randn begin
    upstream  the output's own gradient, None for 1

    Raises UsageError for a claim about something else, and the errors of a program for a formula
    that is none.
    """
    case = _Case(result, point, terms or Terms(), upstream)
    spoken = {}
    for name, said in claims.items():
        refuse_unknown(name, list(result.gradients))
        spoken[name] = case.heard(name, said, seed)
    found = {name: case.verdict(name, said, spoken[name]) for name, said in claims.items()}
    return case.diagnosed(found)


class Truth(NamedTuple):
    """What an entry of a claim is held against.

    number    the reference, an array of objects; nan where there is none
    left      at a kink the one-sided derivatives, nan elsewhere; None where no entry is at a kink
    right
    reason    why there is no reference where there is none
    """

    number: Any
    left: Any = None
    right: Any = None
    reason: str = ""


class _Case:
    """The claims on one result."""

    def __init__(self, result: Result, point: Mapping[str, Value], terms: Terms, upstream: Value) -> None:
        self.result, self.point, self.terms, self.upstream = result, point, terms, upstream

    def heard(self, name: str, said: Said, seed: Any) -> Any:
        """Return what is said as numbers; the reason where no precision tells a formula's."""
        try:
            return numbers(self.result.graph, self.point, name, said, deepcopy(seed))
        except UndecidedError as error:
            return str(error)

    # What a claim is held against.

    def truth(self, name: str) -> Truth:
        """Return what a claim of that name is held against."""
        if name == VALUE:
            try:
                return Truth(high_precision(self.result.graph, self.point))
            except UndecidedError as error:
                return Truth(np.full(self.result.output.shape, np.nan, object), reason=str(error))
        gradient = name.removeprefix(GRADIENT)
        check = self.result.check
        entry = None if check is None else check.gradients[gradient]
        return _of_entry(entry, self.result.gradients[gradient])

    @cached_property
    def noise(self) -> Noise:
        """The noise of the format."""
        result, names = self.result, list(self.result.gradients)
        return noise(result.graph, result.values, names, self.upstream, FORMATS[self.terms.precision])

    def allowed(self, name: str) -> Any:
        """Return by how much each entry may be off because of the format."""
        own = self.noise.value if name == VALUE else self.noise.gradients[name.removeprefix(GRADIENT)]
        return np.asarray(own, dtype=float)

    # Verdicts.

    def verdict(self, name: str, said: Said, spoken: Any) -> Claim:
        """Return the verdict on a claim: that of its worst entry."""
        formula = said if isinstance(said, str) else None
        if isinstance(spoken, str):
            return Claim(name, "undecided", formula=formula, reason=spoken)
        truth = self.truth(name)
        reference, claimed = _rounded(truth.number), _rounded(spoken)
        found = Claim(name, "fail", _plain(claimed), _plain(reference), formula=formula)
        if spoken.shape != truth.number.shape:
            reason = f"it has the shape {spoken.shape}, but should have {truth.number.shape}"
            return replace(found, reason=reason)
        verdicts = self._entries(name, claimed, reference, truth)
        worst: Verdict = max(verdicts.flat, key=VERDICTS.index, default="pass")
        known = np.flatnonzero(~np.isnan(reference))
        pairs = [(claimed.flat[k], truth.number.flat[k]) for k in known]
        found = replace(
            found,
            verdict=worst,
            relative_error=max((relative_error(x, t) for x, t in pairs), default=None),
            digits=min(
                (digits(x, t) for x, t in pairs), default=EXACT_DIGITS if not reference.size else None
            ),
        )
        return self._told(found, said, verdicts, truth)

    def _entries(self, name: str, claimed: Any, reference: Any, truth: Truth) -> Any:
        """Return the verdict on each entry, an array of their shape."""
        verdicts = np.where(self.within(claimed, reference), "pass", "fail").astype(object)
        doubtful = verdicts == "fail"
        if np.any(doubtful & np.isfinite(claimed) & np.isfinite(reference)):
            allowed = self.allowed(name)
            verdicts[np.abs(claimed - reference) <= allowed] = "pass"
            verdicts[doubtful & np.isinf(allowed) & np.isfinite(claimed)] = "undecided"
        verdicts[np.isnan(reference)] = "undecided"
        if truth.left is not None:
            kinked = ~(np.isnan(truth.left) | np.isnan(truth.right)) & np.isnan(reference)
            inside = self.between(claimed, truth.left, truth.right)
            verdicts[kinked] = np.where(inside, "pass", "fail")[kinked]
        return verdicts

    def within(self, claimed: Any, reference: Any) -> Any:
        """Whether each number is within the tolerances."""
        rtol, atol = self.terms.rtol, self.terms.atol
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = np.maximum(np.maximum(rtol * np.abs(reference), atol), SUBNORMAL_STEP)
            near = np.isfinite(claimed) & np.isfinite(reference) & (np.abs(claimed - reference) <= allowed)
        return near | (claimed == reference)

    def between(self, claimed: Any, left: Any, right: Any) -> Any:
        """Whether each number is between two, or within the tolerances of one of them."""
        low, high = np.minimum(left, right), np.maximum(left, right)
        return ((low <= claimed) & (claimed <= high)) | self.within(claimed, low) | self.within(claimed, high)

    # Words.

    def _told(self, found: Claim, said: Said, verdicts: Any, truth: Truth) -> Claim:
        """Return a claim with the reason of its verdict."""
        claimed, reference = np.asarray(found.claimed), np.asarray(found.reference)
        if found.verdict == "pass":
            return replace(found, reason=self._excuse(claimed, reference, truth))
        at = _worst_place(verdicts, found.verdict, claimed, reference)
        place = f"at {index_text(map(int, np.unravel_index(at, verdicts.shape)))} " if verdicts.shape else ""
        number = float(claimed.flat[at])
        if found.verdict == "undecided":
            why = (
                truth.reason
                or f"{self.terms.precision} cannot tell it here: rounding alone may change it all"
            )
            return replace(found, reason=place + why)
        if np.isnan(reference.flat[at]):
            sides = f"{truth.left.flat[at]!r} from the left and {truth.right.flat[at]!r} from the right"
            reason = (
                f"{place}at a kink: the derivative is {sides}, but {number!r} was claimed, outside of both"
            )
            return replace(found, reason=reason)
        reason = f"{place}it is {float(reference.flat[at])!r}, but {number!r} was claimed"
        return printed.excused(replace(found, reason=reason), said, verdicts == "fail")

    def _excuse(self, claimed: Any, reference: Any, truth: Truth) -> str:
        """Return what a pass owes to a kink or to an absolute tolerance; nothing where it owes nothing."""
        told = []
        if np.isnan(reference).any():
            told.append(f"a valid subgradient: {truth.reason}")
        if self.terms.atol:
            relative = _Case(self.result, self.point, self.terms._replace(atol=0.0), self.upstream)
            count = int(np.sum(~(relative.within(claimed, reference) | np.isnan(reference))))
            told += (
                [f"within atol {self.terms.atol:g} alone: {count} of {claimed.size} entries"] if count else []
            )
        return "; ".join(told)

    # What the mistake may be.

    def diagnosed(self, found: Mapping[str, Claim]) -> dict[str, Claim]:
        """Return the claims, with the mistake that fits those that fail."""
        result = self.result
        failed = [
            name
            for name, claim in found.items()
            if claim.verdict == "fail" and name != VALUE and not claim.hint
        ]
        if not failed or (result.check is not None and result.check.verdict == "fail"):
            return dict(found)
        claims = {n: c.claimed for n, c in found.items() if n != VALUE and np.isfinite(c.claimed).all()}
        gradients = {name.removeprefix(GRADIENT): claimed for name, claimed in claims.items()}
        names = [name for name in differentiated(failed) if name in gradients]
        told = diagnose(result, self.point, gradients, self._close, names, self.upstream) if names else {}
        return {
            name: replace(
                claim, diagnosis=told.get(name.removeprefix(GRADIENT), "") if name in failed else ""
            )
            for name, claim in found.items()
        }

    def _close(self, candidate: Value, claim: Value, name: str) -> bool:
        """Whether a candidate is what was claimed, but for rounding and the digits that were printed."""
        x, y = np.asarray(candidate, dtype=float), np.asarray(claim, dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            near = self.within(y, x) | (
                np.abs(x - y) <= np.maximum(self._noise_of(name, x), printed.half_unit(y))
            )
        return bool(np.all(near))

    def _noise_of(self, name: str, candidate: Any) -> Any:
        """Return the noise of a candidate: of the right gradient's relative size, where it has its shape."""
        right = np.asarray(self.result.gradients[name], dtype=float)
        if right.shape != candidate.shape:
            return FORMATS[self.terms.precision].roundoff * np.abs(candidate)
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.max(self.allowed(GRADIENT + name) / np.abs(right), initial=0.0, where=right != 0)
        return min(float(relative), 1e-2) * np.abs(candidate)


def _of_entry(entry: Entry | None, gradient: Value) -> Truth:
    """Return what the check says a gradient is; what it proved, where it never computed one whole."""
    if entry is None:
        return Truth(np.asarray(gradient, dtype=object))
    if entry.reference is None and entry.verdict != "undecided":
        return Truth(np.asarray(gradient, dtype=object))
    reference = np.full(shape_of(gradient), np.nan) if entry.reference is None else entry.reference
    number = np.asarray(reference, dtype=object)
    if entry.verdict == "undecided" and entry.left is None and not shape_of(gradient):
        return Truth(np.full((), np.nan, object), reason=entry.reason)
    return Truth(number, entry.left, entry.right, entry.reason)


def _rounded(numbers_: Any) -> Any:
    """Return an array of objects as doubles."""
    return np.array([nearest_float(x) for x in numbers_.flat], dtype=float).reshape(numbers_.shape)


def _plain(numbers_: Any) -> Value:
    """Return an array as values are kept: a float for a number."""
    return numbers_ if numbers_.shape else float(numbers_)


def _worst_place(verdicts: Any, verdict: Verdict, claimed: Any, reference: Any) -> int:
    """Return the place, of those with a verdict, that is farthest off."""
    places = np.flatnonzero(verdicts == verdict).tolist()
    return int(max(places, key=lambda k: relative_error(float(claimed.flat[k]), float(reference.flat[k]))))
