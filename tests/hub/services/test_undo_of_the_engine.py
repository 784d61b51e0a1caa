"""Undo of what the engine did: a merge comes apart, and who came with it keeps a golden record."""

from __future__ import annotations

import pytest

from golden_records.domain.regrouping import IdentityRefused
from hub.bootstrap import operating
from hub.services.identity.undoing import UndoRefused
from hub.services.overriding import Lifetime
from tests.hub.services.identity_play import (
    ANN,
    EMAIL,
    NAME,
    OTHER,
    VAT,
    clean,
    erp,
    events,
    price,
    run,
    shop,
    state,
    undo,
)

pytestmark = pytest.mark.postgres


def by_vat(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    clean(built)


def by_mail(built):
    shop(built, 2, company=NAME, email=EMAIL)
    clean(built)


def by_mail_alone(built):
    """By a name that is not quite the others'."""
    shop(built, 2, company=NAME.removesuffix(" GmbH"), email=EMAIL)
    clean(built)


def bridged(built, *first, others=()):
    """Two golden records, one known by VAT number, one by mail; a new record makes one of them.

    Returns the transaction, with the golden records of the ERP's and of the shop's before it.
    """
    for step in first or (by_vat, by_mail):
        step(built)
    homes = built.home("erp", 1), built.home("shop", 2)
    assert homes[0] != homes[1]
    for number in others:
        shop(built, number, company=f"{OTHER['name']} {number}", vat=f"FR{number:09}")
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    *_, event = events(built, kind="MERGE")
    assert built.home("erp", 1) == built.home("shop", 2) == built.home("shop", 3)
    return event, homes


def ids(built, *records):
    return sorted(built.record_id(*record) for record in records)


def test_the_merged_golden_record_comes_back_and_the_newcomer_stays(built):
    event, (older, younger) = bridged(built)
    done = undo(built, event["txn"])
    assert (done.kind, done.restored) == ("SPLIT", [younger])
    assert built.home("erp", 1) == older
    assert built.home("shop", 2) == younger
    assert built.links("shop", 2)[younger] == ("MATCH", "MANUAL")
    assert built.links("shop", 3)[older] == ("MATCH", "AUTO")
    assert built.golden(younger)["attrs"]["email"] == EMAIL
    clean(built)
    assert built.home("shop", 3) == older


def test_one_event_tells_every_link_before_and_after_the_undo(built):
    event, (older, younger) = bridged(built)
    done = undo(built, event["txn"])
    (told,) = events(built, txn=done.txn)
    everyone = ids(built, ("erp", 1), ("shop", 2), ("shop", 3))
    assert told["before"] == {str(older): everyone}
    assert told["after"] == {
        str(older): ids(built, ("erp", 1), ("shop", 3)),
        str(younger): ids(built, ("shop", 2)),
    }
    assert events(built)[-1] == told


def test_the_engine_merges_them_no_more_and_the_word_is_about_those_who_were_apart(built):
    event, homes = bridged(built)
    undo(built, event["txn"])
    clean(built)
    assert state(built)[2] == [
        dict(zip(("record_a", "record_b"), ids(built, ("erp", 1), ("shop", 2)), strict=True))
        | {"verdict": "DIFFERENT"}
    ]
    shop(built, 2, company=NAME, email=EMAIL, vat=VAT)
    clean(built)
    assert (built.home("erp", 1), built.home("shop", 2)) == homes


def test_a_newcomer_goes_to_the_side_that_it_matches_better(built):
    event, (younger, older) = bridged(built, by_mail_alone, by_vat)
    assert older < younger
    seen = undo(built, event["txn"], dry_run=True)
    done = undo(built, event["txn"], expect=seen.expect)
    assert done.restored == [younger]
    assert built.home("shop", 2) == older
    assert built.links("shop", 3)[younger] == ("MATCH", "AUTO")
    clean(built)
    assert built.home("shop", 3) == younger


def test_prices_of_everybody_follow_and_are_marked_at_once(built):
    price(built, "erp", 5, 1)
    price(built, "shop", 6, 2)
    event, (older, younger) = bridged(built)
    price(built, "shop", 7, 3, sku="B")
    clean(built)
    assert built.home("erp", 5, "price") == built.home("shop", 6, "price")
    done = undo(built, event["txn"])
    assert [(d["system"], d["key"]) for d in done.dependants] == [("shop", "6")]
    marked = built.query("SELECT root_key FROM hub.dirty_root WHERE entity = 'price'")
    assert "6" in {row["root_key"] for row in marked}
    clean(built)
    homes = [built.home(*which, "price") for which in (("erp", 5), ("shop", 6), ("shop", 7))]
    customers = [built.golden(home)["attrs"]["customer"] for home in homes]
    assert customers == [str(older), str(younger), str(older)]


def test_what_else_the_transaction_linked_is_left_alone_and_may_have_changed(built):
    event, (_, younger) = bridged(built, others=range(10, 30))
    moved = {record for ids in event["before"].values() for record in ids}
    elsewhere = [n for n in range(10, 30) if built.record_id("shop", n) in _after(event) - moved]
    assert elsewhere, "the transaction must have founded others too"
    home = built.home("shop", elsewhere[0])
    operating.stewardship(built.hub).override(str(home), {"region": "n"}, ANN, Lifetime())
    clean(built)
    undo(built, event["txn"])
    clean(built)
    assert built.home("shop", 2) == younger
    assert built.home("shop", elsewhere[0]) == home


def _after(event):
    return {record for ids in event["after"].values() for record in ids}


def test_it_is_refused_where_a_record_left_later(built):
    event, _ = bridged(built)
    built.delete("shop", "account", id=3)
    clean(built)
    with pytest.raises(UndoRefused, match=str(events(built)[-1]["txn"])):
        undo(built, event["txn"])


def test_it_is_refused_where_a_person_gave_a_value_later(built):
    event, (older, _) = bridged(built)
    operating.stewardship(built.hub).override(str(older), {"region": "n"}, ANN, Lifetime())
    with pytest.raises(UndoRefused, match="OVERRIDE by ann"):
        undo(built, event["txn"])


def test_it_is_undone_once(built):
    event, _ = bridged(built)
    undo(built, event["txn"])
    before = state(built)
    with pytest.raises(UndoRefused, match="undone already"):
        undo(built, event["txn"])
    assert state(built) == before


def test_what_came_before_it_may_be_undone_next(built):
    by_mail(built)
    shop(built, 8, company=OTHER["name"], vat=OTHER["vat"])
    clean(built)
    run(built, "merge", [built.home("shop", 2), built.home("shop", 8)])
    first = run(built, "unmerge", [built.home("shop", 2)], "shop:8")
    event, (_, mine) = bridged(built, by_vat)
    with pytest.raises(UndoRefused, match=str(event["txn"])):
        undo(built, first.txn)
    undo(built, event["txn"])
    undo(built, first.txn)
    clean(built)
    assert built.home("shop", 2) == built.home("shop", 8) == mine
    assert built.home("erp", 1) != mine


def test_a_transaction_that_moved_nobody_is_not_undone(built):
    by_vat(built)
    (event,) = events(built)
    with pytest.raises(UndoRefused, match="unlink"):
        undo(built, event["txn"])


def test_a_price_that_became_another_is_not_put_back_by_hand(built):
    by_vat(built)
    price(built, "erp", 5, 1)
    price(built, "erp", 6, 1, sku="B")
    clean(built)
    homes = built.home("erp", 5, "price"), built.home("erp", 6, "price")
    price(built, "erp", 6, 1, sku="A")
    clean(built)
    (moved,) = (e for e in events(built, entity="price") if len(e["before"]) == 2)
    assert moved["after"] == {str(homes[0]): ids_of_prices(built)}
    with pytest.raises(IdentityRefused, match="what its references and qualifiers say"):
        undo(built, moved["txn"])
    clean(built)


def ids_of_prices(built):
    return sorted(built.record_id("erp", key, "price") for key in (5, 6))
