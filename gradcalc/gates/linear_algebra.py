"""Square matrices: trace, determinant, inverse and systems of equations; stacks of them as in NumPy."""

from __future__ import annotations

from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.products import turned
from gradcalc.gates.record import Domain, Edge, Gate, Sample, Shape
from gradcalc.gates.shaping import diagonal

MATRICES = (Sample(((2, 2),)), Sample(((3, 3),)), Sample(((1, 1),)), Sample(((2, 3, 3),)), Sample(((4, 4),)))
EXAMPLE = ((1.0, 2.0), (3.0, 4.0))
RANK_ONE = ((1.0, 2.0), (2.0, 4.0))
LESSON = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0))


def _regular(x: Any) -> bool:
    """Whether a matrix, or every matrix of a stack, has an inverse."""
    import numpy as np

    from gradcalc.systems.singular import singular

    return not np.any(singular(x))


def _per_matrix(m: Any, g: Any) -> Any:
    """Return one number a matrix, with the axes of the matrix put in."""
    return m.asarray(g)[..., None, None]


# Trace and determinant.


def _trace_shape(x: Shape, *, offset: Any) -> Shape:
    shapes.whole("offset", offset)
    if len(x) != 2:
        raise ShapeError(f"trace takes one matrix, but {{0}} has the shape {x}")
    shapes.square(x, "trace", hint="sum(diag({0}))")
    return ()


TRACE = Gate(
    "trace",
    aliases=("tr",),
    definition=lambda m, x, *, offset=0: m.sum(m.pick(x, diagonal(x.shape, offset))),
    pullbacks=(
        lambda m, g, shape, offset: m.scatter(
            m.spread(g, (len(diagonal(shape, offset)[0]),)), diagonal(shape, offset), shape
        ),
    ),
    shape=_trace_shape,
    flow="distributor",
    doc="The sum of the diagonal of a square matrix (numpy.trace), or of the diagonal `offset` above it.",
    means="out = the sum of x[i, i]",
    arrives=("g on the diagonal of zeros",),
    latex=r"\operatorname{tr}({x})",
    expansion="sum(diag(x))",
    samples=(Sample(((3, 3),)), Sample(((3, 3),), {"offset": 1}), Sample(((3, 3),), {"offset": -2})),
    edges=(
        Edge((EXAMPLE,), 5.0, (((1.0, 0.0), (0.0, 1.0)),), "the identity"),
        Edge((EXAMPLE,), 0.0, (((0.0, 0.0), (0.0, 0.0)),), "no such diagonal", {"offset": 2}),
    ),
    ulps=(2, 0),
)


def _square_to_number(what: str) -> Any:
    def shape(x: Shape) -> Shape:
        shapes.square(x, what)
        return x[:-2]

    return shape


