"""Gates on trial: ours pass, and every wrong rule that is planted in a file is caught and named."""

from __future__ import annotations

from dataclasses import replace

import pytest

import gradcalc
from gradcalc import loading
from gradcalc.errors import UsageError
from gradcalc.gates import GATES, Gate
from gradcalc.suites.gates import points, prove_gates
from gradcalc.suites.gates.mistakes import Claimed, diagnosed, righted
from gradcalc.suites.gates.switches import switches
from gradcalc.systems import real

from ..check.samples import WIRES, mutated
from ..check.test_array_rules import one_entry
from ..check.test_mutants import ELEMENTWISE, RULE_MUTATIONS, wrapped
from ..gates.own import FILE, IMPORTS, array_record, record


@pytest.fixture(autouse=True)
def _unloaded():
    yield
    for path in list(loading.LOADED):
        gradcalc.unload(path)


@pytest.fixture
def few(monkeypatch):
    """Fewer points: that ours are right at many is what the tests of the gates show."""
    monkeypatch.setattr(points, "POINTS", 12)


def outcome_of(gate):
    (outcome,) = prove_gates([gate])
    return outcome


@pytest.fixture
def proved(written):
    """Return a function that loads a file of one gate and returns what came of it."""
    return lambda text: outcome_of(*gradcalc.load(written(text)))


# Ours.


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_our_gates_pass(gate, few):
    outcome = outcome_of(gate)
    assert (outcome.verdict, outcome.reason, outcome.error) == ("pass", "", None)
    assert not outcome.warnings
    assert (outcome.name, outcome.program, outcome.file) == (f"gate {gate.name}", gate.signature, "")


MUTANTS = [
    pytest.param(gate, k, change, id=f"{gate.name}-{k}-{name}")
    for gate in ELEMENTWISE.values()
    for k in range(len(gate.partials))
    for name, change in RULE_MUTATIONS.items()
    if name in ("off by a millionth", "sign turned")
]


@pytest.mark.parametrize(("gate", "k", "change"), MUTANTS)
def test_a_wrong_partial_of_ours_is_caught(gate, k, change, few):
    partials = tuple(wrapped(rule, change) if i == k else rule for i, rule in enumerate(gate.partials))
    outcome = outcome_of(replace(gate, partials=partials))
    name = "input 1" if gate.variadic else gate.parameters[k]
    assert outcome.verdict == "fail"
    assert f"by {name} is" in outcome.reason


@pytest.mark.parametrize("gate", ELEMENTWISE.values(), ids=ELEMENTWISE)
def test_a_wrong_forward_of_ours_is_caught(gate, few):
    value = gate.value
    outcome = outcome_of(replace(gate, forward=lambda m, *x: value(m, *x) + 1e-3))
    assert outcome.verdict == "fail"
    assert outcome.reason.startswith("its value is")


@pytest.mark.parametrize(("gate", "k"), WIRES, ids=lambda x: x.name if isinstance(x, Gate) else str(x))
def test_a_wrong_pullback_of_ours_is_caught(gate, k):
    outcome = outcome_of(mutated(gate, k, one_entry))
    assert outcome.verdict == "fail"
    assert "sends to" in outcome.reason or "is pinned" in outcome.reason


def test_a_truth_is_never_taken_from_the_rule():
    """What a rule should be is the same whatever the rule says."""
    cube = Gate("cube", lambda m, x: x * x * x, probe=((-3.0, 3.0),))
    for wrong in (lambda x: x, lambda x: 1e300, lambda x: 0 * x):
        reason = outcome_of(replace(cube, partials=(wrong,))).reason
        assert "but should be 20.28, at x = 2.6" in reason
    right = righted(replace(cube, partials=(lambda x: 1 / 0,)))
    assert right.local(0, real, (2.0,), 8.0) == 12.0


# Mistakes in a file.

P = "((-3.0, 3.0),)"
ABS = {"definition": "lambda m, x: m.abs(x)", "partials": "(lambda m, x: m.sign(x),)"}
AT_0 = "(Kink(lambda x: x == 0, 'x = 0', False, {!r}, example=({},)),)"
LOG = {"definition": "lambda m, x: m.log(x)", "partials": "(lambda m, x: m.divide(1, x),)"}
POSITIVE = "(Domain(lambda x: x > 0, 'x > 0'),)"
TWO = {"definition": "lambda m, x, y: x * y", "probe": f"{P} * 2"}

