"""Formulas claimed for all points: identities that hold, that hold in places, and that miss by little."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcalc.claims import proof
from gradcalc.claims.judge import Terms
from gradcalc.claims.symbolic import formula, judge_formulas
from gradcalc.commands import COMMANDS
from gradcalc.errors import GradcalcError, ShapeError, UsageError
from gradcalc.examples import EXAMPLES
from gradcalc.language import parse
from gradcalc.result import UNKNOWN
from tests.test_fuzz import programs


def judged(program, claim, said, **options):
    return judge_formulas(parse(program), {claim: said}, **options)[claim]


PROVED = [
    ("x^2*sin(y)", "grad_x", "2*x*sin(y)"),
    ("sin(x)^2", "grad_x", "sin(2*x)"),
    ("sin(x)^2 + cos(x)^2", "value", "1"),
    ("sin(3*x)", "value", "3*sin(x) - 4*sin(x)^3"),
    ("tan(x)", "grad_x", "1 + tan(x)^2"),
    ("tan(x)", "grad_x", "1/cos(x)^2"),
    ("tanh(x)", "grad_x", "1 - tanh(x)^2"),
    ("tanh(x)", "value", "(exp(2*x) - 1)/(exp(2*x) + 1)"),
    ("cosh(x)^2 - sinh(x)^2", "value", "1"),
    ("exp(x)*exp(y)", "value", "exp(x + y)"),
    ("exp(x)", "grad_x", "e^x"),
    ("2^x", "grad_x", "exp(x*log(2))*log(2)"),
    ("x^y", "grad_x", "y*x^(y - 1)"),
    ("x^y", "grad_y", "log(x)*x^y"),
    ("log(x) + log(y)", "value", "log(x*y)"),
    ("2*log(x)", "value", "log(x^2)"),
    ("log(exp(x))", "value", "x"),
    ("sigmoid(x)", "grad_x", "sigmoid(x)*(1 - sigmoid(x))"),
    ("sigmoid(x)", "grad_x", "exp(x)/(1 + exp(x))^2"),
    ("sigmoid(x)", "value", "(1 + tanh(x/2))/2"),
    ("softplus(x)", "grad_x", "1/(1 + exp(-x))"),
    ("log(sigmoid(x))", "value", "-softplus(-x)"),
    ("silu(x)", "grad_x", "sigmoid(x)*(1 + x*(1 - sigmoid(x)))"),
    ("gelu(x)", "grad_x", "(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*pi)"),
    ("x^3/x", "value", "x^2"),
    ("(x^3 - y^3)/(x - y)", "value", "x^2 + x*y + y^2"),
    ("x/(x^2 + y^2)", "grad_x", "(y^2 - x^2)/(x^2 + y^2)^2"),
    ("0.1*x*0.1", "grad_x", "0.01"),
    ("hypot(x, y)", "grad_x", "x/sqrt(x^2 + y^2)"),
    ("norm([x, y])", "grad_x", "x/norm([x, y])"),
    ("norm([x, y, z])^2", "grad_z", "2*z"),
    ("det([[x, y], [z, x]])", "grad_x", "2*x"),
    ("softmax([x, y])[0]", "value", "sigmoid(x - y)"),
    ("q = x + y; q*z", "grad_q", "z"),
    ("q = x + y; q^2", "grad_q", "2*q"),
    ("3*x", "grad_x", "3"),
    ("abs(x)", "value", "sqrt(x^2)"),
    ("abs(x)", "value", "max(x, -x)"),
    ("abs(x)", "grad_x", "sign(x)"),
    ("abs(x)", "grad_x", "x/abs(x)"),
    ("relu(x)", "grad_x", "x > 0"),
    ("relu(x)", "grad_x", "where(x >= 0, 1, 0)"),
    ("relu(x) - relu(-x)", "value", "x"),
    ("leaky_relu(x, 0.1)", "grad_x", "where(x > 0, 1, 0.1)"),
    ("elu(x)", "grad_x", "where(x > 0, 1, exp(x))"),
    ("clip(x, -1, 1)", "grad_x", "(x > -1)*(x < 1)"),
    ("max(x, y)", "value", "(x + y + abs(x - y))/2"),
    ("max(x, y, z)", "grad_x", "x > y and x > z"),
    ("cbrt(x)^3", "value", "x"),
]


@pytest.mark.parametrize(("program", "claim", "said"), PROVED)
def test_identities_are_proved(program, claim, said):
    found = judged(program, claim, said)
    assert (found.verdict, found.reason, found.digits) == ("pass", "proved equal by SymPy", 17)


UNPROVED = [
    ("sqrt(1 - sin(x)^2)", "value", "abs(cos(x))"),
    ("sqrt(x^2 + 2*x + 1)", "value", "abs(x + 1)"),
    ("round(x)", "value", "floor(x + 0.5)"),
    ("sin(100*x)*cos(100*x)", "value", "sin(200*x)/2"),
]


@pytest.mark.parametrize(("program", "claim", "said"), UNPROVED)
def test_what_is_not_proved_says_so(program, claim, said):
    found = judged(program, claim, said, seed=7)
    assert (found.verdict, found.reason) == ("pass", "equal at 20 random points (seed 7), not proved")


WRONG = [
    ("abs(x)", "value", "x"),
    ("x", "value", "sqrt(x^2)"),
    ("x", "value", "(x^2)^0.5"),
    ("log(x^2)", "value", "2*log(x)"),
    ("log(x*y)", "value", "log(x) + log(y)"),
    ("sqrt(x*y)", "value", "sqrt(x)*sqrt(y)"),
    ("x", "value", "sqrt(x)^2"),
    ("x", "value", "exp(log(x))"),
    ("x", "value", "asin(sin(x))"),
    ("x", "value", "atan(tan(x))"),
    ("(x^2)^y", "value", "x^(2*y)"),
    ("cbrt(x)", "value", "x^(1/3)"),
    ("atan2(y, x)", "value", "atan(y/x)"),
    ("atan(x) + atan(1/x)", "value", "pi/2"),
    ("sqrt(1 - sin(x)^2)", "value", "cos(x)"),
    ("abs(x - 100)", "value", "100 - x"),
    ("x", "value", "x + max(0, x - 1e6)"),
    ("x", "value", "where(x > 12345, 0, x)"),
    ("sin(x)", "value", "sin(x)*(abs(x) < 500)"),
    ("x", "value", "round(1000*x)/1000"),
    ("x^5", "value", "round(1e9*x^5)/1e9"),
    ("x", "value", "x + 1e-7*sin(1000*x)"),
    ("sin(x)", "value", "x - x^3/6 + x^5/120"),
    ("relu(x)", "grad_x", "1"),
    ("relu(x)", "grad_x", "x < 0"),
    ("max(x, y)", "grad_x", "x < y"),
    ("x^2", "grad_x", "2*x*(1 + 1e-6)"),
    ("x/3", "grad_x", "0.333333"),
    ("x^2", "grad_x", "nan"),
    ("x^2", "grad_x", "[2, x]"),
]


@pytest.mark.parametrize(("program", "claim", "said"), WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_holds_in_places_fails(program, claim, said, seed):
    found = judged(program, claim, said, seed=seed)
    assert found.verdict == "fail"
    assert found.reason.startswith("at ")


NOT_TO_BE_PROVED = [
    ("abs(x)", "x"),
    ("x", "sqrt(x^2)"),
    ("log(x^2)", "2*log(x)"),
    ("log(x*y)", "log(x) + log(y)"),
    ("sqrt(x*y)", "sqrt(x)*sqrt(y)"),
    ("(x^2)^y", "x^(2*y)"),
    ("cbrt(x)", "x^(1/3)"),
    ("atan2(y, x)", "atan(y/x)"),
    ("asin(sin(x))", "x"),
    ("where(x == 1, 2, x)", "x"),
    ("x^2", "where(x >= 1, where(x <= 1, 7, x^2), x^2)"),
    ("where(x > 0, log(x), x)", "where(x > 0, log(x), abs(x))"),
    ("x", "x*1.0000001"),
]


@pytest.mark.parametrize(("program", "claim"), NOT_TO_BE_PROVED)
def test_no_proof_of_what_does_not_hold_everywhere(program, claim):
    """The points alone would find most of these; a proof must not need them."""
    graph = parse(program)
    assert not proof.equal(graph, parse(f"{program}\n({claim}\n)", list(graph.variables)), None)


RUNAWAY = [
    ("9^9^9*x", "9^9^9"),
    ("exp(exp(exp(exp(exp(x)))))", "1"),
    ("(a + b + c + d + f)^60", "60*(a + b + c + d + f)^59"),
    ("(a + b + c + d + f)^12/(a - b)^9", "1"),
    ("sin(1e6*a)*cos(1e6*a)", "1"),
    ("2^1e300*x", "1"),
    ("x^1e9*x", "1"),
    ("exp2(1e9)*x", "1"),
    ("max(a, b, c, d, f, g)*max(b, c, d, f, g, h)", "1"),
]


@pytest.mark.parametrize(("program", "claim"), RUNAWAY)
def test_what_would_grow_too_large_is_not_proved(program, claim):
    graph = parse(program)
    name = next(iter(graph.variables))
    assert not proof.equal(graph, parse(f"{program}\n({claim}\n)", list(graph.variables)), name)


# Reports.


@pytest.mark.parametrize(
    ("program", "claims", "diagnoses"),
    [
        ("x^2*sin(y)", {"grad_x": "x*sin(y)"}, {"grad_x": "factor 2 missing"}),
        ("x^2*sin(y)", {"grad_x": "-2*x*sin(y)"}, {"grad_x": "wrong sign"}),
        ("x^2*sin(y)", {"grad_x": "2*x*sin(y)", "grad_y": "x^2*sin(y)"}, {"grad_x": ""}),
        ("x*y", {"grad_x": "x", "grad_y": "y"}, {"grad_x": "the gradients of 'x' and 'y' are swapped"}),
        ("exp(sin(x))", {"grad_x": "exp(sin(x)) + 17"}, {"grad_x": UNKNOWN}),
        ("relu(x)*y", {"grad_x": "y"}, {"grad_x": "mask"}),
        ("abs(x)^3", {"grad_x": "3*x^2"}, {"grad_x": "sign(x)"}),
    ],
)
def test_the_mistake_is_named(program, claims, diagnoses):
    found = judge_formulas(parse(program), claims)
    for name, text in diagnoses.items():
        assert text in found[name].diagnosis
        assert bool(text) == (found[name].verdict == "fail")


def test_a_failure_shows_a_point_and_the_right_formula():
    found = judged("x^2*sin(y)", "grad_x", "x*sin(y)")
    place, _, rest = found.reason.partition(" it is ")
    x, y = (float(part.partition("=")[2]) for part in place.removeprefix("at ").split())
    at_point = parse("x^2*sin(y)").forward({"x": x, "y": y})
    assert len(place) < len("at x=-12.3456 y=-12.3456")
    assert at_point[-1]
    assert rest == f"{found.reference!r}, but {found.claimed!r} was claimed; df/dx = 2*x*sin(y)"
    assert found.claimed == pytest.approx(found.reference / 2)


def test_digits_that_were_printed_are_told():
    found = judged("x/3", "grad_x", "0.3333")
    assert found.verdict == "fail"
    assert "equal to as many digits as it is printed with" in found.reason
    assert found.hint == "--rtol 0.0001 would accept it"
    found = judged("x/3", "grad_x", "0.3333", terms=Terms(rtol=0.001))
    assert (found.verdict, found.reason) == (
        "pass",
        "equal to 4 digits at 20 random points (seed 0), not proved",
    )


def test_verdicts_are_repeatable():
    first, second = (judged("x^2*sin(y)", "grad_x", "x*sin(y)", seed=3) for _ in range(2))
    assert first.reason == second.reason
    assert judged("x^2*sin(y)", "grad_x", "x*sin(y)", seed=4).reason != first.reason


def test_values_that_are_held():
    assert judged("x*y", "grad_x", "2", held={"y": 2.0}).verdict == "pass"
    assert judged("x*y", "grad_x", "3", held={"y": 2.0}).verdict == "fail"
    assert judged("sum(W*x)", "grad_x", "sum(W)", held={"W": [1.0, 2.5]}).verdict == "pass"
    assert judged("sum(W*x)", "grad_x", "3", held={"W": [1.0, 2.5]}).verdict == "fail"


def test_upstream_is_multiplied():
    assert judged("x^2", "grad_x", "6*x", upstream=3.0).verdict == "pass"
    assert judged("x^2", "grad_x", "2*x", upstream=3.0).verdict == "fail"
    assert judged("x^2", "value", "x*x", upstream=3.0).verdict == "pass"
    with pytest.raises(ShapeError, match="upstream has the shape"):
        judged("x^2", "grad_x", "2*x", upstream=[1.0, 2.0])


def test_a_narrow_domain_is_found():
    program = "log(a) + log(b) + log(c) + log(d) + asin(f) + log(g - 5000)"
    assert judged(program, "grad_f", "1/sqrt(1 - f^2)").verdict == "pass"


def test_floats_too_small_for_the_formula_are_no_failure():
    assert judged("sigmoid(x)", "grad_x", "exp(-x)/(1 + exp(-x))^2").verdict == "pass"
    assert judged("exp(-x^2)", "grad_x", "-2*x/exp(x^2)").verdict == "pass"


def test_numbers_beyond_all_digits_are_no_internal_error():
    assert judged("sigmoid(exp(exp(x + 1e3)))", "value", "2").verdict == "fail"
    assert judged("x + 1e-323 + 1e308", "grad_x", "1").verdict == "pass"


def test_where_the_program_always_has_a_kink_nothing_is_said():
    found = judged("max(x, x, 1)", "grad_x", "1.5*(x > 1)")
    assert found.verdict == "undecided"
    assert "at a kink" in found.reason


@pytest.mark.parametrize("program", ["W @ x", "sum(x^2)", "mean(x)", "dot(x, y)", "norm(x - y)", "x[0]"])
def test_arrays_have_no_shape_without_a_value(program):
    with pytest.raises(UsageError) as caught:
        judge_formulas(parse(program), {"grad_x": "2*x"})
    assert "arrays need a value" in caught.value.hint


@pytest.mark.parametrize(
    ("program", "claim", "said", "message"),
    [
        ("x^2", "grad_z", "1", "there is nothing to claim of 'grad_z'"),
        ("x^2", "grad_x", "2*zz", "the claim grad_x: unknown name 'zz'"),
        ("x^2", "grad_x", "2*", "the claim grad_x: an operand is missing after '*'"),
        ("log(-1 - x^2)", "grad_x", "1", "of 5,000 random points none is in the program's domain"),
        ("[x, x^2]", "value", "x", "the output has the shape (2,)"),
    ],
)
def test_what_cannot_be_judged(program, claim, said, message):
    with pytest.raises(GradcalcError) as caught:
        judged(program, claim, said)
    assert message in caught.value.message


def test_the_caret_stands_in_the_claim():
    with pytest.raises(GradcalcError) as caught:
        judged("y = x^2; y + 1", "grad_x", "2*zz")
    assert caught.value.source == "2*zz"
    assert caught.value.span == (2, 4)


# Programs of the lecture, and random ones.

SCALAR = [
    program
    for program, *_ in (example.arguments for example in EXAMPLES.values() if example.arguments)
    if not program.startswith("@") and program not in COMMANDS
]


@pytest.mark.parametrize("program", SCALAR)
def test_the_lecture_s_formulas(program):
    graph = parse(program)
    claims = {f"grad_{name}": formula(graph, name) for name in graph.variables}
    assert {c.reason for c in judge_formulas(graph, claims).values()} == {"proved equal by SymPy"}


@settings(max_examples=40)
@given(programs(4), st.integers(0, 1000))
def test_sympy_s_own_derivative_passes_and_a_mistake_in_it_fails(program, seed):
    graph = parse(program)
    formulas = {f"grad_{name}": text for name in graph.variables if (text := formula(graph, name))}
    assume(formulas)
    try:
        found = judge_formulas(graph, formulas, seed=seed)
    except UsageError as error:
        assume("none is in the program's domain" not in error.message)
        raise
    wrong = judge_formulas(graph, {n: f"1.001*({text})" for n, text in formulas.items()}, seed=seed)
    for name in formulas:
        assert found[name].verdict == "pass" or "at a kink" in found[name].reason
        vanishes = judge_formulas(graph, {name: "0"}, seed=seed)[name].verdict != "fail"
        assert (wrong[name].verdict == "fail") != vanishes
