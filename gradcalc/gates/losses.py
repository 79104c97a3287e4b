"""Losses: predictions or scores and their targets to one number, a mean over the batch.

Labels (the number of a class, or -1 and 1) are whole numbers: definitions take the nearest, so that
no gradient flows to them, and floats answer nan where a label is none.
"""

from __future__ import annotations

from math import nan
from typing import Any

from gradcalc.errors import ShapeError
from gradcalc.gates import shape as shapes
from gradcalc.gates.activations import logistic
from gradcalc.gates.probability import from_log_softmax, log_softmax, softmax
from gradcalc.gates.record import Domain, Edge, Gate, Kink, Sample, Shape

CLASSES = "classes that are whole numbers, from 0 to the number of scores less 1"

CATS = ((3.2, 5.1, -1.7), (1.3, 4.9, 2.0), (2.2, 2.5, -3.1))
"""Scores of a cat, a car and a frog, in rows (CS231n, lecture 3)."""


# Shapes.


def _equal(x: Shape, target: Shape, name: str) -> Shape:
    """Return the shape of a loss that compares element by element: one number."""
    if x != target:
        raise ShapeError(
            f"{{0}} {x} and {{1}} {target} do not have the same shape", hint=_alike(x, target, name)
        )
    shapes.nonempty(x, None, "mean")
    return ()


def _alike(x: Shape, target: Shape, name: str) -> str:
    """Return the loss with one input brought to the shape of the other, where that is obvious."""
    if x == (*target, 1):
        return f"{name}({{0}}[..., 0], {{1}})"
    if target == (*x, 1):
        return f"{name}({{0}}, {{1}}[..., 0])"
    if len(x) == 2 and x == target[::-1]:
        return f"{name}({{0}}, {{1}}.T)"
    return ""


def _labelled(scores: Shape, target: Shape, name: str) -> Shape:
    """Return the shape of a loss that takes a class for each row of scores: one number."""
    if not scores:
        raise ShapeError(f"{name} needs a score for each class, but {{0}} is a single number")
    if target != scores[:-1]:
        message = (
            f"{{0}} {scores} needs a class for each row, {scores[:-1]}, but {{1}} has the shape {target}"
        )
        raise ShapeError(message, hint=_a_class_each(scores, target, name))
    shapes.nonempty(scores, None, "mean")
    return ()


def _a_class_each(scores: Shape, target: Shape, name: str) -> str:
    if target == (*scores[:-1], 1):
        return f"{name}({{0}}, {{1}}[..., 0])"
    if len(scores) == 2 and target == scores[1:]:
        return f"{name}({{0}}.T, {{1}})"
    return ""


def _cross_entropy_shape(logits: Shape, target: Shape) -> Shape:
    if logits and target == logits:
        shapes.nonempty(logits, None, "mean")
        return ()
    return _labelled(logits, target, "cross_entropy")


# Labels.


def _one_hot(m: Any, target: Any, count: int) -> Any:
    """Return a row for each class: 1 at its place, 0 elsewhere."""
    import numpy as np  # a row of scores means that there are arrays

    return m.asarray((m.integers(target)[..., None] == np.arange(count)) * 1.0)


def _are_classes(m: Any, scores: Any, target: Any) -> bool:
    """Whether the targets are whole numbers that count the scores of a row, from 0."""
    classes = m.integers(target)
    inside = (classes >= 0) & (classes < m.asarray(scores).shape[-1])
    return bool((inside & m.equal(target, classes)).all())


def _are_signs(m: Any, target: Any) -> bool:
    """Whether the targets are -1 or 1."""
    return bool((m.equal(target, -1) | m.equal(target, 1)).all())


def _in_arrays(holds: Any) -> Any:
    """Return a condition on labels as a domain asks for it."""

    def of_arrays(scores: Any, target: Any, **_: Any) -> bool:
        from gradcalc.systems import array as m

        answer: bool = holds(m, m.asarray(scores), m.asarray(target))
        return answer

    return of_arrays


def _classes_hold(m: Any, logits: Any, target: Any) -> bool:
    """Whether the targets are classes, or probabilities, of which any are taken."""
    return logits.shape == target.shape or _are_classes(m, logits, target)


# Losses.


def _mean(m: Any, each: Any) -> Any:
    """Return the mean of all elements."""
    return m.sum(each) / shapes.size(m.asarray(each).shape)


def _count(shape: Shape) -> int:
    """Return the number of rows of scores."""
    return shapes.size(shape[:-1])


