"""Random changes of mirror rows that reach a root, for the proof of the derivation."""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted; values are bound parameters
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from connectors.mirror.derive.syntax import render
from connectors.mirror.marks import where
from connectors.mirror.names import quoted
from golden_records.domain.rowchange import Op, RowChange

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from psycopg import Connection

    from connectors.mirror.derive.paths import Way
    from connectors.mirror.names import Names
    from connectors.mirror.plans import MappingPlan
    from golden_records.domain.rowchange import TableContract

SAMPLE: Final = 40
DELETE: Final = "(row deleted)"
INSERT: Final = "(row copied)"

OTHER_VALUE: Final = {
    "boolean": "NOT {0}",
    "text": "{0} || 'x'",
    "date": "{0} + 1",
    "timestamptz": "{0} + interval '1 day'",
    "timestamp": "{0} + interval '1 day'",
    "uuid": "gen_random_uuid()",
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "{0} + 1"),
    **dict.fromkeys(("real", "double precision"), "{0} + 1"),
}
"""An expression for another value of the type; NULL stays NULL."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one row, and the column that it changed."""

    change: RowChange
    column: str


@dataclass(slots=True)
class Mutator:
    """Draws rows and changes them; everything follows from the random source it was given."""

    conn: Connection[Any]
    names: Names
    random: Random
    now: datetime
    offset: int = 2**62

    def draw(
        self, plan: MappingPlan, contract: TableContract, roots: Sequence[str]
    ) -> Mutation | None:
        """Change one row of the table in one way; None when the table has no row."""
        row = self._row(plan, contract, roots)
        if row is None:
            return None
        kind = self.random.random()
        if kind < 0.1:  # noqa: PLR2004 - one in ten
            return Mutation(self._change(contract, row, Op.DELETE), DELETE)
        if kind < 0.2:  # noqa: PLR2004 - one in ten
            copied = self._copied(contract, row)
            return Mutation(self._change(contract, copied, Op.CREATE), INSERT)
        columns = [n for n in plan.reads[contract.table] if n not in contract.key]
        if not columns:
            return Mutation(self._change(contract, row, Op.DELETE), DELETE)
        column = self.random.choice(columns)
        at = contract.column_names.index(column)
        values = (*row[:at], self._value(contract, column, row[at]), *row[at + 1 :])
        return Mutation(self._change(contract, values, Op.UPDATE), column)

    def _change(self, contract: TableContract, row: Sequence[Any], op: Op) -> RowChange:
        self.offset += 1
        return RowChange(
            system=contract.system,
            table=contract.table,
            op=op,
            key=tuple(row[at] for at in contract.key_positions),
            values=None if op is Op.DELETE else tuple(row),
            position=None,
            topic=contract.topic,
            partition=0,
            offset=self.offset,
            source_ts=self.now,
        )

    def _row(
        self, plan: MappingPlan, contract: TableContract, roots: Sequence[str]
    ) -> tuple[Any, ...] | None:
        """A live row as text: mostly one on the way to some root, now and then any."""
        ways = [way for way in plan.ways[contract.table] if way.key is not None]
        if ways and self.random.random() < 0.8:  # noqa: PLR2004 - four in five
            found = self._reaching(plan, contract, self.random.choice(ways), roots)
            if found is not None:
                return found
        columns = ", ".join(f"t.{quoted(name)}::text" for name in contract.column_names)
        live = self.names.live(contract.system, contract.table)
        order = " || '/' || ".join(f"t.{quoted(name)}::text" for name in contract.key)
        return self.conn.execute(
            f"SELECT {columns} FROM {live} t ORDER BY md5({order} || %s) LIMIT 1", (self._salt(),)
        ).fetchone()

    def _reaching(
        self, plan: MappingPlan, contract: TableContract, way: Way, roots: Sequence[str]
    ) -> tuple[Any, ...] | None:
        columns = ", ".join(f"{way.changed}.{quoted(n)}::text" for n in contract.column_names)
        sources = ", ".join(
            f"{self.names.live(plan.mapping.system, table)} AS {alias}"
            for alias, table in way.instances
        )
        key = render(way.key) if way.key is not None else "NULL"
        order = " || '/' || ".join(f"{way.changed}.{quoted(n)}::text" for n in contract.key)
        chosen = sql.SQL(", ").join(
            sql.Literal(one) for one in self.random.sample(list(roots), min(SAMPLE, len(roots)))
        )
        if not roots:
            return None
        glue = " AND " if way.conditions else " WHERE "
        statement = (
            f"SELECT {columns} FROM {sources}{where(way)}{glue}({key})::text IN"
            f" ({chosen.as_string(self.conn)})"
            f" ORDER BY md5({order} || '{self._salt()}') LIMIT 1"
        )
        return self.conn.execute(statement).fetchone()

    def _salt(self) -> str:
        return str(self.random.randrange(10**9))

    def _value(self, contract: TableContract, column: str, held: str | None) -> str | None:
        """Another row's value, NULL, or one made from the row's own."""
        kind = self.random.random()
        if kind < 0.2:  # noqa: PLR2004 - one in five
            return None
        table = self.names.live(contract.system, contract.table)
        if kind < 0.7:  # noqa: PLR2004 - one in two
            row = self.conn.execute(
                f"SELECT {quoted(column)}::text FROM {table} t"
                f" WHERE {quoted(column)}::text IS DISTINCT FROM %s"
                f" ORDER BY md5(t::text || %s) LIMIT 1",
                (held, self._salt()),
            ).fetchone()
            return row[0] if row else None
        return self._made(contract.column(column).type, held)

    def _made(self, kind: str, held: str | None) -> str | None:
        made = OTHER_VALUE.get(kind.split("(", maxsplit=1)[0].strip().lower())
        if made is None:
            return None
        expression = made.format(f"%s::{kind}") if "{0}" in made else made
        values = (held,) if "{0}" in made else ()
        row = self.conn.execute(f"SELECT ({expression})::text", values).fetchone()
        return row[0] if row else None

    def _copied(self, contract: TableContract, row: Sequence[Any]) -> tuple[Any, ...]:
        """The row under a new key: the key's last column that can be told on gets a new value."""
        values = list(row)
        for at in reversed(contract.key_positions):
            made = self._fresh(contract.columns[at].type)
            if made is not None:
                values[at] = made
                break
        return tuple(values)

    def _fresh(self, kind: str) -> str | None:
        number = self.random.randrange(20_000, 30_000)
        bare = kind.split("(", maxsplit=1)[0].strip().lower()
        if bare in {"smallint", "integer", "bigint", "numeric"}:
            return str(number)
        if bare in {"text", "varchar", "character varying"}:
            return f"new{number}"
        return self._made("uuid", None) if bare == "uuid" else None
