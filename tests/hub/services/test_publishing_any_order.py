"""However wants, failures and crashes follow one another, the target ends with what is wanted."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from uuid_utils.compat import uuid7

from golden_records.ports import PublicationWrite, WriteOutcome, WriteResult
from hub.services.publish import Publish

pytestmark = pytest.mark.postgres

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Crash(BaseException):
    """The worker is gone."""


class HandClock:
    """Stands still until it is put forward."""

    def __init__(self):
        self.at = BEGIN

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()

    def sleep(self, seconds):
        self.at += timedelta(seconds=seconds)


class Shelf:
    """A target that holds one value, and fails as it is told."""

    tagged = False

    def __init__(self):
        self.value = None
        self.tokens = []
        self.tell = None
        self.meanwhile = None

    def write(self, lease, _now):
        self.tokens.append(lease.fence)
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        if self.tell == "crash before":
            raise Crash
        if self.tell in (None, "written", "crash after", "unknown, written"):
            if self.value == lease.desired:
                return WriteResult(outcome=WriteOutcome.ALREADY, observed=self.value)
            self.value = lease.desired
        if self.tell == "crash after":
            raise Crash
        outcome = (self.tell or "written").partition(",")[0]
        return WriteResult(outcome=WriteOutcome(outcome), message="told so")


def want(built, clock, golden, number):
    write = PublicationWrite(
        target="shop", entity="customer", golden_id=golden, target_key="1", group="limit",
        lane="limit", lane_class="now", golden_version=number, desired={"amount": str(number % 3)},
        seen=None, parameters={}, due_at=clock.now(), cause_at=None,
    )  # fmt: skip
    with built.work() as work:
        work.publications.want([write], clock.now())
        work.commit()
    return write.desired


def new_golden(built):
    golden = uuid7()
    with built.work() as work:
        work.connection.execute("DELETE FROM hub.publication")
        work.connection.execute(
            "INSERT INTO hub.golden (id, entity, status, version, policy_version)"
            " VALUES (%s, 'customer', 'ACTIVE', 1, 'v')",
            (golden,),
        )
        work.registry.switch("shop", live=True)
        work.connection.execute("DELETE FROM hub.link")
        work.connection.execute("DELETE FROM hub.source_record")
        work.connection.execute(
            "WITH known AS (INSERT INTO hub.source_record (entity, system, key, root_key)"
            " VALUES ('customer', 'shop', '1', '1') RETURNING id)"
            " INSERT INTO hub.link (entity, record_id, golden_id, state, origin, policy_version,"
            " txn) SELECT 'customer', id, %s, 'MATCH', 'AUTO', 'v', %s FROM known",
            (golden, uuid7()),
        )
        work.commit()
    return golden


TOLD = ("written", "transient", "conflict", "unknown, lost", "unknown, written")
STEPS = st.lists(
    st.one_of(
        st.sampled_from(["want", "want meanwhile"]),
        st.sampled_from([*TOLD, "crash before", "crash after"]),
        st.integers(1, 120),
    ),
    max_size=14,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_the_last_wish_is_never_forgotten_and_tokens_only_grow(built, steps):
    clock, shelf, golden = HandClock(), Shelf(), new_golden(built)
    publish = Publish(built.work, {"shop": shelf}, clock, lambda: 0.5)
    wanted = want(built, clock, golden, 0)

    def wish(number):
        nonlocal wanted
        wanted = want(built, clock, golden, number)

    for number, step in enumerate(steps, start=1):
        if step == "want":
            wish(number)
        elif step == "want meanwhile":
            shelf.meanwhile = partial(wish, number)
        elif isinstance(step, int):
            clock.sleep(step)
            publish.look_again()
        else:
            shelf.tell = step
            with suppress(Crash):
                publish.tick("shop")
        (row,) = built.query("SELECT state, desired FROM hub.publication")
        assert row["state"] == "PENDING" or row["desired"] == shelf.value, "called done, but is not"
    shelf.tell = None
    for _ in range(4):
        clock.at += timedelta(hours=1)
        publish.look_again()
        publish.tick("shop")
    assert shelf.value == wanted
    assert shelf.tokens == sorted(set(shelf.tokens))
    (row,) = built.query("SELECT state, leased_until FROM hub.publication")
    assert row["state"] in {"SENT", "ECHOED"}
    assert row["leased_until"] is None
