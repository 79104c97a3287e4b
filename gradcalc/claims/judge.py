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
from gradcalc.check.voices import RULE
from gradcalc.claims import printed
from gradcalc.claims.diagnosis import Fit, candidates, common
from gradcalc.claims.names import GRADIENT, VALUE, differentiated
from gradcalc.claims.noise import Noise, noise
from gradcalc.claims.precision import DEFAULT, FORMATS
from gradcalc.claims.said import Said, UndecidedError, high_precision, numbers, refuse_unknown
from gradcalc.claims.subgradients import Sided, misfits
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.result import VERDICTS, Claim, Entry, Result, Verdict

__all__ = ["Said", "Terms", "judge", "mistakes", "verdicts", "with_diagnosis"]

ATOL_ALONE = "within atol"
"""How the reason of a pass begins that it owes to the absolute tolerance."""

ROUNDINGS = 4
"""Roundings that a one-sided derivative may have gone through."""

SINGLE, LIKELY = "float32", 64
"""The format that a claim may have been computed in without a word, and the roundings that make it likely."""

MOST_COMPARED = 1000
"""Entries of an array whose errors are told in high precision: those that are farthest off in doubles."""

FEW, TELLING = 2, 0.005
"""Numbers that are too few for digits to tell a mistake that they are not as near to as that, relatively."""


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
    found = case.verdicts(claims, seed)
    return with_diagnosis(found, common([case.mistakes(found)]))


def verdicts(
    result: Result,
    point: Mapping[str, Value],
    claims: Mapping[str, Said],
    seed: Any = 0,
    terms: Terms | None = None,
    upstream: Value = None,
) -> dict[str, Claim]:
    """Return what `judge` does, without asking what the mistake may be."""
    return _Case(result, point, terms or Terms(), upstream).verdicts(claims, seed)


def mistakes(
    result: Result,
    point: Mapping[str, Value],
    found: Mapping[str, Claim],
    terms: Terms | None = None,
    upstream: Value = None,
) -> dict[str, list[Fit]]:
    """Return for each claim that fails all the mistakes that fit, for `diagnosis.common` to choose from."""
    return _Case(result, point, terms or Terms(), upstream).mistakes(found)


