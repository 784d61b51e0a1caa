"""Load an entity as a whole: LOADING → SHADOW in one transaction.

1. Stage what the mappings yield, canonicalise, set aside what is refused.
2. Identify: clusters by the active model, or the parents' crosswalk.
3. Merge, and write records, golden records, history, links, matching keys, references, cases.
4. Change the phase, mark what changed at the sources meanwhile, and whoever waits for this entity.

Nothing is seen outside before the commit: a load that is killed leaves nothing, and is done again.
While it runs the pairs are in LOADING: the feed marks nothing of theirs and no resolver has a root
of theirs. The change of phase waits for transactions that applied changes without marks; what they
changed is found by comparing with what was staged, and marked in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import IdentityMode, Phase
from golden_records.domain.failpoints import Failpoint, carry_on
from golden_records.ports import Mark, StoredRecord
from hub.services.loading.by_matching import ByMatching
from hub.services.loading.by_reference import ByReference
from hub.services.loading.intake import CAUSE, PART, Intake
from hub.services.resolving.batch import Batch, IdentityPlan
from hub.services.resolving.merge import (
    FOUND_BY_MERGE,
    conflicts_of,
    golden_write,
    new_golden,
    resolved_member,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from golden_records.domain.clock import Clock
    from golden_records.domain.failpoints import Reached
    from golden_records.domain.records import Conflict
    from golden_records.ports import GoldenWrite, LoadedGroup, UnitOfWork
    from hub.services.resolving.batch import Rules
    from hub.services.resolving.by_matching import Matchings

    Step = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
    """Tells of a step, and how many it will be if that is known; yields `advance`."""

BACKFILL_PRIORITY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadContext:
    """What stays the same from entity to entity."""

    rules: Mapping[str, Rules]
    matchings: Matchings
    policy: str
    clock: Clock
    ids: Callable[[], UUID]
    step: Step
    reached: Reached = carry_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of the load of one entity."""

    entity: str
    records: int
    goldens: int
    set_aside: int
    marked: int
    """Roots that changed meanwhile and records that wait for these; workers resolve them."""


