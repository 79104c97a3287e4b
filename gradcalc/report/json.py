"""JSON, the contract with scripts: `"schema": "gradcalc/1"`, fields are only ever added.

A number that is not finite is the text "nan", "inf" or "-inf"; what was never computed is null. An
array is nested lists of numbers, with its shape beside it. What only arrays have stands where they
are: `options` at a gate that takes any, `arrives` and `summed` at a wire into an array, `elements` and
`count` at their kinks. The verdict on a gradient has `left` and `right` at a kink, and `voices` where it
is undecided or fails.
Nodes stand one a line, so that a report of millions of nodes is never one string in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradcalc.errors import GradcalcError, Span
from gradcalc.gates.record import shape_of
from gradcalc.graph import Value
from gradcalc.report import Options, chosen, values
from gradcalc.report.values import whole
from gradcalc.report.wording import ASCII, Wires
from gradcalc.result import Check, Claim, Entry, Kinked, Node, Part, Result

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
        yield from _nodes(chosen(result, options.nodes), wires(result))
    tail = {
        "check": result.check and check(result.check),
        "kinks": [kink(k) for k in result.kinks],
        "warnings": list(result.warnings),
    }
    if result.claims:
        tail["claims"] = {name: claim(c) for name, c in result.claims.items()}
    yield f", {json.dumps(tail)[1:]}\n"


def write_formulas(
    program: str, derivatives: Mapping[str, str], claims: Mapping[str, Claim]
) -> Iterator[str]:
    """Write the report on formulas that are claimed for all points: nothing is computed at one."""
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "program": program,
        "output": None,
        "gradients": {},
        "derivatives": dict(derivatives),
        "check": None,
        "kinks": [],
        "warnings": [],
        "claims": {name: claim(c) for name, c in claims.items()},
    }
    yield json.dumps(fields) + "\n"


def wires(result: Result) -> Wires:
    """Return what the wires of a report have in common."""
    return Wires(result, result.graph.names(), ASCII, 17)


def _nodes(rows: Iterable[Node], wires: Wires) -> Iterator[str]:
    yield ', "nodes": ['
    separator = "\n"
    for row in rows:
        yield separator + json.dumps(node(row, wires))
        separator = ",\n"
    yield "\n]"


def error(problem: GradcalcError) -> str:
    """Return an error as JSON."""
    return json.dumps({"schema": SCHEMA, "error": error_fields(problem)}) + "\n"


def error_fields(problem: GradcalcError) -> dict[str, Any]:
    """Return the fields of an error."""
    return {
        "kind": problem.kind,
        "message": problem.message,
        "span": problem.span and list(problem.span),
        "hint": problem.hint or None,
        "exit": problem.exit,
    }


def numbers(named: Mapping[str, Value]) -> dict[str, Any]:
    """Return named numbers and arrays as JSON can hold them."""
    return {name: whole(x) for name, x in named.items()}


def output(result: Result) -> dict[str, Any]:
    """Return the output's fields."""
    out = result.output
    return {"name": out.name, "node": out.node, "value": whole(out.value), "shape": list(out.shape)}


def node(row: Node, wires: Wires) -> dict[str, Any]:
    """Return a node's fields."""
    options = {"options": values.options(row.static)} if row.gate.static else {}
    return {
        "id": row.id,
        "name": row.name,
        "expr": row.expr,
        "span": _span(row.span),
        "within": _span(row.within),
        "gate": row.gate.name,
        "inputs": list(row.inputs),
        "shape": list(row.shape),
        "value": whole(row.value),
        "local": [whole(x) for x in row.local],
        "gradient": whole(row.gradient),
        "flow": row.gate.flow,
        "verdict": row.verdict,
        "reference": whole(row.reference),
        "digits": row.digits,
        "reason": row.reason,
        "parts": [part(p, k, wires) for p, k in zip(row.parts, wires.inputs(row), strict=True)],
        **options,
    }


def part(p: Part, k: int, wires: Wires) -> dict[str, Any]:
    """Return the fields of what arrives along a wire, which is input `k` of the consumer."""
    fields: dict[str, Any] = {
        "from": p.consumer,
        "upstream": whole(p.upstream),
        "local": whole(p.local),
        "gradient": whole(p.gradient),
    }
    if p.arrives or shape_of(p.upstream):
        fields |= {"arrives": p.arrives and wires.rule(p, k), "summed": list(p.summed)}
    return fields


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
        "reference": whole(e.reference),
        "relative_error": whole(e.relative_error),
        "digits": e.digits,
        "verdict": e.verdict,
        "reason": e.reason,
        **_sides(e),
        **({"voices": numbers(e.voices)} if e.voices and e.verdict in ("undecided", "fail") else {}),
    }


def _sides(found: Entry | Claim) -> dict[str, Any]:
    """Return the one-sided derivatives, where there is a kink."""
    return {} if found.left is None else {"left": whole(found.left), "right": whole(found.right)}


def claim(c: Claim) -> dict[str, Any]:
    """Return the fields of the verdict on a claim."""
    return {
        "claimed": whole(c.claimed),
        "formula": c.formula,
        "reference": whole(c.reference),
        "relative_error": whole(c.relative_error),
        "digits": c.digits,
        "verdict": c.verdict,
        "reason": c.reason,
        "diagnosis": c.diagnosis,
        "hint": c.hint,
        "voices": numbers(c.voices),
        **_sides(c),
    }


def kink(k: Kinked) -> dict[str, Any]:
    """Return the fields of a kink or a jump."""
    places = {"elements": [list(place) for place in k.elements], "count": k.count} if k.elements else {}
    return {
        "node": k.node,
        "text": k.text,
        "jump": k.jump,
        "branch": k.branch,
        "convention": k.convention,
        "left": numbers(k.left),
        "right": numbers(k.right),
        "others": dict(k.others),
        **places,
    }
