"""What is no suite, and how it is refused: each file of `refused/` is a test.

A file holds a suite and, behind a line `---`, its errors as people read them, each with its line.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcalc.errors import render
from gradcalc.report.suite.findings import drawn
from gradcalc.suites.cases import Settings
from gradcalc.suites.files import read
from gradcalc.suites.running import run

FILES = sorted((Path(__file__).parent / "refused").glob("*.txt"))


def parts(path: Path) -> tuple[str, str]:
    suite, _, expected = path.read_text("utf-8").rpartition("---\n")
    return suite, expected


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def refusal(request, tmp_path, monkeypatch):
    """Return the outcomes that are errors, and what is expected of them."""
    suite, expected = parts(request.param)
    monkeypatch.chdir(tmp_path)
    Path("suite.toml").write_text(suite, "utf-8")
    outcomes = run(read(["suite.toml"], Settings()))
    return [outcome for outcome in outcomes if outcome.error], expected


def told(errors):
    return "".join(f"{e.name}, line {e.line}: {drawn(e.error)}\n" for e in errors)


def test_a_bad_suite_is_refused_in_these_words(refusal):
    errors, expected = refusal
    assert told(errors) == expected


def test_messages_are_lower_case_sentences_without_a_full_stop(refusal):
    errors, _ = refusal
    for text in [e.error.message for e in errors]:
        assert not text[0].isupper()
        assert not text.endswith((".", "!", " "))
    assert all(e.exit() in (2, 3) for e in errors)


def test_the_caret_is_in_the_line_that_is_told(refusal):
    errors, _ = refusal
    suite = Path("suite.toml").read_text("utf-8")
    for e in errors:
        if e.error.span and e.error.source == suite:
            line = suite.splitlines()[e.line - 1] if suite else ""
            shown = render(e.error).splitlines()[1].strip().strip("…")
            assert re.sub(r"[\s�]", "", shown) in re.sub(r"\s", "", line)
