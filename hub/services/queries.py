"""Answers for people: how the hub is doing, what a golden record is and why, what is to be written.

Everything is read in one transaction a question; nothing is written and nothing waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from golden_records.domain.errors import TerminalError
from golden_records.domain.publication import differences
from golden_records.ports import UnitOfWork
from hub.services.freshness import freshness
from hub.services.renewal import matched, snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.catalogue import Catalogue, Phase
    from golden_records.domain.clock import Clock
    from hub.services.renewal import Snapshot

    Rows = list[dict[str, Any]]

MERGED = "MERGED"
UNSEEN = ("PENDING", "SENT", "REJECTED", "DRIFTED", "HELD", "FROZEN")
"""States of a publication that the target has not been seen to hold."""


class NotFound(TerminalError):
    """There is no such thing; check the id, or name a record as SYSTEM:ENTITY:KEY."""


class Reads(Protocol):
    """What is read for people."""

    def feed(self) -> Rows: ...

    def marks(self, now: datetime) -> Rows: ...

    def golden_counts(self) -> Rows: ...

    def open_conflicts(self, now: datetime) -> Rows: ...

    def convergence(self) -> Rows: ...

    def set_aside(self) -> Rows: ...

    def publications(
        self, states: Sequence[str], target: str | None, entity: str | None, limit: int
    ) -> Rows: ...

    def publication(self, publication_id: int) -> dict[str, Any] | None: ...

    def golden_of(
        self, system: str, entity: str, key: str, at: datetime | None = None
    ) -> UUID | None: ...

    def way(self, golden_id: UUID) -> list[UUID]: ...

    def golden(self, golden_id: UUID, at: datetime | None = None) -> dict[str, Any] | None: ...

    def period(
        self, golden_id: UUID, valid_at: datetime, at: datetime | None = None
    ) -> dict[str, Any] | None: ...

    def raises(self, golden_id: UUID) -> Rows: ...

    def versions(self, golden_id: UUID) -> Rows: ...

    def members(self, golden_ids: Sequence[UUID], at: datetime | None = None) -> Rows: ...

    def overrides(self, golden_ids: Sequence[UUID]) -> Rows: ...

    def past_overrides(self, golden_id: UUID, at: datetime) -> Rows: ...

    def publications_of(self, golden_id: UUID) -> Rows: ...

    def cases(self, now: datetime, wanted: dict[str, object]) -> Rows: ...

    def case(self, case_id: int, now: datetime) -> dict[str, Any] | None: ...

    def cases_of(self, golden_id: UUID, now: datetime) -> Rows: ...

    def past_cases_of(self, golden_id: UUID, at: datetime) -> Rows: ...

    def case_events(self, case_id: int) -> Rows: ...


class ReadingWork(UnitOfWork, Protocol):
    """A transaction that also reaches the reads."""

    @property
    def queries(self) -> Reads: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The hub at a glance; ages are in seconds."""

    at: datetime
    catalogue: str
    systems: Rows
    """system, writes (live | dry run), the phases of its entities, and its feed's counts."""
    marks: Rows
    goldens: Rows
    conflicts: Rows
    publications: Rows
    """target, entity, group, lane, counts by state, oldest age, promised, freshness."""
    quarantine: Rows
    matching: Sequence[Snapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A golden record with its proof. `requested` differs from `id` where a redirect was followed.

    `attributes` is one row an attribute: value, system, key, rule, changed_at, losers, in the
    catalogue's order. With `at` it is the record as it was then.
    """

    requested: UUID
    redirects: Sequence[UUID]
    id: UUID
    entity: str
    status: str
    version: int
    policy_version: str
    at: datetime | None
    attributes: Rows
    members: Rows
    overrides: Rows = field(default_factory=list)
    raises: Rows = field(default_factory=list)
    """Decisions on raises that are in force."""
    targets: Rows = field(default_factory=list)
    cases: Rows = field(default_factory=list)
    facts: Mapping[str, object] = field(default_factory=dict)


class Queries:
    """The reading service."""

    def __init__(self, work: Callable[[], ReadingWork], catalogue: Catalogue, clock: Clock) -> None:
        self._work = work
        self._catalogue = catalogue
        self._clock = clock

    def status(self) -> Status:
        now = self._clock.now()
        with self._work() as work:
            reads = work.queries
            goldens = reads.golden_counts()
            return Status(
                at=now,
                catalogue=self._catalogue.version,
                systems=self._systems(work),
                marks=[_aged(row, now) for row in reads.marks(now)],
                goldens=goldens,
                conflicts=[_aged(row, now) for row in reads.open_conflicts(now)],
                publications=freshness(self._catalogue, reads.convergence(), now),
                quarantine=[_aged(row, now) for row in reads.set_aside()],
                matching=snapshots(
                    matched(self._catalogue),
                    work.matching.models(active=True),
                    {row["entity"]: row["records"] for row in goldens},
                ),
            )

    def publications(
        self, states: Sequence[str], target: str | None, entity: str | None, limit: int
    ) -> Rows:
        """Return rows with `changes`: what a write would change at the target."""
        with self._work() as work:
            live = work.registry.live_systems()
            rows = work.queries.publications(states, target, entity, limit)
        return [{**row, "changes": _due(row), "live": row["target"] in live} for row in rows]

    def publication(self, publication_id: int) -> dict[str, Any]:
        with self._work() as work:
            live = work.registry.live_systems()
            row = work.queries.publication(publication_id)
        if row is None:
            message = f"no publication {publication_id}; see `mdhub publish list`"
            raise NotFound(message, id=publication_id)
        return {**row, "changes": _due(row), "live": row["target"] in live}

    def golden(
        self, name: str, at: datetime | None = None, valid_at: datetime | None = None
    ) -> Golden:
        """Return the record behind a name: known `at` the hub's time, in force `valid_at`."""
        with self._work() as work:
            requested = find_golden(work.queries, name, at)
            way = _way(work.queries, requested, at)
            row = work.queries.golden(way[-1], at)
            if row is None:
                raise _missing(name, at)
            if valid_at is not None:
                row = self._in_force(work.queries, row, valid_at, at)
            return self._golden(work.queries, row, way, at)

    def _in_force(
        self, reads: Reads, row: dict[str, Any], valid_at: datetime, at: datetime | None
    ) -> dict[str, Any]:
        known = self._catalogue.entities.get(row["entity"])
        if known is None or known.effective is None:
            message = f"{row['entity']} is not dated: it has no periods; ask with --as-of"
            raise NotFound(message, entity=row["entity"])
        found = reads.period(row["id"], valid_at, at)
        if found is None:
            raise NotFound(f"no period of {row['id']} is in force at {valid_at}", id=row["id"])
        return {**row, **found}

    def history(self, name: str) -> tuple[UUID, Rows]:
        """Return the id and its versions, oldest first, each with what changed (`changes`)."""
        with self._work() as work:
            golden_id = _way(work.queries, find_golden(work.queries, name), None)[-1]
            rows = work.queries.versions(golden_id)
        before: Mapping[str, Any] = {}
        for row in rows:
            row["changes"] = _differences(before, row)
            before = row["attrs"]
        return golden_id, rows

    def _golden(
        self, reads: Reads, row: Mapping[str, Any], way: Sequence[UUID], at: datetime | None
    ) -> Golden:
        past = at is not None
        ids = [row["id"]]
        facts = (
            "published", "touched", "next_effective_at", "created_at", "updated_at", "cause",
            "in_force_from", "in_force_to",
        )  # fmt: skip
        return Golden(
            requested=way[0],
            redirects=way[1:],
            id=row["id"],
            entity=row["entity"],
            status=row["status"],
            version=row["version"],
            policy_version=row["policy_version"],
            at=at,
            attributes=self._attributes(row),
            members=[_member(member, past=past) for member in reads.members(ids, at)],
            overrides=reads.overrides(ids) if at is None else reads.past_overrides(row["id"], at),
            raises=[] if past else reads.raises(row["id"]),
            targets=[] if past else [_target(p) for p in reads.publications_of(row["id"])],
            cases=(
                reads.cases_of(row["id"], self._clock.now())
                if at is None
                else reads.past_cases_of(row["id"], at)
            ),
            facts={name: row[name] for name in facts if name in row},
        )

    def _attributes(self, row: Mapping[str, Any]) -> Rows:
        attrs, lineage = row["attrs"], row["lineage"]
        return [
            {"attribute": name, "value": attrs[name], **_proof(lineage.get(name))}
            for name in self._ordered(row["entity"], attrs)
        ]

    def _ordered(self, entity: str, names: Iterable[str]) -> list[str]:
        known = self._catalogue.entities.get(entity)
        references = [item.name for item in known.references] if known else []
        order = references + ([item.name for item in known.attributes] if known else [])
        place = {name: number for number, name in enumerate(order)}
        return sorted(names, key=lambda name: (place.get(name, len(place)), name))

    def _systems(self, work: ReadingWork) -> Rows:
        phases, live = work.registry.phases(), work.registry.live_systems()
        counts = {row["system"]: row for row in work.queries.feed()}
        names = [*self._catalogue.systems, *(set(counts) - set(self._catalogue.systems))]
        none = dict.fromkeys(("received", "applied", "duplicate", "stale"), 0)
        rest = dict.fromkeys(("quarantined", "ignored"), 0)
        return [
            {
                **none,
                **rest,
                **counts.get(name, {}),
                "system": name,
                "writes": "live" if name in live else "dry run",
                "phases": _phases(name, phases),
            }
            for name in sorted(names)
        ]


def find_golden(reads: Reads, name: str, at: datetime | None = None) -> UUID:
    """Return the golden id that a person named: the id itself, or SYSTEM:ENTITY:KEY."""
    system, colon, rest = name.partition(":")
    entity, second, key = rest.partition(":")
    if not colon:
        try:
            return UUID(name)
        except ValueError as error:
            message = f"{name!r} is no golden id; name a record as SYSTEM:ENTITY:KEY"
            raise NotFound(message, name=name) from error
    found = reads.golden_of(system, entity, key, at) if second else None
    if found is None:
        raise _missing(name, at)
    return found


def _due(row: Mapping[str, Any]) -> Rows:
    """What the target would get: attribute, what it was last seen to hold, and what it should."""
    if row["state"] not in UNSEEN:
        return []
    found = differences(row["desired"], row["seen"])
    return [{"attribute": d.attribute, "seen": d.current, "desired": d.desired} for d in found]


def _missing(name: str, at: datetime | None) -> NotFound:
    when = f" at {at.isoformat()}" if at else ""
    return NotFound(f"there is no golden record of {name}{when}", name=name)


def _way(reads: Reads, requested: UUID, at: datetime | None) -> list[UUID]:
    """Follow redirects; in the past only those that stood then."""
    way = reads.way(requested)
    if at is None:
        return way or [requested]
    known: list[UUID] = []
    for golden_id in way:
        known.append(golden_id)
        row = reads.golden(golden_id, at)
        if row is None or row["status"] != MERGED:
            break
    return known or [requested]


def _aged(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    oldest = row["oldest"]
    return {**row, "oldest": None if oldest is None else (now - oldest).total_seconds()}


def _phases(system: str, phases: Mapping[tuple[str, str], Phase]) -> dict[str, str]:
    found = sorted(pair for pair in phases if pair[0] == system)
    return {entity: str(phases[system, entity]) for system, entity in found}


def _proof(lineage: Mapping[str, Any] | None) -> dict[str, Any]:
    names = ("system", "key", "rule", "changed_at")
    return {**dict.fromkeys(names), "losers": [], "rates": [], **(lineage or {})}


def _member(row: Mapping[str, Any], *, past: bool) -> dict[str, Any]:
    """Only what was true then: a record's own values are not kept as of the past."""
    left_out = {"base", "golden_id", "left_at", "deleted"} | (
        {"attrs", "changed_at"} if past else set()
    )
    return {name: value for name, value in row.items() if name not in left_out}


def _target(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id", "target", "target_key", "group", "lane", "class", "state", "golden_version",
        "first_dirty_at", "due_at", "sent_at", "echoed_at", "attempts", "last_error",
        "desired", "seen",
    )  # fmt: skip
    return {**{name: row[name] for name in names}, "changes": _due(row)}


def _differences(before: Mapping[str, Any], row: Mapping[str, Any]) -> Rows:
    attrs, lineage = row["attrs"], row["lineage"]
    return [
        {
            "attribute": name,
            "before": before.get(name),
            "after": attrs.get(name),
            "system": (lineage.get(name) or {}).get("system"),
            "rule": (lineage.get(name) or {}).get("rule"),
        }
        for name in sorted(before.keys() | attrs.keys())
        if before.get(name) != attrs.get(name)
    ]
