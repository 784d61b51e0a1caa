"""Merge: lock the golden rows, read everything again, and write what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from golden_records.domain.casework import CaseState
from golden_records.domain.catalogue import OwnerSilence
from golden_records.domain.lineages import iso
from golden_records.domain.periods import coming
from golden_records.domain.records import (
    ConflictKind,
    GoldenRecord,
    GoldenStatus,
    Lineage,
    Loser,
)
from golden_records.domain.reference import collisions
from golden_records.ports import GoldenWrite, PeriodWrite
from hub.services.resolving.batch import IdentityMoved, Resolved
from hub.services.resolving.identity_event import identity_event
from hub.services.resolving.surround import around, tell_family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.records import (
        Approval,
        Conflict,
        Merged,
        Override,
        SourceRecord,
    )
    from golden_records.ports import StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Batch, IdentityPlan

MATCH = "MATCH"
FOUND_BY_MERGE = (
    str(ConflictKind.TRESPASS),
    str(ConflictKind.VALUE_CONTEST),
    str(ConflictKind.REFERENCE_COLLISION),
    str(ConflictKind.RATE_MISSING),
    str(ConflictKind.RAISE_HELD),
    str(ConflictKind.CONTRACT_VIOLATION),
)


def merge(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, *, policy: str, txn: UUID
) -> list[Resolved]:
    """Bring every golden record that the batch touches up to date.

    Locks are taken in the order that everybody keeps: identity (held by the caller if links
    change), crosswalk keys, golden rows by id. Links, members and overrides are read after them.
    """
    crosswalk = _crosswalk(batch, plan)
    work.sources.lock_crosswalk(crosswalk)
    affected = _affected(batch, plan)
    locked = work.goldens.lock(sorted(affected - plan.created.keys()))
    _refuse_moved(work, batch, plan, locked)
    _write_identity(work, batch, plan, policy=policy, txn=txn)
    resolved, writes, periods = _resolve(work, batch, plan, affected, locked)
    work.goldens.write(writes, policy)
    if batch.rules.entity.effective:
        work.periods.write(sorted(affected), periods)
    after = {item.golden.id: item.golden for item in resolved}
    changes = [(locked.get(i), after[i]) for i in sorted(affected)]
    tell_family(work, batch.rules.entity, changes)
    if batch.rules.referred:
        work.marks.mark_dependants(crosswalk, sorted(_regrouped(batch, plan)))
    return resolved


def _crosswalk(batch: Batch, plan: IdentityPlan) -> list[tuple[str, str, str]]:
    """The keys of all that moves, also of what a merge takes along and is not of the batch."""
    if not batch.rules.referred:
        return []
    return [(batch.entity, system, key) for _, (system, key) in sorted(plan.moved.items())]


def _regrouped(batch: Batch, plan: IdentityPlan) -> set[UUID]:
    """Golden records that lost or won a member: their dependants may have another way out now."""
    records = (batch.records.get(record_id) for record_id in plan.moved)
    left = {r.previous.golden_id for r in records if r and r.previous and r.previous.golden_id}
    return left | {link.golden_id for link in plan.links if link.state == MATCH}


def _affected(batch: Batch, plan: IdentityPlan) -> set[UUID]:
    """Golden records that a record of the batch belongs to, leaves or joins."""
    left = {r.previous.golden_id for r in batch.records.values() if r.previous}
    joined = {link.golden_id for link in plan.links if link.state == MATCH}
    return {golden for golden in left | joined | plan.regrouped() if golden is not None}


def _refuse_moved(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, locked: Mapping[UUID, GoldenRecord]
) -> None:
    """Start again when records of this batch were linked, or what is merged became known outside.

    Somebody else may have done so between scoring and locking.
    """
    known = {r.id: r.previous.golden_id for r in batch.records.values() if r.previous}
    heads = work.sources.heads(sorted(known))
    for record_id, golden_id in known.items():
        head = heads.get(record_id)
        if (head.golden_id if head else None) != golden_id:
            raise IdentityMoved(record=record_id)
    joined = {link.golden_id for link in plan.links if link.state == MATCH}
    for golden_id, facts in plan.seen.items():
        golden = locked[golden_id]
        moved = (golden.published, golden.touched) != facts and plan.merged
        if moved or (golden_id in joined and golden.status is not GoldenStatus.ACTIVE):
            raise IdentityMoved(golden=str(golden_id))


def _write_identity(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, *, policy: str, txn: UUID
) -> None:
    event = identity_event(work, batch, plan, txn)
    work.sources.update(batch.updates)
    if plan.merged:
        work.goldens.redirect(plan.merged, policy, txn)
    if plan.closed:
        work.goldens.close_links(plan.closed)
    if plan.links:
        work.goldens.link(plan.links, policy, txn)
    if event:
        work.goldens.record_event(event)


def _resolve(
    work: UnitOfWork,
    batch: Batch,
    plan: IdentityPlan,
    affected: set[UUID],
    locked: Mapping[UUID, GoldenRecord],
) -> tuple[list[Resolved], list[GoldenWrite], list[PeriodWrite]]:
    ids = sorted(affected)
    members = _members(work, batch, ids)
    overrides = work.goldens.overrides(ids)
    resolved: list[Resolved] = []
    writes: list[GoldenWrite] = []
    bases: dict[int, Mapping[str, object]] = {}
    conflicts: dict[UUID, Sequence[Conflict]] = {}
    ended: list[tuple[UUID, Override]] = []
    spent: list[tuple[UUID, Approval]] = []
    periods: list[PeriodWrite] = []
    surroundings = around(work, batch.rules.entity, members, batch.rules.rates)
    for golden_id in ids:
        before = _before(locked.get(golden_id), golden_id, batch.entity, plan)
        records = [stored.record for stored in members[golden_id]]
        spoken = overrides.get(golden_id, ())
        merged = batch.rules.merger.merge(
            records, _previous(batch, before), spoken, batch.now, surroundings[golden_id]
        )
        write = golden_write(before, merged, batch, plan, members=len(records))
        if write.new_version or write.lineage != before.lineage:
            writes.append(write)
        bases.update(merged.bases)
        ended += [(golden_id, override) for override in merged.ended if records]
        ended_words = merged.spent if records else surroundings[golden_id].approvals
        spent += [(golden_id, approval) for approval in ended_words]
        periods += periods_of(golden_id, merged)
        conflicts[golden_id] = conflicts_of(batch, write.golden, merged, records)
        resolved.append(
            Resolved(
                golden=write.golden,
                members=tuple(members[golden_id]),
                cause_at=_cause_at(batch, members[golden_id]),
                outgoing=_outgoing(batch, merged),
                lineage=merged.lineage,
                conflicts=merged.conflicts,
            )
        )
    work.sources.write_bases(bases)
    work.goldens.end_overrides(ended)
    work.raises.end(spent)
    work.conflicts.close_ended([end for r in resolved for end in _ended(r.golden)])
    work.conflicts.reconcile(batch.entity, conflicts, FOUND_BY_MERGE)
    return resolved, writes, periods


def _outgoing(batch: Batch, merged: Merged) -> Mapping[str, object] | None:
    """A period that begins within the lead time is what targets are told already."""
    lead = batch.rules.entity.lead
    return coming(merged.periods, batch.now + lead) if lead else None


def _before(
    stored: GoldenRecord | None, golden_id: UUID, entity: str, plan: IdentityPlan
) -> GoldenRecord:
    before = stored or new_golden(golden_id, entity, plan)
    if golden_id in plan.restored:
        return replace(before, status=GoldenStatus.RETIRED, merged_into=None)
    return before


def periods_of(golden_id: UUID, merged: Merged) -> list[PeriodWrite]:
    return [
        PeriodWrite(
            golden_id=golden_id,
            begins=period.begins,
            ends=period.ends,
            attrs=period.attrs,
            lineage=lineages_json(period.lineage),
        )
        for period in merged.periods
    ]


def _ended(golden: GoldenRecord) -> Iterator[tuple[UUID, str, str]]:
    """What becomes of the cases of a golden record that is no more."""
    if golden.status is GoldenStatus.MERGED:
        yield golden.id, str(CaseState.SUPERSEDED), f"merged into {golden.merged_into}"
    elif golden.status is GoldenStatus.RETIRED:
        yield golden.id, str(CaseState.EXPIRED), "no record is left"


def _previous(batch: Batch, before: GoldenRecord) -> GoldenRecord:
    """With its lineage as the merge knows it, where a rule reads what was there before."""
    policies = batch.rules.entity.survivorship
    if not any(policy.silent is OwnerSilence.KEEP or policy.raises for policy in policies):
        return before
    return replace(before, lineage=lineages_of(before.lineage))


def conflicts_of(
    batch: Batch, golden: GoldenRecord, merged: Merged, records: Sequence[SourceRecord]
) -> tuple[Conflict, ...]:
    """What the merge found, and records of one system that claim one identity by reference."""
    entity = batch.rules.entity
    found = merged.conflicts
    if golden.identity is not None and len(records) > 1:
        identity = tuple(orjson.loads(golden.identity))
        claims = [(record, identity) for record in records]
        found += tuple(c.conflict() for c in collisions(claims, entity.effective))
    if not found:
        return ()
    return tuple(batch.rules.stakes.put(conflict, golden.attrs) for conflict in found)


def _members(work: UnitOfWork, batch: Batch, ids: Sequence[UUID]) -> dict[UUID, list[StoredRecord]]:
    """Live members with golden ids where the source's own keys of other records stood."""
    members = work.sources.members(ids)
    references = [reference.name for reference in batch.rules.entity.references]
    if not references:
        return members
    resolved = work.sources.resolved([s.record.id for group in members.values() for s in group])
    return {
        golden_id: [resolved_member(s, references, resolved.get(s.record.id, {})) for s in group]
        for golden_id, group in members.items()
    }


