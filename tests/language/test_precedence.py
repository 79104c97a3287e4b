"""Random expressions, printed, parsed and compared with what was printed and with Python's own reading."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from gradcalc.gates import CONSTANT, VARIABLE
from gradcalc.graph import Graph, violations
from gradcalc.language import parse

BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Mod: "mod", ast.Pow: "pow",
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
    ast.And: "and", ast.Or: "or", ast.MatMult: "matmul",
}  # fmt: skip
INFIX = [" + ", "-", "*", "/", " % ", "@", "**", "<", "<=", ">", ">=", "==", "!=", " and ", " or "]


def of_graph(graph: Graph) -> object:
    """Return the output as nested tuples."""
    names = {node: name for name, node in graph.variables.items()}
    trees: list[object] = []
    for node, (gate, inputs) in enumerate(zip(graph.gates, graph.inputs, strict=True)):
        leaf = names[node] if gate is VARIABLE else graph.constants[node] if gate is CONSTANT else None
        key = [graph.static[node]["key"]] if node in graph.static else []
        trees.append((gate.name, *[trees[i] for i in inputs], *key) if leaf is None else leaf)
    return trees[graph.output]


def of_python(node: ast.AST) -> object:
    """Return Python's syntax tree as nested tuples."""
    match node:
        case ast.Expression(body):
            return of_python(body)
        case ast.BinOp(left, operator, right):
            return (BINARY[type(operator)], of_python(left), of_python(right))
        case ast.Compare(left, [operator], [right]):
            return (BINARY[type(operator)], of_python(left), of_python(right))
        case ast.BoolOp(operator, [first, *rest]):
            tree = of_python(first)
            for value in rest:
                tree = (BINARY[type(operator)], tree, of_python(value))
            return tree
        case ast.UnaryOp(ast.UAdd(), operand):
            return of_python(operand)
        case ast.UnaryOp(operator, operand):
            return ("not" if isinstance(operator, ast.Not) else "neg", of_python(operand))
        case ast.Call(ast.Name(name), arguments):
            return (name, *map(of_python, arguments))
        case ast.Subscript(value, ast.Slice(ast.Constant(start))):
            return ("index", of_python(value), (slice(start, None, None),))
        case ast.Subscript(value, ast.Constant(place)):
            return ("index", of_python(value), (place,))
        case ast.Attribute(value, "T"):
            return ("transpose", of_python(value))
        case ast.Constant(value):
            return float(value)
        case ast.Name(name):
            return name
    raise AssertionError(ast.dump(node))


def chains(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Compare) and len(n.ops) > 1 for n in ast.walk(node))


def expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["x", "y", "z", "1", "2.5", "1e3"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(INFIX), inner).map("".join),
            inner.map("({})".format),
            inner.map("-{}".format),
            inner.map("+{}".format),
            inner.map("not {}".format),
            inner.map("sin({})".format),
            inner.map("{}[0]".format),
            inner.map("{}[1:]".format),
            inner.map("{}.T".format),
            st.tuples(inner, inner).map(lambda pair: f"max({pair[0]}, {pair[1]})"),
        ),
        max_leaves=12,
    )


@given(expressions())
def test_expressions_mean_what_they_mean_in_python(text: str) -> None:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:  # `x + not y`, which we refuse as well
        return
    if not chains(tree):
        graph = parse(text)
        assert list(violations(graph)) == []
        assert of_graph(graph) == of_python(tree)


@given(expressions())
def test_every_node_has_the_text_that_means_it(text: str) -> None:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return
    if chains(tree):
        return
    graph = parse(text)
    for node in range(len(graph)):
        start, end = graph.span(node)
        graph.output = node
        assert of_graph(parse(text[start:end])) == of_graph(graph)
