"""Bad input of every kind gets its exit code and one clear sentence: no traceback, no hang, no escapes."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gradcalc.commands import run
from gradcalc.report import FORMATS

GRADCALC = [sys.executable, "-m", "gradcalc"]
PATIENCE = 60
"""Seconds after which a process counts as hung, on a busy machine too."""

ESC = "\x1b[31m"


@pytest.fixture
def ask(monkeypatch, capsys, tmp_path):
    """Return a function that runs the command line in an empty folder and gives (code, out, err)."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("GRADCALC_", "_GRADCALC_"))]:
        monkeypatch.delenv(name)

    def call(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(arguments)
        return code, *capsys.readouterr()

    return call


def assert_sentence(err):
    """Assert that this is one error as people read it."""
    first = err.partition("\n")[0]
    assert first.startswith("error: ")
    assert err.count("error: ") == 1
    assert len(err) < 1500
    assert "internal" not in first
    assert "Traceback" not in err
    assert all(line.isprintable() for line in err.splitlines())
    assert not first.endswith(".")
    assert not first.split()[1].istitle()


# Programs.

SYNTAX = [
    ("", "the program is empty"),
    (" \n\t", "the program is empty"),
    ("# only this", "the program is empty"),
    (";;\n;", "the program is empty"),
    ("x +", "an operand is missing after '+'"),
    ("* x", "an operand is missing before '*'"),
    ("(x", "'(' is never closed"),
    ("x)", "')' closes nothing"),
    ("()", "nothing stands between the brackets"),
    ("2x", "write 2*x"),
    ("x(2)", "write x*(2)"),
    ("x x", "write x*x"),
    ("(x)(x)", "write (x)*(x)"),
    ("sin x", "write sin(x)"),
    ("sin^2(x)", "write sin(x)^2"),
    ("|x|", "write abs(x)"),
    ("Sin[x]", "write sin(x)"),
    ("sin(x, x)", "'sin' takes 1 argument, not 2"),
    ("max()", "'max' takes at least 1 argument, not 0"),
    ("foo(x)", "unknown gate 'foo'"),
    ("x < x < x", "comparisons do not chain"),
    ("f(x) = f(x); f(1)", "'f' calls itself"),
    ("f(a, a) = a; f(1, x)", "two parameters are called 'a'"),
    ("f(a) = a", "there is no output"),
    ("y = x; y = 2", "'y'"),
    ("x = 2", "'x' is assigned here and given a value outside"),
    ("and = 1", "'and' is reserved"),
    ("x + zz", "unknown name 'zz'"),
    ("x.__class__", "'x' is no known library"),
    ("__import__('os')", "unknown gate '__import__'"),
    ("lambda x: x", "write f(x) = x"),
    ("1.2.3", "'1.2.3' is not a number"),
    ("0x10", "write 16"),
    ("1e400", "'1e400' is too large for a float"),
    ("x\u2028x", "a control character (U+2028)"),
    ("x\x0cx", "a control character (U+000C)"),
    ("x\0", "a control character (U+0000)"),
    (f"{ESC}x", "a control character (U+001B)"),
    ("\ufeffx", "an invisible character (U+FEFF)"),
    ("x\u202e + x", "an invisible character (U+202E)"),
    ("x + 😀", "'😀' (U+1F600) is not in the language"),
    ("[red]x[/]", "unknown name 'red'"),
    ("a" * 100_000, "unknown name 'aaa"),
]


@pytest.mark.parametrize(("program", "said"), SYNTAX, ids=lambda text: repr(text)[:30])
def test_a_program_that_is_none(ask, program, said):
    code, out, err = ask(program, "x=1")
    assert (code, out) == (2, "")
    assert_sentence(err)
    assert said in err


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("9**9**9**9", "too large for a float"),
        ("10**400", "too large for a float"),
        ("(x + 1)**1e308", "too large for a float"),
        ("1/0", "1 / 0 is not defined"),
        ("0/0", "0 / 0 is not defined"),
        ("log(0*x)", "log of 0 is not defined"),
        ("asin(x + 1)", "asin of 2 is not defined"),
        (f"log(x # {ESC}\n - 2)", "log of -1 is not defined"),
    ],
)
def test_a_number_that_is_not_finite(ask, program, said):
    code, out, err = ask(program, *["x=1"] * ("x" in program))
    assert (code, out) == (3, "")
    assert_sentence(err)
    assert said in err
    assert "^" in err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["1.0000001**1000000000", "--get", "value"], "2.688"),
        (["where(x > 0, log(x), 0)", "x=-1", "--get", "value,x"], "0.0\t0.0"),
        (["5", "--nodes", "named", "--get", "value"], "5.0"),
        (["x^1e308", "x=1", "--get", "value"], "1.0"),
        (["--", "--x", "x=3"], "node"),
        (["-x", "x=3", "--get", "x"], "-1.0"),
        (["eval", "eval", "eval=3", "--get", "eval"], "1.0"),
        (["__class__*None*lambda", "__class__=2", "None=3", "lambda=5", "--get", "lambda"], "6.0"),
        (["nan*inf*output", "nan=2", "inf=3", "output=5", "--get", "nan"], "15.0"),
        (["x", "x=1", "-o", "-", "--get", "x"], "1.0"),
        (["µ", "\u03bc=1", "--get", "µ"], "1.0"),
    ],
)
def test_what_looks_bad_and_is_not(ask, arguments, line):
    separated = arguments.index("--") if "--" in arguments else len(arguments)
    code, out, err = ask(*arguments[:separated], "--no-check", *arguments[separated:])
    assert (code, err) == (0, "")
    assert out.startswith(line)


