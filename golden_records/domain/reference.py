"""Identity by reference: a record is what it refers to, with its qualifiers.

A price is (SKU, price list, currency, quantity break, customer group), a credit limit (customer,
legal entity). References count as the golden records that they resolve to, so two systems that know
a SKU by different keys mean the same price, and a merge of two SKUs brings their prices together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden_records.domain.records import Conflict, ConflictKind

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.catalogue import Entity
    from golden_records.domain.records import SourceRecord


def identity_of(
    entity: Entity, attrs: Mapping[str, object], resolved: Mapping[str, UUID | None]
) -> tuple[str | None, ...] | None:
    """Return the identity as texts, in the order of the declared components.

    None while a required reference is missing or not resolved: the record waits. An optional
    reference that is there but not resolved makes it wait too, because it would later be another
    thing; one that the source leaves empty is a component of its own (the general price).
    `attrs` are canonical.
    """
    for reference in entity.references:
        said = attrs.get(reference.name) is not None
        if (said or reference.required) and resolved.get(reference.name) is None:
            return None
    references = {reference.name for reference in entity.references}
    return tuple(
        _spelt(resolved.get(name) if name in references else attrs.get(name))
        for name in entity.identity.components
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Live records of one system that claim one identity."""

    system: str
    identity: Hashable
    records: tuple[SourceRecord, ...]

    def conflict(self) -> Conflict:
        """A case for a person: which of them is it?"""
        first = self.records[0]
        keys = [record.key for record in self.records]
        return Conflict(
            kind=ConflictKind.REFERENCE_COLLISION,
            cause=f"{ConflictKind.REFERENCE_COLLISION.value}/{self.system}/{first.key}",
            attribute=None,
            system=self.system,
            key=first.key,
            details={"keys": keys, "identity": self.identity},
            outcome="steward",
        )


def collisions(
    claims: Sequence[tuple[SourceRecord, tuple[str | None, ...] | None]],
    effective: tuple[str, str] | None = None,
) -> tuple[Collision, ...]:
    """Find live records of one system with one identity, by system and key.

    Records of a dated entity (`effective` names its two dates) collide only where their periods
    [from, to) overlap: a price and its successor are one thing in two periods.
    """
    claimed: dict[tuple[str, tuple[str | None, ...]], list[SourceRecord]] = defaultdict(list)
    for record, identity in claims:
        if identity is not None and not record.deleted:
            claimed[record.system, identity].append(record)
    found = []
    for (system, identity), records in sorted(claimed.items(), key=lambda item: repr(item[0])):
        rivals = _rivals(sorted(records, key=lambda r: (r.key, r.id)), effective)
        if rivals:
            found.append(Collision(system=system, identity=identity, records=rivals))
    return tuple(found)


def _rivals(
    records: Sequence[SourceRecord], effective: tuple[str, str] | None
) -> tuple[SourceRecord, ...]:
    if effective is None:
        return tuple(records) if len(records) > 1 else ()
    return tuple(
        one
        for one in records
        if any(_overlap(one, other, effective) for other in records if other is not one)
    )


def _overlap(one: SourceRecord, other: SourceRecord, effective: tuple[str, str]) -> bool:
    """Compare ISO texts: canonical dates order as text; absent bounds are open."""
    begin, end = effective
    return _before(one.attrs.get(begin), other.attrs.get(end)) and _before(
        other.attrs.get(begin), one.attrs.get(end)
    )


def _before(begin: object, end: object) -> bool:
    if begin is None or end is None:
        return True
    return str(begin).removesuffix("Z") < str(end).removesuffix("Z")


def _spelt(value: object) -> str | None:
    return None if value is None else str(value)
