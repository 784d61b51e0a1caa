"""The load check: every problem of every mapping at once, each with its file, line and remedy."""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlglot import exp

from connectors.mirror.growth import judge
from connectors.mirror.lint import finding, unusable, unwise
from connectors.mirror.mappings import install_mapping_view, install_mapping_views, rewritten
from connectors.mirror.names import NAME_LIMIT, Names
from connectors.mirror.plans import make_plan, read_functions
from connectors.mirror.tables import MARKS, existing_columns, install_live_views, install_mirrors
from golden_records.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from connectors.mirror.derive.tree import Functions
    from connectors.mirror.plans import MappingPlan
    from golden_records.domain.catalogue import Catalogue, EntityMapping
    from golden_records.domain.rowchange import TableContract

KNOWN_TYPE: Final = "SELECT format_type(to_regtype(%s), to_regtypemod(%s))"

VIEW_COLUMNS: Final = """
SELECT attname::text FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""

REMEDIES: Final = {
    "42703": "correct the column, or add it to the table's columns in tables.yaml",
    "42P01": "correct the table's name; write <system>.<table>",
    "42P16": "give each output column a name of its own",
    "42701": "give each output column a name of its own",
    "42883": "correct the function's name or cast its arguments",
}
"""What to do, by PostgreSQL's error code."""


class Check:
    """One run of the check, inside a savepoint that is rolled back."""

    def __init__(
        self,
        conn: Connection[Any],
        catalogue: Catalogue,
        names: Names,
        contracts: Mapping[tuple[str, str], TableContract],
    ) -> None:
        self.conn = conn
        self.catalogue = catalogue
        self.names = names
        self.contracts = contracts
        self.forms: dict[tuple[str, str], str] = {}

    def run(self) -> list[Finding]:
        """All findings, tables first; remembers the form in which each mapping is evaluated."""
        self.conn.execute("SAVEPOINT mirror_check")
        try:
            found = list(self._all())
        finally:
            self.conn.execute("ROLLBACK TO SAVEPOINT mirror_check")
            self.conn.execute("RELEASE SAVEPOINT mirror_check")
        self._remember()
        return found

    def _all(self) -> Iterator[Finding]:
        broken = list(self._tables())
        yield from broken
        if broken:
            return
        functions = read_functions(self.conn)
        contracts = [self.contracts[key] for key in sorted(self.contracts)]
        install_mirrors(self.conn, contracts)
        if not self._exists(self.names.forms):
            install_live_views(self.conn, self.names, contracts)
            install_mapping_views(self.conn, self.names, ())
        for mapping in self.catalogue.mappings:
            yield from self._mapping(mapping, functions)

    def _tables(self) -> Iterator[Finding]:
        for key in sorted(self.contracts):
            contract = self.contracts[key]
            file = f"systems/{contract.system}/tables.yaml"
            for message, remedy in self._table(contract):
                text = f"{contract.table}: {message}"
                yield Finding(
                    file=file, line=None, severity=Severity.ERROR, message=text, remedy=remedy
                )

    def _table(self, contract: TableContract) -> Iterator[tuple[str, str]]:
        existing = existing_columns(self.conn, contract)
        for name in (contract.table, *contract.column_names):
            if len(name.encode()) > NAME_LIMIT or "%" in name or "\0" in name:
                yield f"the name {name!r} cannot be mirrored", "leave it out of tables.yaml"
        for column in contract.columns:
            if column.name in MARKS:
                yield f"{column.name} is a name of the mirror's own", "leave the column out"
            row = self.conn.execute(KNOWN_TYPE, (column.type, column.type)).fetchone()
            known = row[0] if row else None
            if known is None or known == "-":
                yield f"{column.name} has no type {column.type}", "connect the system again"
            elif existing.get(column.name, known) != known:
                held = existing[column.name]
                message = f"{column.name} is {held} in the mirror and {known} in the contract"
                yield message, "drop or alter the mirror's column, then snapshot the table again"

    def _exists(self, name: str) -> bool:
        row = self.conn.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
        return bool(row and row[0])

    def _mapping(self, mapping: EntityMapping, functions: Functions) -> Iterator[Finding]:
        tables = frozenset(table for system, table in self.contracts if system == mapping.system)
        found = list(unusable(mapping, tables))
        yield from found
        if found:
            return
        yield from unwise(mapping, functions.volatile)
        refused = self._create(mapping)
        if refused is not None:
            yield refused
            return
        yield from self._view(mapping, functions)

    def _create(self, mapping: EntityMapping) -> Finding | None:
        """Create the view unless it stands; PostgreSQL's refusal as a finding."""
        if self._exists(self.names.mapping(mapping.system, mapping.entity)):
            return None
        self.conn.execute("SAVEPOINT mirror_view")
        try:
            install_mapping_view(self.conn, self.names, mapping)
        except psycopg.Error as error:
            self.conn.execute("ROLLBACK TO SAVEPOINT mirror_view")
            return _refusal(mapping, error, self.names)
        finally:
            self.conn.execute("RELEASE SAVEPOINT mirror_view")
        return None

    def _view(self, mapping: EntityMapping, functions: Functions) -> Iterator[Finding]:
        view = self.names.mapping(mapping.system, mapping.entity)
        columns = {row[0] for row in self.conn.execute(VIEW_COLUMNS, (view,))}
        for name in ("key", *mapping.record):
            if name not in columns:
                yield finding(
                    mapping, None, f"the mapping yields no column {name}", f"yield {name}"
                )
        if "key" not in columns:
            return
        plan = make_plan(self.conn, self.names, mapping, self.contracts, functions)
        yield from _key(plan)
        yield from _every_root(plan)
        yield from self._growth(plan)

    def _growth(self, plan: MappingPlan) -> Iterator[Finding]:
        verdict = judge(self.conn, self.names, plan)
        if verdict.form is not None:
            self.forms[plan.pair] = verdict.form
            return
        costs = ", ".join(
            f"form {one.form} costs {one.now:,.0f} for one key and {one.tenfold:,.0f} with tenfold"
            " tables"
            for one in verdict.judged
        )
        yield finding(
            plan.mapping,
            None,
            f"the cost of one key grows with the tables: {costs}",
            "read children through LATERAL with the root's key in its WHERE, window functions"
            " partitioned by the key, no CTE used twice; see docs/mapping.md",
        )

    def _remember(self) -> None:
        if not self._exists(self.names.forms):
            return
        for (system, entity), form in self.forms.items():
            self.conn.execute(
                f"INSERT INTO {self.names.forms} AS f VALUES (%s, %s, %s)"
                " ON CONFLICT (system, entity) DO UPDATE SET form = excluded.form"
                " WHERE f.form <> excluded.form",
                (system, entity, form),
            )


