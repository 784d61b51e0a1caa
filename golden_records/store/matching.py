"""What matching reads and keeps beside links: decided pairs, models, key blocks, frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

import orjson
from psycopg.rows import tuple_row
from psycopg.types.json import set_json_loads

from golden_records.ports import DecidedPair, KnownModel, MatchedRecord
from golden_records.store.goldens import PAIR_DECISIONS
from golden_records.store.match_figures import PostgresMatchFigures
from golden_records.store.rows import fetch, tuples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

STREAMED: Final = 2000

RECORDS: Final = """
SELECT id, system, key, canonical, version FROM hub.source_record
WHERE entity = %(entity)s AND NOT deleted ORDER BY id
"""

# By the hash of the id: the same records in the same state are the same sample.
SAMPLE: Final = """
SELECT id, system, key, canonical, version FROM hub.source_record WHERE id IN (
  SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY system ORDER BY hashint8extended(id, 0), id) AS place
    FROM hub.source_record WHERE entity = %(entity)s AND NOT deleted) ranked
  WHERE place <= %(most)s
  UNION SELECT record_a FROM hub.pair_decision WHERE entity = %(entity)s AND closed_at IS NULL
  UNION SELECT record_b FROM hub.pair_decision WHERE entity = %(entity)s AND closed_at IS NULL)
  AND NOT deleted
ORDER BY id
"""

BY_ID: Final = """
SELECT id, system, key, canonical, version FROM hub.source_record WHERE id = ANY(%(ids)s)
"""

DECIDED: Final = """
SELECT record_a, record_b, verdict = 'SAME',
       coalesce('decision ' || decision_id, 'pair ' || id)
FROM hub.pair_decision WHERE entity = %(entity)s AND closed_at IS NULL ORDER BY id
"""

MODELS: Final = """
SELECT m.entity, m.version, m.active, m.trained_at, (m.body ->> 'records')::bigint AS records
FROM hub.match_model m
WHERE m.active OR NOT %(active)s
ORDER BY m.entity, m.trained_at, m.version
"""

POPULATION: Final = """
SELECT entity, count(*) FROM hub.source_record WHERE NOT deleted GROUP BY entity
"""

# By the record alone, which is of one entity: with the entity too, the planner may take the primary
# key and go through all of it once a record.
KEYS_OF: Final = """
SELECT record_id, array_agg(key) FROM hub.match_key
WHERE record_id = ANY(%(ids)s) GROUP BY record_id
"""

FIND: Final = """
SELECT id FROM hub.source_record
WHERE (entity, system, key) = (%(entity)s, %(system)s, %(key)s)
"""

LINKS: Final = """
SELECT record_id, golden_id, state, origin, probability::float AS probability, reasons,
       valid_from AS since
FROM hub.link WHERE record_id = ANY(%(ids)s) AND valid_to IS NULL ORDER BY record_id, id
"""

# Who said what of pairs that people decided about.
SAID: Final = """
SELECT d.record_a AS a, d.record_b AS b, d.verdict, d.actor, d.reason, d.decided_at,
       d.decision_id AS decision, one.system || ':' || one.key AS "left",
       other.system || ':' || other.key AS "right"
FROM unnest(%(ones)s::bigint[], %(others)s::bigint[]) AS pair(a, b)
JOIN hub.pair_decision d ON (d.record_a, d.record_b) = (pair.a, pair.b) AND d.closed_at IS NULL
JOIN hub.source_record one ON one.id = d.record_a
JOIN hub.source_record other ON other.id = d.record_b
ORDER BY d.id
"""

# Counting stops at one more than a key of its kind may have.
BLOCKS: Final = """
SELECT k.key, (SELECT count(*) FROM (
  SELECT FROM hub.match_key m WHERE m.key = k.key
  LIMIT (%(caps)s::int[])[1 + (k.key & 3)] + 1) held)
FROM unnest(%(codes)s::bigint[]) AS k(key)
"""


class PostgresMatching(PostgresMatchFigures):
    """`golden_records.ports.MatchFacts` on one connection."""

    # --- records ---

    def records(self, entity: str) -> Iterator[MatchedRecord]:
        """Stream the live records of an entity."""
        return self._stream(RECORDS, {"entity": entity})

    def sample(self, entity: str, most: int) -> Iterator[MatchedRecord]:
        """Stream up to so many live records a system, and those that people decided about."""
        return self._stream(SAMPLE, {"entity": entity, "most": most})

    def _stream(self, sql: LiteralString, parameters: dict[str, object]) -> Iterator[MatchedRecord]:
        with self._connection.cursor(name="matched", row_factory=tuple_row) as cursor:
            set_json_loads(orjson.loads, cursor)
            cursor.itersize = STREAMED
            cursor.execute(sql, parameters)
            for row in cursor:
                yield MatchedRecord(*row)

    def by_id(self, record_ids: Sequence[int]) -> list[MatchedRecord]:
        """Return records by their ids, also those that are deleted meanwhile."""
        rows = tuples(self._connection, BY_ID, {"ids": list(record_ids)}) if record_ids else []
        return [MatchedRecord(*row) for row in rows]

    def find(self, entity: str, system: str, key: str) -> int | None:
        """Return the id of a record, also of a deleted one."""
        rows = tuples(self._connection, FIND, {"entity": entity, "system": system, "key": key})
        return rows[0][0] if rows else None

    def links(self, record_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the live links of records in every state, with their reasons."""
        return fetch(self._connection, LINKS, {"ids": list(record_ids)})

    def population(self) -> dict[str, int]:
        """Return how many live records each entity has."""
        return dict(tuples(self._connection, POPULATION))

    # --- decisions ---

    def decided(self, entity: str) -> list[DecidedPair]:
        """Return the live decisions about pairs of records."""
        rows = tuples(self._connection, DECIDED, {"entity": entity})
        return [DecidedPair(*row) for row in rows]

    def said(self, record_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return who decided what about the records and all that is declared the same."""
        pairs = tuples(self._connection, PAIR_DECISIONS, {"ids": list(record_ids)})
        decided = sorted({(a, b) for a, b, _ in pairs})
        parameters = {"ones": [a for a, _ in decided], "others": [b for _, b in decided]}
        return fetch(self._connection, SAID, parameters)

    # --- models ---

    def models(self, *, active: bool) -> list[KnownModel]:
        """Return every model that was ever in force, the latest last, or those that are."""
        return [KnownModel(**row) for row in fetch(self._connection, MODELS, {"active": active})]

    # --- keys ---

    def keys_of(self, record_ids: Sequence[int]) -> dict[int, frozenset[int]]:
        """Return the codes of the stored keys of records that have any."""
        rows = tuples(self._connection, KEYS_OF, {"ids": list(record_ids)})
        return {record_id: frozenset(codes) for record_id, codes in rows}

    def blocks(self, codes: Collection[int], caps: tuple[int, int, int]) -> dict[int, int]:
        """Return how many records hold each key, counted to one more than its kind may have."""
        parameters = {"codes": list(codes), "caps": list(caps)}
        return dict(tuples(self._connection, BLOCKS, parameters))