class BulkLoad:
    """The bulk load; one call is one transaction."""

    def __init__(self, work: Callable[[], UnitOfWork], context: LoadContext) -> None:
        self._work = work
        self._context = context

    def load(self, entity: str, systems: Sequence[str]) -> Loaded | None:
        """Load the entity from these systems; None where it is not the entity's first load.

        That is where any of its pairs is past LOADING, or it has records or golden records, or
        refers to itself: such a load goes by marks, record by record, with all their care.
        """
        context = self._context
        rules = context.rules[entity]
        with self._work() as work:
            if self._refers_to(rules, entity) or not self._first(work, entity):
                return None
            self._lock(work, rules)
            batch = Batch(rules=rules, now=context.clock.now(), marks=[_mark(entity, context)])
            intake = Intake(batch=batch, systems=systems)
            identities = self._identify(work, intake)
            goldens = self._merge(work, batch, identities)
            marked = self._finish(work, rules, systems)
            context.reached(Failpoint.LOAD_BEFORE_COMMIT)
            work.commit()
        context.reached(Failpoint.LOAD_AFTER_COMMIT)
        return Loaded(
            entity=entity,
            records=intake.records,
            goldens=goldens,
            set_aside=len(intake.set_aside),
            marked=marked,
        )

    @staticmethod
    def _refers_to(rules: Rules, entity: str) -> bool:
        return any(reference.entity == entity for reference in rules.entity.references)

    @staticmethod
    def _first(work: UnitOfWork, entity: str) -> bool:
        if not work.bulk.begin(entity):
            return False
        phases = work.registry.phases()
        return all(p is Phase.LOADING for (_, e), p in phases.items() if e == entity)

    @staticmethod
    def _lock(work: UnitOfWork, rules: Rules) -> None:
        """Identity locks, parents first: what they refer to holds still until the commit."""
        parents = sorted({reference.entity for reference in rules.entity.references})
        if parents and rules.referred:
            work.bulk.hold_references()
        for entity in (*parents, rules.entity.name):
            work.goldens.lock_identity(entity)

    def _identify(self, work: UnitOfWork, intake: Intake) -> dict[UUID, str]:
        context, entity = self._context, intake.batch.rules.entity
        with context.step(f"{entity.name}: evaluating the mappings", None):
            intake.stage(work)
        if entity.identity.mode is IdentityMode.REFERENCE:
            with context.step(f"{entity.name}: resolving references", None) as advance:
                return ByReference(intake, context.ids).identify(work, advance)
        matching = ByMatching(
            intake=intake, matching=context.matchings.of(work, entity.name), ids=context.ids
        )
        with context.step(f"{entity.name}: reading records", None) as advance:
            matching.take(work, advance)
        with context.step(f"{entity.name}: matching", intake.records) as advance:
            matching.identify(work)
            advance(intake.records)
        return {}

    def _merge(self, work: UnitOfWork, batch: Batch, identities: Mapping[UUID, str]) -> int:
        goldens = 0
        plan = IdentityPlan(created=dict(identities))
        with self._context.step(f"{batch.entity}: merging and writing", None) as advance:
            for groups in work.bulk.groups(batch.entity, batch.now, PART):
                goldens += self._write(work, batch, plan, groups)
                advance(sum(len(group.members) for group in groups))
            work.bulk.write_links(batch.entity, self._context.policy, self._context.ids())
        with self._context.step(f"{batch.entity}: writing matching keys", None):
            work.bulk.write_keys()
            work.bulk.analyze()
        return goldens

    def _write(
        self, work: UnitOfWork, batch: Batch, plan: IdentityPlan, groups: Sequence[LoadedGroup]
    ) -> int:
        """Merge the groups and write them with their members; what waits is only stored."""
        members = _members(work, batch, groups)
        writes: list[GoldenWrite] = []
        bases: dict[int, Mapping[str, object]] = {}
        conflicts: dict[UUID, Sequence[Conflict]] = {}
        for group in groups:
            if group.golden_id is None:
                continue
            records = [members[record.id].record for record, _ in group.members]
            before = new_golden(group.golden_id, batch.entity, plan)
            merged = batch.rules.merger.merge(records, before, (), batch.now)
            write = golden_write(before, merged, batch, plan, members=len(records))
            found = conflicts_of(batch, write.golden, merged, records)
            if found:
                conflicts[group.golden_id] = found
            writes.append(write)
            bases.update(merged.bases)
        work.bulk.write_records((m for group in groups for m in group.members), bases)
        work.bulk.write_goldens(writes, self._context.policy)
        if conflicts:
            work.conflicts.reconcile(batch.entity, conflicts, FOUND_BY_MERGE)
        return len(writes)

    def _finish(self, work: UnitOfWork, rules: Rules, systems: Sequence[str]) -> int:
        entity = rules.entity.name
        marked = 0
        if rules.referred:
            work.bulk.hold_references()
        for system in sorted(systems):
            work.registry.set_phase(system, entity, Phase.SHADOW)
        for system in sorted(systems):
            marked += work.mirror.mark_differing(
                system, entity, cause=CAUSE, priority=BACKFILL_PRIORITY
            )
        if rules.referred:
            marked += work.bulk.mark_waiting(entity, systems)
        return marked


def _mark(entity: str, context: LoadContext) -> Mark:
    """What the load is taken for: one mark that stands for all roots."""
    return Mark(
        id=0,
        entity=entity,
        system="",
        root_key="",
        cause=CAUSE,
        priority=BACKFILL_PRIORITY,
        changed_at=None,
        marked_at=context.clock.now(),
    )


def _members(
    work: UnitOfWork, batch: Batch, groups: Sequence[LoadedGroup]
) -> dict[int, StoredRecord]:
    """The records as the merge takes them: with golden ids where the sources' keys stood."""
    names = [reference.name for reference in batch.rules.entity.references]
    stored = {
        record.id: StoredRecord(record=record, golden_id=group.golden_id)
        for group in groups
        for record, _ in group.members
    }
    if not names:
        return stored
    found = work.sources.resolved(sorted(stored))
    return {i: resolved_member(s, names, found.get(i, {})) for i, s in stored.items()}
