"""What a hub must hold, told from the changes and decisions alone; it asks the hub for nothing.

`Model` folds the changes that the sources made into rows, and the rows into what each system says
of each record. `Ledger` remembers golden ids from look to look: none is ever used again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from golden_records.domain.records import GoldenRecord, GoldenStatus, SourceRecord

PEOPLE = (
    {"name": "Acme Industrial Supplies GmbH", "vat": "DE136695976", "email": "office@acme.de"},
    {"name": "ACME Industrial Supplies", "vat": None, "email": "office@acme.de"},
    {"name": "Zenith Maritime Logistics AG", "vat": "DE811569869", "email": "hq@zenith.de"},
    {"name": "Zenith Maritime Logistic", "vat": "DE811569869", "email": None},
    {"name": "Nordlicht Verlag KG", "vat": None, "email": "post@nordlicht.de"},
)
"""What the systems say of their customers: two things under four names, and one more."""
TABLES = {
    ("erp", "customer"): "customer",
    ("shop", "account"): "customer",
    ("erp", "customer_price"): "price",
    ("shop", "account_price"): "price",
}
"""Root tables: one row is one record of the entity."""


@dataclass
class Model:
    """The sources' rows, by system, table and id."""

    rows: dict = field(default_factory=dict)

    def put(self, system, table, row):
        self.rows[system, table, row["id"]] = dict(row)

    def delete(self, system, table, number):
        self.rows.pop((system, table, number), None)

    def records(self):
        """Return what is live, as {(entity, system, key)}."""
        return {
            (TABLES[system, table], system, str(number))
            for (system, table, number), row in self.rows.items()
            if (system, table) in TABLES and self._is_mapped(system, table, row)
        }

    def says(self, system, table, number, column):
        return self.rows[system, table, number].get(column)

    @staticmethod
    def _is_mapped(system, table, row):
        """The ERP's mapping leaves out prices without an amount."""
        return (system, table) != ("erp", "customer_price") or row.get("amount") is not None


@dataclass
class Ledger:
    """Golden ids that were seen, and the entity that each stood for."""

    seen: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)

    def look(self, goldens):
        """Return what is wrong: an id that vanished, or that stands for another entity now."""
        now = {row["id"]: row["entity"] for row in goldens}
        wrong = [f"{id_} vanished" for id_ in self.seen.keys() - now.keys()]
        wrong += [f"{i} was {e}, is {now[i]}" for i, e in self.seen.items() if now.get(i, e) != e]
        self.seen |= now
        return wrong


def follow(goldens):
    """Return what is wrong with redirects: a circle, or an end that is merged or not there."""
    into = {row["id"]: row["merged_into"] for row in goldens if row["status"] == "MERGED"}
    status = {row["id"]: row["status"] for row in goldens}
    wrong = []
    for start in into:
        here, steps = start, 0
        while here in into and steps <= len(into):
            here, steps = into[here], steps + 1
        if steps > len(into) or status.get(here) not in {"ACTIVE", "RETIRED"}:
            wrong.append(f"{start} redirects to {here}, {status.get(here)}")
    return wrong


def record_of(row):
    return SourceRecord(
        id=row["id"],
        entity=row["entity"],
        system=row["system"],
        key=row["key"],
        root_key=row["root_key"],
        attrs=row["canonical"],
        changed_at={n: datetime.fromisoformat(at) for n, at in row["changed_at"].items()},
        base=row["base"],
    )


def golden_of(row):
    return GoldenRecord(
        id=row["id"],
        entity=row["entity"],
        status=GoldenStatus(row["status"]),
        version=row["version"],
        attrs=row["attrs"],
    )
