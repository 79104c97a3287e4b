"""LaTeX keeps the meaning: brackets, names, numbers; and it stays short, whatever the graph."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.gates import GATES
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.report import Options, writer
from gradcalc.report.latexmath import ATOM, LIMIT, SUM, Fragment, apply, expression, expressions
from gradcalc.report.latexsymbols import number, symbols
from gradcalc.result import Output
from tests.programs import call
from tests.report.latexreader import read, tree


def latex(program, given=None):
    return expression(parse(program, given))


def report(program, point, nodes="all", **options):
    return "".join(writer("latex")(compute(program, point, **options), Options(nodes)))


def balanced(text):
    """Tell whether braces, growing brackets and environments all close."""
    text = re.sub(r"\\[{}]", "", text)
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    pairs = [("\\left", "\\right"), (r"\begin{", r"\end{")]
    return depth == 0 and all(
        len(re.findall(re.escape(left) + r"(?![a-z])", text))
        == len(re.findall(re.escape(right) + r"(?![a-z])", text))
        for left, right in pairs
    )


# Gates.


@pytest.mark.parametrize("gate", GATES.values(), ids=lambda gate: gate.name)
@pytest.mark.parametrize("inputs", [Fragment("x", ATOM), Fragment("x + y", SUM)], ids=["atom", "sum"])
def test_every_template_renders_and_is_balanced(gate, inputs):
    for count in range(gate.arity[0], (gate.arity[1] or 3) + 1):
        text = apply(gate, [inputs] * count).text
        assert balanced(text)
        assert text.count(inputs.text) >= count
        assert not any(f"{{{name}}}" in text for name in gate.parameters if name != "x")


@pytest.mark.parametrize("gate", GATES.values(), ids=lambda gate: gate.name)
def test_every_gate_is_put_into_brackets_as_a_base(gate):
    """An atom encloses itself; everything else that is raised to a power stands in brackets."""
    count = 3 if gate.variadic else len(gate.parameters)
    inner = apply(gate, [Fragment("x", ATOM)] * count)
    outer = apply(GATES["square"], [inner]).text
    enclosing = (r"\sqrt", r"\left|", r"\left\l", r"\lVert", r"\overline", "[")
    closed = inner.text.startswith(enclosing) and "=" not in inner.text
    assert outer == (f"{inner.text}^2" if closed else rf"\left({inner.text}\right)^2")


# Brackets.

TRICKY = [
    ("-x^2", r"-x^{2}"),
    ("(-x)^2", r"\left(-x\right)^{2}"),
    ("(x^y)^z", r"\left(x^{y}\right)^{z}"),
    ("x^(y^z)", r"x^{y^{z}}"),
    ("a-(b-c)", r"a - \left(b - c\right)"),
    ("a-b-c", r"a - b - c"),
    ("a+(b+c)", r"a + \left(b + c\right)"),
    ("a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
    ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
    ("(a+b)/(c*d)", r"\frac{a + b}{c \cdot d}"),
    ("sin(x)^2", r"\left(\sin \left(x\right)\right)^{2}"),
    ("sin(x^2)", r"\sin \left(x^{2}\right)"),
    ("sin(x)*y", r"\sin \left(x\right) \cdot y"),
    ("-(x+y)", r"-\left(x + y\right)"),
    ("-x*y", r"-x \cdot y"),
    ("x*-y", r"x \cdot \left(-y\right)"),
    ("x - -2*y", r"x - \left(-2 \cdot y\right)"),
    ("--x", r"-\left(-x\right)"),
    ("(x+y)*z", r"\left(x + y\right) \cdot z"),
    ("log(x)", r"\log \left(x\right)"),
    ("log(x, 2)", r"\log_{2} \left(x\right)"),
    ("logit(x)*y", r"\log\left(\frac{x}{1 - x}\right) \cdot y"),
    ("expm1(x)*2", r"\left(e^{x} - 1\right) \cdot 2"),
    ("hypot(x+1, y)", r"\sqrt{\left(x + 1\right)^2 + y^2}"),
    ("silu(x + y)", r"\left(x + y\right) \cdot \sigma\left(x + y\right)"),
    ("degrees(x + 1)", r"\frac{180}{\pi} \cdot \left(x + 1\right)"),
    ("elu(x)", r"\operatorname{elu}_{1}\left(x\right)"),
    ("abs(x - y)", r"\left|x - y\right|"),
    ("x%y + 1", r"\left(x \bmod y\right) + 1"),
    ("(x + 1)%y == 0", r"\left(x + 1\right) \bmod y = 0"),
    ("(a<b)*c", r"\left(a < b\right) \cdot c"),
    ("(a<b)<c", r"\left(a < b\right) < c"),
    ("a<b and not c", r"a < b \land \lnot c"),
    ("not (a<b)", r"\lnot \left(a < b\right)"),
    ("(a or b) and c", r"\left(a \lor b\right) \land c"),
    ("max(x, y) - 1", r"\max\left(x, y\right) - 1"),
    ("where(x>0, x, -x)", r"\begin{cases} x & x > 0 \\ -x & \text{otherwise} \end{cases}"),
    (
        "where(x>0, x, 0)*2",
        r"\left(\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}\right) \cdot 2",
    ),
    (
        "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))",
        r"\frac{1}{1 + e^{-\left(w_{0} \cdot x_{0} + w_{1} \cdot x_{1} + w_{2}\right)}}",
    ),
]


@pytest.mark.parametrize(("program", "text"), TRICKY, ids=[program for program, _ in TRICKY])
def test_brackets_stand_where_they_are_needed(program, text):
    assert latex(program) == text


READABLE = [
    GATES[name]
    for name in (
        *("add", "sub", "mul", "div", "pow", "neg", "mod", "square", "exp", "sqrt", "sin", "abs", "floor"),
        *("lt", "ge", "eq", "and", "or", "not", "where"),
    )
]


def applied(arguments):
    """Return a strategy of readable gates applied to expressions, as text in the language."""
    return st.sampled_from(READABLE).flatmap(
        lambda gate: st.tuples(*[arguments] * len(gate.parameters)).map(lambda args: call(gate, list(args)))
    )


@given(st.recursive(st.sampled_from(["x", "y", "w0", "2", "1.5e-8"]), applied, max_leaves=8))
def test_what_is_read_back_means_the_same(program):
    graph = parse(program)
    text = expression(graph)
    if text is not None:
        assert read(text) == tree(graph)


# Names and numbers.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "x"),
        ("w0", "w_{0}"),
        ("w_12", "w_{12}"),
        ("w1_2", "w_{1,2}"),
        ("x_max", r"x_{\mathrm{max}}"),
        ("x_i", "x_{i}"),
        ("alpha", r"\alpha"),
        ("alpha_1", r"\alpha_{1}"),
        ("lambda", r"\lambda"),
        ("Sigma", r"\Sigma"),
        ("σ", r"\sigma"),
        ("λ2", r"\lambda_{2}"),
        ("loss", r"\mathrm{loss}"),
        ("loss2", r"\mathrm{loss}_{2}"),
        ("learning_rate", r"\mathrm{learning\_rate}"),
        ("_x", r"\mathrm{\_x}"),
        ("x1y2", r"\mathrm{x1y2}"),
        ("Δx", r"\mathrm{\Delta x}"),
        ("имя_1", r"\text{имя}_{1}"),
        ("é", r"\text{é}"),
        ("e", r"\mathrm{e}"),
    ],
)
def test_names(name, text):
    assert symbols([name]) == {name: text}


def test_no_two_names_look_alike():
    names = ["w0", "w_0", "sigma", "σ", "alpha", "α", "x_1", "x1", "x__1"]
    found = symbols(names)
    assert len(set(found.values())) == len(names)
    assert found["σ"] == r"\sigma"
    assert found["sigma"] == r"\mathrm{sigma}"


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (2.0, "2"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e-08, "10^{-8}"),
        (-1e-08, "-10^{-8}"),
        (1.5e-08, r"1.5 \cdot 10^{-8}"),
        (1e22, "10^{22}"),
        (3.141592653589793, r"\pi"),
        (2.718281828459045, "e"),
        (float("inf"), r"\infty"),
    ],
)
def test_numbers(x, text):
    assert number(x) == text


def test_numbers_in_expressions():
    assert latex("(1e-8)^2") == r"\left(10^{-8}\right)^{2}"
    assert latex("x*1.5e-8") == r"x \cdot \left(1.5 \cdot 10^{-8}\right)"
    assert latex("x⁻¹") == "x^{-1}"
    assert latex("2*pi*x") == r"2 \cdot \pi \cdot x"
    graph = parse("2^x")
    graph.constants[0] = -2.0
    assert expression(graph) == r"\left(-2\right)^{x}"


def test_a_variable_called_like_a_constant_is_told_apart_from_it():
    assert latex("e^x + exp(x)", ["e", "x"]) == r"\mathrm{e}^{x} + e^{x}"
    assert latex("exp(1) + e*math.e", ["e"]).endswith(r"\mathrm{e} \cdot 2.718281828459045")
    assert latex("pi*np.pi", ["pi"]) == r"\pi \cdot 3.141592653589793"


# Size.


def test_a_shared_node_cannot_blow_the_text_up():
    program = "f(u) = logit(u) + u*u\ng(u) = f(f(u))\nh(u) = g(g(g(g(g(g(u))))))\nh(x)"
    found = list(expressions(parse(program)))
    assert found[-1] is None
    assert all(fragment is None or len(fragment.text) <= LIMIT for fragment in found)


def test_named_nodes_keep_it_short():
    steps = "\n".join(f"q{i + 1} = cos(q{i})*q{i}" for i in range(100))
    text = report(f"q0 = x\n{steps}", {"x": 0.5}, check=False)
    assert r"$q_{99} = \cos \left(q_{98}\right) \cdot q_{98}$" in text


@pytest.mark.parametrize("gate", ["sin", "neg"])
def test_a_deep_graph_takes_linear_time(gate):
    graph = Graph("x")
    node = graph.variables["x"] = parse("x").output
    graph.add(parse("x").gates[0])
    for _ in range(100_000):
        node = graph.add(GATES[gate], (node,))
    graph.output = node
    start = time.perf_counter()
    assert expression(graph) is None
    assert time.perf_counter() - start < 5


def test_a_wide_gate_is_not_written_out():
    names = [f"x{i}" for i in range(5000)]
    assert latex(f"max({', '.join(names)})") is None


def test_tex_can_nest_what_is_written():
    """TeX stops at 255 groups; the limit keeps what is written below that."""
    for step in ("exp({})", "-({})", "2^({})", "sqrt({})", "abs({})", "1/({})"):
        program = "x"
        longest = ""
        while (text := latex(program)) is not None:
            program, longest = step.format(program), text
        assert longest.count("{") + longest.count(r"\left") < 200


# The report.


def test_what_is_too_long_stands_as_written():
    program = "x_1^2 + " + " + ".join(f"x_1*{i}" for i in range(100))
    text = report(program, {"x_1": 2}, check=False)
    assert r"x\_1\textasciicircum{}2 + x\_1*0" in text
    assert r"$x_{1} \cdot 99$" in text


def test_text_of_a_comment_is_escaped(odd):
    """The expression comes from the graph, so no text of the program can do harm as long as it is short."""
    text = "".join(writer("latex")(odd, Options()))
    assert r"$x \cdot 2 + x \cdot 2$" in text
    wide = replace(odd, graph=parse("max(" + ", ".join(["a_b"] * 300) + ")"))
    wide = replace(wide, values=[1.0, 1.0], adjoints=[None, 1.0], check=None, kinks=[], gradients={})
    wide = replace(wide, output=Output(None, 1, 1.0))
    assert r"max(a\_b, a\_b" in "".join(writer("latex")(wide, Options()))


def test_labels_and_formulas():
    text = report("(x + y)*z", {"x": -2, "y": 5, "z": -4}, "none")
    assert r"$\displaystyle \frac{\partial f}{\partial z}$ & $x + y$ & $3$" in text
    text = report("loss = alpha*w0^2", {"alpha": 3, "w0": 5}, "none")
    assert r"\frac{\partial \mathrm{loss}}{\partial \alpha}$ & $w_{0}^{2}$" in text
    assert r"\frac{\partial \mathrm{loss}}{\partial w_{0}}$ & $2 \cdot \alpha \cdot w_{0}$" in text


def test_formulas_know_the_names_of_the_point():
    """`e`, `pi` and `lambda` are variables once they are given, in the formulas too."""
    text = report("e*pi*lambda^2", {"e": 2, "pi": 5, "lambda": 7}, "none")
    assert r"\frac{\partial f}{\partial \mathrm{e}}$ & $\lambda^{2} \cdot \pi$" in text


def test_a_formula_that_cannot_be_read_stands_as_text():
    result = compute("x*y", {"x": 2, "y": 3})
    entries = {
        name: replace(entry, formula="Strange(x_1) &") for name, entry in result.check.gradients.items()
    }
    result = replace(result, check=replace(result.check, gradients=entries))
    assert r"Strange(x\_1) \&" in "".join(writer("latex")(result, Options("none")))


def test_statements_are_equations_and_functions_are_inlined():
    text = report("s(u) = 1/(1 + exp(-u))\na = 2\nq = a*x\nok = q < 3\nok*s(q)", {"x": 1}, check=False)
    for part in (
        "$a = 2$",
        r"$q = a \cdot x$",
        r"$\mathrm{ok} = \left(q < 3\right)$",
        r"\mathrm{ok} \cdot \frac{1}{1 + e^{-q}}$",
    ):
        assert part in text


def test_named_rows_are_those_of_the_whole_report():
    program, point = "q = x + y; r = q*q; r/x", {"x": 1, "y": 2}
    everything = report(program, point).splitlines()
    named = report(program, point, "named").splitlines()
    assert set(named) <= set(everything)
    assert any(r"$r = q \cdot q$" in line for line in named)


def test_the_report_says_what_it_needs_and_is_balanced(results):
    for result in results.values():
        text = "".join(writer("latex")(result, Options()))
        assert text.startswith("% needs \\usepackage{amsmath}\n")
        assert balanced(text.partition("\n")[2])
        assert text.count("$") % 2 == 0
