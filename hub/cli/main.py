"""The command line: `mdhub COMMAND ...`.

A command's module is imported when it is called, and a command whose module is not installed is not
there, so that each part of the hub can be shipped alone and `mdhub --help` starts at once.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
from rapidfuzz import process

from golden_records.domain.errors import HubError
from hub.cli.output import INTERRUPTED, OK, REFUSED, report_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command is (`module:name`) and its line in `mdhub --help`, which imports nothing."""

    target: str
    summary: str

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]

    def is_there(self) -> bool:
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    def load(self) -> click.Command:
        command = getattr(importlib.import_module(self.module), self.target.partition(":")[2])
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.target} is not a command")
        return command


COMMANDS: Mapping[str, Lazy] = MappingProxyType(
    {
        "demo": Lazy("hub.cli.demo:demo", "See it work: four systems made to agree."),
        "stack": Lazy("hub.cli.stack:stack", "Run the servers on this machine."),
        "check": Lazy("hub.cli.check:check", "Check a catalogue; every problem at once."),
        "mapping": Lazy("hub.cli.mapping:mapping", "Explain and prove mappings."),
        "roles": Lazy("hub.cli.roles:roles", "Print the SQL that makes least-privilege accounts."),
        "connect": Lazy("hub.cli.connect:connect", "Take a catalogue into use."),
        "source": Lazy("hub.cli.source:source", "Look at the feeds: connectors, logs, settings."),
        "load": Lazy("hub.cli.phase:load", "Load and assemble what the sources hold."),
        "phase": Lazy(
            "hub.cli.phase:phase", "Show or change where a mapping stands on its way in."
        ),
        "work": Lazy("hub.cli.work:work", "Apply the feed, resolve and publish, until stopped."),
        "status": Lazy("hub.cli.status:status", "Show how the hub is doing."),
        "golden": Lazy("hub.cli.golden:golden", "Show golden records, their lineage and history."),
        "match": Lazy("hub.cli.match:match", "Train, explain and report matching."),
        "case": Lazy("hub.cli.case:case", "List and decide the cases that need a person."),
        "rates": Lazy("hub.cli.rates:rates", "Import and list dated exchange rates."),
        "policy": Lazy("hub.cli.policy:policy", "Import, export, simulate and activate policies."),
        "simulate": Lazy("hub.cli.simulate:simulate", "Show what another policy would do."),
        "system": Lazy("hub.cli.system:system", "Switch writing to a system on or off."),
        "lanes": Lazy("hub.cli.lanes:lanes", "Show and tune the lanes to the targets."),
        "publish": Lazy(
            "hub.cli.publish:publish", "Look at what is to be written; retry what was refused."
        ),
        "quarantine": Lazy("hub.cli.quarantine:quarantine", "List and replay what was set aside."),
        "deletes": Lazy("hub.cli.deletes:deletes", "List and decide deletions that were withheld."),
        "verify": Lazy("hub.cli.verify:verify", "Recompute golden records and compare."),
    },
)
"""In the order of `mdhub --help`: what one needs first comes first."""

_NEAR = 60


class Commands(click.Group):
    """A group that imports a command when it is called."""

    def __init__(self, table: Mapping[str, Lazy], **attrs: object) -> None:
        super().__init__(**attrs)  # type: ignore[arg-type]
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        known = [name for name, lazy in self._table.items() if lazy.is_there()]
        return known + super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = self._table.get(cmd_name)
        if lazy is None or not lazy.is_there():
            return super().get_command(ctx, cmd_name)
        return lazy.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the table's own summaries."""
        lines = [(n, self._table[n].summary) for n in self.list_commands(ctx) if n in self._table]
        with formatter.section("Commands"):
            formatter.write_dl(lines)

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
