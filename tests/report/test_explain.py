"""explain: every lecture example as a golden file that was read, and what no story may get wrong.

To write the golden files anew after a change that is meant: GRADCALC_GOLDEN=1 pytest tests/report.
"""

import json
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gradcalc.gates import GATES
from gradcalc.pipeline import compute
from gradcalc.report import Options
from gradcalc.report.explain import FORMATS, writer
from gradcalc.report.explain.story import tell, title
from gradcalc.report.wording import ASCII
from gradcalc.systems import real

from .lecture import NAMES, lecture

GOLDEN = Path(__file__).parent / "explained"


def told(name, style, options=None):
    return "".join(writer(style)(tell(lecture(name)), options or Options()))


@pytest.mark.parametrize("name", NAMES)
def test_golden(name):
    text = told(name, "text", Options(width=80))
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("GRADCALC_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("style", ["markdown", "latex"])
def test_golden_of_the_neuron(style):
    file = GOLDEN / f"neuron.{style}.txt"
    text = told("neuron", style)
    if os.environ.get("GRADCALC_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_node_and_every_wire_is_told(name):
    result = lecture(name)
    story = tell(result)
    assert [s.node.id for s in story.back] == [n.id for n in reversed(result.nodes) if n.gradient is not None]
    wires = {(step.node.id, wire.to.id) for step in story.back for wire in step.wires}
    assert wires == {(part.consumer, node.id) for node in result.nodes for part in node.parts}
    given = {n.id for n in result.nodes if n.gate.name != "constant" or n.name}
    assert {step.node.id for step in story.forward} == given


@pytest.mark.parametrize("name", ["three-gates", "neuron", "sigmoid", "patterns", "activations"])
def test_upstream_times_local_is_what_arrives_on_every_wire(name):
    for step in tell(lecture(name)).back:
        for wire in step.wires:
            upstream, local, product = re.fullmatch(
                r"upstream (\S+) × local (\S+) = (\S+)", wire.what
            ).groups()
            assert float(upstream) == pytest.approx(step.node.gradient, rel=1e-5)
            assert float(upstream) * float(local) == pytest.approx(float(product), rel=1e-4, abs=1e-12)


# The three slips of the lecture's readers.


def test_at_a_mul_gate_upstream_and_local_are_told_apart():
    """0.2 became -0.2: not because the gradient of w0 is 1, but 0.2 times x0, which is -1."""
    story = tell(lecture("neuron"))
    (step,) = [step for step in story.back if title(step.node) == "#4 w0*x0"]
    assert [(wire.what, wire.why) for wire in step.wires] == [
        ("upstream 0.196612 × local -1 = -0.196612", ("local is the other input, x0 = -1",)),
        ("upstream 0.196612 × local 2 = 0.393224", ("local is the other input, w0 = 2",)),
    ]


def test_the_shape_of_a_gradient_is_told_beside_that_of_its_variable():
    wires = [wire for step in tell(lecture("squared-norm")).back for wire in step.wires]
    (why,) = [wire.why for wire in wires if wire.to.name == "W"]
    assert why == ("g x', 2x1 times 1x2, is 2x2, the shape of W",)


def test_rows_of_the_gradient_of_a_matrix_are_told_as_rows():
    wires = [wire for step in tell(lecture("squared-norm")).back for wire in step.wires]
    (what,) = [wire.what for wire in wires if wire.to.name == "W"]
    assert what == "row i is g[i] × x = [[0.088, 0.176], [0.104, 0.208]], where g is upstream, [0.44, 0.52]"


# What a local gradient is called.

SLOPES = [(gate, k) for gate in GATES.values() for k in range(len(gate.slopes))]


@pytest.mark.parametrize(("gate", "k"), SLOPES, ids=str)
def test_a_slope_as_people_write_it_is_that_of_the_rule(gate, k):
    for at in (0.3, 0.7, 1.9):
        inputs = tuple(at + 0.2 * i for i in range(len(gate.parameters)))
        out = gate.value(real, *inputs)
        point = {**dict(zip(gate.parameters, inputs, strict=True)), "out": out}
        given = {name: x for name, x in point.items() if re.search(rf"\b{name}\b", gate.slopes[k])}
        assert compute(gate.slopes[k], given, check=False).output.value == pytest.approx(
            gate.local(k, real, inputs, out), rel=1e-12
        )


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("s = sigmoid(x); s^2", "local is s*(1 - s)"),
        ("tanh(x)", "local is 1 - #1^2"),
        ("sqrt(x)", "local is 1/(2*#1)"),
        ("x^3", "local is 3*x^2"),
        ("x^0.5", "local is 1/(2*sqrt(x))"),
        ("2^x", "local is #2*log(2)"),
        ("x^x", "local is x*x^(x - 1)"),
        ("abs(x)", "local is sign(x)"),
        ("log(x)", "local is 1/x"),
    ],
)
def test_what_the_local_gradient_is(program, why):
    wires = [wire for step in tell(compute(program, {"x": 0.5}, check=False)).back for wire in step.wires]
    assert why in [wire.why[0] for wire in wires if wire.why]


