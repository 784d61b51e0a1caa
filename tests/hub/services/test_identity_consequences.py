"""What follows from identity by hand: overrides, dependants, evidence, undo, refusals."""

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
    VAT,
    clean,
    erp,
    price,
    run,
    shop,
    state,
    together,
    two_customers,
    undo,
)

pytestmark = pytest.mark.postgres


def test_overrides_follow_a_merge_and_come_back_with_its_undo(built):
    older, younger = two_customers(built)
    steward = operating.stewardship(built.hub)
    steward.override(str(younger), {"region": "north"}, ANN, Lifetime())
    steward.override(str(younger), {"city": "Bonn"}, ANN, Lifetime())
    steward.override(str(older), {"city": "Ulm"}, ANN, Lifetime())
    clean(built)
    before = state(built)
    done = run(built, "merge", [older, younger])
    attrs = built.golden(older)["attrs"]
    assert (attrs["region"], attrs["city"]) == ("north", "Ulm")
    clean(built)
    undo(built, done.txn)
    clean(built)
    assert state(built) == before


def test_an_override_stays_with_what_remains_unless_somebody_says_else(built):
    home = together(built)
    steward = operating.stewardship(built.hub)
    for name in ("city", "region", "street"):
        steward.override(str(home), {name: "x"}, ANN, Lifetime())
    clean(built)
    run(built, "unmerge", [home], "shop:2", keeps={"region": "moved", "street": "both"})
    remaining, moved = built.golden(home)["attrs"], built.golden(built.home("shop", 2))["attrs"]
    assert (remaining["city"], remaining.get("region"), remaining["street"]) == ("x", None, "x")
    assert (moved.get("city"), moved["region"], moved["street"]) == (None, "x", "x")
    clean(built)


def test_dependants_follow_their_own_key_through_merge_and_unmerge(built):
    older, younger = two_customers(built)
    price(built, "erp", 5, 1)
    price(built, "shop", 6, 2)
    clean(built)
    apart = built.home("erp", 5, "price"), built.home("shop", 6, "price")
    assert apart[0] != apart[1]
    done = run(built, "merge", [older, younger])
    assert [(d["system"], d["key"]) for d in done.dependants] == [("shop", "6")]
    clean(built)
    assert built.home("erp", 5, "price") == built.home("shop", 6, "price")
    run(built, "unmerge", [older], "shop:2")
    clean(built)
    customers = [
        built.golden(built.home(system, key, "price"))["attrs"]["customer"]
        for system, key in (("erp", 5), ("shop", 6))
    ]
    assert customers == [str(older), str(younger)]


def test_what_targets_hold_of_an_unmerged_golden_record_is_listed(built):
    home = together(built)
    built.go_live()
    price(built, "erp", 5, 1)
    price(built, "shop", 6, 2, amount=4)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL, credit_limit=90)
    clean(built)
    seen = run(built, "unmerge", [home], "shop:2", dry_run=True)
    held = {(row["target"], row["entity"], row["key"], row["how"]) for row in seen.held}
    assert ("shop", "customer", "2", "is") in held
    assert ("shop", "price", "6", "refers") in held


def test_what_remains_without_evidence_is_said(built):
    two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    homes = sorted({built.home("erp", 1), built.home("shop", 2), built.home("shop", 3)})
    run(built, "merge", homes)
    done = run(built, "unmerge", [homes[0]], "shop:3")
    assert done.components == [["erp:1"], ["shop:2"]]


def test_undo_is_the_inverse_of_every_operation(built):
    home = together(built)
    shop(built, 7, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    other = built.home("shop", 7)
    operations = [
        ("merge", [home, other], (), {}),
        ("unmerge", [home], ("shop:2",), {}),
        ("unlink", ["shop:customer:2"], ("shop:customer:2",), {"into": "new"}),
        ("link", ["shop:customer:7", home], ("shop:customer:7",), {}),
        ("move", [home], ("shop:2",), {"into": str(other)}),
    ]
    for action, goldens, records, more in operations:
        before = state(built)
        done = run(built, action, goldens, *records, **more)
        assert state(built) != before
        undo(built, done.txn)
        clean(built)
        assert state(built)[0] == before[0], action
        assert state(built)[2:] == before[2:], action
        active = [[g for g in s[1] if g["status"] == "ACTIVE"] for s in (state(built), before)]
        assert active[0] == active[1], action


def test_undo_is_refused_with_what_came_later(built):
    older, younger = two_customers(built)
    done = run(built, "merge", [older, younger])
    later = run(built, "unmerge", [older], "shop:2")
    with pytest.raises(UndoRefused, match=str(later.txn)):
        undo(built, done.txn)
    undo(built, later.txn)
    undo(built, done.txn)
    assert built.home("shop", 2) == younger
    clean(built)
    with pytest.raises(UndoRefused, match="undone already"):
        undo(built, done.txn)


def test_a_decision_that_came_later_refuses_an_undo_as_well(built):
    older, younger = two_customers(built)
    done = run(built, "merge", [older, younger])
    operating.stewardship(built.hub).override(str(older), {"region": "n"}, ANN, Lifetime())
    with pytest.raises(UndoRefused, match="OVERRIDE by ann"):
        undo(built, done.txn)


def test_what_the_engine_merged_and_a_person_took_apart_stays_apart(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    shop(built, 2, company=NAME, email=EMAIL)
    clean(built)
    homes = built.home("erp", 1), built.home("shop", 2)
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    done = run(built, "unmerge", [built.home("erp", 1)], "shop:2")
    assert built.home("shop", 2) == homes[1]
    assert done.restored == [homes[1]]
    shop(built, 2, company=NAME, email=EMAIL, vat=VAT)
    clean(built)
    assert built.home("shop", 2) == homes[1]


def test_a_price_is_not_merged_by_hand(built):
    together(built)
    price(built, "erp", 5, 1)
    price(built, "erp", 6, 1, sku="B")
    clean(built)
    homes = [built.home("erp", 5, "price"), built.home("erp", 6, "price")]
    with pytest.raises(IdentityRefused, match="what its references and qualifiers say"):
        run(built, "merge", homes)


def test_a_different_pair_never_meets_by_hand_either_also_through_a_third_record(built):
    one, two = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    three = built.home("shop", 3)
    ids = sorted((built.record_id("erp", 1), built.record_id("shop", 3)))
    same = sorted((built.record_id("shop", 2), built.record_id("shop", 3)))
    with built.transaction() as work:
        word = {"actor": "ann", "reason": "test"}
        work.decisions.decide_pairs("customer", [tuple(ids)], {"verdict": "DIFFERENT", **word})
        work.decisions.decide_pairs("customer", [tuple(same)], {"verdict": "SAME", **word})
        work.commit()
    with pytest.raises(IdentityRefused, match="declared different"):
        run(built, "merge", [one, two])
    with pytest.raises(IdentityRefused, match="declared different"):
        run(built, "merge", [one, three])


def test_every_operation_is_a_decision_with_who_why_and_what_was_seen(built):
    older, younger = two_customers(built)
    seen = run(built, "merge", [older, younger], dry_run=True)
    done = run(built, "merge", [older, younger])
    (row,) = built.query("SELECT * FROM hub.decision")
    assert (row["kind"], row["actor"], row["reason"]) == ("MERGE", "ann", "called them")
    assert (row["txn"], row["id"]) == (done.txn, done.decision)
    assert row["policy_version"] == built.hub.catalogue.version
    assert row["inputs"] == seen.expect.partition(".")[0]
