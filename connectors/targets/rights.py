"""The rights that write plans need at their target and no more, by table and column.

Statements to be run by the target's administrator; the hub never runs them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from config.sql import statements
from connectors.targets.tagging import FUNCTIONS
from golden_records.domain.catalogue import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from golden_records.domain.catalogue import Catalogue, System

QUOTES: Final = {Engine.POSTGRESQL: '"', Engine.MARIADB: "`"}


@dataclass(slots=True)
class Rights:
    """What is done to one table."""

    inserts: set[str] = field(default_factory=set)
    updates: set[str] = field(default_factory=set)
    deletes: bool = False
    locks: bool = False


def writer_rights(
    catalogue: Catalogue, system: System, database: str, role: str
) -> tuple[str, ...]:
    """The statements that let `role` carry out every plan of the system, and nothing else."""
    found: dict[str, Rights] = defaultdict(Rights)
    for plan in catalogue.plans:
        if plan.system == system.name:
            for sql in (plan.read, *(step.sql for step in plan.steps)):
                for statement in statements(sql, system.engine):
                    _collect(statement, found)
    keys = {t.name: t.key for t in catalogue.tables if t.system == system.name}
    if system.engine is Engine.POSTGRESQL:
        return tuple(_postgresql(system, database, role, _with_locks(found, keys)))
    return tuple(_mariadb(system, role, found))


def _with_locks(
    found: Mapping[str, Rights], keys: Mapping[str, Sequence[str]]
) -> Mapping[str, Rights]:
    """PostgreSQL locks a row only for who may update some column of it."""
    for name, rights in found.items():
        if rights.locks and not rights.updates:
            rights.updates.update(keys.get(name, ())[:1])
    return found


def _collect(statement: exp.Expr, found: dict[str, Rights]) -> None:
    made = {cte.alias for cte in statement.find_all(exp.CTE)}
    tables = [t for t in statement.find_all(exp.Table) if t.name not in made and t.name]
    named = {table.alias_or_name: table.name for table in tables}
    for table in tables:
        found[table.name].locks |= _locked(table)
    for insert in statement.find_all(exp.Insert):
        target = insert.this
        name = target.find(exp.Table).name
        if isinstance(target, exp.Schema):
            found[name].inserts.update(column.name for column in target.expressions)
        conflict = insert.args.get("conflict")
        if conflict is not None:
            found[name].updates.update(one.this.name for one in _assigned(conflict))
    for update in statement.find_all(exp.Update):
        for one in _assigned(update):
            column = one.this
            found[named.get(column.table, update.this.name)].updates.add(column.name)
    for delete in statement.find_all(exp.Delete):
        found[delete.this.name].deletes = True


def _assigned(statement: exp.Expr) -> list[exp.EQ]:
    return [one for one in statement.expressions if isinstance(one, exp.EQ)]


def _locked(table: exp.Table) -> bool:
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    for lock in select.args.get("locks") or []:
        names = {one.name for one in lock.expressions}
        if not names or table.alias_or_name in names:
            return True
    return False


def _columns(quote: str, names: set[str]) -> str:
    return ", ".join(f"{quote}{name}{quote}" for name in sorted(names))


def _grants(rights: Rights, quote: str) -> Iterator[str]:
    yield "SELECT"
    if rights.inserts:
        yield f"INSERT ({_columns(quote, rights.inserts)})"
    if rights.updates:
        yield f"UPDATE ({_columns(quote, rights.updates)})"
    if rights.deletes:
        yield "DELETE"


def _postgresql(
    system: System, database: str, role: str, found: Mapping[str, Rights]
) -> Iterator[str]:
    yield f"CREATE ROLE \"{role}\" LOGIN PASSWORD '<password>'"
    yield f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"'
    yield f'GRANT USAGE ON SCHEMA "{system.schema}" TO "{role}"'
    for name, rights in sorted(found.items()):
        grants = ", ".join(_grants(rights, QUOTES[system.engine]))
        yield f'GRANT {grants} ON "{system.schema}"."{name}" TO "{role}"'
    if any(rights.inserts for rights in found.values()):
        yield f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{system.schema}" TO "{role}"'
    if system.tags:
        yield from (f'GRANT EXECUTE ON FUNCTION {one} TO "{role}"' for one in FUNCTIONS)


def _mariadb(system: System, role: str, found: Mapping[str, Rights]) -> Iterator[str]:
    account = f"'{role}'@'%'"
    yield f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '<password>'"
    for name, rights in sorted(found.items()):
        grants = ", ".join(_grants(rights, QUOTES[system.engine]))
        yield f"GRANT {grants} ON `{system.schema}`.`{name}` TO {account}"
    if any(rights.locks and not rights.updates for rights in found.values()):
        yield f"GRANT LOCK TABLES ON `{system.schema}`.* TO {account}"
    if system.tags:
        yield f"GRANT BINLOG REPLAY ON *.* TO {account}"