# What else it tells.


def test_a_mean_shares_the_gradient_and_says_what_n_is():
    (step,) = [s for s in tell(compute("mean(x)", {"x": [1, 2]}, check=False)).back if s.wires]
    assert (
        step.flow
        == "mean is a distributor: passes an equal share of the upstream gradient on to every element"
    )
    assert step.wires[0].why == ("n is how many numbers the mean is of", "its shape is 2, the shape of x")


def test_a_rule_for_options_is_told_where_there_are_options():
    point = {"x": [3, 4]}
    (step,) = [s for s in tell(compute("norm(x)", point, check=False)).back if s.wires]
    assert step.wires[0].what == "g x/#1, 0 where #1 = 0: [0.6, 0.8], where g is upstream, 1"
    (step,) = [s for s in tell(compute("norm(x, 1)", point, check=False)).back if s.wires]
    assert "with ord=1" in step.wires[0].what


def test_an_index_is_written_as_in_the_program():
    story = tell(compute("x[1:][0]", {"x": [1, 2, 3]}, check=False))
    assert [step.equation for step in story.forward] == ["= [1, 2, 3]", "= x[1:] = [2, 3]", "= #1[0] = 2"]


def test_forks_are_added_up():
    (step,) = [s for s in tell(compute("x*y + x", {"x": 2, "y": 3}, check=False)).back if s.node.name == "x"]
    assert (
        step.arrives
        == "gradient 3 from #2 + 1 from #3 = 4 (df/dx): at a fork the parts that arrive are added"
    )


def test_what_was_broadcast_is_summed():
    result = compute("sum(X + b)", {"X": [[1, 2], [3, 4]], "b": [1, 2]}, check=False)
    wires = [wire for step in tell(result).back for wire in step.wires if wire.to.name == "b"]
    assert wires[0].why == ("summed over axis 0: b was broadcast",)


def test_a_branch_that_was_not_taken_sends_nothing():
    story = tell(compute("where(x > 0, log(x), x)", {"x": -1}, check=False))
    (step,) = [step for step in story.back if step.node.gate.name == "log"]
    assert step.arrives == "gradient 0: its branch was not taken, so nothing flows"
    assert step.wires == ()


def test_a_router_says_which_input_it_took():
    (step,) = [s for s in tell(compute("max(x, y)", {"x": 2, "y": 3}, check=False)).back if s.wires]
    assert [wire.why for wire in step.wires] == [
        ("it was not taken: nothing flows",),
        ("it was taken: the gradient passes",),
    ]


def test_meaning_is_the_gradient_times_a_hundredth():
    assert tell(lecture("neuron")).meaning[0] == "raise w0 by 0.01, and f falls by about 0.00197"
    assert tell(lecture("squared-norm")).meaning[0] == "raise W[1, 1] by 0.01, and f rises by about 0.00208"


def test_no_meaning_where_the_gradient_is_a_convention_or_weighted():
    assert tell(compute("relu(x)", {"x": 0})).meaning == []
    assert tell(compute("2*x", {"x": 1}, upstream=3, check=False)).meaning == []


def test_an_array_of_no_elements_has_nothing_to_be_raised():
    assert tell(compute("sum(x)", {"x": []}, check=False)).meaning == []


