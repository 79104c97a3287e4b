"""JSON, the contract with scripts: `"schema": "gradcalc/1"`, fields are only ever added.

A number that is not finite is the text "nan", "inf" or "-inf"; what was never computed is null.
Nodes stand one a line, so that a report of millions of nodes is never one string in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from gradcalc.errors import GradcalcError, Span
from gradcalc.report import Options, chosen
from gradcalc.result import Check, Entry, Kinked, Node, Result

SCHEMA = "gradcalc/1"


def write(result: Result, options: Options) -> Iterator[str]:
    """Write the report as one JSON object."""
    head = {
        "schema": SCHEMA,
        "program": result.program,
        "output": output(result),
        "gradients": numbers(result.gradients),
    }
    yield json.dumps(head)[:-1]
    if options.nodes != "none":
        yield from _nodes(chosen(result, options.nodes))
    tail = {
        "check": result.check and check(result.check),
        "kinks": [kink(k) for k in result.kinks],
        "warnings": list(result.warnings),
    }
    yield f", {json.dumps(tail)[1:]}\n"


def _nodes(rows: Iterable[Node]) -> Iterator[str]:
    yield ', "nodes": ['
    separator = "\n"
    for row in rows:
        yield separator + json.dumps(node(row))
        separator = ",\n"
    yield "\n]"


def error(problem: GradcalcError) -> str:
    """Return an error as JSON."""
    fields = {
        "kind": problem.kind,
        "message": problem.message,
        "span": problem.span and list(problem.span),
        "hint": problem.hint or None,
        "exit": problem.exit,
    }
    return json.dumps({"schema": SCHEMA, "error": fields}) + "\n"


def number(x: float | None) -> float | str | None:
    """Return a number as JSON can hold it."""
    return x if x is None or isfinite(x) else repr(float(x))


def numbers(named: Mapping[str, float | None]) -> dict[str, float | str | None]:
    """Return named numbers as JSON can hold them."""
    return {name: number(x) for name, x in named.items()}


def output(result: Result) -> dict[str, Any]:
    """Return the output's fields."""
    out = result.output
    return {"name": out.name, "node": out.node, "value": number(out.value), "shape": list(out.shape)}


def node(row: Node) -> dict[str, Any]:
    """Return a node's fields."""
    return {
        "id": row.id,
        "name": row.name,
        "expr": row.expr,
        "span": _span(row.span),
        "within": _span(row.within),
        "gate": row.gate.name,
        "inputs": list(row.inputs),
        "shape": list(row.shape),
        "value": number(row.value),
        "local": [number(x) for x in row.local],
        "gradient": number(row.gradient),
        "flow": row.gate.flow,
        "verdict": row.verdict,
        "reference": number(row.reference),
        "digits": row.digits,
        "reason": row.reason,
        "parts": [
            {
                "from": p.consumer,
                "upstream": number(p.upstream),
                "local": number(p.local),
                "gradient": number(p.gradient),
            }
            for p in row.parts
        ],
    }


def _span(span: Span | None) -> list[int] | None:
    return span and list(span)


def check(proof: Check) -> dict[str, Any]:
    """Return the proof's fields."""
    return {
        "verdict": proof.verdict,
        "method": proof.method,
        "rtol": proof.rtol,
        "atol": proof.atol,
        "gradients": {name: entry(e) for name, e in proof.gradients.items()},
        "first_wrong": proof.first_wrong,
        "reason": proof.reason,
        "finished": proof.finished,
    }


def entry(e: Entry) -> dict[str, Any]:
    """Return the fields of the check of one gradient."""
    return {
        "formula": e.formula,
        "reference": number(e.reference),
        "relative_error": number(e.relative_error),
        "digits": e.digits,
        "verdict": e.verdict,
        "reason": e.reason,
    }


def kink(k: Kinked) -> dict[str, Any]:
    """Return the fields of a kink or a jump."""
    return {
        "node": k.node,
        "text": k.text,
        "jump": k.jump,
        "branch": k.branch,
        "convention": k.convention,
        "left": numbers(k.left),
        "right": numbers(k.right),
        "others": dict(k.others),
    }
