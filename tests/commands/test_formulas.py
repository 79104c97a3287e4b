"""Claims without a point on the command line."""

import json

import pytest

SLIP = ("x^2*sin(y)", "--claim", "grad_x=x*sin(y)")


def test_a_formula_needs_no_point(cli):
    done = cli(*SLIP)
    *formulas, verdict = done.out.splitlines()
    assert (done.code, done.err) == (1, "")
    assert formulas == ["df/dx = 2*x*sin(y)", "df/dy = x^2*cos(y)"]
    assert verdict.startswith("✗ claim grad_x = x*sin(y): fail: factor 2 missing; at x=")
    assert verdict.endswith("was claimed; df/dx = 2*x*sin(y)")


@pytest.mark.parametrize(
    ("program", "claim", "code", "said"),
    [
        ("x^2*sin(y)", "grad_x=2*x*sin(y)", 0, "✓ claim grad_x = 2*x*sin(y): pass: proved equal by SymPy"),
        ("3*x", "grad_x=3", 0, "✓ claim grad_x = 3: pass: proved equal by SymPy"),
        ("x*x", "value=x^2", 0, "✓ claim value = x^2: pass: proved equal by SymPy"),
        ("y = x^2; y + 1", "grad_y=1", 0, "✓ claim grad_y = 1: pass: proved equal by SymPy"),
        ("round(x)", "value=floor(x + 0.5)", 0, "equal at 20 random points (seed 0), not proved"),
        ("abs(x)", "grad_x=1", 1, "✗ claim grad_x = 1: fail: "),
        ("max(x, x, 1)", "grad_x=2*(x > 1)", 0, "? claim grad_x = 2*(x > 1): undecided: equal at 20"),
    ],
)
def test_verdicts(cli, program, claim, code, said):
    done = cli(program, "--claim", claim)
    assert (done.code, done.err) == (code, "")
    assert said in done.out


def test_strict(cli):
    assert cli("max(x, x, 1)", "--claim", "grad_x=2*(x > 1)", "--strict").code == 3
    assert cli("x*x", "--claim", "grad_x=2*x", "--strict").code == 0
    assert cli(*SLIP, "--strict").code == 1


def test_json(cli):
    done = cli(*SLIP, "--claim", "grad_y=cos(y)*x*x", "-f", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert found["output"] is None
    assert (found["gradients"], found["check"]) == ({}, None)
    assert found["derivatives"] == {"x": "2*x*sin(y)", "y": "x^2*cos(y)"}
    assert "nodes" not in found
    assert found["claims"]["grad_x"]["verdict"] == "fail"
    assert found["claims"]["grad_x"]["diagnosis"] == "factor 2 missing"
    assert found["claims"]["grad_y"]["reason"] == "proved equal by SymPy"


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "latex", "markdown"])
def test_other_formats_need_a_point(cli, name):
    done = cli(*SLIP, "-f", name)
    assert done.code == 2
    assert f"without a point there are no nodes to write as {name}" in done.err


def test_values_that_are_given_are_held(cli):
    assert cli("x*y", "y=2", "--claim", "grad_x=2").code == 0
    assert cli("x*y", "y=2", "--claim", "grad_x=3").code == 1
    assert "claim grad_x = e: pass" in cli("e*x", "e=3", "--claim", "grad_x=e").out
    assert "no variable 'z'" in cli("x*y", "z=2", "--claim", "grad_x=3").err


def test_with_a_point_nothing_is_drawn(cli):
    assert "#0 x" in cli("x*y", "x=1", "y=2", "--claim", "grad_x=y").out
    assert "claim value = 3: pass, 17 digits" in cli("2 + 1", "--claim", "value=3").out


def test_options(cli):
    assert "(seed 5)" in cli("round(x)", "--claim", "value=floor(x + 0.5)", "--seed", "5").out
    assert cli("x/3", "--claim", "grad_x=0.333", "--rtol", "0.01").code == 0
    assert cli("x^2", "--upstream", "3", "--claim", "grad_x=6*x").code == 0
    assert cli("x*y", "--wrt", "x", "--claim", "grad_x=y").out.count("df/d") == 1
    assert "nothing to claim of 'grad_y'" in cli("x*y", "--wrt", "x", "--claim", "grad_y=x").err
    assert "no variable or statement 'q'" in cli("x*y", "--wrt", "q", "--claim", "grad_x=y").err


def test_a_program_on_standard_input_is_read_once(cli):
    assert cli("-", "--claim", "grad_x=2*x", stdin=b"x^2").code == 0
    assert cli("-", "x=3", "--claim", "grad_x=2*x", stdin=b"x^2").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("W @ x", "--claim", "grad_x=W"), "arrays need a value: W='[1, 2]'"),
        (("sum(x^2)", "--claim", "grad_x=2*x"), "the shape of 'x^2' is not known, and sum takes arrays"),
        (("x^2", "--claim", "grad_x=2*zz"), "the claim grad_x: unknown name 'zz'"),
        (("log(-1 - x^2)", "--claim", "grad_x=1"), "hint: give a point: x=1"),
        (("x^2", "--claim", "grad_x=2*x", "--get", "x"), "give it a value: x=1"),
        (("x^2", "--claim", "grad_x=2*x", "-o", "g.npz"), "give it a value: x=1"),
    ],
)
def test_what_needs_a_point(cli, arguments, said):
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_terminal_breaks_lines(cli):
    done = cli(*SLIP, "--color", "never", columns=60)
    assert max(map(len, done.out.splitlines())) <= 60


def test_a_program_without_variables_has_a_table(cli):
    assert cli("2 + 1").code == 0
