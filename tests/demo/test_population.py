"""The population: the same for the same seed, overlapping, dirty, and silent about the truth."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from stdnum import ean
from stdnum.eu import vat

from demo.layouts import LAYOUTS
from demo.population import Sizes, generate
from tests.demo.conftest import LOADED


@pytest.fixture(scope="module")
def records():
    return generate(seed=1, sizes=Sizes(), now=LOADED)


def test_the_same_seed_makes_the_same_world(records):
    assert generate(seed=1, sizes=Sizes(), now=LOADED) == records


def test_another_seed_makes_another_world(records):
    assert generate(seed=2, sizes=Sizes(), now=LOADED) != records


def test_no_two_records_lie_in_one_place(records):
    assert len({each.ref for each in records}) == len(records)


def test_the_systems_overlap_as_a_company_s_do(records):
    counts = Counter(each.ref[:2] for each in records)
    assert counts["erp", "customer"] > 1900
    assert 1300 < counts["cpq", "customer"] < 1500
    assert 1500 < counts["commerce", "customer"] < 1700
    assert counts["pim", "sku"] > 1450
    assert 1150 < counts["commerce", "sku"] < 1300


def test_most_but_not_all_customers_can_be_known_by_an_identifier(records):
    erp = [each for each in records if each.ref[:2] == ("erp", "customer")]
    with_tax_id = sum(1 for each in erp if each.values["tax_id"])
    with_email = sum(1 for each in erp if each.values["email"])
    assert 0.5 < with_tax_id / len(erp) < 0.7
    assert 0.7 < with_email / len(erp) < 0.9


def test_identifiers_have_right_check_digits(records):
    eans = [each.values["ean"] for each in records if each.values.get("ean")]
    assert all(ean.is_valid(each) for each in eans)
    erp = [each for each in records if each.ref[:2] == ("erp", "customer")]
    european = [each for each in erp if each.values["country"] in {"DE", "AT", "FR"}]
    told = [each.values["tax_id"] for each in european if each.values["tax_id"]]
    valid = [each for each in told if vat.is_valid(each)]
    assert len(valid) > 0.98 * len(told)


def test_the_shop_holds_some_customers_twice(records):
    shop = Counter(each.truth for each in records if each.ref[:2] == ("commerce", "customer"))
    assert 30 < sum(1 for count in shop.values() if count == 2) < 120


def test_there_are_families_under_one_roof_and_twins_in_other_cities(records):
    erp = [each for each in records if each.ref[:2] == ("erp", "customer")]
    roofs = Counter((each.values["street"], each.values["phone"]) for each in erp)
    firms = Counter(each.values["name"] for each in erp if each.values["kind"] == "O")
    assert sum(1 for count in roofs.values() if count > 1) > 20
    assert sum(1 for count in firms.values() if count > 1) > 20


def test_no_row_tells_the_truth_s_name(records):
    rows = [
        json.dumps(row, default=str)
        for record in records
        for _, row in LAYOUTS[record.ref.system, record.ref.entity](record)
        if record.ref.entity != "gl_mapping"
    ]
    truths = {each.truth for each in records if each.ref.entity in {"customer", "sku"}}
    assert not any(f'"{truth}"' in row for row in rows[::50] for truth in truths)


def test_a_selection_rule_is_needed_to_find_the_current_mailbox(records):
    erp = next(
        each
        for each in records
        if each.ref[:2] == ("erp", "customer")
        and int(each.ref.key) % 5 == 0
        and each.values["email"]
    )
    rows = [row for table, row in LAYOUTS["erp", "customer"](erp) if table == "contact_mechanism"]
    mailboxes = [row for row in rows if row["kind"] == "email"]
    assert [row["is_active"] for row in mailboxes] == [True, False]
    assert mailboxes[1]["sequence"] < mailboxes[0]["sequence"]
