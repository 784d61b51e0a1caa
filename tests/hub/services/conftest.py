"""A hub for every test: a copy of one database in which the smallest example is installed."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue


@pytest.fixture(scope="session")
def minimal():
    return minimal_catalogue()


@pytest.fixture(scope="session")
def installed_database(databases, _migrated, minimal):
    """The name of a database with the example's mirrors installed, to be copied."""
    url = databases.make(_migrated)
    make_hub(url, minimal).engine.dispose()
    return urlsplit(url).path[1:]


@pytest.fixture
def built(databases, installed_database, minimal):
    """A hub of the smallest example, past LOADING, with nothing in it."""
    built = BuiltHub(make_hub(databases.make(installed_database), minimal, installed=True))
    yield built
    built.close()