def test_one_path_alone():
    story = tell(lecture("patterns"), "w")
    assert [step.node.expr for step in story.back] == [
        "2*(x*y + max(z, w))", "x*y + max(z, w)", "max(z, w)", "w",
    ]  # fmt: skip
    assert {wire.to.id for step in story.back for wire in step.wires} == {s.node.id for s in story.back[1:]}


def test_json_has_every_number(tmp_path):
    document = json.loads(told("neuron", "json"))
    assert document["schema"] == "gradcalc/1"
    assert document["gradients"]["w0"] == lecture("neuron").gradients["w0"]
    wires = [wire for step in document["backward"] for wire in step["wires"]]
    assert all(wire["gradient"] == wire["upstream"] * wire["local"] for wire in wires)


def test_json_has_kinks_and_warnings():
    result = compute("max(0, x)", {"x": 0}, group=True)
    document = json.loads("".join(writer("json")(tell(result), Options())))
    assert len(document["kinks"]) == 1
    assert "the form that is written decides" in document["warnings"][0]


STACKS = (
    ("sum(A @ B)", {"A": (4, 2, 3), "B": (3, 2)}, "its shape is 3x2, the shape of B: summed over the stack"),
    ("sum(A @ B)", {"A": (4, 2, 3), "B": (4, 3, 2)}, "its shape is 4x3x2, the shape of B"),
    ("sum(A @ B)", {"A": (4, 2, 3), "B": (3,)}, "its shape is 3, the shape of B: summed over the stack"),
    ("A @ B", {"A": (3,), "B": (3,)}, "its shape is 3, the shape of B"),
    ("sum(A @ B)", {"A": (3,), "B": (3, 2)}, "A g', 3x1 times 1x2, is 3x2, the shape of B"),
)


@pytest.mark.parametrize(("program", "shapes", "why"), STACKS)
def test_how_the_shapes_of_a_product_fit(program, shapes, why):
    point = {name: np.ones(shape) for name, shape in shapes.items()}
    wires = [wire for step in tell(compute(program, point, check=False)).back for wire in step.wires]
    assert [wire.why for wire in wires if wire.to.name == "B"] == [(why,)]


@pytest.mark.parametrize("name", NAMES)
def test_in_latex_only_its_own_commands_mean_anything(name):
    story, _, table = told(name, "latex").partition("% needs")
    plain = re.sub(r"\$[^$]*\$|\\[&%$#_{}]", "", story)
    assert not re.search(r"[#%&_^~]", plain)
    assert plain.count("{") == plain.count("}")
    assert plain.count(r"\begin{itemize}") == plain.count(r"\end{itemize}") > 0
    assert r"\begin{tabular}" in table


def test_ascii_has_no_other_letters():
    text = "".join(writer("text")(tell(lecture("neuron"), signs=ASCII), Options(ascii=True)))
    assert text.isascii()


@pytest.mark.parametrize("style", FORMATS)
def test_what_a_user_wrote_is_no_markup(style):
    result = compute("x*y # <b>*[red]\\", {"x": 1, "y": 2}, check=False)
    text = "".join(writer(style)(tell(result), Options()))
    assert "<b>" not in text or style == "json"


def test_lines_fit_the_terminal():
    for name in NAMES:
        for line in told(name, "text", Options(width=80)).splitlines():
            assert len(line) <= 80 or " " not in line.strip()


def test_a_fork_of_many_wires_is_cut():
    result = compute(" + ".join(["x*y"] * 30), {"x": 2, "y": 3}, check=False)
    (step,) = [step for step in tell(result).back if step.node.name == "x"]
    assert "+ 10 more = 90" in step.arrives


def test_the_story_is_in_order():
    story = tell(lecture("two-layers"))
    assert all(a.node.id < b.node.id for a, b in pairwise(story.forward))
    assert all(a.node.id > b.node.id for a, b in pairwise(story.back))


def test_a_tie_between_arrays_is_told():
    result = compute("sum(max(x, y))", {"x": [1, 2], "y": [1, 3]}, check=False)
    (step,) = [step for step in tell(result).back if step.node.gate.name == "max"]
    assert {wire.why[0] for wire in step.wires} == {
        "local is 1 where it was taken, 0 elsewhere, a share where inputs tie"
    }
