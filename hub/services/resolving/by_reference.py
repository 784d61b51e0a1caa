"""Identity by reference: a price is its SKU, list, currency and quantity, whoever says it.

A record whose references are not known yet waits, with a case; the golden record that it would
belong to is found when they appear. So does one that would open a golden record and whose system
may not, until one that may says the same. Its components: `golden_records.domain.reference`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from golden_records.domain.records import Conflict, ConflictKind, LinkOrigin
from golden_records.domain.reference import identity_of
from golden_records.ports import LinkWrite
from hub.services.resolving.batch import IdentityPlan
from hub.services.resolving.linking import REMATCH, REMATCH_PRIORITY
from hub.services.resolving.references import keep_references, references_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, ChangedRecord
    from hub.services.resolving.references import Keys

MISSING = (str(ConflictKind.REFERENCE_MISSING),)
HELD = (str(ConflictKind.CREATION_HELD),)


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
        held = [
            record
            for record in sorted(records, key=lambda record: not may_found(batch, record))
            if not self._plan_one(batch, plan, (record, identities[record.id]), known)
        ]
        _settle(work, batch, records, (identities, held))
        _let_join(work, batch, plan)
        return plan

    def _plan_one(
        self,
        batch: Batch,
        plan: IdentityPlan,
        found: tuple[ChangedRecord, str | None],
        known: dict[str, UUID],
    ) -> bool:
        """Plan where the record belongs; False where it waits for a system that may create."""
        record, identity = found
        current, target = _home(record), None
        held = identity is not None and identity not in known and not may_found(batch, record)
        if identity is not None and not held:
            if identity not in known:
                known[identity] = self._ids()
                plan.created[known[identity]] = identity
            target = known[identity]
        if target == current:
            return not held
        plan.moved[record.id] = (record.system, record.key)
        if current is not None:
            plan.closed.append((record.id, current))
        if target is not None:
            plan.links.append(_link(batch, record, target))
        return not held


def may_found(batch: Batch, record: ChangedRecord) -> bool:
    """Tell whether the record may open a golden record; a person's word for it lasts."""
    by_hand = _origin(record) == LinkOrigin.MANUAL
    return by_hand or batch.rules.entity.existence.may_create(record.system)


def _home(record: ChangedRecord) -> UUID | None:
    return record.previous.golden_id if record.previous else None


def _settle(
    work: UnitOfWork,
    batch: Batch,
    records: list[ChangedRecord],
    found: tuple[Mapping[int, str | None], Sequence[ChangedRecord]],
) -> None:
    """Open a case for what waits, and close those of what waits no more."""
    identities, held = found
    waiting = [r for r in records if identities[r.id] is None and not r.deleted]
    cases = [(r.id, missing(batch, r)) for r in waiting]
    cases += [(r.id, creation_held(batch, r, identities[r.id])) for r in held]
    work.conflicts.open(batch.entity, cases)
    joined = {r.id for r in records} - {r.id for r in waiting} - {r.id for r in held}
    over = (
        (sorted(joined | {r.id for r in held}), MISSING, "the reference was found"),
        (sorted(joined | {r.id for r in waiting}), HELD, "it waits for no creator any more"),
    )
    for ids, kinds, resolution in over:
        work.conflicts.close_for_records(ids, kinds, resolution)


def _let_join(work: UnitOfWork, batch: Batch, plan: IdentityPlan) -> None:
    """Look again at records that wait for just what has been created."""
    created = sorted(identity for identity in plan.created.values() if identity)
    if created and batch.rules.entity.existence.creators:
        waiting = work.conflicts.waiting_for(batch.entity, created)
        work.marks.mark_records(waiting, cause=REMATCH, priority=REMATCH_PRIORITY)


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
        origin=_origin(record),
        probability=None,
        reasons={"rule": "reference", "components": batch.rules.entity.identity.components},
    )


def _origin(record: ChangedRecord) -> str:
    """A record that a person let open a golden record may do so again, where it is another."""
    by_hand = record.previous is not None and record.previous.origin == LinkOrigin.MANUAL
    return str(LinkOrigin.MANUAL if by_hand else LinkOrigin.AUTO)


def creation_held(batch: Batch, record: ChangedRecord, identity: str | None) -> Conflict:
    """The case of a record that may not open the golden record that it would belong to."""
    found = Conflict(
        kind=ConflictKind.CREATION_HELD,
        cause=f"{ConflictKind.CREATION_HELD}/{record.system}/{record.key}",
        attribute=None,
        system=record.system,
        key=record.key,
        details={"held": f"{record.system}:{record.key}", "identity": identity},
        outcome="steward",
    )
    return batch.rules.stakes.put(found, record.attrs)


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
