"""The command line: `mdhub COMMAND ...`.

A command's module is imported when it is called, and a command whose module is not installed is not
there, so that each part of the hub can be shipped alone and `mdhub --help` starts at once.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
from rapidfuzz import process

from golden_records.domain.errors import HubError
from hub.cli.output import INTERRUPTED, OK, REFUSED, report_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "stack": "hub.cli.stack:stack",
        "check": "hub.cli.check:check",
        "connect": "hub.cli.connect:connect",
        "work": "hub.cli.work:work",
        "load": "hub.cli.load:load",
        "system": "hub.cli.system:system",
        "phase": "hub.cli.phase:phase",
        "publish": "hub.cli.publish:publish",
        "quarantine": "hub.cli.quarantine:quarantine",
        "verify": "hub.cli.verify:verify",
        "mapping": "hub.cli.mapping:mapping",
        "golden": "hub.cli.golden:golden",
        "case": "hub.cli.case:case",
        "match": "hub.cli.match:match",
        "status": "hub.cli.status:status",
        "lanes": "hub.cli.lanes:lanes",
        "policy": "hub.cli.policy:policy",
        "demo": "hub.cli.demo:demo",
    },
)
"""name → module:command, in the order of `mdhub --help`."""

_NEAR = 60


class Commands(click.Group):
    """A group that imports a command when it is called."""

    def __init__(self, table: Mapping[str, str], **attrs: object) -> None:
        super().__init__(**attrs)  # type: ignore[arg-type]
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        known = [name for name, target in self._table.items() if _is_there(target)]
        return known + super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self._table.get(cmd_name)
        if target is None or not _is_there(target):
            return super().get_command(ctx, cmd_name)
        module, _, name = target.partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        return command

    def resolve_command(
        self,
        ctx: click.Context,
        args: list[str],
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that is not there."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            like = process.extractOne(args[0], self.list_commands(ctx), score_cutoff=_NEAR)
            if like:
                error.message += f" Did you mean '{like[0]}'?"
            raise


def _is_there(target: str) -> bool:
    try:
        return find_spec(target.partition(":")[0]) is not None
    except ModuleNotFoundError:
        return False


@click.command(
    cls=Commands,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="mdhub", message="mdhub %(version)s")
def cli() -> None:
    """Keep systems that disagree in agreement, with one golden record of every thing.

    Every command has --help. With --json it prints JSON on stdout; notes and errors go to stderr.

    \b
    Exit codes:
      0    as asked; nothing found
      1    something was found: problems, differences, a failed check
      2    wrong usage
      3    something does not answer (database, Kafka, target); try again later
      4    refused: somebody must change the input or the configuration first
      130  interrupted
    """  # noqa: D301 - click wants the backspace itself


def main(args: Sequence[str] | None = None) -> None:
    """Run a command and exit with the code that its outcome stands for."""
    words = list(sys.argv[1:] if args is None else args)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run a command and return its exit code; what a user can act on is printed, never raised."""
    try:
        code = cli.main(list(words), prog_name="mdhub", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except HubError as error:
        return report_error(error, as_json="--json" in words)
    except ValueError as error:
        return _bad_settings(error)
    return code if isinstance(code, int) else OK


def _bad_settings(error: ValueError) -> int:
    """Explain settings that cannot be read; any other ValueError is a defect and is raised."""
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, rarely needed

    if not isinstance(error, ValidationError) or error.title != "Settings":
        raise error
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        click.secho(f"error: setting MDHUB_{name}: {problem['msg']}", fg="red", err=True)
    return REFUSED


if __name__ == "__main__":
    main()
