"""A case as it is written in a suite -> cases at one point each.

Files are read here, values computed, and points drawn. What fails is drawn with its caret in the suite.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gradcalc.batch.table import element
from gradcalc.claims.judge import Said, Terms
from gradcalc.claims.names import VARIABLE, differentiated, sorted_by_name, variable
from gradcalc.errors import GradcalcError, NumberError, Span
from gradcalc.graph import Value
from gradcalc.language import parse
from gradcalc.pipeline import compute
from gradcalc.point.arguments import canonical
from gradcalc.point.arguments import value as value_of
from gradcalc.point.constants import Draws
from gradcalc.point.files import from_file
from gradcalc.point.reading import label, read_text, short
from gradcalc.point.values import convert, require_finite
from gradcalc.suites import schema
from gradcalc.suites.cases import Case, Settings
from gradcalc.suites.lines import Place, line

TRIES = 1_000
"""Points that are drawn, at most, until one is in the program's domain."""

TOLD = 16
"""Elements up to which an array is told with the point that it belongs to."""

NAME = 60
"""Letters of a program that stand for the name of a case without one."""

QUOTED = re.compile(r"""\s*=\s*("{3}\n?|'{3}\n?|"|')""")
"""What stands between a key and its text."""


class _Point(NamedTuple):
    """A point as it is written: its name in reports, its values, and where they stand."""

    name: str
    given: Mapping[str, Any]
    places: Mapping[str, Place]


class Written:
    """A case as it is written: one or more cases, each at a point of its own."""

    def __init__(
        self,
        defaults: Mapping[str, Any],
        table: Mapping[str, Any],
        place: Place,
        settings: Settings,
        number: int,
    ) -> None:
        self.table, self.place, self.settings, self.number = table, place, settings, number
        self.merged = {**defaults, **table}
        self.tags = [*defaults.get("tags", []), *table.get("tags", [])]
        self.folder = "" if place.file == "-" else os.path.dirname(place.file)  # noqa: PTH120 - a text stays a text
        self.draws = Draws(self.first_seed)

    @property
    def name(self) -> str:
        """What reports call it: its name, or its program."""
        lines = (" ".join(row.split()) for row in self.table["program"].splitlines() if row.strip())
        return str(self.table.get("name") or short("; ".join(lines), NAME))

    @property
    def first_seed(self) -> int:
        """Where random values begin."""
        return int(self.merged.get("seed", self.settings.seed))

    @cached_property
    def program(self) -> str:
        """The program's text."""
        text: str = self.table["program"]
        if not text.startswith("@"):
            return text
        with _shown(self.place.at("program"), text):
            return read_text(self.beside(text[1:]))

    @property
    def text_line(self) -> int:
        """The line that the program's text begins in, 0 where it is not in the suite as it is."""
        start = _start(self.place.at("program"), self.table["program"])
        return 0 if start is None or self.table["program"].startswith("@") else line(self.place.text, start)

    @property
    def terms(self) -> Terms:
        """The tolerances and the format: its own, else those of the defaults, else the command line's."""
        own = {key: self.merged[key] for key in ("rtol", "atol", "precision") if key in self.merged}
        return self.settings.terms._replace(**own)

    def beside(self, path: str) -> str:
        """Return the path of a file that the suite names: it is meant relative to the suite's own folder."""
        return os.path.join(self.folder, path)  # noqa: PTH118 - with its key behind a colon it is no path

    def cases(self) -> Iterator[Case]:
        """Yield the cases, one a point."""
        points = self.table.get("points")
        if points == "random" or isinstance(points, dict):
            yield from self.drawn(points if isinstance(points, dict) else {})
            return
        for point in self.points():
            yield self.case(point)

    # Points.

    def points(self) -> Iterator[_Point]:
        """Yield the points as they are written, each with what all of them share."""
        points, common = self.table.get("points"), self.common
        if points is None:
            yield common
        elif isinstance(points, str):
            for name, row in self.rows(points):
                places = dict.fromkeys(row, self.place.at("points"))
                yield _Point(name, {**common.given, **row}, {**common.places, **places})
        else:
            for k, table in enumerate(points):
                given, places = _named(table, self.place.at("points", k))
                yield _Point(f", point {k + 1}", {**common.given, **given}, {**common.places, **places})

    @cached_property
    def common(self) -> _Point:
        """What all points share: claims and point."""
        claims, claimed_at = _named(self.table.get("claims", {}), self.place.at("claims"))
        point, point_at = self.table.get("point", {}), self.place.at("point")
        if isinstance(point, str):
            with _shown(point_at, point):
                point = from_file(self.beside(point))
        given, given_at = _named(point, point_at)
        if twice := [name for name in given if name in claims]:
            raise given_at[twice[0]].error(f"'{twice[0]}' is given twice, in claims and here")
        return _Point("", {**claims, **given}, {**claimed_at, **given_at})

    def rows(self, file: str) -> Iterator[tuple[str, dict[str, Value]]]:
        """Yield the rows of a data file, each with its name in reports."""
        from gradcalc.batch.reading import blocks

        place, none = self.place.at("points"), True
        with _shown(place, file):
            for block in blocks(self.beside(file)):
                for k, number in enumerate(block.lines):
                    none = False
                    row = {name: element(column[k]) for name, column in block.columns.items()}
                    yield f", {Path(file).name} line {number}", row
        if none:
            raise place.error(f"{label(file)} has no rows")

    def drawn(self, options: Mapping[str, Any]) -> Iterator[Case]:
        """Yield cases at random points of the program's domain; expressions are computed anew for each."""
        low, high = options.get("low", schema.LOW), options.get("high", schema.HIGH)
        given = self.common.given
        names = [name for name in _variables(self.program) if name not in sorted_by_name(given).point]
        for k in range(options.get("random", schema.RANDOM_POINTS)):
            for _ in range(TRIES):
                numbers = {VARIABLE + name: float(self.draws.generator.uniform(low, high)) for name in names}
                point = _Point(f", random point {k + 1}", {**given, **numbers}, self.common.places)
                case = self.case(point, note=f"seed {self.first_seed}")
                if _in_domain(case):
                    break
            else:
                message = f"of {TRIES:,} points between {low:g} and {high:g} none is in the program's domain"
                hint = f"write points = {{random = {schema.RANDOM_POINTS}, low = …, high = …}}"
                raise self.place.at("points").error(message, hint)
            yield case

    # Values.

    def case(self, at: _Point, note: str = "") -> Case:
        """Return the case at a point."""
        written = sorted_by_name(at.given)
        point = {name: self.value(name, x, at) for name, x in written.point.items()}
        claims = {name: self.said(name, x, at) for name, x in written.claims.items()}
        upstream = None if written.upstream is None else self.value("upstream", written.upstream, at)
        formulas = claims and all(isinstance(x, str) for x in claims.values())
        wrt = self.table.get("wrt")
        variables = {variable(n): place for n, place in at.places.items() if n.startswith(VARIABLE)}
        own = {name: self.place.at(name) for name in ("program", "wrt")}
        places = {**variables, **at.places, **own}
        return Case(
            name=self.name + at.name,
            program=self.program,
            point=None if formulas and not point and "point" not in self.table else point,
            claims=claims,
            upstream=upstream,
            terms=self.terms,
            tags=self.tags,
            seed=self.draws.seed,
            file=self.place.file,
            line=self.place.line,
            places={name: place.position for name, place in places.items()},
            text_line=self.text_line,
            wrt=differentiated(claims) if claims else wrt and [canonical(name) for name in wrt],
            closed_form=bool(self.merged.get("closed_form", False)),
            note=note and f"{told(point)} ({note})",
        )

    def value(self, name: str, x: Any, at: _Point) -> Value:
        """Return a value: a number, an array, a constant expression, or what a file holds."""
        place = at.places.get(name, at.places.get(f"var.{name}", self.place))
        if isinstance(x, str):
            with _shown(place, x):
                return value_of(name, f"@{self.beside(x[1:])}" if x.startswith("@") else x, draws=self.draws)
        with _shown(place):
            found = convert(f"'{name}'", x, truths=False)
            require_finite(f"'{name}'", found)
            return found

    def said(self, name: str, x: Any, at: _Point) -> Said:
        """Return a claim: a formula's text, or numbers, which may be anything that a program can print."""
        place = at.places.get(name, self.place)
        if isinstance(x, str) and not x.strip():
            raise place.error(f"'{name}' is empty", "write a number, an array or a formula")
        if isinstance(x, str):
            return self.value(name, x, at) if x.startswith("@") else x
        with _shown(place):
            return convert(f"'{name}'", x, truths=False)


