"""The pipeline: text -> graph -> forward -> backward -> check -> result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

from gradcalc import backward as back
from gradcalc import forward as fore
from gradcalc.errors import NamingError, NumberError, ShapeError, suggest
from gradcalc.gates.record import Shape, shape_of
from gradcalc.graph import Graph, Value
from gradcalc.kinks import describe, kinked_nodes
from gradcalc.language import MAX_NODES, parse
from gradcalc.point import as_value
from gradcalc.result import Check, Kinked, Output, Result


def compute(
    program: str,
    point: Mapping[str, Value] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    max_nodes: int = MAX_NODES,
    spare: Collection[str] = (),
    upstream: Value = None,
    seed: int = 0,
    claims: Mapping[str, Value | str] | None = None,
    precision: str = "float64",
    closed_form: bool = True,
    expand: Sequence[str] | None = None,
    group: bool = False,
) -> Result:
    """Compute a program's value and gradients at a point, and prove them.

    program      text in the language: statements, the last of which is the output (a number)
    point        name -> number, nested list or array for the variables
    wrt          names of variables or statements to differentiate by; by default all the variables, and
                 the statements that claims are about
    check        whether to prove the gradients (imports SymPy); they are where anything is claimed
    rtol, atol   a gradient passes where |g - reference| <= max(rtol |reference|, atol)
    max_nodes    most nodes that the graph may have
    spare        names of the point that the program may lack
    upstream     the output's own gradient, of its shape; 1 by default, needed for an output that is an array
    seed         where the program's rand and randn begin
    claims       `value` or `grad_NAME` -> numbers, or a formula in the program's names, that it should equal
    precision    the format that the claims were computed in: its own rounding is allowed them
    closed_form  whether SymPy differentiates the whole expression too, while it is small
    expand       composite gates to write out as what they are made of; all of them for an empty list
    group        whether to show what a composite gate is made of as that one gate

    Returns a `Result`: values, gradients and their verdicts; every report is printed from it.

    Raises ProgramSyntaxError and NamingError for a text that is no program or names what is not
    there, TooLargeError beyond `max_nodes`, ShapeError where shapes do not fit, DomainError and
    NotFiniteError where a number that is not finite reaches the output or a gradient asked for. A
    wrong gradient is no error: it is in the result's verdict.

    >>> compute("(x + y)*z", {"x": -2, "y": 5, "z": -4}).gradients
    {'x': -4.0, 'y': -4.0, 'z': 3.0}

    Source: backpropagation as in CS231n (Stanford, 2017), lecture 4.
    """
    given = {name: as_value(name, value) for name, value in (point or {}).items()}
    graph = parse(program, given, max_nodes=max_nodes, seed=deepcopy(seed))
    refuse_unused(graph, [name for name in given if name not in spare])
    proves = check or bool(claims)  # a claim is held against references, never against our own rules
    wrt = _asked(graph, claims) if wrt is None and claims else wrt

    def run(graph: Graph, proving: bool) -> Result:
        return evaluate(
            graph, given, wrt=wrt, check=proves and proving, rtol=rtol, atol=atol, upstream=upstream,
            closed_form=closed_form,
        )  # fmt: skip

    result = run(graph, True) if expand is None and not group else _in_form(graph, expand, group, wrt, run)
    if not claims:
        return result
    from gradcalc.claims.judge import Terms, judge

    return replace(result, claims=judge(result, given, claims, seed, Terms(rtol, atol, precision), upstream))


def _asked(graph: Graph, claims: Iterable[str]) -> list[str]:
    """Return the variables, and the statements whose gradients are claimed."""
    from gradcalc.claims.names import differentiated

    return [*graph.variables, *(name for name in differentiated(claims) if name in graph.named)]


def _in_form(
    graph: Graph,
    expand: Sequence[str] | None,
    group: bool,
    wrt: Sequence[str] | None,
    run: Callable[[Graph, bool], Result],
) -> Result:
    from gradcalc.forms import Form, shown

    return shown(graph, Form(expand, group), [name for name in wrt or () if name in graph.named], run)


def evaluate(
    graph: Graph,
    point: Mapping[str, Value],
    *,
    wrt: Sequence[str] | None = None,
    check: bool = True,
    rtol: float = 1e-9,
    atol: float = 0.0,
    upstream: Value = None,
    closed_form: bool = True,
) -> Result:
    """Do what `compute` does for a graph that is parsed already."""
    asked = list(graph.variables if wrt is None else wrt)
    refuse_unknown(graph, asked)
    values = fore.forward(graph, point)
    start = starting_gradient(graph, values, upstream)
    gradients = _finite_gradients(graph, values, asked, start)
    start = None if upstream is None else start
    found = _proved(graph, values, gradients, asked, check, (rtol, atol), start, closed_form)
    shape = shape_of(values[graph.output])
    return Result(
        program=graph.text,
        graph=graph,
        values=values,
        adjoints=gradients,
        output=Output(_output_name(graph), graph.output, values[graph.output], shape),
        gradients={name: _present(gradients[graph.node(name)]) for name in asked},
        kinks=found.kinks,
        check=found.check,
        warnings=found.warnings,
    )


def _finite_gradients(
    graph: Graph, values: Sequence[Value], asked: Sequence[str], start: Value
) -> list[Value]:
    """Return the gradients; raise NumberError, with the form that stays finite, where anything is not."""
    try:
        fore.require_finite(graph, values)
        gradients = back.backward(graph, values, asked, start)
        back.require_finite(graph, values, gradients, asked)
    except NumberError as error:
        from gradcalc import stabler

        error.hint = stabler.hint(graph, values, error)
        raise
    return gradients


def starting_gradient(graph: Graph, values: Sequence[Value], upstream: Value) -> Value:
    """Return the output's own gradient, of its shape: 1 for a number, else it must be given."""
    return start_of(graph, shape_of(values[graph.output]), upstream)


