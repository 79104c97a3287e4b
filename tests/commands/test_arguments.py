import click
import pytest

from gradcalc.commands.arguments import sort
from gradcalc.commands.eval import command

PARAMS = command.params


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["x"], ["--", "x"]),
        (["-x^2", "x=3"], ["--", "-x^2", "x=3"]),
        (["-f^2", "f=3"], ["--", "-f^2", "f=3"]),
        (["-f", "json", "x"], ["-f", "json", "--", "x"]),
        (["x", "--format", "json", "y=1"], ["--format", "json", "--", "x", "y=1"]),
        (["x", "--format=json", "y=1"], ["--format=json", "--", "x", "y=1"]),
        (["x", "--no-check", "y=1"], ["--no-check", "--", "x", "y=1"]),
        (["--", "--x"], ["--", "--x"]),
        (["-", "x=1"], ["--", "-", "x=1"]),
        (["x", "--at", "-"], ["--at", "-", "--", "x"]),
        (["x", "--rtol", "-1"], ["--rtol", "-1", "--", "x"]),
        (["x", "--fromat", "json"], ["--fromat", "--", "x", "json"]),
        (["x", "--format"], ["--format"]),
    ],
)
def test_options_come_first_and_the_rest_is_positional(tokens, expected):
    assert sort(tokens, PARAMS) == expected


def test_options_without_a_value_take_none():
    flags = [p for p in PARAMS if isinstance(p, click.Option) and p.is_flag]
    assert {"--check", "--strict"} <= {name for flag in flags for name in flag.opts}


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["-x^2", "x=3"], "-9.0"),
        (["-f^2", "f=3"], "-9.0"),
        (["--get", "value", "-x^2", "x=3"], "-9.0"),
        (["--", "--x", "x=3"], "3.0"),
        (["x^2", "x=-2^3"], "64.0"),
        (["eval", "x", "x=pi/4"], "0.7853981633974483"),
        (["explain", "explain=2"], "2.0"),
        (["x==y", "x=1", "y=1"], "1.0"),
    ],
)
def test_programs_that_look_like_options_or_commands(cli, arguments, value):
    options = [] if "--get" in arguments else ["--get", "value"]
    split = 1 if arguments[0] == "eval" else 0
    done = cli(*arguments[:split], *options, "--no-check", *arguments[split:])
    assert (done.code, done.out, done.err) == (0, value + "\n", "")
