"""What holds for every merge."""

from __future__ import annotations

import copy
from dataclasses import replace

from hypothesis import given, strategies as st

from golden_records.domain.catalogue import OwnerSilence
from golden_records.domain.conditions import Condition
from golden_records.domain.merge import merger
from golden_records.domain.records import ConflictKind, Override
from golden_records.domain.validation import Validator
from tests.golden_records.domain.population import NOW, entities, golden, members, value_of
from tests.golden_records.domain.reference_fold import fold

RANKS = {"erp": 10, "crm": 20, "commerce": 20}


def merged(entity, records, previous=None, overrides=()):
    return merger(entity, system_ranks=RANKS).merge(records, previous, overrides, NOW)


def judged(entity, record):
    return Validator(entity).judge([record])


def after(records, result):
    """The records as they are stored after the merge."""
    return [replace(r, base=result.bases[r.id]) if r.id in result.bases else r for r in records]


@st.composite
def previous_goldens(draw, entity):
    return golden({a.name: draw(value_of(a.name)) for a in entity.attributes})


@st.composite
def cases(draw):
    entity = draw(entities())
    return entity, draw(members()), draw(st.none() | previous_goldens(entity))


@given(cases())
def test_it_agrees_with_the_naive_fold(case):
    entity, records, previous = case
    result = merged(entity, records, previous)
    attrs, bases = fold(entity, records, previous, RANKS)
    assert dict(result.attrs) == attrs
    assert dict(result.bases) == bases


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_members_never_counts(case, chance):
    entity, records, previous = case
    shuffled = chance.sample(records, len(records))
    assert merged(entity, records, previous) == merged(entity, shuffled, previous)


@given(cases())
def test_merging_again_changes_nothing(case):
    entity, records, previous = case
    first = merged(entity, records, previous)
    stored = golden(first.attrs, first.lineage)
    again = merged(entity, after(records, first), stored)
    assert (again.attrs, again.lineage, again.bases) == (first.attrs, first.lineage, {})
    assert again.conflicts == first.conflicts


@given(cases())
def test_an_owner_that_holds_a_value_wins(case):
    entity, records, previous = case
    result = merged(entity, records, previous)
    for policy in entity.survivorship:
        owners = [
            rule.system
            for rule in policy.owners
            if rule.when is None or Condition(rule.when).holds(result.attrs)
        ]
        said = [
            tuple(r.attrs.get(name) for name in policy.attributes)
            for owner in owners
            for r in records
            if r.system == owner
            and not r.deleted
            and not any(judged(entity, r).barred(policy.attributes))
            and any(r.attrs.get(name) is not None for name in policy.attributes)
        ]
        if said:
            assert tuple(result.attrs[name] for name in policy.attributes) in said


@given(cases(), st.data())
def test_removing_a_member_never_invents_a_value(case, data):
    entity, records, previous = case
    if not records:
        return
    gone = data.draw(st.sampled_from(records))
    rest = [record for record in records if record is not gone]
    result = merged(entity, rest, previous)
    for name, value in result.attrs.items():
        said = [r.attrs.get(name) for r in rest if not r.deleted]
        kept = [previous.attrs[name]] if previous else []
        assert value is None or value in said or value in kept
    deleted = [replace(r, deleted=True) if r is gone else r for r in records]
    assert merged(entity, deleted, previous).attrs == result.attrs


@given(cases())
def test_a_group_comes_from_one_record(case):
    entity, records, previous = case
    result = merged(entity, records, previous)
    for policy in entity.survivorship:
        values = {name: result.attrs[name] for name in policy.attributes}
        one = any(
            all(r.attrs.get(name) == value for name, value in values.items())
            for r in records
            if not r.deleted
        )
        kept = policy.silent is OwnerSilence.KEEP and previous is not None
        assert one or kept or not any(value is not None for value in values.values())


@given(cases())
def test_the_arguments_stay_as_they_were(case):
    entity, records, previous = case
    before = copy.deepcopy((records, previous))
    merged(entity, records, previous)
    assert (records, previous) == before


@given(cases())
def test_every_value_has_its_proof(case):
    entity, records, _previous = case
    result = merged(entity, records)
    for name, value in result.attrs.items():
        if value is not None:
            proof = result.lineage[name]
            winner = next(r for r in records if (r.system, r.key) == (proof.system, proof.key))
            assert winner.attrs[name] == value
            assert all(loser.value not in (None, value) for loser in proof.losers)


@given(cases(), st.data())
def test_only_a_changed_shared_value_is_a_conflict(case, data):
    entity, records, previous = case
    override = Override(attribute="name", value="z", mode="FOREVER", actor="ann", set_at=NOW)
    overrides = (override,) if data.draw(st.booleans()) else ()
    result = merged(entity, records, previous, overrides)
    by_key = {(r.system, r.key): r for r in records}
    for conflict in result.conflicts:
        if conflict.kind is ConflictKind.CONTRACT_VIOLATION:
            continue
        record = by_key[conflict.system, conflict.key]
        theirs = record.attrs[conflict.attribute]
        assert conflict.attribute in record.base
        assert theirs not in (record.base[conflict.attribute], result.attrs[conflict.attribute])
    assert len({conflict.cause for conflict in result.conflicts}) == len(result.conflicts)


@given(cases())
def test_an_invalid_value_never_wins_unless_the_group_keeps_such(case):
    entity, records, previous = case
    entity = replace(
        entity, survivorship=tuple(replace(p, keep_invalid=False) for p in entity.survivorship)
    )
    result = merged(entity, records, previous)
    by_source = {(r.system, r.key): r for r in records if not r.deleted}
    for name, lineage in result.lineage.items():
        winner = by_source.get((lineage.system, lineage.key))
        if winner is not None and lineage.rule not in {"kept", "cleared", "no_value"}:
            barred = judged(entity, winner).found
            wrong = {n for b in barred if b.rule.validity == "invalid" for n in b.said}
            assert name not in wrong


@given(cases(), st.randoms(use_true_random=False))
def test_conflicts_are_a_function_of_the_state(case, chance):
    entity, records, previous = case
    first = merged(entity, records, previous).conflicts
    assert merged(entity, chance.sample(records, len(records)), previous).conflicts == first
    causes = [conflict.cause for conflict in first]
    assert len(causes) == len(set(causes))
