"""What an identity operation sees, locked: golden records, members, overrides, and their hash.

The order of locks is everybody's: the identity of the entity, crosswalk keys, golden rows by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.records import GoldenRecord, GoldenStatus, Override
from golden_records.domain.regrouping import Cluster, IdentityRefused
from hub.services.cases import StaleDecision, inputs_of, read_token
from hub.services.queries import NotFound, find_golden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.ports import StoredRecord
    from hub.services.identity.work import Context, IdentityWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The golden records of an operation as they are after the locks."""

    entity: str
    goldens: Mapping[UUID, GoldenRecord]
    members: Mapping[UUID, Sequence[StoredRecord]]
    overrides: Mapping[UUID, Sequence[Override]]
    at: datetime

    @property
    def names(self) -> dict[int, str]:
        """SYSTEM:KEY of every member."""
        groups = self.members.values()
        return {s.record.id: f"{s.record.system}:{s.record.key}" for g in groups for s in g}

    @property
    def stored(self) -> dict[int, StoredRecord]:
        return {s.record.id: s for group in self.members.values() for s in group}

    @property
    def inputs(self) -> str:
        return inputs_of([self.entity], self.goldens, self.members, self.overrides)

    @property
    def token(self) -> str:
        """What an operation must carry to be refused if anything shown has changed."""
        return f"{self.inputs}.{int(self.at.timestamp()):x}"

    def clusters(self) -> list[Cluster]:
        return [
            Cluster(
                id=golden.id,
                status=golden.status,
                merged_into=golden.merged_into,
                members=tuple(s.record.id for s in self.members[golden.id]),
            )
            for golden in self.goldens.values()
        ]

    def keys(self) -> list[tuple[str, str, str]]:
        records = (s.record for group in self.members.values() for s in group)
        return sorted((self.entity, record.system, record.key) for record in records)


def resolve(work: IdentityWork, name: str) -> UUID:
    """Return the golden record in force that a person named."""
    way = work.queries.way(find_golden(work.queries, name))
    if not way:
        raise NotFound(f"there is no golden record {name}", name=name)
    return way[-1]


def hold_identity(work: IdentityWork, context: Context, names: Sequence[str]) -> list[UUID]:
    """Take the identity lock of the named golden records' entity; return them as they are then."""
    first = work.goldens.read([resolve(work, name) for name in names])
    entities = {golden.entity for golden in first.values()}
    if len(entities) != 1:
        raise IdentityRefused(f"{' and '.join(sorted(entities))} are never one thing")
    entity = entities.pop()
    refuse_by_reference(context, entity)
    work.goldens.lock_identity(entity)
    return [resolve(work, name) for name in names]


def refuse_by_reference(context: Context, entity: str) -> None:
    """Refuse to change by hand what is no person's to say."""
    if context.rules[entity].entity.identity.mode is not IdentityMode.MATCHING:
        message = (
            f"a {entity} is what its references and qualifiers say; correct these at their source,"
            " or merge or unmerge what they refer to"
        )
        raise IdentityRefused(message, entity=entity)


def see(work: IdentityWork, context: Context, ids: Sequence[UUID]) -> Seen:
    """Lock crosswalk keys and golden rows, then read everything that the operation rests on.

    The identity lock must be held, so members do not change between the two readings.
    """
    at = work.decisions.moment()
    ordered = sorted(set(ids))
    entity = next(iter(work.goldens.read(ordered).values())).entity
    if context.rules[entity].referred:
        members = work.sources.members(ordered)
        keys = [(entity, s.record.system, s.record.key) for g in members.values() for s in g]
        work.sources.lock_crosswalk(keys)
    goldens = work.goldens.lock(ordered)
    return Seen(
        entity=entity,
        goldens=goldens,
        members=work.sources.members(ordered),
        overrides=work.goldens.overrides(ordered),
        at=at,
    )


def refuse_stale(work: IdentityWork, seen: Seen, expect: str | None) -> None:
    """Refuse what was asked for on something else than what is there now, with what changed."""
    if expect is None:
        return
    inputs, since = read_token(expect)
    if inputs == seen.inputs:
        return
    found = work.decisions.changed_since(sorted(seen.goldens), since)
    lines = [f"{r['what']} {r['name']} {r['how']} at {r['at']:%H:%M:%S}" for r in found]
    changed = "; ".join(lines) or "the golden records that it concerns"
    message = f"the golden records are not what they were; changed: {changed}"
    raise StaleDecision(message, expect=seen.token, changed=changed)


def active(seen: Seen, golden_id: UUID) -> GoldenRecord:
    """Return a golden record that must be in force."""
    golden = seen.goldens[golden_id]
    if golden.status is not GoldenStatus.ACTIVE:
        message = f"golden record {golden_id} is {golden.status}; name one that is ACTIVE"
        raise IdentityRefused(message, golden=str(golden_id))
    return golden


def member(seen: Seen, golden_id: UUID, name: str) -> int:
    """Return the id of the member that is named SYSTEM:KEY or SYSTEM:ENTITY:KEY."""
    for stored in seen.members[golden_id]:
        record = stored.record
        if name in {f"{record.system}:{record.key}", f"{record.system}:{seen.entity}:{record.key}"}:
            return record.id
    known = ", ".join(f"{s.record.system}:{s.record.key}" for s in seen.members[golden_id])
    message = f"{name} is no member of {golden_id}; its members are {known}"
    raise IdentityRefused(message, golden=str(golden_id), record=name)


def look(work: IdentityWork, golden_id: UUID) -> Seen:
    """Read one golden record as it is, under locks that the caller holds."""
    goldens = work.goldens.read([golden_id])
    return Seen(
        entity=goldens[golden_id].entity,
        goldens=goldens,
        members=work.sources.members([golden_id]),
        overrides=work.goldens.overrides([golden_id]),
        at=work.decisions.moment(),
    )
