"""The reports of `explain`: both passes told in sentences, one file a format, loaded on use.

story      what is told: a step a node, a sentence a wire
slopes     what a gate's local gradient is called, in the program's names
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradcalc.report import Options, loaded
from gradcalc.report.explain.story import Story

FORMATS: dict[str, str] = {
    "text": "gradcalc.report.explain.text:write",
    "markdown": "gradcalc.report.explain.markdown:write",
    "latex": "gradcalc.report.explain.latex:write",
    "json": "gradcalc.report.explain.json:write",
}
"""Name of the format -> module:function."""

Writer = Callable[[Story, Options], Iterable[str]]


def writer(name: str) -> Writer:
    """Return the function that writes a format."""
    found: Writer = loaded(FORMATS[name])
    return found
