"""What the steps of one resolving transaction hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.errors import TransientError
from golden_records.domain.raises import HELD
from hub.services.resolving.surround import KnownRates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.casework import Stakes
    from golden_records.domain.catalogue import Entity, Lane, WritePlan
    from golden_records.domain.merge import Merger
    from golden_records.domain.records import Conflict, GoldenRecord, Lineage, SourceRecord
    from golden_records.domain.rulebook import DeleteGuard
    from golden_records.domain.validation import Validator
    from golden_records.ports import LinkWrite, Mark, RecordWrite, StoredRecord


class IdentityMoved(TransientError):
    """Somebody linked these records while they were scored; the batch starts again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One entity's rules, compiled once."""

    entity: Entity
    canonicalise: Callable[[Mapping[str, object]], dict[str, object]]
    merger: Merger
    validator: Validator
    """What values must keep to, also those that people give."""
    identifying: frozenset[str]
    """Attributes and references whose change asks for identity again."""
    referred: bool
    """Whether another entity refers to this one."""
    lanes: tuple[tuple[Lane, WritePlan], ...]
    rates: KnownRates = field(default_factory=KnownRates)
    stakes: Stakes
    """What cases of the entity are worth."""
    guards: Mapping[str, DeleteGuard | None] = field(default_factory=dict)
    """By system, how many records it may delete at a time."""


@dataclass(slots=True, kw_only=True)
class ChangedRecord:
    """A source record of the batch: as it is now, and what was stored before."""

    id: int
    system: str
    key: str
    root_key: str
    attrs: Mapping[str, object]
    deleted: bool
    previous: StoredRecord | None
    identity: bool
    """Whether links have to be looked at again."""
    cause_at: datetime | None = None
    """When the newest change that led here was committed at its source."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """The records of one batch, all of one entity."""

    rules: Rules
    now: datetime
    marks: list[Mark]
    records: dict[int, ChangedRecord] = field(default_factory=dict)
    updates: list[RecordWrite] = field(default_factory=list)
    """Stored records to update once the golden rows are locked."""
    changed: set[int] = field(default_factory=set)
    """Records that say something else than before; the others are only looked at again."""

    def cause(self) -> str:
        """The most urgent reason why the batch was taken."""
        return self.marks[0].cause if self.marks else "none"

    @property
    def entity(self) -> str:
        return self.rules.entity.name


@dataclass(slots=True, kw_only=True)
class IdentityPlan:
    """What identity work asks for; nothing is written before the golden rows are locked."""

    links: list[LinkWrite] = field(default_factory=list)
    closed: list[tuple[int, UUID]] = field(default_factory=list)
    """Live links that end, by (record, golden record)."""
    moved: dict[int, tuple[str, str]] = field(default_factory=dict)
    """(system, key) of the records whose golden record is another one than before, or none."""
    created: dict[UUID, str | None] = field(default_factory=dict)
    """New golden ids, with the identity of those that have one by reference."""
    merged: dict[UUID, UUID] = field(default_factory=dict)
    """Loser → winner."""
    seen: dict[UUID, tuple[bool, bool]] = field(default_factory=dict)
    """Stored golden records that win or lose members: published and touched, as the plan saw."""
    before: dict[UUID, list[int]] = field(default_factory=dict)
    after: dict[UUID, list[int]] = field(default_factory=dict)
    """Members of golden records that win or lose some, as stored and as planned."""
    restored: set[UUID] = field(default_factory=set)
    """Golden records that were merged or retired and are themselves again."""
    actor: str = "engine"
    reason: str | None = None

    def regrouped(self) -> set[UUID]:
        """Golden records that win or lose members, or come or go."""
        ends = self.merged.keys() | set(self.merged.values())
        return set(self.before) | set(self.after) | set(self.created) | ends | self.restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A golden record after the merge, with its members, for the way out."""

    golden: GoldenRecord
    members: tuple[StoredRecord, ...]
    cause_at: datetime | None
    conflicts: tuple[Conflict, ...] = ()
    """What the merge found to be contested."""
    outgoing: Mapping[str, object] | None = None
    """What targets are told already, where it is not what is in force: a coming period."""
    lineage: Mapping[str, Lineage] = field(default_factory=dict)

    @property
    def attrs(self) -> Mapping[str, object]:
        """What targets should hold."""
        return self.golden.attrs if self.outgoing is None else self.outgoing

    def waits_for(self, record: SourceRecord, names: Iterable[str]) -> bool:
        """Tell whether the record proposes a raise that waits: it is not overwritten meanwhile."""
        said = [self.lineage.get(name) for name in names]
        held = [proof for proof in said if proof is not None and proof.rule == HELD]
        return any(
            (loser.system, loser.key) == (record.system, record.key)
            for proof in held
            for loser in proof.losers
        )
