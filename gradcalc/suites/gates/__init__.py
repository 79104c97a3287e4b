"""Gates on trial: each rule is proved against its definition, at the places that the record itself names.

    prove_gates    gate -> outcome

    elementwise    gates that broadcast: forward and partials, number by number
    shaped         gates with a shape: forward and pullbacks, at the samples
    alone          a gate as a graph of its own
    points         where an elementwise gate is tried
    switches       where a definition switches from one formula to another, and may have a kink
    trial          what both have in common
    objection      what can be said against a gate
    mistakes       which usual mistake a wrong rule is

The truth is made of definitions alone; what a rule says is only ever compared with it.
"""

from gradcalc.suites.gates.trial import prove_gates

__all__ = ["prove_gates"]
