"""What the steps of one resolving transaction hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from golden_records.domain.catalogue import Entity, Lane, WritePlan
    from golden_records.domain.merge import Merger
    from golden_records.domain.records import Conflict, GoldenRecord
    from golden_records.ports import LinkWrite, Mark, RecordWrite, StoredRecord


class IdentityMoved(TransientError):
    """Somebody linked these records while they were scored; the batch starts again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One entity's rules, compiled once."""

    entity: Entity
    canonicalise: Callable[[Mapping[str, object]], dict[str, object]]
    merger: Merger
    identifying: frozenset[str]
    """Attributes and references whose change asks for identity again."""
    referred: bool
    """Whether another entity refers to this one."""
    lanes: tuple[tuple[Lane, WritePlan], ...]


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
    unlinked: list[int] = field(default_factory=list)
    created: dict[UUID, str | None] = field(default_factory=dict)
    """New golden ids, with the identity of those that have one by reference."""
    merged: dict[UUID, UUID] = field(default_factory=dict)
    """Loser → winner."""
    conflicts: list[tuple[int, Conflict]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    """Records whose open identity conflicts are over."""

    def moved(self) -> set[int]:
        """Records whose golden record is another one than before, or none."""
        return {link.record_id for link in self.links if link.state == "MATCH"} | set(self.unlinked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A golden record after the merge, with its members, for the way out."""

    golden: GoldenRecord
    members: tuple[StoredRecord, ...]
    cause_at: datetime | None
