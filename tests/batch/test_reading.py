"""Tables are read as what they say, in blocks, and what is no row of numbers has its line and its name."""

import io
import json
import math
import os
import sys
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradcalc.batch import delimited, lines, objects, reading, table
from gradcalc.batch.reading import blocks, opened
from gradcalc.errors import UsageError

NAMES = {"csv": "t.csv", "tsv": "t.tsv", "jsonl": "t.jsonl"}


def written(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def read(path, *arguments, **options):
    """Return all columns of a table, and the lines and texts of its rows."""
    found = list(blocks(path, *arguments, **options))
    columns = {name: np.concatenate([b.columns[name] for b in found]) for name in found[0].columns}
    return columns, [n for b in found for n in b.lines], [t for b in found for t in b.texts]


def error_of(path, *arguments, **options):
    with pytest.raises(UsageError) as caught:
        list(blocks(path, *arguments, **options))
    return caught.value.message.replace(repr(path), "F")


ROWS = {
    "csv": "x,y\n1,2.5\n-3e-5,4\n",
    "tsv": "x\ty\n1\t2.5\n-3e-5\t4\n",
    "jsonl": '{"x": 1, "y": 2.5}\n{"y": 4, "x": -3e-5}\n',
}


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_read(tmp_path, name):
    columns, numbers, texts = read(written(tmp_path, ROWS[name], NAMES[name]))
    assert {name: column.tolist() for name, column in columns.items()} == {"x": [1, -3e-5], "y": [2.5, 4]}
    assert {column.dtype for column in columns.values()} == {np.dtype(float)}
    assert texts == ROWS[name].splitlines()[-2:]
    assert numbers == ([1, 2] if name == "jsonl" else [2, 3])


@pytest.mark.parametrize("name", NAMES)
def test_the_format_of_standard_input_is_that_of_its_content(monkeypatch, name):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + ROWS[name].encode())))
    with opened("-") as found:
        assert (found.format, found.label, found.reader.names) == (name, "standard input", ["x", "y"])
        assert [len(block) for block in found.blocks()] == [2]


def test_a_name_says_the_format_and_an_option_says_it_louder(tmp_path):
    assert read(written(tmp_path, ROWS["tsv"], "t.TAB"))[0].keys() == {"x", "y"}
    assert read(written(tmp_path, ROWS["tsv"], "t.csv"), "tsv")[0].keys() == {"x", "y"}
    assert read(written(tmp_path, ROWS["jsonl"], "t"))[0].keys() == {"x", "y"}
    assert read(written(tmp_path, ROWS["tsv"], "t.dat"))[0].keys() == {"x", "y"}


def test_an_archive_is_read(tmp_path, monkeypatch):
    path = str(tmp_path / "t.npz")
    np.savez(path, x=np.arange(3), W=np.ones((3, 2, 2), np.float32), grad_x=[np.nan, np.inf, 1])
    columns, numbers, texts = read(path)
    assert columns["x"].tolist() == [0, 1, 2]
    assert columns["W"].shape == (3, 2, 2)
    assert math.isnan(columns["grad_x"][0])
    assert (numbers, texts) == ([1, 2, 3], [])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(path).read_bytes())))
    assert read("-", wanted=lambda name: name == "x")[0].keys() == {"x"}
    assert [len(block) for block in blocks(path, wanted=lambda name: False)] == [3]


def test_a_byte_order_mark_carriage_returns_blank_lines_and_blanks_are_nothing(tmp_path):
    text = "\ufeff\r\nx , y\r\n1, 2\r\n\r\n 3 ,4\r\n\r\n"
    columns, numbers, texts = read(written(tmp_path, text))
    assert (columns["x"].tolist(), columns["y"].tolist()) == ([1, 3], [2, 4])
    assert (numbers, texts) == ([3, 5], ["1, 2", " 3 ,4"])
    columns, numbers, texts = read(written(tmp_path, '\ufeff\r\n{"x": 1}\r\n\r\n{"x": 2}\r\n', "t.jsonl"))
    assert (columns["x"].tolist(), numbers, texts) == ([1, 2], [2, 4], ['{"x": 1}', '{"x": 2}'])


def test_quotes_may_hold_commas_quotes_and_new_lines(tmp_path):
    text = 'note,"x"\n"a, ""b""\nc",1\nd,"2"\n'
    columns, numbers, texts = read(written(tmp_path, text), wanted=lambda name: name == "x")
    assert columns["x"].tolist() == [1, 2]
    assert (numbers, texts) == ([2, 4], ['"a, ""b""\nc",1', 'd,"2"'])


