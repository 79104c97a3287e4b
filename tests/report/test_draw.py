"""draw: golden circuits that were read, and the geometry of pictures: nothing lies on anything else.

To write the golden files anew after a change that is meant: GRADCALC_GOLDEN=1 pytest tests/report.
"""

import os
import random
import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gradcalc.pipeline import compute
from gradcalc.report import Options
from gradcalc.report.draw import FORMATS, SUFFIXES, Drawing, writer
from gradcalc.report.draw.circuit import LARGE, Wire, circuit
from gradcalc.report.draw.geometry import Size
from gradcalc.report.draw.layers import layered
from gradcalc.report.draw.picture import picture
from gradcalc.report.draw.svg import SPACING, STYLE, measure

from .lecture import NAMES, lecture

GOLDEN = Path(__file__).parent / "drawn"


def drawn(result, style, options=None, depth=None):
    return "".join(writer(style)(Drawing(result, depth), options or Options()))


@pytest.mark.parametrize("name", NAMES)
def test_golden(name):
    text = drawn(lecture(name), "terminal", Options(width=80))
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("GRADCALC_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("style", ["svg", "dot", "mermaid"])
def test_golden_of_the_neuron(style):
    file = GOLDEN / f"neuron.{style}"
    text = drawn(lecture("neuron"), style)
    if os.environ.get("GRADCALC_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


# Geometry.

TOUCH = 0.5
"""How far things may reach into each other: rounding, and lines that end at a box."""


def overlap(a, b):
    return (
        a.x + TOUCH < b.right and b.x + TOUCH < a.right and a.y + TOUCH < b.bottom and b.y + TOUCH < a.bottom
    )


def hits(p, q, rect):
    (left, right), (top, bottom) = sorted((p[0], q[0])), sorted((p[1], q[1]))
    return (
        left < rect.right - TOUCH and right > rect.x + TOUCH
        and top < rect.bottom - TOUCH and bottom > rect.y + TOUCH
    )  # fmt: skip


def assert_clear(found):
    """No label, gate or variable lies on another, and no wire runs through one."""
    for a, b in combinations(found.rects, 2):
        assert not overlap(a, b)
    for line in found.lines:
        for p, q in pairwise(line):
            assert p[0] == q[0] or p[1] == q[1], "lines are level or upright"
            assert not any(hits(p, q, rect) for rect in found.rects)


def assert_connected(found):
    """Every wire begins at the middle of its box's right edge, and ends at that of a left one."""
    for (a, b), line in zip(found.ends, found.lines, strict=True):
        assert line[0] == pytest.approx((found.rects[a].right, found.rects[a].middle))
        assert line[-1][1] == pytest.approx(found.rects[b].middle)
        assert line[-1][0] <= found.rects[b].x + TOUCH


def laid_out(result, depth=2):
    return picture(circuit(result, depth), measure, lambda sizes, edges: layered(sizes, edges, SPACING))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_lies_on_anything_in_the_examples(name):
    found = laid_out(lecture(name))
    assert_clear(found)
    assert_connected(found)


STATEMENTS = ("{a}*{b}", "{a} + {b}", "sin({a})", "max({a}, {b}, {c})", "exp(-{a}^2)", "{a}/({b}^2 + 1)")


def random_program(rng):
    names = [f"x{i}" for i in range(rng.randint(1, 5))]
    have, lines = list(names), []
    for i in range(rng.randint(2, 30)):
        a, b, c = (rng.choice(have[-8:] + names) for _ in range(3))
        lines.append(f"y{i} = {rng.choice(STATEMENTS).format(a=a, b=b, c=c)}")
        have.append(f"y{i}")
    return "\n".join(lines), {name: rng.uniform(0.5, 2) for name in names}


@pytest.mark.parametrize("seed", range(40))
def test_nothing_lies_on_anything_in_random_programs(seed):
    text, point = random_program(random.Random(seed))
    point = {name: x for name, x in point.items() if re.search(rf"\b{name}\b", text)}
    result = compute(text, point, check=False)
    found = laid_out(result)
    assert_clear(found)
    assert_connected(found)
    assert_clear(picture(circuit(result, 2), lambda item: Size(5, 3), whole))


CALLS = "s(u) = 1/(1 + exp(-u)); t(a, b) = s(a)*b + a"
COLLAPSING = ("s({a})", "t({a}, {b})", "s({a} + {b})*{c}", "t(s({a}), {b}*{c})", "{a}*{b} + sin({c})")


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("seed", range(10))
def test_nothing_lies_on_anything_where_parts_are_one_box(seed, depth):
    rng = random.Random(seed)
    have, lines = ["x", "y", "z"], [CALLS]
    for i in range(rng.randint(2, 20)):
        a, b, c = (rng.choice(have[-6:]) for _ in range(3))
        lines.append(f"y{i} = {rng.choice(COLLAPSING).format(a=a, b=b, c=c)}")
        have.append(f"y{i}")
    text = "\n".join([*lines, " + ".join(have)])
    found = laid_out(compute(text, {"x": 0.5, "y": 1, "z": 2}, check=False), depth)
    assert_clear(found)
    assert_connected(found)


ARRAYS = """h = relu(W @ x + b)
p = softmax(concatenate([h, b]))
m = mean(W, axis=0)
p[1] + sum(h*x[:2]) + norm(m) + sum(W @ W.T)"""


def test_nothing_lies_on_anything_in_a_program_of_arrays():
    point = {"W": [[1, 2, 3], [4, 5, 6]], "x": [1, -2, 3], "b": [0.5, 1]}
    for depth in (0, 1, 2):
        found = laid_out(compute(ARRAYS, point, check=False), depth)
        assert_clear(found)
        assert_connected(found)


def whole(sizes, edges):
    from gradcalc.report.draw.terminal import SPACING as CELLS

    return layered(sizes, edges, CELLS, whole=True)


def test_the_geometry_test_sees_what_overlaps():
    found = laid_out(lecture("neuron"))
    moved = [found.rects[0]._replace(x=found.rects[1].x, y=found.rects[1].y + 3), *found.rects[1:]]
    with pytest.raises(AssertionError):
        assert_clear(found._replace(rects=moved))
    crossing = [[(0.0, 0.0), (0.0, r.middle), (900.0, r.middle)] for r in found.rects[:1]]
    with pytest.raises(AssertionError):
        assert_clear(found._replace(lines=crossing))


# What is on the wires.


@pytest.mark.parametrize("name", ["three-gates", "neuron", "patterns"])
def test_every_wire_has_its_value_and_the_part_that_arrives_along_it(name):
    result = lecture(name)
    nodes = {node.id: node for node in result.nodes}
    found = circuit(result, 2, digits=12)
    for wire in found.wires:
        source = nodes[found.boxes[wire.source].node]
        assert not wire.value or float(wire.value) == pytest.approx(source.value)
        if wire.to is not None and source.parts:
            parts = [p.gradient for p in source.parts if p.consumer == found.boxes[wire.to].node]
            assert float(wire.gradient) == pytest.approx(sum(parts))


def test_a_wire_into_a_box_of_several_nodes_has_all_that_arrives_from_it():
    result = compute("q = x*x + 3*x*y; q*x", {"x": 2, "y": 5}, check=False)
    found = circuit(result, 0, digits=12)
    wires = {
        (found.boxes[w.source].text, "out" if w.to is None else found.boxes[w.to].text): float(w.gradient)
        for w in found.wires
    }
    assert wires == {
        ("x", "q"): 2 * (2 * 2 + 3 * 5), ("y", "q"): 2 * 3 * 2, ("q", "×"): 2, ("x", "×"): 34,
        ("×", "out"): 1,
    }  # fmt: skip
    assert next(box.total for box in found.boxes if box.text == "x") == "72"


def test_an_input_that_is_used_twice_has_one_wire_with_the_sum():
    (wire, _) = circuit(compute("x*x", {"x": 3}, check=False)).wires
    assert (wire.value, wire.gradient) == ("3", "6")


def test_a_fork_shows_the_sum_at_the_variable():
    found = circuit(compute("x*y + x", {"x": 2, "y": 3}, check=False))
    totals = {box.text: box.total for box in found.boxes}
    assert (totals["x"], totals["y"]) == ("4", "")


def test_constants_stand_in_the_gate_that_they_feed():
    found = circuit(compute("2*x^3 - 1/x", {"x": 2}, check=False))
    assert [box.text for box in found.boxes] == ["x", "^3", "× 2", "1 ÷", "−"]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("clip(x, 0, 1)", "clip(·, 0, 1)"),
        ("max(x, 0, 1)", "max(·, 0, 1)"),
        ("max(x, 0)", "max 0"),
        ("2 + 3", "2 + 3"),
        ("2^3", "2^3"),
        ("x - 2", "− 2"),
        ("2 - x", "2 −"),
    ],
)
def test_no_constant_is_left_out(program, text):
    given = {"x": 0.5} if "x" in program.replace("max", "") else {}
    assert circuit(compute(program, given, check=False)).boxes[-1].text == text


