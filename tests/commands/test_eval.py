import json

import pytest

ONE = ["(x + y)*z", "x=-2", "y=5", "z=-4"]
KINK = ["abs(x)", "x=0"]
NODE_KEYS = {
    "id", "name", "expr", "span", "within", "gate", "inputs", "shape", "value", "local", "gradient", "flow",
    "verdict", "reference", "digits", "reason", "parts",
}  # fmt: skip


def test_the_json_contract(cli):
    done = cli(*ONE, "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert list(document) == [
        "schema", "program", "output", "gradients", "nodes", "check", "kinks", "warnings",
    ]  # fmt: skip
    assert document["schema"] == "gradcalc/1"
    assert document["output"] == {"name": None, "node": 4, "value": -12.0, "shape": []}
    assert document["gradients"] == {"x": -4.0, "y": -4.0, "z": 3.0}
    add = document["nodes"][2]
    assert set(add) == NODE_KEYS
    assert add["parts"] == [{"from": 4, "upstream": 1.0, "local": -4.0, "gradient": -4.0}]
    assert {k: add[k] for k in ("expr", "span", "gate", "inputs", "value", "local", "gradient", "flow")} == {
        "expr": "x + y", "span": [1, 6], "gate": "add", "inputs": [0, 1], "value": 3.0, "local": [1.0, 1.0],
        "gradient": -4.0, "flow": "distributor",
    }  # fmt: skip
    x = document["check"]["gradients"]["x"]
    assert (x["formula"], x["reference"], x["relative_error"], x["digits"], x["verdict"]) == (
        "z",
        -4.0,
        0.0,
        17,
        "pass",
    )


def test_without_check_and_without_nodes(cli):
    document = json.loads(cli(*ONE, "-f", "json", "--no-check", "--nodes", "none").out)
    assert document["check"] is None
    assert "nodes" not in document


def test_named_nodes_are_the_variables_the_statements_and_the_output(cli):
    done = cli("q = x + y; p = 2*q; p*z", *ONE[1:], "-f", "json", "--nodes", "named", "--no-check")
    assert [node["expr"] for node in json.loads(done.out)["nodes"]] == ["x", "y", "x + y", "2*q", "z", "p*z"]


def test_a_value_never_computed_is_null(cli):
    nodes = json.loads(cli("where(x > 0, log(x), 0)", "x=-1", "-f", "json", "--no-check").out)["nodes"]
    assert [node["value"] for node in nodes if node["gate"] == "log"] == [None]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--get", "z"], "3.0"),
        (["--get", "value", "--get", "x"], "-12.0\t-4.0"),
        (["--get", "x,z,output.value"], "-4.0\t3.0\t-12.0"),
        (["--get", "z", "--wrt", "x"], "3.0"),
    ],
)
def test_get(cli, options, line):
    assert cli(*ONE, *options).out == line + "\n"


def test_get_of_a_statement_and_of_a_name_called_value(cli):
    assert cli("q = x + y; q*z", *ONE[1:], "--get", "q").out == "-4.0\n"
    assert cli("value*x", "value=3", "x=2", "--get", "value", "--get", "output.value").out == "2.0\t6.0\n"
    assert cli("value = 3*x; value^2", "x=2", "--get", "value").out == "12.0\n"


def test_get_value_asks_for_no_gradient(cli):
    assert cli("sqrt(x)", "x=0").code == 3
    assert cli("sqrt(x)", "x=0", "--get", "value").out == "0.0\n"


def test_wrt(cli):
    document = json.loads(cli("q = x + y; q*z", *ONE[1:], "--wrt", "x,q", "--wrt", " z", "-f", "json").out)
    assert document["gradients"] == {"x": -4.0, "q": -4.0, "z": 3.0}


def test_a_point_from_a_file_is_overridden_by_arguments(cli, tmp_path):
    file = tmp_path / "point.json"
    file.write_text('{"x": -2, "y": 5, "z": 100, "spare": 1}')
    assert cli(ONE[0], "z=-4", "--at", str(file), "--get", "value").out == "-12.0\n"
    assert cli(ONE[0], "--at", "-", "--get", "value", stdin=b'{"x": 1, "y": 2, "z": 3}').out == "9.0\n"
    assert cli(ONE[0], "--at", str(file), "spar=1").code == 2


def test_the_report_can_go_to_a_file(cli, tmp_path):
    file = tmp_path / "report.json"
    done = cli(*ONE, "-o", str(file), "-f", "json", columns=80)
    assert (done.code, done.out) == (0, "")
    assert json.loads(file.read_text())["output"]["value"] == -12.0
    cli(*ONE, "-o", str(file), "--color", "always", columns=40)
    assert "\x1b" not in file.read_text()
    assert "✓ 17 digits, pass" in file.read_text()


