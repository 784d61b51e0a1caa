"""Each source type in each way Debezium writes it: a value, None or UNKNOWN."""

# ruff: noqa: DTZ001, DTZ901  # a timestamp without time zone is naive
from __future__ import annotations

import base64
import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from connectors.debezium.errors import ContractError
from connectors.debezium.logical_types import converter
from connectors.debezium.settings import FeedSettings
from connectors.debezium.wire import wire_of_schema, wire_of_settings
from golden_records.domain.rowchange import UNKNOWN, ColumnContract

PLACEHOLDER = "__debezium_unavailable_value"
DEFAULT_POSTGRESQL = FeedSettings(
    decimal="precise", time_precision="adaptive", interval="numeric", nulls_are_sent=False
)
DEFAULT_MARIADB = FeedSettings(
    decimal="precise", time_precision="adaptive_time_microseconds", nulls_are_sent=False
)
BIG = "timestamp without time zone"


def column(mirror, source, **facts):
    return ColumnContract(name="x", type=mirror, source_type=source, **facts)


OURS = {
    "text": (column("text", "text"), "Ada", "Ada"),
    "uuid": (column("uuid", "uuid"), "11111111-2222-3333-4444-555555555555", ...),
    "int8 beyond doubles": (column("bigint", "bigint"), 9007199254740993, 9007199254740993),
    "int8 limits": (column("bigint", "bigint"), -(2**63), -(2**63)),
    "bigint unsigned": (column("numeric", "bigint(20) unsigned", unsigned=True), -1, 2**64 - 1),
    "bigint unsigned small": (column("numeric", "bigint unsigned", unsigned=True), 5, 5),
    "bigint unsigned half": (column("numeric", "bigint unsigned", unsigned=True), -(2**63), 2**63),
    "decimal": (column("numeric", "numeric(12,2)"), "1234567.89", Decimal("1234567.89")),
    "decimal negative": (column("numeric", "numeric(12,2)"), "-0.01", Decimal("-0.01")),
    "decimal 38 digits": (column("numeric", "numeric(38,0)"), "9" * 38, Decimal("9" * 38)),
    "decimal trailing zeros": (column("numeric", "numeric"), "1.50", Decimal("1.50")),
    "double": (column("double precision", "double precision"), 0.1, 0.1),
    "double whole": (column("double precision", "double precision"), 1, 1.0),
    "double infinite": (column("double precision", "double precision"), "Infinity", float("inf")),
    "boolean": (column("boolean", "boolean"), False, False),
    "tinyint(1) as boolean": (column("boolean", "tinyint(1)"), 1, True),
    "tinyint(1) as number": (column("smallint", "tinyint(1)"), 2, 2),
    "year": (column("integer", "year(4)"), 2024, 2024),
    "enum": (column("text", "enum('a','b')"), "b", "b"),
    "set": (column("text", "set('x','y')"), "x,y", "x,y"),
    "jsonb": (column("jsonb", "jsonb"), '{"k": 1}', '{"k": 1}'),
    "jsonb expanded": (column("jsonb", "jsonb"), {"k": 1}, '{"k":1}'),
    "hstore": (column("jsonb", "hstore"), '{"a":"b"}', '{"a":"b"}'),
    "bytea": (column("bytea", "bytea"), "3q2+7w==", bytes.fromhex("deadbeef")),
    "bit(1)": (column("boolean", "bit(1)"), True, True),
    "bit(12) little-endian": (column("text", "bit(12)"), "qgo=", "101010101010"),
    "bit(12) of MariaDB": (column("bigint", "bit(12)"), "qgo=", 0b101010101010),
    "date": (column("date", "date"), "2024-02-29Z", date(2024, 2, 29)),
    "date before Gregory": (column("date", "date"), "1582-10-10Z", date(1582, 10, 10)),
    "date first": (column("date", "date"), "0001-01-01Z", date(1, 1, 1)),
    "time": (column("time", "time"), "13:14:15.123456Z", time(13, 14, 15, 123456)),
    "timestamp": (
        column("timestamp", BIG),
        "2024-02-29T13:14:15.123456Z",
        datetime(2024, 2, 29, 13, 14, 15, 123456),
    ),
    "timestamp last": (column("timestamp", BIG), "9999-12-31T23:59:59.999999Z", datetime.max),
    "timestamp short fraction": (
        column("timestamp", BIG),
        "2024-02-29T13:14:15.2Z",
        datetime(2024, 2, 29, 13, 14, 15, 200000),
    ),
    "timestamptz": (
        column("timestamptz", "timestamp with time zone"),
        "2024-02-29T11:14:15.123456Z",
        datetime(2024, 2, 29, 11, 14, 15, 123456, tzinfo=UTC),
    ),
    "timestamptz with offset": (
        column("timestamptz", "timestamp"),
        "2024-02-29T13:14:15+02:00",
        datetime(2024, 2, 29, 11, 14, 15, tzinfo=UTC),
    ),
    "timestamptz infinite": (column("timestamptz", "timestamptz"), "infinity", "infinity"),
    "timestamptz minus infinite": (column("timestamptz", "timestamptz"), "-infinity", "-infinity"),
    "timestamp infinite": (column("timestamp", BIG), "+294247-01-10T04:00:25.2Z", "infinity"),
    "date infinite, streamed": (column("date", "date"), "-5877611-06-21Z", "infinity"),
    "date infinite, snapshot": (column("date", "date"), "+292278994-08-16Z", "infinity"),
    "date minus infinite": (column("date", "date"), "-5877611-06-22Z", "-infinity"),
    "date minus, snapshot": (column("date", "date"), "+292269055-12-02Z", "-infinity"),
    "interval": (column("interval", "interval"), "P0Y1M2DT3H4M5S", "P0Y1M2DT3H4M5S"),
    "text[]": (column("text[]", "text[]"), ["a", None, "b"], ["a", None, "b"]),
    "numeric[]": (column("numeric[]", "numeric(5,2)[]"), ["1.50"], [Decimal("1.50")]),
    "date[]": (column("date[]", "date[]"), ["2024-02-29Z"], [date(2024, 2, 29)]),
    "timetz": (
        column("timetz", "time with time zone"),
        "11:14:15Z",
        time(11, 14, 15, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize(("of", "wire", "value"), OURS.values(), ids=OURS)
def test_our_settings_give_the_source_value(feed, of, wire, value):
    expected = wire if value is ... else value
    decoded = feed.value(of, wire)
    assert decoded == expected
    assert type(decoded) is type(expected)


@pytest.mark.parametrize("of", [one for one, _, _ in OURS.values()], ids=OURS)
def test_null_is_null_in_every_type(feed, of):
    assert feed.value(of, None, op="c") is None


@pytest.mark.parametrize("mirror", ["numeric[]", "date[]", "boolean[]", "timestamptz[]"])
def test_an_unsent_array_without_placeholder_arrives_as_null_and_is_unknown(feed, mirror):
    of = column(mirror, mirror)
    contract = feed.contract({"id": ("integer", "integer"), "x": of}, whole_rows=True)
    event = feed.event("u", {"id": 1, "x": None})
    assert feed.value(of, None) is UNKNOWN
    assert feed.change(event, contract=contract).values == (1, None)


@pytest.mark.parametrize("mirror", ["text[]", "integer[]", "bigint[]", "uuid[]"])
def test_an_array_with_a_placeholder_of_its_own_is_null_when_it_says_null(feed, mirror):
    assert feed.value(column(mirror, mirror), None) is None


DEFAULTS = {
    "decimal": (column("numeric", "numeric(12,2)"), "JxA=", Decimal("100.00")),
    "decimal negative": (column("numeric", "numeric(12,2)"), "/w==", Decimal("-0.01")),
    "decimal zero": (column("numeric", "numeric(12,2)"), "AA==", Decimal("0.00")),
    "decimal scale 4": (column("numeric", "decimal(10,4)"), "AeII", Decimal("12.3400")),
    "decimal scale over digits": (column("numeric", "numeric(2,5)"), "AQ==", Decimal("0.00001")),
    "decimal variable": (
        column("numeric", "numeric"),
        {"scale": 1, "value": "Dw=="},
        Decimal("1.5"),
    ),
    "money": (column("numeric", "money"), "BNI=", Decimal("12.34")),
    "date": (column("date", "date"), 19782, date(2024, 2, 29)),
    "date before 1970": (column("date", "date"), -719162, date(1, 1, 1)),
    "time": (column("time", "time"), 47655123456, time(13, 14, 15, 123456)),
    "time(3)": (column("time", "time(3)"), 47655123, time(13, 14, 15, 123000)),
    "timestamp": (
        column("timestamp", BIG),
        1709212455123456,
        datetime(2024, 2, 29, 13, 14, 15, 123456),
    ),
    "timestamp(3)": (
        column("timestamp", "timestamp(3) without time zone"),
        1709212455123,
        datetime(2024, 2, 29, 13, 14, 15, 123000),
    ),
    "timestamp year 1": (column("timestamp", BIG), -62135596800000000, datetime.min),
    "timestamp infinite": (column("timestamp", BIG), 9223372036825200000, "infinity"),
    "timestamp minus infinite": (column("timestamp", BIG), -9223372036832400000, "-infinity"),
    "interval": (column("interval", "interval"), 2813645000000, "2813645000000 microseconds"),
}


@pytest.mark.parametrize(("of", "wire", "value"), DEFAULTS.values(), ids=DEFAULTS)
def test_postgresql_default_modes_are_read_by_the_contract(feed, of, wire, value):
    assert feed.value(of, wire, settings=DEFAULT_POSTGRESQL) == value


MARIADB = {
    "datetime": (column("timestamp", "datetime"), 1709212455000, datetime(2024, 2, 29, 13, 14, 15)),
    "datetime(6)": (
        column("timestamp", "datetime(6)"),
        1709212455123456,
        datetime(2024, 2, 29, 13, 14, 15, 123456),
    ),
    "time is microseconds whatever its digits": (
        column("interval", "time(3)"),
        47655123000,
        timedelta(hours=13, minutes=14, seconds=15, milliseconds=123),
    ),
    "time negative": (column("interval", "time"), -45000000000, -timedelta(hours=12, minutes=30)),
    "time beyond a day": (column("interval", "time"), 3020399000000, timedelta(0, 3020399)),
}


@pytest.mark.parametrize(("of", "wire", "value"), MARIADB.values(), ids=MARIADB)
def test_mariadb_default_modes_are_read_by_the_contract(feed, of, wire, value):
    assert feed.value(of, wire, settings=DEFAULT_MARIADB) == value


OTHER_MODES = {
    "connect": (column("timestamp", BIG), "connect", 1709212455123, 123000),
    "microseconds": (column("timestamp", "timestamp(3)"), "microseconds", 1709212455123456, 123456),
    "nanoseconds": (column("timestamp", BIG), "nanoseconds", 1709212455123456000, 123456),
}


@pytest.mark.parametrize(("of", "mode", "wire", "micros"), OTHER_MODES.values(), ids=OTHER_MODES)
def test_the_other_time_modes_are_read_by_the_setting(feed, of, mode, wire, micros):
    value = feed.value(of, wire, settings=FeedSettings(time_precision=mode))
    assert value == datetime(2024, 2, 29, 13, 14, 15, micros)


UNSENT = {
    "text": (column("text", "text"), PLACEHOLDER, FeedSettings()),
    "jsonb": (column("jsonb", "jsonb"), PLACEHOLDER, FeedSettings()),
    "text[]": (column("text[]", "text[]"), [PLACEHOLDER], FeedSettings()),
    "integer[]": (column("integer[]", "integer[]"), list(PLACEHOLDER.encode()), FeedSettings()),
    "uuid[]": (
        column("uuid[]", "uuid[]"),
        [str(UUID(bytes=hashlib.md5(PLACEHOLDER.encode()).digest(), version=3))],  # noqa: S324
        FeedSettings(),
    ),
    "bytea bytes": (
        column("bytea", "bytea"),
        base64.b64encode(PLACEHOLDER.encode()).decode(),
        FeedSettings(),
    ),
    "bytea hex": (column("bytea", "bytea"), PLACEHOLDER, FeedSettings(binary="hex")),
    "bytea base64": (column("bytea", "bytea"), None, FeedSettings(binary="base64")),
    "hstore text": (
        column("jsonb", "hstore"),
        f'{{"{PLACEHOLDER}":"{PLACEHOLDER}"}}',
        FeedSettings(),
    ),
    "hstore map": (column("jsonb", "hstore"), {PLACEHOLDER: PLACEHOLDER}, FeedSettings()),
    "numeric": (column("numeric", "numeric"), PLACEHOLDER, FeedSettings()),
    "another placeholder": (column("text", "text"), "(gone)", FeedSettings(placeholder="(gone)")),
}


@pytest.mark.parametrize(("of", "wire", "settings"), UNSENT.values(), ids=UNSENT)
def test_a_large_value_that_was_not_sent_is_unknown(feed, of, wire, settings):
    assert feed.value(of, wire, settings=settings) is UNKNOWN


def test_a_bytea_that_is_null_at_its_insert_is_null_even_in_base64_mode(feed):
    settings = FeedSettings(binary="base64")
    assert feed.value(column("bytea", "bytea"), None, op="c", settings=settings) is None


@pytest.mark.parametrize(
    ("binary", "wire"),
    [
        ("bytes", "3q2+7w=="),
        ("base64", "3q2+7w=="),
        ("base64-url-safe", "3q2-7w=="),
        ("hex", "deadbeef"),
    ],
)
def test_bytes_are_read_in_each_binary_mode(feed, binary, wire):
    settings = FeedSettings(binary=binary)
    assert feed.value(column("bytea", "bytea"), wire, settings=settings) == bytes.fromhex(
        "deadbeef"
    )


def test_not_a_number_is_a_number_in_string_mode_and_unknown_where_it_became_null(feed):
    text = feed.value(column("numeric", "numeric"), "NAN")
    lost = feed.value(
        column("numeric", "numeric(12,2)", nullable=False), None, settings=DEFAULT_POSTGRESQL
    )
    assert text.is_nan()
    assert lost is UNKNOWN


def test_an_unsigned_bigint_is_read_in_precise_mode(feed):
    of = column("numeric", "bigint unsigned", unsigned=True)
    wire = base64.b64encode((2**64 - 1).to_bytes(9, "big")).decode()
    assert feed.value(of, wire, settings=FeedSettings(bigint_unsigned="precise")) == 2**64 - 1


def test_a_masked_column_is_never_believed(feed):
    assert feed.value(column("text", "text", masked=True), "***") is UNKNOWN


def test_a_column_that_is_absent_is_unknown_and_not_null(feed):
    contract = feed.contract({"id": ("integer", "integer"), "gone": ("text", "text")})
    assert feed.change(feed.event("c", {"id": 1}), contract=contract).values == (1, UNKNOWN)


REFUSED = {
    "year 10000": (column("date", "date"), "+10000-01-01Z"),
    "before Christ": (column("timestamp", BIG), "-0043-03-15T00:00:00Z"),
    "days out of range": (column("date", "date"), 2932897),
    "24:00": (column("time", "time"), 86400000000),
    "text in a number": (column("integer", "integer"), "1"),
    "a boolean in a number": (column("integer", "integer"), True),
    "a fraction in a number": (column("bigint", "bigint"), 1.5),
    "a word in a decimal": (column("numeric", "numeric"), "many"),
    "a number in text": (column("text", "text"), 1),
    "a word in a boolean": (column("boolean", "boolean"), "true"),
    "broken base64": (column("bytea", "bytea"), "3q2+7w="),
    "a word in an array": (column("text[]", "text[]"), "a"),
    "a zone in a local time": (column("timestamp", BIG), "2024-02-29T13:14:15+02:00"),
    "no zone in an instant": (column("timestamptz", "timestamptz"), "2024-02-29T13:14:15"),
    "bytes in a document": (column("jsonb", "jsonb"), 1),
}


@pytest.mark.parametrize(("of", "wire"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_the_contract_does_not_allow_is_bad_and_names_the_column(feed, of, wire):
    contract = feed.contract({"id": ("integer", "integer"), "x": of})
    bad = feed.error(feed.event("u", {"id": 1, "x": wire}), contract=contract)
    assert bad.error == "WrongValueError"
    assert "public.customers.x" in bad.message


def test_a_contract_that_cannot_be_served_is_refused_before_the_first_event(feed):
    with pytest.raises(ContractError, match=r"column shape: no way from geometry to geometry"):
        feed.decoder(
            feed.contract({"id": ("integer", "integer"), "shape": ("geometry", "geometry")})
        )


SCHEMAS = {
    "ms by schema name": (
        column("timestamp", BIG),
        {"type": "int64", "name": "io.debezium.time.Timestamp"},
        1709212455123,
        datetime(2024, 2, 29, 13, 14, 15, 123000),
    ),
    "us by schema name": (
        column("timestamp", "timestamp(3)"),
        {"type": "int64", "name": "io.debezium.time.MicroTimestamp"},
        1709212455123456,
        datetime(2024, 2, 29, 13, 14, 15, 123456),
    ),
    "decimal by its parameter": (
        column("numeric", "numeric"),
        {
            "type": "bytes",
            "name": "org.apache.kafka.connect.data.Decimal",
            "parameters": {"scale": "4"},
        },
        "AeII",
        Decimal("12.3400"),
    ),
    "elements of an array": (
        column("time[]", "time[]"),
        {"type": "array", "items": {"type": "int32", "name": "io.debezium.time.Time"}},
        [47655123],
        [time(13, 14, 15, 123000)],
    ),
    "default that may be a null": (
        column("text", "text", has_default=True),
        {"type": "string", "optional": True, "default": "n/a"},
        "n/a",
        UNKNOWN,
    ),
    "value beside the default": (
        column("text", "text", has_default=True),
        {"type": "string", "optional": True, "default": "n/a"},
        "other",
        "other",
    ),
    "default of a column that is never null": (
        column("text", "text", nullable=False, has_default=True),
        {"type": "string", "optional": False, "default": "n/a"},
        "n/a",
        "n/a",
    ),
}


@pytest.mark.parametrize(("of", "field", "wire", "value"), SCHEMAS.values(), ids=SCHEMAS)
def test_with_schemas_on_the_event_says_its_own_form(of, field, wire, value):
    convert = converter(of, wire_of_schema(of, field, DEFAULT_POSTGRESQL))
    decoded = convert(wire)
    assert decoded is UNKNOWN if value is UNKNOWN else decoded == value


def test_a_default_is_believed_where_nulls_are_known_to_be_sent():
    of = column("text", "text", has_default=True)
    field = {"type": "string", "optional": True, "default": "n/a"}
    assert converter(of, wire_of_schema(of, field, FeedSettings()))("n/a") == "n/a"


@given(st.integers(-(10**38), 10**38))
def test_a_decimal_survives_base64_in_its_scale(unscaled):
    length = unscaled.bit_length() // 8 + 1
    wire = base64.b64encode(unscaled.to_bytes(length, "big", signed=True)).decode()
    of = column("numeric", "numeric(38,4)")
    assert converter(of, wire_of_settings(of, DEFAULT_POSTGRESQL))(wire) == Decimal(
        f"{unscaled}e-4"
    )


@given(st.datetimes())
def test_a_timestamp_survives_both_ways_of_writing_it(value):
    of = column("timestamp", BIG)
    micros = (value - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert converter(of, wire_of_settings(of, DEFAULT_POSTGRESQL))(micros) == value
    assert converter(of, wire_of_settings(of, FeedSettings()))(f"{value.isoformat()}Z") == value