def test_arrays_have_their_shape_on_the_wire():
    found = circuit(lecture("squared-norm"))
    assert {wire.shape for wire in found.wires if found.boxes[wire.source].text == "W"} == {"2x2"}


def test_a_large_array_is_told_by_its_size_and_norm():
    for x, text in (([3.0] * 16, "16 elements, norm 12"), ([[1e200] * 5] * 5, "5x5, norm 5e200")):
        found = circuit(compute("sum(x)", {"x": x}, check=False))
        assert found.wires[0].value == text


def test_kinks_and_wrong_nodes_are_marked():
    found = circuit(compute("relu(x) + y", {"x": 0, "y": 1}))
    assert [box.text for box in found.boxes if box.kinked] == ["relu"]
    assert "kinked" in drawn(compute("relu(x) + y", {"x": 0, "y": 1}), "svg")


def test_large_programs_collapse_into_statements_and_calls():
    text = "\n".join(f"y{i} = sin(x)*{i} + cos(y{i - 1})^2" if i else "y0 = x" for i in range(40))
    result = compute(text, {"x": 0.1}, check=False)
    found = circuit(result)
    assert len(found.boxes) <= LARGE
    assert {"y7", "y39"} <= {box.text for box in found.boxes if box.kind == "part"}
    assert len(circuit(result, 2).boxes) > LARGE


