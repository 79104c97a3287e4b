"""Every record is whole: what the catalogue, the parser and the reports read is there and fits together."""

from __future__ import annotations

from collections import Counter

import pytest

from gradcalc.gates import CALLABLE, CONSTANT, FAMILIES, GATES, VARIABLE, Gate, lookup
from gradcalc.gates.record import argument_names

from .truth import ELEMENTWISE, name

every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=name)
every_elementwise_gate = pytest.mark.parametrize("gate", ELEMENTWISE, ids=name)
FLOWS = {
    "distributor": {"add", "sub"},
    "switcher": {"mul"},
    "router": {"max", "min", "maxout", "relu", "clip", "where"},
}


@every_elementwise_gate
def test_record_is_complete(gate):
    assert gate.doc.endswith(".")
    assert gate.latex
    assert gate.flow == next((flow for flow, names in FLOWS.items() if gate.name in names), "scaler")
    assert all(low < high for low, high in gate.probe)


@every_elementwise_gate
def test_there_is_exactly_one_slope_and_one_probe_an_input(gate):
    assert len(gate.partials) == len(gate.parameters)
    assert len(gate.probe) >= 2 if gate.variadic else len(gate.probe) == len(gate.parameters)


@every_elementwise_gate
def test_rules_keep_what_there_is(gate):
    known = {*gate.parameters, "m", "out", *(["k"] if gate.variadic else [])}
    for rule in filter(None, gate.partials):
        assert set(argument_names(rule)) <= known
    assert set(gate.keeps) <= {*gate.parameters, "out"}


@every_gate
def test_latex_takes_every_input(gate):
    shown = gate.to_latex(*[f"<{p}>" for p in gate.parameters])
    assert all(f"<{p}>" in shown for p in gate.parameters)
    assert shown.count("{") == shown.count("}")
    assert not any(f"{{{p}}}" in shown for p in gate.parameters)


@every_gate
def test_edges_and_kinks_fit_the_arity(gate):
    fewest, most = gate.arity
    for inputs in [edge.inputs for edge in gate.edges] + [kink.example for kink in gate.kinks]:
        assert fewest <= len(inputs) <= (most or len(inputs))
    assert all(len(edge.local) == len(edge.inputs) for edge in gate.edges)
    assert all(edge.why for edge in gate.edges)


def test_names_are_unique():
    names = Counter(text for gate in GATES.values() for text in (gate.name, *gate.aliases))
    assert [text for text, count in names.items() if count > 1] == []
    symbols = Counter(gate.infix for gate in GATES.values() if gate.infix)
    assert [text for text, count in symbols.items() if count > 1] == []
    assert set(names) == set(CALLABLE)


def test_families_hold_every_gate_once():
    assert [gate for family in FAMILIES.values() for gate in family] == list(GATES.values())


@pytest.mark.parametrize(
    ("alias", "gate"),
    [("ln", "log"), ("arctan2", "atan2"), ("σ", "sigmoid"), ("√", "sqrt"), ("rint", "round")],
)
def test_aliases(alias, gate):
    assert lookup(alias) is GATES[gate]


@pytest.mark.parametrize("unknown", ["argmax", "fmod", "variable", ""])
def test_no_such_gate(unknown):
    assert lookup(unknown) is None


@pytest.mark.parametrize(
    ("gate", "signature", "arity"),
    [
        ("mul", "mul(x, y)", (2, 2)),
        ("log", "log(x, base=e)", (1, 2)),
        ("leaky_relu", "leaky_relu(x, slope=0.01)", (1, 2)),
        ("max", "max(x, ...)", (1, None)),
        ("atan2", "atan2(y, x)", (2, 2)),
    ],
)
def test_signatures(gate, signature, arity):
    assert GATES[gate].signature == signature
    assert GATES[gate].arity == arity
    assert repr(GATES[gate]) == f"<gate {signature}>"


@pytest.mark.parametrize(
    ("gate", "arguments", "text"),
    [
        ("div", ("a + b", "c"), r"\frac{a + b}{c}"),
        ("pow", ("x", "2"), "x^{2}"),
        ("log", ("x",), r"\log_{e} x"),
        ("log", ("x", "10"), r"\log_{10} x"),
        ("max", ("x", "y", "z"), r"\max(x, y, z)"),
        ("sub", ("{y}", "{x}"), "{y} - {x}"),
    ],
)
def test_latex(gate, arguments, text):
    assert GATES[gate].to_latex(*arguments) == text


@pytest.mark.parametrize(
    ("gate", "kept"),
    [("add", ()), ("mul", ("x", "y")), ("exp", ("out",)), ("div", ("y", "out")), ("max", ("x", "out"))],
)
def test_what_backward_keeps_is_read_off_the_rule(gate, kept):
    assert GATES[gate].keeps == kept


def test_leaves_are_no_gates_of_the_language():
    assert {VARIABLE.flow, CONSTANT.flow} == {None}
    assert lookup("constant") is None


def test_a_gate_of_ones_own_is_one_record():
    from gradcalc.systems import real

    gate = Gate("cube", definition=lambda m, x: x * x * x, partials=(lambda x: 3 * x * x,))
    assert gate.value(real, 2.0) == 8.0
    assert gate.local(0, real, (2.0,), 8.0) == 12.0
    assert gate.keeps == ("x",)
