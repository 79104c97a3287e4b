"""Results to report: the lecture's examples, and what a result can hold besides."""

from dataclasses import replace

import numpy as np
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

W1, W2 = [[0.5, -0.2, 0.1], [-0.4, 0.3, 0.8]], [[1, -1], [0.5, 0.25], [-0.75, 2]]
ARRAYS = {
    "norm": ("sum((W@x)^2)", {"W": [[0.1, 0.5], [-0.3, 0.8]], "x": [0.2, 0.4]}),
    "relu": ("sum(relu(x))", {"x": [1, -2, 3, -1]}),
    "bias": (
        "q = X@W + b; sum(q^2)",
        {"X": [[1, 2], [3, 4], [5, 6]], "W": [[0.5, -1], [0.25, 1]], "b": [-2, 4]},
    ),
    "network": (
        "h = relu(W1@x + b1)\ncross_entropy(W2@h + b2, 2)",
        {"W1": W1, "x": [1, 2, -1], "b1": [0.1, -0.1], "W2": W2, "b2": [0, 0.1, -0.2]},
    ),
    "large": ("sum((X*s - b)^2)", {"X": np.arange(12).reshape(3, 4) / 8, "s": 2, "b": [1, 0, 0.5, -1]}),
}


@pytest.fixture(scope="session")
def results():
    scalars = {name: compute(program, point) for name, (program, point) in POINTS.items()}
    return scalars | {name: steady(compute(*given, check=False)) for name, given in ARRAYS.items()}


def steady(result):
    """Return a result that passed its check, without the last digits, which differ between processors."""
    values, adjoints = [[*map(rounded, xs)] for xs in (result.values, result.adjoints)]
    gradients = {name: rounded(x) for name, x in result.gradients.items()}
    output = result.output._replace(value=rounded(result.output.value))
    nodes = [x if x is None else Entry("pass", x, 0.0, 17) for x in adjoints]
    asked = {name: Entry("pass", x, 0.0, 17) for name, x in gradients.items()}
    check = Check("pass", "gate by gate", 1e-9, 0.0, asked, nodes)
    return replace(result, values=values, adjoints=adjoints, gradients=gradients, output=output, check=check)


def rounded(x):
    if x is None or type(x) is float:
        return x if x is None else round(x, 12) + 0.0
    return np.round(x, 12) + 0.0


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