MSE = Gate(
    "mse",
    aliases=("mse_loss",),
    definition=lambda m, prediction, target: _mean(m, (prediction - target) * (prediction - target)),
    pullbacks=(
        lambda m, g, prediction, target, shape: (prediction - target) * (2 * g / shapes.size(shape)),
        lambda m, g, prediction, target, shape: (target - prediction) * (2 * g / shapes.size(shape)),
    ),
    shape=lambda prediction, target: _equal(prediction, target, "mse"),
    flow="mixer",
    doc="The mean of the squares of the errors, over all elements (as in torch); nothing broadcasts.",
    means="out = the mean of (prediction[i] - target[i])^2",
    arrives=("2 g (prediction - target)/n", "2 g (target - prediction)/n"),
    latex=r"\overline{({prediction} - {target})^2}",
    expansion="mean(square(prediction - target))",
    samples=(Sample(((4,), (4,))), Sample(((2, 3), (2, 3))), Sample(((), ()))),
    edges=(
        Edge(((1.0, 2.0), (0.0, 4.0)), 2.5, ((1.0, -2.0), (-1.0, 2.0)), "(1 + 4)/2"),
        Edge((3.0, 3.0), 0.0, (0.0, 0.0), "no error"),
    ),
    ulps=(4, 4),
)


def _expected(m: Any, logits: Any, target: Any) -> Any:
    """Return the probability that the target gives each class."""
    logits, target = m.asarray(logits), m.asarray(target)
    return target if logits.shape == target.shape else _one_hot(m, target, logits.shape[-1])


def _cross_entropy(m: Any, logits: Any, target: Any, logs: Any) -> Any:
    """Return the mean over the rows of -sum(target * logs)."""
    return -m.sum(logs * _expected(m, logits, target)) / _count(m.asarray(logits).shape)


def _stable_cross_entropy(m: Any, logits: Any, target: Any) -> Any:
    logits, target = m.asarray(logits), m.asarray(target)
    loss = _cross_entropy(m, logits, target, log_softmax(m, logits))
    return loss if _classes_hold(m, logits, target) else loss * nan


def _to_logits(m: Any, g: Any, logits: Any, target: Any, shape: Shape) -> Any:
    expected = _expected(m, logits, target)
    return from_log_softmax(m, expected * (-g / _count(shape)), softmax(m, logits))


def _to_target(m: Any, g: Any, logits: Any, shapes: tuple[Shape, ...]) -> Any:
    """Return the gradient of the probabilities; none flows to classes."""
    scores, target = shapes
    return log_softmax(m, logits) * (-g / _count(scores)) if scores == target else None


CROSS_ENTROPY = Gate(
    "cross_entropy",
    definition=lambda m, logits, target: _cross_entropy(
        m, logits, target, logits - m.log(m.sum(m.exp(logits), -1, True))
    ),
    forward=_stable_cross_entropy,
    pullbacks=(_to_logits, _to_target),
    shape=_cross_entropy_shape,
    flow="mixer",
    doc="Softmax and its cross-entropy with the target, natural logarithm, mean over the rows of logits "
    "(CS231n, lecture 3). The target holds classes, counted from 0, or probabilities in the logits' shape.",
    means="out = the mean over the rows i of -log(softmax(logits[i])[target[i]])",
    arrives=("g (softmax(logits) - one_hot(target))/n", "-g log_softmax(logits)/n, none for classes"),
    latex=r"H({target}, \operatorname{softmax}({logits}))",
    domain=(
        Domain(_in_arrays(_classes_hold), CLASSES),
    ),
    samples=(
        Sample(((4,), ()), fixed={1: 2.0}),
        Sample(((3, 4), (3,)), fixed={1: (0.0, 3.0, 1.0)}),
        Sample(((2, 2, 3), (2, 2)), fixed={1: ((0.0, 2.0), (2.0, 1.0))}),
        Sample(((3, 4), (3, 4)), low=0.1, high=1.0),
        Sample(((3,), (3,)), fixed={1: (0.0, 1.0, 0.0)}),
    ),
    edges=(
        Edge(((0.0, 0.0), 0.0), 0.6931471805599453, ((-0.5, 0.5), None), "no idea: log(2)"),
        Edge(
            (CATS[0], 0.0), 2.04035515280017,
            ((-0.8700174609828268, 0.8690495352082658, 0.000967925774561044), None),
            "the lecture's cat, in natural logarithms",
        ),
        Edge(((1000.0, 0.0), 1.0), 1000.0, ((1.0, -1.0), None), "exp(1000) would overflow"),
        Edge(
            ((40.0, 0.0), 0.0), 4.248354255291589e-18,
            ((-4.248354255291589e-18, 4.248354255291589e-18), None), "1 - p would be 0",
        ),
        Edge(
            ((0.0, 0.0), (0.25, 0.75)), 0.6931471805599453,
            ((0.25, -0.25), (0.6931471805599453, 0.6931471805599453)), "probabilities",
        ),
    ),
    ulps=(8, 8),
)  # fmt: skip


