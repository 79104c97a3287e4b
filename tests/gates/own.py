"""Files of gates of one's own, for tests: what they begin with, and whole ones."""

from __future__ import annotations

IMPORTS = "from gradcalc.gates import Domain, Edge, Gate, Kink, Sample\n"

CUBE = """
CUBE = Gate(
    "cube",
    aliases=("third_power",),
    definition=lambda m, x: x * x * x,
    partials=(lambda x: 3 * x * x,),
    doc="x^3.",
    probe=((-10.0, 10.0),),
)
"""

ROW_SUMS = """
ROW_SUMS = Gate(
    "row_sums",
    definition=lambda m, x: m.sum(x, 1),
    shape=lambda x: x[:1],
    pullbacks=(lambda m, g, shape: g[:, None] + m.zeros(shape),),
    flow="distributor",
    doc="The sum of each row.",
    means="out[i] = sum over j of x[i, j]",
    arrives=("g[:, None], the same for each column",),
    samples=(Sample(((2, 3),)), Sample(((1, 4),))),
)
"""

FILE = IMPORTS + CUBE + ROW_SUMS


def record(name: str = "cube", **fields: str) -> str:
    """Return the text of a scalar gate, right but for the fields that are given."""
    given = {"definition": "lambda m, x: x * x * x", "partials": "(lambda x: 3 * x * x,)",
             "probe": "((-3.0, 3.0),)"} | fields  # fmt: skip
    written = ", ".join(f"{field}={text}" for field, text in given.items() if text)
    return f"{IMPORTS}G = Gate({name!r}, {written})\n"


def array_record(name: str = "total", **fields: str) -> str:
    """Return the text of a gate with a shape, right but for the fields that are given."""
    given = {
        "definition": "lambda m, x: m.sum(x)",
        "shape": "lambda x: ()",
        "pullbacks": "(lambda m, g, shape: g + m.zeros(shape),)",
        "arrives": "('g',)",
        "samples": "(Sample(((2, 3),)),)",
    }
    return record(name, **{"partials": "", "probe": "", **given, **fields})
