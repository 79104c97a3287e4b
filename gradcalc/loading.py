"""Loading: a file of one's own gates -> the registry.

Loading a file runs it, with all that it may do. So a file is loaded where somebody asks for it by
its name, and nowhere else.

Its gates are those in its list `GATES`, or else those that stand in the file under names of their
own. They are records like ours (`gradcalc.gates.record`), and are held to the same form.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from math import isfinite
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple, get_args

from gradcalc.errors import Span, UsageError, suggest
from gradcalc.gates import CALLABLE, CONSTANT, FAMILIES, VARIABLE, register, unregister
from gradcalc.gates.record import Domain, Edge, Flow, Gate, Kink, Sample, argument_names
from gradcalc.language.creations import CREATIONS
from gradcalc.language.tokens import END, RESERVED, Source, canonical, is_name

PARTS: Mapping[str, type] = {"kinks": Kink, "domain": Domain, "edges": Edge, "samples": Sample}
"""Fields of a record that are tuples of other records."""

FUNCTIONS = ("forward", "lazy", "shape")
"""Fields of a record that are functions, or None."""

TEXTS = ("doc", "latex", "expansion", "means")

KNOWN = {"m", "out"}
"""What every rule may ask for, beside the inputs."""

KNOWN_TO_PULLBACKS = {"m", "g", "out", "shape", "shapes"}


class Loaded(NamedTuple):
    """A file that was loaded: what it was called, the title of its family, and its gates."""

    file: str
    family: str
    gates: tuple[Gate, ...]


LOADED: dict[str, Loaded] = {}
"""Whole path -> what was loaded from it."""

_RUN: dict[str, str] = {}
"""Whole path of every file that was ever run -> what it was called."""


def load(file: str | os.PathLike[str]) -> tuple[Gate, ...]:
    """Run a Python file and add the gates that it defines to the registry; return them.

    From then on they are gates like any other, in every program that is parsed. A file that is loaded
    again replaces what it defined before.

    Raises UsageError for a file that cannot be read or run, that defines no gates, or in which one
    has a name that is taken or a record that does not hold together.
    """
    name = os.fspath(file)
    path = _whole_path(name)
    before = LOADED[path].gates if path in LOADED else ()
    gates = _own(name, _run(path, name), before)
    taken = {text for text, gate in CALLABLE.items() if gate not in before}
    for gate in gates:
        _refuse(gate, path, name, _fault(gate, taken))
        taken.update(gate.names)
    unload(name)
    family = f"loaded from {name}" if f"loaded from {name}" not in FAMILIES else f"loaded from {path}"
    LOADED[path] = Loaded(name, family, gates)
    register(family, gates)
    return gates


def unload(file: str | os.PathLike[str]) -> None:
    """Take the gates that were loaded from a file away again."""
    loaded = LOADED.pop(_key(os.fspath(file)), None)
    if loaded is not None:
        unregister(loaded.family)


def loaded_gates() -> list[Gate]:
    """Return all gates that were loaded, in the order of their files."""
    return [gate for loaded in LOADED.values() for gate in loaded.gates]


def place(gate: Gate) -> tuple[str, int]:
    """Return the file that a gate was loaded from, and the line of its definition; "" and 0 for ours."""
    for path, loaded in LOADED.items():
        if gate in loaded.gates:
            return loaded.file, _line(gate, path)
    return "", 0


def told(error: BaseException) -> UsageError | None:
    """Return an error that a function of a loaded file ran into, told with its place; None for others."""
    found = innermost(error, _RUN)
    return found and UsageError(f"{_RUN[found[0]]}:{found[1]}: {sentence(error)}")


def called(path: str) -> str:
    """Return what a file was called that was run; the path of any other."""
    return _RUN.get(path, path)


def sentence(error: BaseException) -> str:
    """Return an error as Python's traceback has it in its last line, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


# Running a file.


def _key(name: str) -> str:
    return os.path.realpath(name)


