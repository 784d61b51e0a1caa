"""The hub runs with a role that owns its database and may do nothing else on the server."""

from __future__ import annotations

import uuid
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import errors

from golden_records.store.schema import migrate
from golden_records.store.work import make_engine
from hub.bootstrap.connecting import create_database
from hub.bootstrap.roles import own_account
from tests.hub.services.hub_builder import BuiltHub, make_hub

pytestmark = pytest.mark.postgres


@pytest.fixture
def own_url(postgres_url):
    """The URL of the hub's database with the account of `mdhub roles`."""
    name = f"own_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for statement in own_account(name):
            with suppress(errors.DuplicateObject):  # the analysts' role is the whole server's
                admin.execute(statement.replace("<password>", "x"))
        place = urlsplit(postgres_url)
        yield urlunsplit(
            place._replace(netloc=f"{name}:x@{place.hostname}:{place.port}", path=f"/{name}")
        )
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"DROP ROLE {name}")


def test_the_hub_needs_no_more_than_its_own_database(own_url, minimal):
    create_database(own_url, urlsplit(own_url).path[1:])
    engine = make_engine(own_url)
    migrate(engine)
    engine.dispose()
    built = BuiltHub(make_hub(own_url, minimal))
    (role,) = built.query(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert not any(role.values())
    built.put("erp", "customer", id=1, name="Acme", email="a@acme.example")
    built.put("shop", "account", id=2, company="Acme", email="a@acme.example")
    built.settle()
    built.go_live()
    built.put("erp", "customer", id=1, name="Acme AG", email="a@acme.example")
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["name"] == "Acme AG"
    assert built.differences() == []
    built.close()


def test_the_analyst_reads_the_views_and_nothing_else(own_url, minimal):
    engine = make_engine(own_url)
    migrate(engine)
    engine.dispose()
    make_hub(own_url, minimal).engine.dispose()
    with psycopg.connect(own_url, autocommit=True) as session:
        database = urlsplit(own_url).path[1:]
        rows = session.execute(
            "SELECT has_table_privilege('mdhub_analyst', 'golden_customer', 'SELECT'),"
            " has_table_privilege('mdhub_analyst', 'golden_customer', 'UPDATE'),"
            " has_schema_privilege('mdhub_analyst', 'hub', 'USAGE'),"
            " has_database_privilege('mdhub_analyst', %s, 'CREATE')",
            (database,),
        ).fetchone()
    assert rows == (True, False, False, False)
