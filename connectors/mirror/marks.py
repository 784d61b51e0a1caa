"""Marks: which roots a resolver has to look at again."""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted, never of feed values
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connectors.mirror.derive.syntax import render
from connectors.mirror.evaluate import DATA_ERRORS
from connectors.mirror.moments import tag
from connectors.mirror.names import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from connectors.mirror.derive.paths import Way
    from connectors.mirror.names import Names
    from connectors.mirror.plans import MappingPlan
    from connectors.mirror.staging import Statements

Changed: TypeAlias = "frozenset[tuple[str, int]]"
"""Tables of one system that changed together, each with a bound on its number of images.

The bound, rounded up so that statements are few, stands in the SQL as a LIMIT that never cuts:
PostgreSQL keeps no statistics of a temporary table and would take one image for a thousand, and
a thousand rows to join for a reason to read whole tables.
"""

FEED_CAUSE: Final = "feed"
FEED_PRIORITY: Final = 1

LOCK: Final = "SELECT {}(hashtextextended(%s, 7302))"

INSERT: Final = """
INSERT INTO hub.dirty_root
       (shard, entity, system, root_key, cause, priority, changed_at, tag, bits, ours)
SELECT hub.shard_of({entity}, {system}, root, {shards}), {entity}, {system}, root,
       {cause}, {priority}, max(at), tag, bits, bool_or(ours)
FROM ({roots}) k WHERE root IS NOT NULL GROUP BY root, tag, bits
"""
MARK_ALL: Final = """
INSERT INTO hub.dirty_root (shard, entity, system, root_key, cause, priority)
SELECT hub.shard_of({entity}, {system}, root, {shards}), {entity}, {system}, root,
       {cause}, {priority}
FROM ({roots}) k WHERE root IS NOT NULL GROUP BY root
"""


@dataclass(slots=True)
class Marker:
    """Makes and runs the statements that mark; statements are kept by what changed together."""

    names: Names
    statements: Mapping[tuple[str, str], Statements]
    shards: int
    made: dict[tuple[str, str, Changed, bool], str] = field(default_factory=dict)

    def mark(self, conn: Connection[Any], plan: MappingPlan, changed: Changed) -> dict[int, int]:
        """Mark the roots that the images of the changed tables may touch; new marks by shard.

        Two workers that write two tables of one mapping must not both miss the other's row on
        the way to a root. So whoever joins other rows holds the mapping's lock until commit, and
        derives after taking it: the second sees what the first has committed.
        """
        name = "pg_advisory_xact_lock"
        if not any(plan.joins(table) for table, _ in changed):
            name += "_shared"
        conn.execute(LOCK.format(name), ("/".join(plan.pair),))
        conn.execute("SAVEPOINT mirror_mark")
        try:
            rows = conn.execute(self._statement(plan, changed)).fetchall()
        except DATA_ERRORS:
            # A mapping's own condition fails on some row. The row is valid all the same: mark
            # more, by conditions that cannot fail, and let evaluation say which root is bad.
            conn.execute("ROLLBACK TO SAVEPOINT mirror_mark")
            rows = conn.execute(self._statement(plan, changed, surely=True)).fetchall()
        conn.execute("RELEASE SAVEPOINT mirror_mark")
        return dict(rows)

    def _statement(self, plan: MappingPlan, changed: Changed, *, surely: bool = False) -> str:
        key = (*plan.pair, changed, surely)
        if key not in self.made:
            ways = plan.sure_ways if surely else plan.ways
            self.made[key] = self._make(replace(plan, ways=ways), changed)
        return self.made[key]

    def _make(self, plan: MappingPlan, changed: Changed) -> str:
        touched = touched_roots(self, plan, changed)
        insert = self._insert(INSERT, plan, touched, (literal(FEED_CAUSE), FEED_PRIORITY))
        counted = "SELECT shard, count(*) FROM marked GROUP BY shard"
        return f"WITH marked AS ({insert} RETURNING shard) {counted}"

    def _insert(self, form: str, plan: MappingPlan, roots: str, why: tuple[str, int]) -> str:
        system, entity = plan.pair
        return form.format(
            entity=literal(entity),
            system=literal(system),
            shards=self.shards,
            cause=why[0],
            priority=why[1],
            roots=roots,
        )

    def mark_all(self, conn: Connection[Any], plan: MappingPlan, cause: str, priority: int) -> int:
        """Mark every root of the mapping and every root of a stored record."""
        return conn.execute(self.marking(plan, self.every_root(plan), cause, priority)).rowcount

    def marking(self, plan: MappingPlan, roots: str, cause: str, priority: int) -> str:
        """The statement that marks what a query yields as `root`."""
        return self._insert(MARK_ALL, plan, roots, (literal(cause), int(priority)))

    def every_root(self, plan: MappingPlan) -> str:
        """All root keys as text: those that the mapping can yield now, and those stored."""
        system, entity = plan.pair
        stored = (
            "SELECT root_key FROM hub.source_record"
            f" WHERE entity = {literal(entity)} AND system = {literal(system)} AND NOT deleted"
        )
        if plan.roots is None:
            current = [f"SELECT key::text AS root FROM {self.names.mapping(system, entity)}"]
        else:
            current = [self._current_roots(system, way) for way in plan.roots]
        return " UNION ".join([*current, stored])

    def _current_roots(self, system: str, way: Way) -> str:
        alias, table = way.instances[0]
        key = render(way.key) if way.key is not None else "NULL"
        return (
            f"SELECT ({key})::text AS root FROM {self.names.live(system, table)} AS {alias}"
            f"{where(way)}"
        )