def test_quoted_new_lines_are_read_over_the_end_of_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROWS", 2)
    text = "note,x\n" + "".join(f'"a\nb\nc",{k}\n' for k in range(5)) + "d,5\n"
    columns, numbers, _ = read(written(tmp_path, text), wanted=lambda name: name == "x")
    assert columns["x"].tolist() == [*range(6)]
    assert numbers == [2, 5, 8, 11, 14, 17]


def test_a_column_that_is_not_wanted_may_hold_anything(tmp_path):
    text = "id,x,,note\n7,1,0,a\n,2,1,\n"
    assert read(written(tmp_path, text), wanted=lambda name: name == "x")[0]["x"].tolist() == [1, 2]
    text = '{"x": 1, "note": null}\n{"x": 2, "other": {"a": 1}}\n'
    assert read(written(tmp_path, text, "t.jsonl"), wanted=lambda n: n == "x")[0]["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "header",
    ["x[0],x[1],W[0,0],W[0,1]", 'x[0],x[1],"W[0, 0]","W[0,1]"', "x[ 0 ],x [1],W[0, 0],W[0,1]"],
)
def test_elements_become_one_column(tmp_path, header):
    columns, _, _ = read(written(tmp_path, f"{header}\n1,2,3,4\n5,6,7,8\n"))
    assert columns["x"].tolist() == [[1, 2], [5, 6]]
    assert columns["W"].tolist() == [[[3, 4]], [[7, 8]]]


def test_elements_may_stand_in_any_order(tmp_path):
    columns, _, _ = read(written(tmp_path, "x[1]\ty\tx[0]\n1\t2\t3\n", "t.tsv"))
    assert columns["x"].tolist() == [[3, 1]]
    assert columns["y"].tolist() == [2]


def test_lists_become_arrays(tmp_path):
    text = '{"W": [[1, 2.5]], "v": []}\n{"W": [[3, "nan"]], "v": []}\n'
    columns, _, _ = read(written(tmp_path, text, "t.jsonl"), infinite=reading.every)
    np.testing.assert_array_equal(columns["W"], [[[1, 2.5]], [[3, np.nan]]])
    assert columns["v"].shape == (2, 0)


def test_a_claim_may_be_anything_that_kernels_print(tmp_path):
    text = "x,value,grad_x\n1,nan,-inf\n2,NaN,Infinity\n3,-nan,1e999\n"
    columns, _, _ = read(written(tmp_path, text))
    np.testing.assert_array_equal(columns["value"], [np.nan] * 3)
    np.testing.assert_array_equal(columns["grad_x"], [-np.inf, np.inf, np.inf])
    text = (
        '{"x": 1, "value": NaN, "grad_x": ["inf", -Infinity]}\n{"x": 2, "value": "nan", "grad_x": [1, 2]}\n'
    )
    columns, _, _ = read(written(tmp_path, text, "t.jsonl"))
    np.testing.assert_array_equal(columns["value"], [np.nan] * 2)
    np.testing.assert_array_equal(columns["grad_x"], [[np.inf, -np.inf], [1, 2]])


def test_two_spellings_are_one_name(tmp_path):
    assert read(written(tmp_path, "ﬁ,y\n1,2\n"))[0].keys() == {"fi", "y"}
    assert error_of(written(tmp_path, "ﬁ,fi\n1,2\n")) == "F: 'fi' is given twice"
    assert error_of(written(tmp_path, '{"ﬁ": 1, "fi": 2}', "t.jsonl")) == "F: 'fi' is given twice"