# Values, options, points.

USAGE = [
    (["x", "x=abc"], "a value is a finite number"),
    (["x", "x=inf"], "a value is a finite number"),
    (["x", "x=nan"], "a value is a finite number"),
    (["x", "x="], "x has no value"),
    (["x", "x=#"], "x has no value"),
    (["x", "x=1e309"], "the value '1e309' is not finite"),
    (["x", "x=1/0"], "1 / 0 is not defined"),
    (["x", "x=log(0)"], "log of 0 is not defined"),
    (["x", "x=9**9**9**9"], "too large for a float"),
    (["x", "x=" + "9" * 5000], "is not finite"),
    (["x", "x=" + "(" * 100_000], "'(' is never closed"),
    (["x", "x=2;3"], "the value '2;3' is more than one expression"),
    (["x", "x=a=3"], "the value 'a=3' is more than one expression"),
    (["x", "x=1,5"], "write 1.5"),
    (["x", "x=@"], "the name of a file is missing"),
    (["x", "x=@nowhere"], "cannot read 'nowhere'"),
    (["x", "x=@."], "is a directory"),
    (["x", "x=1", "x=2"], "x is given twice"),
    (["x", "µ=1", "\u03bc=2"], "μ is given twice"),
    (["x", "x=1", "y=2"], "the program has no variable 'y'"),
    (["x", "x=1", ""], "'' is not NAME=VALUE"),
    (["x", "x=1", "q" * 100_000], "is not NAME=VALUE"),
    (["x", f"a{ESC}=1"], "is not a name"),
    (["x", "x=1", "-fjson"], "options are written --format json"),
    (["x", "x=1", "-f=json"], "options are written --format json"),
    (["x", "x=\udcff"], "an argument is not UTF-8 text"),
    (["x\udcff", "x=1"], "an argument is not UTF-8 text"),
    (["@"], "the name of a file is missing"),
    (["@nowhere"], "cannot read 'nowhere'"),
    (["@."], "is a directory"),
    ([f"@{ESC}"], "no such file"),
    (["x", "--at", ""], "the name of the file with the point is empty"),
    (["x", "--at", "."], "cannot tell how '.' is written"),
    (["x", "--at", f"{ESC}.json"], "no such file"),
    (["-", "--at", "-"], "the program or the point, not both"),
    (["@-", "--at", "-"], "the program or the point, not both"),
    (["-", "x=@-"], "the program or the point, not both"),
    (["x*y", "x=@-", "y=@-"], "standard input can be read once"),
    (["x", "x=1", "--max-nodes", "0"], "0 is not in the range"),
    (["x", "x=1", "--max-nodes", "-1"], "-1 is not in the range"),
    (["x", "x=1", "--max-nodes", "abc"], "'abc' is not a whole number"),
    (["x", "x=1", "--max-nodes", "9" * 100_000], "is not"),
    (["x", "x=1", "--rtol", "-1"], "--rtol must be a finite number, zero or more"),
    (["x", "x=1", "--rtol", "nan"], "--rtol must be a finite number, zero or more"),
    (["x", "x=1", "--atol", "inf"], "--atol must be a finite number, zero or more"),
    (["x", "x=1", "--rtol", "abc"], "'abc' is not a number"),
    (["x", "x=1", "--wrt", ""], "--wrt has no name"),
    (["x", "x=1", "--wrt", "zz"], "'zz'"),
    (["x", "x=1", "--wrt", ESC], "there is no variable"),
    (["x", "x=1", "--get", ","], "--get has no name"),
    (["x", "x=1", "--get", "zz"], "'zz'"),
    (["x", "x=1", "--format", "xyz"], "'xyz' is not one of 'table'"),
    (["x", "x=1", "--format"], "'--format' requires an argument"),
    (["x", "x=1", "--nodes", "x"], "'x' is not one of 'all'"),
    (["x", "x=1", "-o", "."], "is a directory"),
    (["x", "x=1", "-o", ""], "the name of the file to write is empty"),
    (["x", "x=1", "-o", f"/nowhere/{ESC}"], "no such file or directory"),
    (["x", "x=1", "--fromat", "csv"], "did you mean '--format'?"),
    (["x", "x=1", "--form", "csv"], "did you mean '--format'?"),
    (["x", "x=1", "--no-chek"], "did you mean '--no-check'?"),
    (["x", "x=1", f"--{ESC}"], "no such option"),
    (["--verison"], "did you mean '--version'?"),
    (["x", "--", "--no-check"], "'--no-check' is not NAME=VALUE"),
    (["--"], "missing argument 'PROGRAM'"),
    (["eval"], "missing argument 'PROGRAM'"),
    (["diff"], "missing argument 'PROGRAM'"),
    (["diff", "x +"], "an operand is missing after '+'"),
    (["diff", "x", "x=1"], "got unexpected extra argument"),
    (["diff", "x", "--wrt", ""], "--wrt has no name"),
    (["diff", "x", "--wrt", "y"], "unknown name 'y' in --wrt"),
    (["diff", "x", "--at", "y"], "no such option: --at"),
    (["diff", "x", "-o", "."], "is a directory"),
    (["diff", f"x{ESC}"], "a control character"),
    (["diff", "@nowhere"], "cannot read 'nowhere'"),
    (["gates", "sigmiod"], "did you mean 'sigmoid'?"),
    (["gates", ""], "the name of the gate is empty"),
    (["gates", ESC], "unknown gate"),
    (["gates", "g" * 100_000], "unknown gate"),
    (["gates", "sin", "cos"], "got unexpected extra argument"),
    (["gates", "--wrt", "x"], "gradcalc gates --help"),
    (["examples", ""], "unknown example ''"),
    (["examples", ESC], "unknown example"),
    (["examples", "neuron", "x"], "got unexpected extra argument"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=lambda a: repr(a)[:40])
def test_arguments_that_cannot_be_used(ask, arguments, said):
    code, out, err = ask(*arguments)
    assert (code, out) == (2, "")
    assert_sentence(err)
    assert said in err
    if arguments[0] in ("gates", "examples"):
        return
    at = 1 if arguments[0] in ("eval", "diff") else 0
    code, out, err = ask(*arguments[:at], "-f", "json", *arguments[at:])
    if "--format" not in arguments:
        error = json.loads(out)["error"]
        assert (error["exit"], code) == (2, 2)
        assert set(error) == {"kind", "message", "span", "hint", "exit"}


@pytest.mark.parametrize("program", ["x/0", "log(-1)*x", "x*(1/0 - 1/0)"])
def test_a_derivative_that_is_no_number(ask, program):
    code, out, err = ask("diff", program)
    assert (code, out) == (3, "")
    assert_sentence(err)


def test_the_derivatives_of_a_constant_are_none_and_that_is_said(ask):
    assert ask("diff", "5") == (0, "", "the program has no variables, so it has no gradient\n")


def test_a_name_asked_for_twice_is_given_twice(ask):
    assert (
        ask("x*y", "x=2", "y=3", "--get", "x,y", "--get", "x", "--no-check").__getitem__(1)
        == "3.0\t2.0\t3.0\n"
    )


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("p.json", b"", "it is empty"),
        ("p.json", b"[" * 100_000, "is nested too deeply"),
        ("p.json", b'{"x":' * 100_000, "is nested too deeply"),
        ("p.json", b'{"x": 1, "x": 2}', "'x' is given twice"),
        ("p.json", '{"x": 1, "ｘ": 2}'.encode(), "'x' is given twice"),
        ("p.json", b'{"x": 1e400}', "'x' is not finite"),
        ("p.json", b'{"x": NaN}', "'x' is not finite"),
        ("p.json", b'{"x": 1}}', "extra data in line 1"),
        ("p.json", b'{"\\u001b[31m": true}', "is a truth value, not a number"),
        ("p.json", b'{"\\ud800": true}', "is a truth value, not a number"),
        ("p.json", b"7", "holds a number, not an object"),
        ("p.json", b"\xff\xfe{\0}\0", "is not UTF-8 text: byte 0xff in line 1"),
        ("p.json", b'{"x": 1\0}', "it has a NUL in line 1"),
        ("p.toml", b"x =", "is not TOML"),
        ("p.toml", b"a." * 100_000 + b"b = 1", "dots in a line"),
        ("p.toml", b"x = " + b"[" * 100_000, "is nested too deeply"),
        ("p.toml", b'x = "' + ESC.encode(), "is not TOML"),
        ("p.csv", b"x;y\n1;2", "more than one expression"),
        ("p.csv", b"x\ty\n1\t2", "an operator is missing"),
        ("p.csv", b"x,y\n1,", "'y' is ''"),
        ("p.csv", b"x\n" + ESC.encode(), "a control character"),
        ("p.csv", b"x\n" + b"1" * 200_000, "is not CSV"),
        ("p.txt", b"x=1", "cannot tell how"),
    ],
)
def test_points_that_cannot_be_read(ask, tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    code, out, err = ask("x", "--at", name)
    assert (code, out) == (2, "")
    assert_sentence(err)
    assert said in err


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("p.json", b'\xef\xbb\xbf{"x": 1}'),
        ("p.toml", b"\xef\xbb\xbfx = 1\r\n"),
        ("p.csv", b'\xef\xbb\xbf"x"\r\n"1"\r\n'),
        ("p.csv", b",x,\n0,1,\n"),
    ],
)
def test_points_as_other_programs_write_them(ask, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert ask("x + 1", "--at", name, "--get", "value", "--no-check") == (0, "2.0\n", "")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbfx + 1\r\n", 0),
        (b"y = x\r\n\ty + 1\r\n", 0),
        (b"x\xff", 2),
        (b"x\0", 2),
        (b"x\x0c+1", 2),
    ],
)
def test_programs_from_files(ask, tmp_path, data, code):
    (tmp_path / "program").write_bytes(data)
    arguments = ["x=1", "--get", "value", "--no-check"]
    for got, out, err in (ask("@program", *arguments), ask("-", *arguments, stdin=data)):
        assert (got, out) == (code, "" if code else "2.0\n")
        assert not code or assert_sentence(err) is None


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("GRADCALC_FORMAT", "xyz", 2),
        ("GRADCALC_FORMAT", ESC, 2),
        ("GRADCALC_FORMAT", "\udcff", 2),
        ("GRADCALC_STRICT", "maybe", 2),
        ("GRADCALC_WRT", "zz", 2),
        ("GRADCALC_RTOL", "abc", 2),
        ("GRADCALC_MAX_NODES", "0", 2),
        ("GRADCALC_OUTPUT", ".", 2),
        ("GRADCALC_AT", "nowhere.json", 2),
        ("GRADCALC_FORMAT", "", 0),
        ("GRADCALC_WRT", "", 0),
        ("GRADCALC_WRT", "x y", 0),
        ("_GRADCALC_COMPLETE", "", 0),
        ("_GRADCALC_COMPLETE", "nonsense", 2),
        ("_GRADCALC_COMPLETE", "bash_complete", 2),
    ],
)
def test_the_environment(ask, monkeypatch, name, value, code):
    monkeypatch.setenv(name, value)
    got, _, err = ask("x*y", "x=1", "y=2", "--no-check")
    assert got == code
    assert not code or assert_sentence(err) is None


