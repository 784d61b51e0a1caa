"""Identity by reference: a price is its SKU, list, currency and quantity, whoever says it.

A record keeps its source's own keys of what it refers to; they are resolved here under the lock
of the crosswalk key, so that a parent that appears at the same moment is seen by one of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from golden_records.domain.records import Conflict, ConflictKind
from golden_records.ports import LinkWrite
from hub.services.resolving.batch import IdentityPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from golden_records.domain.catalogue import Reference
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord

    Keys = tuple[str, str, str]

MISSING = (str(ConflictKind.REFERENCE_MISSING),)


class ByReference:
    """Link records whose references and qualifiers together are their identity."""

    def __init__(self, ids: Callable[[], UUID]) -> None:
        self._ids = ids

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        plan = IdentityPlan()
        records = [record for record in batch.records.values() if record.identity]
        live = [record for record in records if not record.deleted]
        self._keep_references(work, batch, records)
        resolved = work.sources.resolve_references(_keys(batch, live))
        identities = {r.id: _identity(batch, r, resolved) for r in live}
        wanted = sorted({i for i in identities.values() if i is not None})
        if wanted or any(r.previous and r.previous.golden_id for r in records):
            work.goldens.lock_identity(batch.entity)
        known = work.goldens.by_identity(batch.entity, wanted)
        for record in records:
            self._plan_one(batch, plan, record, identities.get(record.id), known)
        work.conflicts.open(batch.entity, plan.conflicts)
        work.conflicts.close_for_records(plan.settled, MISSING, "the reference was found")
        return plan

    def _plan_one(
        self,
        batch: Batch,
        plan: IdentityPlan,
        record: ChangedRecord,
        identity: str | None,
        known: dict[str, UUID],
    ) -> None:
        current = record.previous.golden_id if record.previous else None
        if identity is None:
            if current is not None:
                plan.unlinked.append(record.id)
            if not record.deleted:
                plan.conflicts.append((record.id, _missing(batch, record)))
            else:
                plan.settled.append(record.id)
            return
        plan.settled.append(record.id)
        if identity not in known:
            known[identity] = self._ids()
            plan.created[known[identity]] = identity
        if known[identity] != current:
            plan.links.append(_link(batch, record, known[identity]))

    def _keep_references(
        self, work: UnitOfWork, batch: Batch, records: list[ChangedRecord]
    ) -> None:
        rows = [
            (record.id, reference.name, *key)
            for record in records
            if not record.deleted
            for reference, key in _references(batch, record)
        ]
        work.sources.write_references(rows, [record.id for record in records])


def _references(batch: Batch, record: ChangedRecord) -> list[tuple[Reference, Keys]]:
    return [
        (reference, (reference.entity, reference.system or record.system, str(value)))
        for reference in batch.rules.entity.references
        if (value := record.attrs.get(reference.name)) is not None
    ]


def _keys(batch: Batch, records: list[ChangedRecord]) -> list[Keys]:
    return sorted({key for record in records for _, key in _references(batch, record)})


def _identity(batch: Batch, record: ChangedRecord, resolved: Mapping[Keys, UUID]) -> str | None:
    """The JSON list of the components; None while a required reference is not known."""
    found = {r.name: resolved.get(key) for r, key in _references(batch, record)}
    required = [r.name for r in batch.rules.entity.references if r.required]
    if any(found.get(name) is None for name in required):
        return None
    references = {reference.name for reference in batch.rules.entity.references}
    parts = [
        str(found[name])
        if found.get(name)
        else None
        if name in references
        else record.attrs.get(name)
        for name in batch.rules.entity.identity.components
    ]
    return orjson.dumps(parts).decode()


def _link(batch: Batch, record: ChangedRecord, golden_id: UUID) -> LinkWrite:
    return LinkWrite(
        entity=batch.entity,
        record_id=record.id,
        golden_id=golden_id,
        state="MATCH",
        origin="AUTO",
        probability=None,
        reasons={"rule": "reference", "components": batch.rules.entity.identity.components},
    )


def _missing(batch: Batch, record: ChangedRecord) -> Conflict:
    keys = [list(key) for _, key in _references(batch, record)]
    return Conflict(
        kind=ConflictKind.REFERENCE_MISSING,
        cause=f"reference_missing/{record.system}/{record.key}",
        attribute=None,
        system=record.system,
        key=record.key,
        details={"references": keys},
        outcome="wait",
        pending_until=batch.now + batch.rules.entity.settle_limit,
    )
