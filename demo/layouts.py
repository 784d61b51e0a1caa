"""How a record lies in its system's tables: one record, one or several rows."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from demo.vocabulary import CATEGORIES, COMPANIES, ISO3, PLANS, SHOP_CHANNELS, SHOP_ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.records import Record

Row: TypeAlias = dict[str, Any]
LOADED = datetime(2026, 1, 1, tzinfo=UTC)
"""The write date of everything that was there before the first minute."""

COUNTRY_IDS = {"AT": 14, "CH": 41, "DE": 57, "FR": 75, "GB": 77}
COMPANY_IDS = {code: number for number, code in enumerate(COMPANIES, start=1)}
CURRENCY_IDS = {"EUR": 1, "CHF": 2, "USD": 3}
PLAN_IDS = {code: number for number, code in enumerate(PLANS, start=1)}
BOOK_IDS = {code: number for number, code in enumerate(SHOP_CHANNELS, start=1)}
CATEGORY_IDS = {code: number for number, code in enumerate(CATEGORIES, start=1)}
_NAMESPACE = uuid.UUID("5f0c3c3e-7b0a-4d53-9a86-3d6a4f8d2a11")


def category_uuid(code: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, code))


def account_id(company: int, account_code: str) -> int:
    return company * 100 + (int(account_code) - 400000) // 100


def gl_category_id(code: str) -> int:
    return int(code.removeprefix("RC"))


def text(record: Record, name: str) -> str:
    """Return a value that the record must have."""
    value = record.values[name]
    if value is None:
        raise LookupError(record.ref, name)
    return value


def minor(amount: str | None) -> int:
    """Turn "12.345" into cents, rounding half up."""
    return int((Decimal(amount or 0) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def erp_party(record: Record) -> Iterator[tuple[str, Row]]:
    values = record.values
    yield (
        "party",
        {
            "id": int(record.ref.key),
            "party_no": values["number"],
            "legal_name": values["name"],
            "party_kind": values["kind"],
            "is_active": values["status"] == "active",
            "payment_term_id": 1 + int(record.ref.key) % 3,
            "ledger_balance": values["ledger_balance"],
            "write_date": _naive(),
            "write_user": "import",
        },
    )
    yield from erp_children(record)


def erp_children(record: Record) -> Iterator[tuple[str, Row]]:
    """The party's side rows, among them such as no reader should take for the current ones."""
    values, party = record.values, int(record.ref.key)
    if values["tax_id"] is not None:
        yield "party_tax_number", {"party_id": party, "scheme": "VAT", "number": values["tax_id"]}
    if party % 3 == 0:
        register = {"party_id": party, "scheme": "REGISTER", "number": f"HRB {party}"}
        yield "party_tax_number", register
    yield "party_address", _erp_address(record, "B", text(record, "street"))
    if party % 4 == 0:
        yield "party_address", _erp_address(record, "S", f"Tor {party % 7 + 1}\nLager Süd")
    for kind in ("phone", "email"):
        if values[kind] is not None:
            yield "contact_mechanism", _mechanism(party, kind, text(record, kind), active=True)
    if party % 5 == 0:
        old = _mechanism(party, "email", f"old{party}@import.invalid", active=False)
        yield "contact_mechanism", old | {"sequence": 1}


def _erp_address(record: Record, use: str, street: str) -> Row:
    return {
        "party_id": int(record.ref.key),
        "address_use": use,
        "street_lines": street,
        "postcode": record.values["postal_code"],
        "city": record.values["city"],
        "country_id": COUNTRY_IDS[text(record, "country")],
        "write_date": _naive(),
    }


def _mechanism(party: int, kind: str, value: str, *, active: bool) -> Row:
    return {
        "party_id": party,
        "kind": kind,
        "value": value,
        "is_active": active,
        "sequence": 10,
        "write_date": _naive(),
    }


def erp_limit(record: Record) -> Iterator[tuple[str, Row]]:
    yield (
        "party_credit_limit",
        {
            "party_id": int(text(record, "customer")),
            "company_id": COMPANY_IDS[text(record, "entity")],
            "amount": record.values["amount"],
            "currency_id": CURRENCY_IDS[text(record, "currency")],
            "risk_class": 1 + int(text(record, "customer")) % 5,
            "write_date": _naive(),
        },
    )


def erp_item(record: Record) -> Iterator[tuple[str, Row]]:
    yield (
        "item",
        {
            "id": int(record.ref.key),
            "item_no": record.values["code"],
            "description": record.values["title_en"],
            "ean": record.values["ean"],
            "category_id": gl_category_id(text(record, "gl_category")),
            "write_date": _naive(),
            "write_user": "import",
        },
    )


