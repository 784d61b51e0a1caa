"""Source records as the mappings yield them, compared with the stored ones."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytestmark = pytest.mark.postgres

PARTY = {"id": "bigint", "name": "text", "credit": "numeric", "seen": "timestamptz"}
SIMPLE = {"customer": "SELECT id AS key, name, credit, seen FROM erp.party"}
PRICE = {"id": "bigint", "sku": "text", "currency": "text", "amount": "numeric"}


def evaluated(world, entity, *keys):
    return world.mirrors.evaluate(world.conn, "erp", entity, keys)


def test_a_new_record_comes_back_with_exact_numbers(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(w.feed.put("party", 1, "Ann", Decimal("0.10"), "2026-01-01T02:00:00+02:00"))
    (record,) = evaluated(w, "customer", "1", "2").records
    assert (record.key, record.root_key, record.known_id) == ("1", "1", None)
    assert '"credit": 0.10' in record.raw
    assert w.mirrors.sample(w.conn, "erp", "customer", 5) == [record.attrs]
    assert record.attrs == {
        "name": "Ann",
        "credit": Decimal("0.10"),
        "seen": "2026-01-01T00:00:00+00:00",
    }


def test_only_what_differs_comes_back(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(*(w.feed.put("party", n, "x", Decimal("1.0"), None) for n in (1, 2)))
    w.store("customer")
    assert evaluated(w, "customer", "1", "2").records == []
    w.apply(w.feed.put("party", 1, "x", Decimal("1.00"), None))
    assert evaluated(w, "customer", "1", "2").records == []
    w.apply(w.feed.put("party", 2, "y", Decimal("1.0"), None))
    (record,) = evaluated(w, "customer", "1", "2").records
    assert (record.key, record.attrs["name"]) == ("2", "y")
    assert record.known_id is not None


def test_a_record_that_does_not_come_back_is_deleted(world):
    w = world({"party": PARTY}, {"customer": SIMPLE["customer"] + " WHERE name <> 'gone'"})
    w.apply(w.feed.put("party", 1, "x", None, None))
    w.store("customer")
    w.apply(w.feed.put("party", 1, "gone", None, None))
    (record,) = evaluated(w, "customer", "1").records
    assert (record.key, record.attrs) == ("1", None)
    w.save("customer", record)
    assert evaluated(w, "customer", "1").records == []
    w.apply(w.feed.put("party", 1, "x", None, None))
    (back,) = evaluated(w, "customer", "1").records
    assert back.attrs is not None


def test_record_columns_complete_the_key(world):
    w = world(
        {"price": PRICE},
        {"price": "SELECT sku AS key, currency, amount FROM erp.price"},
        record={"price": ("currency",)},
    )
    w.apply(
        w.feed.put("price", 1, "A", "EUR", Decimal(5)),
        w.feed.put("price", 2, "A", "CHF", Decimal(6)),
    )
    assert w.marks("price") == {"A"}
    w.store("price")
    w.apply(w.feed.delete("price", 1), w.feed.put("price", 3, "A", "USD", Decimal(7)))
    records = {r.key: r.attrs for r in evaluated(w, "price", "A").records}
    assert records == {
        '["A", "EUR"]': None,
        '["A", "USD"]': {"currency": "USD", "amount": 7},
    }


def test_two_rows_with_one_record_key_are_a_failure_of_that_root_alone(world):
    w = world({"price": PRICE}, {"price": "SELECT sku AS key, amount FROM erp.price"})
    for n, sku in enumerate("AAB"):
        w.apply(w.feed.put("price", n, sku, "EUR", Decimal(n)))
    found = evaluated(w, "price", "A", "B")
    assert [record.key for record in found.records] == ["B"]
    assert "record" in found.failed["A"]


def test_a_key_for_which_the_mapping_raises_fails_alone(world):
    w = world({"party": PARTY}, {"customer": "SELECT id AS key, name::int AS n FROM erp.party"})
    for n in range(20):
        w.apply(w.feed.put("party", n, "oops" if n in {3, 17} else str(n), None, None))
    found = evaluated(w, "customer", *(str(n) for n in range(20)))
    assert set(found.failed) == {"3", "17"}
    assert "oops" in found.failed["3"]
    assert len(found.records) == 18


def test_settings_of_the_transaction_are_put_back(world):
    w = world({"party": PARTY}, SIMPLE)
    w.conn.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
    evaluated(w, "customer", "1")
    assert w.conn.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)


def test_both_forms_yield_the_same(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(*(w.feed.put("party", n, f"n{n}", Decimal(n), None) for n in range(5)))
    batch = evaluated(w, "customer", "1", "2", "9")
    w.conn.execute(f"INSERT INTO {w.mirrors.names.forms} VALUES ('erp', 'customer', 'L')")
    assert evaluated(w, "customer", "1", "2", "9") == batch
