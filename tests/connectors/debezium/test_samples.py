"""The decoder against dumps of Debezium 3.6.3 embedded; skipped where the dumps are absent."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from connectors.debezium.decode import Decoder
from connectors.debezium.settings import FeedSettings
from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.domain.rowchange import UNKNOWN, ColumnContract, Op, TableContract

CUSTOMERS = {
    "id": ("integer", "integer"),
    "name": ("text", "text"),
    "credit_limit": ("numeric", "numeric(12,2)"),
    "notes": ("text", "text"),
    "d": ("date", "date"),
    "ts": ("timestamp", "timestamp without time zone"),
    "ts3": ("timestamp", "timestamp(3) without time zone"),
    "tstz": ("timestamptz", "timestamp with time zone"),
    "iv": ("interval", "interval"),
    "b": ("bytea", "bytea"),
    "bits": ("text", "bit(12)"),
    "m": ("numeric", "money"),
    "tier": ("text", "text"),
}
TOAST = {
    "id": ("integer", "integer"),
    "big": ("text", "text"),
    "bigarr": ("text[]", "text[]"),
    "bigb": ("bytea", "bytea"),
    "bigj": ("jsonb", "jsonb"),
    "ints": ("integer[]", "integer[]"),
    "n": ("integer", "integer"),
}
PRICES = {
    "id": ("bigint", "int(11)"),
    "price": ("numeric", "decimal(10,4)"),
    "big": ("numeric", "bigint(20) unsigned"),
    "t": ("interval", "time(6)"),
}
DEFAULTS = FeedSettings(decimal="precise", time_precision="adaptive", interval="numeric")
FILES = {
    "pg_schemas_off_txmeta_default_modes": DEFAULTS,
    "pg_schemas_on_string_iso_nullfix_headers": FeedSettings(binary="base64"),
    "pg_toast_multitx": FeedSettings(decimal="precise", binary="base64"),
    "mysqlconn_on_mariadb": FeedSettings(
        decimal="precise", time_precision="adaptive_time_microseconds"
    ),
}


def contract(topic, columns):
    _, schema, table = topic.split(".")
    return TableContract(
        system="src",
        schema=schema,
        table=table,
        topic=topic,
        key=("id",),
        columns=tuple(
            ColumnContract(
                name=name, type=mirror, source_type=source, unsigned="unsigned" in source
            )
            for name, (mirror, source) in columns.items()
        ),
    )


CONTRACTS = {
    topic: contract(topic, columns)
    for topic, columns in {
        "erp.public.customers": CUSTOMERS,
        "erp.public.customers_full": CUSTOMERS,
        "erp.public.toast": TOAST,
        "shop1.shop.prices": PRICES,
    }.items()
}


def decode(samples, name):
    decoder = Decoder(CONTRACTS, {}, {"src": FILES[name]})
    lines = (samples / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    for offset, line in enumerate(lines):
        topic, key, value = line.split("\t")[:3]
        record = FeedRecord(
            None if key == "null" else key.encode(), value.encode(), (), 1795400000000, offset
        )
        yield decoder.decode_chunk(Chunk(topic, 0, [record]))


@pytest.mark.parametrize("name", FILES)
def test_nothing_in_the_dumps_is_bad_but_a_table_without_key(samples, name):
    bad = Counter()
    for result in decode(samples, name):
        bad.update(one.message.split(" carries ")[-1].split(",")[0] for one in result.bad)
    assert set(bad) <= {"public.nopk"}


def changes(samples, name, table):
    return [
        change
        for result in decode(samples, name)
        for change in result.changes
        if change.table == table
    ]


def test_the_dumps_hold_every_kind_of_change(samples):
    name = "pg_schemas_off_txmeta_default_modes"
    ops = Counter(change.op for change in changes(samples, name, "customers"))
    assert set(ops) == {Op.READ, Op.CREATE, Op.UPDATE, Op.DELETE}
    origins = {change.origin for change in changes(samples, name, "customers")}
    assert origins == {None, "mdmhub"}


def test_the_unsent_values_of_the_dumps_are_unknown_also_where_base64_mode_says_null(samples):
    _, update, *_ = changes(samples, "pg_toast_multitx", "toast")
    assert update.values == (1, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 2)


def test_the_dumped_mariadb_row_is_read(samples):
    first = changes(samples, "mysqlconn_on_mariadb", "prices")[0]
    assert first.values[:3] == (1, Decimal("12.3400"), 2**64 - 1)


def test_schemas_on_are_read_by_what_the_event_says(samples):
    first = changes(samples, "pg_schemas_on_string_iso_nullfix_headers", "customers")[0]
    assert first.values[2:4] == (Decimal("1234567.89"), None)
