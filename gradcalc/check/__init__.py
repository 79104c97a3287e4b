"""The check: the gradients proved against references built from definitions, none from rules.

    local        every gate at its own float inputs: value and local gradients, in ulps
    sums         every gradient: the sum of what arrives along its wires
    chain        gate by gate: SymPy's slope of each gate, chained over the graph in high precision
    closed       the closed form: SymPy differentiates the whole expression, while it is small
    difference   the central difference in high precision, on definitions alone
    verdict      what they say together, an entry a gradient and an entry a node
    voices       which of them dissents
    blame        where the digits of an inaccurate gradient were lost

All of them stand on `precise` (values in high precision), `slopes` (SymPy's derivative of each gate),
`printer` (SymPy's expressions in the language) and `compare` (a float against its reference).

`prove` runs all of them. `arrays.prove` does it for programs with arrays:

    unroll       each element of each array as a node of a scalar graph, written by definitions
    wires        the number system that writes them
    pieces       every node at its own float inputs: its value, and what it sends to each input
    sampled      what is too large for that, by dot products in random directions
    tangents     forward mode on definitions, which they are compared with
    ties         which names move one and the same kink
"""

from __future__ import annotations

from gradcalc.check.verdict import prove

__all__ = ["prove"]
