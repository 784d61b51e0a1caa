"""A raise above the threshold waits for a person; a cut never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count

from hypothesis import given, strategies as st

from golden_records.domain.catalogue import OwnerRule, Raises, Survivorship
from golden_records.domain.merge import merger
from golden_records.domain.money import Rate, Rates
from golden_records.domain.records import Approval, ConflictKind, Loser, Override
from golden_records.domain.surroundings import Surroundings
from tests.golden_records.domain.population import NOW, customer, golden, says

GROUP = Survivorship(
    group="limit",
    attributes=("amount", "currency"),
    owners=(OwnerRule(system="erp"),),
    raises=Raises(above=Decimal(10_000), currency="EUR"),
)
ENTITY = customer(GROUP)
RATES = Rates(
    [Rate(id="usd", source="USD", target="EUR", rate=Decimal("0.5"), valid_from=date(2026, 1, 1))]
)


class Limit:
    """A credit limit through its changes, stored after each merge as the hub stores it."""

    def __init__(self, *values):
        self.previous = None
        self.approvals = ()
        self.numbers = count(1)
        self.to(*values)

    def to(self, amount, currency="EUR", rates=RATES, overrides=()):
        record = says("erp", amount=None if amount is None else str(amount), currency=currency)
        around = Surroundings(rates=rates, approvals=self.approvals)
        self.merged = merger(ENTITY).merge([record], self.previous, overrides, NOW, around)
        self.previous = golden(self.merged.attrs, self.merged.lineage)
        self.approvals = tuple(a for a in self.approvals if a not in self.merged.spent)
        return self.merged.attrs["amount"]

    def decided(self, amount, currency="EUR", *, approved=True):
        values = {"amount": str(amount), "currency": currency}
        word = Approval(
            id=next(self.numbers), group="limit", values=values, approved=approved, actor="ann"
        )
        self.approvals += (word,)

    @property
    def waits(self):
        return any(c.kind is ConflictKind.RAISE_HELD for c in self.merged.conflicts)


def test_a_first_value_and_a_cut_take_effect_at_once():
    limit = Limit(50_000)
    assert limit.to(20_000) == "20000"
    assert not limit.waits


def test_a_raise_above_the_threshold_keeps_the_earlier_value_and_opens_a_case():
    limit = Limit(8_000)
    assert limit.to(9_000) == "9000"
    assert limit.to(50_000) == "9000"
    assert limit.waits
    proof = limit.merged.lineage["amount"]
    assert proof.rule == "held"
    assert proof.losers == (Loser(system="erp", key="1", value="50000", lost_at="held"),)
    (case,) = limit.merged.conflicts
    assert case.details["proposed"] == {"amount": "50000", "currency": "EUR"}
    before = limit.merged
    limit.to(50_000)
    assert (limit.merged.attrs, limit.merged.lineage) == (before.attrs, before.lineage)


def test_an_approval_lets_the_raise_through_and_another_raise_needs_another():
    limit = Limit(9_000)
    limit.decided(50_000)
    assert limit.to(50_000) == "50000"
    assert not limit.waits
    assert limit.to(60_000) == "50000"
    assert limit.approvals == ()


def test_a_cut_in_between_ends_the_approval():
    limit = Limit(9_000)
    limit.decided(50_000)
    limit.to(50_000)
    assert limit.to(5_000) == "5000"
    assert limit.to(50_000) == "5000"
    assert limit.waits


def test_a_refused_raise_stays_out_without_a_case_until_something_else_is_proposed():
    limit = Limit(9_000)
    limit.decided(50_000, approved=False)
    assert limit.to(50_000) == "9000"
    assert not limit.waits
    assert limit.merged.lineage["amount"].rule == "refused"
    assert limit.to(40_000) == "9000"
    assert limit.waits


def test_raises_are_compared_across_currencies_and_without_a_rate_they_wait():
    limit = Limit(9_000)
    assert limit.to(19_000, "USD") == "19000"
    assert limit.to(30_000, "USD") == "19000"
    assert limit.waits
    assert Limit(9_000).to(100, "USD", rates=Rates()) == "9000"


def test_a_steward_sets_a_higher_value_over_one_that_waits():
    limit = Limit(9_000)
    word = Override(attribute="amount", value="70000", mode="FOREVER", actor="ann", set_at=NOW)
    assert limit.to(50_000, overrides=(word,)) == "70000"
    assert limit.to(50_000) == "9000"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30_000),
            st.sampled_from(["EUR", "USD"]),
            st.sampled_from([None, True, False]),
        ),
        min_size=1,
    )
)
def test_a_cut_is_never_delayed_and_no_raise_passes_without_a_word(changes):
    limit = Limit(8_000)
    for amount, currency, word in changes:
        before = limit.previous.attrs
        size = Decimal(amount) * (Decimal("0.5") if currency == "USD" else 1)
        had = Decimal(before["amount"]) * (Decimal("0.5") if before["currency"] == "USD" else 1)
        if word is not None:
            limit.decided(amount, currency, approved=word)
        approved = [
            a for a in limit.approvals if a.values == {"amount": str(amount), "currency": currency}
        ]
        limit.to(amount, currency)
        now = limit.merged.attrs
        passed = (now["amount"], now["currency"]) == (str(amount), currency)
        if size <= had:
            assert passed
        elif size > 10_000:
            assert passed == (bool(approved) and approved[-1].approved)


def test_an_approval_of_another_group_is_none():
    limit = Limit(9_000)
    limit.decided(50_000)
    limit.approvals = tuple(replace(a, group="other") for a in limit.approvals)
    assert limit.to(50_000) == "9000"