def _whole_path(name: str) -> str:
    path = Path(name)
    try:
        if path.is_file():
            return _key(name)
        is_folder = bool(name) and path.is_dir()
    except (OSError, ValueError):
        is_folder = False
    problem = f"'{name}' is a folder, not a file" if is_folder else f"there is no file '{name}'"
    raise UsageError(f"{problem} to load gates from", hint="--load FILE runs a Python file")


def _run(path: str, name: str) -> dict[str, Any]:
    """Run a file and return its names; what stands beside it can be imported meanwhile."""
    import runpy

    _RUN[path] = name
    folder = str(Path(path).parent)
    sys.path.insert(0, folder)
    try:
        return runpy.run_path(path)
    except SyntaxError as error:
        raise _not_python(error, path, name) from None
    except (Exception, SystemExit) as error:
        found = innermost(error, [path])
        at = f"{name}:{found[1]}" if found else name
        raise UsageError(f"{at}: {sentence(error)}", hint=_meant(error)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _not_python(error: SyntaxError, path: str, name: str) -> UsageError:
    """Return the error of a text that is no Python, with the line that it is in."""
    at = name if error.filename in (path, None) else error.filename
    row, text = error.lineno or 0, (error.text or "").rstrip("\n")
    start = max(0, (error.offset or 1) - 1)
    span = Span(start, max(start + 1, (error.end_offset or 0) - 1)) if text.strip() else None
    at = f"{at}:{row}" if row else at
    return UsageError(f"{at}: {type(error).__name__}: {error.msg}", source=text, span=span)


def _meant(error: BaseException) -> str:
    """Return the field that a misspelt one was meant to be."""
    text = str(error)
    if not (isinstance(error, TypeError) and text.startswith("Gate.__init__()") and text.count("'") > 1):
        return ""
    near = suggest(text.split("'")[1], [field.name for field in fields(Gate)])
    return f"did you mean '{near}'?" if near else "the fields are those of gradcalc.gates.Gate"


def innermost(error: BaseException, files: Container[str]) -> tuple[str, int] | None:
    """Return the file, of those, and the line in which an error came up, or was on its way through."""
    found, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename in files:
            found = step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
    return found


# The gates in a file.


def _own(name: str, names: Mapping[str, Any], before: Sequence[Gate]) -> tuple[Gate, ...]:
    """Return the gates that a file defines; those that it imported from the registry are none of them."""
    listed = names.get("GATES")
    if isinstance(listed, list | tuple):
        stray = next((x for x in listed if not isinstance(x, Gate)), None)
        if stray is not None:
            raise UsageError(f"{name}: GATES holds {_kind(stray)}, which is no gate")
    else:
        listed = [x for x in names.values() if isinstance(x, Gate)]
    there = {id(gate) for gate in (*CALLABLE.values(), VARIABLE, CONSTANT) if gate not in before}
    gates = tuple({id(gate): gate for gate in listed if id(gate) not in there}.values())
    if not gates:
        hint = "from gradcalc.gates import Gate; CUBE = Gate('cube', definition=..., partials=...)"
        raise UsageError(f"{name} defines no gates", hint=hint)
    return gates


def _kind(x: Any) -> str:
    kind = x.__name__ if isinstance(x, type) else type(x).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _line(gate: Gate, path: str) -> int:
    """Return the line of a gate's definition in a file, 0 where it does not stand there."""
    code = getattr(gate.definition, "__code__", None)
    return code.co_firstlineno if code is not None and code.co_filename == path else 0


def _refuse(gate: Gate, path: str, name: str, fault: str) -> None:
    if fault:
        line, (what, _, hint) = _line(gate, path), fault.partition(": ")
        at = f"{name}:{line}" if line else name
        raise UsageError(f"{at}: {_named(gate)} {what}", hint=hint)


def _named(gate: Gate) -> str:
    return f"gate '{gate.name}'" if isinstance(gate.name, str) else "a gate"


# What a record must have. Each of these yields what is wrong, in words that go on after the gate's name;
# what mends it follows a colon.


def _fault(gate: Gate, taken: set[str]) -> str:
    """Return the first thing that is wrong with a record, nothing where it holds together."""
    faults = chain(_kinds(gate), _names(gate, taken), _functions(gate), _rules(gate), _places(gate))
    return next(faults, "")


def _kinds(gate: Gate) -> Iterator[str]:
    """Fields that hold something of another kind than they should."""
    for field in ("name", *TEXTS):
        if not isinstance(getattr(gate, field), str):
            yield f"has a {field} that is no text"
    for field in ("aliases", "arrives"):
        if not _is_tuple_of(str, getattr(gate, field)):
            yield f"has {field} that are no tuple of texts: {field}=('…',)"
    for field, kind in PARTS.items():
        if not _is_tuple_of(kind, getattr(gate, field)):
            yield f"has {field} that are no tuple of {kind.__name__}: {field}=({kind.__name__}(…),)"
    for field in ("partials", "pullbacks"):
        if not isinstance(getattr(gate, field), tuple):
            yield f"has {field} that are no tuple: {field}=(lambda …,), one an input"
    if gate.flow not in get_args(Flow):
        yield f"has the flow {gate.flow!r}: a flow is one of {', '.join(get_args(Flow))}"
    if not (isinstance(gate.ulps, tuple) and len(gate.ulps) == 2 and all(_is_size(x) for x in gate.ulps)):
        yield "has ulps that are no two numbers: ulps=(of the value, of the local gradients)"
    if gate.infix or gate.prefix:
        yield "has a symbol of its own, of which the language has none to spare: leave infix and prefix out"
    if gate.reduction is not None:
        yield "has a reduction, which gates that are loaded have not"


def _is_tuple_of(kind: type, x: Any) -> bool:
    return isinstance(x, tuple) and all(isinstance(item, kind) for item in x)


def _is_size(x: Any) -> bool:
    return isinstance(x, int | float) and x >= 0


def _names(gate: Gate, taken: set[str]) -> Iterator[str]:
    """Names that are none, or taken."""
    for name in gate.names:
        what = "a name" if name == gate.name else f"the alias '{name}'"
        if not is_name(name) or Source(name).tokens[1] != END or name in RESERVED:
            yield f"has {what} that is no name in a program: letters, digits and _ make one"
        elif canonical(name) != name:
            yield f"has {what} that a program spells in another way: '{canonical(name)}'"
        elif name in taken:
            yield f"has {what} that is taken{f' by {CALLABLE[name].signature}' if name in CALLABLE else ''}"
        elif name in CREATIONS or name in (VARIABLE.name, CONSTANT.name):
            yield f"has {what} that is a word of the language"
    if len(set(gate.names)) < len(gate.names):
        yield "has an alias twice"


def _functions(gate: Gate) -> Iterator[str]:
    """Fields that are no functions, or functions of something else."""
    if not isinstance(gate.definition, FunctionType):
        yield "has a definition that is no function of Python's: write a def or a lambda"
    elif not argument_names(gate.definition) or argument_names(gate.definition)[0] != "m":
        yield "has a definition whose first argument is not m, the number system"
    elif not gate.parameters:
        yield "has a definition without inputs"
    for field in FUNCTIONS:
        if not isinstance(getattr(gate, field), FunctionType | None):
            yield f"has a {field} that is no function of Python's"
    if gate.elementwise and gate.static:
        yield f"has the option '{gate.static[0]}', but options are for gates with a shape"
    if gate.forward is not None and not _takes_what(gate.forward, gate):
        yield f"has a forward with other arguments than its definition, ({', '.join(_arguments(gate))})"


def _arguments(gate: Gate) -> tuple[str, ...]:
    return ("m", *gate.parameters, *gate.static)


def _takes_what(function: Callable[..., Any], gate: Gate) -> bool:
    """Whether a function can be called as the gate's definition is."""
    import inspect

    signature = inspect.signature(function)
    fewest = gate.arity[0]
    counts = {fewest, gate.arity[1] or fewest + 2}
    try:
        for count in counts:
            signature.bind(*[None] * (count + 1), **dict.fromkeys(gate.static))
    except TypeError:
        return False
    return True


def _rules(gate: Gate) -> Iterator[str]:
    """Rules that are missing, too many, or ask for what there is not."""
    field, other = ("partials", "pullbacks") if gate.elementwise else ("pullbacks", "partials")
    known = (KNOWN if gate.elementwise else KNOWN_TO_PULLBACKS | set(gate.static)) | set(gate.parameters)
    if not gate.rules:
        yield f"has no rule: {field}=(…,), one an input, None where no gradient flows"
    elif getattr(gate, other):
        yield (
            "has pullbacks, but no shape: a gate with pullbacks has one"
            if gate.elementwise
            else "has partials, but a gate with a shape has pullbacks"
        )
    elif len(gate.rules) != len(gate.parameters):
        yield f"has {_counted(len(gate.rules), field)} for {_counted(len(gate.parameters), 'inputs')}"
    for k, rule in enumerate(gate.rules):
        if rule is not None and not isinstance(rule, FunctionType):
            yield f"has a rule for '{gate.parameters[k]}' that is no function of Python's"
        elif rule is not None:
            unknown = [
                x for x in argument_names(rule) if x not in known | ({"k"} if gate.variadic else set())
            ]
            if unknown:
                yield f"has a rule that asks for '{unknown[0]}': there are {', '.join(sorted(known))}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what.removesuffix('s') if count == 1 else what}"


def _places(gate: Gate) -> Iterator[str]:
    """Places to sample it at that are missing, or that have not as many inputs."""
    fewest, most = gate.arity
    if gate.elementwise:
        yield from _probe(gate)
    elif not gate.samples:
        yield "has no samples: samples=(Sample(((2, 3), (3,))),), shapes of inputs to prove its rule at"
    if not gate.elementwise and len(gate.arrives) != len(gate.parameters):
        yield "does not say how each gradient arrives: arrives=('g @ y.T', 'x.T @ g'), one text an input"
    for what, inputs in [
        *(("an edge", edge.inputs) for edge in gate.edges),
        *(("the example of a kink", kink.example) for kink in gate.kinks if kink.example),
        *(("a sample", sample.shapes) for sample in gate.samples),
    ]:
        if not fewest <= len(inputs) <= (most or len(inputs)):
            yield f"has {what} with {_counted(len(inputs), 'inputs')}, but takes {_many(gate)}"
    if any(len(edge.local) != len(edge.inputs) for edge in gate.edges):
        yield "has an edge without one local gradient an input: None where it is not pinned"


def _many(gate: Gate) -> str:
    fewest, most = gate.arity
    return str(fewest) if fewest == most else f"{fewest} or more" if most is None else f"{fewest} to {most}"


def _probe(gate: Gate) -> Iterator[str]:
    ranges: Any = gate.probe
    if not ranges:
        yield "has no probe: probe=((-10.0, 10.0),), one range an input to prove its rule over"
    elif not isinstance(ranges, tuple) or not all(_is_range(pair) for pair in ranges):
        yield "has a probe that is no tuple of ranges: probe=((-10.0, 10.0),), one an input, low before high"
    elif not gate.variadic and len(ranges) != len(gate.parameters):
        many = _counted(len(ranges), "ranges")
        yield f"has {many} in its probe for {_counted(len(gate.parameters), 'inputs')}"


def _is_range(pair: Any) -> bool:
    try:
        low, high = pair
        return bool(isfinite(low) and isfinite(high) and low < high)
    except (TypeError, ValueError):
        return False
