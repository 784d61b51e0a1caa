"""Enqueue: what each target should now hold, as state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.catalogue import Phase
from golden_records.domain.deletes import Why
from golden_records.domain.frequency import next_due
from golden_records.domain.publication import lane_class
from golden_records.domain.records import GoldenStatus
from golden_records.ports import PublicationWrite
from hub.services.resolving.disputes import Disputes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.catalogue import Lane, WritePlan
    from golden_records.ports import UnitOfWork
    from hub.services.resolving.batch import Batch, Resolved

    TargetKeys = Mapping[tuple[str, str], str]


def enqueue(work: UnitOfWork, batch: Batch, resolved: Sequence[Resolved]) -> None:
    """Want what differs, close what agrees, withdraw what has no golden record any more.

    Only lanes whose target is LIVE for the entity are filled: in SHADOW nothing is published.
    """
    phases = work.registry.phases()
    lanes = [
        (lane, plan)
        for lane, plan in batch.rules.lanes
        if phases.get((lane.target, batch.entity), Phase.LIVE) is Phase.LIVE
    ]
    active = [r for r in resolved if r.golden.status is GoldenStatus.ACTIVE]
    work.publications.withdraw(
        [r.golden.id for r in resolved if r.golden.status is not GoldenStatus.ACTIVE]
    )
    if not lanes:
        return
    keys = _target_keys(work, batch, active, lanes)
    wanted: list[PublicationWrite] = []
    agreed: list[PublicationWrite] = []
    held: list[PublicationWrite] = []
    disputes = Disputes(work, batch.rules.entity, active, batch.now)
    closed = _closed(work, batch, active, lanes)
    for item in active:
        for lane, plan in lanes:
            creates = plan.creates and (item.golden.id, lane.target) not in closed
            for asked in _writes(batch, item, (lane, plan), keys, creates=creates):
                write = disputes.settle(asked)
                if write is None:
                    held.append(asked)
                else:
                    (agreed if write.seen == write.desired else wanted).append(write)
    work.publications.want(wanted, batch.now)
    work.publications.satisfied(agreed, batch.now)
    work.publications.hold(held, batch.now)
    targets = sorted({lane.target for lane, _ in lanes})
    kept = wanted + agreed + held
    work.publications.withdraw_gone([r.golden.id for r in active], targets, kept, batch.now)


def _target_keys(
    work: UnitOfWork,
    batch: Batch,
    active: Sequence[Resolved],
    lanes: Sequence[tuple[Lane, WritePlan]],
) -> TargetKeys:
    """The targets' own keys of the golden records that these refer to."""
    names = [reference.name for reference in batch.rules.entity.references]
    referred = {
        str(item.golden.attrs[n]) for item in active for n in names if item.golden.attrs.get(n)
    }
    targets = sorted({lane.target for lane, _ in lanes})
    return work.sources.keys_of(sorted(referred), targets) if referred else {}


def _closed(
    work: UnitOfWork,
    batch: Batch,
    active: Sequence[Resolved],
    lanes: Sequence[tuple[Lane, WritePlan]],
) -> set[tuple[UUID, str]]:
    """Targets where a golden record is not to be created, by (golden record, target).

    That is where its deletion waits for a person, or has his consent or its owner's.
    """
    existence = batch.rules.entity.existence
    targets = sorted({lane.target for lane, plan in lanes if plan.creates})
    closed: set[tuple[UUID, str]] = set()
    empty: list[UUID] = []
    for item in active:
        there = {(stored.record.system, stored.withheld) for stored in item.members}
        closed |= {
            (item.golden.id, system)
            for system, why in there
            if why is not None and not (why == Why.OWNER and existence.recreates)
        }
        if not {system for system, _ in there}.issuperset(targets):
            empty.append(item.golden.id)
    if existence.deleters and targets:
        closed |= work.withheld.deleted_at(empty, targets)
    return closed


def _writes(
    batch: Batch,
    item: Resolved,
    way: tuple[Lane, WritePlan],
    keys: TargetKeys,
    *,
    creates: bool,
) -> Iterator[PublicationWrite]:
    lane, plan = way
    members = [
        stored.record
        for stored in item.members
        if stored.record.system == lane.target and stored.withheld is None
    ]
    for record in members:
        if item.waits_for(record, plan.attributes):
            continue
        names = [name for name in plan.attributes if name in record.attrs]
        seen = {name: record.attrs[name] for name in names}
        yield _write(batch, item, (lane, plan), (record.key, seen), keys)
    if not members and creates:
        parameters = _parameters(batch, item, lane, keys)
        if all(value is not None for name, value in parameters.items() if name.endswith("_key")):
            yield _write(batch, item, (lane, plan), ("", None), keys)


def _write(
    batch: Batch,
    item: Resolved,
    way: tuple[Lane, WritePlan],
    target: tuple[str, Mapping[str, object] | None],
    keys: TargetKeys,
) -> PublicationWrite:
    (lane, plan), (key, seen) = way, target
    golden = item.golden
    names = seen if seen is not None else plan.attributes
    desired = {name: item.attrs.get(name) for name in names}
    chosen = lane_class(lane, item.attrs, seen, {}, batch.rules.entity)
    salt = f"{golden.id}/{lane.name}"
    return PublicationWrite(
        target=lane.target,
        entity=batch.entity,
        golden_id=golden.id,
        target_key=key,
        group=lane.group,
        lane=lane.name,
        lane_class=chosen.name,
        golden_version=golden.version,
        desired=desired,
        seen=seen,
        parameters=_parameters(batch, item, lane, keys),
        due_at=next_due(chosen.frequency, batch.now, batch.now, salt),
        cause_at=item.cause_at,
    )


def _parameters(batch: Batch, item: Resolved, lane: Lane, keys: TargetKeys) -> dict[str, object]:
    """Named parameters of the write plan, but `key`, `hub_id` and `now`, which are of the write."""
    parameters = dict(item.attrs)
    for reference in batch.rules.entity.references:
        golden_id = item.attrs.get(reference.name)
        parameters[f"{reference.name}_key"] = keys.get((str(golden_id), lane.target))
    return parameters
