"""Mappings are listed, checked against real rows, and proved."""

from __future__ import annotations

import pytest

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
