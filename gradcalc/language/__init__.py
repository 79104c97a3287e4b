"""The language: text -> tokens -> statements -> graph.

    tokens.py      text -> tokens, and back to where they stand
    parser.py      expressions; the grammar heads it
    builder.py     brackets that were read -> nodes
    brackets.py    lists and indices that are being read
    calls.py       arguments -> parameters
    folding.py     what is known beforehand: options, indices, constant lists
    creations.py   arrays made of numbers alone: zeros, arange, rand
    statements.py  names, statements, functions
    functions.py   what a function is, and its copy into the graph
    modules.py     prefixes of other libraries (`np.`)
    refusals.py    everything that is no program, with the mended text
    mending.py     what refusals are made of
    misnomers.py   names and calls that are refused
    foreign.py     syntax of other languages, and what is written here
    arrays.py      lists, indices and options that are refused
    absent.py      what arrays of other libraries have, and what is written here
    hopeless.py    megabytes that are none, before anything is built

No text ever reaches Python's `eval` or SymPy's parser.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradcalc.graph import Graph
from gradcalc.language import hopeless
from gradcalc.language.parser import CONSTANTS
from gradcalc.language.statements import Program
from gradcalc.language.tokens import RESERVED, Source, canonical, is_name

MAX_NODES = 10_000_000
"""Nodes that a graph may have unless the caller says otherwise."""


def parse(
    text: str, given: Iterable[str] | None = None, *, max_nodes: int = MAX_NODES, seed: int = 0
) -> Graph:
    """Parse a program into its graph.

    `given` are the names that have a value from outside; without it, every unknown name is a
    variable. `seed` (a whole number from 0 on) decides what `rand` and `randn` draw.
    Raises `ProgramSyntaxError`, `NamingError`, `ShapeError` or `TooLargeError`, and nothing else.
    """
    hopeless.refuse(text)
    return Program(Source(text), given, max_nodes, seed).parse()


def valid_name(text: str) -> bool:
    """Tell whether `text` is one name of the language, as in `NAME=VALUE`."""
    source = Source(text)
    name = source.tokens[0]
    return is_name(name) and name not in RESERVED and source.locate(0) == (0, len(text))


__all__ = ["CONSTANTS", "MAX_NODES", "canonical", "parse", "valid_name"]
