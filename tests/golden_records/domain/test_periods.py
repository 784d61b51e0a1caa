"""What a dated entity holds when: no overlaps, no invented gaps, midnight where the entity is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Attribute, Strategy, Survivorship, ValueType
from golden_records.domain.merge import merger
from golden_records.domain.periods import EARLIEST, LATEST
from golden_records.domain.records import Override
from tests.golden_records.domain.population import NOW, customer, golden, says

NAMES = ("since", "until")
DAY = timedelta(days=1)


def prices(**changes):
    dates = tuple(Attribute(name=name, type=ValueType.DATE) for name in NAMES)
    amount = Attribute(name="amount", type=ValueType.DECIMAL)
    group = Survivorship(
        group="price",
        attributes=("amount", *NAMES),
        strategies=(Strategy.SOURCE_RANK,),
        ranks=("erp", "crm"),
    )
    return replace(customer(group, attributes=(*dates, amount), effective=NAMES), **changes)


def price(system, key, begin, end, amount):
    return says(system, key, since=begin, until=end, amount=amount)


def timeline(*records, entity=None, now=NOW, overrides=()):
    return merger(entity or prices()).merge(records, None, overrides, now)


def spelt(periods):
    day = lambda at: at and at.date().isoformat()  # noqa: E731
    return [(day(p.begins), day(p.ends), p.attrs["amount"]) for p in periods]


def test_the_better_ranked_record_cuts_the_other_in_two():
    result = timeline(
        price("crm", "1", "2026-01-01", None, "10"),
        price("erp", "2", "2026-03-01", "2026-04-01", "8"),
    )
    assert spelt(result.periods) == [
        ("2026-01-01", "2026-03-01", "10"),
        ("2026-03-01", "2026-04-01", "8"),
        ("2026-04-01", None, "10"),
    ]
    assert result.periods[1].lineage["amount"].system == "erp"
    assert result.attrs["amount"] == "10"


def test_an_undated_entity_has_no_periods():
    assert merger(customer()).merge([says("erp", name="a")], None, (), NOW).periods == ()


def test_a_record_that_ends_before_it_begins_is_never_in_force():
    assert timeline(price("erp", "1", "2026-04-01", "2026-03-01", "8")).periods == ()


def test_a_stewards_value_holds_from_when_it_was_set():
    word = Override(attribute="amount", value="12", mode="FOREVER", actor="ann", set_at=NOW - DAY)
    result = timeline(price("erp", "1", "2026-01-01", "2026-06-01", "10"), overrides=(word,))
    assert spelt(result.periods) == [
        ("2026-01-01", "2026-04-30", "10"),
        ("2026-04-30", "2026-06-01", "12"),
    ]
    assert result.attrs["amount"] == "12"


@pytest.mark.parametrize(
    "day, midnight",
    [
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC)),  # the night in which an hour is lost
        ("2026-03-30", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC)),  # the night of 25 hours
        ("2026-10-26", datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_midnight_is_the_entitys_on_both_sides_of_the_change_of_clocks(day, midnight):
    entity = prices(time_zone="Europe/Berlin")
    records = price("erp", "1", None, day, "10"), price("erp", "2", day, None, "12")
    before = timeline(*records, entity=entity, now=midnight - timedelta(microseconds=1))
    assert (before.attrs["amount"], before.next_effective_at) == ("10", midnight)
    assert timeline(*records, entity=entity, now=midnight).attrs["amount"] == "12"
    assert [p.begins for p in before.periods] == [None, midnight]


DATES = st.none() | st.dates(date(2026, 4, 1), date(2026, 6, 1)).map(str)


@st.composite
def dated(draw):
    count = draw(st.integers(0, 5))
    return [
        price(draw(st.sampled_from(["erp", "crm", "pim"])), str(at), draw(DATES), draw(DATES),
              draw(st.sampled_from(["1", "2"])))
        for at in range(count)
    ]  # fmt: skip


@given(dated(), st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]))
def test_periods_never_overlap_and_cover_exactly_what_the_records_cover(records, zone):
    periods = timeline(*records, entity=prices(time_zone=zone)).periods
    ends = [(p.begins or EARLIEST, p.ends or LATEST) for p in periods]
    assert all(begin < end for begin, end in ends)
    assert all(one[1] <= other[0] for one, other in pairwise(ends))
    zone = ZoneInfo(zone)
    midnight = datetime(2026, 3, 31, tzinfo=zone)
    for _ in range(64):
        day = midnight.date().isoformat()
        covered = any((r.attrs["since"] or "") <= day < (r.attrs["until"] or "9") for r in records)
        assert covered == any(begin <= midnight < end for begin, end in ends)
        midnight = (midnight + DAY).replace(hour=0)


@given(dated(), st.randoms(use_true_random=False))
def test_the_order_of_members_never_counts(records, chance):
    assert timeline(*records) == timeline(*chance.sample(records, len(records)))


@given(dated(), st.integers(0, 60))
def test_at_any_time_the_golden_value_is_that_of_the_period_in_force(records, ahead):
    now = NOW + ahead * DAY
    periods = timeline(*records).periods
    inside = [p for p in periods if (p.begins or EARLIEST) <= now < (p.ends or LATEST)]
    result = timeline(*records, now=now)
    if inside:
        assert inside[0].attrs == result.attrs
    stored = golden(result.attrs, result.lineage)
    assert merger(prices()).merge(records, stored, (), now).periods == result.periods