def erp_accounts(record: Record) -> Iterator[tuple[str, Row]]:
    category = gl_category_id(record.ref.key)
    name = f"Revenue category {category}"
    yield "item_category", {"id": category, "category_code": record.ref.key, "name": name}
    for company in COMPANY_IDS.values():
        account = account_id(company, text(record, "account"))
        row = {"category_id": category, "company_id": company, "revenue_account_id": account}
        yield "category_account", row


def cpq_account(record: Record) -> Iterator[tuple[str, Row]]:
    values = record.values
    yield (
        "account",
        {
            "account_id": int(record.ref.key),
            "account_name": values["name"],
            "account_type": "business" if values["kind"] == "O" else "individual",
            "vat_no": values["tax_id"],
            "erp_customer_no": values["erp_no"],
            "email": values["email"],
            "phone": values["phone"],
            "billing_street": values["street"],
            "billing_zip": values["postal_code"],
            "billing_city": values["city"],
            "billing_country": ISO3[text(record, "country")],
            "last_modified": LOADED,
        },
    )
    yield from _contracts(record)


def _contracts(record: Record) -> Iterator[tuple[str, Row]]:
    """Contracts: the active one that started last says the plan; ended and draft ones do not."""
    key, plan = int(record.ref.key), record.values["plan"]
    contract = {"account_id": key, "ends_on": None, "last_modified": LOADED}
    if key % 3 == 0:
        ended = {"plan_id": 1, "starts_on": "2023-01-01", "ends_on": "2024-01-01", "state": "ended"}
        yield "contract", contract | ended
    if key % 7 == 0:
        yield "contract", contract | {"plan_id": 3, "starts_on": "2026-12-01", "state": "draft"}
    if plan is not None:
        active = {"plan_id": PLAN_IDS[plan], "starts_on": "2025-06-01", "state": "active"}
        yield "contract", contract | active


def cpq_item(record: Record) -> Iterator[tuple[str, Row]]:
    code = text(record, "code")
    yield (
        "catalog_item",
        {
            "item_id": int(record.ref.key),
            "item_code": f"{code[:2]} {code[2:]}",
            "item_name": record.values["title_en"],
            "gtin": record.values["ean"],
            "product_family": record.values["family"],
            "last_modified": LOADED,
        },
    )


def cpq_price(record: Record) -> Iterator[tuple[str, Row]]:
    values = record.values
    yield (
        "price_book_entry",
        {
            "entry_id": int(record.ref.key),
            "price_book_id": BOOK_IDS[text(record, "book")],
            "item_id": int(text(record, "sku")),
            "currency_code": values["currency"],
            "min_quantity": int(text(record, "quantity")),
            "unit_price": values["amount"],
            "valid_from": values["valid_from"],
            "approved_by": values["approved_by"],
            "last_modified": LOADED,
        },
    )


def pim_variant(record: Record) -> Iterator[tuple[str, Row]]:
    values, code = record.values, text(record, "code")
    title = {"title": _labels(record)}
    inherits = values["inherits"] == "true"
    said: Row = {"weight": weight(record.ref.key, text(record, "weight_g"))}
    if values["ean"] is not None:
        said["ean"] = values["ean"]
    product = str(uuid.uuid5(_NAMESPACE, record.ref.key))
    yield (
        "product",
        {
            "product_id": product,
            "product_code": f"P-{code}",
            "family": text(record, "category").partition("_")[0].lower(),
            "values": json.dumps(title if inherits else {}),
            "updated_at": LOADED,
        },
    )
    yield (
        "product_variant",
        {
            "variant_id": record.ref.key,
            "product_id": product,
            "variant_code": f"{code[:2]}-{code[2:]}",
            "category_id": category_uuid(text(record, "category")),
            "values": json.dumps(said if inherits else said | title),
            "lifecycle": values["lifecycle"],
            "web_enabled": values["enabled"] == "true",
            "updated_at": LOADED,
        },
    )


def _labels(record: Record) -> dict[str, str]:
    locales = {"en_GB": record.values["title_en"], "de_DE": record.values["title_de"]}
    return {locale: label for locale, label in locales.items() if label is not None}


def weight(variant: str, grams: str) -> dict[str, int | str]:
    """A quantity with its unit: some people think in kilograms, others in grams."""
    if int(variant[0], 16) % 2:
        return {"amount": int(grams), "unit": "GRAM"}
    return {"amount": f"{int(grams) / 1000:.3f}", "unit": "KILOGRAM"}


