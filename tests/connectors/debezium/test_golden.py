"""The decoder against feeds that real connectors wrote (Debezium 3.5.0.Final, see record.py)."""

# ruff: noqa: DTZ001  # a timestamp without time zone is naive
from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest

from connectors.debezium.decode import Decoder
from connectors.debezium.settings import FeedSettings
from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.domain.rowchange import UNKNOWN, ColumnContract, Op, TableContract

GOLDEN = Path(__file__).parent / "golden"
WITHOUT_ZONE = "timestamp without time zone"

CUSTOMERS = {
    "id": ("integer", "integer"),
    "code": ("text", "character varying(20)"),
    "name": ("text", "text"),
    "email": ("text", "text"),
    "credit_limit": ("numeric", "numeric(12,2)"),
    "risk": ("numeric", "numeric"),
    "amount": ("numeric", "numeric(12,2)"),
    "ratio": ("double precision", "double precision"),
    "active": ("boolean", "boolean"),
    "notes": ("text", "text"),
    "tags": ("text[]", "text[]"),
    "nums": ("integer[]", "integer[]"),
    "amounts": ("numeric[]", "numeric(8,2)[]"),
    "days": ("date[]", "date[]"),
    "attrs": ("jsonb", "jsonb"),
    "d": ("date", "date"),
    "t": ("time", "time without time zone"),
    "t3": ("time", "time(3) without time zone"),
    "tz": ("timetz", "time with time zone"),
    "ts": ("timestamp", WITHOUT_ZONE),
    "ts3": ("timestamp", "timestamp(3) without time zone"),
    "tstz": ("timestamptz", "timestamp with time zone"),
    "iv": ("interval", "interval"),
    "u": ("uuid", "uuid"),
    "b": ("bytea", "bytea"),
    "bits": ("text", "bit(12)"),
    "flag": ("boolean", "bit(1)"),
    "m": ("numeric", "money"),
    "i8": ("bigint", "bigint"),
    "level": ("text", "tier"),
    "ip": ("text", "inet"),
    "r": ("text", "int4range"),
    "us": ("uuid[]", "uuid[]"),
    "later": ("text", "text"),
}
TOAST = {
    "id": ("integer", "integer"),
    "big": ("text", "text"),
    "bigarr": ("text[]", "text[]"),
    "bigb": ("bytea", "bytea"),
    "bigj": ("jsonb", "jsonb"),
    "ints": ("integer[]", "integer[]"),
    "bigs": ("bigint[]", "bigint[]"),
    "uu": ("uuid[]", "uuid[]"),
    "nums": ("numeric[]", "numeric[]"),
    "n": ("integer", "integer"),
}
PRICES = {
    "sku": ("text", "text"),
    "valid_from": ("date", "date"),
    "list": ("integer", "integer"),
    "amount": ("numeric", "numeric(10,4)"),
}
EVENTS = {"id": ("integer", "integer"), "at": ("date", "date"), "what": ("text", "text")}
SHOP = {
    "id": ("bigint", "int(11)"),
    "sku": ("text", "varchar(20)"),
    "price": ("numeric", "decimal(10,4)"),
    "cur": ("text", "char(3)"),
    "flag": ("smallint", "tinyint(1)"),
    "b1": ("boolean", "bit(1)"),
    "b12": ("numeric", "bit(12)"),
    "big": ("numeric", "bigint(20) unsigned"),
    "n": ("bigint", "int(10) unsigned"),
    "d": ("date", "date"),
    "t": ("interval", "time(6)"),
    "t0": ("interval", "time"),
    "dt": ("timestamp", "datetime(6)"),
    "dt3": ("timestamp", "datetime(3)"),
    "dt0": ("timestamp", "datetime"),
    "ts": ("timestamptz", "timestamp(6)"),
    "y": ("integer", "year(4)"),
    "s": ("text", "set('x','y')"),
    "j": ("jsonb", "json"),
    "bl": ("bytea", "blob"),
    "tx": ("text", "text"),
}
NAMES = {"lang": ("text", "char(2)"), "sku": ("text", "varchar(20)"), "name": ("text", "text")}

