"""A case's states, what it is worth and when it is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from golden_records.domain.casework import CLOSED, LIVE, CaseState, Stakes, class_of, may_become
from golden_records.domain.records import Conflict, ConflictKind
from golden_records.domain.rulebook import CaseClass
from tests.golden_records.domain.population import customer

TRESPASS = Conflict(
    kind=ConflictKind.TRESPASS, cause="c", attribute="name", system="crm", key="1", details={},
    outcome="write_back",
)  # fmt: skip
CLASSES = (
    CaseClass(name="large", due=timedelta(hours=4), exposure=Decimal(1000)),
    CaseClass(name="match", due=timedelta(days=3), kinds=frozenset({"ambiguous_match"})),
    CaseClass(name="other", due=timedelta(days=5)),
)


@pytest.mark.parametrize("was", CLOSED)
def test_what_is_closed_stays_closed_but_for_a_decision_that_is_undone(was):
    later = {now for now in CaseState if may_become(was, now)} - {was}
    assert later == ({CaseState.OPEN} if was is CaseState.RESOLVED else set())


@pytest.mark.parametrize("was", LIVE)
def test_an_open_case_may_become_anything(was):
    assert all(may_become(was, now) for now in CaseState)


@pytest.mark.parametrize(
    ("exposure", "currency", "worth"),
    [
        ("amount", "currency", ("1500.10", "EUR")),
        ("amount * 2.0", "USD", ("3000.2", "USD")),
        ("count * 10", None, ("70", None)),
        ("amount * count", None, (None, None)),
        ("since", None, (None, None)),
        (None, "currency", (None, None)),
    ],
)
def test_the_money_at_stake_is_an_attribute_or_an_expression(exposure, currency, worth):
    if exposure == "since":
        exposure = "amount * 2.0 - missing"
    entity = replace(customer(), exposure=exposure, exposure_currency=currency)
    attrs = {"amount": "1500.10", "currency": "EUR", "count": 7}
    found = Stakes(entity).put(TRESPASS, attrs)
    assert (found.exposure, found.currency) == worth


def test_the_first_class_that_takes_a_case_says_when_it_is_due():
    entity = replace(customer(), exposure="amount")
    stakes = Stakes(entity, CLASSES)
    assert stakes.put(TRESPASS, {"amount": "1000"}).case_class == "large"
    assert stakes.put(TRESPASS, {"amount": "999"}).due == timedelta(days=5)
    assert stakes.put(TRESPASS, {}).case_class == "other"
    assert class_of(CLASSES[:2], "trespass", "customer", None) is None
    assert class_of(CLASSES[:2], "ambiguous_match", "customer", None) == CLASSES[1]
