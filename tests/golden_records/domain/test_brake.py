"""The brake on a value that goes to and fro between the hub and one system."""

from __future__ import annotations

import itertools
from datetime import timedelta

from hypothesis import given, strategies as st

from golden_records.domain.brake import KEPT, WINDOW, flipping, remember
from tests.golden_records.domain.population import NOW

MINUTE = timedelta(minutes=1)


def written(*pairs, apart=MINUTE):
    """Writes of `limit` as (what the target held, what it got), the last one now."""
    history = []
    for number, (held, got) in enumerate(pairs):
        at = NOW - apart * (len(pairs) - number)
        history = remember(history, {"limit": held}, {"limit": got}, at)
    return history


def test_a_system_that_brings_its_own_value_back_each_time_pulls_the_brake():
    assert flipping(written((2, 1), (2, 1)), NOW) is None
    assert flipping(written((2, 1), (2, 1), (2, 1)), NOW) == "limit"


def test_new_values_of_the_owner_are_no_to_and_fro():
    assert flipping(written((1, 2), (2, 3), (3, 4), (4, 5)), NOW) is None


def test_what_happened_long_ago_counts_no_more():
    assert flipping(written((2, 1), (2, 1), (2, 1), apart=WINDOW), NOW) is None


def test_what_an_earlier_release_remembered_is_ignored():
    assert flipping([{"limit": 1}, {"limit": 2}, *written((2, 1))], NOW) is None


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20))
def test_the_history_is_bounded(pairs):
    assert len(written(*pairs)) == min(len(pairs), KEPT)


@given(st.lists(st.integers(), unique=True, min_size=2, max_size=9))
def test_a_value_that_never_comes_back_never_pulls_the_brake(values):
    assert flipping(written(*itertools.pairwise(values)), NOW) is None
