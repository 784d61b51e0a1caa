"""The merge: overrides and dated records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from golden_records.domain.catalogue import (
    Attribute,
    OwnerRule,
    OwnerSilence,
    Survivorship,
    ValueType,
)
from golden_records.domain.records import Loser, Override
from tests.golden_records.domain.population import NOW, customer, golden, merged, owned, says

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def overridden(attribute, value, mode="FOREVER", *, until=None, base=None):
    return Override(
        attribute=attribute, value=value, mode=mode, actor="ann", set_at=NOW, until=until, base=base
    )


# --- overrides


def test_an_override_is_applied_last_and_its_victim_stays_in_the_lineage():
    result = merged(
        customer(owned("erp")), says("erp", name="a"), overrides=(overridden("name", "z"),)
    )
    assert result.attrs["name"] == "z"
    proof = result.lineage["name"]
    assert (proof.system, proof.key, proof.rule) == ("steward", "ann", "override:FOREVER")
    assert proof.losers == (Loser(system="erp", key="1", value="a", lost_at="override"),)


def test_an_ended_override_is_reported_and_ignored():
    override = overridden("name", "z", "UNTIL_DATE", until=NOW)
    result = merged(customer(), says("erp", name="a"), overrides=(override,))
    assert result.attrs["name"] == "a"
    assert result.ended == (override,)


def test_the_end_of_an_override_is_an_instant_to_look_again():
    override = overridden("name", "z", "UNTIL_DATE", until=NOW + HOUR)
    result = merged(customer(), says("erp", name="a"), overrides=(override,))
    assert result.next_effective_at == NOW + HOUR


def test_keep_does_not_keep_an_override_that_ended():
    entity = customer(owned("erp", silent=OwnerSilence.KEEP))
    first = merged(entity, says("erp", name="a"), overrides=(overridden("name", "z"),))
    stored = golden(first.attrs, first.lineage)
    result = merged(entity, says("erp", name=None), previous=stored)
    assert result.attrs["name"] == "a"
    assert (result.lineage["name"].system, result.lineage["name"].rule) == ("erp", "kept")


def test_of_two_overrides_the_newer_counts():
    old = overridden("name", "y")
    new = Override(attribute="name", value="z", mode="FOREVER", actor="bob", set_at=NOW + HOUR)
    for order in ((old, new), (new, old)):
        assert merged(customer(), says("erp", name="a"), overrides=order).attrs["name"] == "z"


# --- dated records


def dated(begin, end, amount, key):
    return says("erp", key, since=begin, until=end, amount=amount)


def prices():
    names = ("since", "until")
    dates = tuple(Attribute(name=name, type=ValueType.DATE) for name in names)
    amount = Attribute(name="amount", type=ValueType.DECIMAL)
    return customer(attributes=(*dates, amount), effective=names)


def test_the_record_in_force_counts_and_the_next_begin_is_known():
    records = [
        dated("2025-01-01", "2026-06-01", "10", "1"),
        dated("2026-06-01", None, "12", "2"),
    ]
    result = merged(prices(), *records)
    assert result.attrs["amount"] == "10"
    assert result.next_effective_at.isoformat() == "2026-06-01T00:00:00+00:00"
    result = merged(prices(), *records, now=result.next_effective_at)
    assert result.attrs["amount"] == "12"
    assert result.next_effective_at is None


def test_where_nothing_is_in_force_the_next_counts_then_the_last():
    coming = dated("2026-07-01", "infinity", "12", "2")
    over = dated("2025-01-01", "2025-06-01", "10", "1")
    assert merged(prices(), coming, over).attrs["since"] == "2026-07-01"
    assert merged(prices(), over).attrs["amount"] == "10"


def test_an_override_of_a_value_that_nobody_gives_hides_nothing():
    entity = customer(owned("erp", silent=OwnerSilence.KEEP))
    first = merged(entity, overrides=(overridden("name", "z"),))
    assert first.lineage["name"].losers == ()
    assert merged(entity, previous=golden(first.attrs, first.lineage)).attrs["name"] is None


def test_an_owner_that_is_silent_has_no_value_to_hold_an_override_against():
    override = overridden("name", "z", "UNTIL_OWNER_CHANGES", base="a")
    entity = customer(owned("erp"))
    assert merged(entity, says("erp", name="a"), overrides=(override,)).ended == ()
    assert merged(entity, says("crm", name="a"), overrides=(override,)).ended == (override,)


def test_timestamps_bound_periods_too_and_unbounded_is_infinite():
    names = ("begin", "end")
    times = tuple(Attribute(name=name, type=ValueType.TIMESTAMP) for name in names)
    entity = customer(attributes=(*times, Attribute(name="name")), effective=names)
    records = [
        says("erp", "1", begin="-infinity", end="2026-05-01T12:00:00Z", name="over"),
        says("erp", "2", begin="2026-05-01T12:00:00Z", end="infinity", name="now"),
    ]
    assert merged(entity, *records).attrs["name"] == "now"
    assert merged(entity, *records, now=NOW - HOUR).attrs["name"] == "over"


def test_a_date_begins_at_midnight_of_the_entitys_zone():
    entity = replace(prices(), time_zone="Asia/Tokyo")
    records = [dated(None, "2026-05-02", "10", "1"), dated("2026-05-02", None, "12", "2")]
    result = merged(entity, *records)
    assert result.next_effective_at.isoformat() == "2026-05-01T15:00:00+00:00"


@pytest.mark.parametrize("begin, end", [("0001-01-01", "9999-12-31"), ("9999-12-31", None)])
def test_the_ends_of_the_calendar_are_no_trouble(begin, end):
    entity = replace(prices(), time_zone="Asia/Tokyo")
    assert merged(entity, dated(begin, end, "10", "1")).attrs["amount"] == "10"


def test_a_condition_sees_the_stewards_value():
    rules = (OwnerRule(system="erp", when="segment == 'B2B'"),)
    entity = customer(Survivorship(group="name", attributes=("name",), owners=rules))
    records = says("erp", name="a", segment="B2C", at=NOW - DAY), says("crm", name="b")
    assert merged(entity, *records).attrs["name"] == "b"
    override = overridden("segment", "B2B")
    assert merged(entity, *records, overrides=(override,)).attrs["name"] == "a"
