"""jacobian and hessian on the command line."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

LINEAR = ["W @ x", "W=[[0.1, 0.5], [-0.3, 0.8]]", "x=[0.2, 0.4]"]
SQUARE = ["x^2*y", "x=3", "y=2"]


def test_the_lecture_s_relu_is_shown_by_its_diagonal(cli):
    done = cli("jacobian", "relu(x)", "x=[1, -2, 3, -1]")
    assert (done.code, done.err) == (0, "")
    assert "df[i]/dx[j], 4x4, diagonal: [1, 0, 1, 0]" in done.out
    assert "reverse mode: 1 pass\n" in done.out
    assert "pass: all 4 entries agree" in done.out


def test_a_matrix_has_headings(cli):
    text = cli("jacobian", *LINEAR, "--wrt", "x").out
    assert "df[i]/dx[j], 2x2" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["x[0]", "x[1]"] in lines
    assert ["f[0]", "0.1", "0.5"] in lines
    assert ["f[1]", "-0.3", "0.8"] in lines
    assert "reverse mode: 2 passes" in text


def test_a_named_output_gives_its_name(cli):
    assert "dq[i]/dx[j]" in cli("jacobian", "q = W @ x", *LINEAR[1:]).out


def test_of_a_number_it_is_the_gradient(cli):
    text = cli("jacobian", "x*y", "x=2", "y=3").out
    assert "df/dx = 3" in text
    assert "df/dy = 2" in text


def test_the_hessian_of_a_small_program_is_one_matrix(cli):
    done = cli("hessian", *SQUARE)
    lines = [line.split() for line in done.out.splitlines()]
    for line in (["x", "y"], ["x", "4", "6"], ["y", "6", "0"]):
        assert line in lines
    assert "forward over reverse: 2 passes" in done.out
    assert done.code == 0


def test_json_has_every_entry(cli):
    document = json.loads(cli("jacobian", *LINEAR, "-f", "json").out)
    assert document["schema"] == "gradcalc/1"
    assert document["output"]["value"] == pytest.approx([0.22, 0.26])
    assert document["jacobians"]["x"] == {
        "shape": [2, 2],
        "kind": "dense",
        "value": [[0.1, 0.5], [-0.3, 0.8]],
    }
    assert document["jacobians"]["W"]["shape"] == [2, 2, 2]
    assert (document["mode"], document["passes"]) == ("reverse", 2)
    assert document["check"]["verdict"] == "pass"
    assert document["check"]["gradients"]["x"]["reference"] == [[0.1, 0.5], [-0.3, 0.8]]
    diagonal = json.loads(cli("jacobian", "exp(x)", "x=[0, 0]", "-f", "json", "--no-check").out)
    assert diagonal["jacobians"]["x"] == {"shape": [2, 2], "kind": "diagonal", "value": [1, 1]}
    assert diagonal["check"] is None


def test_json_of_a_hessian_nests_the_names(cli):
    document = json.loads(cli("hessian", *SQUARE, "-f", "json").out)
    assert document["hessian"]["x"]["y"] == {"shape": [], "kind": "dense", "value": 6}
    assert document["mode"] == "forward over reverse"


@pytest.mark.parametrize(("format_", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_table_for_machines_has_an_entry_a_line(cli, format_, delimiter):
    rows = list(csv.reader(cli("jacobian", *LINEAR, "-f", format_).out.splitlines(), delimiter=delimiter))
    assert rows[0] == ["of", "by", "value"]
    assert len(rows) == 1 + 8 + 4
    assert ["f[1]", "x[0]", "-0.3"] in rows
    hessian = cli("hessian", *SQUARE, "-f", format_).out.splitlines()
    assert delimiter.join(["x", "y", "6.0"]) in hessian
    diagonal = cli("jacobian", "2*x", "x=[1, 2]", "-f", format_).out.splitlines()
    assert diagonal[1:] == [delimiter.join([f"f[{k}]", f"x[{k}]", "2.0"]) for k in range(2)]


def test_documents(cli):
    assert "| f\\[1\\] | -0.3 | 0.8 |\n" in cli("jacobian", *LINEAR, "-f", "markdown").out
    latex = cli("jacobian", *LINEAR, "-f", "latex").out
    assert r"\frac{\partial f}{\partial x} = \left(\begin{array}{rr}" in latex
    assert "-0.3 & 0.8" in latex
    assert "4 & 6 \\\\\n6 & 0" in cli("hessian", *SQUARE, "-f", "latex").out
    lines = cli("hessian", *SQUARE, "-f", "jsonl").out.splitlines()
    assert [json.loads(line)["by"] for line in lines] == [["x", "x"], ["x", "y"], ["y", "x"], ["y", "y"]]


def test_products(cli):
    forward = json.loads(cli("jacobian", *LINEAR, "--jvp", "x=[1, 1]", "-f", "json").out)
    assert forward["jvp"]["value"] == pytest.approx([0.6, 0.5])
    assert (forward["mode"], forward["passes"]) == ("forward", 1)
    backward = json.loads(cli("jacobian", *LINEAR, "--vjp", "[1, -1]", "--wrt", "x", "-f", "json").out)
    assert backward["vjp"]["x"]["value"] == pytest.approx([0.4, -0.3])
    product = json.loads(cli("hessian", *SQUARE, "--hvp", "x=1", "--hvp", "y=2", "-f", "json").out)
    assert {name: block["value"] for name, block in product["hvp"].items()} == {"x": 16, "y": 6}
    assert "J v = [0.6, 0.5]" in cli("jacobian", *LINEAR, "--jvp", "x=[1, 1]").out
    assert "v'J for x = " in cli("jacobian", *LINEAR, "--vjp", "[1, -1]").out
    assert "H v for x = 16" in cli("hessian", *SQUARE, "--hvp", "x=1", "--hvp", "y=2").out


def test_an_archive_holds_the_numbers(cli, tmp_path):
    file = tmp_path / "j.npz"
    assert cli("jacobian", *LINEAR, "-o", str(file)).out == ""
    with np.load(file) as found:
        assert found["x"].tolist() == [[0.1, 0.5], [-0.3, 0.8]]
    assert cli("hessian", *SQUARE, "-o", str(file)).code == 0
    with np.load(file) as found:
        assert sorted(found) == ["x,x", "x,y", "y,x", "y,y"]


def test_a_report_can_go_to_a_file(cli, tmp_path):
    file = tmp_path / "h.txt"
    assert cli("hessian", *SQUARE, "-o", str(file)).out == ""
    assert "forward over reverse" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [30, 40, 60, 120])
def test_on_a_terminal_nothing_is_wider_than_it(cli, columns):
    text = cli("jacobian", "W @ x", "W=randn(4, 5)", "x=randn(5)", "--color", "never", columns=columns).out
    assert max(map(len, text.splitlines())) <= columns
    for k in range(5):
        assert f"x[{k}]" in text
    assert "W[3, 4]" in text


def test_large_matrices_are_told_by_their_norm(cli):
    text = cli("jacobian", "W @ x", "W=randn(30, 20)", "x=randn(20)").out
    assert "df[i]/dx[j], 30x20 = min " in text
    assert "csv has every entry" in text
    assert (
        len(cli("jacobian", "W @ x", "W=randn(30, 20)", "x=randn(20)", "-f", "csv").out.splitlines()) == 18601
    )


def test_letters_that_a_stream_lacks_are_replaced(cli):
    assert cli("jacobian", *LINEAR, encoding="ascii").out.isascii()


def test_exit_codes(cli):
    assert cli("hessian", "abs(x)", "x=0").code == 0
    assert cli("hessian", "abs(x)", "x=0", "--strict").code == 3
    assert cli("jacobian", "sqrt(x)*[1, 2]", "x=0").code == 3
    big = ["sum((W @ (W @ x))^2)", "W=ones([300, 300])", "x=ones([300])", "--hvp", "x=ones([300])"]
    done = cli("hessian", *big, "--wrt", "x", "-f", "csv")
    assert done.code == 3
    assert "not checked" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hessian", "x*2", "x=[1, 2]"], "a Hessian is that of one number"),
        (["jacobian", *LINEAR, "--jvp", "x=[1]"], "the vector for 'x' has the shape (1,), but 'x' has (2,)"),
        (["jacobian", *LINEAR, "--vjp", "1"], "the vector has the shape (), but the output has (2,)"),
        (["jacobian", *LINEAR, "--jvp", "z=1"], "no variable or statement 'z'"),
        (["jacobian", *LINEAR, "--wrt", "z"], "no variable or statement 'z'"),
        (["jacobian", *LINEAR, "--jvp", "x=[1, 1]", "--vjp", "[1, 1]"], "two different products"),
        (["jacobian", *LINEAR, "--jvp", "x=[1, 1]", "--wrt", "x"], "--wrt has nothing to add"),
        (["jacobian", *LINEAR, "--vjp", ""], "--vjp has no value"),
        (["jacobian", *LINEAR, "--jvp", "[1, 1]"], "hint: write --jvp NAME=VALUE"),
        (["hessian", "x^2", "x=1", "--hvp", "1"], "--hvp '1' does not say which variable it moves"),
        (["hessian", "x*y", "x=1"], "unknown name 'y'"),
        (["hessian", "x*y", "x=1", "y=2", "w=3"], "no variable 'w'"),
        (["hessian", "x*", "x=1"], "error: "),
    ],
)
def test_what_is_refused(cli, arguments, message):
    done = cli(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""
    assert json.loads(cli(*arguments, "-f", "json").out)["error"]["exit"] == 2


def test_options_come_from_the_environment(cli, monkeypatch):
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    monkeypatch.setenv("GRADCALC_CHECK", "0")
    assert json.loads(cli("hessian", *SQUARE).out)["check"] is None


def test_a_point_from_a_file(cli, tmp_path):
    file = tmp_path / "point.json"
    file.write_text('{"W": [[1, 2], [3, 4]], "x": [1, 1], "spare": 3}', encoding="utf-8")
    assert cli("jacobian", "W @ x", "--at", str(file), "--wrt", "x", "-f", "csv").code == 0


def test_kinks_and_warnings_are_said_on_stderr_where_the_format_has_no_room(cli):
    done = cli("hessian", "abs(x)", "x=0", "-f", "csv")
    assert "warning: at a kink" in done.err
    assert "undecided" in done.err


def test_without_a_check_sympy_is_not_loaded():
    code = (
        "import sys; from gradcalc.commands import run; "
        "run(['hessian', 'x^2*y', 'x=3', 'y=2', '--no-check']); "
        "run(['jacobian', 'relu(x)', 'x=[1, 2]', '--no-check', '-f', 'json']); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sympy", "mpmath", "rich"} & set(done.stderr.split())
