"""What others' continuous integration runs: the hook of pre-commit, and the action."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gradcalc.commands import run

ROOT = Path(__file__).parents[1]
HOOK = ROOT / ".pre-commit-hooks.yaml"
ACTION = ROOT / ".github/actions/check/action.yml"
LECTURE = "tests/suites/lecture.toml"


def test_the_hook_checks_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = re.findall(r"^  entry: (.*)$", HOOK.read_text(), re.MULTILINE)
    program, *arguments = shlex.split(entry)
    assert program == "gradcalc"
    assert run([*arguments, str(ROOT / LECTURE), "--jobs", "1"]) == 0
    assert capsys.readouterr().out.endswith(" passed\n")


def scripts() -> list[str]:
    """Return the scripts of the action's steps."""
    found = re.findall(r"^      run: \|\n((?:        .*\n)+)", ACTION.read_text(), re.MULTILINE)
    return [textwrap.dedent(script) for script in found]


def test_the_action_checks_its_files_with_its_arguments(tmp_path: Path) -> None:
    _, check = scripts()
    command = tmp_path / "gradcalc/bin/gradcalc"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gradcalc "$@"\n')
    command.chmod(0o755)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[case]]\nprogram = "x^2"\npoint = {x = 3}\nclaims = {grad_x = 3}\n')
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "ARGS": "--strict -k x^2",
        "FILES": f"{LECTURE} {wrong}",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", check], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"::error file={wrong},line=4,col=11,title=fail%3A x^2::claim grad_x")
    assert (tmp_path / "summary.md").read_text().startswith("### gradcalc check: 1 failed\n")


def test_the_action_installs_the_repository_that_it_is_in() -> None:
    install, _ = scripts()
    (path,) = re.findall(r"\$GITHUB_ACTION_PATH/([./]+)", install)
    assert (ACTION.parent / path).resolve() == ROOT


def test_inputs_are_never_part_of_a_script() -> None:
    assert not any("${{" in script for script in scripts())
