"""The ledger's invariants, in words and under random histories."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from streams.transport.ledger import Ledger

ORDERS = ("orders", 0)
PRICES = ("prices", 3)


def hand_out(ledger, partition, first, last, size=10):
    return ledger.hand_out(partition, first_offset=first, last_offset=last, size=size)


def test_nothing_is_committable_before_the_first_ack():
    ledger = Ledger()
    hand_out(ledger, ORDERS, 0, 99)
    assert ledger.committable() == {}


def test_a_later_ack_waits_for_the_earlier_chunk():
    ledger = Ledger()
    first = hand_out(ledger, ORDERS, 0, 99)
    second = hand_out(ledger, ORDERS, 100, 199)
    ledger.ack(second)
    assert ledger.committable() == {}
    ledger.ack(first)
    assert ledger.committable() == {ORDERS: 200}


def test_offsets_missing_between_and_inside_chunks_do_not_matter():
    ledger = Ledger()
    ledger.ack(hand_out(ledger, ORDERS, 5, 40))
    ledger.ack(hand_out(ledger, ORDERS, 77, 1_000))
    assert ledger.committable() == {ORDERS: 1_001}


def test_partitions_do_not_wait_for_each_other():
    ledger = Ledger()
    hand_out(ledger, ORDERS, 0, 99)
    ledger.ack(hand_out(ledger, PRICES, 0, 9))
    assert ledger.committable() == {PRICES: 10}


def test_a_late_ack_of_a_revoked_chunk_changes_nothing():
    ledger = Ledger()
    revoked = hand_out(ledger, ORDERS, 0, 99)
    ledger.forget([ORDERS])
    again = hand_out(ledger, ORDERS, 0, 99)
    assert not ledger.ack(revoked)
    assert ledger.committable() == {}
    assert ledger.ack(again)
    assert ledger.committable() == {ORDERS: 100}


def test_a_second_ack_of_a_chunk_changes_nothing():
    ledger = Ledger()
    ticket = hand_out(ledger, ORDERS, 0, 99)
    assert ledger.ack(ticket)
    assert not ledger.ack(ticket)
    assert (ledger.unacked_chunks, ledger.unacked_bytes) == (0, 0)


def test_what_the_broker_accepted_is_not_committable_again():
    ledger = Ledger()
    ledger.ack(hand_out(ledger, ORDERS, 0, 99))
    ledger.committed(ledger.committable().items())
    assert ledger.committable() == {}
    ledger.ack(hand_out(ledger, ORDERS, 100, 100))
    assert ledger.committable() == {ORDERS: 101}


def test_an_accepted_commit_of_a_forgotten_partition_is_passed_over():
    ledger = Ledger()
    ledger.committed([(ORDERS, 100)])
    ledger.ack(hand_out(ledger, ORDERS, 50, 99))
    assert ledger.committable() == {ORDERS: 100}


def test_a_topic_that_was_made_anew_begins_a_new_assignment():
    ledger = Ledger()
    former = hand_out(ledger, ORDERS, 500, 599)
    ledger.ack(hand_out(ledger, ORDERS, 0, 9))
    assert not ledger.holds(former)
    assert ledger.committable() == {ORDERS: 10}
    assert ledger.unacked_chunks == 0


def test_forgetting_frees_the_room_of_what_was_out():
    ledger = Ledger()
    hand_out(ledger, ORDERS, 0, 99, size=1_000)
    hand_out(ledger, PRICES, 0, 99, size=1)
    ledger.forget([ORDERS])
    assert (ledger.unacked_chunks, ledger.unacked_bytes) == (1, 1)


class Assignment:
    """The model: one assignment of a partition, with every chunk that it ever handed out."""

    def __init__(self, position):
        self.position = position
        self.chunks = []  # [ticket, acked]
        self.high = None


class Histories(RuleBasedStateMachine):
    """Hand-outs with gaps, acks in any order, commits, revocations and re-assignments."""

    tickets = Bundle("tickets")
    partitions = st.sampled_from([ORDERS, PRICES, ("orders", 1)])

    def __init__(self):
        super().__init__()
        self.ledger = Ledger()
        self.broker = {}
        self.now = {}

    @rule(
        target=tickets,
        partition=partitions,
        gap=st.integers(0, 5),
        length=st.integers(1, 50),
        size=st.integers(0, 100),
    )
    def fetch(self, partition, gap, length, size):
        current = self.now.setdefault(partition, Assignment(self.broker.get(partition, 0)))
        first = current.position + gap
        last = first + length - 1
        ticket = hand_out(self.ledger, partition, first, last, size)
        current.position = last + 1
        entry = [ticket, False]
        current.chunks.append(entry)
        return entry

    @rule(entry=tickets)
    def ack(self, entry):
        ticket, acked = entry
        live = any(one is entry for one in self._current_chunks(ticket.partition))
        assert self.ledger.ack(ticket) == (live and not acked)
        entry[1] = True

    @rule(entry=consumes(tickets))
    def ack_twice(self, entry):
        self.ledger.ack(entry[0])
        assert not self.ledger.ack(entry[0])
        entry[1] = True

    @rule(accepted=st.booleans())
    def commit(self, accepted):
        offsets = self.ledger.committable()
        if accepted:
            for partition, offset in offsets.items():
                assert offset >= self.broker.get(partition, 0)
            self.broker.update(offsets)
            self.ledger.committed(offsets.items())
            assert self.ledger.committable() == {}

    @rule(revoked=st.sets(partitions))
    def revoke(self, revoked):
        self.ledger.forget(revoked)
        for partition in revoked:
            self.now.pop(partition, None)

    @rule(target=tickets, entry=tickets)
    def keep(self, entry):
        return multiple(entry)

    @invariant()
    def never_past_an_unacked_chunk_and_never_back(self):
        committable = self.ledger.committable()
        for partition, current in self.now.items():
            prefix = None
            for ticket, acked in current.chunks:
                if not acked:
                    break
                prefix = ticket.last_offset + 1
            expected = prefix if prefix != self.broker.get(partition) else None
            assert committable.get(partition) == expected
            assert prefix is None or current.high is None or prefix >= current.high
            current.high = prefix
        assert set(committable) <= set(self.now)

    @invariant()
    def room_is_what_is_out(self):
        out = [
            ticket for current in self.now.values() for ticket, acked in current.chunks if not acked
        ]
        assert self.ledger.unacked_chunks == len(out)
        assert self.ledger.unacked_bytes == sum(ticket.size for ticket in out)

    def _current_chunks(self, partition):
        current = self.now.get(partition)
        return current.chunks if current else []


TestHistories = Histories.TestCase