def _stable_binary(m: Any, logits: Any, target: Any) -> Any:
    return _mean(m, m.max(logits, 0) - logits * target + m.log1p(m.exp(-m.abs(logits))))


def _to_binary_logits(m: Any, g: Any, logits: Any, target: Any, shape: Shape) -> Any:
    """Return s(x) - t as (1 - t) s(x) - t s(-x), which keeps the digits where s is near 1."""
    error = (1 - target) * logistic(m, logits) - target * logistic(m, -logits)
    return error * (g / shapes.size(shape))


BINARY_CROSS_ENTROPY = Gate(
    "binary_cross_entropy",
    aliases=("binary_cross_entropy_with_logits",),
    definition=lambda m, logits, target: _mean(m, m.log(1 + m.exp(logits)) - logits * target),
    forward=_stable_binary,
    pullbacks=(
        _to_binary_logits,
        lambda m, g, logits, shape: logits * (-g / shapes.size(shape)),
    ),
    shape=lambda logits, target: _equal(logits, target, "binary_cross_entropy"),
    flow="mixer",
    doc="Sigmoid and its cross-entropy with the target (0 to 1), natural logarithm, mean over all elements "
    "(as in torch, from logits; not from probabilities).",
    means="out = the mean of -(t log(s) + (1 - t) log(1 - s)) with s = sigmoid(logits), t = target",
    arrives=("g (sigmoid(logits) - target)/n", "-g logits/n"),
    latex=r"\overline{H({target}, \sigma({logits}))}",
    expansion="mean(softplus(logits) - logits*target)",
    samples=(
        Sample(((4,), (4,)), low=-3.0, high=3.0),
        Sample(((2, 3), (2, 3)), fixed={1: ((0.0, 1.0, 1.0), (1.0, 0.0, 0.5))}),
        Sample(((), ())),
    ),
    edges=(
        Edge((0.0, 1.0), 0.6931471805599453, (-0.5, 0.0), "no idea: log(2)"),
        Edge((1000.0, 0.0), 1000.0, (1.0, -1000.0), "exp(1000) would overflow"),
        Edge((40.0, 1.0), 4.248354255291589e-18, (-4.248354255291589e-18, -40.0), "1 - s would be 0"),
    ),
    ulps=(8, 8),
)


def _gap(m: Any, scores: Any, target: Any) -> Any:
    """Return by how much each score falls short of the margin on its own side of 0."""
    return 1 - m.asarray(m.integers(target)) * scores


def _hinge(m: Any, scores: Any, target: Any) -> Any:
    return _mean(m, m.max(_gap(m, scores, target), 0))


def _checked_hinge(m: Any, scores: Any, target: Any) -> Any:
    loss = _hinge(m, scores, target)
    return loss if _are_signs(m, target) else loss * nan


def _hinge_corner(scores: Any, target: Any) -> bool:
    from gradcalc.systems import array as m

    return bool(m.equal(_gap(m, scores, target), 0).any())


HINGE = Gate(
    "hinge",
    definition=_hinge,
    forward=_checked_hinge,
    pullbacks=(
        lambda m, g, scores, target, shape: (
            m.number(_gap(m, scores, target) > 0) * target * (-g / shapes.size(shape))
        ),
        None,
    ),
    shape=lambda scores, target: _equal(scores, target, "hinge"),
    flow="mixer",
    doc="The mean of max(0, 1 - target scores), the binary hinge loss (Cortes and Vapnik, 1995); "
    "targets are -1 or 1. At the corner its slope is 0.",
    means="out = the mean of max(0, 1 - target[i] scores[i])",
    arrives=("-g target/n where target scores < 1, else 0", "none"),
    latex=r"\overline{\max(0, 1 - {target} \cdot {scores})}",
    expansion="mean(relu(1 - target*scores))",
    kinks=(Kink(_hinge_corner, "target scores = 1", False, "0, 0", "", "", "-target", (1.0, 1.0)),),
    domain=(Domain(_in_arrays(lambda m, scores, target: _are_signs(m, target)), "targets that are -1 or 1"),),
    samples=(
        Sample(((4,), (4,)), fixed={1: (1.0, -1.0, -1.0, 1.0)}),
        Sample(((2, 2), (2, 2)), fixed={1: ((1.0, -1.0), (1.0, 1.0))}),
        Sample(((), ()), fixed={1: -1.0}),
    ),
    edges=(
        Edge(((0.5, -2.0), (1.0, 1.0)), 1.75, ((-0.5, -0.5), None), "(0.5 + 3)/2"),
        Edge((1.0, 1.0), 0.0, (0.0, None), "the corner"),
    ),
    ulps=(4, 4),
)


