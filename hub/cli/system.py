"""`mdhub system`: switch systems between dry run and live."""

from __future__ import annotations

import click

from config.settings import Settings
from golden_records.domain.errors import TerminalError
from hub.bootstrap.opening import Hub, open_hub
from hub.cli.output import json_option, show
from hub.clock import SystemClock


class UnknownSystem(TerminalError):
    """The catalogue has no such system; `mdhub system list` names those it has."""


@click.group()
def system() -> None:
    """Show systems, or switch one between dry run and live."""


@system.command("list")
@json_option
def list_systems(*, as_json: bool) -> None:
    """Show every system and whether it is written to."""
    _report(open_hub(Settings(), SystemClock()), as_json=as_json)


@system.command()
@click.argument("names", nargs=-1, required=True)
@json_option
def live(names: tuple[str, ...], *, as_json: bool) -> None:
    """Write to these systems from now on."""
    _switch(names, live=True, as_json=as_json)


@system.command("dry-run")
@click.argument("names", nargs=-1, required=True)
@json_option
def dry_run(names: tuple[str, ...], *, as_json: bool) -> None:
    """Only show what would be written to these systems."""
    _switch(names, live=False, as_json=as_json)


def _switch(names: tuple[str, ...], *, live: bool, as_json: bool) -> None:
    hub = open_hub(Settings(), SystemClock())
    unknown = sorted(set(names) - hub.catalogue.systems.keys())
    if unknown:
        raise UnknownSystem(systems=unknown)
    with hub.work() as work:
        for name in names:
            work.registry.switch(name, live=live)
        work.commit()
    _report(hub, as_json=as_json)


def _report(hub: Hub, *, as_json: bool) -> None:
    with hub.work() as work:
        live = work.registry.live_systems()
    rows = [
        {
            "system": found.name,
            "engine": str(found.engine),
            "writes": "live" if found.name in live else "dry run",
        }
        for found in hub.catalogue.systems.values()
    ]
    show(rows, ("system", "engine", "writes"), as_json=as_json)
