"""From a chunk of the feed to row changes.

Nothing in a record makes `decode_chunk` raise: each record ends as a change, as ignored with a
reason, or as bad with an error, so received = changes + ignored + bad, always.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connectors.debezium import envelope, source_block
from connectors.debezium.errors import (
    MissingKeyError,
    MissingRowError,
    NotAnEnvelopeError,
    RecordError,
    UnknownOpError,
    UnknownTableError,
)
from connectors.debezium.rows import RowReader, fingerprint
from connectors.debezium.settings import OURS
from golden_records.domain.drift import KEY, Misfit, Shape, Witness
from golden_records.domain.rowchange import Op, RowChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.debezium.settings import FeedSettings
    from golden_records.domain.feed import Chunk, FeedRecord
    from golden_records.domain.rowchange import TableContract

NEW_KEY: Final = "__debezium.newkey"
OLD_KEY: Final = "__debezium.oldkey"
SIGNAL_TABLES: Final = frozenset({"debezium_signal", "dbz_signal"})
OPS: Final[Mapping[object, Op]] = {code: op for op in Op for code in (op.value, op.value.upper())}
NULL: Final = b"null"
READ: Final = Op.READ
# What RowChange(...) does, without the detour through its generated constructor.
new_tuple: Final = tuple.__new__
SHAPE_ERRORS: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)


Step: TypeAlias = "Callable[[_Event], RowChange | str]"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no change, with the name of its error and a sentence."""

    record: FeedRecord
    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedChunk:
    """What a chunk held: changes in the order of the feed, bad records, ignored by reason."""

    changes: list[RowChange]
    bad: list[BadRecord]
    ignored: Mapping[str, int]
    misfits: list[Misfit]

    @property
    def received(self) -> int:
        """The number of records; none is ever lost between the three."""
        return len(self.changes) + len(self.bad) + sum(self.ignored.values())


class _Table:
    """A contract with its readers: one for schemas off, one for each schema that was met."""

    __slots__ = ("_by_schema", "_settings", "contract", "epoch", "plain")

    def __init__(self, contract: TableContract, settings: FeedSettings, epoch: int) -> None:
        self.contract = contract
        self.epoch = epoch
        self.plain = RowReader(contract, settings)
        self._settings = settings
        self._by_schema: dict[bytes, RowReader] = {}

    def reader(self, fields: Sequence[Mapping[str, Any]] | None) -> RowReader:
        if fields is None:
            return self.plain
        schema = fingerprint(fields)
        known = self._by_schema.get(schema)
        if known is None:
            known = self._by_schema[schema] = RowReader(self.contract, self._settings, fields)
        return known


class _Event:
    """The envelope at hand; one object for a whole chunk, because it is filled a million times."""

    __slots__ = ("dialect", "op", "payload", "record", "schema", "source", "table")

    record: FeedRecord
    payload: dict[str, Any]
    schema: Mapping[str, Any] | None
    source: Mapping[str, Any]
    dialect: source_block.Dialect
    table: _Table
    op: Op


class Decoder:
    """Decodes the feed of all systems by their table contracts.

    Keeps nothing but schemas it has met and, per partition, the key of a delete that ended a
    chunk. Calls for different partitions may run in different threads.
    """

    def __init__(
        self,
        contracts: Mapping[str, TableContract],
        epochs: Mapping[str, int],
        settings: Mapping[str, FeedSettings] | None = None,
        signal_tables: frozenset[str] = SIGNAL_TABLES,
    ) -> None:
        """Contracts go by topic; epochs (default 0) and settings (default ours) by system."""
        chosen = settings or {}
        self.topics = {
            topic: _Table(
                contract, chosen.get(contract.system, OURS), epochs.get(contract.system, 0)
            )
            for topic, contract in contracts.items()
        }
        self.tables = {
            (table.contract.system, table.contract.schema, table.contract.table): table
            for table in self.topics.values()
        }
        self.signal_tables = signal_tables
        self.last_deletes: dict[tuple[str, int], bytes | None] = {}

    def decode_chunk(self, chunk: Chunk) -> DecodedChunk:
        """Decode a chunk's records in order; of a bad record nothing is used."""
        reader = _ChunkReader(self, chunk)
        changes: list[RowChange] = []
        bad: list[BadRecord] = []
        ignored: Counter[str] = Counter()
        read = reader.read
        for record in chunk.records:
            try:
                outcome = read(record)
            except RecordError as error:
                reader.deleted = None
                bad.append(BadRecord(record, type(error).__name__, str(error)))
                reader.note(record, error)
                continue
            if outcome.__class__ is RowChange:
                changes.append(outcome)
            else:
                ignored[outcome] += 1  # type: ignore[index]  # a reason
        reader.remember()
        misfits = list(reader.misfits.values())
        return DecodedChunk(changes=changes, bad=bad, ignored=ignored, misfits=misfits)


