"""What is to be written can be seen before it is, and what was refused is decided again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from golden_records.ports import Attempt, LeaseTerms

pytestmark = pytest.mark.postgres

FAR = timedelta(days=1)


@pytest.fixture
def due(built, acme):
    """Let the ERP's name and limit be due at the shop; return the id of the limit's row."""
    built.go_live()
    with built.work() as work:
        for pair in (("erp", "customer"), ("shop", "customer")):
            work.mirror.mark_all(*pair, cause="phase", priority=5)
        work.commit()
    built.settle()
    rows = built.query("SELECT id FROM hub.publication WHERE attribute_group = 'limit'")
    return rows[0]["id"]


def lease(built):
    """Do what the publisher does; return the limit's lease, if it may be had."""
    with built.work() as work:
        now = built.hub.clock.now()
        leases = work.leases.lease(
            "shop", now + FAR, LeaseTerms(span=timedelta(seconds=30), limit=100)
        )
        work.commit()
    return next((one for one in leases if one.group == "limit"), None)


def refuse(built):
    attempt = Attempt(
        lease=lease(built),
        state="REJECTED",
        outcome="permanent",
        ledger_state="REJECTED",
        sent=False,
        closed=True,
        tried_at=built.hub.clock.now(),
        message="limit over 400 needs an approval",
    )
    with built.work() as work:
        work.leases.finish([attempt], built.hub.clock.now())
        work.commit()


def publication(built, row_id):
    return built.query("SELECT * FROM hub.publication WHERE id = %(id)s", id=row_id)[0]


def test_what_would_be_written_is_shown_against_what_the_target_holds(mdhub, due):
    row = mdhub.json("publish", "show", due)
    change = {"attribute": "credit_limit", "seen": "300", "desired": "500"}
    assert row["changes"] == [change]
    assert row["live"] is False
    assert mdhub.run("publish", "show", due) == 0
    assert "shop is in dry run" in mdhub.out
    assert mdhub.run("publish", "list", "--target", "shop") == 0
    assert "credit_limit: 300 → 500" in mdhub.out


def test_a_refused_write_is_listed_with_its_error_and_payload(mdhub, built, due):
    refuse(built)
    (row,) = mdhub.json("publish", "list", "--state", "REJECTED")
    assert (row["id"], row["last_error"]) == (due, "limit over 400 needs an approval")
    (attempt,) = mdhub.json("publish", "show", due)["history"]
    assert attempt["attrs"] == {"credit_limit": "500"}
    assert attempt["outcome"] == "permanent"


def test_a_retry_never_sends_what_was_stored_but_what_is_golden_now(mdhub, built, due):
    refuse(built)
    built.put(
        "erp", "customer", id=1, name="Acme", vat_number="DE136695976", credit_limit=350,
        limit_currency="EUR",
    )  # fmt: skip
    assert mdhub.run("publish", "retry", due) == 0
    assert lease(built) is None, "nothing goes out before the golden record was looked at"
    (mark,) = built.query("SELECT count(*) AS n FROM hub.dirty_root WHERE cause = 'retry'")
    assert mark["n"] == 2
    built.settle()
    row = publication(built, due)
    assert (row["state"], row["desired"]["credit_limit"]) == ("PENDING", "350")
    assert (row["attempts"], row["last_error"]) == (0, None)


def test_a_retry_of_what_is_still_wanted_makes_it_due_again(mdhub, built, due):
    refuse(built)
    assert mdhub.run("publish", "retry", "--rejected") == 0
    built.settle()
    assert publication(built, due)["state"] == "PENDING"
    assert lease(built).desired["credit_limit"] == "500"


def test_what_is_being_written_is_left_alone(mdhub, built, due):
    with built.work() as work:
        work.connection.execute("UPDATE hub.publication SET state = 'SENT'")
        work.commit()
    assert mdhub.run("publish", "retry", due) == 1
    assert publication(built, due)["state"] == "SENT"


def test_a_publication_that_is_not_there_is_refused(mdhub):
    assert mdhub.run("publish", "show", 1) == 4
