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
    term       = sign { ( "*" | "/" | "%" | "@" ) sign }
    sign       = ( "-" | "+" ) sign | power
    power      = postfix [ ( "^" | "**" ) ( "-" | "+" ) { "-" | "+" } power ]
    postfix    = atom { SUPERSCRIPT | index | ".T" }
    index      = "[" entry { "," entry } "]"
    entry      = expr | [ expr ] ":" [ expr ] [ ":" [ expr ] ] | "..." | "None"
    atom       = NUMBER | NAME | call | "(" expr ")" | list
    call       = [ MODULE "." ] NAME "(" argument { "," argument } ")"
    argument   = value | NAME "=" value
    value      = expr | tuple | WORD                                a WORD (None, True, inf) is an option
    tuple      = "(" [ expr "," [ expr { "," expr } [ "," ] ] ] ")"   an option, or inputs of stack, concat
    list       = "[" [ expr { "," expr } [ "," ] ] "]"

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
from typing import cast

from gradcalc.gates import CALLABLE, CONSTANT, GATES
from gradcalc.gates.record import Gate
from gradcalc.gates.shape import MAX_AXES
from gradcalc.gates.shaping import INDEX as INDEXING
from gradcalc.gates.shaping import TRANSPOSE
from gradcalc.graph import Graph
from gradcalc.language import arrays, creations, foreign, misnomers, modules, refusals
from gradcalc.language.arrays import WORDS
from gradcalc.language.brackets import BLANK, Key, Listing
from gradcalc.language.builder import Builder
from gradcalc.language.calls import Call, Callee
from gradcalc.language.creations import CREATIONS
from gradcalc.language.functions import Function
from gradcalc.language.mending import Place, before
from gradcalc.language.tokens import ENDS, RESERVED, Source, is_name, is_number, is_superscript

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
LIST: Entry = (0, CONSTANT, -4, -1)
INDEX: Entry = (0, CONSTANT, -5, -1)

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


