"""T2, resolve: take → assemble → match → lock → merge → enqueue, one transaction a batch.

The marks are removed by the transaction that acts on them. What a batch cannot digest is bisected
until one root stands alone; that root is set aside, and blocks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.errors import TransientError
from golden_records.domain.failpoints import Failpoint, carry_on
from golden_records.domain.feed import ResolveOutcome
from hub.services.resolving.assemble import assemble
from hub.services.resolving.batch import IdentityMoved
from hub.services.resolving.enqueue import enqueue
from hub.services.resolving.merge import merge
from hub.services.resolving.withhold import apply_replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.clock import Clock
    from golden_records.domain.failpoints import Reached
    from golden_records.ports import Mark, UnitOfWork
    from hub.services.resolving.batch import Batch, IdentityPlan, Rules
    from hub.services.resolving.by_matching import ByMatching
    from hub.services.resolving.by_reference import ByReference


WAKE_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """The two ways to find a record's identity."""

    by_matching: ByMatching
    by_reference: ByReference

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        mode = batch.rules.entity.identity.mode
        way = self.by_matching if mode is IdentityMode.MATCHING else self.by_reference
        return way.identify(work, batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveContext:
    """What stays the same from batch to batch."""

    rules: Mapping[str, Rules]
    policy: str
    clock: Clock
    ids: Callable[[], UUID]
    batch: int = 500
    reached: Reached = carry_on


class Resolve:
    """The resolve service; one call is one transaction on the shards given."""

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        identifiers: Identifiers,
        context: ResolveContext,
    ) -> None:
        self._work = work
        self._identifiers = identifiers
        self._context = context
        self._looked: datetime | None = None

    def resolve(self, *shards: int) -> ResolveOutcome:
        limit = self._context.batch
        while True:
            try:
                return self._attempt(shards, limit, quarantine=False)
            except IdentityMoved:
                continue
            except TransientError:
                raise
            except Exception:
                if limit == 1:
                    return self._attempt(shards, 1, quarantine=True)
                limit = max(1, limit // 4)

    def _attempt(self, shards: Sequence[int], limit: int, *, quarantine: bool) -> ResolveOutcome:
        now = self._context.clock.now()
        with self._work() as work:
            work.hold_policy()
            held = work.marks.lock_shards(shards)
            if not held:
                return ResolveOutcome(taken=0, more=False)
            self._wake(work, now)
            marks = work.marks.take(held, now, limit)
            if marks and not quarantine:
                self._batch(work, marks)
            elif marks:
                self._set_aside(work, marks)
            more = bool(marks) and work.marks.waiting(held, now)
            self._reached(Failpoint.RESOLVE_BEFORE_COMMIT, marks)
            work.commit()
        self._reached(Failpoint.RESOLVE_AFTER_COMMIT, marks)
        return ResolveOutcome(taken=len(marks), more=more)

    def _wake(self, work: UnitOfWork, now: datetime) -> None:
        """Do what time alone brings about, once a second at most: looking costs statements."""
        if self._looked is None or not timedelta(0) <= now - self._looked < WAKE_EVERY:
            work.marks.mark_effective(now)
            work.conflicts.wake(now)
            self._looked = now

    def _reached(self, place: Failpoint, marks: list[Mark]) -> None:
        if marks:
            self._context.reached(place)

    def _batch(self, work: UnitOfWork, marks: list[Mark]) -> None:
        context = self._context
        batch = assemble(work, context.rules[marks[0].entity], marks, context.clock.now())
        if not batch.records:
            return
        plan = self._identifiers.identify(work, batch)
        resolved = merge(work, batch, plan, policy=context.policy, txn=context.ids())
        enqueue(work, batch, resolved)
        apply_replaced(work, resolved)

    def _set_aside(self, work: UnitOfWork, marks: list[Mark]) -> None:
        """Try the one root once more inside a savepoint, and keep its error with it."""
        try:
            with work.savepoint():
                self._batch(work, marks)
        except TransientError:
            raise
        except Exception as error:
            work.feed.set_aside_root(marks[0], type(error).__name__, str(error))
