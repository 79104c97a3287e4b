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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from gradcalc.errors import GradcalcError, NamingError, ProgramSyntaxError, TooLargeError
from gradcalc.gates import CALLABLE, CONSTANT, GATES, VARIABLE
from gradcalc.gates.record import Gate
from gradcalc.graph import Graph
from gradcalc.language import modules, refusals
from gradcalc.language.functions import Function, inline
from gradcalc.language.tokens import END, Source, canonical, is_name

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
"""Names that have a value unless they are given another."""

RESERVED = ("and", "or", "not")

LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("and",), ("not",), ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/", "%", "@"), ("sign",),
    ("**",),
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
    table = {gate.infix: (PRECEDENCE[gate.infix], PRECEDENCE[gate.infix], gate) for gate in GATES.values() if gate.infix}
    level = PRECEDENCE["**"]
    table["**"] = table["^"] = (level + 1, level, table["**"][2])  # from right to left: its like is not reduced
    return table | {")": CLOSER}


OPERATORS = {symbol: entry for symbol, entry in _operators().items() if entry[1] != COMPARISON}
COMPARISONS = {symbol: entry for symbol, entry in _operators().items() if entry[1] == COMPARISON}
PREFIXES = {gate.prefix: gate for gate in GATES.values() if gate.prefix}
POWER = OPERATORS["**"][2]


@dataclass
class Call:
    """A call that is being read; `keyword` is the name before the next argument."""

    callee: Gate | Function
    name: str
    first: int
    arguments: list[int] = field(default_factory=list)
    keywords: dict[str, int] = field(default_factory=dict)
    keyword: str = ""


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
        self.stack: list[Entry] = []
        self.brackets: list[int] = []
        self.pending: list[Call] = []

    # What subclasses decide.

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
        """Parse the expression that begins at token `i`; return its node and the token that ends its statement.

        This loop is long because it is where the time of large programs goes: it takes every token
        in hand once, and a call for each would double its cost.
        """
        tokens, graph, known, operator_of = self.tokens, self.graph, self.names.get, OPERATORS.get
        gates, add_gate, add_inputs = graph.gates, graph.gates.append, graph.inputs.append
        add_first, add_last, constants = graph.first.append, graph.last.append, graph.constants
        stack, brackets = self.stack, self.brackets = [BOTTOM], []
        push, pop, open_bracket, close_bracket = stack.append, stack.pop, brackets.append, brackets.pop
        node = count = len(gates)
        while True:
            # An operand is due.
            token = tokens[i]
            found = known(token)
            start = i
            if found is not None:
                node = found
            elif token == "(":
                push(PAREN)
                open_bracket(i)
                i += 1
                continue
            elif "." <= token < ":":  # in ASCII these are ./0123456789
                try:
                    value = float(token)
                except ValueError:
                    raise refusals.number(self.source, i) from None
                if value == inf:
                    raise refusals.overflow(self.source, i)
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
                token = tokens[i]
                operator = operator_of(token)
                if operator is None:
                    if token == "\n" and brackets:
                        i += 1
                        continue
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
                if bracket is PAREN and token == ")":
                    pop()
                    start = close_bracket()
                elif bracket is CALL and token in (")", ","):
                    node, start = self.argument(i, node)
                    count = len(gates)
                    if node < 0:
                        i += 1
                        break
                elif bracket is BOTTOM and token in ("\n", ";", END):
                    return node, i
                else:
                    raise refusals.closer(self.source, i, brackets)
                end = i
                i += 1

    def operand(self, i: int) -> tuple[int, int]:
        """Deal with an operand that the loop does not know; return its node or OPENED, and the next token."""
        token = self.tokens[i]
        if token in PREFIXES or token == "+":
            return self.prefix(i)
        if token == "\n" and self.brackets:
            return OPENED, i + 1
        if token not in RESERVED and (is_name(token) or token in CALLABLE):
            return self.name(i)
        raise refusals.operand(self.source, i, self.brackets)

    def prefix(self, i: int) -> tuple[int, int]:
        """Let a prefix operator wait for its operand; a plus makes no node."""
        symbol = self.tokens[i]
        level = PRECEDENCE["not" if symbol == "not" else "sign"]
        if symbol == "not" and self.stack[-1][0] > level:
            raise refusals.tight_not(self.source, i)
        if symbol != "+":
            self.stack.append((level, PREFIXES[symbol], -1, i))
        return OPENED, i + 1

    def name(self, i: int) -> tuple[int, int]:
        """Read a variable, a keyword or the head of a call."""
        name, j = self.tokens[i], self.after(i)
        if self.tokens[j] == ".":
            return self.dotted(i, j)
        if self.tokens[j] == "(":
            return self.call(i, i, j)
        if self.tokens[j] == "=" and self.stack[-1] is CALL:
            return self.keyword(i, j)
        if (refusal := refusals.gate_without_parentheses(self.source, i, j, self.names, self.known())) is not None:
            raise refusal
        return self.resolve(name, i), i + 1

    def after(self, i: int) -> int:
        """Return the token behind `i`, which inside brackets is not a newline."""
        i += 1
        while self.brackets and self.tokens[i] == "\n":
            i += 1
        return i
