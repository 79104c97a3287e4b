"""The story for a person at a terminal, or in a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.report import Options
from gradcalc.report import wording as say
from gradcalc.report.below import below, prose
from gradcalc.report.explain.story import Forward, Step, Story, title
from gradcalc.report.grid import Line, paint, width

INDENT = "    "


def write(story: Story, options: Options) -> Iterator[str]:
    """Yield the story."""
    return paint(lines(story, options), options.colour)


def lines(story: Story, options: Options) -> Iterator[Line]:
    """Yield its lines: forward, backward, what the gradients mean, and the proof."""
    signs = say.ASCII if options.ascii else say.UNICODE
    yield [("Forward pass: each gate computes its value from its inputs.", "head")]
    yield []
    for forward in story.forward:
        yield from _forward(forward, options.width)
    yield []
    yield [(f"Backward pass: from the output back, upstream {signs.times} local along every wire.", "head")]
    for step in story.back:
        yield []
        yield from _step(step, options.width, signs)
    yield []
    if story.meaning:
        yield [("What the gradients say", "head")]
        yield []
        for sentence in story.meaning:
            yield from prose(f"  {sentence}", options.width)
        yield []
    yield from below(story.result, options.width, signs)


def _forward(forward: Forward, columns: int | None) -> Iterator[Line]:
    text = f"  {title(forward.node)} {forward.equation}"
    note = f"   ({forward.note})" if forward.note else ""
    if columns is None or width(text + note) <= columns:
        yield [(text, "value"), (note.strip(), "dim")] if note else [(text, "value")]
        return
    yield from prose(text, columns, "value")
    if note:
        yield from prose(INDENT + note.strip(), columns, "dim")


def _step(step: Step, columns: int | None, signs: say.Signs) -> Iterator[Line]:
    yield from prose(f"  {title(step.node)}", columns, "head")
    yield from prose(f"{INDENT}{step.arrives}", columns, "gradient")
    if step.flow:
        yield from prose(f"{INDENT}{step.flow}", columns, "dim")
    arrow = "->" if signs is say.ASCII else "→"
    for wire in step.wires:
        yield from prose(f"{INDENT}{arrow} {title(wire.to)}: {wire.what}", columns)
        for why in wire.why:
            yield from prose(f"{INDENT}   {why}", columns, "dim")
