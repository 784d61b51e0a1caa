"""A golden record shows the proof of its values, its past, and what a person made of it."""

from __future__ import annotations

import pytest
from uuid_utils.compat import uuid7

from tests.hub.cli.conftest import ACME, ACME_AT_SHOP

pytestmark = pytest.mark.postgres


def value(shown, name):
    return next(a for a in shown["attributes"] if a["attribute"] == name)


def rename(built, name, **more):
    built.put("erp", "customer", id=1, **{**ACME, "name": name}, **more)
    built.settle()


LIMIT = {"credit_limit": 500, "limit_currency": "EUR"}


def test_a_record_is_found_by_its_id_and_by_a_system_s_key(mdhub, acme):
    by_id = mdhub.json("golden", "show", acme)
    assert by_id == mdhub.json("golden", "show", "shop:customer:9")
    assert (by_id["id"], by_id["requested"], by_id["redirects"]) == (str(acme), str(acme), [])


def test_every_value_has_its_proof(mdhub, acme):
    limit = value(mdhub.json("golden", "show", acme), "credit_limit")
    assert (limit["value"], limit["system"], limit["key"], limit["rule"]) == (
        "500", "erp", "1", "owner",
    )  # fmt: skip
    (loser,) = limit["losers"]
    assert (loser["system"], loser["value"], loser["at"]) == ("shop", "300", "owner")
    assert mdhub.run("golden", "explain", acme, "--attribute", "credit_limit") == 0
    assert "erp:1: the owner's value stands" in mdhub.out
    assert "not 300 of shop:9, which lost at owner" in mdhub.out


def test_the_members_stand_side_by_side(mdhub, acme):
    assert mdhub.run("golden", "members", acme) == 0
    assert "erp:1" in mdhub.out
    assert "shop:9" in mdhub.out
    members = mdhub.json("golden", "members", acme)
    assert [(m["system"], m["key"]) for m in members] == [("erp", "1"), ("shop", "9")]


def test_history_shows_what_each_version_changed(mdhub, built, acme):
    rename(built, "Acme Ltd", **LIMIT)
    found = mdhub.json("golden", "history", acme)
    last = found["versions"][-1]
    (change,) = [c for c in last["changes"] if c["attribute"] == "name"]
    assert (change["before"], change["after"]) == (ACME["name"], "Acme Ltd")
    assert mdhub.run("golden", "history", acme) == 0
    assert "Acme Ltd  (erp, owner)" in mdhub.out


def test_a_record_can_be_seen_as_it_was(mdhub, built, acme):
    (then,) = built.query("SELECT clock_timestamp() AS at")
    rename(built, "Acme Ltd", **LIMIT)
    was = mdhub.json("golden", "show", acme, "--as-of", then["at"].isoformat())
    assert value(was, "name")["value"] == ACME["name"]
    assert [m["key"] for m in was["members"]] == ["1", "9"]
    assert value(mdhub.json("golden", "show", acme), "name")["value"] == "Acme Ltd"


def test_the_cases_of_then_are_shown_in_the_state_of_then(mdhub, built, acme):
    for limit in (500, 900):
        built.put("shop", "account", id=9, **ACME_AT_SHOP, credit_limit=limit, currency="EUR")
        built.settle()
    (case,) = mdhub.json("golden", "show", acme)["cases"]
    (then,) = built.query("SELECT clock_timestamp() AS at")
    assert mdhub.run("case", "assign", case["id"], "bob", "--actor", "ann") == 0
    (later,) = built.query("SELECT clock_timestamp() AS at")
    built.put("shop", "account", id=9, **ACME_AT_SHOP, credit_limit=500, currency="EUR")
    built.settle()
    assert mdhub.json("golden", "show", acme)["cases"] == []
    seen = [
        [(c["id"], c["state"], c["assignee"]) for c in found["cases"]]
        for found in (
            mdhub.json("golden", "show", acme, "--as-of", moment["at"].isoformat())
            for moment in (then, later)
        )
    ]
    assert seen == [[(case["id"], "open", None)], [(case["id"], "assigned", "bob")]]


def test_nothing_is_shown_of_before_it_was_there(mdhub, acme):
    assert mdhub.run("golden", "show", acme, "--as-of", "2020-01-01") == 4
    assert "2020-01-01" in mdhub.err


def test_what_is_not_there_is_refused(mdhub, acme):
    for name in (uuid7(), "erp:customer:77", "nonsense"):
        assert mdhub.run("golden", "show", name) == 4


