"""The unit of work: one PostgreSQL transaction with every adapter on the same connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import orjson
import psycopg
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from golden_records.domain.errors import TransientError
from golden_records.domain.policy import PolicyChanged
from golden_records.store.bulk import PostgresBulk
from golden_records.store.conflicts import PostgresConflicts
from golden_records.store.crosswalk import PostgresSourceRecords
from golden_records.store.decisions import PostgresDecisions
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
from golden_records.store.withheld import PostgresWithheld

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Engine

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


def make_engine(url: str, *, pool: int = 10) -> Engine:
    """Return the pool of connections; JSON is read by orjson, every session is in UTC."""
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=True,
        json_deserializer=orjson.loads,
        connect_args={"options": SESSION, "connect_timeout": 10},
    )


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
                self.connection.rollback()
        except psycopg.Error:
            self._pooled.invalidate()
        finally:
            self._pooled.close()
        if isinstance(error, TRANSIENT):
            raise StoreUnavailable(str(error)) from error

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
