"""Which golden record a record belongs to, on real PostgreSQL, with cases, redirects and decisions.

Numbers as S1 name regressions that other hubs have.
"""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from golden_records.ports import LinkWrite

pytestmark = pytest.mark.postgres

NAME, VAT, EMAIL = "Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"
OTHER = {
    "name": "Zenith Maritime Logistics AG",
    "vat_number": "DE811569869",
    "email": "hq@zenith.de",
}


def erp(built, number, **row):
    built.put("erp", "customer", id=number, **row)


def shop(built, number, **row):
    built.put("shop", "account", id=number, **row)


def decide(built, one, other, verdict):
    ids = sorted((built.record_id(*one), built.record_id(*other)))
    with built.transaction() as work:
        word = {"verdict": verdict, "actor": "ann", "reason": "test"}
        work.decisions.decide_pairs("customer", [tuple(ids)], word)
        work.marks.mark_records(ids, cause="steward", priority=0)
        work.commit()


def publish(built, *goldens):
    """Note that targets hold these golden records."""
    with built.transaction() as work:
        work.connection.execute(
            "UPDATE hub.golden SET published = true WHERE id = ANY(%s)", (list(goldens),)
        )
        work.commit()


def clean(built):
    built.settle()
    assert built.differences() == []


def link_rows(built):
    return built.query("SELECT count(*) AS n FROM hub.link")[0]["n"]


def two_bridged(built):
    """Two golden records, one known by VAT number, one by mail, that one record then bridges."""
    erp(built, 1, name=NAME, vat_number=VAT)
    shop(built, 2, company=NAME, email=EMAIL)
    clean(built)


