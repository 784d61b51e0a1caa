"""Identity by reference: a price is its SKU, list, currency and quantity, whoever says it.

A record whose references are not known yet waits, with a case; the golden record that it would
belong to is found when they appear. Its components: `golden_records.domain.reference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from golden_records.domain.records import Conflict, ConflictKind
from golden_records.domain.reference import identity_of
from golden_records.ports import LinkWrite
from hub.services.resolving.batch import IdentityPlan
from hub.services.resolving.references import keep_references, references_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord
    from hub.services.resolving.references import Keys

MISSING = (str(ConflictKind.REFERENCE_MISSING),)


class ByReference:
    """Link records whose references and qualifiers together are their identity."""

    def __init__(self, ids: Callable[[], UUID]) -> None:
        self._ids = ids

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        records = [record for record in batch.records.values() if record.identity]
        resolved = keep_references(work, batch, records)
        identities = {r.id: identity_text(batch, r, resolved) for r in records}
        wanted = sorted({i for i in identities.values() if i is not None})
        if wanted or any(_home(record) for record in records):
            work.goldens.lock_identity(batch.entity)
        known = work.goldens.by_identity(batch.entity, wanted)
        plan = IdentityPlan()
        for record in records:
            self._plan_one(batch, plan, (record, identities[record.id]), known)
        _settle(work, batch, records, identities)
        return plan

    def _plan_one(
        self,
        batch: Batch,
        plan: IdentityPlan,
        found: tuple[ChangedRecord, str | None],
        known: dict[str, UUID],
    ) -> None:
        record, identity = found
        current, target = _home(record), None
        if identity is not None:
            if identity not in known:
                known[identity] = self._ids()
                plan.created[known[identity]] = identity
            target = known[identity]
        if target == current:
            return
        plan.moved[record.id] = (record.system, record.key)
        if current is not None:
            plan.closed.append((record.id, current))
        if target is not None:
            plan.links.append(_link(batch, record, target))


def _home(record: ChangedRecord) -> UUID | None:
    return record.previous.golden_id if record.previous else None


def _settle(
    work: UnitOfWork,
    batch: Batch,
    records: list[ChangedRecord],
    identities: Mapping[int, str | None],
) -> None:
    """Open a case for what waits, and close those of what waits no more."""
    waiting = [r for r in records if identities[r.id] is None and not r.deleted]
    settled = {r.id for r in records} - {r.id for r in waiting}
    work.conflicts.open(batch.entity, [(r.id, missing(batch, r)) for r in waiting])
    work.conflicts.close_for_records(sorted(settled), MISSING, "the reference was found")


def identity_text(batch: Batch, record: ChangedRecord, resolved: Mapping[Keys, UUID]) -> str | None:
    """The JSON list of the components; None while a reference is not known."""
    if record.deleted:
        return None
    found = {r.name: resolved.get(key) for r, key in references_of(batch, record)}
    identity = identity_of(batch.rules.entity, record.attrs, found)
    return None if identity is None else orjson.dumps(identity).decode()


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


def missing(batch: Batch, record: ChangedRecord) -> Conflict:
    """The case of a record that waits for what it refers to."""
    keys = [list(key) for _, key in references_of(batch, record)]
    found = Conflict(
        kind=ConflictKind.REFERENCE_MISSING,
        cause=f"reference_missing/{record.system}/{record.key}",
        attribute=None,
        system=record.system,
        key=record.key,
        details={"references": keys},
        outcome="wait",
        pending_until=batch.now + batch.rules.entity.settle_limit,
    )
    return batch.rules.stakes.put(found, record.attrs)
