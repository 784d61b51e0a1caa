"""What a target should hold, how urgent it is, and when to try again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Frequency, Lane, LaneClass
from golden_records.domain.conditions import ConditionFailed
from golden_records.domain.publication import (
    Difference,
    NoClass,
    backoff,
    differences,
    lane_class,
    oscillates,
)
from tests.golden_records.domain.population import customer


def test_only_what_differs_is_written():
    found = differences({"amount": "5", "name": "A", "city": None}, {"amount": "4", "name": "A"})
    assert found == (Difference(attribute="amount", desired="5", current="4"),)
    assert len(differences({"amount": "5"}, None)) == 1
    assert differences({"name": "a"}, {"name": "A"}, frozenset({"name"})) == ()


def lane(*classes):
    made = tuple(
        LaneClass(name=name, when=when, frequency=Frequency(mode="immediate"))
        for name, when in classes
    )
    return Lane(name="limit", entity="customer", group="limit", target="shop", classes=made)


LIMIT = lane(
    ("cut", "golden.amount < current.amount"),
    ("risky", "entity.utilisation > 0.8"),
    ("normal", None),
)


@pytest.mark.parametrize("golden, current, facts, expected", [
    ("9", "10", {}, "cut"),
    ("10", "9", {}, "normal"),
    ("10", "9", {"utilisation": 0.9}, "risky"),
    ("10", None, {}, "normal"),
])  # fmt: skip
def test_the_first_class_that_holds_gives_the_frequency(golden, current, facts, expected):
    held = None if current is None else {"amount": current}
    assert lane_class(LIMIT, {"amount": golden}, held, facts, customer()).name == expected


def test_the_last_class_serves_what_no_condition_covers():
    only = lane(("a", "golden.amount > 5.0"), ("b", "golden.amount > 9.0"))
    assert lane_class(only, {"amount": "1"}, None, {}, customer()).name == "b"


def test_a_lane_without_classes_or_with_a_wrong_condition_says_so():
    with pytest.raises(NoClass):
        lane_class(lane(), {}, None, {}, customer())
    with pytest.raises(ConditionFailed):
        lane_class(lane(("a", "golden.name > 5")), {"name": "x"}, None, {}, customer())


# --- backoff and brake


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_backoff_stays_within_its_cap(attempt, randomness):
    wait = backoff(attempt, randomness)
    assert timedelta(0) <= wait <= timedelta(minutes=5)


def test_the_backoff_doubles_and_obeys_the_target():
    assert [backoff(n, 0.5).total_seconds() for n in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert backoff(1, 0.5, retry_after=timedelta(minutes=10)) >= timedelta(minutes=10)


@pytest.mark.parametrize("values, expected", [
    ("ABABA", True), ("AABBAABBAA", True), ("ABAB", False), ("ABCDE", False), ("", False),
    ("ABACADA", False), ("XABABA", True),
])  # fmt: skip
def test_back_and_forth_is_noticed(values, expected):
    assert oscillates(values) is expected
