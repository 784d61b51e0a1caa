"""Connector configurations, Kafka Connect's interface, preparation of sources."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors.debezium.connect import ConnectClient
from connectors.debezium.errors import (
    ConnectorFailedError,
    ConnectorRefusedError,
    ConnectorSlowError,
    ConnectUnreachableError,
)
from connectors.debezium.preparation import preparation
from connectors.debezium.registration import connector_config
from connectors.debezium.settings import OURS, FeedSettings
from connectors.debezium.source_spec import (
    Engine,
    Secret,
    SourceSpec,
    SourceTable,
    server_id,
    slot_name,
)

ERP = SourceSpec(
    name="erp-eu",
    engine=Engine.POSTGRESQL,
    host="db",
    port=5432,
    database="erp",
    user="dbz",
    password=Secret("very secret"),
    tables=(SourceTable(schema="public", table="cust.omers", columns=("id", "na$me")),),
    signal_table="public.debezium_signal",
)
SHOP = replace(
    ERP, name="shop", engine=Engine.MARIADB, kafka_bootstrap="kafka:9092", server_id=4711
)


def test_what_we_register_is_what_the_decoder_reads():
    config = connector_config(ERP)
    assert FeedSettings.of_connector(config) == OURS
    assert config["key.converter.schemas.enable"] == "false"
    assert config["tombstones.on.delete"] == "true"
    assert config["skipped.operations"] == "none"


def test_mariadb_times_are_numbers_because_iso_strings_lose_some():
    config = connector_config(SHOP)
    assert config["time.precision.mode"] == "adaptive_time_microseconds"
    assert config["enable.time.adjuster"] == "false"
    assert config["schema.history.internal.skip.unparseable.ddl"] == "true"
    assert config["database.server.id"] == "4711"
    assert config["schema.history.internal.kafka.bootstrap.servers"] == "kafka:9092"


def test_names_are_matched_literally_and_the_signal_table_with_all_its_columns():
    config = connector_config(ERP)
    assert config["table.include.list"] == r"public\.cust\.omers,public\.debezium_signal"
    assert config["column.include.list"].split(",") == [
        r"public\.cust\.omers\.id",
        r"public\.cust\.omers\.na\$me",
        r"public\.debezium_signal\..*",
    ]
    assert config["signal.data.collection"] == "public.debezium_signal"


def test_a_source_without_column_lists_follows_all_columns():
    whole = replace(ERP, tables=(SourceTable(schema="public", table="customers"),))
    assert "column.include.list" not in connector_config(whole)


def test_two_hubs_on_one_system_and_one_connect_share_no_name():
    ours, theirs = replace(ERP, hub="hub.a"), replace(ERP, hub="hub.b")
    assert (ours.connector, theirs.connector) == ("hub.a-erp-eu", "hub.b-erp-eu")
    assert (ours.slot_name, theirs.slot_name) == ("hub_a_erp_eu", "hub_b_erp_eu")
    assert ours.publication_name == ours.slot_name
    assert server_id("hub.a", "shop") != server_id("hub.b", "shop")
    assert 0 < server_id("hub.a", "shop") < 2**32


def test_a_slot_whose_name_would_be_cut_off_stays_a_name_of_its_own():
    first, second = slot_name("h" * 60, "erp"), slot_name("h" * 60, "erq")
    assert len(first) == len(second) == 63
    assert first != second


def test_slot_and_publication_are_legal_names_made_of_the_systems():
    config = connector_config(ERP)
    assert (config["slot.name"], config["publication.name"]) == ("mdhub_erp_eu", "mdhub_erp_eu")
    assert config["publication.autocreate.mode"] == "filtered"
    assert config["lsn.flush.mode"] == "connector"
    assert config["message.prefix.exclude.list"] in config["heartbeat.action.query"]


def test_topics_are_created_with_the_asked_partitions_and_the_connectors_own_with_one():
    config = connector_config(replace(ERP, partitions=7, retention_ms=1000))
    assert config["topic.creation.default.partitions"] == "7"
    assert config["topic.creation.default.retention.ms"] == "1000"
    assert config["topic.creation.single.partitions"] == "1"
    assert config["topic.creation.groups"] == "single"


def test_the_same_source_renders_the_same_text():
    assert json.dumps(connector_config(ERP)) == json.dumps(connector_config(replace(ERP)))


def test_a_password_is_never_shown_and_may_stay_in_a_file_of_the_worker():
    secret = Secret.in_file(Path("/etc/secrets.properties"), "erp")
    config = connector_config(replace(ERP, password=secret))
    assert config["database.password"] == "${file:/etc/secrets.properties:erp}"
    assert "very secret" not in repr(ERP) + str(ERP.password)


def test_a_mariadb_source_without_server_id_is_refused():
    with pytest.raises(ValueError, match="server_id"):
        connector_config(replace(SHOP, server_id=None))


def test_the_topic_of_a_table_is_what_debezium_makes_of_its_name():
    assert ERP.topic(SourceTable(schema="public", table="a b$c")) == "erp-eu.public.a_b_c"


@pytest.mark.parametrize("source", [ERP, SHOP])
def test_preparation_quotes_names_and_leaves_the_password_open(source):
    tables = tuple(replace(table, whole_rows=True) for table in source.tables[:1])
    statements = "\n".join(preparation(replace(source, tables=(*tables, *source.tables[1:]))))
    quoted = '"public"."cust.omers"' if source is ERP else "`public`.`cust.omers`"
    assert quoted in statements
    assert "<password>" in statements
    assert "very secret" not in statements
    whole = [line for line in statements.splitlines() if "REPLICA IDENTITY FULL" in line]
    assert len(whole) == (source is ERP), "only the table that needs it, and only in PostgreSQL"


class StandingClock:
    """Moves only when somebody sleeps."""

    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def client(*answers):
    """A client of a Connect that gives these answers in turn, the last again and again."""
    queue, seen = list(answers), []

    def answer(request):
        seen.append((request.method, request.url.raw_path.decode()))
        one = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(one, Exception):
            raise one
        status, body = one
        return httpx.Response(status, json=body)

    connect = ConnectClient("http://c", StandingClock(), transport=httpx.MockTransport(answer))
    return connect, seen


def states(connector, *tasks, trace=None):
    described = [
        {"id": number, "state": state, "trace": trace} for number, state in enumerate(tasks)
    ]
    return {"name": "x", "connector": {"state": connector}, "tasks": described}


TRACE = (
    "org.ConnectException: stopped\n\tat a\nCaused by: x.DebeziumException: The slot is gone\n"
    "\tat b\nCaused by: y.NoMessage"
)


def test_registering_is_a_put_of_the_whole_configuration():
    connect, seen = client((201, {}))
    connect.put("mdhub-erp/eu", {"a": "b"})
    assert seen == [("PUT", "/connectors/mdhub-erp%2Feu/config")]


def test_a_refused_configuration_says_what_connect_said():
    connect, _ = client((400, {"error_code": 400, "message": "invalid: slot.name"}))
    with pytest.raises(ConnectorRefusedError, match=r"invalid: slot\.name"):
        connect.put("x", {})


def test_a_connect_that_does_not_answer_is_named_with_its_address():
    connect, _ = client(httpx.ConnectError("refused"))
    with pytest.raises(ConnectUnreachableError, match="http://c"):
        connect.connectors()


def test_a_rebalance_is_waited_for():
    connect, seen = client((409, {"message": "rebalance"}), (200, {}))
    connect.put("x", {})
    assert len(seen) == 2


def test_waiting_ends_when_the_connector_and_its_tasks_run():
    connect, _ = client((404, {}), (200, states("RUNNING")), (200, states("RUNNING", "RUNNING")))
    assert connect.wait_running("x", 10).running


def test_waiting_ends_at_the_first_failure_with_the_cause_that_says_something():
    connect, _ = client((200, states("RUNNING", "FAILED", trace=TRACE)))
    with pytest.raises(ConnectorFailedError, match=r"task 0: .*stopped; .*The slot is gone"):
        connect.wait_running("x", 10)


def test_waiting_has_an_end():
    connect, _ = client((200, states("RUNNING")))
    with pytest.raises(ConnectorSlowError, match="after 3 s"):
        connect.wait_running("x", 3)


def test_removing_what_is_not_there_is_no_error():
    connect, _ = client((404, {"message": "not found"}))
    connect.delete("x")


def test_only_what_failed_is_restarted():
    connect, seen = client((202, {}))
    connect.restart_failed("x")
    assert seen == [("POST", "/connectors/x/restart?includeTasks=true&onlyFailed=true")]
