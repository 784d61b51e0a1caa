"""Link, unlink, merge, unmerge, move and undo by hand, on real PostgreSQL.

Tests named after HAPI's tracker are its regressions, as this hub must not have them.
"""

from __future__ import annotations

import pytest

from golden_records.domain.regrouping import IdentityRefused
from hub.bootstrap import operating
from hub.services.cases import StaleDecision, Word
from hub.services.identity.undoing import UndoRefused
from hub.services.identity.work import Intent, Terms
from hub.services.overriding import Lifetime

pytestmark = pytest.mark.postgres

NAME, VAT, EMAIL = "Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"
OTHER = {"name": "Zenith Maritime Logistics AG", "vat": "DE811569869", "email": "hq@zenith.de"}
ANN = Word(actor="ann", reason="called them")


def erp(built, number, **row):
    built.put("erp", "customer", id=number, **row)


def shop(built, number, **row):
    built.put("shop", "account", id=number, **row)


def clean(built):
    built.settle()
    assert built.differences() == []


def run(built, action, goldens, *records, dry_run=False, expect=None, **more):
    """Carry an operation out; `goldens` may be ids or (system, key) pairs."""
    names = tuple(g if isinstance(g, str) else str(g) for g in goldens)
    intent = Intent(action=action, goldens=names, records=records, **more)
    terms = Terms(word=ANN, dry_run=dry_run, expect=expect)
    return operating.golden_operations(built.hub).run(intent, terms)


def undo(built, txn, **more):
    return operating.undoing(built.hub).transaction(txn, Terms(word=ANN, **more))


def events(built, **wanted):
    rows = built.query("SELECT * FROM hub.identity_event ORDER BY seq")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def state(built):
    """Who is where, by whose word, with which values: what an undo must bring back."""
    links = built.query(
        "SELECT record_id, golden_id, origin FROM hub.link"
        " WHERE state = 'MATCH' AND valid_to IS NULL ORDER BY 1"
    )
    goldens = built.query(
        "SELECT id, status, attrs, merged_into FROM hub.golden WHERE status <> 'RETIRED' ORDER BY 1"
    )
    pairs = built.query(
        "SELECT record_a, record_b, verdict FROM hub.pair_decision WHERE closed_at IS NULL"
        " ORDER BY 1, 2"
    )
    overrides = built.query(
        "SELECT golden_id, attribute, value FROM hub.override WHERE closed_at IS NULL ORDER BY 1, 2"
    )
    return links, goldens, pairs, overrides


def two_customers(built):
    """Two golden records that nothing connects: the ERP's and the shop's."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500)
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    clean(built)
    homes = built.home("erp", 1), built.home("shop", 2)
    assert homes[0] != homes[1]
    return homes


def price(built, system, number, customer, sku="A"):
    amount = 3
    if system == "erp":
        row = {"customer_id": customer, "product_code": sku, "currency": "EUR", "amount": amount}
        built.put("erp", "customer_price", id=number, **row)
    else:
        row = {"account_id": customer, "sku": sku, "currency": "EUR", "amount": amount}
        built.put("shop", "account_price", id=number, **row)


def test_a_merge_keeps_the_oldest_and_the_other_redirects(built):
    older, younger = two_customers(built)
    done = run(built, "merge", [younger, older])
    assert done.redirects == {str(younger): str(older)}
    assert built.home("erp", 1) == built.home("shop", 2) == older
    loser = built.golden(younger)
    assert (loser["status"], loser["merged_into"]) == ("MERGED", older)
    assert built.query("SELECT 1 FROM hub.golden_version WHERE golden_id = %(id)s", id=younger)
    clean(built)
    assert built.home("shop", 2) == older


def test_a_merge_takes_effect_at_once_and_not_when_a_worker_comes(built):
    older, younger = two_customers(built)
    run(built, "merge", [older, younger])
    assert built.differences() == []


def test_the_winner_is_whom_a_person_chooses(built):
    older, younger = two_customers(built)
    run(built, "merge", [older, younger], into=str(younger))
    assert built.home("erp", 1) == built.home("shop", 2) == younger
    clean(built)


def test_several_are_merged_at_once(built):
    two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    homes = sorted({built.home("erp", 1), built.home("shop", 2), built.home("shop", 3)})
    done = run(built, "merge", homes)
    assert set(done.redirects.values()) == {str(homes[0])}
    assert {built.home("erp", 1), built.home("shop", 2), built.home("shop", 3)} == {homes[0]}
    clean(built)


def test_a_redirect_has_one_step_however_often_is_merged(built):
    first, second = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    third = built.home("shop", 3)
    run(built, "merge", [second, third], into=str(third))
    run(built, "merge", [first, third], into=str(first))
    assert built.golden(second)["merged_into"] == first
    clean(built)


def test_a_redirect_that_was_shortened_leads_back_where_its_golden_record_is_restored(built):
    first, second = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    third = built.home("shop", 3)
    run(built, "merge", [second, third], into=str(third))
    done = run(built, "merge", [first, third], into=str(first))
    undo(built, done.txn)
    assert built.golden(second)["merged_into"] == third
    clean(built)


def test_a_preview_says_what_happens_and_does_nothing(built):
    older, younger = two_customers(built)
    before = state(built)
    seen = run(built, "merge", [older, younger], dry_run=True)
    assert state(built) == before
    assert events(built, kind="MERGE") == []
    assert built.settle() == 0
    done = run(built, "merge", [older, younger], expect=seen.expect)
    assert (done.goldens, done.writes, done.cases) == (seen.goldens, seen.writes, seen.cases)
    assert (seen.done, done.done) == (False, True)


def test_what_was_previewed_and_has_changed_is_refused_with_what_changed(built):
    older, younger = two_customers(built)
    seen = run(built, "merge", [older, younger], dry_run=True)
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=700)
    clean(built)
    with pytest.raises(StaleDecision, match="source record erp:1 changed"):
        run(built, "merge", [older, younger], expect=seen.expect)
    assert built.home("shop", 2) == younger


def test_a_link_by_hand_is_never_changed_by_the_engine(built):
    home, _ = two_customers(built)
    run(built, "link", ["shop:customer:2", home], "shop:customer:2")
    assert built.links("shop", 2)[home] == ("MATCH", "MANUAL")
    shop(built, 9, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat"], email="info@zenith.de")
    clean(built)
    assert built.links("shop", 2)[home] == ("MATCH", "MANUAL")
    assert built.home("shop", 9) != home


def together(built):
    """One golden record of three records, which the engine made."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    home = built.home("erp", 1)
    assert home == built.home("shop", 2)
    return home