def test_records_with_nothing_in_common_have_golden_records_of_their_own(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    erp(built, 2, **OTHER)
    clean(built)
    assert built.home("erp", 1) != built.home("erp", 2)
    assert built.cases() == []


def test_a_veto_keeps_apart_and_says_so(built):
    shop(built, 1, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    shop(built, 2, company=NAME, vat=OTHER["vat_number"], email=EMAIL)
    clean(built)
    assert built.links("shop", 2) == {
        built.home("shop", 2): ("MATCH", "AUTO"),
        built.home("shop", 1): ("NO_MATCH", "AUTO"),
    }
    assert built.cases() == []


def test_a_possible_match_has_a_provisional_golden_record_and_one_case(built):
    erp(built, 1, name=NAME, email=EMAIL, credit_limit=500)
    clean(built)
    shop(built, 2, email=EMAIL, credit_limit=700)
    clean(built)
    home, other = built.home("shop", 2), built.home("erp", 1)
    assert built.links("shop", 2) == {home: ("MATCH", "AUTO"), other: ("POSSIBLE_MATCH", "AUTO")}
    (case,) = built.cases()
    assert case["kind"] == "ambiguous_match"
    assert (case["details"]["golden"], case["details"]["candidate"]) == (str(home), str(other))
    assert case["exposure"] == 700


def test_planning_again_writes_nothing(built):
    test_a_possible_match_has_a_provisional_golden_record_and_one_case(built)
    before = link_rows(built), built.cases()
    with built.transaction() as work:
        ids = [built.record_id("erp", 1), built.record_id("shop", 2)]
        work.marks.mark_records(ids, cause="rematch", priority=1)
        work.commit()
    assert built.settle() == 2
    assert (link_rows(built), built.cases()) == before


def test_a_case_is_over_when_the_other_record_changes(built):
    test_a_possible_match_has_a_provisional_golden_record_and_one_case(built)
    erp(built, 1, **OTHER)
    clean(built)
    assert built.cases() == []
    assert built.links("shop", 2) == {built.home("shop", 2): ("MATCH", "AUTO")}


def test_s1_a_bridge_merges_while_loading_and_the_loser_redirects(built):
    two_bridged(built)
    older, younger = sorted((built.home("erp", 1), built.home("shop", 2)))
    assert older != younger
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert built.home("erp", 1) == built.home("shop", 2) == built.home("shop", 3) == older
    loser = built.golden(younger)
    assert (loser["status"], loser["merged_into"]) == ("MERGED", older)
    (event,) = built.query("SELECT * FROM hub.identity_event WHERE kind = 'MERGE'")
    ids = {"erp": built.record_id("erp", 1), "shop": built.record_id("shop", 2)}
    assert sorted(i for ids in event["before"].values() for i in ids) == sorted(ids.values())
    assert sorted(event["after"][str(older)]) == sorted([*ids.values(), built.record_id("shop", 3)])


def test_two_that_targets_know_are_never_merged_silently(built):
    two_bridged(built)
    homes = {built.home("erp", 1), built.home("shop", 2)}
    publish(built, *homes)
    built.go_live()
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert {built.home("erp", 1), built.home("shop", 2)} == homes
    assert built.home("shop", 3) not in homes
    assert {state for state, _ in built.links("shop", 3).values()} == {"MATCH", "POSSIBLE_MATCH"}
    (case,) = built.cases()
    assert case["kind"] == "ambiguous_match"
    assert set(case["details"]["goldens"]) == {str(home) for home in homes}
    assert case["details"]["duplicates"] == [sorted(map(str, homes))]


def test_s3_different_holds_also_through_a_third_record(built):
    shop(built, 1, company=NAME, vat=VAT, email=EMAIL)
    erp(built, 2, name=NAME, vat_number=VAT, email=EMAIL)
    clean(built)
    assert built.home("shop", 1) == built.home("erp", 2)
    decide(built, ("shop", 1), ("erp", 2), "DIFFERENT")
    clean(built)
    homes = built.home("shop", 1), built.home("erp", 2)
    assert homes[0] != homes[1]
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    assert (built.home("shop", 1), built.home("erp", 2)) == homes


def test_same_joins_what_no_score_would_join(built):
    shop(built, 1, company=NAME)
    shop(built, 2, company=OTHER["name"])
    clean(built)
    assert built.home("shop", 1) != built.home("shop", 2)
    decide(built, ("shop", 1), ("shop", 2), "SAME")
    clean(built)
    assert built.home("shop", 1) == built.home("shop", 2)


def test_s6_a_record_that_no_longer_matches_leaves(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat_number"], email=OTHER["email"])
    clean(built)
    assert built.home("erp", 1) != built.home("shop", 2)
    assert built.golden(built.home("erp", 1))["attrs"]["email"] == EMAIL


def test_a_record_that_no_longer_matches_stays_with_a_case_once_the_systems_are_live(built):
    """Nothing was ever written, for all agreed; yet each system holds what the golden one says."""
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    home = built.home("erp", 1)
    built.go_live()
    erp(built, 1, **OTHER)
    built.settle()
    assert built.home("erp", 1) == built.home("shop", 2) == home
    (case,) = built.cases("ambiguous_match")
    assert case["details"]["reasons"] == ["no-longer-matches"]


def test_a_manual_link_is_never_changed_but_its_contradiction_is_a_case(built):
    shop(built, 1, company=NAME, vat=VAT, email=EMAIL)
    erp(built, 2, **OTHER)
    clean(built)
    home = built.home("shop", 1)
    with built.transaction() as work:
        record_id = built.record_id("erp", 2)
        work.goldens.lock_identity("customer")
        link = LinkWrite(
            entity="customer",
            record_id=record_id,
            golden_id=home,
            state="MATCH",
            origin="MANUAL",
            probability=1.0,
            reasons={},
        )
        work.goldens.link([link], "v", uuid7())
        work.decisions.touch([home])
        work.marks.mark_records(
            [record_id, built.record_id("shop", 1)], cause="steward", priority=0
        )
        work.commit()
    built.settle()
    shop(built, 3, company=OTHER["name"], vat=OTHER["vat_number"], email=OTHER["email"])
    built.settle()
    erp(built, 2, **{**OTHER, "email": "info@zenith.de"})
    built.settle()
    assert built.links("erp", 2)[home] == ("MATCH", "MANUAL")
    assert [case["kind"] for case in built.cases("manual_link_contradicted")]


def test_a_deleted_record_has_no_link_and_the_last_one_retires_its_golden_record(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    clean(built)
    home = built.home("erp", 1)
    built.delete("erp", "customer", id=1)
    clean(built)
    assert built.links("erp", 1) == {}
    assert built.golden(home)["status"] == "RETIRED"
    erp(built, 1, name=NAME, vat_number=VAT)
    clean(built)
    assert built.home("erp", 1) not in {None, home}


def test_a_system_without_duplicates_has_one_record_in_a_golden_record(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    erp(built, 2, name=NAME, vat_number=VAT, email=EMAIL)
    clean(built)
    assert built.home("erp", 1) != built.home("erp", 2)
    (case,) = built.cases()
    assert "system-full" in case["details"]["reasons"]
