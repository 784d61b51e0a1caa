"""Proposals, publishing while disputed, and the cases that targets cause, on real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from golden_records.domain.records import ConflictKind
from golden_records.ports import WriteOutcome, WriteResult
from hub.bootstrap import operating
from hub.services.cases import Word
from hub.services.overriding import Lifetime
from hub.services.publish import Publish, PublishSettings
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

NAME, VAT = "Acme Industrial Supplies GmbH", "DE136695976"
ANN = Word(actor="ann", reason="seen the contract")
DISPUTED = "    trespass: write_back\n"
CUSTOMER = "entities/customer.yaml"
PRICE = "entities/price.yaml"


class Shop:
    """The shop as a target that answers what the test says, and keeps what it was sent."""

    tagged = False

    def __init__(self, result=None):
        self.result = result or WriteResult(outcome=WriteOutcome.WRITTEN)
        self.sent = []

    def write(self, lease, _now):
        self.sent.append(dict(lease.desired))
        return self.result

    def write_together(self, _leases, _now):
        """Nothing is written, as where one fails: each is tried alone."""


@pytest.fixture
def made(hub_database):
    """Return what makes a hub of the smallest example with another policy of the limit."""
    hubs = []

    def make(policy):
        files = minimal_catalogue().files
        text = files[CUSTOMER].replace(DISPUTED, policy, 1)
        catalogue = minimal_catalogue(**{CUSTOMER: text})
        hubs.append(BuiltHub(make_hub(hub_database, catalogue)))
        hubs[-1].go_live()
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def erp(built, limit):
    built.put("erp", "customer", id=1, name=NAME, vat_number=VAT, credit_limit=limit,
              limit_currency="EUR")  # fmt: skip
    built.settle()


def shop(built, limit):
    built.put("shop", "account", id=2, company=NAME, vat=VAT, credit_limit=limit, currency="EUR")
    built.settle()


def trespass(built):
    erp(built, 100)
    shop(built, 100)
    shop(built, 900)
    (case,) = built.cases("trespass")
    return case


def limit_row(built):
    rows = built.query(
        "SELECT state, desired, seen, id FROM hub.publication WHERE attribute_group = 'limit'"
        " AND target_key = '2'"
    )
    return rows[0] if rows else None


def waiting(built):
    row = limit_row(built)
    return None if row is None or row["state"] != "PENDING" else row["desired"]["credit_limit"]


def publish(built, target, system="shop", group="limit"):
    with built.work() as work:
        names = {"system": system, "group": group}
        work.connection.execute(
            "INSERT INTO hub.system_state (system, live) VALUES (%(system)s, true)"
            " ON CONFLICT (system) DO UPDATE SET live = true",
            names,
        )
        work.connection.execute(
            "UPDATE hub.publication SET due_at = now() - interval '1 day'"
            " WHERE attribute_group = %(group)s",
            names,
        )
        work.connection.execute(
            "DELETE FROM hub.publication WHERE attribute_group <> %(group)s", names
        )
        work.commit()
    settings = PublishSettings()
    Publish(built.work, {system: target}, built.hub.clock, lambda: 0.0, settings).tick(system)


# --- proposals


def test_what_is_proposed_is_not_written_over_and_stands_when_it_is_accepted(made):
    built = made("    trespass: propose\n")
    case = trespass(built)
    assert waiting(built) is None
    service = operating.stewardship(built.hub)
    assert service.case(case["id"]).options[:2] == ("accept", "refuse")
    token = service.case(case["id"]).token
    service.choose(case["id"], token, ("shop", Lifetime()), ANN)
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["credit_limit"] == "900"
    assert waiting(built) is None
    assert built.differences() == []


def test_what_is_proposed_and_refused_is_written_over(made):
    built = made("    trespass: propose\n")
    case = trespass(built)
    service = operating.stewardship(built.hub)
    service.refuse(case["id"], service.case(case["id"]).token, ANN)
    built.settle()
    assert waiting(built) == "100"
    assert service.case(case["id"]).row["outcome"] == "refused"
    shop(built, 100)
    assert built.cases("trespass") == []
    shop(built, 900)
    (again,) = built.cases("trespass")
    assert again["outcome"] == "propose"
    assert waiting(built) is None


def test_what_the_owner_does_not_answer_in_time_is_accepted(made):
    built = made("    trespass: accept_if_silent\n    grace: 400d\n")
    trespass(built)
    assert waiting(built) is None
    assert built.golden(built.home("erp", 1))["attrs"]["credit_limit"] == "100"
    built.hub.clock.ahead += timedelta(days=400)
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["credit_limit"] == "900"


# --- a grace


def test_a_trespass_is_not_written_over_before_its_grace_is_over(made):
    built = made("    trespass: write_back\n    grace: 400d\n")
    case = trespass(built)
    assert case["state"] == "pending"
    assert waiting(built) is None
    assert built.golden(built.home("erp", 1))["attrs"]["credit_limit"] == "100"
    assert built.differences() == []
    built.hub.clock.ahead += timedelta(days=400)
    built.settle()
    assert waiting(built) == "100"
    (case,) = built.cases("trespass")
    assert case["state"] == "open"
    assert built.differences() == []


def test_a_system_that_agrees_within_the_grace_is_never_written_to(made):
    built = made("    trespass: write_back\n    grace: 400d\n")
    trespass(built)
    erp(built, 900)
    assert built.cases("trespass") == []
    assert waiting(built) is None
    assert built.differences() == []


def test_what_the_owner_says_goes_out_at_once_to_those_who_did_not_trespass(made):
    built = made("    trespass: write_back\n    grace: 400d\n")
    erp(built, 100)
    shop(built, 100)
    erp(built, 200)
    assert waiting(built) == "200"


def test_a_persons_word_does_not_wait_for_the_grace(made):
    built = made("    trespass: write_back\n    grace: 400d\n")
    case = trespass(built)
    service = operating.stewardship(built.hub)
    token = service.case(case["id"]).token
    service.choose(case["id"], token, ("erp", Lifetime()), ANN)
    built.settle()
    assert waiting(built) == "100"
    assert built.differences() == []


# --- publishing while disputed


def test_the_owners_value_goes_out_while_disputed_unless_the_policy_says_otherwise(made):
    built = made(DISPUTED)
    trespass(built)
    assert waiting(built) == "100"


def test_nothing_goes_out_while_a_held_group_is_disputed_and_the_newest_value_does_after(made):
    built = made("    publish_while_disputed: hold\n")
    erp(built, 100)
    shop(built, 100)
    erp(built, 200)
    assert waiting(built) == "200"
    shop(built, 900)
    erp(built, 300)
    assert limit_row(built)["state"] == "HELD"
    assert built.differences() == [], "what is held is an older wish by right"
    shop(built, 100)
    assert built.cases("trespass") == []
    assert waiting(built) == "300"


def test_the_last_agreed_value_goes_out_while_disputed(made):
    built = made("    publish_while_disputed: last_agreed\n")
    erp(built, 100)
    shop(built, 100)
    shop(built, 900)
    erp(built, 200)
    assert waiting(built) == "100"
    assert built.differences() == [], "what was agreed is an older value by right"
    with built.work() as work:
        work.connection.execute("UPDATE hub.conflict SET state = 'resolved', closed_at = now()")
        work.commit()
    assert {d["kind"] for d in built.differences()} >= {"publication_differs"}


def test_targets_are_told_of_a_coming_price_within_the_lead_time_and_not_before(hub_database):
    files = minimal_catalogue().files
    lead = files[PRICE].replace("to: valid_to}", "to: valid_to, lead: 30d}")
    built = BuiltHub(make_hub(hub_database, minimal_catalogue(**{PRICE: lead})))
    built.go_live()
    erp(built, 100)
    shop(built, 100)
    day = built.hub.clock.now().date()
    change = day + timedelta(days=40)
    common = {"customer_id": 1, "product_code": "P1", "currency": "EUR"}
    built.put("erp", "customer_price", id=1, **common, amount=5, valid_from=day, valid_to=change)
    built.put("erp", "customer_price", id=2, **common, amount=6, valid_from=change)
    built.settle()
    assert price_wanted(built) == "5"
    assert built.differences() == []
    built.hub.clock.ahead += timedelta(days=15)
    built.settle()
    assert price_wanted(built) == "6"
    golden_id = built.query("SELECT id FROM hub.golden WHERE entity = 'price'")[0]["id"]
    assert built.golden(golden_id)["attrs"]["amount"] == "5", "it is not in force yet"
    assert built.differences() == []
    built.close()


def price_wanted(built):
    (row,) = built.query("SELECT desired FROM hub.publication WHERE entity = 'price'")
    return row["desired"]["amount"]


# --- what targets cause


def test_a_target_that_was_written_to_and_then_says_something_new_is_known_to_hold_that(made):
    built = made(DISPUTED)
    row = {"id": 1, "name": NAME, "vat_number": VAT}
    built.put("erp", "customer", **row, email="old@acme.example")
    built.moment += 60
    built.put("shop", "account", id=2, company=NAME, vat=VAT, email="shop@acme.example")
    built.settle()
    publish(built, Shop(), "erp", "contact")
    built.put("erp", "customer", **row, email="shop@acme.example")
    built.settle()
    assert wish(built)["state"] == "ECHOED"
    built.moment += 60
    built.put("erp", "customer", **row, email="new@acme.example")
    built.settle()
    assert wish(built)["desired"] == wish(built)["seen"] == {"email": "new@acme.example"}
    assert built.differences() == []


def test_what_a_target_has_by_now_is_not_created_there_once_more(made):
    built = made(DISPUTED)
    built.put("erp", "customer", id=1, name="ACME Industrial Supplies", email="office@acme.de")
    built.settle()
    assert [w["target_key"] for w in masters(built)] == [""]
    built.put("shop", "account", id=2, company=NAME, vat=VAT, email="office@acme.de")
    built.settle()
    assert [w["target_key"] for w in masters(built)] == ["2"]
    assert built.differences() == []


def masters(built):
    return built.query("SELECT * FROM hub.publication WHERE attribute_group = 'master'")


def wish(built):
    (row,) = built.query(
        "SELECT state, desired, seen FROM hub.publication WHERE target = 'erp'"
        " AND attribute_group = 'contact'"
    )
    return row


def test_a_value_that_goes_to_and_fro_is_frozen_until_a_person_lets_it_go(made):
    built, target = made(DISPUTED), Shop()
    erp(built, 100)
    shop(built, 100)
    for _ in range(3):
        shop(built, 900)
        publish(built, target)
        shop(built, 100)
    assert [sent["credit_limit"] for sent in target.sent] == ["100"] * 3
    assert built.cases("oscillation") == [], "the target agrees at last"
    shop(built, 900)
    publish(built, target)
    (case,) = built.cases("oscillation")
    assert (case["attribute"], case["system"]) == ("credit_limit", "shop")
    assert limit_row(built)["state"] == "FROZEN"
    shop(built, 901)
    shop(built, 900)
    publish(built, target)
    assert limit_row(built)["state"] == "FROZEN"
    assert built.golden(built.home("erp", 1))["attrs"]["credit_limit"] == "100"
    assert len(target.sent) == 4
    operating.stewardship(built.hub).retry([limit_row(built)["id"]])
    built.settle()
    assert waiting(built) == "100"
    assert built.cases("oscillation") == []


@pytest.mark.parametrize("kind", ["uniqueness_at_target", "update_of_deleted"])
def test_a_write_that_is_refused_for_good_is_a_case_until_the_target_takes_it(made, kind):
    built = made(DISPUTED)
    trespass(built)
    refusal = WriteResult(
        outcome=WriteOutcome.PERMANENT, message="duplicate key", refused_as=ConflictKind(kind)
    )
    publish(built, Shop(refusal))
    (case,) = built.cases(kind)
    assert (case["details"]["message"], case["outcome"]) == ("duplicate key", "rejected")
    assert limit_row(built)["state"] == "REJECTED"
    operating.stewardship(built.hub).retry([limit_row(built)["id"]])
    built.settle()
    publish(built, Shop())
    assert built.cases(kind) == []
