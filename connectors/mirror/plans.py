"""What the hub knows of a mapping once its view exists: what it reads and how changes reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from connectors.mirror.derive.build import Builder
from connectors.mirror.derive.paths import ROOT_COLUMN, Way, find_way, root_of
from connectors.mirror.derive.syntax import parse
from connectors.mirror.derive.tree import Functions, NotUnderstoodError, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from connectors.mirror.derive.tree import Query
    from connectors.mirror.names import Names
    from golden_records.domain.catalogue import EntityMapping
    from golden_records.domain.rowchange import TableContract

NOT_UNDERSTOOD: Final = (SqlglotError, NotUnderstoodError, LookupError, AttributeError, TypeError)
"""What reading a definition may raise; the derivation then says `every root`, it never guesses."""

DEFINITION: Final = "SELECT pg_get_viewdef(%s::regclass, true)"

READ_COLUMNS: Final = """
SELECT c.relname, coalesce(array_agg(DISTINCT a.attname::text) FILTER (WHERE a.attname IS NOT NULL),
       '{}')
FROM pg_rewrite r
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
     AND d.refobjsubid > 0
WHERE r.ev_class = %s::regclass AND n.nspname = %s
GROUP BY c.relname
"""

FUNCTIONS: Final = """
SELECT coalesce(array_agg(proname::text) FILTER (WHERE prokind = 'a'), '{}'),
       coalesce(array_agg(proname::text) FILTER (WHERE proretset), '{}'),
       coalesce(array_agg(proname::text) FILTER (WHERE provolatile = 'v'), '{}')
FROM pg_proc
WHERE prokind = 'a' OR proretset OR provolatile = 'v'
"""

KEY_TYPE: Final = """
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = %s::regclass AND attname = 'key' AND NOT attisdropped
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingPlan:
    """A mapping as its view shows it.

    `reads` are the columns whose change may matter, by table; `ways` lead from a changed row to
    roots, `sure_ways` too, by conditions that no value can make fail; `roots` find all root keys,
    None where only the view itself can tell.
    `not_understood` says why, where every root is touched by every table.
    """

    mapping: EntityMapping
    key_type: str
    definition: str
    reads: Mapping[str, tuple[str, ...]]
    ways: Mapping[str, tuple[Way, ...]]
    sure_ways: Mapping[str, tuple[Way, ...]]
    roots: tuple[Way, ...] | None
    not_understood: str | None = None

    @property
    def pair(self) -> tuple[str, str]:
        return self.mapping.system, self.mapping.entity

    def every_root(self, table: str) -> bool:
        """Whether a change of this table touches every root."""
        return any(way.key is None for way in self.ways[table])

    def joins(self, table: str) -> bool:
        """Whether the way to roots leads through other rows, which other workers may be writing."""
        ways = (*self.ways[table], *self.sure_ways[table])
        return any(way.key is None or len(way.instances) > 1 for way in ways)


def read_functions(conn: Connection[Any]) -> Functions:
    """Ask PostgreSQL which functions aggregate, return sets, or are volatile."""
    row = conn.execute(FUNCTIONS).fetchone()
    aggregates, sets, volatile = row or ((), (), ())
    return Functions(frozenset(aggregates), frozenset(sets), frozenset(volatile))


def make_plan(
    conn: Connection[Any],
    names: Names,
    mapping: EntityMapping,
    contracts: Mapping[tuple[str, str], TableContract],
    functions: Functions,
) -> MappingPlan:
    """Read the view's definition and derive the ways; nothing here depends on the data."""
    view = names.mapping(*(mapping.system, mapping.entity))
    live_schema = names.live_schema(mapping.system)
    definition = _definition(conn, view)
    columns = {
        contract.table: contract.column_names
        for contract in contracts.values()
        if contract.system == mapping.system
    }
    depends = dict(conn.execute(READ_COLUMNS, (view, live_schema)).fetchall())
    schema = Schema(live_schema, columns, functions)
    key = conn.execute(KEY_TYPE, (view,)).fetchone()
    derived = _derive(definition, schema, mapping, frozenset(depends))
    return MappingPlan(
        mapping=mapping,
        key_type=key[0] if key else "text",
        definition=definition,
        reads={
            table: _in_order(columns[table], columns[table] if derived.whole_rows else read)
            for table, read in depends.items()
        },
        ways=derived.ways,
        sure_ways=derived.sure_ways,
        roots=derived.roots,
        not_understood=derived.not_understood,
    )


def _definition(conn: Connection[Any], view: str) -> str:
    """The definition with every table under its schema's name."""
    previous = conn.execute("SELECT current_setting('search_path')").fetchone()
    conn.execute("SELECT set_config('search_path', 'pg_catalog', true)")
    row = conn.execute(DEFINITION, (view,)).fetchone()
    conn.execute("SELECT set_config('search_path', %s, true)", previous)
    return row[0] if row else ""


def _in_order(columns: Iterable[str], read: Iterable[str]) -> tuple[str, ...]:
    wanted = set(read)
    return tuple(name for name in columns if name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What the definition alone tells. `whole_rows`: some table is read as a whole row."""

    ways: Mapping[str, tuple[Way, ...]]
    sure_ways: Mapping[str, tuple[Way, ...]]
    roots: tuple[Way, ...] | None = None
    not_understood: str | None = None
    whole_rows: bool = True


def _derive(
    definition: str, schema: Schema, mapping: EntityMapping, tables: frozenset[str]
) -> Derived:
    try:
        statement = parse(definition.strip().removesuffix(";"))
        builder = Builder(schema)
        query = builder.root(statement)
    except NOT_UNDERSTOOD as error:
        blind = {table: (_blind(table),) for table in tables}
        return Derived(ways=blind, sure_ways=blind, not_understood=repr(error))
    accepted = mapping.every_root
    return Derived(
        ways=_ways(builder, query, tables, accepted, surely=False),
        sure_ways=_ways(builder, query, tables, accepted, surely=True),
        roots=_roots(builder, query),
        whole_rows=any(isinstance(c.this, exp.Star) for c in statement.find_all(exp.Column)),
    )


def _ways(
    builder: Builder,
    query: Query,
    tables: frozenset[str],
    accepted: frozenset[str],
    *,
    surely: bool,
) -> dict[str, tuple[Way, ...]]:
    """The ways of each table; of one that the author accepts so, or that is not seen, blind."""
    ways: dict[str, list[Way]] = {table: [] for table in tables}
    for instance in builder.instances:
        way = find_way(builder, query, instance, surely=surely)
        ways.setdefault(instance.table, []).append(way)
    return {
        table: (_blind(table),) if not found or table in accepted else tuple(found)
        for table, found in ways.items()
    }


def _roots(builder: Builder, query: Query) -> tuple[Way, ...] | None:
    if ROOT_COLUMN not in query.columns or query.cut:
        return None
    found = [root_of(builder, query, block) for block in query.branches]
    known = tuple(way for way in found if way is not None)
    return known if len(known) == len(found) else None


def _blind(table: str) -> Way:
    return Way(table, "i0", (("i0", table),), (), None)
