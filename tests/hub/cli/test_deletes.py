"""Withheld deletions on the command line."""

from __future__ import annotations

import pytest

from tests.hub.cli.conftest import ACME
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

ERP_PRICES = ("--system", "erp", "--entity", "price")
BECAUSE = ("--reason", "the import was cut short", "--actor", "ann")


@pytest.fixture
def built(hub_database):
    """A customer with three prices that the ERP has deleted, and every deletion waits."""
    hub = minimal_catalogue().files["hub.yaml"]
    guard = "    rank: 10\n    delete_guard: {share: 0, always: 0}\n"
    files = {"hub.yaml": hub.replace("    rank: 10\n", guard)}
    made = BuiltHub(make_hub(hub_database, minimal_catalogue(**files)))
    made.put("erp", "customer", id=1, **ACME)
    for number in (1, 2, 3):
        row = {"customer_id": 1, "product_code": f"P{number}", "currency": "EUR", "amount": 5}
        made.put("erp", "customer_price", id=number, **row)
    made.settle()
    for number in (1, 2, 3):
        made.delete("erp", "customer_price", id=number)
    made.settle()
    yield made
    made.close()


def test_what_is_withheld_is_listed_and_counted(mdhub):
    rows = mdhub.json("deletes", "list")
    assert [(row["key"], row["state"], row["why"]) for row in rows] == [
        ("1", "HELD", "guard"),
        ("2", "HELD", "guard"),
        ("3", "HELD", "guard"),
    ]
    assert all(row["golden_id"] for row in rows)
    (pair,) = mdhub.json("deletes", "summary")
    assert (pair["system"], pair["entity"], pair["held"]) == ("erp", "price", 3)
    assert mdhub.run("deletes", "list", "--entity", "price") == 0
    assert "HELD" in mdhub.out
    assert mdhub.json("deletes", "list", "--system", "shop") == []


def test_the_case_says_what_to_do(mdhub):
    (case,) = mdhub.json("case", "list", "--kind", "mass_delete")
    assert mdhub.run("case", "list") == 0
    assert "3 deletions are withheld" in mdhub.out
    assert mdhub.run("case", "show", case["id"]) == 0
    assert "mdhub deletes release" in mdhub.out


def test_everything_of_a_system_and_an_entity_is_released(mdhub, built):
    assert mdhub.json("deletes", "release", *ERP_PRICES, *BECAUSE) == {
        "state": "RELEASED",
        "count": 3,
    }
    built.settle()
    assert mdhub.json("deletes", "list") == []
    closed = mdhub.json("deletes", "list", "--closed")
    assert [(row["state"], row["actor"], row["reason"]) for row in closed] == [
        ("APPLIED", "ann", "the import was cut short")
    ] * 3
    assert mdhub.json("case", "list") == []
    assert mdhub.json("case", "history", 1)[-1]["actor"] == "ann"
    (fact,) = built.query("SELECT kind, actor, body FROM hub.decision")
    assert (fact["kind"], fact["actor"]) == ("ACCEPT_DELETION", "ann")
    assert fact["body"] == {"system": "erp", "withheld": [row["id"] for row in closed]}
    assert built.differences() == []


def test_single_rows_are_discarded(mdhub, built):
    first = mdhub.json("deletes", "list")[0]["id"]
    assert mdhub.run("deletes", "discard", first, *BECAUSE) == 0
    assert "discarded 1" in mdhub.out
    assert [row["state"] for row in mdhub.json("deletes", "list")] == ["DISCARDED", "HELD", "HELD"]
    assert built.home("erp", 1, "price")


@pytest.mark.parametrize(
    "words", [(), ("1", *ERP_PRICES), ("--system", "erp"), ("1", "--entity", "price")]
)
def test_it_is_said_which(mdhub, words):
    with pytest.raises(Exception, match="name the rows, or say --system and --entity"):
        mdhub.run("deletes", "release", *words, *BECAUSE)


def test_a_deletion_by_a_system_that_may_not_is_a_case_of_its_own(mdhub, built):
    built.put("shop", "account", id=7, company="Zenith Maritime", vat="DE811569869")
    built.settle()
    built.delete("shop", "account", id=7)
    built.settle()
    (case,) = mdhub.json("case", "list", "--kind", "delete_of_owned")
    assert mdhub.run("case", "list", "--kind", "delete_of_owned") == 0
    assert "shop:7 was deleted by a system that may not" in mdhub.out
    shown = mdhub.json("case", "show", case["id"])
    assert shown["options"] == ["accept", "refuse"]
    words = ("--accept", "--expect", shown["expect"], *BECAUSE)
    assert mdhub.run("case", "decide", case["id"], *words) == 0
    assert "deletion accepted" in mdhub.out
    built.settle()
    assert built.home("shop", 7) is None
    assert mdhub.json("case", "list", "--kind", "delete_of_owned") == []


def test_a_row_that_is_not_withheld_is_refused(mdhub):
    assert mdhub.run("deletes", "release", 99, *BECAUSE) == 4
    assert "99" in mdhub.err
    assert mdhub.run("deletes", "release", "--system", "erp", "--entity", "x", *BECAUSE) == 4
