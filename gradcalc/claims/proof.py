"""Proofs that a formula is the derivative, or the output, of a program everywhere it is defined.

SymPy's expressions are built from definitions, never from text. Every step is one that cannot run away:
what would grow too large is not proved, and nobody is told that it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import comb, e, pi
from typing import Any

import sympy
from sympy import Eq, Integer, Ne, Rational, S
from sympy.core.relational import Relational
from sympy.functions.elementary.hyperbolic import HyperbolicFunction, InverseHyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from gradcalc.check import closed
from gradcalc.gates import CONSTANT
from gradcalc.graph import Graph
from gradcalc.kinks import ancestors
from gradcalc.systems import symbol
from gradcalc.systems.symbol import Where

MOST_NODES = 100
"""Nodes of a program, shared parts repeated, up to which its formulas are compared."""

MOST_SIZE = 400
"""Nodes of a difference of two formulas, before and after each step."""

MOST_TERMS = 400
"""Terms that a product of sums may have when it is multiplied out."""

MOST_CASES = 64
"""Combinations of signs that are told apart."""

LARGEST_NUMBER = 10**6
"""Numerator and denominator up to which a number is one to SymPy; any other is a symbol of its own."""

LARGEST_EXPONENT = 12
"""Whole exponents, and multiples of an angle, up to which SymPy computes with them."""

MOST_BITS = 256

POSITIVE_UNDER = frozenset({"log", "log2", "log10", "sqrt"})
"""Gates that have a finite slope at a positive input alone."""


NOWHERE = (sympy.zoo, sympy.nan, sympy.oo)
"""What an expression has in it that is not defined."""

Signs = dict[Any, int]
"""What conditions compare with zero -> its sign."""


class TooHardError(Exception):
    """A proof would need more than is spent on one."""


def equal(graph: Graph, claim: Graph, name: str | None, upstream: float = 1.0) -> bool:
    """Whether SymPy proves that `claim` is the output's derivative by a name, or, for None, the output.

    Both are scalar; the claim has the program's variables. The proof holds where both are defined and,
    for a derivative, where the program is at no kink. False says that nothing was proved.
    """
    if not (closed.is_small(graph, MOST_NODES) and closed.is_small(claim, MOST_NODES)):
        return False
    try:
        return _equal(graph, claim, name, upstream)
    except (TooHardError, TypeError, ValueError, ArithmeticError, AttributeError, NotImplementedError):
        return False  # the last ones are SymPy's, of what is not real in a branch that is not taken


def _equal(graph: Graph, claim: Graph, name: str | None, upstream: float) -> bool:
    positive = _positive(graph)
    whole = expression(graph, positive)
    right = whole if name is None else _number(upstream) * derivative(graph, name, positive)
    difference = _pieces(right - expression(claim, positive))
    return all(map(_vanishes, _cases(difference, S.Zero if name is None else _pieces(whole))))


# Expressions.


def derivative(graph: Graph, name: str, positive: frozenset[str]) -> Any:
    """Return the derivative of the output by a variable or a statement, in the program's variables."""
    node = graph.node(name)
    free = sympy.Dummy(name, real=True) if graph.inputs[node] else _variable(name, positive)
    slope = sympy.diff(_written(graph, positive, {node: free})[graph.output], free)
    return slope.xreplace({free: _written(graph, positive)[node]}) if graph.inputs[node] else slope


def expression(graph: Graph, positive: frozenset[str]) -> Any:
    """Return the output in the program's variables."""
    return _written(graph, positive)[graph.output]


def _written(graph: Graph, positive: frozenset[str], free: dict[int, Any] | None = None) -> list[Any]:
    """Return the expression of each node; those in `free` are cut off from what computes them."""
    names, values = {node: name for name, node in graph.variables.items()}, list[Any]()
    feeds = ancestors(graph, [graph.output, *(free or {})])
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if free and node in free:
            values.append(free[node])
        elif not feeds[node]:
            values.append(S.Zero)  # dead code may be larger than what is alive
        elif gate is CONSTANT:
            values.append(_number(graph.constants[node]))
        elif not inputs:
            values.append(_variable(names[node], positive))
        else:
            values.append(_bounded(gate.definition(symbol, *_tamed(gate.name, [values[i] for i in inputs]))))
    return values


def _variable(name: str, positive: frozenset[str]) -> Any:
    """Return the symbol of a variable; no two of ours are told apart by their names alone."""
    return (
        sympy.Symbol(f"_{name}", positive=True) if name in positive else sympy.Symbol(f"_{name}", real=True)
    )


def _number(x: float) -> Any:
    """Return a number: the decimal that it is written with, or a symbol where that is a long one.

    The language's constants pi and e are what they stand for.
    """
    if x in (pi, e):
        return symbol.pi if x == pi else sympy.E
    exact = Rational(repr(x))
    if max(abs(exact.p), exact.q) <= LARGEST_NUMBER:
        return exact
    return sympy.sign(exact) * sympy.Symbol(repr(abs(x)), positive=True)


