"""`mdhub publish`: what is to be written to the targets, and what they refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from hub.bootstrap import operating
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, show, table
from hub.cli.spelling import at, value
from hub.services.queries import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.bootstrap.opening import Hub


class Chosen(TypedDict):
    """The options of `list`."""

    states: tuple[str, ...]
    target: str | None
    entity: str | None
    limit: int


class Which(TypedDict):
    """The options of `retry` that choose rows."""

    rejected: bool
    target: str | None
    entity: str | None


COLUMNS = ("id", "target", "key", "entity", "group", "state", "due", "changes", "error")
CHANGES_SHOWN = 3


@click.group()
def publish() -> None:
    """Look at what is to be written, what waits for its echo and what was refused."""


@publish.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([*UNSEEN, "ECHOED"], case_sensitive=False),
    help="Only this state; may be repeated.  [default: all but ECHOED]",
)
@click.option("--target", help="Only this system.")
@click.option("--entity", help="Only this entity.")
@click.option("--limit", default=50, show_default=True)
@json_option
@pass_hub
def list_publications(hub: Hub, *, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """List what targets do not hold yet, what is due first first.

    PENDING is to be written (or would be, where the target is in dry run), SENT waits for its echo,
    REJECTED was refused by the target and waits for a person, DRIFTED is being decided again.
    """
    states, limit = chosen["states"] or UNSEEN, chosen["limit"]
    found = operating.queries(hub).publications(states, chosen["target"], chosen["entity"], limit)
    rows = found if as_json else [_line(row) for row in found]
    show(rows, COLUMNS, as_json=as_json, empty="every target holds what it should")
    if not as_json and len(found) == limit:
        note(f"the first {limit}; say --limit for more")


@publish.command("show")
@click.argument("publication_id", type=int)
@json_option
@pass_hub
def show_publication(hub: Hub, publication_id: int, *, as_json: bool) -> None:
    """Show what would be written against what the target was last seen to hold.

    The last attempts are shown too, each with the payload that was sent or refused.
    """
    row = operating.queries(hub).publication(publication_id)
    if as_json:
        emit(row)
        return
    names = ("id", "target", "target_key", "entity", "golden_id", "golden_version", "group")
    for name in (*names, "lane", "class", "state", "attempts", "coalesced", "last_error"):
        if row[name] is not None:
            click.echo(f"{name:15} {row[name]}")
    for name in ("cause_at", "first_dirty_at", "due_at", "sent_at", "echoed_at"):
        if row[name] is not None:
            click.echo(f"{name:15} {at(row[name])}")
    if not row["live"]:
        click.echo(f"{'writes':15} none: {row['target']} is in dry run")
    _difference(row)
    _attempts(row)


@publish.command()
@click.argument("publication_ids", type=int, nargs=-1)
@click.option("--rejected", is_flag=True, help="Everything that was refused.")
@click.option("--target", help="With --rejected: only this system.")
@click.option("--entity", help="With --rejected: only this entity.")
@json_option
@pass_hub
def retry(
    hub: Hub, publication_ids: tuple[int, ...], *, as_json: bool, **which: Unpack[Which]
) -> int:
    """Decide publications again from the golden records as they are now, then write them.

    What was refused is never sent again as it was: the resolver looks at the golden record first.
    Rows that wait for their echo, or are being written, are left alone.

    \b
    Exit codes:
      0  all will be decided again
      1  some were left alone
    """  # noqa: D301 - click wants the backspace itself
    if bool(publication_ids) == which["rejected"]:
        raise click.UsageError("name the publications to retry, or say --rejected")
    ids = publication_ids
    if which["rejected"]:
        reads = operating.queries(hub)
        refused = reads.publications(("REJECTED",), which["target"], which["entity"], 2**31)
        ids = tuple(row["id"] for row in refused)
    taken = operating.stewardship(hub).retry(ids)
    left = sorted(set(ids) - taken.keys())
    if as_json:
        emit({"retried": sorted(taken), "left_alone": left})
    else:
        click.echo(
            f"{len(taken)} will be decided again" + (f"; left alone: {left}" if left else "")
        )
    return FINDINGS if left else OK


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    wanted = row["changes"]
    texts = [
        f"{c['attribute']}: {value(c['seen'], 24)} → {value(c['desired'], 24)}"
        for c in wanted[:CHANGES_SHOWN]
    ]
    more = [f"and {len(wanted) - CHANGES_SHOWN} more"] if len(wanted) > CHANGES_SHOWN else []
    state = row["state"] if row["live"] else f"{row['state']} (dry run)"
    return {
        **row,
        "key": row["target_key"] or "(new)",
        "state": state,
        "due": at(row["due_at"]),
        "changes": "\n".join(texts + more),
        "error": value(row["last_error"] or "", 60),
    }


def _difference(row: Mapping[str, Any]) -> None:
    seen, wanted = row["seen"], {change["attribute"] for change in row["changes"]}
    lines = [
        (name, "(no record)" if seen is None else value(seen.get(name)), value(desired), mark)
        for name, desired in row["desired"].items()
        for mark in ["write" if name in wanted else ""]
    ]
    click.echo()
    table(("attribute", "seen at the target", "desired", ""), lines)


def _attempts(row: Mapping[str, Any]) -> None:
    lines = [
        (at(a["opened_at"]), a["golden_version"], a["state"], a["outcome"], value(a["attrs"], 80))
        for a in row["history"]
    ]
    if lines:
        table(("attempt", "version", "state", "outcome", "payload"), lines)
