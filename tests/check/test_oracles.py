"""The oracles themselves: the wrong reference must not slip through any of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mpmath import mp, mpf

import gradcalc
from gradcalc.check import chain, closed, difference
from gradcalc.check.compare import agrees, digits, relative_error
from gradcalc.check.precise import enough_digits
from gradcalc.graph import Graph, depends
from gradcalc.language import parse

NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def neuron() -> tuple[Graph, list[float]]:
    graph = parse("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", NEURON)
    return graph, graph.forward(NEURON)


def test_three_voices_agree_on_the_neuron() -> None:
    graph, values = neuron()
    carries = depends(graph, graph.variables.values())
    truth = chain.reference(graph, values, carries)
    forms = closed.references(graph, list(graph.variables), values, truth.values, truth.digits)
    for name, node in graph.variables.items():
        sides = difference.Near(graph, values).sides(difference.one(node, values))
        speed = abs(values[node])
        with mp.workdps(30):
            assert abs(forms[name][1] - truth.gradients[node]) < mpf(10) ** -25
            assert abs(sides.left / speed - truth.gradients[node]) < mpf(10) ** -15


def test_a_wrong_reference_is_objected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the chain itself went wrong, the central difference and the closed form say so."""
    from gradcalc.check import verdict

    def wrong(*args: object) -> chain.Reference:
        found = chain.reference(*args)  # type: ignore[arg-type]
        return found._replace(gradients=[g * 2 for g in found.gradients])

    monkeypatch.setattr(verdict, "reference", wrong)
    graph, values = neuron()
    check = verdict.prove(graph, values, graph.backward(values), list(graph.variables)).check
    assert check.verdict == "undecided"
    assert all("disagree" in entry.reason for entry in check.gradients.values())


RULES = {"partials", "pullbacks", "pull", "rule", "rules", "forward", "keeps"}


def test_no_oracle_reads_a_rule() -> None:
    """Rules are read where floats are put on trial (gates, sums), never where references are made."""
    readers = set()
    folder = Path(gradcalc.__file__).parent / "check"
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name) and node.id == "arriving":
                readers.add(f"{file.name}: arriving")
            if isinstance(node, ast.Attribute) and node.attr in RULES:
                readers.add(f"{file.name}: {node.attr}")
            if isinstance(node, ast.Attribute) and node.attr == "local" and ast.unparse(node.value) == "gate":
                readers.add(f"{file.name}: gate.local")
    trials = {"pieces.py: arriving"} | {
        f"sampled.py: {x}" for x in ("arriving", "pull", "rule", "gate.local")
    }
    assert (
        readers
        == {"local.py: gate.local", "sums.py: gate.local", "blame.py: forward", "tangents.py: forward"}
        | trials
    )


@pytest.mark.parametrize(
    ("got", "truth", "right"),
    [
        (1.0, 1.0, 17),
        (1.0 + 2**-52, 1.0, 15),
        (1.001, 1.0, 3),
        (-1.0, 1.0, 0),
        (1e-20, 0.0, 0),
        (0.0, 0.0, 17),
    ],
)
def test_digits(got: float, truth: float, right: int) -> None:
    assert digits(got, mpf(truth)) == right


def test_one_subnormal_step_is_allowed() -> None:
    assert agrees(5e-324, mpf("9e-324"), 1e-9, 0.0)
    assert not agrees(5e-324, mpf("3e-323"), 1e-9, 0.0)


def test_an_error_of_zero_is_infinite() -> None:
    assert relative_error(1e-3, mpf(0)) == float("inf")


def test_digits_cover_the_spread_of_the_numbers() -> None:
    assert enough_digits([1e-300, 1.0]) == 350
    assert enough_digits([0.0, float("inf")]) == 50