def test_the_environment_is_named(ask, monkeypatch):
    monkeypatch.setenv("GRADCALC_CHECK", "maybe")
    assert ask("x", "x=1")[2].startswith("error: invalid value for 'GRADCALC_CHECK': 'maybe' is not a truth")


# Reports.

NASTY = f'(x # {ESC} [red]x[/] | a & b % \\ _ "c",d\te $\n + 1)*y_1'


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_holds_what_is_nasty(ask, name):
    code, out, err = ask(NASTY, "x=1", "y_1=2", "-f", name, "--no-check")
    assert (code, err) == (0, "")
    assert all(c.isprintable() or c in "\n\t" for c in out)
    lines = out.splitlines()
    if name == "json":
        assert json.loads(out)["program"] == NASTY
    if name == "jsonl":
        assert [json.loads(line)["id"] for line in lines] == list(range(5))
    if name == "csv":
        assert {len(row) for row in csv.reader(io.StringIO(out))} == {10}
    if name == "tsv":
        assert {line.count("\t") for line in lines} == {9}
    if name == "markdown":
        assert all(line.replace(r"\|", "").count("|") == 9 for line in lines[:7])
    if name == "latex":
        rows = [line.replace(r"\&", "") for line in lines if line.endswith(r" \\")]
        assert {row.count("&") for row in rows} == {7, 4}
        assert all(row.replace(r"\%", "").count("%") == 0 for row in rows)
    assert ("[red]x[/]" in out) == (name not in {"markdown", "latex"})


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


