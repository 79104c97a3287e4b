"""`gradcalc gates`: the catalogue, and a page for each gate, read from the gates' own records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from gradcalc.commands import arguments, output
from gradcalc.commands.arguments import SortedCommand
from gradcalc.errors import UsageError, suggest, width
from gradcalc.gates import CALLABLE, FAMILIES, GATES, Gate, lookup
from gradcalc.gates.record import Edge, Kink
from gradcalc.report.values import in_words, option, options, whole

FLOWS = {
    "distributor": "passes the upstream gradient on to every input",
    "switcher": "gives each input the upstream gradient times the other input",
    "router": "sends the upstream gradient to the input that was taken, 0 to the others",
    "scaler": "multiplies the upstream gradient by its local gradient",
    "mixer": "every input's gradient depends on all of the output's",
}
"""What each flow does to the gradient on its way back."""

FLOWS_OF_ELEMENTS = FLOWS | {
    "distributor": "passes the upstream gradient on to every element",
    "router": "sends the upstream gradient to the elements that were taken, 0 to the others",
}
"""The same for gates between elements of arrays."""


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's interface
    return [name for name in CALLABLE if name.startswith(incomplete)]


HELP = """\
List the gates, or show the page of gate NAME.

A page has the gate's definition, its local gradients, its flow, its kinks, and what it keeps. Gates
between arrays have rules in place of local gradients, in which g is the upstream gradient.

\b
  gradcalc gates
  gradcalc gates sigmoid
  gradcalc gates matmul
  gradcalc gates --load my_gates.py
"""


@click.command("gates", cls=SortedCommand, help=HELP, short_help="List every gate, or show one gate's page.")
@click.argument("name", required=False, shell_complete=_complete)
@arguments.load
@click.option("-f", "--format", "format_", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How the catalogue is written.")  # fmt: skip
def command(name: str | None, format_: str) -> int:
    """List the gates, or show the page of gate NAME."""
    if format_ == "json":
        output.emit(
            [_json([brief(gate) for gate in GATES.values()] if name is None else [full(found(name))])]
        )
    else:
        output.emit(catalogue() if name is None else page(found(name)))
    return 0


def found(name: str) -> Gate:
    """Return the gate of that name, alias or infix symbol."""
    if not name:
        raise UsageError("the name of the gate is empty", hint="gradcalc gates lists them")
    symbol = "**" if name == "^" else name
    gate = lookup(name) or next((g for g in CALLABLE.values() if symbol in (g.infix, g.prefix)), None)
    if gate is None:
        near = suggest(name, CALLABLE)
        hint = f"did you mean '{near}'?" if near else "gradcalc gates lists them"
        raise UsageError(f"unknown gate '{name}'", hint=hint)
    return gate


def _json(gates: list[dict[str, Any]]) -> str:
    from gradcalc.report.json import SCHEMA

    return json.dumps({"schema": SCHEMA, "gates": gates}) + "\n"


def brief(gate: Gate) -> dict[str, Any]:
    """Return what the record itself says."""
    return {
        "name": gate.name,
        "family": next(family for family, gates in FAMILIES.items() if gate in gates),
        "signature": gate.signature,
        "aliases": list(gate.aliases),
        "infix": gate.infix or None,
        "elementwise": gate.elementwise,
        "options": options(gate.options),
        "flow": gate.flow,
        "keeps": list(gate.keeps),
        "domain": [d.text for d in gate.domain],
        "kinks": [_told(kink) for kink in gate.kinks],
        "expansion": gate.expansion or None,
        "doc": gate.doc,
    }


def _told(kink: Kink) -> dict[str, Any]:
    told = {name: x for name, x in kink._asdict().items() if name not in ("where", "static")}
    return told | {"options": options(kink.static)}


def full(gate: Gate) -> dict[str, Any]:
    """Return all of a gate's page: definition, local gradients or the rules of arrays, pinned values."""
    pinned = [_pinned(edge) for edge in gate.edges]
    if not gate.elementwise:
        return {
            **brief(gate),
            "definition": gate.means,
            "local": {},
            "arrives": rules(gate),
            "pinned": pinned,
        }
    definition, local = formulas(gate)
    return {**brief(gate), "definition": definition, "local": local, "arrives": {}, "pinned": pinned}


def _pinned(edge: Edge) -> dict[str, Any]:
    return {
        "inputs": [whole(_array(x)) for x in edge.inputs],
        "options": options(edge.static),
        "value": whole(_array(edge.value)),
        "local": [whole(_array(x)) for x in edge.local],
        "why": edge.why,
    }


def _array(x: Any) -> Any:
    """Return a pinned value's nested tuples as an array, a number as it is."""
    if not isinstance(x, tuple):
        return x
    import numpy as np

    return np.asarray(x, dtype=float)


def rules(gate: Gate) -> dict[str, str]:
    """Return how the gradient of each input comes from g, the upstream gradient."""
    return dict(zip(gate.parameters, gate.arrives, strict=True))


