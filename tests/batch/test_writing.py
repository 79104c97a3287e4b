"""What is written is read back as the same numbers, whatever the names and the shapes are."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.batch import reading, writing
from gradcalc.batch.table import Block
from gradcalc.point.arguments import canonical

SHAPES = st.lists(st.integers(1, 3), max_size=3).map(tuple)
NAMES = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1) | st.sampled_from(
    ["x", "var.x", "grad_x", "100 %s", 'a "b"', "a, b", "ﬁ", "a\\b"]
)
doubles = st.floats(allow_nan=False)


def columns_of(draw, rows, names):
    shapes = {name: draw(SHAPES) for name in names}
    size = {name: rows * math.prod(shape) for name, shape in shapes.items()}
    numbers = {name: draw(st.lists(doubles, min_size=n, max_size=n)) for name, n in size.items()}
    return {name: np.array(numbers[name]).reshape(rows, *shapes[name]) for name in names}


@st.composite
def tables(draw):
    """Return columns that were given and columns that were found, of some rows."""
    rows = draw(st.integers(1, 4))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=canonical))
    cut = draw(st.integers(0, len(names) - 1))
    return columns_of(draw, rows, names[:cut]), columns_of(draw, rows, names[cut:]), rows


def written(kind, given, found, rows):
    out = io.BytesIO()
    writer = writing.Archive(out) if kind == "npz" else writing.Text(out, writing.SYNTAX[kind])
    writer.add(Block(given, range(rows)), found, np.ones(rows, bool))
    writer.close({})
    return out.getvalue()


@pytest.mark.parametrize("kind", reading.FORMATS)
@given(table=tables())
def test_what_is_written_is_read_back_the_same(tmp_path_factory, kind, table):
    given, found, rows = table
    path = tmp_path_factory.mktemp("t") / f"t.{kind}"
    path.write_bytes(written(kind, given, found, rows))
    (block,) = reading.blocks(str(path), infinite=reading.every)
    assert len(block) == rows
    expected = {canonical(name): column for name, column in {**given, **found}.items()}
    assert block.columns.keys() == expected.keys()
    for name, column in expected.items():
        assert block.columns[name].shape == column.shape
        assert block.columns[name].tobytes() == column.tobytes()


def test_rows_that_are_not_finite_have_empty_cells():
    found = {"value": np.array([1.0, math.nan]), "grad_W": np.ones((2, 1, 2))}

    def text(kind):
        out = io.BytesIO()
        writer = writing.Text(out, writing.SYNTAX[kind])
        writer.add(Block({}, [2, 3]), found, np.array([True, False]))
        return out.getvalue().decode()

    assert text("csv") == 'value,"grad_W[0,0]","grad_W[0,1]"\n1.0,1.0,1.0\n,,\n'
    assert text("tsv") == "value\tgrad_W[0,0]\tgrad_W[0,1]\n1.0\t1.0\t1.0\n\t\t\n"
    assert text("jsonl") == (
        '{"value": 1.0, "grad_W": [[1.0, 1.0]]}\n{"value": null, "grad_W": null}\n'
    )  # fmt: skip


def test_the_same_arrays_are_the_same_bytes():
    columns = {"x": np.arange(3.0)}
    assert written("npz", {}, columns, 3) == written("npz", {}, columns, 3)
