"""Tryton and Vendure restored, connected, loaded and live; everything is taken away afterwards."""

from __future__ import annotations

import shutil
import uuid

import psycopg
import pytest

from hub.bootstrap.places import with_database
from tests.real_systems.restoring import mariadb_session, restore_mariadb, restore_postgresql
from tests.real_systems.standing import CATALOGUE, Standing


@pytest.fixture(scope="module")
def real_systems(dumps):
    folder = dumps / "real_systems"
    if not folder.is_dir():
        pytest.skip("the dumps are absent")
    return folder


@pytest.fixture(scope="module")
def restored(real_systems, servers_settings):
    """The names of a PostgreSQL and a MariaDB database with the dumps' rows."""
    postgres, mariadb = servers_settings.postgres_url, servers_settings.mariadb_url
    suffix = uuid.uuid4().hex[:12]
    tryton, vendure = f"real_tryton_{suffix}", f"real_vendure_{suffix}"
    with psycopg.connect(postgres, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {tryton} TEMPLATE template0 ENCODING 'UTF8'")
    with mariadb_session(mariadb) as session, session.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {vendure} CHARACTER SET utf8mb4")
    restore_postgresql(with_database(postgres, tryton), real_systems / "tryton" / "dump.sql.gz")
    restore_mariadb(mariadb, vendure, real_systems / "vendure" / "dump.sql.gz")
    yield tryton, vendure
    with psycopg.connect(postgres, autocommit=True) as session:
        session.execute(f"DROP DATABASE IF EXISTS {tryton} WITH (FORCE)")
    with mariadb_session(mariadb) as session, session.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {vendure}")


@pytest.fixture(scope="module")
def standing(restored, servers_settings, tmp_path_factory):
    """A hub that is LIVE for both systems, and what it had linked before it wrote anything."""
    tryton, vendure = restored
    place = tmp_path_factory.mktemp("real")
    folder = place / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    declared = folder / "hub.yaml"
    declared.write_text(
        declared.read_text("utf-8").replace("schema: vendure", f"schema: {vendure}"), "utf-8"
    )
    suffix = tryton.rpartition("_")[2]
    settings = servers_settings.model_copy(
        update={
            "hub_database": f"real_hub_{suffix}",
            "topic_prefix": f"real-{suffix}",
            "state_dir": place,
        }
    )
    stands = Standing(
        settings=settings, tryton=tryton, vendure=vendure, folder=folder, log=place / "worker.log"
    )
    try:
        _go_live(stands)
        yield stands
    finally:
        stands.stop()


def _go_live(stands):
    stands.do("connect", str(stands.folder))
    stands.start_worker()
    stands.do("load")
    stands.wait_quiet("marks")
    stands.linked = {entity: stands.crosswalk(entity) for entity in ("customer", "sku")}
    stands.do("phase", "live")
    stands.do("system", "live", "tryton", "vendure")
    stands.wait_quiet("marks")
    stands.wait_quiet("publications")