class Parser(Builder):
    """Parses expressions.

    `brackets` are the tokens of those that are open; `pending`, `lists` and `keys` are the calls, the
    lists and the indices among them.
    """

    def __init__(self, source: Source, graph: Graph, functions: dict[str, Function]) -> None:
        super().__init__(source, graph, functions)
        self.numbers: dict[str, float] = {}
        self.stack: list[Entry] = []
        self.brackets: list[int] = []
        self.pending: list[Call] = []
        self.lists: list[Listing] = []
        self.keys: list[Key] = []

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
                    node, start = self.item(i, node)
                    count = len(gates)
                    if node < 0:
                        i += 1
                        break
                end = i
                i += 1

    def place(self, i: int, start: int = -1, end: int = -1) -> Place:
        """Return the place that an error is about."""
        return Place(self.source, i, self.brackets, start, end)

    # What the loop does not know.

    def number(self, i: int) -> float:
        """Return the number at token `i`, remembered for when it is written again."""
        symbol = self.tokens[i]
        if symbol == "..." and self.stack[-1] is INDEX:
            return cast(float, Ellipsis)  # until the entry is read
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
        if symbol == "[":
            return self.open_list(i)
        if self.may_be_blank(symbol):
            return self.constant(BLANK, i, i), i
        if symbol == ")" and self.is_empty_tuple(i):
            return self.constant(creations.array([]), i - 1, i), i
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
        if symbol in ("]", ":") and self.brackets and self.tokens[self.brackets[-1]] == "[":
            return CLOSER, node, i
        if symbol == "[":
            return None, self.open_index(i, node, start), i + 1
        if symbol == "." and self.tokens[i + 1] == "T":
            return None, self.graph.add(TRANSPOSE, (node,), start, i + 1), i + 2
        if start == end and is_name(self.tokens[start]) and self.is_head(symbol):
            return None, *self.name(start)
        at = self.place(i, start, end)
        if self.lists and self.innermost() is LIST:
            arrays.refuse_blanks(at)
        raise refusals.operator(at, self.known())

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

    # Lists and indices.

    def open_list(self, i: int) -> tuple[int, int]:
        """Wait for the elements of a list."""
        depth = self.lists[-1].depth + 1 if self.stack[-1] is LIST else 1
        if depth > MAX_AXES:
            raise arrays.too_deep(self.source, i)
        self.stack.append(LIST)
        self.brackets.append(i)
        self.lists.append(Listing(i, len(self.graph), depth))
        return OPENED, i + 1

    def open_index(self, i: int, node: int, start: int) -> int:
        """Wait for the entries of an index of `node`, whose text begins with token `start`."""
        self.stack.append(INDEX)
        self.brackets.append(i)
        self.keys.append(Key(node, start, i + 1, len(self.graph)))
        return OPENED

    def innermost(self) -> Entry:
        """Return the entry of the innermost bracket."""
        return next(entry for entry in reversed(self.stack) if entry[0] == 0)

    def may_be_blank(self, symbol: str) -> bool:
        """Tell whether no operand need stand before a symbol: `x[:]`, the end of `[1, 2,]`."""
        top = self.stack[-1]
        if top is INDEX:
            return symbol in (":", ",", "]")
        return top is LIST and symbol == self.lists[-1].closer

    def item(self, i: int, node: int) -> tuple[int, int]:
        """Take what stands in a bracket before token `i`; return what is closed or OPENED, and its start."""
        symbol, bracket = self.tokens[i], self.stack[-1]
        if bracket is PAREN and symbol == "," and self.may_be_tuple():
            self.stack[-1] = bracket = LIST
            self.lists.append(Listing(self.brackets[-1], self.pending[-1].mark, closer=")"))
        if bracket is LIST and symbol in (",", self.lists[-1].closer):
            return self.element(i, node)
        if bracket is INDEX and symbol in (":", ",", "]"):
            return self.entry_of_key(i, node)
        if bracket is PAREN and symbol == "," and self.stack[-2] is INDEX:
            raise arrays.bracketed(self.source, self.brackets[-1])
        if bracket is PAREN and symbol == "," and self.stack[-2] is LIST and self.lists[-1].closer == ")":
            arrays.refuse_nested(self.source, self.lists[-1], self.pending[-1])
        if bracket is LIST:
            arrays.refuse_rows(self.place(i))
        raise refusals.closer(self.place(i))

    def may_be_tuple(self) -> bool:
        """Tell whether a tuple may begin at the open parenthesis: `zeros((2, 3))`, `stack((x, y))`."""
        call = self.pending[-1] if self.stack[-2] is CALL else None
        return call is not None and (bool(call.option()) or call.takes_list())

    def is_empty_tuple(self, i: int) -> bool:
        """Tell whether the bracket at token `i` closes the shape of a number: `reshape(x, ())`."""
        is_empty = self.stack[-1] is PAREN and before(self.source, i) == self.brackets[-1]
        return is_empty and self.stack[-2] is CALL and bool(self.pending[-1].option())

    def element(self, i: int, node: int) -> tuple[int, int]:
        """Take the element of a list before token `i`."""
        listing = self.lists[-1]
        if self.graph.constants.get(node) is BLANK:
            self.drop(node)
        else:
            listing.elements.append(node)
        if self.tokens[i] == ",":
            return OPENED, i
        self.stack.pop()
        self.brackets.pop()
        self.lists.pop()
        if listing.elements and self.lists_inputs(i):
            self.pending[-1].listed = listing.elements
            return listing.elements[-1], listing.first
        return self.list_node(listing, i), listing.first

    def lists_inputs(self, i: int) -> bool:
        """Tell whether the list that token `i` ends has all the inputs of a call: `concat([x, y])`."""
        if self.stack[-1] is not CALL or not self.pending[-1].takes_list():
            return False
        j = self.after(i)
        if self.tokens[j] == ")":
            return True
        k = self.after(j)
        if self.tokens[k] == "-":
            k = self.after(k)
        following = self.tokens[self.after(k)]
        is_axis = is_number(self.tokens[k]) and following in (",", ")")
        return self.tokens[j] == "," and (is_axis or following == "=")

    def entry_of_key(self, i: int, node: int) -> tuple[int, int]:
        """Take an entry of an index, or a bound of a slice, before token `i`."""
        key = self.keys[-1]
        if self.tokens[i] == ":":
            self.read_bound(key, i, node)
            return OPENED, i
        self.read_entry(key, i, node)
        if self.tokens[i] == ",":
            return OPENED, i
        self.stack.pop()
        self.brackets.pop()
        self.keys.pop()
        return self.index_node(key, i), key.start

    # Names and calls.

    def name(self, i: int) -> tuple[int, int]:
        """Read a variable, a keyword, or the head of a call."""
        name, j = self.tokens[i], self.after(i)
        following = self.tokens[j]
        if name in foreign.KEYWORDS and not self.has(name):
            refusals.refuse_keyword(self.place(j, i, i))
        if name in ("True", "False") and self.in_list_of_index() and not self.has(name):
            raise arrays.mask(self.source, i, i)
        if name in WORDS and self.takes_word():
            return self.constant(WORDS[name], i, i), i + 1
        if following == "." and (self.tokens[j + 1] != "T" or name in modules.MODULES):
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

    def takes_word(self) -> bool:
        """Tell whether `None` or `True` is no name here: an option is due, or an entry of an index."""
        if not self.pending or self.brackets[-1] != self.pending[-1].opening:
            return self.stack[-1] is INDEX
        return bool(self.pending[-1].option())

    def in_list_of_index(self) -> bool:
        """Tell whether an element of a list is due that is an entry of an index."""
        if self.stack[-1] is not LIST:
            return False
        return next(entry for entry in reversed(self.stack) if entry is not LIST) is INDEX

    def callee(self, i: int, j: int) -> Callee:
        """Return what the name at token `i` calls; the bracket is token `j`."""
        name = self.tokens[i]
        callee = self.functions.get(name) or CALLABLE.get(name) or CREATIONS.get(name)
        if callee is None:
            raise misnomers.not_callable(self.source, i, j, self.known(), self.functions)
        if callee is INDEXING:
            raise arrays.index_called(self.source, i, j)
        return callee

    def open_call(self, callee: Callee, name: str, first: int, j: int) -> tuple[int, int]:
        """Wait for the arguments of a call."""
        self.stack.append(CALL)
        self.brackets.append(j)
        self.pending.append(Call(callee, name, first, j, j + 1, len(self.graph.gates), [], {}))
        return OPENED, j + 1

    def keyword(self, i: int, j: int) -> tuple[int, int]:
        """Read `name=` before an argument."""
        call, name = self.pending[-1], self.tokens[i]
        if call.due != i and self.after(call.due - 1) != i:
            raise foreign.equals(self.place(j))
        if call.reduces(name):
            call.callee = call.callee.reduction or call.callee
        if not call.takes(name) or call.has(name):
            raise misnomers.keyword(self.source, call, i)
        call.keyword, call.mark = name, len(self.graph)
        return OPENED, j + 1

    def argument(self, i: int, node: int) -> tuple[int, int]:
        """Take the argument before token `i`; return the call's node or OPENED, and the call's start."""
        call = self.pending[-1]
        if call.callee.static:
            self.read_argument(call, i, node)
        elif call.keyword:
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
        return self.call_node(self.pending.pop(), i), call.first

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
            if called and name in modules.ARRAYS:
                self.stack.append(PAREN)
                self.brackets.append(opening)
                return OPENED, opening + 1
            if called and (callee := modules.callee(name)) is not None:
                return self.open_call(callee, f"{prefix}.{name}", i, opening)
            if not called and name in CONSTANTS:
                return self.constant(CONSTANTS[name], i, j), j + 1
        raise misnomers.dotted(self.source, i, j, opening, self.known())
