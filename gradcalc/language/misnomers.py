"""Names and calls that are no use: unknown, taken, without parentheses, with the wrong arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from gradcalc.errors import GradcalcError, ProgramSyntaxError, TooLargeError, suggest
from gradcalc.gates import CALLABLE
from gradcalc.gates.shaping import INDEX
from gradcalc.language import absent
from gradcalc.language.calls import Call
from gradcalc.language.creations import CREATIONS
from gradcalc.language.mending import (
    HINT_LIMIT,
    QUOTE_LIMIT,
    applied,
    as_call,
    atom_end,
    bare_input,
    before,
    defines,
    glued_call,
    is_method,
    matching,
    naming,
    parts,
    quote,
    right_edge,
    split,
    syntax,
    write,
)  # fmt: skip
from gradcalc.language.modules import MODULES, SHOWN, STRANGERS, Difference
from gradcalc.language.tokens import ENDS, RESERVED, Source, is_name, is_number, is_superscript

OPTIONS = {
    "dim": "axis", "dims": "axes", "keepdim": "keepdims", "correction": "ddof", "newshape": "shape",
    "size": "shape", "fill_value": "value", "steps": "num", "kernel_size": "size", "weight": "W",
    "bias": "b", "p": "ord",
}  # fmt: skip
"""Options of other libraries -> ours."""

NEEDLESS = ("dtype", "device", "requires_grad", "copy")
"""Options of other libraries that say nothing here."""

CONSTANTS = {"inf": "norm(x, inf) takes inf without a prefix", "newaxis": "x[:, None] has a new axis"}
"""What libraries have as constants -> how that is written here."""

LISTED = "gradcalc gates lists them; a product is written with *"


# Names.


def unknown(source: Source, i: int, known: Collection[str], functions: Collection[str]) -> GradcalcError:
    """Refuse a name that has no value."""
    name = source.tokens[i]
    if not is_name(name):
        return bare_symbol(source, i)
    if name in CALLABLE:
        hint = write(_sample(name))
    elif name in CREATIONS:
        hint = f"its signature is {CREATIONS[name].signature}"
    elif name in functions:
        hint = f"{quote(name)} is a function, which needs its arguments"
    elif name in ("true", "false", "none") and source.tokens[i - 1] == "=":
        hint = write(name.capitalize())
    elif (start := _assigned_at(source, name)) >= 0:
        hint = "it is assigned further down" if start > i else "a name cannot be assigned by itself"
    elif name == "T" and source.tokens[i - 1] in ("^", "**"):
        hint = "a transpose is written x.T"
    elif is_derivative(source, i):
        hint = "the gradient is what gradcalc computes: write the function alone"
    elif call := glued_call(name, known):
        hint = write(call)
    elif source.tokens[i + 1] == "{" and name.endswith("_") and (end := matching(source, i + 1)) == i + 3:
        mended = write(f"{name}{source.tokens[i + 2]}")
        return syntax(source, i, end, "TeX is not in the language", mended)
    elif parts := split(name, known):
        hint = f"write a product as {'*'.join(parts)}"
    elif near := suggest(name, known):
        hint = f"did you mean {quote(near)}?"
    else:
        hint = f"give it a value: {name}=1" if len(name) <= QUOTE_LIMIT else ""
    return naming(source, i, i, f"unknown name {quote(name)}", hint)


def is_derivative(source: Source, i: int) -> bool:
    """Tell whether token `i` begins `dy/dx` or `d/dx`."""
    above, over, below = source.tokens[i : i + 3]
    return above[0] == "d" and len(above) <= 2 and over == "/" and below[:1] == "d" and len(below) > 1


def bare_symbol(source: Source, i: int) -> GradcalcError:
    """Refuse `√` alone."""
    name = source.tokens[i]
    return syntax(source, i, i, f"{quote(name)} needs parentheses", write(f"{name}(2)"))


def _sample(name: str) -> str:
    """Return a call of a gate, with names and numbers that it can be called with."""
    gate = CALLABLE[name]
    if gate is INDEX:
        return "x[0]"
    inputs = ("x", "y") if gate.variadic else gate.parameters[: gate.arity[0]]
    options = ["-1" for option in gate.static if option not in gate.options]
    return f"{name}({', '.join([*inputs, *options])})"


def _starts(source: Source) -> Iterator[int]:
    """Yield the tokens that begin a statement, or a line inside brackets."""
    for i, (last, symbol) in enumerate(pairwise([";", *source.tokens])):
        if last in ENDS and symbol not in ENDS:
            yield i


def _assigned_at(source: Source, name: str) -> int:
    """Return the token where a statement assigns `name`, or -1."""
    found = (i for i in _starts(source) if source.tokens[i] == name and source.tokens[i + 1] == "=")
    return next(found, -1)


def assignment(source: Source, i: int, twice: bool, given: Collection[str] | None) -> GradcalcError:
    """Refuse to give a name that is taken."""
    name = source.tokens[i]
    if name in RESERVED:
        return syntax(source, i, i, f"'{name}' is reserved", "give the statement another name")
    if twice:
        return naming(source, i, i, f"{quote(name)} is assigned twice", "give the second value another name")
    if given is not None and name in given:
        message = f"{quote(name)} is assigned here and given a value outside"
        return naming(source, i, i, message, "leave out one of the two")
    message = f"{quote(name)} is assigned after it is used"
    return naming(source, i, i, message, "assign it first, and not by itself")


def definition(source: Source, i: int, twice: bool) -> GradcalcError:
    """Refuse to give a function a name that is taken."""
    name = source.tokens[i]
    if name in RESERVED:
        return syntax(source, i, i, f"'{name}' is reserved", "give the function another name")
    message = f"{quote(name)} is {'defined twice' if twice else 'a gate already'}"
    return naming(source, i, i, message, "give the function another name")


def parameter(source: Source, i: int, twice: bool) -> GradcalcError:
    """Refuse what is not a list of parameters."""
    name = source.slice(i, i)
    if twice:
        return naming(
            source, i, i, f"two parameters are called {quote(name)}", "give one of them another name"
        )
    return syntax(source, i, i, "the parameters of a function are names", "f(x, y) = x*y defines a function")


def no_output(source: Source, first: int) -> GradcalcError:
    """Refuse a program that does not end with an expression; `first` begins its last statement."""
    if all(symbol in ENDS for symbol in source.tokens):
        return ProgramSyntaxError("the program is empty", hint="try (x + y)*z")
    call = source.slice(first, last := matching(source, first + 1))
    hint = f"add a statement that calls it: {call}" if len(call) <= HINT_LIMIT else ""
    return syntax(source, first, last, "the last statement defines a function, so there is no output", hint)


def too_large(source: Source, first: int, last: int, limit: int, inlined: bool) -> GradcalcError:
    """Refuse a graph with more nodes than allowed."""
    why = "each call of a function is a copy of it; " if inlined else ""
    return TooLargeError(
        f"the graph has more than {limit:,} nodes",
        source=source.text,
        span=source.span(first, last),
        hint=f"{why}--max-nodes allows more",
    )


# Gates without parentheses.


def refuse_bare_gate(source: Source, i: int, j: int, functions: Collection[str]) -> None:
    """Refuse `sin x`, `sin^2(x)` and `Sin[x]`; the token behind the name is `j`."""
    tokens, name = source.tokens, source.tokens[i]
    if tokens[j] == "|" and name in CALLABLE:
        _refuse_bars(source, i, j)
    if tokens[j] == "[":
        _refuse_square_brackets(source, i, j)
    if name not in CALLABLE and name not in functions:
        return
    if is_superscript(tokens[j]) or tokens[j] in ("^", "**"):
        _refuse_power(source, i, j)
    if atom_end(source, j) >= j and tokens[j] not in RESERVED and not _is_infix(source, j):
        mended, last = applied(source, i)
        while tokens[last + 1] in CALLABLE and tokens[last + 1] not in RESERVED and len(mended) <= HINT_LIMIT:
            factor, last = applied(source, last + 1)  # `sin x cos y`
            mended += f"*{factor}"
        raise syntax(source, i, last, f"{quote(source.slice(i, i))} needs parentheses", write(mended))


def _refuse_bars(source: Source, i: int, j: int) -> None:
    """Refuse `ln|x|`."""
    last = right_edge(source, j + 1, False, ("|",)) + 1
    if last > j + 1 and source.tokens[last] == "|":
        name = source.slice(i, i)
        mended = write(f"{name}(abs({source.slice(j + 1, last - 1)}))")
        raise syntax(source, i, last, f"{quote(name)} needs parentheses", mended)


def _is_infix(source: Source, j: int) -> bool:
    """Tell whether the sign at token `j` joins two operands: in `exp -x` it does not, in `exp - x` it may."""
    gap = source.locate(j - 1).end < source.locate(j).start
    return source.tokens[j] in ("+", "-") and not (gap and source.locate(j).end == source.locate(j + 1).start)


def _refuse_square_brackets(source: Source, i: int, j: int) -> None:
    name = source.tokens[i]
    gate = name if name in CALLABLE else name.lower()
    last = matching(source, j)
    if gate in CALLABLE and last > j + 1:
        mended = write(f"{gate}({source.slice(j + 1, last - 1)})")
        raise syntax(source, i, last, "a call is written with ( and )", mended)


def _refuse_power(source: Source, i: int, j: int) -> None:
    """Refuse `sin^2(x)`; with the power -1 it is the inverse that is meant."""
    tokens = source.tokens
    opening = j + 1
    if not is_superscript(tokens[j]):
        if tokens[j + 1 : j + 5] == ["(", "-", "1", ")"] and tokens[j + 5] == "(":
            opening = j + 5
        else:
            opening += 1 + (tokens[j + 1] == "-")
        if opening < j + 5 and not is_number(tokens[opening - 1]):
            return
    if tokens[opening] == "(":
        last = matching(source, opening)
        inputs = source.slice(opening, last)
    else:
        inputs, last = bare_input(source, opening)
        inputs = f"({inputs})"
    if last < opening or tokens[opening] in ("+", "-"):
        return
    name = source.slice(i, i)
    power = "".join(tokens[j:opening]).replace("**", "^")
    is_inverse = power in ("^-1", "^(-1)") and f"a{name}" in CALLABLE
    mended = f"a{name}{inputs}" if is_inverse else f"{name}{inputs}{power}"
    raise syntax(source, i, last, "the power of a call stands behind its parentheses", write(mended))


# Calls.


def not_callable(
    source: Source, i: int, j: int, known: Collection[str], functions: Collection[str]
) -> GradcalcError:
    """Refuse a call of what is neither gate nor function; its bracket is token `j`."""
    name, message = source.tokens[i], f"unknown gate {quote(source.tokens[i])}"
    for start in _starts(source):
        if source.tokens[start] == name and source.tokens[start + 1] == "(" and defines(source, start):
            return _premature(source, i, start)
    if name in known:
        return _product(source, i, j)
    callables = {*CALLABLE, *CREATIONS, *functions}.difference(RESERVED)
    if name.lower() in ("if", "iif", "ifelse"):
        return naming(source, i, i, message, "write where")  # its arguments are the same
    for k in range(1, min(len(name), QUOTE_LIMIT)):
        if name[:k] in known and name[k:] in callables:
            last = max(i, matching(source, j))
            mended = f"{name[:k]}*{name[k:]}{source.slice(j, last) if last > i else '(…)'}"
            return naming(source, i, last, message, write(mended).replace("write", "write a product as", 1))
    return naming(source, i, i, message, _instead(name, callables))


def _instead(name: str, callables: Collection[str]) -> str:
    """Return what to call in place of a name that is no gate."""
    near = suggest(name, callables)
    return absent.GATES.get(name) or (f"did you mean {quote(near)}?" if near else LISTED)


def _premature(source: Source, i: int, start: int) -> GradcalcError:
    """Refuse the call at token `i` of a function whose definition begins at `start`."""
    name = quote(source.tokens[i])
    if start <= i:
        return naming(source, i, i, f"{name} calls itself", "functions cannot be recursive")
    return naming(
        source, i, i, f"{name} is called before it is defined", "a function calls those above it alone"
    )


def _product(source: Source, i: int, j: int) -> GradcalcError:
    """Refuse `x(2)`."""
    message, last = f"{quote(source.tokens[i])} is not a function", matching(source, j)
    mended = write(f"{source.slice(i, i)}*{source.slice(j, last)}") if last > 0 else ""
    return naming(source, i, last if mended else i, message, mended or "a product is written with *")


def dotted(source: Source, i: int, j: int, opening: int, known: Collection[str]) -> GradcalcError:
    """Refuse a name with a point in it that is no library's gate or constant; its last part is token `j`."""
    tokens, name = source.tokens, source.tokens[j]
    prefix = "".join(tokens[i : j - 1])
    called = tokens[opening] == "("
    if j == i:
        return syntax(source, i + 1, i + 1, "'.' is not an operator")
    if prefix in MODULES and called:
        callables = {*CALLABLE, *CREATIONS}.difference(RESERVED)
        return naming(source, j, j, f"unknown gate {quote(name)}", _instead(name, callables))
    if prefix in MODULES:
        others = CONSTANTS.get(name, "there are pi, e and tau")
        hint = f"{quote(name)} needs parentheses" if name in CALLABLE else others
        return naming(source, j, j, f"unknown constant {quote(name)}", hint)
    if called and is_method(source, j):
        last = matching(source, opening)
        mended = write(
            as_call(name, prefix, source.slice(opening + 1, last - 1) if last > opening + 1 else "")
        )
        return syntax(source, i, last, "a gate is called with its input in parentheses", mended)
    if prefix.partition(".")[0] in STRANGERS and (word := name if called else name.lower()) in (
        CALLABLE if called else ("pi", "e", "tau")
    ):
        return syntax(source, i, j, f"{quote(prefix)} is no known library", write(word))
    if prefix not in STRANGERS and (error := absent.member(source, i, j - 2, j)):
        return error
    if tokens[i] in known:
        gate = CALLABLE.get(name)
        hint = f"its signature is {gate.signature}" if gate else f"a value has no {quote(name)}"
        return syntax(source, i, j, f"{quote(prefix)} is no known library", hint)
    return syntax(
        source, j - 1, j - 1, f"{quote(prefix)} is no known library", f"known are {', '.join(SHOWN)}"
    )


