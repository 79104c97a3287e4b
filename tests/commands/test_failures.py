import json
import os

import pytest

from gradcalc.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["x", "--fromat", "json", "x=1"],
            2,
            ["error: no such option: --fromat", "hint: did you mean '--format'?"],
        ),
        (
            ["x", "--format", "xml", "x=1"],
            2,
            ["error: invalid value for '--format': 'xml'", "'table', 'json'"],
        ),
        (["x", "--format"], 2, ["error: option '--format' requires an argument"]),
        (["eval"], 2, ["error: missing argument 'PROGRAM'"]),
        (["x", "x"], 2, ["error: 'x' is not NAME=VALUE", "hint: write x=NUMBER"]),
        (["x", "x=abc"], 2, ["'abc'", "  x=abc", "    ^^^"]),
        (["x", "x="], 2, ["error: x has no value", "  x="]),
        (["x", "=3"], 2, ["error: '=3' has no name"]),
        (["x", "2x=3"], 2, ["error: '2x' is not a name"]),
        (["x", "x=1", "x=2"], 2, ["error: x is given twice: 'x=1' and 'x=2'"]),
        (["x", "x=1", "y=2"], 2, ["'y'"]),
        (["alpha*x", "x=1", "alpah=2"], 2, ["alpah", "alpha"]),
        (["x + zz", "x=1"], 2, ["'zz'", "  x + zz", "      ^^"]),
        (["x", "x=1", "--wrt", "zz"], 2, ["zz"]),
        (["x", "x=1", "--get", "zz"], 2, ["zz"]),
        (["log(x)", "x=-1"], 3, ["log"]),
        (["9**9**9**9"], 3, ["error: "]),
        (["x", "x=1", "--rtol", "-1"], 2, ["error: --rtol must be a finite number, zero or more, not -1.0"]),
        (["x", "x=1", "--atol", "nan"], 2, ["error: --atol must be a finite number"]),
        (["x", "x=1", "--max-nodes", "0"], 2, ["error: invalid value for '--max-nodes'"]),
        (["x + x + x", "x=1", "--max-nodes", "2"], 2, ["error: "]),
        (
            ["x", "x=1", "--at", "nowhere.json"],
            2,
            ["error: cannot read 'nowhere.json': no such file or directory"],
        ),
        (["@nowhere"], 2, ["error: cannot read 'nowhere': no such file or directory"]),
        (["@/"], 2, ["error: cannot read '/': is a directory"]),
        (["-", "--at", "-"], 2, ["standard input can be the program or the point, not both"]),
        (
            ["x", "x=1", "-o", "/nowhere/file"],
            2,
            ["error: cannot write '/nowhere/file': no such file or directory"],
        ),
        (["x", "x=\udcff"], 2, ["error: an argument is not UTF-8 text"]),
        (["gates", "sigmiod"], 2, ["error: unknown gate 'sigmiod'", "hint: did you mean 'sigmoid'?"]),
        (["examples", "neurn"], 2, ["error: unknown example 'neurn'", "hint: did you mean 'neuron'?"]),
        (["diff", "x*y", "--wrt", "zz"], 2, ["error: unknown name 'zz' in --wrt"]),
        (["diff", "2x"], 2, ["error: "]),
        (["x*lr", "x=1", "lr=2", "--get", "Value"], 2, ["'Value' in --get", "did you mean 'value'?"]),
        (["x*lr", "x=1", "lr=2", "--get", "x", "--get", "ll"], 2, ["'ll' in --get", "did you mean 'lr'?"]),
        (["x*lr", "x=1", "lr=2", "--get", "zz"], 2, ["hint: there are value, x, lr"]),
        (["x", "x=1", "--get", "x", "--wrt", "zz"], 2, ["'zz' to differentiate by"]),
        (["x + k", "x=1", "--get", "zz"], 2, ["unknown name 'k'\n  x + k"]),
        (["gates", ""], 2, ["error: the name of the gate is empty"]),
        (["examples", ""], 2, ["error: unknown example ''"]),
        (["exampels"], 2, ["did you mean the command 'examples'? If not, give it a value: exampels=1"]),
        (["exampels", "neuron"], 2, ["did you mean the command 'examples'?\n"]),
        (["gate"], 2, ["did you mean the command 'gates'? If not, give it a value: gate=1"]),
        (["help"], 2, ["did you mean gradcalc --help?"]),
        (["version"], 2, ["did you mean gradcalc --version?"]),
        (["eval", "gate"], 2, ["hint: give it a value: gate=1"]),
        (["diff"], 2, ["error: missing argument 'PROGRAM'"]),
    ],
)
def test_errors_are_sentences_with_the_place_and_the_exit_code(cli, arguments, code, said):
    done = cli(*arguments)
    assert done.code == code, done
    assert done.out == ""
    for text in said:
        assert text in done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "json"],
        ["--format=json"],
        ["-f", "json"],
        ["-f", "jsonl"],
        ["--fromat", "--format", "json"],
    ],
)
def test_errors_are_json_too_where_json_was_asked_for(cli, arguments):
    done = cli("x +* y", *arguments)
    error = json.loads(done.out)
    assert error["schema"] == "gradcalc/1"
    assert set(error["error"]) == {"kind", "message", "span", "hint", "exit"}
    assert error["error"]["exit"] == done.code == 2
    assert done.err.startswith(f"error: {error['error']['message']}")


