"""SIGKILL at random moments under load: nothing is lost, overwritten by older, or written twice."""

from __future__ import annotations

import time

import pytest

from tests.faults.dice import dice, say

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

KINDS = ("worker", "kafka", "connect", "postgres")


def schedule(rng, count):
    """Every kind at least once, in random order; workers die most often."""
    wanted = [*KINDS, *rng.choices(KINDS, (4, 2, 2, 2), k=count - len(KINDS))]
    rng.shuffle(wanted)
    return wanted


def strike(landscape, player, rng, kind):
    """Kill one, leave it dead for a moment, and start it again."""
    if kind == "worker":
        landscape.crew.kill(rng.choice(sorted(landscape.crew.workers)))
        return
    if kind == "postgres":
        with player.standing_still():
            _restart(landscape, rng, kind)
        return
    _restart(landscape, rng, kind)


def _restart(landscape, rng, name):
    landscape.stack.kill(name)
    time.sleep(rng.uniform(0.2, 3))
    landscape.stack.start(name)


def strike_often(landscape, *, seed, count, every):
    """Play under `count` kills, with a check after each `every`."""
    rng = dice(seed)
    kinds = schedule(rng, count)
    say(f"seed {seed}: {kinds}")
    for begin in range(0, count, every):
        player = landscape.play(seed=rng.randrange(10**6))
        for kind in kinds[begin : begin + every]:
            time.sleep(rng.uniform(1, 6))
            say(f"kill {kind}")
            strike(landscape, player, rng, kind)
        time.sleep(rng.uniform(1, 6))
        player.finish()
        assert player.changes > 0
        landscape.check()
        say(f"checked after {player.changes} changes")


def test_six_kills_under_load_leave_every_value_right(landscape):
    strike_often(landscape, seed=11, count=6, every=6)


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_after_each_of_twenty_kills_under_load_every_value_is_right(landscape):
    strike_often(landscape, seed=1, count=20, every=1)


@pytest.mark.slow
def test_twenty_kills_one_upon_another_leave_every_value_right(landscape):
    strike_often(landscape, seed=2, count=20, every=5)
