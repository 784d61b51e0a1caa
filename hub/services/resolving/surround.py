"""What a merge is told of beyond members, and what follows from it beyond golden values.

Rates are read once a version. A parent's values are read without its lock: whoever changes them
marks the children in the same transaction, so a child that read too early is merged again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from golden_records.domain.money import NO_RATES
from golden_records.domain.records import Conflict, ConflictKind
from golden_records.domain.surroundings import ALONE, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden_records.domain.catalogue import Entity, Hierarchy, RollUp
    from golden_records.domain.money import Rates
    from golden_records.domain.records import GoldenRecord
    from golden_records.ports import StoredRecord, UnitOfWork

    Found = Mapping[UUID, Surroundings]

FAMILY = "family"
FAMILY_PRIORITY = 1
BEYOND = "those below may owe more than the limit"
SEVERAL = "amounts of several units are not added up; give them the limit's, or compare the totals"
CIRCLE = "it stands below itself, so nothing can be added up; correct a parent at its source"


@dataclass(slots=True)
class KnownRates:
    """The rates in force; they are read again only when their version changed."""

    rates: Rates = field(default_factory=lambda: NO_RATES)

    def current(self, work: UnitOfWork) -> Rates:
        found = self.rates
        if work.rates.version() != found.version:
            found = self.rates = work.rates.current()
        return found


def around(
    work: UnitOfWork,
    entity: Entity,
    members: Mapping[UUID, Sequence[StoredRecord]],
    known: KnownRates,
) -> Found:
    """Return the surroundings of each golden record; an entity that needs none costs nothing."""
    groups = entity.survivorship
    priced = any(group.compare or group.raises for group in groups)
    guarded = any(group.raises for group in groups)
    family = entity.hierarchy is not None and bool(entity.hierarchy.inherit)
    if not priced and not family:
        return defaultdict(lambda: ALONE)
    rates = known.current(work) if priced else NO_RATES
    approvals = work.raises.in_force(sorted(members)) if guarded else {}
    parents = _parents(work, entity.hierarchy, members) if family and entity.hierarchy else {}
    return {
        golden_id: Surroundings(
            rates=rates,
            approvals=tuple(approvals.get(golden_id, ())),
            parents={name: attrs for name, attrs in parents.items() if name != str(golden_id)},
        )
        for golden_id in members
    }


def _parents(
    work: UnitOfWork, hierarchy: Hierarchy, members: Mapping[UUID, Sequence[StoredRecord]]
) -> dict[str, Mapping[str, object]]:
    named = {
        str(stored.record.attrs[hierarchy.parent])
        for group in members.values()
        for stored in group
        if stored.record.attrs.get(hierarchy.parent) is not None
    }
    found = work.families.attrs(sorted(UUID(name) for name in named))
    return {str(golden_id): attrs for golden_id, attrs in found.items()}


def tell_family(
    work: UnitOfWork,
    entity: Entity,
    changes: Sequence[tuple[GoldenRecord | None, GoldenRecord]],
) -> None:
    """Mark children of whom something is inherited, and parents whose limit must hold more."""
    hierarchy = entity.hierarchy
    if hierarchy is None:
        return
    groups = {group.group: group.attributes for group in entity.survivorship}
    handed_down = [n for group in hierarchy.inherit for n in groups.get(group, (group,))]
    heirs = [g.id for before, g in changes if _differs(before, g, handed_down)]
    if heirs:
        work.marks.mark_dependants([], sorted(heirs))
    if hierarchy.rollup is not None:
        counted = [hierarchy.parent, hierarchy.rollup.of, hierarchy.rollup.unit or ""]
        moved = [pair for pair in changes if _differs(*pair, counted)]
        over = {str(g.attrs.get(hierarchy.parent)) for pair in moved for g in pair if g} - {"None"}
        if over:
            above = work.families.above(hierarchy.parent, sorted(UUID(name) for name in over))
            work.marks.mark_members(above, FAMILY, FAMILY_PRIORITY)
        _roll_up(work, entity, hierarchy, [after for _before, after in changes])


def _differs(before: GoldenRecord | None, after: GoldenRecord, names: Sequence[str]) -> bool:
    if before is None or before.status is not after.status:
        return True
    return any(before.attrs.get(name) != after.attrs.get(name) for name in names)


def _roll_up(
    work: UnitOfWork, entity: Entity, hierarchy: Hierarchy, goldens: Sequence[GoldenRecord]
) -> None:
    """Open a case where all that stand below use more than the limit of whom they stand under.

    It is looked at when that one is merged, and whoever changes marks all that he stands under: so
    no two that change at once can miss each other.
    """
    rule = hierarchy.rollup
    if rule is None:
        return
    limits = {g.id: g for g in goldens if g.attrs.get(rule.limit) is not None}
    wanted = (rule.of, rule.unit)
    used = work.families.used(entity.name, hierarchy.parent, wanted, sorted(limits))
    found: dict[UUID, Sequence[Conflict]] = {golden.id: () for golden in goldens}
    for golden_id, rows in used.items():
        conflict = _exceeded(limits[golden_id], rule, rows)
        if conflict is not None:
            found[golden_id] = (conflict,)
    work.conflicts.reconcile(entity.name, found, (str(ConflictKind.LIMIT_EXCEEDED),))


def _exceeded(
    golden: GoldenRecord, rule: RollUp, rows: Sequence[Mapping[str, object]]
) -> Conflict | None:
    """Amounts in several units have no sum, nor has a circle, and that is a case too."""
    limit = Decimal(str(golden.attrs[rule.limit]))
    totals = {row["unit"]: Decimal(str(row["total"])) for row in rows if row["total"] is not None}
    own = golden.attrs.get(rule.unit) if rule.unit else None
    others = {unit for unit in totals if unit is not None} - {own}
    mixed = bool(rule.unit) and bool(others)
    circle = any(row["circle"] for row in rows)
    total = sum(totals.values(), Decimal(0))
    if not mixed and not circle and total <= limit:
        return None
    return Conflict(
        kind=ConflictKind.LIMIT_EXCEEDED,
        cause=f"{ConflictKind.LIMIT_EXCEEDED.value}/{rule.limit}/{golden.id}",
        attribute=rule.limit,
        system=None,
        key=None,
        details={
            "message": CIRCLE if circle else SEVERAL if mixed else BEYOND,
            "golden": golden.attrs[rule.limit],
            "theirs": None if mixed or circle else str(total),
            "below": sum(int(str(row["below"])) for row in rows),
            "of": rule.of,
            "units": sorted({*(str(u) for u in totals if u), *([str(own)] if own else [])}),
            "totals": {str(unit or ""): str(amount) for unit, amount in totals.items()},
        },
        outcome="steward",
    )
