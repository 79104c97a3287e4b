"""Cases -> outcomes, in one process and in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from importlib.resources import files

import pytest

from gradcalc import loading
from gradcalc.check import chain
from gradcalc.suites import processes, running, schema
from gradcalc.suites.cases import Case
from gradcalc.suites.outcome import tally
from gradcalc.suites.processes import AHEAD, CHUNK, in_order
from gradcalc.suites.running import run, run_case

SUITE = """
[[case]]
name = "right"
program = "x^2*y"
point = {x = 3, y = 2}
claims = {value = 18, grad_x = 12, grad_y = "x^2"}

[[case]]
name = "wrong"
program = "x^2*y"
point = {x = 3, y = 2}

[case.claims]
grad_y = 9
grad_x = 6

[[case]]
name = "kinked"
program = "abs(x)"
point = {x = 0}

[[case]]
name = "subgradient"
program = "sum(abs(x))"
point = {x = [0, 1]}
claims = {grad_x = [0.3, 1]}

[[case]]
name = "ours"
program = "sigmoid(w*x)"
point = {w = 1, x = 2}

[[case]]
name = "lost"
program = "1 - cos(x)"
point = {x = 1e-9}
claims = {value = 0}
atol = 1e-12

[[case]]
name = "no program"
program = "2x"
point = {x = 1}

