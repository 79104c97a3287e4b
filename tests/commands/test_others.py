"""diff, gates, examples."""

import json
import math
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gradcalc.examples import EXAMPLES, command_line, file_name
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
    rule = "local gradient" if gate.elementwise else "gradient        of "
    for text in ("definition", rule, f"flow            {gate.flow}:", "keeps"):
        assert text in done.out
    for text in [
        gate.means,
        *gate.arrives,
        *(kink.text for kink in gate.kinks),
        *(e.why for e in gate.edges),
    ]:
        assert text in done.out


@pytest.mark.parametrize("name", list(GATES))
def test_every_gate_s_page_is_json_too(cli, name):
    (page,) = json.loads(cli("gates", name, "-f", "json").out, parse_constant=pytest.fail)["gates"]
    gate = GATES[name]
    assert page["elementwise"] == gate.elementwise
    assert page["options"].keys() == gate.options.keys()
    rules, none = (page["local"], page["arrives"]) if gate.elementwise else (page["arrives"], page["local"])
    assert none == {}
    assert gate.variadic or list(rules) == list(gate.parameters)
    assert [pinned["why"] for pinned in page["pinned"]] == [edge.why for edge in gate.edges]


def test_the_page_of_a_gate_of_arrays(cli):
    text = cli("gates", "@").out
    assert text == cli("gates", "matmul").out
    for line in (
        "definition      out[i, j] = sum over k of x[i, k] y[k, j]",
        "gradient        of x: g @ y.T",
        "                of y: x.T @ g",
        "                g is the upstream gradient",
        "matmul([[0.1, 0.5], [-0.3, 0.8]], [0.2, 0.4]) = [0.22, 0.26], gradient of its sum [[0.2, 0.4]",
    ):
        assert line in text
    text = cli("gates", "sum").out
    assert text.startswith("sum(x, axis=None, keepdims=False)\n")
    assert "sum([1, 2, 3])" in text
    assert "index([5, 7], key=-1) = 7, gradient of its sum [0, 1]" in cli("gates", "index").out


def test_gates_of_arrays_need_no_sympy():
    code = (
        "import sys; from gradcalc.commands.gates import full, page; from gradcalc.gates import GATES\n"
        "for gate in GATES.values():\n"
        "    if not gate.elementwise: full(gate), list(page(gate))\n"
        "print('sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


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


# diff of arrays.


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["sum(x^2)", "--shape", "x=2"], ["df/dx[0] = 2*x[0]", "df/dx[1] = 2*x[1]"]),
        (["W[0, 1]*y", "--shape", "W=1×2"], ["df/dW[0, 0] = 0", "df/dW[0, 1] = y", "df/dy = W[0, 1]"]),
        (["sum([1, 2]*x)"], ["df/dx = 3"]),
        (["sum(x)"], ["df/dx = 1"]),
        (["q = W @ x; sum(q)", "--shape", "W=1,2", "--shape", "x=2", "--wrt", "q"], ["df/dq[0] = 1"]),
        (["x[0]*exp(x[1])", "--shape", "x=2", "-f", "python"], ["df_dx[0] = math.exp(x[1])"]),
        (["W[0, 1]^2", "--shape", "W=1x2", "-f", "c"], ["df_dW[0][0] = 0;", "df_dW[0][1] = 2*W[0][1];"]),
        (["x[0]*y", "--shape", "x=1", "-f", "latex"], [r"\frac{\partial f}{\partial x[0]} = y"]),
    ],
)
def test_formulas_of_elements(cli, arguments, lines):
    done = cli("diff", *arguments)
    assert (done.code, done.err) == (0, "")
    for line in lines:
        assert line in done.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["W @ x"], "--shape x=2x3 says that x is a matrix"),
        (["x[0]"], "--shape x=2x3 says"),
        (["x @ y", "--shape", "x=2", "--shape", "y=3"], "the inner sizes 2 and 3 differ"),
        (["x^2", "--shape", "x=2"], "hint: sum(x^2)"),
        (["x", "--shape", "y=2"], "unknown name 'y' in --shape"),
        (["weight^2", "--shape", "wieght=2"], "did you mean 'weight'?"),
        (["x", "--shape", "x=a"], "'a' is not the shape of 'x'"),
        (["x", "--shape", "x=-2"], "'-2' is not the shape of 'x'"),
        (["x", "--shape", "x"], "'x' is not NAME=SHAPE"),
        (["x", "--shape", "x=2", "--shape", "x=3"], "--shape has 'x' twice"),
        (["sum(x)", "--shape", "x=1000000"], "the formulas would be too large"),
    ],
)
def test_formulas_of_elements_that_there_are_not(cli, arguments, said):
    done = cli("diff", *arguments)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if file_name(example)])
def test_a_program_file_can_be_printed_copied_and_run(cli, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = cli("examples", name, "--program").out
    Path(file_name(EXAMPLES[name])).write_text(text, encoding="utf-8")
    shown = cli("examples", name).out
    assert text in shown
    for line in (command_line(EXAMPLES[name].arguments), text.splitlines()[1].removeprefix("#").strip()):
        done = cli(*shlex.split(line)[1:])
        assert (done.code, done.err) == (0, "")
        assert shown.endswith(done.out)


def test_a_program_of_one_line_can_be_printed_too(cli, tmp_path):
    (tmp_path / "neuron.txt").write_text(cli("examples", "neuron", "--program").out)
    assert cli(f"@{tmp_path}/neuron.txt", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3").code == 0
    assert cli("examples", "interface", "--program").code == 2
    assert cli("examples", "--program").code == 2


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
