"""The vote: what each oracle says of a gradient, and which of them dissents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mpmath import mpf

from gradcalc.check.precise import nearest_float

RULE, CLOSED, CHAIN, DIFFERENCE = "rule", "closed form", "gate by gate", "central difference"

DIGITS = {CLOSED: 15, CHAIN: 15, DIFFERENCE: 10}
"""Digits in which a reference must agree with another one; of two, the fewer."""

ARTICLES = {CHAIN: CHAIN} | {voice: f"the {voice}" for voice in (RULE, CLOSED, DIFFERENCE)}


def vote(voices: Mapping[str, Any], rtol: float, atol: float) -> str:
    """Return which voice says something else than most; nothing where all of them agree.

    voices  oracle -> what it says, in high precision
    rtol    the rule may be off by max(rtol |other|, atol)
    atol
    """
    parties: list[list[str]] = []
    for voice in voices:
        party = next((p for p in parties if _agree(voices, p[0], voice, rtol, atol)), None)
        if party is None:
            parties.append([voice])
        else:
            party.append(voice)
    if len(parties) < 2:
        return ""
    parties.sort(key=len, reverse=True)  # a stable sort: those that are as large stay in the voices' order
    numbers = _shown([voices[party[0]] for party in parties])
    said = [f"{_subject(party)} {number}" for party, number in zip(parties, numbers, strict=True)]
    if len(parties[0]) == len(parties[1]):
        return f"the voices are divided: {'; '.join(said)}"
    most = f"{len(parties[0])} of {len(voices)} voices say {numbers[0]} ({', '.join(parties[0])})"
    return "; ".join([most, *said[1:]])


def agreed(voices: Mapping[str, float]) -> str:
    """Return that all the voices say the same, to nine digits; nothing where not, or for one alone."""
    if len(voices) < 2 or vote(voices, 1e-9, 0.0):
        return ""
    number = next((x for voice, x in voices.items() if voice != RULE), next(iter(voices.values())))
    return f"{_listed(list(voices))} agree on {number:.6g}"


def _agree(voices: Mapping[str, Any], a: str, b: str, rtol: float, atol: float) -> bool:
    x, y = voices[a], voices[b]
    if nearest_float(x) == nearest_float(y):
        return True
    size = max(abs(x), abs(y))
    if RULE in (a, b):
        return bool(abs(x - y) <= max(rtol * size, atol))
    return bool(abs(x - y) <= mpf(10) ** -min(DIGITS[a], DIGITS[b]) * size)


def _shown(numbers: Sequence[Any]) -> list[str]:
    """Return numbers in six digits, or in all of a double where six do not tell them apart."""
    floats = list(map(nearest_float, numbers))
    short = [f"{x:.6g}" for x in floats]
    return short if len(set(short)) == len(short) else list(map(repr, floats))


def _subject(party: Sequence[str]) -> str:
    return f"{_listed([ARTICLES[voice] for voice in party])} {'says' if len(party) == 1 else 'say'}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
