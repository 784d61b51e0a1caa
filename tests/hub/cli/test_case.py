"""Cases are decided on what was shown, and the decision holds."""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from golden_records.ports import LinkWrite
from tests.hub.cli.conftest import ACME

pytestmark = pytest.mark.postgres

BY = ("--actor", "ann", "--reason", "called them")


@pytest.fixture
def trespass(mdhub, built, acme):
    """The shop says another credit limit than the ERP, which owns it, after they agreed."""
    agreed = {"company": ACME["name"], "vat": ACME["vat_number"], "email": ACME["email"]}
    built.put("shop", "account", id=9, **agreed, credit_limit=500, currency="EUR")
    built.settle()
    built.put("shop", "account", id=9, **agreed, credit_limit=999, currency="USD")
    built.settle()
    cases = mdhub.json("case", "list", "--kind", "trespass")
    return next(case["id"] for case in cases if case["attribute"] == "credit_limit")


def decide(mdhub, case_id, *words, expect=None):
    expect = expect or mdhub.json("case", "show", case_id)["expect"]
    return mdhub.run("case", "decide", case_id, *words, "--expect", expect, *BY)


def row(built, case_id):
    return built.query("SELECT * FROM hub.conflict WHERE id = %(id)s", id=case_id)[0]


def rematch(built):
    with built.work() as work:
        for pair in (("erp", "customer"), ("shop", "customer")):
            work.mirror.mark_all(*pair, cause="rematch", priority=5)
        work.commit()
    built.settle()


def test_a_case_shows_both_sides_the_choices_and_the_hash(mdhub, built, doubtful):
    shown = mdhub.json("case", "show", doubtful)
    assert shown["options"] == ["same", "different"]
    assert len(shown["goldens"]) == 2
    assert mdhub.run("case", "show", doubtful) == 0
    assert f"expect: {shown['expect'].partition('.')[0]}" in mdhub.out
    assert "erp:1" in mdhub.out
    assert "shop:2" in mdhub.out


def test_same_makes_one_golden_record_and_the_other_redirects(mdhub, built, doubtful):
    homes = sorted((built.home("erp", 1), built.home("shop", 2)))
    assert decide(mdhub, doubtful, "--same") == 0
    rematch(built)
    assert built.home("erp", 1) == built.home("shop", 2) == homes[0]
    shown = mdhub.json("golden", "show", homes[1])
    assert (shown["requested"], shown["id"]) == (str(homes[1]), str(homes[0]))
    assert mdhub.json("case", "list") == []
    assert row(built, doubtful)["resolution"] == "same, by ann: called them"
    assert built.differences() == []


def test_same_holds_although_the_records_stop_to_look_alike(mdhub, built, doubtful):
    assert decide(mdhub, doubtful, "--same") == 0
    built.settle()
    built.put("shop", "account", id=2, company="Zenith Maritime", email="hq@zenith.de")
    built.settle()
    assert built.home("erp", 1) == built.home("shop", 2)


def test_different_keeps_them_apart_for_good(mdhub, built, doubtful):
    assert decide(mdhub, doubtful, "--different") == 0
    rematch(built)
    same = {"name": ACME["name"], "email": ACME["email"], "vat_number": ACME["vat_number"]}
    built.put("erp", "customer", id=1, **same)
    built.put("shop", "account", id=2, company=same["name"], email=same["email"],
              vat=same["vat_number"])  # fmt: skip
    built.settle()
    assert built.home("erp", 1) != built.home("shop", 2)
    assert mdhub.json("case", "list") == []
    assert built.differences() == []


def test_a_decision_on_what_has_changed_is_refused_with_what_changed(mdhub, built, doubtful):
    expect = mdhub.json("case", "show", doubtful)["expect"]
    built.put("erp", "customer", id=1, name=ACME["name"], email=ACME["email"], region="b")
    built.settle()
    assert decide(mdhub, doubtful, "--same", expect=expect) == 4
    assert "source record erp:1 changed" in mdhub.err
    assert built.query("SELECT * FROM hub.pair_decision") == []
    assert built.home("erp", 1) != built.home("shop", 2)


def test_a_case_is_decided_once(mdhub, built, doubtful):
    expect = mdhub.json("case", "show", doubtful)["expect"]
    assert decide(mdhub, doubtful, "--different", expect=expect) == 0
    assert decide(mdhub, doubtful, "--same", expect=expect) == 4
    assert "closed already: different, by ann" in mdhub.err


def test_a_verdict_that_the_kind_does_not_know_is_refused(mdhub, doubtful):
    assert decide(mdhub, doubtful, "--choose", "erp") == 4
    assert "it takes same or different" in mdhub.err


def test_a_chosen_system_s_value_stands_with_all_that_survives_together(
    mdhub, built, acme, trespass
):
    assert decide(mdhub, trespass, "--choose", "shop") == 0
    built.settle()
    attrs = built.golden(acme)["attrs"]
    assert (attrs["credit_limit"], attrs["limit_currency"]) == ("999", "USD")
    assert mdhub.json("case", "list", "--kind", "trespass") == []
    assert built.differences() == []


