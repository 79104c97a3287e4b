"""Results to report: the lecture's first two examples, and what a result can hold besides."""

import pytest

from gradcalc.errors import Span
from gradcalc.gates import CONSTANT, GATES, VARIABLE
from gradcalc.graph import Graph
from gradcalc.pipeline import compute
from gradcalc.result import Check, Entry, Kinked, Output, Result

POINTS = {
    "three-gates": ("(x + y)*z", {"x": -2, "y": 5, "z": -4}),
    "neuron": ("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}),
}


@pytest.fixture(scope="session")
def results():
    return {name: compute(program, point) for name, (program, point) in POINTS.items()}


@pytest.fixture
def odd():
    """Return a result by hand: values and verdicts that no healthy program has, and text full of syntax."""
    text = 'a|b\t<&_$>\n"[red]"\\#'
    graph = Graph(text, lambda token: Span(token, len(text)))
    graph.variables["x"] = graph.add(VARIABLE)
    graph.constants[graph.add(CONSTANT)] = 2.0
    graph.add(GATES["mul"], (0, 1))
    graph.output = graph.add(GATES["add"], (2, 2))
    entries = [
        Entry("fail", 4.0, float("inf"), 0, reason="the rule is wrong"),
        None,
        Entry("inaccurate", 2.0, 1e-5, 5, reason="cancellation"),
        Entry("undecided", None, None, None, reason="a kink"),
    ]
    kink = Kinked(
        2, "x*y: x = 0", True, "mul of 0, 2 is 0", "0", {"x": 1.0}, {"x": None}, {"torch": "0", "JAX": "1"}
    )
    return Result(
        program=text,
        graph=graph,
        values=[1.5, 2.0, 3.0, 6.0],
        adjoints=[float("nan"), None, float("-inf"), 1.0],
        output=Output(None, 3, float("inf")),
        gradients={"x": float("nan")},
        kinks=[kink],
        check=Check("fail", "gate by gate", 1e-9, 0.0, {"x": entries[0]}, entries, first_wrong=2),
        warnings=["beware of [red]"],
    )