@pytest.mark.parametrize("columns", ["1", "20", "40", "0", "-4", "abc"])
def test_any_width(ask, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (["sigmoid(x)", "x=1", "--no-check"], ["gates", "relu"], ["gates"], ["--help"]):
        monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding="utf-8"))
        assert run(arguments) == 0


@pytest.mark.parametrize(
    ("program", "line", "carets"),
    [
        ("变量 + zz", "变量 + zz", "^^^^"),
        ("x\t+\tzz", "x + zz", "    ^^"),
        ("x + ｚｚ", "x + ｚｚ", "    ^^^^"),
        ("x + (\n\t 量 + 1)", "  量 + 1)", "  ^^"),
        ("x + ý + 1", "x + ý + 1", "    ^"),
    ],
)
def test_carets_stand_below_what_they_mean(ask, program, line, carets):
    err = ask(program, *["x=1"] * program.startswith("x"))[2]
    assert err.splitlines()[1:3] == ["  " + line, "  " + carets]


def test_a_thousand_variables_and_a_deep_chain(ask, tmp_path):
    (tmp_path / "wide").write_text("+".join(f"x{i}*{i}" for i in range(1000)))
    (tmp_path / "p.json").write_text(json.dumps({f"x{i}": i for i in range(1000)}))
    assert ask("@wide", "--at", "p.json", "--get", "x7", "--no-check") == (0, "7.0\n", "")
    code, _, err = ask("@wide", "--at", "p.json", "zz=1")
    assert (code, len(err) < 300) == (2, True)
    (tmp_path / "deep").write_text("(" * 10_000 + "x" + "+1)" * 10_000)
    for name in FORMATS:
        assert ask("@deep", "x=1", "-f", name, "--no-check", "-o", "report")[0] == 0
    assert ask("diff", "@deep")[0] == 2


