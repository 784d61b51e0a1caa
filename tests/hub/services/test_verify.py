"""Verification finds what somebody has changed behind the hub's back, and says what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.bootstrap.verifying import verification
from hub.clock import SystemClock
from tests.hub.services.identity_play import (
    EMAIL,
    NAME,
    OTHER,
    VAT,
    clean,
    erp,
    price,
    run,
    shop,
    together,
)

pytestmark = pytest.mark.postgres

DAMAGE = {
    "I1": "UPDATE hub.link SET valid_to = clock_timestamp() WHERE golden_id = '{home}'",
    "I1b": "UPDATE hub.source_record SET deleted = true WHERE id = {erp}",
    "I2": "UPDATE hub.golden SET merged_into = id WHERE id = '{merged}'",
    "I2b": "UPDATE hub.golden SET status = 'RETIRED' WHERE id = '{home}'",
    "I3": "INSERT INTO hub.pair_decision (entity, record_a, record_b, verdict, actor, reason)"
    " VALUES ('customer', {erp}, {shop}, 'DIFFERENT', 'ann', '')",
    "golden_differs": """UPDATE hub.golden SET attrs = attrs || '{{"name": "X"}}'"""
    " WHERE id = '{home}'",
    "base_differs": """UPDATE hub.source_record SET base = base || '{{"name": "X"}}'"""
    " WHERE id = {erp}",
    "I5": """UPDATE hub.golden_version SET attrs = attrs || '{{"name": "X"}}'"""
    " WHERE golden_id = '{home}'",
    "I6": "DELETE FROM hub.identity_event WHERE kind = 'LINK' AND after ? '{home}'",
    "I7": "DELETE FROM hub.golden_version WHERE golden_id = '{home}' AND version = 1",
    "I9": "INSERT INTO hub.feed_count (system, table_name, received, applied, duplicate, stale,"
    " quarantined, ignored) VALUES ('erp', 'customer', 3, 1, 1, 0, 0, 0)",
}
BEYOND = {
    "record_differs": """UPDATE hub.source_record SET attrs = attrs || '{{"name": "X"}}'"""
    " WHERE id = {erp}",
    "record_missing": "UPDATE hub.source_record SET deleted = true WHERE id = {erp}",
    "record_extra": "UPDATE mirror_erp.customer SET _deleted = true WHERE id = 1",
    "reference_differs": "UPDATE hub.reference SET key = '99'",
}


@pytest.fixture
def places(built):
    """A customer of two records that came one after the other, a price, and one that was merged."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    clean(built)
    home = together(built)
    price(built, "erp", 5, 1)
    shop(built, 7, company=OTHER["name"], vat=OTHER["vat"])
    shop(built, 8, company=f"{OTHER['name']} Nord", email=OTHER["email"])
    clean(built)
    kept, merged = sorted((built.home("shop", 7), built.home("shop", 8)))
    run(built, "merge", [kept, merged])
    clean(built)
    ids = {"erp": built.record_id("erp", 1), "shop": built.record_id("shop", 2)}
    return {"home": home, "merged": merged} | ids


def damage(built, sql):
    with built.transaction() as work:
        work.connection.execute(sql)
        work.commit()


def found(differences):
    """The kinds of differences, of invariants their numbers."""
    return {d.get("invariant", d["kind"]).split()[0] for d in differences}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_broken_invariant_is_named(built, places, name):
    damage(built, DAMAGE[name].format(**places))
    service = verification(built.hub)
    assert name in found(service.invariants(lambda _: None).differences)
    assert name in found(service.verify(lambda _: None).differences)


@pytest.mark.parametrize("name", BEYOND)
def test_what_does_not_follow_from_the_mirrors_is_named(built, places, name):
    damage(built, BEYOND[name].format(**places))
    assert name in found(built.differences())


def test_where_nothing_was_touched_nothing_is_found(built, places):
    report = verification(built.hub).invariants(lambda _: None)
    assert (report.differences, report.behind) == ([], 0)


# --- what time alone changes


@pytest.fixture
def coming(built):
    """A golden record whose price is 5 today and 6 from in two days on."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    day = built.hub.clock.now().date()
    change = day + timedelta(days=2)
    common = {"customer_id": 1, "product_code": "P1", "currency": "EUR"}
    built.put("erp", "customer_price", id=1, **common, amount=5, valid_from=day, valid_to=change)
    built.put("erp", "customer_price", id=2, **common, amount=6, valid_from=change)
    clean(built)
    return built


def test_what_became_due_and_was_not_yet_looked_at_is_behind_and_no_difference(coming):
    coming.hub.clock.ahead += timedelta(days=3)
    report = verification(coming.hub).verify(lambda _: None)
    assert (report.differences, report.behind) == ([], 1)
    coming.settle()
    report = verification(coming.hub).verify(lambda _: None)
    assert (report.differences, report.behind) == ([], 0)


def test_damage_is_named_also_where_a_golden_record_is_due(coming):
    coming.hub.clock.ahead += timedelta(days=3)
    damage(coming, """UPDATE hub.golden SET attrs = attrs || '{"amount": "6"}'
                      WHERE entity = 'price'""")  # fmt: skip
    assert "golden_differs" in found(coming.differences())


def test_what_was_never_to_be_looked_at_again_is_named_when_its_time_has_come(coming):
    damage(coming, "UPDATE hub.golden SET next_effective_at = NULL WHERE entity = 'price'")
    coming.hub.clock.ahead += timedelta(days=3)
    assert "golden_differs" in found(coming.differences())


class Meanwhile(SystemClock):
    """A clock that, when asked, lets the hub go on for three days before the asker does."""

    def __init__(self, built):
        self.built = built

    def now(self):
        clock = self.built.hub.clock
        asked = clock.now()
        clock.ahead += timedelta(days=3)
        self.built.settle()
        return asked


def test_what_the_hub_decides_while_verification_begins_is_not_held_against_it(coming):
    hub = replace(coming.hub, clock=Meanwhile(coming))
    assert verification(hub).verify(lambda _: None).differences == []
    assert coming.differences() == []