def _excess(m: Any, scores: Any, right: Any, margin: Any) -> Any:
    """Return by how much each score comes within the margin of the right one."""
    return scores - m.sum(scores * right, -1, True) + margin


def _svm(m: Any, scores: Any, target: Any, margin: Any) -> Any:
    scores = m.asarray(scores)
    right = _one_hot(m, target, scores.shape[-1])
    return m.sum(m.max(_excess(m, scores, right, margin), 0) * (1 - right)) / _count(scores.shape)


def _checked_svm(m: Any, scores: Any, target: Any, *, margin: Any = 1.0) -> Any:
    loss = _svm(m, scores, target, margin)
    return loss if _are_classes(m, scores, target) else loss * nan


def _to_scores(m: Any, g: Any, scores: Any, target: Any, margin: Any, shape: Shape) -> Any:
    right = _one_hot(m, target, shape[-1])
    over = m.number(_excess(m, scores, right, margin) > 0) * (1 - right)
    return (over - right * m.sum(over, -1, True)) * (g / _count(shape))


def _svm_shape(scores: Shape, target: Shape, *, margin: Any) -> Shape:
    shapes.nonnegative(margin, "margin")
    return _labelled(scores, target, "svm")


def _svm_corner(scores: Any, target: Any, margin: Any = 1.0) -> bool:
    from gradcalc.systems import array as m

    right = _one_hot(m, target, m.asarray(scores).shape[-1])
    corners = m.equal(_excess(m, m.asarray(scores), right, margin), 0)
    return bool((corners & m.equal(right, 0)).any())


SVM = Gate(
    "svm",
    definition=lambda m, scores, target, *, margin=1.0: _svm(m, scores, target, margin),
    forward=_checked_svm,
    pullbacks=(_to_scores, None),
    shape=_svm_shape,
    flow="mixer",
    doc="The multiclass hinge loss: by how much each wrong score comes within the margin of the right one, "
    "summed, and the mean over the rows (Weston and Watkins, 1999; CS231n, lecture 3). Targets are classes, "
    "counted from 0. At a corner the slope is 0.",
    means="out = the mean over the rows i, y = target[i], of "
    "sum over j != y of max(0, scores[i, j] - scores[i, y] + margin)",
    arrives=("g/n at each wrong score within the margin, -g/n at the right one for each of them", "none"),
    latex=r"\overline{\sum_{j \neq y} \max(0, {scores}_j - {scores}_y + \Delta)},\ y = {target}",
    kinks=(
        Kink(
            _svm_corner, "a wrong score is the margin below the right one", False,
            "0", "0", "", "", ((1.0, 2.0, 0.0), 1.0),
        ),
    ),
    domain=(
        Domain(_in_arrays(_are_classes), CLASSES),
    ),
    samples=(
        Sample(((4,), ()), fixed={1: 2.0}),
        Sample(((3, 4), (3,)), fixed={1: (0.0, 3.0, 1.0)}),
        Sample(((2, 3), (2,)), {"margin": 0.5}, fixed={1: (2.0, 0.0)}),
    ),
    edges=(
        Edge((CATS[0], 0.0), 2.9, ((-1.0, 1.0, 0.0), None), "the lecture's cat"),
        Edge((CATS[1], 1.0), 0.0, ((0.0, 0.0, 0.0), None), "the lecture's car"),
        Edge((CATS[2], 2.0), 12.9, ((1.0, 1.0, -2.0), None), "the lecture's frog"),
        Edge(((1.0, 2.0, 0.0), 1.0), 0.0, ((0.0, 0.0, 0.0), None), "a corner"),
    ),
    ulps=(4, 4),
)  # fmt: skip

GATES = (MSE, CROSS_ENTROPY, BINARY_CROSS_ENTROPY, HINGE, SVM)
