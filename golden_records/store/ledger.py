"""The write ledger as the resolver reads and closes it; every write is in it before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from golden_records.domain.echo import LedgerEntry
from golden_records.store.rows import fetch, run, run_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.echo import Acknowledgement
    from golden_records.store.rows import Psycopg

OPEN = """
SELECT id, target_key, golden_version AS version, attrs, coalesce(sent_at, opened_at) AS sent_at,
       waiting, coalesce(overtaken, '[]') AS overtaken, tagged
FROM hub.write_ledger
WHERE target = %(target)s AND entity = %(entity)s AND target_key = ANY(%(keys)s)
  AND closed_at IS NULL
ORDER BY id
"""

LOCK = "SELECT FROM hub.write_ledger WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"

SETTLE = """
UPDATE hub.write_ledger w
SET waiting = r.waiting, overtaken = r.overtaken,
    state = CASE WHEN r.closed THEN r.state ELSE w.state END,
    closed_at = CASE WHEN r.closed THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(rows)s::jsonb)
     AS r(id bigint, waiting jsonb, overtaken jsonb, closed boolean, state text)
WHERE w.id = r.id AND w.closed_at IS NULL
"""


class PostgresLedger:
    """`golden_records.ports.Ledger` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def open_entries(
        self, target: str, entity: str, keys: Sequence[str]
    ) -> dict[str, list[LedgerEntry]]:
        parameters = {"target": target, "entity": entity, "keys": list(keys)}
        found: dict[str, list[LedgerEntry]] = {}
        for row in fetch(self._connection, OPEN, parameters) if keys else ():
            found.setdefault(row["target_key"], []).append(_entry(row))
        return found

    def settle(self, acknowledgements: Sequence[Acknowledgement], now: datetime) -> None:
        rows = [_row(entry, closed=True) for ack in acknowledgements for entry in ack.closed]
        rows += [_row(entry, closed=False) for ack in acknowledgements for entry in ack.touched]
        if rows:
            run(self._connection, LOCK, {"ids": [row["id"] for row in rows]})
        run_rows(self._connection, SETTLE, rows, now=now)


def _entry(row: Mapping[str, Any]) -> LedgerEntry:
    waiting = row["waiting"]
    return LedgerEntry(
        id=row["id"],
        version=row["version"],
        attrs=row["attrs"],
        sent_at=row["sent_at"],
        waiting=None if waiting is None else frozenset(waiting),
        overtaken=frozenset(row["overtaken"]),
        tagged=row["tagged"],
    )


def _row(entry: LedgerEntry, *, closed: bool) -> dict[str, object]:
    overtaken = entry.overtaken == frozenset(entry.attrs)
    return {
        "id": entry.id,
        "waiting": sorted(entry.open),
        "overtaken": sorted(entry.overtaken),
        "closed": closed,
        "state": "OVERTAKEN" if overtaken else "ECHOED",
    }
