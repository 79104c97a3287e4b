"""Reports of programs with arrays: people see small ones whole, machines every element."""

import csv
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcalc.errors import width
from gradcalc.graph import Graph
from gradcalc.pipeline import compute
from gradcalc.report import FORMATS, Options, writer
from gradcalc.report.latexmath import expression, expressions
from gradcalc.report.latexsymbols import matrix
from gradcalc.report.values import (
    SMALL,
    brief,
    compact,
    facts,
    flat,
    full,
    in_rows,
    is_small,
    norm,
    short,
    whole,
)
from gradcalc.report.wording import UNICODE, arrivals
from gradcalc.result import Kinked
from tests.report.conftest import ARRAYS

SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY = arrays.arrays(float, SHAPES, elements=st.floats())


def written(result, name, **options):
    return "".join(writer(name)(result, Options(**options)))


def report(program, point, name="table", *, upstream=None, check=False, **options):
    return written(compute(program, point, check=check, upstream=upstream), name, **options)


def wires(program, point, name, **options):
    """Return how the gradient of a name arrives, one text a wire."""
    result = compute(program, point, check=False, **options)
    node = result.nodes[result.graph.node(name)]
    return [" ".join(pieces) for pieces in arrivals(result, result.graph.names(), node, UNICODE, 6)]


# Arrays as text.


@given(arrays.arrays(float, SHAPES, elements=FINITE))
def test_an_array_on_one_line_is_read_back(x):
    assert json.loads(flat(x, repr)) == (x + 0.0).tolist()
    assert flat(x, short).count("[") == str(x.tolist()).count("[")
    assert "".join(line.strip() + " " * line.endswith(",") for line in in_rows(flat(x, repr))) == flat(
        x, repr
    )


def test_rows_stand_below_each_other():
    assert in_rows("[1, 2]") == ["[1, 2]"]
    assert in_rows("[[1, 2], [3, 4]]") == ["[[1, 2],", " [3, 4]]"]
    assert in_rows("[[[1], [2]], [[3], [4]]]") == ["[[[1],", "  [2]],", " [[3],", "  [4]]]"]


@given(ANY)
def test_machines_read_every_element_back(x):
    text = compact(x)
    assert " " not in text
    found = json.loads(text, parse_constant=lambda text: pytest.fail(text))
    assert np.array_equal(np.array(found, dtype=float).reshape(x.shape), x, equal_nan=True)
    assert all(map(same, flattened(found), x.ravel().tolist()))


def flattened(nested):
    return [x for part in nested for x in flattened(part)] if isinstance(nested, list) else [nested]


def same(found, x):
    if math.isfinite(x):
        return type(found) is float and repr(found) == repr(x)
    return found == repr(x)


@given(ANY)
def test_people_see_small_arrays_and_the_norm_of_larger_ones(x):
    text = brief(x, short)
    assert (text == flat(x, short)) == is_small(x) == (math.prod(n or 1 for n in x.shape) <= SMALL)
    assert len(text) < 200


def test_facts():
    assert facts(np.array([3.0, -4.0])) == ("min -4", "max 3", "norm 5")
    assert facts(np.zeros((0, 9))) == ("no elements",)
    assert facts(np.array([1.0, np.nan]))[0] == "min nan"
    assert norm(np.array([3e200, 4e200])) == pytest.approx(5e200, rel=1e-15)
    assert norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200, rel=1e-15)
    assert norm(np.array([1.0, -np.inf])) == np.inf
    assert norm(np.zeros(9)) == 0


def test_a_number_is_not_an_array():
    assert (whole(1.5), whole(None), whole(-np.inf)) == (1.5, None, "-inf")
    assert brief(1.5, full) == "1.5"


# How a gradient arrives.

W, V = [[1, 2], [3, 4], [5, 6]], [7, 8]


