"""The unit of work: one PostgreSQL transaction with every adapter on the same connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from golden_records.domain.errors import TransientError
from golden_records.domain.policy import PolicyChanged
from golden_records.store.bulk import PostgresBulk
from golden_records.store.conflicts import PostgresConflicts
from golden_records.store.crosswalk import PostgresSourceRecords
from golden_records.store.decisions import PostgresDecisions
from golden_records.store.drift import PostgresDrift
from golden_records.store.feedlog import PostgresFeedLog
from golden_records.store.goldens import PostgresGoldens
from golden_records.store.identity_events import PostgresIdentityEvents
from golden_records.store.identity_facts import PostgresIdentityFacts
from golden_records.store.leases import PostgresLeases
from golden_records.store.ledger import PostgresLedger
from golden_records.store.marks import PostgresMarks
from golden_records.store.matching import PostgresMatching
from golden_records.store.periods import PostgresFamilies, PostgresPeriods, PostgresRaises
from golden_records.store.policies import PostgresPolicies
from golden_records.store.publications import PostgresPublications
from golden_records.store.quarantine import PostgresQuarantine
from golden_records.store.queries import PostgresQueries
from golden_records.store.rates import PostgresRates
from golden_records.store.registry import PostgresRegistry
from golden_records.store.rows import tuples
from golden_records.store.withheld import PostgresWithheld

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from golden_records.ports import Mirror
    from golden_records.store.rows import Psycopg

TRANSIENT = (
    psycopg.OperationalError,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.UniqueViolation,
    psycopg.InterfaceError,
)
"""A unique violation means that another worker was first: the batch is read and tried again."""


SESSION = "-c TimeZone=UTC -c jit=off -c random_page_cost=1.1"
"""What is read is read by key: with the price of a spinning disc PostgreSQL would read tables whole
as soon as a batch asks for a few hundred rows of a small one."""


WROTE_NOTHING = "SELECT pg_current_xact_id_if_assigned() IS NULL"


class StoreUnavailable(TransientError):
    """PostgreSQL did not carry the transaction out; it is tried again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The policy that transactions follow; `held`: each begins by holding it."""

    version: str | None = None
    held: bool = False


class MirrorFactory(Protocol):
    """Make the mirror's port on a connection."""

    def __call__(self, connection: Psycopg, /) -> Mirror: ...


STATEMENTS = 500
"""So many statements of a session stay prepared; a worker has some two hundred."""
PLANS_LAST = 100
"""After so many transactions a session plans anew: a plan for a small table is none for a large."""


def make_engine(url: str, *, pool: int = 10) -> Engine:
    """Return the pool of connections; JSON is read by orjson, every session is in UTC.

    Who gives a connection back is the first to get it again, so few sessions do most of the work,
    with what they have prepared.
    """
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=True,
        pool_use_lifo=True,
        json_deserializer=orjson.loads,
        connect_args={"options": SESSION, "connect_timeout": 10},
    )
    event.listen(engine, "connect", _prepare_many)
    event.listen(engine, "checkout", _plan_anew)
    return engine


def _prepare_many(session: Psycopg, record: ConnectionPoolEntry) -> None:
    session.prepared_max = STATEMENTS
    record.info["transactions"] = 0


def _plan_anew(session: Psycopg, record: ConnectionPoolEntry, _proxy: object) -> None:
    record.info["transactions"] += 1
    if record.info["transactions"] % PLANS_LAST == 0:
        session.execute("DISCARD PLANS")
        session.commit()


class PostgresWork:
    """`golden_records.ports.UnitOfWork`; each `with` is a transaction of its own."""

    def __init__(
        self, engine: Engine, mirror: MirrorFactory, shards: int, policy: Followed
    ) -> None:
        self._engine = engine
        self._mirror = mirror
        self._shards = shards
        self._policy = policy

    def __enter__(self) -> Self:
        try:
            self._pooled = self._engine.raw_connection()
        except (DBAPIError, psycopg.OperationalError) as error:
            raise StoreUnavailable(str(getattr(error, "orig", error))) from error
        self._bind(self._pooled.driver_connection)  # type: ignore[arg-type]
        if self._policy.held:
            self._begin_holding()
        return self

    def _bind(self, connection: Psycopg) -> None:
        """Put every adapter on the one connection."""
        self.connection = connection
        self.mirror = self._mirror(connection)
        self.feed = PostgresFeedLog(connection)
        self.drift = PostgresDrift(connection)
        self.marks = PostgresMarks(connection, self._shards)
        self.sources = PostgresSourceRecords(connection)
        self.goldens = PostgresGoldens(connection)
        self.bulk = PostgresBulk(connection, self._shards)
        self.withheld = PostgresWithheld(connection)
        self.conflicts = PostgresConflicts(connection)
        self.rates = PostgresRates(connection)
        self.periods = PostgresPeriods(connection)
        self.raises = PostgresRaises(connection)
        self.families = PostgresFamilies(connection)
        self.publications = PostgresPublications(connection)
        self.ledger = PostgresLedger(connection)
        self.leases = PostgresLeases(connection)
        self.matching = PostgresMatching(connection)
        self.registry = PostgresRegistry(connection)
        self.queries = PostgresQueries(connection)
        self.quarantine = PostgresQuarantine(connection)
        self.decisions = PostgresDecisions(connection)
        self.identity = PostgresIdentityFacts(connection)
        self.events = PostgresIdentityEvents(connection)
        self.policies = PostgresPolicies(connection, self._shards)

    def _begin_holding(self) -> None:
        try:
            self.hold_policy()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not self.connection.closed:
                self._end(failed=error is not None)
        except psycopg.Error:
            self._pooled.invalidate()
        finally:
            self._pooled.close()
        if isinstance(error, TRANSIENT):
            raise StoreUnavailable(str(error)) from error

    def _end(self, *, failed: bool) -> None:
        """Roll back, but commit what only read: after a rollback nothing stays prepared."""
        reading = self.connection.info.transaction_status is TransactionStatus.INTRANS
        if reading and not failed and tuples(self.connection, WROTE_NOTHING)[0][0]:
            self.connection.commit()
        else:
            self.connection.rollback()

    def hold_policy(self) -> None:
        if self.policies.hold() != self._policy.version:
            raise PolicyChanged

    def savepoint(self) -> AbstractContextManager[object]:
        return self.connection.transaction()

    def commit(self) -> None:
        self.connection.commit()


def work_factory(
    engine: Engine, mirror: MirrorFactory, shards: int, policy: Followed | None = None
) -> Callable[[], PostgresWork]:
    """Return what the services call to begin a transaction."""
    followed = policy or Followed()
    return lambda: PostgresWork(engine, mirror, shards, followed)
