"""Programs and the graphs that they become."""

import math
import re
import sys

import pytest

from gradcalc.errors import GradcalcError, NamingError, TooLargeError
from gradcalc.gates import CONSTANT
from gradcalc.language import parse, valid_name
from tests.language.rendering import compact

PROGRAMS = [
    ("x", "x"),
    ("(x + y)*z", "x y add(0,1) z mul(2,3)"),
    ("x*y + x*y", "x y mul(0,1) mul(0,1) add(2,3)"),
    ("q = x; q*y", "x y mul(0,1)"),
    ("q = x + y\nq*z", "x y add(0,1) z mul(2,3)"),
    ("\n\n; q = 2 ;; # two\n\nq*q;\n", "2 mul(0,0)"),
    ("q = x*x\nx", "x mul(0,0) -> 0"),
    ("q = x # one\rq*2", "x 2 mul(0,1)"),
    ("q = x\r\n\rq*2\r\n", "x 2 mul(0,1)"),
    ("(x\r+\r\ny)", "x y add(0,1)"),
    ("(x\n+ # in brackets\ny\n)", "x y add(0,1)"),
    ("max(\n x,\n y\n)", "x y max(0,1)"),
    ("sin\t(x)", "x sin(0)"),
    ("(sin\n(x))", "x sin(0)"),
    # precedence
    ("-x^2", "x 2 pow(0,1) neg(2)"),
    ("(-x)^2", "x neg(0) 2 pow(1,2)"),
    ("2^-x", "2 x neg(1) pow(0,2)"),
    ("x^-y^z", "x y z pow(1,2) neg(3) pow(0,4)"),
    ("x**y**z", "x y z pow(1,2) pow(0,3)"),
    ("x - y - z", "x y sub(0,1) z sub(2,3)"),
    ("x/y*z % x", "x y div(0,1) z mul(2,3) mod(4,0)"),
    ("-x*y", "x neg(0) y mul(1,2)"),
    ("+x - +y", "x y sub(0,1)"),
    ("--x", "x neg(0) neg(1)"),
    ("x + y < z*2", "x y add(0,1) z 2 mul(3,4) lt(2,5)"),
    ("not x < y or x and y", "x y lt(0,1) not(2) and(0,1) or(3,4)"),
    ("(x < y) == (y < x)", "x y lt(0,1) lt(1,0) eq(2,3)"),
    ("x != y", "x y ne(0,1)"),
    # numbers
    ("1_000 + .5 + 1e-3 + 2. + 1.5E+2", "1000 0.5 add(0,1) 0.001 add(2,3) 2 add(4,5) 150 add(6,7)"),
    # beyond ASCII
    ("x² + x⁻¹ + x¹⁰", "x 2 pow(0,1) -1 pow(0,3) add(2,4) 10 pow(0,6) add(5,7)"),
    ("-x²^y", "x 2 pow(0,1) y pow(2,3) neg(4)"),
    ("x·y × z ÷ x − y ∗ z", "x y mul(0,1) z mul(2,3) div(4,0) mul(1,3) sub(5,6)"),
    ("(x ≤ y) + (x ≥ y) + (x ≠ y)", "x y le(0,1) ge(0,1) add(2,3) ne(0,1) add(4,5)"),
    ("√(x) + σ(x)", "x sqrt(0) sigmoid(0) add(1,2)"),
    ("ｘ + x", "x add(0,0)"),
    ("x₁ + x1", "x1 add(0,0)"),
    ("é + e\N{COMBINING ACUTE ACCENT}", "é add(0,0)"),
    ("вес*名前", "вес 名前 mul(0,1)"),
    ("x\N{NO-BREAK SPACE}+ y", "x y add(0,1)"),
    # calls
    ("sin(sin(x))", "x sin(0) sin(1)"),
    ("max(x, y, z)", "x y z max(0,1,2)"),
    ("leaky_relu(x)", "x leaky_relu(0)"),
    ("leaky_relu(x, 0.1)", "x 0.1 leaky_relu(0,1)"),
    ("leaky_relu(slope=y, x=x)", "y x leaky_relu(1,0)"),
    ("clip(x, high=2, low=-y)", "x 2 y neg(2) clip(0,3,1)"),
    ("log(x, 2) + log(x, base=2) + ln(x)", "x 2 log(0,1) 2 log(0,3) add(2,4) log(0) add(5,6)"),
    ("slope = 2; leaky_relu(x, slope=slope)", "2 x leaky_relu(1,0)"),
    ("where(x > 0, x, 0)", "x 0 gt(0,1) 0 where(2,0,3)"),
    ("exp = 3; exp*exp(x)", "3 x exp(1) mul(0,2)"),
    ("max(x, max(y, z)) + 1", "x y z max(1,2) max(0,3) 1 add(4,5)"),
    ("np.sin(x) + math.log(x, 2)", "x sin(0) 2 log(0,2) add(1,3)"),
    ("torch.nn.functional.relu(x) + F.relu(x)", "x relu(0) relu(0) add(1,2)"),
    ("np.maximum(x, y) + np.arctan2(x, y)", "x y max(0,1) atan2(0,1) add(2,3)"),
    ("np = 2; np.exp(np)", "2 exp(0)"),
    # user functions
    ("f(u, v) = u*v; f(x, y) + f(y, 2)", "x y mul(0,1) 2 mul(1,3) add(2,4)"),
    ("f(u) = u; f(x)", "x"),
    ("f(u) = 3; f(x*x)", "x mul(0,0) 3"),
    ("f(u) = u + k; k = x*x; f(y)", "x mul(0,0) y add(2,1)"),
    ("f(x) = x + 1; f(y) + x", "y 1 add(0,1) x add(2,3)"),
    ("g(u) = u*k; f(k) = g(k); f(y)", "y k mul(0,1)"),
    ("f(u, v) = u/v; f(v=x, u=y)", "x y div(1,0)"),
    ("f(u) = u*u; g(u) = f(u) + f(u + 1); g(x)", "x mul(0,0) 1 add(0,2) mul(3,3) add(1,4)"),
    ("f = 2; f(u) = u + 1; f(f)", "2 1 add(0,1)"),
    ("f(\n u,\n v\n) = u*v\nf(x, y)", "x y mul(0,1)"),
    ("f(u) = pi*u; pi = 3; f(x)", "3 x mul(0,1)"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "graph"), PROGRAMS)
