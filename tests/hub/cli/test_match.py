"""Models are learnt, kept and brought into force on a hub with records and decisions."""

from __future__ import annotations

import json

import pytest

from hub.bootstrap.following import newest
from hub.bootstrap.policies import sweeping
from hub.bootstrap.renewing import FrequenciesThread
from matchers import key_code
from tests.hub.cli.conftest import Terminal, company, decide_pairs

pytestmark = pytest.mark.postgres


def keys(built):
    rows = built.query("SELECT record_id, key FROM hub.match_key ORDER BY 1, 2")
    return [(row["record_id"], row["key"]) for row in rows]


def active(built):
    (row,) = built.query("SELECT * FROM hub.match_model WHERE active")
    return row


def test_training_says_what_it_learnt_from_and_is_repeatable(mdhub, companies):
    (first,) = mdhub.json("match", "train")
    assert first["records"] == first["learnt from"] == 100
    assert (first["same"], first["different"], first["not used"]) == (0, 0, 0)
    assert active(companies)["version"] == first["model"]
    assert mdhub.json("match", "train") == [first]
    assert len(companies.query("SELECT * FROM hub.match_model")) == 1


def test_decisions_feed_the_model_and_are_counted(mdhub, companies):
    (plain,) = mdhub.json("match", "train")
    decide_pairs(companies, "SAME", (("erp", 3), ("shop", 4)), (("erp", 6), ("shop", 5)))
    decide_pairs(companies, "DIFFERENT", (("erp", 1), ("shop", 1)), (("erp", 1), ("erp", 2)))
    (taught,) = mdhub.json("match", "train")
    assert (taught["same"], taught["different"]) == (2, 1)
    assert taught["not used"] == 1, "two records of the ERP, which holds each customer once"
    assert taught["model"] != plain["model"]
    kept = {row["version"] for row in companies.query("SELECT version FROM hub.match_model")}
    assert kept == {plain["model"], taught["model"]}


def test_a_decision_that_was_taken_back_teaches_nothing(mdhub, companies):
    (plain,) = mdhub.json("match", "train")
    decide_pairs(companies, "SAME", (("erp", 3), ("shop", 4)))
    with companies.transaction() as work:
        work.connection.execute("UPDATE hub.pair_decision SET closed_at = now()")
        work.commit()
    assert mdhub.json("match", "train") == [plain]


def test_keys_of_stored_records_follow_a_model_that_comes_into_force(mdhub, companies):
    before = keys(companies)
    with companies.transaction() as work:
        work.connection.execute("UPDATE hub.match_key SET key = key # 8")
        work.commit()
    mdhub.json("match", "train")
    assert {key for _, key in keys(companies)}.isdisjoint({key ^ 8 for _, key in before})
    again = keys(companies)
    ids = [row["id"] for row in companies.query("SELECT id FROM hub.source_record")]
    with companies.work() as work:
        work.marks.mark_records(ids, cause="rematch", priority=1)
        work.commit()
    companies.settle()
    assert keys(companies) == again
    assert companies.query("SELECT * FROM hub.policy_sweep WHERE finished_at IS NULL") == []


def test_a_sweep_of_keys_goes_on_where_it_stopped(mdhub, companies, monkeypatch):
    monkeypatch.setattr("hub.services.sweeping.MOST_KEYED", 7)
    mdhub.json("match", "train")
    right = set(keys(companies))
    with companies.transaction() as work:
        work.connection.execute("UPDATE hub.match_key SET key = key # 8")
        work.connection.execute(
            "UPDATE hub.policy_sweep SET finished_at = NULL, last_record = 0 WHERE kind = 'keys'"
        )
        work.commit()
    service = sweeping(companies.hub)
    assert service.step()
    assert 0 < len(right - set(keys(companies))) < len(right)
    service.finish(lambda _: None)
    assert set(keys(companies)) == right


def test_a_model_that_the_policy_holds_is_replaced_by_a_policy_alone(
    mdhub, companies, tmp_path, capsys
):
    mdhub.json("match", "train")
    folder = tmp_path / "policy"
    assert mdhub.run("policy", "export", folder, "--models") == 0
    version = mdhub.json("policy", "import", folder, "--actor", "ann")["version"]
    mdhub.json("simulate", version)
    assert mdhub.run("match", "report", "--policy", version, "--freeze") == 0
    assert mdhub.run("policy", "approve", version) == 0
    assert mdhub.run("policy", "activate", version) == 0
    pinned = active(companies)["version"]
    decide_pairs(companies, "SAME", (("erp", 3), ("shop", 4)))
    later = Terminal(newest(companies.hub), capsys)
    assert later.run("match", "train") == 4
    assert "mdhub policy import" in later.err
    assert active(companies)["version"] == pinned
    (found,) = later.json("match", "train", "--out", folder)
    assert json.loads((folder / "models" / "customer.json").read_text())["records"] == 100
    assert found["model"] != pinned
    (folder / ".mdhub-base").write_text(version)
    renewed = later.json("policy", "import", folder, "--actor", "ann")["version"]
    later.json("simulate", renewed)
    assert later.run("match", "report", "--policy", renewed, "--freeze") == 0
    assert later.run("policy", "approve", renewed) == 0
    assert later.run("policy", "activate", renewed) == 0
    assert active(companies)["version"] == found["model"]