def resolved_member(
    stored: StoredRecord, references: Sequence[str], found: Mapping[str, UUID]
) -> StoredRecord:
    """The record with golden ids in place of the source's keys; null where none is known."""
    values = {name: str(found[name]) if name in found else None for name in references}
    record = replace(stored.record, attrs={**stored.record.attrs, **values})
    return replace(stored, record=record)


def new_golden(golden_id: UUID, entity: str, plan: IdentityPlan) -> GoldenRecord:
    """A golden record that is not stored yet: version 0."""
    return GoldenRecord(
        id=golden_id,
        entity=entity,
        status=GoldenStatus.ACTIVE,
        version=0,
        attrs={},
        identity=plan.created.get(golden_id),
    )


def golden_write(
    before: GoldenRecord, merged: Merged, batch: Batch, plan: IdentityPlan, *, members: int
) -> GoldenWrite:
    """Compare with what is stored; only other values or another status make a new version."""
    winner = plan.merged.get(before.id)
    status = _status(before, winner, members)
    attrs = merged.attrs if members else before.attrs
    new = before.version == 0 or attrs != before.attrs or status is not before.status
    golden = replace(
        before,
        status=status,
        merged_into=winner or before.merged_into,
        version=before.version + new,
        attrs=attrs,
    )
    return GoldenWrite(
        golden=golden,
        lineage=lineages_json(merged.lineage),
        cause=batch.cause(),
        next_effective_at=merged.next_effective_at,
        new_version=new,
    )


