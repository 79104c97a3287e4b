"""Diagnosis: which of the usual mistakes turns the right gradients into those that were claimed.

Each mistake is made on purpose, and what comes out is compared with the claims. What explains all
the wrong claims at once, and leaves the right ones right, goes before what explains one; a plain
sign or factor goes before a slip at one node, and that before the same slip at every node.

    mistakes   the table of mistakes
    whole      those made with the finished gradients
    places     those made somewhere on the way back, slips
    slopes     gate by gate, the local gradients that people write instead
    altered    the backward pass with a slip in it
    case       what a diagnosis is about
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any, NamedTuple

from gradcalc.backward import backward
from gradcalc.claims.diagnosis.altered import Backward, Slip, Wire, wires_to
from gradcalc.claims.diagnosis.case import Case, Guess
from gradcalc.claims.diagnosis.mistakes import MISTAKES, Mistake, made_everywhere
from gradcalc.errors import GradcalcError
from gradcalc.forward import are_scalar
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value, depends
from gradcalc.point import as_value
from gradcalc.result import UNKNOWN, Result

MOST_NODES = 400
MOST_WORK = 50_000_000
"""Nodes, and elements times wires, up to which slips in the backward pass are tried."""

Close = Callable[[Value, Value, str], bool]
"""A candidate of the claim's shape, the claim, its name -> whether the check would call them equal."""


class Fit(NamedTuple):
    """A mistake that explains a wrong claim.

    explains  the wrong claims that it explains
    misses    how many claims, right and wrong, would be other numbers if it were the only mistake
    rank      how far-fetched it is; 0 is a plain sign or factor
    """

    mistake: str
    text: str
    explains: frozenset[str]
    misses: int
    rank: int

    @property
    def order(self) -> tuple[int, int, int]:
        """What explains the claims best comes first."""
        return self.misses, -len(self.explains), self.rank


def candidates(
    result: Result,
    claimed: Mapping[str, Value],
    close: Close,
    failed: Sequence[str],
    upstream: Value = None,
    right_here: Collection[str] = (),
) -> dict[str, list[Fit]]:
    """Return for each wrong claim all the mistakes that fit, for `common` to choose from.

    result      the program at a point, its gradients proved right
    claimed     name -> gradient that is claimed, the right ones among them
    close       whether a candidate, of the claim's shape, equals the claim of that name
    failed      the names whose claims are wrong
    upstream    the output's own gradient, where it is not 1
    right_here  the names among the failed whose claims are wrong at other points alone
    """
    found: dict[str, list[Fit]] = {name: [] for name in failed}
    with _quiet(result):
        case = _case(result, claimed, failed, upstream)._replace(right_here=right_here)
        for mistake, guess in _guesses(case):
            fit = _fit(case, mistake, guess, close)
            for name in fit.explains:
                found[name].append(fit)
    return found


def common(diagnoses: Sequence[Mapping[str, Sequence[Fit]]]) -> dict[str, str]:
    """Return for each wrong claim the mistake that fits at all the points at which it was diagnosed.

    It is a sentence: "factor 2 missing", or that none fits.
    """
    names = dict.fromkeys(name for found in diagnoses for name in found)
    return {name: _sentence([found[name] for found in diagnoses if name in found]) for name in names}


def _sentence(points: Sequence[Sequence[Fit]]) -> str:
    """Return the best explanation, or two of them where different mistakes are as good."""
    first, second, *_ = [*(fit.text for fit in best(points)), "", ""]
    return f"either {first} or {second}" if second else first or UNKNOWN


def best(points: Sequence[Sequence[Fit]]) -> list[Fit]:
    """Return the explanations that fit a claim best, of all that fit it at each point: one a mistake."""
    found: dict[str, Fit] = {}
    fits = sorted(_at_all(points), key=lambda fit: fit.order)
    for fit in fits:
        if fit.order == fits[0].order:
            found.setdefault(fit.mistake, fit)
    return list(found.values())