@pytest.mark.parametrize(
    ("program", "point", "name", "texts"),
    [
        # The lecture's slip: row i of the gradient of W is g[i] times x, not x[i] times anything.
        ("sum(W@x)", {"W": W, "x": V}, "W", ["row i is g[i] × x, g = [1, 1, 1] from #2"]),
        ("sum(W@x)", {"W": W, "x": V}, "x", ["W.T @ g, g = [1, 1, 1] from #2"]),
        ("sum(y@W)", {"W": W, "y": [7, 8, 9]}, "W", ["row i is y[i] × g, g = [1, 1] from #2"]),
        ("sum(y@W)", {"W": W, "y": [7, 8, 9]}, "y", ["g @ W.T, g = [1, 1] from #2"]),
        ("x@y", {"x": V, "y": V}, "x", ["g × y, g = 1 from #2"]),
        ("x@y", {"x": V, "y": V}, "y", ["x × g, g = 1 from #2"]),
        ("sum(X@x)", {"X": [W, W], "x": V}, "X",
         ["row i, j is g[i, j] × x, g = [[1, 1, 1], [1, 1, 1]] from #2"]),
        ("sum(x@X)", {"X": [W, W], "x": [7, 8, 9]}, "X", ["row i is x[i] × g, g = [[1, 1], [1, 1]] from #2"]),
        ("sum(X@Y)", {"X": W, "Y": [[1], [2]]}, "X", ["g @ Y.T, g = [[1], [1], [1]] from #2"]),
        ("sum(X@Y)", {"X": W, "Y": [[1], [2]]}, "Y", ["X.T @ g, g = [[1], [1], [1]] from #2"]),
        ("sum((X + 1)@(X + 2))", {"X": [[1]]}, "X", ["[[3]] from #2 × 1", "[[2]] from #4 × 1"]),
        ("sum(solve(A, b))", {"A": [[2, 0], [0, 4]], "b": V}, "A",
         ["row i is (-solve(A.T, g))[i] × #2, g = [1, 1] from #2"]),
        # Where an input has no name its number stands; a program that has a g says upstream.
        ("sum((X + 1)@Y)", {"X": W, "Y": [[1], [2]]}, "Y", ["#2.T @ g, g = [[1], [1], [1]] from #4"]),
        ("sum(W@g)", {"W": W, "g": V}, "W", ["row i is upstream[i] × g, upstream = [1, 1, 1] from #2"]),
        ("cross_entropy(s, 1)", {"s": V}, "s", ["g (softmax(s) - one_hot(1))/n, g = 1 from #2"]),
        ("sum(W)", {"W": W}, "W", ["g, spread over all axes, g = 1 from #1"]),
        ("sum(sum(W, axis=0))", {"W": W}, "W", ["g, spread over axis 0, g = [1, 1] from #1"]),
        ("sum(sum(W, axis=[0, 1]))", {"W": W}, "W", ["g, spread over axes 0, 1, g = 1 from #1"]),
        ("sum(x[1:] + x[[0]])", {"x": V}, "x", ["zeros with g added at [1:], g = [1] from #1",
                                                "zeros with g added at [[0]], g = [1] from #2"]),
        ("sum([a, b, a])", {"a": 1, "b": 2}, "a",
         ["g[0], g = [1, 1, 1] from #2", "g[2], g = [1, 1, 1] from #2"]),
        # Element by element, and summed where an input was broadcast.
        ("sum(x*y)", {"x": V, "y": [1, 2]}, "x", ["[1, 1] from #2 × y ([1, 2])"]),
        ("sum(exp(x)*2)", {"x": [0, 0]}, "x", ["[2, 2] from #1 × [1, 1]"]),
        ("sum(W*x)", {"W": W, "x": V}, "x",
         ["[[1, 1], [1, 1], [1, 1]] from #2 × W ([[1, 2], [3, 4], [5, 6]]), "
          "summed over axis 0: x was broadcast"]),
        ("sum(W*s)", {"W": W, "s": 2}, "s",
         ["[[1, 1], [1, 1], [1, 1]] from #2 × W ([[1, 2], [3, 4], [5, 6]]), "
          "summed over axes 0, 1: s was broadcast"]),
        ("sum(x*x)", {"x": [1] * 9}, "x", ["from #1 × x", "from #1 × x"]),
        ("sum(exp(x))", {"x": [1] * 9}, "x", ["from #1 × local"]),
        ("sum(x*2)", {"x": [1] * 9}, "x", ["from #2 × 2"]),
        ("sum(x@Y)", {"x": V, "Y": [[1] * 9] * 2}, "Y", ["row i is x[i] × g, g from #2"]),
    ],
)  # fmt: skip
def test_upstream_and_rule_cannot_be_mixed_up(program, point, name, texts):
    assert wires(program, point, name) == texts


def test_rows_of_the_lecture_s_gradient():
    """What the table says of W is what W's gradient is."""
    result = compute("sum((W@x)^2)", ARRAYS["norm"][1], check=False)
    g, x = result.adjoints[2], result.values[1]
    for i, row in enumerate(result.gradients["W"]):
        np.testing.assert_array_equal(row, g[i] * x)


