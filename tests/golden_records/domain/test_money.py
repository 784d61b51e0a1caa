"""Amounts in several currencies: dated rates, tolerance, and what a missing rate means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Comparison, OwnerRule, Strategy, Survivorship
from golden_records.domain.merge import merger
from golden_records.domain.money import Rate, Rates
from golden_records.domain.records import ConflictKind
from golden_records.domain.surroundings import Surroundings
from tests.golden_records.domain.population import NOW, customer, says

TODAY = NOW.date()
AMOUNTS = st.decimals(0, 10**9, places=2)


def rate(name, pair, worth, begin=date(2026, 1, 1), end=None):
    source, target = pair
    return Rate(
        id=name, source=source, target=target, rate=Decimal(worth), valid_from=begin, valid_to=end
    )


DOLLAR = rate("usd-2026", ("USD", "EUR"), "0.5")


def limits(*strategies, **rule):
    group = Survivorship(
        group="limit",
        attributes=("amount", "currency", "since"),
        strategies=strategies or (Strategy.MOST_RESTRICTIVE,),
        compare=Comparison(currency="EUR", **rule),
    )
    return customer(group)


def merged(entity, *records, rates=(DOLLAR,), now=NOW, **options):
    around = Surroundings(rates=Rates(rates))
    return merger(entity, **options).merge(records, None, (), now, around)


def limit(system, amount, currency, **attrs):
    return says(system, amount=amount, currency=currency, **attrs)


def test_the_lower_limit_is_found_across_currencies_and_the_rate_is_in_the_proof():
    result = merged(limits(), limit("erp", "100", "EUR"), limit("crm", "180", "USD"))
    assert (result.attrs["amount"], result.attrs["currency"]) == ("180", "USD")
    assert result.lineage["amount"].rates == ("usd-2026",)
    assert result.lineage["amount"].rule == "most_restrictive"
    assert result.conflicts == ()


def test_without_a_rate_the_next_strategy_decides_and_a_person_is_told():
    entity = limits(Strategy.MOST_RESTRICTIVE, Strategy.SOURCE_RANK)
    records = limit("erp", "100", "EUR"), limit("crm", "180", "USD")
    result = merged(entity, *records, rates=(), system_ranks={"erp": 1, "crm": 2})
    assert result.attrs["amount"] == "100"
    assert result.lineage["amount"].rule == "source_rank"
    (case,) = result.conflicts
    assert case.kind is ConflictKind.RATE_MISSING
    assert case.details == {"rates": [{"from": "USD", "to": "EUR", "date": "2026-05-01"}]}


def test_amounts_of_one_currency_need_no_rate():
    result = merged(limits(), limit("erp", "100", "USD"), limit("crm", "90", "USD"), rates=())
    assert result.attrs["amount"] == "90"
    assert result.conflicts == ()


def test_the_rate_is_of_the_day_that_the_record_names():
    old = rate("usd-2025", ("USD", "EUR"), "2", date(2025, 1, 1), date(2026, 1, 1))
    entity = limits(date="since")
    records = limit("erp", "100", "EUR"), limit("crm", "80", "USD", since="2025-06-01")
    result = merged(entity, *records, rates=(old, DOLLAR))
    assert result.attrs["amount"] == "100"
    assert result.lineage["amount"].rates == ("usd-2025",)


def test_a_rate_of_today_that_ends_is_looked_at_again_at_midnight_of_the_zone():
    ends = rate("may", ("USD", "EUR"), "0.5", end=date(2026, 5, 2))
    result = merged(limits(), limit("erp", "100", "EUR"), limit("crm", "180", "USD"), rates=(ends,))
    assert result.next_effective_at == datetime(2026, 5, 2, tzinfo=UTC)


def test_what_differs_within_the_tolerance_is_left_to_the_next_strategy():
    entity = limits(Strategy.MAX, Strategy.SOURCE_RANK, relative=Decimal("0.01"))
    records = limit("erp", "100", "EUR"), limit("crm", "201", "USD")
    ranks = {"erp": 1, "crm": 2}
    assert merged(entity, *records, system_ranks=ranks).attrs["amount"] == "100"
    exact = limits(Strategy.MAX, Strategy.SOURCE_RANK)
    assert merged(exact, *records, system_ranks=ranks).attrs["amount"] == "201"


def test_a_trespass_of_the_same_worth_is_none():
    owned = Survivorship(
        group="limit",
        attributes=("amount", "currency"),
        owners=(OwnerRule(system="erp"),),
        compare=Comparison(currency="EUR", absolute=Decimal(1)),
    )
    base = {"amount": "100", "currency": "EUR"}
    same = says("crm", amount="201", currency="USD", base=base)
    other = says("crm", amount="210", currency="USD", base=base)
    owner = limit("erp", "100", "EUR")
    assert merged(customer(owned), owner, same).conflicts == ()
    kinds = {c.kind for c in merged(customer(owned), owner, other).conflicts}
    assert kinds == {ConflictKind.TRESPASS}


@pytest.mark.parametrize("day, worth", [(0, "1"), (1, "2"), (2, "2"), (3, None)])
def test_a_rate_holds_from_its_first_day_to_before_its_last(day, worth):
    start = date(2026, 3, 1)
    days = [start + timedelta(days=n) for n in range(4)]
    rates = Rates(
        [
            rate("a", ("USD", "EUR"), "1", days[0], days[1]),
            rate("b", ("USD", "EUR"), "2", days[1], days[3]),
        ]
    )
    found = rates.rate("USD", "EUR", days[day])
    assert (found and found.rate) == (worth and Decimal(worth))


@given(AMOUNTS, AMOUNTS, st.decimals("0.0001", 10000, places=4), st.booleans())
def test_converting_keeps_the_order(one, other, worth, turned):
    pair = ("EUR", "USD") if turned else ("USD", "EUR")
    rates = Rates([rate("r", pair, worth)])
    (a, used), (b, _) = (rates.convert(x, "USD", "EUR", TODAY) for x in (one, other))
    assert (a <= b) == (one <= other) or a == b
    assert used.id == "r"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["erp", "crm", "billing"]),
            AMOUNTS,
            st.sampled_from(["EUR", "USD", "JPY"]),
        ),
        max_size=4,
        unique_by=lambda r: r[0],
    ),
    st.randoms(use_true_random=False),
    st.sampled_from(list(Strategy)),
)
def test_the_order_of_members_never_counts(said, chance, strategy):
    entity = limits(strategy, relative=Decimal("0.05"))
    records = [limit(system, str(amount), unit) for system, amount, unit in said]
    shuffled = chance.sample(records, len(records))
    assert merged(entity, *records) == merged(entity, *shuffled)