# What stands where.


def _named(table: Mapping[str, Any], place: Place) -> tuple[dict[str, Any], dict[str, Place]]:
    """Return what a table gives under names, and where; `var.x = 1` is a table of its own in TOML."""
    given, places = {}, {}
    for name, x in table.items():
        inner = x if name + "." == VARIABLE and isinstance(x, dict) else None
        for part, value in (inner or {"": x}).items():
            key, here = canonical(VARIABLE + part if inner else name), place.at(name, *[part] * bool(inner))
            if key in given:
                raise here.error(f"'{key}' is given twice", "two spellings are one name")
            given[key], places[key] = value, here
    return given, places


@contextmanager
def _shown(place: Place, text: str | None = None) -> Iterator[None]:
    """Draw the caret of an error in the suite: into the text, where that stands there as it is."""
    try:
        yield
    except GradcalcError as error:
        if error.source is place.text:
            raise
        start = None if text is None or error.source != text else _start(place, text)
        if start is None or error.span is None:
            span = place.span
        else:
            span = Span(start + error.span.start, start + error.span.end)
        raise type(error)(error.message, source=place.text, span=span, hint=error.hint) from None


def _start(place: Place, text: str) -> int | None:
    """Return where the text of a key begins; None where it is written with escapes."""
    quote = place.span and QUOTED.match(place.text, place.span.end)
    return quote.end() if quote and place.text.startswith(text, quote.end()) else None


# Random points.


def _variables(program: str) -> list[str]:
    """Return the variables of a program; none of a text that is no program, which the check will say."""
    try:
        return [*parse(program).variables]
    except GradcalcError:
        return []


def _in_domain(case: Case) -> bool:
    """Whether a case has a value and gradients; whatever else is wrong with it, the check will say."""
    try:
        compute(case.program, case.point, wrt=case.wrt, check=False, upstream=case.upstream, seed=case.seed)
    except NumberError:
        return False
    except GradcalcError:
        return True
    return True


def told(point: Mapping[str, Value]) -> str:
    """Return a point as arguments of the command line: `x=0.5 y=-1.25`; of large arrays the shape alone."""
    return " ".join(f"{name}={_told(x)}" for name, x in point.items())


def _told(x: Value) -> str:
    if isinstance(x, float):
        return repr(x)
    return f"'{x.tolist()}'" if x.size <= TOLD else f"(an array of the shape {x.shape})"
