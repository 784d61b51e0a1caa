"""The catalogue: systems, mirrored tables, entities, mappings, write plans and lanes.

These are the types that everything else reads; `config` builds them from files, whole and checked.
Names are unique within their kind; every reference by name was resolved when the catalogue loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from golden_records.domain.rulebook import DeleteGuard, Disputed, Existence, Trespass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from golden_records.domain.rulebook import CaseClass, ValidationRule


class Engine(StrEnum):
    """Database engines that Debezium reads and the hub writes."""

    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"


class ValueType(StrEnum):
    """How an attribute is canonicalised, compared, and typed in the analysts' views."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    JSON = "json"


class OwnerSilence(StrEnum):
    """What happens when the owner holds no value."""

    CLEAR = "clear"
    KEEP = "keep"
    FALLBACK = "fallback"


class Strategy(StrEnum):
    """How one of several values survives; applied in the declared order, then a total tie-break."""

    SOURCE_RANK = "source_rank"
    MOST_RECENT = "most_recent"
    MOST_COMPLETE = "most_complete"
    MOST_FREQUENT = "most_frequent"
    MIN = "min"
    MAX = "max"
    MOST_RESTRICTIVE = "most_restrictive"


class Phase(StrEnum):
    """Where a (system, entity) stands on its way into the hub."""

    LOADING = "LOADING"
    SHADOW = "SHADOW"
    LIVE = "LIVE"


