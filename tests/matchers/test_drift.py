"""A snapshot of frequencies says when it is stale, and why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from matchers import (
    IncrementalMatcher,
    Record,
    default_model,
    drift,
    outgrown,
    prepare,
    recounted,
    with_terms,
)
from matchers.score import GENERIC
from tests.matchers.people import PERSON, people

RECORDS = people(80, seed=5)
PREPARED = [prepare(PERSON, record) for record in RECORDS]
MODEL = with_terms(PERSON, default_model(PERSON), PREPARED)


def crowd(count, **values):
    return [prepare(PERSON, Record(f"x:{n}", "x", values)) for n in range(count)]


def looked(prepared):
    return drift(PERSON, MODEL, recounted(PERSON, MODEL, prepared))


def test_counting_one_by_one_gives_what_counting_a_table_gives():
    assert recounted(PERSON, MODEL, iter(PREPARED)) == MODEL


def test_the_same_records_have_not_drifted():
    found = looked(PREPARED)
    assert (found.then, found.now) == (len(PREPARED), len(PREPARED))
    assert all(shift.bits == 0.0 for shift in found.shifts)
    assert found.reasons() == ()


def test_more_of_the_same_is_outgrown_but_weighs_the_same():
    twice = [replace(item, id=f"{n}{item.id}") for n in range(2) for item in PREPARED]
    found = looked(twice)
    assert all(shift.bits < 0.35 for shift in found.shifts if shift.field == "person")
    assert any("counted on" in reason for reason in found.reasons())


def test_a_placeholder_that_came_into_use_is_named_before_it_matches_everybody():
    mail = "orders@reseller.com"
    few, many = crowd(GENERIC, email=mail), crowd(GENERIC + 1, email=mail)
    assert looked([*PREPARED, *few]).crowded == ()
    (found,) = looked([*PREPARED, *many]).crowded
    assert (found.field, found.then, found.now) == ("email", 0, GENERIC + 1)
    assert any(mail in reason for reason in looked([*PREPARED, *many]).reasons())


def test_what_is_common_by_now_shifts_the_weight_of_agreement():
    town = crowd(60, surname="ahlberg", given="anna")
    found = looked([*PREPARED[:60], *town])
    (shift,) = [item for item in found.shifts if item.field == "person"]
    assert shift.bits > 0.5
    assert any("agreement of person" in reason for reason in found.reasons())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(PREPARED), min_size=1), st.lists(st.sampled_from(PREPARED)))
def test_a_renewed_snapshot_never_asks_to_be_renewed(before, more):
    model = recounted(PERSON, MODEL, before)
    renewed = recounted(PERSON, model, [*before, *more])
    again = drift(PERSON, renewed, recounted(PERSON, renewed, [*before, *more]))
    assert again.reasons() == ()


def test_growth_alone_is_told_by_the_numbers():
    assert not outgrown(100, 150)
    assert outgrown(100, 151)
    assert outgrown(0, 2)
    matcher = IncrementalMatcher(PERSON, replace(MODEL, records=4))
    for record in RECORDS[:6]:
        matcher.put(record)
    assert not matcher.renewal_due()
    matcher.put(RECORDS[6])
    assert matcher.renewal_due()
