"""The merge, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from golden_records.domain.catalogue import (
    Attribute,
    OwnerRule,
    OwnerSilence,
    Strategy,
    Survivorship,
    ValueType,
)
from golden_records.domain.conditions import ConditionRefused
from golden_records.domain.merge import PolicyRefused, merger
from golden_records.domain.records import ConflictKind, Lineage, Loser
from golden_records.domain.rulebook import Trespass
from tests.golden_records.domain.population import (
    ATTRIBUTES,
    NOW,
    customer,
    golden,
    merged,
    owned,
    says,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def strategies(*names, attributes=("amount",), **policy):
    return customer(Survivorship(group="g", attributes=attributes, strategies=names, **policy))


# --- owners


def test_the_owner_wins_over_a_newer_value():
    result = merged(
        customer(owned("erp")), says("erp", name="old", at=NOW - DAY), says("crm", name="new")
    )
    assert result.attrs["name"] == "old"
    assert result.lineage["name"] == Lineage(
        system="erp",
        key="1",
        rule="owner",
        changed_at=NOW - DAY,
        losers=(Loser(system="crm", key="1", value="new", lost_at="owner"),),
    )


def test_among_several_records_of_the_owner_the_strategies_decide():
    result = merged(
        customer(owned("erp")),
        says("erp", "1", name="old", at=NOW - DAY),
        says("erp", "2", name="new"),
    )
    assert result.attrs["name"] == "new"
    assert result.lineage["name"].rule == "owner:most_recent"


def test_the_next_owner_speaks_where_the_first_is_silent():
    result = merged(customer(owned("erp", "crm")), says("crm", name="b"), says("pim", name="c"))
    assert result.attrs["name"] == "b"


@pytest.mark.parametrize("silent, expected, rule", [
    (OwnerSilence.CLEAR, None, "cleared"),
    (OwnerSilence.KEEP, "before", "kept"),
    (OwnerSilence.FALLBACK, "other", "fallback:only"),
])  # fmt: skip
def test_s8_a_silent_owner_does_what_was_declared(silent, expected, rule):
    entity = customer(owned("erp", silent=silent))
    before = {"name": Lineage(system="erp", key="1", rule="owner", changed_at=NOW)}
    result = merged(
        entity,
        says("erp", name=None),
        says("crm", name="other"),
        previous=golden({"name": "before"}, before),
    )
    assert result.attrs["name"] == expected
    assert result.lineage["name"].rule == rule


def test_an_owner_by_condition_owns_while_the_condition_holds():
    rules = (OwnerRule(system="erp", when="segment == 'B2B'"), OwnerRule(system="crm"))
    entity = customer(Survivorship(group="name", attributes=("name",), owners=rules))
    erp = says("erp", name="erp's", segment="B2B")
    crm = says("crm", name="crm's")
    assert merged(entity, erp, crm).attrs["name"] == "erp's"
    assert merged(entity, says("erp", name="erp's"), crm).attrs["name"] == "crm's"


def test_a_condition_sees_decimals_as_numbers():
    rules = (OwnerRule(system="erp", when="amount > 10.0"),)
    entity = customer(
        Survivorship(group="name", attributes=("name",), owners=rules, silent=OwnerSilence.FALLBACK)
    )
    erp, crm = says("erp", name="a", amount="9", at=NOW - DAY), says("crm", name="b")
    assert merged(entity, erp, crm).attrs["name"] == "b"


# --- strategies


def test_source_rank_goes_by_the_groups_ranks_then_the_systems():
    entity = strategies(Strategy.SOURCE_RANK, ranks=("crm",))
    records = says("erp", amount="1"), says("crm", amount="2"), says("pim", amount="3")
    assert merged(entity, *records).attrs["amount"] == "2"
    without = [record for record in records if record.system != "crm"]
    assert merged(entity, *without, system_ranks={"pim": 1, "erp": 2}).attrs["amount"] == "3"


def test_most_recent_leaves_times_within_the_skew_to_the_next_strategy():
    entity = strategies(
        Strategy.MOST_RECENT, Strategy.SOURCE_RANK, ranks=("erp", "crm"), skew=timedelta(minutes=5)
    )
    crm = says("crm", amount="2", at=NOW)
    assert (
        merged(entity, crm, says("erp", amount="1", at=NOW - timedelta(minutes=5))).attrs["amount"]
        == "1"
    )
    assert (
        merged(entity, crm, says("erp", amount="1", at=NOW - timedelta(minutes=6))).attrs["amount"]
        == "2"
    )


def test_the_newest_change_is_that_of_the_attribute():
    erp = says("erp", name="a", city="x", at={"name": NOW - DAY, "city": NOW})
    crm = says("crm", name="b", at=NOW - HOUR)
    assert merged(customer(), erp, crm).attrs["name"] == "b"


@pytest.mark.parametrize("strategy, expected", [
    (Strategy.MIN, "9"), (Strategy.MAX, "10"), (Strategy.MOST_RESTRICTIVE, "9"),
])  # fmt: skip
def test_amounts_are_ordered_as_numbers(strategy, expected):
    records = says("erp", amount="10"), says("crm", amount="9")
    assert merged(strategies(strategy), *records).attrs["amount"] == expected


def test_a_hold_anywhere_is_the_most_restrictive():
    entity = strategies(Strategy.MOST_RESTRICTIVE, attributes=("hold",))
    records = says("erp", hold=False), says("crm", hold=True)
    assert merged(entity, *records).attrs["hold"] is True


def test_amounts_in_different_currencies_have_no_order():
    entity = strategies(Strategy.MIN, Strategy.MOST_RECENT, attributes=("amount", "currency"))
    result = merged(
        entity,
        says("erp", amount="100", currency="USD"),
        says("crm", amount="95", currency="EUR", at=NOW - DAY),
    )
    assert (result.attrs["amount"], result.attrs["currency"]) == ("100", "USD")
    assert result.lineage["amount"].rule == "most_recent"


def test_the_most_complete_address_survives_whole():
    entity = strategies(Strategy.MOST_COMPLETE, attributes=("street", "city"))
    result = merged(
        entity, says("erp", street="s", city="c", at=NOW - DAY), says("crm", street="t", city=None)
    )
    assert (result.attrs["street"], result.attrs["city"]) == ("s", "c")


def test_what_most_systems_say_survives():
    entity = strategies(Strategy.MOST_FREQUENT)
    records = [says("a", amount="1"), says("b", amount="2", at=NOW - DAY), says("c", amount="2")]
    result = merged(entity, *records)
    assert result.attrs["amount"] == "2"
    assert result.lineage["amount"].losers == (
        Loser(system="a", key="1", value="1", lost_at="most_frequent"),
    )


def test_a_deleted_member_takes_no_part():
    result = merged(
        customer(owned("erp")), says("erp", name="gone", deleted=True), says("crm", name="b")
    )
    assert result.attrs["name"] == "b"


def test_nothing_is_said_by_nobody():
    result = merged(customer())
    assert set(result.attrs.values()) == {None}
    assert (result.lineage, result.conflicts, result.bases) == ({}, (), {})


# --- base and trespass


def test_agreement_becomes_the_base():
    erp, crm = says("erp", name="a"), says("crm", name="b")
    result = merged(customer(owned("erp")), erp, crm)
    assert result.bases == {erp.id: {"name": "a"}}
    assert result.conflicts == ()


def test_first_sight_of_another_value_is_no_trespass():
    assert (
        merged(customer(owned("erp")), says("erp", name="a"), says("crm", name="b")).conflicts == ()
    )


def test_the_lag_of_a_publication_is_no_trespass():
    result = merged(
        customer(owned("erp")),
        says("erp", name="new", base={"name": "old"}),
        says("crm", name="old", base={"name": "old"}),
    )
    assert result.conflicts == ()
    assert len(result.bases) == 1


def test_a_change_of_what_another_system_owns_is_a_trespass():
    crm = says("crm", name="mine", base={"name": "a"})
    result = merged(customer(owned("erp", trespass=Trespass.PROPOSE)), says("erp", name="a"), crm)
    (conflict,) = result.conflicts
    assert conflict.kind is ConflictKind.TRESPASS
    assert conflict.cause == "trespass/name/crm/1"
    assert conflict.outcome == "propose"
    assert conflict.details == {"theirs": "mine", "base": "a", "golden": "a", "owner": "erp"}
    assert conflict.pending_until is None
    assert crm.id not in result.bases


def test_clearing_what_another_system_owns_is_a_trespass_too():
    crm = says("crm", name=None, base={"name": "a"})
    assert len(merged(customer(owned("erp")), says("erp", name="a"), crm).conflicts) == 1


def test_a_system_that_says_nothing_of_an_attribute_does_not_trespass():
    crm = says("crm", city="x", base={"name": "a"})
    assert merged(customer(owned("erp")), says("erp", name="a"), crm).conflicts == ()


def test_a_grace_keeps_the_divergence_pending_and_asks_to_look_again():
    entity = customer(owned("pim", grace=HOUR))
    changed = NOW - timedelta(minutes=10)
    shop = says("shop", name="x", base={"name": "a"}, at=changed)
    result = merged(entity, says("pim", name="a"), shop)
    assert result.conflicts[0].pending_until == changed + HOUR
    assert result.next_effective_at == changed + HOUR
    assert merged(entity, says("pim", name="a"), shop, now=NOW + HOUR).next_effective_at is None


def test_others_may_speak_while_an_owner_with_a_fallback_is_silent():
    crm = says("crm", name="b", base={"name": "a"}, at=NOW - DAY)
    assert merged(customer(owned("erp")), crm, says("pim", name="c")).conflicts == ()


def test_a_change_against_the_kept_value_of_a_silent_owner_is_a_trespass():
    entity = customer(owned("erp", silent=OwnerSilence.KEEP))
    crm = says("crm", name="b", base={"name": "a"})
    result = merged(entity, says("erp", name=None), crm, previous=golden({"name": "a"}))
    assert [conflict.kind for conflict in result.conflicts] == [ConflictKind.TRESPASS]


def test_owners_that_disagree_are_a_contest():
    result = merged(
        customer(owned("erp", "crm")),
        says("erp", name="a"),
        says("crm", name="b", base={"name": "a"}),
    )
    assert [conflict.kind for conflict in result.conflicts] == [ConflictKind.VALUE_CONTEST]


def test_unowned_values_are_contested_only_on_request_and_only_at_the_tie_break():
    records = says("crm", name="b"), says("erp", name="a")
    assert merged(customer(), *records).conflicts == ()
    (conflict,) = merged(customer(), *records, contest=True).conflicts
    assert conflict.details == {"golden": "b", "theirs": {"erp:1": "a"}}
    ranked = merged(customer(), *records, contest=True, system_ranks={"erp": 1, "crm": 2})
    assert ranked.conflicts == ()


def test_case_does_not_count_where_the_attribute_says_so():
    folded = tuple(replace(a, fold_case=a.name == "name") for a in ATTRIBUTES)
    entity = customer(owned("erp"), attributes=folded)
    crm = says("crm", name="ACME", base={"name": "old"})
    result = merged(entity, says("erp", name="Acme"), crm)
    assert result.conflicts == ()
    assert result.bases[crm.id] == {"name": "ACME"}


# --- accept if the owner stays silent


def test_an_overdue_trespass_is_accepted_if_the_owner_said_nothing_since():
    entity = customer(owned("erp", trespass=Trespass.ACCEPT_IF_SILENT, grace=HOUR))
    erp = says("erp", name="a", base={"name": "a"}, at=NOW - DAY)
    crm = says("crm", name="b", base={"name": "a"}, at=NOW)
    before = merged(entity, erp, crm, now=NOW + timedelta(minutes=59))
    assert before.attrs["name"] == "a"
    assert before.next_effective_at == NOW + HOUR
    after = merged(entity, erp, crm, now=NOW + HOUR)
    assert after.attrs["name"] == "b"
    assert after.lineage["name"].rule == "accepted"
    assert after.conflicts == ()
    assert after.bases == {}


def test_an_accepted_trespass_stays_accepted_until_the_owner_has_it():
    entity = customer(owned("erp", trespass=Trespass.ACCEPT_IF_SILENT, grace=HOUR))
    erp = says("erp", name="a", base={"name": "a"}, at=NOW - DAY)
    crm = says("crm", name="b", base={"name": "a"}, at=NOW)
    later = NOW + DAY
    assert merged(entity, erp, crm, now=later).attrs["name"] == "b"
    written = says("erp", name="b", base={"name": "a"}, at=NOW - DAY)
    result = merged(entity, written, crm, now=later)
    assert result.attrs["name"] == "b"
    assert set(result.bases) == {written.id, crm.id}


def test_an_owner_that_spoke_after_the_trespass_wins():
    entity = customer(owned("erp", trespass=Trespass.ACCEPT_IF_SILENT, grace=HOUR))
    erp = says("erp", name="c", base={"name": "a"}, at=NOW + timedelta(minutes=1))
    crm = says("crm", name="b", base={"name": "a"}, at=NOW)
    assert merged(entity, erp, crm, now=NOW + DAY).attrs["name"] == "c"


# --- policies that cannot be followed


@pytest.mark.parametrize("survivorship, message", [
    ((owned("erp", name="colour"),), "unknown attributes: colour"),
    ((owned("erp"), owned("crm")), "two groups at once: name"),
    (
        (Survivorship(
            group="g", attributes=("name",), owners=(OwnerRule(system="erp", when="name == 'x'"),)
        ),),
        "no unconditional rule decides: name",
    ),
])  # fmt: skip
def test_a_policy_that_cannot_be_followed_is_refused(survivorship, message):
    with pytest.raises(PolicyRefused, match=message):
        merger(customer(*survivorship))


def test_a_condition_with_a_mistake_is_refused_at_load():
    rule = OwnerRule(system="erp", when="segment ==")
    with pytest.raises(ConditionRefused):
        merger(customer(Survivorship(group="g", attributes=("name",), owners=(rule,))))


def test_references_are_merged_in_resolved_form():
    entity = customer(references=("parent",))
    result = merged(entity, says("erp", parent="018f", name="a"))
    assert result.attrs["parent"] == "018f"


def test_the_owner_of_a_cleared_value_that_changed_is_no_contest():
    entity = customer(owned("erp", "crm", silent=OwnerSilence.KEEP))
    erp = says("erp", name=None, base={"name": "a"})
    result = merged(entity, erp, previous=golden({"name": "b"}))
    assert (result.attrs["name"], result.conflicts) == ("b", ())


def test_a_group_without_a_measure_has_no_least():
    entity = strategies(Strategy.MIN, Strategy.MOST_FREQUENT, attributes=("name",))
    records = says("erp", name="a"), says("crm", name="b"), says("pim", name="a")
    assert merged(entity, *records).attrs["name"] == "a"


def test_documents_are_counted_by_what_they_hold():
    tags = Attribute(name="tags", type=ValueType.JSON)
    policy = Survivorship(group="tags", attributes=("tags",), strategies=(Strategy.MOST_FREQUENT,))
    entity = customer(policy, attributes=(tags,))
    records = [
        says("a", tags={"x": 1, "y": 2}),
        says("b", tags=["z"]),
        says("c", tags={"y": 2, "x": 1}),
    ]
    assert merged(entity, *records).attrs["tags"] == {"x": 1, "y": 2}
