"""Any sequence of changes, cut into any chunks, gives what a plain reference fold gives."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from golden_records.domain.rowchange import UNKNOWN, Op, Position

pytestmark = pytest.mark.postgres

TABLE = {"id": "integer", "name": "text", "n": "numeric"}
SIMPLE = {"customer": "SELECT id AS key, name FROM erp.party"}


@dataclass
class Row:
    """The reference's row: no SQL, no encoding, no shortcuts."""

    position: tuple | None
    offset: int
    deleted: bool
    ahead: bool
    values: tuple
    changed_at: object


class Reference:
    """One change after the other, by the rules as they are written down."""

    def __init__(self):
        self.rows, self.floor = {}, None
        self.counts = dict.fromkeys(("applied", "duplicate", "stale", "unknown"), 0)

    def take(self, change):
        self.counts[self.verdict(change)] += 1

    def verdict(self, change):  # noqa: PLR0911 - the rules, one after the other
        at = change.position
        if change.op is Op.TRUNCATE:
            return self.truncate(change)
        if at is not None and self.floor is not None and at < self.floor:
            return "stale"
        row = self.rows.get(change.key)
        if row is not None:
            again = change.offset <= row.offset
            higher = at is not None and (row.position is None or at > row.position)
            if again and (not higher or row.ahead):
                return "duplicate"
            if not higher and at is not None and at < row.position:
                return "stale"
            if not higher and self.same(row, change):
                return "duplicate"
        self.write(row, change)
        return "applied"

    @staticmethod
    def same(row, change):
        if row.deleted or change.op is Op.DELETE:
            return row.deleted and change.op is Op.DELETE
        return all(v is UNKNOWN or v == h for v, h in zip(change.values, row.values, strict=True))

    def write(self, row, change):
        held = row.values if row else (change.key[0], None, None)
        told = change.values or (UNKNOWN, UNKNOWN, UNKNOWN)
        if row is None and change.values is not None and UNKNOWN in change.values:
            self.counts["unknown"] += 1
        values = tuple(h if v is UNKNOWN else v for v, h in zip(told, held, strict=True))
        position = change.position or (row.position if row else None)
        self.rows[change.key] = Row(
            position,
            change.offset,
            change.op is Op.DELETE,
            change.position is None,
            values,
            change.source_ts,
        )

    def truncate(self, change):
        at = change.position
        if self.floor is not None and at < self.floor:
            return "stale"
        hit = [
            row
            for row in self.rows.values()
            if not row.deleted
            and (row.position <= at if row.position else row.changed_at <= change.source_ts)
        ]
        for row in hit:
            row.deleted, row.position, row.ahead = True, at, False
            row.changed_at = change.source_ts
        verdict = "applied" if hit or at != self.floor else "duplicate"
        self.floor = at
        return verdict


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "put", "delete", "read", "truncate"]),
        st.integers(1, 3),
        st.sampled_from([UNKNOWN, None, "a", "b"]),
        st.sampled_from([UNKNOWN, 1, 2]),
        st.integers(-3, 2),
    ),
    max_size=14,
)


def changes_of(feed, events):
    """Positions mostly rise; now and then they fall back or stay, as after a restart."""
    lsn, out = 10, []
    for kind, key, name, n, step in events:
        lsn = max(1, lsn + step)
        at = Position(1, lsn)
        if kind == "truncate":
            out.append(feed.truncate("party", position=at))
        elif kind == "delete":
            out.append(feed.delete("party", key, position=at))
        else:
            place = at if kind == "put" else None
            out.append(feed.put("party", key, name, n, position=place))
    return out


def cut(items, places):
    edges = sorted({0, len(items), *(place % (len(items) + 1) for place in places)})
    return [items[a:b] for a, b in pairwise(edges)]


@given(
    events=EVENTS,
    places=st.lists(st.integers(0, 100), max_size=4),
    again=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10), st.booleans()), max_size=3),
)
@settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_mirror_is_the_reference_fold_in_any_chunking(shared, events, places, again):
    w = shared
    w.conn.execute("SAVEPOINT example")
    w.feed.lsn = w.feed.offset = 0
    changes = changes_of(w.feed, events)
    for start, length, replay in again:
        part = changes[start : start + length]
        if replay:
            w.feed.offset += length
            first = w.feed.offset - length + 1
            part = [c._replace(offset=first + i) for i, c in enumerate(part)]
        changes = changes + part
    reference = Reference()
    for change in changes:
        reference.take(change)
    totals = dict.fromkeys(reference.counts, 0)
    for chunk in cut(changes, places):
        for counts in w.apply(*chunk).counts.values():
            assert counts.received == counts.applied + counts.duplicate + counts.stale
            for name in totals:
                totals[name] += getattr(counts, name)
    found = {
        (row[0],): row[1:]
        for row in w.rows("party", "id", "_position", "_offset", "_deleted", "name", "n")
    }
    w.conn.execute("ROLLBACK TO SAVEPOINT example")
    assert found == {
        key: (
            row.position.encode() if row.position else None,
            row.offset,
            row.deleted,
            *row.values[1:],
        )
        for key, row in reference.rows.items()
        if row.values[0] is not UNKNOWN
    }
    assert totals == reference.counts


@pytest.fixture
def shared(world):
    return world({"party": TABLE}, SIMPLE)


def test_a_chunk_with_a_value_that_cannot_be_stored_raises_and_leaves_nothing(world):
    w = world({"party": TABLE}, SIMPLE)
    w.conn.execute("SAVEPOINT chunk")
    good, bad = w.feed.put("party", 1, "a", 1), w.feed.put("party", 2, "a", "not a number")
    with pytest.raises(psycopg.DataError):
        w.apply(good, bad)
    w.conn.execute("ROLLBACK TO SAVEPOINT chunk")
    assert w.rows("party") == []
    assert w.apply(good).counts["erp", "party"].applied == 1
