"""Changes become rows, marks and counts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from golden_records.domain.rowchange import UNKNOWN, Position

pytestmark = pytest.mark.postgres

PARTY = {"id": "bigint", "name": "text", "credit": "numeric", "note": "text"}
SIMPLE = {"customer": "SELECT id AS key, name, credit FROM erp.party"}


def outcome(world, *changes):
    counts = world.apply(*changes).counts["erp", "party"]
    assert counts.received == counts.applied + counts.duplicate + counts.stale == len(changes)
    return counts.applied, counts.duplicate, counts.stale


def test_a_change_becomes_a_row_and_a_mark(world):
    w = world({"party": PARTY}, SIMPLE)
    result = w.apply(w.feed.put("party", 1, "Ann", Decimal("12.50"), None))
    assert w.rows("party", "id", "name", "credit", "_deleted") == [
        (1, "Ann", Decimal("12.50"), False)
    ]
    assert sum(result.hints.values()) == 1
    assert w.marks("customer") == {"1"}


def test_an_older_change_never_overwrites_a_newer_one(world):
    w = world({"party": PARTY}, SIMPLE)
    old = w.feed.put("party", 1, "old", None, None)
    new = w.feed.put("party", 1, "new", None, None)
    assert outcome(w, new) == (1, 0, 0)
    replay = old._replace(offset=99)
    assert outcome(w, replay) == (0, 0, 1)
    assert w.rows("party", "name") == [("new",)]


def test_a_redelivered_chunk_changes_nothing(world):
    w = world({"party": PARTY}, SIMPLE)
    chunk = [w.feed.put("party", 1, "a", None, None), w.feed.put("party", 1, "b", None, None)]
    chunk.append(w.feed.delete("party", 2))
    assert outcome(w, *chunk) == (3, 0, 0)
    w.marks("customer")
    assert outcome(w, *chunk) == (0, 3, 0)
    assert w.marks("customer") == set()


def test_changes_at_one_position_apply_in_arrival_order(world):
    w = world({"party": PARTY}, SIMPLE)
    at = Position(1, 500)
    first = w.feed.put("party", 1, "a", Decimal("1.0"), None, position=at)
    second = w.feed.put("party", 1, "b", Decimal("1.0"), None, position=at)
    same = w.feed.put("party", 1, "b", Decimal("1.0"), None, position=at)
    assert outcome(w, first) == (1, 0, 0)
    assert outcome(w, second, same) == (1, 1, 0)
    assert w.rows("party", "name") == [("b",)]


def test_a_row_without_position_keeps_the_stored_one(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(w.feed.put("party", 1, "a", None, None))
    position = w.rows("party", "_position")
    late = w.feed.put("party", 1, "late", None, None)
    assert outcome(w, w.feed.put("party", 1, "b", None, None, position=None)) == (1, 0, 0)
    assert outcome(w, w.feed.put("party", 1, "b", None, None, position=None)) == (0, 1, 0)
    assert w.rows("party", "_position") == position
    assert outcome(w, late) == (0, 1, 0), "an old event put aside and brought back"
    assert w.rows("party", "name") == [("b",)]


def test_a_topic_made_anew_is_not_a_redelivery(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(w.feed.put("party", 1, "a", None, None, offset=1_000_000))
    assert outcome(w, w.feed.put("party", 1, "b", None, None, offset=0)) == (1, 0, 0)


def test_unknown_keeps_what_is_stored(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(w.feed.put("party", 1, "a", Decimal(5), "long"))
    w.apply(
        w.feed.put("party", 1, "b", Decimal(5), UNKNOWN),
        w.feed.put("party", 1, UNKNOWN, Decimal(6), UNKNOWN),
    )
    assert w.rows("party", "name", "credit", "note") == [("b", Decimal(6), "long")]


def test_unknown_on_an_unseen_row_is_null_and_counted(world):
    w = world({"party": PARTY}, SIMPLE)
    counts = w.apply(w.feed.put("party", 1, "a", None, UNKNOWN)).counts["erp", "party"]
    assert (counts.unknown, w.rows("party", "note")) == (1, [(None,)])


def test_a_delete_leaves_a_tombstone_that_no_replay_revives(world):
    w = world({"party": PARTY}, SIMPLE)
    made = w.feed.put("party", 1, "a", None, "note")
    w.apply(made)
    w.marks("customer")
    w.apply(w.feed.delete("party", 1))
    assert w.rows("party", "name", "note", "_deleted") == [("a", "note", True)]
    assert w.marks("customer") == {"1"}
    assert outcome(w, made._replace(offset=77)) == (0, 0, 1)
    assert w.rows("party", "_deleted") == [(True,)]


def test_a_delete_of_an_unseen_row_is_remembered(world):
    w = world({"party": PARTY}, SIMPLE)
    made = w.feed.put("party", 1, "a", None, None)
    assert outcome(w, w.feed.delete("party", 1)) == (1, 0, 0)
    assert outcome(w, made._replace(offset=77)) == (0, 0, 1)
    assert w.marks("customer") == set()


def test_a_column_that_no_mapping_reads_touches_nothing(world):
    w = world({"party": PARTY}, SIMPLE)
    w.apply(w.feed.put("party", 1, "a", Decimal(5), "one"))
    w.marks("customer")
    assert outcome(w, w.feed.put("party", 1, "a", Decimal("5.00"), "two")) == (1, 0, 0)
    assert w.marks("customer") == set()
    assert w.rows("party", "note") == [("two",)]


def test_truncate_deletes_every_row_and_marks_its_root(world):
    w = world({"party": PARTY}, SIMPLE)
    lagging = w.feed.put("party", 9, "lagging", None, None)
    w.apply(*(w.feed.put("party", n, "x", None, None) for n in (1, 2)))
    w.marks("customer")
    cut, after = w.feed.truncate("party"), w.feed.put("party", 3, "after", None, None)
    assert outcome(w, cut, after) == (2, 0, 0)
    assert w.rows("party", "id", "_deleted") == [(1, True), (2, True), (3, False)]
    assert w.marks("customer") == {"1", "2", "3"}
    assert outcome(w, cut) == (0, 1, 0)
    assert outcome(w, lagging) == (0, 0, 1), "another partition's insert from before the cut"
    assert w.marks("customer") == set()


def test_nothing_is_marked_for_a_mapping_that_is_still_loading(world):
    w = world({"party": PARTY}, SIMPLE)
    w.mirrors.apply(w.conn, [w.feed.put("party", 1, "a", None, None)], frozenset())
    assert w.marks("customer") == set()
    assert w.mirrors.mark_all(w.conn, "erp", "customer", cause="load", priority=5) == 1
    assert w.marks("customer") == {"1"}


def test_marks_carry_the_newest_time_of_their_causes(world):
    w = world({"party": PARTY}, SIMPLE)
    changes = [w.feed.put("party", 1, name, None, None) for name in "abc"]
    w.apply(*changes)
    rows = w.conn.execute(
        "SELECT max(changed_at), cause, priority FROM hub.dirty_root GROUP BY 2, 3"
    )
    assert rows.fetchall() == [(changes[-1].source_ts, "feed", 1)]


def test_odd_names_and_two_column_keys_work(world):
    w = world(
        {"userGroup": {"select": "text", "userId": "uuid", "order": "integer"}},
        {"customer": 'SELECT "userId" AS key, "order" AS n FROM erp."userGroup"'},
        keys={"userGroup": ("userId", "select")},
    )
    one = "0b2c1c52-8d0c-4a3e-9d26-0a5f5e6f7a01"
    w.apply(w.feed.put("userGroup", "a'b\t%", one, 1))
    w.apply(w.feed.put("userGroup", "a'b\t%", one, 2))
    assert w.rows('"userGroup"', '"order"') == [(2,)]
    assert w.marks("customer") == {one}
