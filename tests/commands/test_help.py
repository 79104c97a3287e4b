import click
import pytest

from gradcalc.commands import COMMANDS, group, load

OPTIONS = [(name, p) for name in COMMANDS for p in load(name).params if isinstance(p, click.Option)]


def test_every_command_is_listed_with_a_sentence(cli):
    text = cli("--help").out
    for name in COMMANDS:
        assert f"  {name} " in text
        assert load(name).get_short_help_str(200).endswith(".")


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda x: x if isinstance(x, str) else x.opts[-1])
def test_every_option_has_help(cli, name, option):
    assert option.help
    assert option.help[0].isupper() or option.name == "format_"
    assert max(option.opts, key=len) in cli(name, "--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_long_option_of_eval_can_be_set_in_the_environment(name):
    if name == "eval":
        assert all(
            p.envvar == f"GRADCALC_{p.opts[-1][2:].upper().replace('-', '_')}"
            for n, p in OPTIONS
            if n == name and p.name != "load"
        )


def test_commands_are_the_ones_that_exist():
    assert set(group.list_commands(click.Context(group))) == set(COMMANDS)


def test_the_epilog_says_how_to_switch_completion_on(cli):
    text = cli("--help").out
    for shell in ("bash", "zsh", "fish"):
        assert f"_GRADCALC_COMPLETE={shell}_source gradcalc" in text
