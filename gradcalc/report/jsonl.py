"""JSON lines: one node a line, with the fields that a node has in the JSON report."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gradcalc.report import Options, chosen
from gradcalc.report.json import node, wires
from gradcalc.result import Result


def write(result: Result, options: Options) -> Iterator[str]:
    """Write one line a node."""
    shared = wires(result)
    for row in chosen(result, options.nodes):
        yield json.dumps(node(row, shared)) + "\n"