def _status(before: GoldenRecord, winner: UUID | None, members: int) -> GoldenStatus:
    if winner is not None or before.status is GoldenStatus.MERGED:
        return GoldenStatus.MERGED
    return GoldenStatus.ACTIVE if members else GoldenStatus.RETIRED


def _cause_at(batch: Batch, members: Sequence[StoredRecord]) -> datetime | None:
    """When the newest change that led here was committed at its source."""
    changed = (batch.records.get(stored.record.id) for stored in members)
    return max((r.cause_at for r in changed if r and r.cause_at), default=None)


def lineages_of(stored: Mapping[str, Any]) -> dict[str, Lineage]:
    """Lineage as `lineage_json` stored it, by attribute."""
    return {
        name: Lineage(
            system=item["system"],
            key=item["key"],
            rule=item["rule"],
            changed_at=datetime.fromisoformat(item["changed_at"]) if item["changed_at"] else None,
            losers=tuple(
                Loser(
                    system=loser["system"],
                    key=loser["key"],
                    value=loser["value"],
                    lost_at=loser["at"],
                )
                for loser in item["losers"]
            ),
            rates=tuple(item.get("rates", ())),
        )
        for name, item in stored.items()
    }


def lineages_json(lineages: Mapping[str, Lineage]) -> dict[str, object]:
    """Lineage by attribute as it is stored; attributes that share a lineage share what is made."""
    made: dict[int, object] = {}
    found: dict[str, object] = {}
    for name, item in lineages.items():
        known = made.get(id(item))
        if known is None:
            known = made[id(item)] = lineage_json(item)
        found[name] = known
    return found


def lineage_json(lineage: Lineage) -> dict[str, object]:
    """Lineage as it is stored: names short enough to read in SQL, times in ISO."""
    rates = {"rates": lineage.rates} if lineage.rates else {}
    return {
        **rates,
        "system": lineage.system,
        "key": lineage.key,
        "rule": lineage.rule,
        "changed_at": iso(lineage.changed_at) if lineage.changed_at else None,
        "losers": [
            {"system": loser.system, "key": loser.key, "value": loser.value, "at": loser.lost_at}
            for loser in lineage.losers
        ],
    }