def shop_customer(record: Record) -> Iterator[tuple[str, Row]]:
    values, key = record.values, int(record.ref.key)
    name = text(record, "name")
    first, _, last = name.partition(" ")
    firm = values["kind"] == "O"
    email = values["email"] or f"noemail+{key}@import.invalid"
    yield (
        "customer",
        {
            "id": key,
            "customer_number": values["number"],
            "company_name": name if firm else None,
            "first_name": None if firm else first,
            "last_name": None if firm else last,
            "email": email,
            "phone": values["phone"],
            "vat_id": values["tax_id"],
            "marketing_consent": values["consent"] == "true",
            "plan_code": (values["plan"] or "").lower() or None,
            "account_status": "active" if values["status"] == "active" else "blocked",
            "loyalty_points": int(text(record, "loyalty_points")),
            "updated_at": _naive(),
        },
    )
    yield "login", {"customer_id": key, "identifier": email}
    yield (
        "customer_address",
        {
            "customer_id": key,
            "is_billing": True,
            "line1": values["street"],
            "zip": values["postal_code"],
            "city": values["city"],
            "country_code": values["country"],
            "updated_at": _naive(),
        },
    )


def shop_credit(record: Record) -> Iterator[tuple[str, Row]]:
    yield (
        "customer_credit",
        {
            "customer_id": int(text(record, "customer")),
            "entity_code": SHOP_ENTITIES[text(record, "entity")],
            "currency_code": record.values["currency"],
            "limit_minor": minor(record.values["amount"]),
            "used_minor": minor(record.values["used"]),
            "updated_at": _naive(),
        },
    )


def shop_variant(record: Record) -> Iterator[tuple[str, Row]]:
    values, key, code = record.values, int(record.ref.key), text(record, "code")
    yield (
        "product_variant",
        {
            "id": key,
            "sku": f"{code[:2]}-{code[2:]}-eu".lower(),
            "gtin": values["ean"],
            "category_id": CATEGORY_IDS.get(values["category"] or ""),
            "enabled": values["enabled"] == "true",
            "lifecycle": values["lifecycle"],
            "weight_grams": None if values["weight_g"] is None else int(text(record, "weight_g")),
            "updated_at": _naive(),
        },
    )
    for language in ("en", "de"):
        title = values[f"title_{language}"]
        if title is not None:
            row = {"variant_id": key, "language_code": language, "title": title}
            yield "product_variant_translation", row | {"updated_at": _naive()}
    stock = {"on_hand": int(text(record, "on_hand")), "updated_at": _naive()}
    yield "stock_level", {"variant_id": key, "warehouse_code": "BER", **stock}


def shop_price(record: Record) -> Iterator[tuple[str, Row]]:
    values = record.values
    yield (
        "variant_price",
        {
            "variant_id": int(text(record, "sku")),
            "channel_id": BOOK_IDS[text(record, "book")],
            "currency_code": values["currency"],
            "min_quantity": int(text(record, "quantity")),
            "amount_minor": minor(values["amount"]),
            "updated_at": _naive(),
        },
    )


LAYOUTS: dict[tuple[str, str], Callable[[Record], Iterator[tuple[str, Row]]]] = {
    ("erp", "gl_mapping"): erp_accounts,
    ("erp", "customer"): erp_party,
    ("erp", "credit_limit"): erp_limit,
    ("erp", "sku"): erp_item,
    ("cpq", "customer"): cpq_account,
    ("cpq", "sku"): cpq_item,
    ("cpq", "price_row"): cpq_price,
    ("pim", "sku"): pim_variant,
    ("commerce", "customer"): shop_customer,
    ("commerce", "credit_limit"): shop_credit,
    ("commerce", "sku"): shop_variant,
    ("commerce", "price"): shop_price,
}


def fixed_rows() -> dict[str, list[tuple[str, Row]]]:
    """Rows of code tables that are derived from the vocabulary."""
    return {
        "pim": [
            ("category", {"category_id": category_uuid(code), "category_code": code})
            for code in CATEGORIES
        ],
        "commerce": [
            ("category", {"id": number, "slug": slug(code), "name": code.title()})
            for code, number in CATEGORY_IDS.items()
        ],
    }


def slug(category: str) -> str:
    return category.lower().replace("_", "-")


def _naive() -> datetime:
    return LOADED.replace(tzinfo=None)
