"""Reads LaTeX back as a mathematician would, to nested tuples: the tests' own, apart from the printer."""

import re

TOKEN = re.compile(
    r"\\(?:left|right)(?:\\[a-z]+|.)|\\(?:begin|end)\{cases\}|\\text\{otherwise\}|\\[a-zA-Z]+|\\\\"
    r"|(?:[0-9.]+ \\cdot )?10\^\{-?[0-9]+\}|[0-9.]+|[a-z]_\{[0-9]+\}|\S"
)
RELATIONS = {"<": "lt", r"\le": "le", ">": "gt", r"\ge": "ge", "=": "eq", r"\ne": "ne"}
FENCES = {r"\left|": ("abs", r"\right|"), r"\left\lfloor": ("floor", r"\right\rfloor")}


class Reader:
    """One expression; each method reads one level of the grammar, from loose to tight."""

    def __init__(self, text):
        self.tokens = [*TOKEN.findall(text), ""]
        self.i = 0

    def whole(self):
        found = self.either()
        assert self.peek() == "", self.tokens[self.i :]
        return found

    def peek(self):
        return self.tokens[self.i]

    def take(self, *expected):
        token = self.tokens[self.i]
        assert not expected or token in expected, (token, expected)
        self.i += 1
        return token

    def chain(self, operand, names):
        found = operand()
        while self.peek() in names:
            found = (names[self.take()], found, operand())
        return found

    def either(self):
        return self.chain(self.both, {r"\lor": "or"})

    def both(self):
        return self.chain(self.relation, {r"\land": "and"})

    def relation(self):
        left = self.modulo()
        return (RELATIONS[self.take()], left, self.modulo()) if self.peek() in RELATIONS else left

    def modulo(self):
        start, left, end = self.i, self.sum(), self.i
        if self.peek() != r"\bmod":
            return left
        # Next to other operators people read it both ways, so none may stand there.
        self.i = start
        left = self.power()
        assert self.i == end
        self.take()
        right = self.power()
        assert self.peek() not in ("+", "-", r"\cdot", r"\bmod")
        return "mod", left, right

    def sum(self):
        if self.peek() == "-":
            self.take()
            found = ("neg", self.product())
        else:
            found = self.product()
        while self.peek() in ("+", "-"):
            found = ("add" if self.take() == "+" else "sub", found, self.product())
        return found

    def product(self):
        return self.chain(self.prefix, {r"\cdot": "mul"})

    def prefix(self):
        if self.peek() != r"\lnot":
            return self.power()
        self.take()
        return "not", self.power()

    def power(self):
        base = self.primary()
        if self.peek() != "^":
            return base
        self.take()
        if self.peek() != "{":
            return "pow", base, (self.take("2"),)
        exponent = self.group()
        assert self.peek() != "^"
        return ("exp", exponent) if base == ("e",) else ("pow", base, exponent)

    def group(self, close="}"):
        self.take()
        found = self.either()
        self.take(close)
        return found

    def primary(self):
        word = self.peek()
        if word == r"\left(":
            return self.group(r"\right)")
        if word in FENCES:
            name, close = FENCES[word]
            return name, self.group(close)
        if word == r"\begin{cases}":
            return self.cases()
        self.take()
        if word in (r"\frac", r"\sin"):
            found = (
                ("div", self.group(), self.group()) if word == r"\frac" else ("sin", self.group(r"\right)"))
            )
            assert self.peek() != "^", "whose exponent is it?"
            return found
        if word == r"\sqrt":
            return "sqrt", self.group()
        assert re.match(r"[a-z0-9]", word), word
        return (number(word) if word[0].isdigit() else word,)

    def cases(self):
        self.take()
        found = self.either()
        self.take("&")
        condition = self.either()
        self.take(r"\\")
        otherwise = self.either()
        self.take("&")
        self.take(r"\text{otherwise}")
        self.take(r"\end{cases}")
        return "where", condition, found, otherwise


def number(text):
    """Return a number as `tree` writes it: `1.5 \\cdot 10^{-8}` is `1.5e-08`."""
    digits, _, exponent = text.rpartition("10^{") if "^" in text else (text, "", "0}")
    digits = digits.removesuffix(r" \cdot ") or "1"
    return f"{float(digits + 'e' + exponent[:-1]):g}"


def read(text):
    return plain(Reader(text).whole())


def tree(graph, node=None):
    """Return a graph as the same kind of tuples."""
    node = graph.output if node is None else node
    if node in graph.constants:
        return (f"{graph.constants[node]:g}",)
    name = graph.names().get(node)
    if not graph.inputs[node]:
        return (name[0] + "_{" + name[1:] + "}" if name[1:] else name,)
    return plain((graph.gates[node].name, *(tree(graph, i) for i in graph.inputs[node])))


def plain(found):
    """Return a tuple with what mathematics does not tell apart made the same: (-a)·b is -(a·b)."""
    name, *rest = found
    if not rest or isinstance(rest[0], str):
        return found
    rest = [plain(part) for part in rest]
    if name == "mul" and rest[0][0] == "neg":
        return "neg", plain(("mul", rest[0][1], rest[1]))
    return ("pow", rest[0], ("2",)) if name == "square" else (name, *rest)
