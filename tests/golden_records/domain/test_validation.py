"""Rules on values: what is out of the running, what only raises doubt, and what is said of it."""

from __future__ import annotations

import pytest

from golden_records.domain.catalogue import OwnerSilence, Survivorship
from golden_records.domain.records import ConflictKind, Loser
from golden_records.domain.rulebook import Scope, Validity
from golden_records.domain.validation import Validator
from tests.golden_records.domain.population import customer, merged, owned, rule, says

POSITIVE = rule("amount", name="positive", least="0", message="an amount is not negative")
PRICE = Survivorship(group="price", attributes=("amount", "currency"))


def test_an_invalid_value_of_the_owner_loses_and_a_case_says_why():
    result = merged(
        customer(owned("erp", name="amount"), validation=[POSITIVE]),
        says("erp", amount="-1"),
        says("crm", amount="5"),
    )
    assert result.attrs["amount"] == "5"
    assert result.lineage["amount"].losers == (
        Loser(system="erp", key="1", value="-1", lost_at="validation:positive"),
    )
    (conflict,) = result.conflicts
    assert conflict.kind is ConflictKind.CONTRACT_VIOLATION
    assert (conflict.system, conflict.attribute, conflict.outcome) == ("erp", "amount", "invalid")
    assert conflict.details["message"] == "an amount is not negative"
    assert conflict.details["theirs"] == "-1"


def test_an_owner_with_an_invalid_value_counts_as_silent():
    cleared = owned("erp", name="amount", silent=OwnerSilence.CLEAR)
    result = merged(
        customer(cleared, validation=[POSITIVE]),
        says("erp", amount="-1"),
        says("crm", amount="5"),
    )
    assert result.attrs["amount"] is None


def test_without_any_valid_value_there_is_none():
    result = merged(customer(validation=[POSITIVE]), says("erp", amount="-1"))
    assert result.attrs["amount"] is None
    assert result.lineage["amount"].rule == "no_value"
    assert result.lineage["amount"].losers[0].lost_at == "validation:positive"


def test_a_group_may_keep_an_invalid_value_where_no_valid_one_is_there():
    policy = owned("erp", name="amount", keep_invalid=True)
    entity = customer(policy, validation=[POSITIVE])
    alone = merged(entity, says("erp", amount="-1"))
    assert alone.attrs["amount"] == "-1"
    assert alone.lineage["amount"].rule == "owner:invalid"
    both = merged(entity, says("erp", amount="-1"), says("crm", amount="5"))
    assert both.attrs["amount"] == "5"


def test_one_invalid_attribute_takes_the_record_out_for_its_group_and_no_other():
    result = merged(
        customer(PRICE, validation=[POSITIVE], attributes=customer().attributes),
        says("erp", amount="-1", currency="EUR", city="Rome"),
        says("crm", amount="5", currency="USD", city="Bonn"),
        system_ranks={"erp": 1, "crm": 2},
    )
    assert (result.attrs["amount"], result.attrs["currency"]) == ("5", "USD")
    assert result.attrs["city"] == "Rome"


def test_a_suspect_value_counts_and_is_flagged():
    doubt = rule("amount", name="large", most="100", validity=Validity.SUSPECT)
    result = merged(customer(owned("erp", name="amount"), validation=[doubt]),
                    says("erp", amount="500"))  # fmt: skip
    assert result.attrs["amount"] == "500"
    assert result.lineage["amount"].rule == "owner:suspect"
    assert [c.outcome for c in result.conflicts] == ["suspect"]


def test_a_check_over_the_record_is_asked_where_all_that_it_reads_has_a_value():
    check = rule("count", name="terms", check="count <= 30 || amount > 600.0")
    entity = customer(validation=[check])
    assert merged(entity, says("erp", count=60, amount="700")).attrs["count"] == 60
    assert merged(entity, says("erp", count=60, amount="500")).attrs["count"] is None
    assert merged(entity, says("erp", count=60)).attrs["count"] == 60


def test_a_check_that_asks_for_null_is_always_asked():
    check = rule("count", name="terms", check="count <= 30 || amount != null")
    assert merged(customer(validation=[check]), says("erp", count=60)).attrs["count"] is None


def test_a_rule_may_concern_the_records_of_some_systems_alone():
    entity = customer(validation=[rule("name", choices=("a",), systems=("crm",))])
    assert merged(entity, says("erp", name="b")).attrs["name"] == "b"
    assert merged(entity, says("crm", name="b")).attrs["name"] is None


def test_a_rule_about_the_golden_record_sees_what_several_systems_said():
    terms = rule("count", name="terms", scope=Scope.GOLDEN, check="count <= 30 || amount > 600.0")
    entity = customer(validation=[terms])
    result = merged(entity, says("erp", count=60), says("crm", amount="500"))
    assert result.attrs["count"] == 60
    assert [c.cause for c in result.conflicts] == ["contract_violation/terms"]
    assert merged(entity, says("erp", count=60), says("crm", amount="700")).conflicts == ()


@pytest.mark.parametrize(
    ("tests", "good", "bad"),
    [
        ({"required": True}, "x", None),
        ({"pattern": "[A-Z]{2}"}, "DE", "DEU"),
        ({"min_length": 2, "max_length": 3}, "ab", "abcd"),
        ({"choices": ("a", "b")}, "a", "c"),
    ],
)
def test_each_test_tells_good_from_bad(tests, good, bad):
    entity = customer(validation=[rule("name", **tests)])
    assert merged(entity, says("erp", name=good)).conflicts == ()
    assert len(merged(entity, says("erp", name=bad)).conflicts) == 1
    assert merged(entity, says("erp", city="Rome")).conflicts == ()


def refused(rules, before, given):
    found = Validator(customer(validation=rules)).refused(before, given)
    return [(rule.name, name) for rule, name in found]


def test_a_value_that_breaks_a_rule_by_itself_is_refused_whatever_was_there_before():
    assert refused([POSITIVE], {"amount": "-1"}, {"amount": "-2"}) == [("positive", "amount")]
    assert refused([POSITIVE], {"amount": "-1"}, {"amount": "2"}) == []
    assert refused([POSITIVE], {"amount": "-1"}, {"name": "Acme"}) == []


def test_a_required_value_is_not_taken_away_by_a_person():
    given = rule("amount", name="given", required=True)
    assert refused([given], {"amount": "1"}, {"amount": None}) == [("given", "amount")]


def test_a_check_over_several_attributes_is_broken_by_the_value_that_breaks_it():
    before = {"name": "Acme", "street": "Acme"}
    same = rule("name", "street", name="same", check="name == street")
    assert refused([same], before, {"street": "Road"}) == [("same", "street")]
    assert refused([same], {**before, "name": "Zen"}, {"street": "Road"}) == []


def test_what_is_only_suspect_or_a_rule_for_some_systems_refuses_no_person():
    suspect = rule("amount", name="odd", least="0", validity=Validity.SUSPECT)
    of_erp = rule("amount", name="theirs", least="0", systems=("erp",))
    assert refused([suspect, of_erp], {}, {"amount": "-1"}) == []
