"""Reads systems/<system>/: the mirrored tables, and per entity the mapping and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.mapping_sql import Readable, check_mapping
from config.read_plans import read_plans
from config.section import Pool, Section, as_name, entries
from config.sql import Written, quoted
from config.tree import Keys
from golden_records.domain.catalogue import Engine, EntityMapping, IdentityMode, MirrorTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.names import Names
    from config.problems import Problems
    from config.tree import Scalar
    from golden_records.domain.catalogue import Entity, System, WritePlan


def read_tables(tree: Keys, system: System, problems: Problems) -> tuple[MirrorTable, ...]:
    """Read tables.yaml; a table's key belongs to its columns whether or not it is repeated."""
    if not tree.entries:
        problems.error(tree.place, "no table is mirrored", "add one entry for each table")
    found = []
    for word, section in entries(tree, "table", problems):
        with section:
            key = tuple(item.text for item in section.words("key", required=True))
            columns = tuple(item.text for item in section.words("columns", required=True))
            table = MirrorTable(
                system=system.name,
                schema=section.text("schema") or system.schema,
                name=word.text,
                columns=(*(k for k in key if k not in columns), *columns),
                key=key,
                replica_identity_full=_whole_rows(section, system),
            )
            found.append(table)
    return tuple(found)


def _whole_rows(section: Section, system: System) -> bool:
    found = section.flag("replica_identity_full")
    if found and system.engine is not Engine.POSTGRESQL:
        message = "only PostgreSQL has a replica identity"
        remedy = "remove it; MariaDB logs whole rows with binlog_row_image = FULL"
        section.error(section.take("replica_identity_full"), message, remedy)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingReader:
    """What is around while systems/<system>/<entity>.yaml is read."""

    file: str
    system: System
    entity: Entity
    names: Names
    texts: Mapping[str, str]
    used: set[str]
    problems: Problems

    @property
    def pool(self) -> Pool:
        own = self.names.entities[self.entity.name]
        return Pool.of(f"attribute or reference of {self.entity.name}", own.fields)

    @property
    def tables(self) -> Pool:
        mirrored = self.names.tables.get(self.system.name, {})
        return Pool.of(f"mirrored table of {self.system.name}", mirrored)

    def read(self, tree: Keys) -> tuple[EntityMapping | None, tuple[WritePlan, ...]]:
        what = f"mapping of '{self.system.name}' to '{self.entity.name}'"
        with Section(tree, self.problems, what) as section:
            record = tuple(word.text for word in section.words("record"))
            every_root = frozenset(section.names("every_root", self.tables))
            written = self._select(section)
            plans = read_plans(section, self.system, self.entity, self.names)
        if written is None:
            return None, plans
        check_mapping(written, self._readable(record), self.problems)
        mapping = EntityMapping(
            system=self.system.name,
            entity=self.entity.name,
            sql=written.text,
            record=record,
            every_root=every_root,
            source_file=written.file,
        )
        return mapping, plans

    def _readable(self, record: tuple[str, ...]) -> Readable:
        identity = self.entity.identity
        components = identity.components if identity.mode is IdentityMode.REFERENCE else ()
        required = {r.name for r in self.entity.references if r.required}
        return Readable(
            system=self.system.name,
            entity=self.entity.name,
            tables=self.names.tables.get(self.system.name, {}),
            outputs=self.pool.names | {"key"} | frozenset(record),
            required=frozenset(components) | required | frozenset(record),
        )

    def _select(self, section: Section) -> Written | None:
        select, file = section.take("select"), section.scalar("sql")
        if select is not None and file is None:
            inner = section.section("select", "select")
            return self._compiled(inner) if inner else None
        if file is not None and select is None:
            return self._from_file(file)
        remedy = "give exactly one of `select: {from, key, columns}` and `sql: file.sql`"
        section.error(None, "a mapping needs one way to read", remedy)
        return None

    def _from_file(self, value: Scalar) -> Written | None:
        path = f"systems/{self.system.name}/{value.text}"
        self.used.add(path)
        if path in self.texts:
            return Written(path, 1, self.texts[path].rstrip().removesuffix(";"))
        self.problems.error(value.place, f"there is no file {path}", "add it, or correct the name")
        return None

    def _compiled(self, section: Section) -> Written | None:
        """Turn the plain column list into the SELECT that an author would have written."""
        with section:
            table = section.name("from", self.tables, required=True)
            known = self.names.tables.get(self.system.name, {}).get(table or "", frozenset())
            pool = Pool.of(f"mirrored column of {self.system.name}.{table}", known)
            key = section.name("key", pool, required=True) if table else section.text("key")
            columns = self._columns(section, pool if table else None)
            where = section.scalar("where")
            section.take("columns", required=True)
        if not table or not key:
            return None
        picked = [f"{quoted(key)} AS key"]
        picked += [f"{quoted(column)} AS {quoted(name)}" for name, column in columns.items()]
        source = f"{quoted(self.system.name)}.{quoted(table)}"
        parts = ["SELECT", ", ".join(picked), "FROM", source]
        parts += ["WHERE", where.text] if where else []
        line = where.first_line if where else section.place.line or 1
        return Written(self.file, line, " ".join(parts))

    def _columns(self, section: Section, pool: Pool | None) -> dict[str, str]:
        value = section.take("columns")
        if isinstance(value, Keys):
            inner = Section(value, section.problems, "columns")
            outputs = [as_name(name, self.pool, section.problems) for name, _ in value.entries]
            found = {n: inner.name(n, pool) if pool else inner.text(n) for n in outputs if n}
            return {name: column for name, column in found.items() if column}
        return {name: name for name in (section.names("columns", pool) if pool else ())}
