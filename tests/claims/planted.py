"""Random programs with a planted mistake, by a naive tape that shares nothing with gradcalc's passes.

A program is a list of steps; step i is the statement `v{i} = …` of the text. `slips` yields every
mistake that can be planted in one, as (kind, place, gradients).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

Values = list[Any]
Gradients = dict[str, Any]
TURN = math.pi / 180
LN10 = math.log(10)

KINDS = (
    "sign", "factor", "transposed", "swapped", "fork", "operand", "broadcast", "left out", "upstream",
    "degrees", "base",
)  # fmt: skip
"""The mistakes that are planted."""


class Op(NamedTuple):
    """An operation: its text, its function, and its vector-Jacobian products, each of (g, out, *inputs)."""

    text: str
    function: Callable[..., Any]
    pulls: tuple[Callable[..., Any], ...]
    fits: Callable[..., Any] = lambda *x: True


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


OPS = {
    "add": Op("{} + {}", lambda x, y: x + y, (lambda g, o, x, y: g, lambda g, o, x, y: g)),
    "sub": Op("{} - {}", lambda x, y: x - y, (lambda g, o, x, y: g, lambda g, o, x, y: -g)),
    "mul": Op("{}*{}", lambda x, y: x * y, (lambda g, o, x, y: g * y, lambda g, o, x, y: g * x)),
    "div": Op(
        "{}/{}", lambda x, y: x / y, (lambda g, o, x, y: g / y, lambda g, o, x, y: -g * x / y**2),
        lambda x, y: np.min(np.abs(y)) > 0.3,
    ),
    "triple": Op("2.7*{}", lambda x: 2.7 * x, (lambda g, o, x: 2.7 * g,)),
    "square": Op("{}^2", lambda x: x**2, (lambda g, o, x: g * 2 * x,)),
    "cube": Op("{}^3", lambda x: x**3, (lambda g, o, x: g * 3 * x**2,)),
    "sin": Op("sin({})", np.sin, (lambda g, o, x: g * np.cos(x),)),
    "cos": Op("cos({})", np.cos, (lambda g, o, x: -g * np.sin(x),)),
    "exp": Op("exp({})", np.exp, (lambda g, o, x: g * np.exp(x),)),
    "tanh": Op("tanh({})", np.tanh, (lambda g, o, x: g * (1 - np.tanh(x) ** 2),)),
    "sigmoid": Op("sigmoid({})", logistic, (lambda g, o, x: g * o * (1 - o),)),
    "log": Op("log({})", np.log, (lambda g, o, x: g / x,), lambda x: np.min(x) > 0.2),
    "log10": Op("log10({})", np.log10, (lambda g, o, x: g / (x * LN10),), lambda x: np.min(x) > 0.2),
    "sqrt": Op("sqrt({})", np.sqrt, (lambda g, o, x: g / (2 * np.sqrt(x)),), lambda x: np.min(x) > 0.2),
    "matmul": Op("{} @ {}", lambda x, y: x @ y, (lambda g, o, x, y: g @ y.T, lambda g, o, x, y: x.T @ g)),
    "sum": Op("sum({})", np.sum, (lambda g, o, x: g * np.ones(np.shape(x)),)),
    "mean": Op("mean({})", np.mean, (lambda g, o, x: g * np.ones(np.shape(x)) / np.size(x),)),
}  # fmt: skip

UNARY = ("triple", "square", "cube", "sin", "cos", "exp", "tanh", "sigmoid", "log", "log10", "sqrt")
BINARY = ("add", "sub", "mul", "mul", "div")
SLOPED = ("sin", "cos", "exp", "tanh", "sigmoid", "log", "log10", "sqrt")


class Step(NamedTuple):
    op: str
    inputs: tuple[int, ...]


class Tape(NamedTuple):
    """Variables with their values, then steps; nodes are numbered through."""

    point: Mapping[str, Any]
    steps: Sequence[Step]

    @property
    def names(self) -> list[str]:
        return [*self.point, *(f"v{i}" for i in range(len(self.steps)))]

    @property
    def text(self) -> str:
        names, leaves = self.names, len(self.point)
        lines = (OPS[s.op].text.format(*(names[i] for i in s.inputs)) for s in self.steps)
        return "\n".join(f"{names[leaves + i]} = {line}" for i, line in enumerate(lines))

    def forward(self, instead: Mapping[int, Callable[..., Any]] | None = None) -> Values:
        values: Values = list(self.point.values())
        for node, step in enumerate(self.steps, len(self.point)):
            function = (instead or {}).get(node, OPS[step.op].function)
            values.append(function(*(values[i] for i in step.inputs)))
        return values

    def backward(
        self,
        values: Values,
        pulls: Mapping[tuple[int, int], Callable[..., Any]] | None = None,
        ones: Sequence[int] = (),
        keep: Mapping[int, int] | None = None,
        wide: tuple[int, int] | None = None,
        cut: tuple[int, int, int] | None = None,
    ) -> Gradients:
        """Return the gradients of the variables.

        pulls  (node, k) -> a product in place of the right one
        ones   nodes whose upstream gradient is taken to be 1
        keep   node -> which of the parts that arrive there is kept, in the order of their arrival
        wide   (node, k) along which a broadcast input's part is not summed
        cut    (node, k, index) along which one slice of it is taken in place of the sum
        """
        arrived: list[list[Any]] = [[] for _ in values]
        arrived[-1].append(1.0)
        leaves = len(self.point)
        for node in range(len(values) - 1, leaves - 1, -1):
            step, out = self.steps[node - leaves], values[node]
            g = np.ones(np.shape(out)) if node in ones else total(arrived[node], (keep or {}).get(node))
            given = [values[i] for i in step.inputs]
            for k, i in enumerate(step.inputs):
                pull = (pulls or {}).get((node, k), OPS[step.op].pulls[k])
                part = pull(g, out, *given)
                if (node, k) != wide:
                    index = cut[2] if cut and cut[:2] == (node, k) else None
                    part = narrow(part, np.shape(given[k]), index)
                arrived[i].append(part)
        return {name: total(arrived[i], (keep or {}).get(i)) for i, name in enumerate(self.point)}


def total(parts: Sequence[Any], kept: int | None) -> Any:
    return sum(parts) if kept is None else parts[kept]


def narrow(part: Any, shape: tuple[int, ...], index: int | None) -> Any:
    """Sum over the leading axes that broadcasting added, or take one slice of them."""
    while np.ndim(part) > len(shape):
        part = np.sum(part, axis=0) if index is None else part[index]
    return part


# Random programs.


def scalar_tape(rng: random.Random) -> Tape:
    """Return a program of numbers: two to four variables, and four to ten steps or a few more."""
    return smooth(rng, _scalar_tape)


def array_tape(rng: random.Random) -> Tape:
    """Return a program of a matrix product, a bias, perhaps a number, and what comes of them."""
    return smooth(rng, _array_tape)


def smooth(rng: random.Random, draw: Callable[[random.Random], Tape]) -> Tape:
    """Return the first program drawn whose gradients are tame."""
    while True:
        tape = draw(rng)
        if is_tame(tape.backward(tape.forward())):
            return tape


def _scalar_tape(rng: random.Random) -> Tape:
    point = {name: rng.uniform(0.4, 2.0) * rng.choice([1, 1, -1]) for name in "xyzw"[: rng.randint(2, 4)]}
    return grown(rng, point, rng.randint(4, 10), ("add", "sub", "mul"))


def _array_tape(rng: random.Random) -> Tape:
    draw = np.random.default_rng(rng.getrandbits(32))
    m, n, p = rng.sample([2, 3, 4, 5], 3)
    p = rng.choice([p, n])
    point = {"X": draw.normal(size=(m, n)), "W": draw.normal(size=(n, p)), "b": draw.normal(size=p)}
    point |= {"s": draw.uniform(0.5, 1.5)} if rng.random() < 0.5 else {}
    return grown(
        rng, point, rng.randint(3, 7), ("add", "mul"), [Step("matmul", (0, 1)), Step("add", (len(point), 2))]
    )


def grown(
    rng: random.Random, point: Mapping[str, Any], size: int, joins: Sequence[str], steps: Sequence[Step] = ()
) -> Tape:
    tape = Tape(point, list(steps))
    while len(tape.steps) < size + len(steps):
        tape = Tape(point, [*tape.steps, drawn(rng, tape)])
    while np.shape(tape.forward()[-1]) or len(loose(tape)) > 1:
        arrays = [i for i in loose(tape) if np.shape(tape.forward()[i])]
        if arrays:
            step = Step(rng.choice(["sum", "mean"]), (arrays[0],))
        else:
            first, second = rng.sample(loose(tape), 2)
            step = Step(rng.choice(joins), (first, second))
        tape = Tape(point, [*tape.steps, step])
    return tape


def loose(tape: Tape) -> list[int]:
    """Return the nodes that nobody uses yet."""
    used = {i for step in tape.steps for i in step.inputs}
    return [i for i in range(len(tape.names)) if i not in used]


def drawn(rng: random.Random, tape: Tape) -> Step:
    values = tape.forward()
    while True:
        name = rng.choice(UNARY if rng.random() < 0.5 else BINARY)
        pool = loose(tape) if rng.random() < 0.5 else range(len(values))
        inputs = tuple(rng.choice(pool) for _ in OPS[name].pulls)
        given = [values[i] for i in inputs]
        if fits(name, given) and not (name in ("sub", "div") and len(set(inputs)) == 1):
            return Step(name, inputs)


def fits(name: str, given: Sequence[Any]) -> bool:
    """Whether an operation can be applied, and gives numbers that are neither huge nor of a new shape."""
    shapes = {np.shape(x) for x in given}
    compatible = len(shapes) == 1 or (len(shapes) == 2 and (() in shapes or is_row(*shapes)))
    if not compatible or not OPS[name].fits(*given) or np.max(np.abs(given[0])) > 4:
        return False
    out = OPS[name].function(*given)
    return bool(np.max(np.abs(out)) < 20 and np.max(np.abs(out)) > 0.05)


def is_row(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    short, long = sorted([first, second], key=len)
    return len(short) == 1 and len(long) == 2 and short[0] == long[1]


# Mistakes.


class Planted(NamedTuple):
    """A mistake: its kind, the node where it is made (None: no single one), and the gradients it gives."""

    kind: str
    place: int | None
    gradients: Gradients


def slips(tape: Tape) -> Iterator[Planted]:
    """Yield every mistake that can be planted in a program."""
    values = tape.forward()
    right = tape.backward(values)
    yield from with_finished(tape, right)
    yield from at_forks(tape, values)
    yield from in_steps(tape, values)
    yield from everywhere(tape, values)


def with_finished(tape: Tape, right: Gradients) -> Iterator[Planted]:
    names = list(right)
    for count in range(1, len(names) + 1):
        for some in combinations(names, count):
            yield Planted("sign", None, changed(right, some, lambda g: -g))
            for factor in (2.0, 0.5, *counts(tape)):
                yield Planted("factor", None, changed(right, some, lambda g, f=factor: g * f))
    for x, y in combinations(names, 2):
        if np.shape(right[x]) == np.shape(right[y]):
            yield Planted("swapped", None, {**right, x: right[y], y: right[x]})
            yield Planted("swapped", None, {**right, x: right[y]})
            yield Planted("swapped", None, {**right, y: right[x]})
    for name in names:
        if np.ndim(right[name]) == 2:
            yield Planted("transposed", None, changed(right, [name], lambda g: g.T))


def changed(right: Gradients, names: Sequence[str], how: Callable[[Any], Any]) -> Gradients:
    return {name: how(g) if name in names else g for name, g in right.items()}


def counts(tape: Tape) -> list[float]:
    """Return the factors that may be lost besides 2: numbers of elements, constants."""
    sizes = {float(n) for x in tape.forward() for n in (*np.shape(x), np.size(x)) if n > 1}
    constants = {2.7 for step in tape.steps if step.op == "triple"} | {
        3.0 for step in tape.steps if step.op == "cube"
    }
    return [f for n in sorted(sizes | constants) for f in (n, 1 / n)]


def at_forks(tape: Tape, values: Values) -> Iterator[Planted]:
    uses = [sum(step.inputs.count(i) for step in tape.steps) for i in range(len(values))]
    forks = [i for i, count in enumerate(uses) if count > 1]
    for node in forks:
        for which in range(uses[node]):
            yield Planted("fork", node, tape.backward(values, keep={node: which}))
    yield Planted("fork", None, tape.backward(values, keep=dict.fromkeys(forks, -1)))


def in_steps(tape: Tape, values: Values) -> Iterator[Planted]:
    for node, (name, inputs) in enumerate(tape.steps, len(tape.point)):
        if name in ("square", "cube"):
            degree = 2 if name == "square" else 3
            pull = lambda g, o, x, d=degree: g * x ** (d - 1)
            yield Planted("factor", node, tape.backward(values, {(node, 0): pull}))
        if name == "mean":
            yield Planted("factor", node, tape.backward(values, {(node, 0): OPS["sum"].pulls[0]}))
        if name == "mul" and inputs[0] != inputs[1]:
            own = own_values(node)
            yield from (Planted("operand", node, tape.backward(values, some)) for some in (own, *alone(own)))
        for k in range(len(inputs)) if name == "mul" else ():
            yield Planted("left out", node, tape.backward(values, {(node, k): lambda g, o, *x: g + 0 * o}))
        if name in (*SLOPED, "square", "cube", "div"):
            for k in range(len(inputs)):
                yield Planted(
                    "left out", node, tape.backward(values, {(node, k): lambda g, o, *x: g + 0 * o})
                )
        if name == "div":
            square_lost = {(node, 1): lambda g, o, x, y: -g * x / y}
            yield Planted("left out", node, tape.backward(values, square_lost))
        if name in ("sub", "div", "cos", "sin"):
            k = len(inputs) - 1
            turned = lambda g, o, *x, pull=OPS[name].pulls[k]: -pull(g, o, *x)
            yield Planted("sign", node, tape.backward(values, {(node, k): turned}))
        if name != "sum" and node != len(values) - 1:
            yield Planted("upstream", node, tape.backward(values, ones=[node]))
        if name in ("sin", "cos"):
            yield from in_degrees(tape, values, node, name)
        if name in ("log", "log10"):
            yield from to_other_base(tape, values, node, name)
        for k, i in enumerate(inputs):
            if name != "matmul" and np.ndim(values[node]) > np.ndim(values[i]):
                yield from unsummed(tape, values, node, k)


def own_values(node: int) -> dict[tuple[int, int], Callable[..., Any]]:
    return {(node, 0): lambda g, o, x, y: g * x, (node, 1): lambda g, o, x, y: g * y}


def alone(pulls: Mapping[tuple[int, int], Any]) -> list[dict[tuple[int, int], Any]]:
    return [{wire: pull} for wire, pull in pulls.items()]


def degree_pull(name: str) -> Callable[..., Any]:
    if name == "sin":
        return lambda g, o, x: g * np.cos(x * TURN)
    return lambda g, o, x: -g * np.sin(x * TURN)


def in_degrees(tape: Tape, values: Values, node: int, name: str) -> Iterator[Planted]:
    slope, function = degree_pull(name), {"sin": np.sin, "cos": np.cos}[name]
    yield Planted("degrees", node, tape.backward(values, {(node, 0): slope}))
    turned = tape.forward({node: lambda x: function(x * TURN)})
    scaled = lambda g, o, x: slope(g, o, x) * TURN
    yield Planted("degrees", node, tape.backward(turned, {(node, 0): scaled}))


def to_other_base(tape: Tape, values: Values, node: int, name: str) -> Iterator[Planted]:
    other = "log10" if name == "log" else "log"
    yield Planted("base", node, tape.backward(values, {(node, 0): OPS[other].pulls[0]}))
    turned = tape.forward({node: OPS[other].function})
    yield Planted("base", node, tape.backward(turned, {(node, 0): OPS[other].pulls[0]}))


def unsummed(tape: Tape, values: Values, node: int, k: int) -> Iterator[Planted]:
    if tape.steps[node - len(tape.point)].inputs[k] < len(tape.point):
        yield Planted("broadcast", node, tape.backward(values, wide=(node, k)))
    for index in (0, -1):
        yield Planted("broadcast", node, tape.backward(values, cut=(node, k, index)))


def everywhere(tape: Tape, values: Values) -> Iterator[Planted]:
    steps = list(enumerate(tape.steps, len(tape.point)))
    muls = [n for n, step in steps if step.op == "mul" and len(set(step.inputs)) == 2]
    pulls = {wire: pull for node in muls for wire, pull in own_values(node).items()}
    pulls |= {(n, 0): (lambda g, o, x: g * x) for n, step in steps if step.op == "triple"}
    yield Planted("operand", None, tape.backward(values, pulls))
    for name in SLOPED:
        same = {(n, 0): (lambda g, o, x: g) for n, step in steps if step.op == name}
        yield Planted("left out", None, tape.backward(values, same))
    yield Planted("upstream", None, tape.backward(values, ones=range(len(values))))


# Which mistakes are consistent with the numbers.


def same(first: Any, second: Any, rtol: float = 1e-9) -> bool:
    """Whether two gradients are the same within a relative tolerance, entry by entry."""
    if np.shape(first) != np.shape(second):
        return False
    return bool(np.all(np.abs(first - second) <= rtol * np.abs(first)))


def wrong_names(right: Gradients, claimed: Gradients, rtol: float = 1e-9) -> list[str]:
    return [name for name in claimed if not same(right[name], claimed[name], rtol)]


def planted(tape: Tape) -> list[Planted]:
    """Return the mistakes whose gradients are wrong by more than 1 %, and tame."""
    right = tape.backward(tape.forward())
    return [p for p in slips(tape) if is_tame(p.gradients) and wrong_names(right, p.gradients, 1e-2)]


def is_tame(gradients: Gradients) -> bool:
    """Whether no gradient is a small difference of large numbers, which would have lost its digits."""
    return all(np.min(np.abs(g)) > 1e-5 and np.max(np.abs(g)) < 1e5 for g in gradients.values())


def consistent(claimed: Gradients, mistakes: Sequence[Planted], rtol: float = 1e-9) -> set[str]:
    """Return the kinds of mistakes that would give what is claimed."""
    return {p.kind for p in mistakes if all(same(p.gradients[name], claimed[name], rtol) for name in claimed)}
