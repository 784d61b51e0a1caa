"""The echo of our own writes."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, strategies as st

from golden_records.domain.echo import LedgerEntry, acknowledge, expired
from tests.golden_records.domain.population import NOW


def wrote(number, **attrs):
    sent = NOW + timedelta(seconds=number)
    return LedgerEntry(id=number, version=number, attrs=attrs, sent_at=sent)


def ids(entries):
    return [entry.id for entry in entries]


def test_an_equal_image_closes_the_write():
    found = acknowledge([wrote(1, name="a", city="b")], {"name": "a", "city": "b"})
    assert ids(found.closed) == [1]
    assert found.echoed == {"name": 1, "city": 1}
    assert found.remainder == {}


def test_what_a_trigger_changed_is_a_genuine_change():
    found = acknowledge([wrote(1, name="a", amount="9.99")], {"name": "a", "amount": "10"})
    assert found.echoed == {"name": 1}
    assert found.remainder == {"amount": "10"}
    assert found.closed == ()
    assert found.touched[0].open == {"amount"}


def test_attributes_that_were_not_written_are_left_over():
    found = acknowledge([wrote(1, name="a")], {"name": "a", "city": "x"})
    assert found.remainder == {"city": "x"}


def test_the_echo_of_a_later_write_closes_the_earlier_ones():
    found = acknowledge([wrote(2, name="b"), wrote(1, name="a")], {"name": "b"})
    assert ids(found.closed) == [1, 2]
    assert found.closed[0].overtaken == {"name"}
    assert found.closed[1].overtaken == frozenset()


def test_the_earliest_of_equal_writes_is_consumed():
    entries = [wrote(1, name="a"), wrote(2, name="b"), wrote(3, name="a")]
    first = acknowledge(entries, {"name": "a"})
    assert ids(first.closed) == [1]
    second = acknowledge(entries[1:], {"name": "b"})
    assert ids(second.closed) == [2]
    assert ids(acknowledge(entries[2:], {"name": "a"}).closed) == [3]


def test_attributes_in_different_tables_come_back_apart():
    entries = [wrote(1, name="a", street="s"), wrote(2, name="b")]
    found = acknowledge(entries, {"name": "b"})
    assert ids(found.closed) == [2]
    assert ids(found.touched) == [1]
    later = acknowledge(found.touched, {"street": "s"})
    assert ids(later.closed) == [1]
    assert later.closed[0].overtaken == {"name"}


def test_an_entry_is_consumed_once():
    entry = wrote(1, name="a", city="b")
    found = acknowledge([entry], {"name": "a"})
    again = acknowledge(found.touched, {"name": "a"})
    assert again.remainder == {"name": "a"}


def test_a_written_null_echoes_as_null():
    assert ids(acknowledge([wrote(1, name=None)], {"name": None}).closed) == [1]


def test_nothing_open_means_everything_is_theirs():
    assert acknowledge([], {"name": "a"}).remainder == {"name": "a"}


def test_an_entry_without_an_echo_expires():
    entries = [wrote(1, name="a"), wrote(60, name="b")]
    assert ids(expired(entries, NOW + timedelta(seconds=61), timedelta(minutes=1))) == [1]


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), min_size=1), max_size=6))
def test_images_in_order_close_every_write_and_leave_nothing(writes):
    open_entries = [wrote(at, **attrs) for at, attrs in enumerate(writes)]
    for attrs in writes:
        found = acknowledge(open_entries, attrs)
        assert found.remainder == {}
        done = {entry.id: entry for entry in (*found.closed, *found.touched)}
        after = [done.get(entry.id, entry) for entry in open_entries]
        open_entries = [entry for entry in after if entry.open]
    assert open_entries == []


@given(
    st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2), min_size=1), max_size=4),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)),
)
def test_every_observed_value_is_an_echo_or_left_over(writes, observed):
    open_entries = [wrote(at, **attrs) for at, attrs in enumerate(writes)]
    found = acknowledge(open_entries, observed)
    assert set(found.echoed) | set(found.remainder) == set(observed)
    assert not set(found.echoed) & set(found.remainder)
    for name, value in found.remainder.items():
        assert all(attrs.get(name, "none") != value for attrs in writes)
