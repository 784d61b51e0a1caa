"""When attributes changed: each by the columns that feed it, however the feed was cut."""

from __future__ import annotations

import pytest

from connectors.mirror.derive.feeds import feeds_of
from tests.connectors.mirror.conftest import START

PARTY = {"id": "bigint", "name": "text", "email": "text", "city": "text"}
PHONE = {"id": "bigint", "party_id": "bigint", "number": "text"}
PLAIN = {"customer": "SELECT id AS key, name, email, city FROM erp.party"}
SIDE = {
    "customer": "SELECT p.id AS key, p.name, f.number AS phone FROM erp.party p"
    " LEFT JOIN LATERAL (SELECT x.number FROM erp.phone x WHERE x.party_id = p.id"
    " ORDER BY x.id LIMIT 1) f ON true"
}

READS = {"party": ["id", "name", "email", "kind"], "phone": ["party_id", "number"]}


def test_a_plain_column_feeds_its_attribute_and_conditions_feed_all():
    found = feeds_of(
        "SELECT p.id AS key, p.name, upper(p.email) AS email FROM l.party p WHERE p.kind = 'x'",
        READS,
    )
    assert found["name"] == {"party": {"name", "kind"}}
    assert found["email"] == {"party": {"email", "kind"}}


def test_a_query_in_from_brings_all_that_is_read_of_its_tables_and_what_it_names_outside():
    found = feeds_of(
        "SELECT p.id AS key, p.name, f.number AS phone FROM l.party p LEFT JOIN LATERAL ("
        "SELECT x.number FROM l.phone x WHERE x.party_id = p.id LIMIT 1) f ON true",
        READS,
    )
    assert found["phone"] == {"phone": {"party_id", "number"}, "party": {"id"}}
    assert found["name"] == {"party": {"name"}}


def test_a_joined_table_comes_with_its_condition():
    found = feeds_of(
        "SELECT p.id AS key, p.name, f.number AS phone FROM l.party p"
        " JOIN l.phone f ON f.party_id = p.id",
        READS,
    )
    assert found["phone"] == {"phone": {"number", "party_id"}, "party": {"id"}}
    assert found["name"] == {"party": {"name"}}


def test_what_is_not_one_select_feeds_nobody_knows_what():
    assert feeds_of("SELECT id AS key FROM l.party UNION SELECT id FROM l.party", READS) == {}


def forget(w, *, marks=True):
    """Begin as after a commit, which empties the temporary tables."""
    for statements in w.mirrors.marker(w.conn).statements.values():
        w.conn.execute(f"DELETE FROM {statements.images}")
    if marks:
        w.conn.execute("DELETE FROM hub.dirty_root")


def taken(w, entity="customer"):
    """Take the marks away; return the newest time, and the times of attributes, in seconds."""
    rows = w.conn.execute("DELETE FROM hub.dirty_root RETURNING tag, bits, changed_at").fetchall()
    return w.mirrors.changed_at(w.conn, "erp", entity, rows), max(at for *_, at in rows)


@pytest.mark.postgres
@pytest.mark.parametrize("together", [True, False])
def test_two_attributes_that_changed_one_after_another_have_their_own_times(world, together):
    w = world({"party": PARTY}, PLAIN)
    w.apply(w.feed.put("party", 1, "Ann", "a@x", "Bern"))
    forget(w)
    name = w.feed.put("party", 1, "Anna", "a@x", "Bern")
    email = w.feed.put("party", 1, "Anna", "b@x", "Bern")
    if together:
        w.apply(name, email)
    else:
        w.apply(name)
        forget(w, marks=False)
        w.apply(email)
    times, newest = taken(w)
    assert times == {"name": name.source_ts, "email": email.source_ts}
    assert newest == email.source_ts


@pytest.mark.postgres
def test_one_row_of_many_in_a_chunk_changes_in_steps_and_the_others_at_once(world):
    w = world({"party": PARTY}, PLAIN)
    w.apply(*(w.feed.put("party", n, "Ann", "a@x", "Bern") for n in (1, 2)))
    forget(w)
    first = w.feed.put("party", 1, "Anna", "a@x", "Bern")
    other = w.feed.put("party", 2, "Bob", "a@x", "Chur")
    second = w.feed.put("party", 1, "Anna", "a@x", "Basel")
    w.apply(first, other, second)
    rows = w.conn.execute("SELECT root_key, tag, bits, changed_at FROM hub.dirty_root").fetchall()
    of = {root: [change for key, *change in rows if key == root] for root in ("1", "2")}
    times = {root: w.mirrors.changed_at(w.conn, "erp", "customer", of[root]) for root in of}
    assert times["1"] == {"name": first.source_ts, "city": second.source_ts}
    assert times["2"] == {"name": other.source_ts, "city": other.source_ts}


@pytest.mark.postgres
def test_a_side_row_gives_its_time_to_what_comes_from_it(world):
    w = world({"party": PARTY, "phone": PHONE}, SIDE)
    party = w.feed.put("party", 1, "Ann", "a@x", "Bern")
    phone = w.feed.put("phone", 7, 1, "123")
    w.apply(party, phone)
    times, _ = taken(w)
    assert times["name"] == party.source_ts
    assert times["phone"] == phone.source_ts


@pytest.mark.postgres
def test_a_row_that_came_and_changed_in_one_chunk_has_the_time_of_each_change(world):
    w = world({"party": PARTY}, PLAIN)
    made = w.feed.put("party", 1, "Ann", None, None)
    filled = w.feed.put("party", 1, "Ann", "a@x", None)
    w.apply(made, filled)
    times, _ = taken(w)
    assert times["name"] == made.source_ts
    assert times["email"] == filled.source_ts


@pytest.mark.postgres
def test_a_mark_of_another_catalogue_says_nothing_of_attributes(world):
    w = world({"party": PARTY}, PLAIN)
    w.apply(w.feed.put("party", 1, "Ann", "a@x", "Bern"))
    foreign = [("party@00000000", 1, START)]
    assert w.mirrors.changed_at(w.conn, "erp", "customer", foreign) == {}
