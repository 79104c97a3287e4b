"""What only a process of its own can show: what it loads, and how it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

ONE = ["(x+y)*z", "x=-2", "y=5", "z=-4"]
GRADCALC = [sys.executable, "-m", "gradcalc"]
HEAVY = ("numpy", "rich", "sympy", "mpmath", "tomllib", "csv", "pathlib", "shutil", "difflib")


def loaded(*arguments):
    code = (
        "import sys; from gradcalc.commands import run; code = run(sys.argv[1:]); "
        "print(*[m for m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--format", "json"], ["--get", "x"], ["--format", "tsv"], []])
def test_what_is_not_needed_is_not_loaded(arguments):
    assert not loaded(*ONE, "--no-check", *arguments) & set(HEAVY)


def test_the_other_commands_and_formats_are_not_loaded():
    modules = loaded(*ONE, "--no-check", "--format", "json")
    for name in ("commands.diff", "commands.gates", "report.table", "report.csv", "examples", "check"):
        assert f"gradcalc.{name}" not in modules


def test_a_listing_of_gates_needs_no_sympy():
    assert not loaded("gates") & {"sympy", "numpy", "rich"}


def test_colour_needs_rich_alone():
    modules = loaded(*ONE, "--no-check", "--color", "always")
    assert "rich" in modules
    assert not modules & {"sympy", "numpy"}


def test_a_reader_that_goes_away_is_141_and_silent():
    program = " + ".join(["x"] * 5000)
    done = subprocess.Popen(
        [*GRADCALC, "-", "x=1", "--no-check", "--format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done.stdout.close()
    done.stdin.write(program)
    done.stdin.close()
    error = done.stderr.read()
    done.stderr.close()
    assert (done.wait(), error) == (141, "")


def test_a_reader_that_goes_away_before_an_error():
    done = subprocess.Popen(
        [*GRADCALC, "2x", "-f", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    done.stdout.close()
    assert done.wait() == 141


def test_an_interrupt_is_130_and_silent():
    code = "import sys; from gradcalc.commands import run; print('ready', flush=True); sys.exit(run(['-']))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        time.sleep(0.3)  # until it waits for its program
        process.send_signal(signal.SIGINT)
        out, error = process.communicate()
    assert (process.returncode, out, error) == (130, "", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_is_a_sentence():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*GRADCALC, *ONE, "--no-check"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: cannot write: no space left on device\n")


def test_a_closed_standard_output_is_a_sentence():
    line = f'"{sys.executable}" -m gradcalc x x=1 --no-check >&-'
    done = subprocess.run(line, shell=True, stderr=subprocess.PIPE, text=True)  # noqa: S602
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write")


def complete(words):
    """Ask as bash does: the last of the words is the one to complete."""
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_GRADCALC_COMPLETE": "bash_complete"}
    return subprocess.run(GRADCALC, env=os.environ | asked, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "gradcalc ",
            {"eval", "diff", "explain", "draw", "check", "jacobian", "hessian", "gates", "examples"},
        ),
        ("gradcalc --fo", {"--format"}),
        ("gradcalc --v", {"--version"}),
        ("gradcalc (x+y)*z --format js", {"json", "jsonl"}),
        ("gradcalc --format mark", {"markdown"}),
        ("gradcalc -x^2 x=3 --no", {"--no-check", "--nodes"}),
        ("gradcalc eval x --nodes n", {"named", "none"}),
        ("gradcalc diff x -f l", {"latex"}),
        ("gradcalc jacobian x --v", {"--vjp"}),
        ("gradcalc check --report ju", {"junit"}),
        ("gradcalc gates sigm", {"sigmoid"}),
        ("gradcalc examples neu", {"neuron"}),
        ("gradcalc ga", {"gates"}),
    ],
)
def test_the_shell_completes(words, expected):
    done = complete(words)
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


def test_files_are_completed_behind_an_at_sign(tmp_path):
    (tmp_path / "program.txt").write_text("x")
    words = f"gradcalc @{tmp_path}/pro"
    done = complete(words)
    assert done.stdout == f"plain,@{tmp_path}/program.txt\n"