def bounds(
    conn: Connection[Any], marker: Marker, tables: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """How many images each table has at most: the count, rounded up to a power of four."""
    if not tables:
        return {}
    counts = ", ".join(
        f"(SELECT count(*) FROM {marker.statements[table].images})" for table in tables
    )
    row = conn.execute(f"SELECT {counts}").fetchone() or ()
    return {table: rounded(count) for table, count in zip(tables, row, strict=True) if count}


def rounded(count: int) -> int:
    bound = 1
    while bound < count:
        bound *= 4
    return bound


def touched_roots(marker: Marker, plan: MappingPlan, changed: Changed) -> str:
    """Root keys and times of change, from the images of the changed tables."""
    parts = [
        every(marker, plan, way, changed) if way.key is None else joined(marker, plan, way, changed)
        for table, _ in sorted(changed)
        for way in plan.ways[table]
    ]
    if any(plan.every_root(table) for table, _ in changed):
        # Every root means also those that the chunk has just taken away.
        parts += [
            joined(marker, plan, way, changed)
            for way in plan.roots or ()
            if way.table in dict(changed)
        ]
    return " UNION ALL ".join(parts)


def joined(marker: Marker, plan: MappingPlan, way: Way, changed: Changed) -> str:
    """Follow one way: the changed rows joined to current rows and to old images."""
    key = render(way.key) if way.key is not None else "NULL"
    sources = [_changed_rows(marker, plan, way, changed)]
    sources += [
        _rows(marker, plan, way, (alias, table), changed) for alias, table in way.instances[1:]
    ]
    return (
        f"SELECT ({key})::text AS root, {_tag(marker, plan, way)} AS tag,"
        f" {way.changed}._bits AS bits, {way.changed}._changed_at AS at,"
        f" {way.changed}._ours AS ours"
        f" FROM {', '.join(sources)}{where(way)}"
    )


def every(marker: Marker, plan: MappingPlan, way: Way, changed: Changed) -> str:
    """Every root, if a changed row satisfies the conditions that it alone must satisfy."""
    rows = _changed_rows(marker, plan, way, changed)
    found = (
        f"SELECT bit_or({way.changed}._bits) AS bits, max({way.changed}._changed_at) AS at,"
        f" bool_or({way.changed}._ours) AS ours"
        f" FROM {rows}{where(way)} HAVING count(*) > 0"
    )
    return (
        f"SELECT r.root, {_tag(marker, plan, way)} AS tag, c.bits, c.at, c.ours"
        f" FROM ({found}) c, ({marker.every_root(plan)}) r"
    )


def _tag(marker: Marker, plan: MappingPlan, way: Way) -> str:
    return literal(tag(way.table, marker.statements[plan.mapping.system, way.table].read))


def where(way: Way) -> str:
    conditions = " AND ".join(f"({render(one)})" for one in way.conditions)
    return f" WHERE {conditions}" if conditions else ""


def _needed(way: Way, alias: str) -> list[str]:
    return sorted({name for table, name in way.columns if table == alias})


def _changed_rows(marker: Marker, plan: MappingPlan, way: Way, changed: Changed) -> str:
    statements = marker.statements[plan.mapping.system, way.table]
    rows = statements.changed(
        plan.reads[way.table], _needed(way, way.changed), dict(changed)[way.table]
    )
    return f"({rows}) AS {way.changed}"


def _rows(
    marker: Marker,
    plan: MappingPlan,
    way: Way,
    instance: tuple[str, str],
    changed: Changed,
) -> str:
    """Current rows; with the old images where the table changed too: what was a link is one."""
    alias, table = instance
    live = marker.names.live(plan.mapping.system, table)
    at_most = dict(changed).get(table)
    if at_most is None:
        return f"{live} AS {alias}"
    needed = _needed(way, alias)
    columns = ", ".join([quoted(name) for name in needed] or ["1 AS _one"])
    old = marker.statements[plan.mapping.system, table].old_images(needed, at_most)
    names = ", ".join([quoted(name) for name in needed] or ["1"])
    return f"(SELECT {columns} FROM {live} UNION ALL SELECT {names} FROM ({old}) o) AS {alias}"
