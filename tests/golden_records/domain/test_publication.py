"""What a target should hold, how urgent it is, how far it has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Frequency, Lane, LaneClass, WritePlan
from golden_records.domain.conditions import ConditionFailed
from golden_records.domain.publication import (
    Difference,
    Failure,
    NoClass,
    Publication,
    PublicationState,
    StaleAttempt,
    accepted,
    already,
    backoff,
    desired,
    differences,
    drift,
    echo,
    fail,
    freshness,
    lane_class,
    lease,
    oscillates,
    retry,
    send,
    wanted,
)
from tests.golden_records.domain.population import NOW, customer

SPAN = timedelta(seconds=30)
LATER = NOW + timedelta(minutes=1)
PLAN = WritePlan(
    system="shop", entity="customer", group="limit", attributes=("amount", "currency"),
    read="", steps=(),
)  # fmt: skip


def pending(version=1, **facts):
    return Publication(desired=version, due_at=NOW, first_dirty_at=NOW, **facts)


def sent(row=None, version=None):
    """A row with an open attempt."""
    row = lease(row or pending(), NOW, SPAN)
    return send(row, row.token, version or row.desired)


# --- what and how urgent


def test_the_plan_says_what_is_desired_and_a_dispute_what_is_held():
    golden = {"amount": "5", "currency": "EUR", "name": "x"}
    assert desired(PLAN, golden) == {"amount": "5", "currency": "EUR"}
    assert desired(PLAN, golden, {"amount": "4", "name": "y"})["amount"] == "4"


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


# --- the way to the target


def test_the_plain_way():
    row = sent()
    assert row.state is PublicationState.SENT
    row = accepted(row, row.token, NOW)
    assert (row.state, row.due_at) == (PublicationState.SENT, None)
    row = echo(row, 1, LATER)
    assert (row.state, row.due_at, row.first_dirty_at) == (PublicationState.ECHOED, None, None)


def test_a_target_that_holds_it_already_counts_as_an_echo():
    row = lease(pending(), NOW, SPAN)
    assert already(row, row.token, 1, NOW).state is PublicationState.ECHOED


def test_an_echo_of_any_version_but_the_desired_makes_it_due_again():
    row = accepted(sent(pending(2)), 1, NOW)
    row = echo(row, 1, LATER)
    assert (row.state, row.due_at) == (PublicationState.PENDING, LATER)
    closed = echo(accepted(sent(), 1, NOW), 1, NOW)
    assert echo(closed, 0, LATER).due_at == LATER


def test_an_echo_before_the_answer_closes_with_the_answer():
    row = echo(sent(), 1, NOW)
    assert row.state is PublicationState.SENT
    assert accepted(row, row.token, NOW).state is PublicationState.ECHOED


def test_the_echo_of_an_earlier_attempt_is_not_that_of_this_one():
    row = drift(echo(accepted(sent(), 1, NOW), 1, NOW), LATER)
    assert row.state is PublicationState.DRIFTED
    row = lease(row, LATER, SPAN)
    row = accepted(send(row, row.token, 1), row.token, LATER)
    assert row.state is PublicationState.SENT


def test_what_changes_during_an_attempt_is_due_after_it():
    row = wanted(sent(), 2, dirty_at=NOW, due_at=LATER)
    assert row.state is PublicationState.SENT
    row = accepted(row, row.token, LATER)
    assert (row.state, row.desired) == (PublicationState.PENDING, 2)
    assert row.due_at is not None


def test_changes_between_two_ticks_coalesce_and_the_age_counts_from_the_first():
    row = wanted(pending(), 3, dirty_at=LATER, due_at=LATER)
    assert (row.desired, row.due_at, row.first_dirty_at) == (3, NOW, NOW)
    assert wanted(row, 2, dirty_at=LATER, due_at=NOW) is row


def test_an_echoed_row_wakes_up_for_a_newer_version():
    row = wanted(echo(accepted(sent(), 1, NOW), 1, NOW), 2, dirty_at=LATER, due_at=LATER)
    assert (row.state, row.due_at, row.first_dirty_at) == (PublicationState.PENDING, LATER, LATER)


def test_a_lease_is_exclusive_until_it_runs_out():
    row = lease(pending(), NOW, SPAN)
    assert lease(row, NOW, SPAN) is None
    again = lease(row, NOW + SPAN, SPAN)
    assert again.token == row.token + 1
    with pytest.raises(StaleAttempt):
        accepted(again, row.token, NOW)


def test_what_is_not_due_is_not_leased():
    assert lease(replace(pending(), due_at=LATER), NOW, SPAN) is None
    assert lease(replace(pending(), due_at=None), NOW, SPAN) is None


@pytest.mark.parametrize("failure, state, due_at", [
    (Failure.TRANSIENT, PublicationState.PENDING, LATER),
    (Failure.CONFLICT, PublicationState.PENDING, LATER),
    (Failure.UNKNOWN, PublicationState.SENT, LATER),
    (Failure.PERMANENT, PublicationState.REJECTED, None),
])  # fmt: skip
def test_the_kind_of_failure_decides(failure, state, due_at):
    row = fail(sent(), 1, failure, error="no", retry_at=LATER)
    assert (row.state, row.due_at, row.error, row.leased_until) == (state, due_at, "no", None)


def test_a_rejection_of_an_old_version_does_not_reject_the_new():
    row = wanted(sent(), 2, dirty_at=NOW, due_at=NOW)
    row = fail(row, row.token, Failure.PERMANENT, error="no", retry_at=LATER)
    assert row.state is PublicationState.PENDING


def test_a_person_may_ask_again_for_what_was_rejected():
    row = retry(fail(sent(), 1, Failure.PERMANENT, error="no", retry_at=LATER), LATER)
    assert (row.state, row.due_at, row.error) == (PublicationState.PENDING, LATER, None)
    assert retry(sent(), NOW).state is PublicationState.SENT


def test_an_open_attempt_is_not_called_drifted():
    row = sent()
    assert drift(row, LATER) is row


def test_freshness_is_age_by_promise():
    assert freshness(pending(), timedelta(minutes=2), LATER) == 0.5
    assert freshness(Publication(desired=1), SPAN, NOW) == 0.0


# --- whatever happens

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["want", "lease", "send", "accept", "fail", "echo", "drift", "retry"]),
        st.integers(0, 4),
        st.sampled_from(Failure),
    ),
    max_size=30,
)


def step(row, name, number, failure):
    actions = {
        "want": lambda: wanted(row, number, dirty_at=NOW, due_at=NOW),
        "lease": lambda: lease(row, NOW, SPAN) or row,
        "send": lambda: send(row, row.token, row.desired),
        "accept": lambda: accepted(row, row.token, NOW),
        "fail": lambda: fail(row, row.token, failure, error="x", retry_at=NOW),
        "echo": lambda: echo(row, number, NOW),
        "drift": lambda: drift(row, NOW),
        "retry": lambda: retry(row, NOW),
    }
    if name in {"send", "accept", "fail"} and row.leased_until is None:
        return row
    if name == "accept" and row.sent is None:
        return row
    return actions[name]()


@given(EVENTS)
def test_a_difference_is_never_forgotten(events):
    """A row rests only when it was echoed, waits for its echo, or was rejected."""
    row = pending(0)
    for name, number, failure in events:
        row = step(row, name, number, failure)
        assert row.desired >= 0
        if row.state is PublicationState.ECHOED:
            assert row.echoed == row.desired
        if row.due_at is None and row.leased_until is None:
            assert row.state in {
                PublicationState.ECHOED, PublicationState.SENT, PublicationState.REJECTED,
            }  # fmt: skip
            if row.state is PublicationState.SENT:
                assert row.sent == row.desired


@given(EVENTS)
def test_tokens_only_grow(events):
    row = pending(0)
    for name, number, failure in events:
        after = step(row, name, number, failure)
        assert after.token >= row.token
        row = after


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
