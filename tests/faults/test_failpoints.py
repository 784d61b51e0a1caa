"""A worker that ends on either side of a commit: its successor neither loses nor repeats."""

from __future__ import annotations

import pytest

from golden_records.domain.failpoints import Failpoint
from tests.faults.crew import FAILPOINT
from tests.faults.dice import dice, say

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

REACH_SECONDS = 180
PLACES = [place for place in Failpoint if not place.startswith("load.")]
"""A worker loads nothing: for the load's own places see tests/hub/services/test_loading.py."""


def end_at(landscape, rng, place):
    """Run a worker into the failpoint, in the place of the one that worked."""
    order = f"{place}:{rng.randint(1, 3)}"
    say(f"end at {order}")
    code = landscape.crew.run_into(order, REACH_SECONDS)
    assert code == FAILPOINT, f"{order}: {code} {landscape.crew.tail('failpoints')}"


def run_into(landscape, places, seed):
    rng = dice(seed)
    say(f"seed {seed}: {[str(place) for place in places]}")
    (name,) = landscape.crew.workers
    landscape.crew.dismiss(name)
    player = landscape.play(seed=seed)
    try:
        for place in places:
            end_at(landscape, rng, place)
    finally:
        landscape.crew.hire()
        player.finish()
    landscape.check()


def test_a_crash_at_every_side_of_every_commit_leaves_every_value_right(landscape):
    places = list(PLACES)
    dice(5).shuffle(places)
    run_into(landscape, places, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_there_leaves_every_value_right(landscape, place):
    run_into(landscape, [place] * 2, seed=17)