def test_a_call_of_a_function_is_a_box():
    result = compute("s(u) = 1/(1 + exp(-u)); s(x*y) + s(x)", {"x": 1, "y": 2}, check=False)
    found = circuit(result, 1)
    assert [box.text for box in found.boxes if box.kind == "part"] == ["s(x*y)", "s(x)"]
    assert len(found.wires) == 7


def test_a_statement_that_is_a_call_is_one_box_with_what_is_given_to_the_call():
    result = compute("s(u) = 1/(1 + exp(-u)); a = s(2*x + y); b = s(a*x); a*b", {"x": 1, "y": 2}, check=False)
    assert [box.text for box in circuit(result, 0).boxes] == ["x", "y", "a", "b", "×"]
    expanded = compute("a = sigmoid(2*x); a*x", {"x": 1}, check=False, expand=[])
    assert [box.text for box in circuit(expanded, 0).boxes] == ["x", "a", "×"]


# The formats.


def test_rules_of_a_picture_are_for_that_picture_alone():
    """In a notebook a style sheet is for the whole page, pictures of others too."""
    rules = [line for line in STYLE.splitlines() if line]
    assert all(rule.startswith(".gradcalc ") for rule in rules)


def test_kinks_and_sums_at_forks_are_in_every_format():
    result = compute("relu(x)*x", {"x": 0})
    marks = {"terminal": "(relu!)", "svg": "kinked", "dot": "style=dashed", "mermaid": "class n1 kinked"}
    for style, mark in marks.items():
        assert mark in drawn(result, style)
    result = compute("x*y + x", {"x": 2, "y": 3}, check=False)
    assert 'n0["x<br/>4"]' in drawn(result, "mermaid")
    assert 'xlabel=<<font color="#b42318">4</font>>' in drawn(result, "dot")


