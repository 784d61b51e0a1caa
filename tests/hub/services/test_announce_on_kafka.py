"""Identity events on a real broker: whole, in order, and told apart when they come twice."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace

import pytest

from connectors.kafka.replay import OffsetRange, replay
from hub.bootstrap.announcing import Announcer, identity_topic
from tests.hub.services.identity_play import events, run, two_customers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PATIENCE_SECONDS = 60


@pytest.fixture
def hub(built, kafka_bootstrap):
    """The hub with a broker, and a topic of its own."""
    settings = built.hub.settings.model_copy(update={"topic_prefix": f"t{uuid.uuid4().hex[:8]}"})
    places = replace(built.hub.places, kafka=kafka_bootstrap)
    return replace(built.hub, settings=settings, places=places)


def until(true):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def deliver_all(built, hub):
    announcer = Announcer(hub)
    announcer.start()
    try:
        until(lambda: all(row["sent_at"] for row in events(built)))
    finally:
        announcer.stop(PATIENCE_SECONDS)
    assert not announcer.is_alive()


def told(hub):
    wanted = OffsetRange(topic=identity_topic(hub.settings.topic_prefix), partition=0, start=0)
    chunks = replay(hub.places.kafka, wanted)
    return [json.loads(record.value) for chunk in chunks for record in chunk.records]


def test_what_people_do_reaches_the_topic_in_the_order_of_the_commits(built, hub):
    older, younger = two_customers(built)
    deliver_all(built, hub)
    done = run(built, "merge", [older, younger])
    deliver_all(built, hub)

    messages = told(hub)

    assert [m["seq"] for m in messages] == [row["seq"] for row in events(built)]
    assert messages[-1]["txn"] == str(done.txn)
    assert messages[-1]["redirects"] == {str(younger): str(older)}


def test_what_was_sent_but_not_noted_comes_again_with_its_number(built, hub):
    two_customers(built)
    deliver_all(built, hub)
    with built.work() as work:
        work.connection.execute("UPDATE hub.identity_event SET sent_at = NULL")
        work.commit()
    deliver_all(built, hub)

    messages = told(hub)

    once = [row["seq"] for row in events(built)]
    assert [m["seq"] for m in messages] == once * 2
    assert messages[: len(once)] == messages[len(once) :]
