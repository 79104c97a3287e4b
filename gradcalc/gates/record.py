"""The record of a gate: everything that gradcalc knows about it, in one place.

*Definition is the truth; forward and rule are the implementation; the check proves the second
against the first.* A rule says what it keeps from the forward pass by the names of its parameters:

    mul = Gate("mul", definition=lambda m, x, y: x * y, partials=(lambda y: y, lambda x: x), ...)
    tanh = Gate("tanh", ..., partials=(lambda m, x: ...,))

A parameter called `m` is the number system, `out` the gate's own output, `k` (variadic gates only)
the number of the input asked about; any other name is the input of that name in the definition.
A partial that is None says that no gradient ever flows along that wire (floor, a comparison).

A gate without a `shape` is elementwise: its inputs broadcast, and a partial is multiplied with the
upstream gradient. A gate with one (matmul, sum) has pullbacks in place of partials, which turn the
upstream gradient `g` into that of one input:

    matmul = Gate("matmul", ..., pullbacks=(lambda m, g, y: ..., lambda m, g, x: ...))

A pullback may also ask for `shape`, that of its own input, for `shapes`, those of all, and for the
gate's options (an axis) by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any, Literal, NamedTuple

Shape = tuple[int, ...]
Flow = Literal["distributor", "switcher", "router", "scaler", "mixer"]
VARARGS = 0x04  # CO_VARARGS, the code flag that `inspect` reads: importing inspect costs start-up time


class Kink(NamedTuple):
    """A place where a gate is not smooth, and what is answered there.

    `where` holds at the place, given the gate's inputs (and options); element by element for arrays.
    `text` says it for people. `jump` is true
    where the value itself jumps. `ours`, `torch`, `jax` and `tf` are the local gradients answered
    there, in the order of the inputs, as text; an empty text means that there is no such function.
    `example` is one such place, for a gate with a shape in nested tuples, and with the options `static`.
    """

    where: Callable[..., Any]
    text: str
    jump: bool
    ours: str
    torch: str = ""
    jax: str = ""
    tf: str = ""
    example: tuple[Any, ...] = ()
    static: Mapping[str, Any] = {}


class Domain(NamedTuple):
    """A condition that the inputs must meet for the gate to have a finite value."""

    holds: Callable[..., Any]
    text: str


class Edge(NamedTuple):
    """A pinned special value: at `inputs` the gate gives `value` and the local gradients `local`.

    `local` has None where the gradient is not finite or not pinned. `why` gives the reason. For a
    gate with a shape they are nested tuples, and `local` are the gradients of the output's sum.
    """

    inputs: tuple[Any, ...]
    value: Any
    local: tuple[Any, ...]
    why: str
    static: Mapping[str, Any] = {}


class Sample(NamedTuple):
    """Where tests sample a gate with a shape: inputs of these shapes, with numbers from low to high.

    `static` are the options; `fixed` has the inputs that are no such numbers (the labels of classes),
    by their number.
    """

    shapes: tuple[Shape, ...]
    static: Mapping[str, Any] = {}
    low: float = -2.0
    high: float = 2.0
    fixed: Mapping[int, Any] = {}


@dataclass(frozen=True, eq=False)
class Gate:
    """One gate: how it is written, what it means, how it is computed, differentiated and printed.

    `definition(m, *inputs, **static)` is the mathematics in the functions of a number system `m`.
    `forward` is how floats compute it where the definition would lose digits.
    `partials` is the rule of an elementwise gate: one local gradient an input (one in all for a
    variadic gate).
    `shape` gives the output's shape from those of the inputs, and raises ShapeError; in its message
    `{0}` stands for the text of the first input. `pullbacks` is the rule of a gate that has one.
    `means` and `arrives` say in text what such a gate computes, and how each input's gradient comes
    from the upstream gradient g; `samples` is where tests sample it.
    `reduction` is the gate that a call with one input means (`max(x)` is the largest element).
    `latex` is a template: `{x}` stands for the input x, every other brace is LaTeX's own.
    `lazy` gives the numbers of the inputs that are computed at all, given their values; None: all are.
    `slopes` are the partials as people write them, in the language, where they are written for floats.
    `expansion` is the same written from simpler gates, in the language; `forms` are what
    --group finds beside it.
    `probe` holds one `(low, high)` range an input, where tests sample it.
    `ulps` are the stated bounds on the errors of forward and rule over the probe, in units of the
    last digit that the result has and that the inputs' own last digits leave it.
    """

    name: str
    definition: Callable[..., Any]
    partials: tuple[Callable[..., Any] | None, ...] = ()
    forward: Callable[..., Any] | None = None
    flow: Flow | None = "scaler"
    doc: str = ""
    latex: str = ""
    aliases: tuple[str, ...] = ()
    infix: str = ""
    prefix: str = ""
    kinks: tuple[Kink, ...] = ()
    domain: tuple[Domain, ...] = ()
    lazy: Callable[..., tuple[int, ...]] | None = None
    expansion: str = ""
    forms: tuple[str, ...] = ()
    slopes: tuple[str, ...] = ()
    probe: tuple[tuple[float, float], ...] = ()
    edges: tuple[Edge, ...] = ()
    ulps: tuple[int, int] = (2, 4)
    shape: Callable[..., Shape] | None = None
    pullbacks: tuple[Callable[..., Any] | None, ...] = ()
    means: str = ""
    arrives: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    reduction: Gate | None = None

    def __repr__(self) -> str:
        return f"<gate {self.signature}>"

    # How it is written. The signature is the definition's own.

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return self.name, *self.aliases

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the inputs, in order; a variadic gate has one name for all of them."""
        code = self.definition.__code__
        rest = code.co_argcount + code.co_kwonlyargcount  # where Python keeps the name of *x
        variadic = code.co_varnames[rest : rest + 1] if self.variadic else ()
        return argument_names(self.definition)[1:] + variadic

    @cached_property
    def static(self) -> tuple[str, ...]:
        """Names of the arguments that are no inputs (an axis): the definition's keyword-only ones."""
        code = self.definition.__code__
        return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Arguments that are no inputs and may be left out, with what then stands for them."""
        return self.definition.__kwdefaults__ or {}

    @property
    def elementwise(self) -> bool:
        """Whether each element of the output depends on the inputs' elements at its own place alone."""
        return self.shape is None

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """Inputs that may be left out, with the number that then stands for them (`slope=0.01`).

        None stands for e itself, which no float is (the base of a logarithm).
        """
        values = self.definition.__defaults__ or ()
        return dict(zip(self.parameters[len(self.parameters) - len(values) :], values, strict=True))

    @cached_property
    def variadic(self) -> bool:
        """Whether the gate takes any number of inputs (max, min)."""
        return bool(self.definition.__code__.co_flags & VARARGS)

    @property
    def arity(self) -> tuple[int, int | None]:
        """Fewest and most inputs; most is None where there is no limit."""
        if self.variadic:
            return 1, None
        return len(self.parameters) - len(self.defaults), len(self.parameters)

    @property
    def signature(self) -> str:
        """How the gate is called: `leaky_relu(x, slope=0.01)`, `max(x, ...)`."""
        shown = [f"{p}={_written(self.defaults[p])}" if p in self.defaults else p for p in self.parameters]
        shown += ["..."] if self.variadic else []
        shown += [f"{p}={self.options[p]}" if p in self.options else p for p in self.static]
        return f"{self.name}({', '.join(shown)})"

    @cached_property
    def template(self) -> str:
        """The template of its LaTeX; that of a call where the record has none."""
        if self.latex:
            return self.latex
        name = self.name.replace("_", r"\_")
        return rf"\operatorname{{{name}}}({', '.join(f'{{{p}}}' for p in self.parameters)})"

    def to_latex(self, *arguments: str) -> str:
        """Return the gate in LaTeX, given its inputs in LaTeX (in brackets already where they need them)."""
        import re

        if self.variadic:
            arguments = (", ".join(arguments),)
        texts = {name: _written(number) for name, number in self.defaults.items()}
        texts |= zip(self.parameters, arguments, strict=False)
        return re.sub(r"\{(\w+)\}", lambda found: texts.get(found[1], found[0]), self.template)

    # What it computes.

    def value(self, m: Any, *inputs: Any, **static: Any) -> Any:
        """Return the output as floats compute it, in the number system `m`.

        Where Python's own operators raise (`1/x` at 0), it is nan, as in a number system's functions.
        """
        try:
            return (self.forward or self.definition)(m, *inputs, **static)
        except ArithmeticError:
            return m.nan

    def local(self, k: int, m: Any, inputs: tuple[Any, ...], out: Any) -> Any:
        """Return d output / d input number `k` by the rule; exactly 0.0 where no gradient flows."""
        rule = self.rule(k)
        if rule is None:
            return 0.0
        given = self.bind(inputs) | {"m": m, "out": out, "k": k}
        try:
            return m.number(rule(*[given[name] for name in argument_names(rule)]))
        except ArithmeticError:
            return m.nan

    def pull(
        self, k: int, m: Any, g: Any, inputs: tuple[Any, ...], out: Any, static: Mapping[str, Any]
    ) -> Any:
        """Return the gradient of input number `k`, of its shape, from the upstream gradient `g`.

        Only for a gate with a shape; None where no gradient flows.
        """
        rule = self.rule(k)
        if rule is None:
            return None
        names = argument_names(rule)
        given: dict[str, Any] = {"k": k, **self.options, **static, "m": m, "g": g, "out": out}
        if "shape" in names:
            given["shape"] = shape_of(inputs[k])
        if "shapes" in names:
            given["shapes"] = tuple(map(shape_of, inputs))
        given |= self.bind(inputs)
        return rule(*[given[name] for name in names])

    def rule(self, k: int) -> Callable[..., Any] | None:
        """Return the partial, or the pullback, of input number `k`."""
        return self.rules[0 if self.variadic else k]

    @property
    def rules(self) -> tuple[Callable[..., Any] | None, ...]:
        """The partials or the pullbacks, whichever the gate has."""
        return self.partials or self.pullbacks

    def bind(self, inputs: tuple[Any, ...]) -> dict[str, Any]:
        """Return the inputs by name, with the defaults of those that were left out."""
        if self.variadic:
            return {self.parameters[0]: inputs}
        return dict(self.defaults) | dict(zip(self.parameters, inputs, strict=False))

    @cached_property
    def keeps(self) -> tuple[str, ...]:
        """What backward needs from forward: names of inputs and `out`, as the rule's parameters say."""
        names = {name for rule in self.rules if rule for name in argument_names(rule)}
        return tuple(name for name in (*self.parameters, "out") if name in names)

    def kink_at(self, inputs: Sequence[float]) -> Kink | None:
        """Return the kink or jump that the gate has at these inputs."""
        for kink in self.kinks:
            if kink.where(*inputs):
                return kink
        return None


def shape_of(x: Any) -> Shape:
    """Return the shape of a float, `()`, or of an array."""
    shape: Shape = getattr(x, "shape", ())
    return shape


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's positional parameters."""
    code: CodeType = function.__code__
    return code.co_varnames[: code.co_argcount]


def _written(default: float | None) -> str:
    return "e" if default is None else f"{default:.15g}"
