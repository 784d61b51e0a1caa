"""One change of one source row, as the hub understands it, and the contract of the row's table.

A value is one of three things: a value, `None` (the source says NULL) or `UNKNOWN` (the feed did
not say; keep what is stored). Nothing else in the hub may stand for "not said".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@final
class Unknown:
    """The type of `UNKNOWN`: the feed did not carry this column, so the stored value stands.

    There is one instance, also after pickling or copying, so `value is UNKNOWN` is the test. It
    refuses to be read as true or false: `value or default` would turn "not said" into a value.
    """

    __slots__ = ()

    def __new__(cls) -> Unknown:
        return _unknown

    def __bool__(self) -> NoReturn:
        message = "UNKNOWN is neither true nor false; compare with `is UNKNOWN`"
        raise TypeError(message)

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


_unknown: Final = object.__new__(Unknown)
UNKNOWN: Final = _unknown

SNAPSHOT: Final = 0
STREAM: Final = 1


class Position(NamedTuple):
    """Where in its source's log a change stands; ordered within one table's feed.

    PostgreSQL: (epoch, lsn, 0, 0, rank). MariaDB: (epoch, binlog file number, pos, 0, rank); the
    row's number inside its binlog event does not order a transaction and is left out.
    The epoch counts incarnations of the log (restored, failed over, rebuilt) and is given by an
    operator. Rank puts a snapshot row before the streamed row of the same log position. Two
    different changes may share a position (COPY, the delete and insert of a changed primary key):
    equal is not "the same change". Rows of an incremental snapshot have no position at all.
    """

    epoch: int
    a: int
    b: int = 0
    c: int = 0
    rank: int = STREAM

    def encode(self) -> str:
        """Return 45 hexadecimal digits that sort as text as the position sorts (any collation)."""
        return f"{self.epoch:08x}{self.a:016x}{self.b:012x}{self.c:08x}{self.rank:01x}"

    @classmethod
    def decode(cls, text: str) -> Position:
        """Read what `encode` wrote; ValueError when it is something else."""
        if len(text) != ENCODED_LENGTH:
            message = f"not an encoded position: {text!r}"
            raise ValueError(message)
        parts = (text[0:8], text[8:24], text[24:36], text[36:44], text[44:45])
        return cls(*(int(part, 16) for part in parts))


ENCODED_LENGTH: Final = 45


class Op(StrEnum):
    """What happened to the row, in Debezium's six codes."""

    READ = "r"
    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"
    TRUNCATE = "t"
    MESSAGE = "m"


class RowChange(NamedTuple):
    """One decoded change. A plain tuple underneath, because it is built a million times.

    `key` follows the contract's key order, `values` the contract's column order (key columns
    included). A delete has its key alone (`values` is None: what the feed shows of a deleted row
    is partly invented); a truncate has neither (`key` is empty). `source_ts` is the commit time at
    the source, for a snapshot row the time of the snapshot. `origin` says who wrote, where the
    source knows: the name of a PostgreSQL replication origin, or `gtid_domain:N` in MariaDB.
    `new_key` stands on the delete, `old_key` on the insert of a changed primary key.
    """

    system: str
    table: str
    op: Op
    key: tuple[Any, ...]
    values: tuple[Any, ...] | None
    position: Position | None
    topic: str
    partition: int
    offset: int
    source_ts: datetime
    origin: str | None = None
    snapshot: bool = False
    tx_id: str | None = None
    new_key: tuple[Any, ...] | None = None
    old_key: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnContract:
    """A mapped column: what it is at its source and how the mirror stores it.

    `type` is PostgreSQL's own name of the mirror's type (`text`, `bigint`, `numeric`,
    `timestamptz`, `text[]`, ...); `source_type` is the source catalogue's, with its length, scale
    or precision (`numeric(12,2)`, `timestamp(3)`, `bigint unsigned`). `masked` marks a column
    whose values the connector changes or cuts; what the feed says of it is never believed.
    """

    name: str
    type: str
    source_type: str
    nullable: bool = True
    has_default: bool = False
    unsigned: bool = False
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContract:
    """A mirrored table: its topic, its columns in mirror order, its primary key in key order.

    `whole_rows` says that the source logs every column of every update (REPLICA IDENTITY FULL,
    binlog_row_image FULL), so that a null in an update is always NULL. `known` are all columns
    that the table had when it was connected, also those that are not mirrored; it names no view,
    so that what is only known changes nothing.
    """

    system: str
    schema: str
    table: str
    topic: str
    columns: tuple[ColumnContract, ...]
    key: tuple[str, ...]
    whole_rows: bool = False
    known: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that the columns cannot carry."""
        names = self.column_names
        missing = [name for name in self.key if name not in names]
        if missing or not self.key or len(set(names)) != len(names):
            message = (
                f"{self.schema}.{self.table}: a contract needs distinct columns and a key made of"
                f" them; key {self.key}, columns {names}"
            )
            raise ValueError(message)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in the order of `RowChange.values`."""
        return tuple(column.name for column in self.columns)

    @property
    def key_positions(self) -> tuple[int, ...]:
        """Where in `RowChange.values` the key's columns stand, in key order."""
        names = self.column_names
        return tuple(names.index(name) for name in self.key)

    def column(self, name: str) -> ColumnContract:
        """The column of that name; KeyError when the contract has none."""
        by_name: Mapping[str, ColumnContract] = {column.name: column for column in self.columns}
        return by_name[name]
