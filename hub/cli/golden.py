"""`mdhub golden`: golden records with the proof of every value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from golden_records.domain.decisions import OverrideMode
from hub.bootstrap import operating
from hub.cli.identity import IDENTITY_COMMANDS
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, table
from hub.cli.spelling import Time, account, at, value
from hub.services.cases import Word
from hub.services.overriding import Lifetime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hub.bootstrap.opening import Hub
    from hub.services.queries import Golden

MODES = [mode.lower() for mode in OverrideMode]

STEPS = {
    "owner": "the owner's value stands",
    "owner_silent": "the owner holds no value, so the strategies decided",
    "fallback": "the owner holds no value, so the strategies decided",
    "accepted": "another system's change was accepted while the owner was silent",
    "kept": "the owner is silent; the earlier golden value is kept",
    "cleared": "the owner is silent, and nothing else may speak",
    "no_value": "it holds no value",
    "only": "the only system that holds a value",
    "source_rank": "the better ranked system",
    "most_recent": "the most recent change at its source",
    "most_complete": "the most complete record",
    "most_frequent": "the value that most systems hold",
    "min": "the least value",
    "max": "the greatest value",
    "most_restrictive": "the most restrictive value",
    "tie_break": "nothing decided but the fixed order of systems and keys",
    "override": "a steward set another value",
}
"""What each rule, and each step at which a value loses, means to a reader."""


class Said(TypedDict):
    """The options that sign a decision."""

    actor: str
    reason: str


class SaidFor(Said):
    """The same, with how long it holds."""

    mode: str
    until: datetime | None


class SaidForJson(SaidFor):
    """The same, for a command that also takes --json."""

    as_json: bool


signed = (
    click.option("--actor", default=account, help="Who says so.  [default: this account]"),
    click.option("--reason", required=True, help="Why."),
)


@click.group()
def golden() -> None:
    """Look at golden records; a RECORD is a golden id or SYSTEM:ENTITY:KEY."""


for _command in IDENTITY_COMMANDS:
    golden.add_command(_command)


@golden.command("show")
@click.argument("record")
@click.option("--as-of", "as_of", type=Time(), help="As it was then (ISO time, UTC).")
@json_option
@pass_hub
def show_golden(hub: Hub, record: str, as_of: datetime | None, *, as_json: bool) -> None:
    """Show values with the proof of each, members, and how far the targets are."""
    found = operating.queries(hub).golden(record, as_of)
    if as_json:
        emit(found)
        return
    _head(found)
    rows = [
        (
            a["attribute"],
            value(a["value"], 40),
            _source(a),
            a["rule"],
            at(a["changed_at"]),
            _lost(a),
        )
        for a in found.attributes
    ]
    table(("attribute", "value", "from", "rule", "changed", "lost"), rows)
    _members(found, values=False)
    _targets(found)
    _decided(found)


@golden.command()
@click.argument("record")
@click.option("--attribute", "names", multiple=True, help="Only this one; may be repeated.")
@click.option("--as-of", "as_of", type=Time(), help="As it was then (ISO time, UTC).")
@json_option
@pass_hub
def explain(
    hub: Hub, record: str, names: tuple[str, ...], as_of: datetime | None, *, as_json: bool
) -> None:
    """Say in words why each value is what it is, and why the records belong together."""
    found = operating.queries(hub).golden(record, as_of)
    shown = [a for a in found.attributes if not names or a["attribute"] in names]
    if as_json:
        emit([{**a, "why": _why(a), "lost": _losses(a)} for a in shown])
        return
    _head(found)
    for attribute in shown:
        click.echo(f"\n{attribute['attribute']} = {value(attribute['value'])}")
        click.echo(f"  {_why(attribute)}")
        for loss in _losses(attribute):
            click.echo(f"  not {loss}")
    if not names:
        click.echo("\nwhy these records")
        for member in found.members:
            click.echo(f"  {member['system']}:{member['key']}  {_linked(member)}")


@golden.command()
@click.argument("record")
@json_option
@pass_hub
def history(hub: Hub, record: str, *, as_json: bool) -> None:
    """Show every version with what changed and why."""
    golden_id, versions = operating.queries(hub).history(record)
    if as_json:
        emit({"id": golden_id, "versions": versions})
        return
    click.echo(f"golden record {golden_id}")
    for row in versions:
        head = f"version {row['version']}, {at(row['recorded_at'])}, {row['status']}"
        click.echo(f"\n{head}, because of: {row['cause']}")
        for change in row["changes"]:
            name, source = change["attribute"], f"({change['system']}, {change['rule']})"
            before = "" if row["version"] == 1 else f"{value(change['before'])} → "
            click.echo(f"  {name}: {before}{value(change['after'])}  {source}")


@golden.command()
@click.argument("record")
@click.option("--as-of", "as_of", type=Time(), help="Who was a member then (ISO time, UTC).")
@json_option
@pass_hub
def members(hub: Hub, record: str, as_of: datetime | None, *, as_json: bool) -> None:
    """Show the source records side by side, with how each was linked."""
    found = operating.queries(hub).golden(record, as_of)
    if as_json:
        emit(found.members)
        return
    _head(found)
    _members(found, values=True)


@golden.command()
@click.argument("record")
@click.argument("attribute")
@click.argument("new_value", metavar="VALUE")
@click.option(
    "--mode", type=click.Choice(MODES, case_sensitive=False), default="forever", show_default=True
)
@click.option("--until", type=Time(), help="With --mode until_date.")
@signed[0]
@signed[1]
@json_option
@pass_hub
def override(
    hub: Hub, record: str, attribute: str, new_value: str, **said: Unpack[SaidForJson]
) -> None:
    """Let a steward's VALUE stand for ATTRIBUTE (the word null: no value).

    \b
    How long it holds (--mode):
      forever              until a person ends it
      until_date           before --until
      until_owner_changes  while the owner says what it says now, or agrees
      until_any_change     while every source says what it says now, or agrees
      until_source_agrees  until the sources alone would yield the same
    """  # noqa: D301 - click wants the backspace itself
    life = Lifetime(mode=OverrideMode(said["mode"].upper()), until=said["until"])
    word = Word(actor=said["actor"], reason=said["reason"])
    wanted: dict[str, object] = {attribute: None if new_value == "null" else new_value}
    done = operating.stewardship(hub).override(record, wanted, word, life)
    if said["as_json"]:
        emit(done)
    elif done.proposal is not None:
        click.echo(f"proposed: case {done.proposal} waits for a second person")
        click.echo(f"because {'; '.join(done.approval)}")
    else:
        click.echo(f"{attribute} of {done.goldens[0]} is set; it is merged and published now")


@golden.command()
@click.argument("record")
@click.argument("attribute")
@signed[0]
@signed[1]
@json_option
@pass_hub
def release(hub: Hub, record: str, attribute: str, *, as_json: bool, **said: Unpack[Said]) -> None:
    """End an override: the sources' value comes back."""
    done = operating.stewardship(hub).release(record, attribute, Word(**said))
    if as_json:
        emit(done)
    else:
        click.echo(f"{attribute} of {done.goldens[0]} is the sources' again")


