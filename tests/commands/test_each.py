"""--each: each row of a table with its value and gradients, as eval gives them."""

import io
import json
import subprocess
from contextlib import nullcontext

import numpy as np
import pytest

from gradcalc.batch.reading import blocks
from gradcalc.commands import each
from tests.commands.test_process import GRADCALC, loaded

CSV = 'x,y,note\n1,2,a\n-3,4,"b, c"\n'


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table and gives its path."""

    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_rows_stay_as_they_are_and_value_and_gradients_are_appended(cli, table):
    done = cli("x*y", "--each", table(CSV))
    assert done == (0, 'x,y,note,value,grad_x,grad_y\n1,2,a,2.0,2.0,1.0\n-3,4,"b, c",-12.0,4.0,-3.0\n', "")


def test_standard_input_is_a_table_of_any_format(cli):
    assert cli("x*y", "--each", "-", stdin=CSV.encode()).out.endswith('"b, c",-12.0,4.0,-3.0\n')
    assert cli("x", "--each", "-", stdin=b"x\ty\n1\t2\n").out == "x\ty\tvalue\tgrad_x\n1\t2\t1.0\t1.0\n"
    done = cli("x", "--each", "-", stdin=b'{"x": 1, "note": [null]}\n{ "x":2 }\n')
    assert (
        done.out
        == '{"x": 1, "note": [null], "value": 1.0, "grad_x": 1.0}\n{"x":2, "value": 2.0, "grad_x": 1.0}\n'
    )
    done = cli("x", "--each", "-", "-f", "csv", stdin=archive(x=[1, 2]))
    assert done.out == "x,value,grad_x\n1.0,1.0,1.0\n2.0,2.0,1.0\n"


def archive(**arrays):
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def test_an_archive_becomes_an_archive(cli, tmp_path):
    path, out = tmp_path / "t.npz", tmp_path / "o.npz"
    path.write_bytes(archive(x=np.array([[1, 2], [3, 4]], np.int8), names=["a", "b"]))
    assert cli("sum(x^2)", "--each", str(path), "-o", str(out)) == (0, "", "")
    with np.load(out) as data:
        assert data["x"].dtype == np.int8
        assert data["names"].tolist() == ["a", "b"]
        assert data["value"].tolist() == [5, 25]
        assert data["grad_x"].tolist() == [[2, 4], [6, 8]]


def test_the_format_is_that_of_the_option_the_file_the_environment_or_the_input(
    cli, table, tmp_path, monkeypatch
):
    path, out = table("x\n1\n"), tmp_path / "o.jsonl"
    assert cli("x", "--each", path, "-f", "tsv").out == "x\tvalue\tgrad_x\n1.0\t1.0\t1.0\n"
    assert cli("x", "--each", path, "-o", str(out)).code == 0
    assert out.read_text() == '{"x": 1.0, "value": 1.0, "grad_x": 1.0}\n'
    monkeypatch.setenv("GRADCALC_EACH", path)
    assert cli("x").out.startswith("x,value")
    monkeypatch.setenv("GRADCALC_FORMAT", "tsv")
    assert cli("x", "--each", path).out.startswith("x\tvalue")
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    assert cli("x", "--each", path).out.startswith("x,value")


def test_arguments_and_files_give_what_rows_share(cli, table):
    path, at = table("x\n2\n"), table('{"a": 5, "x": 7, "b": 1}', "p.json")
    assert cli("a*x", "--each", path, "a=3").out == "x,value,grad_a,grad_x\n2,6.0,2.0,3.0\n"
    assert cli("a*x", "--each", path, "--at", at).out == "x,value,grad_a,grad_x\n2,10.0,2.0,5.0\n"
    assert cli("a*x", "--each", path, "a=3", "--at", at).out == "x,value,grad_a,grad_x\n2,6.0,2.0,3.0\n"


def test_wrt_names_variables_and_statements(cli, table):
    out = cli("q = x*y; q^2", "--each", table("x,y\n1,2\n"), "--wrt", "q,y").out
    assert out == "x,y,value,grad_q,grad_y\n1,2,4.0,4.0,4.0\n"


def test_get_prints_its_columns_alone(cli, table):
    path = table("x,y,value\n1,2,3\n3,4,5\n")
    assert (
        cli("x*y", "--each", path, "--get", "y", "--get", "value").out == "grad_y,value\n1.0,2.0\n3.0,12.0\n"
    )
    assert cli("x*y", "--each", path, "--get", "y", "-f", "jsonl").out == '{"grad_y": 1.0}\n{"grad_y": 3.0}\n'


def test_a_variable_may_be_called_like_a_claim(cli, table):
    path = table("var.value,var.upstream\n3,4\n")
    out = "var.value,var.upstream,value,grad_value,grad_upstream\n3,4,12.0,4.0,3.0\n"
    assert cli("value*upstream", "--each", path).out == out
    assert cli("value*upstream", "--each", path, "--get", "value").out == "grad_value\n4.0\n"
    assert cli("value*upstream", "--each", path, "--get", "output.value").out == "value\n12.0\n"


def test_a_column_may_be_the_upstream_gradient(cli, table):
    assert cli("x^2", "--each", table("x,upstream\n3,10\n")).out == "x,upstream,value,grad_x\n3,10,9.0,60.0\n"
    assert cli("x^2", "--each", table("x\n3\n"), "--upstream", "10").out == "x,value,grad_x\n3,9.0,60.0\n"


def test_array_columns_have_array_gradients(cli, table):
    out = cli("(W @ x)[0]", "--each", table('"W[0,0]","W[0,1]",x[0],x[1]\n1,2,3,4\n'))
    assert out.out == (
        '"W[0,0]","W[0,1]",x[0],x[1],value,"grad_W[0,0]","grad_W[0,1]",grad_x[0],grad_x[1]\n'
        "1,2,3,4,11.0,3.0,4.0,1.0,2.0\n"
    )
    out = cli("(W @ x)[0]", "--each", "-", stdin=b'{"W": [[1, 2]], "x": [3, 4]}')
    assert json.loads(out.out)["grad_W"] == [[3.0, 4.0]]


def test_rows_that_are_not_finite_are_empty_counted_and_told(cli, table):
    done = cli("log(x)*x^2", "--each", table("x\n1\n-2\n\n0\nnan\n1e200\n"))
    assert done.code == 3
    assert done.out == "x,value,grad_x\n1,0.0,1.0\n-2,,\n0,,\nnan,,\n1e200,,\n"
    assert done.err == (
        "4 of 5 rows are not finite:\n"
        "  line 3: log of -2 is not defined: log(x, base=e) needs x > 0\n"
        "  line 5: log of 0 is not defined: log(x, base=e) needs x > 0\n"
        "  line 6: 'x' is not finite\n"
        "  …\n"
    )


def test_one_row_that_is_not_finite(cli, tmp_path):
    done = cli("1/x", "--each", "-", stdin=b'{"x": 1}\n{"x": 0}\n')
    assert done.out.endswith('{"x": 0, "value": null, "grad_x": null}\n')
    assert done.err.startswith("1 of 2 rows is not finite:\n  line 2: 1 / 0 is not defined")
    path = tmp_path / "t.npz"
    path.write_bytes(archive(x=[1, 0]))
    done = cli("1/x", "--each", str(path), "-o", str(path))
    assert (done.code, done.err.splitlines()[1][:8]) == (3, "  row 2:")
    with np.load(path) as data:
        np.testing.assert_array_equal(data["value"], [1, np.nan])


def test_a_single_cell_that_is_empty_is_a_row_still(cli):
    done = cli("1/x", "--each", "-", "--get", "x", stdin=b"x\n0\n1\n")
    assert done.out == 'grad_x\n""\n-1.0\n'


def test_a_kink_follows_its_convention(cli):
    assert cli("relu(x)", "--each", "-", stdin=b"x\n0\n").out == "x,value,grad_x\n0,0.0,0.0\n"


def test_a_table_without_rows_gets_its_names(cli):
    assert cli("x*y", "--each", "-", stdin=b"x,y\n") == (0, "x,y,value,grad_x,grad_y\n", "")


def test_a_file_may_be_written_over_and_stays_where_that_fails(cli, table, tmp_path):
    path = table("x\n1\n")
    assert cli("x", "--each", path, "-o", path).code == 0
    assert (tmp_path / "t.csv").read_text() == "x,value,grad_x\n1,1.0,1.0\n"
    text = "x\n1\nabc\n"
    path = table(text)
    done = cli("x", "--each", path, "-o", path)
    assert (done.code, done.err) == (2, f"error: '{path}', line 3: 'x' is 'abc', not a number\n")
    assert (tmp_path / "t.csv").read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x*z"], "unknown name 'z'"),
        (["x*Y"], "unknown name 'Y'"),
        (["x", "y=3"], "'y' is given a value, and F has a column 'y'"),
        (["x", "z=3"], "the program has no variable 'z'"),
        (["x", "--wrt", "z"], "there is no variable or statement 'z' to differentiate by"),
        (["x", "--get", "z"], "unknown name 'z' in --get"),
        (["y = 2*x; y"], "'y' is assigned here and given a value outside"),
        (["[x, y]"], "the output has the shape (2,), and a gradient is that of one number"),
        (["x", "--check"], "--each has no --check"),
        (["x", "--claim", "value=x"], "--each has no --claim"),
        (["x", "--rtol", "1"], "--each has no --rtol"),
        (["x", "--precision", "float32"], "--each has no --precision"),
        (["x", "--expand"], "--each has no --expand"),
        (["x", "--group"], "--each has no --group"),
        (["x", "-f", "json"], "--each writes csv, tsv or jsonl, not json"),
        (["x", "-f", "csv", "-o", "t.npz"], "a .npz file is not written as csv"),
        (["x", "-f", "jsonl"], "F, line 2: 'note' is 'a', not a number"),
    ],
)
def test_what_does_not_fit_is_an_error(cli, table, arguments, message):
    path = table(CSV)
    done = cli(*arguments, "--each", path)
    assert done.code == 2
    assert done.err.splitlines()[0].replace(repr(path), "F") == f"error: {message}"


def test_what_is_there_already_is_not_written_again(cli, table):
    for name in ("value", "grad_x"):
        done = cli("x", "--each", table(f"x,{name}\n1,2\n"))
        assert (done.code, f"has a column '{name}' already" in done.err) == (2, True)
    assert cli("x*y", "--each", table("x,y,grad_y\n1,2,3\n"), "--wrt", "x").code == 0


def test_columns_may_not_share_a_variable(cli, table):
    assert "'x' is given twice" in cli("x", "--each", table("x,var.x\n1,2\n")).err


def test_no_check_is_no_contradiction(cli, table, monkeypatch):
    assert cli("x*y", "--each", table(CSV), "--no-check").code == 0
    monkeypatch.setenv("GRADCALC_CHECK", "1")
    assert cli("x*y", "--each", table(CSV)).code == 0


def test_standard_input_is_read_once(cli):
    assert cli("-", "--each", "-").err.startswith("error: standard input can be the program or the point")
    assert cli("x", "--each", "-", "--at", "-").err.startswith("error: standard input can be read once")


def test_an_archive_is_nothing_for_a_terminal(cli, tmp_path, monkeypatch):
    path = tmp_path / "t.npz"
    path.write_bytes(archive(x=[1.0]))
    assert cli("x", "--each", str(path), "--get", "x", encoding="latin-1").out.startswith("PK")
    monkeypatch.setattr(each.output, "streaming", lambda file: nullcontext(Terminal()))
    assert cli("x", "--each", str(path)).err.startswith("error: a .npz file is nothing for a terminal")


class Terminal(io.BytesIO):
    def isatty(self):
        return True


def test_rows_are_told_on_a_terminal_while_they_are_computed(monkeypatch, cli, table):
    told = []
    monkeypatch.setattr("gradcalc.batch.delimited.ROWS", 1)

    class Patience:
        def __enter__(self):
            return told.append

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(each, "patience", lambda word: Patience())
    cli("x*y", "--each", table(CSV))
    with each.waiting(Terminal()) as progress:
        progress("rows")
    assert told == ["computing: 1 rows", "computing: 2 rows"]


def test_what_is_written_is_read_again_as_claims(cli, table, tmp_path):
    out = str(tmp_path / "o.csv")
    cli("x*sin(y)", "--each", table("x,y\n0.1,0.2\n0.3,0.4\n"), "-o", out)
    (block,) = blocks(out)
    assert list(block.columns) == ["x", "y", "value", "grad_x", "grad_y"]
    assert np.array_equal(block.columns["grad_x"], np.sin([0.2, 0.4]))


def test_a_reader_that_goes_away_is_141_and_silent():
    done = subprocess.Popen(
        [*GRADCALC, "x*y", "--each", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    done.stdout.close()
    done.stdin.write(b"x,y\n" + b"1,2\n" * 100_000)
    done.stdin.close()
    error = done.stderr.read()
    done.stderr.close()
    assert (done.wait(), error) == (141, b"")


def test_numpy_alone_is_loaded(table):
    modules = loaded("x*sin(y)", "--each", table("x,y\n1,2\n"))
    assert "numpy" in modules
    assert not modules & {"sympy", "mpmath", "rich"}


def test_nothing_of_it_is_loaded_for_a_single_point():
    modules = loaded("x", "x=1", "--no-check", "--format", "json")
    assert not {
        name for name in modules if name.startswith("gradcalc.batch") or name.endswith("commands.each")
    }


def test_what_each_writes_is_read_again_by_check_rows_without_a_value_too(cli):
    for style in ("csv", "tsv", "jsonl"):
        done = cli("log(x)*y", "--each", "-", "-f", style, stdin=b"x,y\n1,2\n-1,4\n3,0\n")
        assert done.code == 3
        again = cli("check", "--program", "log(x)*y", "-", stdin=done.out.encode())
        assert (again.code, again.out.splitlines()[-1]) == (0, "3 passed")
