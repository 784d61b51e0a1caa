"""T1, apply: decode → mirror → mark, one transaction for all chunks given.

Invariants, kept here: received = applied + duplicate + stale + quarantined + ignored for every
chunk; a mark commits with the mirror row that caused it; a valid envelope never ends in quarantine
because of its neighbours (what kills a transaction is bisected until it stands alone).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.errors import TerminalError, TransientError
from golden_records.domain.failpoints import Failpoint, carry_on
from golden_records.domain.feed import ApplyOutcome, Chunk, QuarantinedRecord
from golden_records.ports import BadRecord, FeedCount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from golden_records.domain.failpoints import Reached
    from golden_records.ports import Decoded, Decoder, MirrorOutcome, UnitOfWork
    from hub.services.drift import Drifts


class QuarantineFull(TerminalError):
    """Too many records are set aside; see `mdhub quarantine list`, then replay or skip them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLimit:
    """How much may be set aside before the feed stops: routing everything aside is an outage."""

    open_rows: int = 1000


class Apply:
    """The apply service: idempotent, so a chunk that comes again changes nothing."""

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        decoder: Decoder,
        limit: QuarantineLimit | None = None,
        reached: Reached = carry_on,
        drifts: Drifts | None = None,
    ) -> None:
        self._work = work
        self._decoder = decoder
        self._limit = limit or QuarantineLimit()
        self._reached = reached
        self._drifts = drifts

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        try:
            return self._apply(chunks)
        except (TransientError, QuarantineFull):
            raise
        except Exception as error:
            return self._isolate(chunks, error)

    def _apply(self, chunks: Sequence[Chunk], refused: Sequence[BadRecord] = ()) -> ApplyOutcome:
        decoded = [self._decoder.decode(chunk) for chunk in chunks]
        bad = [record for part in decoded for record in part.bad] + list(refused)
        with self._work() as work:
            work.hold_policy()
            outcome = work.mirror.apply(
                [change for part in decoded for change in part.changes], work.registry.marking()
            )
            if self._drifts is not None:
                self._drifts.watch(work, decoded)
            work.feed.set_aside(bad)
            work.feed.count(_counts(decoded, bad, outcome))
            if bad and work.feed.open_quarantine() > self._limit.open_rows:
                raise QuarantineFull
            self._reached(Failpoint.APPLY_BEFORE_COMMIT)
            work.commit()
        self._reached(Failpoint.APPLY_AFTER_COMMIT)
        return ApplyOutcome(hints=outcome.hints, quarantined=[_quarantined(b) for b in bad])

    def _isolate(self, chunks: Sequence[Chunk], error: Exception) -> ApplyOutcome:
        """Halve until the record that raises stands alone, and set that one aside."""
        if len(chunks) == 1 and len(chunks[0]) == 1:
            return self._apply([], [_refused(chunks[0], error)])
        outcomes = [self.apply(half) for half in _halves(chunks)]
        hints = sum((Counter(outcome.hints) for outcome in outcomes), Counter[int]())
        return ApplyOutcome(
            hints=hints, quarantined=[q for outcome in outcomes for q in outcome.quarantined]
        )


def _halves(chunks: Sequence[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
    if len(chunks) > 1:
        middle = len(chunks) // 2
        return list(chunks[:middle]), list(chunks[middle:])
    chunk = chunks[0]
    middle = len(chunk) // 2
    return (
        [Chunk(chunk.topic, chunk.partition, chunk.records[:middle])],
        [Chunk(chunk.topic, chunk.partition, chunk.records[middle:])],
    )


def _refused(chunk: Chunk, error: Exception) -> BadRecord:
    return BadRecord(
        topic=chunk.topic,
        partition=chunk.partition,
        record=chunk.records[0],
        error=type(error).__name__,
        message=str(error),
    )


def _quarantined(bad: BadRecord) -> QuarantinedRecord:
    return QuarantinedRecord(
        topic=bad.topic,
        partition=bad.partition,
        record=bad.record,
        error=bad.error,
        message=bad.message,
    )


def _counts(
    decoded: Sequence[Decoded], bad: Sequence[BadRecord], outcome: MirrorOutcome
) -> list[FeedCount]:
    """Return the rows of one transaction: applied changes, what was set aside, what was ignored."""
    rows = [
        FeedCount(
            system=system,
            table=table,
            received=counts.received,
            applied=counts.applied,
            duplicate=counts.duplicate,
            stale=counts.stale,
        )
        for (system, table), counts in outcome.counts.items()
    ]
    aside = Counter((record.system, record.table or record.topic) for record in bad)
    rows += [
        FeedCount(system=system, table=table, received=n, quarantined=n)
        for (system, table), n in aside.items()
    ]
    ignored = sum((Counter(part.ignored) for part in decoded), Counter[tuple[str, str]]())
    rows += [
        FeedCount(system=system, table=table, received=n, ignored=n)
        for (system, table), n in ignored.items()
    ]
    return rows
