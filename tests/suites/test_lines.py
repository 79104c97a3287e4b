"""Where the keys of a TOML text stand: whatever tomllib reads, each key is found at its own place."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.suites.lines import Path, Place, line, spans

KEYS = ["a", "b", "case", "x-1", "1e", "_", '"a.b"', "'x y'", '"é = \\" # ["', "'[['", '""', "case", "point"]
BLANKS = ["", " ", "\t", "  "]
COMMENTS = ["", "  # not = a key", "\t# [case] '''", ' # """']

# Each value has a number that stands nowhere else in the text, so that it is known which key is its own.
SCALARS = [
    "{n}",
    "+{n}",
    "{n}.5",
    '"{n} = [ \\" # "',
    "'{n} \" ] ='",
    '"""\n{n} = " "" [a]\n\\\n """""',
    "'''{n}\n'b = 2 '' '''",
]


class Writer:
    """Writes random statements, of which it keeps those that make a TOML text."""

    def __init__(self, draw: Any) -> None:
        self.draw, self.text, self.numbers = draw, "", itertools.count(100)

    def pick(self, choices: list[str]) -> str:
        return self.draw(st.sampled_from(choices))

    def key(self) -> str:
        parts = [self.pick(KEYS) for _ in range(self.draw(st.sampled_from([1, 1, 1, 2, 3])))]
        return f"{self.pick(BLANKS)}.{self.pick(BLANKS)}".join(parts)

    def value(self, depth: int = 0) -> str:
        kind = self.draw(st.integers(0, 3 if depth < 3 else 1))
        if kind < 2:
            return self.pick(SCALARS).format(n=next(self.numbers))
        count = self.draw(st.integers(0 if depth else 1, 3))
        if kind == 2:
            items = [self.value(depth + 1) for _ in range(count)]
            return "[" + "".join(f"{self.pick([' ', COMMENTS[1] + chr(10)])}{x}," for x in items) + "]"
        return "{" + ", ".join(f"{self.key()} = {self.value(depth + 1)}" for _ in range(count)) + " }"

    def statement(self) -> str:
        kind = self.draw(st.integers(0, 6))
        pad, end = self.pick(BLANKS), self.pick(COMMENTS) + "\n"
        if kind == 0:
            return f"{pad}[{pad}{self.key()}{pad}]{end}"
        if kind == 1:
            return f"{pad}[[{pad}{self.key()}{pad}]]{end}"
        if kind == 2:
            return end
        return f"{pad}{self.key()}{pad}={self.pick(BLANKS)}{self.value()}{end}"

    def add(self) -> None:
        longer = self.text + self.statement()
        try:
            tomllib.loads(longer)
        except tomllib.TOMLDecodeError:
            return
        self.text = longer


@st.composite
def documents(draw: Any) -> str:
    writer = Writer(draw)
    for _ in range(draw(st.integers(1, 12))):
        writer.add()
    return writer.text


def leaves(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the paths of all keys with what they hold."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key), value
            yield from leaves(value, (*path, key))
    if isinstance(data, list):
        for k, value in enumerate(data):
            yield from leaves(value, (*path, k))


def key_path(text: str) -> list[str]:
    """Return the names of a dotted key."""
    data, names = tomllib.loads(f"{text} = 0"), []
    while isinstance(data, dict):
        ((name, data),) = data.items()
        names.append(name)
    return names


@given(documents())
def test_every_key_is_found_at_its_own_place(text: str) -> None:
    found = spans(text)
    for path, value in leaves(tomllib.loads(text)):
        start, end = found[path]
        assert path[-1] in key_path(text[start:end])
        numbers = re.findall(r"\d{3,}", repr(value))
        if numbers and not isinstance(value, dict | list):
            assert re.search(r"\d{3,}", text[end:])[0] == numbers[0]


@given(documents())
def test_nothing_else_is_found(text: str) -> None:
    data = tomllib.loads(text)
    for path in spans(text):
        held = data
        for key in path:
            held = held[key]


def test_the_tables_of_an_array_have_their_own_places() -> None:
    text = "[[case]]\nx = 1\n\n  [[case]]\n[case.point]\nx = 2\n[[case.points]]\ny = [3,\n 4]\n"
    found = {path: line(text, span.start) for path, span in spans(text).items()}
    assert found["case", 0, "x"] == 2
    assert found["case", 1] == 4
    assert found["case", 1, "point", "x"] == 6
    assert found["case", 1, "points", 0, "y"] == 8


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("case", 0, "point", "x"), (2, 10)),
        (("case", 0, "points", 1, "y"), (3, 21)),
        (("case", 0, "gone"), (1, 3)),
        (("gone",), (1, 1)),
        ((), (1, 1)),
    ],
)
def test_a_place_is_the_nearest_that_is_there(path: Path, expected: tuple[int, int]) -> None:
    text = '[[case]]\npoint = {"x" = 1}\npoints = [{y = 1}, {y = 2}]\n'
    place = Place("suite.toml", text, spans(text)).at(*path)
    assert place.position == expected
