"""Verification finds what somebody has changed behind the hub's back, and says what it is."""

from __future__ import annotations

import pytest

from hub.bootstrap.verifying import verification
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
    service, now = verification(built.hub), built.hub.clock.now()
    assert name in found(service.invariants(now, lambda _: None).differences)
    assert name in found(service.verify(now, lambda _: None).differences)


@pytest.mark.parametrize("name", BEYOND)
def test_what_does_not_follow_from_the_mirrors_is_named(built, places, name):
    damage(built, BEYOND[name].format(**places))
    assert name in found(built.differences())


def test_where_nothing_was_touched_nothing_is_found(built, places):
    report = verification(built.hub).invariants(built.hub.clock.now(), lambda _: None)
    assert (report.differences, report.behind) == ([], 0)
