"""Several writes to a target share a transaction; one that fails leaves nothing of them behind."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import psycopg
import pytest

from connectors.targets.sql import SqlTarget
from golden_records.ports import Lease, WriteOutcome
from tests.hub.services.hub_builder import minimal_catalogue

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOURCE = """
CREATE TABLE customer (id integer PRIMARY KEY, email text CHECK (email <> 'bad'),
  write_date timestamptz, UNIQUE (email) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO customer (id) VALUES (1), (2), (3);
"""


@pytest.fixture
def erp(empty_database):
    with psycopg.connect(empty_database, autocommit=True) as session:
        session.execute(SOURCE)
        yield session


@pytest.fixture
def target(erp, empty_database):
    catalogue = minimal_catalogue()
    made = SqlTarget(catalogue.systems["erp"], catalogue, empty_database)
    yield made
    made.close()


def lease(key, email, *, seen=None):
    return Lease(
        id=key, ledger_id=key, target="erp", entity="customer", golden_id=uuid.UUID(int=key),
        target_key=str(key), group="contact", lane="contact-to-erp", lane_class="default",
        golden_version=1, desired={"email": email}, seen=seen, parameters={}, fence=1,
        tagged=False, attempts=1, cause_at=None, last_values=(),
    )  # fmt: skip


def emails(erp):
    return dict(erp.execute("SELECT id, email FROM customer WHERE email IS NOT NULL").fetchall())


def test_writes_share_one_transaction_and_each_has_its_result(erp, target):
    erp.execute("UPDATE customer SET email = 'two@b.example' WHERE id = 2")
    leases = [lease(1, "one@b.example"), lease(2, "two@b.example"), lease(3, "three@b.example")]
    results = target.write_together([*leases, lease(9, "nobody@b.example")], NOW)
    assert [result.outcome for result in results] == [
        WriteOutcome.WRITTEN, WriteOutcome.ALREADY, WriteOutcome.WRITTEN, WriteOutcome.CONFLICT,
    ]  # fmt: skip
    assert results[0].observed == {"email": "one@b.example"}
    assert emails(erp) == {1: "one@b.example", 2: "two@b.example", 3: "three@b.example"}
    rows = erp.execute("SELECT count(DISTINCT xmin::text) FROM customer WHERE id <> 2").fetchone()
    assert rows == (1,)


def test_what_the_target_now_holds_otherwise_is_left_alone_and_the_rest_is_written(erp, target):
    erp.execute("UPDATE customer SET email = 'theirs@b.example' WHERE id = 1")
    seen = {"email": "before@b.example"}
    results = target.write_together(
        [lease(1, "ours@b.example", seen=seen), lease(2, "x@b.example")], NOW
    )
    assert [r.outcome for r in results] == [WriteOutcome.CONFLICT, WriteOutcome.WRITTEN]
    assert emails(erp) == {1: "theirs@b.example", 2: "x@b.example"}


@pytest.mark.parametrize("refused", ["bad", "one@b.example"], ids=["at once", "at the commit"])
def test_one_that_the_target_refuses_leaves_nothing_written(erp, target, refused):
    leases = [lease(1, "one@b.example"), lease(2, refused), lease(3, "three@b.example")]
    assert target.write_together(leases, NOW) is None
    assert emails(erp) == {}
    alone = [target.write(one, NOW).outcome for one in leases]
    assert alone == [WriteOutcome.WRITTEN, WriteOutcome.PERMANENT, WriteOutcome.WRITTEN]
