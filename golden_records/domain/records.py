"""Source records, links, golden records and what a merge yields.

Attribute values are *canonical JSON values*: text, int, bool, None, lists and objects of these;
a decimal is its shortest plain text ("100", "12.5"), a date or timestamp its ISO text, in UTC.
Two values are the same exactly when their canonical forms are equal (`values.canonical`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID


class LinkState(StrEnum):
    """What the hub holds about a source record and a golden record."""

    MATCH = "MATCH"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    NO_MATCH = "NO_MATCH"
    REDIRECT = "REDIRECT"


class LinkOrigin(StrEnum):
    """Who made a link; the engine never changes a manual one."""

    AUTO = "AUTO"
    MANUAL = "MANUAL"
    IMPORTED = "IMPORTED"


class GoldenStatus(StrEnum):
    """ACTIVE; MERGED (redirects to another, for ever); RETIRED (no member is left)."""

    ACTIVE = "ACTIVE"
    MERGED = "MERGED"
    RETIRED = "RETIRED"


class ConflictKind(StrEnum):
    """Why a person may have to look."""

    VALUE_CONTEST = "value_contest"
    TRESPASS = "trespass"
    AMBIGUOUS_MATCH = "ambiguous_match"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    MANUAL_LINK_CONTRADICTED = "manual_link_contradicted"
    REFERENCE_MISSING = "reference_missing"
    REFERENCE_COLLISION = "reference_collision"
    UNIQUENESS_AT_TARGET = "uniqueness_at_target"
    UPDATE_OF_DELETED = "update_of_deleted"
    DELETE_OF_OWNED = "delete_of_owned"
    CONTRACT_VIOLATION = "contract_violation"
    OSCILLATION = "oscillation"
    SCHEMA_DRIFT = "schema_drift"
    RATE_MISSING = "rate_missing"
    RAISE_HELD = "raise_held"
    LIMIT_EXCEEDED = "limit_exceeded"
    APPROVAL = "approval"
    MASS_DELETE = "mass_delete"
    CREATION_HELD = "creation_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A record as one system says it, with when each attribute last changed there.

    `base` holds, per attribute, the last value that hub and system are known to have shared;
    an attribute absent from it was never shared. `references` are the source's own keys.
    """

    id: int
    entity: str
    system: str
    key: str
    root_key: str
    attrs: Mapping[str, object]
    changed_at: Mapping[str, datetime]
    base: Mapping[str, object] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A steward's value for one attribute; lifetimes are decided by `decisions.holds`."""

    attribute: str
    value: object
    mode: str
    actor: str
    set_at: datetime
    until: datetime | None = None
    base: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's word on one raise: the values of the group that were approved or refused."""

    id: int
    group: str
    values: Mapping[str, object]
    approved: bool
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loser:
    """A value that did not survive, and the step at which it lost."""

    system: str
    key: str
    value: object
    lost_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Why one value is what it is."""

    system: str
    key: str
    rule: str
    changed_at: datetime | None
    losers: tuple[Loser, ...] = ()
    rates: tuple[str, ...] = ()
    """Ids of the exchange rates by which amounts were compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A conflict found by the engine. `cause` is its identity: one open conflict per cause."""

    kind: ConflictKind
    cause: str
    attribute: str | None
    system: str | None
    key: str | None
    details: Mapping[str, object]
    outcome: str
    pending_until: datetime | None = None
    exposure: str | None = None
    """The money at stake, as the entity measures it, with its currency."""
    currency: str | None = None
    case_class: str | None = None
    due: timedelta | None = None
    """How long after it opens a decision is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a golden record holds in [begins, ends); an end that is None is open."""

    begins: datetime | None
    ends: datetime | None
    attrs: Mapping[str, object]
    lineage: Mapping[str, Lineage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge yields; a pure function of its arguments, independent of member order."""

    attrs: Mapping[str, object]
    lineage: Mapping[str, Lineage]
    conflicts: tuple[Conflict, ...]
    bases: Mapping[int, Mapping[str, object]]
    """New base per source record id, only for records whose base changed."""
    next_effective_at: datetime | None = None
    ended: tuple[Override, ...] = ()
    """Overrides that no longer hold; they must be stored as ended, or they would come back."""
    spent: tuple[Approval, ...] = ()
    """Decisions on raises that nobody proposes any more; stored as ended, for the same reason."""
    periods: tuple[Period, ...] = ()
    """Of a dated entity, what is in force when: in order, without overlaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRecord:
    """A golden record as stored."""

    id: UUID
    entity: str
    status: GoldenStatus
    version: int
    attrs: Mapping[str, object]
    lineage: Mapping[str, Lineage] = field(default_factory=dict)
    merged_into: UUID | None = None
    published: bool = False
    touched: bool = False
    identity: str | None = None
    """JSON list of the components, where identity is by reference."""
