"""When a difference is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Frequency
from golden_records.domain.frequency import FrequencyRefused, check, combine, jitter, next_due

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
BERLIN = ZoneInfo("Europe/Berlin")


def every(zone="UTC", **span):
    return Frequency(mode="every", every=timedelta(**span), time_zone=zone)


def cron(expression, zone="UTC"):
    return Frequency(mode="cron", cron=expression, time_zone=zone)


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def due(frequency, dirty, salt="lane"):
    return next_due(frequency, dirty, dirty, salt)


PERIODS = st.one_of(
    st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(1, 48 * 4).map(lambda quarters: timedelta(minutes=15 * quarters)),
)
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
FREQUENCIES = st.builds(
    lambda period, zone: Frequency(mode="every", every=period, time_zone=zone),
    PERIODS,
    st.sampled_from(ZONES),
)


@given(FREQUENCIES, MOMENTS, st.text(max_size=5))
def test_it_is_due_within_the_period_and_never_before(frequency, dirty, salt):
    found = due(frequency, dirty, salt)
    assert dirty <= found <= dirty + frequency.every
    assert found == due(frequency, dirty, salt)


@given(FREQUENCIES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_what_became_dirty_later_is_never_due_earlier(frequency, dirty, later):
    assert due(frequency, dirty) <= due(frequency, dirty + later)


@given(MOMENTS, st.sampled_from([
    cron("*/15 * * * *", "Europe/Berlin"), cron("30 2 * * *", "Europe/Berlin"),
    cron("0 6 * * 1-5", "America/New_York"), cron("0 0 1 * *"),
]))  # fmt: skip
def test_cron_moves_forward(dirty, frequency):
    found = due(frequency, dirty)
    assert found >= dirty
    assert due(frequency, found) == found
    assert due(frequency, found + timedelta(microseconds=1)) > found


def test_immediate_is_at_once():
    dirty = at("2026-05-01T12:00:00Z")
    assert due(Frequency(mode="immediate"), dirty) == dirty


def test_differences_of_one_lane_are_due_together():
    frequency = every(minutes=15)
    first, second = at("2026-05-01T12:03:00Z"), at("2026-05-01T12:10:00Z")
    assert due(frequency, first) == due(frequency, second)


def test_the_jitter_depends_on_the_salt_alone_and_is_small():
    frequency = every(minutes=15)
    shifts = {jitter(frequency, f"lane {number}") for number in range(50)}
    assert len(shifts) == 50
    assert max(shifts) < timedelta(seconds=90)
    assert jitter(every(days=7), "lane 1") < timedelta(minutes=5)
    assert jitter(Frequency(mode="immediate"), "x") == timedelta(0)


def test_a_clock_ahead_at_the_source_delays_nothing():
    now = at("2026-05-01T12:00:00Z")
    assert next_due(Frequency(mode="immediate"), now + timedelta(hours=1), now, "x") == now


def test_long_periods_keep_to_the_wall_clock():
    frequency = every("Europe/Berlin", hours=24)
    shift = jitter(frequency, "lane")
    for day in ("2026-01-15", "2026-07-15"):
        found = due(frequency, at(f"{day}T12:00:00+01:00"))
        local = found.astimezone(BERLIN)
        assert (local - shift).strftime("%H:%M:%S") == "00:00:00"


def test_the_promise_wins_over_the_grid_when_the_clock_is_put_back():
    frequency = every("Europe/Berlin", hours=24)
    dirty = at("2026-10-25T00:10:00+02:00")
    assert due(frequency, dirty) == dirty + timedelta(hours=24)


def test_a_missing_hour_fires_at_the_next_valid_instant():
    found = due(cron("30 2 * * *", "Europe/Berlin"), at("2026-03-29T00:00:00+01:00"))
    assert found == at("2026-03-29T03:00:00+02:00")


def test_a_repeated_hour_fires_once():
    frequency = cron("30 2 * * *", "Europe/Berlin")
    first = due(frequency, at("2026-10-25T00:00:00+02:00"))
    assert first == at("2026-10-25T02:30:00+02:00")
    assert due(frequency, first + timedelta(seconds=1)) == at("2026-10-26T02:30:00+01:00")


def test_a_wildcard_hour_follows_real_time():
    frequency = cron("*/30 * * * *", "Europe/Berlin")
    found = at("2026-10-25T02:00:00+02:00")
    for _ in range(4):
        following = due(frequency, found + timedelta(seconds=1))
        assert following - found == timedelta(minutes=30)
        found = following


def test_more_urgent_pulls_forward_and_less_urgent_leaves():
    soon, late = at("2026-05-01T12:00:00Z"), at("2026-05-01T13:00:00Z")
    assert combine(late, soon) == soon
    assert combine(soon, late) == soon
    assert combine(None, late) == late


@pytest.mark.parametrize("frequency, message", [
    (Frequency(mode="sometimes"), "use cron, every, immediate"),
    (Frequency(mode="every"), "at least one second"),
    (every(milliseconds=10), "at least one second"),
    (every("Mars/Olympus", minutes=1), "IANA name"),
    (every("../etc", minutes=1), "IANA name"),
    (cron("61 * * * *"), "five fields"),
    (Frequency(mode="cron"), "five fields"),
    (cron("0 0 30 2 *"), "five fields"),
])  # fmt: skip
def test_what_cannot_be_followed_is_refused(frequency, message):
    with pytest.raises(FrequencyRefused, match=message):
        check(frequency)
    with pytest.raises(FrequencyRefused, match=message):
        due(frequency, at("2026-05-01T12:00:00Z"))


@pytest.mark.parametrize("frequency", [
    Frequency(mode="immediate"), every(minutes=15), cron("0 2 * * *", "Europe/Berlin"),
])  # fmt: skip
def test_what_can_be_followed_is_not(frequency):
    check(frequency)
