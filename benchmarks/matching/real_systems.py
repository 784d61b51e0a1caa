"""Customers and products of real applications' dumps against their truth file.

Reads plain-text dumps (PostgreSQL COPY, MariaDB INSERT) without a server. Scores pairs within the
truth's records, and says what became of the look-alikes that are different.
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matchers import FieldKind, FieldSpec, MatchSpec, Record, match_batch
from matchers.measure import ordered, pairs_of, quality

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str | None]
_FOLDERS = {"odoo": "odoo17", "dolibarr": "dolibarr22"}
_VALUE = re.compile(r"'((?:[^'\\]|\\.|'')*)'|([^,()]+)")
_ENGLISH = re.compile(r'"en_US":\s*"((?:[^"\\]|\\.)*)"')

CUSTOMER = MatchSpec(
    entity="customer",
    fields=(
        FieldSpec(name="name", kind=FieldKind.NAME),
        FieldSpec(name="email", kind=FieldKind.EMAIL),
        FieldSpec(name="phone", kind=FieldKind.PHONE),
        FieldSpec(name="vat", kind=FieldKind.TAX_ID),
        FieldSpec(name="street", kind=FieldKind.STREET),
        FieldSpec(name="zip", kind=FieldKind.POSTCODE),
        FieldSpec(name="city", kind=FieldKind.CITY),
    ),
)
PRODUCT = MatchSpec(
    entity="product",
    fields=(
        FieldSpec(name="sku", kind=FieldKind.CODE),
        FieldSpec(name="name", kind=FieldKind.TITLE),
        FieldSpec(name="gtin", kind=FieldKind.GTIN),
    ),
    duplicate_free=frozenset(("odoo", "dolibarr", "vendure", "tryton")),
)


@dataclass(slots=True)
class Dump:
    """One system's dump; tables are read when asked for."""

    path: Path
    text: str = field(default="", repr=False)

    def rows(self, table: str) -> list[Row]:
        """All rows of a table by column name."""
        if not self.text:
            self.text = gzip.decompress(self.path.read_bytes()).decode("utf-8", "replace")
        found = re.search(
            rf"^COPY public\.{table} \((.*?)\) FROM stdin;\n", self.text, re.MULTILINE
        )
        if found:
            return self._copied(found)
        return self._inserted(table)

    def _copied(self, found: re.Match[str]) -> list[Row]:
        names = [name.strip().strip('"') for name in found.group(1).split(",")]
        body = self.text[found.end() : self.text.index("\n\\.", found.end() - 1)]
        return [
            {
                name: None if cell == "\\N" else cell
                for name, cell in zip(names, line.split("\t"), strict=True)
            }
            for line in body.splitlines()
        ]

    def _inserted(self, table: str) -> list[Row]:
        start = self.text.index(f"CREATE TABLE `{table}` (")
        shape = self.text[start : self.text.index("\n)", start)]
        names = re.findall(r"^  `(\w+)`", shape, re.MULTILINE)
        rows: list[Row] = []
        for found in re.finditer(
            rf"^INSERT INTO `{table}` VALUES\n(.*?);$", self.text, re.MULTILINE | re.DOTALL
        ):
            for line in found.group(1).splitlines():
                cells = [
                    None if bare == "NULL" else bare or quoted.replace("\\'", "'")
                    for quoted, bare in _VALUE.findall(line.rstrip(",")[1:-1])
                ]
                rows.append(dict(zip(names, cells, strict=False)))
        return rows


def _first(rows: list[Row], key: str) -> dict[str | None, Row]:
    found: dict[str | None, Row] = {}
    for row in rows:
        found.setdefault(row[key], row)
    return found


def _odoo_customers(dump: Dump) -> dict[str, Row]:
    return {str(row["id"]): row for row in dump.rows("res_partner")}


def _dolibarr_customers(dump: Dump) -> dict[str, Row]:
    return {
        str(row["rowid"]): {
            "name": row["nom"],
            "email": row["email"],
            "phone": row["phone"],
            "vat": row["tva_intra"],
            "street": row["address"],
            "zip": row["zip"],
            "city": row["town"],
        }
        for row in dump.rows("llx_societe")
    }


def _vendure_customers(dump: Dump) -> dict[str, Row]:
    homes = _first(dump.rows("address"), "customerId")
    found: dict[str, Row] = {}
    for row in dump.rows("customer"):
        home = homes.get(row["id"], {})
        person = f"{row['firstName'] or ''} {row['lastName'] or ''}".strip()
        found[str(row["id"])] = {
            "name": home.get("company") or person,
            "email": row["emailAddress"],
            "phone": row["phoneNumber"] or home.get("phoneNumber"),
            "street": home.get("streetLine1"),
            "zip": home.get("postalCode"),
            "city": home.get("city"),
        }
    return found