DET = Gate(
    "det",
    definition=lambda m, x: m.det(x),
    pullbacks=(lambda m, g, x: _per_matrix(m, g) * m.cofactor(x),),
    shape=_square_to_number("det"),
    flow="mixer",
    doc=(
        "The determinant of a square matrix (numpy.linalg.det). Its gradient is the matrix of cofactors, "
        "which is det(x) inv(x).T where x has an inverse, and is right where it has none (Jacobi's formula)."
    ),
    means="out = det(x)",
    arrives=("g times the cofactors of x, det(x) inv(x).T where it has an inverse",),
    latex=r"\det({x})",
    samples=MATRICES,
    edges=(
        Edge((EXAMPLE,), -2.0, (((4.0, -3.0), (-2.0, 1.0)),), "the cofactors"),
        Edge((RANK_ONE,), 0.0, (((4.0, -2.0), (-2.0, 1.0)),), "singular, and the gradient is not 0"),
        Edge(
            (LESSON,), 0.0, (((-3.0, 6.0, -3.0), (6.0, -12.0, 6.0), (-3.0, 6.0, -3.0)),),
            "singular, which rounding would hide",
        ),
        Edge(
            (((0.0, 0.0, 0.0),) * 3,), 0.0, (((0.0, 0.0, 0.0),) * 3,), "of rank 0: every cofactor is 0"
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip


def _positive_det(x: Any) -> bool:
    import numpy as np

    from gradcalc.systems import array as m

    return bool(np.all(m.logdet(x) > -m.inf))


LOGDET = Gate(
    "logdet",
    definition=lambda m, x: m.log(m.det(x)),
    forward=lambda m, x: m.logdet(x),
    pullbacks=(lambda m, g, x: _per_matrix(m, g) * turned(m.inv(x)),),
    shape=_square_to_number("logdet"),
    flow="mixer",
    doc=(
        "log(det(x)) without overflow, for det(x) > 0 (torch.logdet): "
        "unlike numpy.linalg.slogdet it is no logarithm of |det(x)|. Its gradient is inv(x).T."
    ),
    means="out = log(det(x))",
    arrives=("g inv(x).T",),
    latex=r"\log\det({x})",
    domain=(Domain(_positive_det, "det(x) > 0"),),
    expansion="log(det(x))",
    samples=MATRICES,
    edges=(
        Edge((((2.0, 0.0), (0.0, 0.5)),), 0.0, (((0.5, 0.0), (0.0, 2.0)),), "the inverse, transposed"),
        Edge(
            (((1e-200, 0.0), (0.0, 1e-200)),), -921.0340371976183, (((1e200, 0.0), (0.0, 1e200)),),
            "det(x) itself would be 0",
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip


# Inverse and solution.

REGULAR = "a matrix that is not singular"


def _inverse_shape(x: Shape) -> Shape:
    shapes.square(x, "inv")
    return x


INV = Gate(
    "inv",
    definition=lambda m, x: m.inv(x),
    pullbacks=(lambda m, g, out: -m.matmul(turned(out), m.matmul(g, turned(out))),),
    shape=_inverse_shape,
    flow="mixer",
    doc="The inverse of a square matrix that is not singular (numpy.linalg.inv).",
    means="out = inv(x): out @ x is the identity",
    arrives=("-out.T @ g @ out.T",),
    latex="{x}^{-1}",
    domain=(Domain(_regular, REGULAR),),
    samples=MATRICES,
    edges=(
        Edge(
            (((2.0, 0.0), (0.0, 0.5)),), ((0.5, 0.0), (0.0, 2.0)), (((-0.25, -1.0), (-1.0, -4.0)),), "by hand"
        ),
    ),
    ulps=(4, 4),
)


def _solution_shape(a: Shape, b: Shape) -> Shape:
    shapes.square(a, "solve")
    rows = b[-2:][0] if b else None
    if rows != a[-1]:
        hint = "solve({0}, {1}.T)" if len(b) == 2 and b[1] == a[-1] else ""
        raise ShapeError(f"solve({{0}} {a}, {{1}} {b}): {a[-1]} equations, but {_sides(b)}", hint=hint)
    if len(b) == 1:
        return a[:-1]
    return shapes.stacks(a[:-2], b[:-2], a, b) + b[-2:]


def _sides(b: Shape) -> str:
    return f"{b[-2:][0]} right-hand sides" if b else "the right-hand side is a single number"


def _as_columns(m: Any, x: Any, b: Shape) -> Any:
    """Return what stands for b, or has its shape, as a matrix: a vector is one column."""
    return m.asarray(x)[..., None] if len(b) == 1 else x


def _solve_back(m: Any, g: Any, a: Any, shapes: tuple[Shape, Shape]) -> Any:
    """Return inv(a).T @ g, before anything that broadcast is summed."""
    return m.solve(turned(a), _as_columns(m, g, shapes[1]))


def _to_matrix(m: Any, g: Any, a: Any, out: Any, shapes: tuple[Shape, Shape]) -> Any:
    product = m.matmul(_solve_back(m, g, a, shapes), turned(_as_columns(m, out, shapes[1])))
    return m.unbroadcast(-product, shapes[0])


def _to_right_side(m: Any, g: Any, a: Any, shapes: tuple[Shape, Shape]) -> Any:
    b = shapes[1]
    return m.unbroadcast(_solve_back(m, g, a, shapes), b if len(b) > 1 else (*b, 1)).reshape(b)


SOLVE = Gate(
    "solve",
    definition=lambda m, a, b: m.solve(a, b),
    pullbacks=(_to_matrix, _to_right_side),
    shape=_solution_shape,
    flow="mixer",
    doc="The solution x of a @ x = b, for a vector b or the columns of a matrix b (numpy.linalg.solve).",
    means="out = inv(a) @ b",
    arrives=("-solve(a.T, g) @ out.T", "solve(a.T, g)"),
    latex="{a}^{-1} {b}",
    domain=(Domain(lambda a, b: _regular(a), REGULAR),),
    expansion="inv(a) @ b",
    samples=(
        Sample(((3, 3), (3,))),
        Sample(((2, 2), (2, 3))),
        Sample(((2, 2, 2), (2,))),
        Sample(((2, 2, 2), (2, 1))),
        Sample(((2, 2), (3, 2, 1))),
        Sample(((2, 1, 2, 2), (3, 2, 2))),
    ),
    edges=(
        Edge(
            (((2.0, 0.0), (0.0, 4.0)), (2.0, 2.0)), (1.0, 0.5),
            (((-0.5, -0.25), (-0.25, -0.125)), (0.5, 0.25)), "by hand",
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip

GATES = (TRACE, DET, LOGDET, INV, SOLVE)
