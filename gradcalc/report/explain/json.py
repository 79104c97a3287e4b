"""JSON: the story's steps with their sentences, and the numbers of every wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gradcalc.report import Options
from gradcalc.report.explain.story import Forward, Step, Story
from gradcalc.report.json import SCHEMA, check, kink, numbers
from gradcalc.report.values import whole


def write(story: Story, options: Options) -> Iterator[str]:  # noqa: ARG001 - as every format
    """Yield the document."""
    result = story.result
    document = {
        "schema": SCHEMA,
        "program": result.program,
        "forward": [_forward(step) for step in story.forward],
        "backward": [_step(step) for step in story.back],
        "meaning": story.meaning,
        "gradients": numbers(result.gradients),
        "check": result.check and check(result.check),
        "kinks": [kink(found) for found in result.kinks],
        "warnings": list(result.warnings),
    }
    yield json.dumps(document) + "\n"


def _forward(step: Forward) -> dict[str, Any]:
    node = step.node
    about = {"id": node.id, "name": node.name, "expr": node.expr, "gate": node.gate.name}
    return {**about, "value": whole(node.value), "equation": step.equation, "note": step.note}


def _step(step: Step) -> dict[str, Any]:
    wires = [
        {
            "to": wire.to.id,
            "upstream": whole(wire.part.upstream),
            "local": whole(wire.part.local),
            "gradient": whole(wire.part.gradient),
            "what": wire.what,
            "why": list(wire.why),
        }
        for wire in step.wires
    ]
    node = step.node
    about = {"id": node.id, "name": node.name, "gradient": whole(node.gradient), "flow": node.gate.flow}
    return {**about, "arrives": step.arrives, "does": step.flow, "wires": wires}
