"""Figures about matching on the whole table, for reports: every statement reads it once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.ports import HotKey, KeyFigures
from golden_records.store.rows import tuples

if TYPE_CHECKING:
    from golden_records.store.rows import Psycopg

SIZES: Final = """
SELECT members, count(*) FROM (
  SELECT count(*) AS members FROM hub.link
  WHERE entity = %(entity)s AND state = 'MATCH' AND valid_to IS NULL GROUP BY golden_id) clusters
GROUP BY members ORDER BY members
"""

# Of each golden record two members that the engine put there; the same ones every time.
LINKED: Final = """
SELECT one, other FROM (
  SELECT golden_id, min(record_id) AS one, max(record_id) AS other FROM hub.link
  WHERE entity = %(entity)s AND state = 'MATCH' AND origin = 'AUTO' AND valid_to IS NULL
  GROUP BY golden_id HAVING count(*) > 1) pairs
ORDER BY hashint8extended(one, 0), one LIMIT %(most)s
"""

RECORDS: Final = """
SELECT id FROM hub.source_record WHERE entity = %(entity)s AND NOT deleted
ORDER BY hashint8extended(id, 0), id LIMIT %(most)s
"""

ASKED: Final = """
SELECT count(*) FROM hub.conflict
WHERE entity = %(entity)s AND closed_at IS NULL
  AND kind IN ('ambiguous_match', 'possible_duplicate', 'manual_link_contradicted')
"""

# How common a key may be is a matter of its kind, as where candidates are looked for.
KEYS: Final = """
WITH sized AS (
  SELECT k.key, count(*) AS records, min(k.record_id) AS holder
  FROM hub.match_key k JOIN hub.source_record s ON s.id = k.record_id
  WHERE s.entity = %(entity)s GROUP BY k.key
), hot AS (
  SELECT key, records, holder FROM sized WHERE records > (%(caps)s::int[])[1 + (key & 3)]
), held AS (
  SELECT s.id, s.system || ':' || s.key AS name, count(k.key) AS keys, count(h.key) AS hot
  FROM hub.source_record s
  LEFT JOIN hub.match_key k ON k.record_id = s.id
  LEFT JOIN hot h ON h.key = k.key
  WHERE s.entity = %(entity)s AND NOT s.deleted GROUP BY s.id
)
SELECT (SELECT count(*) FROM sized), (SELECT count(*) FROM hot),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(key, records, holder)
                                  ORDER BY records DESC, key), '[]')
        FROM (SELECT * FROM hot ORDER BY records DESC, key LIMIT 5) top),
       (SELECT count(*) FROM held WHERE keys = 0),
       (SELECT count(*) FROM held WHERE keys > 0 AND keys = hot),
       (SELECT coalesce(array_agg(name ORDER BY id), '{}')
        FROM (SELECT id, name FROM held WHERE keys = hot ORDER BY id LIMIT 5) few)
"""


class PostgresMatchFigures:
    """The figures' part of `golden_records.ports.MatchFacts`."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def sizes(self, entity: str) -> dict[int, int]:
        """Return how many golden records have so many members."""
        return dict(tuples(self._connection, SIZES, {"entity": entity}))

    def linked_pairs(self, entity: str, most: int) -> list[tuple[int, int]]:
        """Return pairs of records that the engine linked, at most one a golden record."""
        parameters = {"entity": entity, "most": most}
        return [(one, other) for one, other in tuples(self._connection, LINKED, parameters)]

    def some(self, entity: str, most: int) -> list[int]:
        """Return some live records, the same ones every time."""
        rows = tuples(self._connection, RECORDS, {"entity": entity, "most": most})
        return [row[0] for row in rows]

    def asked(self, entity: str) -> int:
        """Return how many open cases ask whether records are the same."""
        return int(tuples(self._connection, ASKED, {"entity": entity})[0][0])

    def key_figures(self, entity: str, caps: tuple[int, int, int]) -> KeyFigures:
        """Count keys, those that too many records hold, and records that no key can bring along."""
        parameters = {"entity": entity, "caps": list(caps)}
        ((keys, hot, hottest, *lonely),) = tuples(self._connection, KEYS, parameters)
        return KeyFigures(keys, hot, [HotKey(*each) for each in hottest], *lonely)
