"""The suite of the lecture's worked examples: it passes, and would not if a figure were another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcalc.suites.cases import Settings
from gradcalc.suites.files import read
from gradcalc.suites.running import run_case

SUITE = Path(__file__).parent / "lecture.toml"
EXAMPLES = {"1", "2", "3", "4", "5", "6", "8", "9", "10", "11"}
"""Those with figures: the seventh is an interface."""


def cases(path=SUITE):
    return list(read([str(path)], Settings()))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_lecture_s_figures_pass(case):
    assert case.claims
    assert run_case(case).verdict == "pass"


def test_every_worked_example_is_there():
    assert {case.name.split()[0] for case in cases()} == EXAMPLES


PATTERN = re.compile(r"^(?:value|grad_\w+) = (-?[\d.]+)$", re.MULTILINE)
FIGURES = list(PATTERN.finditer(SUITE.read_text()))


@pytest.mark.parametrize("figure", FIGURES[::3], ids=lambda found: found[0])
def test_a_figure_that_is_3_percent_off_fails(figure, tmp_path):
    text = SUITE.read_text()
    wrong = tmp_path / "wrong.toml"
    start, end = figure.span(1)
    wrong.write_text(f"{text[:start]}{1.03 * float(figure[1])!r}{text[end:]}")
    line = text.count("\n", 0, start) + 1
    own = max((c for c in cases(wrong) if c.line <= line), key=lambda c: c.line)
    outcome = run_case(own)
    assert (outcome.verdict, outcome.line) == ("fail", line)
