"""Kernels in float32 with the backward passes that people write by hand, each in several usual forms.

A kernel takes rows, and the upstream gradient where its output is an array, and returns value and gradient.
"""

from __future__ import annotations

import math

import numpy as np

one, half, two = np.float32(1), np.float32(0.5), np.float32(2)
ROOT = np.float32(math.sqrt(2))
BELL = np.float32(1 / math.sqrt(2 * math.pi))
EPS = np.float32(1e-5)


def sigmoid(x):
    return one / (one + np.exp(-x))


def sigmoid_by_sign(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, one / (one + small), small / (one + small))


def sigmoid_by_tanh(x):
    return half * (one + np.tanh(half * x))


def silu_through(sigmoid):
    def silu(x):
        s = sigmoid(x)
        return x * s, s * (one + x * (one - s))

    return silu


def silu_from_output(x):
    y, s = x / (one + np.exp(-x)), sigmoid(x)
    return y, s + y * (one - s)


erf_in_double = np.vectorize(math.erf, otypes=[np.float32])


def erf_rational(x):
    """The float32 approximation of Eigen and XLA."""
    x = np.clip(x, np.float32(-3.832506856900711), np.float32(3.832506856900711))
    above = (0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145,
             1.128379143519084)  # fmt: skip
    below = (-1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667,
             0.11098505178285362, 0.49746925110067538, 1.0)  # fmt: skip
    return x * _polynomial(above, x * x) / _polynomial(below, x * x)


def _polynomial(coefficients, x):
    total = np.zeros_like(x)
    for c in coefficients:
        total = total * x + np.float32(c)
    return total


def gelu_through(erf):
    def gelu(x):
        share = half * (one + erf(x / ROOT))
        return x * share, share + x * np.exp(-half * x * x) * BELL

    return gelu


def probabilities(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax(x, g):
    p = probabilities(x)
    return p, p * (g - (g * p).sum(-1, keepdims=True))


def softmax_in_two_terms(x, g):
    p = probabilities(x)
    return p, p * g - p * (p * g).sum(-1, keepdims=True)


def softmax_by_logarithms(x, g):
    away = x - x.max(-1, keepdims=True)
    p = np.exp(away - np.log(np.exp(away).sum(-1, keepdims=True)))
    return p, p * (g - (g * p).sum(-1, keepdims=True))


def layer_norm(x, g):
    away = x - x.mean(-1, keepdims=True)
    scale = one / np.sqrt((away**2).mean(-1, keepdims=True) + EPS)
    y = away * scale
    return y, scale * (g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True))


def layer_norm_with_sums(x, g):
    n, spread = np.float32(x.shape[-1]), np.sqrt(x.var(-1, keepdims=True) + EPS)
    y = (x - x.mean(-1, keepdims=True)) / spread
    return y, (n * g - g.sum(-1, keepdims=True) - y * (g * y).sum(-1, keepdims=True)) / (n * spread)


def layer_norm_in_stages(x, g):
    n, away = np.float32(x.shape[-1]), x - x.mean(-1, keepdims=True)
    scale = one / np.sqrt((away * away).mean(-1, keepdims=True) + EPS)
    to_variance = (g * away).sum(-1, keepdims=True) * -half * scale**3
    to_mean = (-g * scale).sum(-1, keepdims=True) + to_variance * (-two * away).mean(-1, keepdims=True)
    return away * scale, g * scale + to_variance * two * away / n + to_mean / n


def tanh(x):
    t = np.tanh(x)
    return t, one - t * t


def tanh_by_cosh(x):
    return np.tanh(x), one / np.cosh(x) ** 2


def logistic(x):
    s = sigmoid(x)
    return s, s * (one - s)


def logsumexp(x):
    top = x.max(-1, keepdims=True)
    total = np.exp(x - top).sum(-1, keepdims=True)
    return (top + np.log(total))[:, 0], np.exp(x - top) / total


def fast_wave(x):
    a = np.float32(1e4)
    return np.sin(a * x), a * np.cos(a * x)


def faster_wave(x):
    a = np.float32(1e7)
    return np.sin(a * x), a * np.cos(a * x)


def squares(x):
    return (x * x).sum(-1), two * x


KERNELS = {
    "silu(x)": ((), [silu_through(sigmoid), silu_through(sigmoid_by_sign), silu_from_output]),
    "x/(1 + exp(-x))": ((), [silu_through(sigmoid), silu_from_output]),
    "x*(1 + tanh(x/2))/2": ((), [silu_through(sigmoid_by_tanh)]),
    "gelu(x)": ((), [gelu_through(erf_in_double), gelu_through(erf_rational)]),
    "softmax(x)": ((8,), [softmax, softmax_in_two_terms, softmax_by_logarithms]),
    "layer_norm(x)": ((16,), [layer_norm, layer_norm_with_sums, layer_norm_in_stages]),
    "tanh(x)": ((), [tanh, tanh_by_cosh]),
    "sigmoid(x)": ((), [logistic]),
    "logsumexp(x)": ((8,), [logsumexp]),
    "sin(10000*x)": ((), [fast_wave]),
    "sin(1e7*x)": ((), [faster_wave]),
    "sum(x^2)": ((100,), [squares]),
}
"""Program -> the shape of its variable, and kernels that compute it."""

CASES = [(program, shape, kernel) for program, (shape, kernels) in KERNELS.items() for kernel in kernels]

WITH_UPSTREAM = ("softmax(x)", "layer_norm(x)")