TABLES = {
    "postgresql": {
        "public.customers": (CUSTOMERS, ("id",)),
        "public.customers_full": (CUSTOMERS, ("id",)),
        "public.toast": (TOAST, ("id",)),
        "public.prices": (PRICES, ("list", "sku", "valid_from")),
        "public.events": (EVENTS, ("id", "at")),
    },
    "mariadb": {"golden.prices": (SHOP, ("id",)), "golden.names": (NAMES, ("sku", "lang"))},
}
SETTINGS = {
    "postgresql_ours": FeedSettings(),
    "postgresql_defaults": FeedSettings(
        decimal="precise", time_precision="adaptive", interval="numeric"
    ),
    "postgresql_schemas_on": FeedSettings(nulls_are_sent=False),
    "mariadb_ours": FeedSettings(),
    "mariadb_defaults": FeedSettings(
        decimal="precise", time_precision="adaptive_time_microseconds"
    ),
    "mariadb_schemas_on": FeedSettings(nulls_are_sent=False),
}


def contracts(name):
    engine = name.partition("_")[0]
    for table, (columns, key) in TABLES[engine].items():
        schema, _, bare = table.partition(".")
        yield TableContract(
            system="erp",
            schema=schema,
            table=bare,
            topic=f"{name}.{table}",
            key=key,
            whole_rows=bare == "customers_full" or engine == "mariadb",
            columns=tuple(
                ColumnContract(
                    name=column,
                    type=mirror,
                    source_type=source,
                    unsigned="unsigned" in source,
                    has_default=column in {"notes", "cur", "later"},
                )
                for column, (mirror, source) in columns.items()
            ),
        )


