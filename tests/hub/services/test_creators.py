"""Who may create: a record of another system waits until one that may says the same."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from config.catalogue import load_catalogue
from golden_records.domain.catalogue import Phase
from hub.bootstrap import operating
from hub.bootstrap.policies import activate, policies, sweeping
from hub.services.cases import DecisionRefused, StaleDecision, Word
from hub.services.policies import Word as PolicyWord
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue
from tests.hub.services.test_loading import load, load_by_marks, population, state, train

pytestmark = pytest.mark.postgres

ANN = Word(actor="ann", reason="they have signed")
TRIAL = PolicyWord(actor="ann", reason="a trial")
NAME, VAT = "Acme Industrial Supplies GmbH", "DE136695976"
CUSTOMER, PRICE = "entities/customer.yaml", "entities/price.yaml"
ONLY_ERP = {"creators: [erp, shop]": "creators: [erp]", "deleters: [erp]": "deleters: [erp, shop]"}

DOUBTFUL = 2000
"""From this id on, accounts of the population that are like several customers."""


def catalogue_of(**replaced):
    files = minimal_catalogue().files
    text, price = files[CUSTOMER], files[PRICE].replace("creators: [erp, shop]", "creators: [erp]")
    for old, new in (ONLY_ERP | replaced).items():
        assert old in text
        text = text.replace(old, new)
    return minimal_catalogue(**{CUSTOMER: text, PRICE: price})


@pytest.fixture
def built(hub_database):
    """A hub whose customers and prices only the ERP may create."""
    built = BuiltHub(make_hub(hub_database, catalogue_of()))
    yield built
    built.close()


def erp(built, key=1, **said):
    built.put("erp", "customer", id=key, **{"name": NAME, "vat_number": VAT, **said})


def shop(built, key=7, **said):
    built.put("shop", "account", id=key, **{"company": NAME, "vat": VAT, **said})


def clean(built):
    built.settle()
    assert built.differences() == []


def held(built, entity="customer"):
    found = built.cases("creation_held")
    return sorted(case["details"]["held"] for case in found if case["entity"] == entity)


def goldens(built, entity="customer"):
    sql = "SELECT id FROM hub.golden WHERE entity = %(entity)s AND status = 'ACTIVE'"
    return {row["id"] for row in built.query(sql, entity=entity)}


def decide(built, verdict, *more):
    (row,) = built.cases("creation_held")
    case = operating.stewardship(built.hub).case(row["id"])
    return getattr(operating.existence(built.hub), verdict)(case.id, case.token, ANN, *more)


# --- by matching ---


def test_a_record_of_another_system_that_matches_nothing_waits(built):
    shop(built)
    clean(built)
    assert held(built) == ["shop:7"]
    assert goldens(built) == set()
    shop(built, city="Bremen")
    clean(built)
    assert held(built) == ["shop:7"]


def test_it_joins_when_a_record_appears_that_may_create(built):
    shop(built)
    clean(built)
    erp(built)
    clean(built)
    assert built.home("shop", 7) == built.home("erp", 1)
    assert built.cases() == []


def test_it_joins_what_is_there_at_once(built):
    erp(built)
    clean(built)
    shop(built)
    clean(built)
    assert built.home("shop", 7) == built.home("erp", 1)
    assert built.cases() == []


def test_who_joins_brings_those_that_are_like_it_alone(built):
    shop(built, key=7, vat=None, email="office@acme.de")
    shop(built, key=8, vat=VAT, email="office@acme.de")
    clean(built)
    assert held(built) == ["shop:7", "shop:8"]
    erp(built, name="Acme")
    clean(built)
    erp(built)
    clean(built)
    assert built.home("shop", 7) == built.home("shop", 8) == built.home("erp", 1)
    assert len(goldens(built)) == 1


def test_it_joins_when_a_record_changes_so_that_it_is_like_it(built):
    shop(built)
    erp(built, name="Zenith Maritime Logistics AG", vat_number="DE811569869")
    clean(built)
    assert held(built) == ["shop:7"]
    erp(built)
    clean(built)
    assert built.home("shop", 7) == built.home("erp", 1)
    assert held(built) == []


def test_a_record_that_waits_may_be_deleted(built):
    shop(built)
    clean(built)
    built.delete("shop", "account", id=7)
    clean(built)
    assert built.cases() == []


def test_what_it_has_joined_goes_on_without_the_record_that_created_it(built):
    erp(built)
    shop(built)
    clean(built)
    built.delete("erp", "customer", id=1)
    clean(built)
    assert built.home("shop", 7)
    assert built.cases() == []


def test_what_refers_to_it_waits_with_it(built):
    shop(built)
    built.put("shop", "account_price", id=4, account_id=7, sku="A", currency="EUR", amount=5)
    clean(built)
    assert {case["kind"] for case in built.cases()} == {"creation_held", "reference_missing"}
    decide(built, "accept")
    clean(built)
    assert [case["kind"] for case in built.cases()] == ["creation_held"], "now the price itself"


def test_a_person_lets_it_open_a_golden_record(built):
    shop(built, city="Bremen")
    clean(built)
    done = decide(built, "accept")
    assert done.resolution == "accepted, by ann: they have signed"
    home = built.home("shop", 7)
    assert list(done.goldens) == [home]
    clean(built)
    assert built.golden(home)["attrs"]["city"] == "Bremen"
    assert built.links("shop", 7) == {home: ("MATCH", "MANUAL")}
    assert built.cases() == []
    erp(built)
    clean(built)
    assert built.home("erp", 1) == home


def test_what_waits_and_is_the_same_joins_what_a_person_let_in(built):
    shop(built, key=7)
    shop(built, key=8)
    clean(built)
    (first, _) = built.cases("creation_held")
    case = operating.stewardship(built.hub).case(first["id"])
    operating.existence(built.hub).accept(case.id, case.token, ANN)
    clean(built)
    assert built.home("shop", 7) == built.home("shop", 8)
    assert built.cases() == []


def test_a_record_that_may_be_another_waits_with_what_it_is_like(built):
    erp(built, vat_number=None, email="office@acme.de")
    clean(built)
    home = built.home("erp", 1)
    shop(built, company=None, vat=None, email="office@acme.de")
    clean(built)
    (case,) = built.cases()
    assert (case["kind"], case["details"]["candidate"]) == ("creation_held", str(home))
    assert built.links("shop", 7) == {home: ("POSSIBLE_MATCH", "AUTO")}
    assert goldens(built) == {home}
    assert decide(built, "same").resolution == "same, by ann: they have signed"
    clean(built)
    assert built.links("shop", 7) == {home: ("MATCH", "MANUAL")}
    assert built.cases() == []


def facts(built):
    rows = built.query("SELECT * FROM hub.decision ORDER BY id")
    names = ("kind", "actor", "reason", "policy_version", "goldens", "case_id", "txn")
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize(("verdict", "kind"), [("accept", "ACCEPT"), ("same", "SAME")])
def test_letting_it_in_is_a_fact_with_who_why_and_by_which_policy(built, verdict, kind):
    erp(built, vat_number=None, email="office@acme.de")
    clean(built)
    shop(built, company=None, vat=None, email="office@acme.de")
    clean(built)
    (case,) = built.cases()
    decide(built, verdict)
    (event,) = built.query("SELECT txn FROM hub.identity_event WHERE actor = 'ann'")
    version, home = built.hub.catalogue.version, str(built.home("shop", 7))
    said = (kind, "ann", "they have signed", version, [home], case["id"], event["txn"])
    assert facts(built) == [said]
    clean(built)


def test_what_it_is_not_like_is_not_its_home(built):
    erp(built, name="Zenith Maritime Logistics AG", vat_number="DE811569869")
    shop(built)
    clean(built)
    with pytest.raises(DecisionRefused):
        decide(built, "same")
    with pytest.raises(DecisionRefused):
        decide(built, "refuse")


def test_a_decision_on_other_values_than_those_seen_is_refused(built):
    shop(built)
    clean(built)
    (row,) = built.cases("creation_held")
    case = operating.stewardship(built.hub).case(row["id"])
    shop(built, city="Bremen")
    clean(built)
    with pytest.raises(StaleDecision):
        operating.existence(built.hub).accept(case.id, case.token, ANN)
    assert goldens(built) == set()


def test_a_policy_that_lets_it_create_opens_its_golden_record(built):
    shop(built)
    clean(built)
    catalogue = load_catalogue(catalogue_of(**{"creators: [erp]": "creators: [erp, shop]"}).files)
    service = policies(built.hub)
    service.draft(catalogue, built.hub.catalogue.version, TRIAL)
    service.simulated(catalogue.version, TRIAL, {})
    service.approve(catalogue.version, TRIAL)
    renewed, _ = activate(built.hub, catalogue.version, TRIAL)
    sweeping(renewed).finish(lambda _: None)
    after = BuiltHub(renewed)
    after.settle()
    assert after.home("shop", 7)
    assert after.cases() == []
    assert after.differences() == []


# --- by reference ---


def price(built, system="shop", **said):
    table, customer, code = {
        "shop": ("account_price", "account_id", "sku"),
        "erp": ("customer_price", "customer_id", "product_code"),
    }[system]
    row = {"id": 4, customer: {"shop": 7, "erp": 1}[system], code: "A", "currency": "EUR"}
    built.put(system, table, **row | {"amount": 5, **said})


@pytest.fixture
def acme(built):
    """A customer whom both systems know."""
    erp(built)
    shop(built)
    clean(built)
    return built


def test_a_price_of_another_system_waits_for_one_that_may_create_it(acme):
    price(acme)
    clean(acme)
    assert held(acme, "price") == ["shop:4"]
    assert goldens(acme, "price") == set()
    price(acme, "erp")
    clean(acme)
    assert acme.home("shop", 4, "price") == acme.home("erp", 4, "price")
    assert acme.cases("creation_held") == []


def test_in_one_batch_the_price_that_may_create_comes_first(acme):
    price(acme)
    price(acme, "erp")
    clean(acme)
    assert acme.home("shop", 4, "price") == acme.home("erp", 4, "price")
    assert acme.cases("creation_held") == []


def test_a_price_that_a_person_let_in_may_become_another(acme):
    price(acme)
    clean(acme)
    decide(acme, "accept")
    clean(acme)
    first = acme.home("shop", 4, "price")
    assert goldens(acme, "price") == {first}
    price(acme, currency="USD")
    clean(acme)
    assert acme.home("shop", 4, "price") != first
    assert acme.cases("creation_held") == []


def test_a_price_whose_golden_record_has_gone_waits_again_as_another(acme):
    price(acme, "erp")
    price(acme)
    clean(acme)
    price(acme, currency="USD")
    clean(acme)
    assert held(acme, "price") == ["shop:4"]


# --- in bulk ---


def rows():
    """Both systems, with accounts and prices that only the shop has."""
    found = [row for row in population(7, 40) if row[2]["id"] < DOUBTFUL]
    for number in range(1, 9):
        row = {"id": number, "company": f"Nur im Laden {number}", "email": f"{number // 2}@shop.de"}
        found.append(("shop", "account", row))
    found.append(("shop", "account", {"id": 99, "company": NAME, "vat": VAT}))
    for number in range(1, 30, 4):
        row = {"id": number, "account_id": number + 1000, "sku": "AB"[number % 8 == 1]}
        found.append(("shop", "account_price", row | {"currency": "EUR", "amount": 3}))
    return found


@pytest.fixture
def loading(databases, hub_database):
    """Make hubs in LOADING whose customers and prices only the ERP may create."""
    made = []

    def make():
        url = databases.make(urlsplit(hub_database).path[1:])
        made.append(BuiltHub(make_hub(url, catalogue_of()), phase=Phase.LOADING))
        made[-1].apply(*(made[-1].change(system, table, **row) for system, table, row in rows()))
        train(made[-1])
        return made[-1]

    yield make
    for built in made:
        built.close()


def test_a_bulk_load_lets_the_same_records_wait_as_the_marks(loading):
    bulk, marks = loading(), loading()
    load(bulk)
    clean(bulk)
    load_by_marks(marks)
    clean(marks)
    assert held(bulk) == held(marks)
    assert {f"shop:{number}" for number in range(1, 9)} <= set(held(bulk))
    assert held(bulk, "price") == held(marks, "price") != []
    assert state(bulk) == state(marks)


def test_what_a_bulk_load_lets_wait_joins_like_everything_else(loading):
    built = loading()
    load(built)
    clean(built)
    assert "shop:99" in held(built)
    erp(built, key=900)
    clean(built)
    assert built.home("shop", 99) == built.home("erp", 900)
    assert "shop:99" not in held(built)
