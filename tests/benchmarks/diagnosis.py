"""Diagnosis: how often a planted mistake is named, as a confusion matrix, and how long that takes.

python -m tests.benchmarks.diagnosis [--programs 600]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gradcalc.claims.diagnosis import best, candidates
from gradcalc.language import parse
from gradcalc.pipeline import evaluate
from tests.claims.planted import (
    KINDS,
    Gradients,
    Planted,
    Tape,
    array_tape,
    consistent,
    planted,
    same,
    scalar_tape,
    wrong_names,
)

NAMED = (*KINDS, "slope", "either", "mixed", "none")
"""What may come out: a kind, one of two ("either"), several for several claims ("mixed"), or none."""

Matrix = Counter[tuple[str, str]]


class Claims(NamedTuple):
    """How gradients are claimed: with how many digits, and of all variables or of one."""

    title: str
    rtol: float = 1e-9
    written: Callable[[object], object] = lambda g: g
    one: bool = False


CLAIMS = (
    Claims("of all variables, in float64"),
    Claims("of one variable, in float64", one=True),
    Claims("of all variables, printed with 6 digits", 5e-6, np.vectorize(lambda g: float(f"{g:.6g}"))),
    Claims("of all variables, in float32", 1e-6, np.float32),
    Claims("of all variables, in float16", 2e-3, np.float16),
)


class Trial(NamedTuple):
    """A planted mistake, the kinds that are consistent with it, what was named, nodes and seconds.

    `offered` says whether the planted kind is the one named or among those that fit as well.
    """

    planted: str
    consistent: set[str]
    named: str
    offered: bool
    nodes: int
    seconds: float


def trials(claims: Claims, programs: int) -> Iterator[Trial]:
    rng = random.Random(1)
    for number in range(programs):
        tape = (scalar_tape, array_tape)[number % 2](rng)
        mistakes = planted(tape)
        for kind in (*KINDS, "none"):
            wrong = [p.gradients for p in mistakes if p.kind == kind]
            wrong = [by_chance(rng, tape)] if kind == "none" else wrong
            if wrong:
                yield trial(tape, kind, claimed(rng, tape, rng.choice(wrong), claims), claims.rtol, mistakes)


def by_chance(rng: random.Random, tape: Tape) -> Gradients:
    right = tape.backward(tape.forward())
    name = rng.choice(list(right))
    return {**right, name: right[name] * rng.uniform(1.02, 1.9)}


def claimed(rng: random.Random, tape: Tape, wrong: Gradients, claims: Claims) -> Gradients:
    right = tape.backward(tape.forward())
    names = [rng.choice(wrong_names(right, wrong))] if claims.one else list(wrong)
    return {name: np.asarray(claims.written(wrong[name]), float)[()] for name in names}


def trial(tape: Tape, kind: str, claims: Gradients, rtol: float, mistakes: Sequence[Planted]) -> Trial:
    result = evaluate(parse(tape.text, tape.point), tape.point, check=False)
    failed = wrong_names({name: result.gradients[name] for name in claims}, claims, rtol)
    start = time.perf_counter()
    found = candidates(result, claims, lambda x, y, _: same(x, y, rtol), failed)
    kinds = [tuple(fit.mistake for fit in best([fits])) or ("none",) for fits in found.values()]
    seconds = time.perf_counter() - start
    fitting = consistent(claims, mistakes, rtol) or {"none"}
    offered = all(kind in each for each in kinds)
    return Trial(kind, fitting, word(kinds), offered, len(result.graph), seconds)


def word(kinds: Sequence[tuple[str, ...]]) -> str:
    if any(len(each) > 1 for each in kinds):
        return "either"
    return kinds[0][0] if len(set(kinds)) == 1 else "mixed"


def share(matrix: Matrix, kinds: Sequence[str]) -> str:
    right, known = sum(matrix[k, k] for k in kinds), sum(n for (k, _), n in matrix.items() if k in kinds)
    return f"{right:,} of {known:,} = {right / max(1, known):.2%}"


def show(matrix: Matrix) -> None:
    print(f"{'':<11}" + "".join(f"{name:>11}" for name in NAMED))
    for kind in (*KINDS, "none"):
        row = [matrix[kind, name] for name in NAMED]
        print(f"{kind:<11}" + "".join(f"{count or '.':>11}" for count in row) + f"  {share(matrix, [kind])}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=int, default=400)
    programs = parser.parse_args().programs
    for claims in CLAIMS:
        found = list(trials(claims, programs))
        only = Counter((t.planted, t.named) for t in found if t.consistent == {t.planted})
        print(f"\nClaims {claims.title}: named right where only one mistake is consistent with the numbers:")
        print(
            f"  {share(only, KINDS)} (aim: 95 %); none that is known, and none named: {share(only, ['none'])}"
        )
        if claims is CLAIMS[0]:
            print("\nOnly one mistake is consistent: planted (down), named (across)\n")
            show(only)
            several = [t for t in found if len(t.consistent) > 1]
            offered = sum(t.offered for t in several)
            print(f"\nSeveral are consistent; in {offered} of {len(several)} the planted is among the best\n")
            show(Counter((t.planted, t.named) for t in several))
            seconds = [t.seconds * 1e3 for t in found if 15 <= t.nodes <= 25]
            print(
                f"\n{len(seconds):,} diagnoses of 15 to 25 nodes: median {statistics.median(seconds):.1f} ms",
                end=" ",
            )
            print(f"largest {max(seconds):.1f} ms (aim: 20 ms)")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
