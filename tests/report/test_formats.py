"""Golden files hold each format for the lecture's examples; each was read by eye.

To write them anew after a change that is meant: GRADCALC_GOLDEN=1 pytest tests/report; then read them.
"""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from gradcalc.report import FORMATS, Options, chosen, writer
from gradcalc.report.columns import COLUMNS, NAMES
from tests.report.conftest import ARRAYS, POINTS

GOLDEN = Path(__file__).parent / "golden"
TERMINAL = {
    "table-80": Options(width=80),
    "table-120": Options(width=120),
    "table-ascii": Options(ascii=True),
}


def written(result, name, options=None):
    return "".join(writer(name)(result, options or Options()))


@pytest.mark.parametrize("example", [*POINTS, *ARRAYS])
@pytest.mark.parametrize("name", [*FORMATS, *TERMINAL])
def test_golden(results, example, name):
    text = written(results[example], name.partition("-")[0], TERMINAL.get(name))
    file = GOLDEN / f"{example}.{name}.txt"
    if os.environ.get("GRADCALC_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    found = file.read_text(encoding="utf-8")
    if example in ARRAYS and name in ("json", "jsonl"):
        text, found = comparable(text), comparable(found)
    assert text == found


def comparable(text):
    """Return JSON without the last digits of what is computed anew for the report, wire by wire."""
    lines = text.splitlines() if text.startswith('{"id"') else [text]
    return [json.loads(line, parse_float=lambda number: round(float(number), 12)) for line in lines]


def test_every_format_has_golden_files_and_the_other_way_round():
    names = {file.name.split(".")[1] for file in GOLDEN.iterdir()}
    assert names == {*FORMATS, *TERMINAL}


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_takes_what_is_odd(odd, name):
    for nodes in ("all", "named", "none"):
        assert written(odd, name, Options(nodes)).endswith(("\n", "")), name


def test_json_has_no_numbers_that_json_lacks(odd):
    document = json.loads(written(odd, "json"), parse_constant=lambda text: pytest.fail(text))
    assert document["output"]["value"] == "inf"
    assert document["gradients"] == {"x": "nan"}
    assert [node["gradient"] for node in document["nodes"]] == ["nan", None, "-inf", 1.0]
    assert document["check"]["gradients"]["x"]["relative_error"] == "inf"
    assert document["check"]["first_wrong"] == 2
    assert document["nodes"][2]["reason"] == "cancellation"
    assert document["kinks"][0]["right"] == {"x": None}
    assert document["warnings"] == ["beware of [red]"]


def test_json_lines_are_the_nodes_of_the_json_report(results):
    lines = [json.loads(line) for line in written(results["neuron"], "jsonl").splitlines()]
    assert lines == json.loads(written(results["neuron"], "json"))["nodes"]


@pytest.mark.parametrize("example", ["three-gates", "neuron"])
def test_machine_formats_round_trip(results, example):
    result = results[example]
    rows = list(csv.DictReader(io.StringIO(written(result, "csv"))))
    lines = [line.split("\t") for line in written(result, "tsv").splitlines()]
    assert list(rows[0]) == lines[0] == list(NAMES)
    assert [list(row.values()) for row in rows] == lines[1:]
    assert [float(row["value"]) for row in rows] == list(result.values)
    assert [float(row["gradient"]) if row["gradient"] else None for row in rows] == list(result.adjoints)


def test_text_full_of_syntax_is_escaped(odd):
    (row, *_) = csv.DictReader(io.StringIO(written(odd, "csv")))
    assert row["expr"] == chosen(odd, "all")[0].expr
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in written(odd, "tsv").splitlines())
    markdown = written(odd, "markdown").splitlines()[2]
    assert r"a\|b \<&\_\$\>" in markdown


def test_shapes_and_inputs():
    cells = {column.name: column.cell for column in COLUMNS}

    class Row:
        shape = (2, 3)
        inputs = (4, 4)

    assert cells["shape"](Row) == "2x3"
    assert cells["inputs"](Row) == "4 4"


def test_without_nodes_none_is_made(results, monkeypatch):
    monkeypatch.setattr("gradcalc.rows.rows", lambda _: pytest.fail("rows were made"))
    for name in FORMATS:
        assert written(results["neuron"], name, Options("none")) is not None