WRONG = {
    "a factor": (record(partials="(lambda x: x * x,)"), "should be 20.28, at x = 2.6: factor 3 missing"),
    "half": (record(definition="lambda m, x: x * x / 2", partials="(lambda x: 2 * x,)"),
        ": factor 1/2 missing"),
    "the sign": (record(partials="(lambda x: -3 * x * x,)"), ": wrong sign"),
    "the value": (record(partials="(lambda out: out,)"), ": cube: its value instead of its slope"),
    "left out": (record(partials="(lambda: 1,)"), "cube's local gradient is left out"),
    "off": (record(partials="(lambda x: 3 * x * x + 1e-7,)"), "the local gradient by x is"),
    "no rule": (record(partials="(None,)"), "no gradient flows to x, but the local gradient is"),
    "a rule for nothing": (record(definition="lambda m, x: m.floor(x)", partials="(lambda: 1,)"),
                           "the local gradient by x is 1.0, but should be 0.0"),
    "swapped": (record(**TWO, partials="(lambda x: x, lambda y: y)"),
        ": the gradients of 'x' and 'y' are swapped"),
    "the second": (record(**TWO, partials="(lambda y: y, lambda x: -x)"), "the local gradient by y is"),
    "the forward": (record(forward="lambda m, x: x * x"), "its value is"),
    "not a number": (record(forward="lambda m, x: m.nan"), "its value is nan, but should be"),
    "no float": (record(definition="lambda m, x: 1", partials="(None,)"),
        "its value is 1, which is no float"),
    "the default": (record(definition="lambda m, x, p=2.0: m.pow(x, p)",
                           partials="(lambda x, p: 2 * x, lambda m, x, out: out * m.log(x))",
                           probe="((0.5, 3.0), (1.0, 4.0))"), "the local gradient by x is"),
    "variadic": (record(definition="lambda m, *x: m.max(*x)", partials="(lambda k: 1 if k == 0 else 0,)",
                        flow="'router'"), "the local gradient by input 1 is 1.0, but should be 0.0"),
    "a tie": (record(definition="lambda m, *x: m.max(*x)",
                     partials="(lambda m, x, k, out: 1.0 * (x[k] == out),)",
                     kinks="(Kink(lambda *x: x.count(max(x)) > 1, 'tie', False, '1, 1', example=(2, 2)),)",
                     flow="'router'"),
                     "the local gradients add up to 2.0, but should to 1.0, at input 1 = 2.0"),
    "a kink": (record(**ABS),
        "it has a kink (-1 from the left, 1 from the right) by x that its record does not"),
    "an odd kink": (record(definition="lambda m, x: m.where(x > 1.2345, lambda: x * x, lambda: 1.2345**2)",
                           partials="(lambda m, x: m.where(x > 1.2345, lambda: 2 * x, lambda: 0),)"),
                    "at x = 1.2345"),
    "a jump": (record(definition="lambda m, x: m.floor(x)", partials="(None,)"), "it has a jump by x"),
    "no kink": (record(kinks=AT_0.format("0", "0.0")),
        "tells of a kink where x = 0, but both sides have the same"),
    "a kink elsewhere": (record(**ABS, kinks=AT_0.format("0", "1.0")),
        "its kink 'x = 0' is not at its own example"),
    "outside both sides": (record(**{**ABS, "partials": "(lambda m, x: m.where(x > 0, lambda: 1, lambda: "
                                     "m.where(x < 0, lambda: -1, lambda: 5)),)"},
                                  kinks=AT_0.format("5", "0.0")),
                           "by x is 5.0, but should be 1.0, the nearest of both sides, at x = 0.0"),
    "another convention": (record(**ABS, kinks=AT_0.format("1", "0.0")),
        "says that the local gradient by x is 1.0"),
    "no number": (record(**ABS, kinks=AT_0.format("one", "0.0")), "its kink says ours='one'"),
    "no domain": (record(**LOG),
        "its definition has no value, though its domain does not leave"),
    "a wide domain": (record(**LOG, domain="(Domain(lambda x: x > -1, 'x > -1'),)"),
        "its definition has no value"),
    "a narrow domain": (record(**LOG, domain="(Domain(lambda x: x > 2, 'x > 2'),)", probe="((3.0, 4.0),)"),
                        "its value is 0.0 outside of its domain"),
    "pinned": (record(edges="(Edge((1.0,), 1.0, (2.0,), 'one'),)"), "by x is pinned to be 2.0, but is 3.0"),
    "a pinned value": (record(edges="(Edge((1.0,), 2.0, (None,), 'one'),)"),
        "its value is pinned to be 2.0, but is 1.0"),
    "digits": (record(definition="lambda m, x: m.exp(x) - 1", partials="(lambda m, x: m.exp(x),)"),
               "; with more digits it is right, floats lose them"),
    "raised": (record(partials="(lambda x: nothing(x),)"),
        "my_gates.py:2: NameError: name 'nothing' is not defined"),
    "a branch": (record(partials="(lambda x: 3 * x * x if x > 0 else 3 * x * x,)"), "branch with m.where"),
    "a branch in the definition": (record(definition="lambda m, x: x**3 if x > 0 else x**3"),
        "branch with m.where"),
    "out of our hands": (IMPORTS + "import math\n" + record(definition="lambda m, x: math.exp(x)",
                         partials="(lambda out: out,)"), "the functions of m alone"),
    "no such function": (record(definition="lambda m, x: m.cosine(x)"), "has no attribute 'cosine'"),
    "no return": (record(partials="(lambda x: None,)"),
        "its rule for x returns None, which is no number, at x = 0.0"),
    "a list": (record(partials="(lambda x: [3 * x * x],)"), "its rule for x returns [0.0], which is no"),
    "a complex number": (record(partials="(lambda x: 3 * x * x + 0j,)"), "its rule for x returns 0j, which"),
    "no return in the definition": (record(definition="lambda m, x: None"), "its definition returns None,"),
    "a text": (record(definition="lambda m, x: 'x'"), "its definition returns 'x', which is no number"),
    "no return in the forward": (record(forward="lambda m, x: None"), "its value is None, which is no float"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_an_elementwise_gate(proved, text, reason):
    outcome = proved(text)
    assert outcome.verdict == "fail"
    assert reason in outcome.reason
    assert (outcome.file, outcome.exit()) == ("my_gates.py", 1)


MEAN = {
    "definition": "lambda m, x: m.sum(x) / 6",
    "pullbacks": "(lambda m, g, shape: g / 6 + m.zeros(shape),)",
}
PRODUCT = {"definition": "lambda m, x, y: m.matmul(x, y)", "shape": "lambda x, y: (x[0], y[1])",
           "arrives": "('g', 'g')", "samples": "(Sample(((2, 3), (3, 4))),)"}  # fmt: skip
LARGEST = {"definition": "lambda m, x: m.amax(x)", "samples": "(Sample(((3,),)),)"}
TIED = "(Kink(lambda x: (x == x.max()).sum() > 1, 'a tie', False, '1, 1', example=((1.0, 1.0),)),)"

WRONG_ARRAYS = {
    "a factor": (array_record(**{**MEAN, "pullbacks": "(lambda m, g, shape: g + m.zeros(shape),)"}),
        "1/n missing"),
    "the sign": (array_record(pullbacks="(lambda m, g, shape: m.zeros(shape) - g,)"), ": wrong sign"),
    "upstream": (array_record(pullbacks="(lambda m, shape: m.zeros(shape) + 1,)"),
        ": the upstream gradient was"),
    "nan": (array_record(pullbacks="(lambda m, g, shape: g + m.zeros(shape) * m.nan,)"),
        "to x is not finite"),
    "no rule": (array_record(pullbacks="(None,)"), "sends to x at [0, 0] is 0.0, but should be"),
    "the second": (array_record(**PRODUCT, pullbacks="(lambda m, g, y: m.matmul(g, y.T),"
                                "lambda m, g, x: 2 * m.matmul(x.T, g))"), "sends to y"),
    "transposed": (array_record(definition="lambda m, x: m.sum(x, 1)", shape="lambda x: x[:1]", samples=
                   "(Sample(((3, 3),)),)", pullbacks="(lambda m, g, shape: g + m.zeros(shape),)"),
                   ": transposed"),
    "its shape": (array_record(**PRODUCT, pullbacks="(lambda m, g, y: m.matmul(g, y.T).T,"
                               "lambda m, g, x: m.matmul(x.T, g))"),
                               "sends to x has the shape (3, 2), but x has (2, 3)"),
    "the value's shape": (array_record(shape="lambda x: x"),
        "its value has the shape (), but its record says (2, 3)"),
    "the forward": (array_record(forward="lambda m, x: m.sum(x) + 1"), "the value of total is"),
    "a refusal": (array_record(shape="lambda x: 1 / 0"), "my_gates.py:2: ZeroDivisionError"),
    "raised": (array_record(pullbacks="(lambda m, g: nothing,)"), "my_gates.py:2: NameError"),
    "sizes": (array_record(**PRODUCT, pullbacks="(lambda m, g, y: m.matmul(g, y), lambda m, g, x: 0)"),
              "my_gates.py:2: ValueError"),
    "out of our hands": (IMPORTS + "import math\nimport numpy as np\n" + array_record(
                         definition="lambda m, x: m.sum(np.array([math.exp(t) for t in x]))", samples=
                         "(Sample(((3,),)),)", pullbacks="(lambda m, g, x: g * m.exp(x),)"),
                         "cannot be followed"),
    "pinned": (array_record(edges="(Edge(((1.0, 2.0),), 4.0, ((1.0, 1.0),), 'two'),)"),
        "is pinned to be 4.0, but is 3"),
    "a pinned shape": (array_record(edges="(Edge(((1.0, 2.0),), 3.0, (1.0,), 'two'),)"),
        "is pinned with the shape ()"),
    "a kink": (array_record(definition="lambda m, x: m.sum(m.abs(x))",
               pullbacks="(lambda m, g, x: g * m.sign(x),)"), "its record does not tell of a kink: of"),
    "an untold tie": (array_record(**LARGEST, pullbacks=
                      "(lambda m, g, x, out: g * m.number(m.equal(x, out)),)"),
                      "sends to x"),
    "a tie": (array_record(**LARGEST, kinks=TIED, pullbacks=
              "(lambda m, g, x, out: g * m.number(m.equal(x, out)),)"),
              "where elements move together"),
    "a kink elsewhere": (array_record(kinks=
                         "(Kink(lambda x: x.max() > 9, 'large', False, '0', example=((1.0,),)),)"),
                         "its kink 'large' is not at its own example"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_a_mistake_in_a_gate_with_a_shape(proved, text, reason):
    outcome = proved(text)
    assert outcome.verdict == "fail"
    assert reason in outcome.reason
    assert (outcome.file, outcome.exit()) == ("my_gates.py", 1)


RIGHT = {
    "cube": record(),
    "a constant": record(definition="lambda m, x: m.number(1)", partials="(None,)"),
    "two inputs": record(**TWO, partials="(lambda y: y, lambda x: x)"),
    "a default": record(
        definition="lambda m, x, p=2.0: m.pow(x, p)", probe="((0.5, 3.0), (1.0, 4.0))",
        partials="(lambda m, x, p: p * m.pow(x, p - 1), lambda m, x, out: out * m.log(x))",
    ),
    "a kink": record(**ABS, kinks=AT_0.format("0", "0.0")),
    "a domain": record(**LOG, domain=POSITIVE),
    "more digits": record(
        definition="lambda m, x: m.exp(x) - 1", forward="lambda m, x: m.expm1(x)",
        partials="(lambda m, x: m.exp(x),)",
    ),
    "a sum": array_record(),
    "a mean": array_record(**MEAN),
    "a product": array_record(
        **PRODUCT, pullbacks="(lambda m, g, y: m.matmul(g, y.T), lambda m, g, x: m.matmul(x.T, g))"
    ),
    "a maximum": array_record(
        **LARGEST, kinks=TIED.replace("1, 1'", "1/2, 1/2'"), pullbacks=
        "(lambda m, g, x, out: g * m.number(m.equal(x, out)) / m.sum(m.number(m.equal(x, out))),)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_gate_that_is_right_passes(proved, text):
    outcome = proved(text)
    assert (outcome.verdict, outcome.reason, outcome.exit(strict=True)) == ("pass", "", 0)


# Less than a failure, and less than a trial.


def test_more_ulps_than_stated_are_inaccurate(proved):
    text = record(
        definition="lambda m, x: m.sin(x)", forward="lambda m, x: m.sin(x) * (1 + 2e-15)",
        partials="(lambda m, x: m.cos(x),)", probe="((0.1, 1.0),)", ulps="{}",
    )  # fmt: skip
    outcome = proved(text.format("(2, 2)"))
    assert outcome.verdict == "inaccurate"
    assert "ulps, its record states 2, at x = " in outcome.reason
    assert (outcome.exit(), outcome.exit(strict=True)) == (0, 3)
    assert proved(text.format("(12, 2)")).verdict == "pass"


@pytest.mark.parametrize(
    "text",
    [
        record(**LOG, domain=POSITIVE, probe="((-3.0, -1.0),)"),
        record(**ABS, kinks="(Kink(lambda x: x == x, 'everywhere', False, '0'),)"),
        array_record(domain="(Domain(lambda x: False, 'never'),)"),
    ],
    ids=["outside its domain", "on a kink", "a sample outside its domain"],
)
def test_a_gate_that_was_tried_nowhere_is_an_error(proved, text):
    outcome = proved(text)
    assert (outcome.verdict, outcome.exit()) == (None, 2)
    assert "was tried nowhere: no " in outcome.error.message


def test_a_kink_without_example_is_noted(proved):
    text = record(**ABS, kinks="(Kink(lambda x: x == 0, 'x = 0', False, '0'),)")
    assert proved(text).warnings == ["its kink 'x = 0' has no example, so it was not tried"]


def test_no_gates_are_no_pass():
    with pytest.raises(UsageError, match="there are no gates to prove"):
        list(prove_gates([]))


def test_a_failure_points_at_the_function(proved):
    text = IMPORTS + (
        "G = Gate(\n    'cube',\n    lambda m, x: x * x * x,\n    (\n        lambda x: 2 * x * x,\n    ),\n"
        "    probe=((-1.0, 1.0),),\n)\n"
    )
    assert proved(text).line == 6
    assert proved(text.replace("2 * x * x", "nothing")).line == 6
    assert proved(text.replace("2 * x * x", "3 * x * x")).line == 4


def test_an_error_in_ours_is_no_failure_of_the_gate(monkeypatch):
    monkeypatch.setattr("gradcalc.suites.gates.elementwise.off", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        outcome_of(GATES["mul"])


def test_a_verdict_is_the_same_every_time(proved):
    text = record(partials="(lambda x: 3 * x * x + 1e-5,)")
    assert proved(text).reason == proved(text).reason


# How places are found.


def test_where_a_definition_switches_is_found_to_the_last_bit():
    gate = Gate("bend", lambda m, x: m.where(x * x > 2, lambda: x, lambda: 0), probe=((0.0, 3.0),))
    found = {x for (x,) in switches(gate, [(0.5,), (2.5,)])}
    assert found == {1.414213562373095, 1.4142135623730951}


def test_points_are_in_the_probe_and_the_same_every_time():
    gate = Gate("cube", lambda m, x, y: x * y, probe=((-1e-3, 2.0), (5.0, 1e9)))
    found = points.drawn(gate, 2)
    assert len(found) == points.POINTS
    assert all(-1e-3 < x < 2 and 5 < y < 1e9 for x, y in found)
    assert found == points.drawn(gate, 2)


def test_mistakes_are_named_by_what_fits_at_all_points():
    gate = Gate("cube", lambda m, x: x * x * x, (lambda x: 0 * x,), probe=((-3.0, 3.0),))
    claims = [Claimed((x,), (-3.0 * x * x,), [0]) for x in (1.0, 2.0, 0.5)]
    assert diagnosed(gate, claims) == {"x": "wrong sign"}
    assert diagnosed(gate, [*claims, Claimed((0.7,), (3.0,), [0])]) == {}
    assert diagnosed(gate, []) == {}


# The command.


def test_check_proves_what_it_loads(written, cli):
    done = cli("check", "--load", written())
    assert (done.code, done.err) == (0, "")
    assert done.out == "✓ pass: gate cube (my_gates.py:6)\n✓ pass: gate row_sums (my_gates.py:14)\n2 passed\n"


def test_check_fails_for_a_wrong_rule(written, cli):
    done = cli(
        "check",
        "--load",
        written(),
        "--load",
        written(record("wrong", partials="(lambda x: x * x,)"), "b.py"),
    )
    assert done.code == 1
    assert "✗ fail: gate wrong (b.py:2)\n" in done.out
    assert done.out.endswith("factor 3 missing\n2 passed, 1 failed\n")


def test_check_stops_at_the_first_failure_where_asked_to(written, cli):
    text = record("wrong", partials="(lambda x: x * x,)") + FILE
    assert cli("check", "--fail-fast", "--load", written(text)).out.endswith("\n1 failed\n")


def test_check_proves_before_it_runs_suites(written, cli):
    suite = written('[[case]]\nprogram = "cube(x)"\npoint = {x = 2}\nclaims = {grad_x = 12}\n', "suite.toml")
    done = cli("check", suite, "--load", written())
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[-1] == "3 passed"
    assert cli("check", suite).code == 2


def test_check_proves_before_it_judges_rows(written, cli):
    rows = written("x,grad_x\n1,3\n2,12\n", "rows.csv")
    done = cli("check", rows, "--program", "cube(x)", "--load", written())
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[-1] == "4 passed"


def test_suites_that_hold_nothing_are_an_error_though_gates_pass(written, cli):
    suite = written('[[case]]\nprogram = "cube(x)"\npoint = {x = 2}\n', "suite.toml")
    assert cli("check", suite, "-k", "nowhere", "--load", written()).code == 2


def test_a_failure_is_annotated_in_its_line(written, cli):
    text = record("wrong", partials="(lambda x: x * x,)")
    assert cli("check", "--load", written(text), "--report", "github").out.startswith(
        "::error file=my_gates.py,line=2"
    )
