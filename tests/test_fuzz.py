"""The whole path on random programs, derived from the registry, at random points."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.check.compare import agrees
from gradcalc.errors import NumberError
from gradcalc.graph import violations
from gradcalc.pipeline import compute
from gradcalc.result import Result
from tests.programs import ELEMENTWISE, call, count

NAMES = ("x", "y", "z", "e", "I")

NICE = st.one_of(
    st.floats(-3, 3).map(lambda x: round(x, 3)),
    st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 1e-8, 1e8, 40.0, -800.0, 1e-300, 1e300]),
)
WILD = st.floats(allow_nan=False, allow_infinity=False)

LEAVES = st.one_of(st.sampled_from(NAMES), st.sampled_from(["1", "2", "0.5", "3", "1e-3", "pi"]))


@st.composite
def programs(draw: st.DrawFn, gates: int = 6) -> str:
    """A program of several statements, each a gate on leaves and earlier statements."""
    known: list[str] = []
    lines: list[str] = []
    for number in range(draw(st.integers(1, gates))):
        gate = draw(st.sampled_from(ELEMENTWISE))
        operand = st.one_of(st.sampled_from(known), LEAVES) if known else LEAVES
        lines.append(f"s{number} = {call(gate, [draw(operand) for _ in range(count(gate))])}")
        known.append(f"s{number}")
    return "\n".join([*lines, " + ".join(known[-2:])])


def at(program: str, numbers: list[float]) -> Result | None:
    """Run the program at a point, None where that is an error for people."""
    point = dict(zip(NAMES, numbers, strict=True))
    try:
        return compute(program, point, spare=NAMES)
    except NumberError:
        return None


def judge(result: Result, program: str) -> None:
    assert result.check is not None
    assert result.check.verdict != "fail", (program, result.check.reason)
    for name, entry in result.check.gradients.items():
        assert entry.reason or entry.verdict == "pass", (program, name, entry)
        if entry.verdict == "pass":
            assert entry.reference is not None
            assert agrees(result.gradients[name], entry.reference, 1e-9, 0.0)
    assert not list(violations(result.graph))
    for node in result.nodes:
        assert node.gradient is None or node.verdict
        arrived = math.fsum(part.gradient for part in node.parts)
        if node.gradient is not None and node.id != result.graph.output and math.isfinite(arrived):
            scale = sum(abs(part.gradient) for part in node.parts)
            assert abs(arrived - node.gradient) <= 1e-12 * scale, (program, node)


@settings(max_examples=250, deadline=None)
@given(programs(), st.lists(NICE, min_size=5, max_size=5))
def test_random_programs_never_crash_and_never_fail(program: str, numbers: list[float]) -> None:
    result = at(program, numbers)
    if result is not None:
        judge(result, program)


@settings(max_examples=150, deadline=None)
@given(programs(3), st.lists(WILD, min_size=5, max_size=5))
def test_wild_points_neither(program: str, numbers: list[float]) -> None:
    result = at(program, numbers)
    if result is not None:
        judge(result, program)


@settings(max_examples=100, deadline=None)
@given(programs(4), st.lists(NICE, min_size=5, max_size=5))
def test_both_backward_passes_agree(program: str, numbers: list[float]) -> None:
    from gradcalc.backward import along_taken_wires, backward
    from gradcalc.graph import depends
    from gradcalc.language import parse

    graph = parse(program, NAMES)
    values = graph.forward(dict(zip(NAMES, numbers, strict=True)))
    fast = backward(graph, values)
    carries = depends(graph, graph.variables.values())
    slow = along_taken_wires(graph, values, carries)
    for got, expected, carried in zip(fast, slow, carries, strict=True):
        assert (got is not None) == carried
        if got is not None and math.isfinite(got) and math.isfinite(expected):
            assert got == expected
