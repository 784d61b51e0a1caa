from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, strategies as st

from streams.agents.backlog import Backlog, BatchLimits


@dataclass(frozen=True)
class Item:
    partition: tuple[str, int]
    number: int
    count: int = 10
    live: bool = True


def is_live(item):
    return item.live


def backlog(*items, records=1_000, workers=1):
    made = Backlog(BatchLimits(records=records, workers=workers))
    for item in items:
        made.add(item)
    return made


A, B, C = ("a", 0), ("a", 1), ("b", 0)


def test_partitions_take_turns_and_keep_their_order():
    waiting = backlog(Item(A, 1), Item(A, 2), Item(A, 3), Item(B, 1))
    assert waiting.take(is_live) == [Item(A, 1), Item(B, 1), Item(A, 2), Item(A, 3)]


def test_a_partition_being_worked_on_is_left_alone_until_released():
    waiting = backlog(Item(A, 1), Item(A, 2), records=10)
    taken = waiting.take(is_live)
    assert waiting.take(is_live) == []
    waiting.release(taken)
    assert waiting.take(is_live) == [Item(A, 2)]


def test_two_workers_share_the_partitions():
    waiting = backlog(Item(A, 1), Item(B, 1), Item(C, 1), workers=2)
    assert [item.partition for item in waiting.take(is_live)] == [A, B]
    assert [item.partition for item in waiting.take(is_live)] == [C]


def test_a_single_chunk_above_the_limit_is_still_taken():
    waiting = backlog(Item(A, 1, count=5_000), Item(A, 2, count=1))
    assert waiting.take(is_live) == [Item(A, 1, count=5_000)]


def test_any_number_of_small_chunks_shares_a_transaction():
    items = [Item(A, number, count=1) for number in range(100)]
    assert backlog(*items).take(is_live) == items


def test_what_was_revoked_is_dropped():
    waiting = backlog(Item(A, 1, live=False), Item(A, 2), Item(B, 1, live=False))
    assert waiting.take(is_live) == [Item(A, 2)]


def test_the_feed_is_behind_when_a_whole_transaction_waits_while_another_is_worked_on():
    waiting = backlog(Item(A, 1), Item(A, 2), Item(B, 1), records=20)
    taken = waiting.take(is_live)
    assert not waiting.is_behind
    waiting.add(Item(A, 3))
    assert waiting.is_behind
    waiting.release(taken)
    waiting.take(is_live)
    assert not waiting.is_behind


@given(
    partitions=st.lists(st.sampled_from([A, B, C]), max_size=40),
    records=st.integers(1, 60),
    workers=st.integers(1, 3),
)
def test_everything_is_taken_once_and_in_order(partitions, records, workers):
    items = [Item(partition, number) for number, partition in enumerate(partitions)]
    waiting = backlog(*items, records=records, workers=workers)
    seen = []
    while taken := waiting.take(is_live):
        assert len(taken) == 1 or sum(item.count for item in taken) <= records
        seen.extend(taken)
        waiting.release(taken)
    assert len(seen) == len(items)
    for partition in (A, B, C):
        numbers = [item.number for item in seen if item.partition == partition]
        assert numbers == sorted(numbers)