def formulas(gate: Gate) -> tuple[str, dict[str, str]]:
    """Return the definition and the local gradients as SymPy has them, in the language itself.

    Of a definition that SymPy cannot write down, which may be anybody's, what its record says of it.
    """
    import sympy

    from gradcalc.check.printer import to_text
    from gradcalc.check.slopes import has_formula
    from gradcalc.systems import symbol

    names = ("x", "y") if gate.variadic else gate.parameters
    if not has_formula(gate, len(names)):
        return gate.means, {}
    inputs = [sympy.Symbol(name, real=True) for name in names]
    value = sympy.sympify(gate.definition(symbol, *inputs))
    return to_text(value), {str(x): to_text(sympy.diff(value, x)) for x in inputs}


# As text.


def catalogue() -> Iterator[str]:
    """Yield the list of gates by family."""
    columns = output.options().width
    signature = max(width(written(gate)) for gates in FAMILIES.values() for gate in gates)
    signature = min(signature, 30)
    for family, gates in FAMILIES.items():
        yield f"{family}\n"
        for gate in gates:
            flow = (gate.flow or "").ljust(len("distributor"))
            line = f"  {written(gate).ljust(signature)}  {flow}  {first_sentence(gate.doc)}"
            yield (line if columns is None else _cut(line, columns)) + "\n"
        yield "\n"
    yield "gradcalc gates NAME shows a gate's page: definition, local gradients, kinks.\n"


def written(gate: Gate) -> str:
    """Return how a gate is called, and the symbol that writes it."""
    symbol = gate.infix or gate.prefix
    return f"{gate.signature}   {symbol}" if symbol else gate.signature


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop."""
    return text.partition(". ")[0].rstrip(".")


def _cut(text: str, columns: int) -> str:
    dots = "…" if output.unicode() else "..."
    return text if width(text) <= columns else text[: columns - len(dots)].rstrip() + dots


def page(gate: Gate) -> Iterator[str]:
    """Yield a gate's page."""
    yield f"{gate.signature}\n  {gate.doc}".rstrip() + "\n\n"
    facts = [
        ("written", how_written(gate)),
        *(mathematics(gate) if gate.elementwise else means(gate)),
        ("keeps", ", ".join("its output" if name == "out" else name for name in gate.keeps) or "nothing"),
        *(("domain", d.text) for d in gate.domain),
        *(("jump" if k.jump else "kink", _kink(k)) for k in gate.kinks),
        ("same as", gate.expansion),
        *(("pinned", _edge(gate, edge)) for edge in gate.edges),
    ]
    before = ""
    for title, text in facts:
        if text:
            yield f"  {(title if title != before else '').ljust(14)}  {text}\n"
            before = title


def mathematics(gate: Gate) -> Iterator[tuple[str, str]]:
    """Yield the definition, the local gradients and the flow of an elementwise gate."""
    definition, local = formulas(gate)
    yield "definition", definition
    yield from (("local gradient", f"d/d{name} = {formula}") for name, formula in local.items())
    yield "flow", f"{gate.flow}: {FLOWS.get(gate.flow or '', '')}"


def means(gate: Gate) -> Iterator[tuple[str, str]]:
    """Yield the definition, the rules and the flow of a gate between elements of arrays."""
    yield "definition", gate.means
    yield from (("gradient", f"of {name}: {rule}") for name, rule in rules(gate).items())
    yield "gradient", "g is the upstream gradient"
    yield "flow", f"{gate.flow}: {FLOWS_OF_ELEMENTS.get(gate.flow or '', '')}"


def how_written(gate: Gate) -> str:
    """Return the ways to write a gate."""
    symbols = [gate.infix and f"x {gate.infix} y", gate.prefix and f"{gate.prefix}x"]
    calls = [gate.signature.replace(gate.name, name, 1) for name in (gate.name, *gate.aliases)]
    return ", ".join(filter(None, [*symbols, *calls]))


def _kink(kink: Kink) -> str:
    others = {"torch": kink.torch, "JAX": kink.jax, "TensorFlow": kink.tf}
    said = [f"{system} {answer}" for system, answer in others.items() if answer]
    return f"where {kink.text}: local gradient {kink.ours} here" + (f"; {', '.join(said)}" if said else "")


def _edge(gate: Gate, edge: Edge) -> str:
    given = [_value(x) for x in edge.inputs] + [
        f"{name}={option(name, x)}" for name, x in edge.static.items()
    ]
    local = ", ".join("none" if x is None else _value(x) for x in edge.local)
    word = "local gradient" if gate.elementwise else "gradient of its sum"
    return f"{gate.name}({', '.join(given)}) = {_value(edge.value)}, {word} {local}: {edge.why}"


def _value(x: Any) -> str:
    return in_words(_array(x), lambda number: f"{number:.6g}")