BAD = {
    "": "F is empty",
    "\n\r\n": "F is empty",
    "1,2\n3,4\n": "F has no names in line 1",
    ",,\n1,2,3\n": "F has no names in line 1",
    "x,2\n3,4\n": "F, line 1: '2' is no name",
    "x;y\n3;4\n": "F has one column, 'x;y'",
    "x,x\n1,2\n": "F: 'x' is given twice",
    "x[0],x[0]\n1,2\n": "F: 'x[0]' is given twice",
    "x[0],x[2]\n1,2\n": "F: 'x' lacks its column 'x[1]'",
    "x[0],x[999999999]\n1,2\n": "F: 'x' lacks its column 'x[1]'",
    "x,x[0]\n1,2\n": "F: the columns of 'x' have indices of 0 and 1 axes",
    "x,y\n1,2\n3\n": "F: line 3 has 1 cell for 2 names",
    "x,y\n1,2\n3,4,\n": "F: line 3 has 3 cells for 2 names",
    "x,y,z\n1,2\n3,4,5,6\n": "F: line 2 has 2 cells for 3 names",
    "x,y\n1,2\n\n3,\n": "F, line 4: 'y' has no value: the cell is empty",
    "x\n1\n \n": "F, line 3: 'x' has no value: the cell is empty",
    'x,y\n1,""\n': "F, line 2: 'y' has no value: the cell is empty",
    "x,y\n1,2\nabc,4\n": "F, line 3: 'x' is 'abc', not a number",
    "x,W[0,0]\n1,2\n3,abc\n": "F, line 3: 'W[0,0]' is 'abc', not a number",
    "x,y\n1,pi\n": "F, line 2: 'y' is 'pi', not a number",
    'x,y\n1,"2,5"\n': "F, line 2: 'y' is '2,5', not a number",
    "x,y\n1,2\n3,nan\n": "F, line 3: 'y' is nan, not a finite number",
    "x,y\n1,2\n-1e400,4\n": "F, line 3: 'x' is -inf, not a finite number",
    "x,y\n1,2\n3,4\0\n": "F is not a text: it has a NUL in line 3",
    b"x,y\n1,2\n3,\xff\n": "F is not UTF-8 text: byte 0xff in line 3",
    b"\xff\xfex\0": "F is not UTF-8 text: byte 0xff in line 1",
    'x,y\n1,2\n3,"4\n5,6\n': "F is not CSV: unexpected end of data in line 3",
    'x,y\n1,2\n3,"4"5\n': "F is not CSV: ',' expected after '\"' in line 3",
    "x,y\r1,2\r": "F is not CSV: new-line character seen in unquoted field in line 1",
    "x,y\n1\r2,3\n": "F is not CSV: new-line character seen in unquoted field in line 2",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_table_has_one_clear_error(tmp_path, text):
    assert error_of(written(tmp_path, text)) == BAD[text]


BAD_OBJECTS = {
    "": "F is empty",
    "[1]": "F, line 1 holds a list, not an object",
    '{"x": 1}\n3\n': "F, line 2 holds a number, not an object",
    '{"x": 1}\n{"x": }\n': "F is not JSON: expecting value in line 2",
    '{"x": 1}{"x": 2}\n': "F is not JSON: extra data in line 1",
    '{"x": 1}\n{"x": [1\n2]}\n': "F is not JSON: expecting ',' delimiter in line 2",
    '{"x": 1, "x": 2}\n': "F: 'x' is given twice",
    '{"x": 1}\n{"y": 2}\n': "F, line 2 has no 'x'",
    '{"x": 1}\n\n{"x": 2, "y": 2}\n': "F, line 3 has 'y', which the first row lacks",
    '{"x": 1}\n{"x": null}\n': "F, line 2: 'x' has no value: it is null",
    '{"x": 1}\n{"x": true}\n': "F, line 2: 'x' is a truth value, not a number",
    '{"x": 1}\n{"x": "2"}\n': "F, line 2: 'x' is a text, not a number",
    '{"x": 1}\n{"x": {"a": 1}}\n': "F, line 2: 'x' is an object, not a number",
    '{"x": 1}\n{"x": [1]}\n': "F, line 2: 'x' has the shape (1,), in the first row ()",
    '{"x": [1]}\n{"x": [1, 2]}\n': "F, line 2: 'x' has the shape (2,), in the first row (1,)",
    '{"x": [[1]]}\n{"x": [[1], [2, 3]]}\n': "F, line 2: 'x' is ragged: [0] has 1 entry, [1] has 2 entries",
    '{"x": [1]}\n{"x": [true]}\n': "F, line 2: 'x' is a truth value, not a number at element [0]",
    '{"x": 1}\n{"x": "nan"}\n': "F, line 2: 'x' is nan, not a finite number",
    '{"x": [1, 2]}\n{"x": [1, Infinity]}\n': "F, line 2: 'x' is inf, not a finite number",
    '{"x": 9007199254740993}\n':
        "F, line 1: 'x' is 9007199254740993, which has more digits than a double",
    f'{{"x": {"9" * 400}}}\n': "F, line 1: 'x' is too large",
    f'{{"x": {"9" * 5000}}}\n': "F has a number that is too large",
    f'{{"x": {"[" * 100000}}}\n': "F is nested too deeply",
    '{"x": 1}\n{"x": "\0"}': "F is not a text: it has a NUL in line 2",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_OBJECTS)
def test_what_are_no_objects_has_one_clear_error(tmp_path, text):
    assert error_of(written(tmp_path, text, "t.jsonl")) == BAD_OBJECTS[text]


def test_what_is_no_archive_of_rows_has_one_clear_error(tmp_path):
    path = str(tmp_path / "t.npz")
    np.savez(path, x=[1, 2], y=[1, 2, 3])
    assert error_of(path) == "F: 'y' has 3 rows, 'x' has 2"
    np.savez(path, x=[1, 2], y=1)
    assert error_of(path) == "F: 'y' is one number, not one a row"
    np.savez(path, x=[[1, 2], [3, np.nan]])
    assert error_of(path) == "F, row 2: 'x' is nan, not a finite number"
    np.savez(path, x=["a", "b"])
    assert error_of(path) == "F: 'x' is an array of texts, not of numbers"
    np.savez(path)
    assert error_of(path) == "F has no arrays"
    assert error_of(written(tmp_path, b"PK\x03\x04nonsense", "t.npz")) == "F is damaged, or no .npz file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"nonsense")
    assert error_of(path) == "F: 'x' is damaged"


def test_a_file_that_is_not_there(tmp_path):
    assert error_of(str(tmp_path / "t.csv")) == "cannot read F: no such file or directory"
    assert error_of(str(tmp_path)) == "cannot read F: is a directory"
    assert error_of("a\0b") == "cannot read 'a\0b': it is not there"
    assert error_of("") == "the name of the file with the rows is empty"


@pytest.mark.parametrize(("module", "text", "name"), [
    (delimited, "x,y\n" + "1,2\n" * 9, "t.csv"), (objects, '{"x": 1, "y": 2}\n' * 9, "t.jsonl"),
])  # fmt: skip
def test_blocks_have_a_bounded_number_of_rows(tmp_path, monkeypatch, module, text, name):
    monkeypatch.setattr(module, "ROWS", 4)
    assert [len(block) for block in blocks(written(tmp_path, text, name))] == [4, 4, 1]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 7, 100])