def with_diagnosis(found: Mapping[str, Claim], told: Mapping[str, str]) -> dict[str, Claim]:
    """Return the claims with the diagnoses of those gradients that have one."""
    diagnoses = {GRADIENT + name: text for name, text in told.items()}
    return {name: replace(claim, diagnosis=diagnoses.get(name, "")) for name, claim in found.items()}


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
        self.sided: dict[str, Sided] = {}
        self.relative: dict[str, float] = {}

    def heard(self, name: str, said: Said, seed: Any) -> Any:
        """Return what is said as numbers; the reason where no precision tells a formula's."""
        try:
            return numbers(self.result.graph, self.point, name, said, deepcopy(seed))
        except UndecidedError as error:
            return str(error)

    def verdicts(self, claims: Mapping[str, Said], seed: Any) -> dict[str, Claim]:
        """Return the verdict on each claim; all are heard before any is judged."""
        spoken = {}
        for name, said in claims.items():
            refuse_unknown(name, list(self.result.gradients))
            spoken[name] = self.heard(name, said, seed)
        return self.together({name: self.verdict(name, said, spoken[name]) for name, said in claims.items()})

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
        found = Claim(
            name, "fail", _plain(claimed), _plain(reference), formula=formula,
            left=_side(truth.left), right=_side(truth.right),
        )  # fmt: skip
        if spoken.shape != truth.number.shape:
            reason = f"it has the shape {spoken.shape}, but should have {truth.number.shape}"
            return replace(found, reason=reason)
        verdicts = self._entries(name, claimed, reference, truth)
        worst: Verdict = max(set(verdicts.flat), key=VERDICTS.index, default="pass")
        known = _farthest(np.flatnonzero(~np.isnan(reference)), claimed, reference)
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
            verdicts[(np.abs(claimed - reference) <= allowed) & np.isfinite(claimed)] = "pass"
            verdicts[doubtful & np.isinf(allowed) & np.isfinite(claimed)] = "undecided"
        verdicts[np.isnan(reference)] = "undecided"
        if truth.left is not None:
            kinked = ~(np.isnan(truth.left) | np.isnan(truth.right)) & np.isnan(reference)
            inside = self.between(claimed, truth)
            verdicts[kinked] = np.where(inside, "pass", "fail")[kinked]
            ends = np.maximum(np.abs(truth.left), np.abs(truth.right))
            bend = np.abs(truth.right - truth.left)
            self.sided[name.removeprefix(GRADIENT)] = Sided(kinked & inside, claimed, self.slack(ends), bend)
        return verdicts

    def within(self, claimed: Any, reference: Any) -> Any:
        """Whether each number is within the tolerances."""
        rtol, atol = self.terms.rtol, self.terms.atol
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = np.maximum(np.maximum(rtol * np.abs(reference), atol), SUBNORMAL_STEP)
            near = np.isfinite(claimed) & np.isfinite(reference) & (np.abs(claimed - reference) <= allowed)
        return near | (claimed == reference)

    def between(self, claimed: Any, truth: Truth) -> Any:
        """Whether each number is between the one-sided derivatives, or no farther off than it may be."""
        low, high = np.minimum(truth.left, truth.right), np.maximum(truth.left, truth.right)
        return (claimed >= low - self.slack(low)) & (claimed <= high + self.slack(high))

    def slack(self, end: Any) -> Any:
        """Return by how much a number may be beyond the end of an interval."""
        roundoff = ROUNDINGS * FORMATS[self.terms.precision].roundoff
        return np.maximum(max(self.terms.rtol, roundoff) * np.abs(end), self.terms.atol)

    def together(self, found: Mapping[str, Claim]) -> dict[str, Claim]:
        """Return the claims; those that fail which are a subgradient each, but not together."""
        sided = {name: self.sided[name] for name in differentiated(found) if name in self.sided}
        told = {GRADIENT + name: said for name, said in misfits(self.result, sided, self.upstream).items()}
        return {
            name: replace(claim, verdict="fail", reason=told[name])
            if name in told and claim.verdict != "fail"
            else claim
            for name, claim in found.items()
        }

    # Words.

    def _told(self, found: Claim, said: Said, verdicts: Any, truth: Truth) -> Claim:
        """Return a claim with the reason of its verdict."""
        claimed, reference = np.asarray(found.claimed), np.asarray(found.reference)
        if found.verdict == "pass":
            return replace(found, reason=self._excuse(claimed, reference, truth))
        if found.verdict == "undecided":
            return replace(found, reason=self._doubt(verdicts, reference, truth))
        at = _worst_place(verdicts, found.verdict, claimed, reference)
        place = f"at {index_text(map(int, np.unravel_index(at, verdicts.shape)))} " if verdicts.shape else ""
        number = float(claimed.flat[at])
        if truth.left is not None and not np.isnan(truth.left.flat[at]):
            reason = place + self._beside(found.name, at, number, float(reference.flat[at]), truth)
            return replace(found, reason=reason)
        reason = f"{place}it is {float(reference.flat[at])!r}, but {number!r} was claimed"
        found = replace(found, reason=reason, voices=self._voices(found.name, at, reference))
        return self._by_single(printed.excused(found, said, verdicts == "fail"), said, verdicts == "fail")

    def _by_single(self, found: Claim, said: Said, wrong: Any) -> Claim:
        """Return a failing claim, with a hint where the rounding of float32 alone would explain it."""
        near = (found.relative_error or 1.0) <= LIKELY * FORMATS[SINGLE].roundoff
        if found.hint or not near or self.terms.precision != DEFAULT or not printed.is_numeric(said):
            return found
        single = _Case(self.result, self.point, self.terms._replace(precision=SINGLE), self.upstream)
        off = np.abs(np.asarray(found.claimed) - np.asarray(found.reference))
        if np.any((off > single.allowed(found.name)) & wrong):
            return found
        return replace(found, hint=f"--precision {SINGLE} would accept it")

    def _doubt(self, verdicts: Any, reference: Any, truth: Truth) -> str:
        """Return why a claim is undecided."""
        at = int(np.flatnonzero(verdicts == "undecided")[0])
        place = f"at {index_text(map(int, np.unravel_index(at, verdicts.shape)))} " if verdicts.shape else ""
        if not np.isnan(reference.flat[at]):
            return f"{place}{self.terms.precision} cannot tell it here: rounding alone may change it all"
        if truth.left is not None:  # other entries have both sides
            return f"{place}at a kink of which both sides are not known"
        return truth.reason

    def _beside(self, name: str, at: int, number: float, reference: float, truth: Truth) -> str:
        """Return why a number is wrong at a kink."""
        left, right = float(truth.left.flat[at]), float(truth.right.flat[at])
        if np.isnan(reference):
            sides = f"{left!r} from the left and {right!r} from the right"
            return (
                f"at a kink: the derivative is {sides}, but {number!r} was claimed, which is not between them"
            )
        said = f"it is {reference!r} from both sides of a kink, but {number!r} was claimed"
        ours = np.asarray(self.result.gradients[name.removeprefix(GRADIENT)])
        return f"{said}, as frameworks return by convention" if ours.flat[at] == number else said

    def _voices(self, name: str, at: int, reference: Any) -> dict[str, float]:
        """Return what each oracle says of an entry of a gradient."""
        check, gradient = self.result.check, name.removeprefix(GRADIENT)
        entry = None if name == VALUE or check is None else check.gradients[gradient]
        if entry is None or entry.verdict not in ("pass", "inaccurate"):
            return {} if entry is None else dict(entry.voices)
        ours = float(np.asarray(self.result.gradients[gradient]).flat[at])
        return {voice: ours if voice == RULE else float(reference.flat[at]) for voice in entry.voices}

    def _excuse(self, claimed: Any, reference: Any, truth: Truth) -> str:
        """Return what a pass owes to a kink or to an absolute tolerance; nothing where it owes nothing."""
        told = [_subgradient(reference, truth)] if np.isnan(reference).any() else []
        if self.terms.atol:
            relative = _Case(self.result, self.point, self.terms._replace(atol=0.0), self.upstream)
            count = int(np.sum(~(relative.within(claimed, reference) | np.isnan(reference))))
            told += (
                [f"{ATOL_ALONE} {self.terms.atol:g} alone: {count} of {claimed.size} entries"]
                if count
                else []
            )
        return "; ".join(told)

    # What the mistake may be.

    def mistakes(self, found: Mapping[str, Claim]) -> dict[str, list[Fit]]:
        """Return for each claim that fails the mistakes that fit."""
        result = self.result
        failed = [
            n for n, c in found.items() if c.verdict == "fail" and not c.hint and self._is_diagnosable(c)
        ]
        if not failed or (result.check is not None and result.check.verdict == "fail"):
            return {}
        claims = {n: c.claimed for n, c in found.items() if n != VALUE and np.isfinite(c.claimed).all()}
        gradients = {name.removeprefix(GRADIENT): claimed for name, claimed in claims.items()}
        names = [name for name in differentiated(failed) if name in gradients]
        return candidates(result, gradients, self._close, names, self.upstream) if names else {}

    def _is_diagnosable(self, claim: Claim) -> bool:
        """Whether a claim is wrong elsewhere than at kinks, where several numbers are right."""
        if claim.name == VALUE or claim.left is None:
            return claim.name != VALUE
        return not np.all(
            self.within(np.asarray(claim.claimed), np.asarray(claim.reference)) | ~np.isnan(claim.left)
        )

    def _close(self, candidate: Value, claim: Value, name: str) -> bool:
        """Whether a candidate is what was claimed, but for rounding and the digits that were printed."""
        x, y = np.asarray(candidate, dtype=float), np.asarray(claim, dtype=float)
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(x - y)
            far = ~(self.within(y, x) | (off <= self._noise_of(name, x)))
            most = printed.COARSEST if np.count_nonzero(y) > FEW else TELLING
            if not np.all(off[far] <= most * np.abs(y[far])):
                return False
        return bool(np.all(off[far] <= printed.half_unit(y[far])))

    def _noise_of(self, name: str, candidate: Any) -> Any:
        """Return the noise of a candidate: of the right gradient's relative size, where it has its shape."""
        if shape_of(self.result.gradients[name]) != candidate.shape:
            return FORMATS[self.terms.precision].roundoff * np.abs(candidate)
        return self._relative_noise(name) * np.abs(candidate)

    def _relative_noise(self, name: str) -> float:
        """Return the largest noise of a gradient's entry, relative to it, but no more than 1 %."""
        if name not in self.relative:
            right = np.asarray(self.result.gradients[name], dtype=float)
            with np.errstate(invalid="ignore", divide="ignore"):
                noises = self.allowed(GRADIENT + name) / np.abs(right)
            self.relative[name] = min(float(np.max(noises, initial=0.0, where=right != 0)), 1e-2)
        return self.relative[name]


