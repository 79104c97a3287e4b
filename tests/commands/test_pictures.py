"""explain and draw at the command line."""

import pytest


@pytest.mark.parametrize("style", ["svg", "dot", "mmd", "html", "txt"])
def test_the_suffix_says_how_it_is_drawn(cli, tmp_path, style):
    file = tmp_path / f"circuit.{style}"
    done = cli("draw", "(x + y)*z", "x=-2", "y=5", "z=-4", "-o", str(file))
    assert (done.code, done.out, done.err) == (0, "", "")
    begins = {
        "svg": "<svg ",
        "dot": "digraph ",
        "mmd": "flowchart LR",
        "html": "<!DOCTYPE html>",
        "txt": "  -2",
    }
    assert file.read_text(encoding="utf-8").startswith(begins[style])


def test_a_suffix_of_no_picture(cli, tmp_path):
    done = cli("draw", "x", "x=1", "-o", str(tmp_path / "a.png"))
    assert done.code == 2
    assert done.err.startswith("error: '.png' is no suffix of a picture\nhint: there are .svg, ")


def test_a_constant_alone_is_a_circuit_and_a_story(cli):
    assert cli("draw", "3").code == 0
    assert cli("explain", "2 + 3").out.endswith(
        "✓ pass: every gate agrees with SymPy, and nothing varies (gate by gate)\n"
    )


def test_kinks_are_marked_and_the_marks_explained(cli):
    done = cli("draw", "relu(x) + y", "x=0", "y=1")
    assert "(relu!)" in done.out
    assert done.out.splitlines()[-1] == "! at a kink   ? undecided"
    assert "could not be settled" in done.err


def test_one_path_to_a_statement(cli):
    done = cli("explain", "q = x*y; q^2 + x", "x=2", "y=3", "--node", "q")
    assert "#2 q\n    gradient 12 (df/dq), which arrived from #4\n" in done.out
    assert "switcher" not in done.out


def test_a_path_to_a_name_that_there_is_not(cli):
    done = cli("explain", "x*y", "x=1", "y=2", "--node", "z")
    assert (done.code, done.out) == (2, "")
    assert "there is no variable or statement 'z'" in done.err


@pytest.mark.parametrize("command", ["explain", "draw"])
def test_errors_are_those_of_eval(cli, command):
    assert cli(command, "log(x)", "x=-1").code == 3
    assert cli(command, "W @ x", "W=ones(2, 2)", "x=[1, 2]").code == 2
    assert cli(command, "W @ x", "W=ones(2, 2)", "x=[1, 2]", "--upstream", "[1, 1]").code == 0
    assert cli(command, "relu(x)", "x=0", "--strict").code == 3


def test_depth_collapses(cli):
    program = "s(u) = 1/(1 + exp(-u)); a = s(x*y); b = s(a); a*b"
    deep, flat = (cli("draw", program, "x=1", "y=2", "--depth", depth).out for depth in "20")
    assert "(exp)" in deep
    assert "(exp)" not in flat
    assert "[a]" in flat


def test_expanded_and_grouped_circuits(cli):
    assert "(exp)" in cli("draw", "sigmoid(x)", "x=1", "--expand").out
    assert "(sigmoid)" in cli("draw", "1/(1 + exp(-x))", "x=1", "--group").out
    assert "sigmoid is a scaler" in cli("explain", "1/(1 + exp(-x))", "x=1", "--group").out


def test_a_picture_that_nobody_could_look_at_is_refused(cli):
    program = "\n".join(f"y{i} = sin(y{i - 1})*x" if i else "y0 = x" for i in range(1000))
    done = cli("draw", program, "x=0.5", "--no-check", "--format", "svg")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 1,000 boxes are too many for a picture\nhint: fewer: --depth 0")
    assert cli("draw", program, "x=0.5", "--no-check").code == 0
    assert cli("draw", program, "x=0.5", "--no-check", "--format", "html").code == 0


def test_a_circuit_that_collapses_says_so(cli):
    text = "; ".join(f"y{i} = sin(x)*{i} + cos(y{i - 1})^2" if i else "y0 = x" for i in range(20))
    note = "statements and calls are boxes here; --depth 2 draws every node\n"
    assert cli("draw", text, "x=0.1", "--no-check").err == note
    assert cli("draw", text, "x=0.1", "--no-check", "--depth", "0").err == ""
    assert cli("draw", "x*y", "x=1", "y=2", "--no-check").err == ""
