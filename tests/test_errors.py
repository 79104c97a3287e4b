"""Carets, hints and did-you-mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import (
    CONTEXT,
    GradcalcError,
    ProgramSyntaxError,
    Span,
    UsageError,
    draw_caret,
    edit_distance,
    render,
    suggest,
    width,
)


def caret(source: str, start: int, end: int) -> str:
    return "\n".join(draw_caret(source, Span(start, end)))


@pytest.mark.parametrize(
    ("source", "span", "drawn"),
    [
        ("x + zz", (4, 6), "  x + zz\n      ^^"),
        ("x\n2y\nz", (2, 4), "  2y\n  ^^"),
        ("\tx + y", (3, 4), "   x + y\n     ^"),
        ("名前 + x", (5, 6), "  名前 + x\n         ^"),
        ("名前 + x", (0, 2), "  名前 + x\n  ^^^^"),
        ("e\N{COMBINING ACUTE ACCENT} + q", (5, 6), "  e\N{COMBINING ACUTE ACCENT} + q\n      ^"),
        ("x +", (3, 3), "  x +\n     ^"),
        ("x +\ny", (3, 4), "  x +\n     ^"),
        ("(x\ny)", (0, 5), "  (x\n  ^^"),
        ("x\ry*2\rz", (2, 3), "  y*2\n  ^"),
        ("x\r\nyz\r\n", (4, 5), "  yz\n   ^"),
        ("x\N{NO-BREAK SPACE}+ y", (4, 5), "  x + y\n      ^"),
        ("x\N{IDEOGRAPHIC SPACE}+ y", (4, 5), "  x  + y\n       ^"),
        ("x\0y", (1, 2), "  x\N{REPLACEMENT CHARACTER}y\n   ^"),
        ("", (0, 0), "  \n  ^"),
    ],
)
def test_the_caret_stands_under_the_place(source: str, span: tuple[int, int], drawn: str) -> None:
    assert caret(source, *span) == drawn


def test_a_long_line_is_cut_around_the_caret() -> None:
    source = "x" * 10_000 + "!" + "y" * 10_000
    line, carets = draw_caret(source, Span(10_000, 10_001))
    assert len(line) <= CONTEXT + 4
    assert line[carets.index("^")] == "!"
    assert line[2] == line[-1] == "…"


@given(st.text(), st.integers(0, 30), st.integers(0, 30))
def test_any_text_can_be_drawn(source: str, start: int, length: int) -> None:
    line, carets = draw_caret(source, Span(start, start + length))
    assert "\n" not in line + carets
    assert set(carets.strip()) == {"^"}
    assert line.isprintable()
    assert width(carets) <= width(line) + 2


def test_an_error_is_drawn_in_three_parts() -> None:
    error = ProgramSyntaxError("no", source="2x", span=Span(0, 2), hint="write 2*x")
    assert render(error) == "error: no\n  2x\n  ^^\nhint: write 2*x"
    assert render(UsageError("no")) == "error: no"


def test_every_error_has_a_kind_and_an_exit_of_its_own() -> None:
    classes = [GradcalcError, *GradcalcError.__subclasses__()]
    assert all(c.exit in (2, 3) for c in classes)
    assert len({c.kind for c in classes}) == len(classes)


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("zz", ["x", "z"], "z"),
        ("sigmod", ["sigmoid", "sign"], "sigmoid"),
        ("Sin", ["sin", "sign"], "sin"),
        ("lerning_rate", ["learning_rate"], "learning_rate"),
        ("form", ["from", "for"], "for"),
        ("sinn", ["sign", "sin", "sinh"], "sin"),
        ("", ["x", "σ"], None),
        ("x", ["y"], None),
        ("x1", ["y1"], None),
        ("x", ["X"], "X"),
        ("abc", ["xyz"], None),
        ("x", [], None),
        ("x" * 1_000_000, ["x" * 1_000_001], None),
    ],
)
def test_the_nearest_name_is_suggested(name: str, known: list[str], near: str | None) -> None:
    assert suggest(name, known) == near


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_edit_distance_is_symmetric_and_bounded(a: str, b: str) -> None:
    distance = edit_distance(a, b, 9)
    assert distance == edit_distance(b, a, 9) <= max(len(a), len(b))
    assert (distance == 0) == (a == b)