def test_where_chunks_end_makes_no_difference(tmp_path, monkeypatch, chunk):
    path = written(tmp_path, "ä,x\r\n1,2\r\n\r\n3,4")
    for module in (lines, reading):
        monkeypatch.setattr(module, "CHUNK", chunk)
    columns, numbers, texts = read(path)
    assert (columns["ä"].tolist(), columns["x"].tolist()) == ([1, 3], [2, 4])
    assert (numbers, texts) == ([2, 4], ["1,2", "3,4"])
    assert error_of(written(tmp_path, "ä,x\r\n1,2\r\n\r\n3,y")) == "F, line 4: 'x' is 'y', not a number"
    assert error_of(written(tmp_path, "x\n1\n2\0")) == "F is not a text: it has a NUL in line 3"


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 100)
    monkeypatch.setattr(lines, "CHUNK", 10)
    assert error_of(written(tmp_path, "x,y" * 100)).startswith("F has a line of more than ")


def test_rows_come_before_the_file_ends(monkeypatch):
    """A reader of a pipe is not kept waiting for rows that it has been sent already, a block of them."""
    monkeypatch.setattr(lines, "CHUNK", 4)
    monkeypatch.setattr(reading, "CHUNK", 4)
    out, into = os.pipe()
    os.write(into, b"x,y\n1,2\n3,4\n")
    with os.fdopen(out, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        found = blocks("-")
        assert next(found).columns["y"].tolist() == [2]
        threading.Timer(0.01, os.close, [into]).start()
        assert [block.columns["y"].tolist() for block in found] == [[4]]


doubles = st.floats(allow_nan=False)
tables = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(doubles, min_size=n, max_size=n), min_size=1))


@given(tables)
def test_every_double_is_read_as_itself(tmp_path_factory, rows):
    """As Python writes it, in each format, and alike with care and without."""
    folder = tmp_path_factory.mktemp("t")
    names = [f"x{k}" for k in range(len(rows[0]))]
    for name, delimiter in (("t.csv", ","), ("t.tsv", "\t")):
        text = "\n".join(delimiter.join(row) for row in [names, *(map(repr, row) for row in rows)])
        plain, _, texts = read(written(folder, text, name), infinite=reading.every)
        careful, _, _ = read(written(folder, text + "\n\n", name), infinite=reading.every)
        for k, x in enumerate(names):
            assert plain[x].tobytes() == careful[x].tobytes() == np.array([row[k] for row in rows]).tobytes()
        assert texts == text.split("\n")[1:]
    text = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    columns, _, _ = read(written(folder, text, "t.jsonl"), infinite=reading.every)
    for k, x in enumerate(names):
        assert columns[x].tobytes() == np.array([row[k] for row in rows]).tobytes()


@example(b"\x01\n\r")
@given(st.binary() | st.text().map(str.encode) | st.from_regex(rb"\A[\[\]xy0-9.,\"\t\r\n{}:e \-]*\Z"))
def test_whatever_the_bytes_the_answer_is_rows_or_one_sentence(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("t"), data)
    for name in reading.FORMATS:
        with suppress(UsageError):
            for block in blocks(path, name):
                assert {len(column) for column in block.columns.values()} <= {len(block)}
                assert len(block.texts) == len(block)


def test_the_most_rows_of_a_block_are_stated_once():
    assert delimited.ROWS is objects.ROWS is table.ROWS