SESSIONS_TAGGED = 4
"""Origins of one PostgreSQL target, and so the most sessions that write there with a mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A source and target database. `secret` names the setting that holds its URL."""

    name: str
    engine: Engine
    secret: str
    write_secret: str | None = None
    rank: int = 100
    schema: str = "public"
    partitions: int = 4
    origin: str | None = None
    delete_guard: DeleteGuard | None = field(default_factory=DeleteGuard)

    @property
    def tags(self) -> tuple[str, ...]:
        """The origins of the hub's own transactions, as the feed shows them.

        A replication origin of PostgreSQL is held by one session at a time, hence several.
        """
        if self.origin is None:
            return ()
        if self.engine is Engine.MARIADB:
            return (f"gtid_domain:{self.origin.removeprefix('gtid_domain:')}",)
        return tuple(f"{self.origin}_{number}" for number in range(1, SESSIONS_TAGGED + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorTable:
    """A source table of which the named columns are mirrored; `key` is its primary key."""

    system: str
    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    replica_identity_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an entity. `kind` is its matching type; `unit_of` names what it measures.

    `fold_case` compares without regard to case; the value itself keeps its letters.
    """

    name: str
    type: ValueType = ValueType.TEXT
    kind: str | None = None
    group: str | None = None
    unit_of: str | None = None
    fold_case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An attribute that holds the *source's own key* of a record of another entity.

    The golden value is the golden id that the key resolves to; it follows every merge and unmerge.
    `system` is set where the key belongs to another system than the record's own.
    """

    name: str
    entity: str
    required: bool = True
    system: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule:
    """The owner where `when` (CEL over the golden attributes) holds; without `when`, always."""

    system: str
    when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Amounts are compared in `currency`, at the rate of the day that the attribute `date` says.

    Without `date`, or where it is empty, the day is today in the entity's zone. Amounts that
    differ by no more than `absolute`, or `relative` of the greater claim, count as the same.
    """

    currency: str
    date: str | None = None
    absolute: Decimal = Decimal(0)
    relative: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raises:
    """A raise to more than `above` waits for a person; a cut never does."""

    above: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivorship:
    """How a group of attributes that survives together gets its value.

    A group takes all its attributes from one source record. `skew` is the tolerance within which
    most_recent does not decide. `grace` keeps a divergence of a non-owner pending until overdue.
    """

    group: str
    attributes: tuple[str, ...]
    owners: tuple[OwnerRule, ...] = ()
    silent: OwnerSilence = OwnerSilence.FALLBACK
    strategies: tuple[Strategy, ...] = (Strategy.SOURCE_RANK, Strategy.MOST_RECENT)
    ranks: tuple[str, ...] = ()
    trespass: Trespass = Trespass.WRITE_BACK
    disputed: Disputed = Disputed.OWNER
    skew: timedelta | None = None
    grace: timedelta | None = None
    compare: Comparison | None = None
    raises: Raises | None = None
    keep_invalid: bool = False
    """Whether a value that breaks a rule is taken where no valid one is there."""


class IdentityMode(StrEnum):
    """How records of an entity are recognised as the same thing."""

    MATCHING = "matching"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Identity rules of one entity.

    matching: `fields` maps attribute name to matching kind; `match` and `review` are probabilities.
    Two different values of an `exclusive` field veto a match; `region` is the ISO country that
    phone numbers without a country code belong to.
    reference: `components` are the references and qualifiers that together are the identity.
    """

    mode: IdentityMode
    fields: Mapping[str, str] = field(default_factory=dict)
    duplicate_free: frozenset[str] = frozenset()
    max_per_system: int | None = None
    match: float = 0.9
    review: float = 0.5
    auto_merge: bool = False
    components: tuple[str, ...] = ()
    exclusive: frozenset[str] = frozenset()
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """What children use (`of`, in `unit`) may not exceed what their parent holds in `limit`."""

    limit: str
    of: str
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Records stand under another of their entity, which the reference `parent` names.

    A child without a value in one of the groups of `inherit` has its parent's.
    """

    parent: str
    inherit: tuple[str, ...] = ()
    rollup: RollUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """From where on a second person must agree; what is not named needs nobody.

    `amounts` by attribute, for values that people give or choose; `merge` is the most members
    that one person may make of a merge, `unmerge` the most referring records that one may part.
    """

    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    merge: int | None = None
    unmerge: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """An entity: what golden records of it hold, how they are recognised and who may say what."""

    name: str
    attributes: tuple[Attribute, ...]
    references: tuple[Reference, ...]
    identity: Identity
    survivorship: tuple[Survivorship, ...]
    settle: timedelta
    settle_limit: timedelta
    exposure: str | None = None
    """The money at stake: an attribute, or CEL over the attributes that yields a number."""
    exposure_currency: str | None = None
    """Its currency: an attribute, or a code."""
    existence: Existence = field(default_factory=Existence)
    effective: tuple[str, str] | None = None
    """Names of the attributes that hold valid_from and valid_to, where records are dated."""
    time_zone: str = "UTC"
    """Where the dates of `effective` begin."""
    lead: timedelta | None = None
    """How long before it begins a coming period is written to targets."""
    hierarchy: Hierarchy | None = None
    validation: tuple[ValidationRule, ...] = ()
    approval: Approval = field(default_factory=Approval)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMapping:
    """One SQL SELECT from a system's mirrors to an entity.

    It yields `key` (the evaluation key, an uncast column of the root table), the entity's
    attributes and references, and the columns of `record` that complete a record's identity.
    """

    system: str
    entity: str
    sql: str
    record: tuple[str, ...] = ()
    every_root: frozenset[str] = frozenset()
    source_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep:
    """One statement of a write plan with named parameters (`:name`) and the rows it must hit."""

    sql: str
    rows_min: int = 0
    rows_max: int | None = None
    when: str | None = None
    """`create` or `update`: only when the target lacks or has the record; None = always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """How a group of attributes is written to a system, in one transaction at the target.

    `read` locks the rows and yields one row whose columns are attributes of the group in mapped
    form; no row = the target lacks the record. It serves the comparison and the read-back.
    Parameters: `key`, `hub_id`, `now`, every golden attribute, and `<reference>_key`, the target's
    own key of the referenced golden record.
    """

    system: str
    entity: str
    group: str
    attributes: tuple[str, ...]
    read: str
    steps: tuple[WriteStep, ...]
    never: frozenset[str] = frozenset()
    creates: bool = False
    cas: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """The greatest age of a difference at a target: at once, on a grid, or at cron instants."""

    mode: str
    every: timedelta | None = None
    cron: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneClass:
    """A frequency for records for which `when` holds; the first class that holds applies.

    CEL over `golden` (desired attributes), `current` (what the target holds) and `entity` facts.
    """

    name: str
    when: str | None
    frequency: Frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A way out: one attribute group of one entity to one target, at a frequency by class."""

    name: str
    entity: str
    group: str
    target: str
    classes: tuple[LaneClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything that was configured, checked whole; `version` is the hash of its files."""

    version: str
    name: str
    systems: Mapping[str, System]
    tables: tuple[MirrorTable, ...]
    entities: Mapping[str, Entity]
    mappings: tuple[EntityMapping, ...]
    plans: tuple[WritePlan, ...]
    lanes: tuple[Lane, ...]
    case_classes: tuple[CaseClass, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    """Matching models that the catalogue pins, by entity, as JSON text."""
    four_eyes: bool = False
    """Whether another person than who imported a policy must approve it."""

    def tables_of(self, system: str) -> tuple[MirrorTable, ...]:
        return tuple(t for t in self.tables if t.system == system)

    def plan(self, system: str, entity: str, group: str) -> WritePlan | None:
        return next(
            (p for p in self.plans if (p.system, p.entity, p.group) == (system, entity, group)),
            None,
        )
