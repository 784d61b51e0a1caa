"""The command line: what is listed, what is printed where, which exit code comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import config
from golden_records.domain.errors import HubError, TerminalError, TransientError
from hub.cli import main, output

MINIMAL = str(Path(config.__file__).parent / "examples" / "minimal")


class AwayError(TransientError):
    """The server is away; start it."""


class WrongError(TerminalError):
    """The input is wrong; correct it."""


@pytest.fixture
def failing(monkeypatch):
    """Return a way to add a command that raises what it is given."""

    def add(error):
        @click.command()
        @output.json_option
        def boom(*, as_json):
            raise error

        monkeypatch.setitem(main.cli.commands, "boom", boom)

    return add


def test_a_command_whose_module_is_not_there_is_not_listed():
    targets = {"check": "hub.cli.check:check", "soon": "hub.cli.not_yet:soon", "far": "no.such:x"}
    table = {name: main.Lazy(target, "") for name, target in targets.items()}
    group = main.Commands(table, name="mdhub")

    listed = group.list_commands(click.Context(group))
    result = CliRunner().invoke(group, ["soon"])

    assert listed == ["check"]
    assert result.exit_code == output.USAGE
    assert "No such command 'soon'" in result.output


def test_help_names_every_exit_code_and_every_command_that_is_there(capsys):
    assert main.run(["--help"]) == 0

    shown = capsys.readouterr().out
    for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "130 "):
        assert f"    {code}" in shown
    assert "check" in shown


def test_help_imports_no_command():
    script = "import sys; from hub.cli import main; main.run(['-h']); print('faust' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.endswith("False\n")


def test_a_target_that_is_no_command_is_a_defect():
    with pytest.raises(TypeError, match="not a command"):
        main.Lazy("hub.cli.output:emit", "").load()


def test_a_misspelt_command_is_answered_with_the_nearest(capsys):
    assert main.run(["chekc"]) == output.USAGE

    assert "Did you mean 'check'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["check", "--nonsense"], ["check", "a", "b"], ["--nonsense"]])
def test_wrong_usage_is_2(words, capsys):
    assert main.run(words) == output.USAGE
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("error", "code"), [
    (AwayError(), output.UNREACHABLE),
    (WrongError(), output.REFUSED),
    (HubError(), output.REFUSED),
    (KeyboardInterrupt(), output.INTERRUPTED),
    (click.Abort(), output.INTERRUPTED),
])  # fmt: skip
def test_what_ends_a_command_decides_the_exit_code(failing, capsys, error, code):
    failing(error)

    assert main.run(["boom"]) == code

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err


def test_an_error_is_printed_with_what_to_do_about_it(failing, capsys):
    failing(WrongError("the file x has no name", file="x"))

    main.run(["boom"])

    assert capsys.readouterr().err == "error: the file x has no name\nremedy: correct it\n"


def test_a_remedy_is_not_said_twice(failing, capsys):
    failing(WrongError())

    main.run(["boom"])

    assert capsys.readouterr().err == "error: The input is wrong; correct it.\n"


def test_with_json_an_error_is_json_on_stderr(failing, capsys):
    failing(AwayError("no answer", server="pg", port=5432))

    assert main.run(["boom", "--json"]) == output.UNREACHABLE

    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err) == {
        "error": "AwayError",
        "message": "no answer",
        "facts": {"server": "pg", "port": "5432"},
        "exit": 3,
    }


def test_a_defect_is_not_hidden(failing):
    failing(ValueError("a defect"))

    with pytest.raises(ValueError, match="a defect"):
        main.run(["boom"])


def test_a_setting_that_cannot_be_read_is_named(monkeypatch, capsys):
    monkeypatch.setenv("MDHUB_SHARDS", "many")

    assert main.run(["check", MINIMAL]) == output.REFUSED

    assert "setting MDHUB_SHARDS: " in capsys.readouterr().err


def test_main_exits_with_the_code_and_reads_the_programs_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mdhub", "--version"])

    with pytest.raises(SystemExit) as stopped:
        main.main()

    assert stopped.value.code == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning:kafka")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:importlib.resources")
def test_every_listed_command_can_be_imported():
    context = click.Context(main.cli)

    for name in main.cli.list_commands(context):
        command = main.cli.get_command(context, name)
        assert isinstance(command, click.Command)
        assert command.get_short_help_str()
