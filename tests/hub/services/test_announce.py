"""Identity events reach the outside after the commit, in order, and at least once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from uuid_utils.compat import uuid7

from golden_records.domain.errors import TransientError
from hub.services.announce import Announce
from tests.hub.services.identity_play import run, two_customers

pytestmark = pytest.mark.postgres


class Memory:
    """A channel that keeps what it is given, and refuses when told to."""

    def __init__(self):
        self.messages = []
        self.refuses = False

    def deliver(self, messages):
        if self.refuses:
            raise TransientError
        self.messages += [json.loads(value) for _, value in messages]

    @property
    def numbers(self):
        return [message["seq"] for message in self.messages]


class Killed(Exception):
    """The process ends between sending and marking."""


def kill(_place):
    raise Killed


def announcing(built, channel, **more):
    return Announce(built.work, channel, built.hub.clock, **more)


def seqs(built):
    return [r["seq"] for r in built.query("SELECT seq FROM hub.identity_event ORDER BY seq")]


def test_every_event_is_delivered_once_in_the_order_of_the_commits(built):
    older, younger = two_customers(built)
    done = run(built, "merge", [older, younger])
    channel = Memory()
    service = announcing(built, channel)
    while service.tick():
        pass
    assert channel.numbers == seqs(built)
    last = channel.messages[-1]
    assert (last["type"], last["kind"], last["txn"]) == ("identity.changed", "MERGE", str(done.txn))
    assert (last["actor"], last["reason"]) == ("ann", "called them")
    assert last["redirects"] == {str(younger): str(older)}
    assert service.tick() == 0


def test_a_crash_between_sending_and_marking_sends_again(built):
    two_customers(built)
    channel = Memory()
    with pytest.raises(Killed):
        announcing(built, channel, reached=kill).tick()
    assert announcing(built, channel).tick() == len(seqs(built))
    assert channel.numbers == seqs(built) * 2


def test_what_the_channel_refuses_waits(built):
    two_customers(built)
    channel = Memory()
    channel.refuses = True
    with pytest.raises(TransientError):
        announcing(built, channel).tick()
    channel.refuses = False
    announcing(built, channel).tick()
    assert channel.numbers == seqs(built)


def test_s4_nothing_is_told_of_what_is_not_committed(built):
    two_customers(built)
    channel = Memory()
    announcing(built, channel).tick()
    told = len(channel.messages)
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        event = {"txn": uuid7(), "entity": "customer", "kind": "LINK", "actor": "a", "reason": None}
        work.goldens.record_event({**event, "before": {}, "after": {}, "redirects": {}})
        assert announcing(built, channel).tick() == 0
    assert announcing(built, channel).tick() == 0
    assert len(channel.messages) == told


def test_two_workers_do_not_deliver_at_the_same_time(built):
    two_customers(built)
    channel = Memory()
    with built.transaction() as work:
        assert work.events.lock()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(announcing(built, channel).tick).result(30) == 0
    assert announcing(built, channel).tick() == len(seqs(built))
