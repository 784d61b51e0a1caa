"""One screen that says how the hub is doing, also while Kafka is away."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.postgres


def by(rows, name):
    return {row[name]: row for row in rows}


def test_an_empty_hub_says_so(mdhub):
    assert mdhub.run("status") == 0
    assert "roots to resolve: none" in mdhub.out
    assert "no publication" in mdhub.out
    assert "quarantine: empty" in mdhub.out


def test_the_lag_is_unknown_while_kafka_is_away_and_everything_else_is_shown(mdhub, acme):
    assert mdhub.run("status") == 0
    assert "lag unknown" in mdhub.out
    assert "golden records" in mdhub.out


def test_golden_records_are_counted_by_entity(mdhub, acme):
    counts = by(mdhub.json("status")["goldens"], "entity")["customer"]
    assert (counts["records"], counts["active"], counts["merged"]) == (2, 1, 0)


def test_waiting_roots_are_counted_by_cause(mdhub, built):
    built.put("erp", "customer", id=1, name="Acme")
    (mark,) = mdhub.json("status")["marks"]
    assert (mark["cause"], mark["roots"]) == ("feed", 1)
    assert mark["oldest"] >= 0


def test_a_pending_publication_is_held_against_the_promise_of_its_lane(mdhub, built, acme):
    built.go_live()
    built.put("erp", "customer", id=1, name="Acme Industries GmbH", vat_number="DE136695976")
    built.settle()
    lanes = by(mdhub.json("status")["publications"], "lane")
    lane = lanes["master-to-shop"]
    assert lane["states"] == {"PENDING": 1}
    assert lane["promised"] == 3600
    assert lane["freshness"] == pytest.approx(lane["oldest"] / 3600)


def test_systems_show_whether_they_are_written_to(mdhub, built, acme):
    with built.work() as work:
        work.registry.switch("shop", live=True)
        work.commit()
    systems = by(mdhub.json("status")["systems"], "system")
    assert (systems["erp"]["writes"], systems["shop"]["writes"]) == ("dry run", "live")
    assert systems["shop"]["phases"] == {"customer": "SHADOW", "price": "SHADOW"}