def test_the_environment_sets_options(cli, monkeypatch):
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    monkeypatch.setenv("GRADCALC_CHECK", "0")
    for arguments in (ONE, ["eval", *ONE]):
        assert json.loads(cli(*arguments).out)["check"] is None
    assert json.loads(cli(*ONE, "--check").out)["check"]["verdict"] == "pass"
    assert cli(*ONE, "--format", "tsv").out.startswith("id\tname")
    monkeypatch.setenv("GRADCALC_FORMAT", "nonsense")
    assert cli(*ONE).code == 2


def test_strict_asks_for_more(cli):
    assert cli(*KINK).code == 0
    done = cli(*KINK, "--strict", "--format", "csv")
    assert done.code == 3
    assert done.err.startswith("undecided: ")
    assert "x: " in done.err
    assert cli(*ONE, "--strict").code == 0


def test_a_wrong_rule_exits_1(cli, monkeypatch):
    from gradcalc.pipeline import compute
    from gradcalc.result import Check, Entry, Result

    def broken(*args, **kwargs):
        result = compute(*args, **kwargs)
        entry = Entry("fail", 1.0, 0.5, 0, reason="the rule is wrong")
        proof = Check(
            "fail", "closed form", 1e-9, 0.0, {"x": entry}, [None] * len(result.graph), first_wrong=0
        )
        return Result(**(vars(result) | {"check": proof}))

    monkeypatch.setattr("gradcalc.pipeline.compute", broken)
    done = cli("x^2", "x=1")
    assert done.code == 1
    assert "✗ fail: a gradient is wrong; the first gate that is wrong is at #0" in done.out
    done = cli("x^2", "x=1", "--get", "x")
    assert (done.code, done.out) == (1, "2.0\n")
    assert done.err.startswith("fail: a gradient is wrong")


def test_colour_is_for_terminals_unless_asked_for(cli, monkeypatch):
    assert "\x1b[" in cli(*ONE, columns=80).out
    assert "\x1b[" not in cli(*ONE).out
    assert "\x1b[" in cli(*ONE, "--color", "always").out
    assert "\x1b[" not in cli(*ONE, "--color", "never", columns=80).out
    coloured = cli(*ONE, columns=80).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in cli(*ONE, columns=80).out
    assert cli(*ONE, "--color", "always", columns=80).out == coloured


def test_a_stream_without_unicode_gets_ascii(cli):
    done = cli(*ONE, encoding="ascii")
    assert done.out.isascii()
    assert "ok 17 digits, pass" in done.out
    assert "-4 from #2 * 1" in done.out
    assert "\\u03c3" in cli("σ(x)", "x=0", encoding="ascii").out


def test_user_text_is_never_markup(cli):
    assert "[bold]" not in cli("x", "x=1", "--color", "always").out
    done = cli("x # [bold]", "y=[red]", "--color", "always")
    assert "[red]" in done.err


