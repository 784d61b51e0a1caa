"""T3, publish: lease what is due, write it, and leave the rest to the echo.

Order of durable steps, each its own transaction: ledger entry and lease; the target's write; the
entry's end. A crash between any two is healed by the next: an unfinished lease runs out, the
target is read before it is written again, and the echo closes the entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from golden_records.domain.brake import remember
from golden_records.domain.errors import TransientError
from golden_records.domain.failpoints import Failpoint, carry_on
from golden_records.domain.publication import backoff
from golden_records.ports import Attempt, LeaseTerms, WriteOutcome, WriteResult
from hub.services.target_cases import FROZEN, ended, oscillating, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.casework import Stakes
    from golden_records.domain.clock import Clock
    from golden_records.domain.failpoints import Reached
    from golden_records.ports import Lease, Target, UnitOfWork

FINISH_TRIES = 8
CONFLICT_TRIES = 12
"""So often the feed had time to show what is different; then a person looks. A later change at the
target makes it due again by itself."""
LEASE_USED = 0.7
TOGETHER = 25
"""So many writes share a transaction at the target, which holds their rows locked meanwhile."""
CAME = WriteResult(
    outcome=WriteOutcome.CONFLICT, message="the target has the record by now, or must not get it"
)
LEASE_ENDS = WriteResult(outcome=WriteOutcome.TRANSIENT, message="the lease ran out; due again")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """Spans of the publisher; `patience` is how long an echo may take before a second look."""

    lease: timedelta = timedelta(seconds=30)
    patience: timedelta = timedelta(seconds=60)
    forget: timedelta = timedelta(hours=24)
    batch: int = 100
    reached: Reached = carry_on
    stakes: Mapping[str, Stakes] = field(default_factory=dict)
    """What cases are worth, by entity."""


class Publish:
    """The publishing service; several may run, each row is in one's hands at a time."""

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        targets: Mapping[str, Target],
        clock: Clock,
        jitter: Callable[[], float],
        settings: PublishSettings | None = None,
    ) -> None:
        self._work = work
        self._targets = targets
        self._clock = clock
        self._jitter = jitter
        self._settings = settings or PublishSettings()

    @property
    def targets(self) -> list[str]:
        return sorted(self._targets)

    def tick(self, target: str) -> int:
        """Write what is due at a target, if it is switched on; return how many were tried."""
        with self._work() as work:
            live = target in work.registry.live_systems()
        return self._drain(target) if live else 0

    def look_again(self) -> None:
        """Make writes due again that no echo confirmed, and forget those that none ever will."""
        now = self._clock.now()
        with self._work() as work:
            work.leases.look_again(now - self._settings.patience, now)
            work.leases.expire(now - self._settings.forget, now)
            work.commit()

    def _drain(self, target: str) -> int:
        now = self._clock.now()
        with self._work() as work:
            work.hold_policy()
            terms = LeaseTerms(
                span=self._settings.lease,
                limit=self._settings.batch,
                tagged=self._targets[target].tagged,
            )
            leases = work.leases.lease(target, now, terms)
            work.commit()
        attempts = self._attempt_all(target, leases, now + self._settings.lease * LEASE_USED)
        if attempts:
            self._finish(attempts)
            self._settings.reached(Failpoint.LEDGER_AFTER_CLOSE)
        return len(leases)

    def _finish(self, attempts: Sequence[Attempt]) -> None:
        """Close the entries; what was written must not be forgotten because of a deadlock."""
        for tried in range(1, FINISH_TRIES + 1):
            try:
                with self._work() as work:
                    work.leases.finish(attempts, self._clock.now())
                    self._cases(work, attempts)
                    self._settings.reached(Failpoint.LEDGER_BEFORE_CLOSE)
                    work.commit()
            except TransientError:
                if tried == FINISH_TRIES:
                    raise
                self._clock.sleep(backoff(tried, self._jitter()).total_seconds())
            else:
                return

    def _cases(self, work: UnitOfWork, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            if attempt.case is not None:
                lease, stakes = attempt.lease, self._settings.stakes.get(attempt.lease.entity)
                case = stakes.put(attempt.case, lease.parameters) if stakes else attempt.case
                work.conflicts.open_for(lease.entity, [(lease.golden_id, case)])
        for entity, causes in ended(attempts).items():
            work.conflicts.close_causes(entity, causes, "the target took it")

    def _attempt_all(self, target: str, leases: Sequence[Lease], until: datetime) -> list[Attempt]:
        """Try in order; the rest is put back untried when the target is out of reach or slow."""
        results = self._tried(self._targets[target], leases, until)
        return [self._attempt(lease, result) for lease, result in zip(leases, results, strict=True)]

    def _tried(
        self, target: Target, leases: Sequence[Lease], until: datetime
    ) -> Iterator[WriteResult]:
        """Write some in one transaction, whose commit costs more than all else, or each alone."""
        down: WriteResult | None = None
        for group in _groups(leases):
            if down is None and (together := self._together(target, group, until)):
                yield from together
                continue
            for lease in group:
                if down is None and self._clock.now() > until:
                    down = LEASE_ENDS
                result = down or self._write(target, lease)
                if result.outcome is WriteOutcome.TRANSIENT:
                    down = result
                yield result

    def _together(
        self, target: Target, leases: Sequence[Lease], until: datetime
    ) -> list[WriteResult] | None:
        now = self._clock.now()
        return target.write_together(leases, now) if len(leases) > 1 and now <= until else None

    def _write(self, target: Target, lease: Lease) -> WriteResult:
        """Look once more before a row is created: the target may have got it since the lease."""
        if not lease.target_key:
            with self._work() as work:
                if not work.leases.meant(lease):
                    return CAME
        return target.write(lease, self._clock.now())

    def _attempt(self, lease: Lease, result: WriteResult) -> Attempt:
        now = self._clock.now()
        values = remember(lease.last_values, lease.seen, lease.desired, now)
        state, ledger_state, sent, closed = _ENDS[result.outcome]
        if result.outcome is WriteOutcome.CONFLICT and lease.attempts >= CONFLICT_TRIES:
            state, ledger_state, sent, closed = _ENDS[WriteOutcome.PERMANENT]
        case = refused(lease, result) if state == "REJECTED" else None
        if result.outcome is WriteOutcome.WRITTEN:
            case = oscillating(lease, values, now)
            state = FROZEN if case else state
        return Attempt(
            lease=lease,
            state=state,
            outcome=str(result.outcome),
            ledger_state=ledger_state,
            sent=sent,
            closed=closed,
            tried_at=now,
            due_at=self._retry_at(lease, now) if state == "PENDING" else None,
            message=result.message,
            last_values=values if sent else list(lease.last_values),
            case=case,
        )

    def _retry_at(self, lease: Lease, now: datetime) -> datetime:
        return now + backoff(lease.attempts, self._jitter())


def _groups(leases: Sequence[Lease]) -> Iterator[list[Lease]]:
    """Cut into groups that may share a transaction, in order; what creates a row stands alone."""
    group: list[Lease] = []
    for lease in leases:
        if group and not (lease.target_key and group[-1].target_key and len(group) < TOGETHER):
            yield group
            group = []
        group.append(lease)
    if group:
        yield group


_ENDS: Mapping[WriteOutcome, tuple[str, str, bool, bool]] = {
    WriteOutcome.WRITTEN: ("SENT", "SENT", True, False),
    WriteOutcome.ALREADY: ("ECHOED", "ALREADY", False, True),
    WriteOutcome.CONFLICT: ("PENDING", "CONFLICT", False, True),
    WriteOutcome.TRANSIENT: ("PENDING", "FAILED", False, True),
    WriteOutcome.PERMANENT: ("REJECTED", "REJECTED", False, True),
    WriteOutcome.UNKNOWN: ("PENDING", "UNKNOWN", False, False),
}
