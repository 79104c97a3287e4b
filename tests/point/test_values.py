import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from gradcalc.errors import ProgramSyntaxError
from gradcalc.point import as_value, assignments
from tests.point.asking import COMPLEX, DIGITS, RECORDS, ROWS, message_of, same


@pytest.mark.parametrize(
    ("x", "value"),
    [
        (2, 2.0), (2.5, 2.5), (True, 1.0), (-0.0, -0.0), (2**60, 2.0**60), (Fraction(1, 4), 0.25),
        (Decimal("0.1"), 0.1), (np.float32(0.5), 0.5), (np.int8(3), 3.0), (np.bool_(True), 1.0),
        (np.array(2), 2.0), (np.longdouble(2), 2.0), (float("inf"), float("inf")),
        ([], np.zeros(0)), ([[], []], np.zeros((2, 0))), ((1, (2)), [1, 2]), ([1, True], [1, 1]),
        (range(3), [0, 1, 2]), ([np.array([1, 2]), [3, 4]], [[1, 2], [3, 4]]), ([np.float64(1)], [1]),
        (np.array([True, False]), [1, 0]), (np.array([[1, 2], [3, 4]], order="F").T, [[1, 3], [2, 4]]),
        (np.array([1.5], dtype=">f8"), [1.5]), (np.array([1.5], dtype=np.float16), [1.5]),
        (np.array([2**62]), [2.0**62]), (np.array([2**63], dtype=np.uint64), [2.0**63]),
        (np.zeros((0, 3), dtype=int), np.zeros((0, 3))),
        (np.ma.array([1, 2]), [1, 2]), ([float("nan")], [float("nan")]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_a_value(x, value):
    assert same(as_value("x", x), value if isinstance(value, float) else np.array(value, dtype=float))


def test_a_value_is_not_the_array_it_was_made_from():
    x = np.ones(3)
    value = as_value("x", x)
    x[0] = 2
    assert value[0] == 1
    assert type(as_value("x", x.view(Subclass))) is np.ndarray


class Subclass(np.ndarray):
    pass


class Recorded:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse detach()")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("1.5", "'x' is a text, not a number"),
        (None, "'x' is null, not a number"),
        (1j, "'x' is a complex number, not a number"),
        ({"y": 1}, "'x' is an object, not a number"),
        ({1, 2}, "'x' is a set, not a number"),
        (float, "'x' is a type, not a number"),
        (10**400, "'x' is too large (the largest double is 1.798e+308)"),
        (2**53 + 1, f"'x' is 9007199254740993, {DIGITS} 9007199254740992)"),
        ([1, [2]], f"'x' is ragged: [0] is a number, [1] has 1 entry{ROWS}"),
        ([[1, 2], np.array([3])], f"'x' is ragged: [0] has 2 entries, [1] has 1 entry{ROWS}"),
        ([0, 2**53 + 1], f"'x' is 9007199254740993 at element [1], {DIGITS} 9007199254740992)"),
        ([[1, "a"]], "'x' is a text, not a number at element [0, 1]"),
        (
            np.array([[0, 0], [0, -(2**53) - 1]]),
            f"'x' is -9007199254740993 at element [1, 1], {DIGITS} -9007199254740992)",
        ),
        (np.uint64(2**64 - 1), f"'x' is 18446744073709551615, {DIGITS} 18446744073709551616)"),
        (np.array([1j]), f"'x' is an array of complex numbers, not of numbers{COMPLEX}"),
        (np.array(["a"]), "'x' is an array of texts, not of numbers"),
        (np.array([b"a"]), "'x' is an array of bytes, not of numbers"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "'x' is an array of dates, not of numbers"),
        (np.array([1], dtype="m8[s]"), "'x' is an array of durations, not of numbers"),
        (np.zeros(2, dtype=[("a", float), ("b", int)]), f"'x'{RECORDS}"),
        (np.zeros(2, dtype="V4"), "'x' is an array of raw bytes, not of numbers"),
        (np.ma.array([1, 2], mask=[0, 1]), "'x' has masked elements (fill them: x.filled(0))"),
        (Recorded(), "'x' cannot be read as an array: can't call numpy() on Tensor that requires grad."),
    ],
    ids=lambda x: repr(x)[:30],
)  # fmt: skip
def test_what_is_no_value(x, message):
    assert message_of(as_value, "x", x) == message


def test_objects_are_no_values():
    said = message_of(as_value, "x", np.array([1, None]))
    assert said.startswith("'x' is an array of Python objects, not of numbers (")


LIST = "a list is written in square brackets"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("x=(1,2)", f"{LIST} (write x='[1, 2]')"),
        ("x=1,2", f"{LIST} (write 1.2 for a decimal, x='[1, 2]' for a list)"),
        ("x=-1,2,pi", f"{LIST} (write x='[-1, 2, pi]')"),
        ("x=1 -2", None),
        ("x=1 2 3", f"{LIST} (write x='[1, 2, 3]')"),
        ("x=((1,2),(3,4))", f"{LIST} (write x='[[1, 2], [3, 4]]')"),
        (f"x={'1, ' * 99}1", LIST),
    ],
)
def test_tuples_are_no_lists(argument, message):
    if message is None:
        assert assignments([argument]) == {"x": -1.0}
    else:
        assert message_of(assignments, [argument]) == message


def test_numbers_with_commas_are_no_lists():
    said = message_of(assignments, ["x=1,000"], kind=ProgramSyntaxError)
    assert said.endswith("(1000 if the comma groups thousands, 1.000 if it is a decimal point)")


def test_numbers_never_load_numpy():
    code = "from gradcalc.point import *; import sys; as_value('x', 2); assignments(['x=pi/4']); "
    code += "print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
