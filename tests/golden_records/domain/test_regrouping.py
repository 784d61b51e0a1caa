"""What follows from moving records between golden records."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.clusters import Decisions, PairDecision
from golden_records.domain.records import GoldenStatus
from golden_records.domain.regrouping import (
    Cluster,
    IdentityKind,
    IdentityRefused,
    components,
    homes,
    kind_of,
    leave,
    original,
    refuse_apart,
    regroup,
    taken_apart,
)

A, B, C, D = (UUID(int=number) for number in range(1, 5))
GOLDENS = (A, B, C, D)


def cluster(golden_id, *members, status=GoldenStatus.ACTIVE, into=None):
    return Cluster(id=golden_id, status=status, members=members, merged_into=into)


@st.composite
def moves_between_clusters(draw):
    """Clusters with members, and moves of some of them, also to ids that are not there yet."""
    where = draw(st.lists(st.sampled_from(GOLDENS[:3]), min_size=1, max_size=8))
    groups = {g: tuple(i for i, at in enumerate(where) if at == g) for g in GOLDENS[:3]}
    clusters = [
        cluster(g, *m, status=GoldenStatus.ACTIVE if m else GoldenStatus.RETIRED)
        for g, m in groups.items()
    ]
    members = st.sampled_from(range(len(where)))
    moves = draw(st.dictionaries(members, st.sampled_from(GOLDENS), max_size=5))
    return clusters, moves


@given(moves_between_clusters())
def test_nobody_is_lost_and_nobody_is_twice(case):
    clusters, moves = case
    found = regroup(clusters, moves)
    before = [i for ids in found.before.values() for i in ids]
    after = [i for ids in found.after.values() for i in ids]
    assert sorted(before) == sorted(after)
    assert len(set(after)) == len(after)


@given(moves_between_clusters())
def test_everybody_is_where_he_was_moved_and_the_others_where_they_were(case):
    clusters, moves = case
    found = regroup(clusters, moves)
    was = {i: c.id for c in clusters for i in c.members}
    now = {**was, **homes(found.after)}
    assert now == {**was, **moves}


@given(moves_between_clusters())
def test_a_merged_golden_record_is_empty_and_its_winner_is_not(case):
    clusters, moves = case
    found = regroup(clusters, moves)
    for loser, winner in found.merged.items():
        assert loser not in found.after
        assert found.after[winner]


@given(moves_between_clusters())
def test_moving_back_is_the_inverse(case):
    clusters, moves = case
    found = regroup(clusters, moves)
    known = {c.id: c for c in clusters}
    unchanged = {c.id: c.members for c in clusters if c.id not in found.before}
    named = set(found.before) | set(found.after) | set(known)
    later = [
        Cluster(
            id=g,
            members=found.after[g] if g in found.after else unchanged.get(g, ()),
            status=GoldenStatus.MERGED if g in found.merged else GoldenStatus.ACTIVE,
            merged_into=found.merged.get(g),
        )
        for g in sorted(named)
    ]
    was = homes(found.before)
    back = regroup(later, {i: was[i] for i in homes(found.after)})
    assert (back.before, back.after) == (found.after, found.before)


@given(moves_between_clusters(), st.sets(st.integers(0, 7)))
def test_who_leaves_is_nowhere_and_all_others_stay(case, gone):
    clusters, _ = case
    found = leave(clusters, gone)
    was, now = homes(found.before), homes(found.after)
    assert was.keys() - now.keys() == gone & was.keys()
    assert all(was[record_id] == golden_id for record_id, golden_id in now.items())
    assert {i for c in clusters for i in c.members} & gone == gone & was.keys()
    assert all(gone & set(ids) for ids in found.before.values())


def test_a_golden_record_that_everybody_leaves_redirects_nowhere():
    found = leave([cluster(A, 1), cluster(B, 2, 3)], {1, 2})
    assert (found.after, found.merged) == ({B: (3,)}, {})
    assert kind_of(found.before, found.after, found.merged) is IdentityKind.UNLINK


def test_a_golden_record_that_is_left_empty_by_several_ways_does_not_redirect():
    found = regroup([cluster(A, 1, 2), cluster(B, 3), cluster(C, 4)], {1: B, 2: C})
    assert found.merged == {}


def test_a_merged_golden_record_that_wins_a_member_is_itself_again():
    merged = cluster(B, status=GoldenStatus.MERGED, into=A)
    found = regroup([cluster(A, 1, 2), merged], {2: B})
    assert found.restored == {B}
    assert found.parted() == [(1, 2)]


@pytest.mark.parametrize(
    ("before", "after", "redirects", "kind"),
    [
        ({}, {A: (1,)}, {}, IdentityKind.CREATE),
        ({A: (1,)}, {A: (1, 2)}, {}, IdentityKind.LINK),
        ({A: (1, 2)}, {A: (1,)}, {}, IdentityKind.UNLINK),
        ({A: (1,), B: (2,)}, {A: (1, 2)}, {B: A}, IdentityKind.MERGE),
        ({A: (1, 2)}, {A: (1,), B: (2,)}, {}, IdentityKind.SPLIT),
        ({A: (1, 2), B: (3,)}, {A: (1,), B: (2, 3)}, {}, IdentityKind.REPOINT),
    ],
)
def test_a_change_is_named_by_the_greatest_of_what_it_did(before, after, redirects, kind):
    assert kind_of(before, after, redirects) is kind


def test_the_original_id_comes_back_where_it_is_theirs_alone():
    clusters = {B: cluster(B, status=GoldenStatus.MERGED, into=A), A: cluster(A, 1, 2, 3)}
    assert original(A, [2], [1], {2: [A, B], 1: [A]}, clusters) == B
    assert original(A, [2], [1, 3], {2: [A, B], 1: [A], 3: [A, B]}, clusters) is None
    assert original(A, [2, 3], [1], {2: [A, B], 1: [A], 3: [A]}, clusters) is None
    assert original(C, [2], [1], {2: [C, B], 1: [C]}, clusters) is None


def test_who_was_set_apart_is_not_brought_together_also_through_a_third():
    found = regroup([cluster(A, 1), cluster(B, 2)], {2: A})
    refuse_apart(found, Decisions([PairDecision(1, 3, same=False)]), {})
    with pytest.raises(IdentityRefused, match="x and y were declared different"):
        refuse_apart(found, Decisions([PairDecision(1, 2, same=False)]), {1: "x", 2: "y"})
    through = [PairDecision(1, 3, same=False), PairDecision(2, 3, same=True)]
    with pytest.raises(IdentityRefused):
        refuse_apart(found, Decisions(through), {})


def test_components_are_what_evidence_connects():
    assert components([1, 2, 3, 4], [(1, 2), (2, 4), (9, 3)]) == [[1, 2, 4], [3]]
    assert components([3, 1], []) == [[1], [3]]


def test_of_a_record_that_came_with_the_merge_nothing_is_said():
    merged = cluster(A, 1, 2, 3)
    back = regroup([merged, cluster(B, status=GoldenStatus.MERGED, into=A)], {2: B})
    assert taken_apart(back, {1: A, 2: B}) == [(1, 2)]


def test_a_record_whose_golden_record_came_to_be_with_it_is_a_side_of_its_own():
    merged = cluster(C, 1, 2, 3)
    back = regroup([merged, cluster(A, status=GoldenStatus.MERGED, into=C)], {1: A})
    assert taken_apart(back, {1: A}) == [(1, 2), (1, 3)]