# Arguments.


def arguments(source: Source, call: Call, last: int) -> GradcalcError:
    """Refuse a wrong number of arguments."""
    fewest, most = call.bounds()
    counts = (
        f"{fewest}" if fewest == most else f"at least {fewest}" if most is None else f"{fewest} to {most}"
    )
    noun = "argument" if (most or fewest) == 1 else "arguments"
    missing = [name for name in call.needed() if not call.has(name)]
    if (call.keywords or call.options) and missing:
        message = f"{quote(call.callee.name)} lacks its argument {quote(missing[0])}"
        return syntax(source, call.first, last, message, _signature(call))
    count = call.count()
    if call.options and len(call.arguments) > len(call.callee.parameters):  # `max(x, y, axis=0)`
        count, counts, noun = len(call.arguments), f"{len(call.callee.parameters)}", "input"
    message = f"{quote(call.callee.name)} takes {counts} {noun}, not {count}"
    return syntax(source, call.first, last, message, _signature(call))


def _signature(call: Call) -> str:
    return f"its signature is {call.callee.signature}"


def keyword(source: Source, call: Call, i: int) -> GradcalcError:
    """Refuse a keyword that the callee does not take, or not again."""
    name = source.tokens[i]
    if call.takes(name):
        return syntax(source, i, i, f"{quote(name)} is given twice", _signature(call))
    message = f"{quote(call.callee.name)} has no argument {quote(name)}"
    reduction = call.callee.reduction
    taken = {*call.callee.static, *(() if call.callee.variadic else call.callee.parameters)}
    taken |= set(reduction.static) if reduction is not None else set()
    if name in NEEDLESS:
        return syntax(source, i, i, message, "leave it out: all numbers are doubles")
    ours = OPTIONS.get(name, name)
    if ours in taken:
        return syntax(source, i, i, message, write(ours))
    near = suggest(name, taken)
    return syntax(source, i, i, message, f"did you mean {quote(near)}?" if near else _signature(call))


def late_argument(source: Source, call: Call, i: int) -> GradcalcError:
    """Refuse an argument without a name behind one with a name; it ends before token `i`."""
    message = "arguments without a name stand before those with one"
    return syntax(source, call.due, before(source, i), message, _signature(call))


def different(source: Source, call: Call, last: int, difference: Difference) -> GradcalcError:
    """Refuse a library's call that means something else here."""
    texts = [source.slice(*part) for part in parts(source, call.opening, last)]
    mended = difference.write(texts)
    message = f"{quote(call.name)} means something else here: {difference.reason}"
    return syntax(source, call.first, last, message, write(mended) if mended else difference.hint)
