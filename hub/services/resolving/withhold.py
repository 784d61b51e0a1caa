"""Withhold: deletions that a system may not make, or not so many at a time, wait for a person.

What is withheld is the consequence alone: the mirror has applied the deletion, and the source
record stays as it was. Whoever counts or decides deletions of an (entity, system) holds its lock,
so workers that resolve different shards count together. No other lock is taken before it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.deletes import (
    Owned,
    Why,
    WithheldState,
    counted,
    delete_of_owned,
    delete_of_owned_cause,
    let_through,
    limit,
    mass_delete,
    mass_delete_cause,
)
from golden_records.ports import WithheldDelete

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet

    from golden_records.ports import Evaluated, Evaluation, StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Batch, Resolved, Rules


REPLACED: Final = "replaced"
REPLACED_PRIORITY: Final = 3
RESOLUTIONS: Final[Mapping[WithheldState, str]] = {
    WithheldState.APPLIED: "the record is deleted",
    WithheldState.RETURNED: "the system has the record again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The roots of one system that were evaluated, what differs, and what is stored of that."""

    system: str
    roots: Sequence[str]
    evaluation: Evaluation
    stored: Mapping[int, StoredRecord]

    @property
    def evaluated(self) -> list[str]:
        return [root for root in self.roots if root not in self.evaluation.failed]

    def appeared(self) -> Counter[str]:
        """How many records came or came back, by root."""
        return Counter(
            item.root_key
            for item in self.evaluation.records
            if item.attrs is not None and not self._was_there(item.known_id)
        )

    def linked(self, item: Evaluated) -> int | None:
        """The id of a record that belongs to a golden record."""
        stored = self.stored.get(item.known_id or 0)
        return stored.record.id if stored is not None and stored.golden_id is not None else None

    def _was_there(self, record_id: int | None) -> bool:
        stored = None if record_id is None else self.stored.get(record_id)
        return stored is not None and not stored.record.deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What was evaluated without the deletions that are withheld.

    `shifted` are roots of records that are withheld from now on, or no longer: what targets may be
    told of them is another thing now.
    """

    records: Sequence[Evaluated]
    shifted: AbstractSet[str] = frozenset()


def withhold(work: UnitOfWork, batch: Batch, looked: Looked) -> Came:
    """Hold back what may not be applied; count what may."""
    system, found = looked.system, looked.evaluation.records
    pair = (batch.entity, system)
    gone = {item.key: item for item in found if item.attrs is None}
    if not gone and not work.withheld.live(*pair, looked.evaluated):
        return Came(records=found)
    work.withheld.lock(*pair)
    live = work.withheld.live(*pair, looked.evaluated)
    lost = counted(((item.root_key, item.key) for item in gone.values()), looked.appeared())
    fresh = lost - live.keys()
    tripped = bool(fresh) and _trips(work, batch, system, len(fresh))
    owned = _owned(work, batch, looked, [gone[key] for key in sorted(lost)])
    applied, held = let_through(lost, live, owned, tripped=tripped)
    guarded = {key for key, why in held.items() if why is Why.GUARD}
    _count(work, batch, system, len(fresh - guarded))
    work.withheld.hold(*pair, [_row(gone[key], held[key]) for key in sorted(held)], batch.now)
    applied |= gone.keys() - lost
    ended = dict.fromkeys(live.keys() & applied, WithheldState.APPLIED)
    ended |= dict.fromkeys(live.keys() - gone.keys(), WithheldState.RETURNED)
    for state in (WithheldState.APPLIED, WithheldState.RETURNED):
        keys = sorted(key for key, end in ended.items() if end is state)
        work.withheld.end(*pair, keys, state)
    if held or live:
        tell(work, batch.rules, system)
        _tell_owned(work, batch, looked, {gone[k].known_id for k in held.keys() - guarded}, ended)
    shifted = {gone[key].root_key for key in held} | {live[key].root for key in ended}
    records = [item for item in found if item.key not in gone or item.key in applied]
    return Came(records=records, shifted=shifted)


def _owned(work: UnitOfWork, batch: Batch, looked: Looked, lost: Sequence[Evaluated]) -> Owned:
    """Tell which of the lost records their system may not take out of their golden records."""
    if batch.rules.entity.existence.may_delete(looked.system):
        return Owned()
    ids = {key_id: item.key for item in lost if (key_id := looked.linked(item)) is not None}
    replaced = work.withheld.replaced(sorted(ids))
    return Owned(
        kept=frozenset(key for record_id, key in ids.items() if record_id not in replaced),
        replaced=frozenset(ids[record_id] for record_id in replaced),
    )


def _tell_owned(
    work: UnitOfWork,
    batch: Batch,
    looked: Looked,
    held: AbstractSet[int | None],
    ended: Mapping[str, WithheldState],
) -> None:
    """Open a case for each record that is withheld for its owner, and close those that ended."""
    entity, system = batch.rules.entity, looked.system
    cases = [
        (stored.record.id, batch.rules.stakes.put(case, stored.record.attrs))
        for record_id, stored in sorted(looked.stored.items())
        if record_id in held
        for case in (
            delete_of_owned(system, stored.record.key, str(entity.existence.delete_of_owned)),
        )
    ]
    work.conflicts.open(entity.name, cases)
    for state, resolution in RESOLUTIONS.items():
        causes = [delete_of_owned_cause(system, k) for k, end in ended.items() if end is state]
        if causes:
            work.conflicts.close_causes(entity.name, sorted(causes), resolution)


def tell(work: UnitOfWork, rules: Rules, system: str) -> None:
    """Say in one case how many wait; close it with the last of them."""
    entity = rules.entity.name
    waiting = work.withheld.held(entity, system, Why.GUARD)
    if waiting:
        case = mass_delete(system, {"withheld": waiting})
        work.conflicts.open_for(entity, [(None, rules.stakes.put(case, {}))])
    else:
        causes = [mass_delete_cause(system)]
        work.conflicts.close_causes(entity, causes, "no deletion is withheld any more")


def apply_replaced(work: UnitOfWork, resolved: Iterable[Resolved]) -> None:
    """Look again at withheld deletions of records that their system has under other keys now."""
    again: list[int] = []
    for item in resolved:
        there = {stored.record.system for stored in item.members if stored.withheld is None}
        again += [
            stored.record.id
            for stored in item.members
            if stored.withheld == Why.OWNER and stored.record.system in there
        ]
    if again:
        work.marks.mark_records(sorted(again), cause=REPLACED, priority=REPLACED_PRIORITY)


def _trips(work: UnitOfWork, batch: Batch, system: str, more: int) -> bool:
    """Tell whether so many more are too many; records are counted only where it may be so."""
    guard = batch.rules.guards.get(system)
    if guard is None:
        return False
    if work.withheld.held(batch.entity, system, Why.GUARD):
        return True
    before = work.withheld.counted(batch.entity, system, batch.now - guard.window)
    total = before + more
    if total <= guard.always:
        return False
    went = before if batch.rules.entity.existence.may_delete(system) else 0
    return total > limit(guard, work.withheld.records(batch.entity, system) + went)


def _count(work: UnitOfWork, batch: Batch, system: str, records: int) -> None:
    guard = batch.rules.guards.get(system)
    if guard is not None and records:
        since = batch.now - guard.window
        work.withheld.count((batch.entity, system), records, batch.now, since)


def _row(item: Evaluated, why: Why) -> WithheldDelete:
    return WithheldDelete(
        record_id=item.known_id or 0, key=item.key, root_key=item.root_key, why=why
    )
