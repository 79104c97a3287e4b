"""Forward and backward: values, gradients, and what happens where numbers are not nice."""

from __future__ import annotations

import math

import pytest

from gradcalc import forward
from gradcalc.backward import along_taken_wires, backward, backward_loop
from gradcalc.errors import DomainError, GradcalcError, NamingError, NotFiniteError, NumberError, render
from gradcalc.forward import forward_loop, never_computed
from gradcalc.gates import CONSTANT, GATES, VARIABLE, Gate
from gradcalc.graph import Graph, consumers, depends, violations
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.systems import real
from tests.programs import ELEMENTWISE, inner_point, single


def error(program: str, *, wrt: list[str] | None = None, **point: float) -> GradcalcError:
    with pytest.raises(GradcalcError) as caught:
        compute(program, point, wrt=wrt, check=False)
    return caught.value


@pytest.mark.parametrize(
    ("program", "point", "kind", "message"),
    [
        ("log(x)", {"x": -2.0}, DomainError, "log of -2 is not defined: log(x, base=e) needs x > 0"),
        ("1 + 1/x", {"x": 0.0}, DomainError, "1 / 0 is not defined: x / y needs y != 0"),
        ("asin(x)", {"x": 2.0}, DomainError, "asin of 2 is not defined"),
        ("atan2(x, y)", {"x": 0.0, "y": 0.0}, DomainError, "atan2 of 0, 0 is not defined"),
        ("x^0.5", {"x": -2.0}, DomainError, "(-2) ** 0.5 is not defined"),
        ("exp(x)", {"x": 800.0}, NotFiniteError, "exp of 800 is inf: too large for a float"),
        ("9**9**9**9", {}, NotFiniteError, "9 ** 387420489 is inf: too large for a float"),
        ("x*2", {"x": math.inf}, NotFiniteError, "'x' is inf, which is not a finite number"),
        ("x*2", {"x": math.nan}, NotFiniteError, "'x' is nan, which is not a finite number"),
        ("max(log(x), 1)", {"x": -1.0}, DomainError, "log of -1 is not defined"),
        ("where(log(x) > 0, 1, 2)", {"x": -1.0}, DomainError, "log of -1 is not defined"),
    ],
)
def test_the_first_node_that_is_not_finite_is_named(
    program: str, point: dict[str, float], kind: type[NumberError], message: str
) -> None:
    found = error(program, **point)
    assert type(found) is kind
    assert found.message.startswith(message)
    assert found.exit == 3


def test_the_caret_points_at_the_node() -> None:
    assert render(error("y + log(x - 3)*2", x=1.0, y=1.0)).splitlines()[1:] == [
        "  y + log(x - 3)*2",
        "      ^^^^^^^^^^",
    ]


def test_what_does_not_reach_the_output_is_no_error() -> None:
    result = compute("a = log(x); b = 1/y; x*2", {"x": -1.0, "y": 0.0}, check=False)
    assert (result.output.value, result.gradients) == (-2.0, {"x": 2.0, "y": 0.0})


def test_the_branch_not_taken_is_never_computed() -> None:
    result = compute("where(x > 0, log(x), 0)", {"x": -1.0}, check=False)
    assert (result.output.value, result.gradients["x"]) == (0.0, 0.0)
    assert {node.expr: node.value for node in result.nodes}["log(x)"] is None
    nested = parse("where(x > 0, log(x), where(x > -2, 5, sqrt(x)))", ["x"])
    skipped = never_computed(nested, nested.forward({"x": -1.0}))
    assert {nested.expr(node) for node in skipped} == {"log(x)", "sqrt(x)"}


@pytest.mark.parametrize(
    ("program", "x", "slope"),
    [
        ("max(sqrt(x), 1)", 0.0, 0.0),
        ("relu(log(x))", 1e-320, 0.0),
        ("where(x > 0, sqrt(x), 0)", 0.0, 0.0),
        ("clip(sqrt(x), 0.5, 1)", 0.0, 0.0),
        ("x + floor(sqrt(x))", 0.0, 1.0),
        ("x^2", -3.0, -6.0),
        ("x^0", 0.0, 0.0),
        ("abs(x)", 0.0, 0.0),
        ("sign(x)", 0.0, 0.0),
        ("round(x)", 0.5, 0.0),
        ("max(x, 0)", 0.0, 0.5),
        ("clip(x, 0, 1)", 1.0, 1.0),
    ],
)
def test_routers_send_nothing_elsewhere_and_conventions_hold(program: str, x: float, slope: float) -> None:
    assert compute(program, {"x": x}, check=False).gradients == {"x": slope}


def test_ties_are_shared_evenly() -> None:
    assert compute("max(x, y, z)", {"x": 1, "y": 1, "z": 1}, check=False).gradients == dict.fromkeys(
        "xyz", 1 / 3
    )