def test_what_a_target_lacks_is_shown_with_the_record(mdhub, built, acme):
    built.go_live()
    rename(built, "Acme Ltd", **LIMIT)
    targets = mdhub.json("golden", "show", acme)["targets"]
    assert {(t["target"], t["group"], t["state"]) for t in targets} == {
        ("shop", "limit", "PENDING"),
        ("shop", "master", "PENDING"),
    }


def override(mdhub, record, *words):
    return mdhub.run(
        "golden", "override", record, *words, "--actor", "ann", "--reason", "called them"
    )


def test_an_override_stands_until_a_person_ends_it(mdhub, built, acme):
    assert override(mdhub, acme, "credit_limit", "0750.0") == 0
    built.settle()
    shown = mdhub.json("golden", "show", acme)
    assert value(shown, "credit_limit")["value"] == "750"
    assert value(shown, "credit_limit")["rule"] == "override:FOREVER"
    assert [(o["actor"], o["reason"]) for o in shown["overrides"]] == [("ann", "called them")]
    rename(built, "Acme", credit_limit=900, limit_currency="EUR")
    assert value(mdhub.json("golden", "show", acme), "credit_limit")["value"] == "750"
    assert mdhub.run("golden", "release", acme, "credit_limit", "--reason", "over") == 0
    built.settle()
    assert value(mdhub.json("golden", "show", acme), "credit_limit")["value"] == "900"
    assert built.differences() == []


def test_an_override_until_the_owner_changes_outlives_other_changes(mdhub, built, acme):
    words = ("credit_limit", "750", "--mode", "until_owner_changes")
    assert override(mdhub, acme, *words) == 0
    built.settle()
    (row,) = built.query("SELECT base FROM hub.override")
    assert row["base"] == "500", "the owner's word, not the golden value"
    built.put("shop", "account", id=9, company="Acme", vat="DE136695976", credit_limit=310)
    rename(built, "Acme", **LIMIT)
    assert value(mdhub.json("golden", "show", acme), "credit_limit")["value"] == "750"
    rename(built, "Acme", credit_limit=501, limit_currency="EUR")
    assert value(mdhub.json("golden", "show", acme), "credit_limit")["value"] == "501"


def test_a_second_override_replaces_the_first_and_both_are_kept(mdhub, built, acme):
    override(mdhub, acme, "name", "One")
    override(mdhub, acme, "name", "Two")
    rows = built.query("SELECT value, closed_because FROM hub.override ORDER BY id")
    assert [(r["value"], r["closed_because"]) for r in rows] == [("One", "replaced"), ("Two", None)]


def test_the_overrides_of_then_are_shown_whatever_became_of_them(mdhub, built, acme):
    moments = [built.query("SELECT clock_timestamp() AS at")[0]["at"]]
    for act in ("One", "Two", None):
        if act is None:
            assert mdhub.run("golden", "release", acme, "name", "--reason", "over") == 0
        else:
            assert override(mdhub, acme, "name", act) == 0
        built.settle()
        moments += [row["at"] for row in built.query("SELECT clock_timestamp() AS at")]
    seen = [mdhub.json("golden", "show", acme, "--as-of", at.isoformat()) for at in moments]
    values = [[(o["value"], o["reason"]) for o in found["overrides"]] for found in seen]
    assert values == [[], [("One", "called them")], [("Two", "called them")], []]
    assert [value(found, "name")["value"] for found in seen[1:3]] == ["One", "Two"]
    assert mdhub.run("golden", "show", acme, "--as-of", moments[1].isoformat()) == 0
    assert "override of name: One, forever, by ann: called them" in mdhub.out


@pytest.mark.parametrize(
    "words",
    [("colour", "red"), ("credit_limit", "much"), ("name", "A", "--mode", "until_date")],
)
def test_an_override_that_cannot_be_is_refused(mdhub, built, acme, words):
    assert override(mdhub, acme, *words) == 4
    assert built.query("SELECT * FROM hub.override") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("credit_limit", "much"), ("customer.credit_limit", "a decimal number", "give a value")),
        (("credit_limit", "-5"), ("a credit limit is not negative", "limit-is-not-negative")),
    ],
)
def test_an_override_that_no_source_would_be_believed_is_refused_with_the_reason(
    mdhub, built, acme, words, said
):
    said_so = ("--actor", "ann", "--reason", "called them", "--")
    assert mdhub.run("golden", "override", *said_so, acme, *words) == 4
    for part in said:
        assert part in mdhub.err
    assert built.query("SELECT * FROM hub.override") == []


def test_an_override_with_a_value_that_is_only_suspect_stands(mdhub, built, acme):
    assert override(mdhub, acme, "country", "Germany") == 0
    built.settle()
    assert value(mdhub.json("golden", "show", acme), "country")["value"] == "Germany"
