"""README says what is true: its blocks are run, and every command, option and room is in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from gradcalc.commands import load, run
from gradcalc.commands.eval import command as eval_command
from gradcalc.report import FORMATS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOP = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "gradcalc", "tests"}


def block(mark: str) -> str:
    """Return the block after a comment that marks it."""
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, mark
    return found[1]


def arguments(command: str) -> list[str]:
    """Return what follows `gradcalc` in a shell command, up to its comment."""
    words = shlex.split(command, comments=True)
    return words[next(i for i, word in enumerate(words) if word.endswith("gradcalc")) + 1 :]


def test_the_run_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(block("run").splitlines()[0])) == 0
    shown = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert shown.strip() == block("output").strip()


GETS = [
    line for line in README.splitlines() if line.startswith("gradcalc") and "--get" in line and "#" in line
]


@pytest.mark.parametrize("line", GETS)
def test_what_scripts_get(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(line)) == 0
    assert capsys.readouterr().out.strip() == line.split("#")[1].strip()


def test_the_python_block_runs_and_says_what_it_gives() -> None:
    (code,) = re.findall(r"```python\n(import gradcalc.*?)```", README, re.DOTALL)
    scope: dict[str, object] = {}
    for line in filter(None, code.splitlines()):
        source, _, comment = line.partition("  # ")
        if comment[:1] in "{['" and comment:
            expected = re.match(r"\{.*\}|\[.*\]|'.*'", comment.strip())
            assert expected
            assert eval(source, scope) == eval(expected[0]), line  # noqa: S307
        else:
            exec(source, scope)


def test_the_record_of_the_readme_is_a_gate_of_the_catalogue() -> None:
    from gradcalc.gates import GATES
    from gradcalc.gates.record import Gate
    from gradcalc.systems import real

    (code,) = re.findall(r"```python\n(SOFTSIGN.*?)```", README, re.DOTALL)
    scope: dict[str, object] = {"Gate": Gate}
    exec(code, scope)
    shown = scope["SOFTSIGN"]
    assert isinstance(shown, Gate)
    ours = GATES["softsign"]
    assert (shown.name, shown.signature, shown.probe) == (ours.name, ours.signature, ours.probe)
    assert shown.value(real, -3.0) == ours.value(real, -3.0)
    assert shown.local(0, real, (-3.0,), -0.75) == pytest.approx(1 / 16)


def test_every_option_of_eval_is_in_the_readme_and_has_help() -> None:
    for option in eval_command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert any(f"`{name}" in README for name in option.opts), option.opts


def test_every_format_and_exit_code_is_in_the_readme() -> None:
    assert f"`{' '.join(FORMATS)}`" in README
    for code in ("| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 130, 141 |"):
        assert code in README


def test_every_room_is_in_the_readme() -> None:
    rooms = {path.name for path in (ROOT / "gradcalc").iterdir() if not path.name.startswith("_")}
    plan = README.split("## How it is built")[1].split("## Adding a gate")[0]
    assert {room for room in rooms if room not in plan} == set()


def test_every_benchmark_is_in_the_readme() -> None:
    section = README.split("## Benchmarks")[1]
    files = {file.stem for file in (ROOT / "tests/benchmarks").glob("*.py")} - {"__init__", "measure"}
    assert {name for name in files if not re.search(rf"\.{name}\b", section)} == set()


def test_nothing_else_stands_at_the_top() -> None:
    generated = {"build", "dist", "gradcalc.egg-info"}
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - generated == TOP


def test_every_option_of_the_matrices_is_in_the_readme() -> None:
    shared = {name for option in eval_command.params for name in option.opts}
    for command in ("jacobian", "hessian"):
        own = {name for option in load(command).params for name in option.opts if name.startswith("--")}
        assert own - shared == {name for name in own - shared if f"`{name}" in README}


def test_the_options_of_eval_that_the_matrices_lack_are_told() -> None:
    (told,) = re.findall(r"Options are those of `eval`, without (.*?), and\n", README, re.DOTALL)
    for command in ("jacobian", "hessian"):
        own = {max(option.opts, key=len) for option in load(command).params}
        lacking = {max(option.opts, key=len) for option in eval_command.params} - own
        assert set(re.findall(r"--\w+", told)) == lacking


MATRICES = [
    line for line in README.splitlines() if line.startswith(("gradcalc jacobian", "gradcalc hessian"))
]


@pytest.mark.parametrize("line", MATRICES)
def test_the_commands_for_matrices_run(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(line)) == 0
    assert "pass" in capsys.readouterr().out


def test_what_python_gives_for_matrices() -> None:
    import gradcalc

    lines = re.findall(r"^(gradcalc\.(?:hessian|hvp)\(.*?)  # ([\d.]+)", README, re.MULTILINE)
    assert len(lines) == 2
    for source, number in lines:
        assert eval(source, {"gradcalc": gradcalc}) == float(number)  # noqa: S307


def test_the_suite_gets_the_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.toml").write_text(block("suite"), encoding="utf-8")
    assert run(["check", "suite.toml"]) == 1
    assert capsys.readouterr().out == block("verdict")


def test_every_option_of_check_and_every_key_of_a_suite_is_in_the_readme() -> None:
    from gradcalc.suites.schema import CASE, RANDOM

    section = README.split("## Checking what")[1].split("## In scripts")[0]
    for option in load("check").params:
        if isinstance(option, click.Option):
            assert any(f"`{name}" in section for name in option.opts), option.opts
    for key in [*CASE, *RANDOM]:
        assert f"`{key}`" in section or f"{{{key} = " in section or f" {key} = " in section, key


def test_the_claim_without_a_point_gets_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("gradcalc 'x^2*sin(y)'")]
    assert run(arguments(line)) == 1
    assert line.split("# fail: ")[1].split(";")[0] in capsys.readouterr().out


def test_the_explanation_is_what_explain_says(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("gradcalc explain '")]
    assert run(arguments(line)) == 0
    assert block("explained") in capsys.readouterr().out


def test_the_picture_is_what_draw_draws(tmp_path: Path) -> None:
    (line,) = [
        line for line in README.splitlines() if line.startswith("gradcalc draw") and "neuron.svg" in line
    ]
    file = tmp_path / "neuron.svg"
    assert run([file.as_posix() if word == file.name else word for word in arguments(line)]) == 0
    assert file.read_text(encoding="utf-8") == (ROOT / ".github/neuron.svg").read_text(encoding="utf-8")


def test_the_gates_of_the_readme_are_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(# my_gates.py.*?)```", README, re.DOTALL)
    file = tmp_path / "my_gates.py"
    file.write_text(code, encoding="utf-8")
    lines = [line for line in README.splitlines() if line.startswith("gradcalc") and "my_gates.py" in line]
    for line in lines:
        words = [file.as_posix() if word == file.name else word for word in arguments(line)]
        assert run(words) == 0, capsys.readouterr()
    assert len(lines) == 2
    assert "2 passed" in capsys.readouterr().out
