"""From a source's catalogue to contracts, and what preflight and doctor say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.debezium.catalogue import (
    SourceCatalogue,
    SourceCatalogueTable,
    SourceColumn,
    contracts_of,
    followed,
)
from connectors.debezium.doctor import diagnose
from connectors.debezium.errors import SourceMismatchError
from connectors.debezium.findings import Severity
from connectors.debezium.mirror_types import mariadb_type, postgresql_type
from connectors.debezium.preflight import preflight
from connectors.debezium.registration import connector_config
from connectors.debezium.source_spec import Engine, Secret, SourceSpec, SourceTable


def source(engine=Engine.POSTGRESQL, *tables):
    return SourceSpec(
        name="erp",
        engine=engine,
        host="db",
        port=1,
        database="erp",
        user="dbz",
        password=Secret("x"),
        tables=tables or (SourceTable(schema="public", table="customers"),),
        kafka_bootstrap="k",
        server_id=5,
    )


def column(name, source_type, **facts):
    described = {"nullable": True, "has_default": False} | facts
    return SourceColumn(name=name, source_type=source_type, **described)


def catalogue(*columns, engine=Engine.POSTGRESQL, key=("id",), identity="DEFAULT", **settings):
    table = SourceCatalogueTable(
        schema="public",
        table="customers",
        columns=(column("id", "integer" if engine is Engine.POSTGRESQL else "int(11)"), *columns),
        key=key,
        identity=identity,
    )
    good = {"wal_level": "logical", "log_bin": "ON", "binlog_format": "ROW"} | {
        "binlog_row_image": "FULL",
        "binlog_row_metadata": "FULL",
    }
    return SourceCatalogue(
        engine=engine, tables={("public", "customers"): table}, settings=good | settings
    )


def test_a_contract_keeps_the_asked_columns_and_puts_the_key_in_front():
    spec = source(
        Engine.POSTGRESQL, SourceTable(schema="public", table="customers", columns=("b",))
    )
    (contract,) = contracts_of(spec, catalogue(column("a", "text"), column("b", "jsonb")))
    assert contract.column_names == ("id", "b")
    assert (contract.key, contract.topic, contract.whole_rows) == (
        ("id",),
        "erp.public.customers",
        False,
    )
    assert followed(spec, (contract,))[0].columns == ("id", "b")


def test_everything_that_is_missing_is_said_at_once():
    spec = source(
        Engine.POSTGRESQL,
        SourceTable(schema="public", table="gone"),
        SourceTable(schema="public", table="customers", columns=("id", "nope", "shape")),
    )
    with pytest.raises(SourceMismatchError) as caught:
        contracts_of(spec, catalogue(column("shape", "geometry"), key=()))
    for part in ("public.gone", "no primary key", "customers.nope", "geometry"):
        assert part in str(caught.value)


def test_a_table_that_must_log_whole_rows_and_does_not_is_refused_with_the_statement_to_run():
    wanted = SourceTable(schema="public", table="customers", whole_rows=True)
    spec = source(Engine.POSTGRESQL, wanted)
    assert contracts_of(spec, catalogue(identity="FULL"))[0].whole_rows
    with pytest.raises(SourceMismatchError, match="run ALTER TABLE public"):
        contracts_of(spec, catalogue())


@pytest.mark.parametrize(
    ("source_type", "mirror"),
    [
        ("character varying(20)", "text"),
        ("numeric(12,2)", "numeric"),
        ("numeric(8,2)[]", "numeric[]"),
        ("timestamp(3) without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"),
        ("bit(1)", "boolean"),
        ("bit(12)", "text"),
        ("public.hstore", "jsonb"),
        ("bit varying(5)", None),
        ("geometry", None),
        ("bytea[]", None),
    ],
)
def test_postgresql_types_have_one_mirror_type_or_none(source_type, mirror):
    assert postgresql_type(source_type) == mirror


def test_an_enum_is_text():
    assert (postgresql_type("tier", enum=True), postgresql_type("tier[]", enum=True)) == (
        "text",
        "text[]",
    )


@pytest.mark.parametrize(
    ("source_type", "mirror"),
    [
        ("int(10) unsigned", "bigint"),
        ("mediumint(8) unsigned zerofill", "integer"),
        ("bigint(20) unsigned", "numeric"),
        ("bigint(20)", "bigint"),
        ("tinyint(1)", "smallint"),
        ("bit(1)", "boolean"),
        ("bit(64)", "numeric"),
        ("datetime(6)", "timestamp"),
        ("timestamp", "timestamptz"),
        ("time", "interval"),
        ("enum('a','b')", "text"),
        ("json", "jsonb"),
        ("inet6", None),
        ("geometry", None),
    ],
)
def test_mariadb_types_have_one_mirror_type_or_none(source_type, mirror):
    assert mariadb_type(source_type) == mirror


def findings(result):
    return {(one.severity, one.subject) for one in result}


def test_preflight_is_silent_about_a_good_source():
    assert preflight(source(), catalogue(identity="FULL")) == []
    maria = catalogue(engine=Engine.MARIADB, identity="FULL")
    assert preflight(source(Engine.MARIADB), maria) == []


def test_preflight_names_settings_that_make_the_log_useless():
    result = preflight(source(), catalogue(wal_level="replica"))
    assert (Severity.ERROR, "erp: wal_level") in findings(result)
    maria = catalogue(
        engine=Engine.MARIADB, binlog_row_image="MINIMAL", binlog_row_metadata="NO_LOG"
    )
    result = preflight(source(Engine.MARIADB), maria)
    assert (Severity.ERROR, "erp: binlog_row_image") in findings(result)
    assert (Severity.WARNING, "erp: binlog_row_metadata") in findings(result)
    assert result[0].severity is Severity.ERROR


def test_preflight_names_what_the_identity_leaves_out():
    columns = (column("big", "text", large=True), column("nums", "numeric[]", large=True))
    result = findings(preflight(source(), catalogue(*columns)))
    assert (Severity.NOTE, "public.customers: big, nums") in result
    assert (Severity.WARNING, "public.customers: nums") in result
    nothing = findings(preflight(source(), catalogue(identity="NOTHING")))
    assert (Severity.ERROR, "public.customers") in nothing


def test_preflight_names_a_type_that_stops_the_whole_mariadb_connector():
    maria = catalogue(column("ip", "inet6"), engine=Engine.MARIADB, identity="FULL")
    spec = source(Engine.MARIADB, SourceTable(schema="public", table="customers", columns=("id",)))
    assert findings(preflight(spec, maria)) == {(Severity.ERROR, "public.customers.ip")}


COLUMNS = (
    column("notes", "text", has_default=True),
    column("amount", "numeric(12,2)"),
    column("pic", "bytea"),
)


def diagnosed(config, *, identity="DEFAULT", columns=COLUMNS):
    (contract,) = contracts_of(source(), catalogue(*columns, identity=identity))
    return findings(diagnose(config, (contract,)))


def test_the_doctor_finds_no_error_in_what_we_register():
    assert {severity for severity, _ in diagnosed(connector_config(source()))} == {Severity.NOTE}
    assert diagnosed(connector_config(source()), identity="FULL") == set()


DISEASES = {
    "null as default": (
        {"value.converter.replace.null.with.default": "true"},
        (Severity.ERROR, "public.customers.notes"),
    ),
    "NaN as null": (
        {"decimal.handling.mode": "precise"},
        (Severity.WARNING, "public.customers.amount"),
    ),
    "unsent bytes as null": (
        {"binary.handling.mode": "base64"},
        (Severity.WARNING, "public.customers.pic"),
    ),
    "excluded": (
        {"column.exclude.list": r"public\.customers\.n.*"},
        (Severity.ERROR, "public.customers.notes"),
    ),
    "not included": (
        {"column.include.list": r"public\.customers\.(id|amount|pic)"},
        (Severity.ERROR, "public.customers.notes"),
    ),
    "masked": (
        {"column.mask.with.5.chars": "public.customers.notes"},
        (Severity.ERROR, "public.customers.notes"),
    ),
    "flattened": (
        {"transforms.x.type": "io.debezium.transforms.ExtractNewRecordState"},
        (Severity.ERROR, "transforms.x.type"),
    ),
    "Avro": ({"value.converter": "AvroConverter"}, (Severity.ERROR, "value.converter")),
    "truncates": ({"skipped.operations": "t"}, (Severity.WARNING, "skipped.operations")),
}


@pytest.mark.parametrize(("change", "finding"), DISEASES.values(), ids=DISEASES)
def test_the_doctor_names_each_lie_with_its_column(change, finding):
    assert finding in diagnosed(connector_config(source()) | change)


def test_the_doctor_knows_the_lies_of_mariadb():
    spec = source(Engine.MARIADB)
    columns = (column("big", "bigint(20) unsigned"), column("t", "time"))
    maria = catalogue(*columns, engine=Engine.MARIADB, identity="FULL")
    (contract,) = contracts_of(spec, maria)
    config = connector_config(spec) | {"time.precision.mode": "isostring"}
    assert findings(diagnose(config, (contract,))) == {
        (Severity.NOTE, "public.customers.big"),
        (Severity.WARNING, "public.customers.t"),
    }
    assert replace(contract, whole_rows=True) == contract
