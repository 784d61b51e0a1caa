"""Tables full of households and of chains: what their members share does not make them one."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random
from functools import cache

import pytest

from matchers import IncrementalMatcher, default_model, match_batch
from matchers.measure import agreement, at_default, pairs_of
from tests.matchers.customers import ANYBODY, COMPANY, PERSON, chains, households

TABLES = {
    "persons in households": (PERSON, households(800)),
    "anybody in households": (ANYBODY, households(800)),
    "sites of chains": (COMPANY, chains(800)),
}


@cache
def found(name):
    spec, records = TABLES[name]
    return match_batch(spec, records)


def truth(records):
    same = {}
    for record in records:
        same.setdefault(record.id.split(":")[1], []).append(record.id)
    return pairs_of(same.values())


@pytest.mark.parametrize("name", TABLES)
def test_members_of_a_group_stay_apart_and_their_copies_come_together(name):
    quality = at_default(found(name), truth(TABLES[name][1]))
    assert quality.precision > 0.9
    assert quality.recall > 0.88


@pytest.mark.parametrize("name", TABLES)
def test_a_person_is_not_asked_about_most_of_the_groups(name):
    assert len(found(name).review) < len(TABLES[name][1]) / 5


def test_one_by_one_in_any_order_keeps_households_as_the_batch_does():
    spec, records = TABLES["anybody in households"]
    result = found("anybody in households")
    matcher = IncrementalMatcher(spec, result.model)
    for record in random.Random(4).sample(records, len(records)):
        matcher.put(record)
    assert agreement(matcher.clusters(), result.clusters) >= 0.995


def test_the_first_day_keeps_households_apart_without_a_table():
    spec, records = TABLES["persons in households"]
    result = match_batch(spec, records, model=default_model(spec))
    assert at_default(result, truth(records)).precision > 0.95
