"""Reductions: many elements to one, along an axis, several (`axis=[0, 1]`), or all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.norms import NORM, length, nonzero, scaled, shares
from gradcalc.gates.record import Edge, Gate, Kink, Sample, Shape, shape_of
from gradcalc.gates.shaping import inverse

SAMPLES = (
    Sample(((4,),)),
    Sample(((2, 3),)),
    Sample(((2, 3),), {"axis": 1}),
    Sample(((2, 3, 4),), {"axis": (0, 2)}),
    Sample(((2, 3),), {"axis": -2, "keepdims": True}),
    Sample(((2, 3),), {"keepdims": True}),
    Sample(((),)),
)
"""Every way to name an axis."""


def _count(shape: Shape, axis: Any) -> int:
    """Return how many elements are reduced to one."""
    return shapes.size(shape[a] for a in shapes.axes_of(shape, axis))


# Sum and mean.


def _reduced(x: Shape, *, axis: Any, keepdims: Any) -> Shape:
    return shapes.reduced(x, axis, keepdims)


SUM = Gate(
    "sum",
    definition=lambda m, x, *, axis=None, keepdims=False: m.sum(x, axis, keepdims),
    pullbacks=(lambda m, g, shape, axis, keepdims: m.spread(g, shape, axis, keepdims),),
    shape=_reduced,
    flow="distributor",
    doc=(
        "The sum over an axis, or of all elements (numpy.sum); "
        "each element gets the upstream gradient as it is."
    ),
    means="out = the sum of x[i] over the axis",
    arrives=("g, spread over the axis",),
    latex=r"\sum {x}",
    samples=SAMPLES,
    edges=(
        Edge(((),), 0.0, ((),), "no elements add up to 0"),
        Edge(((1.0, 2.0, 3.0),), 6.0, ((1.0, 1.0, 1.0),), "a distributor"),
    ),
    ulps=(2, 0),
)


def _mean_shape(x: Shape, *, axis: Any, keepdims: Any) -> Shape:
    shapes.nonempty(x, axis, "mean")
    return shapes.reduced(x, axis, keepdims)


def _mean(m: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    return m.sum(x, axis, keepdims) / _count(shape_of(x), axis)


MEAN = Gate(
    "mean",
    aliases=("average",),
    definition=lambda m, x, *, axis=None, keepdims=False: _mean(m, x, axis, keepdims),
    pullbacks=(
        lambda m, g, shape, axis, keepdims: m.spread(g / _count(shape, axis), shape, axis, keepdims),
    ),
    shape=_mean_shape,
    flow="distributor",
    doc=(
        "The mean over an axis, or of all elements (numpy.mean); "
        "each of n elements gets 1/n of the upstream gradient."
    ),
    means="out = the sum of x[i] over the axis, divided by their number n",
    arrives=("g/n, spread over the axis",),
    latex=r"\operatorname{mean}({x})",
    samples=SAMPLES,
    edges=(Edge(((1.0, 2.0, 3.0, 6.0),), 3.0, ((0.25,) * 4,), "each a quarter"),),
    ulps=(2, 1),
)  # fmt: skip


# The largest and the smallest.


def _largest_shape(x: Shape, *, axis: Any, keepdims: Any) -> Shape:
    shapes.nonempty(x, axis, "largest element")
    return shapes.reduced(x, axis, keepdims)


def _smallest_shape(x: Shape, *, axis: Any, keepdims: Any) -> Shape:
    shapes.nonempty(x, axis, "smallest element")
    return shapes.reduced(x, axis, keepdims)


def _to_the_best(m: Any, g: Any, x: Any, out: Any, axis: Any, keepdims: Any, shape: Any) -> Any:
    """Return g at the elements that won, in even shares where several did."""
    spread: Callable[..., Any] = lambda y: m.spread(y, shape, axis, keepdims)
    return spread(g) * shares(m, x, spread(out), axis)


def _tied(best: str) -> Callable[..., Any]:
    """Return whether elements tie for the best, for each element of the reduction's output."""

    def where(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        from gradcalc.systems import array as m

        top = getattr(m, best)(x, axis, True)
        return m.sum(m.equal(x, top), axis, keepdims) > 1

    return where


def _tie(best: str, word: str, example: tuple[float, ...]) -> tuple[Kink]:
    shared = ("1/2, 1/2",) * 4
    return (Kink(_tied(best), f"elements tie for the {word}", False, *shared, example=(example,)),)


AMAX = Gate(
    "amax",
    definition=lambda m, x, *, axis=None, keepdims=False: m.amax(x, axis, keepdims),
    pullbacks=(_to_the_best,),
    shape=_largest_shape,
    flow="router",
    doc=(
        "The largest element along an axis, or of all (numpy.amax); it gets the whole gradient, "
        "and elements that tie share it. Written max(x) as well."
    ),
    means="out = the largest x[i] over the axis",
    arrives=("g at the largest element, 0 elsewhere",),
    latex=r"\max {x}",
    kinks=_tie("amax", "largest", (1.0, 1.0, 0.0)),
    samples=SAMPLES,
    edges=(
        Edge(((1.0, 1.0, 0.0),), 1.0, ((0.5, 0.5, 0.0),), "a tie is shared"),
        Edge(((2.0, -1.0),), 2.0, ((1.0, 0.0),), "the lecture's router"),
    ),
    ulps=(0, 0),
)

AMIN = Gate(
    "amin",
    definition=lambda m, x, *, axis=None, keepdims=False: m.amin(x, axis, keepdims),
    pullbacks=(_to_the_best,),
    shape=_smallest_shape,
    flow="router",
    doc=(
        "The smallest element along an axis, or of all (numpy.amin); it gets the whole gradient, "
        "and elements that tie share it. Written min(x) as well."
    ),
    means="out = the smallest x[i] over the axis",
    arrives=("g at the smallest element, 0 elsewhere",),
    latex=r"\min {x}",
    kinks=_tie("amin", "smallest", (1.0, 1.0, 3.0)),
    samples=SAMPLES,
    edges=(
        Edge(((1.0, 1.0, 3.0),), 1.0, ((0.5, 0.5, 0.0),), "a tie is shared"),
        Edge(((2.0, -1.0),), -1.0, ((0.0, 1.0),), "a router"),
    ),
    ulps=(0, 0),
)


# The product.


def _others(m: Any, x: Any) -> Any:
    """Return the product of all other elements along the first axis, without a division: x may be 0.

    The other of a pair, times the products of the other pairs, whose number is half.
    """
    n = x.shape[0]
    if n < 2:
        return m.zeros(x.shape) + 1.0
    even = m.concatenate((x, m.zeros((1, *x.shape[1:])) + 1.0), 0) if n % 2 else x
    left, right = even[0::2], even[1::2]
    rest = _others(m, left * right)
    return m.stack((rest * right, rest * left), 1).reshape(even.shape)[:n]


def _product_back(m: Any, g: Any, x: Any, shape: Shape, axis: Any, keepdims: Any) -> Any:
    axes = shapes.axes_of(shape, axis)
    order = axes + tuple(a for a in range(len(shape)) if a not in axes)
    turned = m.asarray(x).transpose(order)
    rows = turned.reshape((_count(shape, axis), *turned.shape[len(axes) :]))
    others = _others(m, rows).reshape(turned.shape).transpose(inverse(order))
    return m.spread(g, shape, axis, keepdims) * others


PROD = Gate(
    "prod",
    definition=lambda m, x, *, axis=None, keepdims=False: m.prod(x, axis, keepdims),
    pullbacks=(_product_back,),
    shape=_reduced,
    flow="mixer",
    doc=(
        "The product over an axis, or of all elements (numpy.prod); each gets the upstream gradient times "
        "the product of the others, which a zero among them does not disturb."
    ),
    means="out = the product of x[i] over the axis",
    arrives=("g times the product of the other elements",),
    latex=r"\prod {x}",
    samples=(*SAMPLES, Sample(((7,),))),
    edges=(
        Edge(((),), 1.0, ((),), "no factors multiply to 1"),
        Edge(((2.0, 3.0, 4.0),), 24.0, ((12.0, 8.0, 6.0),), "the product of the others"),
        Edge(((2.0, 0.0, 4.0),), 0.0, ((0.0, 8.0, 0.0),), "the gradient flows to the only zero"),
        Edge(((0.0, 3.0, 0.0),), 0.0, ((0.0, 0.0, 0.0),), "two zeros let nothing pass"),
    ),
    ulps=(4, 4),
)


# Variance and standard deviation.


def _var_shape(x: Shape, *, axis: Any, ddof: Any, keepdims: Any) -> Shape:
    if isinstance(ddof, bool) or not isinstance(ddof, int | float):
        raise ShapeError(f"ddof is a number, not {ddof}")
    shapes.nonempty(x, axis, "variance")
    count = _count(x, axis)
    if count <= ddof:
        raise ShapeError(f"{{0}} {x} has a sample of {count}: with ddof={ddof} it takes more than {ddof}")
    return shapes.reduced(x, axis, keepdims)


def _var(m: Any, x: Any, axis: Any, ddof: Any, keepdims: Any) -> Any:
    away = x - _mean(m, x, axis, True)
    return m.sum(away * away, axis, keepdims) / (_count(shape_of(x), axis) - ddof)


def _away(m: Any, x: Any, axis: Any) -> Any:
    """Return how far elements are from their mean.

    Seen from the largest: so equal elements are exactly at their mean. That of 0.1, 0.1, 0.1 is
    0.10000000000000002 in floats.
    """
    near = x - m.amax(x, axis, True)
    return near - _mean(m, near, axis, True)


def _two_pass(m: Any, x: Any, axis: Any, ddof: Any, keepdims: Any) -> Any:
    away = _away(m, x, axis)
    return m.sum(away * away, axis, keepdims) / (_count(shape_of(x), axis) - ddof)


VAR = Gate(
    "var",
    definition=lambda m, x, *, axis=None, ddof=0, keepdims=False: _var(m, x, axis, ddof, keepdims),
    forward=lambda m, x, *, axis=None, ddof=0, keepdims=False: _two_pass(m, x, axis, ddof, keepdims),
    pullbacks=(
        lambda m, g, x, shape, axis, ddof, keepdims: (
            m.spread(2 * g / (_count(shape, axis) - ddof), shape, axis, keepdims) * _away(m, x, axis)
        ),
    ),
    shape=_var_shape,
    flow="mixer",
    doc=(
        "The variance, the mean square of how far elements are from their mean (numpy.var); "
        "of n elements the sum is divided by n - ddof, where torch has ddof=1."
    ),
    means="out = the sum of (x[i] - mean(x))^2 over the axis, divided by n - ddof",
    arrives=("2 g (x - mean(x))/(n - ddof)",),
    latex=r"\operatorname{var}({x})",
    expansion="mean((x - mean(x))^2)",
    samples=(*SAMPLES[:-1], Sample(((2, 3),), {"axis": 1, "ddof": 1}), Sample(((),))),
    edges=(
        Edge(((1.0, 2.0, 3.0, 6.0),), 3.5, ((-1.0, -0.5, 0.0, 1.5),), "as far as from the mean"),
        Edge(((1.0, 2.0, 3.0),), 1.0, ((-1.0, 0.0, 1.0),), "an unbiased estimate", {"ddof": 1}),
        Edge(((0.1, 0.1, 0.1),), 0.0, ((0.0, 0.0, 0.0),), "equal numbers do not vary"),
    ),
    ulps=(4, 4),
)  # fmt: skip


def _std(m: Any, x: Any, axis: Any, ddof: Any, keepdims: Any) -> Any:
    """Return the length of what is away from the mean, over sqrt(n - ddof): squares may overflow."""
    shape = shape_of(x)
    size = scaled(m, _away(m, x, axis), shapes.axes_of(shape, axis), length)
    return (size / m.sqrt(_count(shape, axis) - ddof)).reshape(shapes.reduced(shape, axis, keepdims))


def _std_back(m: Any, g: Any, x: Any, out: Any, shape: Shape, axis: Any, ddof: Any, keepdims: Any) -> Any:
    spread: Callable[..., Any] = lambda y: m.spread(y, shape, axis, keepdims)
    direction = _away(m, x, axis) / nonzero(m, spread(out))
    return spread(g / (_count(shape, axis) - ddof)) * direction


def _all_equal(x: Any, axis: Any, keepdims: Any) -> Any:
    """Return whether several elements are all equal, for each element of the output."""
    from gradcalc.systems import array as m

    same = m.equal(m.amax(x, axis, keepdims), m.amin(x, axis, keepdims))
    return same & (_count(shape_of(x), axis) > 1)


STD = Gate(
    "std",
    definition=lambda m, x, *, axis=None, ddof=0, keepdims=False: m.sqrt(_var(m, x, axis, ddof, keepdims)),
    forward=lambda m, x, *, axis=None, ddof=0, keepdims=False: _std(m, x, axis, ddof, keepdims),
    pullbacks=(_std_back,),
    shape=_var_shape,
    flow="mixer",
    doc=(
        "The standard deviation, the square root of the variance (numpy.std); its gradient is 0 where "
        "all elements are equal. Divided by n - ddof, where torch has ddof=1."
    ),
    means="out = sqrt(var(x))",
    arrives=("g (x - mean(x))/((n - ddof) out), 0 where out = 0",),
    latex=r"\operatorname{std}({x})",
    expansion="sqrt(var(x))",
    kinks=(
        Kink(
            lambda x, axis=None, ddof=0, keepdims=False: _all_equal(x, axis, keepdims),
            "all elements are equal", False, "0", "0", "nan", "nan", ((1.0, 1.0),),
        ),
    ),
    samples=VAR.samples[:-1],
    edges=(
        Edge(((1.0, 3.0),), 1.0, ((-0.5, 0.5),), "half the distance of two"),
        Edge(((0.1, 0.1, 0.1),), 0.0, ((0.0, 0.0, 0.0),), "equal numbers: 0/0 means 0"),
        Edge(((5.0,),), 0.0, ((0.0,),), "a number alone does not vary"),
        Edge(((-1e200, 1e200),), 1e200, ((-0.5, 0.5),), "the squares would overflow"),
    ),
    ulps=(4, 4),
)  # fmt: skip


# The running sum.


def _running_shape(x: Shape, *, axis: Any) -> Shape:
    if axis is None:
        return (shapes.size(x),)
    shapes.axis_of(x, axis)
    return x


def _running_back(m: Any, g: Any, shape: Shape, axis: Any) -> Any:
    """Return the running sum of g from the end: an element is part of every sum from its own on."""
    at = axis or 0
    backwards = (*(slice(None),) * (at % len(g.shape)), slice(None, None, -1))
    return m.cumsum(g[backwards], at)[backwards].reshape(shape)


CUMSUM = Gate(
    "cumsum",
    definition=lambda m, x, *, axis=None: m.cumsum(x, axis),
    pullbacks=(_running_back,),
    shape=_running_shape,
    flow="distributor",
    doc="The running sum along an axis, or over the raveled array without one (numpy.cumsum).",
    means="out[i] = x[0] + ... + x[i]",
    arrives=("the running sum of g from the end",),
    latex=r"\operatorname{cumsum}({x})",
    samples=(
        Sample(((4,),)),
        Sample(((2, 3),)),
        Sample(((2, 3),), {"axis": 1}),
        Sample(((2, 3, 2),), {"axis": -2}),
        Sample(((),)),
    ),
    edges=(Edge(((1.0, 2.0, 3.0),), (1.0, 3.0, 6.0), ((3.0, 2.0, 1.0),), "the first is in every sum"),),
    ulps=(3, 3),
)

GATES = (SUM, MEAN, PROD, AMAX, AMIN, VAR, STD, CUMSUM, NORM)
