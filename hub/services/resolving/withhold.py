"""Withhold: deletions beyond the limit of a system's guard wait for a person.

What is withheld is the consequence alone: the mirror has applied the deletion, and the source
record stays as it was. Whoever counts or decides deletions of an (entity, system) holds its lock,
so workers that resolve different shards count together. No other lock is taken before it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.deletes import (
    Why,
    WithheldState,
    counted,
    let_through,
    limit,
    mass_delete,
    mass_delete_cause,
)
from golden_records.ports import WithheldDelete

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.ports import Evaluated, Evaluation, StoredRecord, UnitOfWork
    from hub.services.resolving.batch import Batch, Rules


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

    def _was_there(self, record_id: int | None) -> bool:
        stored = None if record_id is None else self.stored.get(record_id)
        return stored is not None and not stored.record.deleted


def withhold(work: UnitOfWork, batch: Batch, looked: Looked) -> list[Evaluated]:
    """Return what was evaluated without the deletions that are withheld."""
    system, found = looked.system, looked.evaluation.records
    pair = (batch.entity, system)
    gone = {item.key: item for item in found if item.attrs is None}
    if not gone and not work.withheld.live(*pair, looked.evaluated):
        return list(found)
    work.withheld.lock(*pair)
    live = work.withheld.live(*pair, looked.evaluated)
    lost = counted(((item.root_key, item.key) for item in gone.values()), looked.appeared())
    states = {key: state for key, (_, state) in live.items()}
    fresh = lost - live.keys()
    tripped = bool(fresh) and _trips(work, batch, system, len(fresh))
    applied, held = let_through(lost, states, tripped=tripped)
    _count(work, batch, system, len(fresh - held))
    work.withheld.hold(*pair, [_row(gone[key]) for key in sorted(held)], batch.now)
    applied |= gone.keys() - lost
    work.withheld.end(*pair, sorted(live.keys() & applied), WithheldState.APPLIED)
    work.withheld.end(*pair, sorted(live.keys() - gone.keys()), WithheldState.RETURNED)
    if held or live:
        tell(work, batch.rules, system)
    return [item for item in found if item.key not in gone or item.key in applied]


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
    return total > limit(guard, work.withheld.records(batch.entity, system) + before)


def _count(work: UnitOfWork, batch: Batch, system: str, records: int) -> None:
    guard = batch.rules.guards.get(system)
    if guard is not None and records:
        since = batch.now - guard.window
        work.withheld.count((batch.entity, system), records, batch.now, since)


def _row(item: Evaluated) -> WithheldDelete:
    return WithheldDelete(
        record_id=item.known_id or 0, key=item.key, root_key=item.root_key, why=Why.GUARD
    )
