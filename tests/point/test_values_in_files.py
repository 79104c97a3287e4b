import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from gradcalc.errors import GradcalcError
from gradcalc.point import as_value, assignments
from gradcalc.point.arrays import npz
from gradcalc.point.files import VALUES, from_file
from tests.point.asking import COMMAS, EVEN, NOT_FINITE, ROWS, message_of, same, saved, value_of

NUMBERS = st.one_of(
    nps.floating_dtypes(sizes=(16, 32, 64)), nps.boolean_dtypes(),
    nps.integer_dtypes(sizes=(8, 16, 32)), nps.unsigned_integer_dtypes(sizes=(8, 16, 32)),
)  # fmt: skip
SHAPES = nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


@given(st.data())
def test_arrays_come_back_from_files(tmp_path_factory, data):
    dtype = data.draw(NUMBERS)
    finite = FINITE if dtype.kind == "f" else {}
    x = data.draw(nps.arrays(dtype, data.draw(SHAPES), elements=finite))
    x = np.asfortranarray(x) if data.draw(st.booleans()) and x.ndim else x
    expected = np.array(x, dtype=float, order="C")
    expected = expected if x.ndim else float(expected)
    folder = tmp_path_factory.mktemp("values", numbered=True)
    assert same(value_of(saved(folder / "x.npy", x)), expected)
    for save in (np.savez, np.savez_compressed):
        save(folder / "x.npz", x=x, y=0)
        assert same(value_of(folder / "x.npz", "x"), expected)
        assert same(from_file(str(folder / "x.npz"))["x"], expected)
    (folder / "x.npz").write_bytes(npz({"x": expected}))
    assert np.array_equal(np.load(folder / "x.npz")["x"], x)
    assert same(value_of(folder / "x.npz"), expected)
    assert (
        same(np.load(folder / "x.npz")["x"][()], expected if x.ndim else np.float64(expected)[()])
        or not x.ndim
    )
    assert same(as_value("x", x), expected)
    if x.size or x.ndim < 2 or 0 not in x.shape[:-1]:  # lists lose the axes behind one without entries
        (folder / "x.json").write_text(json.dumps({"x": expected if x.ndim == 0 else expected.tolist()}))
        assert same(value_of(folder / "x.json"), expected)
        assert same(from_file(str(folder / "x.json"))["x"], expected)


FINITE = {"allow_nan": False, "allow_infinity": False}
MATRICES = nps.arrays(np.float64, nps.array_shapes(min_dims=2, max_dims=2, max_side=4), elements=FINITE)


