"""`mdhub connect`: take a catalogue into use."""

from __future__ import annotations

from pathlib import Path

import click

from config.settings import Settings
from hub.bootstrap.connecting import connect as run_connect
from hub.cli.output import emit, json_option, note
from hub.clock import SystemClock


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@json_option
def connect(folder: Path | None, *, as_json: bool) -> None:
    """Take the catalogue in FOLDER (default: MDHUB_CATALOGUE) into use.

    Reads the sources' own catalogues, registers their Debezium connectors, and makes the mirrors,
    mappings and analysts' views. New (system, entity) pairs begin in LOADING; see `mdhub load`.
    Running workers keep the catalogue that they started with: restart them afterwards.
    """
    settings = Settings()
    hub = run_connect(settings, SystemClock(), folder or settings.catalogue, note)
    if as_json:
        emit(
            {
                "catalogue": hub.catalogue.version,
                "systems": sorted(hub.catalogue.systems),
                "tables": len(hub.contracts),
            }
        )
    else:
        click.echo(
            f"connected {len(hub.catalogue.systems)} systems with {len(hub.contracts)} tables;"
            f" catalogue {hub.catalogue.version[:12]}"
        )
