"""What came in: counts, appended and summed on read, and what was set aside, whole."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING

from golden_records.store.rows import dumps, run, run_rows, tuples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from golden_records.ports import BadRecord, FeedCount, Mark
    from golden_records.store.rows import Psycopg

COUNT = """
INSERT INTO hub.feed_count (system, table_name, received, applied, duplicate, stale, quarantined,
                            ignored)
SELECT "system", "table", received, applied, duplicate, stale, quarantined, ignored
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r("system" text, "table" text, received bigint,
     applied bigint, duplicate bigint, stale bigint, quarantined bigint, ignored bigint)
"""

SET_ASIDE = """
INSERT INTO hub.quarantine (kind, topic, partition, feed_offset, key, value, headers, timestamp_ms,
                            error, message, state)
SELECT 'record', topic, partition, feed_offset, decode(key, 'base64'), decode(value, 'base64'),
       headers, timestamp_ms, error, message, 'OPEN'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(topic text, partition integer, feed_offset bigint,
     key text, value text, headers jsonb, timestamp_ms bigint, error text, message text)
ON CONFLICT (topic, partition, feed_offset) WHERE state = 'OPEN' AND topic IS NOT NULL DO NOTHING
"""

SET_ASIDE_ROOT = """
INSERT INTO hub.quarantine (kind, mark, error, message, state)
VALUES ('root', %(mark)s::jsonb, %(error)s, %(message)s, 'OPEN')
"""


class PostgresFeedLog:
    """`golden_records.ports.FeedLog` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def count(self, counts: Iterable[FeedCount]) -> None:
        run_rows(self._connection, COUNT, (asdict(count) for count in counts))

    def set_aside(self, bad: Sequence[BadRecord]) -> None:
        run_rows(self._connection, SET_ASIDE, (_row(record) for record in bad))

    def set_aside_root(self, mark: Mark, error: str, message: str) -> None:
        body = {"entity": mark.entity, "system": mark.system, "root_key": mark.root_key}
        parameters = {"mark": dumps(body), "error": error, "message": message}
        run(self._connection, SET_ASIDE_ROOT, parameters)

    def open_quarantine(self) -> int:
        sql = "SELECT count(*) FROM hub.quarantine WHERE state = 'OPEN'"
        return int(tuples(self._connection, sql)[0][0])


def _row(bad: BadRecord) -> Mapping[str, object]:
    record = bad.record
    return {
        "topic": bad.topic,
        "partition": bad.partition,
        "feed_offset": record.offset,
        "key": _text(record.key),
        "value": _text(record.value),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "timestamp_ms": record.timestamp_ms,
        "error": bad.error,
        "message": bad.message.replace("\x00", "�"),
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()
