"""Servers for the demo's tests, and a small world on them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from demo.databases import Desk, Servers
from demo.population import Sizes
from demo.world import build, drop

LOADED = datetime(2026, 5, 4, 12, tzinfo=UTC)
SMALL = Sizes(customers=120, skus=80)


@pytest.fixture(scope="session")
def servers(postgres_url, mariadb_url):
    prefix = f"demotest_{uuid.uuid4().hex[:8]}_"
    return Servers(postgres=postgres_url, mariadb=mariadb_url, prefix=prefix)


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
