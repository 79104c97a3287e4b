r"""The second stage: tokens -> statements -> graph.

    program    = statement { (";" | NEWLINE) statement }            the last statement is the output
    statement  = NAME "=" expr
               | NAME "(" NAME { "," NAME } ")" "=" expr
               | expr
               |                                                    nothing at all
    expr       = and { "or" and }
    and        = not { "and" not }
    not        = "not" not | comparison
    comparison = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum ]
    sum        = term { ( "+" | "-" ) term }
    term       = sign { ( "*" | "/" | "%" | "@" ) sign }            "@": arrays, not yet
    sign       = ( "-" | "+" ) sign | power
    power      = postfix [ ( "^" | "**" ) ( "-" | "+" ) { "-" | "+" } power ]
    postfix    = atom { SUPERSCRIPT | index | ".T" }                index, ".T": arrays, not yet
    index      = "[" expr { "," expr } "]"
    atom       = NUMBER | NAME | call | "(" expr ")" | list         list: arrays, not yet
    call       = [ MODULE "." ] NAME "(" argument { "," argument } ")"
    argument   = expr | NAME "=" expr
    list       = "[" expr { "," expr } "]"

A newline inside brackets is a blank. Names are case-sensitive; `and`, `or` and `not` are reserved.

The grammar is parsed by operator precedence, in one loop with stacks of its own: an expression may
be nested deeper than Python's stack is, and a rule of the grammar a function would cost more than
the whole loop. What waits for its right operand is an `Entry` on the stack; an open bracket is an
entry of precedence 0, which nothing reduces. The loop knows operands and operators that were seen
before; `operand` and `operator` deal with all else: names at first use, calls, refusals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import inf

from gradcalc.gates import CALLABLE, CONSTANT, GATES
from gradcalc.gates.record import Gate
from gradcalc.graph import Graph
from gradcalc.language import foreign, misnomers, modules, refusals
from gradcalc.language.calls import Call
from gradcalc.language.functions import Function
from gradcalc.language.mending import Place
from gradcalc.language.tokens import ENDS, RESERVED, Source, is_name, is_superscript

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
"""Names that have a value unless they are given another."""

LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and",), ("not",), ("<", "<=", ">", ">=", "==", "!="),
    ("+", "-"), ("*", "/", "%", "@"), ("sign",), ("**",),
)  # fmt: skip
"""Symbols by precedence, from loose to tight."""

PRECEDENCE = {symbol: level for level, symbols in enumerate(LEVELS, 1) for symbol in symbols}
COMPARISON = PRECEDENCE["<"]

Operator = tuple[int, int, Gate]
"""Lowest precedence that is reduced before the operator waits, the operator's own, its gate."""

Entry = tuple[int, Gate, int, int]
"""Precedence, gate, left operand (negative where there is none), first token."""

BOTTOM: Entry = (0, CONSTANT, -1, -1)
PAREN: Entry = (0, CONSTANT, -2, -1)
CALL: Entry = (0, CONSTANT, -3, -1)

CLOSER: Operator = (1, 0, CONSTANT)
"""What ends an operand without being an operator: `)`, a comma, the end of a statement."""

OPENED = -1
"""In place of a node: an operand is still to come."""


def _operators() -> dict[str, Operator]:
    """Return the infix operators from the gates' records; comparisons do not chain and stand apart."""
    infix = {gate.infix: gate for gate in GATES.values() if gate.infix}
    table = {symbol: (PRECEDENCE[symbol], PRECEDENCE[symbol], gate) for symbol, gate in infix.items()}
    level = PRECEDENCE["**"]
    table["**"] = table["^"] = (level + 1, level, infix["**"])  # right to left: its like is not reduced
    return table | {")": CLOSER}


OPERATORS = {symbol: entry for symbol, entry in _operators().items() if entry[1] != COMPARISON}
COMPARISONS = {symbol: entry for symbol, entry in _operators().items() if entry[1] == COMPARISON}
PREFIXES = {gate.prefix: gate for gate in GATES.values() if gate.prefix}
POWER = OPERATORS["**"][2]


