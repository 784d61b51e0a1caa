"""`mdhub golden merge | unmerge | move | link | unlink | undo`, and `mdhub case undo`."""

from __future__ import annotations

import json

import click
import pytest

pytestmark = pytest.mark.postgres

SIGNED = ("--reason", "called them", "--actor", "ann")
ZENITH = {"company": "Zenith Maritime AG", "vat": "DE811569869", "email": "hq@zenith.de"}


@pytest.fixture
def zenith(built, acme):
    """A second customer, whom only the shop knows; return both golden ids."""
    built.put("shop", "account", id=5, **ZENITH)
    built.settle()
    return acme, built.home("shop", 5)


def test_a_dry_run_shows_what_would_happen_and_does_nothing(mdhub, built, zenith):
    winner, loser = zenith
    assert mdhub.run("golden", "merge", winner, loser, "--dry-run", *SIGNED) == 0
    assert f"ACTIVE → MERGED into {winner}" in mdhub.out
    assert "+shop:5" in mdhub.out
    assert "nothing was done; expect: " in mdhub.out
    assert built.home("shop", 5) == loser


def test_a_merge_is_done_on_what_the_dry_run_showed(mdhub, built, zenith):
    winner, loser = zenith
    seen = mdhub.json("golden", "merge", winner, loser, "--dry-run", *SIGNED)
    expect = ("--expect", seen["expect"])
    done = mdhub.json("golden", "merge", winner, loser, *expect, *SIGNED)
    assert (seen["done"], done["done"]) == (False, True)
    assert built.home("shop", 5) == winner
    assert mdhub.run("golden", "merge", winner, loser, *expect, *SIGNED) == 4


def test_a_stale_operation_is_refused_with_what_changed(mdhub, built, zenith):
    winner, loser = zenith
    seen = mdhub.json("golden", "merge", winner, loser, "--dry-run", *SIGNED)
    built.put("shop", "account", id=5, **{**ZENITH, "email": "new@zenith.de"})
    built.settle()
    words = ("golden", "merge", winner, loser, "--expect", seen["expect"], *SIGNED)
    assert mdhub.run(*words) == 4
    assert "source record shop:5 changed" in mdhub.err
    assert built.home("shop", 5) == loser


def test_an_unmerge_shows_the_restored_id_and_what_is_different_from_now_on(mdhub, built, zenith):
    winner, loser = zenith
    assert mdhub.run("golden", "merge", winner, loser, *SIGNED) == 0
    assert mdhub.run("golden", "unmerge", winner, "shop:5", *SIGNED) == 0
    assert f"{loser}  MERGED → ACTIVE" in mdhub.out
    assert "2 pairs of records are declared different" in mdhub.out
    assert built.home("shop", 5) == loser


def test_records_are_linked_unlinked_and_moved(mdhub, built, zenith):
    winner, loser = zenith
    assert mdhub.run("golden", "unlink", "shop:customer:9", *SIGNED) == 0
    alone = built.home("shop", 9)
    assert alone not in zenith
    assert mdhub.run("golden", "link", "shop:customer:9", loser, *SIGNED) == 0
    assert built.home("shop", 9) == loser
    words = ("golden", "move", loser, "shop:9", "--into", winner, *SIGNED)
    assert mdhub.run(*words) == 4
    assert "declared different" in mdhub.err
    assert mdhub.run(*words, "--retract-different") == 0
    assert built.home("shop", 9) == winner
    built.settle()
    assert built.differences() == []


def test_a_transaction_is_undone_and_an_older_one_only_after_it(mdhub, built, zenith):
    winner, loser = zenith
    first = mdhub.json("golden", "merge", winner, loser, *SIGNED)["txn"]
    later = mdhub.json("golden", "unmerge", winner, "shop:5", *SIGNED)["txn"]
    assert mdhub.run("golden", "undo", first, *SIGNED) == 4
    assert later in mdhub.err
    assert mdhub.run("golden", "undo", later, *SIGNED) == 0
    assert built.home("shop", 5) == winner
    assert mdhub.run("golden", "undo", first, *SIGNED) == 0
    assert built.home("shop", 5) == loser


def test_an_override_that_moved_is_shown_where_it_was_in_force_then(mdhub, built, zenith):
    winner, loser = zenith
    assert mdhub.run("golden", "override", loser, "city", "Bremen", *SIGNED) == 0
    built.settle()
    apart = moment(built)
    merged = mdhub.json("golden", "merge", winner, loser, *SIGNED)["txn"]
    together = moment(built)
    assert mdhub.run("golden", "undo", merged, *SIGNED) == 0
    again = moment(built)
    seen = [[overridden(mdhub, g, at) for g in zenith] for at in (apart, again)]
    assert seen == [[[], ["city"]]] * 2
    assert overridden(mdhub, winner, together) == ["city"]
    was = mdhub.json("golden", "show", loser, "--as-of", again)["overrides"]
    assert was == mdhub.json("golden", "show", loser)["overrides"]


