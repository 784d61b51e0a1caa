"""Merge a golden record again from what is stored: for verification and simulation.

Shares the pure merge with the resolver, and nothing else of its path.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from golden_records.domain.catalogue import OwnerSilence
from golden_records.domain.records import GoldenRecord, GoldenStatus, Override, SourceRecord
from hub.services.resolving.merge import lineages_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.records import Merged
    from hub.services.resolving.batch import Rules

    Row = Mapping[str, Any]


def keeping(entities: Iterable[Entity]) -> list[str]:
    """Entities whose merge reads the lineage of before: a silent owner's `keep`."""
    return [
        entity.name
        for entity in entities
        if any(policy.silent is OwnerSilence.KEEP for policy in entity.survivorship)
    ]


def referring(entities: Iterable[Entity]) -> list[str]:
    return [entity.name for entity in entities if entity.references]


def merged(rules: Rules, row: Row, members: list[SourceRecord], now: datetime) -> Merged:
    """Merge the members anew, with what people set."""
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
    return rules.merger.merge(members, golden, overrides, now)


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
