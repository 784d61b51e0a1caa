"""`mdhub case`: conflicts that need a person, and what that person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from golden_records.domain.casework import CLOSED, CaseState
from golden_records.domain.decisions import OverrideMode
from hub.bootstrap import operating
from hub.cli.approval import APPROVAL_COMMANDS
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, note, show, table
from hub.cli.spelling import Span, Time, account, age, at, value
from hub.cli.verdict import Verdict, decided

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from hub.bootstrap.opening import Hub
    from hub.services.cases import Case

STATES = (*(str(state) for state in CaseState), "closed")
WANTED = (CaseState.OPEN, CaseState.ASSIGNED)
COLUMNS = (
    "id", "kind", "entity", "about", "what", "state", "age", "due", "exposure", "assignee",
)  # fmt: skip
EVENTS = ("recorded_at", "state", "actor", "assignee", "pending_until", "resolution")


class Chosen(TypedDict):
    """The options of `list`."""

    states: tuple[str, ...]
    kind: str | None
    entity: str | None
    assignee: str | None
    limit: int


class PutOff(TypedDict):
    """The options of `defer`."""

    until: datetime | None
    span: timedelta | None
    actor: str


@click.group()
def case() -> None:
    """List and decide the cases that need a person."""


for _command in APPROVAL_COMMANDS:
    case.add_command(_command)


@case.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="[default: open and assigned]",
)
@click.option("--kind", help="Only this kind.")
@click.option("--entity", help="Only this entity.")
@click.option("--assignee", help="Only what this person has.")
@click.option("--limit", default=50, show_default=True)
@json_option
@pass_hub
def list_cases(hub: Hub, *, as_json: bool, **chosen: Unpack[Chosen]) -> None:
    """List cases: money at stake times age first, then what is due first."""
    states = set(chosen["states"] or WANTED)
    states |= CLOSED if "closed" in states else set()
    wanted: dict[str, object] = {**chosen, "states": sorted(states)}
    found = operating.stewardship(hub).cases(wanted)
    now = hub.clock.now()
    rows = found if as_json else [_line(row, now) for row in found]
    show(rows, COLUMNS, as_json=as_json, empty="no case")
    if not as_json and len(found) == chosen["limit"]:
        note(f"the first {len(found)}; say --limit for more")


@case.command("show")
@click.argument("case_id", type=int)
@json_option
@pass_hub
def show_case(hub: Hub, case_id: int, *, as_json: bool) -> None:
    """Show what a case is about, the records side by side, and what can be decided.

    The hash at the end stands for everything shown; a decision must carry it.
    """
    found = operating.stewardship(hub).case(case_id)
    if as_json:
        emit(_body(found))
        return
    _head(found)
    _side_by_side(found)
    if "proposal" in found.row["details"]:
        click.echo(
            f"mdhub case approve {case_id} or mdhub case reject {case_id}, not by its author"
        )
        return
    if "withheld" in found.row["details"]:
        click.echo("mdhub deletes list, then mdhub deletes release or mdhub deletes discard")
        return
    if "remedy" in found.row["details"]:
        click.echo(found.row["details"]["message"])
        click.echo(f"what to do: {found.row['details']['remedy']}")
    options = " or ".join(f"--{option}" for option in found.options)
    click.echo(f"decide by: {options or 'nothing; it closes by itself, or defer it'}")
    click.echo(f"expect: {found.token}")


@case.command("history")
@click.argument("case_id", type=int)
@json_option
@pass_hub
def history(hub: Hub, case_id: int, *, as_json: bool) -> None:
    """Show every state that a case had: when, by whom, why."""
    rows = operating.stewardship(hub).history(case_id)
    show(rows, EVENTS, as_json=as_json, empty="nothing happened")


@case.command()
@click.argument("case_id", type=int)
@click.option("--same", is_flag=True, help="The records are the same thing.")
@click.option("--different", is_flag=True, help="They are different things, for good.")
@click.option("--with", "candidate", type=click.UUID, help="Which one, where there are several.")
@click.option("--choose", metavar="SYSTEM", help="This system's value stands.")
@click.option("--override", metavar="VALUE", help="This value stands (the word null: none).")
@click.option("--accept", is_flag=True, help="What the system proposes or did stands.")
@click.option("--approve", is_flag=True, help="A raise that waits takes effect.")
@click.option("--refuse", is_flag=True, help="It does not; all stays as it was.")
@click.option(
    "--mode",
    type=click.Choice([mode.lower() for mode in OverrideMode], case_sensitive=False),
    default="until_any_change",
    show_default=True,
    help="How long a chosen or given value holds; see `mdhub golden override --help`.",
)
@click.option("--until", type=Time(), help="With --mode until_date.")
@click.option("--expect", metavar="HASH", required=True, help="The hash that `show` printed.")
@click.option("--reason", required=True, help="Why.")
@click.option("--actor", default=account, help="Who decides.  [default: this account]")
@json_option
@pass_hub
def decide(hub: Hub, case_id: int, *, as_json: bool, **verdict: Unpack[Verdict]) -> None:
    """Decide a case on what `mdhub case show` showed.

    If anything that was shown has changed since, the decision is refused with what changed.

    \b
    Exit codes:
      0  decided
      4  refused: the case has changed, or cannot be decided so
    """  # noqa: D301 - click wants the backspace itself
    done = decided(hub, case_id, verdict)
    if as_json:
        emit(done)
    elif done.proposal is not None:
        click.echo(f"proposed: case {done.proposal} waits for a second person")
        click.echo(f"because {'; '.join(done.approval)}")
    else:
        click.echo(f"case {case_id}: {done.resolution}")
        click.echo(f"{len(done.marked)} records are merged anew and published")


@case.command()
@click.argument("case_id", type=int)
@click.option("--until", type=Time(), help="Open again at this time.")
@click.option("--for", "span", type=Span(), help="Open again after this time, for example 2d.")
@click.option("--actor", default=account, help="Who says so.  [default: this account]")
@json_option
@pass_hub
def defer(hub: Hub, case_id: int, *, as_json: bool, **put_off: Unpack[PutOff]) -> None:
    """Put a case off; it opens again by itself."""
    until, span = put_off["until"], put_off["span"]
    if (until is None) == (span is None):
        raise click.UsageError("say either --until or --for")
    when = until or hub.clock.now() + (span or timedelta())
    operating.stewardship(hub).defer(case_id, when, put_off["actor"])
    if as_json:
        emit({"case": case_id, "pending_until": when})
    else:
        click.echo(f"case {case_id} is put off until {at(when)} UTC")


@case.command()
@click.argument("case_id", type=int)
@click.argument("person", required=False)
@click.option("--actor", default=account, help="Who says so.  [default: this account]")
@json_option
@pass_hub
def assign(hub: Hub, case_id: int, person: str | None, *, actor: str, as_json: bool) -> None:
    """Give a case to a PERSON; without one, to nobody."""
    operating.stewardship(hub).assign(case_id, person, actor)
    if as_json:
        emit({"case": case_id, "assignee": person})
    else:
        click.echo(f"case {case_id} is {person or 'nobody'}'s")


def _line(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    about = f"{row['system']}:{row['key'] or '*'}" if row["system"] else row["golden_id"]
    return {
        **row,
        "about": about,
        "what": _what(row),
        "age": age((now - row["opened_at"]).total_seconds()),
        "due": _due(row["due_at"], now),
        "exposure": _money(row),
    }


def _due(due: datetime | None, now: datetime) -> str | None:
    if due is None:
        return None
    left = (due - now).total_seconds()
    return age(left) if left >= 0 else f"{age(-left)} over"


def _money(row: Mapping[str, Any]) -> str | None:
    amount = row["exposure"]
    return None if amount is None else f"{amount} {row['currency'] or ''}".rstrip()


def _what(row: Mapping[str, Any]) -> str:
    """Say in a few words what the case is about, by what its details hold."""
    details = row["details"]
    for name, say in SAID_BY.items():
        if name in details:
            return say(details)
    if row["attribute"]:
        theirs, mine = value(details.get("theirs"), 30), value(details.get("golden"), 30)
        return f"{row['attribute']}: {theirs} against {mine}"
    return value(details)


def _proposed(details: Mapping[str, Any]) -> str:
    because = "; ".join(details["because"])
    return f"{details['proposal']} by {details['author']} waits for approval: {because}"


def _alike(details: Mapping[str, Any]) -> str:
    reasons = ", ".join(details.get("reasons", ()))
    return f"{details['probability']:.1%} like {details['candidate'][:8]}… ({reasons})"


def _waiting(details: Mapping[str, Any]) -> str:
    return "waits for " + ", ".join(":".join(map(str, key)) for key in details["references"])


def _deleted(details: Mapping[str, Any]) -> str:
    return f"{details['deleted']} was deleted by a system that may not"


def _held(details: Mapping[str, Any]) -> str:
    like = f"; {_alike(details)}" if "candidate" in details else ""
    return f"{details['held']} waits: its system opens no golden record{like}"


def _withheld(details: Mapping[str, Any]) -> str:
    return f"{details['withheld']} deletions are withheld"


SAID_BY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "message": lambda details: f"{details['message']}: {value(details.get('theirs'), 30)}",
    "proposal": _proposed,
    "held": _held,
    "probability": _alike,
    "references": _waiting,
    "withheld": _withheld,
    "deleted": _deleted,
}


def _head(found: Case) -> None:
    row = found.row
    click.echo(f"case {row['id']}: {row['kind']} of {row['entity']}, {row['state']}")
    click.echo(_what(row))
    for name in ("opened_at", "pending_until", "due_at", "closed_at"):
        if row[name] is not None:
            click.echo(f"{name:14} {at(row[name])}")
    row = {**row, "exposure": _money(row)}
    for name in ("assignee", "exposure", "class", "outcome", "resolution", "closed_by"):
        if row[name] is not None:
            click.echo(f"{name:14} {row[name]}")
    if row["attribute"]:
        for name, said in row["details"].items():
            click.echo(f"{name:14} {value(said)}")


def _side_by_side(found: Case) -> None:
    """One column a source record, under the golden record that holds it."""
    letters = _letters(found)
    for golden_id, letter in letters.items():
        golden = found.goldens[golden_id]
        whose = " (the record's own)" if golden_id == found.own and found.candidate else ""
        click.echo(f"{letter}: {golden_id} {golden.status}, version {golden.version}{whose}")
    held = [(letters[g], m.record) for g in letters for m in found.members[g]]
    held += [("waits", found.waiting.record)] if found.waiting else []
    names = sorted({name for _, record in held for name in record.attrs})
    if found.row["attribute"]:
        names.sort(key=lambda name: name != found.row["attribute"])
    heads = [f"{letter} {record.system}:{record.key}" for letter, record in held]
    lines = [
        (name, *(value(r.attrs[name], 30) if name in r.attrs else "" for _, r in held))
        for name in names
    ]
    table(("attribute", *heads), lines, empty="no source record is concerned")
    for golden_id, overrides in found.overrides.items():
        for one in overrides:
            click.echo(
                f"{letters[golden_id]} override of {one.attribute}: {value(one.value)},"
                f" {one.mode.lower()}, by {one.actor}"
            )


def _letters(found: Case) -> dict[UUID, str]:
    first = [g for g in (found.own, found.candidate) if g is not None and g in found.goldens]
    ordered = dict.fromkeys([*first, *sorted(found.goldens)])
    return {golden_id: chr(ord("A") + number) for number, golden_id in enumerate(ordered)}


def _body(found: Case) -> dict[str, object]:
    return {
        **found.row,
        "options": found.options,
        "expect": found.token,
        "goldens": [
            {
                "id": golden.id,
                "status": str(golden.status),
                "version": golden.version,
                "attrs": golden.attrs,
                "members": [link for link in found.links if link["golden_id"] == golden.id],
                "overrides": found.overrides.get(golden.id, ()),
            }
            for golden in found.goldens.values()
        ],
    }
