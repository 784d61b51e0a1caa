"""The demo's mirrors, filled by copying the sources' tables: what the feed would bring, at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from config.folder import load_folder
from connectors.debezium.catalogue import contracts_of
from connectors.debezium.source_catalogue import read_catalogue
from connectors.debezium.source_spec import Engine, Secret, SourceSpec, SourceTable
from connectors.mirror.mirrors import Mirrors
from connectors.mirror.names import Names
from demo.databases import POSTGRES_SYSTEMS, connect_postgres
from golden_records.store.schema import migrate
from golden_records.store.work import make_engine

FOLDER = Path(__file__).parents[2] / "config" / "examples" / "demo"


def catalogue(servers):
    """The demo's catalogue, its shop's schema under the tests' own name."""
    loaded = load_folder(FOLDER)
    shop = replace(loaded.systems["commerce"], schema=servers.database("commerce"))
    tables = tuple(
        replace(table, schema=shop.schema) if table.system == "commerce" else table
        for table in loaded.tables
    )
    return replace(loaded, systems=loaded.systems | {"commerce": shop}, tables=tables)


def contracts(servers, loaded):
    found = {}
    for name, system in loaded.systems.items():
        url = urlsplit(servers.postgres if name in POSTGRES_SYSTEMS else servers.mariadb)
        password = unquote(url.password or "")
        spec = SourceSpec(
            name=name,
            engine=Engine(str(system.engine)),
            host=url.hostname or "127.0.0.1",
            port=url.port or 0,
            database=servers.database(name),
            user=unquote(url.username or ""),
            password=Secret(password),
            tables=tuple(
                SourceTable(schema=t.schema, table=t.name, columns=t.columns)
                for t in loaded.tables_of(name)
            ),
            topic_prefix=name,
            server_id=1,
        )
        for contract in contracts_of(spec, read_catalogue(spec, password)):
            found[contract.system, contract.table] = contract
    return found


def drop_hub(servers):
    with connect_postgres(servers) as connection:
        connection.autocommit = True
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
            sql.Identifier(servers.database("hub"))
        )
        connection.execute(drop)


def hub_database(servers):
    """An empty hub's database; returns its URL."""
    drop_hub(servers)
    with connect_postgres(servers) as connection:
        connection.autocommit = True
        connection.execute(
            sql.SQL("CREATE DATABASE {}").format(sql.Identifier(servers.database("hub")))
        )
    url = urlsplit(servers.postgres)._replace(path=f"/{servers.database('hub')}").geturl()
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return url


def fill(desk, connection, made):
    """Copy every mirrored table from its source."""
    for (system, table), contract in made.items():
        quote = '"{}"' if system in POSTGRES_SYSTEMS else "`{}`"
        columns = ", ".join(quote.format(name) for name in contract.column_names)
        rows = desk.read(system, f"SELECT {columns} FROM {quote.format(table)}")
        marks = ["_offset", "_deleted", "_ahead"]
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.SQL(Names.mirror(system, table)),
            sql.SQL(", ").join(sql.Identifier(n) for n in (*contract.column_names, *marks)),
        )
        with connection.cursor().copy(target) as copy:
            for row in rows:
                values = (psycopg.types.json.Jsonb(v) if isinstance(v, dict) else v for v in row)
                copy.write_row((*values, 0, False, False))


def mirrors(servers, desk):
    """Installed and filled mirrors on an open connection to a hub's database."""
    loaded = catalogue(servers)
    made = contracts(servers, loaded)
    connection = psycopg.connect(hub_database(servers))
    installed = Mirrors(loaded, made, shards=4)
    installed.install(connection)
    fill(desk, connection, made)
    for system in loaded.systems:
        installed.analyze(connection, system)
    connection.commit()
    return installed, connection