def _at_all(points: Sequence[Sequence[Fit]]) -> list[Fit]:
    """Return the explanations that fit at all points, each as good as it is where it is worst."""
    tables: list[dict[tuple[str, str], Fit]] = [{} for _ in points]
    for table, fits in zip(tables, points, strict=True):
        for fit in sorted(fits, key=lambda fit: fit.order):
            table.setdefault((fit.mistake, fit.text), fit)
    shared = [key for key in tables[0] if all(key in table for table in tables)]
    return [max((table[key] for table in tables), key=lambda fit: fit.order) for key in shared]


# Making the mistakes, and comparing.


def _case(result: Result, claimed: Mapping[str, Value], failed: Sequence[str], upstream: Value) -> Case:
    graph, values = result.graph, result.values
    start = 1.0 if upstream is None else as_value("upstream", upstream)
    names = list(dict.fromkeys([*graph.variables, *claimed]))
    gradients = backward(graph, values, names, start)
    right = {name: gradients[graph.node(name)] for name in names}
    case = Case(graph, values, start, right, claimed, failed)
    wires = wires_to(graph, claimed)
    if not _affordable(case, wires):
        return case
    blamed = depends(graph, [graph.node(name) for name in failed])
    places = [wire for node, leaving in enumerate(wires) if blamed[node] for wire in leaving]
    return case._replace(back=Backward(graph, values, wires, start), places=sorted(places))


def _affordable(case: Case, wires: Sequence[Sequence[Wire]]) -> bool:
    elements = sum(prod(shape_of(x)) for x in case.values)
    return len(case.graph) <= MOST_NODES and elements * sum(map(len, wires)) <= MOST_WORK


def _quiet(result: Result) -> AbstractContextManager[Any]:
    if are_scalar(set(result.graph.gates), result.values):
        return nullcontext()
    from gradcalc.systems import array

    quiet: AbstractContextManager[Any] = array.quiet()
    return quiet


def _guesses(case: Case) -> Iterator[tuple[Mistake, Guess]]:
    """Yield each mistake with the gradients that it would give."""
    for mistake in MISTAKES:
        for guess in mistake.guesses(case) if mistake.guesses else ():
            yield mistake, guess
        slips = list(mistake.slips(case)) if case.back else []
        for slip in [*slips, *made_everywhere(slips)]:
            yield mistake, Guess(slip.text, _made(case, slip), slip.rank)


def _made(case: Case, slip: Slip) -> dict[str, Value]:
    """Return the gradients that a slip changes; none where the shapes or the numbers do not allow it."""
    assert case.back is not None
    try:
        changed = case.back.after(slip)
    except (ArithmeticError, ValueError, GradcalcError):
        return {}
    nodes = {name: case.graph.node(name) for name in case.claimed}
    return {name: changed[node] for name, node in nodes.items() if node in changed}


def _fit(case: Case, mistake: Mistake, guess: Guess, close: Close) -> Fit:
    """Return how well a guess explains the claims; one that explains none is not judged further.

    What hardly differs from the right gradient explains nothing, however few digits a claim has, unless
    the claim is right at this point.
    """

    def matches(name: str) -> bool:
        return _same(guess.gradients[name], case.claimed[name], name, close)

    def differs(name: str) -> bool:
        return name in case.right_here or not _same(guess.gradients[name], case.right[name], name, close)

    wrong = [name for name in case.failed if name in guess.gradients]
    explains = frozenset(name for name in wrong if matches(name) and differs(name))
    misses = len(case.failed) - len(explains)
    if explains:
        others = [name for name in guess.gradients if name not in case.failed]
        misses += sum(not matches(name) for name in others)
    return Fit(mistake.name, guess.text, explains, misses, guess.rank)


def _same(candidate: Value, claim: Value, name: str, close: Close) -> bool:
    return shape_of(candidate) == shape_of(claim) and close(candidate, claim, name)
