"""Merge a golden record again from what is stored: for verification and simulation.

Shares the pure merge with the resolver, and nothing else of its path.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from golden_records.domain.catalogue import OwnerSilence
from golden_records.domain.records import GoldenRecord, GoldenStatus, Override, SourceRecord
from golden_records.domain.surroundings import Surroundings
from hub.services.resolving.merge import lineages_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.money import Rates
    from golden_records.domain.records import Approval, Merged
    from hub.services.resolving.batch import Rules

    Row = Mapping[str, Any]


JUST_BEFORE: Final = timedelta(microseconds=1)


class Beyond(Protocol):
    """What merges are told of beyond members, read in one snapshot."""

    def rates(self) -> Rates: ...

    def approvals(self, golden_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]: ...

    def parents(self, golden_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, object]]: ...


def surroundings(
    entity: Entity,
    golden_id: UUID,
    members: Sequence[SourceRecord],
    beyond: tuple[Beyond, Rates],
) -> Surroundings:
    """Return what the entity's rules ask for; most ask for nothing."""
    reads, rates = beyond
    guarded = any(group.raises for group in entity.survivorship)
    approvals = reads.approvals([golden_id]) if guarded else {}
    parents: Mapping[UUID, Mapping[str, object]] = {}
    if entity.hierarchy is not None and entity.hierarchy.inherit:
        named = {str(record.attrs.get(entity.hierarchy.parent)) for record in members}
        above = named - {str(golden_id), str(None)}
        parents = reads.parents(sorted(UUID(name) for name in above))
    return Surroundings(
        rates=rates,
        approvals=tuple(approvals.get(golden_id, ())),
        parents={str(name): attrs for name, attrs in parents.items()},
    )


def keeping(entities: Iterable[Entity]) -> list[str]:
    """Entities whose merge reads the lineage of before: a silent owner's `keep`, or a raise."""
    return [
        entity.name
        for entity in entities
        if any(p.silent is OwnerSilence.KEEP or p.raises for p in entity.survivorship)
    ]


def referring(entities: Iterable[Entity]) -> list[str]:
    return [entity.name for entity in entities if entity.references]


def merged(
    rules: Rules,
    row: Row,
    members: list[SourceRecord],
    now: datetime,
    beyond: tuple[Beyond, Rates],
) -> Merged:
    """Merge the members anew, with what people set.

    Where something begins or ends by `now` and nobody has looked yet, as of just before: the
    golden record stands as it then was.
    """
    golden = GoldenRecord(
        id=row["id"],
        entity=row["entity"],
        status=GoldenStatus(row["status"]),
        version=row["version"],
        attrs=row["attrs"],
        lineage=lineages_of(row["lineage"]) if row["lineage"] else {},
        identity=row["identity"],
    )
    overrides = [_override(item) for item in row["overrides"] or ()]
    around = surroundings(rules.entity, golden.id, members, beyond)
    at = row["next_effective_at"] - JUST_BEFORE if is_due(row, now) else now
    return rules.merger.merge(members, golden, overrides, at, around)


def is_due(row: Row, now: datetime) -> bool:
    """Whether time has changed what the golden record should be since it was merged."""
    due: datetime | None = row["next_effective_at"]
    return due is not None and due <= now


def members_of(row: Row, references: Iterable[str]) -> list[SourceRecord]:
    """Return the stored members, with golden ids where keys of other records stood."""
    return [member(row["entity"], item, references) for item in row["members"] or ()]


def member(entity: str, row: Row, references: Iterable[str]) -> SourceRecord:
    """Return a source record; a reference that is not resolved is null, as in the resolver."""
    attrs = row["attrs"]
    names = list(references)
    if names:
        found = row["references"] or {}
        attrs = {**attrs, **{name: found.get(name) for name in names}}
    times = row["changed_at"]
    spoken = {at: datetime.fromisoformat(at) for at in set(times.values())}
    return SourceRecord(
        id=row["id"],
        entity=entity,
        system=row["system"],
        key=row["key"],
        root_key=row["root_key"],
        attrs=attrs,
        changed_at={name: spoken[at] for name, at in times.items()},
        base=row["base"],
    )


def raw_of(text: str) -> dict[str, Any]:
    """Read what a mapping said, without loss."""
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def _override(row: Row) -> Override:
    return Override(
        attribute=row["attribute"],
        value=row["value"],
        mode=row["mode"],
        actor=row["actor"],
        set_at=datetime.fromisoformat(row["set_at"]),
        until=datetime.fromisoformat(row["until"]) if row["until"] else None,
        base=row["base"],
    )
