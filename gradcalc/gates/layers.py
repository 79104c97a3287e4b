"""Layers of neural networks, in torch's layout: images are (batch, channels, rows, columns)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.record import Domain, Edge, Gate, Kink, Sample, Shape

Pair = tuple[int, int]


def _per(length: int, bias: Shape, k: int, what: str) -> None:
    """Raise ShapeError where an input has neither one number nor one for each of `length`."""
    if bias not in ((), (length,)):
        message = f"{{{k}}} {bias} needs one number for each of the {length} {what}, {(length,)}"
        raise ShapeError(message, hint=f"{{{k}}}[0]" if bias == (1, length) else "")


# Fully connected.


def _linear_shape(x: Shape, W: Shape, b: Shape = ()) -> Shape:  # noqa: N803 - a matrix
    if not x or len(W) != 2:
        raise ShapeError(f"linear needs inputs (..., in) and weights (out, in), not {{0}} {x} and {{1}} {W}")
    if x[-1] != W[1]:
        fits = x[-1] == W[0] and b in ((), W[1:])
        rest = ", {2}" if b else ""
        raise ShapeError(
            f"{{0}} {x} has {x[-1]} features, but the weights {{1}} {W} take {W[1]}: they are (out, in)",
            hint=f"linear({{0}}, {{1}}.T{rest})" if fits else "",
        )
    _per(W[0], b, 2, "outputs")
    return (*x[:-1], W[0])


def _rows(x: Any) -> Any:
    """Return the array as a matrix, whose columns are its last axis."""
    return x.reshape((shapes.size(x.shape[:-1]), x.shape[-1]))


LINEAR = Gate(
    "linear",
    definition=lambda m, x, W, b=0.0: m.matmul(x, W.transpose((1, 0))) + b,  # noqa: N803 - a matrix
    pullbacks=(
        lambda m, g, W: m.matmul(g, W),  # noqa: N803 - a matrix
        lambda m, g, x: m.matmul(_rows(g).transpose((1, 0)), _rows(x)),
        lambda m, g, shape: m.unbroadcast(g, shape),
    ),
    shape=_linear_shape,
    flow="switcher",
    doc="A fully connected layer, x @ W.T + b, with weights (out, in) as in torch.",
    means="out[i, j] = sum over k of x[i, k] W[j, k] + b[j]",
    arrives=("g @ W", "g.T @ x", "g, summed over the batch"),
    latex="{x} {W}^T + {b}",
    expansion="x @ W.T + b",
    samples=(
        Sample(((2, 3), (4, 3), (4,))),
        Sample(((2, 3), (4, 3))),
        Sample(((3,), (2, 3), (2,))),
        Sample(((2, 2, 3), (2, 3), ())),
        Sample(((1, 3), (1, 3), (1,))),
    ),
    edges=(
        Edge(
            ((1.0, 2.0, -1.0), ((0.5, -0.2, 0.1), (-0.4, 0.3, 0.8)), (0.1, -0.1)), (0.1, -0.7),
            ((0.1, 0.1, 0.9), ((1.0, 2.0, -1.0), (1.0, 2.0, -1.0)), (1.0, 1.0)), "two neurons",
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip


# Windows that slide over the last two axes.


def _pair(value: Any, name: str, least: int) -> Pair:
    """Return an option that is one whole number, or one for rows and one for columns."""
    pair = value if isinstance(value, tuple) else (value, value)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= least for n in pair)
    if len(pair) != 2 or not whole:
        raise ShapeError(f"{name} is a whole number from {least} on, or two of them, not {value}")
    return pair


def _counts(shape: Shape, size: Pair, stride: Pair) -> Pair:
    """Return how many windows fit below each other, and beside each other."""
    rows, columns = ((n - s) // step + 1 for n, s, step in zip(shape[-2:], size, stride, strict=True))
    return rows, columns


def _places(shape: Shape, size: Pair, stride: Pair) -> list[Any]:
    """Return for each place in a window, row by row, the key of what all the windows have there."""
    rows, columns = _counts(shape, size, stride)
    return [
        (..., slice(i, i + rows * stride[0], stride[0]), slice(j, j + columns * stride[1], stride[1]))
        for i in range(size[0])
        for j in range(size[1])
    ]


def _fit(shape: Shape, size: Pair, what: str) -> None:
    """Raise ShapeError where not one window fits."""
    if shape[-2] < size[0] or shape[-1] < size[1]:
        raise ShapeError(f"{what} {size} does not fit into {{0}}, of which it sees {shape[-2:]}")


# Convolution. The windows become the columns of one matrix, and the kernels the rows of another.


def _padded(m: Any, x: Any, padding: Pair) -> Any:
    """Return x with zeros around its last two axes."""
    for axis, n in zip((-2, -1), padding, strict=True):
        if n:
            edge = list(x.shape)
            edge[axis] = n
            x = m.concatenate([m.zeros(tuple(edge)), x, m.zeros(tuple(edge))], axis)
    return x


def _larger(shape: Shape, padding: Pair) -> Shape:
    return (*shape[:-2], shape[-2] + 2 * padding[0], shape[-1] + 2 * padding[1])


def _images(x: Shape) -> Shape:
    """Return the shape of a batch of images, which a single one may stand for."""
    return (shapes.size(x[:-3]), *x[-3:])


def _conv2d_shape(x: Shape, w: Shape, b: Shape = (), *, stride: Any, padding: Any) -> Shape:
    stride, padding = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
    if len(x) not in (3, 4) or len(w) != 4:
        message = (
            "conv2d needs images (channels, rows, columns) or a batch of them, and kernels "
            f"(out, channels, rows, columns), not {{0}} {x} and {{1}} {w}"
        )
        raise ShapeError(message, hint=_as_images(x, w))
    if x[-3] != w[1]:
        raise ShapeError(f"{{0}} {x} and the kernels {{1}} {w} differ in their channels: {x[-3]} and {w[1]}")
    if 0 in w:
        raise ShapeError(f"the kernels {{1}} {w} have no elements")
    _fit(_larger(x, padding), w[2:], "a kernel")
    _per(w[0], b, 2, "kernels")
    return (*x[:-3], w[0], *_counts(_larger(x, padding), w[2:], stride))


def _as_images(x: Shape, w: Shape) -> str:
    """Return the call with the axes put in that a single image, channel or kernel lacks."""
    if not (2 <= len(x) <= 4 and 2 <= len(w) <= 4):
        return ""
    image = "[{0}]" if len(x) == 2 else "{0}"
    return f"conv2d({image}, {'[' * (4 - len(w))}{{1}}{']' * (4 - len(w))})"


def _columns(m: Any, x: Any, size: Pair, stride: Pair, padding: Pair) -> Any:
    """Return a matrix with a column for each window: what it sees, channel by channel, row by row."""
    channels_first = _padded(m, x.reshape(_images(x.shape)).transpose((1, 0, 2, 3)), padding)
    places = _places(channels_first.shape, size, stride)
    seen = m.stack([channels_first[place] for place in places], 1)
    return seen.reshape((seen.shape[0] * seen.shape[1], shapes.size(seen.shape[2:])))


def _kernels(w: Any) -> Any:
    """Return a matrix with a row for each kernel."""
    return w.reshape((w.shape[0], shapes.size(w.shape[1:])))


def _conv2d(m: Any, x: Any, w: Any, b: Any = 0.0, *, stride: Any = 1, padding: Any = 0) -> Any:
    shape = _conv2d_shape(x.shape, w.shape, stride=stride, padding=padding)
    columns = _columns(m, x, w.shape[2:], _pair(stride, "stride", 1), _pair(padding, "padding", 0))
    images, *image = _images(shape)
    kernels_first = m.matmul(_kernels(w), columns).reshape((image[0], images, *image[1:]))
    bias = m.asarray(b)
    return kernels_first.transpose((1, 0, 2, 3)).reshape(shape) + bias.reshape((*bias.shape, 1, 1))


def _by_kernel(g: Any) -> Any:
    """Return the upstream gradient with a row for each kernel, and a column for each window."""
    channels_first = g.reshape(_images(g.shape)).transpose((1, 0, 2, 3))
    return channels_first.reshape((g.shape[-3], shapes.size(channels_first.shape[1:])))


def _to_image(m: Any, g: Any, w: Any, shape: Shape, stride: Any, padding: Any) -> Any:
    """Return the gradient of the image: every window puts back what it has seen."""
    stride, padding = _pair(stride, "stride", 1), _pair(padding, "padding", 0)
    images, channels, rows, columns = _images(shape)
    padded = _larger((channels, images, rows, columns), padding)
    size: Pair = w.shape[2:]
    seen = m.matmul(_kernels(w).transpose((1, 0)), _by_kernel(g))
    seen = seen.reshape((channels, size[0] * size[1], images, *g.shape[-2:]))
    places = _places(padded, size, stride)
    whole = reduce(add, (m.scatter(seen[:, k], place, padded) for k, place in enumerate(places)))
    inner = whole[..., padding[0] : padding[0] + rows, padding[1] : padding[1] + columns]
    return inner.transpose((1, 0, 2, 3)).reshape(shape)


def _to_kernels(m: Any, g: Any, x: Any, shape: Shape, stride: Any, padding: Any) -> Any:
    columns = _columns(m, x, (shape[2], shape[3]), _pair(stride, "stride", 1), _pair(padding, "padding", 0))
    return m.matmul(_by_kernel(g), columns.transpose((1, 0))).reshape(shape)


NINE = (((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0)),)

CONV2D = Gate(
    "conv2d",
    definition=_conv2d,
    pullbacks=(
        _to_image,
        _to_kernels,
        lambda m, g, shape: m.unbroadcast(g, (*shape, 1, 1)).reshape(shape),
    ),
    shape=_conv2d_shape,
    flow="switcher",
    doc="A convolution without flipping the kernel (LeCun et al., 1989; CS231n, lecture 5). As in torch, "
    "images are (batch, channels, rows, columns), or one without the batch, kernels (out, channels, rows, "
    "columns), and there is a bias for each kernel.",
    means="out[n, o, r, c] = sum over channels k and kernel places i, j of "
    "x[n, k, r stride + i - padding, c stride + j - padding] w[o, k, i, j] + b[o]",
    arrives=(
        "each g times its kernel, put back where the kernel stood",
        "the sum of each g times what the kernel saw",
        "g, summed over the batch, rows and columns",
    ),
    latex=r"{x} \star {w} + {b}",
    samples=(
        Sample(((2, 2, 4, 5), (3, 2, 2, 3), (3,))),
        Sample(((2, 3, 4), (2, 2, 2, 2))),
        Sample(((1, 2, 5, 5), (2, 2, 3, 3), (2,)), {"stride": 2, "padding": 1}),
        Sample(((2, 1, 5, 4), (1, 1, 2, 3), ()), {"stride": (1, 2), "padding": (2, 0)}),
        Sample(((1, 5, 5), (1, 1, 2, 2)), {"stride": 3}),
    ),
    edges=(
        Edge(
            (NINE, ((((1.0, 0.0), (0.0, -1.0)),),), (10.0,)),
            (((6.0, 6.0), (6.0, 6.0)),),
            (
                (((1.0, 1.0, 0.0), (1.0, 0.0, -1.0), (0.0, -1.0, -1.0)),),
                ((((12.0, 16.0), (24.0, 28.0)),),),
                (4.0,),
            ),
            "x[r, c] - x[r+1, c+1] + 10",
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip


# Pooling.


def _windows(x: Shape, size: Any, stride: Any) -> tuple[Pair, Pair]:
    """Return the size of windows, and their steps: those of the size where none are given."""
    size = _pair(size, "size", 1)
    stride = size if stride is None else _pair(stride, "stride", 1)
    if len(x) < 2:
        raise ShapeError(f"pooling needs rows and columns, but {{0}} has the shape {x}")
    _fit(x, size, "a window")
    return size, stride


def _pooled(x: Shape, *, size: Any, stride: Any) -> Shape:
    return (*x[:-2], *_counts(x, *_windows(x, size, stride)))


def _seen(m: Any, x: Any, size: Any, stride: Any) -> Any:
    """Return what the windows see, place by place along a new first axis."""
    return m.stack([x[place] for place in _places(x.shape, *_windows(x.shape, size, stride))], 0)


def _put_back(m: Any, seen: Any, shape: Shape, size: Any, stride: Any) -> Any:
    """Return the sum of what the windows give back to each element, place by place along the first axis."""
    places = _places(shape, *_windows(shape, size, stride))
    return reduce(add, (m.scatter(seen[k], place, shape) for k, place in enumerate(places)))


def _to_largest(m: Any, g: Any, x: Any, out: Any, shape: Shape, size: Any, stride: Any) -> Any:
    won = m.number(m.equal(_seen(m, x, size, stride), out))
    return _put_back(m, g * won / m.sum(won, 0), shape, size, stride)


def _to_all(m: Any, g: Any, shape: Shape, size: Any, stride: Any) -> Any:
    (rows, columns), _ = _windows(shape, size, stride)
    return _put_back(m, m.stack([g / (rows * columns)] * (rows * columns), 0), shape, size, stride)


def _avg_pool(m: Any, x: Any, *, size: Any = 2, stride: Any = None) -> Any:
    seen = _seen(m, x, size, stride)
    return m.sum(seen, 0) / seen.shape[0]


def _pool_tied(x: Any, size: Any = 2, stride: Any = None) -> Any:
    """Return for each window whether elements tie for its largest."""
    from gradcalc.systems import array as m

    seen = _seen(m, m.asarray(x), size, stride)
    return m.sum(m.equal(seen, m.amax(seen, 0)), 0) > 1


SQUARE = (((1.0, 2.0, 5.0, 6.0), (3.0, 4.0, 7.0, 8.0)),)
POOL_SAMPLES = (
    Sample(((2, 2, 4, 4),)),
    Sample(((1, 4, 5),), {"size": 3, "stride": 1}),
    Sample(((2, 5, 4),), {"size": (1, 2)}),
    Sample(((5, 5),), {"size": (2, 3), "stride": (3, 1)}),
    Sample(((1, 7, 3),), {"size": 1, "stride": 2}),
)

MAX_POOL = Gate(
    "max_pool",
    aliases=("max_pool2d",),
    definition=lambda m, x, *, size=2, stride=None: m.amax(_seen(m, x, size, stride), 0),
    pullbacks=(_to_largest,),
    shape=_pooled,
    flow="router",
    doc="The largest element of each window over the last two axes, which gets the gradient; ties share it "
    "(CS231n, lecture 5). Windows lie side by side unless there is a stride; what is left at the end is not "
    "seen.",
    means="out[..., r, c] = the largest of x[..., r stride + i, c stride + j], i and j below the size",
    arrives=("each g at the largest element of its window, 0 elsewhere",),
    latex=r"\operatorname{maxpool}({x})",
    kinks=(
        Kink(
            _pool_tied, "elements of a window tie for the largest", False,
            "1/2, 1/2", "1, 0", "1, 0", "1, 0", (((1.0, 1.0), (0.0, 0.0)),),
        ),
    ),
    samples=POOL_SAMPLES,
    edges=(
        Edge(SQUARE, ((4.0, 8.0),), (((0.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 1.0)),), "one in four"),
        Edge((((1.0, 1.0), (0.0, 0.0)),), ((1.0,),), (((0.5, 0.5), (0.0, 0.0)),), "a tie is shared"),
        Edge(
            (((1.0, 3.0, 2.0),),), ((3.0, 3.0),), (((0.0, 2.0, 0.0),),), "overlapping windows add up",
            {"size": (1, 2), "stride": 1},
        ),
    ),
    ulps=(0, 2),
)  # fmt: skip

AVG_POOL = Gate(
    "avg_pool",
    aliases=("avg_pool2d",),
    definition=_avg_pool,
    pullbacks=(_to_all,),
    shape=_pooled,
    flow="distributor",
    doc="The mean of each window over the last two axes, which shares the gradient evenly "
    "(LeCun et al., 1989). Windows lie side by side unless there is a stride; what is left at the end is not "
    "seen.",
    means="out[..., r, c] = the mean of x[..., r stride + i, c stride + j], i and j below the size",
    arrives=("each g over the size of its window, at all of its elements",),
    latex=r"\operatorname{avgpool}({x})",
    samples=POOL_SAMPLES,
    edges=(
        Edge(SQUARE, ((2.5, 6.5),), (((0.25,) * 4, (0.25,) * 4),), "a quarter each"),
        Edge(
            (((1.0, 3.0, 2.0),),), ((2.0, 2.5),), (((0.5, 1.0, 0.5),),), "overlapping windows add up",
            {"size": (1, 2), "stride": 1},
        ),
    ),
    ulps=(4, 4),
)  # fmt: skip


# Normalization.


ROW = (-1,)
"""The axes of a row of features."""


def _others(rank: int) -> tuple[int, ...]:
    """Return the axes of a batch that are no channels."""
    return (0, *range(2, rank))


def _mean(m: Any, x: Any, axes: tuple[int, ...]) -> Any:
    return m.sum(x, axes, True) / shapes.size(x.shape[a] for a in axes)


def _centred(m: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Return x less its mean over the axes, twice: the first mean is rounded where x is large."""
    once = x - _mean(m, x, axes)
    return once - _mean(m, once, axes)


