"""Link, unlink, merge, unmerge and move by hand, on real PostgreSQL.

Tests named after HAPI's tracker are its regressions, as this hub must not have them.
"""

from __future__ import annotations

import pytest

from golden_records.domain.regrouping import IdentityRefused
from hub.bootstrap import operating
from hub.services.cases import StaleDecision
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
    together,
    two_customers,
    undo,
)

pytestmark = pytest.mark.postgres


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


def test_s13_all_influence_of_what_was_moved_is_gone_hapi_5236(built):
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


def test_s13_one_record_matches_one_golden_record_hapi_4156(built):
    one, two = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    run(built, "link", ["shop:customer:3", one], "shop:customer:3")
    shop(built, 4, company="Borealis Paper Oy", email="post@borealis.fi")
    clean(built)
    with pytest.raises(IdentityRefused, match=f"belongs to {one} by a person's word"):
        run(built, "link", ["shop:customer:3", two], "shop:customer:3")
    assert built.home("shop", 3) == one


def test_s13_the_other_possible_match_can_be_rejected_after_one_was_accepted_hapi_4745(built):
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


def test_s13_a_record_that_changes_finds_its_golden_record_then_hapi_5141(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    shop(built, 2, company="Unnamed account")
    clean(built)
    home = built.home("erp", 1)
    assert built.home("shop", 2) != home
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert built.home("shop", 2) == home


@pytest.mark.parametrize("into", [0, 1])
def test_s13_a_merge_either_way_leaves_no_possible_duplicate_hapi_4287(built, into):
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


def test_s13_the_event_of_an_unlink_has_the_new_golden_record_too_hapi_6297(built):
    home = together(built)
    done = run(built, "unlink", ["shop:customer:2"], "shop:customer:2", into="new")
    (event,) = events(built, txn=done.txn)
    one, two = built.record_id("erp", 1), built.record_id("shop", 2)
    assert event["kind"] == "SPLIT"
    assert event["before"] == {str(home): [one, two]}
    assert event["after"] == {str(home): [one], str(built.home("shop", 2)): [two]}
    assert (event["actor"], event["reason"]) == ("ann", "called them")


def test_s13_a_missing_field_finds_nobody_rather_than_everybody_hapi_5657(built):
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
