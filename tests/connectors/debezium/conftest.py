"""Builders of contracts, events and chunks for the tests of the decoder."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from connectors.debezium.decode import Decoder
from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.domain.rowchange import ColumnContract, TableContract

TOPIC = "erp.public.customers"
SAMPLES = Path(__file__).parents[4] / "shared" / "debezium" / "samples"


class Feed:
    """Writes events as Debezium does and decodes them."""

    topic = TOPIC

    def contract(self, columns=None, *, key=("id",), **changed):
        described = columns or {"id": ("integer", "integer"), "name": ("text", "text")}
        return TableContract(
            **{"system": "erp", "schema": "public", "table": "customers", "topic": TOPIC} | changed,
            columns=tuple(
                one if isinstance(one, ColumnContract) else self.column(name, *one)
                for name, one in described.items()
            ),
            key=key,
        )

    def column(self, name, mirror, source, **facts):
        return ColumnContract(name=name, type=mirror, source_type=source, **facts)

    def source(self, **changed):
        return {
            "version": "3.5.0.Final",
            "connector": "postgresql",
            "name": "erp",
            "ts_ms": 1795400294436,
            "snapshot": "false",
            "db": "src",
            "sequence": '[null,"100"]',
            "ts_us": 1795400294436719,
            "ts_ns": 1795400294436719000,
            "schema": "public",
            "table": "customers",
            "txId": 744,
            "lsn": 100,
            "xmin": None,
            "origin": None,
            "origin_lsn": None,
        } | changed

    def binlog(self, **changed):
        return {
            "version": "3.5.0.Final",
            "connector": "mariadb",
            "name": "shop",
            "ts_ms": 1795400294000,
            "snapshot": "false",
            "db": "public",
            "sequence": None,
            "table": "customers",
            "server_id": 77,
            "gtid": "0-77-12",
            "file": "mb.000001",
            "pos": 1709,
            "row": 0,
            "thread": None,
            "query": None,
        } | changed

    def event(self, op="u", after=None, *, before=None, source=None, **extra):
        row = {"id": 1, "name": "Ada"} if after is None and op not in {"d", "t"} else after
        return {
            "before": before,
            "after": row,
            "source": self.source() if source is None else source,
            "transaction": None,
            "op": op,
            "ts_ms": 1795400296739,
        } | extra

    def record(self, value=None, *, key=None, headers=(), offset=0):
        return FeedRecord(
            _bytes({"id": 1} if key is None else key),
            value if value is None or isinstance(value, bytes) else orjson.dumps(value),
            tuple((name, _bytes(one)) for name, one in headers),
            1795400296740,
            offset,
        )

    def decoder(self, *contracts, settings=None, epochs=None):
        chosen = contracts or (self.contract(),)
        return Decoder(
            {one.topic: one for one in chosen},
            {"erp": 1} if epochs is None else epochs,
            {one.system: settings for one in chosen} if settings else None,
        )

    def chunk(self, *records, topic=TOPIC, partition=0):
        return Chunk(topic, partition, records)

    def decode(self, *records, contract=None, settings=None, topic=None):
        table = contract or self.contract()
        decoder = self.decoder(table, settings=settings)
        return decoder.decode_chunk(self.chunk(*records, topic=topic or table.topic))

    def change(self, value, *, key=None, contract=None, settings=None, headers=()):
        """The one change of the one record; fails when it is not one."""
        decoded = self.decode(
            self.record(value, key=key, headers=headers), contract=contract, settings=settings
        )
        assert not decoded.bad, decoded.bad
        (change,) = decoded.changes
        return change

    def value(self, column, wire, *, op="u", settings=None):
        """What one column of an update becomes."""
        contract = self.contract({"id": ("integer", "integer"), column.name: column})
        event = self.event(op, {"id": 1, column.name: wire})
        return self.change(event, contract=contract, settings=settings).values[1]

    def error(self, value, **how):
        """The error of the one record; fails when it is no bad record."""
        decoded = self.decode(value if isinstance(value, FeedRecord) else self.record(value), **how)
        assert not decoded.changes
        (bad,) = decoded.bad
        return bad


def _bytes(value):
    return value if isinstance(value, bytes) else orjson.dumps(value)


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture(scope="session")
def samples():
    if not SAMPLES.is_dir():
        pytest.skip("the dumps are absent")
    return SAMPLES
