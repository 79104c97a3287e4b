"""The reports of `check`: each is read back as its readers read it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import ProgramSyntaxError, Span
from gradcalc.report import Options
from gradcalc.report.suite import FORMATS, writer
from gradcalc.report.suite.github import MOST, summary
from gradcalc.result import Claim
from gradcalc.suites.outcome import Outcome, Tally, tally

WRONG = Claim("grad_x", "fail", -1.0, 1.0, 2.0, 0, "-y", "it is 1.0, but -1.0 was claimed", "wrong sign")
RIGHT = Claim("grad_y", "pass", 3.0, 3.0, 0.0, 17, "3")
ERROR = ProgramSyntaxError("unknown name 'z'", source="x*z", span=Span(2, 3), hint="did you mean 'x'?")

OUTCOMES = [
    Outcome("sigmoid neuron", "pass", "sigmoid(w*x)", "suite.toml", 4, [RIGHT], seconds=0.25),
    Outcome("product", "fail", "x*y", "suite.toml", 9, [RIGHT, WRONG], {"grad_x": (12, 3)}),
    Outcome("kinked", "undecided", "abs(x)", "suite.toml", 20, reason="a kink at #1 abs(x)"),
    Outcome("lost", "inaccurate", "1 - cos(x)", reason="2 digits hold"),
    Outcome("unread", None, "x*z", "suite.toml", 31, error=ERROR),
    Outcome("rows", "pass", "x*y", "rows.csv", count=1000),
]


def report(name: str, outcomes: Sequence[Outcome], strict: bool = False) -> str:
    count = Tally(strict)

    def counted() -> list[Outcome]:
        for outcome in outcomes:
            count.add(outcome)
        return list(outcomes)

    return "".join(writer(name)(counted(), count, Options()))


def test_the_last_line_counts() -> None:
    assert report("text", OUTCOMES[:2]).splitlines()[-1] == "1 passed, 1 failed"
    last = report("text", OUTCOMES).splitlines()[-1]
    assert last == "1001 passed, 1 failed, 1 inaccurate, 1 undecided, 1 error"


def test_text_says_what_is_wrong_and_where() -> None:
    text = report("text", OUTCOMES)
    assert "✗ fail: product (suite.toml:9)\n    claim grad_x = -y: fail" in text
    assert (
        "✗ error: unread (suite.toml:31)\n    unknown name 'z'\n      x*z\n        ^\n    hint: did you"
        in text
    )
    assert "✓ pass: rows (1,000 rows) (rows.csv)" in text


@pytest.mark.parametrize(
    ("outcomes", "strict", "code"),
    [
        (OUTCOMES, False, 2),
        (OUTCOMES[:4], False, 1),
        (OUTCOMES[2:4], False, 0),
        (OUTCOMES[2:4], True, 3),
        (OUTCOMES[:1], True, 0),
        ([], False, 0),
    ],
)
def test_the_exit_code_is_the_first_of_2_1_3(outcomes: list[Outcome], strict: bool, code: int) -> None:
    assert tally(outcomes, strict).exit == code


ANNOTATION = re.compile(r"::(error|warning) ((?:\w+=[^:,]*,?)+)::(.*)")


def unescaped(text: str) -> str:
    for escape, letter in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, letter)
    return text


def test_annotations_point_into_the_file() -> None:
    lines = report("github", OUTCOMES).splitlines()
    found = [ANNOTATION.fullmatch(line) for line in lines[:-1]]
    assert [f and f[1] for f in found] == ["error", "warning", "warning", "error"]
    assert found[0]
    assert found[0][2] == "file=suite.toml,line=12,col=3,title=fail%3A product"
    assert "wrong sign" in found[0][3] or "it is 1.0" in found[0][3]
    assert lines[-1] == "1001 passed, 1 failed, 1 inaccurate, 1 undecided, 1 error"


def test_what_strict_makes_a_failure_is_an_error() -> None:
    lines = report("github", OUTCOMES[2:4], strict=True).splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["::error", "::error"]


def test_messages_have_an_end() -> None:
    outcome = Outcome("long", "fail", "x", reason="y" * 1_000_000)
    assert len(report("github", [outcome])) < 3_000
    assert len("".join(summary([outcome], tally([outcome])))) < 3_000


@given(name=st.text(min_size=1), message=st.text(min_size=1), file=st.text(min_size=1))
def test_no_name_breaks_out_of_its_annotation(name: str, message: str, file: str) -> None:
    outcome = Outcome(name, "fail", "x", file, 3, reason=message)
    first, *others = report("github", [outcome]).splitlines()
    assert ANNOTATION.fullmatch(first)
    assert others == ["1 failed"]


def test_a_step_makes_ten_annotations_at_most() -> None:
    wrong = [Outcome(f"case {k}", "fail", "x", reason="off") for k in range(25)]
    lines = report("github", wrong).splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == MOST
    assert errors[-1] == f"::error title=gradcalc::{25 - MOST + 1} more: the step's summary lists them"
    told = "".join(summary(wrong, tally(wrong)))
    assert all(f"case {k} |" in told for k in range(25))


@given(st.text(min_size=1))
def test_the_summary_has_one_row_a_finding_whatever_the_name(name: str) -> None:
    outcome = Outcome(name, "fail", "x", reason=name)
    lines = "".join(summary([outcome], tally([outcome]))).split("\n")
    assert lines[0] == "### gradcalc check: 1 failed"
    assert [line.count("|") for line in lines[2:]] == [5, 5, 5, 0]


@given(st.text(), st.text())
def test_junit_is_valid_xml_whatever_it_holds(name: str, message: str) -> None:
    outcome = Outcome(name, "fail", "x", name, 3, reason=message)
    root = ElementTree.fromstring(report("junit", [outcome]).split("\n", 1)[1])  # noqa: S314 - our own
    assert root.find("testsuite/testcase/failure") is not None


def test_junit_tells_failures_from_errors() -> None:
    root = ElementTree.fromstring(report("junit", OUTCOMES).split("\n", 1)[1])  # noqa: S314 - our own
    suite = root.find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "1", "errors": "1", "skipped": "2",
    }  # fmt: skip
    strict = ElementTree.fromstring(report("junit", OUTCOMES, strict=True).split("\n", 1)[1])  # noqa: S314 - our own
    assert len(strict.findall("testsuite/testcase/failure")) == 3


def test_json_and_json_lines_say_the_same() -> None:
    whole = json.loads(report("json", OUTCOMES))
    lines = [json.loads(line) for line in report("jsonl", OUTCOMES).splitlines()]
    assert [line | {"schema": None} for line in lines[:-1]] == [
        o | {"schema": None} for o in whole["outcomes"]
    ]
    assert whole["totals"] == lines[-1]["totals"]
    assert whole["totals"]["passed"] == 1001
    assert whole["exit"] == lines[-1]["exit"] == 2
    assert whole["outcomes"][1]["claims"]["grad_x"]["diagnosis"] == "wrong sign"
    assert whole["outcomes"][4]["error"]["span"] == [2, 3]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_nothing_checked(name: str) -> None:
    assert report(name, [])
