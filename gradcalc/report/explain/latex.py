"""LaTeX: the story in sections, a list item a wire. Needs amsmath."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcalc.report import Options
from gradcalc.report.explain.story import Story, title
from gradcalc.report.latex import ESCAPES
from gradcalc.report.latex import write as tables

SIGNS = str.maketrans({"×": r"$\times$"})


def write(story: Story, options: Options) -> Iterator[str]:
    """Yield the document's body; it ends with the gradients and their proof as a table."""
    yield "\\subsection*{Forward pass}\nEach gate computes its value from its inputs.\n"
    yield from _list(
        f"{title(step.node)} {step.equation}" + (f" ({step.note})" if step.note else "")
        for step in story.forward
    )
    yield "\\subsection*{Backward pass}\nFrom the output back, upstream $\\times$ local along every wire.\n"
    for step in story.back:
        yield f"\\paragraph{{{_plain(title(step.node))}}}\n{_plain(step.arrives)}.\n"
        yield f"{_plain(step.flow)}.\n" if step.flow else ""
        yield from _list("; ".join([f"to {title(w.to)}: {w.what}", *w.why]) for w in step.wires)
    if story.meaning:
        yield "\\subsection*{What the gradients say}\n"
        yield from _list(story.meaning)
    yield from tables(story.result, options._replace(nodes="none"))


def _list(items: Iterable[str]) -> Iterator[str]:
    lines = [f"\\item {_plain(item)}\n" for item in items]
    if lines:
        yield "\\begin{itemize}\n" + "".join(lines) + "\\end{itemize}\n"


def _plain(text: str) -> str:
    return text.translate(ESCAPES).translate(SIGNS)
