"""The decoder turns every record into a change, an ignored reason or a bad record."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, strategies as st

from connectors.debezium.decode import Decoder
from golden_records.domain.feed import Chunk, FeedRecord
from golden_records.domain.rowchange import UNKNOWN, ColumnContract, Op, Position, TableContract


def wrapped(payload, fields=()):
    return {"schema": {"type": "struct", "fields": list(fields)}, "payload": payload}


AFTER_SCHEMA = (
    {
        "field": "after",
        "type": "struct",
        "fields": [
            {"field": "id", "type": "int32", "optional": False, "default": 0},
            {"field": "name", "type": "string", "optional": True},
        ],
    },
)


@pytest.mark.parametrize("op", ["r", "c", "u"])
def test_a_row_arrives_in_contract_order_with_its_key(feed, op):
    change = feed.change(feed.event(op, {"name": "Ada", "id": 7}), key={"id": 7})
    assert (change.op, change.key, change.values) == (Op(op), (7,), (7, "Ada"))
    assert (change.system, change.table, change.topic) == ("erp", "customers", feed.topic)
    assert change.source_ts == datetime(2026, 11, 23, 2, 18, 14, 436719, tzinfo=UTC)


def test_an_operation_code_counts_in_either_case(feed):
    assert feed.change(feed.event("U")).op is Op.UPDATE


def test_a_delete_carries_its_key_alone_because_the_rest_of_before_is_invented(feed):
    change = feed.change(feed.event("d", before={"id": 1, "name": ""}))
    assert (change.op, change.key, change.values) == (Op.DELETE, (1,), None)


def test_before_is_never_a_base_for_what_an_update_leaves_out(feed):
    change = feed.change(feed.event("u", {"id": 1}, before={"id": 1, "name": "Ada"}))
    assert change.values == (1, UNKNOWN)


def test_a_truncate_is_a_change_without_key_and_row(feed):
    record = FeedRecord(None, orjson.dumps(feed.event("t")), (), 0, 0)
    (change,) = feed.decode(record).changes
    assert (change.op, change.key, change.values) == (Op.TRUNCATE, (), None)


def test_a_message_is_ignored(feed):
    event = feed.event("m", source=feed.source(schema="", table=""))
    assert feed.decode(feed.record(event)).ignored == {"message": 1}


@pytest.mark.parametrize("code", ["x", "", 1, None, ["u"], True])
def test_an_unknown_operation_is_bad_and_never_an_update(feed, code):
    assert feed.error(feed.event() | {"op": code}).error in {"UnknownOpError", "NotAnEnvelopeError"}


@pytest.mark.parametrize("key_on", [False, True])
@pytest.mark.parametrize("value_on", [False, True])
def test_schemas_may_be_on_for_key_and_value_each(feed, key_on, value_on):
    key_fields = [{"field": "id", "type": "int32", "optional": False}]
    key = wrapped({"id": 1}, key_fields) if key_on else {"id": 1}
    value = wrapped(feed.event(), AFTER_SCHEMA) if value_on else feed.event()
    assert feed.change(value, key=key).values == (1, "Ada")


@pytest.mark.parametrize("empty", [None, b"null", b'{"schema":null,"payload":null}'])
def test_a_tombstone_after_its_delete_is_ignored(feed, empty):
    decoded = feed.decode(feed.record(feed.event("d")), feed.record(empty, offset=1))
    assert [change.op for change in decoded.changes] == [Op.DELETE]
    assert decoded.ignored == {"tombstone": 1}


def test_a_tombstone_at_the_head_of_the_next_chunk_still_belongs_to_its_delete(feed):
    decoder = feed.decoder()
    decoder.decode_chunk(feed.chunk(feed.record(feed.event("d"), offset=8)))
    decoded = decoder.decode_chunk(feed.chunk(feed.record(None, offset=9)))
    assert (decoded.changes, decoded.ignored) == ([], {"tombstone": 1})


@pytest.mark.parametrize("empty", [None, b"null"])
def test_a_tombstone_alone_is_the_delete_of_a_compacted_topic(feed, empty):
    decoded = feed.decode(feed.record(feed.event("u")), feed.record(empty, key={"id": 2}))
    assert decoded.changes[1].op is Op.DELETE
    assert (decoded.changes[1].key, decoded.changes[1].position) == ((2,), None)


def test_a_tombstone_of_another_key_than_the_delete_before_it_is_a_delete(feed):
    decoded = feed.decode(feed.record(feed.event("d")), feed.record(None, key={"id": 2}))
    assert [change.key for change in decoded.changes] == [(1,), (2,)]


@pytest.mark.parametrize(
    "snapshot",
    ["true", "first", "first_in_data_collection", "last_in_data_collection", "last", True],
)
def test_each_snapshot_marker_ranks_before_the_stream_of_the_same_lsn(feed, snapshot):
    read = feed.change(feed.event("r", source=feed.source(snapshot=snapshot)))
    streamed = feed.change(feed.event("c"))
    assert (read.snapshot, streamed.snapshot) == (True, False)
    assert read.position == Position(1, 100, 0, 0, 0)
    assert read.position < streamed.position


@pytest.mark.parametrize("snapshot", ["false", None, False])
def test_null_and_false_mean_streamed(feed, snapshot):
    change = feed.change(feed.event("u", source=feed.source(snapshot=snapshot)))
    assert (change.snapshot, change.position.rank) == (False, 1)


def test_a_row_of_an_incremental_snapshot_has_no_position(feed):
    source = feed.source(snapshot="incremental", lsn=None, txId=None)
    change = feed.change(feed.event("r", source=source))
    assert (change.snapshot, change.position, change.tx_id) == (True, None, None)


def test_a_streamed_change_without_a_position_is_bad(feed):
    assert feed.error(feed.event(source=feed.source(lsn=None))).error == "MissingPositionError"


def test_the_writer_is_the_replication_origin_or_the_gtid_domain(feed):
    tagged = feed.change(feed.event(source=feed.source(origin="mdmhub")))
    binlog = feed.change(feed.event(source=feed.binlog(gtid="4242-77-12")))
    snapshot = feed.change(
        feed.event("r", source=feed.binlog(server_id=0, gtid=None, snapshot="first"))
    )
    assert tagged.origin == "mdmhub"
    assert binlog.origin == "gtid_domain:4242"
    assert (snapshot.origin, snapshot.tx_id) == (None, None)


def test_events_of_one_postgresql_transaction_share_their_transaction(feed):
    ids = {
        feed.change(feed.event(transaction={"id": f"744:{lsn}", "total_order": 1})).tx_id
        for lsn in (100, 200)
    }
    assert ids == {"744"}


def test_binlog_files_order_by_number_and_not_as_text(feed):
    old = feed.change(feed.event(source=feed.binlog(file="mb.999999", pos=9)))
    new = feed.change(feed.event(source=feed.binlog(file="mb.1000000", pos=4, row=2)))
    assert old.position == Position(1, 999999, 9, 0, 1)
    assert old.position < new.position
    assert old.position.encode() < new.position.encode()


@pytest.mark.parametrize("on", [False, True])
def test_both_halves_of_a_changed_primary_key_name_each_other(feed, on):
    fields = [{"field": "id", "type": "int32", "optional": False}]
    new = wrapped({"id": 500}, fields) if on else {"id": 500}
    old = wrapped({"id": 1}, fields) if on else {"id": 1}
    gone = feed.change(feed.event("d"), headers=[("__debezium.newkey", new)])
    come = feed.change(
        feed.event("c", {"id": 500, "name": "Ada"}),
        key={"id": 500},
        headers=[("other", b"x"), ("__debezium.oldkey", old)],
    )
    assert (gone.key, gone.new_key, gone.old_key) == ((1,), (500,), None)
    assert (come.key, come.new_key, come.old_key) == ((500,), None, (1,))


def test_a_key_header_in_an_unreadable_form_does_not_spoil_the_change(feed):
    assert (
        feed.change(feed.event("d"), headers=[("__debezium.newkey", b"Struct{id=5}")]).new_key
        is None
    )


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        ("__debezium-heartbeat.erp", {"ts_ms": 1}, "heartbeat"),
        (
            "erp.transaction",
            {"status": "END", "id": "1:2", "event_count": 1, "ts_ms": 1},
            "transaction boundary",
        ),
        ("shop", {"source": {}, "ddl": "CREATE", "tableChanges": []}, "schema change"),
    ],
)
def test_the_connectors_other_topics_are_ignored_by_name(feed, topic, value, reason):
    decoded = feed.decode(feed.record(value), topic=topic)
    assert (decoded.changes, decoded.bad, decoded.ignored) == ([], [], {reason: 1})


def test_rows_of_the_signal_table_are_ignored(feed):
    event = feed.event("c", {"id": "s1"}, source=feed.source(table="debezium_signal"))
    decoded = feed.decode(feed.record(event), topic="erp.public.debezium_signal")
    assert decoded.ignored == {"signal": 1}


def test_the_source_names_the_table_and_not_the_topic(feed):
    orders = feed.contract(table="orders", topic="erp.public.orders")
    decoder = feed.decoder(feed.contract(), orders)
    event = feed.event(source=feed.source(table="orders"))
    (change,) = decoder.decode_chunk(feed.chunk(feed.record(event))).changes
    assert (change.table, change.topic) == ("orders", feed.topic)


@pytest.mark.parametrize("where", [{"table": "strange"}, {"schema": "other"}])
def test_a_table_without_contract_is_bad(feed, where):
    bad = feed.error(feed.event(source=feed.source(**where)))
    assert bad.error == "UnknownTableError"
    assert "table.include.list" in bad.message


BAD = {
    "invalid UTF-8": (b'{"op":"u","name":"\xff"}', "UndecodableRecordError"),
    "cut off": (b'{"op":"u"', "UndecodableRecordError"),
    "Avro": (b"\x00\x00\x00\x00\x07abc", "BinaryRecordError"),
    "flattened": (
        {"id": 1, "name": "Ada", "__op": "u", "__deleted": "false"},
        "FlattenedRecordError",
    ),
    "a row without marks": ({"id": 1, "name": "Ada"}, "NotAnEnvelopeError"),
    "a list": ([1], "NotAnEnvelopeError"),
    "a number": (5, "NotAnEnvelopeError"),
    "no source": ({"op": "u", "after": {}}, "NotAnEnvelopeError"),
    "a source of text": ({"op": "u", "after": {}, "source": "erp"}, "NotAnEnvelopeError"),
    "another connector": (
        {"op": "u", "after": {}, "source": {"connector": "oracle"}},
        "UnknownConnectorError",
    ),
}


@pytest.mark.parametrize(("value", "error"), BAD.values(), ids=BAD)
def test_what_is_no_change_event_is_set_aside_with_its_reason(feed, value, error):
    assert feed.error(value).error == error


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (None, "MissingKeyError"),
        (b"null", "MissingKeyError"),
        (b"\x00\x00\x00\x00\x07abc", "BinaryRecordError"),
        (b'{"id":1,"more":2}', "KeyShapeError"),
        (b'{"code":1}', "KeyShapeError"),
        (b'{"id":null}', "WrongValueError"),
        (b'{"id":"one"}', "WrongValueError"),
    ],
)
def test_a_key_that_does_not_fit_the_contract_is_bad(feed, key, error):
    record = FeedRecord(key, orjson.dumps(feed.event()), (), 0, 0)
    assert feed.error(record).error == error


def test_a_composite_key_follows_the_contract_whatever_the_order_in_json(feed):
    columns = {"id": ("integer", "integer"), "lang": ("text", "text")}
    contract = feed.contract(columns, key=("lang", "id"))
    event = feed.event("u", {"id": 1, "lang": "de"})
    assert feed.change(event, key={"id": 1, "lang": "de"}, contract=contract).key == ("de", 1)


def test_a_wrong_value_names_its_column_but_does_not_show_the_value(feed):
    bad = feed.error(feed.event("u", {"id": 1, "name": 4711}))
    assert bad.error == "WrongValueError"
    assert "public.customers.name (text)" in bad.message
    assert "4711" not in bad.message


def test_a_row_that_should_be_there_and_is_not_is_bad(feed):
    assert feed.error(feed.event("u") | {"after": None}).error == "MissingRowError"


def test_unknown_extra_fields_change_nothing(feed):
    event = feed.event("u", {"id": 1, "name": "Ada", "new": [1]}, source=feed.source(extra={}), x=1)
    assert feed.change(event).values == (1, "Ada")


def test_a_megabyte_of_row_is_just_a_row(feed):
    text = "ü" * 1_000_000
    assert feed.change(feed.event("u", {"id": 1, "name": text})).values[1] == text


@pytest.mark.parametrize(("kind", "value"), [("text", "a\x00b"), ("jsonb", r'{"a": "\\\u0000"}')])
def test_a_nul_character_is_refused_before_it_reaches_postgresql(feed, kind, value):
    contract = feed.contract({"id": ("integer", "integer"), "x": (kind, kind)})
    bad = feed.error(feed.event("u", {"id": 1, "x": value}), contract=contract)
    assert (bad.error, "NUL" in bad.message) == ("WrongValueError", True)


def test_a_document_that_only_speaks_of_nul_is_taken(feed):
    document = r'{"a": "\\u0000"}'
    assert feed.value(feed.column("x", "jsonb", "jsonb"), document) == document


def test_a_bad_record_takes_nothing_else_with_it(feed):
    decoded = feed.decode(
        feed.record(feed.event("c")), feed.record(b"{", offset=1), feed.record(feed.event("u"))
    )
    assert [change.op for change in decoded.changes] == [Op.CREATE, Op.UPDATE]
    assert [bad.record.offset for bad in decoded.bad] == [1]
    assert decoded.received == 3


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["r", "c", "u", "d", "t", "m", "x"]) | JSON,
        "after": st.fixed_dictionaries({}, optional={"id": JSON, "name": JSON}) | JSON,
        "before": JSON,
        "source": st.fixed_dictionaries(
            {"connector": st.sampled_from(["postgresql", "mariadb"]) | JSON},
            optional=dict.fromkeys(("lsn", "txId", "ts_us", "file", "pos", "snapshot"), JSON)
            | {name: st.just("customers") | JSON for name in ("table", "schema", "db")},
        )
        | JSON,
        "transaction": JSON,
        "schema": JSON,
        "payload": JSON,
    },
)
BYTES = st.binary(max_size=20) | (PARTS | JSON).map(orjson.dumps)


@given(st.lists(st.tuples(st.none() | BYTES, st.none() | BYTES, BYTES), min_size=1, max_size=5))
def test_no_record_whatsoever_makes_the_decoder_raise_or_lose_count(contents):
    columns = (
        ColumnContract(name="id", type="integer", source_type="integer"),
        ColumnContract(name="name", type="text", source_type="text"),
    )
    table = TableContract(
        system="erp",
        schema="customers",
        table="customers",
        topic="t",
        columns=columns,
        key=("id",),
    )
    records = [
        FeedRecord(key, value, (("__debezium.newkey", header),), 0, offset)
        for offset, (key, value, header) in enumerate(contents)
    ]
    decoded = Decoder({"t": table}, {}).decode_chunk(Chunk("t", 0, records))
    assert decoded.received == len(records)
