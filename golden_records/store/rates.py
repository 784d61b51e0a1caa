"""Exchange rates: added and closed, never changed; `no_overlapping_rates` keeps them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg

from golden_records.domain.errors import TerminalError
from golden_records.domain.money import Rate, Rates
from golden_records.store.rows import dumps, fetch, run, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from golden_records.store.rows import Psycopg

VERSION: Final = "SELECT version FROM hub.rate_import ORDER BY id DESC LIMIT 1"

CURRENT: Final = """
SELECT rate_id AS id, source, target, rate, valid_from, valid_to
FROM hub.exchange_rate WHERE closed_in IS NULL
"""

CLOSE: Final = """
UPDATE hub.exchange_rate SET closed_in = %(number)s
WHERE rate_id = ANY(%(ids)s) AND closed_in IS NULL
"""

ADD: Final = """
INSERT INTO hub.exchange_rate (rate_id, source, target, rate, valid_from, valid_to, added_in)
SELECT id, source, target, rate, valid_from, valid_to, %(number)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id text, source text, target text, rate numeric,
     valid_from date, valid_to date)
"""

IMPORT: Final = """
INSERT INTO hub.rate_import (version, file, actor, added, closed, rates)
VALUES ('', %(file)s, %(actor)s, 0, 0, 0) RETURNING id
"""

# The version is the hash of what is in force, so the same content has the same version.
SEAL: Final = """
UPDATE hub.rate_import i
SET added = %(added)s, closed = %(closed)s, rates = r.rates, version = r.version
FROM (SELECT count(*) AS rates, left(encode(sha256(convert_to(coalesce(string_agg(
        concat_ws(',', rate_id, source, target, trim_scale(rate), valid_from, valid_to), ';'
        ORDER BY rate_id), ''), 'UTF8')), 'hex'), 16) AS version
      FROM hub.exchange_rate WHERE closed_in IS NULL) r
WHERE i.id = %(number)s RETURNING i.version
"""

OVERLAPS: Final = """
SELECT a.rate_id AS one, b.rate_id AS other
FROM jsonb_to_recordset(%(rows)s::jsonb) AS a(rate_id text, source text, target text,
     valid_from date, valid_to date)
JOIN (SELECT rate_id, source, target, valid_from, valid_to FROM hub.exchange_rate
      WHERE closed_in IS NULL AND NOT rate_id = ANY(%(closed)s)
      UNION ALL
      SELECT rate_id, source, target, valid_from, valid_to
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS n(rate_id text, source text, target text,
           valid_from date, valid_to date)) b
  ON (a.source, a.target) = (b.source, b.target) AND a.rate_id <> b.rate_id
 AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)
ORDER BY 1, 2 LIMIT 1
"""

LISTED: Final = """
SELECT rate_id AS id, source AS "from", target AS "to", rate, valid_from, valid_to,
       a.version AS added_in, a.imported_at AS added_at, c.version AS closed_in
FROM hub.exchange_rate r JOIN hub.rate_import a ON a.id = r.added_in
LEFT JOIN hub.rate_import c ON c.id = r.closed_in
WHERE (%(all)s OR r.closed_in IS NULL)
  AND (%(id)s::text IS NULL OR rate_id = %(id)s)
  AND (%(currency)s::text IS NULL OR %(currency)s IN (source, target))
  AND (%(on)s::date IS NULL OR daterange(valid_from, valid_to) @> %(on)s::date)
ORDER BY source, target, valid_from, r.id
"""


class RatesOverlap(TerminalError):
    """Two rates of one pair hold on the same day; give the earlier one a valid_to."""


class PostgresRates:
    """`golden_records.ports.ExchangeRates` on one connection."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def version(self) -> str:
        rows = tuples(self._connection, VERSION)
        return str(rows[0][0]) if rows else ""

    def current(self) -> Rates:
        version = self.version()
        return Rates((Rate(**row) for row in fetch(self._connection, CURRENT)), version)

    def lock(self) -> None:
        run(self._connection, "SELECT pg_advisory_xact_lock(hashtextextended('hub.rates', 0))")

    def replace(self, add: Sequence[Rate], close: Sequence[str], said: Mapping[str, str]) -> str:
        rows = dumps([_row(rate) for rate in add])
        self._refuse_overlaps([_row(rate) for rate in add], close)
        number = tuples(self._connection, IMPORT, said)[0][0]
        closed = run(self._connection, CLOSE, {"number": number, "ids": list(close)})
        try:
            run(self._connection, ADD, {"number": number, "rows": rows})
        except psycopg.errors.ExclusionViolation as error:
            raise RatesOverlap from error
        sealed = {"number": number, "added": len(add), "closed": closed}
        return str(tuples(self._connection, SEAL, sealed)[0][0])

    def listed(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]:
        """Return rates; `wanted` holds all (closed ones too), id, currency and on."""
        return fetch(self._connection, LISTED, wanted)

    def imports(self) -> list[dict[str, Any]]:
        sql = """SELECT version, file, actor, added, closed, rates, imported_at
                 FROM hub.rate_import ORDER BY id DESC"""
        return fetch(self._connection, sql)

    def _refuse_overlaps(self, rows: list[dict[str, object]], closed: Sequence[str]) -> None:
        named = dumps([{**row, "rate_id": row["id"]} for row in rows])
        found = fetch(self._connection, OVERLAPS, {"rows": named, "closed": list(closed)})
        if found:
            one, other = found[0]["one"], found[0]["other"]
            message = f"rates {one} and {other} of one pair hold on the same day"
            raise RatesOverlap(message, rates=[one, other])


def _row(rate: Rate) -> dict[str, object]:
    return {
        "id": rate.id,
        "source": rate.source,
        "target": rate.target,
        "rate": str(rate.rate),
        "valid_from": rate.valid_from,
        "valid_to": rate.valid_to,
    }
