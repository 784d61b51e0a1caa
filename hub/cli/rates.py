"""`mdhub rates`: dated exchange rates, by which amounts of several currencies are compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.bootstrap import operating
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, show
from hub.cli.spelling import account
from hub.services.rates import read_rates

if TYPE_CHECKING:
    from datetime import datetime

    from hub.bootstrap.opening import Hub

HEAD = ("id", "from", "to", "rate", "valid_from", "valid_to")
IMPORTS = ("version", "file", "actor", "added", "closed", "rates", "imported_at")


@click.group()
def rates() -> None:
    """Import and list exchange rates; each import is a version of the whole."""


@rates.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--whole", is_flag=True, help="The file is everything: close what it does not name.")
@click.option("--actor", default=account, help="Who imports.  [default: this account]")
@json_option
@pass_hub
def import_rates(hub: Hub, file: Path, *, whole: bool, actor: str, as_json: bool) -> None:
    """Import FILE, a CSV with the head line id,from,to,rate,valid_from,valid_to.

    One unit of `from` is worth `rate` units of `to`, from valid_from until before valid_to (empty:
    until further notice). A known id is replaced. Records with these currencies are merged anew.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        found = read_rates(lines)
    said = {"file": file.name, "actor": actor}
    done = operating.exchange_rates(hub).take(found, said, whole=whole)
    if as_json:
        emit(done)
        return
    click.echo(
        f"rates {done.version}: {done.added} added, {done.closed} closed,"
        f" {done.unchanged} as they were; {done.marked} roots are merged anew"
    )


@rates.command("list")
@click.option("--currency", help="Only rates from or to this one.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Only those of this day.")
@click.option("--all", "everything", is_flag=True, help="Also rates that were replaced.")
@json_option
@pass_hub
def list_rates(
    hub: Hub, currency: str | None, on: datetime | None, *, everything: bool, as_json: bool
) -> None:
    """List the rates in force."""
    wanted = {"all": everything, "id": None, "currency": currency, "on": on and on.date()}
    found = operating.exchange_rates(hub).listed(wanted)
    columns = (*HEAD, "added_in", "closed_in") if everything else HEAD
    show(found, columns, as_json=as_json, empty="no rate; see `mdhub rates import --help`")


@rates.command("show")
@click.argument("rate_id", required=False)
@json_option
@pass_hub
def show_rate(hub: Hub, rate_id: str | None, *, as_json: bool) -> None:
    """Show what RATE_ID was through all imports; without it, the imports."""
    desk = operating.exchange_rates(hub)
    if rate_id is None:
        show(desk.imports(), IMPORTS, as_json=as_json, empty="nothing was imported yet")
        return
    wanted = {"all": True, "id": rate_id, "currency": None, "on": None}
    columns = (*HEAD, "added_in", "added_at", "closed_in")
    show(desk.listed(wanted), columns, as_json=as_json, empty=f"there is no rate {rate_id}")
