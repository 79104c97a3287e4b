import io
import sys

import pytest

from gradcalc.errors import GradcalcError, NamingError, UsageError, render
from gradcalc.point import assignments, from_file, number, read_text


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
            number(text)


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
        ("p.json", '{"x": [[1, 2]]}', "'x' is a list, not a number"),
        ("p.json", '{"x": {"y": 1}}', "'x' is an object, not a number"),
        ("p.json", '{"x": NaN}', "NaN is not a number"),
        ("p.json", '{"x": -Infinity}', "-Infinity is not a number"),
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