def _of_entry(entry: Entry | None, gradient: Value) -> Truth:
    """Return what the check says a gradient is; what it proved, where it never computed one whole."""
    if entry is None:
        return Truth(np.asarray(gradient, dtype=object))
    if entry.reference is None and entry.verdict == "pass":
        return Truth(np.asarray(gradient, dtype=object))
    reference = np.full(shape_of(gradient), np.nan) if entry.reference is None else entry.reference
    number = np.asarray(reference, dtype=object)
    if entry.verdict == "undecided" and entry.left is None and not shape_of(gradient):
        return Truth(np.full((), np.nan, object), reason=entry.reason)
    if entry.left is None:
        return Truth(number, reason=entry.reason)
    return Truth(number, np.asarray(entry.left), np.asarray(entry.right), entry.reason)


def _subgradient(reference: Any, truth: Truth) -> str:
    """Return between which numbers a claim is that passes at a kink: those of the first entry there."""
    places = np.flatnonzero(np.isnan(reference))
    at = int(places[0])
    index = f"at {index_text(map(int, np.unravel_index(at, reference.shape)))} " if reference.shape else ""
    low, high = sorted((float(truth.left.flat[at]), float(truth.right.flat[at])))
    more = len(places) - 1
    others = f", and {more:,} more {'entry' if more == 1 else 'entries'} at a kink" if more else ""
    return f"a valid subgradient: {index}between {low:.6g} and {high:.6g}{others}"