def _refusal(mapping: EntityMapping, error: psycopg.Error, names: Names) -> Finding:
    """PostgreSQL's words, with the line in the author's file."""
    line = None
    if error.diag.statement_position is not None:
        # The view's own head takes one line; the author's line numbers are otherwise kept.
        head = len(f"CREATE OR REPLACE VIEW {names.mapping(mapping.system, mapping.entity)} AS\n")
        offset = int(error.diag.statement_position) - 1 - head
        line = rewritten(mapping, names)[: max(offset, 0)].count("\n") + 1
    message = error.diag.message_primary or str(error)
    message = message.replace(names.live_schema(mapping.system), mapping.system)
    hint = error.diag.message_hint
    remedy = hint or REMEDIES.get(error.sqlstate or "", "correct the SQL")
    return finding(mapping, line, message, remedy)


def _key(plan: MappingPlan) -> Iterator[Finding]:
    plain = plan.roots is not None and all(isinstance(way.key, exp.Column) for way in plan.roots)
    if not plain and plan.not_understood is None:
        yield finding(
            plan.mapping,
            None,
            "key is not an uncast column of one table, so no index finds a root by it",
            "yield the root table's own key column as key, without a cast or a function",
        )


def _every_root(plan: MappingPlan) -> Iterator[Finding]:
    accepted = plan.mapping.every_root
    for table in sorted(plan.ways):
        if plan.every_root(table) and table not in accepted:
            why = f" ({plan.not_understood})" if plan.not_understood else ""
            yield finding(
                plan.mapping,
                None,
                f"a change of {table} touches every root: no link from its rows to the key was"
                f" understood{why}",
                f"link {table} to the key by equalities, or accept it with every_root: [{table}]",
                Severity.WARNING,
            )
    for table in sorted(accepted - plan.ways.keys()):
        yield finding(
            plan.mapping,
            None,
            f"every_root names {table}, which the mapping does not read",
            "take it out",
            Severity.WARNING,
        )
