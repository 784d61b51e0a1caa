"""Records that wait for a system that may create, on the command line."""

from __future__ import annotations

import pytest

from tests.hub.cli.conftest import ACME
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

CUSTOMER = "entities/customer.yaml"
BECAUSE = ("--reason", "they have signed", "--actor", "ann")


@pytest.fixture
def built(hub_database):
    """A hub whose customers only the ERP may create, and an account that it does not know."""
    text = minimal_catalogue().files[CUSTOMER].replace("creators: [erp, shop]", "creators: [erp]")
    made = BuiltHub(make_hub(hub_database, minimal_catalogue(**{CUSTOMER: text})))
    made.put("shop", "account", id=7, email=ACME["email"], city="Bremen")
    made.settle()
    yield made
    made.close()


def decide(mdhub, *words):
    (case,) = mdhub.json("case", "list", "--kind", "creation_held")
    expect = mdhub.json("case", "show", case["id"])["expect"]
    return mdhub.run("case", "decide", case["id"], *words, "--expect", expect, *BECAUSE)


def test_what_waits_is_shown_with_its_values_and_let_in(mdhub, built):
    assert mdhub.run("case", "list") == 0
    assert "shop:7 waits: its system opens no golden record" in mdhub.out
    (case,) = mdhub.json("case", "list")
    assert mdhub.run("case", "show", case["id"]) == 0
    assert "waits shop:7" in mdhub.out
    assert "Bremen" in mdhub.out
    assert "decide by: --accept" in mdhub.out
    assert decide(mdhub, "--refuse") == 4
    assert decide(mdhub, "--accept") == 0
    assert "accepted, by ann: they have signed" in mdhub.out
    assert built.home("shop", 7)


def test_letting_it_in_is_undone(mdhub, built):
    (case,) = mdhub.json("case", "list")
    assert decide(mdhub, "--accept") == 0
    home = built.home("shop", 7)
    assert mdhub.run("case", "undo", case["id"], *BECAUSE) == 0
    assert f"{home}  ACTIVE → RETIRED" in mdhub.out
    built.settle()
    assert [row["kind"] for row in mdhub.json("case", "list")] == ["creation_held"]
    assert built.differences() == []


def test_what_waits_joins_what_it_may_be(mdhub, built):
    built.put("erp", "customer", id=1, name=ACME["name"], email=ACME["email"])
    built.settle()
    (case,) = mdhub.json("case", "list")
    assert mdhub.json("case", "show", case["id"])["options"] == ["accept", "same"]
    assert decide(mdhub, "--same") == 0
    assert built.home("shop", 7) == built.home("erp", 1)
    assert built.differences() == []
