"""Gates of one's own: a file is run where somebody asks for it, and what it defines are gates like ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradcalc
from gradcalc import loading
from gradcalc.errors import GradcalcError, NamingError, NumberError, UsageError
from gradcalc.forward import forward_loop
from gradcalc.gates import BUILT_IN, CALLABLE, FAMILIES, GATES, lookup
from gradcalc.suites.cases import Case
from gradcalc.suites.running import run
from gradcalc.systems import real

from .own import CUBE, FILE, IMPORTS, array_record, record


@pytest.fixture(autouse=True)
def _registry_as_before():
    """What a test loads is taken away again, and nothing else is."""
    before = dict(GATES), dict(CALLABLE), dict(FAMILIES)
    yield
    for path in list(loading.LOADED):
        gradcalc.unload(path)
    assert before == (GATES, CALLABLE, FAMILIES)


def refusal(file):
    with pytest.raises(UsageError) as caught:
        gradcalc.load(file)
    return caught.value


# What is loaded is a gate like any other.


def test_gates_that_are_loaded_are_in_the_registry(written):
    cube, row_sums = gradcalc.load(written())
    assert lookup("cube") is lookup("third_power") is GATES["cube"] is cube
    assert FAMILIES["loaded from my_gates.py"] == (cube, row_sums)
    assert loading.loaded_gates() == [cube, row_sums]
    assert loading.place(cube) == ("my_gates.py", 6)
    assert loading.place(GATES["mul"]) == ("", 0)
    assert "cube" not in BUILT_IN


def test_a_scalar_gate_runs_through_the_whole_pipeline(written):
    gradcalc.load(written())
    result = gradcalc.compute("q = cube(x); third_power(y)*q", {"x": 2, "y": 3})
    assert result.output.value == 216.0
    assert result.gradients == {"x": 324.0, "y": 216.0}
    assert result.check.verdict == "pass"
    assert result.check.gradients["x"].formula == "3*x^2*y^3"


def test_an_array_gate_runs_through_the_whole_pipeline(written):
    gradcalc.load(written())
    result = gradcalc.compute("sum(cube(row_sums(A)))", {"A": [[1, 2], [3, 4]]})
    assert result.gradients["A"].tolist() == [[27, 27], [147, 147]]
    assert result.check.verdict == "pass"
    assert result.nodes[0].parts[0].arrives == "g[:, None], the same for each column"


def test_elementwise_gates_broadcast(written):
    gradcalc.load(written())
    result = gradcalc.compute("sum(cube(x) + y)", {"x": [1, 2], "y": 1})
    assert result.gradients["x"].tolist() == [3, 12]
    assert result.check.verdict == "pass"


def test_derivatives_of_both_kinds(written):
    gradcalc.load(written())
    point = {"A": [[1, 2], [3, 4]]}
    jacobian = gradcalc.jacobian("row_sums(A)", point)
    assert jacobian["A"].tolist() == [[[1, 1], [0, 0]], [[0, 0], [1, 1]]]
    assert jacobian.check.verdict == "pass"
    assert gradcalc.hessian("cube(x)", {"x": 2})["x", "x"] == 12
    assert gradcalc.jvp("row_sums(A)", point, {"A": [[1, 0], [0, 0]]})[()].tolist() == [1, 0]


def test_claims_about_it_are_judged(written):
    gradcalc.load(written())
    claims = gradcalc.compute("cube(x)", {"x": 2}, claims={"grad_x": 12, "value": "x^3"}).claims
    assert [claim.verdict for claim in claims.values()] == ["pass", "pass"]
    wrong = gradcalc.compute("cube(x)", {"x": 2}, claims={"grad_x": -12}).claims["grad_x"]
    assert (wrong.verdict, wrong.diagnosis) == ("fail", "wrong sign")


def test_a_wrong_rule_is_caught_where_it_is_used(written):
    gradcalc.load(written(record(partials="(lambda x: 2 * x * x,)")))
    check = gradcalc.compute("cube(x)", {"x": 2}).check
    assert check.verdict == "fail"
    assert check.reason == "#1: the local gradient of cube by x is 8.0, but should be 12.0"


def test_a_gate_without_latex_is_printed_as_a_call(written, cli):
    text = record("my_cube", probe="((-1.0, 1.0),)")
    assert (
        r"\operatorname{my\_cube}\left(x\right)"
        in cli("my_cube(x)", "x=2", "-f", "latex", "--load", written(text)).out
    )


def test_unloading_leaves_graphs_as_they_are(written):
    gradcalc.load(written())
    graph = gradcalc.parse("cube(x)")
    gradcalc.unload("my_gates.py")
    assert graph.forward({"x": 2})[graph.output] == 8
    with pytest.raises(NamingError, match="unknown gate 'cube'"):
        gradcalc.parse("cube(x)")
    gradcalc.unload("my_gates.py")  # once more is no error


def test_a_file_that_is_loaded_again_replaces_its_gates(written):
    gradcalc.load(written())
    gradcalc.load(written(record(definition="lambda m, x: x", partials="(lambda: 1,)")))
    assert gradcalc.compute("cube(x)", {"x": 2}).output.value == 2
    assert [*FAMILIES][-1] == "loaded from my_gates.py"
    assert lookup("row_sums") is None


def test_a_file_with_a_fault_leaves_those_that_were_there(written):
    (cube,) = gradcalc.load(written(record()))
    assert "SyntaxError" in refusal(written("x = = 1")).message
    assert lookup("cube") is cube


def test_two_files_of_the_same_name(tmp_path, monkeypatch):
    for folder, text in (("a", record()), ("b", array_record())):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gates.py").write_text(text)
        monkeypatch.chdir(tmp_path / folder)
        gradcalc.load("gates.py")
    assert [gate.name for gate in loading.loaded_gates()] == ["cube", "total"]


def test_a_list_says_which_gates_a_file_gives(written):
    text = FILE + "GATES = [ROW_SUMS]\n"
    assert [gate.name for gate in gradcalc.load(written(text))] == ["row_sums"]


def test_gates_that_were_imported_are_not_its_own(written):
    text = f"from gradcalc.gates import GATES, VARIABLE\nfrom gradcalc.gates.arithmetic import MUL\n{FILE}"
    assert [gate.name for gate in gradcalc.load(written(text))] == ["cube", "row_sums"]


def test_what_stands_beside_a_file_can_be_imported(written, tmp_path, monkeypatch):
    written("RULES = (lambda x: 3 * x * x,)", "rules_of_cubes.py")
    file, path = written("from rules_of_cubes import RULES\n" + record(partials="RULES")), list(sys.path)
    monkeypatch.chdir("/")
    gradcalc.load(tmp_path / file)
    assert gradcalc.compute("cube(x)", {"x": 2}).gradients == {"x": 12}
    assert sys.path == path


def test_a_library_has_no_gates_of_ones_own(written):
    gradcalc.load(written())
    with pytest.raises(NamingError, match="unknown gate 'cube'"):
        gradcalc.parse("np.cube(x)")


def test_gates_of_the_same_name_do_not_share_what_is_cached(written):
    """Loops, formulas and LaTeX are kept by the record, not by its name."""
    for power, slope in ((2, "2 * x"), (3, "3 * x * x"), (4, "4 * x * x * x")):
        text = record(definition=f"lambda m, x: m.pow(x, {power})", partials=f"(lambda x: {slope},)")
        gradcalc.load(written(text))
        result = gradcalc.compute("cube(x)", {"x": 3})
        assert result.gradients == {"x": power * 3.0 ** (power - 1)}
        assert result.check.verdict == "pass"
        assert gradcalc.hessian("cube(x)", {"x": 1})["x", "x"] == power * (power - 1)


# Functions that no loop can be written from.


def test_a_function_that_branches_is_called(written):
    text = record(
        definition="lambda m, x: m.max(0, x)", forward="lambda m, x: x if x > 0 else 0.0",
        partials="(lambda x: 1.0 if x > 0 else 0.0,)",
    )  # fmt: skip
    gradcalc.load(written(text))
    result = gradcalc.compute("3*cube(x) + cube(y)", {"x": 2, "y": -2})
    assert result.gradients == {"x": 3, "y": 0}
    assert result.check.verdict == "pass"


def test_a_loop_in_a_function_is_not_written_out(written):
    """Written down as one line it would double in each of its turns."""
    text = IMPORTS + (
        "def twice(m, x):\n    for _ in range(60):\n        x = x / 2 + x / 2\n    return x\n"
        "G = Gate('same', definition=lambda m, x: x, forward=twice, partials=(lambda: 1,), probe=((0, 1),))"
    )
    (gate,) = gradcalc.load(written(text))
    graph = gradcalc.parse("same(x)")
    assert graph.forward({"x": 1.5}) == [1.5, 1.5]
    assert "gate0" not in forward_loop((gate,)).__code__.co_names


def test_a_division_by_zero_is_nan_as_in_our_gates(written):
    text = record("inverse", definition="lambda m, x: 1 / x", partials="(lambda x: -1 / (x * x),)",
                  domain="(Domain(lambda x: x != 0, 'x != 0'),)")  # fmt: skip
    (gate,) = gradcalc.load(written(text))
    assert np.isnan(gate.value(real, 0.0))
    with pytest.raises(NumberError, match=r"inverse of 0 is not defined: inverse\(x\) needs x != 0"):
        gradcalc.compute("inverse(x)", {"x": 0})
    result = gradcalc.compute("where(x > 0, inverse(x), 0) + y", {"x": 0, "y": 1}, wrt=["y"], check=False)
    assert result.output.value == 1


def test_a_slope_that_divides_by_zero_is_an_error_of_the_number(written):
    gradcalc.load(written(record(partials="(lambda x: 3 * x * x * (x / x),)")))
    assert gradcalc.compute("cube(x)", {"x": 2}).gradients == {"x": 12}
    with pytest.raises(NumberError, match="the slope of cube of 0 is not defined"):
        gradcalc.compute("cube(x)", {"x": 0})


# What is wrong with a file.

FILES = {
    "x = = 1\n": "my_gates.py:1: SyntaxError: invalid syntax",
    "\n1/0\n": "my_gates.py:2: ZeroDivisionError: division by zero",
    "def f():\n    raise ValueError('no\\ngood')\nf()\n": "my_gates.py:2: ValueError: no good",
    "raise ValueError": "my_gates.py:1: ValueError",
    "import sys\nsys.exit(3)": "my_gates.py:2: SystemExit: 3",
    "import no_such_module": "my_gates.py:1: ModuleNotFoundError: No module named 'no_such_module'",
    "import gradcalc\ngradcalc.parse('2x')": "my_gates.py:2: ProgramSyntaxError: ",
    "x = '\0'": "my_gates.py: SyntaxError: source code string cannot contain null bytes",
    "": "my_gates.py defines no gates",
    "from gradcalc.gates.arithmetic import MUL": "my_gates.py defines no gates",
    "GATES = []": "my_gates.py defines no gates",
    "GATES = [3]": "my_gates.py: GATES holds an int, which is no gate",
    "from gradcalc import Gate\nGATES = (Gate,)": "my_gates.py: GATES holds a Gate, which is no gate",
    record("cube", partials="") + CUBE: "my_gates.py:2: gate 'cube' has no rule",
    record() + CUBE: "my_gates.py:7: gate 'cube' has a name that is taken",
    record("mul"): "my_gates.py:2: gate 'mul' has a name that is taken by mul(x, y)",
    record(aliases="('sin',)"): "my_gates.py:2: gate 'cube' has the alias 'sin' that is taken by sin(x)",
    record("zeros"): "my_gates.py:2: gate 'zeros' has a name that is a word of the language",
    record("variable"): "my_gates.py:2: gate 'variable' has a name that is a word of the language",
    record("my cube"): "my_gates.py:2: gate 'my cube' has a name that is no name in a program",
    record(""): "my_gates.py:2: gate '' has a name that is no name in a program",
    record("and"): "my_gates.py:2: gate 'and' has a name that is no name in a program",
    record("x.y"): "my_gates.py:2: gate 'x.y' has a name that is no name in a program",
    record("ｃube"): "my_gates.py:2: gate 'ｃube' has a name that a program spells in another way",
    record(3): "my_gates.py:2: a gate has a name that is no text",
    record(aliases="('third')"): "my_gates.py:2: gate 'cube' has aliases that are no tuple of texts",
    record(aliases="('cube',)"): "my_gates.py:2: gate 'cube' has an alias twice",
    record(doc="3"): "my_gates.py:2: gate 'cube' has a doc that is no text",
    record(partials="(lambda x: x)"): "my_gates.py:2: gate 'cube' has partials that are no tuple",
    record(partials="(abs,)"): "my_gates.py:2: gate 'cube' has a rule for 'x' that is no function",
    record(partials="(lambda x: x,) * 2"): "my_gates.py:2: gate 'cube' has 2 partials for 1 input",
    record(partials="(lambda z: z,)"): "my_gates.py:2: gate 'cube' has a rule that asks for 'z'",
    record(partials="(lambda x, k: x,)"): "my_gates.py:2: gate 'cube' has a rule that asks for 'k'",
    record(pullbacks="(lambda g: g,)"): "my_gates.py:2: gate 'cube' has pullbacks, but no shape",
    record(definition="abs"): "my_gates.py: gate 'cube' has a definition that is no function of Python's",
    record(definition="lambda x: x"): "my_gates.py:2: gate 'cube' has a definition whose first argument",
    record(definition="lambda m: 1"): "my_gates.py:2: gate 'cube' has a definition without inputs",
    record(definition="lambda m, x, *, k=1: x"): "my_gates.py:2: gate 'cube' has the option 'k'",
    record(forward="lambda m, x, y: x"): "my_gates.py:2: gate 'cube' has a forward with other arguments",
    record(forward="3"): "my_gates.py:2: gate 'cube' has a forward that is no function of Python's",
    record(flow="None"): "my_gates.py:2: gate 'cube' has the flow None",
    record(infix="'&'"): "my_gates.py:2: gate 'cube' has a symbol of its own",
    record(ulps="3"): "my_gates.py:2: gate 'cube' has ulps that are no two numbers",
    record(probe=""): "my_gates.py:2: gate 'cube' has no probe",
    record(probe="(-1.0, 1.0)"): "my_gates.py:2: gate 'cube' has a probe that is no tuple of ranges",
    record(probe="((1.0, 1.0),)"): "my_gates.py:2: gate 'cube' has a probe that is no tuple of ranges",
    record(probe="((0.0, 1.0),) * 2"): "my_gates.py:2: gate 'cube' has 2 ranges in its probe for 1 input",
    record(edges="(Edge((1.0,), 1.0, (), 'one'),)"): "my_gates.py:2: gate 'cube' has an edge without",
    record(edges="(Edge((1.0, 2.0), 1.0, (1.0,) * 2, ''),)"): "my_gates.py:2: gate 'cube' has an edge with",
    record(kinks="(lambda x: x == 0,)"): "my_gates.py:2: gate 'cube' has kinks that are no tuple of Kink",
    record(reduction="Gate('x', lambda m, x: x)"): "my_gates.py:2: gate 'cube' has a reduction",
    array_record(samples=""): "my_gates.py:2: gate 'total' has no samples",
    array_record(samples="(Sample(((2,), (3,))),)"): "my_gates.py:2: gate 'total' has a sample with 2 inputs",
    array_record(arrives=""): "my_gates.py:2: gate 'total' does not say how each gradient arrives",
    array_record(partials="(lambda x: x,)"): "my_gates.py:2: gate 'total' has partials, but a gate with",
    array_record(pullbacks=""): "my_gates.py:2: gate 'total' has no rule",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FILES.items(), ids=[*FILES.values()])
def test_what_is_wrong_with_a_file_is_said_in_a_line(written, text, message):
    error = refusal(written(text))
    assert error.message.startswith(message)
    assert "\n" not in error.message


def test_a_field_that_is_misspelt(written):
    error = refusal(written(record(partials="", partial="(lambda x: x,)")))
    assert (error.message, error.hint) == (
        "my_gates.py:2: TypeError: Gate.__init__() got an unexpected keyword argument 'partial'",
        "did you mean 'partials'?",
    )


@pytest.mark.parametrize("file", ["nowhere.py", "", "a" * 5000, "a\0b"])
def test_no_such_file(written, file):
    assert refusal(file).message == f"there is no file '{file}' to load gates from"


def test_a_folder_is_no_file(tmp_path):
    assert refusal(str(tmp_path)).message == f"'{tmp_path}' is a folder, not a file to load gates from"


def test_a_name_that_another_file_has(written):
    gradcalc.load(written(name="first.py"))
    error = refusal(written(record(), "second.py"))
    assert error.message == "second.py:2: gate 'cube' has a name that is taken by cube(x)"


# On the command line.

COMMANDS = {
    "eval": ("eval", "cube(x)", "x=2", "--get", "x"),
    "eval, unnamed": ("cube(x)", "x=2", "--get", "x"),
    "diff": ("diff", "cube(x)"),
    "explain": ("explain", "cube(x)", "x=2"),
    "draw": ("draw", "cube(x)", "x=2"),
    "jacobian": ("jacobian", "cube(x)", "x=2", "-f", "csv"),
    "hessian": ("hessian", "cube(x)", "x=2", "-f", "csv"),
    "gates": ("gates", "cube"),
    "check": ("check",),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_every_command_that_takes_a_program_loads(written, cli, arguments):
    done = cli(*arguments, "--load", written())
    assert (done.code, done.err) == (0, "")
    assert lookup("cube") is None


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_nothing_is_loaded_that_was_not_asked_for(written, cli, arguments, monkeypatch):
    monkeypatch.setenv("GRADCALC_LOAD", written("raise SystemExit"))
    written("raise SystemExit", "conftest.py")
    assert cli(*arguments).code == 2


def test_load_is_repeatable(written, cli):
    files = written(record(), "a.py"), written(array_record(), "b.py")
    done = cli("total(cube(x))", "x=[1, 2]", "--get", "x", "--load", files[0], "--load", files[1])
    assert done.out == "[3.0, 12.0]\n"


def test_what_was_loaded_is_taken_away_though_the_command_fails(written, cli):
    assert cli("cube(x)", "x=2", "--load", written(), "--rtol", "-1").code == 2
    assert cli("cube(y)", "x=2", "--load", written()).code == 2
    assert lookup("cube") is None


def test_the_catalogue_and_the_page(written, cli):
    file = written()
    catalogue = cli("gates", "--load", file).out
    assert catalogue.index("loaded from my_gates.py\n  cube(x)") > catalogue.index("network layers")
    assert "local gradient  d/dx = 3*x^2" in cli("gates", "third_power", "--load", file).out
    assert "g[:, None], the same for each column" in cli("gates", "row_sums", "--load", file).out
    found = json.loads(cli("gates", "cube", "-f", "json", "--load", file).out)["gates"][0]
    assert (found["family"], found["local"]) == ("loaded from my_gates.py", {"x": "3*x^2"})


def test_the_nearest_name_may_be_one_of_ones_own(written, cli):
    assert "hint: did you mean 'cube'?" in cli("cubee(x)", "x=2", "--load", written()).err


def test_errors_of_a_file_are_one_line(written, cli):
    done = cli("x", "x=2", "--load", written("x = = 1"))
    assert (done.code, done.err) == (
        2,
        "error: my_gates.py:1: SyntaxError: invalid syntax\n  x = = 1\n      ^\n",
    )
    assert cli("x", "x=2", "--load", "nowhere.py").code == 2


@pytest.mark.parametrize("field", ["forward", "partials"])
def test_an_error_in_a_function_is_no_bug_of_ours(written, cli, field):
    broken = {"forward": "lambda m, x: nothing(x)", "partials": "(lambda x: nothing(x),)"}
    done = cli("cube(x)", "x=2", "--load", written(record(**{field: broken[field]})))
    message = "error: my_gates.py:2: NameError: name 'nothing' is not defined\n"
    assert (done.code, done.err) == (2, message)


@pytest.mark.parametrize("arguments", [("check",), ("check", "suite.toml"), ("cube(x)", "x=1")])
def test_a_gate_that_ends_the_program_is_no_pass(written, cli, arguments):
    Path("suite.toml").write_text('[[case]]\nprogram = "cube(x)"\npoint = {x = 1}\n', encoding="utf-8")
    written(record(definition="lambda m, x: exit(0)"))
    done = cli(*arguments, "--load", "my_gates.py")
    assert (done.code, done.out, done.err) == (2, "", "error: my_gates.py:2: SystemExit: 0\n")


def test_an_error_of_ours_is_still_a_bug(written, cli, monkeypatch):
    monkeypatch.setattr("gradcalc.pipeline.compute", lambda *_, **__: 1 / 0)
    assert "internal error: ZeroDivisionError" in cli("cube(x)", "x=2", "--load", written()).err


def test_help_says_that_it_runs_code(cli):
    for name in ("eval", "diff", "jacobian", "hessian", "gates", "check"):
        assert "Run FILE, a Python file" in " ".join(cli(name, "--help").out.split())


def test_a_shell_that_completes_runs_nothing(written):
    file = written("open('ran', 'w').close()\n" + FILE)
    words = f"gradcalc gates --load {file} cu"
    given = {"_GRADCALC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"}
    subprocess.run(
        [sys.executable, "-m", "gradcalc"], env={**os.environ, **given}, check=True, capture_output=True
    )
    assert not Path("ran").exists()


# In suites.


@pytest.mark.parametrize("jobs", [1, 2])
def test_cases_of_suites_know_the_gates(written, jobs):
    gradcalc.load(written())
    cases = [Case(f"case {k}", "cube(x)", {"x": k}, {"grad_x": 3 * k * k}) for k in range(1, 5)]
    assert [outcome.verdict for outcome in run(cases, jobs)] == ["pass"] * 4


def test_a_case_whose_gate_raises_an_error_says_where(written):
    gradcalc.load(written(record(partials="(lambda x: nothing(x),)")))
    (outcome,) = run([Case("one", "cube(x)", {"x": 1})])
    assert isinstance(outcome.error, GradcalcError)
    assert outcome.error.message == "my_gates.py:2: NameError: name 'nothing' is not defined"
    assert outcome.exit() == 2