def test_a_model_is_written_into_a_policy_instead(mdhub, companies, tmp_path):
    (known,) = mdhub.json("match", "train")
    decide_pairs(companies, "SAME", (("erp", 3), ("shop", 4)))
    (found,) = mdhub.json("match", "train", "--out", tmp_path)
    assert active(companies)["version"] == known["model"] != found["model"]
    body = json.loads((tmp_path / "models" / "customer.json").read_text())
    assert body["records"] == 100


def test_a_hub_without_records_has_nothing_to_learn_from(mdhub):
    assert mdhub.json("match", "train") == [{"entity": "customer", "model": None, "records": 0}]


def more(built, first, last, **said):
    changes = []
    for number in range(first, last):
        erp, _ = company(number)
        changes.append(built.change("erp", "customer", id=number, **{**erp, **said}))
    built.apply(*changes)
    built.settle()


def snapshot(mdhub):
    (found,) = mdhub.json("status")["matching"]
    return found


def test_status_says_what_the_frequencies_were_counted_on_and_when_that_is_outgrown(
    mdhub, companies, caplog
):
    (trained,) = mdhub.json("match", "train")
    assert snapshot(mdhub) == {
        "entity": "customer",
        "version": trained["model"],
        "counted": 100,
        "records": 100,
        "outgrown": False,
    }
    thread = FrequenciesThread(companies.hub)
    thread.look()
    assert caplog.messages == []
    more(companies, 61, 121)
    assert snapshot(mdhub)["outgrown"]
    assert mdhub.run("status") == 0
    assert "frequencies of 100 records, 160 now → outgrown, mdhub match renew" in mdhub.out
    thread.look()
    thread.look()
    (said,) = caplog.messages
    assert "counted on 100 records, and there are 160 now: run `mdhub match renew`" in said


def test_frequencies_are_renewed_when_due_and_the_version_is_kept(mdhub, companies):
    (trained,) = mdhub.json("match", "train")
    assert mdhub.run("match", "drift") == 0
    (same,) = mdhub.json("match", "renew")
    assert (same["due"], same["renewed"]) == (False, None)
    more(companies, 61, 121)
    assert mdhub.run("match", "drift") == 1
    (found,) = mdhub.json("match", "renew")
    assert (found["counted"], found["records"], found["due"]) == (100, 160, True)
    assert active(companies)["version"] == found["renewed"] != trained["model"]
    before, after = (
        row["body"]
        for row in companies.query("SELECT body FROM hub.match_model ORDER BY trained_at")
    )
    assert [c["m"] for c in before["comparisons"]] == [c["m"] for c in after["comparisons"]]
    assert after["records"] == 160
    assert mdhub.run("match", "drift") == 0
    listed = mdhub.json("match", "models")
    assert [(row["version"], row["records"], row["active"]) for row in listed] == [
        (trained["model"], 100, False),
        (found["renewed"], 160, True),
    ]
    (again,) = mdhub.json("match", "renew", "--always")
    assert again["renewed"] == found["renewed"]
    assert companies.differences() == []


def test_a_mail_address_that_many_share_now_is_named_and_then_is_no_evidence(mdhub, companies):
    mdhub.json("match", "train")
    more(companies, 61, 90, email="orders@reseller.com")
    (found,) = mdhub.json("match", "drift")
    assert [(c["field"], c["value"], c["then"], c["now"]) for c in found["crowded"]] == [
        ("email", "orders@reseller.com", 0, 29)
    ]
    assert "orders@reseller.com" in found["why"]
    marked = key_code("customer", "!email.e:orders@reseller.com")
    assert marked in {key for _, key in keys(companies)}
    mdhub.json("match", "renew")
    assert marked not in {key for _, key in keys(companies)}
    pair = mdhub.json("match", "explain", "erp:61", "erp:62")["pair"]
    (step,) = [step for step in pair["fields"] if step["field"] == "email"]
    assert (step["level"], step["weight"]) == ("missing", 0.0)


def test_a_hub_that_was_never_trained_says_so(mdhub, companies):
    assert mdhub.run("status") == 0
    assert "matching customer: the default model, frequencies of 0 records, 100 now" in mdhub.out
