"""Two workers write two tables of one mapping at the same time; no root is forgotten."""

from __future__ import annotations

import itertools
import threading

import psycopg
import pytest

pytestmark = pytest.mark.postgres

TABLES = {
    "party": {"id": "integer", "name": "text"},
    "link": {"id": "integer", "party": "integer"},
    "value": {"id": "integer", "link": "integer", "text": "text"},
}
MAPPING = {
    "customer": """SELECT p.id AS key, p.name, v.texts FROM erp.party p LEFT JOIN LATERAL
      (SELECT jsonb_agg(x.text ORDER BY x.id) AS texts FROM erp.link l
       JOIN erp.value x ON x.link = l.id WHERE l.party = p.id) v ON true"""
}


@pytest.fixture
def shared(database, request):
    """A World whose set-up is committed, and two more connections; all is dropped afterwards."""
    build = request.getfixturevalue("world_class")
    with psycopg.connect(database) as conn:
        for schema in ("mirror_erp",):
            conn.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        w = build(conn, TABLES, MAPPING)
        conn.commit()
        with psycopg.connect(database) as one, psycopg.connect(database) as two:
            yield w, one, two
        conn.rollback()
        names = w.mirrors.names
        for schema in (names.mapping_schema, names.live_schema("erp"), "mirror_erp"):
            conn.execute(f'DROP SCHEMA "{schema}" CASCADE')
        conn.execute("TRUNCATE hub.dirty_root, hub.source_record")


def resolve(w):
    """What a resolver does: take marks, then evaluate and store in a later statement."""
    keys = sorted(w.marks("customer"))
    for record in w.mirrors.evaluate(w.conn, "erp", "customer", keys).records:
        w.save("customer", record)
    w.conn.commit()


def in_thread(w, conn, *changes):
    """Apply in a thread, because it may have to wait for the other worker's commit."""

    def work():
        w.mirrors.apply(conn, changes, w.marking)
        conn.commit()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def stored(w):
    rows = w.conn.execute("SELECT key, attrs FROM hub.source_record WHERE NOT deleted ORDER BY 1")
    return rows.fetchall()


@pytest.mark.parametrize("first", [0, 1])
def test_rows_that_meet_on_the_way_to_a_root_are_both_seen(shared, first):
    w, *connections = shared
    w.apply(w.feed.put("party", 1, "Ann"))
    w.conn.commit()
    resolve(w)
    changes = [w.feed.put("link", 10, 1), w.feed.put("value", 100, 10, "late")]
    w.mirrors.apply(connections[first], [changes[first]], w.marking)
    thread = in_thread(w, connections[1 - first], changes[1 - first])
    thread.join(timeout=0.3)
    resolve(w)
    connections[first].commit()
    resolve(w)
    thread.join(timeout=5)
    assert not thread.is_alive()
    resolve(w)
    assert stored(w) == [("1", {"name": "Ann", "texts": ["late"]})]


def test_a_truncation_and_an_insert_of_another_worker_cannot_miss_each_other(shared):
    w, one, two = shared
    old, cut = w.feed.put("party", 1, "old"), w.feed.truncate("party")
    w.mirrors.apply(one, [old], w.marking)
    thread = in_thread(w, two, cut)
    thread.join(timeout=0.3)
    assert thread.is_alive(), "the truncation waits for the insert that it could not see"
    one.commit()
    thread.join(timeout=5)
    assert w.rows("party", "_deleted") == [(True,)]
    w.conn.rollback()


def test_changes_of_root_rows_alone_do_not_wait_for_each_other(shared):
    w, one, two = shared
    w.mirrors.apply(one, [w.feed.put("party", 1, "a")], w.marking)
    w.mirrors.apply(two, [w.feed.put("party", 2, "b")], w.marking)
    one.commit()
    two.commit()
    assert w.marks("customer") == {"1", "2"}
    w.conn.rollback()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_whatever_the_order_of_three_tables_the_last_mark_sees_all(shared, order):
    w, *_ = shared
    changes = [
        w.feed.put("party", 1, "Ann"),
        w.feed.put("link", 10, 1),
        w.feed.put("value", 100, 10, "x"),
    ]
    for at in order:
        w.mirrors.apply(w.conn, [changes[at]], w.marking)
        w.conn.commit()
        resolve(w)
    assert stored(w) == [("1", {"name": "Ann", "texts": ["x"]})]


def test_two_workers_that_insert_one_unseen_row_keep_the_newer(shared):
    w, one, two = shared
    old, new = w.feed.put("value", 1, 1, "old"), w.feed.put("value", 1, 1, "new")
    w.mirrors.apply(one, [new], frozenset())
    outcome = {}

    def work():
        outcome.update(w.mirrors.apply(two, [old], frozenset()).counts)
        two.commit()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=0.3)
    one.commit()
    thread.join(timeout=5)
    counts = outcome["erp", "value"]
    assert (counts.received, counts.applied, counts.stale) == (1, 0, 1)
    assert w.rows("value", "text") == [("new",)]
    w.conn.rollback()


def test_workers_may_install_at_the_same_time(shared, database):
    w, *_ = shared
    failures = []

    def work():
        try:
            with psycopg.connect(database) as conn:
                w.mirrors.install(conn)
        except psycopg.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert failures == []
