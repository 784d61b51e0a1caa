"""A database as a target: lock, compare, write, read back, in one transaction.

The comparison is with what the hub last saw there, in canonical form: equal to what is wanted is
success without a write; different from what was seen means that the hub does not know the
target's present yet, so it waits for the feed and decides again.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)

from connectors.targets.tagging import Tagging
from golden_records.domain.catalogue import Engine as Database, ValueType
from golden_records.domain.failpoints import Failpoint, carry_on
from golden_records.domain.records import ConflictKind
from golden_records.domain.values import ValueRefused, canonicaliser
from golden_records.ports import WriteOutcome, WriteResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection

    from golden_records.domain.catalogue import Catalogue, Entity, System, WritePlan, WriteStep
    from golden_records.domain.failpoints import Reached
    from golden_records.ports import Lease

DIALECTS: Final = {Database.POSTGRESQL: "postgresql+psycopg", Database.MARIADB: "mysql+pymysql"}
SCHEMES: Final = ("postgresql://", "postgres://", "mysql://", "mariadb://")
TAGGED: Final = "tagged"
UNTAGGED: Final = "the session carries no mark of ours; written without one the next time"
TWICE_POSTGRESQL: Final = "23505"
TWICE_MARIADB: Final = 1062
RETRIED_MARIADB: Final = frozenset({1205, 1213, 2006, 2013, 2003, 1020})


class Unexpected(Exception):
    """A step hit another number of rows than its plan expects."""


class SqlTarget:
    """`golden_records.ports.Target` for one system by its write plans."""

    def __init__(
        self, system: System, catalogue: Catalogue, url: str, reached: Reached = carry_on
    ) -> None:
        self._tagging = Tagging(system)
        self._engine = target_engine(system, url, self._tagging)
        self._reached = reached
        self._database = system.engine
        self._plans = {(p.entity, p.group): p for p in catalogue.plans if p.system == system.name}
        self._entities = catalogue.entities
        self._canonical = {n: canonicaliser(e) for n, e in catalogue.entities.items()}

    @property
    def tagged(self) -> bool:
        return self._tagging.on

    def close(self) -> None:
        self._engine.dispose()

    def write(self, lease: Lease, now: datetime) -> WriteResult:
        """Write one publication; every error of the target ends as an outcome."""
        sent = False
        try:
            with self._engine.connect() as connection:
                if lease.tagged and not connection.info[TAGGED]:
                    return WriteResult(outcome=WriteOutcome.TRANSIENT, message=UNTAGGED)
                result = self._write(connection, lease, now)
                sent = True
                if result.outcome is WriteOutcome.WRITTEN:
                    self._commit(connection)
                return result
        except Unexpected as unexpected:
            return WriteResult(outcome=WriteOutcome.CONFLICT, message=str(unexpected))
        except ValueRefused as refused:
            return WriteResult(outcome=WriteOutcome.PERMANENT, message=str(refused))
        except SQLAlchemyError as error:
            return _failed(error, committing=sent)

    def write_together(self, leases: Sequence[Lease], now: datetime) -> list[WriteResult] | None:
        """Write several in one transaction; None, with nothing written, where one failed."""
        results: list[WriteResult] = []
        try:
            with self._engine.connect() as connection:
                if any(lease.tagged for lease in leases) and not connection.info[TAGGED]:
                    return None
                results = [self._write(connection, lease, now) for lease in leases]
                if any(result.outcome is WriteOutcome.WRITTEN for result in results):
                    self._commit(connection)
                return results
        except (Unexpected, ValueRefused):
            return None
        except SQLAlchemyError as error:
            if not results or not _transient(error):
                return None
            lost = _failed(error, committing=True)
            return [lost if one.outcome is WriteOutcome.WRITTEN else one for one in results]

    def _commit(self, connection: Connection) -> None:
        self._reached(Failpoint.TARGET_BEFORE_COMMIT)
        connection.commit()
        self._reached(Failpoint.TARGET_AFTER_COMMIT)

    def _write(self, connection: Connection, lease: Lease, now: datetime) -> WriteResult:
        plan = self._plans[lease.entity, lease.group]
        parameters = self._parameters(lease, now)
        held = self._read(connection, plan, lease, parameters)
        if held is None and (not plan.creates or _has_gone(plan, lease)):
            return WriteResult(
                outcome=WriteOutcome.CONFLICT,
                message=f"the target has no record {lease.target_key!r}; waiting for its feed",
                refused_as=ConflictKind.UPDATE_OF_DELETED,
            )
        if held == lease.desired:
            return WriteResult(outcome=WriteOutcome.ALREADY, observed=held)
        if plan.cas and held is not None and lease.seen is not None and held != lease.seen:
            return WriteResult(
                outcome=WriteOutcome.CONFLICT,
                observed=held,
                message="the target holds another value than was seen; waiting for its feed",
            )
        if plan.cas and held is not None and not lease.target_key:
            return WriteResult(
                outcome=WriteOutcome.CONFLICT,
                observed=held,
                message="the target has got the record by itself; waiting for its feed",
            )
        for step in plan.steps:
            if step.when in {None, "create" if held is None else "update"}:
                _run(connection, step, parameters)
        after = self._read(connection, plan, lease, parameters)
        return WriteResult(outcome=WriteOutcome.WRITTEN, observed=after)

    def _read(
        self,
        connection: Connection,
        plan: WritePlan,
        lease: Lease,
        parameters: Mapping[str, object],
    ) -> dict[str, object] | None:
        row = connection.execute(_text(plan.read), parameters).mappings().first()
        if row is None:
            return None
        found = self._canonical[lease.entity](dict(row))
        return {name: found.get(name) for name in lease.desired}

    def _parameters(self, lease: Lease, now: datetime) -> dict[str, object]:
        entity = self._entities[lease.entity]
        values = {**lease.parameters, **lease.desired}
        typed = _typed(entity, values, self._database)
        typed["key"] = lease.target_key or None
        typed["hub_id"] = str(lease.golden_id)
        typed["now"] = now if self._database is Database.POSTGRESQL else _naive(now)
        return typed


def _has_gone(plan: WritePlan, lease: Lease) -> bool:
    """Whether the target had the record under its own key and does not have it any more.

    It was deleted there and the feed has not told yet: creating it would bring it back. A plan that
    finds rows by what is written (a price by its first day) creates a row beside the others.
    """
    found_by_key = _BY_KEY.search(plan.read) is not None
    held = any(value is not None for value in (lease.seen or {}).values())
    return bool(lease.target_key) and found_by_key and held


_BY_KEY: Final = re.compile(r"(?<![:\\\w]):key\b")


def target_engine(system: System, url: str, tagging: Tagging) -> Engine:
    """Return a small pool to the target; each session carries the hub's mark where it can."""
    scheme = next((s for s in SCHEMES if url.startswith(s)), "")
    full = f"{DIALECTS[system.engine]}://{url.removeprefix(scheme)}"
    engine = create_engine(full, pool_size=4, max_overflow=4, pool_pre_ping=True)

    def prepare(session: Any, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's hook
        with session.cursor() as cursor:
            cursor.execute(_SESSION[system.engine])
        session.commit()
        record.info[TAGGED] = tagging.mark(session)

    event.listen(engine, "connect", prepare)
    return engine


_text: Final = cache(text)

_SESSION: Final = {
    Database.POSTGRESQL: (
        "SET lock_timeout = '5s'; SET statement_timeout = '30s'; SET TIME ZONE 'UTC'"
    ),
    # Every statement sees the present, as in PostgreSQL, not what was there when the first began.
    Database.MARIADB: (
        "SET SESSION innodb_lock_wait_timeout = 5, time_zone = '+00:00',"
        " transaction_isolation = 'READ-COMMITTED'"
    ),
}


def _run(connection: Connection, step: WriteStep, parameters: Mapping[str, object]) -> None:
    hit = connection.execute(_text(step.sql), parameters).rowcount
    if hit < step.rows_min or (step.rows_max is not None and hit > step.rows_max):
        wanted = f"{step.rows_min}..{'' if step.rows_max is None else step.rows_max}"
        message = f"a step hit {hit} rows where the plan expects {wanted}: {step.sql[:80]}"
        raise Unexpected(message)


def _typed(entity: Entity, values: Mapping[str, object], database: Database) -> dict[str, object]:
    types = {attribute.name: attribute.type for attribute in entity.attributes}
    return {
        name: None
        if value is None
        else _TYPED.get(types.get(name, ValueType.TEXT), _same)(value, database)
        for name, value in values.items()
    }


def _same(value: object, _database: Database) -> object:
    return value


def _decimal(value: object, _database: Database) -> object:
    return Decimal(str(value))


def _date(value: object, _database: Database) -> object:
    return date.fromisoformat(str(value))


def _timestamp(value: object, database: Database) -> object:
    moment = datetime.fromisoformat(str(value))
    return moment if database is Database.POSTGRESQL else _naive(moment)


def _json(value: object, _database: Database) -> object:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


_TYPED: Final[Mapping[ValueType, Callable[[object, Database], object]]] = {
    ValueType.DECIMAL: _decimal,
    ValueType.DATE: _date,
    ValueType.TIMESTAMP: _timestamp,
    ValueType.JSON: _json,
}


def _failed(error: SQLAlchemyError, *, committing: bool) -> WriteResult:
    """Class the error; one while committing leaves open whether the target took the write."""
    message = str(getattr(error, "orig", None) or error).splitlines()[0]
    if isinstance(error, IntegrityError | DataError):
        kind = ConflictKind.UNIQUENESS_AT_TARGET if _twice(error) else None
        return WriteResult(outcome=WriteOutcome.PERMANENT, message=message, refused_as=kind)
    if _transient(error):
        outcome = WriteOutcome.UNKNOWN if committing else WriteOutcome.TRANSIENT
        return WriteResult(outcome=outcome, message=message)
    return WriteResult(outcome=WriteOutcome.PERMANENT, message=message)


def _twice(error: DBAPIError) -> bool:
    """Tell whether the target has the key already: another golden record's, or its own record."""
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return getattr(error.orig, "sqlstate", None) == TWICE_POSTGRESQL or code == TWICE_MARIADB


def _transient(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return True
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code in RETRIED_MARIADB