def test_svg_is_xml_and_every_text_has_its_room():
    root = ElementTree.fromstring(drawn(lecture("neuron"), "svg"))  # noqa: S314 - our own
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert texts
    assert all(e.get("textLength") for e in texts)


HOSTILE = 'x*y # </script></title>"]}\\<b>&amp;\x1b[31m'


@pytest.mark.parametrize("style", FORMATS)
def test_what_a_user_wrote_is_no_markup(style):
    text = drawn(compute(HOSTILE, {"x": 1, "y": 2}, check=False), style)
    assert "\x1b" not in text
    assert "<b>" not in text
    assert text.count("</script>") == (2 if style == "html" else 0)
    if style == "svg":
        ElementTree.fromstring(text)  # noqa: S314 - our own


def test_names_in_any_script_are_drawn():
    result = compute("变量*δ", {"变量": 2, "δ": 3}, check=False)
    for style in FORMATS:
        assert "变量" in drawn(result, style)
    assert drawn(result, "terminal").splitlines()[1].startswith("变量─")


def test_ascii_letters_alone():
    assert drawn(lecture("neuron"), "terminal", Options(ascii=True)).isascii()


def test_names_that_ascii_lacks_keep_the_lines_straight():
    result = compute("变量*y + y", {"变量": 2, "y": 3}, check=False)
    lines = drawn(result, "terminal", Options(ascii=True)).splitlines()
    assert lines[1].startswith(r"\u53d8\u91cf--")
    assert "".join(lines).isascii()


def test_where_it_does_not_fit_there_is_a_tree():
    text = drawn(lecture("neuron"), "terminal", Options(width=40))
    assert text.splitlines()[0] == "(1 ÷)  0.73  1"
    assert max(map(len, text.splitlines())) <= 40


def test_a_tree_names_what_was_met_before():
    result = compute("q = sin(x); q*q + q", {"x": 1}, check=False)
    assert "(see above)" in drawn(result, "terminal", Options(width=10))


def test_a_tree_that_is_too_deep_goes_on_at_the_margin():
    result = compute(f"{'sin(' * 100}x{')' * 100}", {"x": 1}, check=False)
    lines = drawn(result, "terminal", Options(width=80), depth=2).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[20].endswith("(sin) #80 (see below)  0.32  0.089") or "(see below)" in "".join(lines)
    assert len([line for line in lines if line.startswith("(sin)")]) > 1


def test_a_tree_tells_each_gate_once():
    text = "\n".join(f"y{i} = sin(y{i - 1})*y{i - 1}" if i else "y0 = x*x" for i in range(60))
    lines = drawn(compute(text, {"x": 1}, check=False), "terminal", Options(width=80), depth=2).splitlines()
    told = [line for line in lines if "(sin)" in line and "see" not in line]
    assert len(told) == 59


def test_every_suffix_is_of_a_format():
    assert set(SUFFIXES.values()) == set(FORMATS)


def test_a_label_is_a_box_that_its_wire_runs_through():
    found = laid_out(lecture("three-gates"))
    labels = [k for k, item in enumerate(found.items) if isinstance(item, Wire)]
    assert len(labels) == 5
    for k in labels:
        assert len([a for a, b in found.ends if b == k]) == 1


def test_boxes_are_whole_numbers_apart_on_a_terminal():
    found = whole([Size(3, 1), Size(5, 3), Size(2, 1), Size(4, 3)], [(0, 1), (0, 3), (1, 2), (2, 3)])
    assert all(float(x).is_integer() for rect in found.boxes for x in (rect.x, rect.y))
