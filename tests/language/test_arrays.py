"""Lists, indices, options and creations, and the graphs that they become."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import GradcalcError, ShapeError, TooLargeError
from gradcalc.gates import CALLABLE, CONSTANT, GATES
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.language.creations import CREATIONS
from tests.language.rendering import compact

PROGRAMS = [
    # lists
    ("[1, 2]", "[1,2]"),
    ("[[1, 2], [3, 4]]", "[[1,2],[3,4]]"),
    ("[x, 2*y]", "x 2 y mul(1,2) stack(0,3)"),
    ("[[1, 2], [x, 3]]", "[1,2] x 3 stack(1,2) stack(0,3)"),
    ("[]", "[]"),
    ("[[], []]", "[[],[]]"),
    ("[1, 2,]", "[1,2]"),
    ("[\n1,\n\n 2,\n]", "[1,2]"),
    ("[-1, +2, 2^3, 1 < 2, not 1]", "[-1,2,8,1,0]"),
    ("[(1), max(2, 3)]", "[1,3]"),
    ("[zeros(2), [1, 2]]", "[[0,0],[1,2]]"),
    ("[1/0, 2]", "1 0 div(0,1) 2 stack(2,3)"),
    ("a = 2; [a, 3]", "2 [2,3]"),
    ("a = 2; [a, x]", "2 x stack(0,1)"),
    ("a = 1 + 1; b = a*3; [b, 3]", "1 1 add(0,1) 3 mul(2,3) [6,3]"),
    ("pi*[pi - pi, 1]", "3.14159265358979 [0,1] mul(0,1)"),
    ("[pi - pi, 1]*pi", "[0,1] 3.14159265358979 mul(0,1)"),
    ("2*[1, x]^2", "2 1 x stack(1,2) 2 pow(3,4) mul(0,5)"),
    # indices
    ("x[0]", "x index(0)[0]"),
    ("x[0, 1:]", "x index(0)[0,1:]"),
    ("x[::-1]", "x index(0)[::-1]"),
    ("x[1:-1]", "x index(0)[1:-1]"),
    ("x[:, :2, 1::2]", "x index(0)[:,:2,1::2]"),
    ("x[...]", "x index(0)[...]"),
    ("x[..., 0]", "x index(0)[...,0]"),
    ("x[[0, 2, 0]]", "x index(0)[[0,2,0]]"),
    ("x[[]]", "x index(0)[[]]"),
    ("x[[[0, 1], [1, 0]]]", "x index(0)[[[0,1],[1,0]]]"),
    ("x[[[0]], :, [[-1]]]", "x index(0)[[[0]],:,[[-1]]]"),
    ("x[[[], []]]", "x index(0)[[[],[]]]"),
    ("x[:, None]", "x index(0)[:,None]"),
    ("x[\n0,\n1:\n2]", "x index(0)[0,1:2]"),
    ("x[None:2]", "x index(0)[:2]"),
    ("n = 3; x[n - 1]", "3 x index(1)[2]"),
    ("(x\n[0])", "x index(0)[0]"),
    ("x\n[0]", "x [0]"),
    ("x[0]^2", "x index(0)[0] 2 pow(1,2)"),
    ("x[0]²", "x index(0)[0] 2 pow(1,2)"),
    ("x²[0]", "x 2 pow(0,1) index(2)[0]"),
    ("-x[0]", "x index(0)[0] neg(1)"),
    ("2^x[0]*y", "2 x index(1)[0] pow(0,2) y mul(3,4)"),
    ("sin(x)[0]", "x sin(0) index(1)[0]"),
    ("(x + y)[1:]", "x y add(0,1) index(2)[1:]"),
    ("[1, 2, 3][0]", "[1,2,3] index(0)[0]"),
    ("x[0][1]", "x index(0)[0] index(1)[1]"),
    ("x[None]; None + 1", "x index(0)[None] None 1 add(2,3)"),
    # transposes and products
    ("x.T", "x transpose(0)"),
    ("x.T[0]", "x transpose(0) index(1)[0]"),
    ("x[0].T^2", "x index(0)[0] transpose(1) 2 pow(2,3)"),
    ("(A @ B).T", "A B matmul(0,1) transpose(2)"),
    ("x.T @ y", "x transpose(0) y matmul(1,2)"),
    ("x.T.T + y.T", "x transpose(0) transpose(1) y transpose(3) add(2,4)"),
    ("T = 3; x.T*T", "3 x transpose(1) mul(2,0)"),
    ("x @ y * z / a", "x y matmul(0,1) z mul(2,3) a div(4,5)"),
    ("-x @ y + z", "x neg(0) y matmul(1,2) z add(3,4)"),
    # options
    ("sum(x)", "x sum(0)"),
    ("sum(x, 0)", "x sum(0){axis=0}"),
    ("sum(x, axis=0)", "x sum(0){axis=0}"),
    ("sum(axis=0, x=x)", "x sum(0){axis=0}"),
    ("sum(x, axis=-1, keepdims=True)", "x sum(0){axis=-1,keepdims=True}"),
    ("sum(x, None, False)", "x sum(0){axis=None,keepdims=False}"),
    ("sum(x, axis=[0, 1])", "x sum(0){axis=(0,1)}"),
    ("sum(x, axis=(0, 1))", "x sum(0){axis=(0,1)}"),
    ("sum(x, axis=(0,))", "x sum(0){axis=(0,)}"),
    ("sum(x, axis=(0))", "x sum(0){axis=0}"),
    ("sum(x, axis=3 - 2) + sum(\nx,\naxis\n=\n1)", "x sum(0){axis=1} sum(0){axis=1} add(1,2)"),
    ("n = 2; reshape(x, [n, n + 1])", "2 x reshape(1){shape=(2,3)}"),
    ("reshape(x, 2, 3)", "x reshape(0){shape=(2,3)}"),
    ("reshape(x, (2, -1))", "x reshape(0){shape=(2,-1)}"),
    ("reshape(x, 6)", "x reshape(0){shape=6}"),
    ("reshape(x, ())", "x reshape(0){shape=()}"),
    ("reshape(x, shape=(\n))", "x reshape(0){shape=()}"),
    ("sum(x, axis=()) + zeros(())", "x sum(0){axis=()} 0 add(1,2)"),
    ("reshape(x, shape=[6])", "x reshape(0){shape=(6,)}"),
    ("inf = 2; sum(x, axis=inf - inf)", "2 x sum(1){axis=0}"),
    ("sum([x, y])", "x y stack(0,1) sum(2)"),
    # any number of inputs
    ("stack(x, y)", "x y stack(0,1)"),
    ("stack([x, y])", "x y stack(0,1)"),
    ("stack([x, y], axis=1)", "x y stack(0,1){axis=1}"),
    ("stack([x, y], [1, 2])", "x y stack(0,1) [1,2] stack(2,3)"),
    ("stack([x, y], z)", "x y stack(0,1) z stack(2,3)"),
    ("stack([x, y]*2)", "x y stack(0,1) 2 mul(2,3) stack(4)"),
    ("concat([x, y], 1)", "x y concat(0,1){axis=1}"),
    ("concat([x, y], -1)", "x y concat(0,1){axis=-1}"),
    ("concat([x, y], 2*z)", "x y stack(0,1) 2 z mul(3,4) concat(2,5)"),
    ("concat((x, y), axis=1)", "x y concat(0,1){axis=1}"),
    ("concat(x, y, axis=0)", "x y concat(0,1){axis=0}"),
    ("concat([[1, 2], [3, 4, 5]])", "[1,2] [3,4,5] concat(0,1)"),
    # max and its reduction
    ("max(a)", "a amax(0)"),
    ("max(a, axis=0)", "a amax(0){axis=0}"),
    ("min(a, axis=1, keepdims=True)", "a amin(0){axis=1,keepdims=True}"),
    ("max(a, b)", "a b max(0,1)"),
    ("max([a, b, 1])", "a b 1 stack(0,1,2) amax(3)"),
    # creations
    ("zeros(3) + ones(2, 2)", "[0,0,0] [[1,1],[1,1]] add(0,1)"),
    ("zeros([2, 1]) + zeros((2, 1)) + zeros(shape=2)", "[[0],[0]] [[0],[0]] add(0,1) [0,0] add(2,3)"),
    ("zeros([])", "0"),
    ("eye(2)", "[[1,0],[0,1]]"),
    ("eye(1, 2)", "[[1,0]]"),
    ("eye(2, m=1)", "[[1],[0]]"),
    ("arange(3) + arange(1, 3) + arange(1, 0, -0.5)", "[0,1,2] [1,2] add(0,1) [1,0.5] add(2,3)"),
    ("linspace(0, 1, 3) + linspace(0, 1, num=2)", "[0,0.5,1] [0,1] add(0,1)"),
    ("full(2, 3) + full([1, 2], value=-1)", "[3,3] [[-1,-1]] add(0,1)"),
    ("zeros = 2; zeros*x", "2 x mul(0,1)"),
    ("zeros(u) = u + 1; zeros(x)", "x 1 add(0,1)"),
    ("norm(u, v) = u*v; norm(x, y)", "x y mul(0,1)"),
    # libraries
    ("np.sum(x, 0) + torch.mean(x, 1)", "x sum(0){axis=0} mean(0){axis=1} add(1,2)"),
    ("np.array([1, 2])*torch.tensor([x])", "[1,2] x stack(1) mul(0,2)"),
    ("np.linalg.norm(x) + torch.linalg.det(y)", "x norm(0) y det(2) add(1,3)"),
    ("np.max(x, axis=0) + np.std(x)", "x amax(0){axis=0} std(0) add(1,2)"),
    ("np.zeros((2, 1)) + np.ones(1)", "[[0],[0]] [1] add(0,1)"),
    ("torch.cat((x, y), 1) + torch.mm(x, y)", "x y concat(0,1){axis=1} matmul(0,1) add(2,3)"),
    ("F.softmax(x, 1) + F.mse_loss(x, y)", "x softmax(0){axis=1} y mse(0,2) add(1,3)"),
    # functions
    ("f(u) = sum(u, axis=0)[1:]; f(x)", "x sum(0){axis=0} index(1)[1:]"),
    ("f(u) = [u, 1]; f(2)", "2 1 stack(0,1)"),
    ("f(u) = u*[1, 2]; f(x) + f(y)", "x [1,2] mul(0,1) y [1,2] mul(3,4) add(2,5)"),
    ("n = 1; f(u) = u[n + 1]; f(x)", "1 x index(1)[2]"),
    ("f(u, k) = u[k]; f(x, 1)", "x 1 index(0)[1]"),
    ("f(u, k) = u[k]; f(x, [0, 2])", "x [0,2] index(0)[[0,2]]"),
    ("f(u, k) = u[[k, 0], :]; f(x, 1)", "x 1 0 stack(1,2) index(0)[[1,0],:]"),
    ("f(u, k) = u[k:k + 1:k, ...]; f(x, 1)", "x 1 1 add(1,2) index(0)[1:2:1,...]"),
    ("f(u, a) = sum(u, axis=a); f(x, 0) + f(x, -1)",
     "x 0 sum(0){axis=0} 1 neg(3) sum(0){axis=-1} add(2,5)"),
    ("f(u, n) = reshape(u, n, -1); f(x, 2)", "x 2 reshape(0){shape=(2,-1)}"),
    ("f(u, a) = sum(u, a); g(u, a) = f(u, a - 1); g(x, 1)", "x 1 1 sub(1,2) sum(0){axis=0}"),
    ("f(u) = u[k]; k = 1; f(x)", "1 x index(1)[1]"),
    ("f(u) = u[u]; x", "x"),
    ("f(u) = [2*pi - 2*pi, k]*k; k = x; f(y)",
     "x y 2 3.14159265358979 mul(2,3) 2 mul(5,3) sub(4,6) stack(7,0) mul(8,0)"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "graph"), PROGRAMS)
def test_a_program_becomes_its_graph(program: str, graph: str) -> None:
    assert compact(parse(program, None)) == graph


@pytest.mark.parametrize(("program", "graph"), PROGRAMS)
def test_blanks_and_newlines_inside_brackets_mean_nothing(program: str, graph: str) -> None:
    if "\n[" not in program:
        spaced = program.replace("(", "( \n").replace("[", "[ \n")
        assert compact(parse(spaced, None)) == graph


@pytest.mark.parametrize(
    ("program", "expr"),
    [
        ("y + [1, [2], x][0]", "y + [1, [2], x][0]"),
        ("2; (x + y)[1:]", "(x + y)[1:]"),
        ("2; [ 1, 2 ]", "[ 1, 2 ]"),
        ("2; x.T", "x.T"),
        ("2; sin(x)[0, ...]", "sin(x)[0, ...]"),
        ("2; np.zeros((1, 2))", "np.zeros((1, 2))"),
        ("2; x[:]", "x[:]"),
    ],
)
def test_a_node_shows_the_text_that_was_written(program: str, expr: str) -> None:
    graph = parse(program)
    assert graph.expr(graph.output) == expr


def test_options_are_plain() -> None:
    graph = parse("norm(x, inf) + norm(x, -inf) + norm(x, fro, axis=[0, 1]) + norm(x, 1.5)")
    assert list(graph.static.values()) == [
        {"ord": math.inf}, {"ord": -math.inf}, {"ord": "fro", "axis": (0, 1)}, {"ord": 1.5},
    ]  # fmt: skip
    assert type(graph.static[1]["ord"]) is float
    assert type(parse("sum(x, 0)").static[1]["axis"]) is int


def test_words_are_names_where_no_option_is_due() -> None:
    assert list(parse("inf + None*True").variables) == ["inf", "None", "True"]
    assert list(parse("sum(inf) + max(None, True)").variables) == ["inf", "None", "True"]


def test_values_of_options_leave_nothing_behind() -> None:
    graph = parse("sum(x, axis=2*pi - 2*pi)*reshape(x, [1, -2 + 3, -1])[max(0, 1):]", ["x"])
    assert len(graph) == 5
    assert not graph.constants
    assert list(graph.variables) == ["x"]


# Every gate with options can be given them, by name and by place.


@pytest.mark.parametrize(
    "gate", [gate for gate in GATES.values() if gate.options], ids=lambda gate: gate.name
)
def test_every_option_is_accepted(gate: Any) -> None:
    inputs = "x, y" if gate.variadic else ", ".join(gate.parameters)
    for name in gate.options:
        graph = parse(f"{gate.name}({inputs}, {name}=1)")
        assert graph.gates[graph.output] is gate
        assert graph.static[graph.output] == {name: 1}
    if not gate.variadic:
        values = dict(zip(gate.static, range(1, 9), strict=False))
        graph = parse(f"{gate.name}({inputs}, {', '.join(map(str, values.values()))})")
        assert graph.static[graph.output] == values


@pytest.mark.parametrize("name", CREATIONS)
def test_creations_are_no_gates(name: str) -> None:
    assert name not in CALLABLE


# Random numbers.


def drawn(program: str, seed: int = 0) -> list[Any]:
    return [value.tolist() for value in parse(program, [], seed=seed).constants.values()]


def test_the_same_seed_draws_the_same_numbers_in_the_order_of_the_text() -> None:
    generator = np.random.default_rng(7)
    expected = [generator.random((2, 3)).tolist(), generator.standard_normal(4).tolist()]
    assert drawn("rand(2, 3); randn(4)", 7) == expected
    assert drawn("rand(2, 3); randn(4)", 8) != expected


def test_a_function_draws_once() -> None:
    graph = parse("f(u) = u*rand(2); f(x) + f(y) + rand(2)", seed=3)
    first, second, third = [value.tolist() for value in graph.constants.values()]
    assert first == second == drawn("rand(2)", 3)[0]
    assert third != first


# What a call tells.


def test_an_index_and_options_that_a_call_tells_are_those_that_were_written() -> None:
    head = "f(u, i, a) = sum(u[i:, [0, i]], axis=a); g(u, i) = f(u, i - 1, -i/-2); x = rand(3, 4); "
    told, direct = (parse(head + end, seed=1) for end in ("g(x, 2)", "sum(x[1:, [0, 1]], axis=1)"))
    assert np.array_equal(told.forward({})[told.output], direct.forward({})[direct.output])


def test_calls_that_tell_an_index_take_linear_time() -> None:
    chain = ";".join(f"f{k + 1}(u, i) = f{k}(u, i)" for k in range(20_000))
    graph = parse(f"f0(u, i) = u[i]; {chain}; f20000(x, 1)")
    assert compact(graph) == "x 1 index(0)[1]"
    assert len(parse(f"f(u, i) = u[i]; {'; '.join(['f(x, 1)'] * 20_000)}")) == 40_001


# Against NumPy.

NUMBERS = st.floats(-1e300, 1e300)
LISTS = st.integers(0, 3).flatmap(
    lambda rank: st.lists(st.integers(0 if rank < 2 else 1, 3), min_size=rank + 1, max_size=rank + 1)
)


@given(LISTS, st.data())
def test_nested_lists_are_the_arrays_that_they_say(shape: list[int], data: st.DataObject) -> None:
    array = np.array(data.draw(st.lists(NUMBERS, min_size=math.prod(shape), max_size=math.prod(shape))))
    array = array.reshape(shape)
    graph = parse(str(array.tolist()))
    assert graph.gates == [CONSTANT]
    assert graph.constants[0].tolist() == array.tolist()
    assert (graph.constants[0].shape == array.shape) or 0 in shape


BOUND = st.none() | st.integers(-6, 6)
SLICES = st.builds(slice, BOUND, BOUND, BOUND.filter(lambda step: step != 0))
PLACES = st.lists(st.integers(-2, 1), min_size=1, max_size=3)
ENTRIES = st.one_of(st.integers(-3, 2), SLICES, st.none(), PLACES.map(tuple), st.tuples(PLACES.map(tuple)))


def written(entry: Any) -> str:
    """Return an entry of an index as a program has it."""
    if isinstance(entry, slice):
        texts = ["" if bound is None else str(bound) for bound in (entry.start, entry.stop, entry.step)]
        return ":".join(texts if texts[2] else texts[:2])
    if isinstance(entry, tuple):
        return f"[{', '.join(map(written, entry))}]"
    return "..." if entry is Ellipsis else str(entry)


@given(st.lists(ENTRIES, min_size=1, max_size=4), st.booleans(), st.integers(0, 4))
def test_an_index_is_the_key_that_numpy_gets(entries: list[Any], dots: bool, place: int) -> None:
    key = (*entries[:place], *([Ellipsis] if dots else []), *entries[place:])
    graph = parse(f"reshape(arange(24), 2, 3, 4)[{', '.join(map(written, key))}]")
    assert graph.static[graph.output] == {"key": key}
    array = np.arange(24.0).reshape(2, 3, 4)
    try:
        expected = array[tuple(np.array(k, int) if isinstance(k, tuple) else k for k in key)]
    except IndexError:
        with pytest.raises(ShapeError):
            graph.forward({})
        return
    assert np.array_equal(graph.forward({})[graph.output], expected)


# Size.


def nodes(text: str) -> Graph:
    return parse(text, None)


def test_long_lists_are_read_in_linear_time() -> None:
    many = 100_000
    assert nodes(f"[{', '.join(['-2*pi'] * many)}]").constants[0].shape == (many,)
    assert nodes(f"[{', '.join(['[1, 2]'] * many)}]").constants[0].shape == (many, 2)
    assert len(nodes(f"[{', '.join(['x'] * many)}]")) == 2
    assert len(nodes(f"x[[{', '.join(['0'] * many)}]]")) == 2
    assert len(nodes("q0 = 1;" + ";".join(f"q{k + 1} = q{k} + 1" for k in range(many)) + f"; x[q{many}]"))


def test_brackets_are_nested_deeper_than_pythons_stack() -> None:
    depth = 20 * sys.getrecursionlimit()
    assert len(nodes("sum([" * depth + "x" + "])" * depth)) == 2 * depth + 1
    assert len(nodes("x" + "[0]" * depth)) == depth + 1
    assert len(nodes("x[" + "-(" * depth + "0" + ")" * depth + "]")) == 2


@pytest.mark.parametrize("inner", ["1", "x"])
def test_arrays_have_at_most_32_axes(inner: str) -> None:
    assert nodes("[" * 32 + inner + "]" * 32)
    for text in ("[" * 33 + inner + "]" * 33, "[" * 100_000, f"[reshape(1, {'1, ' * 32}1)]"):
        with pytest.raises(GradcalcError, match=r"at most 32 axes|never closed"):
            nodes(text)
    with pytest.raises(ShapeError, match="at most 32 axes"):
        nodes("q = " + "[" * 32 + "1" + "]" * 32 + "; [q]")


@pytest.mark.parametrize(
    "text",
    ["zeros(100000, 100000)", "eye(100000)", "randn(1000000000)", "linspace(0, 1, 1000000000)",
     "arange(0, 1, 1e-12)", "arange(-1e308, 1e308)", "[zeros(100000000), zeros(100000000)]",
     "zeros(0, 1000000000)"],
)  # fmt: skip
def test_too_many_elements_are_refused_before_they_are_made(text: str) -> None:
    with pytest.raises(TooLargeError, match="more than 100,000,000 elements"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["x[", "[1,", "x[0,", "[1 ", "zeros(", "x[:", "...", "x.T", "x'", "[;", "sum(x,", "sum(axis=", "stack([",
     "concat([x,", "x[0]", "[]", "np.array(", "zeros((", "[1][", "zeros(1,", "sum(x,0,"],
)  # fmt: skip
def test_large_nonsense_is_refused_on_a_few_lines(text: str) -> None:
    for end in ("", "]", ")"):
        with pytest.raises(GradcalcError) as caught:
            parse(text * 50_000 + end, ["x"])
        assert len(f"{caught.value.message}{caught.value.hint}") < 300


MILLION = 1_000_000


@pytest.mark.parametrize("text", ["x[" * MILLION, "(x)[0] + [" + "(x) + " * MILLION + "x", "[1, " * MILLION])
def test_megabytes_of_open_lists_are_refused_at_sight(text: str) -> None:
    with pytest.raises(GradcalcError, match=r"'\[' is never closed") as caught:
        parse(text, ["x"])
    assert caught.value.span is not None
    assert caught.value.span.start == (9 if "+" in text else text.index("["))


def test_programs_of_scalars_do_not_load_numpy() -> None:
    code = "from gradcalc.language import parse; parse('f(x) = max(x, 2); log(f(y), base=2) + sum(z)')"
    script = f"import sys; {code}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
