"""Laws of matching: symmetry, independence of order, constraints, idempotence."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from matchers import (
    IncrementalMatcher,
    Record,
    default_model,
    keys,
    match_batch,
    prepare,
    score_pairs,
    train,
)
from matchers.measure import agreement
from tests.matchers.people import PERSON, people

MODEL = default_model(PERSON)
RECORDS = people(60)
RESULT = match_batch(PERSON, RECORDS)

names = st.text("abcdeéß -.'", max_size=12) | st.none()
values = st.fixed_dictionaries(
    {
        "given": names,
        "surname": names,
        "email": st.none() | st.sampled_from(["a@b.com", "b@b.com", "a+x@b.com", "@", "noemail@x"]),
        "phone": st.none() | st.text("+0123456789 ()", max_size=14),
        "street": names,
        "postcode": st.none() | st.text("0123456789", max_size=5),
        "born": st.none() | st.sampled_from(["1970-01-01", "01.02.1970", "1970", "soon"]),
    }
)


@settings(deadline=None)
@given(values, values)
def test_a_pair_scores_the_same_from_both_sides(one, other):
    left = prepare(PERSON, Record("a", "s", one))
    right = prepare(PERSON, Record("b", "t", other))
    there, back = score_pairs(PERSON, MODEL, [(left, right), (right, left)])
    assert there.weight == pytest.approx(back.weight)
    assert there.levels == back.levels


@settings(deadline=None)
@given(values)
def test_what_is_missing_never_counts_as_agreement(one):
    record = prepare(PERSON, Record("a", "s", one))
    empty = prepare(PERSON, Record("b", "s", dict.fromkeys(one)))
    (score,) = score_pairs(PERSON, MODEL, [(record, empty)])
    assert score.weight == MODEL.prior


@settings(deadline=None)
@given(values)
def test_a_record_shares_all_keys_with_its_copy(one):
    record = prepare(PERSON, Record("a", "s", one))
    copy = prepare(PERSON, Record("b", "t", dict(one)))
    assert keys(PERSON, MODEL, record) == keys(PERSON, MODEL, copy)


def test_batch_clusters_do_not_depend_on_the_order_of_the_records():
    shuffled = random.Random(5).sample(RECORDS, len(RECORDS))
    assert match_batch(PERSON, shuffled).clusters == RESULT.clusters


def test_the_made_up_people_are_recognised():
    truth = {}
    for record in RECORDS:
        truth.setdefault(record.id.split(":")[1], []).append(record.id)
    assert agreement(RESULT.clusters, [sorted(ids) for ids in truth.values()]) > 0.98


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_by_one_in_any_order_gives_the_clusters_of_the_batch(seed):
    matcher = IncrementalMatcher(PERSON, RESULT.model)
    for record in random.Random(seed).sample(RECORDS, len(RECORDS)):
        matcher.put(record)
    assert agreement(matcher.clusters(), RESULT.clusters) >= 0.995


def test_the_same_record_again_changes_nothing():
    matcher = IncrementalMatcher(PERSON, RESULT.model)
    for record in RECORDS:
        matcher.put(record)
    before = matcher.clusters()
    for record in reversed(RECORDS):
        matcher.put(record)
    assert matcher.clusters() == before


def test_a_record_that_came_and_went_leaves_no_trace():
    matcher = IncrementalMatcher(PERSON, RESULT.model)
    matcher.load(RECORDS, RESULT)
    before = matcher.clusters()
    matcher.put(Record("guest:1", "guest", dict(RECORDS[0].values)))
    matcher.delete("guest:1")
    assert matcher.clusters() == before


def test_a_changed_record_leaves_the_cluster_that_it_no_longer_resembles():
    matcher = IncrementalMatcher(PERSON, RESULT.model)
    matcher.load(RECORDS, RESULT)
    pair = next(members for members in matcher.clusters() if len(members) == 2)
    stranger = {
        "given": "zoe",
        "surname": "quartz",
        "email": "zoe@quartz.net",
        "phone": "+44 20 7946 0018",
        "born": "2001-05-06",
    }
    matcher.put(Record(pair[0], pair[0].split(":")[0], stranger))
    assert (pair[0],) in matcher.clusters()
    assert (pair[1],) in matcher.clusters()


def test_different_holds_through_a_third_record_that_resembles_both():
    values = dict(RECORDS[0].values)
    trio = [Record(name, name, values) for name in ("a", "b", "c")]
    result = match_batch(PERSON, [*RECORDS, *trio], cannot_link=[("a", "b")])
    home = {member: members for members in result.clusters for member in members}
    assert home["a"] != home["b"]
    assert home["c"] in {home["a"], home["b"]}


def test_the_same_holds_for_a_must_link_between_strangers():
    ends = (RECORDS[0].id, RECORDS[-1].id)
    result = match_batch(PERSON, RECORDS, must_link=[ends])
    assert any(set(ends) <= set(members) for members in result.clusters)


def test_constraints_hold_incrementally_whenever_they_are_given():
    matcher = IncrementalMatcher(PERSON, RESULT.model)
    values = dict(RECORDS[0].values)
    matcher.put(Record("a", "a", values))
    matcher.put(Record("b", "b", values))
    matcher.constrain(cannot=[("a", "b")])
    matcher.put(Record("c", "c", values))
    home = {member: members for members in matcher.clusters() for member in members}
    assert home["a"] != home["b"]


def test_a_clean_system_never_has_two_records_in_one_cluster():
    spec = replace(PERSON, duplicate_free=frozenset({"s0"}))
    twin = Record("s0:twin", "s0", dict(RECORDS[0].values))
    for members in match_batch(spec, [*RECORDS, twin]).clusters:
        assert sum(member.startswith("s0:") for member in members) <= 1


def test_training_twice_on_the_same_records_gives_the_same_model():
    prepared = [prepare(PERSON, record) for record in RECORDS]
    assert train(PERSON, prepared).version == train(PERSON, prepared).version
