"""`mdhub roles`: the accounts that a hub needs, as SQL for administrators."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from config.catalogue import load_catalogue
from config.folder import read_folder
from config.settings import Settings
from hub.bootstrap.roles import accounts
from hub.cli.output import emit


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def roles(folder: Path | None, *, as_json: bool) -> None:
    """Print the SQL that makes the accounts for the catalogue in FOLDER, with least rights.

    One for the hub's own database, one for reading the feed of each source, one for writing to
    each target: only the tables and columns of its write plans. Nothing is run; fill in the
    passwords, and give the statements to the servers' administrators.
    """
    settings = Settings()
    catalogue = load_catalogue(read_folder(folder or settings.catalogue))
    found = list(accounts(settings, catalogue))
    if as_json:
        emit([asdict(one) for one in found])
        return
    for one in found:
        click.echo(f"-- {one.server}: {one.purpose}")
        for statement in one.statements:
            click.echo(statement if statement.startswith("--") else f"{statement};")
        click.echo()
