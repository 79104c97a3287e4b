import pytest

from gradcalc.errors import width
from gradcalc.pipeline import compute
from gradcalc.report import Options, writer
from gradcalc.report.columns import short
from gradcalc.report.grid import fold


def table(result, **options):
    return "".join(writer("table")(result, Options(**options)))


def row(text, number):
    return next(line for line in text.splitlines() if line.startswith(f"#{number} "))


def test_upstream_and_local_cannot_be_mixed_up(results):
    """The lecture's slip: at w0 the upstream gradient is 0.2 and the local one is x0 = -1."""
    text = table(results["neuron"])
    assert "0.196612 from #4 × x0 (-1)" in row(text, 2)
    assert "-0.196612" in row(text, 2)
    assert "0.196612 from #4 × w0 (2)" in row(text, 3)
    assert "0.393224" in row(text, 3)
    assert "-0.196612 from #11 × -1" in row(text, 10)
    assert "1 (the output)" in row(text, 14)


@pytest.mark.parametrize("columns", [76, 80, 90, 100, 120, 140, 200])
def test_a_terminal_is_never_overrun(results, columns):
    for result in results.values():
        assert max(map(width, table(result, width=columns).splitlines())) <= columns


def test_no_layout_leaves_anything_out(results):
    """Value, wires, gradient, flow and verdict stand in every layout; only digits and texts get shorter."""
    for columns in (76, 80, 100, 120, 200, None):
        text = " ".join(table(results["neuron"], width=columns).split())
        for part in (
            "0.1966",
            "from #4 × x0 (-1)",
            "-0.3932",
            "#5 #6",
            "switcher",
            "distributor",
            "scaler",
            "✓ 15",
        ):
            assert part in text, (columns, part)


def test_a_pipe_gets_every_letter(results):
    text = table(results["neuron"])
    assert "…" not in text
    assert "#14 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))" in text


def test_parts_of_a_fork_are_joined():
    result = compute("x*x + 3*x", {"x": 2}, check=False)
    line = row(table(result), 0)
    assert line.count(" from #") == 3
    assert line.count(" + ") == 2
    assert "× 3" in line


def test_without_a_check_there_is_no_verdict():
    text = table(compute("x*y", {"x": 2, "y": 3}, check=False))
    assert "verdict" not in text
    assert "not checked (--no-check)" in text


def test_a_large_graph_on_a_terminal_shows_named_nodes_and_says_so():
    result = compute("s = " + " + ".join(f"x*{i}" for i in range(2, 40)) + "; s^2", {"x": 2}, check=False)
    text = table(result, width=80)
    assert "3 of " in text
    assert "--nodes all" in text
    assert len(table(result, width=80, nodes="all").splitlines()) > len(result.graph)
    assert "--nodes all" not in table(result)


def test_a_wide_fork_on_a_terminal_is_cut_and_says_so():
    result = compute(" + ".join(["x"] * 50), {"x": 2}, check=False)
    assert "more wires" in table(result, width=80, nodes="named")
    assert "more wires" not in table(result)


def test_many_gradients_on_a_terminal_are_cut_and_say_so():
    names = [f"x{i}" for i in range(50)]
    result = compute(" + ".join(names), dict.fromkeys(names, 1), check=False)
    assert "and 30 more: --get NAME, --format json" in table(result, width=80)
    assert "df/dx49" in table(result)


def test_odd_verdicts_are_words_too(odd):
    text = table(odd)
    for part in ("✗ fail", "≈ inaccurate 5 digits", "? undecided", "the first gate that is wrong is at #2"):
        assert part in text
    for part in (
        "jump at #2, x*y: x = 0",
        "df/dx: 1 from the left, none from the right",
        "0 here and in torch; 1 in JAX",
    ):
        assert part in text
    assert "warning: beware of [red]" in text
    assert "[red]" in table(odd, colour=True)


def test_colour_changes_nothing_but_colour(results):
    import re

    for columns in (80, 200):
        plain = table(results["neuron"], width=columns)
        coloured = table(results["neuron"], width=columns, colour=True)
        assert coloured != plain
        strip = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()]
        assert strip == plain.splitlines()


def test_ascii(odd, results):
    assert table(results["neuron"], ascii=True).isascii()
    assert table(results["neuron"], ascii=True, width=80).isascii()


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (-4.0, 6, "-4"),
        (0.1 + 0.2, 6, "0.3"),
        (123456.7, 4, "123457"),
        (1e9, 6, "1e9"),
        (1.5e-7, 6, "1.5e-7"),
        (1.5e300, 6, "1.5e300"),
        (2 / 3, 4, "0.6667"),
        (float("inf"), 4, "inf"),
        (-0.0, 4, "-0"),
    ],
)
def test_short_numbers(x, digits, text):
    assert short(x, digits) == text


@pytest.mark.parametrize(
    ("text", "columns", "count", "lines"),
    [
        ("a + b", 5, 1, ["a + b"]),
        ("a + b", 4, 1, ["a +…"]),
        ("abc + def", 5, 2, ["abc +", "def"]),
        ("exp(alpha*beta)", 10, 2, ["exp(alpha*", "beta)"]),
        ("变量 + 变量", 6, 2, ["变量 +", "变量"]),
        ("abcdefghijkl", 4, 2, ["abcd", "efg…"]),
    ],
)
def test_fold(text, columns, count, lines):
    assert fold(text, columns, count, "…") == lines


def test_sentences_break_between_words_on_a_terminal_only():
    result = compute("(1 - cos(x))/x^2", {"x": 1e-6})
    lines = table(result, width=80).splitlines()
    assert max(map(width, lines)) <= 80
    assert any(line.startswith("  ") and not line.startswith("   ") for line in lines[-2:])
    assert len(table(result).splitlines()) < len(lines)


def test_one_long_row_does_not_widen_all_others():
    """A fork of a thousand wires: 2,000 rows as wide as its own would be 40 MB."""
    result = compute(" + ".join(["x*y"] * 1000), {"x": 2, "y": 3}, check=False)
    rows = "".join(writer("table")(result, Options())).splitlines()
    longest = max(rows, key=len)
    assert longest.split()[:2] == ["#0", "x"]
    assert longest.count(" + ") == 999
    assert sum(len(row) > 1000 for row in rows) == 2
