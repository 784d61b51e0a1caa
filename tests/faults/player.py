"""Business that goes on in a thread while servers die, journaled exactly.

What a server was told when it was killed is unknown to everybody, so the play stands still between
two changes while a *source* is taken away. The hub's own transactions are not spared.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pymysql

from demo import relations, workload
from demo.check import world_of
from demo.clock import WallClock
from demo.databases import COLLISIONS_MARIADB, Desk
from demo.journal import Journal
from demo.play import Play
from demo.world import JOURNAL_FILE
from tests.faults.audit import sign
from tests.faults.dice import dice

# Who is new in two systems while the hub is away may have moved in one of them before the hub sees
# either: whether they are one is a question of matching, and these tests ask another.
ACTIONS = [(action, weight) for action, weight in workload.ACTIONS if action != relations.welcome]


class Player(threading.Thread):
    """Plays at a rate until it is stopped; errors are kept and raised by `finish`."""

    def __init__(self, servers, state, *, seed, rate):
        super().__init__(daemon=True)
        self._pause = 1 / rate
        self._rng = dice(seed)
        self._desk = Desk(servers)
        self._stream = (state / JOURNAL_FILE).open("a", encoding="utf-8")
        journal = Journal(self._stream)
        world = world_of(state)
        self._play = Play(
            rng=self._rng, world=world, desk=self._desk, journal=journal, clock=WallClock()
        )
        self._free = threading.Lock()
        self._stop_asked = threading.Event()
        self._error = None
        sign(self._desk)

    @property
    def changes(self):
        return self._play.journal.length

    def run(self):
        try:
            while not self._stop_asked.wait(self._pause):
                with self._free:
                    self._act(self._next())
            while self._play.due():
                pass
        except Exception as error:  # noqa: BLE001 - the test that asks for it raises it
            self._error = error
        finally:
            self._desk.close()
            self._stream.close()

    def _next(self):
        actions, weights = zip(*ACTIONS, strict=True)
        return self._rng.choices(actions, weights)[0]

    def _act(self, action):
        """One change; where the hub holds the rows for long, the person gives up."""
        try:
            self._play.due(self._play.clock.now())
            action(self._play)
        except pymysql.MySQLError as error:
            if error.args[0] not in COLLISIONS_MARIADB:
                raise

    @contextmanager
    def standing_still(self):
        """No change is under way in here; afterwards the desk has new connections."""
        with self._free:
            self._desk.close()
            yield
            sign(self._desk)

    def finish(self):
        """Stop, and do what was promised for later."""
        self._stop_asked.set()
        self.join(60)
        if self._error is not None:
            raise self._error
