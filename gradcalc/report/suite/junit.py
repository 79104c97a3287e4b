"""JUnit XML, as continuous integration reads it: a `testcase` an outcome.

What is wrong is a `failure`, an error an `error`; what is undecided is `skipped`, unless --strict
makes a failure of it. Source: the schema of Jenkins' xUnit plugin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

from gradcalc.report import Options
from gradcalc.report.suite.findings import file, findings
from gradcalc.suites.outcome import Outcome, Tally

FORBIDDEN = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What no XML 1.0 document may hold, escaped or not."""


def write(outcomes: Iterable[Outcome], tally: Tally, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the document, once all outcomes are there: its head has the counts."""
    suite = ElementTree.Element("testsuite", name="gradcalc")
    seconds = 0.0
    for outcome in outcomes:
        suite.append(_case(outcome, tally.strict))
        seconds += outcome.seconds
    for kind in ("failure", "error", "skipped"):
        plural = {"failure": "failures", "error": "errors"}.get(kind, kind)
        suite.set(plural, str(len(suite.findall(f"testcase/{kind}"))))
    suite.set("tests", str(len(suite)))
    suite.set("time", f"{seconds:.3f}")
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield ElementTree.tostring(suites, encoding="unicode") + "\n"


def _case(outcome: Outcome, strict: bool) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", name=legal(outcome.name), classname=legal(file(outcome) or "gradcalc")
    )
    case.set("time", f"{outcome.seconds:.3f}")
    if outcome.file not in ("", "-"):
        case.set("file", legal(outcome.file))
        case.set("line", str(outcome.line))
    found = [*findings(outcome)]
    if found:
        text = legal("\n".join(f"{finding.word}: {finding.text}" for finding in found))
        verdict = outcome.verdict or "error"
        detail = ElementTree.SubElement(
            case, _kind(outcome, strict), message=text.splitlines()[0], type=verdict
        )
        detail.text = text
    return case


def _kind(outcome: Outcome, strict: bool) -> str:
    if outcome.error is not None:
        return "error"
    return "failure" if outcome.exit(strict) else "skipped"


def legal(text: str) -> str:
    """Return a text as XML may hold it: any other character is written as its escape."""
    return FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
