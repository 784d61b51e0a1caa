"""A hub for every test: a copy of one database in which the smallest example is installed."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from config.catalogue import load_catalogue
from hub.bootstrap.policies import policies, under
from hub.services.policies import Word as PolicyWord
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

POLICY_WORD = PolicyWord(actor="ann", reason="a trial")
OWNERS = "    attributes: [credit_limit, limit_currency]\n    owners: [erp]"


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


@pytest.fixture
def other(built):
    """A policy by which the shop owns limits and only the ERP creates prices, approved."""
    return another_policy(built)


def another_policy(built):
    """Approve that policy, let all systems go live, and return its version."""
    files = dict(built.hub.catalogue.files)
    text = files["entities/customer.yaml"]
    files["entities/customer.yaml"] = text.replace(OWNERS, OWNERS.replace("erp", "shop"))
    price = files["entities/price.yaml"]
    files["entities/price.yaml"] = price.replace("creators: [erp, shop]", "creators: [erp]")
    catalogue = load_catalogue(files)
    service = policies(built.hub)
    service.draft(catalogue, built.hub.catalogue.version, POLICY_WORD)
    service.simulated(catalogue.version, POLICY_WORD, {})
    service.approve(catalogue.version, POLICY_WORD)
    built.go_live()
    with built.work() as work:
        under(built.hub, catalogue).mirrors.install(work.connection)
        work.commit()
    return catalogue.version
