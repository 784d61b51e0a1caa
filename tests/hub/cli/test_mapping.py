"""Mappings are listed, checked against real rows, and proved."""

from __future__ import annotations

import json

import pytest

from golden_records.domain.feed import Chunk, FeedRecord
from hub.bootstrap.working import applier

pytestmark = pytest.mark.postgres


def test_mappings_are_listed_with_what_they_read_and_hold(mdhub, acme):
    rows = mdhub.json("mapping", "list")
    (erp,) = [r for r in rows if (r["system"], r["entity"]) == ("erp", "customer")]
    assert erp["reads"] == ["address", "customer"]
    assert (erp["records"], erp["golden"], erp["phase"]) == (1, 1, "SHADOW")
    assert mdhub.run("mapping", "list") == 0


def test_whole_mappings_pass_the_check(mdhub, acme):
    assert mdhub.run("mapping", "check") == 0
    assert "0 error(s)" in mdhub.err


def test_a_proof_misses_no_root_and_leaves_everything_as_it_was(mdhub, built, acme):
    report = mdhub.json("mapping", "prove", "--trials", 5, "--seed", 3)
    assert (report["passed"], report["report"]["trials"]) == (True, 20)
    assert built.query("SELECT * FROM hub.dirty_root") == []
    assert built.differences() == []


def test_the_same_seed_makes_the_same_trials(mdhub, acme):
    words = ("mapping", "prove", "--trials", 5, "--seed", 7)
    assert mdhub.json(*words) == mdhub.json(*words)


def test_sources_that_cannot_be_read_are_named_and_no_error(mdhub, acme):
    assert mdhub.run("mapping", "drift") == 0
    assert "the tables of erp cannot be looked at" in mdhub.err


def test_a_case_of_schema_drift_says_what_to_do(mdhub, built):
    row = {"id": 1, "name": "Acme"}
    source = {"connector": "postgresql", "schema": "public", "table": "customer", "lsn": 1}
    source |= {"txId": 1, "ts_ms": 1_767_225_600_000, "snapshot": "false"}
    value = json.dumps({"op": "c", "before": None, "after": row, "source": source}).encode()
    record = FeedRecord(b'{"id": 1}', value, [], 0, 1)
    applier(built.hub).apply([Chunk("test.erp.customer", 0, [record])])
    rows = mdhub.json("case", "list", "--kind", "schema_drift")
    assert len(rows) == 5
    assert mdhub.run("case", "show", rows[0]["id"]) == 0
    assert "what to do: the hub keeps the last values" in mdhub.out
