"""The house keeps its plan: doors open one way, heavy rooms open on use, and each room says what is in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradcalc

HOUSE = Path(gradcalc.__file__).parent

FLOORS = [
    {"errors"},
    {"systems"},
    {"gates"},
    {"graph"},
    {"shapes"},
    {"language", "forward"},
    {"backward"},
    {"result"},
    {"kinks", "rows", "elements", "gradients", "stabler", "forms"},
    {"check"},
    {"point"},
    {"claims", "loading"},
    {"pipeline"},
    {"derivatives", "batch"},
    {"suites"},
    {"report", "examples"},
    {"commands"},
    {"__main__"},
]
"""A room may open doors to rooms before it in this list, never to one after it."""

ON_USE = {
    ("graph", "forward"): "the lecture's own forward() is the graph's",
    ("graph", "backward"): "and so is backward()",
    ("forward", "elements"): "where an array stopped being finite is asked for an error alone",
    ("backward", "elements"): "and so is where a gradient did",
    ("forward", "point"): "what is no array of numbers yet is read as the values of a point are",
    ("result", "report"): "a notebook asks the result itself how to show it",
    ("result", "rows"): "the rows of the table are gathered when they are asked for",
}
"""Doors that open the other way, inside a function, with their reasons."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room(file: Path) -> str:
    return file.relative_to(HOUSE).parts[0].removesuffix(".py")


def doors(file: Path) -> set[str]:
    """Return the rooms that a file imports from."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gradcalc"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gradcalc.")}
    return names & set(FLOOR)


FILES = [file for file in sorted(HOUSE.rglob("*.py")) if file.name != "__init__.py" or file.parent != HOUSE]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(HOUSE)))
def test_doors_open_one_way(file: Path) -> None:
    here = room(file)
    wrong = {d for d in doors(file) if FLOOR[d] > FLOOR[here] and (here, d) not in ON_USE}
    assert not wrong


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(HOUSE)))
def test_only_commands_and_reports_know_click_and_rich(file: Path) -> None:
    if room(file) in {"commands", "report", "__main__"}:
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not imported & {"click", "rich"}


def loaded_by(code: str) -> set[str]:
    """Return the modules that are loaded after running code in a fresh process."""
    script = f"{code}\nimport sys; sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


HEAVY = {"numpy", "rich", "sympy", "mpmath"}


def test_a_calculation_without_check_loads_nothing_heavy() -> None:
    run = "from gradcalc.commands import run\nrun({!r})"
    arguments = ["(x+y)*z", "x=-2", "y=5", "z=-4", "--no-check", "--format", "json"]
    assert not loaded_by(run.format(arguments)) & HEAVY


def test_importing_the_package_loads_nothing() -> None:
    assert not {m for m in loaded_by("import gradcalc") if m.startswith("gradcalc.")}


def test_public_names_are_loaded_on_use() -> None:
    for name in gradcalc.__all__:
        assert getattr(gradcalc, name) is not None
    assert callable(gradcalc.compute)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gradcalc.nonsense  # noqa: B018


def test_the_user_s_text_is_never_executed() -> None:
    """What is executed was written from gate records alone, or stands in our own examples."""
    found = {
        (file.name, node.func.id)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    }
    assert found == {("forward.py", "exec"), ("examples.py", "exec"), ("examples.py", "eval")}


PACKAGES = [file for file in sorted(HOUSE.rglob("__init__.py")) if file.parent != HOUSE]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda file: file.parent.name)
def test_a_package_says_what_is_in_it(package):
    text = package.read_text(encoding="utf-8")
    inside = [file.stem for file in package.parent.glob("*.py") if file != package]
    inside += [file.parent.name for file in package.parent.glob("*/__init__.py")]
    assert [name for name in inside if not re.search(rf"\b{name}\b", text)] == []
