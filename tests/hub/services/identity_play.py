"""Customers, operations on them and what came of it, for the tests of identity."""

from __future__ import annotations

from hub.bootstrap import operating
from hub.services.cases import Word
from hub.services.identity.work import Intent, Terms

NAME, VAT, EMAIL = "Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"
OTHER = {"name": "Zenith Maritime Logistics AG", "vat": "DE811569869", "email": "hq@zenith.de"}
ANN = Word(actor="ann", reason="called them")


def erp(built, number, **row):
    built.put("erp", "customer", id=number, **row)


def shop(built, number, **row):
    built.put("shop", "account", id=number, **row)


def clean(built):
    built.settle()
    assert built.differences() == []


def run(built, action, goldens, *records, dry_run=False, expect=None, **more):
    """Carry an operation out; `goldens` may be ids or (system, key) pairs."""
    names = tuple(g if isinstance(g, str) else str(g) for g in goldens)
    intent = Intent(action=action, goldens=names, records=records, **more)
    terms = Terms(word=ANN, dry_run=dry_run, expect=expect)
    return operating.golden_operations(built.hub).run(intent, terms)


def undo(built, txn, **more):
    return operating.undoing(built.hub).transaction(txn, Terms(word=ANN, **more))


def events(built, **wanted):
    rows = built.query("SELECT * FROM hub.identity_event ORDER BY seq")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def state(built):
    """Who is where, by whose word, with which values: what an undo must bring back."""
    links = built.query(
        "SELECT record_id, golden_id, origin FROM hub.link"
        " WHERE state = 'MATCH' AND valid_to IS NULL ORDER BY 1"
    )
    goldens = built.query(
        "SELECT id, status, attrs, merged_into FROM hub.golden WHERE status <> 'RETIRED' ORDER BY 1"
    )
    pairs = built.query(
        "SELECT record_a, record_b, verdict FROM hub.pair_decision WHERE closed_at IS NULL"
        " ORDER BY 1, 2"
    )
    overrides = built.query(
        "SELECT golden_id, attribute, value FROM hub.override WHERE closed_at IS NULL ORDER BY 1, 2"
    )
    return links, goldens, pairs, overrides


def two_customers(built):
    """Two golden records that nothing connects: the ERP's and the shop's."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500)
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    clean(built)
    homes = built.home("erp", 1), built.home("shop", 2)
    assert homes[0] != homes[1]
    return homes


def price(built, system, number, customer, **more):
    sku, amount = more.get("sku", "A"), more.get("amount", 3)
    if system == "erp":
        row = {"customer_id": customer, "product_code": sku, "currency": "EUR", "amount": amount}
        built.put("erp", "customer_price", id=number, **row)
    else:
        row = {"account_id": customer, "sku": sku, "currency": "EUR", "amount": amount}
        built.put("shop", "account_price", id=number, **row)


def together(built):
    """One golden record of three records, which the engine made."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    home = built.home("erp", 1)
    assert home == built.home("shop", 2)
    return home
