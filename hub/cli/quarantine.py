"""`mdhub quarantine`: look at what was set aside, replay it or let it go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from hub.bootstrap import operating
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, show
from hub.cli.spelling import account, at
from hub.services.quarantine import OPEN, REPLAYED, SKIPPED, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.bootstrap.opening import Hub
    from hub.services.quarantine import Replay


class Chosen(TypedDict):
    """The options of `list`."""

    kind: str | None
    error: str | None
    closed: bool
    limit: int


class Which(TypedDict):
    """The options of `replay` that choose rows."""

    everything: bool
    kind: str | None
    error: str | None


SHOWN_BYTES = 4000
COLUMNS = ("id", "kind", "what", "error", "message", "set_aside_at")


@click.group()
def quarantine() -> None:
    """Look at records and roots that were set aside, and replay or skip them.

    A record is one event of the feed, kept whole; a root is a record whose mapping or values were
    refused. What is replayed goes the same way as everything else: records through the feed's own
    path, roots back to the resolver.
    """


@quarantine.command("list")
@click.option("--kind", type=click.Choice(["record", "root"]), help="Only this kind.")
@click.option("--error", help="Only this error.")
@click.option("--closed", is_flag=True, help="What was replayed or skipped, instead.")
@click.option("--limit", default=100, show_default=True)
@json_option
@pass_hub
def list_rows(hub: Hub, *, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """List what is set aside, oldest first."""
    closed = chosen["closed"]
    wanted = Wanted(
        states=(REPLAYED, SKIPPED) if closed else (OPEN,),
        kind=chosen["kind"],
        error=chosen["error"],
        limit=chosen["limit"],
    )
    found = [{**r, "what": _what(r)} for r in operating.quarantine(hub).rows(wanted)]
    shown = found if as_json else [_line(row) for row in found]
    columns = (*COLUMNS, "state") if closed else COLUMNS
    show(shown, columns, as_json=as_json, empty="nothing is set aside")


@quarantine.command("show")
@click.argument("row_id", type=int)
@json_option
@pass_hub
def show_row(hub: Hub, row_id: int, *, as_json: bool) -> None:
    """Show one row with its key, value and headers as they lay in Kafka."""
    row = operating.quarantine(hub).show(row_id)
    found = {**row, "what": _what(row), "key": _text(row["key"]), "value": _text(row["value"])}
    if as_json:
        emit(found)
        return
    for name in ("id", "kind", "what", "state", "error", "set_aside_at", "closed_at"):
        click.echo(f"{name:13} {'' if found[name] is None else found[name]}")
    for name in ("message", "key", "value"):
        if found[name] is not None:
            click.echo(f"\n{name}:\n{found[name][:SHOWN_BYTES]}")


@quarantine.command()
@click.argument("row_ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every open row, by id.")
@click.option("--kind", type=click.Choice(["record", "root"]), help="With --all: only this kind.")
@click.option("--error", help="With --all: only this error.")
@json_option
@pass_hub
def replay(hub: Hub, row_ids: tuple[int, ...], *, as_json: bool, **which: Unpack[Which]) -> int:
    """Replay rows: nothing is lost, and nothing is applied twice.

    A record that fails again stays open with its new error. A root goes back to the resolver; if
    that refuses it again, it comes back as a new row.

    \b
    Exit codes:
      0  all were replayed
      1  some failed again
    """  # noqa: D301 - click wants the backspace itself
    if bool(row_ids) == which["everything"]:
        raise click.UsageError("name the rows to replay, or say --all")
    service = operating.quarantine(hub)
    wanted = Wanted(kind=which["kind"], error=which["error"], limit=2**31)
    ids = row_ids or [row["id"] for row in service.rows(wanted)]
    found = list(service.replay(ids))
    _report(found, as_json=as_json)
    return OK if all(item.state == REPLAYED for item in found) else FINDINGS


@quarantine.command()
@click.argument("row_ids", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why it may be left out.")
@click.option("--actor", default=account, help="Who says so.  [default: this account]")
@json_option
@pass_hub
def skip(hub: Hub, row_ids: tuple[int, ...], *, reason: str, actor: str, as_json: bool) -> None:
    """Close rows without replaying them; their bytes are kept."""
    service = operating.quarantine(hub)
    for row_id in row_ids:
        service.skip(row_id, actor=actor, reason=reason)
    if as_json:
        emit([{"id": row_id, "state": SKIPPED} for row_id in row_ids])
    else:
        click.echo(f"skipped {len(row_ids)}")


def _report(found: list[Replay], *, as_json: bool) -> None:
    failed = [item for item in found if item.state != REPLAYED]
    rows = [
        {"id": i.id, "kind": i.kind, "state": i.state, "error": i.error, "message": i.message}
        for i in (found if as_json else failed)
    ]
    if as_json or failed:
        show(rows, ("id", "kind", "state", "error", "message"), as_json=as_json)
    note(f"replayed {len(found) - len(failed)}, failed again {len(failed)}")


def _what(row: Mapping[str, Any]) -> str:
    if row["kind"] == "record":
        return f"{row['topic']}[{row['partition']}]@{row['offset']}"
    mark = row["mark"] or {}
    return f"{mark.get('system')}:{mark.get('entity')} root {mark.get('root_key')}"


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    message = row["message"].splitlines()[0] if row["message"] else ""
    return {**row, "message": message[:80], "set_aside_at": at(row["set_aside_at"])}


def _text(found: bytes | None) -> str | None:
    return None if found is None else found.decode("utf-8", "backslashreplace")