def test_the_output_s_own_gradient():
    assert wires("q = x*y", {"x": V, "y": V}, "q", upstream=[1, 0.5]) == [
        "[1, 0.5] (the output's own gradient)"
    ]
    assert wires("q = x*2", {"x": [1] * 9}, "q", upstream=[1] * 9) == ["(the output's own gradient)"]
    assert wires("q = x*2", {"x": 1}, "q", upstream=3) == ["3 (the output's own gradient)"]
    assert wires("q = sum(x)", {"x": V}, "q") == ["1 (the output)"]
    text = report("x*y", {"x": V, "y": V}, upstream=[1, 0.5])
    assert "gradients are those of sum(upstream * f), upstream = [1, 0.5]" in text
    assert "upstream * f" not in report("sum(x*y)", {"x": V, "y": V})


# The table.


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 160, 240])
@pytest.mark.parametrize("example", list(ARRAYS))
def test_a_terminal_is_never_overrun(results, example, columns):
    for text in (written(results[example], "table", width=columns), report(*ARRAYS[example], width=columns)):
        assert max(map(width, text.splitlines())) <= columns


@pytest.mark.parametrize("example", list(ARRAYS))
def test_no_layout_leaves_anything_out(results, example):
    for columns in (40, 60, 80, 100, 120, 160, 240, None):
        text = written(results[example], "table", width=columns)
        words = "".join(text.split())
        for node in results[example].nodes:
            assert f"#{node.id}" in text
            assert "x".join(map(str, node.shape)) in text
            assert (node.gate.flow or "") in words
            for x in (node.value, node.gradient):
                assert x is None or "".join(brief(x, lambda number: short(number, 6)).split())[:4] in words


def test_a_pipe_has_a_table_however_wide():
    point = {"X": np.ones((5, 6)), "W": np.ones((6, 8))}
    text = report("sum(tanh(X@W))", point)
    head, _, _, rule, *rows = text.splitlines()
    assert head.split() == ["node", "gate", "inputs", "shape", "value", "arrives", "as", "gradient", "flow"]
    assert len(rule) == max(map(len, rows[:5]))
    assert "#0 X" in rows[0]
    assert "5x6    min 1 max 1 norm 5.477" in rows[0]


def test_wide_letters_and_narrow_terminals():
    text = report("sum(变量@变量 + 变量)", {"变量": [[1, 2], [3, 4]]}, width=50)
    assert max(map(width, text.splitlines())) <= 50


def test_many_wires_are_cut_on_a_terminal_and_say_so():
    program, point = "sum(" + " + ".join(["x"] * 50) + ")", {"x": [1, 2]}
    assert "more wires" in report(program, point, width=60, nodes="named")
    assert "more wires" not in report(program, point)


@pytest.mark.parametrize("name", list(FORMATS))
def test_wires_along_which_nothing_flows(name):
    text = report("where(c > 1, x, log(y))@floor(z)", {"c": [1, 2], "x": V, "y": [1, 1], "z": V}, name)
    assert "nan" not in text
    if name == "table":
        assert "[7, 8] from #6 × 0" in text


def test_matrices_below_the_table_are_aligned(results):
    lines = written(results["network"], "table", width=60).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("df/dW2"))
    assert [line[:11] for line in lines[at : at + 3]] == ["df/dW2 = [[", "          [", "          ["]
    assert lines[at].endswith("✓ 17 digits, pass")


def test_the_check_of_an_array_is_one_line():
    text = report("sum(relu(x))", {"x": [1, -2, 3, -1]}, check=True)
    assert re.search(r"^df/dx = .*\[1, 0, 1, 0\]  ✓ 17 digits, pass$", text, re.MULTILINE)
    assert "✓ pass: the gradient agrees" in text


