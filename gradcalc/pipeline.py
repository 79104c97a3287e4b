"""The pipeline: text -> graph -> forward -> backward -> check -> result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite

from gradcalc import backward as back
from gradcalc import forward as fore
from gradcalc.errors import NamingError, suggest
from gradcalc.graph import Graph
from gradcalc.kinks import describe, kinked_nodes
from gradcalc.language import parse
from gradcalc.result import Check, Kinked, Output, Result

MAX_NODES = 10_000_000


def compute(
    program: str,
    point: Mapping[str, float] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Collection[str] = (),
) -> Result:
    """Compute a program's value and gradients at a point, and prove them.

    program     text in the language: statements, the last of which is the output (a scalar)
    point       name -> number for the variables
    wrt         names of variables or statements to differentiate by; by default all the variables
    check       whether to prove the gradients (imports SymPy)
    rtol, atol  a gradient passes where |g - reference| <= max(rtol |reference|, atol)
    max_nodes   most nodes that the graph may have
    spare       names of the point that the program may lack

    Returns a `Result`: values, gradients and their verdicts; every report is printed from it.

    Raises ProgramSyntaxError and NamingError for a text that is no program or names what is not
    there, TooLargeError beyond `max_nodes`, DomainError and NotFiniteError where a number that is
    not finite reaches the output or a gradient asked for. A wrong gradient is no error: it is in
    the result's verdict.

    >>> compute("(x + y)*z", {"x": -2, "y": 5, "z": -4}).gradients
    {'x': -4.0, 'y': -4.0, 'z': 3.0}

    Source: backpropagation as in CS231n (Stanford, 2017), lecture 4.
    """
    given = {name: float(value) for name, value in (point or {}).items()}
    graph = parse(program, given, max_nodes=max_nodes)
    refuse_unused(graph, [name for name in given if name not in spare])
    return evaluate(graph, given, wrt=wrt, check=check, rtol=rtol, atol=atol)


def evaluate(
    graph: Graph,
    point: Mapping[str, float],
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
) -> Result:
    """Do what `compute` does for a graph that is parsed already."""
    asked = list(graph.variables if wrt is None else wrt)
    refuse_unknown(graph, asked)
    values = fore.forward(graph, point)
    fore.require_finite(graph, values)
    gradients = back.backward(graph, values, asked)
    back.require_finite(graph, values, gradients, asked)
    proof, kinks, warnings = _proved(graph, values, gradients, asked, check, rtol, atol)
    return Result(
        program=graph.text,
        graph=graph,
        values=values,
        adjoints=gradients,
        output=Output(_output_name(graph), graph.output, values[graph.output]),
        gradients={name: _number(gradients[graph.node(name)]) for name in asked},
        kinks=kinks,
        check=proof,
        warnings=warnings,
    )


def _proved(
    graph: Graph,
    values: Sequence[float],
    gradients: Sequence[float | None],
    wrt: Sequence[str],
    check: bool,
    rtol: float,
    atol: float,
) -> tuple[Check | None, Sequence[Kinked], Sequence[str]]:
    if not check:
        return None, describe(graph, values, kinked_nodes(graph, values)), ()
    from gradcalc.check import prove

    return prove(graph, values, gradients, wrt, rtol=rtol, atol=atol)


def _number(gradient: float | None) -> float:
    """Return a gradient that was asked for: every such node carries one."""
    assert gradient is not None
    assert isfinite(gradient)
    return gradient


def _output_name(graph: Graph) -> str | None:
    return graph.names().get(graph.output)


def refuse_unused(graph: Graph, names: Iterable[str]) -> None:
    """Raise NamingError for a name that was given a value and that the program lacks."""
    for name in names:
        if name not in graph.variables:
            near = suggest(name, graph.variables)
            raise NamingError(
                f"the program has no variable '{name}'",
                hint=f"did you mean '{near}'?" if near else _listed(graph),
            )


def refuse_unknown(graph: Graph, names: Iterable[str]) -> None:
    """Raise NamingError for a name to differentiate by that is neither a variable nor a statement."""
    known = {**graph.variables, **graph.named}
    for name in names:
        if name not in known:
            near = suggest(name, known)
            raise NamingError(
                f"there is no variable or statement '{name}' to differentiate by",
                hint=f"did you mean '{near}'?" if near else _listed(graph),
            )


def _listed(graph: Graph) -> str:
    names = ", ".join([*graph.variables][:8]) or "none"
    return f"its variables are {names}{', …' if len(graph.variables) > 8 else ''}"
