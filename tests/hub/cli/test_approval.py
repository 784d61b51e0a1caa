"""Four eyes: `mdhub case approve | reject`, where the policy asks for a second person."""

from __future__ import annotations

import pytest

from config.folder import read_folder
from tests.hub.cli.conftest import ACME
from tests.hub.services.hub_builder import MINIMAL, BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

POLICY = """
approval:
  amounts: {credit_limit: 1000}
  merge: 3
  unmerge: 0
"""
ANN = ("--reason", "called them", "--actor", "ann")
BOB = ("--reason", "looks right", "--actor", "bob")


@pytest.fixture
def built(hub_database):
    file = "entities/customer.yaml"
    changed = read_folder(MINIMAL)[file] + POLICY
    made = BuiltHub(make_hub(hub_database, minimal_catalogue(**{file: changed})))
    yield made
    made.close()


def override(mdhub, golden, amount):
    return mdhub.json("golden", "override", golden, "credit_limit", amount, *ANN)


def limit(built, golden):
    built.settle()
    return built.golden(golden)["attrs"]["credit_limit"]


def test_a_small_value_needs_nobody_else(mdhub, built, acme):
    assert override(mdhub, acme, "900")["proposal"] is None
    assert limit(built, acme) == "900"


def test_a_large_value_waits_for_a_second_person(mdhub, built, acme):
    case = override(mdhub, acme, "5000")["proposal"]
    assert limit(built, acme) == "500"
    (listed,) = mdhub.json("case", "list", "--kind", "approval")
    assert listed["id"] == case
    assert mdhub.run("case", "list") == 0
    assert "waits for" in mdhub.out
    assert mdhub.run("case", "show", case) == 0
    assert "credit_limit 5000 is above 1000" in mdhub.out
    assert mdhub.run("case", "approve", case, *ANN) == 4
    assert "somebody else must approve" in mdhub.err
    assert limit(built, acme) == "500"
    assert mdhub.run("case", "approve", case, *BOB) == 0
    assert limit(built, acme) == "5000"
    (fact,) = built.query("SELECT actor, approver FROM hub.decision WHERE kind = 'OVERRIDE'")
    assert (fact["actor"], fact["approver"]) == ("ann", "bob")
    assert mdhub.json("case", "list") == []
    assert mdhub.run("case", "approve", case, *BOB) == 4
    assert "closed already" in mdhub.err
    assert built.differences() == []


def test_a_cut_takes_effect_at_once(mdhub, built, acme):
    built.put("erp", "customer", id=1, **ACME, credit_limit=9000, limit_currency="EUR")
    assert limit(built, acme) == "9000"
    assert override(mdhub, acme, "2000")["proposal"] is None
    assert limit(built, acme) == "2000"


def test_what_is_approved_is_what_the_author_saw_or_nothing(mdhub, built, acme):
    case = override(mdhub, acme, "5000")["proposal"]
    built.put("erp", "customer", id=1, **ACME, credit_limit=600, limit_currency="EUR")
    built.settle()
    assert mdhub.run("case", "approve", case, *BOB) == 4
    assert "source record erp:1 changed" in mdhub.err
    assert limit(built, acme) == "600"
    assert [c["id"] for c in mdhub.json("case", "list", "--kind", "approval")] == [case]


def test_a_rejected_proposal_does_nothing_and_is_a_fact(mdhub, built, acme):
    case = override(mdhub, acme, "5000")["proposal"]
    assert mdhub.run("case", "reject", case, *BOB) == 0
    assert limit(built, acme) == "500"
    (fact,) = built.query("SELECT kind, actor FROM hub.decision")
    assert (fact["kind"], fact["actor"]) == ("REJECT", "bob")
    assert mdhub.json("case", "list") == []


def test_the_same_proposal_twice_is_one_case(mdhub, acme):
    assert override(mdhub, acme, "5000")["proposal"] == override(mdhub, acme, "5000")["proposal"]


def test_a_chosen_value_above_the_amount_waits_and_leaves_its_case_open(mdhub, built, acme):
    built.put(
        "shop", "account", id=9, company="Acme Industrial Supplies", vat="DE136695976",
        email="office@acme-industrial.de", credit_limit=4000, currency="USD",
    )  # fmt: skip
    built.settle()
    (case,) = mdhub.json("case", "list", "--kind", "trespass")
    expect = ("--expect", mdhub.json("case", "show", case["id"])["expect"])
    done = mdhub.json("case", "decide", case["id"], "--choose", "shop", *expect, *ANN)
    assert done["proposal"] is not None
    assert limit(built, acme) == "500"
    assert case["id"] in [c["id"] for c in mdhub.json("case", "list")]
    assert mdhub.run("case", "approve", done["proposal"], *BOB) == 0
    assert limit(built, acme) == "4000"
    assert built.golden(acme)["attrs"]["limit_currency"] == "USD"


def test_a_large_merge_waits_and_its_preview_says_so(mdhub, built, acme):
    for number in (5, 6):
        built.put("shop", "account", id=number, company="Zenith AG", email="hq@zenith.de")
    built.settle()
    other = built.home("shop", 5)
    assert other == built.home("shop", 6)
    assert mdhub.run("golden", "merge", acme, other, "--dry-run", *ANN) == 0
    assert "a second person must approve: the golden record would hold 4 records" in mdhub.out
    assert mdhub.run("golden", "merge", acme, other, *ANN) == 0
    assert "waits for a second person" in mdhub.out
    assert built.home("shop", 5) == other
    (case,) = mdhub.json("case", "list", "--kind", "approval")
    done = mdhub.json("case", "approve", case["id"], *BOB)
    assert built.home("shop", 5) == acme
    (event,) = built.query("SELECT actor FROM hub.identity_event WHERE kind = 'MERGE'")
    assert event["actor"] == "ann"
    assert mdhub.run("golden", "undo", done["txn"], *ANN) == 0
    assert built.home("shop", 5) == other


def test_taking_apart_what_others_refer_to_waits(mdhub, built, acme):
    price = {"account_id": 9, "sku": "A", "currency": "EUR", "amount": 3}
    built.put("shop", "account_price", id=5, **price)
    built.settle()
    assert mdhub.json("golden", "unmerge", acme, "erp:1", "--dry-run", *ANN)["approval"] == []
    proposed = mdhub.json("golden", "unmerge", acme, "shop:9", *ANN)
    assert proposed["approval"] == ["1 records refer to it, 0 may"]
    assert mdhub.run("case", "approve", proposed["proposal"], *BOB) == 0
    assert built.home("shop", 9) != acme
    built.settle()
    assert built.differences() == []


def test_a_case_that_is_no_proposal_is_not_approved(mdhub, built):
    built.put("erp", "customer", id=1, name="Acme Industrial Supplies GmbH", email="a@acme.de")
    built.settle()
    built.put("shop", "account", id=2, email="a@acme.de")
    built.settle()
    (case,) = mdhub.json("case", "list")
    assert mdhub.run("case", "approve", case["id"], *BOB) == 4
    assert "no proposal" in mdhub.err
