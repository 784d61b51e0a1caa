"""How many change events a second one core decodes: ten columns, schemas off, our settings.

Counts processor time, so that a busy machine does not spoil the figure. The records themselves are
frozen out of the garbage collector's sight: a worker does not hold them all at once.
"""

from __future__ import annotations

import gc
import time

import orjson

from connectors.debezium.decode import Decoder
from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.domain.rowchange import ColumnContract, TableContract

EVENTS = 100_000
CHUNK = 2_000
TYPES = {
    "id": ("bigint", "bigint"),
    "code": ("text", "character varying(20)"),
    "name": ("text", "text"),
    "email": ("text", "text"),
    "credit_limit": ("numeric", "numeric(12,2)"),
    "active": ("boolean", "boolean"),
    "attrs": ("jsonb", "jsonb"),
    "born": ("date", "date"),
    "updated_at": ("timestamp", "timestamp without time zone"),
    "seen_at": ("timestamptz", "timestamp with time zone"),
}


def contract() -> TableContract:
    columns = tuple(
        ColumnContract(name=name, type=mirror, source_type=source)
        for name, (mirror, source) in TYPES.items()
    )
    return TableContract(
        system="erp",
        schema="public",
        table="customers",
        topic="erp.public.customers",
        columns=columns,
        key=("id",),
    )


def record(number: int) -> FeedRecord:
    row = {
        "id": number,
        "code": f"C{number}",
        "name": "A customer of ordinary length",
        "email": f"customer{number}@example.org",
        "credit_limit": f"{number}.25",
        "active": True,
        "attrs": '{"segment": "gold"}',
        "born": "1984-02-29Z",
        "updated_at": "2024-02-29T13:14:15.123456Z",
        "seen_at": "2024-02-29T11:14:15.123456Z",
    }
    at = 1_795_400_294_436_719 + number // 100
    source = {
        "version": "3.5.0.Final",
        "connector": "postgresql",
        "name": "erp",
        "ts_ms": at // 1000,
        "snapshot": "false",
        "db": "erp",
        "sequence": '["26612080","26612688"]',
        "ts_us": at,
        "ts_ns": at * 1000,
        "schema": "public",
        "table": "customers",
        "txId": 744 + number // 100,
        "lsn": 26_612_688 + number,
        "xmin": None,
        "origin": None,
        "origin_lsn": None,
    }
    value = {
        "before": None,
        "after": row,
        "source": source,
        "transaction": {"id": "744:1", "total_order": 1, "data_collection_order": 1},
        "op": "u",
        "ts_ms": at // 1000,
        "ts_us": at,
        "ts_ns": at * 1000,
    }
    headers = (("__debezium.context.connectorName", b'"postgresql"'),)
    return FeedRecord(orjson.dumps({"id": number}), orjson.dumps(value), headers, 0, number)


def main() -> None:
    records = [record(number) for number in range(EVENTS)]
    table = contract()
    chunks = [
        Chunk(table.topic, 0, records[start : start + CHUNK]) for start in range(0, EVENTS, CHUNK)
    ]
    decoder = Decoder({table.topic: table}, {"erp": 1})
    gc.freeze()
    began = time.process_time()
    changes = sum(len(decoder.decode_chunk(chunk).changes) for chunk in chunks)
    seconds = time.process_time() - began
    size = sum(len(one.value or b"") for one in records) // EVENTS
    print(f"{changes} events of {size} bytes in {seconds:.2f} s: {changes / seconds:,.0f} events/s")


if __name__ == "__main__":
    main()