def _head(found: Golden) -> None:
    when = f" as of {at(found.at)} UTC" if found.at else ""
    click.echo(f"{found.entity} {found.id}  {found.status}, version {found.version}{when}")
    if found.requested != found.id:
        way = " → ".join(str(step) for step in found.redirects)
        click.echo(f"you asked for {found.requested}, which was merged into {way}")


def _source(attribute: Mapping[str, Any]) -> str:
    if attribute["system"] is None:
        return ""
    return f"{attribute['system']}:{attribute['key']}" if attribute["key"] else attribute["system"]


def _lost(attribute: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{loser['system']}:{loser['key']} {value(loser['value'], 24)} ({loser['at']})"
        for loser in attribute["losers"]
    )


def _step(rule: str) -> str:
    """Spell a rule; one that has a part after a colon was decided in two steps."""
    first, _, then = rule.partition(":")
    return f"{STEPS.get(first, first)}: {STEPS.get(then, then)}" if then else STEPS.get(rule, rule)


def _why(attribute: Mapping[str, Any]) -> str:
    rule = attribute["rule"]
    if rule is None:
        return "no system holds a value"
    if rule.startswith("override"):
        mode = rule.partition(":")[2].lower().replace("_", " ")
        return f"set by {attribute['key']} at {at(attribute['changed_at'])}, {mode}"
    changed = f", changed there {at(attribute['changed_at'])}" if attribute["changed_at"] else ""
    return f"{_source(attribute)}: {_step(rule)}{changed}"


def _losses(attribute: Mapping[str, Any]) -> list[str]:
    return [
        f"{value(item['value'])} of {item['system']}:{item['key']}, which lost at {item['at']}"
        f" ({_step(item['at'])})"
        for item in attribute["losers"]
    ]


def _linked(member: Mapping[str, Any]) -> str:
    reasons = member["reasons"] or {}
    rule, chance = str(reasons.get("rule", "")), member["probability"]
    if rule == "NEW":
        words = ["opened this golden record"]
    else:
        words = [rule.lower(), *(str(reason) for reason in reasons.get("reasons", ()))]
        words += [f"{chance:.1%} likely"] if chance is not None else []
        words += [f"by {reasons['actor']}: {reasons['reason']}"] if "actor" in reasons else []
    said = ", ".join(word for word in (str(member["origin"]).lower(), *words) if word)
    return f"{said}, since {at(member['linked_at'])}"


def _members(found: Golden, *, values: bool) -> None:
    heads = [f"{m['system']}:{m['key']}" for m in found.members]
    if not values or found.at:
        rows = [(head, _linked(m)) for head, m in zip(heads, found.members, strict=True)]
        table(("member", "linked"), rows, empty="no members")
        return
    names = [a["attribute"] for a in found.attributes]
    golden_values = {a["attribute"]: a["value"] for a in found.attributes}
    lines = [
        (name, value(golden_values[name], 30), *(_cell(m["attrs"], name) for m in found.members))
        for name in names
    ]
    lines.append(("(linked)", "", *(_linked(member) for member in found.members)))
    table(("attribute", "golden", *heads), lines)


def _cell(attrs: Mapping[str, Any], name: str) -> str:
    """A system that says nothing about an attribute is no system that says null."""
    return value(attrs[name], 30) if name in attrs else ""


def _targets(found: Golden) -> None:
    rows = [
        (
            t["target"],
            t["target_key"] or "(new)",
            t["group"],
            t["state"],
            at(t["echoed_at"] if t["state"] == "ECHOED" else t["due_at"]),
            "\n".join(
                f"{c['attribute']}: {value(c['seen'], 24)} → {value(c['desired'], 24)}"
                for c in t["changes"]
            ),
            value(t["last_error"] or "", 50),
        )
        for t in found.targets
    ]
    columns = ("target", "key", "group", "state", "echoed or due", "to come", "error")
    if rows:
        table(columns, rows)


def _decided(found: Golden) -> None:
    for one in found.overrides:
        until = f" {at(one['until'])}" if one["until"] else ""
        mode = one["mode"].lower().replace("_", " ")
        click.echo(
            f"override of {one['attribute']}: {value(one['value'])}, {mode}{until},"
            f" by {one['actor']}: {one['reason']}"
        )
    if found.cases:
        listed = ", ".join(f"{case['id']} {case['kind']}" for case in found.cases)
        click.echo(f"open cases: {listed}")
