"""When a second person must agree."""

from __future__ import annotations

from decimal import Decimal

import pytest

from golden_records.domain.approval import Act, ApprovalRefused, needs_approval, refuse_author
from golden_records.domain.catalogue import Approval

POLICY = Approval(amounts={"credit_limit": Decimal(50000)}, merge=4, unmerge=10)


@pytest.mark.parametrize(
    ("value", "present", "asks"),
    [
        ("50000", None, False),
        ("50000.01", None, True),
        ("60000", "10", True),
        ("60000", "70000", False),
        ("60000", "60000", False),
        (None, "70000", False),
        (60000, "10", True),
    ],
)
def test_a_raise_above_the_amount_asks_and_a_cut_never(value, present, asks):
    act = Act(values={"credit_limit": value}, present={"credit_limit": present})
    assert bool(needs_approval(POLICY, act)) is asks


def test_other_attributes_ask_nobody():
    assert needs_approval(POLICY, Act(values={"name": "Acme"})) == ()


@pytest.mark.parametrize(("joined", "asks"), [(4, False), (5, True)])
def test_a_merge_asks_above_its_size(joined, asks):
    assert bool(needs_approval(POLICY, Act(joined=joined))) is asks


@pytest.mark.parametrize(("dependants", "asks"), [(10, False), (11, True)])
def test_taking_apart_asks_above_its_dependants(dependants, asks):
    assert bool(needs_approval(POLICY, Act(dependants=dependants))) is asks


def test_without_a_policy_one_person_is_enough():
    act = Act(values={"credit_limit": "1e9"}, joined=1000, dependants=1000)
    assert needs_approval(Approval(), act) == ()


def test_every_reason_is_said():
    act = Act(values={"credit_limit": "60000"}, joined=5)
    assert len(needs_approval(POLICY, act)) == 2


def test_the_author_is_no_second_person():
    refuse_author("ann", "bob")
    for approver in ("ann", "Ann", " ann "):
        with pytest.raises(ApprovalRefused, match="somebody else"):
            refuse_author("ann", approver)