def test_a_decided_value_is_no_open_case_while_the_systems_come_to_agree(
    mdhub, built, acme, trespass
):
    assert decide(mdhub, trespass, "--override", "600", "--mode", "forever") == 0
    built.settle()
    assert built.golden(acme)["attrs"]["credit_limit"] == "600"
    assert trespass not in [case["id"] for case in mdhub.json("case", "list")]
    (pending,) = [
        c for c in mdhub.json("case", "list", "--state", "pending") if c["id"] == trespass
    ]
    assert pending["resolution"] == "value given, by ann: called them"


def test_a_choice_ends_when_a_source_says_something_new(mdhub, built, acme, trespass):
    assert decide(mdhub, trespass, "--choose", "shop") == 0
    built.settle()
    built.put("erp", "customer", id=1, **ACME, credit_limit=800, limit_currency="EUR")
    built.settle()
    assert built.golden(acme)["attrs"]["credit_limit"] == "800"


def test_a_deferred_case_waits_and_opens_by_itself(mdhub, built, doubtful):
    assert mdhub.run("case", "defer", doubtful, "--for", "2d") == 0
    assert mdhub.json("case", "list") == []
    assert [c["id"] for c in mdhub.json("case", "list", "--state", "pending")] == [doubtful]
    assert mdhub.run("case", "defer", doubtful, "--until", "2020-01-01") == 0
    assert [c["id"] for c in mdhub.json("case", "list")] == [doubtful]


def test_a_case_has_an_assignee_until_it_has_none(mdhub, doubtful):
    assert mdhub.run("case", "assign", doubtful, "bob") == 0
    assert [c["id"] for c in mdhub.json("case", "list", "--assignee", "bob")] == [doubtful]
    assert mdhub.run("case", "assign", doubtful) == 0
    assert mdhub.json("case", "list", "--assignee", "bob") == []


def test_a_case_that_is_not_there_is_refused(mdhub):
    for words in (("show", 1), ("assign", 1, "bob"), ("defer", 1, "--for", "1d")):
        assert mdhub.run("case", *words) == 4


def test_one_of_several_candidates_is_named(mdhub, built):
    built.put("erp", "customer", id=1, name=ACME["name"], vat_number=ACME["vat_number"])
    built.put("shop", "account", id=2, company=ACME["name"], email=ACME["email"])
    built.settle()
    homes = [built.home("erp", 1), built.home("shop", 2)]
    with built.work() as work:
        sql = "UPDATE hub.golden SET published = true WHERE id = ANY(%s)"
        work.connection.execute(sql, (homes,))
        work.commit()
    built.go_live()
    both = {"company": ACME["name"], "email": ACME["email"], "vat": ACME["vat_number"]}
    built.put("shop", "account", id=3, **both)
    built.settle()
    (case,) = mdhub.json("case", "list", "--kind", "ambiguous_match")
    assert len(mdhub.json("case", "show", case["id"])["goldens"]) == 3
    assert decide(mdhub, case["id"], "--same", "--with", uuid7()) == 4
    assert decide(mdhub, case["id"], "--same", "--with", homes[0]) == 0
    rematch(built)
    assert built.home("shop", 3) == built.home("erp", 1) == homes[0]
    assert built.home("shop", 2) == homes[1]
    assert built.differences() == []


@pytest.fixture
def contradicted(mdhub, built):
    """A record that somebody put into a golden record that it has nothing in common with."""
    built.put("shop", "account", id=1, company=ACME["name"], vat=ACME["vat_number"])
    built.put("erp", "customer", id=2, name="Zenith Maritime AG", vat_number="DE811569869")
    built.put("shop", "account", id=3, company="Zenith Maritime AG", vat="DE811569869")
    built.settle()
    assert built.home("erp", 2) == built.home("shop", 3)
    link = LinkWrite(
        entity="customer",
        record_id=built.record_id("erp", 2),
        golden_id=built.home("shop", 1),
        state="MATCH",
        origin="MANUAL",
        probability=None,
        reasons={},
    )
    with built.work() as work:
        work.goldens.lock_identity("customer")
        work.goldens.link([link], "v", uuid7())
        work.decisions.touch([built.home("shop", 1)])
        ids = [built.record_id("erp", 2), built.record_id("shop", 1)]
        work.marks.mark_records(ids, cause="steward", priority=0)
        work.commit()
    built.settle()
    zenith = {"name": "Zenith Maritime AG", "vat_number": "DE811569869"}
    built.put("erp", "customer", id=2, **zenith, email="info@zenith.de")
    built.settle()
    (case,) = mdhub.json("case", "list", "--kind", "manual_link_contradicted")
    return case["id"]


def test_a_contradicted_link_that_is_confirmed_is_no_case_again(mdhub, built, contradicted):
    assert decide(mdhub, contradicted, "--same") == 0
    rematch(built)
    assert built.home("erp", 2) == built.home("shop", 1)
    assert mdhub.json("case", "list") == []


def test_a_contradicted_link_that_was_wrong_is_let_go(mdhub, built, contradicted):
    assert decide(mdhub, contradicted, "--different") == 0
    rematch(built)
    assert built.home("erp", 2) == built.home("shop", 3)
    assert mdhub.json("case", "list") == []
    assert built.differences() == []
