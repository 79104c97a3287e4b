"""Forms: composite gates written out, and found again; the same numbers, or the form that is written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import NamingError, NumberError
from gradcalc.forms import Form, composite, expand, group, rewritten
from gradcalc.gates import GATES
from gradcalc.graph import violations
from gradcalc.language import parse
from gradcalc.pipeline import compute

COMPOSITE = list(composite().values())
FORMS = [(gate, text) for gate in GATES.values() for text in gate.forms]


def _near(probe):
    """Return the middle of a range: from -3 to 3, where it reaches so far."""
    return sorted((max(probe[0], -3), min(probe[1], 3)))


def called(gate):
    return parse(f"{gate.name}({', '.join(gate.parameters[: gate.arity[0]])})")


def names(graph):
    return [gate.name for gate in graph.gates if gate.name not in ("variable", "constant")]


@pytest.mark.parametrize("gate", COMPOSITE, ids=lambda gate: gate.name)
def test_every_composite_gate_is_written_out_and_found_again(gate):
    graph = called(gate)
    assert [*violations(expand(graph))] == []
    wide = expand(graph, [gate.name])
    assert [*violations(wide)] == []
    assert gate.name not in names(wide)
    if len(names(wide)) > 1:
        assert names(group(wide)) == [gate.name]
    assert list(wide.variables) == list(graph.variables)


@pytest.mark.parametrize(("gate", "text"), FORMS, ids=str)
def test_every_form_is_found(gate, text):
    assert names(group(parse(text))) == [gate.name]


@pytest.mark.parametrize("gate", [g for g in COMPOSITE if g.elementwise], ids=lambda gate: gate.name)
def test_both_forms_have_the_same_gradients(gate):
    rng = np.random.default_rng(0)
    given = gate.parameters[: gate.arity[0]]
    program = f"{gate.name}({', '.join(given)})"
    for _ in range(5):
        point = {p: float(rng.uniform(*_near(r))) for p, r in zip(given, gate.probe, strict=False)}
        one, other = compute(program, point, check=False), compute(program, point, check=False, expand=[])
        for name, gradient in one.gradients.items():
            assert other.gradients[name] == pytest.approx(gradient, rel=1e-9, abs=1e-12)


def test_some_gates_alone():
    assert names(expand(parse("silu(x)"), ["silu"])) == ["sigmoid", "mul"]
    assert names(expand(parse("silu(x)"))) == ["neg", "exp", "add", "div", "mul"]


def test_options_that_the_expansion_does_not_know_keep_the_gate():
    assert names(expand(parse("softmax(x, axis=0)"))) == ["softmax"]


def test_default_inputs_become_constants():
    wide = expand(parse("leaky_relu(x)"))
    assert 0.01 in wide.constants.values()


def test_the_neuron_both_ways():
    """The same neuron as one gate, as in the lecture."""
    text = "1/(1 + exp(-(w*x + b)))"
    assert names(group(parse(text))) == ["mul", "add", "sigmoid"]
    point = {"w": 2, "x": -1, "b": 1}
    one, other = compute(text, point, group=True), compute("sigmoid(w*x + b)", point, expand=[])
    assert one.check.verdict == other.check.verdict == "pass"
    assert one.gradients == pytest.approx(other.gradients, rel=1e-14)


def test_what_feeds_something_else_stays_a_node():
    assert names(group(parse("e = exp(-x); 1/(1 + e) + e"))) == ["neg", "exp", "add", "div", "add"]
    kept = rewritten(parse("e = exp(-x); 1/(1 + e)"), Form(group=True), ["e"])
    assert "exp" in names(kept)


def test_inputs_in_any_order():
    assert names(group(parse("log(exp(x) + 1)"))) == ["softplus"]
    assert names(group(parse("1/(exp(-x) + 1)"))) == ["sigmoid"]
    assert names(group(parse("max(x, 0)"))) == ["relu"]


def test_other_numbers_are_no_form():
    assert names(group(parse("1/(2 + exp(-x))"))) == ["neg", "exp", "add", "div"]
    assert "sigmoid" not in names(group(parse("1/(1 + exp(x))")))


def test_at_a_kink_the_form_that_is_written_decides():
    found = compute("max(0, x)", {"x": 0}, group=True)
    assert found.gradients == {"x": 0.5}
    difference = "the gradient of x would be 0.0 instead of 0.5"
    assert found.warnings == [f"grouped, {difference}: the form that is written decides, and is shown"]


def test_where_the_other_form_is_not_finite_too():
    found = compute("sigmoid(x)", {"x": -800}, expand=[])
    assert names(found.graph) == ["sigmoid"]
    assert "the form that is written decides" in found.warnings[0]


def test_gates_that_cannot_be_written_out_are_refused():
    with pytest.raises(NamingError, match="'sgmoid' is no gate") as error:
        expand(parse("x"), ["sgmoid"])
    assert error.value.hint == "did you mean 'sigmoid'?"
    with pytest.raises(NamingError, match="'exp' is made of no simpler gates"):
        expand(parse("x"), ["exp"])


def test_every_node_of_an_expansion_has_a_text_and_its_call():
    wide = expand(parse("y = sigmoid(2*x); y^2"))
    texts = [wide.expr(node) for node in range(len(wide))]
    assert "1/(1 + exp(-x))" in texts
    inner = next(node for node, gate in enumerate(wide.gates) if gate.name == "exp")
    span = wide.call_span(inner)
    assert wide.text[span.start : span.end] == "sigmoid(2*x)"


def test_large_programs_are_rewritten_in_a_moment():
    text = "\n".join(f"y{i} = sigmoid(y{i - 1})*x" if i else "y0 = x + 1" for i in range(3000))
    graph = parse(text)
    assert len(group(expand(graph))) == len(graph)


# Whatever is written: the numbers of the other form are those of the form that is written, or it says so.

WRITTEN = (
    "1/(1 + exp(-({})))", "exp({0})/(1 + exp({0}))", "log(1 + exp({}))", "max(0, {})", "max({}, 0)",
    "sigmoid({})", "tanh({})", "relu({})", "(exp({0}) - exp(-({0})))/(exp({0}) + exp(-({0})))",
    "softplus({})", "leaky_relu({})", "gelu({})", "{} + y", "x*({})", "sin({})", "min(max({}, -1), 1)",
    "({})^2", "{0} - ({0})",
)  # fmt: skip
REDUCED = ("sum({})", "log(sum(exp({})))", "sqrt(sum(({})^2))", "mean({})", "sum(softmax({})*x)", "var({})")


@st.composite
def programs(draw, leaves=("x", "y", "0"), reduced=("{}",)):
    text = draw(st.sampled_from(leaves))
    for _ in range(draw(st.integers(1, 4))):
        text = draw(st.sampled_from(WRITTEN)).format(text)
    return f"{draw(st.sampled_from(reduced)).format(text)} + 0*sum(x + y)"


NUMBERS = st.sampled_from((-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0))


def assert_told(program, point):
    """Both other forms have the numbers of the one that is written, or the difference is told."""
    try:
        written = compute(program, point, check=False)
    except NumberError:
        return
    for form in ({"group": True}, {"expand": []}, {"expand": [], "group": True}):
        found = compute(program, point, check=False, **form)
        assert [*violations(found.graph)] == []
        told = len([w for w in found.warnings if "the form that is written decides" in w])
        for name, gradient in written.gradients.items():
            if told:
                assert np.array_equal(found.gradients[name], gradient)
            else:
                noise = 1e-9 * np.max(np.abs(gradient), initial=0)
                np.testing.assert_allclose(found.gradients[name], gradient, rtol=1e-9, atol=noise)


@given(programs(), st.fixed_dictionaries({"x": NUMBERS, "y": NUMBERS}))
@settings(max_examples=60)
def test_another_form_changes_no_number_of_any_program(program, point):
    assert_told(program, point)


@given(
    programs("xy", REDUCED),
    st.lists(NUMBERS, min_size=3, max_size=3),
    st.lists(NUMBERS, min_size=3, max_size=3),
)
@settings(max_examples=40)
def test_another_form_changes_no_number_of_any_program_of_arrays(program, x, y):
    assert_told(program, {"x": x, "y": y})


def test_a_gate_that_is_made_of_one_other_is_written_out_too():
    """square(x) is x*x, which has as many nodes."""
    assert names(compute("square(x)", {"x": 3}, check=False, expand=[]).graph) == ["mul"]


def test_what_a_function_uses_twice_stays_a_node():
    """The argument of a call has no name, but two wires."""
    grouped = group(parse("f(u) = 1/(1 + u) + u; f(exp(-x))"))
    assert names(grouped) == ["neg", "exp", "add", "div", "add"]
