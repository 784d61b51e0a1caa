"""Our own transactions carry a mark where the target allows it; elsewhere they go without."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from connectors.targets.sql import TAGGED, target_engine
from connectors.targets.tagging import FUNCTIONS, Tagging, create_origins, drop_origins
from golden_records.domain.catalogue import SESSIONS_TAGGED, Engine, System

pytestmark = pytest.mark.postgres


@pytest.fixture
def system(empty_database):
    made = System(
        name="erp",
        engine=Engine.POSTGRESQL,
        secret="ERP_URL",  # noqa: S106 - the name of a setting
        origin=f"hub_{uuid.uuid4().hex[:8]}",
    )
    yield made
    drop_origins(empty_database, made.tags)


@pytest.fixture
def writer(empty_database):
    """The URL of a role that is no superuser."""
    role = f"writer_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_database, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        place = urlsplit(empty_database)
        host = f"{role}:x@{place.hostname}:{place.port}"
        yield urlunsplit(place._replace(netloc=host)), role, admin
        admin.execute(f"DROP OWNED BY {role}")
        admin.execute(f"DROP ROLE {role}")


def test_each_session_holds_another_origin_and_one_too_many_holds_none(system, empty_database):
    assert create_origins(empty_database, system.tags) is None
    assert create_origins(empty_database, system.tags) is None, "a second time changes nothing"
    tagging = Tagging(system)
    engine = target_engine(system, empty_database, tagging)
    with ExitStack() as sessions:
        opened = [sessions.enter_context(engine.connect()) for _ in range(SESSIONS_TAGGED)]
        assert all(one.info[TAGGED] for one in opened)
        assert tagging.on
        assert not sessions.enter_context(engine.connect()).info[TAGGED]
        assert not tagging.on
    engine.dispose()


def test_the_log_shows_the_mark_with_the_change(system, empty_database):
    create_origins(empty_database, system.tags)
    slot = f"seen_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_database, autocommit=True) as admin:
        admin.execute("CREATE TABLE t (id int PRIMARY KEY)")
        admin.execute("CREATE PUBLICATION p FOR TABLE t")
        admin.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        engine = target_engine(system, empty_database, Tagging(system))
        with engine.connect() as session:
            session.exec_driver_sql("INSERT INTO t VALUES (1)")
            session.commit()
        engine.dispose()
        rows = admin.execute(
            "SELECT data FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL,"
            " 'proto_version', '1', 'publication_names', 'p')",
            (slot,),
        ).fetchall()
        admin.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
    assert any(system.tags[0].encode() in data for (data,) in rows)


def test_a_role_without_the_right_writes_without_a_mark_until_it_is_granted(system, writer):
    url, role, admin = writer
    assert "permission denied" in create_origins(url, system.tags)
    tagging = Tagging(system)
    engine = target_engine(system, url, tagging)
    with engine.connect() as session:
        assert session.exec_driver_sql("SELECT 1").scalar() == 1
        assert not session.info[TAGGED]
    assert not tagging.on
    engine.dispose()
    for function in FUNCTIONS:
        admin.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
    assert create_origins(url, system.tags) is None


def test_a_system_without_an_origin_has_no_marks(empty_database):
    plain = System(name="erp", engine=Engine.POSTGRESQL, secret="ERP_URL")  # noqa: S106
    tagging = Tagging(plain)
    engine = target_engine(plain, empty_database, tagging)
    with engine.connect() as session:
        assert not session.info[TAGGED]
    engine.dispose()
    assert not tagging.on