def test_a_bare_call_shows_examples(cli):
    done = cli()
    assert done.code == 0
    assert done.out.count("\n  gradcalc ") == 3
    assert "nothing" not in done.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["eval", "--help"], ["diff", "--help"], ["x", "--help"]]
)
def test_help(cli, arguments):
    done = cli(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: gradcalc")
    assert "\\b" not in done.out


def test_version(cli):
    assert cli("--version").out.startswith("gradcalc ")


# Claims.


@pytest.mark.parametrize(
    ("claim", "code", "said"),
    [
        ("value=18", 0, "claim value = 18: pass, 17 digits"),
        ("value=x*x*y", 0, "claim value = x*x*y: pass, 17 digits"),
        ("grad_x=2*x*y", 0, "claim grad_x = 2*x*y: pass, 17 digits"),
        ("grad_x=12.0000001", 1, "claim grad_x = 12.0000001: fail: it is 12.0, but 12.0000001 was claimed"),
        ("grad_y=x^3/x", 0, "claim grad_y = x^3/x: pass, 17 digits"),
        ("grad_y=8", 1, "claim grad_y = 8: fail: it is 9.0, but 8.0 was claimed"),
        ("grad_x=[12, 12]", 1, "it has the shape (2,), but should have ()"),
    ],
)
def test_claims_are_judged(cli, claim, code, said):
    done = cli("x^2*y", "x=3", "y=2", "--claim", claim)
    assert (done.code, done.err) == (code, "")
    assert said in done.out


def test_a_claim_about_a_statement_needs_no_wrt(cli):
    arguments = "q = x + y; q*z", "x=1", "y=2", "z=3", "--claim", "grad_q=3"
    assert "claim grad_q = 3: pass, 17 digits" in cli(*arguments).out
    assert cli(*arguments, "--wrt", "x").code == 2


def test_claims_about_arrays(cli):
    arguments = ("W @ x", "W=[[1,2],[3,4]]", "x=[5,6]", "--upstream", "[1, 10]")
    good = cli(*arguments, "--claim", "grad_W=[[5,6],[50,60]]", "--claim", "value=[17, 39]")
    assert good.code == 0
    bad = cli(*arguments, "--claim", "grad_W=[[5,6],[60,60]]", "--get", "x")
    assert (bad.code, bad.out) == (1, "[31.0, 42.0]\n")
    assert "at [1, 0] it is 50.0, but 60.0 was claimed" in bad.err


def test_a_claim_at_a_kink_is_a_subgradient_or_none(cli):
    done = cli("abs(x)", "x=0", "--claim", "grad_x=1")
    assert done.code == 0
    assert "claim grad_x = 1: pass: a valid subgradient: between -1 and 1" in done.out
    done = cli("abs(x)", "x=0", "--claim", "grad_x=2")
    assert done.code == 1
    assert "claim grad_x = 2: fail: at a kink" in done.out


@pytest.mark.parametrize("option", [("--no-check",), ("--no-check", "--get", "x"), ()])
def test_a_claim_is_never_held_against_our_own_rule(cli, monkeypatch, option):
    if not option:
        monkeypatch.setenv("GRADCALC_CHECK", "0")
    program = ("relu(x) - relu(-x)", "x=0", *option)
    assert [cli(*program, "--claim", f"grad_x={claim}").code for claim in (0, 1)] == [1, 0]
    assert cli("abs(x)", "x=0", *option, "--claim", "grad_x=0.5").code == 0


@pytest.mark.parametrize("option", [(), ("-f", "json")])
def test_claims_about_a_statement(cli, option):
    program = ("q = x + y; q*z", "x=-2", "y=5", "z=-4", *option)
    assert cli(*program, "--claim", "grad_q=-4", "--claim", "grad_x=-4").code == 0
    done = cli(*program, "--claim", "grad_q=4")
    assert done.code == 1
    assert "wrong sign" in done.out
    assert cli(*program, "--claim", "grad_r=4").code == 2


def test_a_claim_at_a_jump_is_undecided(cli):
    done = cli("floor(x)", "x=2", "--claim", "grad_x=1")
    assert done.code == 0
    assert "claim grad_x = 1: undecided: a jump" in done.out
    assert cli("floor(x)", "x=2", "--claim", "grad_x=1", "--strict").code == 3


def test_what_the_voices_say_stands_below_a_claim_that_fails(cli):
    out = cli("x^2*y", "x=3", "y=2", "--claim", "grad_x=6").out
    assert "\n  rule, closed form, gate by gate and central difference agree on 12\n" in out
    assert "agree on" not in cli("x^2*y", "x=3", "y=2", "--claim", "grad_x=12").out


def test_claims_in_json(cli):
    claims = json.loads(cli("x^2", "x=3", "--claim", "grad_x=7", "-f", "json").out)["claims"]
    assert claims["grad_x"]["verdict"] == "fail"
    assert claims["grad_x"]["reference"] == 6.0


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("grad_z=1", "did you mean 'grad_x'?"),
        ("valeu=1", "did you mean 'value'?"),
        ("grad_x", "is not NAME=EXPR"),
        ("grad_x=", "is not NAME=EXPR"),
        ("grad_x=2*", "the claim grad_x: an operand is missing after '*'"),
        ("grad_x=2*q", "the claim grad_x: unknown name 'q'"),
        ("grad_x=1; 2", "the claim grad_x"),
        ("grad_x=log(-1)", "the claim grad_x: log of -1"),
    ],
)
def test_claims_that_are_none(cli, claim, said):
    done = cli("x^2", "x=3", "--claim", claim)
    assert done.code in (2, 3)
    assert said in done.err


@pytest.mark.parametrize(
    ("program", "value", "left", "right"),
    [("abs(x)", "x=0", "-1", "1"), ("relu(x)", "x=0", "0", "1"), ("max(x, 2)", "x=2", "0", "1")],
)
def test_kinks_are_told_with_their_interval(cli, program, value, left, right):
    done = cli(program, value)
    assert "kink at #" in done.out
    assert f"  df/dx: {left} from the left, {right} from the right" in done.out
    found = json.loads(cli(program, value, "--claim", f"grad_x={right}", "-f", "json").out)
    sides = {"left": float(left), "right": float(right)}
    for told in (found["check"]["gradients"]["x"], found["claims"]["grad_x"]):
        assert {name: told[name] for name in sides} == sides
    assert found["claims"]["grad_x"]["reason"] == f"a valid subgradient: between {left} and {right}"


def test_a_form_that_stays_finite_is_a_hint(cli):
    done = cli("log(1 + exp(x))", "x=1000")
    assert done.code == 3
    assert "hint: softplus(x) stays finite" in done.err
