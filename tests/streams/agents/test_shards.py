from __future__ import annotations

from streams.agents.shards import Shards


def owning(*shards):
    made = Shards()
    made.own(shards)
    return made


def test_several_hints_are_one_pass():
    shards = owning(1, 2)
    for _ in range(3):
        assert shards.hint(1)
    assert shards.take() == [1]
    assert shards.take() == []


def test_whatever_is_pending_shares_a_pass():
    shards = owning(1, 2, 3)
    shards.hint(3)
    shards.hint(1)
    assert shards.take() == [3, 1]


def test_threads_share_the_pending_shards_evenly():
    shards = owning(*range(5))
    shards.hint_all()
    assert (shards.take(2), shards.take(2)) == ([0, 1, 2], [3])


def test_a_hint_during_a_pass_asks_for_another_afterwards():
    shards = owning(1)
    shards.hint(1)
    shards.take()
    shards.hint(1)
    assert shards.take() == []
    shards.done([1], more=False)
    assert shards.take() == [1]


def test_a_shard_with_more_goes_behind_the_others():
    shards = owning(1, 2)
    shards.hint_all()
    assert shards.take(2) == [1]
    shards.done([1], more=True)
    assert shards.take() == [2, 1]


def test_another_workers_shard_is_refused():
    assert not owning(1).hint(2)


def test_a_lost_shard_is_no_longer_pending_and_does_not_come_back():
    shards = owning(1, 2)
    shards.hint_all()
    taken = shards.take(2)
    shards.own([2])
    shards.done(taken, more=True)
    assert (shards.take(), shards.take()) == ([2], [])