def chunks(name):
    lines = (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    described = [json.loads(line) for line in lines]
    for (topic, partition), ones in groupby(
        described, key=lambda one: (one["topic"], one["partition"])
    ):
        records = [
            FeedRecord(
                _bytes(one["key"]),
                _bytes(one["value"]),
                tuple((header, _bytes(value) or b"") for header, value in one["headers"]),
                one["timestamp"],
                one["offset"],
            )
            for one in ones
        ]
        yield Chunk(topic, partition, records)


def _bytes(text):
    return None if text is None else text.encode()


@pytest.fixture(scope="module")
def decoded():
    """Changes as dicts by column, bad records and ignored reasons, of one golden file."""
    known = {}

    def decode(name):
        if name not in known:
            by_topic = {one.topic: one for one in contracts(name)}
            decoder = Decoder(by_topic, {"erp": 1}, {"erp": SETTINGS[name]})
            known[name] = [
                (chunk, decoder.decode_chunk(chunk), by_topic.get(chunk.topic))
                for chunk in chunks(name)
            ]
        return known[name]

    return decode


def changes_of(decoded, name, table):
    for _, result, contract in decoded(name):
        if contract is not None and contract.table == table:
            return [
                (change, dict(zip(contract.column_names, change.values or (), strict=False)))
                for change in result.changes
            ]
    raise AssertionError(table)


def rows_where(decoded, name, table, **wanted):
    return [
        row
        for _, row in changes_of(decoded, name, table)
        if row and all(row[column] == value for column, value in wanted.items())
    ]


BAD = {
    # year 10000, before Christ twice over (streamed; the snapshot loses the sign)
    "postgresql_ours": Counter({"WrongValueError": 3}),
    "postgresql_defaults": Counter({"WrongValueError": 5}),
    "mariadb_ours": Counter({"WrongValueError": 2}),
    "mariadb_defaults": Counter({"WrongValueError": 2}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_record_of_a_real_feed_is_a_change_or_ignored_or_bad_for_a_known_reason(
    decoded, name
):
    bad = Counter()
    for chunk, result, _ in decoded(name):
        assert result.received == len(chunk)
        bad.update(one.error for one in result.bad)
    assert bad == BAD.get(name, Counter())


@pytest.mark.parametrize("name", ["postgresql_ours", "postgresql_defaults"])
def test_a_snapshot_row_of_postgresql_is_read_alike_in_our_and_in_default_modes(decoded, name):
    change, row = changes_of(decoded, name, "customers")[0]
    assert (change.op, change.snapshot, change.position.rank) == (Op.READ, True, 0)
    assert row["later"] is UNKNOWN
    assert row["credit_limit"] == Decimal("100.00")
    assert row["risk"] == Decimal("1.5")
    assert (row["amount"], row["m"]) == (Decimal("12.50"), Decimal("12.34"))
    assert row["tags"] == ["a", None, "b"]
    assert (row["amounts"], row["days"]) == ([Decimal("1.50"), 2], [date(2024, 2, 29)])
    assert row["attrs"] == '{"k": 1.50}'
    assert row["t"] == time(13, 14, 15, 123456)
    assert row["t3"] == time(13, 14, 15, 123000)
    assert row["ts"] == datetime(2024, 2, 29, 13, 14, 15, 123456)
    assert row["ts3"] == datetime(2024, 2, 29, 13, 14, 15, 123000)
    assert row["tstz"].isoformat() == "2024-02-29T11:14:15.123456+00:00"
    assert (row["b"], row["bits"], row["flag"]) == (b"\xde\xad\xbe\xef", "101010101010", True)
    assert (row["i8"], row["level"], row["r"]) == (9007199254740993, "gold", "[1,5)")


def test_a_null_beside_a_default_is_null_with_our_settings_and_unknown_where_it_may_lie(decoded):
    ours = rows_where(decoded, "postgresql_ours", "customers", code="C2")
    lying = rows_where(decoded, "postgresql_schemas_on", "customers", code="C2")
    assert [row["notes"] for row in ours] == ["n/a", None]
    assert [row["notes"] for row in lying] == [UNKNOWN, UNKNOWN]
    shop = rows_where(decoded, "mariadb_ours", "prices", sku="S2")
    trap = rows_where(decoded, "mariadb_schemas_on", "prices", sku="S2")
    assert [row["cur"] for row in shop] == ["USD", None, None]
    assert {row["cur"] for row in trap} == {UNKNOWN}


@pytest.mark.parametrize(
    "name", ["postgresql_ours", "postgresql_defaults", "postgresql_schemas_on"]
)
def test_large_values_that_an_update_did_not_touch_are_unknown_in_every_form(decoded, name):
    insert, untouched, text = rows_where(decoded, name, "toast", id=1)
    large = [column for column in TOAST if column not in {"id", "n"}]
    assert not any(insert[column] in {UNKNOWN, None} for column in ("big", "bigb", "bigj"))
    assert all(untouched[column] is UNKNOWN for column in large)
    assert untouched["n"] == 2
    assert text["big"] == "small now"


@pytest.mark.parametrize("name", ["postgresql_ours", "postgresql_defaults", "mariadb_ours"])
def test_the_halves_of_a_changed_key_share_their_position_and_name_each_other(decoded, name):
    engine, ids = name.partition("_")[0], {"postgresql": (3, 100), "mariadb": (2, 50)}
    table = {"postgresql": "customers", "mariadb": "prices"}[engine]
    before, after = ids[engine]
    changes = [change for change, _ in changes_of(decoded, name, table)]
    gone = next(change for change in changes if change.new_key)
    come = next(change for change in changes if change.old_key)
    assert (gone.op, gone.key, gone.new_key) == (Op.DELETE, (before,), (after,))
    assert (come.op, come.key, come.old_key) == (Op.CREATE, (after,), (before,))
    assert gone.position == come.position
    assert gone.tx_id == come.tx_id


@pytest.mark.parametrize("name", ["postgresql_ours", "postgresql_defaults"])
def test_infinities_keep_their_sign_in_stream_and_snapshot(decoded, name):
    streamed, again = rows_where(decoded, name, "customers", code="P")
    assert [row["d"] for row in (streamed, again)] == ["infinity"] * 2
    assert (streamed["ts"], streamed["tstz"]) == ("infinity", "infinity")
    for row in rows_where(decoded, name, "customers", code="M"):
        assert (row["d"], row["ts"], row["tstz"]) == ("-infinity",) * 3
    assert {row["d"] for row in rows_where(decoded, name, "customers", code="S")} == {
        "infinity",
        "-infinity",
    }


@pytest.mark.parametrize("name", ["postgresql_ours", "postgresql_defaults"])
def test_the_first_and_the_last_moment_are_read_also_from_a_snapshot(decoded, name):
    for row in rows_where(decoded, name, "customers", code="E"):
        assert (row["d"], row["ts"]) == (date.min, datetime(1, 1, 1))
        assert row["tstz"].replace(tzinfo=None) == datetime(1, 1, 1)
    for row in rows_where(decoded, name, "customers", code="L"):
        assert row["ts"] == datetime(9999, 12, 31, 23, 59, 59, 999999)


def test_not_a_number_survives_our_settings(decoded):
    for row in rows_where(decoded, "postgresql_ours", "customers", code="P"):
        assert row["risk"].is_nan()
        assert row["ratio"] != row["ratio"]


def test_the_replication_origin_marks_the_writes_made_under_it(decoded):
    origins = [c.origin for c, row in changes_of(decoded, "postgresql_ours", "customers")]
    assert [origin for origin in origins if origin] == ["mdmhub_golden"]


def test_a_partition_arrives_as_its_root_and_a_truncate_as_a_change(decoded):
    ops = [change.op for change, _ in changes_of(decoded, "postgresql_ours", "events")]
    assert ops == [Op.CREATE, Op.TRUNCATE]


def test_rows_of_an_incremental_snapshot_have_no_position_in_both_databases(decoded):
    for name, table in (("postgresql_ours", "customers"), ("mariadb_ours", "prices")):
        changes = [change for change, _ in changes_of(decoded, name, table)]
        again = [one for one in changes if one.snapshot and one.offset > 20]
        assert len(again) > 5
        assert {(one.position, one.origin) for one in again} == {(None, None)}


@pytest.mark.parametrize("name", ["mariadb_ours", "mariadb_defaults"])
def test_a_snapshot_row_of_mariadb_is_read_alike_in_our_and_in_default_modes(decoded, name):
    change, row = changes_of(decoded, name, "prices")[0]
    assert (change.op, change.snapshot, change.origin) == (Op.READ, True, None)
    assert row["price"] == Decimal("12.3400")
    assert (row["flag"], row["b1"], row["b12"]) == (1, True, 0b101010101010)
    assert (row["big"], row["n"], row["y"]) == (2**64 - 1, 2**32 - 1, 2024)
    assert row["d"] == date(2024, 2, 29)
    assert row["t"] == timedelta(hours=13, minutes=14, seconds=15, microseconds=123456)
    assert row["dt"] == datetime(2024, 2, 29, 13, 14, 15, 123456)
    assert row["dt3"] == datetime(2024, 2, 29, 13, 14, 15, 123000)
    assert row["dt0"] == datetime(2024, 2, 29, 13, 14, 15)
    assert row["ts"].isoformat() == "2024-02-29T13:14:15.123456+00:00"
    assert (row["s"], row["j"], row["bl"]) == ("x,y", '{"a":1}', b"\xde\xad\xbe\xef")


@pytest.mark.parametrize("name", ["mariadb_ours", "mariadb_defaults"])
def test_a_mariadb_time_may_be_negative_or_longer_than_a_day(decoded, name):
    for row in rows_where(decoded, name, "prices", sku="NEG"):
        assert row["t"] == -timedelta(hours=12, minutes=30, milliseconds=500)
    for row in rows_where(decoded, name, "prices", sku="LONG"):
        assert row["t0"] == timedelta(hours=838, minutes=59, seconds=59)


def test_the_gtid_domain_marks_who_wrote(decoded):
    origins = {change.origin for change, _ in changes_of(decoded, "mariadb_ours", "prices")}
    assert origins <= {None, "gtid_domain:0"}
    assert "gtid_domain:0" in origins


def test_no_change_of_a_mariadb_transaction_stands_before_the_one_that_it_follows(decoded):
    changes = [change for change, _ in changes_of(decoded, "mariadb_ours", "names")]
    positions = [change.position for change in changes if change.position]
    assert positions == sorted(positions)
    assert [(change.op, change.key) for change in changes[1:6]] == [
        (Op.CREATE, ("S1", "en")),
        (Op.CREATE, ("S1", "fr")),
        (Op.DELETE, ("S1", "fr")),
        (Op.CREATE, ("S1", "it")),
        (Op.DELETE, ("S1", "en")),
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_tombstones_after_deletes_and_the_connectors_own_records_are_only_counted(decoded, name):
    ignored = Counter()
    for _, result, _ in decoded(name):
        ignored.update(result.ignored)
    assert set(ignored) <= {"tombstone", "heartbeat", "transaction boundary", "signal", "message"}
    assert ignored["tombstone"] >= 2
    assert ignored["heartbeat"] >= 2
