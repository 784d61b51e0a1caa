"""Merge: lock the golden rows, read everything again, and write what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from golden_records.domain.records import ConflictKind, GoldenRecord, GoldenStatus
from golden_records.ports import GoldenWrite
from hub.services.resolving.batch import IdentityMoved, Resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.records import Conflict, Lineage, Merged
    from golden_records.ports import StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Batch, IdentityPlan

VALUE_CONFLICTS = (str(ConflictKind.TRESPASS), str(ConflictKind.VALUE_CONTEST))


def merge(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, *, policy: str, txn: UUID
) -> list[Resolved]:
    """Bring every golden record that the batch touches up to date.

    Locks are taken in the order that everybody keeps: identity (held by the caller if links
    change), crosswalk keys, golden rows by id. Links, members and overrides are read after them.
    """
    moved = plan.moved()
    crosswalk = _crosswalk(batch, moved)
    work.sources.lock_crosswalk(crosswalk)
    affected = _affected(batch, plan)
    locked = work.goldens.lock(sorted(affected - plan.created.keys()))
    _refuse_moved(work, batch)
    _write_identity(work, batch, plan, policy=policy, txn=txn)
    resolved, writes = _resolve(work, batch, plan, affected, locked)
    work.goldens.write(writes, policy)
    if batch.rules.referred:
        work.marks.mark_dependants(crosswalk, sorted(_regrouped(batch, plan, moved)))
    return resolved


def _crosswalk(batch: Batch, moved: set[int]) -> list[tuple[str, str, str]]:
    if not batch.rules.referred:
        return []
    records = (batch.records[i] for i in sorted(moved) if i in batch.records)
    return [(batch.entity, record.system, record.key) for record in records]


def _regrouped(batch: Batch, plan: IdentityPlan, moved: set[int]) -> set[UUID]:
    """Golden records that lost or won a member: their dependants may have another way out now."""
    left = {
        record.previous.golden_id
        for i in moved
        if (record := batch.records.get(i)) and record.previous and record.previous.golden_id
    }
    return left | {link.golden_id for link in plan.links if link.state == "MATCH"}


def _affected(batch: Batch, plan: IdentityPlan) -> set[UUID]:
    """Golden records that a record of the batch belongs to, leaves or joins."""
    left = {r.previous.golden_id for r in batch.records.values() if r.previous}
    joined = {link.golden_id for link in plan.links if link.state == "MATCH"}
    merged = plan.merged.keys() | set(plan.merged.values())
    return {golden for golden in left | joined | merged if golden is not None}


def _refuse_moved(work: UnitOfWork, batch: Batch) -> None:
    """Start again when somebody else linked a record of this batch while it was scored."""
    known = {r.id: r.previous.golden_id for r in batch.records.values() if r.previous}
    for record_id, stored in work.sources.by_id(sorted(known)).items():
        if stored.golden_id != known[record_id]:
            raise IdentityMoved(record=record_id)


def _write_identity(
    work: UnitOfWork, batch: Batch, plan: IdentityPlan, *, policy: str, txn: UUID
) -> None:
    work.sources.update(batch.updates)
    if plan.unlinked:
        work.goldens.unlink(plan.unlinked, txn)
    if plan.links:
        work.goldens.link(plan.links, policy, txn)
    if plan.merged:
        _record_merge(work, batch, plan, txn)


def _record_merge(work: UnitOfWork, batch: Batch, plan: IdentityPlan, txn: UUID) -> None:
    after: dict[str, list[int]] = {}
    for link in plan.links:
        after.setdefault(str(link.golden_id), []).append(link.record_id)
    before = {
        str(r.previous.golden_id): r.id
        for r in batch.records.values()
        if r.previous and r.previous.golden_id
    }
    redirects = {str(loser): str(winner) for loser, winner in plan.merged.items()}
    work.goldens.record_event(
        {
            "txn": txn,
            "entity": batch.entity,
            "kind": "MERGE",
            "actor": "engine",
            "before": before,
            "after": after,
            "redirects": redirects,
        }
    )


def _resolve(
    work: UnitOfWork,
    batch: Batch,
    plan: IdentityPlan,
    affected: set[UUID],
    locked: Mapping[UUID, GoldenRecord],
) -> tuple[list[Resolved], list[GoldenWrite]]:
    ids = sorted(affected)
    members = _members(work, batch, ids)
    overrides = work.goldens.overrides(ids)
    resolved: list[Resolved] = []
    writes: list[GoldenWrite] = []
    bases: dict[int, Mapping[str, object]] = {}
    conflicts: dict[UUID, Sequence[Conflict]] = {}
    for golden_id in ids:
        before = locked.get(golden_id) or _new(golden_id, batch.entity, plan)
        records = [stored.record for stored in members[golden_id]]
        merged = batch.rules.merger.merge(records, before, overrides.get(golden_id, ()), batch.now)
        write = _write(before, merged, batch, plan, members=len(records))
        if write.new_version or write.lineage != before.lineage:
            writes.append(write)
        bases.update(merged.bases)
        conflicts[golden_id] = merged.conflicts
        resolved.append(
            Resolved(
                golden=write.golden,
                members=tuple(members[golden_id]),
                cause_at=_cause_at(batch, members[golden_id]),
            )
        )
    work.sources.write_bases(bases)
    work.conflicts.reconcile(batch.entity, conflicts, VALUE_CONFLICTS)
    return resolved, writes


def _members(work: UnitOfWork, batch: Batch, ids: Sequence[UUID]) -> dict[UUID, list[StoredRecord]]:
    """Live members with golden ids where the source's own keys of other records stood."""
    members = work.sources.members(ids)
    references = [reference.name for reference in batch.rules.entity.references]
    if not references:
        return members
    resolved = work.sources.resolved([s.record.id for group in members.values() for s in group])
    return {
        golden_id: [_resolved_member(s, references, resolved.get(s.record.id, {})) for s in group]
        for golden_id, group in members.items()
    }


def _resolved_member(
    stored: StoredRecord, references: Sequence[str], found: Mapping[str, UUID]
) -> StoredRecord:
    values = {name: str(found[name]) if name in found else None for name in references}
    record = replace(stored.record, attrs={**stored.record.attrs, **values})
    return replace(stored, record=record)


def _new(golden_id: UUID, entity: str, plan: IdentityPlan) -> GoldenRecord:
    return GoldenRecord(
        id=golden_id,
        entity=entity,
        status=GoldenStatus.ACTIVE,
        version=0,
        attrs={},
        identity=plan.created.get(golden_id),
    )


def _write(
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
        lineage={name: lineage_json(item) for name, item in merged.lineage.items()},
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


def lineage_json(lineage: Lineage) -> dict[str, object]:
    """Lineage as it is stored: names short enough to read in SQL, times in ISO."""
    return {
        "system": lineage.system,
        "key": lineage.key,
        "rule": lineage.rule,
        "changed_at": lineage.changed_at.isoformat() if lineage.changed_at else None,
        "losers": [
            {"system": loser.system, "key": loser.key, "value": loser.value, "at": loser.lost_at}
            for loser in lineage.losers
        ],
    }
