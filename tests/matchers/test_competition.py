"""Competition for one partner: what a matching of two clean sources makes of the odds of pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from matchers import FieldKind, FieldSpec, MatchSpec
from matchers.compete import Rivals, contested, links_after, rivals
from matchers.plan import Prepared

SPEC = MatchSpec(entity="product", fields=(FieldSpec(name="title", kind=FieldKind.TITLE),))


def chances(pairs, weights):
    """The chances of pairs (left, right) of records of two sources that hold each entity once."""
    left = np.array([one for one, _ in pairs], dtype=np.int64)
    right = np.array([two for _, two in pairs], dtype=np.int64)
    bits = contested(np.array(weights, dtype=float), Rivals(left, right))
    return (1 / (1 + np.exp2(-bits))).tolist()


def joined(pairs, weights):
    """Whether the links between the records pass the match line."""
    left = np.array([one for one, _ in pairs], dtype=np.int64)
    right = np.array([two for _, two in pairs], dtype=np.int64)
    return (links_after(SPEC, np.array(weights, dtype=float), Rivals(left, right)) >= 0).tolist()


def by_enumeration(pairs, weights):
    """The same by adding up every matching there is."""
    total, share = 0.0, [0.0] * len(pairs)
    for size in range(len(pairs) + 1):
        for chosen in combinations(range(len(pairs)), size):
            ends = [(side, pairs[spot][side]) for spot in chosen for side in (0, 1)]
            if len(set(ends)) == len(ends):
                odds = 2.0 ** sum(weights[spot] for spot in chosen)
                total += odds
                for spot in chosen:
                    share[spot] += odds
    return [item / total for item in share]


bits = st.floats(-10, 10)


@settings(deadline=None)
@given(st.lists(bits, min_size=1, max_size=6))
def test_along_a_chain_of_rivals_the_chances_are_those_of_all_matchings(weights):
    pairs = [((spot + 1) // 2, spot // 2) for spot in range(len(weights))]
    assert chances(pairs, weights) == pytest.approx(by_enumeration(pairs, weights), abs=1e-4)


@settings(deadline=None)
@given(
    st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), bits, min_size=1, max_size=20)
)
def test_no_record_is_matched_more_than_once_in_sum(weighed):
    pairs = sorted(weighed)
    found = chances(pairs, [weighed[pair] for pair in pairs])
    for side in (0, 1):
        for record in range(5):
            parts = [p for pair, p in zip(pairs, found, strict=True) if pair[side] == record]
            assert sum(parts) <= 1 + 1e-3


@given(st.lists(bits, min_size=1, max_size=6))
def test_without_rivals_a_weight_stays_what_it_is(weights):
    alone = np.full(len(weights), -1, dtype=np.int64)
    assert contested(np.array(weights), Rivals(alone, alone)).tolist() == pytest.approx(weights)


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_who_competes_does_not_depend_on_what_the_records_are_called(order):
    """Three records of each of two clean systems, in any order; every pair across them."""
    systems = [("shop", "maker")[number % 2] for number in order]
    prepared = [Prepared(str(spot), system, ()) for spot, system in enumerate(systems)]
    pairs = [pair for pair in combinations(range(6), 2) if len({systems[end] for end in pair}) == 2]
    ends = np.array(pairs, dtype=np.int32)
    clean = MatchSpec(
        entity=SPEC.entity, fields=SPEC.fields, duplicate_free=frozenset({"shop", "maker"})
    )
    groups = rivals(clean, prepared, ends[:, 0], ends[:, 1])
    for label in (groups.of_left, groups.of_right):
        assert sorted(np.unique(label, return_counts=True)[1].tolist()) == [3, 3, 3]


def test_a_rival_that_is_better_matched_elsewhere_is_no_rival():
    tied = chances([(0, 0), (1, 0)], [6.0, 6.0])
    taken = chances([(0, 0), (1, 0), (1, 1)], [6.0, 6.0, 14.0])
    assert tied[0] < 0.51
    assert taken[0] > 0.95


def test_between_the_lines_a_pair_without_a_near_rival_is_a_match():
    assert joined([(0, 0)], [-1.0]) == [True]
    assert joined([(0, 0), (0, 1)], [-1.0, -3.0]) == [True, False]


def test_between_the_lines_a_near_rival_of_either_end_leaves_it_open():
    assert joined([(0, 0), (0, 1)], [-1.0, -1.5]) == [False, False]
    assert joined([(0, 0), (1, 0)], [-1.0, -1.5]) == [False, False]


def test_below_the_review_line_the_nearest_pair_is_none():
    assert joined([(0, 0)], [-2.5]) == [False]


def test_two_equal_partners_leave_the_choice_open():
    assert joined([(0, 0), (0, 1)], [9.0, 9.0]) == [False, False]