def start_of(graph: Graph, shape: Shape, upstream: Value) -> Value:
    """Do what `starting_gradient` does for an output of that shape."""
    if upstream is None:
        if shape:
            raise back.no_number(graph, shape)
        return 1.0
    start = as_value("upstream", upstream)
    if shape_of(start) != shape:
        message = f"upstream has the shape {shape_of(start)}, but the output has {shape}"
        raise ShapeError(message, hint="they are the same: upstream is the output's own gradient")
    return start


class Found(NamedTuple):
    """What was found out about a result: proof, kinks, warnings."""

    check: Check | None
    kinks: Sequence[Kinked]
    warnings: Sequence[str]


def _proved(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    wrt: Sequence[str],
    check: bool,
    tolerances: tuple[float, float],
    upstream: Value,
    closed_form: bool,
) -> Found:
    if upstream is not None or not fore.are_scalar(set(graph.gates), values):
        return _proved_arrays(graph, values, gradients, wrt, check, tolerances, upstream, closed_form)
    if not check:
        return Found(None, describe(graph, values, kinked_nodes(graph, values)), ())
    from gradcalc.check import prove

    rtol, atol = tolerances
    return Found(*prove(graph, values, gradients, wrt, rtol=rtol, atol=atol, closed_form=closed_form))


def _proved_arrays(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    wrt: Sequence[str],
    check: bool,
    tolerances: tuple[float, float],
    upstream: Value,
    closed_form: bool,
) -> Found:
    from gradcalc.elements import kinks
    from gradcalc.shapes import surprises

    warnings = list(surprises(graph, [shape_of(x) for x in values]))
    if not check:
        return Found(None, kinks(graph, values), warnings)
    from gradcalc.check.arrays import prove

    rtol, atol = tolerances
    proof = prove(
        graph, values, gradients, wrt, rtol=rtol, atol=atol, upstream=upstream, closed_form=closed_form
    )
    return Found(proof.check, proof.kinks, [*warnings, *proof.warnings])


def _present(gradient: Value) -> Value:
    """Return a gradient that was asked for: every such node carries one."""
    assert gradient is not None
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
                hint=f"did you mean '{near}'?" if near else graph.listed(),
            )


def refuse_unknown(graph: Graph, names: Iterable[str]) -> None:
    """Raise NamingError for a name to differentiate by that is neither a variable nor a statement."""
    for name in names:
        graph.node(name)