def moment(built):
    return built.query("SELECT clock_timestamp() AS now")[0]["now"].isoformat()


def overridden(mdhub, golden, at):
    found = mdhub.json("golden", "show", golden, "--as-of", at)
    return [row["attribute"] for row in found["overrides"]]


def test_wrong_words_are_refused_before_anything_is_read(mdhub, zenith):
    winner, _ = zenith
    for words in (
        ("unmerge", winner, "shop:9", "--new", "--into", winner),
        ("unmerge", winner, "shop:9", "--override", "city=left"),
    ):
        with pytest.raises(click.UsageError):
            mdhub.run("golden", *words, *SIGNED)
    assert mdhub.run("golden", "unmerge", winner, "shop:77", *SIGNED) == 4
    assert "its members are erp:1, shop:9" in mdhub.err
    assert mdhub.run("golden", "unmerge", winner, "erp:1", "shop:9", *SIGNED) == 4
    assert "all its records" in mdhub.err


# --- taking decisions back ------------------------------------------------------------------------


def decide(mdhub, case, *words):
    expect = mdhub.json("case", "show", case)["expect"]
    return mdhub.run("case", "decide", case, *words, "--expect", expect, *SIGNED)


@pytest.fixture
def doubtful(mdhub, built):
    """Two records of which nobody knows whether they are one thing."""
    built.put("erp", "customer", id=1, name="Acme Industrial Supplies GmbH", email="a@acme.de")
    built.settle()
    built.put("shop", "account", id=2, email="a@acme.de")
    built.settle()
    (case,) = mdhub.json("case", "list")
    return case["id"]


@pytest.mark.parametrize("verdict", ["--same", "--different"])
def test_a_decided_case_of_identity_is_undone_and_opens_again(mdhub, built, doubtful, verdict):
    homes = built.home("erp", 1), built.home("shop", 2)
    assert decide(mdhub, doubtful, verdict) == 0
    built.settle()
    assert mdhub.json("case", "list") == []
    assert mdhub.run("case", "undo", doubtful, *SIGNED) == 0
    built.settle()
    assert (built.home("erp", 1), built.home("shop", 2)) == homes
    (again,) = mdhub.json("case", "list")
    assert (again["system"], again["key"]) == ("shop", "2")
    assert built.query("SELECT 1 FROM hub.pair_decision WHERE closed_at IS NULL") == []
    assert built.differences() == []
    assert mdhub.run("case", "undo", doubtful, *SIGNED) == 4


def test_a_given_value_is_taken_back_and_the_one_before_it_stands_again(mdhub, built, acme):
    at_shop = {"company": "Acme Industrial Supplies", "vat": "DE136695976", "currency": "EUR"}
    for amount in (500, 999):
        built.put("shop", "account", id=9, **at_shop, credit_limit=amount)
        built.settle()
    (case,) = mdhub.json("case", "list", "--kind", "trespass")
    assert case["attribute"] == "credit_limit"
    assert mdhub.run("golden", "override", acme, "credit_limit", "450", *SIGNED) == 0
    built.settle()
    assert decide(mdhub, case["id"], "--override", "600", "--mode", "forever") == 0
    built.settle()
    assert built.golden(acme)["attrs"]["credit_limit"] == "600"
    assert mdhub.run("case", "undo", case["id"], *SIGNED) == 0
    built.settle()
    assert built.golden(acme)["attrs"]["credit_limit"] == "450"
    open_cases = [c["id"] for c in mdhub.json("case", "list", "--kind", "trespass")]
    assert case["id"] in open_cases
    assert built.differences() == []


def test_every_decision_is_a_fact_that_what_it_brought_about_refers_to(mdhub, built, doubtful):
    assert decide(mdhub, doubtful, "--different") == 0
    (fact,) = built.query("SELECT * FROM hub.decision")
    assert (fact["kind"], fact["actor"], fact["case_id"]) == ("DIFFERENT", "ann", doubtful)
    (pair,) = built.query("SELECT decision_id FROM hub.pair_decision")
    (case,) = built.query("SELECT decision_id FROM hub.conflict WHERE id = %(id)s", id=doubtful)
    assert pair["decision_id"] == case["decision_id"] == fact["id"]


def test_json_is_whole(mdhub, zenith):
    winner, loser = zenith
    mdhub.run("golden", "merge", winner, loser, "--dry-run", "--json", *SIGNED)
    found = json.loads(mdhub.out)
    assert {"goldens", "cases", "dependants", "writes", "held", "redirects", "expect"} <= set(found)