def _tamed(name: str, given: list[Any]) -> list[Any]:
    """Return a gate's inputs without numbers that SymPy would compute with for minutes."""
    if name in ("add", "sub", "mul", "div", "neg"):
        return given
    if name == "pow" and given[1].is_Rational:
        _require(max(abs(given[1].p), given[1].q) <= LARGEST_EXPONENT)
    return [_opaque(x) for x in given] if name != "pow" or not given[1].is_Rational else given


def _is_long(x: Any) -> bool:
    """Whether an expression is a number that functions are not computed of."""
    return x.is_number and x is not sympy.E and not (x.is_Rational and abs(x) <= LARGEST_EXPONENT)


def _opaque(x: Any) -> Any:
    """Return a long number as a symbol, anything else as it is."""
    if not _is_long(x):
        return x
    _require(x.is_real is True and x.is_positive is not None)
    return sympy.Symbol(str(x), positive=True) if x.is_positive else -sympy.Symbol(str(-x), positive=True)


def _bounded(x: Any) -> Any:
    """Return an expression that is no larger than can be afforded."""
    found = sympy.sympify(x)
    _require(not found.has(*NOWHERE, sympy.I) and _size(found) <= MOST_SIZE)
    _require(all(max(abs(r.p), r.q).bit_length() <= MOST_BITS for r in found.atoms(Rational)))
    return found


def _require(condition: bool) -> None:
    if not condition:
        raise TooHardError


def _size(x: Any) -> int:
    size = 0
    for _ in sympy.preorder_traversal(x):
        size += 1
        if size > MOST_SIZE:
            break
    return size


def _positive(graph: Graph) -> frozenset[str]:
    """Return the variables that must be positive for the program to have a value and a slope."""
    if any(gate.lazy for gate in graph.gates):
        return frozenset()  # the branch that is not taken asks for nothing
    names, feeds = {node: name for name, node in graph.variables.items()}, ancestors(graph, [graph.output])
    found = set()
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        if feeds[node] and inputs and inputs[0] in names:
            rooted = gate.name == "pow" and not graph.constants.get(inputs[1], 0.5).is_integer()
            if rooted or gate.name in POSITIVE_UNDER:
                found.add(names[inputs[0]])
    return frozenset(found)


# Pieces: conditions are told apart by the sign of what they compare.


def _pieces(x: Any) -> Any:
    """Return an expression with its absolute values and signs written as pieces."""
    x = x.replace(sympy.Abs, lambda u: Where(u >= 0, u, -u))
    x = x.replace(sympy.sign, lambda u: Where(u > 0, S.One, Where(u < 0, S.NegativeOne, S.Zero)))
    return x.xreplace({sympy.pi: symbol.pi})


def _edge(condition: Any) -> Any:
    """Return what a condition compares with zero, up to its sign and a factor."""
    _, edge = sympy.expand(condition.lhs - condition.rhs).as_content_primitive()
    return -edge if edge.could_extract_minus_sign() else edge


def _cases(x: Any, kinked: Any) -> Iterator[Any]:
    """Yield an expression for each combination of signs of what its conditions compare.

    Zero is one of them, except where that is a condition of `kinked`.
    """
    waiting: list[tuple[Any, Any, Signs]] = [(x, kinked, {})]
    count = 0
    while waiting:
        x, kinked, signs = waiting.pop()
        edges = _edges(x)
        count += 1
        _require(count <= MOST_CASES and _size(x) <= MOST_SIZE)
        if not edges:
            _require(not x.atoms(Relational))
            if 0 not in signs.values() or not x.has(*NOWHERE):  # one of both is not defined there
                yield x
            continue
        kinks = _edges(kinked)
        edge = min(edges, key=lambda e: (e not in kinks, sympy.default_sort_key(e)))
        for sign in (1, -1) if edge in kinks else (1, -1, 0):
            if signs.get(edge, sign) == sign and _possible({**signs, edge: sign}):
                known = {**signs, edge: sign}
                waiting.append((_decided(x, edge, sign), _decided(kinked, edge, sign), known))


def _edges(x: Any) -> set[Any]:
    """Return what the conditions of an expression compare with zero, those without pieces inside."""
    return {_edge(c) for c in x.atoms(Relational) if not c.has(Where)}


def _possible(signs: Signs) -> bool:
    """Whether there may be numbers of which some edges have these signs: a symbol is in no empty interval."""
    low: dict[Any, Any] = {}
    high: dict[Any, Any] = {}
    for edge, sign in signs.items():
        symbols = edge.free_symbols
        slope = edge.diff(*symbols) if len(symbols) == 1 else S.Zero
        if slope.is_Rational and slope:
            (x,) = symbols
            root = x - edge / slope
            if not root.is_Rational:
                continue
            if sign * slope >= 0:
                low[x] = sympy.Max(low.get(x, root), root)
            if sign * slope <= 0:
                high[x] = sympy.Min(high.get(x, root), root)
    return all(low[x] <= high[x] for x in low if x in high)


