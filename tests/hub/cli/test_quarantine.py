"""What was set aside comes back the same way as everything else, whole and once."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from golden_records.domain.feed import Chunk, FeedRecord
from hub.bootstrap.opening import FeedDecoder
from hub.services.apply import Apply

pytestmark = pytest.mark.postgres

TOPIC = "test.erp.customer"


def envelope(name, lsn=10):
    row = {"id": 1, "name": name, "vat_number": None, "email": None, "region": None}
    row |= {"credit_limit": None, "limit_currency": None}
    source = {"connector": "postgresql", "schema": "public", "table": "customer", "lsn": lsn}
    source |= {"txId": 1, "ts_ms": 1_767_225_600_000, "snapshot": "false"}
    return json.dumps({"op": "c", "before": None, "after": row, "source": source}).encode()


def record(value, offset=7):
    return FeedRecord(b'{"id": 1}', value, [("trace", b"\x00\xff")], 1_767_225_600_000, offset)


def chunk(value, offset=7):
    return Chunk(TOPIC, 0, [record(value, offset)])


@pytest.fixture
def set_aside(built):
    """Set a good record aside, as a worker does that lacks the table's contract."""
    Apply(built.work, FeedDecoder({}, {})).apply([chunk(envelope("Acme"))])
    (row,) = built.query("SELECT id FROM hub.quarantine")
    return row["id"]


def state(built, row_id):
    return built.query("SELECT * FROM hub.quarantine WHERE id = %(id)s", id=row_id)[0]


def totals(built):
    names = ("received", "applied", "duplicate", "stale", "quarantined", "ignored")
    sums = ", ".join(f"sum({name})::int AS {name}" for name in names)
    return built.query(f"SELECT {sums} FROM hub.feed_count")[0]


def balanced(built):
    found = totals(built)
    return found["received"] == sum(n for name, n in found.items() if name != "received")


def test_a_row_is_listed_and_shown_with_its_bytes(mdhub, set_aside):
    (row,) = mdhub.json("quarantine", "list")
    assert (row["id"], row["what"], row["state"]) == (set_aside, f"{TOPIC}[0]@7", "OPEN")
    shown = mdhub.json("quarantine", "show", set_aside)
    assert shown["value"] == envelope("Acme").decode()
    assert mdhub.run("quarantine", "show", set_aside) == 0
    assert "UnknownTable" in mdhub.out


def test_a_replayed_record_is_applied_and_its_row_closed(mdhub, built, set_aside):
    assert mdhub.run("quarantine", "replay", set_aside) == 0
    assert state(built, set_aside)["state"] == "REPLAYED"
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["name"] == "Acme"
    assert (totals(built)["applied"], balanced(built)) == (1, True)
    assert mdhub.json("quarantine", "list") == []


def test_a_row_is_replayed_once(mdhub, set_aside):
    mdhub.run("quarantine", "replay", set_aside)
    assert mdhub.run("quarantine", "replay", set_aside) == 4
    assert "REPLAYED already" in mdhub.err


def test_a_replay_that_died_before_it_closed_its_row_applies_nothing_twice(mdhub, built, set_aside):
    Apply(built.work, built.hub.decoder()).apply([chunk(envelope("Acme"))])
    assert mdhub.run("quarantine", "replay", set_aside) == 0
    assert state(built, set_aside)["state"] == "REPLAYED"
    found = totals(built)
    assert (found["applied"], found["duplicate"], balanced(built)) == (1, 1, True)


def test_an_older_record_that_is_replayed_does_not_overwrite_a_newer_one(mdhub, built, set_aside):
    Apply(built.work, built.hub.decoder()).apply([chunk(envelope("Newer", lsn=99), offset=8)])
    assert mdhub.run("quarantine", "replay", "--all") == 0
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["name"] == "Newer"


def test_a_record_that_fails_again_stays_open_with_its_new_error(mdhub, built):
    Apply(built.work, FeedDecoder({}, {})).apply([chunk(b'{"op": "?"}')])
    (before,) = mdhub.json("quarantine", "list")
    (replayed,) = mdhub.json("quarantine", "replay", before["id"])
    assert replayed["state"] == "OPEN"
    after = state(built, before["id"])
    assert after["state"] == "OPEN"
    assert (after["error"], after["message"]) == (replayed["error"], replayed["message"])
    assert len(mdhub.json("quarantine", "list")) == 1
    assert balanced(built)


def test_a_refused_root_goes_back_to_the_resolver(mdhub, built):
    built.put("erp", "customer", id=1, name="Acme", credit_limit=Decimal("NaN"))
    built.settle()
    (row,) = mdhub.json("quarantine", "list", "--kind", "root")
    assert row["what"] == "erp:customer root 1"
    assert mdhub.run("quarantine", "replay", row["id"]) == 0
    (mark,) = built.query("SELECT cause, priority FROM hub.dirty_root")
    assert (mark["cause"], mark["priority"]) == ("replay", 1)
    assert state(built, row["id"])["state"] == "REPLAYED"
    built.settle()
    assert len(mdhub.json("quarantine", "list")) == 1, "it is refused again, as a new row"


def test_a_skipped_row_is_closed_with_who_and_why(mdhub, built, set_aside):
    assert (
        mdhub.run("quarantine", "skip", set_aside, "--reason", "test data", "--actor", "ann") == 0
    )
    row = state(built, set_aside)
    assert row["state"] == "SKIPPED"
    assert "skipped by ann: test data" in row["message"]
    assert row["value"] == envelope("Acme")
    assert [r["id"] for r in mdhub.json("quarantine", "list", "--closed")] == [set_aside]


def test_a_row_that_is_not_there_is_refused(mdhub):
    assert mdhub.run("quarantine", "show", 99) == 4
