"""The model: the owner's last word, bonds that hold, and what is loose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from demo.expectations import derive
from demo.folding import article_code, fold, national_number
from demo.journal import Entry
from demo.model import World
from demo.records import Record, Ref
from tests.demo.conftest import LOADED

CUSTOMER = {
    "name": "Nord Technik AG",
    "tax_id": "DE123456788",
    "email": "a@nord.example",
    "phone": "+49 30 1234567",
    "street": "Weg 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}


def customer(system, key, truth="C1", **values):
    extra = {"number": f"{system}-{key}", "status": "active", "kind": "O"}
    if system == "cpq":
        extra = {"erp_no": None, "plan": "PRO", "kind": "O"}
    return Record(ref=Ref(system, "customer", key), truth=truth, values=CUSTOMER | extra | values)


def price(key, amount, age, item="1"):
    values = {
        "sku": item,
        "book": "STD",
        "currency": "EUR",
        "quantity": "1",
        "valid_from": (LOADED - timedelta(days=age)).isoformat(),
        "amount": amount,
    }
    return Record(ref=Ref("cpq", "price_row", key), truth="S1", values=values)


def entry(record, effect, **values):
    return Entry(
        at=LOADED.isoformat(),
        truth=record.truth,
        action="test",
        effect=effect,
        system=record.ref.system,
        entity=record.ref.entity,
        key=record.ref.key,
        values=values,
    )


def allowed(world, ref, attribute):
    (found,) = [
        each.allowed
        for each in derive(world, LOADED)
        if each.ref == ref and each.attribute == attribute
    ]
    return found


def test_the_owner_s_last_word_must_reach_a_target_that_shares_an_identifier():
    erp, shop = customer("erp", "1"), customer("commerce", "2", name="NORD TECHNIK")
    world = World([erp, shop])
    world.apply(entry(erp, "set", name="Süd Technik AG"))
    assert allowed(world, shop.ref, "name") == {"Süd Technik AG"}


def test_a_trespass_changes_nothing_of_what_is_expected():
    erp, shop = customer("erp", "1"), customer("commerce", "2")
    world = World([erp, shop])
    world.apply(entry(shop, "set", name="Mine Now"))
    assert allowed(world, shop.ref, "name") == {"Nord Technik AG"}


def test_the_owner_keeps_its_own_word():
    erp, shop = customer("erp", "1"), customer("commerce", "2", name="Other")
    assert allowed(World([erp, shop]), erp.ref, "name") == {"Nord Technik AG"}


def test_a_bond_lasts_when_the_identifiers_part_later():
    shop = customer("commerce", "2", tax_id=None)
    erp = customer("erp", "1")
    world = World([erp, shop])
    world.apply(entry(shop, "set", email="new@nord.example"))
    assert world.partner(shop.ref, "erp") is not None
    assert allowed(world, erp.ref, "email") == {"new@nord.example"}


def test_a_shared_mailbox_binds_nobody():
    erp = customer("erp", "1", tax_id=None)
    shop = customer("commerce", "2", tax_id=None)
    relative = customer("commerce", "3", truth="C2", tax_id=None)
    assert World([erp, shop, relative]).partner(shop.ref, "erp") is None


def test_a_shared_switchboard_makes_a_bond_a_matter_for_people():
    erp, shop = customer("erp", "1"), customer("commerce", "2")
    twin = customer("erp", "3", truth="C2", tax_id="DE811128135", email=None, name="Other AG")
    assert World([erp, shop, twin]).partner(shop.ref, "erp") is None


def test_a_twin_of_the_same_name_makes_a_bond_a_matter_for_people():
    erp, shop = customer("erp", "1"), customer("commerce", "2")
    twin = customer("erp", "3", truth="C2", tax_id="DE811128135", email=None, phone=None)
    assert World([erp, shop, twin]).partner(shop.ref, "erp") is None


def test_persons_of_different_given_names_are_not_bound_by_what_a_family_shares():
    erp = customer("erp", "1", tax_id=None, kind="P", name="Anna Weber")
    shop = customer("commerce", "2", tax_id=None, kind="P", name="Paul Weber")
    twice = customer("commerce", "2", tax_id=None, kind="P", name="ANNA  Weber")
    assert World([erp, shop]).partner(shop.ref, "erp") is None
    assert World([erp, twice]).partner(twice.ref, "erp") == erp


def test_a_mailbox_alone_binds_nobody():
    erp = customer("erp", "1", tax_id=None)
    shop = customer("commerce", "2", tax_id=None, name="Elsewhere", postal_code="20095")
    assert World([erp, shop]).partner(shop.ref, "erp") is None


def test_different_tax_numbers_undo_a_bond_through_a_third_record():
    erp = customer("erp", "1", number="K1")
    cpq = customer("cpq", "5", erp_no="K1", tax_id=None)
    shop = customer("commerce", "2", tax_id="DE999999999")
    world = World([erp, cpq, shop])
    assert world.partner(shop.ref, "erp") is None


def test_a_bond_carries_through_a_third_record():
    erp = customer("erp", "1", number="K1", email=None)
    cpq = customer("cpq", "5", erp_no="K1", tax_id=None)
    shop = customer("commerce", "2", tax_id=None)
    assert World([erp, cpq, shop]).partner(shop.ref, "erp") == erp


def test_duplicates_that_were_there_from_the_start_are_loose():
    erp, one, two = customer("erp", "1"), customer("commerce", "2"), customer("commerce", "3")
    world = World([erp, one, two])
    assert world.partner(one.ref, "erp") is None
    assert world.partner(two.ref, "erp") is None


def test_a_later_duplicate_leaves_the_first_bond_alone():
    erp, one = customer("erp", "1"), customer("commerce", "2")
    world = World([erp, one])
    two = customer("commerce", "3")
    world.apply(entry(two, "create", **two.values))
    assert world.partner(one.ref, "erp") is not None
    assert world.partner(two.ref, "erp") is None


def test_a_loose_record_may_hold_its_own_word_or_its_owner_s_and_no_stranger_s():
    erp = customer("erp", "1", tax_id=None, email=None, name="One")
    shop = customer("commerce", "2", tax_id=None, email=None, name="Two")
    stranger = customer("erp", "9", truth="C2", tax_id=None, email=None, name="Three", phone=None)
    world = World([erp, shop, stranger])
    assert allowed(world, shop.ref, "name") == {"One", "Two", None}


def test_a_soft_deleted_record_stays_deleted_and_is_asked_nothing_else():
    erp, shop = customer("erp", "1"), customer("commerce", "2")
    world = World([erp, shop])
    world.apply(entry(shop, "delete", deleted="true"))
    asked = [each for each in derive(world, LOADED) if each.ref == shop.ref]
    assert [(each.attribute, each.allowed) for each in asked] == [("deleted", {"true"})]


def test_a_withdrawn_limit_must_be_nothing_in_the_shop():
    erp, shop = customer("erp", "1"), customer("commerce", "2")
    values = {"customer": "1", "entity": "1000", "amount": "500.00", "currency": "EUR"}
    limit = Record(ref=Ref("erp", "credit_limit", "1/1000"), truth="C1/1000", values=values)
    world = World([erp, shop, limit])
    target = Ref("commerce", "credit_limit", "2/1000")
    assert allowed(world, target, "amount") == {"500.00"}
    world.apply(entry(limit, "delete"))
    assert allowed(world, target, "amount") == {None, "0.00"}


def test_the_price_is_the_row_that_began_last_and_has_begun():
    world = World([price("1", "10.00", 30), price("2", "12.00", 3), price("3", "99.00", -3)])
    assert world.prices("1", LOADED)["STD", "EUR", "1"]["amount"] == "12.00"
    later = world.prices("1", LOADED + timedelta(days=4))
    assert later["STD", "EUR", "1"]["amount"] == "99.00"


def test_a_deleted_price_row_gives_way_to_the_one_before():
    world = World([price("1", "10.00", 30), price("2", "12.00", 3)])
    world.apply(entry(price("2", "12.00", 3), "delete"))
    assert world.prices("1", LOADED)["STD", "EUR", "1"]["amount"] == "10.00"


def test_of_two_rows_that_begin_together_the_later_entered_is_the_price():
    world = World([price("10", "2.00", 3), price("9", "1.00", 3)])
    assert world.prices("1", LOADED)["STD", "EUR", "1"]["amount"] == "2.00"


def test_an_account_reaches_the_shop_through_the_article_s_category():
    erp = Record(
        ref=Ref("erp", "sku", "1"),
        truth="S1",
        values={"code": "AB1", "ean": None, "title_en": "x", "gl_category": "RC01"},
    )
    shop = Record(
        ref=Ref("commerce", "sku", "2"),
        truth="S1",
        values={"code": "AB1", "ean": None, "gl_account": None, "deleted": None},
    )
    mapping = Record(
        ref=Ref("erp", "gl_mapping", "RC01"),
        truth="RC01",
        values={"category": "RC01", "account": "400100"},
    )
    world = World([erp, shop, mapping])
    world.apply(entry(mapping, "set", account="400700"))
    assert allowed(world, shop.ref, "gl_account") == {"400700"}


@pytest.mark.parametrize(
    "text", ["+49 30 1234567", "0049 30 1234567", "030/1234567", "030 123 4567", "+49-30-1234567"]
)
def test_a_phone_number_is_one_however_it_is_written(text):
    assert national_number(text) == "301234567"


@pytest.mark.parametrize("text", ["AB-1234", "AB1234", "AB 1234", "ab-1234-eu"])
def test_an_article_code_is_one_in_every_system(text):
    assert article_code(text) == "AB1234"


@given(st.sampled_from(["name", "email", "amount"]), st.decimals(-999, 999, places=3))
def test_folding_twice_is_folding_once(attribute, number):
    once = fold(attribute, f" {number} ")
    assert fold(attribute, once) == once


def test_the_case_of_a_name_is_part_of_it_and_that_of_a_mailbox_is_not():
    assert fold("name", "ACME") != fold("name", "Acme")
    assert fold("email", "A@B.example") == fold("email", "a@b.example")
