"""Servers for the demo's tests, and a small world on them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.settings import Settings
from demo.databases import Desk, Servers
from demo.population import Sizes
from demo.world import build, drop
from hub.stack.stack import Stack

LOADED = datetime(2026, 5, 4, 12, tzinfo=UTC)
SMALL = Sizes(customers=120, skus=80)


@pytest.fixture(scope="session")
def servers():
    settings = Settings()
    postgres, mariadb = settings.postgres_url, settings.mariadb_url
    if postgres is None or mariadb is None:
        info = {one.name: one.url for one in Stack(settings).up().services}
        postgres, mariadb = info["postgres"], info["mariadb"]
    return Servers(postgres=str(postgres), mariadb=str(mariadb), prefix="demotest_")


@pytest.fixture(scope="module")
def standing_desk(servers):
    """A small world for a whole module of tests, which has a journal of nothing."""
    build(servers, seed=3, sizes=SMALL, now=LOADED)
    desk = Desk(servers)
    yield desk
    desk.close()
    drop(servers)


@pytest.fixture
def state(servers, tmp_path):
    """A small world in databases of its own; yields the folder of its record."""
    build(servers, seed=3, sizes=SMALL, now=LOADED).save(tmp_path)
    yield tmp_path
    drop(servers)


@pytest.fixture
def desk(servers, state):
    desk = Desk(servers)
    yield desk
    desk.close()
