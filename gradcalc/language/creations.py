"""Arrays that a program makes of numbers alone: lists, `zeros(2, 3)`, `arange(5)`, `rand(3)`.

NumPy is imported here, on use: a program that makes no array never loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, isfinite, prod
from typing import Any

MAX_ELEMENTS = 10**8
"""Elements that an array made in a program may have."""


class UnfitError(ValueError):
    """An argument that no array can be made with; the message says why."""


class TooManyError(ValueError):
    """More elements than an array of a program may have."""


class Draws:
    """The random numbers of one program, in the order of its text."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @cached_property
    def generator(self) -> Any:
        """NumPy's generator."""
        import numpy as np

        return np.random.default_rng(self.seed)


@dataclass(eq=False)
class Creation:
    """A function that makes an array of numbers known beforehand.

    `make(np, **options)` returns the array; its keyword-only parameters are the arguments. One that
    is `random` gets NumPy's generator in place of NumPy.
    """

    name: str
    make: Callable[..., Any]
    random: bool = False

    # Written like a gate without inputs, so that one piece of code binds the arguments of both.
    parameters: tuple[str, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)
    variadic: bool = False
    arity: tuple[int, int] = (0, 0)
    reduction: None = None

    @cached_property
    def static(self) -> tuple[str, ...]:
        """Names of the arguments."""
        code = self.make.__code__
        return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Arguments that may be left out, with what then stands for them."""
        return self.make.__kwdefaults__ or {}

    @property
    def signature(self) -> str:
        """How the creation is called."""
        shown = [f"{name}={self.options[name]}" if name in self.options else name for name in self.static]
        return f"{self.name}({', '.join(shown)})"


def create(creation: Creation, given: Mapping[str, Any], draws: Draws) -> Any:
    """Return the array that a call makes, a float where it has no axes; raises UnfitError or TooManyError."""
    import numpy as np

    source = draws.generator if creation.random else np
    try:
        with np.errstate(all="ignore"):  # the forward pass says what is not finite
            made = np.asarray(creation.make(source, **given), dtype=np.float64)
    except MemoryError:
        raise TooManyError("the array does not fit into memory") from None
    return made if made.shape else float(made)


def array(elements: Sequence[Any]) -> Any:
    """Return the array of a list whose elements are floats, or arrays of one shape; raises TooManyError."""
    import numpy as np

    _room(len(elements) * getattr(elements[0], "size", 1) if elements else 0)
    return np.array(elements, dtype=np.float64)


# What is asked of arguments.


def _shape(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of sizes: a single number is that of a vector."""
    sizes = shape if isinstance(shape, tuple) else (shape,)
    _room(prod(_size(size) for size in sizes))
    return sizes


def _size(size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise UnfitError(f"a size is a whole number from 0 on, not {_shown(size)}")
    _room(size)  # where another size is 0, too
    return size


def _room(elements: float) -> None:
    if elements > MAX_ELEMENTS:
        raise TooManyError(f"the array would have more than {MAX_ELEMENTS:,} elements")


def _number(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        raise UnfitError(f"a number is due, not {_shown(number)}")
    return float(number)


def _shown(value: Any) -> str:
    """Return a value as the program writes it; what has several numbers is a list there."""
    return "a list" if isinstance(value, tuple) else f"{value:.15g}" if type(value) is float else str(value)


def _arange(np: Any, *, start: Any = 0, stop: Any = None, step: Any = 1) -> Any:
    start, stop = (0.0, _number(start)) if stop is None else (_number(start), _number(stop))
    step = _number(step)
    if step == 0:
        raise UnfitError("a step is not 0")
    _room(ceil(min((stop - start) / step, 2.0 * MAX_ELEMENTS)))
    return np.arange(start, stop, step)


def _linspace(np: Any, *, start: Any, stop: Any, num: Any = 50) -> Any:
    _size(num)
    return np.linspace(_number(start), _number(stop), num)


_MADE = (
    Creation("zeros", lambda np, *, shape: np.zeros(_shape(shape))),
    Creation("ones", lambda np, *, shape: np.ones(_shape(shape))),
    Creation("full", lambda np, *, shape, value: np.full(_shape(shape), _number(value))),
    Creation("eye", lambda np, *, n, m=None: np.eye(*_shape((n, n if m is None else m)))),
    Creation("arange", _arange),
    Creation("linspace", _linspace),
    Creation("rand", lambda rng, *, shape: rng.random(_shape(shape)), random=True),
    Creation("randn", lambda rng, *, shape: rng.standard_normal(_shape(shape)), random=True),
)

CREATIONS: dict[str, Creation] = {creation.name: creation for creation in _MADE}
"""Name -> creation."""