[[case]]
name = "outside"
program = "log(x)"
point = {x = -1}
"""


def words(found):
    return {outcome.name: outcome.verdict for outcome in found}


def test_outcomes_in_the_order_of_the_cases(outcomes):
    found = outcomes(SUITE)
    assert words(found) == {
        "right": "pass", "wrong": "fail", "kinked": "undecided", "subgradient": "pass", "ours": "pass",
        "lost": "pass", "no program": None, "outside": None,
    }  # fmt: skip
    assert str(tally(found)) == "4 passed, 1 failed, 1 undecided, 2 errors"
    assert [outcome.exit() for outcome in found] == [0, 1, 0, 0, 0, 0, 2, 3]
    assert [outcome.exit(strict=True) for outcome in found] == [0, 1, 3, 0, 0, 0, 2, 3]
    assert all(outcome.seconds >= 0 for outcome in found)


def test_a_failure_stands_at_its_claim_and_is_told_with_the_right_formula(outcomes):
    wrong = outcomes(SUITE)[1]
    assert (wrong.line, wrong.places["grad_x"]) == (15, (15, 1))
    assert wrong.reason == "df/dx = 2*x*y"
    diagnoses = {claim.name: claim.diagnosis for claim in wrong.claims}
    assert diagnoses == {"grad_y": "", "grad_x": "factor 2 missing"}


def test_a_pass_says_what_it_owes_to_a_kink_or_to_atol(outcomes):
    found = {outcome.name: outcome.claims for outcome in outcomes(SUITE)}
    assert "a valid subgradient" in found["subgradient"][0].reason
    assert "within atol" in found["lost"][0].reason


def test_a_random_point_that_fails_is_told(outcomes):
    (found,) = outcomes('[[case]]\nprogram = "x^2"\npoints = {random = 1}\nclaims = {grad_x = "x"}\n')
    assert found.verdict == "fail"
    assert found.reason.startswith("df/dx = 2*x; at x=")
    assert found.reason.endswith("(seed 0)")


def test_the_closed_form_is_asked_for_where_a_case_fails_or_wants_it(cases, monkeypatch):
    asked = []
    compute = running.compute
    monkeypatch.setattr(
        running, "compute", lambda *a, **given: asked.append(given["closed_form"]) or compute(*a, **given)
    )
    right, wrong, wants = cases("""
        [[case]]
        program = "x^2"
        point = {x = 1}
        claims = {grad_x = 2}
        [[case]]
        program = "x^2"
        point = {x = 1}
        claims = {grad_x = 1}
        [[case]]
        program = "x^2"
        point = {x = 1}
        claims = {grad_x = 2}
        closed_form = true
        """)
    for case, expected in ((right, [False]), (wrong, [False, True]), (wants, [True])):
        asked.clear()
        run_case(case)
        assert asked == expected


def test_an_unfinished_check_is_3_without_strict_too(outcomes, monkeypatch):
    monkeypatch.setattr(chain, "MOST_DIGITS", 60)
    (found,) = outcomes('[[case]]\nprogram = "1 - tanh(x)^2"\npoint = {x = 300}\n')
    assert (found.verdict, found.finished) == ("undecided", False)
    assert found.exit() == 3


def test_the_starter_passes_and_shows_every_key(outcomes):
    text = files("gradcalc.suites").joinpath("starter.toml").read_text("utf-8")
    assert {outcome.verdict for outcome in outcomes(text)} == {"pass"}
    for key in (*schema.SUITE, *schema.CASE, *schema.RANDOM):
        assert f"{key} = " in text or f"[{key}]" in text, key


# Several processes.


def told(outcome):
    claims = [(c.name, c.verdict, c.reason, c.diagnosis) for c in outcome.claims]
    return outcome.name, outcome.verdict, outcome.line, claims, outcome.error and outcome.error.message


def test_several_processes_say_the_same_in_the_same_order(cases):
    found = [case for k in range(5) for case in cases(SUITE.replace('name = "', f'name = "{k} '))]
    assert [told(o) for o in run(found, 3)] == [told(o) for o in run(found)]


def case(program, name=""):
    return Case(name or program, program, {"x": 1.0}, file="suite.toml", line=7)


def dies(item):
    if item.name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if item.name == "leaves":
        os._exit(5)
    return run_case(item)


@pytest.mark.parametrize(("name", "how"), [("dies", "killed"), ("leaves", "exit code 5")])
def test_a_process_that_dies_loses_one_case(monkeypatch, name, how):
    names = ["a", "b", name, "c", name, *"defghijklmnopqrstuvw", name]
    found = list(in_order(dies, [case("x^2", n) for n in names], 2, running._lost))
    assert [o.name for o in found] == names
    lost = [o for o in found if o.name == name]
    assert {o.verdict for o in found if o.name != name} == {"pass"}
    assert [(o.verdict, o.file, o.line, o.exit()) for o in lost] == [(None, "suite.toml", 7, 3)] * 3
    assert lost[0].error.message == f"the process that checked it died: {how}"


def test_a_bug_is_the_error_of_its_case(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("oh\nno")

    monkeypatch.setattr(running, "compute", broken)
    monkeypatch.delenv("GRADCALC_DEBUG", raising=False)
    outcome = run_case(case("x^2"))
    assert (outcome.verdict, outcome.exit()) == (None, 3)
    assert outcome.error.message == "internal error: RuntimeError: oh no"
    monkeypatch.setenv("GRADCALC_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run_case(case("x^2"))


def slow_first(number):
    time.sleep(0.2 if number == 0 else 0)
    return number


def lost(item, code):
    raise AssertionError(item, code)


def test_the_order_holds_where_the_first_takes_longest():
    count = 3 * CHUNK + 1
    assert list(in_order(slow_first, range(count), 4, lost)) == list(range(count))


def test_what_is_not_asked_for_is_not_read_to_its_end():
    read = 0

    def items():
        nonlocal read
        while True:
            read += 1
            yield 1

    found = in_order(slow_first, items(), 2, lost)
    assert [next(found) for _ in range(100)] == [1] * 100
    found.close()
    assert read <= 100 + AHEAD + 4 * CHUNK


def test_processes_end_when_nobody_reads_on():
    found = in_order(parent, range(10 * CHUNK), 2, lost)
    (pid, *_) = {next(found), next(found)}
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def parent(number):
    return os.getpid()


GATE = """
from gradcalc.gates.record import Gate

GATES = [Gate("twice", definition=lambda m, x: 2*x, partials=(lambda m: 2.0,), doc="2 x.", latex="2 {x}",
              probe=((-1, 1),))]
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_are_started_in_every_way(folder, monkeypatch, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("not here")
    monkeypatch.setattr(processes, "Process", multiprocessing.get_context(method).Process)
    (folder / "gates.py").write_text(GATE)
    loading.load("gates.py")
    try:
        found = list(run([case("twice(x)"), case("x^2"), case("2x")], 2))
    finally:
        loading.unload("gates.py")
    assert [outcome.verdict for outcome in found] == ["pass", "pass", None]
    assert found[2].error.hint == "write 2*x"