class Parser:
    """Parses expressions into `graph`; what a name or a function call means is up to the subclasses.

    `names` has the nodes of the names seen so far, `functions` those of the program.
    """

    def __init__(self, source: Source, graph: Graph, functions: dict[str, Function]) -> None:
        self.source = source
        self.tokens = source.tokens
        self.graph = graph
        self.functions = functions
        self.names: dict[str, int] = {}
        self.numbers: dict[str, float] = {}
        self.stack: list[Entry] = []
        self.brackets: list[int] = []
        self.pending: list[Call] = []

    # What subclasses decide.

    def has(self, name: str) -> bool:
        """Tell whether a name stands for something already."""
        raise NotImplementedError

    def resolve(self, name: str, token: int) -> int:
        """Return the node of a name at its first use."""
        raise NotImplementedError

    def call_function(self, function: Function, arguments: list[int], first: int, last: int) -> int:
        """Return the node of a function's value."""
        raise NotImplementedError

    def known(self) -> set[str]:
        """Return the names that can be used here, for hints."""
        raise NotImplementedError

    # The loop.

    def expression(self, i: int) -> tuple[int, int]:
        """Parse the expression at token `i`; return its node and the token that ends the statement.

        This loop is long because it is where the time of large programs goes: it takes every token
        in hand once, and a call for each would double its cost.
        """
        tokens, graph, known, operator_of = self.tokens, self.graph, self.names.get, OPERATORS.get
        gates, add_gate, add_inputs = graph.gates, graph.gates.append, graph.inputs.append
        add_first, add_last, constants = graph.first.append, graph.last.append, graph.constants
        number_of = self.numbers.get
        self.stack, self.brackets = [BOTTOM], []
        stack, brackets = self.stack, self.brackets
        push, pop, open_bracket, close_bracket = stack.append, stack.pop, brackets.append, brackets.pop
        node = count = len(gates)
        while True:
            # An operand is due.
            symbol = tokens[i]
            found = known(symbol)
            start = i
            if found is not None:
                node = found
            elif symbol == "(":
                push(PAREN)
                open_bracket(i)
                i += 1
                continue
            elif "." <= symbol < ":":  # in ASCII these are ./0123456789
                value = number_of(symbol)
                if value is None:
                    value = self.number(i)
                node = count
                count += 1
                constants[node] = value
                add_gate(CONSTANT)
                add_inputs(())
                add_first(i)
                add_last(i)
            else:
                node, i = self.operand(i)
                count = len(gates)
                if node < 0:
                    continue
                i -= 1
            end = i
            i += 1
            while True:
                # An operator is due.
                symbol = tokens[i]
                operator = operator_of(symbol)
                if operator is None:
                    if symbol == "\n":
                        if brackets:
                            i += 1
                            continue
                        operator = CLOSER
                    else:
                        operator, node, i = self.operator(i, node, start, end)
                        count = len(gates)
                        if operator is None:
                            if node < 0:
                                break
                            end = i - 1
                            continue
                floor, precedence, gate = operator
                while stack[-1][0] >= floor:
                    _, waiting, left, start = pop()
                    add_gate(waiting)
                    add_inputs((left, node) if left >= 0 else (node,))
                    add_first(start)
                    add_last(end)
                    node = count
                    count += 1
                if precedence:
                    push((precedence, gate, node, start))
                    i += 1
                    break
                bracket = stack[-1]
                if bracket is PAREN and symbol == ")":
                    pop()
                    start = close_bracket()
                elif bracket is CALL and symbol in (")", ","):
                    node, start = self.argument(i, node)
                    count = len(gates)
                    if node < 0:
                        i += 1
                        break
                elif bracket is BOTTOM and symbol in ENDS:
                    return node, i
                else:
                    raise refusals.closer(self.place(i))
                end = i
                i += 1

    def place(self, i: int, start: int = -1, end: int = -1) -> Place:
        """Return the place that an error is about."""
        return Place(self.source, i, self.brackets, start, end)

    # What the loop does not know.

    def number(self, i: int) -> float:
        """Return the number at token `i`, remembered for when it is written again."""
        symbol = self.tokens[i]
        try:
            value = self.numbers[symbol] = float(symbol)
        except ValueError:
            raise refusals.number(self.place(i)) from None
        if value == inf:
            raise refusals.overflow(self.place(i))
        return value

    def operand(self, i: int) -> tuple[int, int]:
        """Return the node of the operand at token `i`, OPENED if it is yet to come, and the next token."""
        symbol = self.tokens[i]
        if symbol in PREFIXES or symbol == "+":
            return self.prefix(i)
        if symbol == "\n" and self.brackets:
            return OPENED, i + 1
        if symbol not in RESERVED and (is_name(symbol) or symbol in CALLABLE):
            return self.name(i)
        if symbol == ")" and self.stack[-1] is CALL and self.pending[-1].is_empty():
            raise misnomers.arguments(self.source, self.pending[-1], i)
        raise refusals.operand(self.place(i))

    def operator(self, i: int, node: int, start: int, end: int) -> tuple[Operator | None, int, int]:
        """Return the operator at token `i`, the operand of tokens `start` to `end`, and the next token.

        There is no operator where the operand goes on: with a superscript, or because it is no
        variable but the head of a call.
        """
        symbol = self.tokens[i]
        if symbol in ENDS or symbol == ",":
            return CLOSER, node, i
        if symbol in COMPARISONS:
            self.refuse_chain(i)
            return COMPARISONS[symbol], node, i
        if is_superscript(symbol):
            return None, self.superscript(i, node, start), i + 1
        if start == end and is_name(self.tokens[start]) and self.is_head(symbol):
            return None, *self.name(start)
        raise refusals.operator(self.place(i, start, end), self.known())

    def is_head(self, symbol: str) -> bool:
        """Tell whether a name before `symbol` is a call, a module or a keyword, whatever else it is."""
        return symbol in ("(", ".") or (symbol == "=" and self.stack[-1] is CALL)

    def prefix(self, i: int) -> tuple[int, int]:
        """Let a prefix operator wait for its operand; a plus makes no node."""
        symbol = self.tokens[i]
        level = PRECEDENCE["not" if symbol == "not" else "sign"]
        if symbol == "not" and self.stack[-1][0] > level:
            raise refusals.tight_not(self.place(i))
        if symbol != "+":
            self.stack.append((level, PREFIXES[symbol], -1, i))
        return OPENED, i + 1

    def refuse_chain(self, i: int) -> None:
        """Refuse a comparison whose left operand is a comparison without parentheses."""
        for level, _, _, first in reversed(self.stack):
            if level == COMPARISON:
                raise refusals.chain(self.place(i, first), first)
            if level < COMPARISON:
                return

    def superscript(self, i: int, node: int, start: int) -> int:
        """Return the node of a power whose exponent is the superscript at token `i`."""
        try:
            value = float(self.tokens[i][1:])
        except ValueError:
            raise refusals.superscript(self.place(i, start)) from None
        return self.graph.add(POWER, (node, self.constant(value, i, i)), start, i)

    def constant(self, value: float, first: int, last: int) -> int:
        """Add a constant and return its node."""
        node = self.graph.add(CONSTANT, (), first, last)
        self.graph.constants[node] = value
        return node

    # Names and calls.

    def name(self, i: int) -> tuple[int, int]:
        """Read a variable, a keyword, or the head of a call."""
        name, j = self.tokens[i], self.after(i)
        following = self.tokens[j]
        if name in foreign.KEYWORDS and not self.has(name):
            refusals.refuse_keyword(self.place(j, i, i))
        if following == ".":
            return self.dotted(i)
        if following == "(":
            return self.open_call(self.callee(i, j), name, i, j)
        if following == "=" and self.stack[-1] is CALL:
            return self.keyword(i, j)
        if not self.has(name):
            misnomers.refuse_bare_gate(self.source, i, j, self.functions)
        return self.resolve(name, i), i + 1

    def after(self, i: int) -> int:
        """Return the token behind `i`, which inside brackets is not a newline."""
        i += 1
        while self.brackets and self.tokens[i] == "\n":
            i += 1
        return i

    def callee(self, i: int, j: int) -> Gate | Function:
        """Return what the name at token `i` calls; the bracket is token `j`."""
        name = self.tokens[i]
        callee = self.functions.get(name) or CALLABLE.get(name)
        if callee is None:
            raise misnomers.not_callable(self.source, i, j, self.known(), self.functions)
        return callee

    def open_call(self, callee: Gate | Function, name: str, first: int, j: int) -> tuple[int, int]:
        """Wait for the arguments of a call."""
        self.stack.append(CALL)
        self.brackets.append(j)
        self.pending.append(Call(callee, name, first, j + 1))
        return OPENED, j + 1

    def keyword(self, i: int, j: int) -> tuple[int, int]:
        """Read `name=` before an argument."""
        call, name = self.pending[-1], self.tokens[i]
        if call.due != i and self.after(call.due - 1) != i:
            raise foreign.equals(self.place(j))
        if not call.takes(name) or call.has(name):
            raise misnomers.keyword(self.source, call, i)
        call.keyword = name
        return OPENED, j + 1

    def argument(self, i: int, node: int) -> tuple[int, int]:
        """Take the argument before token `i`; return the call's node or OPENED, and the call's start."""
        call = self.pending[-1]
        if call.keyword:
            call.keywords[call.keyword] = node
        elif call.keywords:
            raise misnomers.late_argument(self.source, call, i)
        else:
            call.arguments.append(node)
        call.keyword, call.due = "", i + 1
        if self.tokens[i] == ",":
            return OPENED, i
        self.stack.pop()
        self.brackets.pop()
        return self.close_call(self.pending.pop(), i), call.first

    def close_call(self, call: Call, last: int) -> int:
        """Return the node of a call that ends at token `last`."""
        if "." in call.name and (difference := modules.difference(call.name, call.count())) is not None:
            raise misnomers.different(self.source, call, last, difference)
        if not call.fits():
            raise misnomers.arguments(self.source, call, last)
        inputs = self.inputs(call, last) if call.keywords else call.arguments
        if isinstance(call.callee, Function):
            return self.call_function(call.callee, inputs, call.first, last)
        return self.graph.add(call.callee, tuple(inputs), call.first, last)

    def inputs(self, call: Call, last: int) -> list[int]:
        """Return the inputs of a call with keywords; defaults that stand between them become constants."""
        return [
            self.constant(value, call.first, last) if isinstance(value, float) else value
            for value in call.inputs()
        ]

    def dotted(self, i: int) -> tuple[int, int]:
        """Read a name with a library's prefix: a call or a constant."""
        parts, j = [self.tokens[i]], i
        while (
            len(parts) <= modules.LONGEST + 1  # whatever follows, that is no library
            and self.tokens[self.after(j)] == "."
            and is_name(self.tokens[self.after(j) + 1])
        ):
            j = self.after(j) + 1
            parts.append(self.tokens[j])
        prefix, name = ".".join(parts[:-1]), parts[-1]
        opening = self.after(j)
        called = self.tokens[opening] == "("
        if prefix in modules.MODULES:
            if called and name in CALLABLE:
                return self.open_call(CALLABLE[name], f"{prefix}.{name}", i, opening)
            if not called and name in CONSTANTS:
                return self.constant(CONSTANTS[name], i, j), j + 1
        raise misnomers.dotted(self.source, i, j, opening)