def _decided(x: Any, edge: Any, sign: int) -> Any:
    """Return an expression where its edge has a sign."""
    moved = [s for s in edge.free_symbols if edge.diff(s).is_Rational]
    if sign == 0 and moved:
        s = min(moved, key=sympy.default_sort_key)
        return x.xreplace({s: sympy.expand(s - edge / edge.diff(s))})
    known = {c: _truth(c, edge, sign) for c in x.atoms(Relational) if not c.has(Where) and _edge(c) == edge}
    x = x.xreplace(known)
    if edge.is_Symbol:
        return x.xreplace({edge: sign * sympy.Symbol(f"{edge.name}+", positive=True)})
    return x


def _truth(condition: Any, edge: Any, sign: int) -> Any:
    """Return the truth of a condition about an edge, which has a sign."""
    if isinstance(condition, (Eq, Ne)):
        return sympy.true if (sign == 0) == isinstance(condition, Eq) else sympy.false
    _, compared = sympy.expand(condition.lhs - condition.rhs).as_content_primitive()
    return condition.func(Integer(sign if compared == edge else -sign), 0)


# A difference that is zero.


def _vanishes(x: Any) -> bool:
    """Whether an expression is found to be zero by one of the steps."""
    for step in STEPS:
        if x == 0:
            return True
        _require(not x.has(*NOWHERE))
        x = step(x)
        _require(_size(x) <= MOST_SIZE)
    return bool(x == 0)


def _expanded(x: Any) -> Any:
    """Return an expression multiplied out."""
    _require(_terms(x) <= MOST_TERMS)
    return sympy.expand(x)


def _terms(x: Any) -> int:
    """Return an upper bound on the terms of an expression, or of one inside it, that is multiplied out."""
    counts: dict[Any, int] = {}
    most = 1
    for part in sympy.postorder_traversal(x):
        given = [counts[a] for a in part.args]
        if part.is_Add:
            counts[part] = sum(given)
        elif part.is_Mul:
            counts[part] = _product(given)
        elif part.is_Pow and part.exp.is_Rational:
            counts[part] = _power_terms(given[0], part.exp)
        else:
            counts[part] = 1
        most = max(most, counts[part])
        _require(most <= MOST_TERMS)
    return most


def _product(counts: Sequence[int]) -> int:
    found = 1
    for count in counts:
        found *= count
    return found


def _power_terms(terms: int, exponent: Any) -> int:
    _require(abs(exponent) <= 4 * LARGEST_EXPONENT)
    return comb(terms + int(abs(exponent)), int(abs(exponent)))


def _numerator(x: Any) -> Any:
    """Return the numerator of an expression over one denominator, multiplied out."""
    return _expanded(sympy.fraction(sympy.together(x))[0])


def _functions(x: Any) -> Any:
    """Return an expression in sines, cosines, exponentials and logarithms of as simple things as can be."""
    x = x.replace(lambda e: isinstance(e, HyperbolicFunction), lambda e: e.rewrite(sympy.exp))
    x = x.replace(lambda e: isinstance(e, InverseHyperbolicFunction), lambda e: e.rewrite(sympy.log))
    x = x.replace(sympy.tan, lambda u: sympy.sin(u) / sympy.cos(u)).replace(
        sympy.erfc, lambda u: 1 - sympy.erf(u)
    )
    x = x.replace(_is_exponential, lambda e: sympy.exp(sympy.expand(e.exp * sympy.log(e.base))))
    x = x.replace(sympy.log, lambda u: sympy.expand_log(sympy.log(sympy.factor_terms(sympy.together(u)))))
    return x.replace(lambda e: isinstance(e, TrigonometricFunction), _single_angles)


def _is_exponential(x: Any) -> bool:
    return bool(x.is_Pow and x.base != sympy.E and x.base.is_positive and not x.exp.is_number)


def _single_angles(x: Any) -> Any:
    """Return a sine or cosine of sums and multiples in those of single angles, while they are few."""
    parts = [term.as_coeff_Mul()[0] for term in sympy.Add.make_args(x.args[0])]
    few = all(c.is_Rational for c in parts) and sum(abs(c) for c in parts) <= LARGEST_EXPONENT
    return sympy.expand_trig(x) if few else x


def _sines(x: Any) -> Any:
    """Return an expression with the squares of cosines written by sines."""

    def squared(e: Any) -> bool:
        return bool(e.is_Pow and isinstance(e.base, sympy.cos) and e.exp.is_Integer and e.exp > 1)

    def by_sine(e: Any) -> Any:
        return (1 - sympy.sin(e.base.args[0]) ** 2) ** (e.exp // 2) * e.base ** (e.exp % 2)

    return _expanded(x.replace(squared, by_sine))


def _exponents(x: Any) -> Any:
    """Return an expression with powers of the same base taken together."""
    return sympy.powsimp(x, combine="exp")


STEPS: tuple[Callable[[Any], Any], ...] = (
    _expanded, _numerator, _functions, _numerator, _sines, _exponents, _numerator,
)  # fmt: skip
"""What is tried, one after the other."""
