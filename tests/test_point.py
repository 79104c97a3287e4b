import io
import sys

import numpy as np
import pytest

from gradcalc.errors import GradcalcError, NamingError, UsageError, render
from gradcalc.language.creations import CREATIONS
from gradcalc.point import assignments, read_text
from gradcalc.point.constants import DRAWING, Draws, constant
from gradcalc.point.files import from_file
from tests.point.asking import (
    NOT_FINITE,
    message_of,
    same,
)


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("x=3", "x", 3.0),
        ("x=-2", "x", -2.0),
        ("x = 3", "x", 3.0),
        ("x=1e-3", "x", 1e-3),
        ("x=.5", "x", 0.5),
        ("x=1_000", "x", 1000.0),
        ("x=pi/4", "x", 0.7853981633974483),
        ("x=-2^3", "x", -8.0),
        ("x=2 * (3 + 4)", "x", 14.0),
        ("μ=1", "μ", 1.0),
        ("µ=1", "μ", 1.0),
        ("lambda=2", "lambda", 2.0),
        ("x=0.1", "x", 0.1),
        ("x=-0.0", "x", -0.0),
    ],
)
def test_assignments(argument, name, value):
    point = assignments([argument])
    assert point == {name: value}
    assert repr(point[name]) == repr(value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "'x' is not NAME=VALUE"),
        (["x="], "x has no value"),
        (["=3"], "'=3' has no name"),
        (["2x=3"], "'2x' is not a name"),
        (["and=3"], "'and' is not a name"),
        (["x=1", "x=2"], "x is given twice: 'x=1' and 'x=2'"),
        (["x=1e999"], "the value '1e999' is not finite"),
        (["x=9^9^9^9"], "the value '9^9^9^9' is not finite"),
    ],
)
def test_assignments_that_are_refused(arguments, message):
    with pytest.raises(UsageError) as caught:
        assignments(arguments)
    assert caught.value.message == message


def test_the_caret_points_into_the_argument():
    with pytest.raises(NamingError) as caught:
        assignments(["x=1 + abc"])
    assert render(caught.value).splitlines()[1:3] == ["  x=1 + abc", "        ^^^"]


def test_a_value_may_hold_an_equals_sign():
    assert assignments(["x=1 == 1"]) == {"x": 1.0}


def test_numbers_do_not_take_what_only_python_takes():
    for text in ("nan", "inf", "infinity"):
        with pytest.raises(GradcalcError):
            constant(text)


def test_a_value_from_a_file(tmp_path):
    (tmp_path / "x").write_text("pi/4\n")
    assert assignments([f"x=@{tmp_path / 'x'}"]) == {"x": 0.7853981633974483}
    (tmp_path / "x").write_text("what")
    with pytest.raises(NamingError, match=r"unknown|what"):
        assignments([f"x=@{tmp_path / 'x'}"])


