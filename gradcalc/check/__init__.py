"""The check: the gradients proved against references built from definitions, none from rules.

    local        every gate at its own float inputs: value and local gradients, in ulps
    chain        gate by gate: SymPy's slope of each gate, chained over the graph in high precision
    closed       the closed form: SymPy differentiates the whole expression, while it is small
    difference   the central difference in high precision, on definitions alone
    verdict      what they say together, an entry a gradient and an entry a node
    kinks        what happens where no derivative exists
    blame        where the digits of an inaccurate gradient were lost

`prove` runs all of them.
"""

from __future__ import annotations

from gradcalc.check.verdict import prove

__all__ = ["prove"]
