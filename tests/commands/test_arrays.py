import json

import numpy as np
import pytest

SQUARES = ["sum(W*x)", "W=[[1, 2], [3, 4]]", "x=[5, 6]", "--no-check"]


def loaded(file):
    """Return the arrays of a .npz file."""
    with np.load(file) as archive:
        return {name: archive[name].tolist() for name in archive}


def test_get_prints_arrays_as_nested_lists_on_one_line(cli):
    done = cli(*SQUARES, "--get", "W,x,value")
    assert (done.code, done.err) == (0, "")
    assert [json.loads(cell) for cell in done.out.split("\t")] == [[[5, 6], [5, 6]], [4, 6], 56]
    assert done.out.count("\n") == 1


def test_gradients_go_to_npz_and_come_back(cli, tmp_path):
    file = tmp_path / "out.npz"
    done = cli(*SQUARES, "-o", str(file), columns=80)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert loaded(file) == {"W": [[5, 6], [5, 6]], "x": [4, 6]}
    assert cli("sum(W) + sum(x)", "--at", str(file), "--get", "value", "--no-check").out == "32.0\n"
    assert cli("sum(W)", f"W=@{file}:W", "--get", "value", "--no-check").out == "22.0\n"
    assert cli("q = x*y; q", "x=2", "y=3", "--wrt", "x,q", "-o", str(file), "--no-check").code == 0
    assert loaded(file) == {"x": 3, "q": 1}
    assert cli(*SQUARES, "--get", "x,value", "-o", str(file)).code == 0
    assert loaded(file) == {"x": [4, 6], "value": 56}


def test_npz_says_what_it_has_no_room_for(cli, tmp_path):
    done = cli("abs(x)", "x=0", "-o", str(tmp_path / "out.NPZ"))
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("undecided: ")


def test_npz_is_no_report(cli, tmp_path, monkeypatch):
    file = tmp_path / "out.npz"
    for name in ("json", "table"):
        done = cli(*SQUARES, "-o", str(file), "-f", name)
        assert done.code == 2
        assert done.err.startswith("error: a .npz file holds gradients, not a report: it has no --format")
    assert not file.exists()
    monkeypatch.setenv("GRADCALC_FORMAT", "json")  # which is meant for reports
    assert cli(*SQUARES, "-o", str(file)).code == 0
    assert cli(*SQUARES, "-o", str(tmp_path / "none" / "out.npz")).err.startswith("error: cannot write ")


def test_a_seed_decides_all_draws(cli):
    call = ["sum(W*x)", "W=randn(2, 3)", "x=randn(3)", "--no-check", "--get", "W,x"]
    for options, seed in ([], 0), (["--seed", "5"], 5):
        generator = np.random.default_rng(seed)
        w, x = generator.standard_normal((2, 3)), generator.standard_normal(3)
        dw, dx = (json.loads(cell) for cell in cli(*call, *options).out.split("\t"))
        assert dw == [x.tolist()] * 2
        assert np.allclose(dx, w.sum(0), rtol=1e-15)
    assert cli(*call, "--seed", "-1").code == 2


def test_a_program_draws_on_where_values_ended(cli):
    for program, values in [("sum(x*y)", ["x=rand(3)", "y=rand(3)"]), ("sum(x*rand(3))", ["x=rand(3)"])]:
        done = cli(program, *values, "--no-check", "--get", "x")
        assert json.loads(done.out) == np.random.default_rng(0).random(6)[3:].tolist()
    done = cli("sum(x*rand(3))", "x=[1, 2, 3]", "--no-check", "--get", "x")
    assert json.loads(done.out) == np.random.default_rng(0).random(3).tolist()
    done = cli(
        "value = rand(1)[0]; value*x + rand(1)[0]",
        "x=rand(1)[0]",
        "--no-check",
        "--get",
        "value,output.value",
    )
    slope, value, drawn = *map(float, done.out.split()), np.random.default_rng(0).random(3)
    assert (slope, value) == (drawn[0], drawn[1] * drawn[0] + drawn[2])


@pytest.mark.parametrize("upstream", ["[[1, 0], [0, 2]]", "@u.npy", "@-"])
def test_upstream(cli, tmp_path, monkeypatch, upstream):
    monkeypatch.chdir(tmp_path)
    np.save("u.npy", np.diag([1, 2]))
    call = ["W*x", "W=[[1, 2], [3, 4]]", "x=2", "--no-check", "--get", "W,x"]
    done = cli(*call, "--upstream", upstream, stdin=b"1 0\n0 2\n")
    assert [json.loads(cell) for cell in done.out.split("\t")] == [[[2, 0], [0, 4]], 9]


def test_upstream_of_a_number(cli):
    assert cli("x^2", "x=3", "--upstream", "-2", "--no-check", "--get", "x").out == "-12.0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--upstream", ""], "--upstream has no value"),
        (["--upstream", "abc"], "unknown name 'abc'"),
        (["--upstream", "[1, 2]"], "upstream has the shape (2,), but the output has ()"),
        (["--upstream", "1e999"], "the value '1e999' is not finite"),
        (["--upstream", "@nowhere.npy"], "cannot read 'nowhere.npy'"),
        (["--upstream", "@-", "--at", "-"], "standard input can be read once"),
        (["--seed", "x"], "'x' is not a whole number"),
    ],
)
def test_what_is_refused(cli, arguments, said):
    done = cli("2*x", "x=1", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
