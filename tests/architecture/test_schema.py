"""The migrations lead to exactly the tables that the store is written against."""

from __future__ import annotations

import threading

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from golden_records.store.schema import migrate, schema_config
from golden_records.store.tables import metadata
from golden_records.store.work import make_engine
from matchers import key_code

pytestmark = pytest.mark.postgres

CATALOGUE = """
SELECT 'column', table_name, column_name, data_type, column_default, is_nullable
  FROM information_schema.columns WHERE table_schema = 'hub'
UNION ALL
SELECT 'index', tablename, indexname, indexdef, NULL, NULL FROM pg_indexes WHERE schemaname = 'hub'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL
  FROM pg_constraint WHERE connamespace = 'hub'::regnamespace
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid), NULL, NULL, NULL
  FROM pg_proc WHERE pronamespace = 'hub'::regnamespace
ORDER BY 1, 2, 3
"""


@pytest.fixture
def engine_of():
    made = []

    def open_engine(url):
        made.append(make_engine(url, pool=4))
        return made[-1]

    yield open_engine
    for engine in made:
        engine.dispose()


WITH = "postgresql_with"


def _catalogue(url):
    with psycopg.connect(url) as session:
        return session.execute(CATALOGUE).fetchall()


def test_the_migrations_make_the_tables_that_the_store_declares(hub_database, engine_of):
    with engine_of(hub_database).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == "hub",
                "version_table_schema": "hub",
                "version_table": "schema_version",
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, metadata) == []
        wanted = {
            table.name: [
                f"{name}={value}" for name, value in table.dialect_kwargs.get(WITH).items()
            ]
            for table in metadata.sorted_tables
            if table.dialect_kwargs.get(WITH)
        }
        options = connection.execute(
            text(
                "SELECT relname, reloptions FROM pg_class"
                " WHERE relnamespace = 'hub'::regnamespace AND relkind = 'r' AND reloptions <> '{}'"
            )
        )
        assert wanted
        assert {name: list(said) for name, said in options} == wanted


def test_a_second_migration_changes_nothing(hub_database, engine_of):
    before = _catalogue(hub_database)
    migrate(engine_of(hub_database))
    assert _catalogue(hub_database) == before


def test_keys_that_were_written_as_texts_are_coded_as_the_matchers_code_them(
    hub_database, engine_of
):
    keys = ("!email.e:info@acme.com", "~name.w:müller", "name.w:müller&city.v:köln")
    with engine_of(hub_database).begin() as connection:
        config = schema_config(connection)
        command.downgrade(config, "0009")
        connection.execute(
            text(
                "INSERT INTO hub.match_key (entity, key, record_id)"
                " SELECT 'customer', k, 7 FROM unnest(CAST(:keys AS text[])) AS k"
            ),
            {"keys": list(keys)},
        )
        command.upgrade(config, "head")
        found = connection.execute(text("SELECT key FROM hub.match_key")).scalars().all()
    assert sorted(found) == sorted(key_code("customer", key) for key in keys)


OVERRIDES = """
INSERT INTO hub.override (golden_id, attribute, mode, actor, reason, set_at, closed_at,
                          closed_because)
SELECT md5(golden)::uuid, attribute, 'FOREVER', 'ann', 'x', timestamptz '2026-01-01' + at,
       timestamptz '2026-01-01' + ended, because
FROM (VALUES (1, 'loser', 'city', interval '1 h', interval '2 h', 'merged'),
             (2, 'winner', 'city', '1 h', '3 h', 'undone'), (3, 'loser', 'city', '1 h', NULL, NULL),
             (4, 'loser', 'name', '4 h', NULL, NULL), (5, 'parted', 'name', '4 h', NULL, NULL),
             (6, 'winner', 'name', '6 h', NULL, NULL))
  AS o(n, golden, attribute, at, ended, because) ORDER BY n;
INSERT INTO hub.decision (entity, kind, actor, reason, policy_version, decided_at, body)
SELECT 'customer', 'UNMERGE', 'ann', 'x', 'p', timestamptz '2026-01-01 05:00',
       jsonb_build_object('moved_overrides', jsonb_build_array(jsonb_build_object(
         'id', id, 'attribute', 'name', 'to', md5('parted')::uuid, 'stays', true)))
FROM hub.override WHERE attribute = 'name' AND golden_id = md5('loser')::uuid;
"""


def test_overrides_that_moved_before_are_in_force_since_they_moved(hub_database, engine_of):
    with engine_of(hub_database).begin() as connection:
        config = schema_config(connection)
        connection.execute(text("SET LOCAL TimeZone = 'UTC'"))
        command.downgrade(config, "0013")
        for statement in OVERRIDES.split(";")[:2]:
            connection.execute(text(statement))
        command.upgrade(config, "head")
        found = connection.execute(
            text("SELECT extract(hour FROM recorded_at)::int FROM hub.override ORDER BY id")
        )
    assert found.scalars().all() == [1, 2, 3, 4, 5, 6]


def test_several_processes_may_migrate_at_once(empty_database, engine_of):
    failures = []

    def run():
        try:
            migrate(engine_of(empty_database))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    made = {row[1] for row in _catalogue(empty_database) if row[0] == "column"}
    assert {table.name for table in metadata.sorted_tables} <= made