def test_kinks_of_elements(results):
    kink = Kinked(1, "relu(x): x = 0 in relu(x), at 4 elements: [0], [2], [4], …", False, "", "0", {}, {}, {},
                  ((0,), (2,), (4,)), 4)  # fmt: skip
    result = replace(results["relu"], kinks=[kink], warnings=["b (3, 1) and c (3,) broadcast to (3, 3)"])
    text = written(result, "table")
    assert "kink at #1, relu(x): x = 0 in relu(x), at 4 elements: [0], [2], [4], …" in text
    assert "warning: b (3, 1) and c (3,) broadcast to (3, 3)" in text
    found = json.loads(written(result, "json"))["kinks"][0]
    assert (found["elements"], found["count"]) == ([[0], [2], [4]], 4)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_terminal_never_obeys_the_text_of_a_program(name):
    graph = compute("sum(W@[[1], [2]])", {"W": [[1, 2]]}, check=False).graph
    text = "sum(W@[[1],\x1b[31m [/red][bold]2]])"
    copied = Graph(text, lambda token: type(graph.span(0))(0, len(text)))
    for field in Graph.__slots__:
        if field not in ("text", "locate"):
            setattr(copied, field, getattr(graph, field))
    result = replace(compute("sum(W@[[1], [2]])", {"W": [[1, 2]]}, check=False), graph=copied)
    for columns in (60, None):
        shown = written(result, name, width=columns, colour=False)
        assert "\x1b" not in shown
    if name == "table":
        assert "[/red]" in written(result, name, colour=True, width=60)


def test_colour_changes_nothing_but_colour(results):
    for columns in (60, 120, None):
        plain = written(results["network"], "table", width=columns)
        coloured = written(results["network"], "table", width=columns, colour=True)
        assert coloured != plain
        strip = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()]
        assert strip == plain.splitlines()


@pytest.mark.parametrize("columns", [60, 120, None])
def test_ascii(results, columns):
    for example in ARRAYS:
        assert written(results[example], "table", ascii=True, width=columns).isascii()


# Any shapes.

SIDES = st.integers(0, 4)


@given(SIDES, SIDES, SIDES, st.sampled_from([40, 80, 120, 200]))
def test_every_format_takes_any_shapes(n, k, m, columns):
    rng = np.random.default_rng(0)
    point = {"X": rng.normal(size=(n, k)), "W": rng.normal(size=(k, m)), "b": rng.normal(size=(m,))}
    result = compute("h = tanh(X@W + b); sum(h*h[::-1] + X[:, 0:0] @ W[0:0])", point, check=False)
    texts = {name: written(result, name) for name in FORMATS}
    for name, gradient in result.gradients.items():
        found = np.array(json.loads(texts["json"])["gradients"][name], dtype=float)
        assert np.array_equal(found.reshape(gradient.shape), gradient)
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    for row, line, x, g in zip(
        rows, texts["tsv"].splitlines()[1:], result.values, result.adjoints, strict=True
    ):
        assert list(row.values()) == line.split("\t")
        assert row["shape"] == "x".join(map(str, np.shape(x)))
        assert json.loads(row["value"]) == (x if type(x) is float else x.tolist())
        assert (json.loads(row["gradient"]) if row["gradient"] else None) == whole(g)
    assert max(map(width, written(result, "table", width=columns).splitlines())) <= columns


# JSON.


def test_json_of_arrays():
    document = json.loads(report("sum(sum(X[1:, ::-1], axis=0)*w)", {"X": W, "w": V}, "json"))
    index, reduction = (
        next(node for node in document["nodes"] if node["gate"] == gate) for gate in ("index", "sum")
    )
    assert index["options"] == {"key": "1:, ::-1"}
    assert reduction["options"] == {"axis": 0}
    assert index["shape"] == [2, 2]
    assert index["local"] == [None]
    (part,) = document["nodes"][0]["parts"]
    assert part["arrives"] == "zeros with g added at [1:, ::-1]"
    assert part["local"] is None
    assert part["upstream"] == [[7, 8], [7, 8]]
    assert part["gradient"] == [[0, 0], [8, 7], [8, 7]]
    document = json.loads(report("x + b", {"x": W, "b": V}, "json", upstream=np.ones((3, 2))))
    assert document["output"]["shape"] == [3, 2]
    assert document["output"]["value"] == [[8, 10], [10, 12], [12, 14]]
    (part,) = document["nodes"][1]["parts"]
    assert (part["arrives"], part["summed"], part["gradient"]) == ("", [0], [3, 3])


def test_scalar_nodes_have_no_fields_of_arrays(results):
    document = json.loads(written(results["neuron"], "json"))
    for node in document["nodes"]:
        assert "options" not in node
        assert all(part.keys() == {"from", "upstream", "local", "gradient"} for part in node["parts"])


