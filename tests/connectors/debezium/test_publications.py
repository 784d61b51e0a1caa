"""A role without rights over the tables follows a publication that an administrator keeps."""

from __future__ import annotations

import uuid
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from connectors.debezium.errors import PublicationIncompleteError
from connectors.debezium.preparation import preparation
from connectors.debezium.publications import publication_mode
from connectors.debezium.source_catalogue import read_catalogue
from connectors.debezium.source_spec import Engine, Secret, SourceSpec, SourceTable

pytestmark = pytest.mark.postgres


@pytest.fixture
def admin(empty_database):
    with closing(psycopg.connect(empty_database, autocommit=True)) as session:
        session.execute("CREATE TABLE party (id int PRIMARY KEY)")
        session.execute("CREATE TABLE address (id int PRIMARY KEY)")
        yield session


@pytest.fixture
def source(admin, empty_database):
    """A source as its reader knows it, prepared by the statements that `mdhub roles` prints."""
    place = urlsplit(empty_database)
    made = SourceSpec(
        hub=f"h{uuid.uuid4().hex[:8]}",
        name="erp",
        engine=Engine.POSTGRESQL,
        host=place.hostname,
        port=place.port,
        database=place.path[1:],
        user=f"reader_{uuid.uuid4().hex[:8]}",
        password=Secret("x"),
        tables=(SourceTable(schema="public", table="party", columns=("id",)),),
    )
    for statement in preparation(made):
        if not statement.startswith("--"):
            admin.execute(statement.replace("<password>", "x"))
    yield made
    admin.execute(f"DROP OWNED BY {made.user}")
    admin.execute(f"DROP ROLE {made.user}")


def test_the_reader_reads_the_catalogue_and_leaves_the_publication_alone(source):
    assert ("public", "party") in read_catalogue(source, "x").tables
    assert publication_mode(source, "x") == "disabled"


def test_a_mapped_table_that_the_publication_lacks_is_named_with_what_to_run(source):
    more = SourceTable(schema="public", table="address", columns=("id",))
    with pytest.raises(PublicationIncompleteError, match=r"ADD TABLE public\.address"):
        publication_mode(
            SourceSpec(
                **{f: getattr(source, f) for f in source.__slots__ if f != "tables"},
                tables=(*source.tables, more),
            ),
            "x",
        )


def test_a_role_that_may_alter_it_lets_the_connector_keep_it(source, admin, postgres_url):
    place = urlsplit(postgres_url)
    known = {f: getattr(source, f) for f in source.__slots__ if f != "user"}
    superuser = SourceSpec(**known, user=place.username)
    assert publication_mode(superuser, place.password) == "filtered"
    admin.execute(f"DROP PUBLICATION {source.publication_name}")
    assert publication_mode(source, "x") == "filtered", "there is none: it makes one, or says why"
