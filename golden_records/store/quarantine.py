"""What was set aside, as operators read and close it; rows are closed, never removed."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.store.rows import fetch, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.store.rows import Psycopg

ROWS: Final = """
SELECT id, kind, topic, partition, feed_offset AS "offset", mark, error, message, state,
       set_aside_at, closed_at
FROM hub.quarantine
WHERE state = ANY(%(states)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(error)s::text IS NULL OR error = %(error)s)
ORDER BY id LIMIT %(limit)s
"""

ONE: Final = """
SELECT id, kind, topic, partition, feed_offset AS "offset", mark, error, message, state,
       set_aside_at, closed_at, key, value, headers, timestamp_ms
FROM hub.quarantine WHERE id = %(id)s
"""

CLOSE: Final = """
UPDATE hub.quarantine
SET state = %(state)s, closed_at = clock_timestamp(), message = message || %(note)s
WHERE id = %(id)s AND state = 'OPEN'
"""

FAILED: Final = """
UPDATE hub.quarantine SET error = %(error)s, message = %(message)s
WHERE id = %(id)s AND state = 'OPEN'
"""


class PostgresQuarantine:
    """`hub.services.quarantine.Aside` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def rows(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """`wanted` holds states, kind, error and limit; the bytes are left out."""
        return fetch(self._connection, ROWS, wanted)

    def row(self, row_id: int) -> dict[str, Any] | None:
        """Return one row, its bytes included."""
        rows = fetch(self._connection, ONE, {"id": row_id})
        return rows[0] if rows else None

    def chunk(self, row_id: int) -> Chunk | None:
        """Return the record of a row as it lay in Kafka; None where it is no record."""
        row = self.row(row_id)
        if row is None or row["kind"] != "record":
            return None
        headers = [(name, _bytes(value)) for name, value in row["headers"] or ()]
        record = FeedRecord(
            row["key"], row["value"], headers, row["timestamp_ms"] or 0, row["offset"]
        )
        return Chunk(row["topic"], row["partition"], [record])

    def close(self, row_id: int, state: str, note: str = "") -> bool:
        """Close an open row; False where somebody else closed it before."""
        parameters = {"id": row_id, "state": state, "note": note}
        return run(self._connection, CLOSE, parameters) == 1

    def failed_again(self, row_id: int, error: str, message: str) -> None:
        parameters = {"id": row_id, "error": error, "message": message.replace("\x00", "�")}
        run(self._connection, FAILED, parameters)


def _bytes(text: str | None) -> bytes:
    """Read a header's value; a null one is kept as empty, for nothing reads the difference."""
    return b64decode(text) if text else b""