LEAST_EXPONENT = -500
"""How far tiny numbers are brought up: eps, by twice that power of two, must not overflow."""


def _near_one(m: Any, x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """Return x and eps, scaled alike by a power of two, and its exponent: squares of 1e200 overflow."""
    exponent = m.max(m.exponent(x, axes), LEAST_EXPONENT)
    return m.ldexp(x, -exponent), m.ldexp(eps, -2 * exponent), exponent


def _scale(m: Any, centred: Any, axes: tuple[int, ...], eps: Any) -> Any:
    """Return 1 over the standard deviation."""
    return 1 / m.sqrt(_mean(m, centred * centred, axes) + eps)


def _normal(m: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """Return x with mean 0 and variance 1 over the axes, but for eps."""
    near, eps, _ = _near_one(m, x, axes, eps)
    centred = _centred(m, near, axes)
    return centred * _scale(m, centred, axes, eps)


def _plain_normal(m: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """Return the same as it is defined."""
    centred = x - _mean(m, x, axes)
    return centred * _scale(m, centred, axes, eps)


def _from_normal(m: Any, g: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """Return the gradient of x from that of x normalized.

    What of g lies along the centred x keeps only the share of eps in the variance, and comes apart
    from the rest: the two cancel in a batch of two. To leave no rounding of it in the rest, it is
    taken away twice, as in a Gram-Schmidt process.
    """
    near, eps, exponent = _near_one(m, x, axes, eps)
    centred, rest = _centred(m, near, axes), _centred(m, g, axes)
    squares = _mean(m, centred * centred, axes)
    spread = squares + m.number(m.equal(squares, 0))
    along = _mean(m, rest * centred, axes) / spread
    rest = _centred(m, rest - centred * along, axes)
    rest = rest - centred * (_mean(m, rest * centred, axes) / spread)
    scale = _scale(m, centred, axes, eps)
    return m.ldexp((rest + centred * along * (eps * scale * scale)) * scale, -exponent)


def _by_channel(m: Any, p: Any, rank: int) -> Any:
    """Return a number for each channel so that it broadcasts with images."""
    p = m.asarray(p)
    return p.reshape((*p.shape, *(1,) * (rank - 2)))


def _to_channels(m: Any, g: Any, shape: Shape) -> Any:
    return m.unbroadcast(g, (*shape, *(1,) * (g.ndim - 2))).reshape(shape)


def _positive_variance(axes: Any) -> Any:
    """Return the condition that no standard deviation is 0."""

    def holds(x: Any, *_: Any, eps: float = 1e-5) -> bool:
        from gradcalc.systems import array as m

        x = m.asarray(x)
        with m.quiet():
            return bool((_mean(m, _centred(m, x, axes(x.ndim)) ** 2, axes(x.ndim)) + eps > 0).all())

    return holds


POSITIVE = "a variance + eps above 0"


def _batch_norm_shape(x: Shape, gamma: Shape = (), beta: Shape = (), *, eps: Any) -> Shape:
    shapes.nonnegative(eps, "eps")
    if len(x) < 2:
        raise ShapeError(f"batch_norm needs a batch, (batch, channels, ...), but {{0}} has the shape {x}")
    if shapes.size(x[a] for a in _others(len(x))) < 2:
        message = f"{{0}} {x} has no two values in a channel: their variance says nothing"
        raise ShapeError(message, hint="layer_norm({0})" if len(x) == 2 and x[0] == 1 else "")
    _per(x[1], gamma, 1, "channels")
    _per(x[1], beta, 2, "channels")
    return x


def _batch_normal(
    m: Any, x: Any, gamma: Any, beta: Any, eps: float, normal: Callable[..., Any] = _normal
) -> Any:
    rank = x.ndim
    return normal(m, x, _others(rank), eps) * _by_channel(m, gamma, rank) + _by_channel(m, beta, rank)


BATCH_NORM = Gate(
    "batch_norm",
    definition=lambda m, x, gamma=1.0, beta=0.0, *, eps=1e-5: _batch_normal(
        m, x, gamma, beta, eps, _plain_normal
    ),
    forward=lambda m, x, gamma=1.0, beta=0.0, *, eps=1e-5: _batch_normal(m, x, gamma, beta, eps),
    pullbacks=(
        lambda m, g, x, gamma, eps: _from_normal(
            m, g * _by_channel(m, gamma, x.ndim), x, _others(x.ndim), eps
        ),
        lambda m, g, x, eps, shape: _to_channels(m, g * _normal(m, x, _others(x.ndim), eps), shape),
        lambda m, g, shape: _to_channels(m, g, shape),
    ),
    shape=_batch_norm_shape,
    flow="mixer",
    doc="Each channel (axis 1) with mean 0 and variance 1 over the batch, times gamma, plus beta "
    "(Ioffe and Szegedy, 2015), as in training: with the batch's own biased variance.",
    means="out[n, c] = gamma[c] (x[n, c] - mean over n) / sqrt(variance over n + eps) + beta[c]",
    arrives=(
        "gamma (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + eps)",
        "g xhat, summed over the batch",
        "g, summed over the batch",
    ),
    latex=r"{gamma} \frac{{x} - \mu}{\sqrt{\sigma^2 + \varepsilon}} + {beta}",
    domain=(Domain(_positive_variance(_others), POSITIVE),),
    samples=(
        Sample(((4, 3), (3,), (3,))),
        Sample(((4, 3),)),
        Sample(((5, 2), (), ())),
        Sample(((2, 3, 2, 2), (3,), (3,)), {"eps": 0.1}),
        Sample(((1, 2, 3), (2,))),
    ),
    edges=(
        Edge(
            (((1.0,), (3.0,)), (2.0,), (10.0,)), ((8.0,), (12.0,)),
            (((0.0,), (0.0,)), (0.0,), (2.0,)), "mean 2, variance 1", {"eps": 0.0},
        ),
        Edge((((5.0,), (5.0,)),), ((0.0,), (0.0,)), (((0.0,), (0.0,)),), "no variance at all"),
        Edge((((-1e200,), (1e200,)),), ((-1.0,), (1.0,)), (((0.0,), (0.0,)),), "squares overflow"),
    ),
    ulps=(8, 16),
)  # fmt: skip


def _layer_norm_shape(x: Shape, gamma: Shape = (), beta: Shape = (), *, eps: Any) -> Shape:
    shapes.nonnegative(eps, "eps")
    if not x or not x[-1]:
        raise ShapeError(f"layer_norm needs features in the last axis, but {{0}} has the shape {x}")
    _per(x[-1], gamma, 1, "features")
    _per(x[-1], beta, 2, "features")
    return x


LAYER_NORM = Gate(
    "layer_norm",
    definition=lambda m, x, gamma=1.0, beta=0.0, *, eps=1e-5: _plain_normal(m, x, ROW, eps) * gamma + beta,
    forward=lambda m, x, gamma=1.0, beta=0.0, *, eps=1e-5: _normal(m, x, ROW, eps) * gamma + beta,
    pullbacks=(
        lambda m, g, x, gamma, eps: _from_normal(m, g * gamma, x, ROW, eps),
        lambda m, g, x, eps, shape: m.unbroadcast(g * _normal(m, x, ROW, eps), shape),
        lambda m, g, shape: m.unbroadcast(g, shape),
    ),
    shape=_layer_norm_shape,
    flow="mixer",
    doc="Each row (the last axis) with mean 0 and variance 1, times gamma, plus beta (Ba, Kiros and Hinton, "
    "2016), with the biased variance.",
    means="out[n, c] = gamma[c] (x[n, c] - mean over c) / sqrt(variance over c + eps) + beta[c]",
    arrives=(
        "(g gamma - mean(g gamma) - xhat mean(g gamma xhat)) / sqrt(variance + eps)",
        "g xhat, summed over the rows",
        "g, summed over the rows",
    ),
    latex=r"{gamma} \frac{{x} - \mu}{\sqrt{\sigma^2 + \varepsilon}} + {beta}",
    domain=(Domain(_positive_variance(lambda rank: ROW), POSITIVE),),
    expansion="(x - mean(x, axis=-1, keepdims=True))/sqrt(var(x, axis=-1, keepdims=True) + 1e-5)"
    "*gamma + beta",
    samples=(
        Sample(((4,), (4,), (4,))),
        Sample(((2, 3),)),
        Sample(((3, 2), (), ())),
        Sample(((2, 2, 3), (3,), (3,)), {"eps": 0.1}),
    ),
    edges=(
        Edge(
            ((1.0, 3.0), 2.0, 10.0), (8.0, 12.0), ((0.0, 0.0), 0.0, 2.0), "mean 2, variance 1",
            {"eps": 0.0},
        ),
        Edge(((5.0,),), (0.0,), ((0.0,),), "one feature has no variance"),
        Edge(((-1e200, 1e200),), (-1.0, 1.0), ((0.0, 0.0),), "squares overflow"),
    ),
    ulps=(8, 16),
)  # fmt: skip

GATES = (LINEAR, CONV2D, MAX_POOL, AVG_POOL, BATCH_NORM, LAYER_NORM)
