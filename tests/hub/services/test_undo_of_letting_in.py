"""Undo of a person's word that let a record in: it waits again, on real PostgreSQL."""

from __future__ import annotations

import pytest

from golden_records.domain.decisions import OverrideMode
from hub.bootstrap import operating
from hub.services.identity.undoing import UndoRefused
from hub.services.identity.work import Terms
from hub.services.overriding import Lifetime
from hub.services.queries import NotFound
from tests.hub.services.hub_builder import BuiltHub, make_hub
from tests.hub.services.test_creators import (
    ANN,
    catalogue_of,
    clean,
    decide,
    erp,
    facts,
    goldens,
    held,
    price,
    shop,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def built(hub_database):
    """A hub whose customers and prices only the ERP may create."""
    built = BuiltHub(make_hub(hub_database, catalogue_of()))
    yield built
    built.close()


def undo(built, case, **terms):
    return operating.undoing(built.hub).case(case["id"], Terms(word=ANN, **terms))


def test_a_record_that_was_let_in_waits_again_where_that_is_undone(built):
    shop(built)
    clean(built)
    (case,) = built.cases("creation_held")
    decide(built, "accept")
    clean(built)
    first = built.home("shop", 7)
    assert undo(built, case, dry_run=True).done is False
    assert built.home("shop", 7) == first
    done = undo(built, case)
    assert (done.kind, [row["status"] for row in done.goldens]) == ("UNLINK", ["RETIRED"])
    clean(built)
    assert held(built) == ["shop:7"]
    assert (built.home("shop", 7), goldens(built)) == (None, set())
    assert [fact[0] for fact in facts(built)] == ["ACCEPT", "UNDO"]
    with pytest.raises(NotFound):
        undo(built, case)
    decide(built, "accept")
    clean(built)
    assert built.home("shop", 7) not in {None, first}


def test_what_was_the_same_by_a_person_s_word_asks_again_where_that_is_undone(built):
    erp(built, vat_number=None, email="office@acme.de")
    clean(built)
    home = built.home("erp", 1)
    shop(built, company=None, vat=None, email="office@acme.de", city="Bremen")
    clean(built)
    (case,) = built.cases()
    decide(built, "same")
    clean(built)
    assert built.golden(home)["attrs"]["city"] == "Bremen"
    undo(built, case)
    clean(built)
    assert built.golden(home)["attrs"]["city"] is None
    assert built.links("shop", 7) == {home: ("POSSIBLE_MATCH", "AUTO")}
    (again,) = built.cases()
    assert (again["kind"], again["details"]["candidate"]) == ("creation_held", str(home))


def test_what_refers_to_a_record_waits_with_it_again(built):
    shop(built)
    built.put("shop", "account_price", id=4, account_id=7, sku="A", currency="EUR", amount=5)
    clean(built)
    (case,) = built.cases("creation_held")
    decide(built, "accept")
    clean(built)
    undo(built, case)
    clean(built)
    assert {row["kind"] for row in built.cases()} == {"creation_held", "reference_missing"}
    assert held(built) == ["shop:7"]


def test_it_is_not_undone_once_another_record_has_joined(built):
    shop(built)
    clean(built)
    (case,) = built.cases("creation_held")
    decide(built, "accept")
    erp(built)
    clean(built)
    home = built.home("shop", 7)
    with pytest.raises(UndoRefused, match="came later"):
        undo(built, case)
    assert built.home("shop", 7) == built.home("erp", 1) == home
    clean(built)


def test_it_is_not_undone_once_a_person_has_said_more_about_it(built):
    shop(built)
    clean(built)
    (case,) = built.cases("creation_held")
    decide(built, "accept")
    home = built.home("shop", 7)
    life = Lifetime(mode=OverrideMode.FOREVER, until=None)
    operating.stewardship(built.hub).override(str(home), {"city": "Bremen"}, ANN, life)
    with pytest.raises(UndoRefused, match="OVERRIDE by ann"):
        undo(built, case)
    clean(built)
    assert built.home("shop", 7) == home


def test_a_price_that_a_person_let_in_waits_again_where_that_is_undone(built):
    erp(built)
    shop(built)
    clean(built)
    price(built)
    clean(built)
    decide(built, "accept")
    clean(built)
    (event,) = built.query("SELECT txn FROM hub.identity_event WHERE actor = 'ann'")
    operating.undoing(built.hub).transaction(event["txn"], Terms(word=ANN))
    clean(built)
    assert held(built, "price") == ["shop:4"]
    assert goldens(built, "price") == set()
    price(built, "erp")
    clean(built)
    assert built.home("shop", 4, "price") == built.home("erp", 4, "price")
