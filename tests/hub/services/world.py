"""What all random histories of a test share: a hub under two policies, and who works on it."""

from __future__ import annotations

import random
from collections import Counter
from functools import wraps

import psycopg
from hypothesis.stateful import rule as hypothesis_rule
from sqlalchemy import event

from config.catalogue import load_catalogue
from golden_records.store.work import SESSION
from hub.bootstrap.following import FollowingResolve
from hub.bootstrap.policies import policies, under
from hub.bootstrap.verifying import verification
from hub.bootstrap.working import resolver

WORKERS = ("one", "other")


def rule(**strategies):
    """A rule of the machine that counts what is played of it."""

    def counted(action):
        @wraps(action)
        def step(machine, **drawn):
            machine.world.played[action.__name__] += 1
            action(machine, **drawn)

        return hypothesis_rule(**strategies)(step)

    return counted


def keep_plans(connection, _record=None):
    """Plan each statement once: with so few rows planning would take most of the time."""
    connection.prepared_max = None


class World:
    """What all histories of a test share: the hub under both policies, and who works on it.

    Everything that is made of a policy is made once; services are kept when their policy becomes
    active again, as a worker's would be that had missed the change. `played` counts steps by rule.
    """

    def __init__(self, built, other):
        self.built = built
        self.first, self.other = built.hub.catalogue.version, other
        self.hubs = {v: under(built.hub, self._catalogue(v)) for v in (self.first, other)}
        self.services = {(w, v): resolver(h) for w in WORKERS for v, h in self.hubs.items()}
        self.verifications = {v: verification(h) for v, h in self.hubs.items()}
        self.played = Counter()
        built.hub.engine.dispose()
        event.listen(built.hub.engine, "connect", keep_plans)
        url = built.hub.places.postgres
        self._reads = psycopg.connect(
            url, autocommit=True, row_factory=psycopg.rows.dict_row, options=SESSION
        )
        keep_plans(self._reads)

    def _catalogue(self, version):
        return load_catalogue(policies(self.built.hub).files(version))

    def worker(self, name):
        """A worker that follows the policy that is active."""
        return FollowingResolve(
            self.built.hub, lambda hub: self.services[name, hub.catalogue.version]
        )

    def ask(self, sql, **parameters):
        """Ask one statement that answers with one row."""
        return self._reads.execute(sql, parameters).fetchone()

    def close(self):
        self._reads.close()


def chance(dice):
    return random.Random(dice)  # noqa: S311 - a choice, not a secret


def describe(played):
    """Say how many steps were played, and of which rules."""
    rules = ", ".join(f"{name} {count}" for name, count in played.most_common())
    return f"{played.total()} steps: {rules}"
