"""`mdhub golden merge | unmerge | move | link | unlink | undo`: who belongs together, by hand.

On a terminal each shows what would happen and asks; `--dry-run` shows and does nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from hub.bootstrap import operating
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, note, table
from hub.cli.spelling import account, value
from hub.services.cases import Word
from hub.services.identity.work import Intent, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from hub.bootstrap.opening import Hub
    from hub.services.identity.work import Outcome


class Asked(TypedDict):
    """The options that every identity operation takes."""

    actor: str
    reason: str
    expect: str | None
    dry_run: bool
    yes: bool
    as_json: bool


def asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an identity operation."""
    options = (
        click.option("--reason", required=True, help="Why."),
        click.option("--actor", default=account, help="Who says so.  [default: this account]"),
        click.option("--expect", metavar="HASH", help="Only if all is as a dry run showed it."),
        click.option("--dry-run", is_flag=True, help="Show what would happen; do nothing."),
        click.option("--yes", is_flag=True, help="Do not ask on a terminal."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


retract = click.option(
    "--retract-different",
    "retract",
    is_flag=True,
    help="Although they were declared different: these decisions end.",
)
keeps = click.option(
    "--override",
    "kept",
    multiple=True,
    metavar="ATTRIBUTE=SIDE",
    help="Who keeps an override: moved, both or remaining.  [default: remaining]",
)


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD RECORD...")
@click.option("--into", metavar="RECORD", help="The one that survives.  [default: the oldest]")
@retract
@asked
@pass_hub
def merge(
    hub: Hub, records: tuple[str, ...], into: str | None, *, retract: bool, **said: Unpack[Asked]
) -> None:
    """Make one golden record of several; the others redirect to it."""
    intent = Intent(action="merge", goldens=records, into=into, retract=retract)
    _run(hub, intent, said)


@click.command()
@click.argument("record")
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@click.option("--new", is_flag=True, help="Into a new golden record, not back into its own.")
@click.option(
    "--into", metavar="RECORD", help="Into this golden record, which may be a merged one."
)
@keeps
@asked
@pass_hub
def unmerge(  # noqa: PLR0913
    hub: Hub,
    record: str,
    members: tuple[str, ...],
    into: str | None,
    kept: tuple[str, ...],
    *,
    new: bool,
    **said: Unpack[Asked],
) -> None:
    """Take MEMBERs (SYSTEM:KEY) out of a golden record, for good.

    They go back to the golden record that they were before a merge, its id included, where that is
    theirs alone; else to a new one. Moved and remaining records are declared different.
    """
    if new and into:
        raise click.UsageError("say either --new or --into")
    where = "new" if new else into
    intent = Intent(
        action="unmerge", goldens=(record,), records=members, into=where, keeps=_keeps(kept)
    )
    _run(hub, intent, said)


@click.command()
@click.argument("record")
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@click.option("--into", required=True, metavar="RECORD", help="Where they belong.")
@keeps
@retract
@asked
@pass_hub
def move(  # noqa: PLR0913
    hub: Hub,
    record: str,
    members: tuple[str, ...],
    into: str,
    kept: tuple[str, ...],
    *,
    retract: bool,
    **said: Unpack[Asked],
) -> None:
    """Move MEMBERs (SYSTEM:KEY) of a golden record to another, for good."""
    intent = Intent(
        action="move",
        goldens=(record,),
        records=members,
        into=into,
        keeps=_keeps(kept),
        retract=retract,
    )
    _run(hub, intent, said)


@click.command()
@click.argument("source_record", metavar="SYSTEM:ENTITY:KEY")
@click.argument("record")
@retract
@asked
@pass_hub
def link(
    hub: Hub, source_record: str, record: str, *, retract: bool, **said: Unpack[Asked]
) -> None:
    """Link a source record to a golden record by hand; the engine never changes that."""
    intent = Intent(
        action="link", goldens=(source_record, record), records=(source_record,), retract=retract
    )
    _run(hub, intent, said)


@click.command()
@click.argument("source_record", metavar="SYSTEM:ENTITY:KEY")
@keeps
@asked
@pass_hub
def unlink(hub: Hub, source_record: str, kept: tuple[str, ...], **said: Unpack[Asked]) -> None:
    """Take a source record out of its golden record, to a new one of its own, for good."""
    intent = Intent(
        action="unlink",
        goldens=(source_record,),
        records=(source_record,),
        into="new",
        keeps=_keeps(kept),
    )
    _run(hub, intent, said)


@click.command()
@click.argument("txn", type=click.UUID)
@asked
@pass_hub
def undo(hub: Hub, txn: UUID, **said: Unpack[Asked]) -> None:
    """Undo an identity transaction, while nothing later builds on it."""
    service = operating.undoing(hub)
    carry_out(lambda terms: service.transaction(txn, terms), said)


IDENTITY_COMMANDS = (merge, unmerge, move, link, unlink, undo)


def _keeps(kept: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for item in kept:
        attribute, _, side = item.partition("=")
        if side not in {"moved", "both", "remaining"}:
            message = f"{item!r}: write ATTRIBUTE=moved, ATTRIBUTE=both or ATTRIBUTE=remaining"
            raise click.UsageError(message)
        found[attribute] = side
    return found


def _run(hub: Hub, intent: Intent, said: Asked) -> None:
    service = operating.golden_operations(hub)
    carry_out(lambda terms: service.run(intent, terms), said)


def carry_out(run: Callable[[Terms], Outcome], said: Asked) -> None:
    """Show first where a person can answer; then do it on exactly what was shown."""
    word = Word(actor=said["actor"], reason=said["reason"])
    expect = said["expect"]
    asks = not (said["dry_run"] or said["yes"] or said["as_json"]) and sys.stdin.isatty()
    if asks:
        seen = run(Terms(word=word, expect=expect, dry_run=True))
        show_outcome(seen)
        click.confirm("do it?", abort=True)
        expect = seen.expect
    done = run(Terms(word=word, expect=expect, dry_run=said["dry_run"]))
    if said["as_json"]:
        emit(done)
    elif asks:
        _ended(done)
    else:
        show_outcome(done)


def show_outcome(found: Outcome) -> None:
    """Print what an operation did, or would do."""
    if found.proposal is None:
        _goldens(found)
        _around(found)
    _ended(found)


def _goldens(found: Outcome) -> None:
    for golden in found.goldens:
        was = "new" if golden["was"] is None else golden["was"]
        status = golden["status"] if was == golden["status"] else f"{was} → {golden['status']}"
        into = f" into {golden['merged_into']}" if golden["status"] == "MERGED" else ""
        click.echo(f"{found.entity} {golden['id']}  {status}{into}")
        click.echo(f"  members: {_members(golden)}")
        rows = [
            (c["attribute"], value(c["before"], 40), value(c["after"], 40))
            for c in golden["changes"]
            if golden["status"] == "ACTIVE"
        ]
        if rows:
            table(("attribute", "before", "after"), rows)


def _members(golden: Mapping[str, Any]) -> str:
    before, after = set(golden["members_before"]), set(golden["members"])
    words = [
        *sorted(before & after),
        *(f"+{name}" for name in sorted(after - before)),
        *(f"-{name}" for name in sorted(before - after)),
    ]
    return ", ".join(words) or "none"


def _around(found: Outcome) -> None:
    for case in found.cases:
        click.echo(f"case {case['id']} is {case['how']}: {case['kind']} of {case['about']}")
    for one in found.overrides:
        shown = f"{one['attribute']} = {value(one['value'])}"
        click.echo(f"override {one['how']} for {one['golden']}: {shown}")
    if found.different:
        click.echo(f"{found.different} pairs of records are declared different")
    rows = [(d["entity"], f"{d['system']}:{d['key']}", d["reference"]) for d in found.dependants]
    if rows:
        table(("dependant", "record", "resolves anew"), rows)
    _targets(found)
    _parts(found)


def _targets(found: Outcome) -> None:
    writes = [
        (w["target"], w["key"] or "(new)", w["attribute"], value(w["seen"]), value(w["desired"]))
        for w in found.writes
    ]
    if writes:
        table(("target", "key", "attribute", "holds", "would get"), writes)
    held = [(h["target"], h["entity"], h["key"], h["group"], h["how"]) for h in found.held]
    if held:
        note("targets hold rows that refer to what was taken apart; look at them:")
        table(("target", "entity", "key", "group", "how"), held)


def _parts(found: Outcome) -> None:
    if found.components:
        note("what remains is no longer connected by what the records say; take it apart further:")
    for number, group in enumerate(found.components, 1):
        click.echo(f"  group {number}: {', '.join(group)}")


def _ended(found: Outcome) -> None:
    if found.proposal is not None:
        click.echo(f"proposed: case {found.proposal} waits for a second person")
        click.echo(f"because {'; '.join(found.approval)}")
    elif found.done:
        click.echo(f"done: transaction {found.txn}, decision {found.decision}")
    else:
        if found.approval:
            click.echo(f"a second person must approve: {'; '.join(found.approval)}")
        click.echo(f"nothing was done; expect: {found.expect}")