def _rounded(numbers_: Any) -> Any:
    """Return an array of objects as doubles."""
    return np.array([nearest_float(x) for x in numbers_.flat], dtype=float).reshape(numbers_.shape)


def _plain(numbers_: Any) -> Value:
    """Return an array as values are kept: a float for a number."""
    return numbers_ if numbers_.shape else float(numbers_)


def _side(side: Any) -> Value:
    return None if side is None else _plain(side)


def _worst_place(verdicts: Any, verdict: Verdict, claimed: Any, reference: Any) -> int:
    """Return the place, of those with a verdict, that is farthest off."""
    places = _farthest(np.flatnonzero(verdicts == verdict), claimed, reference).tolist()
    return int(max(places, key=lambda k: relative_error(float(claimed.flat[k]), float(reference.flat[k]))))


def _farthest(places: Any, claimed: Any, reference: Any) -> Any:
    """Return the places that are farthest off, by relative errors in doubles; all where they are few."""
    if len(places) <= MOST_COMPARED:
        return places
    got, truth = claimed.flat[places], reference.flat[places]
    with np.errstate(all="ignore"):
        off = np.where(got == truth, 0.0, np.abs(got - truth) / np.abs(truth))
    return places[np.sort(np.argpartition(np.nan_to_num(off, nan=np.inf), -MOST_COMPARED)[-MOST_COMPARED:])]
