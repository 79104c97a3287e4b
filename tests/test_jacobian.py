"""The Jacobian: known figures, random programs, forward mode against reverse mode, and the proof."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcalc
from gradcalc.derivatives import jacobian as room
from gradcalc.derivatives import modes
from gradcalc.derivatives.proof import proved
from gradcalc.errors import NotFiniteError, ShapeError, TooLargeError
from gradcalc.gates import GATES
from gradcalc.gates.record import shape_of

W = [[0.1, 0.5], [-0.3, 0.8]]
X = [0.2, 0.4]


# The lecture's figures.


def test_relu_is_diagonal_as_in_the_lecture():
    found = gradcalc.jacobian("relu(x)", {"x": [1, -2, 3, -1]})
    block = found.blocks["x",]
    assert (block.kind, block.shape, block.value.tolist()) == ("diagonal", (4, 4), [1, 0, 1, 0])
    assert found["x"].tolist() == np.diag([1.0, 0, 1, 0]).tolist()
    assert (found.mode, found.passes, found.check.verdict) == ("reverse", 1, "pass")


def test_a_linear_map_is_its_own_jacobian():
    found = gradcalc.jacobian("W @ x", {"W": W, "x": X})
    assert found["x"].tolist() == W
    assert found["W"].tolist() == [[X, [0, 0]], [[0, 0], X]]
    assert (found.mode, found.passes) == ("reverse", 2)
    assert found.check.verdict == "pass"


def test_of_a_number_it_is_the_gradient():
    found = gradcalc.jacobian("(x + y)*z", {"x": -2, "y": 5, "z": -4})
    assert {name: found[name] for name in "xyz"} == {"x": -4.0, "y": -4.0, "z": 3.0}
    assert found.blocks["x",].shape == ()


def test_by_statements_the_others_are_held_fixed():
    found = gradcalc.jacobian("q = x*y; [q, q*x]", {"x": 3, "y": 2}, wrt=["q", "x"])
    assert found["q"].tolist() == [1, 3]
    assert found["x"].tolist() == [2, 12]  # 6 by its own, and 3 times 2 through q


def test_by_the_output_itself_it_is_the_identity():
    assert gradcalc.jacobian("q = x*y", {"x": [1, 2], "y": 3.0}, wrt=["q"]).blocks["q",].kind == "diagonal"


def test_a_variable_without_a_way_to_the_output_gives_zeros():
    found = gradcalc.jacobian("y = x*2; z*[1, 2]", {"x": [1, 2], "z": 3})
    assert found["x"].tolist() == [[0, 0], [0, 0]]
    assert found.check.verdict == "pass"


# Modes and passes.


@pytest.mark.parametrize(
    ("program", "point", "mode", "passes"),
    [
        ("W @ x", {"W": W, "x": X}, "reverse", 2),
        ("x*[1, 2, 3]", {"x": 2.0}, "forward", 1),
        ("[x*y, x + y, x, y]", {"x": 2.0, "y": 3.0}, "forward", 2),
        ("x*y", {"x": [1, 2, 3], "y": [4, 5, 6]}, "reverse", 1),
        ("exp(x)*s", {"x": [1, 2, 3], "s": 2.0}, "forward", 2),
        ("sum(x)", {"x": [1, 2, 3]}, "reverse", 1),
    ],
)
def test_the_mode_is_that_of_fewer_passes(program, point, mode, passes, monkeypatch):
    """As many passes are run as are told: the diagonal blocks share one."""
    run = []
    monkeypatch.setattr(room, "backward", lambda *a, f=room.backward: run.append("b") or f(*a))
    monkeypatch.setattr(modes, "jvp", lambda *a, f=modes.jvp: run.append("f") or f(*a))
    found = gradcalc.jacobian(program, point, check=False)
    assert (found.mode, found.passes, len(run)) == (mode, passes, passes)


@pytest.mark.parametrize("program", ["x + 1", "tanh(x)*2", "x*x*exp(x)", "x.T.T*1"])
def test_what_is_diagonal(program):
    kind = "dense" if ".T" in program else "diagonal"
    assert gradcalc.jacobian(program, {"x": [0.5, 1.5]}, check=False).blocks["x",].kind == kind


@pytest.mark.parametrize(
    "program", ["x + y", "x*sum(x)", "y*[x, x]", "x[::-1]", "sum(x)", "x + [[1, 2], [3, 4]]"]
)
def test_what_is_not_diagonal(program):
    point = {"x": [1.0, 2.0], "y": [[1.0], [2.0]]} if "y" in program else {"x": [1.0, 2.0]}
    assert gradcalc.jacobian(program, point, check=False).blocks["x",].kind == "dense"


def test_a_large_diagonal_is_never_a_matrix():
    """4096 elements: the matrix would take 134 MB, and a backward pass takes a few arrays of 32 kB."""
    x = np.linspace(-3, 3, 4096)
    gradcalc.jacobian("sigmoid(x)*x", {"x": [1.0, 2.0]})  # what is imported is not counted
    tracemalloc.start()
    found = gradcalc.jacobian("sigmoid(x)*x", {"x": x}, check=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    assert (found.passes, found.blocks["x",].value.shape) == (1, (4096,))
    s = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(found.blocks["x",].value, s + x * s * (1 - s), rtol=1e-13, atol=1e-16)


def test_a_large_diagonal_is_proved_entry_by_entry():
    check = gradcalc.jacobian("x*exp(x)", {"x": np.linspace(0.1, 3, 1000)}).check
    assert (check.verdict, check.gradients["x"].reference.shape) == ("pass", (1000,))
    assert "entry by entry" in check.method


def test_a_matrix_beyond_all_bounds_is_refused():
    with pytest.raises(TooLargeError, match="25,000,000 entries") as error:
        gradcalc.jacobian("x*sum(x)", {"x": np.ones(5000)}, check=False)
    assert "--jvp" in error.value.hint


# Products.


def test_jvp_and_vjp_are_products_with_the_matrix():
    point, v, u = {"W": np.arange(6.0).reshape(3, 2), "x": X}, [1.0, -2.0], [0.5, 0.25, -1.0]
    program = "tanh(W @ x)"
    whole = gradcalc.jacobian(program, point, check=False)
    forward = gradcalc.jvp(program, point, {"x": v})
    np.testing.assert_allclose(forward[()], whole["x"] @ v, rtol=1e-14)
    backward = gradcalc.vjp(program, point, u)
    np.testing.assert_allclose(backward["x"], u @ whole["x"], rtol=1e-14)
    np.testing.assert_allclose(backward["W"], np.tensordot(u, whole["W"], 1), rtol=1e-14)
    assert forward.check.verdict == backward.check.verdict == "pass"
    assert forward.passes == backward.passes == 1


def test_tangents_of_several_names_add_up():
    found = gradcalc.jvp("q = x*y; q*x", {"x": 3.0, "y": 2.0}, {"x": 1.0, "y": 1.0, "q": 1.0})
    assert found[()] == 12 + 9 + 3
    assert found.check.verdict == "pass"


def test_without_tangents_nothing_moves():
    assert gradcalc.jvp("x*[1, 2]", {"x": 3.0}, {})[()].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: gradcalc.jvp("W @ x", {"W": W, "x": X}, {"x": [1]}),
            r"'x' has the shape \(1,\), but 'x' has \(2,\)",
        ),
        (
            lambda: gradcalc.vjp("W @ x", {"W": W, "x": X}, 1),
            r"the vector has the shape \(\), but the output has \(2,\)",
        ),
    ],
)
def test_vectors_of_another_shape_are_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


# What is not finite, and kinks.


def test_an_infinite_entry_is_named_with_its_gate():
    with pytest.raises(NotFiniteError, match="sqrt of 0"):
        gradcalc.jacobian("[sqrt(x), x]", {"x": 0.0})


def test_a_branch_that_is_not_taken_does_no_harm():
    for point in ({"x": [0.0, 2.0]}, {"x": 0.0}):
        found = gradcalc.jacobian("where(x > 1, log(x), 3*x)*[1, 1]", point, check=False)
        assert found.blocks["x",].matrix[0, 0] == 3.0


@pytest.mark.parametrize("program", ["sqrt(relu(x))*[1, 2]", "max(sqrt(clip(x, 0, 1)), 0)*[1, 2]"])
def test_what_is_not_taken_moves_nothing(program):
    """An infinite slope beside a router that did not take it is 0, as in the backward pass."""
    assert gradcalc.jvp(program, {"x": -1.0}, {"x": 1.0}, check=False)[()].tolist() == [0, 0]
    assert gradcalc.jacobian(program, {"x": -1.0}, check=False).mode == "forward"


def test_both_modes_agree_where_a_norm_has_its_kink():
    """At 0 the rule says 0, as torch does; forward mode would divide 0 by 0."""
    found = gradcalc.jacobian("norm([x, y])*[1, 2, 3]", {"x": 0.0, "y": 0.0})
    assert (found["x"].tolist(), found.mode) == ([0, 0, 0], "forward")
    assert found.check.verdict == "undecided"
    assert found.kinks


def test_a_kink_is_told_and_undecided():
    found = gradcalc.jacobian("relu(x)", {"x": [1.0, 0.0]})
    assert found.blocks["x",].value.tolist() == [1, 0]
    assert (found.check.verdict, len(found.kinks)) == ("undecided", 1)
    assert "0 or 1" in found.check.gradients["x"].reason


# The proof finds what is wrong.


def test_an_entry_that_is_off_is_a_failure():
    found = gradcalc.jacobian("tanh(W @ x)", {"W": W, "x": X}, check=False)
    found.blocks["x",].value[1, 0] *= 1 + 1e-6
    check = proved(found, 1e-9, 0.0).check
    assert check.verdict == "inaccurate"  # the rules themselves are right, and this number is not theirs
    assert check.gradients["x"].reason.startswith("[1] by x[0]: 5 digits hold")
    assert check.gradients["W"].verdict == "pass"


def test_a_wrong_rule_is_a_failure(monkeypatch):
    gate = GATES["tanh"]
    monkeypatch.setitem(vars(gate), "partials", (lambda out: 1 - out * out * out,))
    found = gradcalc.jacobian("tanh(W @ x)", {"W": W, "x": X})
    assert found.check.verdict == "fail"
    assert "but should be" in found.check.gradients["x"].reason


@pytest.mark.parametrize("gate", ["tanh", "exp"])  # the rule of the second keeps its wrong output
@pytest.mark.parametrize("program", ["{}(W @ x)", "{}(x)[0]", "{}(W[0, 0]*x)"])
def test_a_wrong_value_is_a_failure_although_every_rule_is_right(program, gate, monkeypatch):
    right = GATES[gate].definition
    monkeypatch.setitem(vars(GATES[gate]), "forward", lambda m, x: right(m, x) * 1.0001)
    point = {"W": W, "x": X} if "W" in program else {"x": X}
    check = gradcalc.jacobian(program.format(gate), point).check
    assert check.verdict == "fail"
    assert f"the value of {gate}" in check.reason


def test_lost_digits_are_inaccurate():
    found = gradcalc.jacobian("sqrt(x*x + 1) - x", {"x": [1e7, 2e7]})
    assert found.check.verdict == "inaccurate"
    assert found.check.finished


def test_of_large_programs_random_vectors_are_proved():
    random = np.random.default_rng(0)
    point = {"W": random.normal(size=(30, 40)), "x": random.normal(size=40)}
    found = gradcalc.jacobian("W @ tanh(x)", point)
    assert (found.check.verdict, found.check.finished) == ("pass", True)
    assert "random vectors" in found.check.method
    found.blocks["x",].value[7, 11] += 0.5
    assert proved(found, 1e-9, 0.0).check.verdict != "pass"


LARGE = {
    "W": np.random.default_rng(1).normal(size=(300, 200)),
    "x": np.random.default_rng(2).normal(size=200),
}
ASKED = {
    "jacobian": lambda program: gradcalc.jacobian(program, LARGE, wrt=["x"]),
    "diagonal": lambda program: gradcalc.jacobian(
        program.replace("W @ ", ""), {"x": np.linspace(-1, 1, 10**5)}
    ),
    "jvp": lambda program: gradcalc.jvp(program, LARGE, {"x": np.ones(200)}),
    "vjp": lambda program: gradcalc.vjp(program, LARGE, np.ones(300)),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_of_still_larger_programs_products_are_gradients_that_are_proved(ask):
    found = ask("W @ tanh(x)")
    assert (found.check.verdict, found.check.finished) == ("pass", True), found.check.reason
    assert "is the gradient that it weighs" in found.check.method
    assert "dot-product" in found.check.method


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_wrong_rule_in_a_still_larger_program_is_a_failure(ask, monkeypatch):
    monkeypatch.setitem(vars(GATES["tanh"]), "partials", (lambda out: 1 - out,))
    check = ask("W @ tanh(x)").check
    assert check.verdict == "fail"
    assert "the local gradient of tanh" in check.reason or "sends to x" in check.reason


@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_entry_of_60000_is_no_pass(seed):
    found = gradcalc.jacobian("W @ tanh(x)", LARGE, wrt=["x"])
    value = found.blocks["x",].value
    value.flat[np.random.default_rng(seed).integers(value.size)] += 1e-6
    check = proved(found, 1e-9, 0.0).check
    assert check.verdict == "undecided"
    assert "rounding, or a wrong pass" in check.gradients["x"].reason


def test_a_kink_in_a_still_larger_program_is_undecided():
    found = gradcalc.jacobian("W @ relu(x)", LARGE | {"x": np.arange(200.0)}, wrt=["x"])
    assert found.check.verdict == "undecided"
    assert "a kink" in found.check.gradients["x"].reason


def test_what_is_too_large_is_told_to_be_unchecked():
    point = {"W": np.ones((300, 300)), "x": np.ones(300)}
    check = gradcalc.hvp("sum((W @ (W @ x))^2)", point, {"x": np.ones(300)}, wrt=["x"]).check
    assert (check.verdict, check.finished) == ("undecided", False)


# Random programs.

VECTORS = {"x": (3,), "y": (3,)}
LEAVES = {(3,): ["x", "y", "W @ x", "A[0]"], (): ["s", "x[1]"], (2,): ["B @ x", "x[:2]"]}
UNARY = [
    "exp({})",
    "tanh({})",
    "sigmoid({})",
    "sin({})",
    "({})^2",
    "-({})",
    "softplus({})",
    "softmax([{}, 1, 2])[0]",
]
BINARY = ["({}) + ({})", "({}) - ({})", "({}) * ({})"]


def expressions(shape):
    """Return a strategy for programs whose output has that shape."""
    leaves = st.sampled_from(LEAVES[shape])

    def wider(inner):
        unary = [u for u in UNARY if shape == () or "softmax" not in u]
        found = [
            st.builds(str.format, st.sampled_from(unary), inner),
            st.builds(str.format, st.sampled_from(BINARY), inner, inner),
            st.builds("({}) * s".format, inner),
            st.builds("where(s > 0, {}, {})".format, inner, inner),
        ]
        if shape == ():
            found += [
                st.builds("sum({})".format, expressions((3,))),
                st.builds("({}) @ ({})".format, *[expressions((2,))] * 2),
            ]
        else:
            found += [
                st.builds("softmax({})".format, inner),
                st.builds("({}) * sum({})".format, inner, inner),
            ]
        return st.one_of(found)

    return st.recursive(leaves, wider, max_leaves=4)


def points():
    number = st.integers(-12, 12).map(lambda n: n / 8 + 0.0625)
    array = lambda *shape: st.lists(number, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
        lambda numbers: np.reshape(numbers, shape)
    )
    return st.fixed_dictionaries(
        {"x": array(3), "y": array(3), "s": number, "W": array(3, 3), "A": array(2, 3), "B": array(2, 3)}
    )


def only(program, point):
    """Return the values of the names that a program has."""
    graph = gradcalc.parse(program, point)
    return {name: value for name, value in point.items() if name in graph.variables}


@settings(max_examples=60, deadline=None)
@given(expressions((3,)), points())
def test_the_jacobian_is_its_rows_and_its_columns(program, point):
    """Whatever is chosen: stacked backward passes and stacked forward passes give the same numbers."""
    point = only(program, point)
    graph, names = gradcalc.parse(program, point), list(point)
    values = graph.forward(point)
    found = gradcalc.jacobian(program, point, check=False)
    rows = room._by_rows(graph, values, names)
    columns = room._by_columns(graph, values, {name: shape_of(values[graph.node(name)]) for name in names})
    for name in names:
        scale = 1e-12 * max(1.0, float(np.max(np.abs(rows[name]))))
        np.testing.assert_allclose(columns[name], rows[name], rtol=1e-11, atol=scale)
        np.testing.assert_allclose(found[name], rows[name], rtol=1e-11, atol=scale)


@settings(max_examples=20, deadline=None)
@given(expressions((2,)), points())
def test_the_jacobian_of_random_programs_is_proved(program, point):
    point = only(program, point)
    found = gradcalc.jacobian(program, point, atol=1e-12)
    assert found.check.verdict == "pass", found.check.gradients


KINKED = [
    "relu({})", "abs({})", "max({}, x)", "min({}, 0)", "clip({}, -1, 1)", "({}) - max({})", "sqrt(abs({}))",
    "norm({})*y", "cumsum({})", "prod({})*x", "floor({})*x", "W @ ({})", "where(x > 0, {}, y)",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(KINKED), min_size=1, max_size=3),
    st.sampled_from(["x", "W[0]", "x*y", "[s, s, 1]"]),
    points().map(
        lambda point: {name: np.round(np.asarray(value, float)) + 0.0 for name, value in point.items()}
    ),
)
def test_both_modes_take_the_same_side_of_every_kink(wrappers, program, point):
    """At whole numbers, where corners, ties and infinite slopes are met."""
    for wrapper in wrappers:
        program = wrapper.replace("{}", program)
    point = only(program, point)
    graph, names = gradcalc.parse(program, point), list(point)
    values = graph.forward(point)
    try:
        rows = room._by_rows(graph, values, names)
    except NotFiniteError:
        return
    columns = room._by_columns(graph, values, {name: shape_of(values[graph.node(name)]) for name in names})
    for name in names:
        np.testing.assert_allclose(columns[name], rows[name], rtol=1e-11, atol=1e-10)
