"""Statements that prepare a source for its connector, to be run by its administrator.

Nothing here is run by the hub: the statements need rights that the hub should not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connectors.debezium.source_spec import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.source_spec import SourceSpec, SourceTable

PASSWORD: Final = "<password>"  # noqa: S105  # a gap to fill in, no secret


def preparation(source: SourceSpec) -> tuple[str, ...]:
    """The statements in the order to run them, once; lines that begin with -- are settings.

    Tables with `whole_rows` make PostgreSQL send whole old rows: no unsent large values, no
    invented columns of deletes, at the price of more write-ahead log for each update.
    """
    return _STATEMENTS[source.engine](source)


def _postgresql(source: SourceSpec) -> tuple[str, ...]:
    role = _double(source.user)
    tables = [_name(_double, table) for table in source.tables]
    signal = _signal_name(_double, source)
    followed = [*tables, *([signal] if signal else [])]
    publication = _double(source.publication_name)
    return (
        (
            "-- postgresql.conf: wal_level = logical (restart), max_replication_slots and"
            " max_wal_senders at least one more than in use"
        ),
        f"CREATE ROLE {role} LOGIN REPLICATION PASSWORD '{PASSWORD}'",
        f"GRANT CONNECT ON DATABASE {_double(source.database)} TO {role}",
        *(
            f"GRANT USAGE ON SCHEMA {_double(schema)} TO {role}"
            for schema in sorted({table.schema for table in source.tables})
        ),
        f"GRANT SELECT ON {', '.join(tables)} TO {role}",
        *_signal_postgresql(signal, role),
        (
            f"CREATE PUBLICATION {publication} FOR TABLE {', '.join(followed)}"
            " WITH (publish_via_partition_root = true)"
        ),
        *(
            f"ALTER TABLE {_name(_double, table)} REPLICA IDENTITY FULL"
            for table in source.tables
            if table.whole_rows
        ),
    )


def _signal_postgresql(signal: str | None, role: str) -> tuple[str, ...]:
    if signal is None:
        return ()
    return (
        (
            f"CREATE TABLE IF NOT EXISTS {signal}"
            " (id varchar(64) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))"
        ),
        f"GRANT SELECT, INSERT, DELETE ON {signal} TO {role}",
    )


def _mariadb(source: SourceSpec) -> tuple[str, ...]:
    account = f"{_single(source.user)}@'%'"
    signal = _signal_name(_backtick, source)
    created = (
        (
            (
                f"CREATE TABLE IF NOT EXISTS {signal}"
                " (id varchar(64) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))"
            ),
            f"GRANT SELECT, INSERT, DELETE ON {signal} TO {account}",
        )
        if signal
        else ()
    )
    return (
        (
            "-- my.cnf: log_bin, binlog_format = ROW, binlog_row_image = FULL,"
            " binlog_row_metadata = FULL, a server_id of its own, binlog_expire_logs_seconds above"
            " the longest pause of the connector"
        ),
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{PASSWORD}'",
        (
            "GRANT RELOAD, REPLICATION SLAVE, REPLICATION CLIENT, BINLOG MONITOR, SLAVE MONITOR"
            f" ON *.* TO {account}"
        ),
        *(f"GRANT SELECT ON {_name(_backtick, table)} TO {account}" for table in source.tables),
        f"GRANT LOCK TABLES ON {_backtick(source.database)}.* TO {account}",
        *created,
    )


_STATEMENTS: Final[Mapping[Engine, Callable[[SourceSpec], tuple[str, ...]]]] = {
    Engine.POSTGRESQL: _postgresql,
    Engine.MARIADB: _mariadb,
}


def _signal_name(quoted: Callable[[str], str], source: SourceSpec) -> str | None:
    if source.signal_table is None:
        return None
    schema, _, table = source.signal_table.partition(".")
    return f"{quoted(schema)}.{quoted(table)}"


def _name(quoted: Callable[[str], str], table: SourceTable) -> str:
    return f"{quoted(table.schema)}.{quoted(table.table)}"


def _double(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _backtick(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _single(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