@pytest.mark.parametrize(
    "token", ["-", "+", "f(", ";", "x+", "|x", "\\frac{", "np.", "√", "x?", "not ", ".", "x ", "²"]
)
def test_a_token_repeated(ask, token):
    code, out, err = ask("-", "x=1", stdin=(token * 50_000).encode())
    assert (code, out) == (2, "")
    assert_sentence(err)


# Processes.


def process(arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRADCALC_")}
    options["env"] = environment | options.pop("env", {})
    return subprocess.run([*GRADCALC, *arguments], timeout=PATIENCE, capture_output=True, **options)


@pytest.mark.parametrize("letter", ["(", ")", '"', "x", "9", "-x^", "!"])
def test_ten_megabytes_of_a_letter(tmp_path, letter):
    file = tmp_path / "program"
    file.write_bytes(letter.encode() * (10_000_000 // len(letter)))
    done = process([f"@{file}"]) if letter == "(" else process(["-"], input=file.read_bytes())
    assert (done.returncode, done.stdout) == (2, b"")
    assert_sentence(done.stderr.decode())


def shell(line, **variables):
    """Run a line of bash; `$G` is the program."""
    environment = os.environ | {"G": f"{sys.executable} -m gradcalc", **variables}
    return subprocess.run(["bash", "-c", line], timeout=PATIENCE, capture_output=True, env=environment)


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("$G gates | true; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("$G --help | true; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("$G 2x 2>&1 | true; exit ${PIPESTATUS[0]}", 141, "", ""),
        ("$G gates >&-", 2, "", "error: cannot write"),
        ("$G 2x -f json >&-", 2, "", "error: an operator"),
        ("$G 2x >&- 2>&- <&-", 2, "", ""),
        ("$G 2x 2>&-", 2, "", ""),
        ("$G 2x -f json 2>&-", 2, '{"schema"', ""),
        ("$G - <&-", 2, "", "error: cannot read standard input"),
        ("$G x --at - <&-", 2, "", "error: cannot read standard input"),
        ("$G - </dev/null", 2, "", "error: the program is empty"),
        ("$G $'x\\xff'", 2, "", "error: an argument is not UTF-8"),
        ("$G 'σ(é)' é=0 --no-check --get é", 0, "0.25", ""),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $G 'σ(é)' é=0 --no-check --get é", 0, "0.25", ""),
        ("PYTHONIOENCODING=ascii $G 'σ(é)' é=0 --no-check --color always", 0, "\x1b[1mnode", ""),
        ("PYTHONIOENCODING=latin-1 $G 'σ(é)' é=0 --no-check", 0, "node", ""),
        ("PYTHONIOENCODING=ascii $G 'σ(é'", 2, "", "error: "),
    ],
)
def test_streams(line, code, out, err):
    done = shell(line)
    assert done.returncode == code, done
    assert done.stdout.decode("latin-1").startswith(out)
    assert done.stderr.decode("latin-1").startswith(err)
    assert bool(done.stdout) == bool(out)
    assert bool(done.stderr) == bool(err)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
@pytest.mark.parametrize(
    ("line", "err"),
    [
        ("$G >/dev/full", "error: cannot write: no space left"),
        ("$G --help >/dev/full", "error: cannot write: no space left"),
        ("$G 2x -f json >/dev/full", "error: an operator is missing"),
        ("$G 2x 2>/dev/full", ""),
        ("$G 2x -f json >/dev/full 2>/dev/full", ""),
    ],
)
def test_full_disks(line, err):
    done = shell(line)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(err)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("delay", [0.3, 0.8, 2.0])
def test_an_interrupt_while_it_works(tmp_path, delay):
    file = tmp_path / "program"
    file.write_text("sin(x) + " * 700_000 + "x")
    with subprocess.Popen(
        [*GRADCALC, f"@{file}", "x=1", "-f", "csv"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as working:
        time.sleep(delay)
        working.send_signal(signal.SIGINT)
        _, err = working.communicate(timeout=PATIENCE)
    assert (working.returncode, err) == (130, b"")


def test_a_file_that_may_not_be_read(ask, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tmp_path / "secret").touch(mode=0)
    code, _, err = ask("@secret")
    assert code == 2
    assert_sentence(err)