class _ChunkReader:
    """One pass over one chunk."""

    def __init__(self, decoder: Decoder, chunk: Chunk) -> None:
        self._decoder = decoder
        self._topic = chunk.topic
        self._partition = chunk.partition
        self._table = decoder.topics.get(chunk.topic)
        self._at_hand = _Event()
        self.misfits: dict[str, Misfit] = {}
        self.deleted = decoder.last_deletes.get((chunk.topic, chunk.partition))
        self._by_code = {code: (op, self._step(op)) for code, op in OPS.items()}

    def _step(self, op: Op) -> Step:
        steps: Mapping[Op, Step] = {
            Op.READ: self._insert,
            Op.CREATE: self._insert,
            Op.UPDATE: self._update,
            Op.DELETE: self._delete,
            Op.TRUNCATE: self._truncate,
            Op.MESSAGE: self._message,
        }
        return steps[op]

    def remember(self) -> None:
        """Keep the key of a delete whose tombstone will begin the next chunk."""
        self._decoder.last_deletes[self._topic, self._partition] = self.deleted

    def read(self, record: FeedRecord) -> RowChange | str:
        raw = record.value
        if raw is None or raw == NULL:
            return self._tombstone(record)
        try:
            value = envelope.loads(raw)
            schema = None
            if type(value) is dict and "op" not in value:
                value, schema = envelope.unwrap(value)
            if value is None:
                return self._tombstone(record)
            self.deleted = None
            return self._event(record, value, schema)
        except SHAPE_ERRORS as error:
            raise NotAnEnvelopeError(
                f"The record is no change event: {type(error).__name__}: {error}"
            ) from None

    def note(self, record: FeedRecord, error: RecordError) -> None:
        """Keep what a bad record shows of its table's shape: the first time of each cause."""
        event = self._at_hand
        shape = error.facts.get("shape")
        if isinstance(shape, Shape) and getattr(event, "record", None) is record:
            place = str(error.facts["column"])
            self._misfit(event, place, shape, str(error.facts["found"]))

    def _misfit(self, event: _Event, place: str, shape: Shape, found: str) -> None:
        contract = event.table.contract
        expected = ", ".join(contract.key) if place == KEY else contract.column(place).source_type
        misfit = Misfit(
            system=contract.system,
            table=contract.table,
            place=place,
            shape=shape,
            expected=expected,
            found=found,
            witness=Witness.FEED,
            at=source_block.committed_at(event.source),
        )
        self.misfits.setdefault(misfit.cause, misfit)

    def _event(
        self,
        record: FeedRecord,
        payload: Any,  # noqa: ANN401  # whatever JSON held
        schema: Mapping[str, Any] | None,
    ) -> RowChange | str:
        if type(payload) is not dict:
            raise NotAnEnvelopeError
        code = payload.get("op")
        if code is None:
            return envelope.other_kind(self._topic, payload)
        known = self._by_code.get(code)
        if known is None:
            raise UnknownOpError(f"The operation code {code!r} is none of {', '.join(Op)}")
        event = self._at_hand
        event.record, event.payload, event.schema = record, payload, schema
        event.op, step = known
        return step(event)

    def _message(self, _event: _Event) -> str:
        return envelope.MESSAGE

    def _insert(self, event: _Event) -> RowChange | str:
        return self._upsert(event, whole=True) if self._locate(event) else envelope.SIGNAL

    def _update(self, event: _Event) -> RowChange | str:
        return self._upsert(event, whole=False) if self._locate(event) else envelope.SIGNAL

    def _delete(self, event: _Event) -> RowChange | str:
        if not self._locate(event):
            return envelope.SIGNAL
        change = self._change(event, _key(event.record, event.table), None)
        self.deleted = event.record.key
        new = _other_key(event, NEW_KEY)
        return change if new is None else change._replace(new_key=new)

    def _truncate(self, event: _Event) -> RowChange | str:
        return self._change(event, (), None) if self._locate(event) else envelope.SIGNAL

    def _upsert(self, event: _Event, *, whole: bool) -> RowChange:
        after = event.payload["after"]
        if type(after) is not dict:
            raise MissingRowError
        table, schema = event.table, event.schema
        reader = table.plain if schema is None else table.reader(envelope.row_schema(schema))
        absent: list[str] = []
        values = reader.row(after, whole=whole, absent=absent)
        for name in absent:
            self._misfit(event, name, Shape.COLUMN_GONE, "no such column")
        change = self._change(event, _key(event.record, table), values)
        old = _other_key(event, OLD_KEY) if whole else None
        return change if old is None else change._replace(old_key=old)

    def _locate(self, event: _Event) -> bool:
        """Find the table that `source` names; False for a signal table. A topic proves nothing."""
        event.source = source = event.payload["source"]
        event.dialect = dialect = source_block.dialect(source)
        name, namespace = source["table"], source[dialect.namespace]
        table = self._table
        if table is not None:
            contract = table.contract
            if contract.table != name or contract.schema != namespace:
                table = self._decoder.tables.get((contract.system, namespace, name))
        if table is not None:
            event.table = table
            return True
        if name in self._decoder.signal_tables:
            return False
        raise UnknownTableError(
            f"The topic {self._topic} carries {namespace}.{name}, which no contract describes;"
            " map the table or take it out of the connector's table.include.list"
        )

    def _change(
        self, event: _Event, key: tuple[Any, ...], values: tuple[Any, ...] | None
    ) -> RowChange:
        source, table, op = event.source, event.table, event.op
        snapshot = op is READ or source.get("snapshot") not in source_block.STREAMED
        place, origin, transaction = event.dialect.facts(source, event.payload.get("transaction"))
        return new_tuple(
            RowChange,
            (
                table.contract.system,
                table.contract.table,
                op,
                key,
                values,
                source_block.position(source, place, epoch=table.epoch, snapshot=snapshot),
                self._topic,
                self._partition,
                event.record.offset,
                source_block.committed_at(source),
                None if snapshot else origin,
                snapshot,
                transaction,
                None,
                None,
            ),
        )

    def _tombstone(self, record: FeedRecord) -> RowChange | str:
        """After its delete a tombstone says nothing; alone (a compacted topic) it is the delete."""
        expected, self.deleted = self.deleted, None
        table = self._table
        if table is None or (expected is not None and expected == record.key):
            return envelope.TOMBSTONE
        return RowChange(
            table.contract.system,
            table.contract.table,
            Op.DELETE,
            _key(record, table),
            values=None,
            position=None,
            topic=self._topic,
            partition=self._partition,
            offset=record.offset,
            source_ts=source_block.committed_at({"ts_ms": record.timestamp_ms}),
        )


def _key(record: FeedRecord, table: _Table) -> tuple[Any, ...]:
    raw = record.key
    if raw is None:
        raise MissingKeyError
    return _read_key(envelope.loads(raw), table)


def _read_key(payload: Any, table: _Table) -> tuple[Any, ...]:  # noqa: ANN401
    if type(payload) is dict and "schema" in payload:
        payload, schema = envelope.unwrap(payload)
        return table.reader(envelope.key_schema(schema)).key(payload)
    return table.plain.key(payload)


def _other_key(event: _Event, header: str) -> tuple[Any, ...] | None:
    """The other key of a changed primary key; a header in a form we cannot read is left out."""
    for name, raw in event.record.headers:
        if name == header:
            try:
                return _read_key(envelope.loads(raw), event.table)
            except RecordError:
                return None
    return None