def test_an_error_is_no_json_where_the_word_is_a_program(cli):
    assert cli("x", "--", "--format", "json").out == ""


def test_the_environment_asks_for_json_errors(cli, monkeypatch):
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    assert json.loads(cli("2x").out)["error"]["kind"] == "syntax"
    assert cli("diff", "2x").out == ""


def test_a_file_among_the_arguments_gets_a_question(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("x")
    assert "did the shell expand a *?" in cli("x", "README.md", "y", "x=1").err
    assert "write '@README.md' to read the program" in cli("README.md").err
    assert "did the shell" not in cli("log(x)", "x=-1").err
    (tmp_path / "point.json").write_text('{"x": 1}')
    assert "is a file" not in cli("x +* y", "--at", "point.json", "-o", "README.md").err


def test_the_program_comes_from_an_argument_a_file_or_standard_input(cli, tmp_path):
    file = tmp_path / "program"
    file.write_text("q = x + y\nq*z  # the lecture's\n")
    values = ["x=-2", "y=5", "z=-4", "--get", "value", "--no-check"]
    assert cli(f"@{file}", *values).out == "-12.0\n"
    assert cli("-", *values, stdin=file.read_bytes()).out == "-12.0\n"
    for data, message in [(b"x\xff", "standard input is not UTF-8 text"), (b"x\0", "it has a NUL in line 1")]:
        done = cli("-", stdin=data)
        assert done.code == 2
        assert message in done.err


def fail_with(error):
    def compute(*_args, **_kwargs):
        raise error

    return compute


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("what\nnow"), 3, "error: internal error: RuntimeError: what now\nhint: this is a bug"),
        (MemoryError(), 3, "error: not enough memory"),
        (RecursionError("deep"), 3, "error: internal error: RecursionError: deep"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (OSError(28, "No space left on device"), 2, "error: cannot write: no space left on device"),
        (UsageError("no"), 2, "error: no"),
    ],
)
def test_any_exception_is_a_sentence_and_a_code(cli, monkeypatch, error, code, said):
    monkeypatch.setattr("gradcalc.pipeline.compute", fail_with(error))
    done = cli("x", "x=1", "-f", "json")
    assert done.code == code
    assert done.err.startswith(said)
    assert "Traceback" not in done.err


def test_debug_shows_where(cli, monkeypatch):
    monkeypatch.setattr("gradcalc.pipeline.compute", fail_with(RuntimeError("what")))
    monkeypatch.setenv("GRADCALC_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli("x", "x=1")


def test_a_file_that_cannot_be_read(cli, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    file = tmp_path / "secret"
    file.write_text("x")
    file.chmod(0)
    assert "permission denied" in cli(f"@{file}").err
