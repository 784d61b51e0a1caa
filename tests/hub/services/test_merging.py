"""Bases, overrides and cases that a merge leaves behind, on real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from golden_records.domain.records import Override

pytestmark = pytest.mark.postgres

NAME, VAT, EMAIL = "Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"
SET_AT = datetime(2026, 5, 1, tzinfo=UTC)


def clean(built):
    built.settle()
    assert built.differences() == []


def erp(built, **row):
    built.put("erp", "customer", id=1, **{"name": NAME, "vat_number": VAT, **row})


def shop(built, **row):
    built.put("shop", "account", id=2, **{"company": NAME, "vat": VAT, **row})


def sent(built, home, **attrs):
    """Note a write to the shop, as the publisher does before it sends."""
    sql = """
    INSERT INTO hub.write_ledger (publication_id, target, entity, target_key, golden_id,
      attribute_group, golden_version, fence, attrs, state, sent_at)
    VALUES (1, 'shop', 'customer', '2', %s, 'limit', 1, 1, %s::jsonb, 'OPEN', clock_timestamp())
    """
    with built.transaction() as work:
        pairs = ", ".join(f'"{name}": "{value}"' for name, value in attrs.items())
        work.connection.execute(sql, (home, f"{{{pairs}}}"))
        work.commit()


def override(built, home, **facts):
    with built.transaction() as work:
        work.goldens.lock([home])
        given = {"attribute": "name", "actor": "ann", "set_at": SET_AT, **facts}
        work.decisions.set_override(home, Override(**given), "test")
        work.decisions.touch([home])
        work.marks.mark_records([built.record_id("erp", 1)], cause="steward", priority=0)
        work.commit()


def test_the_late_echo_of_an_earlier_write_is_no_trespass(built):
    erp(built, credit_limit=100)
    shop(built, credit_limit=50)
    clean(built)
    home = built.home("shop", 2)
    assert home == built.home("erp", 1)
    shop(built, credit_limit=100)
    clean(built)
    sent(built, home, credit_limit="200")
    erp(built, credit_limit=300)
    clean(built)
    shop(built, credit_limit=200)
    clean(built)
    assert built.golden(home)["attrs"]["credit_limit"] == "300"
    assert built.cases("trespass") == []
    shop(built, credit_limit=250)
    clean(built)
    (case,) = built.cases("trespass")
    assert case["details"]["base"] == "200"
    assert case["exposure"] == 300


def test_an_override_that_ended_stays_ended(built):
    erp(built)
    clean(built)
    home = built.home("erp", 1)
    override(built, home, value="ACME", mode="UNTIL_OWNER_CHANGES", base=NAME)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == "ACME"
    erp(built, name="Acme Holding")
    clean(built)
    erp(built, name=NAME)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == NAME
    (row,) = built.query("SELECT * FROM hub.override")
    assert row["closed_at"] is not None
    assert "UNTIL_OWNER_CHANGES" in row["closed_because"]


def test_an_override_until_a_date_ends_with_no_event(built):
    erp(built)
    clean(built)
    home = built.home("erp", 1)
    until = built.hub.clock.now() + timedelta(hours=1)
    override(built, home, value="ACME", mode="UNTIL_DATE", until=until)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == "ACME"
    built.hub.clock.ahead += timedelta(hours=2)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == NAME


def test_two_prices_of_one_system_with_one_identity_are_a_case_until_one_goes(built):
    erp(built)
    price = {"customer_id": 1, "product_code": "A", "currency": "EUR"}
    built.put("erp", "customer_price", id=5, amount=3, **price)
    built.put("erp", "customer_price", id=6, amount=4, **price)
    clean(built)
    (case,) = built.cases("reference_collision")
    assert case["details"]["keys"] == ["5", "6"]
    built.delete("erp", "customer_price", id=6)
    clean(built)
    assert built.cases() == []


def test_prices_whose_periods_follow_each_other_do_not_collide(built):
    erp(built)
    price = {"customer_id": 1, "product_code": "A", "currency": "EUR"}
    built.put("erp", "customer_price", id=5, amount=3, valid_to="2026-06-01", **price)
    built.put("erp", "customer_price", id=6, amount=4, valid_from="2026-06-01", **price)
    clean(built)
    assert built.home("erp", 5, "price") == built.home("erp", 6, "price") is not None
    assert built.cases() == []


def test_a_price_waits_for_its_customer_with_a_case(built):
    built.put("erp", "customer_price", id=5, customer_id=1, product_code="A", currency="EUR")
    built.put(
        "erp", "customer_price", id=5, customer_id=1, product_code="A", currency="EUR", amount=3
    )
    clean(built)
    assert built.home("erp", 5, "price") is None
    (case,) = built.cases()
    assert case["kind"] == "reference_missing"
    erp(built)
    clean(built)
    assert built.home("erp", 5, "price") is not None
    assert built.cases() == []