def test_a_gradient_that_is_not_finite_names_the_gate() -> None:
    found = error("y*sqrt(x)", x=0.0, y=2.0)
    assert found.message == "the gradient of 'x' is not finite: the slope of sqrt of 0 is infinite"
    assert found.hint == "the others are finite: --wrt y"
    assert compute("y*sqrt(x)", {"x": 0.0, "y": 2.0}, wrt=["y"], check=False).gradients == {"y": 0.0}


def test_a_negative_base_asks_for_wrt() -> None:
    found = error("x^n", x=-2.0, n=3.0)
    assert "'n'" in found.message
    assert found.hint == "the others are finite: --wrt x"
    assert compute("x^n", {"x": -2.0, "n": 3.0}, wrt=["x"], check=False).gradients == {"x": 12.0}


def test_the_others_are_held_fixed() -> None:
    result = compute("q = x*y; q*z", {"x": 2, "y": 3, "z": 5}, wrt=["q"], check=False)
    assert result.gradients == {"q": 5.0}
    assert [node.gradient for node in result.nodes if node.name in {"x", "y", "z"}] == [None] * 3


def test_constants_get_no_gradient() -> None:
    nodes = compute("2*x + 3^2", {"x": 1}, check=False).nodes
    assert {node.expr for node in nodes if node.gradient is None} == {"2", "3", "3^2"}


def test_wrt_names_must_exist() -> None:
    assert error("sine*2", wrt=["sin"], sine=1.0).hint == "did you mean 'sine'?"


def test_names_that_the_program_lacks_are_errors_unless_spare() -> None:
    found = error("weight*2", weight=1.0, weigth=2.0)
    assert isinstance(found, NamingError)
    assert found.hint == "did you mean 'weight'?"
    assert compute("x*2", {"x": 1, "k": 2}, check=False, spare=["k"]).gradients == {"x": 2.0}


def test_a_missing_value_is_named_by_the_graph_s_own_forward() -> None:
    with pytest.raises(NamingError, match="'y' has no value"):
        parse("x + y").forward({"x": 1.0})


def test_upstream_scales_every_gradient() -> None:
    graph = parse("x*y")
    assert backward(graph, graph.forward({"x": 2.0, "y": 3.0}), upstream=10.0) == [30.0, 20.0, 10.0]


def test_loops_are_written_once_for_a_set_of_gates() -> None:
    gates = (GATES["mul"], GATES["add"])
    assert forward_loop(gates) is forward_loop(gates)
    assert backward_loop(gates) is backward_loop(gates)


@pytest.mark.parametrize("gate", ELEMENTWISE, ids=lambda gate: gate.name)
def test_written_loops_do_what_the_gate_s_own_functions_do(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, point = single(gate), inner_point(gate, 4)
    unwritten = graph.forward(point)
    monkeypatch.setattr(forward, "WORTH", 0)
    values = graph.forward(point)
    assert values == unwritten
    node = graph.gates.index(gate)
    assert values[node] == gate.value(real, *(values[i] for i in graph.inputs[node]))
    carries = depends(graph, graph.variables.values())
    slow = along_taken_wires(graph, values, carries)
    assert backward(graph, values) == [g if c else None for g, c in zip(slow, carries, strict=True)]


def test_deep_and_long_graphs_need_no_stack() -> None:
    deep = compute("sin(" * 20_000 + "x" + ")" * 20_000, {"x": 0.5}, check=False)
    assert math.isfinite(deep.gradients["x"])
    assert compute(" + ".join(["x"] * 20_000), {"x": 1.0}, check=False).gradients == {"x": 20_000.0}


def test_helpers_on_a_small_graph() -> None:
    graph = parse("q = x + y; q*x")
    x, y, q, product = range(4)
    assert depends(graph, [y]) == [False, True, True, True]
    assert consumers(graph) == [[(q, 0), (product, 1)], [(q, 1)], [(product, 0)], []]
    assert graph.names() == {x: "x", y: "y", q: "q"}
    assert not list(violations(graph))


@pytest.mark.parametrize("program", ["2*max(x, 0, 1)", "2*max(0, x, 1)", "2*max(0, 1, x)", "2*clip(5, 0, x)"])
def test_gradient_flows_through_every_input(program: str) -> None:
    assert compute(program, {"x": 3.0}).gradients == {"x": 2.0}


def test_violations_are_found() -> None:
    graph = Graph()
    graph.add(VARIABLE)
    graph.add(GATES["add"], (0, 5))
    graph.add(GATES["sin"], (0, 1))
    graph.add(CONSTANT)
    graph.variables = {"x": 2}
    graph.output = 9
    graph.last.pop()
    found = "\n".join(violations(graph))
    for words in (
        "last has 3",
        "does not come before",
        "2 inputs to sin(x)",
        "constant, but",
        "variable x",
        "the output",
    ):
        assert words in found
