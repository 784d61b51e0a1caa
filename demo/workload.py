"""Plays business: many small changes a second in four systems at once, all of them journaled.

python -m demo.workload --postgres URL --mariadb URL --state DIR [--seconds 60] [--rate 40]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, TextIO

from demo import relations, trade
from demo.check import world_of
from demo.clock import WallClock
from demo.databases import Desk, Servers
from demo.journal import Journal
from demo.play import Play
from demo.world import JOURNAL_FILE, arguments

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from demo.clock import Clock

ACTIONS: tuple[tuple[Callable[[Play], None], float], ...] = (
    (relations.rename, 8),
    (relations.move, 6),
    (relations.new_phone, 4),
    (relations.archive, 1),
    (relations.touch, 5),
    (relations.post, 3),
    (relations.cut_limit, 7),
    (relations.raise_limit, 7),
    (relations.grant_limit, 2),
    (relations.withdraw_limit, 1),
    (relations.buy, 6),
    (relations.raise_limit_in_shop, 3),
    (relations.rename_in_shop, 2),
    (relations.new_mailbox, 4),
    (relations.mailbox_in_erp, 2),
    (relations.consent, 3),
    (relations.earn_points, 2),
    (relations.change_plan, 4),
    (relations.leave_shop, 0.5),
    (relations.duplicate, 0.7),
    (relations.welcome, 1),
    (trade.change_price, 12),
    (trade.change_price_soon, 2),
    (trade.change_price_some_day, 2),
    (trade.delete_price, 1),
    (trade.edit_price_in_shop, 3),
    (trade.retitle, 6),
    (trade.recategorise, 3),
    (trade.reweigh, 2),
    (trade.age, 2),
    (trade.drop_variant, 0.3),
    (trade.withdraw_from_shop, 0.4),
    (trade.switch, 3),
    (trade.stock, 5),
    (trade.regroup, 2),
    (trade.launch, 0.7),
)
EVENTS: tuple[tuple[float, Callable[[Play], None]], ...] = (
    (0.3, trade.repost_category),
    (0.5, trade.recategorise_many),
    (0.7, trade.repost_category),
)
"""What happens once, at a share of the whole time: one change that touches hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long and how fast."""

    seconds: float = 60.0
    rate: float = 40.0
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the play stands."""

    elapsed: float
    seconds: float
    changes: int
    counts: Counter[str]


def run(
    servers: Servers,
    state: Path,
    pace: Pace,
    clock: Clock,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Play to the end, finish what was promised for later, and return what was done.

    The journal in `state` is continued, so several plays in a row are one history.
    """
    desk = Desk(servers)
    world = world_of(state)
    with (state / JOURNAL_FILE).open("a", encoding="utf-8") as stream:
        rng = Random(pace.seed)  # noqa: S311 - a play, not a secret
        play = Play(rng=rng, world=world, desk=desk, journal=Journal(stream), clock=clock)
        try:
            return _perform(play, pace, progress)
        finally:
            desk.close()


def _perform(play: Play, pace: Pace, progress: Callable[[Progress], None]) -> Progress:
    began = play.clock.now()
    events = [(pace.seconds * share, event) for share, event in EVENTS]
    actions, weights = zip(*ACTIONS, strict=True)
    for number in range(int(pace.seconds * pace.rate)):
        play.clock.sleep(
            (began + timedelta(seconds=number / pace.rate) - play.clock.now()).total_seconds()
        )
        elapsed = (play.clock.now() - began).total_seconds()
        play.due(play.clock.now())
        while events and events[0][0] <= number / pace.rate:
            events.pop(0)[1](play)
        play.rng.choices(actions, weights)[0](play)
        if number % max(1, int(pace.rate)) == 0:
            progress(_progress(play, elapsed, pace))
        if elapsed > pace.seconds * 1.5:
            break
    while play.due():
        pass
    final = _progress(play, (play.clock.now() - began).total_seconds(), pace)
    progress(final)
    return final


def _progress(play: Play, elapsed: float, pace: Pace) -> Progress:
    return Progress(
        elapsed=elapsed,
        seconds=pace.seconds,
        changes=play.journal.length,
        counts=play.counts.copy(),
    )


def summary(final: Progress) -> str:
    """Lay out for people what was done."""
    lines = [f"  {name:32} {count:6}" for name, count in sorted(final.counts.items())]
    head = f"{final.changes} record changes in {final.elapsed:.1f} s"
    return "\n".join([head, *lines])


def announce(stream: TextIO) -> Callable[[Progress], None]:
    """Return a callback that writes one line a second."""

    def say(now: Progress) -> None:
        stream.write(f"{now.elapsed:6.1f} / {now.seconds:.0f} s  {now.changes} record changes\n")
        stream.flush()

    return say


def main(argv: Sequence[str] | None = None) -> int:
    """Play, and print a summary."""
    parser = arguments("Play business in the demo's four systems.")
    parser.add_argument("--seconds", type=float, default=Pace().seconds)
    parser.add_argument("--rate", type=float, default=Pace().rate, help="business changes a second")
    parser.add_argument("--seed", type=int, default=Pace().seed)
    chosen = parser.parse_args(argv)
    servers = Servers(postgres=chosen.postgres, mariadb=chosen.mariadb)
    pace = Pace(seconds=chosen.seconds, rate=chosen.rate, seed=chosen.seed)
    final = run(servers, chosen.state, pace, WallClock(), announce(sys.stdout))
    sys.stdout.write(summary(final) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