def test_elements_that_are_not_finite_are_texts(results):
    x = np.array([np.nan, 1.0, -np.inf, np.inf])
    result = replace(results["relu"], adjoints=[x, *results["relu"].adjoints[1:]], gradients={"x": x})
    document = json.loads(written(result, "json"), parse_constant=lambda text: pytest.fail(text))
    assert document["gradients"]["x"] == ["nan", 1.0, "-inf", "inf"]
    assert document["nodes"][0]["gradient"] == ["nan", 1.0, "-inf", "inf"]
    assert '"[""nan"",1.0,""-inf"",""inf""]"' in written(result, "csv")
    assert "[nan, 1, -inf, inf]" in written(result, "table")


# Documents.


def test_documents_say_that_large_arrays_are_not_shown_whole(results):
    note = "Arrays of more than 8 elements are shown by min, max and norm."
    for name in ("markdown", "latex"):
        assert note in written(results["large"], name)
        assert note not in written(results["norm"], name)
        assert "min" in written(results["large"], name)


def latex(program, shapes=()):
    from gradcalc.language import parse

    return (
        expression(parse(program)) if not shapes else list(expressions(parse(program), None, shapes))[-1].text
    )


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("A@B@C", "A B C"),
        ("A@(B@C)", r"A \left(B C\right)"),
        ("(A + B)@C", r"\left(A + B\right) C"),
        ("(A*B)@C", r"\left(A \cdot B\right) C"),
        ("A@B*c", r"A B \cdot c"),
        ("c*(A@B)", r"c \cdot \left(A B\right)"),
        ("A@B + c", "A B + c"),
        ("x@(-y)", r"x \left(-y\right)"),
        ("(A@B)^2", r"\left(A B\right)^{2}"),
        ("(A@B).T", r"\left(A B\right)^T"),
        ("A.T@B", "A^T B"),
        ("sum(x)", r"\sum \left(x\right)"),
        ("sum(x)*y", r"\left(\sum \left(x\right)\right) \cdot y"),
        ("sum(X, axis=1)", r"\sum_{\text{axis 1}} \left(X\right)"),
        ("sum(X, axis=[0, 1])", r"\sum_{\text{axes 0, 1}} \left(X\right)"),
        ("max(X, axis=-1)", r"\max_{\text{axis -1}} \left(X\right)"),
        ("softmax(x, axis=0)", r"\operatorname{softmax}_{\text{axis 0}}\left(x\right)"),
        ("transpose(X, axes=[1, 0, 2])", r"X^T_{\mathrm{axes} = 1, 0, 2}"),
        ("x[1]", "x_{[1]}"),
        ("w0[1:, ::-1]", r"\left(w_{0}\right)_{[1{:}, {:}{:}-1]}"),
        ("(x + y)[..., 0]", r"\left(x + y\right)_{[\dots, 0]}"),
        ("[a, b + 1]", "[a, b + 1]"),
        ("[[1, 2], [3, 0.5]]@x", r"\begin{pmatrix} 1 & 2 \\ 3 & 0.5 \end{pmatrix} x"),
        ("linear(x, W)", "x W^T"),
        ("linear(x, W, b)", "x W^T + b"),
    ],
)
def test_latex_of_arrays(program, text):
    assert latex(program) == text


def test_latex_tells_products_apart():
    assert latex("x*y", [(2,), (2,), (2,)]) == r"x \odot y"
    assert latex("x*y", [(), (2,), (2,)]) == r"x \cdot y"
    assert latex("x*y") == r"x \cdot y"
    assert r"$x \odot y$" in report("sum(x*y)", {"x": V, "y": V}, "latex")


def test_latex_of_values(results):
    assert matrix(np.array([1.0, -0.0, 1e-8])) == r"\begin{pmatrix} 1 & 0 & 10^{-8} \end{pmatrix}"
    text = written(results["norm"], "latex")
    assert r"$\begin{pmatrix} 0.088 & 0.176 \\ 0.104 & 0.208 \end{pmatrix}$" in text
    assert r"2x2x2" in report("sum(x)", {"x": np.ones((2, 2, 2))}, "latex")


# NumPy.


def test_scalar_reports_do_not_import_numpy():
    code = (
        "import sys; from gradcalc.pipeline import compute\n"
        "from gradcalc.report import FORMATS, Options, writer\n"
        "result = compute('x*y + x', {'x': 2, 'y': 3}, check=False)\n"
        "for name in FORMATS: ''.join(writer(name)(result, Options(width=80)))\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
