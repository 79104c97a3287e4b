"""The lifted number systems against NumPy, and against themselves where NumPy has no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from gradcalc.check.wires import Tape, Wire, Wires
from gradcalc.gates import VARIABLE
from gradcalc.graph import Graph
from gradcalc.pipeline import compute
from gradcalc.systems import array, precise
from gradcalc.systems.lifted import Lifted, asarray, floats

LIFTED = Lifted(precise)
RANDOM = np.random.default_rng(0)


def exact(x: Any) -> Any:
    return asarray(np.frompyfunc(mpf, 1, 1)(x))


def same(got: Any, expected: Any) -> None:
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_allclose(floats(got), expected, rtol=1e-12, atol=1e-13)


X, Y, STACK = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(2, 3, 3))

CALLS = {
    "sum": lambda m, x: m.sum(x),
    "sum of an axis": lambda m, x: m.sum(x, 1),
    "sum of axes": lambda m, x: m.sum(x, (0, 1), True),
    "prod": lambda m, x: m.prod(x, 0),
    "amax": lambda m, x: m.amax(x, 1, True),
    "amin": lambda m, x: m.amin(x),
    "cumsum": lambda m, x: m.cumsum(x, 1),
    "cumsum of all": lambda m, x: m.cumsum(x),
    "concatenate": lambda m, x: m.concatenate([x, m.zeros((1, 4)), x], 0),
    "stack": lambda m, x: m.stack([x, x], 1),
    "take": lambda m, x: m.take(x, (1, 2, 0), -1),
    "pick": lambda m, x: m.pick(x, ((0, 2, 0), -1)),
    "scatter": lambda m, x: m.scatter(x[0], ((0, 2, 0, 1),), (3,)),
    "unbroadcast": lambda m, x: m.unbroadcast(x, (3, 1)),
    "spread": lambda m, x: m.spread(m.sum(x, 1), x.shape, 1),
    "exp": lambda m, x: m.exp(x),
    "max": lambda m, x: m.max(x, 0, -x / 2),
    "where": lambda m, x: m.where(x > 0, lambda: x * x, lambda: m.number(x < -1)),
    "equal": lambda m, x: m.number(m.equal(x, x)) - m.number(m.equal(x, 0)),
    "masks": lambda m, x: m.number((x > 0) & ~(x > 1) | (x <= -1)),
    "rank 0": lambda m, x: m.sum(x).reshape((1, 1)) + m.sum(x)[..., None],
    "turned": lambda m, x: x.transpose((1, 0)).swapaxes(0, 1)[..., 1:3],
    "matmul": lambda m, x: m.matmul(x, m.asarray(Y)),
    "matmul of vectors": lambda m, x: m.matmul(x[0], x[1]),
    "one-hot rows": lambda m, x: x * np.eye(4)[[0, 1, 1]] + np.ones((3, 1)) * x,
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_functions_of_arrays_are_those_of_numpy(call: str) -> None:
    same(CALLS[call](LIFTED, exact(X)), CALLS[call](array, X))


@pytest.mark.parametrize("name", ["inv", "det", "logabsdet", "spectral"])
def test_linear_algebra_is_numpy_s(name: str) -> None:
    same(getattr(LIFTED, name)(exact(STACK)), getattr(array, name)(STACK))


def test_solve_takes_vectors_matrices_and_stacks() -> None:
    a, b = exact(STACK), RANDOM.normal(size=3)
    same(LIFTED.solve(a[0], exact(b)), np.linalg.solve(STACK[0], b))
    same(LIFTED.solve(a, exact(np.outer(b, b))), np.linalg.solve(STACK, np.outer(b, b)))


@pytest.mark.parametrize("n", range(11))
def test_determinants_of_every_size(n: int) -> None:
    x = RANDOM.normal(size=(n, n))
    same(LIFTED.det(exact(x)), np.linalg.det(x))


@pytest.mark.parametrize(("n", "rank"), [(2, 1), (3, 2), (3, 1), (5, 4), (9, 9)])
def test_determinants_have_their_gradient_singular_or_not(n: int, rank: int) -> None:
    factors = np.round(RANDOM.normal(size=(2, n, rank)) * 4)
    check = compute("det(x)", {"x": factors[0] @ factors[1].T}).check
    assert check is not None
    assert check.verdict == "pass"


def test_pivots_are_the_largest() -> None:
    with mp.workdps(30):
        x = exact(np.array([[0.0, 1.0], [1.0, 0.0]]))
        same(LIFTED.inv(x), [[0.0, 1.0], [1.0, 0.0]])


# Wires.


def tape(*numbers: float) -> tuple[Tape, list[Wire]]:
    found = Tape(Graph(), 1000)
    return found, [Wire(found, found.leaf(VARIABLE, x)) for x in numbers]


def test_wires_write_a_graph_and_know_its_floats() -> None:
    found, (x, y) = tape(2.0, 3.0)
    out = Wires(found).exp(x * y - 1) / -y
    assert [gate.name for gate in found.graph.gates] == [
        "variable", "variable", "mul", "constant", "sub", "exp", "neg", "div",
    ]  # fmt: skip
    assert float(out) == pytest.approx(np.exp(5) / -3)


def test_constants_are_shared() -> None:
    found, (x,) = tape(2.0)
    _ = (x + 1.0) * 1.0 + 2.0
    assert len(found.graph.constants) == 2


def test_a_wire_is_neither_true_nor_false() -> None:
    _, (x,) = tape(2.0)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(x > 1)


@pytest.mark.parametrize("call", [call for call in CALLS if call != "rank 0"])
def test_definitions_on_wires_have_numpy_s_floats(call: str) -> None:
    found = Tape(Graph(), 10_000)
    system = Lifted(Wires(found))
    wires = asarray(np.frompyfunc(lambda x: Wire(found, found.leaf(VARIABLE, float(x))), 1, 1)(X))
    same(CALLS[call](system, wires), CALLS[call](array, X))
