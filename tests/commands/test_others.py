"""diff, gates, examples."""

import json
import math
import shlex

import pytest

from gradcalc.examples import EXAMPLES
from gradcalc.gates import GATES
from gradcalc.pipeline import compute


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "df/dx = 2*x*y\ndf/dy = x^2\n"),
        (["--wrt", "y"], "df/dy = x^2\n"),
        (
            ["-f", "latex"],
            "\\frac{\\partial f}{\\partial x} = 2 x y\n\\frac{\\partial f}{\\partial y} = x^{2}\n",
        ),
        (["-f", "python"], "df_dx = 2*x*y\ndf_dy = x**2\n"),
        (["-f", "c"], "df_dx = 2*x*y;\ndf_dy = pow(x, 2);\n"),
    ],
)
def test_diff(cli, options, text):
    assert cli("diff", "x^2*y", *options) == (0, text, "")


def test_diff_as_json_and_of_named_statements(cli):
    document = json.loads(cli("diff", "q = x + y; q*z", "--wrt", "q", "-f", "json").out)
    assert document == {"schema": "gradcalc/1", "program": "q = x + y; q*z", "derivatives": {"q": "z"}}
    assert cli("diff", "loss = f*x", "--wrt", "x").out == "dloss/dx = f\n"
    assert cli("diff", "f*x", "--wrt", "x").out == "dy/dx = f\n"


def test_the_printed_formulas_hold(cli):
    program, point = "sigmoid(w*x) + max(x, w)*floor(x)", {"w": 0.3, "x": 2.5}
    gradients = compute(program, point, check=False).gradients
    scope = {"math": math, **point}
    for line in cli("diff", program, "-f", "python").out.splitlines():
        exec(line, scope)
    assert math.isclose(scope["df_dx"], gradients["x"], rel_tol=1e-14)
    assert math.isclose(scope["df_dw"], gradients["w"], rel_tol=1e-14)
    for line in cli("diff", program).out.splitlines():
        name, _, formula = line.partition(" = ")
        values = [f"{k}={v}" for k, v in point.items() if k in formula]
        value = float(cli(formula, *values, "--get", "value", "--no-check").out)
        assert math.isclose(value, gradients[name[-1]], rel_tol=1e-14)


def test_our_own_functions_are_printed_as_functions(cli):
    assert r"\left\lfloor x \right\rfloor" in cli("diff", "floor(x)*y", "-f", "latex").out
    assert "df_dy = floor(x);" in cli("diff", "floor(x)*y", "-f", "c").out
    assert "rint(x)" in cli("diff", "round(x)*y", "-f", "c").out


def test_a_formula_that_would_explode_is_refused(cli):
    done = cli("diff", "f(x) = x*x + x; " + "f(" * 30 + "x" + ")" * 30)
    assert done.code == 2
    assert "too large" in done.err


def test_diff_writes_to_a_file(cli, tmp_path):
    file = tmp_path / "formulas"
    assert cli("diff", "x^2", "-o", str(file)).out == ""
    assert file.read_text() == "df/dx = 2*x\n"


def test_the_catalogue_has_every_gate(cli):
    text = cli("gates").out
    for gate in GATES.values():
        assert f"  {gate.signature}" in text
    document = json.loads(cli("gates", "--format", "json").out)
    assert [gate["name"] for gate in document["gates"]] == list(GATES)
    lines = cli("gates", columns=60).out.splitlines()
    assert max(map(len, lines[:-1])) <= 60


@pytest.mark.parametrize("name", list(GATES))
def test_every_gate_has_a_page(cli, name):
    done = cli("gates", name)
    assert (done.code, done.err) == (0, "")
    gate = GATES[name]
    assert done.out.startswith(gate.signature)
    for text in ("definition", "local gradient", f"flow            {gate.flow}:", "keeps"):
        assert text in done.out
    for kink in gate.kinks:
        assert kink.text in done.out


def test_a_page_is_found_by_alias_and_by_symbol(cli):
    assert cli("gates", "σ").out == cli("gates", "sigmoid").out
    assert cli("gates", "*").out == cli("gates", "mul").out
    assert cli("gates", "-").out == cli("gates", "sub").out
    (page,) = json.loads(cli("gates", "mul", "--format", "json").out)["gates"]
    assert (page["definition"], page["local"]) == ("x*y", {"x": "y", "y": "x"})


def test_the_examples_are_listed_with_commands_that_run(cli):
    text = cli("examples").out
    for name, example in EXAMPLES.items():
        assert f"\n{name}\n  {example.title}\n" in "\n" + text
    for line in text.splitlines():
        if line.startswith("  gradcalc "):
            assert cli(*shlex.split(line)[1:]).code == 0


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_example_runs(cli, name):
    done = cli("examples", name)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(EXAMPLES[name].title)


def test_the_figures_of_the_examples(cli):
    assert "df/dx = z = -4 " in cli("examples", "three-gates").out
    assert "df/dw0" in cli("examples", "sigmoid").out
    assert "{'x': -4.0, 'y': -4.0, 'z': 3.0}" in cli("examples", "interface").out
    patterns = cli("examples", "patterns").out
    for line in ("f     = -20", "df/dx = 2*y = -8", "df/dy = 2*x = 6"):
        assert line in patterns


@pytest.mark.parametrize(
    ("program", "symbol"),
    [
        ("__class__*2", r"\mathrm{\_\_class\_\_}"),
        ("x_*2", r"\mathrm{x\_}"),
        ("_*2", r"\mathrm{\_}"),
        ("a__b*2", r"\mathrm{a\_\_b}"),
        ("x_1*2", "x_{1}"),
    ],
)
def test_names_with_odd_underscores_are_latex_too(cli, program, symbol):
    done = cli("diff", program, "-f", "latex")
    assert done.out == rf"\frac{{\partial f}}{{\partial {symbol}}} = 2" + "\n"