@given(
    MATRICES, st.sampled_from([",", "\t", " "]), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_matrices_come_back_from_texts(tmp_path_factory, x, delimiter, header, newline, bom):
    file = tmp_path_factory.mktemp("values") / f"x.{ {',': 'csv', chr(9): 'TSV', ' ': 'txt'}[delimiter] }"
    names = delimiter.join(f"c{k}" for k in range(x.shape[1])) if header else ""
    comments = "# " if delimiter == " " else ""
    with file.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as stream:
        np.savetxt(stream, x, "%.17g", delimiter, newline, names, comments=comments)
    expected = x.reshape(-1) if 1 in x.shape else x
    expected = float(x[0, 0]) if x.size == 1 else expected
    if delimiter == " " and len(x) == 1 and x.size > 1 and (np.signbit(x[0, 1:])).all():
        assert "numbers or one" in message_of(value_of, file)
        return
    assert same(value_of(file), expected)
    if header and delimiter != " ":
        assert same(value_of(file, "c0"), x[:, 0] if len(x) > 1 else float(x[0, 0]))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("x.csv", '"a","b"\r\n"1","2"\r\n3,4\r\n', [[1, 2], [3, 4]]),
        ("x.csv", ",a,b\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]]),
        ("x.csv", "1\n2\n\n3\n", [1, 2, 3]),
        ("x.csv", "1, 2 ,3", [1, 2, 3]),
        ("x.csv", "7\n", 7.0),
        ("x.csv:2020", "2019,2020\n1,2\n3,4\n", [2, 4]),
        ("x.csv:b", "a,b\nred,2\nblue,4\n", [2, 4]),
        ("x.csv:b c", "a,b c\n1,2\n", 2.0),
        ("x.tsv:a:b", "a:b\tc\n1\t2\n3\t4\n", [1, 3]),
        ("x.json", "[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("x.json", "2.5", 2.5),
        ("x.json", '{"W": [1, 2]}', [1, 2]),
        ("x.JSON:W", '{"W": [1, 2], "b": "text"}', [1, 2]),
        ("x.toml:W", "W = [[1, 2], [3, 4.5]]\nb = 2", [[1, 2], [3, 4.5]]),
        ("x.toml", "x = [" + "0.5, " * 2000 + "1]", [0.5] * 2000 + [1]),
        ("x.txt", "# header\n1 2\n3 -4 # comment\n", [[1, 2], [3, -4]]),
        ("x.txt", "1\n-2\n", [1, -2]),
        ("x.txt", "1 2 -3\n", [1, 2, -3]),
        ("x.txt", "1 - 2\n", -1.0),
        ("x.txt", "[[1, 2],\n [3, 4]]\n", [[1, 2], [3, 4]]),
        ("x", "pi\n", 3.141592653589793),
        ("x:y.csv", "1\n2", [1, 2]),
    ],
)
def test_files_with_a_value(tmp_path, name, text, value):
    file = name if name == "x:y.csv" else name.partition(":")[0]
    (tmp_path / file).write_text(text, newline="")
    found = assignments([f"x=@{tmp_path / name}"])["x"]
    assert same(found, value if isinstance(value, float) else np.array(value, dtype=float))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "", " has no rows (write one row of numbers a line)"),
        ("x.csv", "a,b\n", " has a header, but no row below it"),
        ("x.csv", "1,2\n3\n", f": line 2 has 1 cell, the first row has 2{EVEN}"),
        ("x.csv", "a,b\n1,2\n3,4,5\n", f": line 3 has 3 cells, the first row has 2{EVEN}"),
        ("x.csv", "1,2\n3,two\n", ", line 2, column 2: 'two' is not a number"),
        ("x.csv", "1,x3\n3,4\n", ", line 1, column 2: 'x3' is not a number (a header holds names alone)"),
        ("x.csv", "1,nan\n3,4\n", ", line 1, column 2: 'nan' is not a finite number"),
        ("x.csv", "1,2\n3,-inf\n", ", line 2, column 2: '-inf' is not a finite number"),
        ("x.csv", "1,1e999\n", ", line 1, column 2: '1e999' is not a finite number"),
        ("x.csv", "1,\n2,3\n", ", line 1, column 2: the cell is empty"),
        ("x.csv", ",0,1\n0,5,6\n", ", line 1, column 1: the cell is empty"),
        ("x.csv", "d\n2020-01-02\n", ", line 2, column 1: '2020-01-02' is not a number"),
        ("x.csv", '1\n"1,5"\n', ", line 2, column 1: '1,5' is not a number (write 1.5)"),
        (
            "x.csv", "1;2\n3;4\n",
            f", line 1, column 1: '1;2' is not a number{COMMAS}",
        ),
        (
            "x.csv", "a;b\n1,5;2,5\n",
            f", line 1, column 1: 'a;b' is not a number{COMMAS}",
        ),
        (
            "x.csv", "1\t2\n",
            ", line 1, column 1: '1\t2' is not a number (cells are separated by tabs: name the file .tsv)",
        ),
        ("x.csv", '1,"2', " is not CSV: unexpected end of data in line 1"),
        ("x.tsv", '1\t"2', " is not TSV: unexpected end of data in line 1"),
        ("x.csv:wight", "weight,height\n1,2\n", " has no column 'wight' (did you mean 'weight'?)"),
        ("x.csv:z", "weight,height\n1,2\n", " has no column 'z' (it has weight, height)"),
        ("x.csv:a", "a,a\n1,2\n", " has 2 columns 'a'"),
        ("x.json", '{"a": 1, "b": 2}', " has 2 keys: a, b (write which one behind a colon: @FILE:a)"),
        ("x.json", "{}", " has 0 keys"),
        ("x.json:aa", '{"a": 1, "b": 2}', " has no key 'aa' (did you mean 'a'?)"),
        ("x.json:a", '{"": 1, "b": 2}', " has no key 'a' (it has , b)"),
        ("x.json:a", "[1, 2]", " holds a list, not an object with a 'a'"),
        ("x.json", "[[1, 2], [3]]", f" is ragged: [0] has 2 entries, [1] has 1 entry{ROWS}"),
        ("x.json", '"1"', " is a text, not a number"),
        ("x.json", "[1, NaN]", f" is nan at element [1]{NOT_FINITE}"),
        ("x.txt", "1 2\n3 four\n", ", line 2, column 2: 'four' is not a number"),
        ("x.txt", "1 2\n3\n", f": line 2 has 1 cell, the first row has 2{EVEN}"),
        ("x.txt", "1 2\n3 nan\n", ", line 2, column 2: 'nan' is not a finite number"),
        ("x.txt", "1 -2", ": '1 -2' is 2 numbers or one (write [1, -2] or (1-2))"),
        ("x.txt", "", ": x has no value (write one number into it)"),
        ("x.txt", "# nothing\n # at all\n", ": x has no value (write one number into it)"),
        ("x.txt:a", "1", " is one value and has no 'a' in it (write @FILE)"),
    ],
)  # fmt: skip
def test_files_with_a_value_that_are_refused(tmp_path, name, text, message):
    file = tmp_path / name.partition(":")[0]
    file.write_text(text)
    key = name.partition(":")[2] or None
    assert message_of(value_of, file, key).replace(f"@{file}", "@FILE") == f"'{file}'{message}"