@pytest.mark.parametrize(
    ("name", "text", "point"),
    [
        ("p.json", '{"x": 1, "y": -2.5e-3}', {"x": 1.0, "y": -2.5e-3}),
        ("p.JSON", '\ufeff{"µ": 1}', {"μ": 1.0}),
        ("p.json", "{}", {}),
        ("p.toml", 'x = 1\n"y" = 2.5', {"x": 1.0, "y": 2.5}),
        ("p.csv", "x,y\r\n1,-2.5\r\n", {"x": 1.0, "y": -2.5}),
        ("p.csv", "x, y\n\n1, pi/4\n", {"x": 1.0, "y": 0.7853981633974483}),
        ("p.tsv", "x\ty\n1\t2\n", {"x": 1.0, "y": 2.0}),
    ],
)
def test_files(tmp_path, name, text, point):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    assert from_file(str(file)) == point


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.json", '{"x": 1,\n "x": 2}', "'x' is given twice"),
        ("p.json", '{"x": "1"}', "'x' is a text, not a number"),
        ("p.json", '{"x": true}', "'x' is a truth value, not a number"),
        ("p.json", '{"x": null}', "'x' is null, not a number"),
        ("p.json", '{"x": [[1, 2], [3]]}', "'x' is ragged: [0] has 2 entries, [1] has 1 entry"),
        ("p.json", '{"x": [[1, 2], 3]}', "'x' is ragged: [0] has 2 entries, [1] is a number"),
        ("p.json", '{"x": [1, [2, 3]]}', "'x' is ragged: [0] is a number, [1] has 2 entries"),
        (
            "p.json",
            '{"x": [[[1], [2]], [[3], []]]}',
            "'x' is ragged: [0, 0] has 1 entry, [1, 1] has 0 entries",
        ),
        ("p.json", '{"x": [[1, 2], [3, "4"]]}', "'x' is a text, not a number at element [1, 1]"),
        ("p.json", '{"x": [1, true]}', "'x' is a truth value, not a number at element [1]"),
        ("p.json", '{"x": [1, null]}', "'x' is null, not a number at element [1]"),
        ("p.json", '{"x": [1, {}]}', "'x' is an object, not a number at element [1]"),
        ("p.json", '{"x": [[1, 2], [3, NaN]]}', f"'x' is nan at element [1, 1]{NOT_FINITE}"),
        ("p.json", '{"x": [1, -1e999]}', f"'x' is -inf at element [1]{NOT_FINITE}"),
        ("p.json", '{"x": [1, 1' + "0" * 400 + "]}", "'x' is too large at element [1]"),
        ("p.json", '{"x": 9007199254740993}', "'x' is 9007199254740993, which has more digits than a double"),
        ("p.json", '{"x": ' + "[" * 33 + "1" + "]" * 33 + "}", "'x' has lists nested more than 32 deep"),
        ("p.toml", "x = [1, 2.5, [3]]", "'x' is ragged: [0] is a number, [2] has 1 entry"),
        ("p.toml", "x = [1, inf]", "'x' is inf at element [1]"),
        ("p.tsv", "x\ty\n1\n", "line 2 has 1 cell for 2 names"),
        ("p.json", '{"x": {"y": 1}}', "'x' is an object, not a number"),
        ("p.json", '{"x": NaN}', "'x' is not finite"),
        ("p.json", '{"x": -Infinity}', "'x' is not finite"),
        ("p.json", '{"x": 1e999}', "'x' is not finite"),
        ("p.json", '{"x": 1' + "0" * 400 + "}", "'x' is too large"),
        ("p.json", '{"x": 1' + "0" * 5000 + "}", "a number that is too large"),
        (
            "p.json",
            '{"x": 1,\n y: 2}',
            "is not JSON: expecting property name enclosed in double quotes in line 2",
        ),
        ("p.json", "", "is not JSON"),
        ("p.json", "[1]", "holds a list, not an object"),
        ("p.json", "[" * 100_000, "is nested too deeply"),
        ("p.toml", "x = ", "is not TOML"),
        ("p.toml", "x = nan", "'x' is not finite"),
        ("p.toml", "x = true", "'x' is a truth value"),
        ("p.toml", "x = 1979-05-27", "'x' is a date, not a number"),
        ("p.toml", "[x]\ny = 1", "'x' is an object, not a number"),
        ("p.toml", "x = 1\nx = 2", "is not TOML"),
        ("p.csv", "", "has no rows"),
        ("p.csv", "x,y\n", "has a header, but no row below it"),
        ("p.csv", "x,y\n1,2\n3,4\n", "has 2 rows below its header"),
        ("p.csv", "x,y\n1,2,3\n", "line 2 has 3 cells for 2 names"),
        ("p.csv", "x,y\n1,two\n", "'y' is 'two'"),
        ("p.csv", "x,x\n1,2\n", "'x' is given twice"),
        ("p.csv", "x,y\n1,\n", "'y' is ''"),
        ("p.csv", 'x,y\n1,"2', "is not CSV"),
        ("p.txt", "x=1", "cannot tell how"),
    ],
)
def test_files_that_are_refused(tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        from_file(str(file))
    assert message in caught.value.message
    assert str(file) in caught.value.message


def test_a_broken_file_is_one_sentence(tmp_path):
    file = tmp_path / "p.json"
    for data, message in [(b'{\n"\xff": 1}', "byte 0xff in line 2"), (b'{"x\0": 1}', "NUL in line 1")]:
        file.write_bytes(data)
        with pytest.raises(UsageError, match=message):
            from_file(str(file))
    for path, message in [
        (tmp_path / "none.json", "no such file"),
        (tmp_path, "directory"),
        ("a\0b", "cannot read"),
    ]:
        with pytest.raises(UsageError, match=message):
            read_text(str(path))


def test_standard_input_is_json(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"x": 1}')))
    assert from_file("-") == {"x": 1.0}


def test_many_variables(tmp_path):
    file = tmp_path / "p.json"
    file.write_text("{" + ",".join(f'"x{i}": {i}' for i in range(100_001)) + "}")
    assert len(from_file(str(file))) == 100_001


# Arrays.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("[1,2]*2", [2.0, 4.0]),
        ("arange(4)/2", [0.0, 0.5, 1.0, 1.5]),
        ("[1, 2] @ [3, 4]", 11.0),
        ("sum([1, 2])", 3.0),
        ("zeros(2, 0)", np.zeros((2, 0))),
        ("[pi]", [3.141592653589793]),
    ],
)
def test_values_that_are_arrays(text, value):
    assert same(assignments([f"x={text}"])["x"], value if isinstance(value, float) else np.array(value))


@pytest.mark.parametrize(
    ("argument", "kind", "carets"),
    [("x=[1, 2]/0", None, None), ("x=[1, 2", None, None), ("x=[1, y]", NamingError, "^")],
)
def test_arrays_in_arguments_that_are_refused(argument, kind, carets):
    with pytest.raises(GradcalcError) as caught:
        assignments([argument])
    assert caught.value.source == argument
    assert caught.value.span is not None
    assert kind is None or isinstance(caught.value, kind)


def test_an_array_that_is_not_finite_is_refused():
    said = message_of(assignments, ["x=[1, 0, 2]/[1, 0, 0]"])
    assert said.startswith("the value '[1, 0, 2]/[1, 0, 0]' is not finite (")
    assert "[1]" in said


def test_random_values_are_drawn_from_one_generator():
    arguments = ["a=randn(2, 3)", "b=rand(3)", "c=2", "d=randn(2, 3)"]
    point = assignments(arguments, Draws(7))
    generator = np.random.default_rng(7)
    assert same(point["a"], generator.standard_normal((2, 3)))
    assert same(point["b"], generator.random(3))
    assert same(point["d"], generator.standard_normal((2, 3)))
    assert same(assignments(arguments)["a"], np.random.default_rng(0).standard_normal((2, 3)))
    draws = Draws(7)
    assert draws.seed == 7
    assignments(arguments, draws)
    following = generator.random()
    assert [draws.seed.random(), draws.seed.random()] == [following] * 2  # so does a program computed twice


def test_what_draws_says_so_in_its_name():
    drawing = {name for name, creation in CREATIONS.items() if creation.random}
    assert drawing == {name for name in CREATIONS if DRAWING in name} != set()
