"""What identity transactions tell the outside, in the order in which they happened.

`seq` is drawn while the entity's identity lock is held, so events of one entity are numbered in the
order of their commits; one that follows from another entity's is drawn after that was committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from golden_records.store.rows import fetch, run, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from golden_records.store.rows import Psycopg

    Rows = list[dict[str, Any]]

LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('identity events', 3))"

COLUMNS: Final = """
SELECT txn, seq, entity, kind, actor, reason, before, after, redirects, recorded_at
FROM hub.identity_event
"""

UNSENT: Final = COLUMNS + " WHERE sent_at IS NULL ORDER BY seq LIMIT %(limit)s"

LATER: Final = (
    COLUMNS
    + """
WHERE entity = %(entity)s AND seq > %(seq)s
  AND (before ?| %(goldens)s::text[] OR after ?| %(goldens)s::text[]
       OR redirects ?| %(goldens)s::text[])
ORDER BY seq
"""
)

SENT: Final = """
UPDATE hub.identity_event SET sent_at = %(now)s WHERE txn = ANY(%(txns)s)
"""

WAITING: Final = """
SELECT count(*), min(recorded_at) FROM hub.identity_event WHERE sent_at IS NULL
"""


class PostgresIdentityEvents:
    """`hub.services.announce.Events` on one connection, and what undoing reads."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def lock(self) -> bool:
        """Hold the right to deliver until the transaction ends; False where another has it."""
        return bool(tuples(self._connection, LOCK)[0][0])

    def unsent(self, limit: int) -> Rows:
        return fetch(self._connection, UNSENT, {"limit": limit})

    def sent(self, txns: Sequence[UUID], now: datetime) -> None:
        run(self._connection, SENT, {"txns": list(txns), "now": now})

    def event(self, txn: UUID) -> dict[str, Any] | None:
        rows = fetch(self._connection, COLUMNS + " WHERE txn = %(txn)s", {"txn": txn})
        return rows[0] if rows else None

    def later(self, entity: str, seq: int, goldens: Sequence[str]) -> Rows:
        """Return the events after this one that touch any of the golden records."""
        parameters = {"entity": entity, "seq": seq, "goldens": list(goldens)}
        return fetch(self._connection, LATER, parameters)

    def waiting(self) -> tuple[int, datetime | None]:
        """Return how many events wait to be delivered, and since when the oldest does."""
        count, oldest = tuples(self._connection, WAITING)[0]
        return int(count), oldest
