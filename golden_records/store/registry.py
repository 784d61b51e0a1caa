"""Phases, switches, the active catalogue and the table contracts that were read at connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from golden_records.domain.catalogue import Phase
from golden_records.store.rows import dumps, fetch, run, tuples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.store.rows import Psycopg

SET_PHASE = """
INSERT INTO hub.phase (system, entity, phase) VALUES (%(system)s, %(entity)s, %(phase)s)
ON CONFLICT (system, entity) DO UPDATE SET phase = excluded.phase, changed_at = clock_timestamp()
"""

SWITCH = """
INSERT INTO hub.system_state (system, live) VALUES (%(system)s, %(live)s)
ON CONFLICT (system) DO UPDATE SET live = excluded.live, changed_at = clock_timestamp()
"""

RETIRE_MODEL = """
UPDATE hub.match_model SET active = false
WHERE entity = %(entity)s AND active AND version <> %(version)s
"""

ACTIVATE_MODEL = """
INSERT INTO hub.match_model (entity, version, body, active)
VALUES (%(entity)s, %(version)s, %(body)s::jsonb, true)
ON CONFLICT (entity, version) DO UPDATE SET active = true, trained_at = clock_timestamp()
"""

CONTRACT = """
INSERT INTO hub.contract (system, table_name, body)
VALUES (%(system)s, %(table)s, %(body)s::jsonb)
ON CONFLICT (system, table_name) DO UPDATE SET body = excluded.body
"""


class PostgresRegistry:
    """`golden_records.ports.Registry` on one connection, and what set-up needs besides."""

    def __init__(self, connection: Psycopg) -> None:
        self._connection = connection

    def marking(self) -> frozenset[tuple[str, str]]:
        sql = "SELECT system, entity, phase FROM hub.phase ORDER BY system, entity FOR SHARE"
        rows = tuples(self._connection, sql)
        return frozenset((system, entity) for system, entity, phase in rows if phase != "LOADING")

    def phases(self) -> dict[tuple[str, str], Phase]:
        rows = tuples(self._connection, "SELECT system, entity, phase FROM hub.phase")
        return {(system, entity): Phase(phase) for system, entity, phase in rows}

    def set_phase(self, system: str, entity: str, phase: Phase) -> None:
        parameters = {"system": system, "entity": entity, "phase": str(phase)}
        run(self._connection, SET_PHASE, parameters)

    def switch(self, system: str, *, live: bool) -> None:
        run(self._connection, SWITCH, {"system": system, "live": live})

    def live_systems(self) -> frozenset[str]:
        rows = tuples(self._connection, "SELECT system FROM hub.system_state WHERE live")
        return frozenset(row[0] for row in rows)

    def active(self) -> Mapping[str, str] | None:
        """Return the files of the active catalogue, or None before the first `mdhub connect`."""
        rows = tuples(self._connection, "SELECT files FROM hub.catalogue WHERE active")
        return rows[0][0] if rows else None

    def write_contract(self, system: str, table: str, body: Mapping[str, object]) -> None:
        parameters = {"system": system, "table": table, "body": dumps(body)}
        run(self._connection, CONTRACT, parameters)

    def model_version(self, entity: str) -> str | None:
        sql = "SELECT version FROM hub.match_model WHERE entity = %(entity)s AND active"
        rows = tuples(self._connection, sql, {"entity": entity})
        return rows[0][0] if rows else None

    def model(self, entity: str) -> str | None:
        sql = "SELECT body::text FROM hub.match_model WHERE entity = %(entity)s AND active"
        rows = tuples(self._connection, sql, {"entity": entity})
        return rows[0][0] if rows else None

    def activate_model(self, entity: str, version: str, body: str) -> None:
        parameters = {"entity": entity, "version": version, "body": body}
        run(self._connection, RETIRE_MODEL, parameters)
        run(self._connection, ACTIVATE_MODEL, parameters)

    def retire_model(self, entity: str) -> None:
        parameters = {"entity": entity, "version": ""}
        run(self._connection, RETIRE_MODEL, parameters)

    def contracts(self) -> list[dict[str, Any]]:
        sql = "SELECT system, table_name, body, epoch FROM hub.contract ORDER BY 1, 2"
        return fetch(self._connection, sql)
