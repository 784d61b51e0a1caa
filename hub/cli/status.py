"""`mdhub status`: how the hub is doing, on one screen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from golden_records.domain.errors import HubError
from hub.bootstrap.operating import feed_lag, queries
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, table
from hub.cli.spelling import age, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.bootstrap.opening import Hub
    from hub.services.queries import Status

FEED = ("received", "applied", "duplicate", "stale", "quarantined", "ignored")
STATES = ("PENDING", "SENT", "ECHOED", "REJECTED", "DRIFTED", "HELD", "FROZEN")


@click.command()
@json_option
@pass_hub
def status(hub: Hub, *, as_json: bool) -> None:
    """Show the feed, what waits, golden records, conflicts, publications and the quarantine.

    lag counts records of the feed that no worker has committed yet. fresh is the age of the oldest
    difference that a target does not hold yet, by the age that its lane promises: above 1 the
    promise is broken. A system in dry run gets nothing, so its publications wait.
    """
    found = queries(hub).status()
    lag, problem = _lag(hub)
    if as_json:
        emit({**asdict(found), "lag": lag, "lag_unknown": problem})
        return
    click.echo(f"catalogue {found.catalogue[:12]}, {found.at:%Y-%m-%d %H:%M:%S} UTC")
    _systems(found, lag)
    if problem:
        click.echo(f"lag unknown: {problem}")
    _marks(found)
    _goldens(found)
    _matching(found)
    _publications(found)
    _troubles(found)


def _lag(hub: Hub) -> tuple[Mapping[str, int], str | None]:
    """Ask Kafka; everything else can be shown without it."""
    try:
        return feed_lag(hub), None
    except HubError as error:
        return {}, str(error)


def _systems(found: Status, lag: Mapping[str, int]) -> None:
    rows = [
        [s["system"], s["writes"], _phases(s["phases"]), lag.get(s["system"], "?"), *_of(s, FEED)]
        for s in found.systems
    ]
    table(("system", "writes", "phase", "lag", *FEED), rows, title="feed")


def _of(row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    return [row[name] for name in names]


def _phases(phases: Mapping[str, str]) -> str:
    """Name the phase once where all entities share it."""
    if len(set(phases.values())) <= 1:
        return "".join(set(phases.values()))
    return ", ".join(f"{entity} {phase}" for entity, phase in phases.items())


def _marks(found: Status) -> None:
    waiting = ", ".join(
        f"{m['roots']} {m['cause']} (oldest {age(m['oldest'])}"
        + (f", {m['settling']} settling)" if m["settling"] else ")")
        for m in found.marks
    )
    click.echo(f"roots to resolve: {waiting or 'none'}\n")


def _goldens(found: Status) -> None:
    columns = ("entity", "records", "active", "merged", "retired")
    title = "golden records"
    table(columns, (_of(g, columns) for g in found.goldens), title=title, empty="no golden record")


def _matching(found: Status) -> None:
    """Say what term frequencies were counted on, and which have been outgrown."""
    for one in found.matching:
        model = f"model {one.version}" if one.version else "the default model"
        due = " → outgrown, mdhub match renew" if one.outgrown else ""
        click.echo(
            f"matching {one.entity}: {model}, frequencies of {one.counted} records,"
            f" {one.records} now{due}"
        )


def _publications(found: Status) -> None:
    dry = {s["system"] for s in found.systems if s["writes"] != "live"}
    rows = []
    for lane in found.publications:
        counts = [lane["states"].get(state, 0) or "" for state in STATES]
        name = f"{lane['entity']} {lane['group']}"
        target = lane["target"] + (" (dry run)" if lane["target"] in dry else "")
        waits = [age(lane["oldest"]), age(lane["promised"]), share(lane)]
        rows.append([target, name, *counts, *waits])
    columns = ("target", "lane", *(s.lower() for s in STATES), "oldest", "promised", "fresh")
    table(columns, rows, title="publications", empty="no publication")


def _troubles(found: Status) -> None:
    """Name what a person should look at, each with the command that shows it."""
    cases = ", ".join(
        f"{c['open']} {c['kind']}" + (f" (+{c['pending']} pending)" if c["pending"] else "")
        for c in found.conflicts
    )
    aside = ", ".join(f"{q['rows']} {q['kind']} {q['error']}" for q in found.quarantine)
    click.echo(f"open cases: {cases or 'none'}" + (" → mdhub case list" if cases else ""))
    click.echo(f"quarantine: {aside or 'empty'}" + (" → mdhub quarantine list" if aside else ""))
