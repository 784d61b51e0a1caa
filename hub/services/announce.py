"""Tell the outside of every change of identity: after the commit, in order, at least once.

One worker at a time delivers. Events are marked as sent by a transaction that commits after Kafka
has stored them; a crash between the two sends them again, with the same `txn` and `seq`, so whoever
reads tells a repetition by its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson

from golden_records.domain.failpoints import Failpoint, carry_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from golden_records.domain.clock import Clock
    from golden_records.domain.failpoints import Reached

BATCH = 200


class Events(Protocol):
    """The identity events that were recorded."""

    def lock(self) -> bool: ...

    def unsent(self, limit: int) -> list[dict[str, Any]]: ...

    def sent(self, txns: Sequence[UUID], now: datetime) -> None: ...


class EventWork(Protocol):
    """A transaction that reaches the events."""

    @property
    def events(self) -> Events: ...

    def commit(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Channel(Protocol):
    """Where events go, in the order in which they are given."""

    def deliver(self, messages: Sequence[tuple[bytes, bytes]]) -> None:
        """Store (key, value) in order; TransientError where that did not happen."""
        ...


class Announce:
    """The service that delivers identity events."""

    def __init__(
        self,
        work: Callable[[], EventWork],
        channel: Channel,
        clock: Clock,
        reached: Reached = carry_on,
    ) -> None:
        self._work = work
        self._channel = channel
        self._clock = clock
        self._reached = reached

    def tick(self) -> int:
        """Deliver what waits, oldest first; return how many. None while another worker does."""
        with self._work() as work:
            if not work.events.lock():
                return 0
            rows = work.events.unsent(BATCH)
            if rows:
                self._channel.deliver([(row["entity"].encode(), message(row)) for row in rows])
                self._reached(Failpoint.EVENTS_AFTER_SEND)
                work.events.sent([row["txn"] for row in rows], self._clock.now())
                work.commit()
        return len(rows)


def message(row: Mapping[str, Any]) -> bytes:
    """The event as it is sent."""
    body = {
        "type": "identity.changed",
        "txn": str(row["txn"]),
        "seq": row["seq"],
        "entity": row["entity"],
        "kind": row["kind"],
        "before": row["before"],
        "after": row["after"],
        "redirects": row["redirects"],
        "actor": row["actor"],
        "reason": row["reason"],
        "recorded_at": row["recorded_at"].isoformat(),
    }
    return orjson.dumps(body)
