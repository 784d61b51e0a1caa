"""What a simulation found, in figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from golden_records.domain.catalogue import Attribute, Entity


@dataclass(slots=True, kw_only=True)
class Figures:
    """Counts by name; the keys are the natural ones, joined by dots."""

    recomputed: int = 0
    goldens: Counter[str] = field(default_factory=Counter)
    """Golden records that change, by entity."""
    attributes: Counter[str] = field(default_factory=Counter)
    gained: Counter[str] = field(default_factory=Counter)
    """Values that come from a system and did not before, by entity.attribute.system."""
    lost: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    """Writes that would go out, by target and lane class."""
    merges: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    """Source records that a changed mapping yields otherwise, by system, entity and how."""
    money: dict[str, Decimal] = field(default_factory=dict)
    """Sum of what amounts change by, by entity.attribute and currency."""

    @property
    def nothing(self) -> bool:
        """Whether no difference at all was found."""
        counted = (self.goldens, self.opened, self.closed, self.writes, self.merges, self.splits)
        return not any(counted) and not self.records

    def move(self, name: str, amount: object, sign: int) -> None:
        if amount is not None:
            self.money[name] = self.money.get(name, Decimal(0)) + sign * Decimal(str(amount))

    def as_json(self) -> dict[str, object]:
        """Plain data; sums that came out as nothing are left out."""
        return {
            "recomputed": self.recomputed,
            "goldens": dict(self.goldens),
            "attributes": dict(self.attributes),
            "gained": dict(self.gained),
            "lost": dict(self.lost),
            "conflicts_opened": dict(self.opened),
            "conflicts_closed": dict(self.closed),
            "writes": dict(self.writes),
            "merges": dict(self.merges),
            "splits": dict(self.splits),
            "records": dict(self.records),
            "money": {name: str(sum_) for name, sum_ in self.money.items() if sum_},
        }


def amounts(entity: Entity) -> tuple[tuple[Attribute, str | None], ...]:
    """The entity's amounts of money, each with the attribute that holds its currency."""
    units = {a.unit_of: a.name for a in entity.attributes if a.unit_of}
    return tuple(
        (attribute, units.get(attribute.name))
        for attribute in entity.attributes
        if attribute.type == "decimal"
        and (attribute.name in units or attribute.name == entity.exposure)
    )
