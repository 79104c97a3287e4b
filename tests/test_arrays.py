"""Programs with arrays, from the text to the gradients: shapes, broadcasting, kinks, not finite numbers."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from gradcalc import value_and_grad
from gradcalc.errors import (
    DomainError,
    GradcalcError,
    NamingError,
    NotFiniteError,
    ShapeError,
    UsageError,
)  # fmt: skip
from gradcalc.forward import forward
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.result import Result

RNG = np.random.default_rng(0)


def run(program: str, wrt: list[str] | None = None, **point: object) -> Result:
    return compute(program, point, wrt=wrt, check=False)


def gradient(program: str, name: str, **point: object) -> np.ndarray:
    return np.asarray(run(program, [name], **point).gradients[name])


# Shapes.

POINT = {
    "A": RNG.normal(size=(3, 3)) + 3 * np.eye(3),
    "B": RNG.normal(size=(2, 3)),
    "b": RNG.normal(size=3),
    "c": RNG.normal(size=(2, 1)),
    "s": 0.7,
    "T": RNG.normal(size=(4, 2, 3)),
    "z": np.zeros((0, 3)),
}

PROGRAMS = [
    "sum(B + b)", "sum(B*c)", "sum(B*s)", "sum(b*s) + s", "sum(T*B)", "sum(T + b)", "sum(c + b)",
    "sum(z + b)", "sum(B @ A)", "b @ A @ b", "sum(T @ A)", "sum(B.T @ c)", "sum(b[1:] - b[:-1])",
    "sum(B[0]^2)", "b[0]*b[1]", "sum(B[:, [0, 2, 0]])", "sum(T[..., 0])", "max(B)",
    "sum(max(B, axis=0))", "sum(where(B > 0, B, c))", "mean(B) + s", "sum(sigmoid(B @ A + b))",
    "sum([s, 2*s, b[0]])", "sum([[s, 1], [2, s]])", "sum(exp(z))", "sum(clip(B, -0.5, c))",
    "sum(max(B, b, s))", "sum(B^2)/s", "norm(b)", "sum(b[::-1]*b)", "trace(A)", "det(A)",
]  # fmt: skip


DEEP = "[" * 32 + "1" + "]" * 32


@pytest.mark.parametrize("program", [f"[x + {DEEP}]", f"(x + {DEEP})[None]"])
def test_no_gate_makes_an_array_of_more_axes_than_there_are(program: str) -> None:
    with pytest.raises(ShapeError, match="an array has at most 32 axes, not 33"):
        run(program, x=1)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_node_and_its_gradient_have_the_same_shape(program: str) -> None:
    graph = parse(program, POINT)
    values = graph.forward(POINT)
    gradients = graph.backward(values)
    for node, (value, found) in enumerate(zip(values, gradients, strict=True)):
        assert type(value) is float or value.dtype == np.float64
        assert found is None or np.shape(found) == np.shape(value), graph.expr(node)
        assert found is None or type(found) is type(value)


@pytest.mark.parametrize("program", PROGRAMS)
def test_gradients_agree_with_central_differences(program: str) -> None:
    graph = parse(program, POINT)
    _, gradients = value_and_grad(graph, POINT)
    rng, step = np.random.default_rng(1), 1e-6
    for name, found in gradients.items():
        direction = rng.normal(size=np.shape(found))
        sides = [
            forward(graph, {**POINT, name: POINT[name] + s * direction})[graph.output] for s in (step, -step)
        ]
        assert np.sum(found * direction) == pytest.approx(
            (sides[0] - sides[1]) / (2 * step), rel=2e-7, abs=1e-8
        )


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_lean_passes_give_what_the_full_ones_do(program: str) -> None:
    graph = parse(program, POINT)
    values = graph.forward(POINT)
    gradients = graph.backward(values)
    value, found = value_and_grad(graph, POINT)
    assert value == values[graph.output]
    for name, array in found.items():
        np.testing.assert_array_equal(array, gradients[graph.variables[name]])


STEPS = (
    "{a} + {b}", "{a} - {b}", "{a}*{b}", "mod({a}, {b} + 9)", "sin({a})", "-{a}", "{a}.T", "tril({a}, 9)",
    "sum({a}, axis=1)/3 + {b}", "where({a} > {b}, {a}, {b})", "concat({a}[:1], {b}[1:])",
)  # fmt: skip


def tangled(seed: int) -> str:
    """A program whose statements use those before them again and again."""
    random, names, lines = Random(seed), ["A", "B"], []
    for k in range(8):
        a, b = random.choice(names), random.choice(names)
        lines.append(f"q{k} = {random.choice(STEPS).format(a=a, b=b)}")
        names.append(f"q{k}")
    return "\n".join([*lines, f"sum(sin({' + '.join(names[-2:])}))"])


@pytest.mark.parametrize("seed", range(100))
def test_what_adds_up_in_place_changes_no_other_gradient(seed: int) -> None:
    """Neither in the least memory, nor where a wire that no gradient takes has an infinite slope."""
    program, point = tangled(seed), {"A": POINT["A"], "B": POINT["A"].T / 2, "z": np.array([0.0, 1.0])}
    graph = parse(program, point)
    expected = graph.backward(graph.forward(point))
    spoilt = parse(program + " + sum(where(z > 0, log(z), 0))", point)
    _, lean = value_and_grad(graph, point)
    _, taken = value_and_grad(spoilt, point)
    for name in graph.variables:
        whole = expected[graph.node(name)]
        np.testing.assert_allclose(lean[name], whole, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(taken[name], whole, rtol=1e-12, atol=1e-12)


def test_the_passes_change_nothing_that_was_given() -> None:
    point = {name: np.array(x) for name, x in POINT.items()}
    for program in PROGRAMS:
        graph = parse(program, point)
        value_and_grad(graph, point)
        graph.backward(graph.forward(point))
    for name, x in POINT.items():
        np.testing.assert_array_equal(point[name], x)


def test_the_backward_pass_twice_gives_the_same() -> None:
    graph = parse("sum((B @ A + b)^2 + B)", POINT)
    values = graph.forward(POINT)
    once, twice = graph.backward(values), graph.backward(values)
    for first, second in zip(once, twice, strict=True):
        assert (first is None) == (second is None)
        np.testing.assert_array_equal(first, second) if first is not None else None


@pytest.mark.parametrize("program", ["sum(x + y)", "sum(x) + sum(y)", "sum(x + y.T)", "u = x + y; sum(u*x)"])
def test_a_gradient_that_is_written_on_changes_no_other(program: str) -> None:
    graph, point = parse(program), {"x": np.eye(2), "y": np.ones((2, 2))}
    _, whole = value_and_grad(graph, point)
    _, found = value_and_grad(graph, point)
    found["x"] *= 100
    np.testing.assert_array_equal(found["y"], whole["y"])
    found["y"] *= 100
    np.testing.assert_array_equal(found["x"], 100 * whole["x"])
    np.testing.assert_array_equal(point["x"], np.eye(2))
    np.testing.assert_array_equal(point["y"], np.ones((2, 2)))


UNFIT = [
    ({"W": np.eye(2), "x": [1, 2]}, None, ShapeError, r"the output has the shape \(2,\)"),
    ({"W": np.eye(2), "x": [1, 2, 3]}, None, ShapeError, "the inner sizes 2 and 3 differ"),
    ({"W": np.eye(2)}, None, NamingError, "'x' has no value"),
    ({"W": np.eye(2), "x": [1, 2]}, ["z"], NamingError, "there is no variable or statement 'z'"),
    ({"W": [[1, 2], [3]], "x": [1, 2]}, None, UsageError, "'W' is ragged"),
    ({"W": np.eye(2, dtype=object), "x": [1, 2]}, None, UsageError, "an array of Python objects"),
    ({"W": np.full((2, 2), "a"), "x": [1, 2]}, None, UsageError, "an array of texts"),
    ({"W": 1j * np.eye(2), "x": [1, 2]}, None, UsageError, "an array of complex numbers"),
]


@pytest.mark.parametrize(("point", "wrt", "kind", "said"), UNFIT, ids=[said for *_, said in UNFIT])
def test_what_python_gives_that_does_not_fit_is_one_sentence(
    point: dict, wrt: list[str] | None, kind: type[GradcalcError], said: str
) -> None:
    graph = parse("W @ x")
    with pytest.raises(kind, match=said):
        value_and_grad(graph, point, wrt)
    with pytest.raises(kind, match=said):
        graph.backward(graph.forward(point), wrt)


def test_a_shared_gradient_is_not_added_into() -> None:
    """x and y both get the upstream array itself; x then gets more, and y must not see it."""
    found = run("u = x + y; sum(u) + sum(x*x)", x=[1.0, 2.0], y=[3.0, 4.0]).gradients
    np.testing.assert_array_equal(found["x"], [3, 5])
    np.testing.assert_array_equal(found["y"], [1, 1])


def test_lists_arrays_and_numbers_are_values() -> None:
    for x in ([1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1, 2], np.float32)):
        np.testing.assert_array_equal(run("sum(x^2)", x=x).gradients["x"], [2, 4])
    assert run("x^2", x=np.float64(3)).gradients["x"] == 6
    assert type(run("x^2", x=np.array(3)).gradients["x"]) is float


def test_a_single_number_and_an_array_of_one_differ() -> None:
    assert run("sum(x^2)", x=3).gradients["x"] == 6
    assert run("sum(x^2)", x=[3]).gradients["x"].shape == (1,)
    assert run("sum(x*y)", x=[3], y=2).gradients["y"] == 3


def test_empty_arrays() -> None:
    assert run("sum(x)", x=[]).output.value == 0
    assert run("sum(x)", x=[]).gradients["x"].shape == (0,)
    assert run("sum(x @ y)", x=np.zeros((2, 0)), y=np.zeros((0, 3))).output.value == 0
    assert run("sum(z + b)", z=np.zeros((0, 3)), b=[1, 2, 3]).gradients["b"].tolist() == [0, 0, 0]
    for program in ("max(x)", "mean(x)", "min(x)"):
        with pytest.raises(ShapeError, match="no "):
            run(program, x=[])


# Shapes that do not fit: an error before anything is computed.

MISFITS = [
    ("x + y", (2, 3), (2,), ["x (2, 3)", "y (2,)"], ""),
    ("x*y", (2, 3), (3, 2), ["x (2, 3)", "y (3, 2)"], "y.T"),
    ("x @ y", (2, 3), (2, 3), ["x (2, 3)", "y (2, 3)", "3 and 2"], "x.T @ y"),
    ("x @ y", (2, 3), (2,), ["x (2, 3)", "y (2,)", "3 and 2"], "x.T @ y"),
    ("x @ y", (), (2,), ["x ()", "y (2,)"], "x * y"),
    ("(x + 1) @ y", (2, 3), (2, 3), ["x + 1 (2, 3)"], "(x + 1).T @ y"),
    ("x.T @ y", (3, 2), (2,), ["x.T (2, 3)", "y (2,)"], "x @ y"),
    ("x[5] + y", (3,), (), ["x", "(3,)", "5"], ""),
    ("sum(x, axis=2) + y", (2, 3), (), ["axis 2", "x (2, 3)"], ""),
    ("trace(x) + y", (2, 3), (), ["(2, 3)"], ""),
    ("inv(x) + y", (2, 3), (), ["(2, 3)"], ""),
    ("[x, y]", (2,), (3,), ["(2,)", "(3,)"], ""),
]  # fmt: skip


@pytest.mark.parametrize(("program", "x", "y", "said", "hint"), MISFITS, ids=[m[0] for m in MISFITS])
def test_shapes_that_do_not_fit(program: str, x: tuple, y: tuple, said: list[str], hint: str) -> None:
    with pytest.raises(ShapeError) as caught:
        run(f"sum({program})", x=np.full(x, np.nan), y=np.full(y, np.nan))
    for words in said:
        assert words in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.span is not None
    assert caught.value.exit == 2
    assert caught.value.source[slice(*caught.value.span)] in program or program in caught.value.source


def test_the_place_of_a_misfit() -> None:
    with pytest.raises(ShapeError) as caught:
        run("h = W @ x; sum(h + b)", W=np.ones((2, 3)), x=[1, 2, 3], b=[1, 2, 3])
    assert caught.value.source[slice(*caught.value.span)] == "h + b"


def test_a_vector_output_says_what_to_do() -> None:
    with pytest.raises(ShapeError, match=r"shape \(2,\)") as caught:
        run("x^2", x=[1, 2])
    for words in ("sum(x^2)", "gradcalc jacobian", "--upstream"):
        assert words in caught.value.hint


def test_upstream_is_the_output_s_own_gradient() -> None:
    result = compute("W @ x", {"W": [[1, 2], [3, 4]], "x": [5, 6]}, upstream=[1, 10], check=False)
    np.testing.assert_array_equal(result.gradients["x"], [31, 42])
    np.testing.assert_array_equal(result.gradients["W"], [[5, 6], [50, 60]])
    assert result.output.shape == (2,)
    with pytest.raises(ShapeError, match=r"upstream has the shape \(3,\), but the output has \(2,\)"):
        compute("x", {"x": [1, 2]}, upstream=[1, 2, 3])
    assert compute("x^2", {"x": 3}, upstream=10, check=False).gradients["x"] == 60


# Broadcasting.


def test_what_broadcasting_summed_is_told() -> None:
    result = run("sum(x + b)", x=np.ones((2, 3)), b=[1, 2, 3])
    row = next(node for node in result.nodes if node.name == "b")
    assert row.parts[0].summed == (0,)
    np.testing.assert_array_equal(row.gradient, [2, 2, 2])
    column = next(
        node for node in run("sum(x + b)", x=np.ones((2, 3)), b=[[1], [2]]).nodes if node.name == "b"
    )
    assert column.parts[0].summed == (1,)


def test_a_column_minus_a_row_is_warned_of() -> None:
    result = run("mean((x - y)^2)", x=[[1], [2], [3]], y=[1, 2, 3])
    assert len(result.warnings) == 1
    for words in ("x (3, 1)", "y (3,)", "(3, 3)"):
        assert words in result.warnings[0]
    for x, y in (([[1], [2]], [[1, 2]]), ([[1, 2], [3, 4]], [1, 2]), ([[1], [2]], 3), ([[1], [2]], [5])):
        assert not run("mean((x - y)^2)", x=x, y=y).warnings


def test_a_column_that_was_written_right_there_is_meant() -> None:
    assert not run("sum((x[:, None] - x)^2)", x=[1, 2, 3]).warnings
    assert run("c = x[:, None]; sum((c - x)^2)", x=[1, 2, 3]).warnings
    assert run("sum((x[:, [0]] - y)^2)", x=[[1], [2]], y=[1, 2]).warnings


# Routers, kinks, and what no gradient flows to.


def test_the_branch_not_taken_is_harmless_element_by_element() -> None:
    result = run("sum(where(x > 0, log(x), 0))", x=[-1, 2, 0, 4])
    np.testing.assert_array_equal(result.gradients["x"], [0, 0.5, 0, 0.25])
    np.testing.assert_array_equal(gradient("sum(max(sqrt(x), 1))", "x", x=[0, 4]), [0, 0.25])
    np.testing.assert_array_equal(gradient("sum(sqrt(x)[1:])", "x", x=[0, 4]), [0, 0.25])
    np.testing.assert_array_equal(gradient("sum(where(x > 0, x @ A, 0))", "x", x=[1, 1], A=np.eye(2)), [1, 1])
    np.testing.assert_array_equal(
        gradient("sum(where(x > 0, logdet(A), x))", "A", x=[-5, -1], A=np.ones((2, 2))), np.zeros((2, 2))
    )


def test_ties_share_evenly_and_are_kinks() -> None:
    result = run("max(x)", x=[1, 1, 0])
    np.testing.assert_array_equal(result.gradients["x"], [0.5, 0.5, 0])
    assert len(result.kinks) == 1
    result = run("sum(max(x, axis=1))", x=[[1, 1, 1, 0], [1, 2, 3, 4]])
    np.testing.assert_array_equal(result.gradients["x"], [[1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0, 1]])
    assert result.kinks[0].elements == [(0,)]
    np.testing.assert_array_equal(gradient("sum(max(x, y))", "x", x=[1, 2], y=[1, 1]), [0.5, 1])


def test_kinks_are_named_by_element() -> None:
    result = run("sum(relu(x))", x=[[1, 0, -2], [0, 3, 0]])
    (kink,) = result.kinks
    assert kink.elements == [(0, 1), (1, 0), (1, 2)]
    assert kink.count == 3
    assert "at 3 elements: [0, 1], [1, 0], [1, 2]" in kink.text
    np.testing.assert_array_equal(result.gradients["x"], [[1, 0, 0], [0, 1, 0]])
    (kink,) = run("sum(abs(x) + 1)", x=np.zeros(10)).kinks
    assert (len(kink.elements), kink.count) == (3, 10)


def test_kinks_that_the_output_does_not_see_are_none() -> None:
    assert not run("sum(relu(x)[1:])", x=[0, 1]).kinks
    assert not run("sum(where(x > 0.5, relu(x), 1))", x=[0, 1]).kinks
    assert run("sum(relu(x)[:1])", x=[0, 1]).kinks


# Numbers that are not finite.

BAD = [
    ("sum(log(x))", {"x": [1, -2]}, DomainError, ["log of -2", "[1]", "x > 0"]),
    ("sum(1/x)", {"x": [[1, 2], [0, 4]]}, DomainError, ["1 / 0", "[1, 0]"]),
    ("sum(exp(x))", {"x": [1, 1000]}, NotFiniteError, ["exp of 1000", "[1]"]),
    ("sum(exp(x)^2) + sum(x)", {"x": [1, 400]}, NotFiniteError, ["[1]"]),
    ("sum(sqrt(x))", {"x": [4, 0]}, NotFiniteError, ["gradient of 'x'", "sqrt of 0", "[1]"]),
    ("sum(x)", {"x": [1, float("nan")]}, GradcalcError, ["x", "nan", "1"]),
    ("sum(inv(x))", {"x": [[1, 2], [2, 4]]}, DomainError, ["inv", "singular"]),
    ("sum(max(x, logdet(A)))", {"A": [[-1, 0], [0, 1]], "x": [1, 2]}, DomainError, ["logdet"]),
    ("logdet(x)", {"x": [[1, 2], [2, 4]]}, DomainError, ["logdet"]),
    ("sum(solve(A, x))", {"A": [[1, 2], [2, 4]], "x": [1, 2]}, DomainError, ["singular"]),
]  # fmt: skip


@pytest.mark.parametrize(("program", "point", "kind", "said"), BAD, ids=[b[0] for b in BAD])
def test_the_first_element_that_is_not_finite_is_named(
    program: str, point: dict, kind: type[GradcalcError], said: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        run(program, **point)
    for words in said:
        assert words in caught.value.message


def test_a_name_without_a_value() -> None:
    with pytest.raises(NamingError, match="'y' has no value"):
        parse("sum(x) + y", None).forward({"x": [1, 2]})


# Known results, from matrix calculus.

A, B, C = (np.random.default_rng(s).normal(size=(3, 3)) + 3 * np.eye(3) for s in (1, 2, 3))
X = np.random.default_rng(4).normal(size=(3, 3)) + 2 * np.eye(3)
x, y = RNG.normal(size=3), RNG.normal(size=3)

KNOWN = [
    ("0.5*x @ A @ x", {"x": x, "A": A}, "x", (A + A.T) @ x / 2),
    ("norm(A @ x - y, 1)", {"x": x, "A": A, "y": y}, "x", A.T @ np.sign(A @ x - y)),
    ("norm(A @ x - y)^2", {"x": x, "A": A, "y": y}, "x", 2 * A.T @ (A @ x - y)),
    (
        "trace(A @ X.T @ B @ X @ C)", {"A": A, "X": X, "B": B, "C": C}, "X",
        B @ X @ C @ A + B.T @ X @ A.T @ C.T,
    ),
    ("log(det(inv(X)))", {"X": X}, "X", -np.linalg.inv(X).T),
    ("trace(inv(X))", {"X": X}, "X", -np.linalg.matrix_power(np.linalg.inv(X), 2).T),
    ("det(X)", {"X": X}, "X", np.linalg.det(X) * np.linalg.inv(X).T),
]  # fmt: skip


@pytest.mark.parametrize(("program", "point", "name", "expected"), KNOWN, ids=[k[0] for k in KNOWN])
def test_known_results_of_matrix_calculus(program: str, point: dict, name: str, expected: np.ndarray) -> None:
    found = gradient(program, name, **point)
    assert found.shape == np.shape(point[name])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_logistic_regression() -> None:
    """The loss sum log(1 + exp(-y x'w)) has the gradient -X'(y sigma(-y Xw))."""
    data, labels, w = RNG.normal(size=(8, 3)), np.where(RNG.random(8) < 0.5, -1.0, 1.0), RNG.normal(size=3)
    found = gradient("sum(log(1 + exp(-y*(X @ w))))", "w", X=data, y=labels, w=w)
    margin = labels * (data @ w)
    np.testing.assert_allclose(found, -data.T @ (labels / (1 + np.exp(margin))), rtol=1e-12)


def test_elements_at_different_kinks_of_one_gate_are_all_told() -> None:
    two, three = run("sum(max(x, y, z))", x=[1, 1], y=[1, 1], z=[0, 1]).kinks
    assert (two.elements, three.elements) == ([(0,)], [(1,)])
