"""The world as its own people know it: what each system was last told by them.

Writes that arrive from elsewhere (the hub's) are not in it, so the difference between the model
and a database is what the hub did. Pure: no database, no clock.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from demo.bonds import Bonds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from demo.journal import Entry
    from demo.records import Record, Ref, Values

Offer: TypeAlias = tuple[str, str, str]
"""Price list, currency, quantity break."""


class World:
    """Every record of every system, what it ever said, and which are required to be one."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Begin with the world as loaded."""
        self._records: dict[Ref, Record] = {}
        self._by_kind: dict[tuple[str, str], dict[Ref, None]] = defaultdict(dict)
        self._by_truth: dict[tuple[str, str], dict[Ref, None]] = defaultdict(dict)
        self._ever: dict[tuple[Ref, str], set[str | None]] = defaultdict(set)
        self._prices: dict[str, dict[Ref, None]] = defaultdict(dict)
        self._offered: dict[str, dict[Offer, set[str | None]]] = defaultdict(dict)
        loaded = list(records)
        for record in loaded:
            self._keep(record)
        self.bonds = Bonds(loaded)

    def apply(self, entry: Entry) -> None:
        """Follow one line of the journal; entries must come in their order."""
        _EFFECTS[entry.effect](self, entry)

    def create(self, entry: Entry) -> None:
        others = [each for each in self.of_truth(entry.entity, entry.truth) if live(each)]
        self._keep(entry.record)
        self.bonds.admit(entry.record, others)

    def change(self, entry: Entry) -> None:
        record = self._records[entry.ref]
        changed = replace(record, values=record.values | entry.values)
        self._keep(changed)
        self.bonds.hold(changed)

    def delete(self, entry: Entry) -> None:
        """Drop a record; a soft deletion (one with values) stays, marked."""
        if entry.values:
            self.change(entry)
            return
        record = self._records.pop(entry.ref)
        self._by_kind[entry.system, entry.entity].pop(entry.ref, None)
        if entry.entity == "price_row":
            self._prices[record.values["sku"] or ""].pop(entry.ref, None)

    def get(self, ref: Ref) -> Record | None:
        return self._records.get(ref)

    def of_kind(self, system: str, entity: str) -> Iterator[Record]:
        """Yield the records of one entity in one system, in the order in which they came."""
        return (self._records[ref] for ref in self._by_kind[system, entity])

    def of_truth(self, entity: str, truth: str) -> list[Record]:
        """Return what the systems hold of one truth now."""
        refs = self._by_truth[entity, truth]
        return [self._records[ref] for ref in refs if ref in self._records]

    def ever(self, entity: str, truth: str, attribute: str) -> set[str | None]:
        """Return all that any system's people ever said of it, records gone since included."""
        found: set[str | None] = set()
        for ref in self._by_truth[entity, truth]:
            found |= self._ever.get((ref, attribute), set())
        return found

    def partner(self, ref: Ref, system: str) -> Record | None:
        """Return the one live record of another system that must be known to be the same."""
        found = [
            self._records[other]
            for other in self.bonds.group(ref)
            if other.system == system and other in self._records
        ]
        return found[0] if len(found) == 1 and live(found[0]) else None

    def rivals(self, record: Record, system: str) -> int:
        """Count the live records of the same truth in a system."""
        same = self.of_truth(record.ref.entity, record.truth)
        return sum(1 for each in same if each.ref.system == system and live(each))

    def offered(self, truth: str) -> dict[Offer, set[str | None]]:
        """Return every offer that was ever made of an article, with all its amounts."""
        return self._offered.get(truth, {})

    def prices(self, item: str, now: datetime) -> dict[Offer, Values]:
        """Return an item's price rows in force by offer: those that began last."""
        rows = [self._records[ref] for ref in self._prices.get(item, ())]
        begun = [(begins(row), int(row.ref.key), row.values) for row in rows if begins(row) <= now]
        return {offer(values): values for _, _, values in sorted(begun, key=lambda row: row[:2])}

    def _keep(self, record: Record) -> None:
        self._records[record.ref] = record
        self._by_kind[record.ref.system, record.ref.entity][record.ref] = None
        self._by_truth[record.ref.entity, record.truth][record.ref] = None
        for attribute, value in record.values.items():
            self._ever[record.ref, attribute].add(value)
        if record.ref.entity == "price_row":
            self._prices[record.values["sku"] or ""][record.ref] = None
        if record.ref.entity in {"price_row", "price"}:
            amounts = self._offered[record.truth].setdefault(offer(record.values), set())
            amounts.add(record.values["amount"])


def live(record: Record) -> bool:
    return record.values.get("deleted") != "true"


def begins(row: Record) -> datetime:
    return datetime.fromisoformat(row.values["valid_from"] or "")


def offer(values: Values) -> Offer:
    return (values["book"] or "", values["currency"] or "", values["quantity"] or "")


_EFFECTS = {"create": World.create, "set": World.change, "delete": World.delete}
