"""Markdown: the story under headings, a list item a wire."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.report import Options
from gradcalc.report.explain.story import Story, title
from gradcalc.report.markdown import ESCAPES
from gradcalc.report.markdown import write as tables


def write(story: Story, options: Options) -> Iterator[str]:
    """Yield the document; it ends with the gradients and their proof as a table."""
    yield "## Forward pass\n\nEach gate computes its value from its inputs.\n\n"
    for forward in story.forward:
        note = f" ({forward.note})" if forward.note else ""
        yield f"- {_plain(f'{title(forward.node)} {forward.equation}{note}')}\n"
    yield "\n## Backward pass\n\nFrom the output back, upstream × local along every wire.\n"
    for step in story.back:
        yield f"\n### {_plain(title(step.node))}\n\n{_plain(step.arrives)}\n"
        yield f"\n{_plain(step.flow)}\n" if step.flow else ""
        yield "\n" if step.wires else ""
        for wire in step.wires:
            said = "; ".join([f"to {title(wire.to)}: {wire.what}", *wire.why])
            yield f"- {_plain(said)}\n"
    if story.meaning:
        yield "\n## What the gradients say\n\n"
        yield from (f"- {_plain(sentence)}\n" for sentence in story.meaning)
    yield "\n"
    yield from tables(story.result, options._replace(nodes="none"))


def _plain(text: str) -> str:
    return text.translate(ESCAPES)
