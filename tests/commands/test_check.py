"""`gradcalc check` on suites: what it prints, where reports go, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from gradcalc.commands import load, patience
from gradcalc.report.suite import FORMATS
from gradcalc.report.suite.text import FEW

RIGHT = '[[case]]\nname = "right"\nprogram = "x^2*y"\npoint = {x = 3, y = 2}\nclaims = {grad_x = 12}\n\n'
WRONG = '[[case]]\nname = "wrong"\nprogram = "x^2*y"\npoint = {x = 3, y = 2}\nclaims = {grad_x = 6}\n\n'
KINKED = '[[case]]\nname = "kinked"\nprogram = "abs(x)"\npoint = {x = 0}\n\n'
BROKEN = '[[case]]\nname = "broken"\nprogramm = "x"\n\n'
OUTSIDE = '[[case]]\nname = "outside"\nprogram = "log(x)"\npoint = {x = -1}\n\n'


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("GRADCALC_") or name == "GITHUB_STEP_SUMMARY":
            monkeypatch.delenv(name)


def suite(*cases, name="suite.toml"):
    Path(name).write_text("".join(cases))
    return name


def last(done):
    return done.out.splitlines()[-1]


def test_the_report_of_a_suite(cli):
    done = cli("check", suite(RIGHT, WRONG))
    assert done == (
        1,
        "✓ pass: right (suite.toml:1)\n"
        "✗ fail: wrong (suite.toml:11)\n"
        "    claim grad_x = 6: fail: factor 2 missing; it is 12.0, but 6.0 was claimed\n"
        "    df/dx = 2*x*y\n"
        "1 passed, 1 failed\n",
        "",
    )


@pytest.mark.parametrize(
    ("cases", "options", "code", "count"),
    [
        ([RIGHT], [], 0, "1 passed"),
        ([RIGHT, KINKED], [], 0, "1 passed, 1 undecided"),
        ([RIGHT, KINKED], ["--strict"], 3, "1 passed, 1 undecided"),
        ([WRONG, KINKED], ["--strict"], 1, "1 failed, 1 undecided"),
        ([RIGHT, OUTSIDE], [], 3, "1 passed, 1 error"),
        ([WRONG, OUTSIDE], [], 1, "1 failed, 1 error"),
        ([WRONG, BROKEN, RIGHT], ["--strict"], 2, "1 passed, 1 failed, 1 error"),
        ([RIGHT, WRONG], ["-k", "right"], 0, "1 passed"),
        ([WRONG, RIGHT], ["--fail-fast"], 1, "1 failed"),
        ([KINKED, RIGHT], ["--fail-fast"], 0, "1 passed, 1 undecided"),
        ([KINKED, RIGHT], ["--fail-fast", "--strict"], 3, "1 undecided"),
        ([WRONG], ["--rtol", "0.6"], 0, "1 passed"),
        ([WRONG], ["--atol", "7"], 0, "1 passed"),
        ([RIGHT, WRONG] * 20, ["--jobs", "2"], 1, "20 passed, 20 failed"),
        ([RIGHT], ["--jobs", "0"], 0, "1 passed"),
    ],
)
def test_the_exit_code_and_the_last_line(cli, cases, options, code, count):
    done = cli("check", suite(*cases), *options)
    assert (done.code, last(done), done.err) == (code, count, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to check: name a suite, a folder or -"),
        (["gone.toml"], "there is no file or folder 'gone.toml'"),
        (["."], "nothing was checked: there is no suite in ."),
        (["suite.toml", "-k", "nope"], "nothing was checked: no case matches -k 'nope'"),
        (["suite.toml", "--tag", "a", "--tag", "b"], "no case matches --tag a --tag b"),
        (["points.csv"], "'points.csv' is a table: --program says what its rows are about"),
        (["suite.toml", "--rows", "3"], "--rows is about the rows of a table"),
        (["suite.toml", "--ignore", "id"], "--ignore is about the rows of a table"),
        (["suite.toml", "--program", "x"], "'suite.toml' is a suite, and --program goes with rows"),
        (["--program", "x"], "there is nothing to check: --program goes with rows"),
        (["--program", "-", "-"], "standard input can be read once"),
        (["points.csv", "--program", "x", "-k", "a"], "-k and --tag choose among the cases of suites"),
        (["suite.toml", "--report", "xml"], "there is no report 'xml'"),
        (["suite.toml", "--report", "junti:a.xml"], "did you mean 'junit'?"),
        (["suite.toml", "--report", "json:"], "the name of the file for 'json' is empty"),
        (["suite.toml", "--report", "text", "--report", "github"], "two reports go to standard output"),
        (["suite.toml", "--report", "text:-", "--report", "junit"], "two reports go to standard output"),
        (["suite.toml", "--report", "json:a", "--report", "junit:a"], "two reports go to 'a'"),
        (["suite.toml", "--jobs", "-1"], "invalid value for '--jobs'"),
        (["suite.toml", "--rtol", "nan"], "--rtol must be a finite number"),
        (["suite.toml", "--precision", "float31"], "'float31' is not one of 'float16'"),
        (["suite.toml", "--fail-fats"], "did you mean '--fail-fast'?"),
        (["--init", "a.toml", "b.toml"], "--init writes one file"),
        (["--init", "suite.toml"], "'suite.toml' is there already"),
        (["--init", "no/folder/a.toml"], "cannot write 'no/folder/a.toml'"),
    ],
)  # fmt: skip
def test_what_is_no_check_is_an_error(cli, arguments, said):
    if arguments != ["."]:
        suite(RIGHT)
        Path("points.csv").write_text("x,grad_x\n1,1\n")
    done = cli("check", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") <= 2


def test_a_bad_file_keeps_nothing_from_the_others(cli):
    done = cli("check", suite("[[case]\n", name="a.toml"), suite(RIGHT, BROKEN, WRONG, name="b.toml"))
    assert done.code == 2
    assert done.out.splitlines()[:3] == [
        "✗ error: a.toml (a.toml:1)",
        "    'a.toml' is not TOML: expected ']]' at the end of an array declaration",
        "      [[case]",
    ]
    assert "✗ error: broken (b.toml:9)\n    a case has no key 'programm'\n" in done.out
    assert "    hint: did you mean 'program'?\n" in done.out
    assert last(done) == "1 passed, 1 failed, 2 errors"


def test_a_suite_on_standard_input(cli):
    done = cli("check", "-", stdin=(RIGHT + WRONG).encode())
    assert "✗ fail: wrong (standard input:11)" in done.out
    annotated = cli("check", "-", "--report", "github", stdin=(RIGHT + WRONG).encode())
    assert annotated.out.startswith("::error title=fail%3A wrong::claim grad_x")


def test_a_folder(cli):
    Path("inner").mkdir()
    suite(RIGHT, name="inner/a.toml")
    suite(RIGHT, name="b.toml")
    suite("[tool]\nx = 1\n", name="pyproject.toml")
    done = cli("check", ".")
    assert (done.code, last(done)) == (0, "2 passed")
    assert "(inner/a.toml:1)" in done.out


def many(count, extra=""):
    return "".join(RIGHT.replace("right", f"right {k}") for k in range(count)) + extra


def test_few_that_pass_are_listed_many_are_counted(cli):
    assert cli("check", suite(many(FEW))).out.count("✓") == FEW
    done = cli("check", suite(many(FEW + 5, WRONG)))
    assert done.out.count("✓ pass") == FEW
    assert done.out.splitlines()[-2:] == [
        "and 5 more that passed (--verbose lists them)",
        "25 passed, 1 failed",
    ]
    assert "✗ fail: wrong" in done.out
    assert cli("check", suite(many(FEW + 5)), "-v").out.count("✓ pass") == FEW + 5


def test_init_writes_a_suite_that_passes_and_overwrites_nothing(cli):
    done = cli("check", "--init", "first.toml")
    assert done == (0, "", "wrote first.toml; gradcalc check first.toml checks it\n")
    written = Path("first.toml").read_text()
    assert cli("check", "--init").out == written == cli("check", "--init", "-").out
    assert cli("check", "--init", "first.toml").code == 2
    assert Path("first.toml").read_text() == written
    assert cli("check", "first.toml", "--strict").code == 0


# Reports.


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_in_a_file_leaves_text_on_standard_output(cli, name):
    suite(RIGHT, WRONG)
    on_stdout = cli("check", "suite.toml", "--report", name)
    in_file = cli("check", "suite.toml", "--report", f"{name}:out: 1.txt")
    assert on_stdout.code == in_file.code == 1
    assert in_file.out == cli("check", "suite.toml").out
    if name in ("text", "github"):
        assert Path("out: 1.txt").read_text() == on_stdout.out
    else:
        assert len(Path("out: 1.txt").read_text().splitlines()) == len(on_stdout.out.splitlines())


def test_several_reports_at_once(cli):
    files = [f"--report={name}:{name}.out" for name in ("junit", "json", "jsonl", "github")]
    done = cli("check", suite(RIGHT, WRONG, BROKEN), *files, "--report", "text:copy.txt")
    assert Path("copy.txt").read_text() == done.out
    assert json.loads(Path("json.out").read_text())["totals"] == {
        "passed": 1, "failed": 1, "inaccurate": 0, "undecided": 0, "errors": 1,
    }  # fmt: skip
    assert json.loads(Path("jsonl.out").read_text().splitlines()[-1])["exit"] == 2
    found = ElementTree.parse("junit.out").getroot().find("testsuite")  # noqa: S314 - our own
    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("3", "1", "1")
    assert (
        Path("github.out").read_text().splitlines()[0].startswith("::error file=suite.toml,line=11,col=11,")
    )


def test_a_report_that_cannot_be_written_is_an_error(cli):
    done = cli("check", suite(RIGHT), "--report", "junit:no/folder/a.xml")
    assert (done.code, done.err) == (2, "error: cannot write 'no/folder/a.xml': no such file or directory\n")


def test_the_summary_of_a_step_is_appended_to(cli, monkeypatch):
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    suite(RIGHT, WRONG)
    cli("check", "suite.toml")
    assert Path("summary.md").read_text() == "before\n"
    cli("check", "suite.toml", "--report", "github")
    cli("check", "suite.toml", "--report", "github:out.txt")
    text = Path("summary.md").read_text()
    assert text.startswith("before\n### gradcalc check: 1 passed, 1 failed\n")
    assert text.count("| fail | wrong | suite.toml&#58;11 |") == 2


def test_errors_are_json_where_that_is_reported(cli):
    done = cli("check", "gone.toml", "--report", "json")
    assert json.loads(done.out)["error"]["message"] == "there is no file or folder 'gone.toml'"
    assert cli("check", "gone.toml", "--report", "json:a.json").out == ""


def test_options_from_the_environment(cli, monkeypatch):
    suite(RIGHT, WRONG)
    for name, value in (("REPORT", "junit:a b.xml\njson"), ("KEYWORD", "wrong"), ("RTOL", "0.6")):
        monkeypatch.setenv(f"GRADCALC_{name}", value)
    done = cli("check", "suite.toml")
    assert (done.code, json.loads(done.out)["totals"]["passed"]) == (0, 1)
    assert Path("a b.xml").exists()


def test_every_option_but_those_that_write_or_run_code_can_be_set_in_the_environment():
    names = {max(p.opts, key=len): p.envvar for p in load("check").params if isinstance(p, click.Option)}
    assert {name for name, variable in names.items() if not variable} == {"--init", "--load"}
    assert all(v == f"GRADCALC_{name[2:].upper().replace('-', '_')}" for name, v in names.items() if v)


def test_rows_without_a_program_get_a_hint(cli):
    done = cli("check", "-", stdin=b"x,grad_x\n1,2\n")
    assert done.code == 2
    assert "hint: rows of a table need --program PROGRAM" in done.out


def test_colour_and_ascii(cli):
    suite(RIGHT, WRONG)
    assert "\033[" in cli("check", "suite.toml", "--color", "always").out
    assert "\033[" in cli("check", "suite.toml", columns=80).out
    assert "\033[" not in cli("check", "suite.toml", "--color", "never", columns=80).out
    assert cli("check", "suite.toml", encoding="ascii").out.startswith("ok pass: right")


def test_nothing_of_a_suite_is_markup_or_control(cli):
    name = '"[bold]\\u001b[31mred\\u0007[/bold]"'
    done = cli("check", suite(WRONG.replace('"wrong"', name)), "--color", "always")
    assert "[bold]�[31mred�[/bold]" in done.out


# Rows.

TABLE = "x,y,value,grad_x\n1,2,2,4\n3,2,18,12\n-1,4,4,-8\n"


def rows(cli, *options, table=TABLE, stdin=True):
    Path("points.csv").write_text(table)
    file = "-" if stdin else "points.csv"
    return cli("check", "--program", "x^2*y", *options, file, stdin=table.encode())


def test_rows_of_a_kernel(cli):
    done = rows(cli, "--rows", "3")
    assert (done.code, last(done), done.err) == (0, "3 passed", "")
    assert rows(cli, stdin=False) == done._replace(out=done.out.replace("standard input", "points.csv"))
    wrong = rows(cli, table=TABLE.replace("12", "6"))
    assert (wrong.code, last(wrong)) == (1, "2 passed, 1 failed")
    assert "✗ fail: row 2 (standard input:3)\n    claim grad_x = 6: fail: factor 2 missing" in wrong.out


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        ("", [], "standard input is empty"),
        ("x,y,grad_x\n", [], "there are no rows, so that nothing was checked"),
        (TABLE, ["--rows", "4"], "there are 3 rows, fewer than 4"),
        ("x,y\n1,2\n", [], "no column claims anything"),
        (TABLE.replace("value", "valeu"), [], "the column 'valeu' means nothing here"),
        (TABLE.replace("18", "a"), [], "'value' is 'a', not a number"),
        ("id," + TABLE.replace("\n", "\na,"), [], "the column 'id' means nothing here"),
        ("id," + TABLE.replace("\n", "\na,"), [], "--ignore id leaves it out"),
        ('[{"x": 1, "y": 2, "grad_x": 4}]', [], "write an object a line"),
        ("x[0],y,grad_x[0]\n1,2,4\n", [], "or a column 'upstream' for its gradient"),
    ],
)
def test_rows_that_check_nothing_do_not_pass(cli, table, options, said):
    done = rows(cli, *options, table=table)
    assert (done.code, last(done)) == (2, "1 error")
    assert said in done.out


def test_a_column_that_means_nothing_is_ignored_when_told(cli):
    table = "id," + TABLE.replace("\n", "\nno. 1,").removesuffix("no. 1,")
    assert rows(cli, table=table).code == 2
    done = rows(cli, "--ignore", "id", table=table)
    assert (done.code, last(done)) == (0, "3 passed")


def test_help_tells_of_all_exit_codes(cli):
    told = " ".join(cli("check", "--help").out.split())
    assert "0 nothing failed" in told
    assert "3 a number that is not finite, a domain error, or a check that did not finish" in told


def test_several_tables_are_checked_each(cli):
    Path("wrong.tsv").write_text("x\tgrad_x\n1\t3\n")
    Path("right.jsonl").write_text('{"x": 1, "grad_x": 2}\n')
    done = cli("check", "--program", "x^2", "wrong.tsv", "right.jsonl", "gone.csv", "--report", "json")
    found = json.loads(done.out)
    assert [(o["file"], o["verdict"]) for o in found["outcomes"]] == [
        ("wrong.tsv", "fail"), ("right.jsonl", "pass"), ("gone.csv", None),
    ]  # fmt: skip
    assert (done.code, found["exit"]) == (2, 2)
    fast = cli("check", "--program", "x^2", "wrong.tsv", "gone.csv", "--fail-fast")
    assert (fast.code, last(fast)) == (1, "1 failed")


def test_the_program_of_rows_in_a_file_and_precision(cli):
    Path("model.txt").write_text("x^2*y")
    table = "x,y,grad_x\n0.1,3,0.6000001\n"
    Path("points.csv").write_text(table)
    assert cli("check", "--program", "@model.txt", "points.csv").code == 1
    assert cli("check", "--program", "@model.txt", "points.csv", "--precision", "float32").code == 0


# As a process.

CHECK = [sys.executable, "-m", "gradcalc", "check"]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
LONG = "; ".join(["x0 = x", *(f"x{k + 1} = 3.9*x{k}*(1 - x{k})" for k in range(900))])
SLOW = f'[[case]]\nprogram = "{LONG}"\npoint = {{x = 0.3}}\n'


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_is_130_and_silent(jobs):
    suite(RIGHT, SLOW * 30)
    with subprocess.Popen(
        [*CHECK, "suite.toml", "--jobs", jobs], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=ENVIRONMENT, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "✓ pass: right (suite.toml:1)\n"
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_reader_that_goes_away_is_141_and_silent(jobs):
    suite(many(40))
    with subprocess.Popen(
        [*CHECK, "suite.toml", "-v", "--jobs", jobs], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        process.stdout.close()
        error = process.stderr.read()
    assert (process.wait(), error) == (141, "")


class Terminal:
    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_progress_is_told_on_a_terminal_and_gives_way(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = iter([0.0, 0.5, 2.0, 2.0, 2.5])
    monkeypatch.setattr(patience, "monotonic", lambda: next(clock))
    progress = patience.Progress("checked")
    progress.add(3)
    assert terminal.text == ""
    progress.add(1000)
    assert terminal.text == f"{patience.CLEAR}1,003 checked … (Ctrl-C stops it)"
    assert list(progress.between(["a", "b"])) == ["a", "b"]
    assert terminal.text.endswith(f"stops it){patience.CLEAR}")


def test_no_progress_where_there_is_no_terminal(cli, monkeypatch):
    monkeypatch.setattr(patience, "DELAY", 0.0)
    assert cli("check", suite(many(3))).err == ""
