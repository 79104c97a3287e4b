"""What a suite says, as cases: points, claims, programs, defaults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcalc.claims.judge import Terms
from gradcalc.pipeline import compute
from gradcalc.suites.cases import Settings
from gradcalc.suites.files import read


def test_a_point_inline_or_as_a_table(cases):
    for text in ("point = {x = 2, y = -1}", "point.x = 2\npoint.y = -1", "[case.point]\nx = 2\ny = -1"):
        (case,) = cases(f'[[case]]\nprogram = "x*y"\n{text}\n')
        assert case.point == {"x": 2.0, "y": -1.0}
        assert (case.claims, case.wrt, case.error, case.upstream) == ({}, None, None, None)


def test_values_are_numbers_arrays_expressions_and_files(cases, folder):
    np.save("w.npy", np.arange(3.0))
    Path("d.csv").write_text("p,q\n1,2\n3,4\n")
    (case,) = cases("""
        [[case]]
        program = "sum(a*x)*s + sum(w) + sum(c) + sum(r)"
        point = {a = [1, 2], x = "[pi, 1/4]", s = "1e-3", w = "@w.npy", c = "@d.csv:q", r = "randn(2)"}
        """)
    assert case.error is None
    np.testing.assert_allclose(case.point["x"], [np.pi, 0.25])
    np.testing.assert_array_equal(case.point["w"], [0, 1, 2])
    np.testing.assert_array_equal(case.point["c"], [2, 4])
    np.testing.assert_array_equal(case.point["r"], np.random.default_rng(0).standard_normal(2))
    assert case.point["s"] == 1e-3


def test_files_stand_beside_the_suite(cases, folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "model.txt").write_text("x^2*y")
    (folder / "inner" / "point.json").write_text('{"x": 3, "y": 2}')
    (case,) = cases('[[case]]\nprogram = "@model.txt"\npoint = "point.json"\n', name="inner/suite.toml")
    assert (case.program, case.point) == ("x^2*y", {"x": 3.0, "y": 2.0})
    assert case.name == "@model.txt"


def test_several_points_share_what_point_says(cases):
    found = cases("""
        [[case]]
        name = "product"
        program = "x*y"
        point = {y = 2, x = 0}
        claims = {grad_x = "y"}
        points = [{x = 1, value = 2}, {x = 3, value = 6, grad_y = 3}]
        """)
    assert [case.name for case in found] == ["product, point 1", "product, point 2"]
    assert [case.point for case in found] == [{"y": 2.0, "x": 1.0}, {"y": 2.0, "x": 3.0}]
    assert [dict(case.claims) for case in found] == [
        {"grad_x": "y", "value": 2.0}, {"grad_x": "y", "value": 6.0, "grad_y": 3.0},
    ]  # fmt: skip
    assert [case.wrt for case in found] == [["x"], ["x", "y"]]


DATA = {
    "points.csv": "x,grad_x\n1,2\n3,6\n",
    "points.tsv": "x\tgrad_x\n1\t2\n3\t6\n",
    "points.jsonl": '{"x": 1, "grad_x": 2}\n{"x": 3, "grad_x": 6}\n',
}


@pytest.mark.parametrize("name", DATA)
def test_points_in_a_data_file(cases, name):
    Path(name).write_text(DATA[name])
    found = cases(f'[[case]]\nprogram = "y*x^2"\npoint = {{y = 1}}\npoints = "{name}"\n')
    assert [case.error for case in found] == [None, None]
    assert [case.point for case in found] == [{"y": 1.0, "x": 1.0}, {"y": 1.0, "x": 3.0}]
    assert [case.claims for case in found] == [{"grad_x": 2.0}, {"grad_x": 6.0}]
    assert found[1].name.endswith(f"{name} line {2 if name.endswith('l') else 3}")


def test_points_in_an_archive_may_be_arrays(cases):
    np.savez("points.npz", x=np.arange(6.0).reshape(3, 2), grad_x=np.ones((3, 2)))
    found = cases('[[case]]\nprogram = "sum(x)"\npoints = "points.npz"\n')
    assert [case.point["x"].tolist() for case in found] == [[0, 1], [2, 3], [4, 5]]


def test_a_data_file_without_rows_is_an_error(cases):
    Path("points.csv").write_text("x,grad_x\n")
    (case,) = cases('[[case]]\nprogram = "x"\npoints = "points.csv"\n')
    assert case.error is not None
    assert case.line == 3


def test_random_points_are_in_the_domain_and_the_same_every_time(cases):
    text = '[[case]]\nprogram = "log(x)*sqrt(y)"\npoints = "random"\nclaims = {grad_x = "sqrt(y)/x"}\n'
    found = cases(text)
    assert len(found) == 10
    assert all(case.point["x"] > 0 and case.point["y"] > 0 for case in found)
    assert [case.point for case in found] == [case.point for case in cases(text)]
    assert len({case.point["x"] for case in found}) == 10
    assert [case.point for case in found] != [case.point for case in cases(text, Settings(seed=1))]


def test_random_points_between_bounds_and_beside_given_values(cases):
    found = cases("""
        [[case]]
        program = "x*sum(w)"
        point = {w = "randn(2)"}
        points = {random = 4, low = 10, high = 11}
        """)
    assert len(found) == 4
    assert all(10 <= case.point["x"] < 11 for case in found)
    assert len({tuple(case.point["w"]) for case in found}) == 4  # drawn anew for each point
    assert found[2].note.startswith("w='[")
    assert f"x={found[2].point['x']!r} (seed 0)" in found[2].note


def test_formulas_without_a_point_are_claims_for_all_points(cases):
    formula, number, at_point = cases("""
        [[case]]
        program = "x^2"
        claims = {grad_x = "2*x"}
        [[case]]
        program = "3"
        claims = {value = 3}
        [[case]]
        program = "x^2"
        point = {x = 1}
        claims = {grad_x = "2*x"}
        """)
    assert formula.point is None
    assert number.point == {}
    assert at_point.point == {"x": 1.0}


def test_variables_that_are_called_like_claims(cases):
    for text in ('{"var.value" = 3, "var.grad_x" = 2}', "{var.value = 3, var.grad_x = 2}"):
        (case,) = cases(f'[[case]]\nprogram = "value*grad_x"\npoint = {text}\nclaims = {{grad_grad_x = 3}}\n')
        assert case.point == {"value": 3.0, "grad_x": 2.0}
        assert (case.claims, case.wrt) == ({"grad_grad_x": 3.0}, ["grad_x"])


def test_a_variable_called_var(cases):
    (case,) = cases('[[case]]\nprogram = "var^2"\npoint = {var = 3}\n')
    assert case.point == {"var": 3.0}


@pytest.mark.parametrize("place", ["point", "claims"])
def test_upstream(cases, place):
    tables = {"point": "x = [1, 2]", "claims": "grad_x = [2, 0]"}
    tables[place] += ", upstream = [1, 0]"
    (case,) = cases(
        '[[case]]\nprogram = "2*x"\n' + "\n".join(f"{name} = {{{text}}}" for name, text in tables.items())
    )
    assert case.upstream.tolist() == [1, 0]
    assert list(case.claims) == ["grad_x"]


def test_what_kernels_print_may_be_claimed(cases):
    (case,) = cases('[[case]]\nprogram = "x"\npoint = {x = 1}\nclaims = {grad_x = nan, value = -inf}\n')
    assert case.error is None
    assert case.claims["value"] == -np.inf


def test_terms_come_from_the_case_else_the_defaults_else_the_command_line(cases):
    own, default = cases("""
        [defaults]
        atol = 1e-3
        precision = "float32"
        [[case]]
        program = "x"
        point = {x = 1}
        atol = 1e-4
        [[case]]
        program = "x"
        point = {x = 1}
        """, Settings(Terms(1e-2, 1.0, "float16")))  # fmt: skip
    assert own.terms == Terms(1e-2, 1e-4, "float32")
    assert default.terms == Terms(1e-2, 1e-3, "float32")


TAGGED = """
[defaults]
tags = ["all"]
[[case]]
name = "Sigmoid neuron"
program = "x"
tags = ["scalar", "slow"]
[[case]]
name = "matrix"
program = "y"
"""


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(keyword="neuron"), ["Sigmoid neuron"]),
        (Settings(keyword="SIGMOID"), ["Sigmoid neuron"]),
        (Settings(keyword="i"), ["Sigmoid neuron", "matrix"]),
        (Settings(tags=["slow"]), ["Sigmoid neuron"]),
        (Settings(tags=["all"]), ["Sigmoid neuron", "matrix"]),
        (Settings(tags=["slow", "gone"]), ["Sigmoid neuron"]),
        (Settings(tags=["all"], keyword="matrix"), ["matrix"]),
        (Settings(tags=["gone"]), []),
        (Settings(keyword="gone"), []),
    ],
)
def test_cases_are_chosen_by_name_and_tag(cases, settings, names):
    assert [case.name for case in cases(TAGGED, settings)] == names


def test_a_case_without_a_name_is_called_by_its_program(cases):
    (case,) = cases("[[case]]\nprogram = '''\n  q = x + y\n\n q*z\n'''\npoint = {x = 1}\n")
    assert case.name == "q = x + y; q*z"


def test_places_of_claims_values_and_program(cases):
    (case,) = cases('\n[[case]]\nprogram = "x"\npoint = {x = 1}\n[case.claims]\n  grad_x = 1\n')
    assert (case.line, case.text_line) == (2, 3)
    assert (case.places["grad_x"], case.places["x"], case.places["program"]) == ((6, 3), (4, 10), (3, 1))


def test_a_folder_is_all_its_suites(folder):
    suite = '[[case]]\nname = "{}"\nprogram = "x"\npoint = {{x = 1}}\n'
    for name in ("b.toml", "a.toml", "inner/c.toml", ".hidden/d.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(suite.format(name))
    (folder / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    (folder / "near.toml").write_text('[[cases]]\nprogram = "x"\n')
    (folder / "notes.txt").write_text("no suite")
    found = list(read([str(folder)], Settings()))
    assert [case.name for case in found if not case.error] == ["a.toml", "b.toml", "inner/c.toml"]
    assert [Path(case.file).name for case in found if case.error] == ["near.toml"]


def test_drawn_points_are_told_so_that_they_can_be_used_again(cases):
    (case,) = cases('[[case]]\nprogram = "sin(x)*y"\npoints = {random = 1}\nclaims = {grad_x = "y"}\n')
    arguments, _, _ = case.note.partition(" (")
    point = {name: float(x) for name, _, x in (word.partition("=") for word in arguments.split())}
    assert point == case.point
    assert compute(case.program, point, check=False).output.value != 0