def test_a_program_becomes_its_graph(program: str, graph: str) -> None:
    assert compact(parse(program)) == graph


@pytest.mark.parametrize(
    "name", ["I", "E", "S", "N", "O", "Q", "e", "pi", "gamma", "beta", "lambda", "zeta", "if"]
)
def test_few_names_are_reserved(name: str) -> None:
    assert compact(parse(f"{name} + 1", [name])) == f"{name} 1 add(0,1)"
    assert compact(parse(f"{name} = x; {name}*2", ["x"])) == "x 2 mul(0,1)"


def test_constants_step_back_behind_values() -> None:
    graph = parse("pi*e*tau*π", [])
    assert graph.gates.count(CONSTANT) == 3
    assert list(graph.constants.values()) == [math.pi, math.e, math.tau]
    assert parse("math.pi*x", ["x", "pi"]).constants == {0: math.pi}
    assert parse("π", ["π"]).variables == {"pi": 0}


def test_named_statements_make_no_nodes() -> None:
    graph = parse("q = x + y; r = q; r*z")
    assert graph.named == {"q": 2, "r": 2}
    assert graph.variables == {"x": 0, "y": 1, "z": 3}


def test_spans_leave_out_the_brackets_of_the_inner_node() -> None:
    graph = parse("(x + y)*z")
    assert [graph.span(node) for node in range(5)] == [(1, 2), (5, 6), (1, 6), (8, 9), (0, 9)]


@pytest.mark.parametrize(
    ("program", "expr"),
    [
        ("  2 * sin(x + 1) # c", "2 * sin(x + 1)"),
        ("y + ((x))", "y + ((x))"),
        ("(x\n+\ny\n)*z", "(x + y )*z"),
        ("-(x)", "-(x)"),
        ("y*x²", "y*x²"),
        ("y = 1; np.exp(x)", "np.exp(x)"),
        ("max(x,\n y\n)", "max(x, y )"),
    ],
)
def test_a_node_shows_the_text_that_was_written(program: str, expr: str) -> None:
    graph = parse(program)
    assert graph.expr(graph.output) == expr


def test_inlined_nodes_know_body_and_call() -> None:
    program = "g(u) = u*u; f(u) = g(u) + k; 2*f(x + 1)"
    graph = parse(program)
    inlined = {graph.expr(node): graph.call_span(node) for node in graph.within}
    start = program.index("f(x + 1)")
    assert inlined == dict.fromkeys(["u*u", "k", "g(u) + k"], (start, start + 8))
    assert graph.call_span(graph.output) is None


@pytest.mark.parametrize(
    ("program", "given", "hint"),
    [
        ("z + zz", ["z"], "did you mean 'z'?"),
        ("abc + zz", ["abc"], "give it a value: zz=1"),
        ("x + zz; zz = 2", ["x"], "it is assigned further down"),
        ("zz = zz + 1", [], "a name cannot be assigned by itself"),
        ("f(u) = u + zz; f(x)", ["x"], "give it a value: zz=1"),
    ],
)
def test_an_unknown_name_is_refused_at_its_first_use(program: str, given: list[str], hint: str) -> None:
    with pytest.raises(NamingError) as caught:
        parse(program, given)
    error = caught.value
    assert (error.message, error.hint) == ("unknown name 'zz'", hint)
    assert error.span is not None
    assert program[slice(*error.span)] == "zz"


