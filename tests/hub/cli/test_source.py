"""How the feeds fare, where hardly anything can be asked; `tests/faults` asks real ones."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.postgres


def test_what_cannot_be_asked_of_one_source_is_said_and_hides_no_other(mdhub):
    assert mdhub.run("source", "list") == 1
    assert "erp: Kafka Connect at" in mdhub.out
    assert "erp: the secret ERP_URL is not set" in mdhub.out
    assert "shop: the secret SHOP_URL is not set" in mdhub.out


def test_a_source_of_which_nothing_is_known_is_not_healthy(mdhub):
    states = {state["system"]: state for state in mdhub.json("source", "list")}
    assert set(states) == {"erp", "shop"}
    assert not any(state["healthy"] or state["state"] or state["log"] for state in states.values())