def test_a_file_of_the_whole_name_comes_first(tmp_path):
    (tmp_path / "x.csv").write_text("b\n1\n")
    assert value_of(tmp_path / "x.csv", "b") == 1.0
    (tmp_path / "x.csv:b").write_text("2")
    assert value_of(tmp_path / "x.csv", "b") == 2.0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.npz:W", "cannot read 'nowhere.npz': no such file or directory"),
        ("nowhere:W", "cannot read 'nowhere:W': no such file or directory"),
        ("nowhere.npy", "cannot read 'nowhere.npy': no such file or directory"),
        ("x.npy/y.npy", "cannot read 'x.npy/y.npy': not a directory"),
        (".", "cannot read '.': is a directory"),
        ("d.npz", "cannot read 'd.npz': is a directory"),
        ("x.npy:", "the key behind 'x.npy': is missing (write @x.npy:KEY)"),
        ("x.npy:W", "'x.npy' is one array and has no 'W' in it (write @x.npy)"),
        ("y.npz:c", "'y.npz' has no array 'c' (it has alpha, beta)"),
        ("y.npz:alpa", "'y.npz' has no array 'alpa' (did you mean 'alpha'?)"),
        ("y.npz", "'y.npz' has 2 arrays: alpha, beta (write which one behind a colon: @FILE:alpha)"),
        ("a" * 5000 + ":W", "cannot read "),
    ],
)
def test_files_and_keys_that_are_not_there(tmp_path, monkeypatch, path, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.npz").mkdir()
    saved(tmp_path / "x.npy", np.ones(2))
    np.savez(tmp_path / "y.npz", alpha=1, beta=2)
    assert message_of(value_of, path).startswith(said)


TEXTS = st.text(st.sampled_from("0123456789.,;-+eE[]{}\"':=#@ \t\r\n\ufeffxnaif"), max_size=40).map(
    str.encode
)


@given(st.one_of(TEXTS, st.binary(max_size=40)), st.sampled_from(["", "k"]))
def test_anything_is_a_value_or_one_sentence(tmp_path_factory, data, key):
    folder = tmp_path_factory.mktemp("anything")
    for suffix in (*VALUES, "txt"):
        file = folder / f"x.{suffix}"
        file.write_bytes(data)
        for read in (lambda path: value_of(path, key or None), lambda path: from_file(str(path))):
            try:
                found = read(file)
            except GradcalcError:
                continue
            values = found.values() if isinstance(found, dict) else [found]
            assert all(np.isfinite(value).all() for value in values)
