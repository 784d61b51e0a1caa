"""`mdhub deletes`: deletions that were withheld; release or discard them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from golden_records.domain.deletes import ENDED, WithheldState
from hub.bootstrap import operating
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, note, show
from hub.cli.spelling import account, at
from hub.services.cases import Word
from hub.services.deletes import LIVE, Chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hub.bootstrap.opening import Hub


class Which(TypedDict):
    """The options of `list`."""

    system: str | None
    entity: str | None
    closed: bool
    limit: int


class Said(TypedDict):
    """The options of `release` and `discard`."""

    system: str | None
    entity: str | None
    reason: str
    actor: str


PAIRS = ("system", "entity", "why", "held", "released", "discarded", "since")
COLUMNS = ("id", "system", "entity", "key", "why", "state", "withheld_at", "golden_id", "reason")


@click.group()
def deletes() -> None:
    """Look at deletions that were withheld, and release or discard them.

    A system that deletes more at a time than its `delete_guard` allows has its deletions withheld:
    source records and golden records stay as they were until somebody decides. Nothing is lost
    either way; the mirrors and the feed go on.
    """


@deletes.command()
@json_option
@pass_hub
def summary(hub: Hub, *, as_json: bool) -> None:
    """Count what is withheld, by system and entity."""
    found = operating.deletes(hub).pairs()
    rows = found if as_json else [{**row, "since": at(row["since"])} for row in found]
    show(rows, PAIRS, as_json=as_json, empty="no deletion is withheld")


@deletes.command("list")
@click.option("--system", help="Only of this system.")
@click.option("--entity", help="Only of this entity.")
@click.option("--closed", is_flag=True, help="What was applied or came back, instead.")
@click.option("--limit", default=100, show_default=True)
@json_option
@pass_hub
def list_rows(hub: Hub, *, as_json: bool, **which: Unpack[Which]) -> None:
    """List withheld deletions, oldest first, each with the golden record of its record."""
    states = sorted(ENDED) if which["closed"] else list(LIVE)
    wanted = {**which, "states": [str(state) for state in states]}
    found = operating.deletes(hub).rows(wanted)
    shown = found if as_json else [{**r, "withheld_at": at(r["withheld_at"])} for r in found]
    show(shown, COLUMNS, as_json=as_json, empty="no deletion is withheld")
    if not as_json and len(found) == which["limit"]:
        note(f"the first {len(found)}; say --limit for more, or see `mdhub deletes summary`")


def _decision(command: Callable[..., None]) -> Callable[..., None]:
    """Add what both decisions take."""
    for option in (
        click.argument("row_ids", type=int, nargs=-1),
        click.option("--system", help="With --entity: everything withheld of this system."),
        click.option("--entity", help="With --system: everything withheld of this entity."),
        click.option("--reason", required=True, help="Why."),
        click.option("--actor", default=account, help="Who says so.  [default: this account]"),
        json_option,
        pass_hub,
    )[::-1]:
        command = option(command)
    return command


@deletes.command()
@_decision
def release(hub: Hub, row_ids: tuple[int, ...], *, as_json: bool, **said: Unpack[Said]) -> None:
    """Let deletions be applied: name rows, or everything of one system and entity.

    The resolver looks again: a record that is back at its source by then is not deleted.
    """
    count = operating.deletes(hub).release(_chosen(row_ids, said), _word(said))
    _told(WithheldState.RELEASED, count, as_json=as_json)


@deletes.command()
@_decision
def discard(hub: Hub, row_ids: tuple[int, ...], *, as_json: bool, **said: Unpack[Said]) -> None:
    """Leave the records as they are, although their source no longer has them.

    A record that comes back at its source is again like every other. `release` takes this back.
    """
    count = operating.deletes(hub).discard(_chosen(row_ids, said), _word(said))
    _told(WithheldState.DISCARDED, count, as_json=as_json)


def _chosen(row_ids: tuple[int, ...], said: Mapping[str, Any]) -> Chosen:
    system, entity = said["system"], said["entity"]
    if bool(row_ids) == bool(system and entity) or bool(system) != bool(entity):
        raise click.UsageError("name the rows, or say --system and --entity for all of them")
    return Chosen(ids=row_ids) if row_ids else Chosen(pair=(entity, system))


def _word(said: Mapping[str, Any]) -> Word:
    return Word(actor=said["actor"], reason=said["reason"])


def _told(state: WithheldState, count: int, *, as_json: bool) -> None:
    if as_json:
        emit({"state": state, "count": count})
    else:
        click.echo(f"{state.lower()} {count}")
