"""The lecture's examples as results: those that compute one number, or are given an upstream gradient."""

from functools import lru_cache

from gradcalc.examples import EXAMPLES, program
from gradcalc.pipeline import compute
from gradcalc.point.arguments import assignments
from gradcalc.point.arguments import value as value_of
from gradcalc.point.constants import Draws

from .conftest import steady

NAMES = [name for name, e in EXAMPLES.items() if e.arguments and e.arguments[0] != "jacobian"]


@lru_cache
def lecture(name, steadily=True):
    """Return the result of an example; of arrays without the last digits, which differ between processors."""
    example = EXAMPLES[name]
    arguments = [a for a in example.arguments if "=" in a and not a.startswith(("value=", "@"))]
    text = program(example) or example.arguments[0]
    values = [a for a in arguments if a != text]
    start = None
    if "--upstream" in example.arguments:
        start = value_of(
            "upstream", example.arguments[example.arguments.index("--upstream") + 1], draws=Draws(0)
        )
    wrt = None
    if "--wrt" in example.arguments:
        wrt = example.arguments[example.arguments.index("--wrt") + 1].split(",")
    found = compute(text, assignments(values, Draws(0)), wrt=wrt, upstream=start, check=not program(example))
    return steady(found) if steadily and program(example) else found
