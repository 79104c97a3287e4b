"""The leaves of a graph: nodes that are given, not computed."""

from __future__ import annotations

from gradcalc.gates.record import Gate

VARIABLE = Gate("variable", definition=lambda m: m.nan, flow=None, doc="A name that is given a value.")
CONSTANT = Gate("constant", definition=lambda m: m.nan, flow=None, doc="A number, which gets no gradient.")
