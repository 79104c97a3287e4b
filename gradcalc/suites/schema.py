"""The schema of a suite: which keys there are, and what each may be.

A suite is a TOML file of cases. A case is a program, points, and what somebody claims there:

    [defaults]                      # for the cases that do not say it themselves
    rtol = 1e-6

    [[case]]
    name = "sigmoid neuron"
    program = "s = sigmoid(w*x + b)"
    point = {w = 2, x = -1, b = "pi/4"}
    claims = {value = 0.22888, grad_w = "x*s*(1 - s)"}

Inside `point` and `claims` names are those of claims everywhere: a variable's name gives its value,
`value` claims the output, `grad_w` a gradient, `upstream` is the output's own gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from sys import float_info
from typing import Any, NamedTuple

from gradcalc.claims.names import UPSTREAM, is_claim
from gradcalc.claims.precision import FORMATS
from gradcalc.errors import UsageError, suggest
from gradcalc.suites.lines import Place

Test = Callable[[Any], bool]


class Key(NamedTuple):
    """A key of a table: what it may be, in words and as a test, and what it means."""

    kind: str
    test: Test
    doc: str


def _is_text(x: Any) -> bool:
    return isinstance(x, str) and bool(x.strip())


def _is_whole(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


def _is_number(x: Any) -> bool:
    return isinstance(x, float | int) and not isinstance(x, bool) and abs(x) <= float_info.max


def _list_of(test: Test) -> Test:
    return lambda x: isinstance(x, list) and all(map(test, x))


def _is_table(x: Any) -> bool:
    return isinstance(x, dict)


def _either(*tests: Test) -> Test:
    return lambda x: any(test(x) for test in tests)


TOLERANCE = "a number, zero or more"
NAMES = "a list of names"

SHARED = {
    "rtol": Key(TOLERANCE, lambda x: _is_number(x) and x >= 0, "relative error that still passes"),
    "atol": Key(TOLERANCE, lambda x: _is_number(x) and x >= 0, "absolute error that still passes"),
    "precision": Key(f"one of {', '.join(FORMATS)}", lambda x: x in list(FORMATS),
                     "the format that the claims were computed in"),
    "seed": Key("a whole number, zero or more", lambda x: _is_whole(x) and x >= 0,
                "where rand, randn and random points begin"),
    "tags": Key("a list of texts", _list_of(_is_text), "what --tag chooses by"),
    "closed_form": Key("true or false", lambda x: isinstance(x, bool),
                       "whether SymPy differentiates the whole expression too"),
}  # fmt: skip
"""What [defaults] may say for all cases, and each case for itself."""

CASE = {
    "name": Key("a text", _is_text, "what reports call the case"),
    "program": Key('a text, or "@file"', _is_text, "the program, or the file that it is in"),
    "point": Key("a table of values, or the name of a file", _either(_is_table, _is_text),
                 "the point, or what all points share"),
    "points": Key('a list of tables, the name of a file, "random" or {random = 20}',
                  _either(_list_of(_is_table), _is_text, _is_table), "the points, where there are several"),
    "claims": Key("a table", _is_table, "what is claimed; without it our own gradients are checked"),
    "wrt": Key(NAMES, _list_of(_is_text), "what to differentiate by, where nothing is claimed"),
    **SHARED,
}  # fmt: skip
"""The keys of a [[case]]."""

RANDOM = {
    "random": Key("a whole number, one or more", lambda x: _is_whole(x) and x > 0, "how many points"),
    "low": Key("a number", _is_number, "the least value of a variable"),
    "high": Key("a number", _is_number, "the largest value of a variable"),
}
"""The keys of random points."""

SUITE = {
    "defaults": Key("a table", _is_table, "what holds for the cases that do not say it themselves"),
    "case": Key("an array of tables: write [[case]]", _list_of(_is_table), "the cases"),
}
"""The keys of a file."""


def is_suite(data: Mapping[str, Any]) -> bool:
    """Whether a TOML file among others is meant to be a suite; a key that is nearly one of its own counts."""
    return any(name in SUITE or suggest(name, SUITE) for name in data)


def refuse_wrong(table: Mapping[str, Any], keys: Mapping[str, Key], what: str, place: Place) -> None:
    """Raise UsageError for the first key that a table should not have, or that holds something else."""
    for name, value in table.items():
        if name not in keys:
            raise place.at(name).error(f"{what} has no key '{name}'", _hint(name, keys))
        if not keys[name].test(value):
            raise place.at(name).error(f"'{name}' must be {keys[name].kind}")


def _hint(name: str, keys: Mapping[str, Key]) -> str:
    """Return what may be meant by a key that there is not."""
    if near := suggest(name, keys):
        return f"did you mean '{near}'?"
    if keys is CASE and (is_claim(name) or name == UPSTREAM):
        return f"write {'claims' if is_claim(name) else 'point'} = {{{name} = …}}"
    if keys is SUITE and name in CASE:
        return "write it below [[case]]" + (", or below [defaults]" if name in SHARED else "")
    return f"there are {', '.join(keys)}"


def refuse_no_claims(names: Sequence[str], place: Place) -> None:
    """Raise UsageError for a name in `claims` that claims nothing, or where none does."""
    for name in names:
        if not (is_claim(name) or name == UPSTREAM):
            hint = "value and grad_NAME are claims; variables have their values in point"
            if name in CASE:
                hint = f"'{name}' is a key of the case: write it above [case.claims]"
            raise place.at(name).error(f"'{name}' claims nothing", hint)
    if not any(map(is_claim, names)):
        raise place.error("claims has no claim in it", "leave it out: then our own gradients are checked")


def suite(data: Mapping[str, Any], place: Place) -> None:
    """Raise UsageError for a file that is no suite, whatever its cases hold."""
    refuse_wrong(data, SUITE, "a suite", place)
    refuse_wrong(data.get("defaults", {}), SHARED, "[defaults]", place.at("defaults"))
    if not data.get("case"):
        hint = "gradcalc check --init writes a file to begin with"
        raise UsageError("there is no [[case]] in it", hint=hint)


def case(table: Mapping[str, Any], place: Place) -> None:
    """Raise UsageError for a case that is none."""
    refuse_wrong(table, CASE, "a case", place)
    if "program" not in table:
        raise place.error("the case has no program", 'write program = "x^2*y"')
    points = table.get("points")
    if isinstance(points, dict):
        _refuse_unless_random(points, place.at("points"))
    elif isinstance(points, str) and points != "random" and suggest(points, ["random"]):
        raise place.at("points").error(f"'{points}' are no points", "did you mean 'random'?")
    elif points == []:
        raise place.at("points").error("points has no point in it")
    if "claims" in table:
        refuse_no_claims(list(table["claims"]), place.at("claims"))


def _refuse_unless_random(points: Mapping[str, Any], place: Place) -> None:
    """Raise UsageError for a table that does not say how to draw points."""
    if not any(name in RANDOM or suggest(name, RANDOM) for name in points):
        raise place.error("points is one table", "write point = {…}, or points = [{…}, {…}]")
    refuse_wrong(points, RANDOM, "points", place)
    if "random" not in points:
        raise place.error("points does not say how many", f"write points = {{random = {RANDOM_POINTS}, …}}")
    if points.get("low", LOW) >= points.get("high", HIGH):
        raise place.error("low must be less than high")


RANDOM_POINTS, LOW, HIGH = 10, -2.0, 2.0
"""How many random points there are, and between what, where nothing else is said."""
