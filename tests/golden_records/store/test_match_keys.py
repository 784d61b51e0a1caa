"""Matching keys as they are stored: what records share, what goes and what stays."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from golden_records.store import crosswalk
from golden_records.store.matching import PostgresMatching

pytestmark = pytest.mark.postgres

FILL = """
INSERT INTO hub.source_record (entity, system, key, root_key, attrs, canonical, changed_at, base)
SELECT 'customer', 'erp', n, n, '{}', '{}', '{}', '{}'
FROM generate_series(%(first)s::int, %(last)s::int) n RETURNING id
"""
CAPS = (50, 50, 50)


@pytest.fixture
def session(hub_database):
    with psycopg.connect(hub_database, autocommit=True) as made:
        yield made


@pytest.fixture
def records(session):
    return crosswalk.PostgresSourceRecords(session)


def come(session, first, last):
    return [i for (i,) in session.execute(FILL, {"first": first, "last": last})]


def test_only_who_shares_a_key_with_the_others_is_told(session, records):
    a, b, c = come(session, 1, 3)
    records.write_keys({a: [4, 8], b: [8, 12], c: [16]})
    assert records.sharing([a, c], [b], CAPS) == [a]
    assert records.sharing([b], [a], CAPS) == [b]
    assert records.sharing([c], [a, b], CAPS) == []


def test_a_key_that_too_many_share_brings_nobody_together(session, records):
    ids = come(session, 1, 4)
    records.write_keys({i: [4] for i in ids})
    assert records.sharing(ids[:1], ids[1:], (3, 3, 3)) == []
    assert records.sharing(ids[:1], ids[1:], (4, 4, 4)) == ids[:1]


def test_a_record_is_read_with_the_version_of_what_it_says(session):
    facts = PostgresMatching(session)
    (a,) = come(session, 1, 1)
    first = facts.by_id([a])
    session.execute(
        """UPDATE hub.source_record SET canonical = '{"name": "ACME"}', version = version + 1"""
    )
    (then,), (now,) = first, facts.by_id([a])
    assert (then.attrs, now.attrs) == ({}, {"name": "ACME"})
    assert now == replace(then, attrs=now.attrs, version=then.version + 1)
    assert facts.by_id([]) == []


def test_keys_that_go_are_deleted_and_keys_that_stay_are_left(session, records):
    a, b = come(session, 1, 2)
    records.write_keys({a: [4, 8], b: [8]})
    before = dict(session.execute("SELECT (key, record_id)::text, xmin::text FROM hub.match_key"))
    records.write_keys({a: [8, 12]})
    after = dict(session.execute("SELECT (key, record_id)::text, xmin::text FROM hub.match_key"))
    assert after.keys() == {f"(8,{a})", f"(12,{a})", f"(8,{b})"}
    assert all(after[row] == before[row] for row in before.keys() & after.keys())
    records.write_keys({a: [], b: []})
    assert session.execute("SELECT count(*) FROM hub.match_key").fetchone() == (0,)
