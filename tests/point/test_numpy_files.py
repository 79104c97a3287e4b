import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import TooLargeError, UsageError
from gradcalc.point import assignments
from gradcalc.point.arrays import npz
from gradcalc.point.files import from_file
from tests.point.asking import COMPLEX, DIGITS, NOT_FINITE, OBJECTS, RECORDS, message_of, same, value_of


def header(shape, dtype="<f8", fortran=False):
    """Return the beginning of a .npy file that promises this array."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def zipped(file, **members):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file


DAMAGED = " is damaged, or no .npy file"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", " is empty"),
        (b"x", DAMAGED),
        (b"1 2 3", DAMAGED),
        (b"\x93NUMPY\x01\x00", DAMAGED),
        (b"\x93NUMPY\x09\x00" + bytes(200), DAMAGED),
        (b"\x93NUMPY\x01\x00\x02\x00{}", DAMAGED),
        (header("x"), DAMAGED),
        (header((2,)).replace(b"} ", b"}}"), DAMAGED),
        (header((2,)).replace(b"(2,)", b"(2, "), DAMAGED),
        (header((2, -1)), DAMAGED),
        (header((0, 10**30)), DAMAGED),
        (header((0, 10**18, 10**18)), DAMAGED),
        (header((1,) * 70) + bytes(8), DAMAGED),
        (header((1,) * 33) + bytes(8), " has 33 axes: an array has at most 32"),
        (header((2,), "what"), DAMAGED),
        (header((2,))[:50], DAMAGED),
        (pickle.dumps([1.0]), DAMAGED),
        (header((2,)) + bytes(8), " is cut short: it has 8 of 16 bytes of numbers"),
        (header((2,)) + bytes(24), " has more in it than one array of the shape (2,)"),
        (header((2,), "<U1000000"), " is an array of texts, not of numbers"),
        (header((2,), "<c16"), f" is an array of complex numbers, not of numbers{COMPLEX}"),
        (header((2,), "|O"), f" is an array of Python objects, not of numbers{OBJECTS}"),
        (header((2,), [("a", "<f8"), ("b", "<f8")]), RECORDS),
        (header((2,), [("a", "|O")]), f" is an array of records with the fields a, not of numbers{OBJECTS}"),
        (header((2, 2)) + np.array([1, 2, 3, np.nan]).tobytes(), f" is nan at element [1, 1]{NOT_FINITE}"),
        (
            header((2, 2), fortran=True) + np.array([1, 2, -np.inf, 4]).tobytes(),
            f" is -inf at element [0, 1]{NOT_FINITE}",
        ),
        (header(()) + np.array(np.inf).tobytes(), " is not finite (the largest double is 1.798e+308)"),
        (
            header((2,), "<i8") + np.array([1, 2**53 + 1]).tobytes(),
            f" is 9007199254740993 at element [1], {DIGITS} 9007199254740992)",
        ),
    ],
    ids=lambda x: repr(x)[-50:],
)  # fmt: skip
def test_npy_that_is_refused(tmp_path, data, message):
    file = tmp_path / "x.npy"
    file.write_bytes(data)
    assert message_of(value_of, file) == f"'{file}'{message}"
    zipped(tmp_path / "x.npz", x=data)
    said = message.replace(DAMAGED, " is damaged") if data else " is damaged"
    assert message_of(value_of, tmp_path / "x.npz") == f"'{tmp_path / 'x.npz'}': 'x'{said}"
    assert message_of(from_file, str(tmp_path / "x.npz")) == f"'{tmp_path / 'x.npz'}': 'x'{said}"


@pytest.mark.parametrize("shape", [(10**5, 10**5), (10**8 + 1,), (10**30, 1)])
def test_a_bomb_is_not_unpacked(tmp_path, shape):
    bomb = header(shape) + bytes(100_000_000)
    zipped(tmp_path / "x.npz", x=bomb)
    assert (tmp_path / "x.npz").stat().st_size < 200_000
    elements = f"{np.prod(np.array(shape, dtype=object)):,}"
    said = message_of(value_of, tmp_path / "x.npz", kind=TooLargeError)
    assert said == f"'{tmp_path / 'x.npz'}': 'x' has {elements} elements, more than 100,000,000"


def test_many_arrays_are_no_bomb_either(tmp_path, monkeypatch):
    monkeypatch.setattr("gradcalc.point.arrays.MOST", 10)
    np.savez(tmp_path / "x.npz", a=np.ones(6), b=np.ones(4), c=np.ones(()))
    said = message_of(from_file, str(tmp_path / "x.npz"), kind=TooLargeError)
    assert said == f"'{tmp_path / 'x.npz'}': 'c' has 1 elements, more than 10 with those before it"


def test_files_that_python_2_wrote(tmp_path):
    (tmp_path / "x.npy").write_bytes(header((2,)).replace(b"(2,)  ", b"(2L,) ") + np.ones(2).tobytes())
    assert same(value_of(tmp_path / "x.npy"), np.ones(2))


@given(st.binary(max_size=40), st.integers(0, 400), st.booleans())
def test_a_damaged_npz_is_one_sentence(tmp_path_factory, noise, place, cut):
    file = tmp_path_factory.mktemp("damaged") / "x.npz"
    np.savez_compressed(file, x=np.arange(6.0))
    data = file.read_bytes()
    place = min(place, len(data))
    file.write_bytes(data[:place] + noise + (b"" if cut else data[place + len(noise) :]))
    for read in (from_file, lambda path: assignments([f"x=@{path}"])):
        said = str(file)
        try:
            read(said)
        except (UsageError, TooLargeError) as error:
            said = error.message
        assert str(file) in said


def test_npz_with_other_things_in_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("README.txt", "hello")
        archive.writestr("folder/W.npy", header((2,)) + np.ones(2).tobytes())
    assert same(value_of(tmp_path / "x.npz"), np.ones(2))
    assert same(value_of(tmp_path / "x.npz", "folder/W"), np.ones(2))
    (tmp_path / "y.npz").write_bytes(b"no zip")
    assert message_of(value_of, tmp_path / "y.npz") == f"'{tmp_path / 'y.npz'}' is damaged, or no .npz file"
    zipped(tmp_path / "z.npz")
    assert message_of(value_of, tmp_path / "z.npz") == f"'{tmp_path / 'z.npz'}' has 0 arrays"
    assert from_file(str(tmp_path / "z.npz")) == {}


def test_what_is_packed_is_packed_alike_and_under_any_name(tmp_path):
    values = {"file": 1.0, "a/b": np.ones((0, 2)), "é": np.arange(3.0), "x.npy": -0.0}
    assert npz(values) == npz(values)
    (tmp_path / "x.npz").write_bytes(npz(values))
    found = from_file(str(tmp_path / "x.npz"))
    assert found.keys() == values.keys()
    assert all(same(found[name], values[name]) for name in values)