def test_an_unlinked_record_has_a_golden_record_of_its_own_and_stays_away(built):
    home = together(built)
    done = run(built, "unlink", ["shop:customer:2"], "shop:customer:2", into="new")
    assert done.different == 1
    other = built.home("shop", 2)
    assert other != home
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL, city="Bonn")
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert built.home("shop", 2) == other
    assert built.home("erp", 1) == home


def test_an_unmerge_brings_the_original_golden_record_back(built):
    older, younger = two_customers(built)
    before = built.golden(younger)["attrs"]
    run(built, "merge", [older, younger])
    clean(built)
    done = run(built, "unmerge", [older], "shop:2")
    assert done.restored == [younger]
    assert built.home("shop", 2) == younger
    assert built.golden(younger)["status"] == "ACTIVE"
    assert built.golden(younger)["attrs"] == before
    clean(built)
    run_again = pytest.raises(IdentityRefused, match="declared different")
    with run_again:
        run(built, "merge", [older, younger])
    run(built, "merge", [older, younger], retract=True)
    clean(built)
    assert built.home("shop", 2) == older


def test_an_unmerge_may_make_a_new_golden_record_or_use_another(built):
    home = together(built)
    shop(built, 7, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    other = built.home("shop", 7)
    done = run(built, "unmerge", [home], "shop:2", into="new")
    assert done.created == [built.home("shop", 2)]
    run(built, "merge", [home, done.created[0]], retract=True)
    run(built, "move", [home], "shop:2", into=str(other))
    assert built.home("shop", 2) == other
    clean(built)


def test_an_id_that_two_sides_were_is_not_given_back(built):
    older, younger = two_customers(built)
    shop(built, 3, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    clean(built)
    assert built.home("shop", 3) == younger
    run(built, "merge", [older, younger])
    done = run(built, "unmerge", [older], "shop:2")
    assert done.restored == []
    assert built.home("shop", 2) not in {older, younger}
    clean(built)


def test_all_influence_of_what_was_moved_is_gone_hapi_5236(built):
    home = together(built)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL, city="Bonn", country="DE")
    clean(built)
    assert built.golden(home)["attrs"]["city"] == "Bonn"
    run(built, "unmerge", [home], "shop:2")
    attrs = built.golden(home)["attrs"]
    assert attrs.get("city") is None
    lineage = built.golden(home)["lineage"]
    assert {item["system"] for item in lineage.values()} == {"erp"}
    assert all(loser["system"] == "erp" for i in lineage.values() for loser in i["losers"])
    clean(built)


def test_one_record_matches_one_golden_record_hapi_4156(built):
    one, two = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    run(built, "link", ["shop:customer:3", one], "shop:customer:3")
    shop(built, 4, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    with pytest.raises(IdentityRefused, match=f"belongs to {one} by a person's word"):
        run(built, "link", ["shop:customer:3", two], "shop:customer:3")
    assert built.home("shop", 3) == one


def test_the_other_possible_match_can_be_rejected_after_one_was_accepted_hapi_4745(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    shop(built, 2, company=NAME, email=EMAIL)
    clean(built)
    homes = [built.home("erp", 1), built.home("shop", 2)]
    with built.transaction() as work:
        sql = "UPDATE hub.golden SET published = true WHERE id = ANY(%s)"
        work.connection.execute(sql, (homes,))
        work.commit()
    built.go_live()
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert built.home("shop", 3) not in homes
    run(built, "link", ["shop:customer:3", homes[0]], "shop:customer:3")
    decided = operating.stewardship(built.hub)
    clean(built)
    for case in built.cases():
        seen = decided.case(case["id"])
        decided.different(case["id"], seen.token, ANN)
    clean(built)
    assert built.home("shop", 3) == homes[0]
    assert built.home("shop", 2) == homes[1]
    assert built.cases() == []


def test_a_record_that_changes_finds_its_golden_record_then_hapi_5141(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    shop(built, 2, company="Unnamed account")
    clean(built)
    home = built.home("erp", 1)
    assert built.home("shop", 2) != home
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert built.home("shop", 2) == home


@pytest.mark.parametrize("into", [0, 1])
def test_a_merge_either_way_leaves_no_possible_duplicate_hapi_4287(built, into):
    erp(built, 1, name=NAME, email=EMAIL)
    clean(built)
    shop(built, 2, email=EMAIL)
    clean(built)
    assert [case["kind"] for case in built.cases()] == ["ambiguous_match"]
    homes = [built.home("erp", 1), built.home("shop", 2)]
    done = run(built, "merge", homes, into=str(homes[into]))
    assert [case["how"] for case in done.cases] == ["closed"]
    clean(built)
    assert built.cases() == []
    assert set(built.links("erp", 1)) == set(built.links("shop", 2)) == {homes[into]}
    open_links = built.query("SELECT state FROM hub.link WHERE valid_to IS NULL")
    assert {row["state"] for row in open_links} == {"MATCH"}


def test_the_event_of_an_unlink_has_the_new_golden_record_too_hapi_6297(built):
    home = together(built)
    done = run(built, "unlink", ["shop:customer:2"], "shop:customer:2", into="new")
    (event,) = events(built, txn=done.txn)
    one, two = built.record_id("erp", 1), built.record_id("shop", 2)
    assert event["kind"] == "SPLIT"
    assert event["before"] == {str(home): [one, two]}
    assert event["after"] == {str(home): [one], str(built.home("shop", 2)): [two]}
    assert (event["actor"], event["reason"]) == ("ann", "called them")


def test_a_missing_field_finds_nobody_rather_than_everybody_hapi_5657(built):
    for number in range(1, 4):
        shop(built, number, company=f"{chr(64 + number) * 5} Handels GmbH")
    shop(built, 9)
    clean(built)
    assert len({built.home("shop", n) for n in (1, 2, 3, 9)}) == 4
    rows = built.query(
        "SELECT key FROM hub.match_key WHERE record_id = %(id)s", id=built.record_id("shop", 9)
    )
    assert rows == []
    assert built.cases() == []


def test_every_change_of_identity_has_its_event(built):
    together(built)
    price(built, "erp", 5, 1)
    clean(built)
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    clean(built)
    built.delete("erp", "customer_price", id=5)
    clean(built)
    kinds = [(e["entity"], e["kind"]) for e in events(built)]
    assert kinds[0] == ("customer", "CREATE")
    assert ("price", "CREATE") in kinds
    assert ("customer", "SPLIT") in kinds
    assert kinds[-1] == ("price", "UNLINK")
    replayed: dict[int, str] = {}
    for event in events(built):
        for ids in event["before"].values():
            for record_id in ids:
                replayed.pop(record_id, None)
        for golden_id, ids in event["after"].items():
            replayed.update(dict.fromkeys(ids, golden_id))
    links = built.query(
        "SELECT record_id, golden_id FROM hub.link WHERE state = 'MATCH' AND valid_to IS NULL"
    )
    assert replayed == {row["record_id"]: str(row["golden_id"]) for row in links}


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
    price(built, "shop", 6, 2)
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
        assert state(built) == [] or state(built)[0] == before[0], action
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


def test_what_the_engine_merged_is_undone_for_good(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    shop(built, 2, company=NAME, email=EMAIL)
    clean(built)
    homes = built.home("erp", 1), built.home("shop", 2)
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    (event,) = events(built, kind="MERGE")
    with pytest.raises(UndoRefused, match="had no golden record before"):
        undo(built, event["txn"])
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