def _lago_customers(dump: Dump) -> dict[str, Row]:
    return {
        str(row["id"]): {
            "name": row["name"] or f"{row['firstname'] or ''} {row['lastname'] or ''}",
            "email": row["email"],
            "phone": row["phone"],
            "vat": row["tax_identification_number"],
            "street": row["address_line1"],
            "zip": row["zipcode"],
            "city": row["city"],
        }
        for row in dump.rows("customers")
    }


def _tryton_customers(dump: Dump) -> dict[str, Row]:
    homes = _first(dump.rows("party_address"), "party")
    numbers = _first(dump.rows("party_identifier"), "party")
    reached: dict[tuple[str | None, str | None], str | None] = {}
    for row in dump.rows("party_contact_mechanism"):
        reached.setdefault((row["party"], row["type"]), row["value"])
    found: dict[str, Row] = {}
    for row in dump.rows("party_party"):
        home = homes.get(row["id"], {})
        street = f"{home.get('street_name') or ''} {home.get('building_number') or ''}".strip()
        found[str(row["id"])] = {
            "name": row["name"],
            "email": reached.get((row["id"], "email")),
            "phone": reached.get((row["id"], "phone")) or reached.get((row["id"], "mobile")),
            "vat": numbers.get(row["id"], {}).get("code"),
            "street": street or home.get("street_unstructured"),
            "zip": home.get("postal_code"),
            "city": home.get("city"),
        }
    return found


def _odoo_products(dump: Dump) -> dict[str, Row]:
    names = _first(dump.rows("product_template"), "id")
    found: dict[str, Row] = {}
    for row in dump.rows("product_product"):
        english = _ENGLISH.search(names.get(row["product_tmpl_id"], {}).get("name") or "")
        name = english.group(1) if english else None
        found[str(row["id"])] = {
            "sku": row["default_code"],
            "name": name,
            "gtin": row["barcode"],
        }
    return found


def _dolibarr_products(dump: Dump) -> dict[str, Row]:
    return {
        str(row["rowid"]): {"sku": row["ref"], "name": row["label"], "gtin": row["barcode"]}
        for row in dump.rows("llx_product")
    }


def _vendure_products(dump: Dump) -> dict[str, Row]:
    names = _first(dump.rows("product_variant_translation"), "baseId")
    return {
        str(row["id"]): {"sku": row["sku"], "name": names.get(row["id"], {}).get("name")}
        for row in dump.rows("product_variant")
    }


def _tryton_products(dump: Dump) -> dict[str, Row]:
    templates = _first(dump.rows("product_template"), "id")
    numbers = _first(dump.rows("product_identifier"), "product")
    return {
        str(row["id"]): {
            "sku": row["code"],
            "name": templates.get(row["template"], {}).get("name"),
            "gtin": numbers.get(row["id"], {}).get("code"),
        }
        for row in dump.rows("product_product")
    }


READERS = {
    "customer": {
        "odoo": _odoo_customers,
        "dolibarr": _dolibarr_customers,
        "vendure": _vendure_customers,
        "lago": _lago_customers,
        "tryton": _tryton_customers,
    },
    "product": {
        "odoo": _odoo_products,
        "dolibarr": _dolibarr_products,
        "vendure": _vendure_products,
        "tryton": _tryton_products,
    },
}
SPECS = {"customer": CUSTOMER, "product": PRODUCT}


def run(data: Path, kind: str) -> dict[str, object]:
    """Match one kind over all systems; the truth is used for scoring only."""
    with (data / "truth.csv").open(newline="", encoding="utf-8") as lines:
        truth = [row for row in csv.DictReader(lines) if row["kind"] == kind]
    spec = SPECS[kind]
    names = [item.name for item in spec.fields]
    entity: dict[str, str] = {}
    records = []
    for system, read in READERS[kind].items():
        rows = read(Dump(data / _FOLDERS.get(system, system) / "dump.sql.gz"))
        for row in truth:
            if row["system"] == system and row["native_key"] in rows:
                key = f"{system}:{row['native_key']}"
                entity[key] = row["truth_id"]
                values = rows[row["native_key"]]
                records.append(
                    Record(key, system, {name: values.get(name) or None for name in names})
                )
    result = match_batch(spec, records)
    members: dict[str, list[str]] = {}
    for key, name in entity.items():
        members.setdefault(name, []).append(key)
    found, true = pairs_of(result.clusters), pairs_of(members.values())
    twins = {ordered(row["truth_id"], row["twin_of"]) for row in truth if row["twin_of"]}
    joined = [pair for pair in found if ordered(entity[pair[0]], entity[pair[1]]) in twins]
    score = quality(len(found & true), len(found), len(true))
    return {
        "kind": kind,
        "records": len(records),
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "f1": round(score.f1, 4),
        "review": len(result.review),
        "look-alikes joined": sorted(joined),
        "wrong": sorted(found - true)[:20],
        "missed": sorted(true - found)[:20],
    }