def test_a_root_sign_is_no_name() -> None:
    with pytest.raises(GradcalcError, match="'√' needs parentheses"):
        parse("√", None)


def test_unused_names_are_not_the_parsers_business() -> None:
    assert compact(parse("x", ["x", "y"])) == "x"


def test_assigning_a_given_name_is_refused() -> None:
    assert compact(parse("q = 2; q")) == "2"
    with pytest.raises(NamingError, match="'q' is assigned here and given a value outside"):
        parse("q = 2; q", ["q"])


def test_valid_names() -> None:
    assert all(map(valid_name, ["x", "x_1", "_", "é", "x₁", "π", "ｘ", "sin"]))
    assert not any(map(valid_name, ["", " x", "x ", "1x", "x²", "x y", "and", "x#", "x.y", "-", "½"]))


# Size.


def doubling(times: int) -> str:
    lines = [f"f{k + 1}(x) = f{k}(x) + f{k}(x)" for k in range(times)]
    return "\n".join(["f0(x) = x", *lines, f"f{times}(x)"])


def test_inlining_that_explodes_is_refused_before_it_does() -> None:
    with pytest.raises(TooLargeError, match="more than 10,000,000 nodes"):
        parse(doubling(40))
    with pytest.raises(TooLargeError, match="more than 10,000,000 nodes"):
        parse("f0(x) = x\n" + "\n".join(f"f{k + 1}(x) = f{k}(f{k}(x))" for k in range(40)))
    assert len(parse(doubling(10))) == 2**10


def test_a_limit_on_nodes_is_kept() -> None:
    with pytest.raises(TooLargeError):
        parse("x + x + x", max_nodes=2)
    with pytest.raises(TooLargeError):
        parse("f(u) = u*u; f(x) + f(x) + f(x)", max_nodes=4)
    assert len(parse("x + x + x", max_nodes=3)) == 3


MILLION = 1_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x+" * MILLION, "an operand is missing after '+'"),
        ("x**" * MILLION + " ;\n", "an operand is missing after '**'"),
        ("not " * MILLION, "an operand is missing after 'not'"),
        ("np." * MILLION, "'.' is not an operator"),
        ("np." * MILLION + "x", "'np.np.np.np' is no known library"),
        ("sin(" * MILLION, "'(' is never closed"),
        ("(x) + (" + "(x) + " * MILLION + "x", "'(' is never closed"),
    ],
    ids=lambda text: text[:7],
)
def test_megabytes_of_nonsense_are_refused_at_sight(text: str, said: str) -> None:
    with pytest.raises(GradcalcError, match=re.escape(said)) as caught:
        parse(text, ["x"])
    assert caught.value.span is not None
    symbol = said.split("'")[1]
    assert text[slice(*caught.value.span)] == (symbol if len(symbol) < 9 else ".")
    if symbol == "(":
        assert caught.value.span.start == (3 if text.startswith("sin") else 6)


def test_megabytes_of_sense_are_a_program() -> None:
    assert len(parse("x+" * MILLION + "x", ["x"])) == MILLION + 1
    assert len(parse("x;" * MILLION, ["x"])) == 1
    assert parse("x+" * MILLION + "2.  ;\n", ["x"]).output == MILLION + 1
    assert len(parse("(" * MILLION + "x" + ")" * MILLION + "\n", ["x"])) == 1
    assert len(parse("(" + "-  # )\n" * (MILLION // 5) + "x) # +", ["x"])) == MILLION // 5 + 1


@pytest.mark.parametrize("text", ["(", "sin(", "-(", "2^(", "max(1, ", "not ("])
def test_nesting_is_deeper_than_pythons_stack(text: str) -> None:
    depth = 20 * sys.getrecursionlimit()
    graph = parse(text * depth + "x" + ")" * depth)
    assert graph.expr(graph.output).startswith("x" if text == "(" else text)


def test_functions_are_chained_deeper_than_pythons_stack() -> None:
    depth = 5 * sys.getrecursionlimit()
    chain = "\n".join(f"f{k + 1}(x) = f{k}(x) + 1" for k in range(depth))
    assert len(parse(f"f0(x) = x\n{chain}\nf{depth}(x)")) == 2 * depth + 1


@pytest.mark.parametrize(
    "text", ["(", ")", "[", "x(", "abs(", "x ", "2", "x", "!", "|", "²", "a<", "x?", "f(x)=", "\0"]
)
def test_large_nonsense_is_refused_on_a_few_lines(text: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        parse(text * 100_000, [])
    assert len(f"{caught.value.message}{caught.value.hint}") < 300
