"""The way out: wanted state, leases, ledger and targets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from golden_records.domain.echo import Acknowledgement, LedgerEntry
    from golden_records.domain.records import Conflict, ConflictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationWrite:
    """What a target should hold of one golden record and attribute group."""

    target: str
    entity: str
    golden_id: UUID
    target_key: str
    group: str
    lane: str
    lane_class: str
    golden_version: int
    desired: Mapping[str, object]
    seen: Mapping[str, object] | None
    parameters: Mapping[str, object]
    due_at: datetime
    cause_at: datetime | None


class Publications(Protocol):
    """The state queue to the targets, seen from the resolver."""

    def want(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        """Upsert by (target, entity, golden, key, group); never re-sends what is under way."""
        ...

    def hold(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        """Let what waits to be sent wait for a decision; what is under way is let go on."""
        ...

    def satisfied(self, rows: Sequence[PublicationWrite], now: datetime) -> None:
        """Close what the target is seen to hold as desired."""
        ...

    def withdraw_gone(
        self,
        golden_ids: Sequence[UUID],
        targets: Sequence[str],
        kept: Sequence[PublicationWrite],
        now: datetime,
    ) -> None:
        """Withdraw what these golden records had at targets and what is no longer kept.

        A creation whose row has come is answered by it.
        """
        ...

    def withdraw(self, golden_ids: Sequence[UUID]) -> None: ...


class Ledger(Protocol):
    """Our own writes that no echo has closed yet."""

    def open_entries(
        self, target: str, entity: str, keys: Sequence[str]
    ) -> dict[str, list[LedgerEntry]]: ...

    def settle(self, acknowledgements: Sequence[Acknowledgement], now: datetime) -> None:
        """Close what was echoed or overtaken, and keep what still waits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A publication in the hands of one worker until its lease ends or it is finished."""

    id: int
    ledger_id: int
    target: str
    entity: str
    golden_id: UUID
    target_key: str
    group: str
    lane: str
    lane_class: str
    golden_version: int
    desired: Mapping[str, object]
    seen: Mapping[str, object] | None
    parameters: Mapping[str, object]
    fence: int
    tagged: bool
    attempts: int
    cause_at: datetime | None
    last_values: Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """How long and how many; `tagged`: the target will mark the transactions as ours."""

    span: timedelta
    limit: int
    tagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attempt ended: the publication's next state and the ledger entry's."""

    lease: Lease
    state: str
    outcome: str
    ledger_state: str
    sent: bool
    closed: bool
    tried_at: datetime
    due_at: datetime | None = None
    message: str | None = None
    last_values: Sequence[object] = ()
    case: Conflict | None = None
    """The case that the attempt opens."""


class Leases(Protocol):
    """The state queue, worked off; several publishers may share it."""

    def lease(self, target: str, now: datetime, terms: LeaseTerms) -> list[Lease]:
        """Take due rows and write their ledger entries; commit before anything is sent."""
        ...

    def meant(self, lease: Lease) -> bool:
        """Whether what a lease asks for is still to be: a row to create may have come by itself."""
        ...

    def finish(self, attempts: Sequence[Attempt], now: datetime) -> None: ...

    def look_again(self, before: datetime, now: datetime) -> int:
        """Make rows due whose write found no echo since `before`."""
        ...

    def expire(self, before: datetime, now: datetime) -> int: ...


class WriteOutcome(StrEnum):
    """What a target did with a write."""

    WRITTEN = "written"
    ALREADY = "already"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The outcome, with what the target holds where it was read."""

    outcome: WriteOutcome
    observed: Mapping[str, object] | None = None
    message: str | None = None
    refused_as: ConflictKind | None = None
    """The kind of case that a refusal is, where it has one."""


class Target(Protocol):
    """A system that decided values are written to."""

    @property
    def tagged(self) -> bool:
        """Whether its transactions carry the hub's mark; a lease says so beforehand."""
        ...

    def write(self, lease: Lease, now: datetime) -> WriteResult:
        """Lock, compare, write and read back in one transaction at the target; never raises."""
        ...

    def write_together(self, leases: Sequence[Lease], now: datetime) -> list[WriteResult] | None:
        """Do the same for several in one transaction; one result each, in their order.

        None where one of them failed: then nothing is written, and each is to be tried alone.
        """
        ...
